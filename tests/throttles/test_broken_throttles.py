"""
The contract catches throttles that do not throttle.
"""

import time
from contextlib import contextmanager

import attrs
import pytest

from migratekit.testing import ThrottleContract, VirtualClock
from migratekit.throttle import AttemptKey, AttemptKind
from migratekit.throttles import NoThrottle
from migratekit.throttles.memory import MemoryThrottle


class Constant(MemoryThrottle):
    """
    Does not double.
    """

    def __init__(self, rules, *, clock):
        longest = rules.first_delay
        super().__init__(attrs.evolve(rules, longest_delay=longest), clock=clock)


class CheckThenCount(MemoryThrottle):
    """
    Looks first and counts later.
    """

    def reserve(self, key, /):
        wait = super().reserve(key)
        if wait is None:
            super().release(key)
            time.sleep(0.01)
            super().reserve(key)
        return wait


class CountsDenied(MemoryThrottle):
    """
    Counts attempts that are not made.
    """

    def reserve(self, key, /):
        wait = super().reserve(key)
        if wait is not None:
            with self._lock:
                count = self._waiting[key]
                self._put(key, attrs.evolve(count, opens_at=count.opens_at + 1))
        return wait


class OneKey(MemoryThrottle):
    """
    Takes all for one.
    """

    def reserve(self, key, /):
        return super().reserve(AttemptKey(AttemptKind.USER, "all"))


class KeepsAll(MemoryThrottle):
    """
    Does not forget.
    """

    def __init__(self, rules, *, clock):
        super().__init__(attrs.evolve(rules, client_forget_after=10**9), clock=clock)


class NeverDisables(MemoryThrottle):
    """
    Knows no end.
    """

    def __init__(self, rules, *, clock):
        rules = attrs.evolve(rules, disable_after=None)
        super().__init__(rules, clock=clock)


class ClosesForGood(MemoryThrottle):
    """
    Does not forget failures after a success.
    """

    def reset(self, key, /):
        pass


class Keeps(MemoryThrottle):
    """
    Gives nothing back.
    """

    def release(self, key, /):
        pass


class GivesAll(MemoryThrottle):
    """
    Gives back more than one.
    """

    def release(self, key, /):
        super().reset(key)


BROKEN = [
    (lambda rules, *, clock: NoThrottle(), "test_free"),
    (Constant, "test_doubling"),
    (Constant, "test_release_after_a_wait"),
    (CheckThenCount, "test_parallel"),
    (CheckThenCount, "test_parallel_after_a_wait"),
    (CountsDenied, "test_denied_is_not_counted"),
    (OneKey, "test_keys"),
    (KeepsAll, "test_forgotten"),
    (NeverDisables, "test_disabled"),
    (ClosesForGood, "test_reset"),
    (Keeps, "test_release"),
    (Keeps, "test_parallel_releases"),
    (GivesAll, "test_release"),
    (GivesAll, "test_parallel_releases"),
]


@pytest.mark.parametrize(("kind", "test"), BROKEN)
def test_caught(kind, test):
    """
    Each of them fails the test that is meant for it.
    """

    class Contract(ThrottleContract):
        @contextmanager
        def open_throttle(self):
            self.clock = VirtualClock()
            yield kind(self.rules, clock=self.clock)

        def pass_time(self, seconds):
            self.clock.advance(seconds)

    with pytest.raises(AssertionError):
        getattr(Contract(), test)()


def test_without_a_throttle():
    """
    The contract demands a throttle, and sleeps where nobody says how time passes.
    """
    contract = ThrottleContract()
    began = time.monotonic()

    contract.pass_time(0.01)

    assert time.monotonic() - began >= 0.009
    with pytest.raises(NotImplementedError):
        contract.open_throttle()
