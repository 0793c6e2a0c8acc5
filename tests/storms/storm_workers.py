"""
Processes, threads and tasks that want the same users at once, and what they saw.
"""

import asyncio
import multiprocessing
import random
import time
from concurrent.futures import ThreadPoolExecutor
from inspect import isawaitable

import attrs
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from storm_calls import (
    LEGACY,
    PASSWORDS,
    Call,
    Import,
    Person,
    Shown,
    Stored,
    digest,
    make_legacy,
)
from storm_laws import Storm

from migratekit import AsyncConnection, Connection, MigrationPolicy
from migratekit.errors import MigrateKitError
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import Authenticated, ImportRecord, StoredHash, User
from migratekit.sources.sql import SQLSource
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.sql import SQLStore, metadata
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle


FIND = (
    "SELECT id AS user_id, email, username, pass AS password_hash FROM users "
    "WHERE email = :canonical OR username = :canonical"
)
ASYNC = ("aiosqlite", "psycopg_async", "asyncpg", "asyncmy")


@attrs.frozen
class Plan:
    """
    A storm: where, how many, and the seed that everything random follows from.
    """

    url: str
    legacy: str
    seed: int
    people: int
    processes: int = 3
    threads: int = 3
    block: int = 6

    @property
    def is_async(self):
        return self.url.partition("://")[0].endswith(ASYNC)


@attrs.frozen
class Seen:
    """
    What one worker saw.
    """

    calls: list = attrs.field(factory=list)
    imports: list = attrs.field(factory=list)


def rage(plan):
    """
    Raise the storm, and return all that is known of it afterwards.
    """
    make_legacy(plan.legacy, [Person(number) for number in range(plan.people)])
    empty(sync_url(plan.url))
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(plan.processes)
    results = context.Queue()
    workers = [
        context.Process(target=_work, args=(plan, number, barrier, results))
        for number in range(plan.processes)
    ]
    for worker in workers:
        worker.start()
    seen = [results.get(timeout=900) for _ in workers]
    for worker in workers:
        worker.join()
    broken = [one for one in seen if isinstance(one, str)]
    if broken:
        raise RuntimeError("\n".join(broken))
    return _survey(
        plan,
        [call for one in seen for call in one.calls],
        [each for one in seen for each in one.imports],
    )


def empty(url):
    """
    Make the tables anew.
    """
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool)
    metadata.drop_all(engine)
    SQLStore(engine).create_schema()
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.execute(text("PRAGMA journal_mode = WAL"))


def sync_url(url):
    """
    Return *url* with a sync driver.
    """
    for name, other in {
        "+aiosqlite": "",
        "+psycopg_async": "+psycopg",
        "+asyncpg": "+psycopg",
        "+asyncmy": "+pymysql",
    }.items():
        url = url.replace(name, other)
    return url


def contested(storm):
    """
    Return how many first logins had others beside them, and of how many people.
    """
    total = people = 0
    for calls in storm.by_person().values():
        logins = [c for c in calls if c.name == "login"]
        moved = min((c.end for c in logins if c.is_done), default=0.0)
        first = [c for c in logins if c.begin < moved]
        if len(first) > 1:
            total += len(first)
            people += 1
    return total, people


def _survey(plan, calls, imports):
    stored = []
    with SQLStore(sync_url(plan.url)) as store:
        after = None
        while page := store.list_users(after, 1000, None, None):
            after = page[-1].id
            stored += [_stored(store.get(user.id)) for user in page]
        disagreements = [*store.check()]
    return Storm(calls, imports, stored, disagreements)


def _stored(record):
    user = record.user
    hasher = _hasher()
    return Stored(
        user.id,
        user.legacy_id,
        user.email,
        user.username,
        user.origin.value,
        user.blocked,
        tuple(
            password
            for password in PASSWORDS
            if record.password_hash is not None
            and hasher.verify(password, record.password_hash)
        ),
    )


# --- One process -----------------------------------------------------------------


def _work(plan, number, barrier, results):
    try:
        work = _work_async(plan, number, barrier) if plan.is_async else None
        seen = _work_sync(plan, number, barrier) if work is None else asyncio.run(work)
    except BaseException as error:
        barrier.abort()
        results.put(f"{type(error).__name__}: {error}")
        raise
    results.put(seen)


def _work_sync(plan, number, barrier):
    engine = create_engine(plan.url, hide_parameters=True, **_pool(plan))
    door = _door(Connection, SQLStore(engine), plan)
    seen = Seen()

    def run(thread, people):
        return _driven(_storm(door, seen, _script(plan, number, thread, people)))

    with ThreadPoolExecutor(plan.threads) as pool:
        for people in _blocks(plan):
            barrier.wait(120)
            list(pool.map(run, range(plan.threads), [people] * plan.threads))
    engine.dispose()
    return seen


async def _work_async(plan, number, barrier):
    engine = create_async_engine(plan.url, hide_parameters=True, **_pool(plan))
    door = _door(AsyncConnection, AsyncSQLStore(engine), plan)
    seen = Seen()
    for people in _blocks(plan):
        barrier.wait(120)
        scripts = [_script(plan, number, n, people) for n in range(plan.threads)]
        await asyncio.gather(*[_storm(door, seen, script) for script in scripts])
    await engine.dispose()
    return seen


def _pool(plan):
    options = {"pool_size": plan.threads, "max_overflow": 0}
    if "sqlite" in plan.url:
        options["connect_args"] = {"timeout": 60}
    return options


