"""
The formats of a source, in order, and what may be asked of any format.
"""

from collections.abc import Iterable
from typing import Final, NoReturn

import attrs

from migratekit.errors import ConfigurationError, UnusableHashError
from migratekit.formats.format import (
    OF_ANOTHER,
    Format,
    LegacyFormat,
    is_left_to,
    is_marker,
    names_of,
)
from migratekit.formats.masking import mask
from migratekit.models import StoredHash


_UNDECLARED: Final = "it is malformed or of no declared format"


def _as_tuple(formats: Iterable[LegacyFormat]) -> tuple[LegacyFormat, ...]:
    flat: list[LegacyFormat] = []
    for format_ in formats:
        flat += format_.formats if isinstance(format_, FormatList) else [format_]
    return tuple(flat)


@attrs.frozen
class FormatList:
    """
    The formats of one source, in order: the first that identifies a hash decides.

    No other is tried: whoever can write a hash could otherwise choose the weakest.  A
    hash that names its format (`StoredHash.format`) is left to the one of that name.

    Args:
        formats:
            At least one, of different names.  Another list stands for its formats.

    Raises:
        migratekit.errors.ConfigurationError: If there is none, or a name is used twice.
    """

    formats: tuple[LegacyFormat, ...] = attrs.field(converter=_as_tuple)
    name: str = attrs.field(kw_only=True)

    @name.default
    def _joined(self) -> str:
        return "+".join(format_.name for format_ in self.formats)

    def __attrs_post_init__(self) -> None:
        names = [name for format_ in self.formats for name in names_of(format_)]
        if not names:
            raise ConfigurationError("A FormatList needs at least one format.")
        if len(set(names)) < len(names):
            raise ConfigurationError(
                "The formats of a FormatList need different names: "
                f"{', '.join(sorted(names))}."
            )

    def identify(self, stored: StoredHash, /) -> bool:
        """
        See `LegacyFormat.identify()`.
        """
        return self.chosen(stored) is not None

    def chosen(self, stored: StoredHash, /) -> LegacyFormat | None:
        """
        Return the format that *stored* is left to, or None.
        """
        for format_ in self.formats:
            if is_of(format_, stored):
                return format_
        return None

    def inspect(self, stored: StoredHash, /) -> None:
        """
        See `Format.inspect()`.
        """
        inspect(self, stored)

    def holds_gil(self, stored: StoredHash, /) -> bool:
        """
        See `Format.holds_gil()`.
        """
        chosen = self.chosen(stored)
        return chosen is not None and holds_gil(chosen, stored)

    def verify(self, password: str, stored: StoredHash, /) -> bool:
        """
        See `LegacyFormat.verify()`.
        """
        chosen = self.chosen(stored)
        if chosen is not None:
            return chosen.verify(password, stored) is True
        if is_marker(stored.text):
            return False
        masked = mask(stored.text)
        # Nothing secret stays in the frame of the traceback.
        del password, stored
        raise UnusableHashError(masked, _UNDECLARED)


def is_of(format_: LegacyFormat, stored: StoredHash) -> bool:
    """
    Return whether *stored* is left to *format_*, which is no list and identifies it.
    """
    return is_left_to(format_, stored) and format_.identify(stored) is True


def verify(format_: LegacyFormat, password: str, stored: StoredHash) -> bool:
    """
    Return whether *stored*, which may name its format, is a hash of *password*.

    Raises:
        migratekit.errors.UnusableHashError: As `LegacyFormat.verify()` does, and if
            *stored* names another format than *format_*.
    """
    ours = isinstance(format_, Format | FormatList)
    if ours or is_left_to(format_, stored):
        return format_.verify(password, stored) is True
    masked = mask(stored.text)
    # Nothing secret stays in the frame of the traceback.
    del password, stored
    raise UnusableHashError(masked, OF_ANOTHER)


def inspect(format_: LegacyFormat, stored: StoredHash) -> None:
    """
    Judge a hash without a password, as far as *format_* can.

    Raises:
        migratekit.errors.UnusableHashError: If the hash can never be verified.
    """
    if accepting(format_, stored) is None:
        refuse(format_, stored)


def accepting(format_: LegacyFormat, stored: StoredHash) -> LegacyFormat | None:
    """
    Return the format that *stored* is left to and that has nothing against it; None if
    it is of none.

    Raises:
        migratekit.errors.UnusableHashError: If the hash can never be verified there.
    """
    if isinstance(format_, FormatList):
        # The first that knows it refuses it, or takes it.
        found = (accepting(each, stored) for each in format_.formats)
        return next((each for each in found if each is not None), None)
    if isinstance(format_, Format):
        accepted = format_.accepts(stored)
    else:
        accepted = is_of(format_, stored)
    return format_ if accepted else None


def refuse(format_: LegacyFormat, stored: StoredHash) -> NoReturn:
    """
    Say why `accepting()` gave no format for a hash.

    Raises:
        migratekit.errors.UnusableHashError: Always.
    """
    if isinstance(format_, Format):
        # A declared format knows best.
        format_.inspect(stored)
    masked = mask(stored.text)
    del stored
    raise UnusableHashError(masked, _UNDECLARED)


def holds_gil(format_: LegacyFormat, stored: StoredHash) -> bool:
    """
    Return whether *format_* says that it verifies with the interpreter's lock.
    """
    ask = getattr(format_, "holds_gil", None)
    return ask is not None and ask(stored) is True
