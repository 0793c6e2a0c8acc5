"""
The throttle in memory: how much it remembers, and by which clock.
"""

import threading

import pytest

from migratekit.errors import ConfigurationError
from migratekit.testing import VirtualClock
from migratekit.throttle import AttemptKey, AttemptKind, ThrottleRules
from migratekit.throttles.memory import MemoryThrottle


RULES = ThrottleRules(free=2, client_free=3)


def key(number):
    return AttemptKey(AttemptKind.IDENTIFIER, f"user{number}@example.com")


def fail(throttle, number, times=1):
    return [throttle.reserve(key(number)) for _ in range(times)]


def test_bounded():
    """
    It never remembers more keys than it may.
    """
    throttle = MemoryThrottle(RULES, most_keys=10)

    for number in range(1000):
        fail(throttle, number, 1 + number % 3)

    assert "<MemoryThrottle of 10 keys>" == repr(throttle)


def test_pushed_out():
    """
    What is still free is forgotten first, the least recently used of it.
    """
    throttle = MemoryThrottle(RULES, most_keys=3)
    fail(throttle, 0, 2)
    for number in (1, 2):
        fail(throttle, number)

    for number in range(3, 50):
        fail(throttle, number)

    assert throttle.reserve(key(0)) > 0
    assert [None, None] == fail(throttle, 1, 2)


def test_only_waiting():
    """
    If all have to wait, the one is forgotten that began to wait first.
    """
    throttle = MemoryThrottle(RULES, most_keys=3)
    for number in range(3):
        fail(throttle, number, 2)

    fail(throttle, 3)

    assert throttle.reserve(key(2)) > 0
    assert "<MemoryThrottle of 3 keys>" == repr(throttle)
    throttle.reset(key(3))
    assert [None] == fail(throttle, 0)


def test_given_back():
    """
    What has nothing left to be remembered takes no room.
    """
    throttle = MemoryThrottle(RULES)
    for forget in (throttle.release, throttle.reset):
        fail(throttle, 1)

        forget(key(1))

        assert "<MemoryThrottle of 0 keys>" == repr(throttle)


def test_forgotten():
    """
    A day after the first failure nothing is left of any; before, everything.
    """
    clock = VirtualClock()
    throttle = MemoryThrottle(RULES, clock=clock)
    fail(throttle, 1)
    clock.advance(86399)
    assert [None] == fail(throttle, 1)
    assert throttle.reserve(key(1)) > 0

    clock.advance(1)

    assert [None, None] == fail(throttle, 1, 2)


def test_machine_clock():
    """
    Without a clock it goes by the machine's.
    """
    throttle = MemoryThrottle(RULES)

    assert [None, None] == fail(throttle, 1, 2)
    assert 29 < throttle.reserve(key(1)) <= 30


def test_attack():
    """
    A day of guessing without a pause is not forty guesses.
    """
    clock = VirtualClock()
    throttle = MemoryThrottle(clock=clock)
    guesses = 0
    while clock.monotonic() < 86400:
        wait = throttle.reserve(key(1))
        guesses += wait is None
        clock.advance(wait or 0)

    assert 10 + 7 + 23 > guesses > 30


def test_storm():
    """
    Threads that reserve, release and reset all the time break nothing.
    """
    throttle = MemoryThrottle(RULES, most_keys=5)
    failures = []

    def work(seed):
        try:
            for number in range(2000):
                who = key((seed * number) % 11)
                (throttle.reserve, throttle.release, throttle.reset)[number % 3](who)
        except BaseException as exc:
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert len(throttle._free) + len(throttle._waiting) <= 5


@pytest.mark.parametrize(
    ("rules", "options"),
    [
        (None, {}),
        (ThrottleRules, {}),
        (RULES, {"most_keys": 0}),
        (RULES, {"most_keys": 1.0}),
    ],
)
def test_impossible(rules, options):
    """
    Arguments that make no sense are refused.
    """
    with pytest.raises(ConfigurationError):
        MemoryThrottle(rules, **options)
