"""
Hashes as Auth0's user imports describe them, verified.
"""

import base64
import hashlib
import hmac
import json

import argon2
import attrs
import bcrypt
import pytest
from reading import read_all, told

from migratekit import formats
from migratekit.errors import UnusableHashError
from migratekit.formats.hasher import LegacyHasher
from migratekit.imports import auth0_format
from migratekit.models import StoredHash
from migratekit.testing import CHEAPEST


PASSWORD = "Pässwörd"
SALT = b"\x00\xffsalt"
HASHER = LegacyHasher(CHEAPEST, auth0_format())


def md4(data):
    return formats.Recipe("md4($pass)").digest_of({"pass": data})


def digest_of(name, data):
    return md4(data) if name == "md4" else hashlib.new(name, data).digest()


def described(algorithm, value, **more):
    """
    Return a custom_password_hash; *more* has dotted paths with double underscores.
    """
    custom = {"algorithm": algorithm, "hash": {"value": value}}
    for path, item in more.items():
        *above, name = path.split("__")
        place = custom
        for step in above:
            place = place.setdefault(step, {})
        place[name] = item
    return custom


def read(custom):
    return read_all("jsonl", [{"user_id": "1", "custom_password_hash": custom}])[0]


def verifies(custom, password=PASSWORD):
    """
    Read it, store it as an import does, and verify.
    """
    record = read(custom)
    encoded = HASHER.admit(record.password)
    assert not HASHER.verify(f"{password}!", encoded)
    return HASHER.verify(password, encoded)


def written(data, encoding):
    if encoding == "url":
        return base64.urlsafe_b64encode(data).decode().rstrip("=")
    if encoding == "HEX":
        return data.hex().upper()
    return data.hex() if encoding == "hex" else base64.b64encode(data).decode()


NAMES = {"url": "base64", "HEX": "hex"}
PLAIN = ("md4", "md5", "sha1", "sha256", "sha512")
CODECS = {
    "utf8": "utf-8",
    "utf16le": "utf-16-le",
    "ucs2": "utf-16-le",
    "latin1": "latin-1",
    "binary": "latin-1",
    "ascii": "latin-1",
}


@pytest.mark.parametrize("algorithm", PLAIN)
@pytest.mark.parametrize("encoding", ["hex", "HEX", "base64", "url"])
def test_plain(algorithm, encoding):
    """
    Digests without a salt, in every encoding.
    """
    value = written(digest_of(algorithm, PASSWORD.encode()), encoding)

    name = NAMES.get(encoding, encoding)
    assert verifies(described(algorithm, value, hash__encoding=name))
    # What Auth0 wants to be told is plain from the length.
    assert verifies(described(algorithm, value))


@pytest.mark.parametrize("algorithm", PLAIN)
@pytest.mark.parametrize("position", ["prefix", "suffix"])
@pytest.mark.parametrize("place", ["salt", "hash__salt"])
def test_salted(algorithm, position, place):
    """
    Digests with a salt, before or behind the password, described in either place.
    """
    password = PASSWORD.encode()
    data = SALT + password if position == "prefix" else password + SALT
    value = digest_of(algorithm, data).hex()
    for encoding in ("hex", "HEX", "base64", "url"):
        more = {
            f"{place}__value": written(SALT, encoding),
            f"{place}__encoding": NAMES.get(encoding, encoding),
            f"{place}__position": position,
        }
        assert verifies(described(algorithm, value, hash__encoding="hex", **more))
    other = {"prefix": "suffix", "suffix": "prefix"}[position]
    assert not verifies(
        described(
            algorithm,
            value,
            salt__value=SALT.hex(),
            salt__encoding="hex",
            salt__position=other,
        )
    )


def test_text_salt():
    """
    A salt is text unless the file says otherwise; Auth0's own example.
    """
    custom = described(
        "md5",
        "67A1E09BB1F83F5007DC119C14D663AA",
        hash__encoding="hex",
        salt__value="salt",
        salt__position="prefix",
    )

    assert verifies(custom, "password")


@pytest.mark.parametrize("encoding", CODECS)
@pytest.mark.parametrize("algorithm", ["sha256", "hmac", "pbkdf2", "scrypt", "bcrypt"])
def test_password_encodings(encoding, algorithm):
    """
    The password may have been in another encoding, whatever was made of it.
    """
    password = PASSWORD.encode(CODECS[encoding])
    if algorithm == "bcrypt" and CODECS[encoding] == "utf-16-le":
        custom = described("bcrypt", "$2b$10$x", password__encoding=encoding)
        assert "UNSUPPORTED_HASH" == read(custom).code
        return
    custom = {
        "sha256": lambda: described("sha256", hashlib.sha256(password).hexdigest()),
        "hmac": lambda: hmac_of("sha1", password),
        "pbkdf2": lambda: described("pbkdf2", pbkdf2_of("sha256", password)),
        "scrypt": lambda: scrypt_of(password),
        "bcrypt": lambda: described(
            "bcrypt", bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()
        ),
    }[algorithm]()

    assert verifies({**custom, "password": {"encoding": encoding}})
    if CODECS[encoding] != "utf-8":
        assert not verifies(custom)


