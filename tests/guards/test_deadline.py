"""
How long a call of the source is waited for, and what becomes of it.
"""

import asyncio
import contextvars
import gc
import threading
import time

import pytest
from deadlines import LONG
from guard_doors import ADA, Door, HiddenSource, Source, limits

from migratekit._guard import AsyncGuard, Guard
from migratekit.errors import ContractError, LegacyUnavailableError


def test_answer(door):
    """
    An answer is passed on.
    """
    assert "answer" == door().ask()


@pytest.mark.parametrize(
    "error",
    [OSError("x"), ContractError("x"), LegacyUnavailableError("x")],
)
def test_error(door, error):
    """
    An exception is passed on, too, and nothing is asked twice.
    """
    asked = door()

    with pytest.raises(type(error)):
        asked.ask(error)

    assert 1 == asked.source.calls


def test_exit(clock, runner):
    """
    Not even a source that ends its thread leaves whoever asks waiting.
    """
    door = Door("sync", runner, clock)

    with pytest.raises(SystemExit):
        door.ask(SystemExit())
    assert (0, 1) == (door.health.calls, door.health.failures)


def test_interruption(door):
    """
    What is raised to end more than a call passes through, and its place is free again.
    """

    class Interruption(BaseException):
        pass

    door = door()

    with pytest.raises(Interruption):
        door.ask(Interruption())

    assert (0, 1) == (door.health.calls, door.health.failures)


def test_deadline(door):
    """
    Whoever has waited long enough is told that the source could not be asked.
    """
    door = door()
    door.source.hang()

    with pytest.raises(LegacyUnavailableError, match="no answer within 0"):
        door.ask_hastily()
    door.source.go_on()
    door.settle()

    assert 1 == door.source.calls
    assert (0, 0, 1) == (door.health.calls, door.health.abandoned, door.health.failures)
    assert "answer" == door.ask()


def test_abandoned(clock, runner):
    """
    A sync call that is not waited for any more counts until it ends.
    """
    door = Door("sync", runner, clock, calls=1)
    door.source.hang()
    with pytest.raises(LegacyUnavailableError):
        door.ask_hastily()

    assert (1, 1) == (door.health.calls, door.health.abandoned)
    with pytest.raises(LegacyUnavailableError, match="too many calls"):
        door.ask_hastily()
    assert 1 == door.source.calls

    door.source.go_on()
    door.settle()
    assert "answer" == door.ask()


def test_cancelled_at_the_deadline(clock, runner):
    """
    An async call is cancelled, so that it does not go on in vain.
    """
    door = Door("async", runner, clock, deadline=0.02)
    door.source.hang()
    with pytest.raises(LegacyUnavailableError):
        door.ask()
    door.settle()

    assert 0 == door.source.under_way


def test_deaf_to_cancellation(clock, runner):
    """
    An async call that will not be cancelled is not waited for either.
    """
    stop = asyncio.Event()

    async def deaf(identifier, /):
        while not stop.is_set():
            try:
                await stop.wait()
            except asyncio.CancelledError:
                continue
        raise OSError("nobody listens")

    guard = AsyncGuard(None, limits(deadline=0.02), clock)

    async def scenario():
        with pytest.raises(LegacyUnavailableError):
            await guard.call(deaf, ADA)
        (health,) = guard.health()
        assert (1, 1) == (health.calls, health.abandoned)
        stop.set()
        for _ in range(5):
            await asyncio.sleep(0)
        return guard.health()

    (health,) = runner.run(scenario())
    assert (0, 0) == (health.calls, health.abandoned)


def test_hidden_coroutine(clock, runner):
    """
    A plain function behind an async connection may give what has to be awaited.
    """

    async def later():
        await asyncio.sleep(0)
        return "late"

    async def never():
        await asyncio.sleep(LONG)

    async def broken():
        raise ContractError("broken")

    guard = AsyncGuard(None, limits(), clock)
    hasty = guard.under(limits(deadline=0.02))

    class Promise:
        def __await__(self):
            return later().__await__()

    assert "late" == runner.run(guard.call(lambda identifier: later(), ADA))
    assert "late" == runner.run(guard.call(lambda identifier: Promise(), ADA))
    with pytest.raises(ContractError):
        runner.run(guard.call(lambda identifier: broken(), ADA))
    with pytest.raises(LegacyUnavailableError):
        runner.run(hasty.call(lambda identifier: never(), ADA))


