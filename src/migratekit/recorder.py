"""
A listener that adds up what happens, day by day, for operators to look at.

Adding up is done in memory; a thread writes the sums to a store now and then.
"""

import atexit
import datetime as dt
import inspect
import logging
import operator
import re
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from migratekit._assembly import SystemClock
from migratekit._forking import not_forked_amid, when_forked
from migratekit._steps.step import whereabouts
from migratekit.errors import ConfigurationError, MigrateKitError, StoreUnavailableError
from migratekit.events import (
    LATENCIES,
    Event,
    LoginRefused,
    LoginSucceeded,
    MigrationRehearsed,
    SourceAsked,
    SourceMissed,
)
from migratekit.protocols import Clock
from migratekit.sketch import Sketch
from migratekit.statistics import StatisticsStore, Tally


_CLOCK: Final = SystemClock()
_ASKED: Final = "after_cut_over.asked"
_SUCCEEDED: Final = {"login.succeeded": 1}
_MOVED: Final = {"login.succeeded": 1, "login.moved": 1}
_WOULD_HAVE_ASKED: Final = {"login.refused.cut_over": 1, _ASKED: 1}
# Why a login may be refused.  Everything else is a rule's own word.
_REASONS: Final = frozenset(
    {
        "account_blocked",
        "ambiguous_user",
        "bad_input",
        "configuration",
        "contract",
        "cut_over",
        "gone",
        "legacy_unavailable",
        "lookup_unsupported",
        "no_password",
        "overloaded",
        "password_change_required",
        "password_rejected",
        "profile_invalid",
        "retired",
        "rule_failed",
        "stale_record",
        "store_unavailable",
        "too_many_attempts",
        "unknown_or_wrong",
        "unusable_hash",
        "wrong_password",
    }
)
# What is kept for a store that does not answer.
_MOST_DAYS: Final = 31
# A code may be an application's own.
_MOST_CODES: Final = 100
_CODE: Final = r"[A-Za-z0-9_.-]{1,32}"

_RECORDERS: "Final[weakref.WeakSet[StatisticsRecorder]]" = weakref.WeakSet()


