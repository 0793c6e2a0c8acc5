"""
What happened: values for listeners, and the listener that logs.

No event holds a password, a hash or a token.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import attrs

from migratekit._fields import Shown
from migratekit.models import Origin


if TYPE_CHECKING:
    from logging import Logger

# As in `logging`, which takes longer to import than all the events.
_INFO: Final = 20
_WARNING: Final = 30
_ERROR: Final = 40

# Milliseconds: see `SourceAsked`.
LATENCIES: Final = (10, 30, 100, 300, 1000, 3000)


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

    level: ClassVar[int] = _INFO

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


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginSucceeded(Event):
    """
    Somebody was let in.

    *user_id* is the store's id; for whoever was answered by the source, the legacy id.
    """

    user_id: str
    migrated: bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginRefused(Event):
    """
    Somebody was not let in.

    *reason* is for logs only; *identifier* is what was typed, see `printable()`.
    """

    level = _WARNING

    identifier: str = attrs.field(converter=printable)
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserMigrated(Event):
    """
    A user of the source was stored.
    """

    user_id: str
    legacy_id: str
    origin: Origin


# What would have come of a login.
Rehearsed: TypeAlias = Literal[
    "would_move",
    "blocked",
    "invalid",
    "taken",
    "must_change",
    "weak_password",
    "failed",
]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MigrationRehearsed(Event):
    """
    Somebody gave the right password who has not moved, with ``rehearse`` on.

    *outcome* is what would have come of it: ``would_move``; or why not.  It is
    ``blocked``; ``invalid`` or ``taken`` because of the profile; ``must_change`` or
    ``weak_password`` because of the password; or ``failed``, because somebody could not
    be asked.  *codes* are those of the violations, or the word for the failure.
    """

    legacy_id: str
    outcome: Rehearsed
    codes: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UsersImported(Event):
    """
    A chunk of an import was dealt with; see `migratekit.imports.ImportReport`.
    """

    inserted: int
    already_migrated: int
    conflicts: int
    invalid: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PasswordRehashed(Event):
    """
    A stored hash was renewed at the current parameters.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RehashFailed(Event):
    """
    A stored hash is still the old one: the new one could not be written.
    """

    level = _ERROR

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FloorExceeded(Event):
    """
    A failure took longer than ``failure_floor``, so its time may tell something.

    Both in seconds.
    """

    level = _WARNING

    took: float
    floor: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceSuspended(Event):
    """
    The source has failed *failures* times in a row, and is left alone for *pause*
    seconds.

    *part* is which part of it; empty for a source that is asked as a whole.
    """

    level = _ERROR

    part: str
    failures: int
    pause: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceResumed(Event):
    """
    The source answers again.
    """

    level = _WARNING

    part: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceAsked(Event):
    """
    How the source did since the last event of this kind, told after a question, and at
    most once a minute for each *part*.

    Of *calls*, *failures* were outages or too late, and all of them together took
    *seconds*.  *within* is how many took up to 10, 30, 100, 300, 1000 and 3000
    milliseconds, and how many took longer; each call counts once.
    """

    part: str
    calls: int
    failures: int
    seconds: float
    within: tuple[int, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptsThrottled(Event):
    """
    Somebody has to wait before the next attempt.

    *kind* is what was counted too often, see `migratekit.throttle.AttemptKind`;
    *retry_after* is in seconds, None if only a reset of the password helps.
    """

    level = _WARNING

    kind: str
    retry_after: int | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ThrottleFailed(Event):
    """
    An attempt that was no failure is still counted as one.

    *detail* is why.
    """

    level = _ERROR

    detail: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserSignedUp(Event):
    """
    A new user was stored, by themselves or by an administrator.
    """

    user_id: str
    origin: Origin


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PasswordChangeStarted(Event):
    """
    A token for a password change was made.

    *user_id* is the store's id, or the legacy id of a user who has not moved.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PasswordChanged(Event):
    """
    A stored user has a new password.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IdentifierChanged(Event):
    """
    A stored user has a new e-mail or username; *field* says which.
    """

    user_id: str
    field: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserBlocked(Event):
    """
    A user was blocked.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserUnblocked(Event):
    """
    A user was unblocked.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserDeleted(Event):
    """
    A user was deleted.  The ledger remembers that they moved.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserReadmitted(Event):
    """
    The ledger has forgotten that a user of the source moved.
    """

    level = _WARNING

    legacy_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProfileDrift(Event):
    """
    ``login`` and ``get_user`` of the source do not agree on *fields*.
    """

    level = _WARNING

    user_id: str
    fields: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RuleFailed(Event):
    """
    A rule raised, or gave an answer that is none.  The login was denied.

    *detail* is where.
    """

    level = _ERROR

    detail: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StrategySwitched(Event):
    """
    All stored users were brought into the form of strategy version 2, but for *left*.

    *rewritten* is how many users were written, and *reserved* how many keys were
    reserved in that form, too.
    """

    level = _WARNING

    rewritten: int
    reserved: int
    left: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CutOver(Event):
    """
    The source was replaced by a no-op.

    *remaining* is how many users had not moved, or None where nobody can tell.
    """

    level = _WARNING

    remaining: int | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LeftoversKept(Event):
    """
    Who had not moved was loaded or reserved; see `migratekit.finish.Leftovers`.
    """

    level = _WARNING

    loaded: int
    reserved: int
    unreadable: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReservationsLifted(Event):
    """
    *count* keys that were reserved are free again.
    """

    level = _WARNING

    count: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingsChanged(Event):
    """
    A connection follows another version of its settings from now on.
    """

    level = _WARNING

    connection_id: str
    version: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingsRefused(Event):
    """
    A connection stays as it is: it cannot be as its settings want it.

    *detail* is why.
    """

    level = _ERROR

    connection_id: str
    version: int
    detail: str


def log_event(event: Event) -> None:
    """
    Log *event* to the logger ``migratekit``, with its fields as ``extra``.

    The record has the attribute ``migratekit``: a dict of the event's name and fields.
    """
    fields = attrs.asdict(event)
    name = type(event).__name__
    text = " ".join(f"{key}={one_line(value)}" for key, value in fields.items())
    _logger().log(
        event.level,
        "%s %s",
        name,
        text,
        extra={"migratekit": {"event": name, **fields}},
    )


def _logger() -> "Logger":
    import logging  # noqa: PLC0415

    return logging.getLogger("migratekit")
