"""
How many hashes are computed at a time, and who is turned away.
"""

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import attrs
import pytest
from forks import forked, needs_fork
from world import AsyncLegacySite, LegacySite, connect

from migratekit import AsyncConnection, Connection, MigrationPolicy
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    OverloadedError,
    UnusableHashError,
)
from migratekit.events import LoginRefused
from migratekit.formats import resolve
from migratekit.formats.hasher import LegacyHasher
from migratekit.hashing import SHARED, HashQueue
from migratekit.models import ImportRecord, NewUser, Origin, StoredHash, User
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle


ADA = "ada@example.com"


def until(condition):
    """
    Wait for what other threads are about to do.
    """
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


async def until_in_loop(condition):
    """
    Wait for it in an event loop.
    """
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.001)


class Crowd:
    """
    A hasher in which everybody stays until *go* is set.

    *inside* is who is being hashed now, *most* how many ever were at once.
    """

    def __init__(self):
        self.go = threading.Event()
        self.inside = []
        self.most = 0
        self._lock = threading.Lock()

    def hash(self, password, /):
        return self._stay("hash", password, lambda: CHEAPEST.hash(password))

    def verify(self, password, encoded, /):
        return self._stay(
            "verify", password, lambda: CHEAPEST.verify(password, encoded)
        )

    def needs_rehash(self, encoded, /):
        return CHEAPEST.needs_rehash(encoded)

    def _stay(self, name, password, compute):
        if threading.current_thread() is threading.main_thread() and name == "hash":
            return compute()  # The decoy is made where the connection is.
        with self._lock:
            self.inside.append(password)
            self.most = max(self.most, len(self.inside))
        try:
            assert self.go.wait(10)
            return compute()
        finally:
            with self._lock:
                self.inside.remove(password)


class HoldingCrowd(Crowd):
    """
    The same, of hashes that keep the interpreter's lock, if the text ends in a dot.
    """

    def __init__(self):
        super().__init__()
        self.most_holding = 0

    def holds_gil(self, encoded, /):
        return encoded.endswith(".")

    def needs_rehash(self, encoded, /):
        return super().needs_rehash(encoded.rstrip("."))

    def verify(self, password, encoded, /):
        with self._lock:
            holding = [who for who in self.inside if who.startswith("holding")]
            more = password.startswith("holding")
            self.most_holding = max(self.most_holding, len(holding) + more)
        return super().verify(password, encoded.rstrip("."))


@attrs.frozen
class Stage:
    """
    A hasher, a queue, and both doors to one store and one site.
    """

    crowd: Crowd
    queue: HashQueue
    store: MemoryStore = attrs.field(factory=MemoryStore)
    site: LegacySite = attrs.field(factory=LegacySite)
    events: list = attrs.field(factory=list)

    @property
    def options(self):
        return {
            "hasher": self.crowd,
            "hash_queue": self.queue,
            "listeners": [self.events.append],
            "throttle": NoThrottle(),
        }

    @property
    def sync(self):
        return connect(self.store, self.site, **self.options)

    @property
    def asynchronous(self):
        return AsyncConnection(
            self.store,
            self.site,
            source_name="shop",
            policy=MigrationPolicy(failure_floor=0),
            **self.options,
        )

    def add(self, email, password="pw", encoded=None):
        """
        Store a user, past the queue.
        """
        record = self.store.create(_new_user(email, encoded or CHEAPEST.hash(password)))
        return record.user

    @property
    def taken(self):
        return self.queue._room._taken

    @property
    def is_empty(self):
        """
        Whether nobody has a place, nor a turn.
        """
        room, width = self.queue._room, self.queue.at_once
        lanes = room.lane._turns, room.lane_behind._first, room.lane_of_gil._first
        free = tuple(turns._free for turns in lanes)
        return (room._taken, room._behind, *free) == (0, 0, width, width, 1)


def _new_user(email, encoded):
    return NewUser(User(id=f"id-{email}", origin=Origin.ADMIN, email=email), encoded)


@pytest.fixture(name="stage")
def _stage():
    """
    A `Stage` for two at once and many places.
    """
    stage = Stage(Crowd(), HashQueue(at_once=2))
    yield stage
    stage.crowd.go.set()


@pytest.fixture(name="threads")
def _threads():
    with ThreadPoolExecutor(16) as threads:
        yield threads


