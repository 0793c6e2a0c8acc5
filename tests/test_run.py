"""
The two loops that answer a flow's steps, and what they keep to themselves.
"""

import asyncio
import gc
import threading
import traceback

import attrs
import pytest
from world import AsyncLegacySite, LegacySite, connect

from migratekit import AsyncConnection, MigrationPolicy, Validator
from migratekit._run import Refused, arun, run, scrubbed
from migratekit._steps import Step
from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    MigrateKitError,
    StaleRecordError,
    StoreUnavailableError,
    Violation,
)
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.throttles import NoThrottle


ADA = "ada@example.com"
CANARY = "canary-password"

async_doors = pytest.mark.parametrize(
    "scene", ["async-memory", "async-sql"], indirect=True
)


@attrs.frozen(eq=False)
class Call(Step):
    """
    A step that calls a function.
    """

    function: object = attrs.field(repr=False)
    thread: bool = False

    def perform(self, ports):
        return self.function()

    def blocks(self, ports):
        return self.thread


@pytest.fixture(name="play", params=["run", "arun"])
def _play(request, runner):
    """
    A callable that plays a flow of calls in each of the loops.
    """
    if request.param == "run":
        return lambda flow: run(flow, None)
    return lambda flow: runner.run(arun(flow, None))


def raising(error):
    def call():
        raise error

    return call


def test_in_turn(play):
    """
    Steps are answered one after another, and the flow's end is given back.
    """

    async def flow():
        return [await Call(lambda: 1), await Call(lambda: 2, thread=True)]

    assert [1, 2] == play(flow())


def test_ours_is_refused(play):
    """
    An error of ours that a flow lets pass is given back as a value, without a frame.
    """

    async def flow():
        raise StaleRecordError

    outcome = play(flow())

    assert Refused is type(outcome)
    assert StaleRecordError is type(outcome.error)


def test_thrown_into_the_flow(play):
    """
    A failed step raises in the flow, where it was awaited, an error of ours.
    """

    async def flow():
        with pytest.raises(ContractError) as caught:
            await Call(raising(KeyError("canary")))
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        return str(caught.value)

    assert "KeyError at test_run:" in (outcome := play(flow()))
    assert "canary" not in outcome


@pytest.mark.parametrize("thread", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        StopIteration(5),
        StopAsyncIteration(),
        RuntimeError("coroutine raised StopIteration"),
        MemoryError(),
        RecursionError(),
        ExceptionGroup("many", [ValueError()]),
        TimeoutError(),
        asyncio.InvalidStateError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_exception(play, error, thread):
    """
    Whatever a call raises, also in a thread, is an error of that step and no other.
    """

    async def flow():
        with pytest.raises(ContractError):
            await Call(raising(error), thread=thread)
        return "went on"

    assert "went on" == play(flow())


@pytest.mark.parametrize("thread", [False, True])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError]
)
def test_interruption(error, thread):
    """
    What is no `Exception` passes through, and the flow is closed.
    """
    closed = []

    async def flow():
        try:
            await Call(raising(error), thread=thread)
        finally:
            closed.append(True)

    with pytest.raises(error):
        run(flow(), None)
    with pytest.raises(error), asyncio.Runner() as runner:
        runner.run(arun(flow(), None))

    assert [True, True] == closed


def test_forgotten_await(play):
    """
    A step that nobody awaited is neither true nor false, and the flow is closed.
    """
    closed = []

    async def flow():
        try:
            if Call(lambda: False):
                return "let in"
        finally:
            closed.append(True)

    async def inverted():
        return "let in" if not Call(lambda: True) else "refused"

    with pytest.raises(TypeError, match=r"Call was not awaited\."):
        play(flow())
    with pytest.raises(TypeError, match="not awaited"):
        play(inverted())
    assert [True] == closed


def test_bug_in_a_flow(play):
    """
    A bug of a flow is no refusal, it is a bug.
    """

    async def flow():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        play(flow())


async def nothing():
    return "answer"


class Awaitable:
    """
    Awaitable, but no coroutine.
    """

    def __await__(self):
        return nothing().__await__()


@pytest.mark.parametrize("make", [nothing, Awaitable])
@pytest.mark.parametrize("thread", [False, True])
def test_awaitable(runner, make, thread):
    """
    A loop awaits what has to be awaited; without one it is a `ContractError`.
    """

    async def flow():
        return await Call(make, thread=thread)

    assert "answer" == runner.run(arun(flow(), None))
    outcome = run(flow(), None)
    assert ContractError is type(outcome.error)
    gc.collect()  # A coroutine that nobody awaited would warn here.


