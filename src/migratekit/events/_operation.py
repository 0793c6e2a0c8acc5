"""
What happened to the migration as a whole, and to the parts of a connection.
"""

from typing import Final, Literal, TypeAlias

import attrs

from migratekit.events._event import ERROR, WARNING, Event, printable


# Milliseconds: see `SourceAsked`.
LATENCIES: Final = (10, 30, 100, 300, 1000, 3000)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FloorExceeded(Event):
    """
    A failure took longer than ``failure_floor``, so its time may tell something.

    Both in seconds.
    """

    level = WARNING

    took: float
    floor: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceSuspended(Event):
    """
    The source has failed *failures* times in a row, and is left alone for *pause*
    seconds.

    *part* is which part of it; empty for a source that is asked as a whole.
    """

    level = ERROR

    part: str
    failures: int
    pause: float


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceResumed(Event):
    """
    The source answers again.
    """

    level = WARNING

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


# What asks the source for somebody, and is no login.
Operation: TypeAlias = Literal[
    "sign_up",
    "create_user",
    "start_password_change",
    "finish_password_change",
    "change_email",
    "change_username",
    "get_user",
]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SourceMissed(Event):
    """
    The source would have been asked who somebody is, were it not for the cut-over.

    *operation* is what was called, and *identifier* what was typed, see `printable()`.
    A login, or a change of a password with the old one, tells `LoginRefused` instead,
    with the reason ``cut_over``.
    """

    identifier: str = attrs.field(converter=printable)
    operation: Operation


@attrs.frozen(kw_only=True, eq=False, repr=False)
class AttemptsThrottled(Event):
    """
    Somebody has to wait before the next attempt.

    *kind* is what was counted too often, see `migratekit.throttle.AttemptKind`;
    *retry_after* is in seconds, None if only a reset of the password helps.
    """

    level = WARNING

    kind: str
    retry_after: int | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ThrottleFailed(Event):
    """
    An attempt that was no failure is still counted as one.

    *detail* is why.
    """

    level = ERROR

    detail: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StrategySwitched(Event):
    """
    All stored users were brought into the form of strategy version 2, but for *left*.

    *rewritten* is how many users were written, and *reserved* how many keys were
    reserved in that form, too.
    """

    level = WARNING

    rewritten: int
    reserved: int
    left: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CutOver(Event):
    """
    The source was replaced by a no-op.

    *remaining* is how many users had not moved, or None where nobody can tell.
    """

    level = WARNING

    remaining: int | None


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LeftoversKept(Event):
    """
    Who had not moved was loaded or reserved; see `migratekit.finish.Leftovers`.
    """

    level = WARNING

    loaded: int
    reserved: int
    unreadable: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReservationsLifted(Event):
    """
    *count* keys that were reserved are free again.
    """

    level = WARNING

    count: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingsChanged(Event):
    """
    A connection follows another version of its settings from now on.
    """

    level = WARNING

    connection_id: str
    version: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class SettingsRefused(Event):
    """
    A connection stays as it is: it cannot be as its settings want it.

    *detail* is why.
    """

    level = ERROR

    connection_id: str
    version: int
    detail: str