class _Day:
    """
    What happened on a day.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.people: Sketch | None = None

    def count(self, counts: Mapping[str, int]) -> None:
        """
        Add *counts* to those that are there.
        """
        for name, number in counts.items():
            self.counts[name] = self.counts.get(name, 0) + number

    def add(self, other: "_Day") -> None:
        """
        Add what happened besides.
        """
        self.count(other.counts)
        if other.people is not None:
            self.notebook().merge(other.people)

    def notebook(self) -> Sketch:
        """
        Return the sketch of those who would have been asked about.
        """
        if self.people is None:
            self.people = Sketch()
        return self.people

    def tallies(self, day: dt.date) -> Iterator[Tally]:
        """
        Yield it as a store wants it.
        """
        for name, count in self.counts.items():
            people = self.people if name == _ASKED else None
            yield Tally(day, name, count, None if people is None else people.to_text())


class StatisticsRecorder:
    """
    A listener that adds up events by their day, in UTC, and writes the sums to *store*.

    To be told costs a login a few microseconds and never a write: a daemon thread of
    the recorder's own writes, at most once in *interval* seconds, and only if something
    has happened.  What is left is written when the process ends, unless it is killed;
    a forked process begins with nothing and writes its own.  If the store cannot be
    written to, that is logged, and the figures of up to 31 days are kept for the next
    time.

    Safe to share between threads and connections.

    Args:
        store:
            Where the sums go, a `migratekit.statistics.StatisticsStore`.  It is written
            to from a thread, so that it must be a sync one: for an application with an
            ``AsyncSQLStore``, an ``SQLStore`` of the same database.

        interval: Seconds between two writes; 0.01 to 86,400.
        clock: Says which day it is.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """

    def __init__(
        self,
        store: StatisticsStore,
        *,
        interval: float = 60.0,
        clock: Clock = _CLOCK,
    ) -> None:
        if not isinstance(store, StatisticsStore):
            raise ConfigurationError(f"{type(store).__name__} is no StatisticsStore.")
        if inspect.iscoroutinefunction(store.add_tallies):
            raise ConfigurationError(
                "A recorder writes from a thread: give it a sync store, such as an "
                "SQLStore of the same database."
            )
        if type(interval) not in {int, float} or not 0.01 <= interval <= 86_400:
            raise ConfigurationError("interval must be 0.01 to 86400 seconds.")
        self._store = store
        self._interval = interval
        self._clock = clock
        self._codes: set[str] = set()
        self._begin_anew(closed=False)
        _RECORDERS.add(self)
        when_forked(self, StatisticsRecorder._forget)
        not_forked_amid(self, operator.attrgetter("_writing"))

    def _begin_anew(self, *, closed: bool) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closing = threading.Event()
        if closed:
            self._closing.set()
        self._days: dict[dt.date, _Day] = {}
        self._writer: threading.Thread | None = None

    def _forget(self) -> None:
        # The parent writes what it has added up, and locks may be held by its threads.
        self._begin_anew(closed=self._closing.is_set())

    def __call__(self, event: Event) -> None:
        """
        Add *event* to the sums, if it is one of those that count.
        """
        counts = self._counts_of(event)
        if not counts:
            return
        today = self._clock.now().astimezone(dt.UTC).date()
        with self._lock:
            happened = self._of(today)
            happened.count(counts)
            if isinstance(event, LoginRefused | SourceMissed) and _ASKED in counts:
                happened.notebook().add(event.identifier.strip().lower())
            self._see_to_it()

    @property
    def interval(self) -> float:
        """
        Seconds between two writes.
        """
        return self._interval

    def flush(self) -> None:
        """
        Write now what has been added up.

        Raises:
            migratekit.errors.StoreUnavailableError:
                If the store did not take it; the figures are kept.
        """
        with self._lock:
            taken, self._days = self._days, {}
        if not taken:
            return
        tallies = [
            tally for day, happened in taken.items() for tally in happened.tallies(day)
        ]
        try:
            with self._writing:
                self._store.add_tallies(tallies)
        except BaseException as exc:
            self._put_back(taken)
            if not isinstance(exc, Exception):
                raise
            detail = whereabouts(exc)
        else:
            return
        raise StoreUnavailableError(detail)

    def close(self) -> None:
        """
        Write what is left, and start no thread any more.

        Raises:
            migratekit.errors.StoreUnavailableError: As `flush()` does.
        """
        self._closing.set()
        with self._lock:
            writer = self._writer
        if writer is not None:
            writer.join()
        self.flush()

    def _counts_of(self, event: Event) -> Mapping[str, int]:
        if isinstance(event, LoginSucceeded):
            return _MOVED if event.migrated else _SUCCEEDED
        if isinstance(event, LoginRefused):
            if event.reason == "cut_over":
                return _WOULD_HAVE_ASKED
            known = event.reason if event.reason in _REASONS else "other"
            return {f"login.refused.{known}": 1}
        if isinstance(event, MigrationRehearsed):
            names = [f"rehearsal.{event.outcome}"]
            names += [f"{names[0]}.{self._known_code(code)}" for code in event.codes]
            return Counter(names)
        if isinstance(event, SourceMissed):
            return {_ASKED: 1, f"{_ASKED}.{event.operation}": 1}
        if isinstance(event, SourceAsked):
            return _counts_of_source(event)
        return {}

    def _known_code(self, code: str) -> str:
        if re.fullmatch(_CODE, code) is None:
            return "other"
        if code not in self._codes:
            if len(self._codes) >= _MOST_CODES:
                return "other"
            self._codes.add(code)
        return code

    def _of(self, day: dt.date) -> _Day:
        happened = self._days.get(day)
        if happened is None:
            happened = self._days[day] = _Day()
            for old in sorted(self._days)[:-_MOST_DAYS]:
                del self._days[old]
        return happened

    def _put_back(self, taken: dict[dt.date, _Day]) -> None:
        with self._lock:
            for day, happened in taken.items():
                self._of(day).add(happened)

    def _see_to_it(self) -> None:
        """
        Have a thread that will write.
        """
        # Only one that a store has ended is not alive, and still there.
        there = self._writer is not None and self._writer.is_alive()
        if there or self._closing.is_set():
            return
        self._writer = threading.Thread(
            target=self._write_now_and_then, name="migratekit-recorder", daemon=True
        )
        try:
            self._writer.start()
        except RuntimeError:
            # No thread is left, or the process is about to end: the next event, or the
            # end, will see to it.
            self._writer = None

    def _write_now_and_then(self) -> None:
        while not self._closing.wait(self._interval):
            _or_log(self.flush)
            with self._lock:
                if not self._days:
                    self._writer = None
                    return


def _counts_of_source(event: SourceAsked) -> dict[str, int]:
    limits = (*map(str, LATENCIES), "more")
    counts = {
        "source.calls": event.calls,
        "source.failures": event.failures,
        "source.milliseconds": round(event.seconds * 1000),
    }
    for limit, number in zip(limits, event.within, strict=True):
        counts[f"source.within.{limit}"] = number
    return {name: count for name, count in counts.items() if count}


def _or_log(write: Callable[[], None]) -> None:
    try:
        write()
    except MigrateKitError as error:
        logging.getLogger("migratekit").error(  # noqa: TRY400 -- nobody's frames
            "The statistics could not be written: %s", error
        )


def _close_all() -> None:
    for recorder in list(_RECORDERS):
        _or_log(recorder.close)


atexit.register(_close_all)
