"""
ASP.NET Identity, versions 2 and 3.
"""

import struct
from functools import partial
from typing import Final

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
_LEAST_BYTES: Final = 16  # of salt and key, as the source demands of version 3


@attrs.frozen
class AspNetIdentity:
    """
    base64 of a marker, 0 or 1, and PBKDF2's salt and key.

    Version 3 has the digest, the rounds and the length of the salt before them, as
    big-endian numbers of 32 bits.  Source: ``PasswordHasher.cs`` of ASP.NET Core.
    """

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
        if prf >= len(_PRFS) or min(len(salt), len(key)) < _LEAST_BYTES:
            raise MalformedError("its digest is unknown, or its salt or key is cut")
        if len(key) not in _KEY_SIZES:
            raise MalformedError("its key is cut")
        husk = partial(_husk, text, len(key))
        return pbkdf2(_PRFS[prf], salt, rounds, key, ceilings, husk=husk, scheme=self)


def _husk(text: str, size: int) -> str:
    data = unbase64(text)
    return rebase64(data[:-size] + blanked(data[-size:]), text)


_KEY_SIZES: Final = frozenset({16, 20, 32, 64})