@contextmanager
def in_a_loop(main):
    """
    Run *main* in an event loop of another thread; it is done at the end.
    """
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(lambda: asyncio.run(main()))
        yield
        future.result(20)


async def gathered(*logins):
    return await asyncio.gather(*logins, return_exceptions=True)


# --- How many at once -----------------------------------------------------------------


def test_at_once(stage, threads):
    """
    Of sync and async logins together, no more are hashed at once than may be.
    """
    stage.add(ADA)
    sync, asynchronous = stage.sync, stage.asynchronous

    with in_a_loop(
        lambda: gathered(*(asynchronous.authenticate(ADA, "pw") for _ in range(6)))
    ):
        logins = [threads.submit(sync.authenticate, ADA, "pw") for _ in range(6)]
        until(lambda: stage.taken == 12 and len(stage.crowd.inside) == 2)
        stage.crowd.go.set()
        users = {login.result(20).user.email for login in logins}

    assert {ADA} == users
    assert 2 == stage.crowd.most
    assert stage.is_empty


def test_hashing_takes_turns(stage, threads):
    """
    Those who sign up or move, and an administrator's passwords, wait for their turns.
    """
    stage.site.add("1", ADA, "pw")
    user = stage.add("bob@example.com")
    sync = stage.sync
    calls = [
        threads.submit(sync.authenticate, ADA, "pw"),
        threads.submit(sync.sign_up, "eve@example.com", "pw"),
        threads.submit(sync.create_user, "dan@example.com", password="pw"),
        threads.submit(sync.set_password, user.id, "new"),
    ]

    until(lambda: len(stage.crowd.inside) == 2)
    stage.crowd.go.set()
    for call in calls:
        call.result(20)

    assert 2 == stage.crowd.most


def test_wrapping_takes_turns(threads):
    """
    An import that wraps hashes itself is one of those at once.
    """
    stage = Stage(Crowd(), HashQueue(at_once=1))
    stage.add(ADA)
    hasher = LegacyHasher(stage.crowd, resolve("md5($pass)"))
    importing = connect(stage.store, stage.site, **{**stage.options, "hasher": hasher})
    record = ImportRecord(
        user_id="7", email="bob@example.com", password=StoredHash("0" * 32)
    )
    login = threads.submit(stage.sync.authenticate, ADA, "pw")
    until(lambda: stage.crowd.inside == ["pw"])

    done = threads.submit(importing.import_users, [record], wrap=True)
    until(lambda: stage.queue._room.lane._turns._waiting)
    stage.crowd.go.set()

    assert login.result(20).user.email == ADA
    assert 1 == done.result(20).inserted
    assert 1 == stage.crowd.most


def test_holding_gil(threads):
    """
    Of those that keep the interpreter's lock one is hashed at a time, and they leave
    the other turns to others.
    """
    stage = Stage(HoldingCrowd(), HashQueue(at_once=3))
    stage.add("free@example.com", "free")
    stage.add("holding@example.com", "holding", CHEAPEST.hash("holding") + ".")
    sync, asynchronous = stage.sync, stage.asynchronous

    def by(door, name):
        return door.authenticate(f"{name}@example.com", name)

    with in_a_loop(lambda: gathered(*(by(asynchronous, "holding") for _ in range(3)))):
        holding = [threads.submit(by, sync, "holding") for _ in range(3)]
        until(lambda: stage.crowd.inside == ["holding"] and stage.taken == 6)
        free = [threads.submit(by, sync, "free") for _ in range(4)]
        until(lambda: len(stage.crowd.inside) == 3)
        stage.crowd.go.set()
        users = [login.result(20).user for login in (*holding, *free)]

    assert 7 == len(users)
    assert (1, 3) == (stage.crowd.most_holding, stage.crowd.most)
    until(lambda: stage.is_empty)


def test_unsure_hasher(threads):
    """
    A hasher that cannot say whether it keeps the lock is taken to do it.
    """

    class Unsure(HoldingCrowd):
        def holds_gil(self, encoded, /):
            raise OSError

    stage = Stage(Unsure(), HashQueue(at_once=2))
    stage.add(ADA)
    logins = [threads.submit(stage.sync.authenticate, ADA, "pw") for _ in range(3)]

    until(lambda: stage.taken == 3 and stage.crowd.inside)
    stage.crowd.go.set()
    for login in logins:
        login.result(20)

    assert 1 == stage.crowd.most


