"""
A throttle in the memory of one process.
"""

import math
import threading
import time
from collections import OrderedDict
from typing import ClassVar, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.protocols import Clock
from migratekit.throttle import AttemptKey, ThrottleRules


_RULES: Final = ThrottleRules()


@attrs.frozen
class _Count:
    """
    The failures of one key; both moments are of the monotonic clock.
    """

    failures: int
    opens_at: float
    forgotten_at: float


class MemoryThrottle:
    """
    A `migratekit.throttle.Throttle` in a few dicts, and the default of a connection.

    Safe to share between threads and connections.  Each process has its own: with four
    workers, somebody has four times as many guesses.

    Of more than *most_keys* keys it forgets one for each new one: the one that was used
    least recently of those that are still free, and only if there is none, of those
    that have to wait.  So whoever wants a user forgotten has to fail *free* times for
    each of *most_keys* others first.

    Args:
        rules: How many failures are free, and what the others cost.
        most_keys: How many keys are remembered; each takes about a third of a kilobyte.
        clock: Tells the time; by default the machine's clock does.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """

    in_memory: ClassVar[bool] = True

    def __init__(
        self,
        rules: ThrottleRules = _RULES,
        *,
        most_keys: int = 100_000,
        clock: Clock | None = None,
    ) -> None:
        if not isinstance(rules, ThrottleRules):
            raise ConfigurationError("The rules must be ThrottleRules.")
        if type(most_keys) is not int or most_keys < 1:
            raise ConfigurationError("most_keys must be a whole number from 1 on.")
        self._rules = rules
        self._most_keys = most_keys
        self._now = time.monotonic if clock is None else clock.monotonic
        self._lock = threading.Lock()
        # Apart, so that what has to wait is not pushed out by what is cheap to make.
        self._free: OrderedDict[AttemptKey, _Count] = OrderedDict()
        self._waiting: OrderedDict[AttemptKey, _Count] = OrderedDict()

    def __repr__(self) -> str:
        return f"<MemoryThrottle of {len(self._free) + len(self._waiting)} keys>"

    def reserve(self, key: AttemptKey, /) -> float | None:
        """
        See `migratekit.throttle.Throttle.reserve()`.
        """
        with self._lock:
            now = self._now()
            count = self._find(key, now)
            if count is None:
                count = _Count(0, now, now + self._rules.kept(key.kind))
            if self._rules.disables(key.kind, count.failures):
                return math.inf
            if now < count.opens_at:
                return count.opens_at - now
            failures = count.failures + 1
            opens_at = now + self._rules.delay(key.kind, failures)
            self._put(key, _Count(failures, opens_at, count.forgotten_at))
            return None

    def release(self, key: AttemptKey, /) -> None:
        """
        See `migratekit.throttle.Throttle.release()`.
        """
        with self._lock:
            now = self._now()
            count = self._find(key, now)
            self._drop(key)
            if count is not None and count.failures > 1:
                self._put(key, _Count(count.failures - 1, now, count.forgotten_at))

    def reset(self, key: AttemptKey, /) -> None:
        """
        See `migratekit.throttle.Throttle.reset()`.
        """
        with self._lock:
            self._drop(key)

    def _find(self, key: AttemptKey, now: float) -> _Count | None:
        count = self._free.get(key) or self._waiting.get(key)
        return count if count is not None and now < count.forgotten_at else None

    def _drop(self, key: AttemptKey) -> None:
        self._free.pop(key, None)
        self._waiting.pop(key, None)

    def _put(self, key: AttemptKey, count: _Count) -> None:
        self._drop(key)
        if len(self._free) + len(self._waiting) >= self._most_keys:
            (self._free or self._waiting).popitem(last=False)
        waits = count.failures >= self._rules.free_of(key.kind)
        (self._waiting if waits else self._free)[key] = count
