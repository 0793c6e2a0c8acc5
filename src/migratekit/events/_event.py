"""
What an event is, and how what others have written is shown.
"""

from typing import Any, ClassVar, Final

import attrs

from migratekit._fields import Shown


# As in `logging`, which takes longer to import than all the events.
INFO: Final = 20
WARNING: Final = 30
ERROR: Final = 40


def printable(identifier: object) -> str:
    """
    Return what was typed in a form that is safe in a log: escaped, 64 characters.
    """
    if type(identifier) is not str:
        return f"<{type(identifier).__name__}>"
    return ascii(identifier[:64])[1:-1][:64]


def one_line(value: object) -> str:
    """
    Return *value* as text that cannot begin a new line in a log, or steer a terminal.

    A rule's reason and a legacy id may hold what somebody else has written.
    """
    text = str(value)
    return text if text.isprintable() else ascii(text)[1:-1]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Event(Shown):
    """
    Superclass of all events.  *level* is the one it is logged at.
    """

    level: ClassVar[int] = INFO

    # Written once, for the reason of `Shown`.

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _fields(self) == _fields(other)

    def __hash__(self) -> int:
        return hash((type(self), _fields(self)))


def _fields(event: object) -> tuple[tuple[str, Any], ...]:
    names = (field.name for field in attrs.fields(type(event)))  # type: ignore[arg-type]
    return tuple((name, getattr(event, name)) for name in names)
