"""
How often a part of the source was asked, how often in vain, and how long that took.
"""

from bisect import bisect_left
from typing import Final

from migratekit.events import LATENCIES, SourceAsked
from migratekit.protocols import Clock


_INTERVAL: Final = 60.0  # seconds
_LIMITS: Final = tuple(milliseconds / 1000 for milliseconds in LATENCIES)


class Meter:
    """
    Adds up the calls of a part of a source, and tells of them at most once a minute.

    Only for whoever holds the lock of the part's circuit.
    """

    def __init__(self, clock: Clock, part: str) -> None:
        self._clock = clock
        self._part = part
        self._begin(clock.monotonic())

    def _begin(self, now: float) -> None:
        self._told_at = now
        self._calls = 0
        self._failures = 0
        self._seconds = 0.0
        self._within = [0] * (len(_LIMITS) + 1)

    def add(self, seconds: float, *, failed: bool) -> None:
        """
        Count a call that has ended, or that nobody waits for any more.
        """
        self._calls += 1
        self._failures += failed
        self._seconds += seconds
        self._within[bisect_left(_LIMITS, seconds)] += 1

    def news(self) -> SourceAsked | None:
        """
        Return the figures since this last did; None if it is too early, or there are
        none.
        """
        now = self._clock.monotonic()
        if not self._calls or now - self._told_at < _INTERVAL:
            return None
        event = SourceAsked(
            part=self._part,
            calls=self._calls,
            failures=self._failures,
            seconds=self._seconds,
            within=tuple(self._within),
        )
        self._begin(now)
        return event