def test_in_turn(threads):
    """
    Whoever came first is hashed first, and nobody who comes later is faster.
    """
    stage = Stage(Crowd(), HashQueue(at_once=1))
    names = [f"user{number}" for number in range(5)]
    for name in names:
        stage.add(f"{name}@example.com", name)
    lane, order = stage.queue.lane(holds_gil=False), []
    threads.submit(lane.run, stage.crowd.go.wait, 20)
    until(lambda: lane._turns._free == 0)
    for number, name in enumerate(names, 1):
        threads.submit(lane.run, order.append, name)
        until(lambda count=number: len(lane._turns._waiting) == count)

    stage.crowd.go.set()
    until(lambda: stage.is_empty)

    assert names == order


def test_in_turn_with_those_behind(threads):
    """
    Of many who come from the source only so many wait for the turns of all others as
    there are turns.
    """
    queue, order, go = HashQueue(at_once=1), [], threading.Event()
    lane = queue.lane(holds_gil=False)
    behind = queue.lane(holds_gil=False, behind=True)
    threads.submit(lane.run, go.wait, 20)
    until(lambda: lane._turns._free == 0)
    moving = [threads.submit(behind.run, order.append, "moves") for _ in range(5)]
    until(lambda: len(behind._first._waiting) == 4 and len(lane._turns._waiting) == 1)
    stored = threads.submit(lane.run, order.append, "is stored")
    until(lambda: len(lane._turns._waiting) == 2)

    go.set()
    for one in (*moving, stored):
        one.result(20)

    assert ["moves", "is stored", *["moves"] * 4] == order


@attrs.frozen
class Observer:
    """
    A hasher that notes who has which places while it computes.
    """

    queue: HashQueue
    seen: list = attrs.field(factory=list)

    def hash(self, password, /):
        return self._noted("hash", CHEAPEST.hash(password))

    def verify(self, password, encoded, /):
        text = encoded.removesuffix(".")
        return self._noted("verify", CHEAPEST.verify(password, text))

    def needs_rehash(self, encoded, /):
        return encoded.endswith(".")

    def _noted(self, name, answer):
        room = self.queue._room
        turns = room.lane._turns, room.lane_behind._first
        is_behind = turns[1]._free < self.queue.at_once
        self.seen.append((name, room._taken, room._behind, is_behind))
        return answer


def attempted(call, *arguments, **options):
    with suppress(InvalidCredentialsError, LegacyUnavailableError):
        call(*arguments, **options)


# What is hashed; who has places in front of the source and behind it; in which lane.
FRONT = (1, 0, False)
BEHIND = (0, 1, True)
NO_PLACE = (0, 0, False)
PLACES = {
    "stored": (
        lambda c: attempted(c.authenticate, "stored@example.com", "pw"),
        [("verify", *FRONT)],
    ),
    "wrong": (
        lambda c: attempted(c.authenticate, "stored@example.com", "wrong"),
        [("verify", *FRONT)],
    ),
    "upgraded": (
        lambda c: attempted(c.authenticate, "old@example.com", "pw"),
        [("verify", *FRONT), ("hash", *FRONT)],
    ),
    "moved": (lambda c: attempted(c.authenticate, ADA, "pw"), [("hash", *BEHIND)]),
    "unknown": (
        lambda c: attempted(c.authenticate, "eve@example.com", "pw"),
        [("verify", *FRONT)],
    ),
    "outage": (lambda c: attempted(c.authenticate, "down@example.com", "pw"), []),
    "changed": (
        lambda c: c.change_password("stored@example.com", "pw", "new"),
        [("verify", *FRONT), ("hash", *FRONT)],
    ),
    "signed up": (
        lambda c: c.sign_up("new@example.com", "pw"),
        [("hash", *BEHIND)],
    ),
    "created": (
        lambda c: c.create_user("new@example.com", password="pw"),
        [("hash", *NO_PLACE)],
    ),
}


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("name", PLACES)
def test_places(runner, name, asynchronous):
    """
    Whoever was at the source and gets a hash of their own has a place of another kind,
    and waits in another lane; who is refused has none, or one like everybody's.
    """
    queue = HashQueue(at_once=2)
    observer = Observer(queue)
    stage = Stage(observer, queue)
    stage.add("stored@example.com")
    stage.add("old@example.com", encoded=CHEAPEST.hash("pw") + ".")
    stage.site.add("1", ADA, "pw")
    seen_outside = []

    class Site(LegacySite):
        def login(self, identifier, password, /):
            seen_outside.append((queue._room._taken, queue._room._behind))
            if identifier.startswith("down"):
                raise OSError
            return stage.site.login(identifier, password)

    connection = connect(
        stage.store,
        AsyncLegacySite(Site()) if asynchronous else Site(),
        runner=runner if asynchronous else None,
        **stage.options,
    )
    observer.seen.clear()
    call, expected = PLACES[name]

    call(connection)

    assert expected == observer.seen
    assert {(0, 0)} >= set(seen_outside)
    assert stage.is_empty


