"""
When the source is left alone, and when it is asked again.
"""

import asyncio
import functools
import math
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from deadlines import LONG
from forks import forked, needs_fork
from guard_doors import ADA, AsyncSource, Door, Source, limits

from migratekit import LegacyUser
from migratekit._circuit import Circuit
from migratekit._guard import AsyncGuard, Guard
from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    UnusableHashError,
)
from migratekit.events import SourceResumed, SourceSuspended


def nested(value, _):
    return {"a": value}


def test_suspended(door):
    """
    After so many failures in a row nobody asks, and whoever would is told at once.
    """
    door = door()
    door.fail(3)

    with pytest.raises(LegacyUnavailableError, match="left alone"):
        door.ask("answer")

    assert 3 == door.source.calls
    assert ("open", 3, 30.0) == (
        door.health.circuit,
        door.health.failures,
        door.health.retry_after,
    )
    assert (SourceSuspended(part="", failures=3, pause=30),) == door.guard.news()
    assert () == door.guard.news()


def test_resumed(door, clock):
    """
    When the pause is over one call tries, and if it is answered all is as before.
    """
    door = door()
    door.fail(3)
    clock.advance(30)

    assert "half_open" == door.health.circuit
    assert "answer" == door.ask("answer")
    assert ("closed", 0, 0.0) == (
        door.health.circuit,
        door.health.failures,
        door.health.retry_after,
    )
    assert SourceResumed(part="") == door.guard.news()[-1]


def test_suspended_again(door, clock):
    """
    If the one call that tries fails, there is another pause.
    """
    door = door()
    door.fail(3)
    clock.advance(30)
    door.fail()
    clock.advance(29)

    with pytest.raises(LegacyUnavailableError, match="left alone"):
        door.ask("answer")
    clock.advance(1)
    assert "answer" == door.ask("answer")
    assert 5 == door.source.calls


@pytest.mark.parametrize("door", ["sync", "threads"], indirect=True)
def test_no_room_to_try(door, clock):
    """
    While calls that hang leave no room to try, nobody waits for any.
    """
    door = door(calls=1, failures=1)
    door.source.hang()
    with pytest.raises(LegacyUnavailableError, match="no answer"):
        door.ask_hastily()
    clock.advance(30)

    assert ("half_open", 1) == (door.health.circuit, door.health.abandoned)
    with pytest.raises(LegacyUnavailableError, match="left alone"):
        door.ask()
    door.source.go_on()
    door.settle()
    assert "answer" == door.ask()


@pytest.mark.parametrize("value", [math.nan, functools.reduce(nested, range(9999))])
def test_value_of_one_user(clock, runner, value):
    """
    Nor is a profile that makes no user: the next one may be fine.
    """

    def ask(identifier, /):
        return LegacyUser(user_id="1", email=identifier, profile={"a": value})

    door = Door("sync", runner, clock)
    for _ in range(5):
        with pytest.raises((TypeError, RecursionError)):
            door.guard.call(ask, ADA)

    assert (0, "closed") == (door.health.failures, door.health.circuit)


def test_in_a_row(door):
    """
    Failures count in a row: an answer in between begins anew.
    """
    door = door()
    for _ in range(3):
        door.fail(2)
        door.ask("answer")

    assert "closed" == door.health.circuit


@pytest.mark.parametrize(
    "answer",
    [
        ContractError("x"),
        UnusableHashError("x", "x"),
        InvalidCredentialsError("x"),
        LegacyUnavailableError("a second factor", answered=True),
    ],
)
def test_answers(door, answer):
    """
    What a source says of a user is no outage, whatever it is.
    """
    door = door()
    door.fail(2)
    for _ in range(5):
        with pytest.raises(type(answer)):
            door.ask(answer)

    assert (0, "closed") == (door.health.failures, door.health.circuit)


