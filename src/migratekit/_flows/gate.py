"""
Whether the source may go, and what stands in the way.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from migratekit._flows.context import Context
from migratekit._steps import CountSource, CountUsers, IsCutOver, ReadDate
from migratekit._steps.operators import FindListing, ReadTallies
from migratekit.errors import ConfigurationError, LegacyUnavailableError
from migratekit.finish import Gate, Reason
from migratekit.models import Figures


MOST_DAYS: Final = 3660

_A_MONTH: Final = dt.timedelta(days=31)


@attrs.frozen
class _Counted:
    """
    How often the source was asked, and how many moved by that.

    *first* is the first of all days of which anything was counted, if that is later
    than the days that matter.
    """

    first: dt.date
    asked: int
    moved: int


@attrs.frozen(kw_only=True)
class _Seen:
    """
    Everything that was found out.
    """

    known: int | None
    answered: bool
    can_list: bool
    is_cut_over: bool
    figures: Figures | None
    quiet_days: int
    today: dt.date
    since: dt.date
    counted: _Counted | None

    @property
    def remaining(self) -> int | None:
        if self.known is None or self.figures is None:
            return None
        return max(0, self.known - self.figures.moved)

    @property
    def asked(self) -> int | None:
        counted = self.counted
        if counted is None:
            return None
        # None in less time proves nothing.
        is_enough = counted.asked or counted.first <= self.since
        return counted.asked if is_enough else None

    @property
    def weak_formats(self) -> dict[str, int]:
        return {} if self.figures is None else weak_formats(self.figures.by_format)


def weak_formats(by_format: Mapping[str, int]) -> dict[str, int]:
    """
    Return those formats of *by_format* that are, or may be, quick to guess, the most
    frequent first.

    What is not known to be slow counts as quick.
    """
    # Takes longer to import than all that is needed before.
    from migratekit.formats.presets.guessing import is_slow  # noqa: PLC0415

    weak = {
        label: number
        for label, number in by_format.items()
        if label != "none" and not is_slow(label)
    }
    return dict(sorted(weak.items(), key=lambda item: (-item[1], item[0])))


async def gate(_: Context, quiet_days: int) -> Gate:
    """
    Look at everything that tells whether the source may go.  Writes nothing.

    Raises:
        migratekit.errors.ConfigurationError: If *quiet_days* is no such number.
    """
    if type(quiet_days) is not int or not 0 <= quiet_days <= MOST_DAYS:
        raise ConfigurationError(f"quiet_days must be 0 to {MOST_DAYS}.")
    today = (await ReadDate()).astimezone(dt.UTC).date()
    # Today is one of them.
    since = today - dt.timedelta(days=max(0, quiet_days - 1))
    known, answered = await _count()
    seen = _Seen(
        known=known,
        answered=answered,
        can_list=await FindListing() is not None,
        is_cut_over=await IsCutOver() is True,
        figures=await _figures(),
        quiet_days=quiet_days,
        today=today,
        since=since,
        counted=await _counted(since) if quiet_days else None,
    )
    return Gate(
        known=known,
        moved=None if seen.figures is None else seen.figures.moved,
        remaining=seen.remaining,
        weak_formats=seen.weak_formats,
        quiet_days=quiet_days,
        asked=seen.asked,
        moved_lately=None if seen.counted is None else seen.counted.moved,
        reasons=tuple(_reasons(seen)),
        warnings=tuple(_warnings(seen)),
    )


async def _count() -> tuple[int | None, bool]:
    try:
        return await CountSource(), True
    except LegacyUnavailableError:
        return None, False


async def _figures() -> Figures | None:
    try:
        return await CountUsers()
    except ConfigurationError:
        # The store cannot count.
        return None


async def _counted(since: dt.date) -> _Counted | None:
    tallies = await ReadTallies(since - _A_MONTH)
    if all(tally.day > since for tally in tallies):
        # Of all others it does not matter when they began to count.
        tallies = await ReadTallies(None)
    if not tallies:
        return None
    sums = {"source.calls": 0, "login.moved": 0, "login.refused.unknown_or_wrong": 0}
    for tally in tallies:
        if tally.name in sums and tally.day >= since:
            sums[tally.name] += tally.count
    calls, moved, refused = sums.values()
    # A process that ends takes along its last calls, but no login that was one.
    asked = max(calls, moved + refused)
    return _Counted(min(tally.day for tally in tallies), asked, moved)


def _reasons(seen: _Seen) -> Iterator[Reason]:
    remaining, weak, counted = seen.remaining, seen.weak_formats, seen.counted
    if remaining:
        have = "users have" if remaining != 1 else "user has"
        text = f"{remaining:,} {have} not moved yet."
        yield Reason(code="users_remain", message=text, number=remaining)
    if not seen.answered:
        text = "The source did not answer: nobody knows how many have not moved."
        yield Reason(code="source_unavailable", message=text)
    if weak:
        number = sum(weak.values())
        hashes = "hashes are" if number != 1 else "hash is"
        listed = ", ".join(f"{label} ({count:,})" for label, count in weak.items())
        text = f"{number:,} stored {hashes} quick to guess, or may be: {listed}."
        yield Reason(code="weak_hashes", message=text, number=number)
    if counted is not None and counted.asked and not seen.is_cut_over:
        text = (
            f"The source was asked {_times(counted.asked)} "
            f"{_within(seen.quiet_days)}, and {_users(counted.moved)} moved by that."
        )
        yield Reason(code="source_asked", message=text, number=counted.asked)


def _warnings(seen: _Seen) -> Iterator[Reason]:
    if seen.figures is None:
        text = "The store cannot count: nobody knows how many have moved."
        yield Reason(code="store_cannot_count", message=text)
    if seen.is_cut_over:
        return
    if seen.known is None and seen.answered:
        text = "The source cannot count: nobody knows how many have not moved."
        yield Reason(code="source_cannot_count", message=text)
    if not seen.can_list:
        text = (
            "The source cannot list its users: who has not moved can be neither "
            "loaded nor reserved."
        )
        yield Reason(code="source_cannot_list", message=text)
    if not seen.quiet_days:
        return
    if seen.counted is None:
        text = (
            "Nobody counts how often the source is asked: a StatisticsRecorder "
            "among the listeners of the connection does."
        )
        yield Reason(code="calls_not_counted", message=text)
    elif seen.counted.first > seen.since:
        first = seen.counted.first
        days = f"{(seen.today - first).days + 1} of {seen.quiet_days} days"
        text = (
            f"How often the source is asked is recorded only since {first}, for "
            f"{days}: nobody knows how often before."
        )
        yield Reason(code="calls_counted_since", message=text)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _users(number: int) -> str:
    return "1 user" if number == 1 else f"{number:,} users"


def _within(days: int) -> str:
    return "today" if days == 1 else f"in the last {days} days"
