"""
What is told of how often the source was asked, and how it did.
"""

import threading

import pytest
from deadlines import reached
from forks import forked, needs_fork

from migratekit import MigrationPolicy
from migratekit._circuit import Circuit, Limits
from migratekit._guard import Guard
from migratekit._meter import Meter
from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
)
from migratekit.events import LATENCIES, SourceAsked
from migratekit.testing import VirtualClock
from migratekit.throttles import NoThrottle


ADA = "ada@example.com"
LIMITS = Limits(deadline=20, calls=9, failures=9, pause=30)


def nothing():
    pass


def asked(**changes):
    """
    Return the event of a source that answered once, at once.
    """
    values = {"part": "", "calls": 1, "failures": 0, "seconds": 0.0}
    return SourceAsked(**{**values, "within": (1, 0, 0, 0, 0, 0, 0), **changes})


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


@pytest.fixture(name="circuit")
def _circuit(clock):
    return Circuit(LIMITS, clock, "")


def begin(circuit):
    entry = circuit.enter(nothing)
    circuit.begin(entry)
    return entry


def test_once_a_minute(scene):
    """
    What was asked in a minute is told with the first question after it, and once.
    """
    scene.site.add("1", ADA, "pw")

    def attempt():
        scene.clock.advance(20)
        with scene.refused(InvalidCredentialsError):
            scene.connection.authenticate(ADA, "wrong")

    for _ in range(3):
        attempt()
    assert [] == scene.told(SourceAsked)
    for _ in range(3):
        attempt()

    calls = [event.calls for event in scene.told(SourceAsked)]
    # The floor is a quarter of a second, and part of the minute.
    assert [4] == calls
    scene.clock.advance(60)
    attempt()
    assert [4, 3] == [event.calls for event in scene.told(SourceAsked)]


def test_login_is_told(scene):
    """
    Whoever moves is told as ever, and the figures before that.
    """
    scene.site.add("1", ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")
    scene.clock.advance(60)
    scene.events.clear()

    scene.connection.authenticate(ADA, "pw")

    kinds = [type(event).__name__ for event in scene.events]
    assert ["SourceAsked", "UserMigrated", "LoginSucceeded"] == kinds


@pytest.mark.parametrize(
    ("milliseconds", "bucket"),
    [(0, 0), *((limit, i) for i, limit in enumerate(LATENCIES)), (3001, 6), (1e6, 6)],
)
def test_latency(clock, milliseconds, bucket):
    """
    A call counts where it is just within the limit, and among the others beyond all.
    """
    meter = Meter(clock, "")

    meter.add(milliseconds / 1000, failed=False)
    clock.advance(60)

    within = [0] * 7
    within[bucket] = 1
    assert tuple(within) == meter.news().within


def test_time(memory):
    """
    How long a call takes is measured from its beginning to its end.
    """
    login = memory.site.login

    def slow(identifier, password, /):
        memory.clock.advance(0.2)
        return login(identifier, password)

    memory.site.login = slow
    for _ in range(2):
        memory.clock.advance(60)
        with memory.refused(InvalidCredentialsError):
            memory.connection.authenticate(ADA, "wrong")

    (event,) = memory.told(SourceAsked)
    assert pytest.approx(0.4) == event.seconds
    assert (0, 0, 0, 2, 0, 0, 0) == event.within


def test_failures(memory):
    """
    An outage is a failure; whatever the source says of somebody is none.
    """
    memory.site.down = True
    with memory.refused(LegacyUnavailableError):
        memory.connection.authenticate(ADA, "pw")
    memory.site.down = False
    memory.site.login = lambda identifier, password, /: True
    memory.clock.advance(60)
    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")

    (event,) = memory.told(SourceAsked)
    assert (2, 1) == (event.calls, event.failures)


def test_too_late(clock):
    """
    A call that outlives its deadline is a failure, and counts once, whatever it says in
    the end.
    """
    begun, hanging, ended = (threading.Event() for _ in range(3))

    def login(identifier):
        begun.set()
        hanging.wait(20)
        ended.set()

    guard = Guard(None, Limits(deadline=0.01, calls=9, failures=9, pause=30), clock)
    with reached(begun), pytest.raises(LegacyUnavailableError):
        guard.call(login, ADA)
    hanging.set()
    ended.wait(20)
    clock.advance(60)

    assert (asked(failures=1),) == guard.news()
    clock.advance(60)
    assert () == guard.news()


def test_ended_at_the_deadline(clock, circuit):
    """
    A call that ends in the moment of its deadline counts once.
    """
    entry = begin(circuit)
    circuit.succeed(entry)
    circuit.fail(entry)
    clock.advance(60)

    assert (asked(),) == circuit.news()


def test_late_answer(clock):
    """
    A call of before a pause counts, although it says nothing about the circuit any more.
    """
    circuit = Circuit(Limits(deadline=20, calls=9, failures=1, pause=30), clock, "")
    early, failing = begin(circuit), begin(circuit)
    circuit.fail(failing)
    circuit.succeed(early)
    clock.advance(60)

    _, event = circuit.news()
    assert (2, 1) == (event.calls, event.failures)


def test_not_asked(memory):
    """
    Whoever is told that the source is left alone has asked nobody.
    """
    connection = memory.connect(
        policy=MigrationPolicy(legacy_failures=1, legacy_pause=90),
        throttle=NoThrottle(),
    )
    memory.site.down = True
    for _ in range(5):
        with memory.refused(LegacyUnavailableError):
            connection.authenticate(ADA, "pw")
    memory.clock.advance(60)
    with memory.refused(LegacyUnavailableError):
        connection.authenticate(ADA, "pw")

    (event,) = memory.told(SourceAsked)
    assert (1, 1) == (event.calls, event.failures)


def test_stopped_before_it_began(clock):
    """
    A call that was let through, and stopped before it began, has asked nobody.
    """
    circuit = Circuit(Limits(deadline=20, calls=9, failures=1, pause=30), clock, "")
    waiting, failing = circuit.enter(nothing), begin(circuit)
    circuit.fail(failing)
    with pytest.raises(LegacyUnavailableError):
        circuit.begin(waiting)
    circuit.fail(waiting)
    clock.advance(60)

    assert 1 == circuit.news()[-1].calls


def test_parts(clock):
    """
    Every part of a source has figures of its own.
    """

    class Shops:
        def part_of(self, identifier, /):
            return identifier.partition("@")[2]

    guard = Guard(Shops(), LIMITS, clock)
    for identifier in ("a@shop.example", "b@shop.example", ADA):
        guard.call(len, identifier)
    clock.advance(60)

    told = {event.part: event.calls for event in guard.news()}
    assert {"shop.example": 2, "example.com": 1} == told


@needs_fork
def test_fork(clock):
    """
    A forked process does not tell what its parent has counted.
    """
    guard = Guard(None, LIMITS, clock)
    guard.call(len, ADA)
    clock.advance(60)

    assert forked(lambda: guard.news() == ())
    assert () != guard.news()


def test_clock_goes_back(clock, circuit):
    """
    No call takes less than no time.
    """
    entry = begin(circuit)
    entry.began += 5
    circuit.succeed(entry)
    clock.advance(60)

    assert 0.0 == circuit.news()[0].seconds