# --- The event loop -------------------------------------------------------------------


def test_loop_is_free(stage):
    """
    While 50 logins are hashed or wait for it, neither the loop nor its threads are busy.
    """
    stage.add(ADA)
    connection = stage.asynchronous
    first_turns = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        logins = [
            asyncio.create_task(connection.authenticate(ADA, "pw")) for _ in range(50)
        ]
        await until_in_loop(lambda: stage.taken == 50 and len(stage.crowd.inside) == 2)
        for _ in range(100):
            await asyncio.sleep(0)
            first_turns.append(await asyncio.to_thread(threading.get_ident))
        assert not any(login.done() for login in logins)
        stage.crowd.go.set()
        return await asyncio.gather(*logins)

    results = asyncio.run(main())

    assert {ADA} == {result.user.email for result in results}
    assert 100 == len(first_turns)
    assert 2 == stage.crowd.most
    assert stage.is_empty


def test_blocked_loop(stage):
    """
    A sync login in the thread of a loop gets its turn although async ones wait there.
    """
    stage.add(ADA)
    sync, asynchronous = stage.sync, stage.asynchronous

    async def main():
        logins = [
            asyncio.create_task(asynchronous.authenticate(ADA, "pw")) for _ in range(8)
        ]
        await until_in_loop(lambda: len(stage.crowd.inside) == 2)
        threading.Timer(0.01, stage.crowd.go.set).start()
        blocking = sync.authenticate(ADA, "pw")
        return [blocking, *await asyncio.gather(*logins)]

    assert 9 == len(asyncio.run(main()))


# --- The end of the queue -------------------------------------------------------------

CALLS = {
    "authenticate": lambda c, token: c.authenticate(ADA, "pw"),
    "authenticate badly": lambda c, token: c.authenticate(None, "pw"),
    "change_password": lambda c, token: c.change_password(ADA, "pw", "new"),
    "sign_up": lambda c, token: c.sign_up("bob@example.com", "pw"),
    "finish_password_change": lambda c, token: c.finish_password_change(token, "new"),
}


@contextmanager
def full(scene, threads):
    """
    Give a connection of *scene* while others have both places of its queue.
    """
    stage = Stage(Crowd(), HashQueue(at_once=1, places=2))
    stage.add("other@example.com")
    others = [
        threads.submit(stage.sync.authenticate, "other@example.com", "pw")
        for _ in range(2)
    ]
    until(lambda: stage.taken == 2)
    try:
        yield scene.connect(hash_queue=stage.queue)
    finally:
        stage.crowd.go.set()
        for other in others:
            other.result(20)
        assert stage.is_empty


@pytest.mark.parametrize("name", CALLS)
def test_overloaded(scene, threads, name):
    """
    Whoever finds no place is refused at once, and nobody is looked up.
    """
    scene.site.add("1", ADA, "pw")
    token = scene.connection.start_password_change(ADA).token
    for calls in (scene.store.calls, scene.site.calls, scene.events):
        calls.clear()
    scene.clock.slept = 0

    with full(scene, threads) as connection:
        with scene.refused(OverloadedError) as caught:
            CALLS[name](connection, token)

        assert ([], []) == (scene.store.calls, scene.site.calls)
        assert 0 == scene.clock.slept
    assert 503 == caught.value.status_hint
    logins = {"authenticate": ADA, "change_password": ADA, "authenticate badly": None}
    told = (
        [LoginRefused(identifier=logins[name], reason="overloaded")]
        if (name in logins)
        else []
    )
    assert told == scene.events
    if name != "authenticate badly":
        assert CALLS[name](scene.connection, token)


