"""
A clock that a test moves.
"""

import datetime as dt
import threading


class VirtualClock:
    """
    Stands still until somebody sleeps on it, and then does not take any time.

    Serves sync and async connections.  *slept* is the total of seconds slept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
        self._elapsed = 0.0
        self.slept = 0.0

    def now(self) -> dt.datetime:
        """
        Return the virtual time of day.
        """
        return self._start + dt.timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """
        Return the virtual seconds since the clock was made.
        """
        return self._elapsed

    def sleep(self, seconds: float, /) -> None:
        """
        Move the clock by *seconds*, at once.
        """
        with self._lock:
            self._elapsed += seconds
            self.slept += seconds

    def advance(self, seconds: float, /) -> None:
        """
        Move the clock without anybody having slept.
        """
        with self._lock:
            self._elapsed += seconds
