"""
What real systems stored, verified.
"""

import os
import subprocess
import sys
import time
import types
from pathlib import Path

import attrs
import pytest
from tally import PROPERTY, Tally
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
def test_vector(vector, record_property):
    """
    A stored hash of a real system gives what its source says.
    """
    # First, so that a vector whose preset cannot be made counts as failed.
    record_property(PROPERTY, vector.format)

    assert answer(vector) in allowed(vector)


FIRSTS = {
    vector.format: vector for vector in reversed(PUBLIC) if vector.expect == "match"
}
# What is behind the colon is the salt.
SALT_LAST = {"joomla_md5", "magento1_md5", "oscommerce_md5"}
# These are read as they are.
UNPADDED = {*SALT_LAST, "mysql_caching_sha2", "passlib_bcrypt_sha256"}
# A text that is shorter or longer by one is well-formed, and a hash of something else.
ANY_LENGTH = {*SALT_LAST, "argon2", "flask_security", "mysql41", "spring_delegating"}
# The last character, such as a "=" or a "}", may be missing.
LAST_IS_OPTIONAL = {
    *("cta_pbkdf2_sha1", "fshp", "generic_scrypt", "keycloak", "mongodb_scram"),
    *("peoplesoft", "phc_envelope", "postgres_scram", "shiro"),
}


@pytest.mark.parametrize("name", sorted(FIRSTS))
def test_ends(name):
    """
    Blanks that a column of a fixed width appends are nothing, other characters never.
    """
    vector = FIRSTS[name]
    text = vector.stored.text

    def answered(changed):
        return answer(
            attrs.evolve(vector, stored=attrs.evolve(vector.stored, text=changed))
        )

    assert (name not in UNPADDED) is (answered(f"{text}  ") is True)
    assert answered(f" {text}") is None
    others = {answered(f"{text}\t"), answered(f"{text}X")}
    assert others <= ({None, False} if name in ANY_LENGTH else {None})
    if name not in ANY_LENGTH | LAST_IS_OPTIONAL:
        assert answered(text[:-1]) is None


def test_formats():
    """
    All 103 formats of the survey have vectors, and are in the documentation.
    """
    every = {vector.format for vector in PUBLIC}

    assert 103 == len(every)
    assert every <= {entry.vectors for entry in CATALOGUE}


SOME = """
import pytest
from tally import PROPERTY

@pytest.mark.parametrize("name", ["a", "b", "b", "c"])
def test(name, record_property):
    record_property(PROPERTY, name)
    assert name != "c"
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_tally(workers, tmp_path):
    """
    The tally is printed, also where the vectors are spread over several workers.
    """
    pytest.importorskip("xdist")
    file = tmp_path / "test_some.py"
    file.write_text(SOME)
    tests = Path(__file__).parents[1]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tally", f"--numprocesses={workers}"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tests)},
        text=True,
    )

    assert "4 vectors of 3 formats, 1 failed: c" in done.stdout


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_tally_of_failures(outcome):
    """
    What did not pass is told by the name of its format.
    """
    tally, lines = Tally(), []
    for name, result in (("a", "passed"), ("b", outcome), ("b", "passed")):
        for when in ("setup", "call", "teardown"):
            tally.pytest_runtest_logreport(report(when, result, [(PROPERTY, name)]))
    tally.pytest_runtest_logreport(report("call", "failed", []))

    tally.pytest_terminal_summary(types.SimpleNamespace(write_line=lines.append))

    assert ["3 vectors of 2 formats, 1 failed: b"] == lines


def report(when, outcome, properties):
    """
    Return what pytest reports of a phase of a test.
    """
    return pytest.TestReport(
        "a", ("a", 1, "a"), {}, outcome, None, when, user_properties=properties
    )


def test_vector_without_preset():
    """
    A vector whose preset cannot be made is counted, as failed.
    """
    recorded = []
    vector = attrs.evolve(PUBLIC[0], format="nobody")

    with pytest.raises(AttributeError):
        test_vector(vector, lambda *pair: recorded.append(pair))

    assert [(PROPERTY, "nobody")] == recorded


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
sys.path[:0] = sys.argv[1:]
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
        [sys.executable, "-c", MEMORY, *map(str, Path(__file__).parents[:2])],
        capture_output=True,
        check=True,
        text=True,
    )

    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 64 * 1024 * 1024