def test_others_are_served(scene, threads):
    """
    What needs no hash, and what an administrator does, needs no place.
    """
    scene.site.add("1", ADA, "pw")

    with full(scene, threads) as connection:
        assert connection.get_user(ADA) is not None
        assert connection.start_password_change(ADA) is not None
        user = connection.create_user("bob@example.com")
        connection.change_username(user.id, "bob")
        connection.block(user.id)


def test_too_many_behind(scene):
    """
    While so many wait who were at the source, nobody signs up who would be one more;
    whoever is stored notices nothing.
    """
    queue = HashQueue(places=2)
    for number, name in enumerate([ADA, "bob@example.com"]):
        scene.site.add(str(number), name, "pw")
    first = scene.connection
    first.authenticate(ADA, "pw")
    of_ada, of_bob = (
        first.start_password_change(email).token for email in (ADA, "bob@example.com")
    )
    connection = scene.connect(hash_queue=queue)
    for _ in range(2):
        queue._room.come_back(behind=True)

    for refused in (
        lambda: connection.sign_up("eve@example.com", "pw"),
        lambda: connection.finish_password_change(of_bob, "new"),
    ):
        with scene.refused(OverloadedError):
            refused()
    assert not connection.authenticate(ADA, "pw").migrated
    assert connection.finish_password_change(of_ada, "new").email == ADA
    assert connection.authenticate("bob@example.com", "pw").migrated
    assert (0, 2) == (queue._room._taken, queue._room._behind)


def test_shared():
    """
    Connections that are given no queue share one, which is bounded.
    """
    connections = [connect(MemoryStore(), LegacySite()) for _ in range(2)]

    queues = {connection._ports.hash_queue for connection in connections}

    assert {SHARED} == queues
    assert 1 <= SHARED.at_once <= 4
    assert 64 == SHARED.places


@pytest.mark.parametrize("number", [0, -1, 1.5, "2", None, True])
@pytest.mark.parametrize("field", ["at_once", "places"])
def test_numbers(field, number):
    """
    A queue has room for at least one.
    """
    with pytest.raises(ConfigurationError, match="at least 1"):
        HashQueue(**{field: number})


def test_no_queue():
    """
    What is no queue is refused.
    """
    with pytest.raises(ConfigurationError, match="HashQueue"):
        Connection(MemoryStore(), LegacySite(), hasher=CHEAPEST, hash_queue=4)


# --- Places are given back ------------------------------------------------------------


class Interruption(BaseException):
    """
    What a signal's handler may raise anywhere.
    """


def raise_interruption(*_):
    raise Interruption


@pytest.fixture(name="lonely")
def _lonely():
    """
    A `Stage` with a single place, and nobody who waits.
    """
    stage = Stage(Crowd(), HashQueue(at_once=1, places=1))
    stage.crowd.go.set()
    stage.add(ADA)
    return stage


def fail_to_hash(stage):
    def verify(password, encoded, /):
        raise UnusableHashError("…", "")

    stage.crowd.verify = verify


def interrupt_hash(stage):
    stage.crowd.verify = raise_interruption


def interrupt_store(stage):
    stage.store.find = raise_interruption


def interrupt_source(stage):
    stage.store.find = stage.store.retired = lambda key: None
    stage.site.login = raise_interruption


def break_store(stage):
    stage.store.find = lambda key: "no record"


ENDS = [
    (lambda stage: None, "pw", None),
    (lambda stage: None, "wrong", InvalidCredentialsError),
    (fail_to_hash, "pw", InvalidCredentialsError),
    (break_store, "pw", ContractError),
    (interrupt_hash, "pw", Interruption),
    (interrupt_store, "pw", Interruption),
    (interrupt_source, "pw", Interruption),
]


@pytest.mark.parametrize("door", ["sync", "asynchronous"])
@pytest.mark.parametrize(("prepare", "password", "error"), ENDS)
def test_given_back(lonely, door, prepare, password, error):
    """
    However a login ends, its place is free, and the next one gets it.
    """
    connection = getattr(lonely, door)
    prepare(lonely)

    def log_in(word):
        if door == "sync":
            return connection.authenticate(ADA, word)
        return asyncio.run(connection.authenticate(ADA, word))

    if error is None:
        log_in(password)
    else:
        with pytest.raises(error):
            log_in(password)

    assert lonely.is_empty


