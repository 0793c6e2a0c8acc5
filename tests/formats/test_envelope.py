"""
A hash and its row in one text, and the hasher that verifies it.
"""

import contextlib

import argon2
import attrs
import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit.errors import UnusableHashError
from migratekit.formats import FormatList, envelope, presets, resolve
from migratekit.formats.hasher import LegacyHasher
from migratekit.formats.masking import mask
from migratekit.models import StoredHash
from migratekit.passwords import Argon2Hasher


CHEAP = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"  # of "password"

columns = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
rows = st.builds(
    StoredHash,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    salt=columns | st.binary(max_size=8),
    salt2=columns | st.binary(max_size=8),
    username=columns,
    format=columns,
)


@given(rows)
def test_round_trip(stored):
    """
    What is sealed comes out again.
    """
    text = envelope.seal(stored)

    assert stored == envelope.open(text)
    assert text.isascii()
    assert envelope.is_sealed(text)


def test_text():
    """
    The form is documented, and stays as it is.
    """
    stored = StoredHash(MD5, salt="a b", salt2=b"\0", username="Ada")

    assert (
        "$mk$v=1$f=vbulletin,s=YSBi,xb=AA,u=QWRh"
        "$NWY0ZGNjM2I1YWE3NjVkNjFkODMyN2RlYjg4MmNmOTk"
    ) == envelope.seal(stored, "vbulletin")
    assert "$mk$v=1$$NWY0" == envelope.seal(StoredHash("5f4"))
    assert "$mk$v=1$fb=bWQ1KCRwYXNzKQ,sb=$" == envelope.seal(
        StoredHash("", salt=b"", format="md5($pass)")
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        MD5,
        "$mk$",
        "$mk$v=2$$AAAA",
        "$mk$v=1$q=AA$AAAA",
        "$mk$v=1$s=AA,s=AA$AAAA",
        "$mk$v=1$u=QQ,s=QQ$AAAA",
        "$mk$v=1$$A",
        "$mk$v=1$$_w",
        "$mk$v=1$s=_w$AAAA",
        "$mk$v=1$u=A.A$AAAA",
        "$mk$v=1$u=QUJ.D$AAAA",
        "$mk$v=1$$AAAA\n",
    ],
)
def test_malformed(text):
    """
    What is no envelope of this version is refused, and not shown.
    """
    with pytest.raises(UnusableHashError) as caught:
        envelope.open(text)

    assert caught.value.__context__ is None
    assert "AAAA" not in str(caught.value)
    assert mask(text) == caught.value.masked
    assert "it is no envelope of version 1" == caught.value.detail


def test_wrapped():
    """
    A wrapped hash comes out again with the name of its format, and is not opened.
    """
    husk = StoredHash("ffff", salt="s", format="of the row")

    text = envelope.wrap(husk, "vbulletin", "$argon2id$")

    assert envelope.is_wrapped(text)
    assert (attrs.evolve(husk, format="vbulletin"), "$argon2id$") == (
        envelope.unwrap(text)
    )
    with pytest.raises(UnusableHashError, match="it is no envelope of version 1"):
        envelope.open(text)


@pytest.mark.parametrize("text", [MD5, "$mk$v=1$$AAAA", "$mk$v=2$w=AA$AAAA"])
def test_not_wrapped(text):
    """
    What is not wrapped, or no envelope, is not unwrapped, and not shown.
    """
    with pytest.raises(UnusableHashError) as caught:
        envelope.unwrap(text)

    assert mask(text) == caught.value.masked
    assert "it is no wrapped envelope of version 1" == caught.value.detail


@given(st.text(max_size=60).map(lambda text: "$mk$v=1$" + text))
def test_any_text(text):
    """
    Any text is an envelope or an `UnusableHashError`.
    """
    with contextlib.suppress(UnusableHashError):
        envelope.open(text)


@pytest.fixture(name="hasher")
def _hasher():
    formats = resolve(["vbulletin", "raw_md5", "bcrypt", "argon2"])
    return LegacyHasher(CHEAP, formats)


def test_new_hash(hasher):
    """
    New hashes are those of the inner hasher, verified by it, and current.
    """
    encoded = hasher.hash("password")

    assert encoded.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert hasher.verify("password", encoded) is True
    assert hasher.verify("Password", encoded) is False
    assert hasher.needs_rehash(encoded) is False


