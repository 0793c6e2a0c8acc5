"""
What an import puts into the store, and that it is verified there.
"""

import argon2
import pytest
from vectors import load

from migratekit import Connection
from migratekit.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    UnusableHashError,
)
from migratekit.formats import FormatList, envelope, presets, resolve
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import NewUser, Origin, StoredHash, User
from migratekit.passwords import Argon2Hasher, format_of
from migratekit.protocols import ImportingHasher, WrappingHasher
from migratekit.sources import NoopSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import VirtualClock


CHEAP = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"  # of "password"
ENCODED = argon2.PasswordHasher(1, 8, 1).hash("password", salt=b"0123456789abcdef")
HEAD, SALT, DIGEST = ENCODED.rsplit("$", 2)
PUBLIC = load("public.jsonl")


def refused(hasher, stored):
    """
    Return why *stored* is refused.
    """
    with pytest.raises(UnusableHashError) as caught:
        hasher.admit(stored)
    assert caught.value.__context__ is None
    return caught.value.detail


def test_protocols():
    """
    Both hashers can import, and the one of legacy hashes can wrap.
    """
    legacy = LegacyHasher(CHEAP, presets.bcrypt())

    assert isinstance(CHEAP, ImportingHasher)
    assert isinstance(legacy, ImportingHasher)
    assert isinstance(legacy, WrappingHasher)
    assert not isinstance(CHEAP, WrappingHasher)


@pytest.mark.parametrize("spec", ["wordpress", ["bcrypt", "wordpress"]])
def test_format_by_name(spec):
    """
    A format may be said as it is said to a source.
    """
    assert LegacyHasher(CHEAP, resolve(spec)) == LegacyHasher(CHEAP, spec)
    assert LegacyHasher(CHEAP, spec).verify("password", MD5)


@pytest.mark.parametrize("spec", ["wordpres", None, presets.bcrypt])
def test_no_format(spec):
    """
    What is no format is told when the hasher is made, and not at somebody's login.
    """
    with pytest.raises(ConfigurationError):
        LegacyHasher(CHEAP, spec)


# --- The hasher of the new store --------------------------------------------------------


@pytest.mark.parametrize(
    "encoded",
    [
        ENCODED,
        ENCODED.replace("argon2id", "argon2i"),
        ENCODED.replace("$v=19", ""),
        ENCODED.replace("m=8", "m=1048576"),
        ENCODED.replace("m=8,t=1,p=1", "m=65536,t=3,p=4"),
        ENCODED.replace("m=8,t=1,p=1", "m=128,t=1,p=16"),
        argon2.PasswordHasher(1, 8, 1).hash("", salt=b"0123456789abcdef"),
    ],
)
@pytest.mark.parametrize("name", [None, "argon2", "argon2id"])
def test_argon2(encoded, name):
    """
    An argon2 hash stays as it is, at whatever cost is not over a ceiling.
    """
    assert encoded == CHEAP.admit(StoredHash(encoded, format=name, username="ada"))


@pytest.mark.parametrize(
    ("stored", "detail"),
    [
        (StoredHash(""), "it is no argon2 hash"),
        (StoredHash(MD5), "it is no argon2 hash"),
        (StoredHash("!" + ENCODED), "it is no argon2 hash"),
        (StoredHash(ENCODED, salt="salt"), "it has a salt beside it"),
        (StoredHash(ENCODED, salt2=b"salt"), "it has a salt beside it"),
        (StoredHash(ENCODED, format="md5"), "it is of another format"),
        (StoredHash(ENCODED.replace("m=8", "m=1048577")), "it costs too much memory"),
        (StoredHash(ENCODED.replace("p=1", "p=17")), "it has too many lanes"),
        (StoredHash(f"{HEAD}${SALT}${DIGEST[:20]}"), "it is cut"),
        # What argon2 itself would only find when it computes.
        (StoredHash(ENCODED.replace("p=1", "p=2")), "it is malformed"),
        (StoredHash(ENCODED.replace("t=1", "t=0")), "it is malformed"),
        (StoredHash(ENCODED.replace("t=1", "t=01")), "it is malformed"),
        (StoredHash(f"{HEAD}$c2Fs${DIGEST}"), "it is malformed"),
        (StoredHash(f"{HEAD}${SALT}=${DIGEST}"), "it is malformed"),
        (StoredHash(f"{HEAD}${SALT}${DIGEST[:-1]}!"), "it is malformed"),
        (StoredHash(f"{HEAD}${SALT}${DIGEST} "), "it is malformed"),
    ],
)
def test_not_argon2(stored, detail):
    """
    Anything else is refused, as `verify()` would refuse it.
    """
    assert detail == refused(CHEAP, stored)

    if stored == StoredHash(stored.text):
        with pytest.raises(UnusableHashError):
            CHEAP.verify("password", stored.text)