def hmac_of(digest, password, key=b"\xfekey", **more):
    value = hmac.digest(key, password, digest).hex()
    options = {
        "hash__digest": digest,
        "hash__encoding": "hex",
        "hash__key__value": key.hex(),
        "hash__key__encoding": "hex",
    }
    return described("hmac", value, **options, **more)


@pytest.mark.parametrize(
    "digest", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
)
def test_hmac(digest):
    """
    HMACs, with a key of their own, salted or not.
    """
    password = PASSWORD.encode()

    assert verifies(hmac_of(digest, password))
    for position, data in (("prefix", b"s" + password), ("suffix", password + b"s")):
        custom = hmac_of(digest, data, salt__value="s", salt__position=position)
        assert verifies(custom)
    assert not verifies(
        hmac_of(digest, b"s" + password, salt__value="s", salt__position="suffix")
    )


def test_hmac_of_md4_and_text():
    """
    MD4 is a digest, too, and a key is text unless the file says otherwise.
    """
    recipe = formats.Recipe("hmac_md4($salt, $pass)")
    value = recipe.digest_of({"salt": b"key", "pass": PASSWORD.encode()})

    custom = described(
        "hmac",
        base64.b64encode(value).decode(),
        hash__digest="md4",
        hash__encoding="base64",
        hash__key__value="key",
    )
    assert verifies(custom)
    custom["hash"]["key"]["value"] = "Key"
    assert not verifies(custom)


def bare64(data):
    return base64.b64encode(data).decode().rstrip("=")


def pbkdf2_of(digest, password, rounds=1000, length=32, name=None, parameters=None):
    key = hashlib.pbkdf2_hmac(digest, password, SALT, rounds, length)
    if parameters is None:
        parameters = f"$i={rounds},l={length}"
    return f"$pbkdf2-{name or digest}{parameters}${bare64(SALT)}${bare64(key)}"


@pytest.mark.parametrize("length", [16, 20, 32, 64])
@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_pbkdf2(digest, length):
    """
    PBKDF2 as a PHC string, with keys of any usual length.
    """
    value = pbkdf2_of(digest, PASSWORD.encode(), length=length)

    assert verifies(described("pbkdf2", value, hash__encoding="utf8"))


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("SHA512", "sha512"),
        ("RSA-SHA256", "sha256"),
        ("RSA-SHA1-2", "sha1"),
        ("RSA-MD5", "md5"),
        ("sha384WithRSAEncryption", "sha384"),
        ("sha224WithRSAEncryption", "sha224"),
        ("sha1WithRSA", "sha1"),
        ("ssl3-md5", "md5"),
        ("ssl3-sha1", "sha1"),
    ],
)
def test_pbkdf2_names(name, digest):
    """
    A digest may be called as OpenSSL calls it.
    """
    value = pbkdf2_of(digest, PASSWORD.encode(), name=name)

    assert verifies(described("pbkdf2", value))


@pytest.mark.parametrize(
    ("parameters", "rounds", "length"),
    [("", 100_000, 64), ("$i=1000", 1000, 64), ("$l=32", 100_000, 32)],
)
def test_pbkdf2_defaults(parameters, rounds, length):
    """
    Rounds and length have defaults.
    """
    value = pbkdf2_of("sha512", PASSWORD.encode(), rounds, length, None, parameters)

    assert verifies(described("pbkdf2", value))


def scrypt_of(password, n=1024, r=8, p=1, length=64, **more):
    key = hashlib.scrypt(password, salt=SALT, n=n, r=r, p=p, dklen=length)
    options = {"salt__value": SALT.hex(), "salt__encoding": "hex", **more}
    custom = described("scrypt", key.hex(), hash__encoding="hex", **options)
    return {"keylen": length, "cost": n, "blockSize": r, "parallelization": p} | custom


def test_scrypt():
    """
    scrypt, its parameters beside the algorithm or the hash, or the usual ones.
    """
    password = PASSWORD.encode()
    custom = scrypt_of(password, 16384, 8, 1)
    for name in ("cost", "blockSize", "parallelization"):
        del custom[name]

    assert verifies(custom)
    assert verifies(scrypt_of(password, 1024, 4, 2, 32))
    custom = scrypt_of(password, 2048, salt__position="prefix")
    for name in ("cost", "blockSize", "parallelization", "keylen"):
        custom["hash"][name] = custom.pop(name)
    assert verifies(custom)


