"""
What stands before the source: a deadline, a bound, and a circuit breaker.
"""

import asyncio
import contextvars
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest
from deadlines import LONG, reached
from forks import forked, needs_fork
from world import AsyncLegacySite, LegacySite, connect

from migratekit import MigrationPolicy, _guard
from migratekit._circuit import Circuit, Limits
from migratekit._guard import AsyncGuard, Guard
from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    UnusableHashError,
)
from migratekit.events import SourceResumed, SourceSuspended
from migratekit.models import SourceHealth
from migratekit.protocols import PartitionedSource
from migratekit.sources.functions import FunctionSource
from migratekit.sources.routed import AsyncRoutedSource, Route, RoutedSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import VirtualClock


ADA = "ada@example.com"


def limits(**changes):
    return Limits(
        **{"deadline": LONG, "calls": 2, "failures": 3, "pause": 30} | changes
    )


class Source:
    """
    Hangs while *hanging*, and answers then what it is told to.
    """

    def __init__(self, answer="answer"):
        self.answer = answer
        self.calls = 0
        self.most = 0
        self.under_way = 0
        self.hanging = threading.Event()
        self.hanging.set()
        self.reached = threading.Event()
        self.lock = threading.Lock()

    def hang(self):
        self.hanging.clear()

    def go_on(self):
        self.hanging.set()

    def ask(self, identifier, /):
        with self.lock:
            self.calls += 1
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.reached.set()
        try:
            assert self.hanging.wait(LONG)
        finally:
            with self.lock:
                self.under_way -= 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class AsyncSource(Source):
    """
    The same with a coroutine.
    """

    async def ask(self, identifier, /):
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            while not self.hanging.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        finally:
            self.under_way -= 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Door:
    """
    A guard, sync or async, with one face; *source* is what it asks.
    """

    def __init__(self, kind, runner, clock, **changes):
        self.source = AsyncSource() if kind == "async" else Source()
        guard = Guard if kind == "sync" else AsyncGuard
        self.limits = limits(**changes)
        self.guard = guard(self.source, self.limits, clock)
        self.runner = runner

    def ask(self, answer=None):
        if answer is not None:
            self.source.answer = answer
        if isinstance(self.guard, Guard):
            return self.guard.call(self.source.ask, ADA)
        return self.runner.run(self.guard.call(self.source.ask, ADA))

    def ask_hastily(self):
        """
        Ask, and wait a moment only, in which the source is reached.
        """
        patient = self.guard
        self.guard = patient.under(attrs.evolve(self.limits, deadline=0.02))
        try:
            with reached(self.source.reached):
                return self.ask()
        finally:
            self.guard = patient

    def fail(self, times=1):
        for _ in range(times):
            with pytest.raises(LegacyUnavailableError):
                self.ask(LegacyUnavailableError("down"))

    def settle(self):
        """
        Wait until no call is under way any more.
        """
        until = time.monotonic() + LONG
        while self.health.calls and time.monotonic() < until:
            if self.runner is not None:
                self.runner.run(asyncio.sleep(0.001))
            time.sleep(0.001)

    @property
    def health(self):
        (health,) = self.guard.health()
        return health


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


@pytest.fixture(name="door", params=["sync", "async", "threads"])
def _door(request, clock, runner):
    """
    Makes a `Door`: a sync guard, an async one, or an async one of a sync source.
    """

    def make(**changes):
        return Door(request.param, runner, clock, **changes)

    return make


# --- The deadline ------------------------------------------------------------------


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

    assert "late" == runner.run(guard.call(lambda identifier: later(), ADA))
    with pytest.raises(ContractError):
        runner.run(guard.call(lambda identifier: broken(), ADA))
    with pytest.raises(LegacyUnavailableError):
        runner.run(hasty.call(lambda identifier: never(), ADA))


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


# --- The bound -----------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", [Source, AsyncSource])
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


@pytest.mark.parametrize("kind", [Source, AsyncSource])
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


# --- The circuit breaker ---------------------------------------------------------------


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
    [ContractError("x"), UnusableHashError("x", "x"), InvalidCredentialsError("x")],
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


# --- Parts ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [RoutedSource, AsyncRoutedSource])
def test_parts(kind, runner):
    """
    One route's outage is no pause for the identifiers of another.
    """
    down, up = LegacySite(), LegacySite()
    down.down = True
    up.add("1", ADA, "pw")
    source = kind(
        [
            Route("down", down, accepts=lambda typed: typed.endswith("@down.example")),
            Route("up", up, accepts=lambda typed: typed.endswith("@example.com")),
        ]
    )
    connection = connect(
        MemoryStore(), source, runner=None if kind is RoutedSource else runner
    )
    for _ in range(6):
        with pytest.raises(LegacyUnavailableError):
            connection.authenticate("ann@down.example", "pw")

    assert connection.authenticate(ADA, "pw").migrated
    states = {health.part: health.circuit for health in connection.health()}
    assert {"down": "open", "up": "closed"} == states
    assert isinstance(source, PartitionedSource)


# --- Behind a connection -----------------------------------------------------------------


def test_connection(scene):
    """
    An outage suspends the source, and its end resumes it; both are told, once each.
    """
    scene.site.add("1", ADA, "pw")
    scene.site.down = True
    for _ in range(7):
        with scene.refused(LegacyUnavailableError):
            scene.connection.authenticate(ADA, "pw")
    assert 5 == len(scene.site.calls)

    scene.site.down = False
    scene.clock.advance(30)

    assert scene.connection.authenticate(ADA, "pw").migrated
    assert [SourceSuspended(part="", failures=5, pause=30)] == scene.told(
        SourceSuspended
    )
    assert [SourceResumed(part="")] == scene.told(SourceResumed)
    expected = SourceHealth(
        part="", circuit="closed", calls=0, abandoned=0, failures=0, retry_after=0
    )
    assert (expected,) == scene.connection.health()
    assert () == scene.connection.cut_over().health()


def test_policy(scene):
    """
    The policy says what a source is granted.
    """
    asked = threading.Event()

    def login(identifier, password, /):
        asked.wait(LONG)

    policy = MigrationPolicy(
        legacy_deadline=0.01, legacy_calls=1, legacy_failures=2, legacy_pause=7
    )
    connection = scene.connect(source=FunctionSource(login), policy=policy)

    for _ in range(2):
        with scene.refused(LegacyUnavailableError):
            connection.authenticate(ADA, "pw")
    (health,) = connection.health()
    asked.set()

    assert ("closed", 1) == (health.circuit, health.failures)


def test_stored_users_do_not_notice(scene):
    """
    Whoever has moved logs in while the source is left alone.
    """
    scene.site.add("1", ADA, "pw")
    scene.connection.authenticate(ADA, "pw")
    scene.site.down = True
    for _ in range(9):
        with scene.refused(LegacyUnavailableError):
            scene.connection.authenticate("bob@example.com", "pw")

    assert not scene.connection.authenticate(ADA, "pw").migrated


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


def test_async_site(runner):
    """
    Async sources are asked in the event loop itself.
    """
    site = LegacySite()
    site.add("1", ADA, "pw")
    threads = []

    class Site(AsyncLegacySite):
        async def login(self, identifier, password, /):
            threads.append(threading.current_thread())
            return await super().login(identifier, password)

    connection = connect(MemoryStore(), Site(site), runner=runner)

    assert connection.authenticate(ADA, "pw").migrated
    assert [threading.current_thread()] == threads


# --- Other limits in the midst of it all -----------------------------------------------


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