def _door(kind, store, plan):
    source = SQLSource(f"sqlite:///{plan.legacy}", FIND, format=presets.raw_sha256())
    return kind(
        store,
        source,
        source_name="shop",
        policy=MigrationPolicy(failure_floor=0, legacy_deadline=60),
        hasher=_hasher(),
        listeners=(),
        throttle=NoThrottle(),
        secret_key=b"a key that all processes know",
    )


def _hasher():
    return LegacyHasher(CHEAPEST, presets.raw_sha256())


def _blocks(plan):
    for start in range(0, plan.people, plan.block):
        stop = min(start + plan.block, plan.people)
        yield [Person(number) for number in range(start, stop)]


def _driven(coroutine):
    """
    Return the result of a coroutine that never waits.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("A sync connection waited.")


# --- One thread or task -------------------------------------------------------------


def _script(plan, process, thread, people):
    """
    Return what to do, to whom, and with which random numbers.
    """
    rng = random.Random(f"{plan.seed} {process} {thread} {people[0].number}")
    todo = [(rng.choice(_BEGINNINGS[p.number % 4]), p) for p in people]
    if rng.random() < 0.4:
        todo.insert(rng.randrange(len(todo)), (_import, people))
    later = [(rng.choice(_DEEDS[p.number % 4]), p) for p in people for _ in range(2)]
    rng.shuffle(later)
    return [(deed, target, rng) for deed, target in todo + later]


async def _storm(door, seen, script):
    for deed, target, rng in script:
        await deed(_Witness(door, seen), target, rng)


@attrs.frozen
class _Witness:
    """
    Calls a connection and writes down what came of it.
    """

    door: object
    seen: Seen

    async def call(self, person, name, method, *args, noted=None, **options):
        noted = args if noted is None else noted
        begin = time.monotonic()
        answer = error = None
        try:
            answer = getattr(self.door, method)(*args, **options)
            if isawaitable(answer):
                answer = await answer
        except MigrateKitError as caught:
            error = type(caught).__name__
        end = time.monotonic()
        shown = _shown(answer)
        self.seen.calls.append(
            Call(person.number, name, noted, begin, end, shown, error)
        )
        return answer


def _shown(answer):
    migrated = None
    if isinstance(answer, Authenticated):
        answer, migrated = answer.user, answer.migrated
    if isinstance(answer, User):
        return Shown(
            answer.id, answer.legacy_id, answer.email, answer.origin.value, migrated
        )
    return getattr(answer, "token", None)


async def _login(witness, person, rng):
    identifier = rng.choice([person.email, person.username])
    await witness.call(person, "login", "authenticate", identifier, LEGACY)


async def _guess(witness, person, rng):
    password = rng.choice(PASSWORDS)
    args = (person.username, password)
    await witness.call(person, "login", "authenticate", *args)


async def _sign_up(witness, person, rng):
    args = (person.email, "stranger")
    await witness.call(person, "sign_up", "sign_up", *args, noted=())


async def _change_password(witness, person, rng):
    old, new = rng.choices(PASSWORDS, k=2)
    args = (person.username, old, new)
    await witness.call(person, "change_password", "change_password", *args)


async def _leave(witness, person, rng):
    args = (person.username, LEGACY, rng.choice(PASSWORDS))
    await witness.call(person, "change_password", "change_password", *args)


async def _reset(witness, person, rng):
    change = await witness.call(
        person, "start", "start_password_change", person.username
    )
    if change is not None:
        args = (change.token, rng.choice(PASSWORDS))
        await witness.call(person, "finish", "finish_password_change", *args)


def _to_user(name, method, *options):
    """
    Return a deed that looks somebody up and calls *method* with the id.
    """

    async def deed(witness, person, rng):
        user = await witness.call(person, "get", "get_user", person.username)
        if isinstance(user, User):
            args = [one(person, rng) for one in options]
            await witness.call(person, name, method, user.id, *args)

    return deed


async def _readmit(witness, person, rng):
    await witness.call(person, "readmit", "readmit", person.legacy_id, noted=())


async def _import(witness, people, rng):
    with_hash = rng.random() < 0.5
    records = [
        ImportRecord(
            user_id=str(person.number),
            email=person.email,
            username=person.username,
            password=StoredHash(digest(LEGACY)) if with_hash else None,
        )
        for person in people
    ]
    begin = time.monotonic()
    report, error = None, None
    try:
        report = witness.door.import_users(records, chunk_size=4)
        if isawaitable(report):
            report = await report
    except MigrateKitError as caught:
        error = type(caught).__name__
    end = time.monotonic()
    for person in people:
        call = Call(person.number, "import", (with_hash,), begin, end, None, error)
        witness.seen.calls.append(call)
    if report is not None:
        figures = (report.inserted, report.already_migrated)
        rest = (report.conflicts, report.invalid)
        witness.seen.imports.append(Import(len(people), *figures, *rest))


_set_password = _to_user(
    "set_password", "set_password", lambda _, rng: rng.choice(PASSWORDS)
)
_delete = _to_user("delete", "delete_user")
_block = _to_user("block", "block")
_unblock = _to_user("unblock", "unblock")
_change_email = _to_user(
    "change_email",
    "change_email",
    lambda person, rng: rng.choice([person.second_email, person.prize]),
)
# Steady people, changing, renamed and leaving ones: how they come, what they do then.
_BEGINNINGS = ((_login,), (_login, _login, _leave, _reset), (_login,), (_login,))
_DEEDS = (
    (_login, _login, _guess, _sign_up),
    (_login, _guess, _change_password, _set_password, _reset),
    (_login, _login, _change_email),
    (_login, _guess, _delete, _readmit, _block, _unblock, _change_password),
)