def test_waiting_for_the_floor(memory):
    """
    Whoever only waits for the floor has no place any more.
    """
    queue, seen = HashQueue(places=1), []

    class Clock:
        now = memory.clock.now
        monotonic = memory.clock.monotonic

        def sleep(self, seconds, /):
            seen.append(queue._room._taken)

    connection = memory.connect(hash_queue=queue, clock=Clock())
    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")
    with pytest.raises(InvalidCredentialsError):
        connection.change_password(ADA, "wrong", "new")

    assert [0, 0] == seen


@pytest.mark.parametrize("asynchronous", [False, True])
def test_source_that_hangs(lonely, threads, asynchronous):
    """
    Those who wait for the source keep no stored user out, and go on behind it.
    """
    release, asked = threading.Event(), []

    class Hanging(LegacySite):
        def login(self, identifier, password, /):
            asked.append(identifier)
            assert release.wait(20)
            return super().login(identifier, password)

    class AsyncHanging(AsyncLegacySite):
        async def login(self, identifier, password, /):
            return await asyncio.to_thread(self.site.login, identifier, password)

    site = Hanging()
    names = [f"user{number}@example.com" for number in range(3)]
    for number, name in enumerate(names):
        site.add(str(number), name, "pw")

    async def main():
        source = AsyncHanging(site) if asynchronous else site
        connection = AsyncConnection(
            lonely.store, source, source_name="shop", **lonely.options
        )
        moving = []
        for number, name in enumerate(names, 1):
            moving.append(asyncio.create_task(connection.authenticate(name, "pw")))
            await until_in_loop(lambda count=number: len(asked) == count)
        try:
            assert 0 == lonely.taken
            stored = await connection.authenticate(ADA, "pw")
            assert stored.user.email == ADA
        finally:
            release.set()
        return await asyncio.gather(*moving)

    moved = asyncio.run(main())

    assert names == [login.user.email for login in moved]
    assert 1 == lonely.crowd.most
    assert lonely.is_empty


@pytest.mark.parametrize("where", ["turn", "hash", "source"])
def test_cancelled(stage, where):
    """
    A login that is cancelled gives its place back: while it waits for its turn, is
    hashed, or waits for the source.
    """
    stage.add(ADA)
    hanging = asyncio.Event()

    class Site(AsyncLegacySite):
        async def login(self, identifier, password, /):
            hanging.set()
            await asyncio.sleep(60)

    connection = AsyncConnection(
        stage.store, Site(None), source_name="shop", **stage.options
    )

    async def main():
        count = {"turn": 5, "hash": 2, "source": 0}[where]
        logins = [
            asyncio.create_task(connection.authenticate(ADA, "pw"))
            for _ in range(count)
        ]
        if where == "source":
            logins = [asyncio.create_task(connection.authenticate("eve", "pw"))]
            await hanging.wait()
        await until_in_loop(
            lambda: len(stage.crowd.inside) == min(2, count) and stage.taken == count
        )
        cancelled = logins[2:] if where == "turn" else logins
        for login in cancelled:
            login.cancel()
        ended = await gathered(*cancelled)
        assert {asyncio.CancelledError} == set(map(type, ended))
        assert stage.taken == len(logins) - len(cancelled)
        stage.crowd.go.set()
        await gathered(*logins)

    asyncio.run(main())

    until(lambda: stage.is_empty)
    assert stage.crowd.most <= 2
    assert stage.sync.authenticate(ADA, "pw").user.email == ADA


@pytest.mark.parametrize("collected", [False, True])
def test_closed(stage, collected):
    """
    A login whose coroutine is closed, or lost in the midst, gives its place back.
    """
    stage.add(ADA)
    loop = asyncio.new_event_loop()
    login = stage.asynchronous.authenticate(ADA, "pw")
    task = loop.create_task(login)

    loop.run_until_complete(until_in_loop(lambda: stage.crowd.inside))
    assert 1 == stage.taken
    # As if the loop, and all it was to call back, had been forgotten.
    task._log_destroy_pending = False
    stage.crowd.go.set()
    until(lambda: not stage.crowd.inside)
    loop.close()
    if collected:
        del login, task
        gc.collect()
    else:
        login.close()

    until(lambda: stage.is_empty)