def test_awaitable_that_fails(runner):
    """
    What is raised while it is awaited is an error of the step, too.
    """

    async def fail():
        raise OSError

    async def flow():
        with pytest.raises(ContractError, match="OSError"):
            await Call(fail)
        return "went on"

    assert "went on" == runner.run(arun(flow(), None))


def test_checked(play):
    """
    An answer that the step does not allow raises in the flow.
    """

    class Checked(Call):
        def check(self, answer):
            raise ContractError("not allowed")

    async def flow():
        with pytest.raises(ContractError, match="not allowed"):
            await Checked(lambda: 5)
        return "went on"

    assert "went on" == play(flow())


def test_forgiven(play):
    """
    A failure that a step takes for none gives None.
    """

    class Forgiving(Call):
        def failure(self, exc):
            return None

    async def flow():
        return [await Forgiving(raising(OSError()))]

    assert [None] == play(flow())


def test_scrubbed():
    """
    An error that is handed over has lost the frames of whoever raised it.
    """
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as cause:
            raise StaleRecordError from cause
    except StaleRecordError as caught:
        error = scrubbed(caught)

    assert (None, None, None) == (
        error.__traceback__,
        error.__cause__,
        error.__context__,
    )


# --- Threads -----------------------------------------------------------------------------


class Noting:
    """
    Another object that notes in which thread each of its methods runs.
    """

    def __init__(self, part, threads):
        self.part = part
        self.threads = threads

    def note(self, name):
        self.threads.setdefault(name, set()).add(threading.current_thread())

    def __getattr__(self, name):
        return self.noting(name, getattr(self.part, name))

    def noting(self, name, function):
        def call(*args):
            self.note(name)
            return function(*args)

        return call


def noting(part, threads, *abilities):
    """
    Return *part* with noted methods; *abilities* are told by their being there.
    """
    found = Noting(part, threads)
    for name in abilities:
        setattr(found, name, found.noting(name, getattr(part, name)))
    return found


def test_never_in_the_loop(runner):
    """
    Whatever may block runs in another thread than the event loop.
    """
    threads, site = {}, LegacySite()
    site.add("1", ADA, "pw")
    plain = Noting(None, threads)
    connection = connect(
        noting(
            MemoryStore(),
            threads,
            *("figures", "list_users", "readmit", "bind_source"),
        ),
        noting(site, threads, "count"),
        runner=runner,
        hasher=Noting(CHEAPEST, threads),
        clock=Noting(VirtualClock(), threads),
        rules=[plain.noting("rule", lambda login: None)],
        listeners=[plain.noting("listener", lambda event: None)],
        validator=Validator(rules=[plain.noting("profile_rule", lambda user: ())]),
        policy=MigrationPolicy(
            password_check=plain.noting("password_check", lambda password: ()),
            detect_drift=True,
        ),
    )
    threads.clear()  # The decoy is made where the connection is.

    user = connection.authenticate(ADA, "pw").user
    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")
    connection.change_username(user.id, "ada")
    connection.progress()
    connection.users()
    connection.delete_user(user.id)
    connection.readmit("shop|1")

    for quick in ("now", "monotonic", "needs_rehash"):
        del threads[quick]
    expected = {"login", "get_user", "count", "find", "get", "create", "replace"}
    expected |= {"delete", "retired", "figures", "list_users", "readmit", "bind_source"}
    expected |= {"hash", "verify", "sleep"}
    expected |= {"password_check", "rule", "listener", "profile_rule"}
    assert expected == threads.keys()
    for name, seen in threads.items():
        assert threading.current_thread() not in seen, name