# --- The hasher of legacy hashes --------------------------------------------------------


@pytest.mark.parametrize(
    "vector",
    [vector for vector in PUBLIC if vector.expect == "match"][::9],
    ids=lambda vector: vector.id,
)
def test_vector(vector):
    """
    What is admitted is verified in the store, with its salt, user name and format.
    """
    others = FormatList([vector.legacy_format, presets.yescrypt(name="no")])
    hasher = LegacyHasher(CHEAP, others)

    text = hasher.admit(vector.stored)

    assert hasher.verify(vector.password, text) is True
    assert text.startswith("$mk$v=1$f")
    kind = format_of(text).removeprefix(vector.legacy_format.name)
    assert kind in {"", "(argon2)", "(bcrypt)", "(scrypt)", "(pbkdf2)"}
    assert hasher.needs_rehash(text) is True


@pytest.mark.parametrize(
    "stored",
    [
        StoredHash("!"),
        StoredHash("*"),
        StoredHash("x"),
        StoredHash(""),
        StoredHash("!" + MD5),
        StoredHash(MD5[:-1]),
        StoredHash(MD5, format="bcrypt"),
        StoredHash("$2b$31$abcdefghijklmnopqrstuuBfdJs3QAVz2WIqGDzDT6zDsZy4XgAxa"),
        StoredHash(ENCODED, salt="salt"),
        StoredHash("$mk$v=2$$AAAA"),
        StoredHash(envelope.seal(StoredHash("!"), "raw_md5")),
        StoredHash(envelope.seal(StoredHash(MD5), "nobody")),
        StoredHash(envelope.seal(StoredHash(MD5), "raw_md5"), salt="salt"),
        StoredHash(envelope.seal(StoredHash(MD5), "raw_md5"), username="ada"),
        StoredHash(envelope.wrap(StoredHash("f" * 32), "raw_md5", ENCODED), salt=""),
    ],
)
def test_refused(stored):
    """
    What could never be verified is refused: a mark, a cut hash, an absurd cost.
    """
    for formats in (resolve(["raw_md5", "bcrypt"]), presets.raw_md5()):
        refused(LegacyHasher(CHEAP, formats), stored)


@pytest.mark.parametrize("column", ["salt", "salt2", "username"])
def test_lone_surrogate(column):
    """
    A column that no envelope can hold is refused, though no format reads it.
    """
    hasher = LegacyHasher(CHEAP, presets.phpass())
    stored = StoredHash("$P$5saltsalt" + "." * 22, **{column: "\ud800"})

    assert "it, its salt or user name is no text" == refused(hasher, stored)
    with pytest.raises(UnusableHashError):
        hasher.wrapping(stored)


def test_reason():
    """
    It is the declared format that says why.
    """
    cut, absurd = StoredHash(MD5[:-2]), StoredHash(f"$2b$31${'a' * 53}")

    assert "its digest is cut, or of another format" == refused(
        LegacyHasher(CHEAP, presets.raw_md5()), cut
    )
    assert "its cost is over the ceiling" == refused(
        LegacyHasher(CHEAP, resolve(["raw_md5", "bcrypt"])), absurd
    )
    assert "it is of another format" == refused(
        LegacyHasher(CHEAP, presets.raw_md5()), StoredHash(MD5, format="nthash")
    )