def test_scrypt_cut():
    """
    A stored key that is shorter than it says does not match, whatever its length.
    """
    stored = read(scrypt_of(PASSWORD.encode())).password
    head, _, key = stored.text.rpartition("$")
    cut = base64.b64encode(base64.b64decode(key)[:32]).decode()

    assert auth0_format().verify(PASSWORD, stored) is True
    with pytest.raises(UnusableHashError):
        auth0_format().verify(PASSWORD, attrs.evolve(stored, text=f"{head}${cut}"))


def test_texts():
    """
    What says all about itself is taken as it is.
    """
    hasher = argon2.PasswordHasher(1, 64, 1)
    texts = {
        "argon2": hasher.hash(PASSWORD),
        "bcrypt": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
        "ldap": "{SSHA}"
        + base64.b64encode(
            hashlib.sha1(PASSWORD.encode() + b"abcd").digest() + b"abcd"
        ).decode(),
    }
    for algorithm, text in texts.items():
        for more in ({}, {"hash__encoding": "utf8"}):
            assert verifies(described(algorithm, text, **more))


def test_bcrypt_beside():
    """
    The field password_hash of Auth0 is bcrypt.
    """
    text = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()

    (record,) = read_all("json", [{"user_id": "1", "password_hash": text}])

    assert HASHER.verify(PASSWORD, HASHER.admit(record.password))


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("algorithm", None, "OBJECT_REQUIRED"),
        ("algorithm", "md6", "ENUM_MISMATCH"),
        ("algorithm", ["md5"], "INVALID_TYPE"),
        ("hash.value", None, "OBJECT_REQUIRED"),
        ("hash.value", 12, "INVALID_TYPE"),
        ("hash.value", "abc", "FORMAT"),
        ("hash.value", "zz" * 16, "FORMAT"),
        ("hash.value", "00" * 15, "FORMAT"),
        ("hash.value", "00" * 17, "FORMAT"),
        ("hash.value", "\ud800" * 32, "FORMAT"),
        ("hash.encoding", "utf8", "ENUM_MISMATCH"),
        ("hash.encoding", "Hex", "ENUM_MISMATCH"),
        ("hash.encoding", 16, "INVALID_TYPE"),
        ("hash.encoding", "base64", "FORMAT"),
        ("salt.value", None, "OBJECT_REQUIRED"),
        ("salt.value", 7, "INVALID_TYPE"),
        ("salt.encoding", "latin1", "ENUM_MISMATCH"),
        ("salt.encoding", "hex", "FORMAT"),
        ("salt.position", None, "OBJECT_REQUIRED"),
        ("salt.position", "middle", "ENUM_MISMATCH"),
        ("password.encoding", "utf32", "ENUM_MISMATCH"),
        ("password.encoding", 8, "INVALID_TYPE"),
    ],
)
def test_misfits(path, value, code):
    """
    What describes no hash is refused, by path and code.
    """
    custom = described(
        "md5",
        "00" * 16,
        hash__encoding="hex",
        salt__value="some",
        salt__encoding="utf8",
        salt__position="prefix",
        password__encoding="utf8",
    )
    *above, name = path.split(".")
    place = custom
    for step in above:
        place = place[step]
    place[name] = value

    error = read(custom)

    field = f"custom_password_hash.{path}"
    if (path, value) in [("hash.encoding", "base64"), ("salt.encoding", "hex")]:
        field = field.replace("encoding", "value")
    assert (code, field) == (error.code, error.field)


