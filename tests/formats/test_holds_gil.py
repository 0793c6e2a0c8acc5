"""
Which hashes are computed by a loop in Python, with the interpreter's lock.
"""

import pytest

from migratekit.formats import Format, FormatList, PHPass, resolve
from migratekit.formats.hasher import LegacyHasher
from migratekit.hashing import GILHoldingHasher
from migratekit.models import StoredHash
from migratekit.testing import CHEAPEST


PHPASS = "$P$B12345678" + "." * 22
MD5_CRYPT = "$1$saltsalt$" + "." * 22
BCRYPT = "$2b$12$" + "." * 53


@pytest.mark.parametrize(
    ("preset", "stored", "expected"),
    [
        ("wordpress", StoredHash(PHPASS), True),
        ("md5_crypt", StoredHash(MD5_CRYPT), True),
        ("sha512_crypt", StoredHash("$6$salt$" + "." * 86), True),
        ("bcrypt", StoredHash(BCRYPT), False),
        ("django", StoredHash("md5$salt$" + "0" * 32), False),
        ("mysql_caching_sha2", StoredHash("." * 43, salt="s" * 20), True),
        ("mysql_caching_sha2", StoredHash("no hash of it"), False),
    ],
)
def test_formats(preset, stored, expected):
    """
    A format knows which of its hashes are computed by a loop in Python.
    """
    format_ = resolve(preset)

    assert expected == format_.holds_gil(stored)
    assert expected == FormatList([format_]).holds_gil(stored)


class OfSite:
    """
    A format of the application's own.
    """

    name = "site"

    def identify(self, stored, /):
        return stored.text.startswith("site:")

    def verify(self, password, stored, /):
        return False


def test_hasher():
    """
    A hasher for imported hashes asks the format that will verify, also within an
    envelope.
    """
    phpass = Format("phpass", PHPass())
    formats = FormatList([phpass, resolve("bcrypt"), OfSite()])
    hasher = LegacyHasher(CHEAPEST, formats)
    sealed = hasher.admit(StoredHash(PHPASS))
    wrapped = hasher.wrapping(StoredHash(PHPASS))()

    assert isinstance(hasher, GILHoldingHasher)
    assert [True, True, True] == [*map(hasher.holds_gil, (PHPASS, sealed, wrapped))]
    others = (
        BCRYPT,
        CHEAPEST.hash("pw"),
        "site:1",
        "nothing",
        "$mk$v=9$",
        "$mk$v=1$,w=",
    )
    assert {False} == set(map(hasher.holds_gil, others))


def test_hasher_in_hasher():
    """
    What the inner hasher would verify, it is asked about.
    """
    inner = LegacyHasher(CHEAPEST, Format("phpass", PHPass()))
    hasher = LegacyHasher(inner, resolve("bcrypt"))

    assert hasher.holds_gil(PHPASS)
    assert not hasher.holds_gil(BCRYPT)