@pytest.mark.parametrize(
    ("stored", "over_ceiling"),
    [
        (StoredHash(ENCODED.replace("m=8", "m=1048577")), True),
        (StoredHash(ENCODED.replace("p=1", "p=17")), True),
        (StoredHash(ENCODED, salt="salt"), False),
        (StoredHash(f"$2b$31${'a' * 53}"), True),
        (StoredHash("$2b$31$cut"), False),
    ],
)
def test_over_ceiling(stored, over_ceiling):
    """
    It is told whether the cost is all that stands against a hash.
    """
    argon2 = stored.text.startswith("$argon2")
    hasher = CHEAP if argon2 else LegacyHasher(CHEAP, presets.bcrypt())

    with pytest.raises(UnusableHashError) as caught:
        hasher.admit(stored)

    assert over_ceiling == caught.value.over_ceiling


def test_own_hash():
    """
    What no declared format identifies and the inner hasher admits stays as it is.
    """
    hasher = LegacyHasher(CHEAP, presets.raw_md5())

    assert ENCODED == hasher.admit(StoredHash(ENCODED))
    assert hasher.verify("password", ENCODED) is True


def test_declared_argon2():
    """
    A text that a declared format identifies is sealed, though it looks like a current
    hash: the declaration says how it was made.
    """
    hasher = LegacyHasher(CHEAP, presets.vbulletin5())
    stored = StoredHash(CHEAP.hash(MD5))

    text = hasher.admit(stored)

    assert envelope.is_sealed(text)
    assert hasher.verify("password", text) is True
    assert hasher.verify("password", stored.text) is False


def test_inner_hasher_that_cannot_import():
    """
    An inner hasher that cannot say what it admits admits nothing.
    """

    class Plain:
        def hash(self, password):
            return password

        def verify(self, password, encoded):
            return True

        def needs_rehash(self, encoded):
            return False

    hasher = LegacyHasher(Plain(), presets.raw_md5())

    refused(hasher, StoredHash(ENCODED))
    assert envelope.is_sealed(hasher.admit(StoredHash(MD5)))


def test_sealed():
    """
    An envelope is admitted again, under the name of the format that identifies it.
    """
    hasher = LegacyHasher(CHEAP, resolve(["vbulletin", "raw_md5"]))
    sealed = envelope.seal(StoredHash(MD5, salt="abc"), "vbulletin")

    assert sealed == hasher.admit(StoredHash(sealed))
    assert envelope.seal(StoredHash(MD5), "raw_md5") == hasher.admit(
        StoredHash(envelope.seal(StoredHash(MD5)))
    )
    assert envelope.is_wrapped(hasher.wrapping(StoredHash(sealed))())


def test_list_in_a_list():
    """
    A list within a list stands for its formats, so that their names are found again.
    """
    inner = resolve(["vbulletin", "raw_md5"])
    formats = FormatList([presets.bcrypt(), inner])
    hasher = LegacyHasher(CHEAP, formats)

    for text in (
        hasher.admit(StoredHash(MD5)),
        hasher.wrapping(StoredHash(MD5))(),
        hasher.admit(StoredHash(MD5, format="raw_md5")),
    ):
        assert hasher.verify("password", text) is True
    assert ("bcrypt", "vbulletin", "raw_md5") == tuple(f.name for f in formats.formats)
    with pytest.raises(ConfigurationError):
        FormatList([presets.raw_md5(), inner])


def test_forms():
    """
    A password has at most 16 forms, each of which may cost a whole hash.
    """
    transforms = ("trim", "slashes", "nfc", "nfd", "html", "slashes+trim", "trim+nfc")

    presets.raw_md5(encodings=("utf-8", "cp1252"), transforms=transforms)
    with pytest.raises(ConfigurationError):
        presets.raw_md5(
            encodings=("utf-8", "cp1252"), transforms=(*transforms, "trim+nfd")
        )


