"""
Other limits in the midst of it all.
"""

import threading

import pytest
from deadlines import LONG
from guard_doors import ADA, Source, limits
from world import LegacySite

from migratekit._circuit import Circuit
from migratekit._guard import Guard
from migratekit.errors import LegacyUnavailableError
from migratekit.events import SourceSuspended
from migratekit.sources.routed import Route, RoutedSource


def test_other_limits(door):
    """
    Other limits are for all calls, and what is known of the source stays.
    """
    door = door()
    door.fail(2)

    other = door.guard.under(limits(failures=2, pause=7))
    assert "closed" == door.health.circuit
    door.fail()

    assert (SourceSuspended(part="", failures=3, pause=7),) == other.news()
    assert other.health() == door.guard.health()


def test_other_deadline(clock):
    """
    The deadline is only for whoever asks through the guard that has it.
    """
    source = Source()
    guard = Guard(source, limits(deadline=LONG), clock)
    hasty = guard.under(limits(deadline=0.01))
    source.hang()

    with pytest.raises(LegacyUnavailableError, match=r"within 0\.01 seconds"):
        hasty.call(source.ask, ADA)
    threading.Timer(0.02, source.go_on).start()

    assert "answer" == guard.call(source.ask, ADA)


def test_more_calls(clock):
    """
    Whoever waits has a turn when more are allowed, one after another; others go on to
    wait.
    """
    circuit = Circuit(limits(calls=1), clock, "")
    woken = []
    circuit.enter(lambda: None)
    for name in "abc":
        assert None is circuit.enter(lambda name=name: woken.append(name))

    circuit.limit(limits(calls=1, deadline=1))
    assert [] == woken
    circuit.limit(limits(calls=3))
    assert ["a"] == woken
    assert circuit.enter(lambda: None) is not None
    assert ["a", "b"] == woken
    assert circuit.enter(lambda: None) is not None
    assert ["a", "b"] == woken
    assert None is circuit.enter(lambda: None)


def test_limits_of_a_new_part(clock):
    """
    A part that is first asked later has the newest limits.
    """
    site = LegacySite()
    source = RoutedSource([Route("shop", site, accepts=lambda typed: "@" in typed)])
    guard = Guard(source, limits(), clock)
    guard.under(limits(failures=1))

    with pytest.raises(OSError, match="down"):
        guard.call(_down, ADA)

    assert ["open"] == [health.circuit for health in guard.health()]


def _down(identifier, /):
    raise OSError("down")
