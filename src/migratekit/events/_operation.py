"""
What happened to the migration as a whole, and to the parts of a connection.
"""

from typing import Final

import attrs

from migratekit.events._event import ERROR, WARNING, Event


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