def test_one_probe(clock):
    """
    Only one call tries; the others are told so at once.
    """
    source = Source(LegacyUnavailableError("down"))
    guard = Guard(source, limits(failures=1), clock)
    with pytest.raises(LegacyUnavailableError):
        guard.call(source.ask, ADA)
    clock.advance(30)
    source.answer = "answer"
    source.hang()
    with ThreadPoolExecutor(1) as pool:
        probe = pool.submit(guard.call, source.ask, ADA)
        while not source.under_way:
            time.sleep(0.001)
        with pytest.raises(LegacyUnavailableError, match="left alone"):
            guard.call(source.ask, ADA)
        source.go_on()

        assert "answer" == probe.result(LONG)
    assert "closed" == guard.health()[0].circuit


def test_late_answers(clock):
    """
    Calls of before the pause neither end it nor make another.
    """
    circuit = Circuit(limits(calls=9, failures=1), clock, "")
    early, late, failing = (circuit.enter(lambda: None) for _ in range(3))
    circuit.fail(failing)
    circuit.succeed(early)
    assert "open" == circuit.health().circuit
    clock.advance(30)
    probe = circuit.enter(lambda: None)
    circuit.fail(late)
    circuit.withdraw(late)
    assert "half_open" == circuit.health().circuit

    circuit.succeed(probe)

    assert "closed" == circuit.health().circuit


def test_suspended_before_it_began(clock, runner):
    """
    A call that was let through, and has not begun when the source is suspended, does
    not begin.
    """
    source = AsyncSource(LegacyUnavailableError("down"))
    guard = AsyncGuard(source, limits(calls=9, failures=1), clock)
    circuit = guard._circuits.of(ADA)

    async def scenario():
        asked = asyncio.ensure_future(guard.call(source.ask, ADA))
        await asyncio.sleep(0)
        circuit.fail(circuit.enter(lambda: None))
        await asyncio.wait({asked})
        return asked.exception()

    assert "left alone" in str(runner.run(scenario()))
    assert 0 == source.calls


def test_suspended_before_its_thread_began(clock):
    """
    The same for a sync source.
    """
    circuit = Circuit(limits(failures=1), clock, "")
    early, failing = (circuit.enter(lambda: None) for _ in range(2))
    circuit.fail(failing)

    with pytest.raises(LegacyUnavailableError, match="left alone"):
        circuit.begin(early)


def test_suspension_wakes_whoever_waits(clock, runner):
    """
    Whoever waits for their turn is told of the pause, and does not wait in vain.
    """
    source = AsyncSource(LegacyUnavailableError("down"))
    guard = AsyncGuard(source, limits(calls=1, failures=1), clock)
    source.hang()

    async def scenario():
        asked = [asyncio.ensure_future(guard.call(source.ask, ADA)) for _ in range(4)]
        await asyncio.sleep(0.01)
        source.go_on()
        return await asyncio.gather(*asked, return_exceptions=True)

    down, *told = runner.run(scenario())

    assert "down" in str(down)
    assert [True] * 3 == ["left alone" in str(one) for one in told]
    assert 1 == source.calls


def test_suspension_wakes_threads(clock):
    """
    The same for threads.
    """
    source = Source(LegacyUnavailableError("down"))
    guard = Guard(source, limits(calls=1, failures=1), clock)
    circuit = guard._circuits.of(ADA)
    source.hang()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(guard.call, source.ask, ADA) for _ in range(4)]
        until = time.monotonic() + LONG
        while len(circuit._waiting) < 3 and time.monotonic() < until:
            time.sleep(0.001)
        source.go_on()
        outcomes = [str(one.exception(LONG)) for one in asked]

    assert 3 == sum("left alone" in outcome for outcome in outcomes)
    assert 1 == source.calls


@needs_fork
def test_fork(clock):
    """
    A forked process has none of the calls of its parent, and none of its failures.
    """
    source = Source()
    guard = Guard(source, limits(calls=1, deadline=0.01, failures=1), clock)
    source.hang()
    with pytest.raises(LegacyUnavailableError):
        guard.call(source.ask, ADA)

    def begins_anew():
        patient = guard.under(limits())
        answer = patient.call(lambda identifier: "answer", ADA)
        (health,) = patient.health()
        return (answer, health.calls, health.failures) == ("answer", 0, 0)

    assert forked(begins_anew)
    assert (1, 1) == (guard.health()[0].calls, guard.health()[0].failures)
    source.go_on()
