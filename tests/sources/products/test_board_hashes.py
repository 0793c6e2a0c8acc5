"""
The formats of boards that name the algorithm beside the hash.
"""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from product_case import php, serialized, vbulletin_3, vbulletin_5, xenforo_12

from migratekit.errors import UnusableHashError
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import StoredHash
from migratekit.passwords import Argon2Hasher
from migratekit.sources.products import VBulletin5Hashes, XenForoHashes
from migratekit.sources.products._php_array import php_array


CHEAP = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
SCHEME, DATA = xenforo_12("correct horse")
BLOCKS = "blowfish:4"


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        ({}, b"a:0:{}"),
        ({"a": "b"}, b'a:1:{s:1:"a";s:1:"b";}'),
        ({"a": 'x";s:1:"y'}, b'a:1:{s:1:"a";s:9:"x";s:1:"y";}'),
        ({"a": "\N{EURO SIGN}"}, 'a:1:{s:1:"a";s:3:"€";}'.encode()),
        ({"a": -1, "b": 1, "c": None}, b'a:3:{s:1:"a";i:-1;s:1:"b";b:1;s:1:"c";N;}'),
        ({"0": 0}, b"a:1:{i:0;i:0;}"),
    ],
)
def test_array(expected, data):
    """
    A flat array of texts and numbers is read.
    """
    assert expected == php_array(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"N;",
        b'O:8:"stdClass":0:{}',
        b'C:1:"X":0:{}',
        b'a:1:{s:1:"a";O:8:"stdClass":0:{}}',
        b'a:1:{s:1:"a";a:0:{}}',
        b'a:1:{s:1:"a";R:1;}',
        b'a:1:{s:1:"a";d:0.5;}',
        b'a:1:{s:1:"a";s:2:"b";}',
        b'a:1:{s:1:"a";s:1:"bXX}',
        b'a:1:{s:1:"a";s:9999:"b";}',
        b'a:1:{s:1:"a";s:1:"\xff";}',
        b'a:2:{s:1:"a";s:1:"b";}',
        b'a:2:{s:1:"a";s:1:"b";s:1:"a";s:1:"c";}',
        b'a:1:{s:1:"a";s:1:"b";}x',
        b"a:99999:{}",
        b'a:1:{s:1:"a";s:9000:"' + b"x" * 9000 + b'";}',
    ],
)
def test_no_array(data):
    """
    Objects, references, nested arrays and whatever is malformed are refused.
    """
    with pytest.raises(ValueError):
        php_array(data)


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=8))
def test_round_trip(fields):
    """
    What PHP would have written is read back, quotes and braces included.
    """
    assert fields == php_array(serialized(**fields).encode())


@given(st.binary(max_size=60))
def test_any_bytes(data):
    """
    Whatever is stored gives a dict or a ValueError.
    """
    with contextlib.suppress(ValueError):
        assert isinstance(php_array(b"a:1:{" + data), dict)


@pytest.mark.parametrize(
    "stored",
    [
        StoredHash(DATA),
        StoredHash(DATA, salt2="XF:Unheard"),
        StoredHash(DATA, salt2=b"\xff"),
        StoredHash("", salt2=SCHEME),
        StoredHash("a:0:{}", salt2=SCHEME),
        StoredHash("{", salt2=SCHEME),
        StoredHash("{}", salt2=SCHEME),
        StoredHash("[" * 5000, salt2=SCHEME),
        StoredHash("{" + "[" * 4000, salt2=SCHEME),
        StoredHash('{"hash": ["x"]}', salt2=SCHEME),
        StoredHash(serialized(hash=""), salt2=SCHEME),
        StoredHash(serialized(hash="y z"), salt2="XF:Core"),
        StoredHash("\N{EURO SIGN}" * 4000, salt2=SCHEME),
    ],
)
def test_unusable(stored):
    """
    What cannot be verified says so, and shows nothing of it.
    """
    assert not XenForoHashes().identify(stored)
    with pytest.raises(UnusableHashError) as caught:
        XenForoHashes().verify("correct horse", stored)
    assert php("x")[:4] not in str(caught.value)


@pytest.mark.parametrize("scheme", [SCHEME, SCHEME.encode(), f"Xenforo_X_{SCHEME}"])
def test_scheme(scheme):
    """
    The name of a scheme may be bytes, and have anything before it.
    """
    stored = StoredHash(DATA, salt2=scheme)

    assert XenForoHashes().identify(stored)
    assert XenForoHashes().verify("correct horse", stored)
    assert not XenForoHashes().verify("wrong", stored)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("$H$B12345678" + "." * 22, True), ("$2y$10$" + "." * 53, False)],
)
def test_holds_gil(text, expected):
    """
    Of XenForo's hashes, phpass is computed by a loop in Python, and bcrypt is not.
    """
    stored = StoredHash(serialized(hash=text), salt2=SCHEME)

    assert expected == XenForoHashes().holds_gil(stored)


def test_no_password():
    """
    Nobody has the password of somebody who has none.
    """
    stored = StoredHash("", salt2="XF:NoPassword")

    assert not XenForoHashes().identify(stored)
    assert not XenForoHashes().holds_gil(stored)
    assert not XenForoHashes().verify("", stored)


def _vbulletin(scheme, stored):
    if scheme != "legacy":
        return StoredHash(stored, salt2=scheme)
    return StoredHash(" ".join(stored), salt2=scheme)


@pytest.mark.parametrize(
    ("hashes", "stored"),
    [
        (XenForoHashes(), StoredHash(DATA, salt2=SCHEME.encode())),
        (VBulletin5Hashes(), _vbulletin(BLOCKS, vbulletin_5("correct horse")[0])),
        (VBulletin5Hashes(), _vbulletin("legacy", vbulletin_3("correct horse"))),
    ],
)
def test_import(hashes, stored):
    """
    They can be imported, too.
    """
    hasher = LegacyHasher(CHEAP, hashes)

    encoded = hasher.admit(stored)

    assert hasher.verify("correct horse", encoded)
    assert not hasher.verify("wrong", encoded)
    assert hasher.needs_rehash(encoded)


def test_legacy_is_not_guessed():
    """
    A hash of one scheme is not tried as another.
    """
    old = _vbulletin("legacy", vbulletin_3("correct horse"))
    new = _vbulletin(BLOCKS, vbulletin_5("correct horse")[0])

    for stored in (
        StoredHash(old.text, salt2=BLOCKS),
        StoredHash(new.text, salt2="legacy"),
    ):
        assert not VBulletin5Hashes().identify(stored)
        with pytest.raises(UnusableHashError):
            VBulletin5Hashes().verify("correct horse", stored)