def test_interrupted(threads):
    """
    A signal's handler that raises takes nobody's turn along.
    """
    stage = Stage(Crowd(), HashQueue(at_once=1))
    stage.add(ADA)
    lane = stage.queue.lane(holds_gil=False)
    login = threads.submit(stage.sync.authenticate, ADA, "pw")
    until(lambda: stage.crowd.inside)
    main = threading.main_thread().ident

    def interrupt():
        until(lambda: lane._turns._waiting)
        # More than once: one that comes just before the wait begins does not end it.
        while lane._turns._waiting:
            signal.pthread_kill(main, signal.SIGUSR1)
            time.sleep(0.1)

    def once(number, frame):
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        raise_interruption(number, frame)

    before = signal.signal(signal.SIGUSR1, once)
    try:
        sent = threads.submit(interrupt)
        with pytest.raises(Interruption):
            stage.sync.authenticate(ADA, "pw")
        sent.result(20)
    finally:
        signal.signal(signal.SIGUSR1, before)
    stage.crowd.go.set()

    assert login.result(20).user.email == ADA
    until(lambda: stage.is_empty)


def test_interrupted_too_late():
    """
    A turn that was handed on just before the interruption is handed on again.
    """
    lane = HashQueue(at_once=1).lane(holds_gil=False)
    turns = lane._turns
    turn = threading.Lock()

    with turns:
        pass
    turns._free = 0  # It is with *turn*.
    turns._give_up(turn)

    assert 1 == turns._free


FORK = """
import asyncio, os, sys, threading
from migratekit import AsyncConnection, Connection
from migratekit.hashing import HashQueue
from migratekit.sources import NoopSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST

go, inside = threading.Event(), threading.Semaphore(0)
parent = os.getpid()

class Hasher:
    hash, needs_rehash = CHEAPEST.hash, CHEAPEST.needs_rehash

    def verify(self, password, encoded, /):
        if os.getpid() == parent:
            inside.release()
            go.wait()
        return CHEAPEST.verify(password, encoded)

queue = HashQueue(at_once=2, places=5)
store = MemoryStore()
options = {"hasher": Hasher(), "hash_queue": queue, "listeners": ()}
sync = Connection(store, NoopSource(), **options)
asynchronous = AsyncConnection(store, NoopSource(), **options)
sync.sign_up("ada@example.com", "pw")

def log_in():
    assert sync.authenticate("ada@example.com", "pw").user

async def log_in_async(count):
    login = asynchronous.authenticate
    await asyncio.gather(*(login("ada@example.com", "pw") for _ in range(count)))

threads = [threading.Thread(target=log_in) for _ in range(3)]
threads.append(threading.Thread(target=lambda: asyncio.run(log_in_async(2))))
for thread in threads:
    thread.start()
for _ in range(2):
    inside.acquire()
while queue._room._taken < 5:
    pass
child = os.fork()
if child == 0:
    try:
        log_in()
        asyncio.run(log_in_async(5))
        assert queue._room._taken == 0
    except BaseException as exc:
        print(type(exc).__name__, exc, flush=True)
        os._exit(1)
    os._exit(0)
status = os.waitpid(child, 0)[1]
go.set()
for thread in threads:
    thread.join()
assert queue._room._taken == 0
sys.exit(status != 0)
"""


@needs_fork
def test_fork():
    """
    A process that is forked off in the midst of it all begins with an empty queue.
    """
    done = subprocess.run(
        [sys.executable, "-c", FORK],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert (0, "") == (done.returncode, done.stdout + done.stderr)


@needs_fork
def test_place_of_the_parent():
    """
    Whoever had a place in the parent gives it back there, and not in the child.
    """
    queue = HashQueue(places=1)
    place = queue.place()
    place.take()

    def is_kept():
        with queue.place() as other:
            other.take()
            place.give_back()
            with pytest.raises(OverloadedError):
                queue.place().take()
        return True

    assert forked(is_kept)
    with pytest.raises(OverloadedError):
        queue.place().take()


def test_place_behind():
    """
    A place is left for the source, and is another one behind it.
    """
    queue = HashQueue(places=1)
    with queue.place() as place:
        place.step_aside()
        assert not place.is_aside  # Whoever had none gets none.

        place.take()
        place.come_back(behind=True)
        assert (1, 0) == (queue._room._taken, queue._room._behind)
        place.step_aside()
        assert (0, 0) == (queue._room._taken, queue._room._behind)
        place.come_back(behind=True)
        place.come_back(behind=False)
        assert (0, 1) == (queue._room._taken, queue._room._behind)
        place.step_aside()

    assert (0, 0) == (queue._room._taken, queue._room._behind)
