"""
What real systems stored, verified.
"""

import collections
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vectors import load

from migratekit.errors import UnusableHashError
from migratekit.formats import inspect
from migratekit.formats.presets.catalogue import CATALOGUE


PUBLIC = load("public.jsonl")
LIMITS = load("limits.jsonl")

# Not well-formed, though the files call them so: they are refused, not answered.
REFUSED = {
    "aspnet_identity-b16d77baa4",  # a key of 25 bytes
    "authlogic-cd739a028e",  # 12345
    "django-9211d06f98",  # sha1$c2e86$0f75
    "django-f4c1b27578",  # sha1$aa$bb
    "magento2-896fe7827e",  # hash:salt:1
    "mssql2005-dfde178dbe",  # 0X
    "mysql323-23fdc1a928",  # a z among the digits
    "oracle10-b7f2c12165",  # a Z among the digits
    "phc_envelope-0becf2427f",  # nothing behind the last $
    "phc_envelope-3e67aed74b",
    "phc_envelope-4668352236",
    "phc_envelope-633057eab5",
    "phc_envelope-d05a928792",
    "sha1_crypt-3ea8f79555",  # a $ behind the digest
    "sha256_crypt-68c8bdf946",  # rounds with a leading zero
    "sha512_crypt-b9b1601dad",
    "sun_md5_crypt-a779fae2be",  # rounds=500A
}

_tally = collections.Counter()


def answer(vector):
    """
    Return True, False, or None for a hash that is refused.
    """
    try:
        return vector.legacy_format.verify(vector.password, vector.stored)
    except UnusableHashError:
        return None


def allowed(vector):
    """
    Return the answers that a vector permits.
    """
    if vector.expect == "match":
        return (True,)
    cut = vector.expect == "malformed" or vector.note.startswith("malformed")
    return (False, None) if cut or vector.id in REFUSED else (False,)


@pytest.mark.parametrize("vector", PUBLIC, ids=lambda vector: vector.id)
def test_vector(vector):
    """
    A stored hash of a real system gives what its source says.
    """
    found = answer(vector)

    _tally[vector.format, found in allowed(vector)] += 1
    assert found in allowed(vector)


def test_tally(capsys, request):
    """
    All 103 formats of the survey are supported, and the tally says so.
    """
    failed = {name for (name, good), _ in _tally.items() if not good}
    seen = {name for name, _ in _tally}

    with capsys.disabled():
        if seen:
            count = sum(_tally.values())
            print(f" {count} vectors of {len(seen)} formats, failed: {sorted(failed)} ")

    every = {vector.format for vector in PUBLIC}
    assert 103 == len(every)
    assert set() == failed
    assert every <= {entry.vectors for entry in CATALOGUE}


def test_files():
    """
    The files are whole, and every line says where it comes from.
    """
    lines = (Path(__file__).parent.parent / "vectors" / "public.jsonl").read_text(
        encoding="utf-8"
    )

    assert 1335 == len(PUBLIC) == lines.count('"source"')
    assert 31 == len(LIMITS)
    assert {vector.id for vector in PUBLIC} >= REFUSED


@pytest.mark.parametrize("vector", LIMITS, ids=lambda vector: vector.id)
def test_limit(vector):
    """
    A hostile cost or password is refused in no time.
    """
    legacy_format = vector.legacy_format
    start = time.perf_counter()

    found = answer(vector)

    assert found in {False, None}
    assert time.perf_counter() - start < 0.1
    assert legacy_format.identify(vector.stored) in {True, False}


@pytest.mark.parametrize(
    "vector",
    [vector for vector in LIMITS if len(vector.password) < 4096],
    ids=lambda vector: vector.id,
)
def test_limit_at_import(vector):
    """
    A hostile cost is refused without a password too.
    """
    with pytest.raises(UnusableHashError):
        inspect(vector.legacy_format, vector.stored)


MEMORY = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import test_vectors
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for vector in test_vectors.LIMITS:
    assert test_vectors.answer(vector) is not True
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource")
def test_limit_of_memory():
    """
    Hostile hashes have less than 64 MiB allocated.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(Path(__file__).parent)],
        capture_output=True,
        check=True,
        text=True,
    )

    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 64 * 1024 * 1024
