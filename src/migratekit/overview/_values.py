"""
What an operator sees of a migration.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import Literal

import attrs

from migratekit._fields import Shown
from migratekit.events import LATENCIES
from migratekit.models import Progress
from migratekit.overview._pace import Pace


@attrs.frozen(repr=False)
class StoredFormat(Shown):
    """
    How many stored users have a hash of a format.

    Args:
        name: As `migratekit.passwords.format_of()` calls it.
        users: How many have one.
        state:
            ``current``; ``outdated`` if the next login renews it; or ``no_password``
            for those who have no hash, whom the source vouches for or who must reset.
    """

    name: str
    users: int
    state: Literal["current", "outdated", "no_password"]


@attrs.frozen(repr=False)
class Condition(Shown):
    """
    Something that ought to be so before the cut-over.

    Args:
        code: Which: ``users_remain``, ``weak_hashes`` or ``source_asked``.
        state: ``met``, ``blocks``, or ``unknown`` if nobody can tell.
        number: How many are in the way; None if nobody can tell.
        text: The same in a sentence.
    """

    code: str
    state: Literal["met", "blocks", "unknown"]
    number: int | None
    text: str


@attrs.frozen(repr=False)
class Logins(Shown):
    """
    What came of logins.

    Args:
        succeeded: How many were let in.
        moved: How many of these moved by it.
        refused: How many were not let in, by the reason.
    """

    succeeded: int = 0
    moved: int = 0
    refused: dict[str, int] = attrs.field(factory=dict, hash=False)

    @property
    def total(self) -> int:
        """
        How many there were.
        """
        return self.succeeded + sum(self.refused.values())


@attrs.frozen(repr=False)
class SourceCalls(Shown):
    """
    How the source answered.

    Args:
        calls: How often it was asked.
        failures: How often it did not answer, or too late.
        milliseconds: How long all of that took.
        within:
            How many calls took up to 10, 30, 100, 300, 1000 and 3000 milliseconds, and
            how many took longer; each counts once.
    """

    calls: int = 0
    failures: int = 0
    milliseconds: int = 0
    within: tuple[int, ...] = (0,) * (len(LATENCIES) + 1)

    def limit(self, share: float) -> float | None:
        """
        Return how many milliseconds *share* of the calls took at most: the upper end of
        a step of *within*, infinite for the last, and None if there were none.
        """
        total = sum(self.within)
        limits = (*LATENCIES, math.inf)
        for limit, reached in zip(limits, accumulate(self.within), strict=True):
            if total and reached >= share * total:
                return limit
        return None


@attrs.frozen(repr=False)
class Asked(Shown):
    """
    How often the source would have been asked after the cut-over.

    Args:
        times: How often.
        people: For about how many different people; None if nobody noted whom.
    """

    times: int = 0
    people: int | None = None


@attrs.frozen(kw_only=True, repr=False)
class Statistics(Shown):
    """
    What a `migratekit.recorder.StatisticsRecorder` has recorded, by day in UTC.

    Days of which nothing was recorded are left out.

    Args:
        since: The first day that was looked at.
        first_day: The first of them with anything; None if nothing was recorded.
        logins: What came of logins.
        source: How the source answered.
        asked: How often it would have been asked after the cut-over.
        asked_in_all: The same of all these days; somebody who comes twice is one.
        asked_by:
            How often by what: ``login``, or an operation of
            `migratekit.events.SourceMissed`.

        rehearsed: How often what would have come of a login.
        rehearsed_codes: The same by ``outcome.code``, where there was a code for why.
    """

    since: dt.date
    first_day: dt.date | None
    logins: dict[dt.date, Logins] = attrs.field(hash=False)
    source: dict[dt.date, SourceCalls] = attrs.field(hash=False)
    asked: dict[dt.date, Asked] = attrs.field(hash=False)
    asked_in_all: Asked
    asked_by: dict[str, int] = attrs.field(hash=False)
    rehearsed: dict[str, int] = attrs.field(hash=False)
    rehearsed_codes: dict[str, int] = attrs.field(hash=False)

    def logins_since(self, day: dt.date) -> Logins:
        """
        Return the logins of *day* and later as one.
        """
        chosen = [logins for at, logins in self.logins.items() if at >= day]
        refused: Counter[str] = Counter()
        for logins in chosen:
            refused.update(logins.refused)
        return Logins(
            sum(logins.succeeded for logins in chosen),
            sum(logins.moved for logins in chosen),
            dict(refused),
        )

    def source_since(self, day: dt.date) -> SourceCalls:
        """
        Return the calls of *day* and later as one.
        """
        chosen = [calls for at, calls in self.source.items() if at >= day]
        return SourceCalls(
            sum(calls.calls for calls in chosen),
            sum(calls.failures for calls in chosen),
            sum(calls.milliseconds for calls in chosen),
            _added([SourceCalls().within, *(calls.within for calls in chosen)]),
        )

    @property
    def last_asked(self) -> dt.date | None:
        """
        The last day on which the source was asked.
        """
        return max(self.source, default=None)


def _added(numbers: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*numbers, strict=True)))


@attrs.frozen(kw_only=True, repr=False)
class Overview(Shown):
    """
    How far a migration is and how it goes, at a moment.

    Args:
        made_at: The moment, in UTC.
        source_name: What stands in front of every legacy id.
        is_cut_over: Whether the source is not asked any more.
        progress: Who has moved; None if the store cannot count.
        paces: How fast they do; empty before a week has passed.
        formats:
            Which hashes are stored, most frequent first; None if the store cannot
            count.

        statistics:
            What was recorded; None if the store keeps no statistics.

        conditions: What the cut-over waits for; none after it.
        interval:
            Seconds between two writes of the connection's recorder; None if there is
            none.
    """

    made_at: dt.datetime
    source_name: str
    is_cut_over: bool
    progress: Progress | None
    paces: tuple[Pace, ...]
    formats: tuple[StoredFormat, ...] | None
    statistics: Statistics | None
    conditions: tuple[Condition, ...]
    interval: float | None = None

    @property
    def today(self) -> dt.date:
        """
        The day, in UTC.
        """
        return self.made_at.date()

    @property
    def expected(self) -> int | None:
        """
        How many will have moved in the end; None where nobody can tell, which nobody
        can after the cut-over.
        """
        progress = self.progress
        if progress is None or progress.remaining is None or self.is_cut_over:
            return None
        return progress.moved + progress.remaining

    @property
    def finish(self) -> tuple[dt.date, dt.date] | None:
        """
        Between which days all would have moved if it went on as in the last 7 and 14
        days; None where that cannot be said.

        Those who come often move first, so that it hardly ever goes on like that: most
        likely it is later.
        """
        days = [pace.finish for pace in self.paces]
        known = [day for day in days if day is not None]
        if not known or len(known) < len(days):
            return None
        return min(known), max(known)

    @property
    def outdated(self) -> int | None:
        """
        How many stored hashes the next login renews; None if nobody can tell.
        """
        if self.formats is None:
            return None
        return sum(each.users for each in self.formats if each.state == "outdated")