def test_hidden_coroutine_at_the_deadline(clock, runner):
    """
    It is cancelled as one that can be seen, or never begun; its place is free again.
    """
    door = Door("hidden", runner, clock, deadline=0.02)
    door.source.hang()
    with pytest.raises(LegacyUnavailableError):
        door.ask()
    door.settle()
    assert (0, 0) == (door.source.under_way, door.health.calls)

    late = threading.Event()
    ask = door.source.ask

    def dawdle(identifier, /):
        assert late.wait(LONG)
        return ask(identifier)

    door.source.ask = dawdle
    with pytest.raises(LegacyUnavailableError):
        door.ask()
    assert (1, 1) == (door.health.calls, door.health.abandoned)
    late.set()
    door.settle()
    assert (0, 0) == (door.health.calls, door.health.abandoned)
    gc.collect()  # A coroutine that nobody closed would warn here.


def test_hidden_coroutine_behind_a_closed_loop(clock):
    """
    What comes when the loop is gone is closed, and leaves its place.
    """
    late = threading.Event()
    source = HiddenSource()

    def dawdle(identifier, /):
        assert late.wait(LONG)
        return source.ask(identifier)

    guard = AsyncGuard(None, limits(deadline=0.02), clock)
    with pytest.raises(LegacyUnavailableError):
        asyncio.run(guard.call(dawdle, ADA))
    late.set()

    until = time.monotonic() + LONG
    while guard.health()[0].calls and time.monotonic() < until:
        time.sleep(0.001)
    assert 0 == guard.health()[0].calls
    gc.collect()


def test_context(clock, runner):
    """
    A sync source sees the context variables of whoever asks, as those of a web
    framework.
    """
    variable = contextvars.ContextVar("variable", default="nothing")
    variable.set("something")
    guard = Guard(None, limits(), clock)

    assert "something" == guard.call(lambda identifier: variable.get(), ADA)


def test_no_thread(clock, monkeypatch, runner):
    """
    A process without another thread is an outage, and nothing is left behind.
    """

    def start(self):
        raise RuntimeError("can't start new thread")

    door = Door("sync", runner, clock)
    monkeypatch.setattr(threading.Thread, "start", start)

    with pytest.raises(LegacyUnavailableError, match="no thread left"):
        door.ask()
    assert (0, 0) == (door.health.calls, door.health.failures)


def test_interrupted(clock, monkeypatch, runner):
    """
    Whoever is interrupted while waiting leaves the circuit as it was.
    """
    door = Door("sync", runner, clock, failures=1)
    door.fail()
    clock.advance(30)
    waited = threading.Event.wait

    def interrupt(event, timeout=None):
        if timeout is None:
            return waited(event)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Event, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            door.guard.call(lambda identifier: time.sleep(0.05), ADA)
    door.settle()

    assert "half_open" == door.health.circuit
    assert "answer" == door.ask("answer")


def test_cancelled(clock, runner):
    """
    A cancelled request cancels its call; the circuit is as it was.
    """
    door = Door("async", runner, clock, failures=1)
    door.fail()
    clock.advance(30)
    door.source.hang()

    async def scenario():
        task = asyncio.ensure_future(door.guard.call(door.source.ask, ADA))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    runner.run(scenario())
    door.settle()

    assert (0, "half_open") == (door.health.calls, door.health.circuit)
    door.source.go_on()
    assert "answer" == door.ask("answer")


def test_cancelled_before_it_began(clock, runner):
    """
    A call that is cancelled at once leaves nothing behind.
    """
    door = Door("async", runner, clock)

    async def scenario():
        task = asyncio.ensure_future(door.guard.call(door.source.ask, ADA))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0.01)

    runner.run(scenario())

    assert 0 == door.health.calls


def test_source_cancels_itself(clock, runner):
    """
    A source whose call is cancelled by somebody else could not be asked.
    """
    door = Door("async", runner, clock)

    with pytest.raises(LegacyUnavailableError, match="was cancelled"):
        door.ask(asyncio.CancelledError())


def test_loop_is_gone(clock):
    """
    A thread that outlives its event loop has nobody to tell, and does not mind.
    """
    source = Source()
    source.hang()
    guard = AsyncGuard(source, limits(deadline=0.01), clock)
    with asyncio.Runner() as runner, pytest.raises(LegacyUnavailableError):
        runner.run(guard.call(source.ask, ADA))

    source.go_on()
    until = time.monotonic() + LONG
    while guard.health()[0].calls and time.monotonic() < until:
        time.sleep(0.001)

    assert 0 == guard.health()[0].calls
    gc.collect()


def test_ended_in_the_last_moment(clock, monkeypatch):
    """
    A call that ends while its deadline passes is answered.
    """
    guard = Guard(None, limits(), clock)
    waited = threading.Event.wait

    def wait(event, timeout=None):
        waited(event)
        return timeout is None

    monkeypatch.setattr(threading.Event, "wait", wait)

    assert "answer" == guard.call(lambda identifier: "answer", ADA)
