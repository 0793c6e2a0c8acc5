"""
What happened: values for listeners, and the listener that logs.

No event holds a password, a hash or a token.
"""

from typing import TYPE_CHECKING

import attrs

from migratekit.events._event import Event, one_line, printable
from migratekit.events._operation import (
    LATENCIES,
    AttemptsThrottled,
    CutOver,
    FloorExceeded,
    LeftoversKept,
    Operation,
    ReservationsLifted,
    SettingsChanged,
    SettingsRefused,
    SourceAsked,
    SourceMissed,
    SourceResumed,
    SourceSuspended,
    StrategySwitched,
    ThrottleFailed,
)
from migratekit.events._people import (
    IdentifierChanged,
    LoginRefused,
    LoginSucceeded,
    MigrationRehearsed,
    PasswordChanged,
    PasswordChangeStarted,
    PasswordRehashed,
    ProfileDrift,
    RehashFailed,
    Rehearsed,
    RuleFailed,
    UserBlocked,
    UserDeleted,
    UserMigrated,
    UserReadmitted,
    UserSignedUp,
    UsersImported,
    UserUnblocked,
)


if TYPE_CHECKING:
    from logging import Logger

__all__ = [
    "LATENCIES",
    "AttemptsThrottled",
    "CutOver",
    "Event",
    "FloorExceeded",
    "IdentifierChanged",
    "LeftoversKept",
    "LoginRefused",
    "LoginSucceeded",
    "MigrationRehearsed",
    "Operation",
    "PasswordChangeStarted",
    "PasswordChanged",
    "PasswordRehashed",
    "ProfileDrift",
    "RehashFailed",
    "Rehearsed",
    "ReservationsLifted",
    "RuleFailed",
    "SettingsChanged",
    "SettingsRefused",
    "SourceAsked",
    "SourceMissed",
    "SourceResumed",
    "SourceSuspended",
    "StrategySwitched",
    "ThrottleFailed",
    "UserBlocked",
    "UserDeleted",
    "UserMigrated",
    "UserReadmitted",
    "UserSignedUp",
    "UserUnblocked",
    "UsersImported",
    "log_event",
    "one_line",
    "printable",
]


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