# --- The first login --------------------------------------------------------------------


def connection_with(hasher, text):
    store = MemoryStore()
    user = User(
        id="1", origin=Origin.IMPORT, email="ada@example.com", legacy_id="shop|1"
    )
    store.create(NewUser(user, text))
    connection = Connection(
        store,
        NoopSource(),
        source_name="shop",
        hasher=hasher,
        listeners=(),
        clock=VirtualClock(),
    )
    return connection, store


@pytest.mark.parametrize("wrap", [False, True])
def test_first_login(wrap):
    """
    The first login puts a plain argon2 hash in the place of a sealed or wrapped one.
    """
    hasher = LegacyHasher(CHEAP, presets.wordpress())
    stored = StoredHash(MD5)
    text = hasher.wrapping(stored)() if wrap else hasher.admit(stored)
    connection, store = connection_with(hasher, text)

    for wrong in (MD5, "wrong"):
        with pytest.raises(InvalidCredentialsError):
            connection.authenticate("ada@example.com", wrong)
    assert text == store.get("1").password_hash
    assert not connection.authenticate("ada@example.com", "password").migrated

    encoded = store.get("1").password_hash
    assert encoded.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert CHEAP.verify("password", encoded) is True
    assert hasher.needs_rehash(encoded) is False
    assert not connection.authenticate("ada@example.com", "password").migrated
    assert encoded == store.get("1").password_hash


def test_hostile_login():
    """
    A hostile envelope in the store refuses its user, and breaks nothing.
    """
    hasher = LegacyHasher(CHEAP, presets.raw_md5())
    inner = ENCODED.replace("m=8", "m=1048577")
    text = envelope.wrap(StoredHash("f" * 32), "raw_md5", inner)
    connection, store = connection_with(hasher, text)

    with pytest.raises(InvalidCredentialsError) as caught:
        connection.authenticate("ada@example.com", "password")

    assert "unusable_hash" == caught.value.reason
    assert text == store.get("1").password_hash


@pytest.mark.parametrize(
    "text",
    [
        "what",
        ENCODED.replace("m=8", "m=1048577"),
        "$mk$v=1$$A",
        envelope.seal(StoredHash(MD5), "nobody"),
        envelope.wrap(StoredHash("f" * 32), "raw_md5", ENCODED[:-1]),
    ],
)
def test_frames(text):
    """
    A refusal leaves neither password nor hash in the frames of its traceback.
    """
    hasher = LegacyHasher(CHEAP, resolve(["raw_md5", "bcrypt"]))
    for ask in (
        lambda: hasher.verify("canary", text),
        lambda: hasher.admit(StoredHash(text)),
        lambda: hasher.wrapping(StoredHash(text)),
        lambda: CHEAP.verify("canary", text),
        lambda: CHEAP.admit(StoredHash(text)),
    ):
        try:
            ask()
        except UnusableHashError as error:
            frames = error.__traceback__.tb_next.tb_next
        while frames is not None:
            shown = {k: repr(v) for k, v in frames.tb_frame.f_locals.items()}
            assert not [k for k, v in shown.items() if "canary" in v or text in v]
            frames = frames.tb_next


BCRYPT = "$2b$04$" + "." * 53


@pytest.mark.parametrize("beside", ["salt", "salt2", "username"])
def test_no_utf8(beside):
    """
    What cannot be stored, because a lone surrogate has no UTF-8, is refused like all
    else that cannot be verified.
    """
    hasher = LegacyHasher(CHEAP, presets.bcrypt())
    stored = StoredHash(BCRYPT, **{beside: "s\udfff"})

    with pytest.raises(UnusableHashError) as caught:
        hasher.admit(stored)

    assert caught.value.__context__ is None
