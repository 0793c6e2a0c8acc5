"""
Digests by name.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeAlias

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.md import md4
from migratekit.formats.scheme import MalformedError


Digest: TypeAlias = Callable[[bytes], bytes]


class Hash(Protocol):
    """
    What `hashlib` makes of data.
    """

    def digest(self) -> bytes:
        """
        Return the bytes of the digest.
        """


@attrs.frozen
class _MD4:
    data: bytes = attrs.field(repr=False)

    def digest(self) -> bytes:
        return md4(self.data)


def _constructor(name: str) -> Callable[[bytes], Hash]:
    make: Callable[[bytes], Hash] = getattr(hashlib, name)
    try:
        make(b"")
    except ValueError:
        # A FIPS build of OpenSSL refuses MD5 without the flag, which costs time.
        return partial(getattr(hashlib, name), usedforsecurity=False)
    return make


def _digest(make: Callable[[bytes], Hash]) -> Digest:
    return lambda data: make(data).digest()


# For loops, in which a call more per round counts.
CONSTRUCTORS: Final[dict[str, Callable[[bytes], Hash]]] = {
    "md4": _MD4,
    **{
        name: _constructor(name)
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
    },
}
DIGESTS: Final = {name: _digest(make) for name, make in CONSTRUCTORS.items()}
SIZES: Final = {name: len(digest(b"")) for name, digest in DIGESTS.items()}

# PBKDF2 and HMAC know these besides: Kratos and FusionAuth use SHA-3.
_PBKDF2: Final = frozenset(
    {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_384"}
)


def hmac_digest(name: str, key: bytes, message: bytes) -> bytes:
    """
    Return the HMAC of *message* (RFC 2104) with a digest of `DIGESTS`.
    """
    if name != "md4":
        return hmac.digest(key, message, name)
    key = md4(key) if len(key) > 64 else key
    key = key.ljust(64, b"\0")
    inner = md4(bytes(b ^ 0x36 for b in key) + message)
    return md4(bytes(b ^ 0x5C for b in key) + inner)


def normal_name(name: str) -> str:
    """
    Return *name* as this module spells it: ``"SHA-256"`` is ``"sha256"``.
    """
    return name.lower().replace("-", "")


def pbkdf2_digest(name: str) -> str:
    """
    Return *name* as `hashlib` spells it if PBKDF2 is done with it anywhere.

    Raises:
        MalformedError: If it is not.
    """
    name = normal_name(name)
    if name not in _PBKDF2:
        raise MalformedError("its digest is unknown")
    return name


def known(name: str) -> str:
    """
    Return the name of a digest, as a configuration gives it, in normal spelling.

    Raises:
        migratekit.errors.ConfigurationError: If there is no such digest.
    """
    normal = normal_name(name)
    if normal not in DIGESTS:
        raise ConfigurationError(
            f"There is no digest {name!r}; there are {', '.join(DIGESTS)}."
        )
    return normal
