"""
The hashes of AIX.
"""

import hashlib
import re
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.formats.armor import CRYPT64, blanked_crypt64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.kdf import is_weak, power
from migratekit.formats.md5_crypt import md5_crypt
from migratekit.formats.scheme import Derivation, MalformedError, bounded
from migratekit.models import StoredHash


_SMD5: Final = re.compile(r"\{smd5\}([./0-9A-Za-z]{0,8})\$([./0-9A-Za-z]{22})")
_SSHA: Final = re.compile(
    r"\{ssha(1|256|512)\}([0-9]{2})\$([./0-9A-Za-z]{1,64})\$([./0-9A-Za-z]+)"
)
_LENGTHS: Final = {"1": 27, "256": 43, "512": 86}


@attrs.frozen
class Aix:
    """
    ``{smd5}``, MD5-crypt without its magic, and ``{ssha…}NN$salt$…``, PBKDF2.
    """

    quick: ClassVar[bool | None] = None

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        text = stored.text.rstrip(" ")
        match = _SMD5.fullmatch(text)
        if match is not None:
            salt, wanted = match[1].encode(), match[2]
            return Derivation(
                wanted.encode(),
                lambda password: md5_crypt(b"", password, salt).encode(),
                partial(blanked_crypt64, text, len(wanted)),
                self,
                holds_gil=True,
            )
        match = _SSHA.fullmatch(text)
        if match is None or len(match[4]) != _LENGTHS[match[1]]:
            raise MalformedError("it is cut or malformed")
        digest, rounds = f"sha{match[1]}", power(int(match[2]))
        bounded(rounds, 1, ceilings.pbkdf2_rounds, "number of rounds")
        salt, wanted = match[3].encode(), match[4]
        return Derivation(
            wanted.encode(),
            lambda password: _text(hashlib.pbkdf2_hmac(digest, password, salt, rounds)),
            partial(blanked_crypt64, text, len(wanted)),
            self,
            weak=is_weak(digest, rounds),
        )


def _text(data: bytes) -> bytes:
    # Groups are big-endian, their digits little-endian.  The last one is short, and
    # loses its highest bits; so texts are compared, not bytes.
    text = []
    for start in range(0, len(data), 3):
        group = data[start : start + 3]
        value = int.from_bytes(group.ljust(3, b"\0"), "big")
        text += [CRYPT64[value >> 6 * i & 63] for i in range(len(group) + 1)]
    return "".join(text).encode()
