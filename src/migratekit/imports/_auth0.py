"""
Hashes as Auth0's user imports describe them: ``custom_password_hash``.

What a file says of a hash is brought into one text and two salts, as the formats of
`auth0_format()` read them: the salt is what stands before the password and the second
salt what stands behind it; with ``hmac``, the second salt is the key.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs

from migratekit.imports import codes
from migratekit.imports._lines import UnreadableError
from migratekit.models import StoredHash


if TYPE_CHECKING:
    from migratekit.formats import Format, FormatList, Scheme


CUSTOM_HASH: Final = "custom_password_hash"

# Bytes of the digests that can be verified, and those that Auth0 has besides.
_SIZES: Final = {
    "md4": 16,
    "md5": 16,
    "sha1": 20,
    "sha224": 28,
    "sha256": 32,
    "sha384": 48,
    "sha512": 64,
}
_OTHER_DIGESTS: Final = ("ripemd160", "whirlpool")
_PLAIN: Final = ("md4", "md5", "sha1", "sha256", "sha512")
_ALGORITHMS: Final = ("argon2", "bcrypt", "hmac", "ldap", *_PLAIN, "pbkdf2", "scrypt")
_BINARY_ENCODINGS: Final = ("base64", "hex")
_ENCODINGS: Final = (*_BINARY_ENCODINGS, "utf8")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_POSITIONS: Final = ("prefix", "suffix")
# What a format of ours is called for the encodings of passwords that Node.js knows;
# there, the last two mean the same.
_PASSWORD_ENCODINGS: Final = {
    "utf8": "",
    "utf16le": ".utf16le",
    "ucs2": ".utf16le",
    "ascii": ".latin1",
    "binary": ".latin1",
    "latin1": ".latin1",
}
_CODECS: Final = {"": "utf-8", ".utf16le": "utf-16-le", ".latin1": "latin-1"}

_PBKDF2: Final = re.compile(
    r"\$pbkdf2-([A-Za-z0-9-]{1,40})\$"
    r"(?:(?=[il]=)(?:i=([1-9][0-9]{0,9}))?,?(?:l=([1-9][0-9]{0,3}))?\$)?"
    r"([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]+)"
)
_PBKDF2_DEFAULTS: Final = (100_000, 64)
_PBKDF2_LAYOUT: Final = (
    "$pbkdf2-{digest:md5|sha1|sha224|sha256|sha384|sha512}"
    "$i={rounds:int},l={key_length:int}${salt:base64}${key:base64}"
)
# What OpenSSL calls a digest: RSA-SHA256, sha256WithRSAEncryption.
_OPENSSL: Final = re.compile(
    r"(?:rsa-|ssl3-)?([a-z0-9]+?)(?:withrsa(?:encryption)?|-2)?"
)
_SCRYPT_LAYOUT: Final = (
    "$scrypt$n={n:int},r={r:int},p={p:int},l={key_length:int}"
    "${salt:base64}${key:base64}"
)
_SCRYPT_DEFAULTS: Final = {"cost": 16384, "blockSize": 8, "parallelization": 1}
_KEY_LENGTHS: Final = range(16, 129)


def auth0_format() -> "FormatList":
    """
    Return the formats of the hashes in a file for Auth0's user imports.

    Each is called as its algorithm; with a dot and more, where the algorithm alone
    does not say how the hash was made.
    """
    # Heavy, and readers do not need it.
    from migratekit.formats import FormatList  # noqa: PLC0415

    return FormatList(tuple(_formats()), name="auth0")


def stored_hash_of(custom: dict[str, Any]) -> StoredHash:
    """
    Return the hash that a ``custom_password_hash`` describes.

    Raises:
        migratekit.imports._lines.UnreadableError:
            If it describes none, or one that cannot be verified.
    """
    found = _Description(custom)
    algorithm = found.choice("algorithm", _ALGORITHMS)
    if algorithm in _PLAIN:
        stored = _plain(found, algorithm)
    elif algorithm == "hmac":
        stored = _hmac(found)
    elif algorithm == "scrypt":
        stored = _scrypt(found)
    else:
        stored = _in_one_text(found, algorithm)
    encoding = found.choice("password.encoding", _PASSWORD_ENCODINGS, default="utf8")
    suffix = _PASSWORD_ENCODINGS[encoding]
    if algorithm == "bcrypt" and suffix == ".utf16le":
        # bcrypt takes no NUL, which half of such a password is.
        raise _error(codes.UNSUPPORTED_HASH, "password.encoding")
    return attrs.evolve(stored, format=f"{stored.format}{suffix}")


@attrs.frozen
class _Description:
    """
    A ``custom_password_hash``, looked into by dotted paths.
    """

    custom: dict[str, Any] = attrs.field(repr=False)

    def get(self, path: str) -> Any:
        """
        Return what is at *path*, or None.
        """
        value: Any = self.custom
        for name in path.split("."):
            if not isinstance(value, dict):
                raise _error(codes.INVALID_TYPE, path.rpartition(".")[0])
            value = value.get(name)
            if value is None:
                return None
        return value

    def text(self, path: str) -> str:
        """
        Return the text at *path*, which must be there.
        """
        value = self.get(path)
        if value is None:
            raise _error(codes.OBJECT_REQUIRED, path)
        if not isinstance(value, str):
            raise _error(codes.INVALID_TYPE, path)
        try:
            # A lone surrogate, which JSON can spell, has no UTF-8.
            value.encode()
        except UnicodeEncodeError:
            pass
        else:
            return value
        raise _error(codes.FORMAT, path)

    def choice(
        self, path: str, choices: Collection[str], *, default: str | None = None
    ) -> str:
        """
        Return the one of *choices* at *path*.
        """
        if default is not None and self.get(path) is None:
            return default
        value = self.text(path)
        if value not in choices:
            raise _error(codes.ENUM_MISMATCH, path)
        return value

    def number(self, path: str, default: int | None) -> int | None:
        """
        Return the number at *path*, or *default*.
        """
        value = self.get(path)
        if value is None:
            return default
        if type(value) is not int:
            raise _error(codes.INVALID_TYPE, path)
        return value

    def data(self, path: str, *, encoding: str | None = None) -> bytes:
        """
        Return the bytes of the *path*.value, in *encoding* or the one beside it.
        """
        beside = f"{path}.encoding"
        encoding = encoding or self.choice(beside, _ENCODINGS, default="utf8")
        data = _decoded(self.text(f"{path}.value"), encoding)
        if data is None:
            raise _error(codes.FORMAT, f"{path}.value")
        return data

    def digest(self, size: int | None) -> bytes:
        """
        Return the bytes of the hash, of which there must be *size*.
        """
        encoding = None
        if self.get("hash.encoding") is not None:
            encoding = self.choice("hash.encoding", _BINARY_ENCODINGS)
        elif size is None:
            raise _error(codes.OBJECT_REQUIRED, "hash.encoding")
        elif len(self.text("hash.value")) == 2 * size:
            encoding = "hex"
        data = self.data("hash", encoding=encoding or "base64")
        if not data or len(data) != (size or len(data)):
            raise _error(codes.FORMAT, "hash.value")
        return data

    def salt_path(self) -> str | None:
        """
        Return where the salt is; the two are the same to Auth0's documentation.
        """
        for path in ("salt", "hash.salt"):
            if self.get(path) is not None:
                return path
        return None

    def salts(self) -> tuple[bytes, bytes]:
        """
        Return what stands before and what stands behind the password.
        """
        path = self.salt_path()
        if path is None:
            return b"", b""
        salt = self.data(path)
        position = self.choice(f"{path}.position", _POSITIONS)
        return (salt, b"") if position == "prefix" else (b"", salt)


def _plain(found: _Description, algorithm: str) -> StoredHash:
    key = found.digest(_SIZES[algorithm])
    before, behind = found.salts()
    return StoredHash(key.hex(), salt=before, salt2=behind, format=algorithm)


def _hmac(found: _Description) -> StoredHash:
    digest = found.choice("hash.digest", (*_SIZES, *_OTHER_DIGESTS))
    if digest not in _SIZES:
        raise _error(codes.UNSUPPORTED_HASH, "hash.digest")
    key = found.digest(_SIZES[digest])
    before, behind = found.salts()
    return StoredHash(
        key.hex(),
        salt=before or behind,
        salt2=found.data("hash.key"),
        format=f"hmac.{digest}.suffix" if behind else f"hmac.{digest}",
    )


def _scrypt(found: _Description) -> StoredHash:
    path = found.salt_path()
    if path is None:
        raise _error(codes.OBJECT_REQUIRED, "salt")
    salt = base64.b64encode(found.data(path)).decode()
    key = found.digest(_parameter(found, "keylen", None))
    n, r, p = (_parameter(found, *each) for each in _SCRYPT_DEFAULTS.items())
    costs = f"n={n},r={r},p={p},l={len(key)}"
    text = f"$scrypt${costs}${salt}${base64.b64encode(key).decode()}"
    return StoredHash(text, format="scrypt")


def _parameter(found: _Description, name: str, default: int | None) -> int | None:
    """
    Return a parameter of scrypt, which stands beside the algorithm or the hash.
    """
    value = found.number(name, found.number(f"hash.{name}", default))
    if value is not None and value < 1:
        raise _error(codes.FORMAT, name)
    return value


def _in_one_text(found: _Description, algorithm: str) -> StoredHash:
    """
    Return a hash whose text says all: a PHC string, or one of RFC 2307.
    """
    if found.salt_path() is not None:
        raise _error(codes.NOT_PASSED, "salt")
    found.choice("hash.encoding", ("utf8",), default="utf8")
    text = found.text("hash.value")
    return StoredHash(
        _canonical_pbkdf2(text) if algorithm == "pbkdf2" else text, format=algorithm
    )


def _canonical_pbkdf2(text: str) -> str:
    match = _PBKDF2.fullmatch(text)
    if match is None:
        raise _error(codes.FORMAT, "hash.value")
    name, rounds, length, salt, key = match.groups()
    digest = _OPENSSL.fullmatch(name.lower())
    if digest is None or digest[1] not in _SIZES or digest[1] == "md4":
        raise _error(codes.UNSUPPORTED_HASH, "hash.value")
    default_rounds, default_length = _PBKDF2_DEFAULTS
    return (
        f"$pbkdf2-{digest[1]}$i={int(rounds or default_rounds)},"
        f"l={int(length or default_length)}${salt}${key}"
    )


def _decoded(text: str, encoding: str) -> bytes | None:
    """
    Return the bytes that *text* stands for, or None if it is malformed.
    """
    if encoding == "utf8":
        return text.encode()
    try:
        if encoding == "hex":
            return binascii.unhexlify(text)
        bare = text.rstrip("=")
        return base64.b64decode(
            bare.translate(_URL_SAFE) + "=" * (-len(bare) % 4), validate=True
        )
    except ValueError:
        return None


def _error(code: str, path: str) -> UnreadableError:
    return UnreadableError(code, f"{CUSTOM_HASH}.{path}" if path else CUSTOM_HASH)


def _formats() -> "Iterator[Format]":
    from migratekit.formats import Format  # noqa: PLC0415

    schemes = dict(_schemes())
    for suffix, codec in _CODECS.items():
        for name, scheme in schemes.items():
            yield Format(f"{name}{suffix}", scheme, encodings=(codec,))  # type: ignore[arg-type]


def _schemes() -> "Iterator[tuple[str, Scheme]]":
    from migratekit import formats  # noqa: PLC0415

    # A hash that names no algorithm is of the first format that knows its shape.
    yield "bcrypt", formats.Bcrypt()
    yield "argon2", formats.Argon2()
    yield "ldap", formats.presets.ldap().scheme
    yield "pbkdf2", formats.Pbkdf2(_PBKDF2_LAYOUT, key_lengths=_KEY_LENGTHS)
    yield "scrypt", formats.Scrypt(_SCRYPT_LAYOUT, key_lengths=_KEY_LENGTHS)
    for name in _PLAIN:
        yield name, formats.Digest(f"{name}($salt.$pass.$salt2)")
    for name in _SIZES:
        recipe = f"hmac_{name}($salt2, $salt.$pass)"
        yield f"hmac.{name}", formats.Digest(recipe)
        recipe = f"hmac_{name}($salt2, $pass.$salt)"
        yield f"hmac.{name}.suffix", formats.Digest(recipe)
