"""
When a source is asked, and when it is left alone: concurrent calls, and failures.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Literal

import attrs

from migratekit._fields import Shown
from migratekit._forking import when_forked
from migratekit._meter import Meter
from migratekit.errors import LegacyUnavailableError
from migratekit.events import Event, SourceResumed, SourceSuspended
from migratekit.models import SourceHealth
from migratekit.protocols import Clock, PartitionedSource


_LEFT_ALONE: Final = "it has failed, and is left alone"


@attrs.frozen(kw_only=True, repr=False)
class Limits(Shown):
    """
    What a source is granted.

    Args:
        deadline: Seconds for one whole call.
        calls: How many calls may be under way at once, abandoned ones included.
        failures: After how many in a row the source is left alone.
        pause: For how many seconds it then is.
    """

    deadline: float
    calls: int
    failures: int
    pause: float


@attrs.define(eq=False, repr=False)
class Entry(Shown):
    """
    A call that was let through.

    *round* tells calls of before a pause from those of after it; *began* is None unless
    it has begun, and once it was counted.
    """

    round: int
    probe: bool
    began: float | None = None


class Circuit:
    """
    Lets so many calls through at once, until too many have failed.

    After *failures* in a row nobody is let through for *pause* seconds, and then one
    call only: if that is answered, the source is asked as ever.
    """

    def __init__(self, limits: Limits, clock: Clock, part: str) -> None:
        self._limits = limits
        self._clock = clock
        self._part = part
        self._news: deque[Event] = deque()
        self.forget()

    def forget(self) -> None:
        """
        Begin anew, as in a forked process, which has none of its parent's threads.
        """
        self._lock = threading.Lock()
        self._meter = Meter(self._clock, self._part)
        self._waiting: deque[Callable[[], object]] = deque()
        self._calls = 0
        self._abandoned = 0
        self._failures = 0
        self._round = 0
        self._open_until: float | None = None
        self._probing = False

    def limit(self, limits: Limits) -> None:
        """
        Grant something else from now on.
        """
        with self._lock:
            self._limits = limits
            room = self._has_room()
        if room:
            self.pass_on()

    def enter(self, wake: Callable[[], object]) -> Entry | None:
        """
        Let a call through; None if it has to ask again once *wake* is called.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the source is left alone.
        """
        with self._lock:
            probe = self._open_until is not None
            full = self._calls >= self._limits.calls
            # Calls that have hung since before the pause may leave no room to try.
            if probe and (self._probing or full or self._seconds_left() > 0):
                raise LegacyUnavailableError(_LEFT_ALONE)
            if full:
                self._waiting.append(wake)
                return None
            self._calls += 1
            self._probing = probe
            entry = Entry(self._round, probe)
            on = probe or self._has_room()
        if on:
            # Some may have waited since before a pause, and nobody has told them yet.
            self.pass_on()
        return entry

    def begin(self, entry: Entry) -> None:
        """
        Note that a call that was let through is made now, or stop it.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the source has been suspended since.
        """
        if entry.round != self._round:
            raise LegacyUnavailableError(_LEFT_ALONE)
        entry.began = self._clock.monotonic()

    def pass_on(self) -> None:
        """
        Let the next one of those who wait ask again.

        Whoever does and is refused calls this, too, so that of a thousand who wait when
        the source is suspended not all are busy with it at once.
        """
        with self._lock:
            if not self._waiting:
                return
            wake = self._waiting.popleft()
        wake()

    def wait_no_more(self, wake: Callable[[], object]) -> None:
        """
        Take back that somebody waits; whoever was just called lets the next one go.
        """
        with self._lock:
            if wake in self._waiting:
                self._waiting.remove(wake)
                return
        self.pass_on()

    def leave(self, *, abandoned: bool = False) -> None:
        """
        Note that a call has really ended, and whether nobody waited any more.
        """
        with self._lock:
            # Not below zero: a fork may have begun anew in the midst of the call.
            self._calls = max(0, self._calls - 1)
            self._abandoned = max(0, self._abandoned - abandoned)
            room = self._has_room()
        if room:
            self.pass_on()

    def abandon(self) -> None:
        """
        Note that nobody waits any more for a call that has not ended.
        """
        with self._lock:
            self._abandoned += 1

    def succeed(self, entry: Entry) -> None:
        """
        Note that the source has answered.
        """
        with self._lock:
            self._measure(entry, failed=False)
            if entry.round != self._round:
                return
            self._failures = 0
            if entry.probe:
                self._round += 1
                self._open_until, self._probing = None, False
                self._news.append(SourceResumed(part=self._part))

    def fail(self, entry: Entry) -> None:
        """
        Note that the source has not answered, or only that it cannot.
        """
        with self._lock:
            self._measure(entry, failed=True)
            if entry.round != self._round:
                return
            self._failures += 1
            if not entry.probe and self._failures < self._limits.failures:
                return
            self._round += 1
            self._probing = False
            self._open_until = self._clock.monotonic() + self._limits.pause
            suspended = SourceSuspended(
                part=self._part, failures=self._failures, pause=self._limits.pause
            )
            self._news.append(suspended)
        self.pass_on()

    def withdraw(self, entry: Entry) -> None:
        """
        Note that nobody will ever know what became of a call: it was cancelled.
        """
        with self._lock:
            if entry.round == self._round and entry.probe:
                self._probing = False

    def news(self) -> tuple[Event, ...]:
        """
        Return what happened since this was last asked.
        """
        news: list[Event] = []
        while self._news:
            try:
                news.append(self._news.popleft())
            except IndexError:  # pragma: no cover -- another thread was faster
                break
        with self._lock:
            asked = self._meter.news()
        return tuple(news) if asked is None else (*news, asked)

    def health(self) -> SourceHealth:
        """
        Return how things are.
        """
        with self._lock:
            left = self._seconds_left()
            circuit: Literal["closed", "open", "half_open"] = "closed"
            if self._open_until is not None:
                circuit = "open" if left > 0 else "half_open"
            return SourceHealth(
                part=self._part,
                circuit=circuit,
                calls=self._calls,
                abandoned=self._abandoned,
                failures=self._failures,
                retry_after=left,
            )

    def _has_room(self) -> bool:
        return self._open_until is None and self._calls < self._limits.calls

    def _measure(self, entry: Entry, *, failed: bool) -> None:
        if entry.began is not None:
            took = self._clock.monotonic() - entry.began
            self._meter.add(max(0.0, took), failed=failed)
            # A call may end in the very moment of its deadline.
            entry.began = None

    def _seconds_left(self) -> float:
        if self._open_until is None:
            return 0.0
        return max(0.0, self._open_until - self._clock.monotonic())


class Circuits:
    """
    A circuit for every part of a source, made when it is first asked.
    """

    def __init__(self, source: object, limits: Limits, clock: Clock) -> None:
        # Looked up once: isinstance() takes long with a protocol.
        self._part_of = _whole
        if isinstance(source, PartitionedSource):
            self._part_of = source.part_of
        self._limits = limits
        self._clock = clock
        self._circuits: dict[str, Circuit] = {}
        self._lock = threading.Lock()
        when_forked(self, Circuits.forget)

    def limit(self, limits: Limits) -> None:
        """
        Grant the source something else from now on, calls under way included.
        """
        with self._lock:
            self._limits = limits
            for circuit in self._circuits.values():
                circuit.limit(limits)

    def news(self) -> tuple[Event, ...]:
        """
        Return which parts were suspended or resumed since this was last asked, and now
        and then how they did.
        """
        circuits = list(self._circuits.values())
        return tuple(event for circuit in circuits for event in circuit.news())

    def health(self) -> tuple[SourceHealth, ...]:
        """
        Return how the parts are that were asked so far.
        """
        return tuple(circuit.health() for circuit in list(self._circuits.values()))

    def forget(self) -> None:
        """
        Begin anew in a forked process.
        """
        self._lock = threading.Lock()
        for circuit in self._circuits.values():
            circuit.forget()

    def of(self, identifier: str) -> Circuit:
        """
        Return the circuit that an outage for *identifier* belongs to.
        """
        part = self._part_of(identifier)
        circuit = self._circuits.get(part)
        if circuit is not None:
            return circuit
        with self._lock:
            made = Circuit(self._limits, self._clock, part)
            return self._circuits.setdefault(part, made)


def _whole(identifier: str, /) -> str:  # noqa: ARG001
    return ""
