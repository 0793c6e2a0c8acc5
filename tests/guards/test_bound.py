"""
How many calls of the source are under way at once, and who has the next turn.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from deadlines import LONG
from guard_doors import ADA, AsyncSource, HiddenSource, Source, limits

from migratekit import _guard
from migratekit._circuit import Circuit
from migratekit._guard import AsyncGuard, Guard
from migratekit.errors import LegacyUnavailableError


def test_bound_of_threads(clock):
    """
    No more calls than allowed are under way at once; the others wait for their turn.
    """
    source = Source()
    guard = Guard(source, limits(calls=3), clock)
    source.hang()
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(guard.call, source.ask, ADA) for _ in range(12)]
        until = time.monotonic() + LONG
        while source.calls < 3 and time.monotonic() < until:
            time.sleep(0.001)
        source.go_on()
        answers = [one.result(LONG) for one in asked]

    assert ["answer"] * 12 == answers
    assert 3 == source.most
    assert 0 == guard.health()[0].calls


@pytest.mark.parametrize("kind", [Source, AsyncSource, HiddenSource])
def test_bound_of_tasks(clock, runner, kind):
    """
    The same in an event loop.
    """
    source = kind()
    guard = AsyncGuard(source, limits(calls=3), clock)
    source.hang()

    async def scenario():
        asked = [asyncio.ensure_future(guard.call(source.ask, ADA)) for _ in range(12)]
        while source.calls < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        source.go_on()
        return await asyncio.gather(*asked)

    assert ["answer"] * 12 == runner.run(scenario())
    assert 3 == source.most
    assert 0 == guard.health()[0].calls


@pytest.mark.parametrize("kind", [Source, AsyncSource, HiddenSource])
def test_waiting_has_an_end(clock, runner, kind):
    """
    Whoever waits for their turn, waits no longer than for an answer.
    """
    source = kind()
    guard = AsyncGuard(source, limits(calls=1, deadline=0.05), clock)
    source.hang()

    async def scenario():
        asked = [guard.call(source.ask, ADA) for _ in range(4)]
        return await asyncio.gather(*asked, return_exceptions=True)

    outcomes = runner.run(scenario())
    source.go_on()

    assert [LegacyUnavailableError] * 4 == [type(outcome) for outcome in outcomes]


def test_cancelled_while_waiting(clock, runner):
    """
    Whoever is cancelled while waiting takes nobody's turn.
    """
    source = AsyncSource()
    guard = AsyncGuard(source, limits(calls=1), clock)
    source.hang()

    async def scenario():
        asked = [asyncio.ensure_future(guard.call(source.ask, ADA)) for _ in range(3)]
        await asyncio.sleep(0.01)
        asked[1].cancel()
        await asyncio.wait({asked[1]})
        source.go_on()
        return await asyncio.gather(asked[0], asked[2])

    assert ["answer", "answer"] == runner.run(scenario())


def test_turn_is_passed_on(clock):
    """
    Whoever gives up in the moment of their turn lets the next one go.
    """
    circuit = Circuit(limits(calls=1), clock, "")
    woken = []
    circuit.enter(lambda: None)
    first, second = (lambda: woken.append("first")), (lambda: woken.append("second"))
    assert None is circuit.enter(first)
    assert None is circuit.enter(second)

    circuit.leave()
    circuit.wait_no_more(first)

    assert ["first", "second"] == woken


def test_told_one_after_another(clock):
    """
    Of those who wait when the source is suspended one is told, who tells the next one;
    calls that end meanwhile leave no room for anybody.
    """
    circuit = Circuit(limits(calls=1, failures=1), clock, "")
    woken = []
    failing = circuit.enter(lambda: None)
    for name in "abc":
        circuit.enter(lambda name=name: woken.append(name))

    circuit.fail(failing)
    circuit.leave()
    assert ["a"] == woken
    circuit.pass_on()
    assert ["a", "b"] == woken


def test_waiting_since_before_a_pause(clock):
    """
    Whoever has not been told when the pause is over is, or gets the room that is left.
    """
    circuit = Circuit(limits(calls=3, failures=1), clock, "")
    woken = []
    failing, *_ = (circuit.enter(lambda: None) for _ in range(3))
    for name in "abcd":
        circuit.enter(lambda name=name: woken.append(name))
    circuit.fail(failing)
    for _ in range(3):
        circuit.leave()
    assert ["a"] == woken
    clock.advance(30)

    probe = circuit.enter(lambda: None)
    assert ["b"] == woken[1:]
    circuit.succeed(probe)
    circuit.leave()
    assert ["c"] == woken[2:]
    circuit.enter(lambda: None)
    assert ["d"] == woken[3:]


def test_others_have_turns(clock, monkeypatch, runner):
    """
    In an event loop some time passes before the next one is told.
    """
    monkeypatch.setattr(_guard, "_PACE", LONG)
    source = AsyncSource(LegacyUnavailableError("down"))
    guard = AsyncGuard(source, limits(calls=1, failures=1), clock)
    source.hang()

    async def scenario():
        asked = [asyncio.ensure_future(guard.call(source.ask, ADA)) for _ in range(5)]
        await asyncio.sleep(0.01)
        source.go_on()
        told = []
        # Who asked, and the first of those who wait; then one after the other.
        for expected in range(2, 6):
            while sum(task.done() for task in asked) < expected:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            for _ in range(20):
                await asyncio.sleep(0)
            told.append(sum(task.done() for task in asked))
            guard._circuits.of(ADA).pass_on()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        return told, outcomes

    told, outcomes = runner.run(scenario())

    assert [2, 3, 4, 5] == told
    assert [LegacyUnavailableError] * 5 == [type(outcome) for outcome in outcomes]
