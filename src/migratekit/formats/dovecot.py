"""
Dovecot's CRAM-MD5.
"""

from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digests import DIGESTS
from migratekit.formats.layout import Layout
from migratekit.formats.md import md5_state
from migratekit.formats.scheme import Derivation
from migratekit.models import StoredHash


_LAYOUT: Final = Layout("{key[32]:hex}")
_BLOCK: Final = 64


@attrs.frozen
class CramMd5:
    """
    The states of MD5 after the outer and the inner padded key of HMAC (RFC 2195).
    """

    quick: ClassVar[bool | None] = True

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        del ceilings
        wanted = _LAYOUT.read(stored.text)["key"]
        assert isinstance(wanted, bytes)  # noqa: S101 - the layout says so
        husk = partial(_LAYOUT.blank, stored.text, "key")
        return Derivation(wanted, _states, husk, self)


def _states(password: bytes) -> bytes:
    key = DIGESTS["md5"](password) if len(password) > _BLOCK else password
    key = key.ljust(_BLOCK, b"\0")
    outer = md5_state(bytes(byte ^ 0x5C for byte in key))
    return outer + md5_state(bytes(byte ^ 0x36 for byte in key))