@pytest.mark.parametrize(
    ("custom", "code", "path"),
    [
        ({"algorithm": "md5"}, "OBJECT_REQUIRED", "hash.value"),
        (
            described("md5", "!" + "A" * 22, hash__encoding="base64"),
            "FORMAT",
            "hash.value",
        ),
        ({"algorithm": "md5", "hash": "00"}, "INVALID_TYPE", "hash"),
        (described("md5", "00" * 16, salt="abc"), "INVALID_TYPE", "salt"),
        (described("md5", "00" * 16, password=7), "INVALID_TYPE", "password"),
        (described("hmac", "00" * 16), "OBJECT_REQUIRED", "hash.digest"),
        (
            described("hmac", "00" * 16, hash__digest="crc32"),
            "ENUM_MISMATCH",
            "hash.digest",
        ),
        (
            described("hmac", "00" * 16, hash__digest="whirlpool"),
            "UNSUPPORTED_HASH",
            "hash.digest",
        ),
        (
            described("hmac", "00" * 20, hash__digest="ripemd160"),
            "UNSUPPORTED_HASH",
            "hash.digest",
        ),
        (
            described("hmac", "00" * 16, hash__digest="md5"),
            "OBJECT_REQUIRED",
            "hash.key.value",
        ),
        (
            described("hmac", "00" * 16, hash__digest="md5", hash__key="k"),
            "INVALID_TYPE",
            "hash.key",
        ),
        (described("argon2", "x", salt__value="s"), "NOT_PASSED", "salt"),
        (described("bcrypt", "x", hash__salt__value="s"), "NOT_PASSED", "salt"),
        (
            described("ldap", "x", hash__encoding="base64"),
            "ENUM_MISMATCH",
            "hash.encoding",
        ),
        (described("pbkdf2", "x"), "FORMAT", "hash.value"),
        (described("pbkdf2", "$pbkdf2-sha1$i=0,l=1$x$x"), "FORMAT", "hash.value"),
        (described("pbkdf2", "$pbkdf2-sha1$,$x$x"), "FORMAT", "hash.value"),
        (
            described("pbkdf2", "$pbkdf2-whirlpool$i=1,l=1$x$x"),
            "UNSUPPORTED_HASH",
            "hash.value",
        ),
        (
            described("pbkdf2", "$pbkdf2-md4$i=1,l=1$x$x"),
            "UNSUPPORTED_HASH",
            "hash.value",
        ),
        (
            described("pbkdf2", "$pbkdf2--$i=1,l=1$x$x"),
            "UNSUPPORTED_HASH",
            "hash.value",
        ),
        (described("scrypt", "00" * 64), "OBJECT_REQUIRED", "salt"),
        (
            described("scrypt", "00" * 64, salt__value="s"),
            "OBJECT_REQUIRED",
            "hash.encoding",
        ),
        (
            described("scrypt", "", salt__value="s", hash__encoding="hex"),
            "FORMAT",
            "hash.value",
        ),
        (scrypt_of(b"x") | {"keylen": 32}, "FORMAT", "hash.value"),
        (scrypt_of(b"x") | {"keylen": "64"}, "INVALID_TYPE", "keylen"),
        (scrypt_of(b"x") | {"cost": True}, "INVALID_TYPE", "cost"),
        (scrypt_of(b"x") | {"cost": 1.5}, "INVALID_TYPE", "cost"),
        (scrypt_of(b"x") | {"blockSize": 0}, "FORMAT", "blockSize"),
        (scrypt_of(b"x") | {"parallelization": -1}, "FORMAT", "parallelization"),
    ],
)
def test_incomplete(custom, code, path):
    """
    What an algorithm needs and does not get, or gets and cannot have, is refused.
    """
    error = read(custom)

    assert (code, f"custom_password_hash.{path}") == (error.code, error.field)


def test_too_costly():
    """
    What costs too much is the hasher's to refuse.
    """
    for custom in (
        scrypt_of(b"x") | {"cost": 2**40},
        scrypt_of(b"x") | {"cost": 10**30},
        described("pbkdf2", "$pbkdf2-sha1$i=999999999,l=32$c2FsdA$" + "A" * 43),
        described("pbkdf2", "$pbkdf2-sha1$i=1000,l=8$c2FsdA$AAAAAAAAAAA"),
        described("pbkdf2", "$pbkdf2-sha1$i=1000,l=33$c2FsdA$" + "A" * 43),
        described("argon2", "nonsense"),
        described("bcrypt", "$2b$10$short"),
        described("ldap", "{SSHA}"),
    ):
        with pytest.raises(UnusableHashError):
            HASHER.admit(read(custom).password)


def test_every_format():
    """
    Each algorithm has its format, in each encoding of a password, and only bcrypt and
    what names itself is known without.
    """
    names = [each.name for each in auth0_format().formats]

    assert "auth0" == auth0_format().name
    assert {*PLAIN, "argon2", "bcrypt", "ldap", "pbkdf2", "scrypt"} <= set(names)
    assert len(names) == len(set(names)) == 3 * (5 + 5 + 14)
    assert not auth0_format().identify(StoredHash("00" * 16))


def test_secrets():
    """
    Nothing of a hash is in an error.
    """
    custom = described("md5", "hunter2" * 3, hash__encoding="hex", salt__value="NaCl")
    (error,) = read_all("json", [{"user_id": "1", "custom_password_hash": custom}])

    assert [(1, "FORMAT", "custom_password_hash.hash.value")] == told([error])
    for secret in ("hunter2", "NaCl"):
        assert secret not in repr(error)
    custom = described("bcrypt", "hunter2")
    assert "hunter2" not in repr(read(custom))
    assert json.dumps(custom) not in repr(read(custom))
