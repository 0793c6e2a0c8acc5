"""
Passwords that are stored as they are.
"""

from typing import ClassVar, Final

import attrs

from migratekit.formats.ceilings import Ceilings
from migratekit.formats.scheme import Derivation, MalformedError
from migratekit.models import StoredHash


@attrs.frozen
class ClearText:
    """
    The text is the password.  No preset has it unless it is switched on by name.
    """

    quick: ClassVar[bool | None] = True

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        del ceilings
        if not stored.text:
            raise MalformedError("it is empty")
        return Derivation(stored.text.encode(), _itself, _husk, self)


_HUSK: Final = "?"


def _itself(password: bytes) -> bytes:
    return password


def _husk() -> str:
    # Not even the length of a password is kept.
    return _HUSK