@pytest.mark.parametrize(
    "encoded",
    [
        MD5,
        envelope.seal(StoredHash(MD5), "raw_md5"),
        envelope.seal(
            StoredHash("aba22b2ceb7c841473c03962b145feb3", salt="sal"), "vbulletin"
        ),
        bcrypt.hashpw(b"password", bcrypt.gensalt(4)).decode(),
        argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(
            "password"
        ),
    ],
    ids=["md5", "sealed", "salted", "bcrypt", "argon2"],
)
def test_imported(hasher, encoded):
    """
    Imported hashes are verified by their formats, and need a rehash.
    """
    assert hasher.verify("password", encoded) is True
    assert hasher.verify("Password", encoded) is False
    assert hasher.needs_rehash(encoded) is True


def test_own_older_cost():
    """
    A hash of the inner hasher's own, of an older cost, is still its own.
    """
    older = Argon2Hasher(memory_cost=8, time_cost=2, parallelism=1).hash("e\u0301")
    formats = FormatList([presets.flask_security(password_salt="salt")])

    # Over the NFC form, as the inner hasher does it, and not as the format would.
    assert LegacyHasher(CHEAP, formats).verify("é", older) is True
    assert LegacyHasher(CHEAP, resolve("raw_md5")).verify("é", older) is True


def test_sealed_wins():
    """
    An envelope is left to the formats, whatever it holds.
    """
    current = CHEAP.hash("password")

    sealed = envelope.seal(StoredHash(current), "argon2")

    hasher = LegacyHasher(CHEAP, resolve(["argon2"]))
    assert hasher.verify("password", sealed) is True
    assert hasher.needs_rehash(sealed) is True


class Content:
    """
    An inner hasher that is content with everything.
    """

    def hash(self, password):
        return password

    def verify(self, password, encoded):
        return password == encoded

    def needs_rehash(self, encoded):
        return False


def test_sealed_is_never_current():
    """
    An envelope needs a rehash, whatever the inner hasher says of it.
    """
    hasher = LegacyHasher(Content(), resolve("raw_md5"))

    assert hasher.needs_rehash(envelope.seal(StoredHash(MD5), "raw_md5")) is True
    assert hasher.needs_rehash("anything") is False


@pytest.mark.parametrize(
    "encoded",
    ["$mk$v=1$$", "$mk$", "what", envelope.seal(StoredHash(MD5), "nobody")],
)
def test_unusable(hasher, encoded):
    """
    What nobody can verify is refused; an empty hash in an envelope is a mark.
    """
    if encoded == "$mk$v=1$$":
        assert hasher.verify("password", encoded) is False
        return
    with pytest.raises(UnusableHashError):
        hasher.verify("password", encoded)


class Own:
    """
    A format of an application's own, that takes no notice of names.
    """

    name = "own"

    def identify(self, stored):
        return True

    def verify(self, password, stored):
        return True


@pytest.mark.parametrize("format_", [resolve("raw_md5"), resolve(["raw_md5"]), Own()])
def test_other_name(format_):
    """
    An envelope is verified by the format that it names, and by no other.
    """
    hasher = LegacyHasher(CHEAP, format_)

    for stored in (StoredHash(MD5), StoredHash(MD5, format="nthash")):
        with pytest.raises(UnusableHashError):
            hasher.verify("password", envelope.seal(stored, "nthash"))
    for sealed in (
        hasher.admit(StoredHash(MD5)),
        envelope.seal(StoredHash(MD5), "own" if format_.name == "own" else "raw_md5"),
        envelope.seal(StoredHash(MD5)),
    ):
        assert hasher.verify("password", sealed) is True


def test_former_name():
    """
    Envelopes of an older name go on verifying, wrapped ones too, and are sealed anew.
    """
    before = LegacyHasher(CHEAP, presets.raw_md5())
    after = LegacyHasher(CHEAP, presets.raw_md5(name="shop", formerly=["raw_md5"]))
    sealed = before.admit(StoredHash(MD5))

    assert after.verify("password", sealed) is True
    assert after.verify("password", before.wrapping(StoredHash(MD5))()) is True
    assert envelope.seal(StoredHash(MD5), "shop") == after.admit(StoredHash(sealed))
    assert after.verify("password", after.wrapping(StoredHash(sealed))()) is True
