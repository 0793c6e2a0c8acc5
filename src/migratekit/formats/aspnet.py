"""
ASP.NET Identity, versions 2 and 3.
"""

import struct
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.formats.armor import blanked, rebase64, unbase64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.kdf import pbkdf2
from migratekit.formats.scheme import Derivation, MalformedError
from migratekit.models import StoredHash


_V2: Final = struct.Struct("B16s32s")
_V2_ROUNDS: Final = 1000
_V3: Final = struct.Struct(">BIII")
_PRFS: Final = ("sha1", "sha256", "sha512")
_LEAST_SALT: Final = 16  # bytes, as the source demands of version 3
# With SHA-512 the source writes a salt of 16 bytes and a key of 32; its tests have a
# longer salt and a key of 64.
_KEY_BYTES: Final = {"sha1": 16, "sha256": 32, "sha512": 64}
_SHORT_SHA512: Final = ("sha512", 16)
_SHORT_KEY: Final = 32


@attrs.frozen
class AspNetIdentity:
    """
    base64 of a marker, 0 or 1, and PBKDF2's salt and key.

    Version 3 has the digest, the rounds and the length of the salt before them, as
    big-endian numbers of 32 bits.  Source: ``PasswordHasher.cs`` of ASP.NET Core.
    """

    quick: ClassVar[bool | None] = None

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        text = stored.text.rstrip(" ")
        data = unbase64(text)
        if data[:1] == b"\0" and len(data) == _V2.size:
            _, salt, key = _V2.unpack(data)
            husk = partial(_husk, text, len(key))
            return pbkdf2(
                "sha1", salt, _V2_ROUNDS, key, ceilings, husk=husk, scheme=self
            )
        if data[:1] != b"\1" or len(data) < _V3.size:
            raise MalformedError("it is cut, or of another version")
        _, prf, rounds, salt_size = _V3.unpack_from(data)
        salt, key = data[_V3.size :][:salt_size], data[_V3.size + salt_size :]
        if prf >= len(_PRFS) or len(salt) < _LEAST_SALT:
            raise MalformedError("its digest is unknown, or its salt is cut")
        digest = _PRFS[prf]
        short = (digest, len(salt)) == _SHORT_SHA512
        if len(key) != (_SHORT_KEY if short else _KEY_BYTES[digest]):
            raise MalformedError("its key is cut")
        husk = partial(_husk, text, len(key))
        return pbkdf2(digest, salt, rounds, key, ceilings, husk=husk, scheme=self)


def _husk(text: str, size: int) -> str:
    data = unbase64(text)
    return rebase64(data[:-size] + blanked(data[-size:]), text)