def test_loop_is_free():
    """
    While a sync source takes its time, the event loop goes on.
    """
    release = threading.Event()

    class Slow(LegacySite):
        def login(self, identifier, password, /):
            assert release.wait(10)
            return super().login(identifier, password)

    site = Slow()
    site.add("1", ADA, "pw")
    connection = AsyncConnection(MemoryStore(), site, hasher=CHEAPEST, listeners=())

    async def main():
        login = asyncio.create_task(connection.authenticate(ADA, "pw"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not login.done()
        release.set()
        return await login

    assert asyncio.run(main()).migrated


@async_doors
def test_many_at_once(scene):
    """
    Fifty first logins at once move the user once, and let all in, the throttle excepted.
    """
    scene.site.add("1", ADA, "pw")
    connection = scene.connect(throttle=NoThrottle())._connection

    async def main():
        logins = [connection.authenticate(ADA, "pw") for _ in range(50)]
        return await asyncio.gather(*logins)

    results = scene.runner.run(main())

    assert 1 == sum(result.migrated for result in results)
    assert {scene.find(ADA).user.id} == {result.user.id for result in results}
    assert 1 == scene.find(ADA).version


# --- Cancellation ------------------------------------------------------------------------


class Gate:
    """
    A call that tells when it has begun, and goes on when it may.
    """

    def __init__(self):
        self.began = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self):
        self.began.set()
        assert self.may_go_on.wait(10)


@pytest.mark.parametrize("call", ["find", "retired", "create"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_cancelled_in_a_thread(memory, runner, call, moment):
    """
    A cancelled login is done whole or not at all, and its flow is closed.
    """
    memory.runner = runner
    memory.site.add("1", ADA, "pw", username="ada")
    gate = Gate()
    getattr(memory.store, moment)(call, gate)
    connection = memory.connect()._connection

    async def main():
        login = asyncio.create_task(connection.authenticate(ADA, "pw"))
        assert await asyncio.to_thread(gate.began.wait, 10)
        login.cancel()
        with pytest.raises(asyncio.CancelledError):
            await login
        gate.may_go_on.set()

    runner.run(main())
    while memory.store.count("create") and memory.find(ADA) is None:
        pass  # The thread goes on by itself.

    record = memory.find(ADA)
    assert (record is not None) == (call == "create")
    for kind, value in (("email", ADA), ("username", "ada"), ("legacy_id", "shop|1")):
        assert memory.is_retired(kind, value) == (record is not None)
    assert memory.connect().authenticate(ADA, "pw").user


@async_doors
@pytest.mark.parametrize("steps", range(12))
def test_cancelled_anywhere(scene, steps):
    """
    Wherever a login is cancelled, nothing is half done, and the next one works.
    """
    scene.site.add("1", ADA, "pw", username="ada")
    connection = scene.connection._connection

    async def main():
        login = asyncio.create_task(connection.authenticate(ADA, "pw"))
        while len(scene.store.calls) < steps and not login.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
        login.cancel()
        await asyncio.gather(login, return_exceptions=True)

    scene.runner.run(main())

    assert scene.connection.authenticate(ADA, "pw").user.legacy_id == "shop|1"
    assert 1 == scene.find(ADA).version
    assert all(
        scene.is_retired(kind, value)
        for kind, value in (("email", ADA), ("username", "ada"))
    )


def test_cancelled_source(runner):
    """
    A login that is cancelled while an async source answers writes nothing.
    """
    store, cancelled = MemoryStore(), []

    class Site(AsyncLegacySite):
        async def login(self, identifier, password, /):
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.append(True)

    connection = AsyncConnection(store, Site(None), hasher=CHEAPEST, listeners=())

    async def main():
        login = asyncio.create_task(connection.authenticate(ADA, "pw"))
        await asyncio.sleep(0.01)
        login.cancel()
        with pytest.raises(asyncio.CancelledError):
            await login

    runner.run(main())

    assert [True] == cancelled
    assert 0 == store.figures().moved


# --- What no traceback shows ---------------------------------------------------------------


class Leaky(LegacySite):
    """
    A site that puts what it is given into every place of an exception.
    """

    def login(self, identifier, password, /):
        local = password  # noqa: F841
        if identifier.startswith("fine"):
            return super().login(identifier, password)
        try:
            raise KeyError(password)
        except KeyError as exc:
            raise OSError(f"password={password}") from exc

    def get_user(self, identifier, /):
        raise OSError(CANARY)


class LeakyStore(MemoryStore):
    """
    A store that does it too.
    """

    leak = ()

    def create(self, new, /):
        if "create" in self.leak:
            raise OSError(new.password_hash, CANARY)
        return super().create(new)

    def replace(self, old, new, /):
        if "replace" in self.leak:
            raise OSError(new.password_hash, CANARY)
        return super().replace(old, new)


def fail_with(password):
    raise ValueError(password)


def weak(password):
    return [Violation("weak", "password", "Too weak.")]


def shown(error):
    """
    Return what an error reporter that prints locals shows, but for this test's own.
    """
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames.stack[:] = [f for f in frames.stack if f.filename != __file__]
    hidden = [f for f in frames.stack if "world.py" not in f.filename]
    frames.stack[:] = hidden
    return "".join(frames.format()) + repr(vars(error)) + repr(error.args)


FAILURES = {
    "source": (lambda c: c.authenticate(ADA, CANARY), {}),
    "source of a change": (lambda c: c.change_password(ADA, CANARY, CANARY), {}),
    "sign-up": (lambda c: c.sign_up(ADA, CANARY), {}),
    "administrator": (lambda c: c.create_user(ADA, password=CANARY), {}),
    "reset": (lambda c: c.start_password_change(ADA), {}),
    "token": (lambda c: c.finish_password_change(CANARY, CANARY), {}),
    "nobody": (lambda c: c.set_password("nobody", CANARY), {}),
    "bad input": (lambda c: c.authenticate("\0", CANARY), {}),
    "bad password": (lambda c: c.authenticate(ADA, CANARY + "\0"), {}),
    "wrong": (lambda c: c.authenticate("fine@example.com", CANARY + "x"), {}),
    "create": (
        lambda c: c.authenticate("fine@example.com", CANARY),
        {"leak": ("create",)},
    ),
    "check": (
        lambda c: c.authenticate("fine@example.com", CANARY),
        {"policy": MigrationPolicy(password_check=fail_with)},
    ),
    "weak": (
        lambda c: c.authenticate("fine@example.com", CANARY),
        {"policy": MigrationPolicy(password_check=weak, weak_legacy_password="refuse")},
    ),
    "must change": (
        lambda c: c.authenticate("fine@example.com", CANARY),
        {"policy": MigrationPolicy(password_check=weak), "secret_key": None},
    ),
    "rule": (
        lambda c: c.authenticate("fine@example.com", CANARY),
        {"rules": [fail_with]},
    ),
    "validator": (
        lambda c: c.authenticate("fine@example.com", CANARY),
        {"validator": Validator(rules=[fail_with])},
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_tracebacks(failure, asynchronous, caplog):
    """
    No error shows the password: not in a traceback with locals, not in what it holds.
    """
    call, options = FAILURES[failure]
    options = dict(options)
    store, site = LeakyStore(), Leaky()
    store.leak = options.pop("leak", ())
    site.add("1", "fine@example.com", CANARY)
    with asyncio.Runner(debug=True) as runner:
        connection = connect(
            store, site, runner=runner if asynchronous else None, **options
        )

        with pytest.raises(MigrateKitError) as caught:
            call(connection)

        assert CANARY not in shown(caught.value)
        assert "$argon2" not in shown(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert "Leaky" not in "".join(traceback.format_tb(caught.value.__traceback__))
    assert CANARY not in caplog.text


def test_shared_error():
    """
    A source may raise one and the same error again and again: it keeps nobody's frames.
    """
    error = LegacyUnavailableError("busy")

    class Site(LegacySite):
        def login(self, identifier, password, /):
            raise error

    connection = connect(MemoryStore(), Site())
    for _ in range(2):
        with pytest.raises(LegacyUnavailableError) as caught:
            connection.authenticate(ADA, CANARY)

    assert error is caught.value
    assert CANARY not in shown(error)
    depth = len(traceback.extract_tb(error.__traceback__))
    assert depth <= 4


def test_store_that_binds_nothing():
    """
    A store that remembers no source's name is not asked to.
    """
    store, site = Noting(MemoryStore(), {}), LegacySite()
    site.add("1", ADA, "pw")

    assert connect(store, site).authenticate(ADA, "pw").migrated


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("verify", lambda connection: connection.authenticate(ADA, CANARY)),
        ("needs_rehash", lambda connection: connection.authenticate(ADA, CANARY)),
        ("hash", lambda connection: connection.sign_up("bob@example.com", CANARY)),
    ],
)
def test_hasher_that_fails(name, call):
    """
    A hasher that fails lets nobody in, and shows nothing of what it was given.
    """

    class Broken(Noting):
        def note(self, called):
            if called == name and self.threads:
                raise ValueError(CANARY)

    store, threads = MemoryStore(), {}
    connect(store, LegacySite()).sign_up(ADA, CANARY)
    connection = connect(store, LegacySite(), hasher=Broken(CHEAPEST, threads))
    threads["armed"] = True

    with pytest.raises(MigrateKitError) as caught:
        call(connection)

    assert CANARY not in shown(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("answer", ["yes", 1, None, [True]])
def test_hasher_that_is_not_sure(answer):
    """
    A hasher's yes is True, and nothing else that is true.
    """

    class Sure(Noting):
        def verify(self, password, encoded, /):
            return answer

    store = MemoryStore()
    connect(store, LegacySite()).sign_up(ADA, "pw")
    connection = connect(store, LegacySite(), hasher=Sure(CHEAPEST, {}))

    with pytest.raises(ContractError):
        connection.authenticate(ADA, "pw")


def test_in_an_except_block():
    """
    Whoever logs in while handling an exception of their own keeps that one.
    """
    connection = connect(MemoryStore(), LegacySite())
    own = None
    try:
        raise RuntimeError("the application's own")
    except RuntimeError as exc:
        own = exc
        with pytest.raises(InvalidCredentialsError) as caught:
            connection.authenticate(ADA, "pw")

    assert own is caught.value.__context__


def test_store_error(runner):
    """
    A store's exception shows its type and place only.
    """
    store = LeakyStore()
    store.leak = ("create",)
    connection = connect(store, LegacySite(), runner=runner)

    with pytest.raises(StoreUnavailableError) as caught:
        connection.sign_up(ADA, "pw")

    assert "OSError at test_run:" in str(caught.value)
