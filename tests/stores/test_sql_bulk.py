"""
Many users at once: what the contract of stores cannot know.
"""

import asyncio
import inspect
import logging
import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.postgresql import asyncpg, psycopg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

from migratekit.errors import (
    AlreadyMigratedError,
    ContractError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    Retirement,
    ledger_keys,
)
from migratekit.stores import _sql_bulk as bulk
from migratekit.stores._batches import Known, candidates
from migratekit.stores._sql_copy import insert_rows
from migratekit.stores._sql_rows import (
    ledger_values,
    rows_having,
    sameness,
    transposed,
)
from migratekit.stores._sql_schema import ledger, metadata, users
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing._scenario import settle
from migratekit.testing._store_people import (
    MOVING,
    NAMES,
    key_of,
    somebody,
)


POSTGRESQL, MARIADB = "MIGRATEKIT_TEST_POSTGRESQL", "MIGRATEKIT_TEST_MARIADB"
DRIVERS = {
    "sqlite": None,
    "sqlite+aiosqlite": None,
    "postgresql+psycopg": POSTGRESQL,
    "postgresql+psycopg_async": POSTGRESQL,
    "postgresql+asyncpg": POSTGRESQL,
    "mysql+pymysql": MARIADB,
    "mysql+asyncmy": MARIADB,
}
ASYNC = ("aiosqlite", "psycopg_async", "asyncpg", "asyncmy")
COPYING = [driver for driver, variable in DRIVERS.items() if variable == POSTGRESQL]

SECRET = "$argon2id$v=19$m=65536,t=3,p=4$c2VjcmV0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA"
FRAGMENTS = ("$argon2", "c2VjcmV0", "aGFzaG")


def url_of(driver, folder):
    variable = DRIVERS[driver]
    if variable is None:
        # SQLite's writers have no queue: on a busy machine one may wait for long.
        return f"{driver}:///{folder}/users.db?timeout=60"
    url = os.environ.get(variable)
    if url is None:
        pytest.skip(f"{variable} is not set: no server to test against")
    return f"{driver}://{url.partition('://')[2]}"


@asynccontextmanager
async def opened(url, log=None, **options):
    """
    Give an empty store, sync or async; what a server says goes to *log*.
    """
    is_async = url.partition(":")[0].endswith(ASYNC)
    make = create_async_engine if is_async else create_engine
    engine = make(url, hide_parameters=True, **options)
    if log is not None:
        event.listen(engine.sync_engine if is_async else engine, "connect", hear(log))
    if is_async:
        store = AsyncSQLStore(engine)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.drop_all)
    else:
        store = SQLStore(engine)
        metadata.drop_all(engine)
    try:
        await settle(store.create_schema())
        yield store
    finally:
        await settle(store.close())
        disposed = engine.dispose()
        if inspect.isawaitable(disposed):
            await disposed


@pytest.fixture(name="url", params=DRIVERS)
def _url(request, tmp_path):
    return url_of(request.param, tmp_path)


def told(outcomes):
    return [outcome and (type(outcome), vars(outcome)) for outcome in outcomes]


@pytest.mark.parametrize(
    "new",
    [
        somebody(email="a\0@example.com"),
        somebody(username="x" * 321),
        somebody(password_hash="\ud800"),
    ],
    ids=["nul", "length", "surrogate"],
)
def test_unstorable(store, new):
    """
    If one of many cannot be stored, none is.
    """
    for bulky in (store, MemoryStore()):
        before = somebody()

        with pytest.raises(ContractError):
            bulky.create_many([before, new])

        assert None is bulky.get(before.user.id)
        for key in ledger_keys(before.user):
            assert None is bulky.retired(key)


def test_taken_id(store):
    """
    If the id of one of many is taken, by others or among them, none is stored.
    """
    for bulky in (store, MemoryStore()):
        first, before = somebody(), somebody()
        bulky.create(first)
        for taken in (first.user.id, before.user.id):
            with pytest.raises(ContractError, match="id"):
                bulky.create_many([before, somebody(id=taken)])

            assert None is bulky.get(before.user.id)
            for key in ledger_keys(before.user):
                assert None is bulky.retired(key)


def test_refused_with_taken_id(store):
    """
    Whoever is refused need not have an id of their own.
    """
    for bulky in (store, MemoryStore()):
        new = somebody()

        outcomes = bulky.create_many([new, new, somebody()])

        assert [None, AlreadyMigratedError, None] == [
            outcome and type(outcome) for outcome in outcomes
        ]


def test_outcomes_show_nothing(store):
    """
    An outcome holds no frames, in which hashes would be.
    """
    for bulky in (store, MemoryStore()):
        first, second = somebody(), somebody()
        bulky.create_many([first])

        outcomes = bulky.create_many(
            [first, somebody(email=first.user.email), second, second]
        )

        for outcome in (outcomes[0], outcomes[1], outcomes[3]):
            assert None is outcome.__traceback__
            assert None is outcome.__context__


def test_one_transaction(url):
    """
    If the users cannot be written, neither is the ledger.
    """

    async def main():
        async with opened(url) as store:
            people = [somebody() for _ in range(3)]
            await settle(store.create(somebody()))
            await execute(store, "ALTER TABLE migratekit_users RENAME TO elsewhere")

            with pytest.raises(StoreUnavailableError) as failure:
                await settle(store.create_many(people))

            assert None is failure.value.__context__
            for new in people:
                for key in ledger_keys(new.user):
                    assert None is await settle(store.retired(key))
            await execute(store, "ALTER TABLE elsewhere RENAME TO migratekit_users")
            assert [None] * 3 == list(await settle(store.create_many(people)))

    asyncio.run(main())


async def execute(store, sql):
    if isinstance(store, SQLStore):
        with store._engine.begin() as connection:
            connection.execute(text(sql))
    else:
        async with store._engine.begin() as connection:
            await connection.execute(text(sql))


class Meddler:
    """
    Does something before each transaction of a bulk operation.
    """

    def __init__(self, monkeypatch, act):
        self.transactions = 0
        self.act = act
        self.transact = bulk.transact
        monkeypatch.setattr(bulk, "transact", self)

    def __call__(self, connection, work):
        self.transactions += 1
        self.act(self.transactions)
        return self.transact(connection, work)


def test_contested(store, monkeypatch):
    """
    Somebody who logs in before each try is told of like the others, in the end.
    """
    people = [somebody() for _ in range(30)]
    rivals = [rival(new) for new in people[1:-1]]
    created = []

    def act(number):
        created.append(store.create(rivals[number]))

    meddler = Meddler(monkeypatch, act)

    outcomes = store.create_many(people)

    assert 2 * bulk._ATTEMPTS == meddler.transactions
    winners = {record.user.legacy_id for record in created}
    assert 2 * bulk._ATTEMPTS == len(winners)
    for new, outcome in zip(people, outcomes, strict=True):
        if new.user.legacy_id in winners:
            assert new.user.legacy_id == outcome.legacy_id
            assert None is outcome.__traceback__
        else:
            assert None is outcome
            assert new.user == store.get(new.user.id).user


def test_overtaken(store, monkeypatch):
    """
    Who logs in between a look and the next try costs a try, and no more.
    """
    people = [somebody() for _ in range(9)]

    def act(number):
        if number == 3:
            store.create(rival(people[4]))

    store.create(rival(people[0]))
    meddler = Meddler(monkeypatch, act)

    outcomes = store.create_many(people)

    assert told(outcomes) == [
        (AlreadyMigratedError, {"legacy_id": new.user.legacy_id})
        if new in (people[0], people[4])
        else None
        for new in people
    ]
    assert 5 == meddler.transactions


def rival(new):
    keys = {key.kind.value: key.value for key in ledger_keys(new.user)}
    return somebody(**keys)


@pytest.mark.parametrize("kinds", [tuple(KeyKind), (KeyKind.EMAIL,)])
def test_tries(store, monkeypatch, kinds):
    """
    Strangers cost one transaction, and a batch of whom much is known three.
    """
    meddler = Meddler(monkeypatch, lambda number: None)
    assert [None] * 3 == store.create_many([somebody() for _ in range(3)])
    assert 1 == meddler.transactions
    people = [somebody() for _ in range(3)]
    for new in people:
        keys = [key_of(new.user, kind) for kind in kinds]
        store.reserve(keys, new.user.legacy_id)

    outcomes = store.create_many(people)

    assert [None] * 3 == outcomes
    assert 1 + 3 == meddler.transactions


def test_readmitted_meanwhile(store, monkeypatch):
    """
    A reservation that is lifted between a look and the next try is not missed.
    """
    people = [somebody() for _ in range(3)]
    user = people[1].user
    store.reserve(ledger_keys(user), user.legacy_id)

    def act(number):
        if number == 3:
            store.readmit(user.legacy_id)

    Meddler(monkeypatch, act)

    outcomes = store.create_many(people)

    assert [None] * 3 == outcomes
    for new in people:
        for key in ledger_keys(new.user):
            row = Retirement(key, "used", new.user.legacy_id)
            assert row == store.retired(key)


def test_reserved_for_another_meanwhile(store, monkeypatch):
    """
    A reservation that becomes another's between a look and the next try is theirs.
    """
    people = [somebody() for _ in range(3)]
    user = people[1].user
    row = Retirement(key_of(user, KeyKind.EMAIL), "reserved", "shop|another")

    def act(number):
        if number == 3:
            store.readmit(user.legacy_id)
            store.reserve([row.key], row.legacy_id)

    store.reserve([row.key], user.legacy_id)
    Meddler(monkeypatch, act)

    outcomes = store.create_many(people)

    told_of = (AlreadyMigratedError, {"legacy_id": "shop|another"})
    assert [None, told_of, None] == told(outcomes)
    assert row == store.retired(row.key)
    assert None is store.get(user.id)


def test_sacrificed(store, monkeypatch):
    """
    A batch that the database sacrifices every time is created one by one.
    """
    people = [somebody(), somebody()]

    def sacrifice(*_):
        raise StoreUnavailableError("Deadlock")

    monkeypatch.setattr(bulk, "_store", sacrifice)

    assert [None, None] == store.create_many(people)
    for new in people:
        assert new.user == store.get(new.user.id).user


def test_moment_of_reserved(url):
    """
    Lifted reservations get the moment at which each of their users moved; the rows of
    those who moved before keep theirs.
    """

    async def main():
        async with opened(url) as store:
            people = [somebody() for _ in range(3)]
            moments = {}
            for number, new in enumerate(people):
                moment = new.user.migrated_at.replace(month=number + 2)
                people[number] = attrs.evolve(
                    new, user=attrs.evolve(new.user, migrated_at=moment)
                )
                moments[new.user.legacy_id] = moment
            for new in people[:2]:
                keys = ledger_keys(new.user)
                await settle(store.reserve(keys, new.user.legacy_id))

            gone = somebody()
            moments[gone.user.legacy_id] = gone.user.migrated_at
            await settle(store.delete(await settle(store.create(gone))))
            signed_up = somebody(
                Origin.SIGN_UP,
                email=gone.user.email,
                username=gone.user.username,
                migrated_at=None,
                updated_at=moments[people[0].user.legacy_id],
            )

            outcomes = await settle(store.create_many([*people, signed_up]))

            assert [None] * 4 == list(outcomes)
            rows = await read(store, ledger)
            assert 12 == len(rows)
            for row in rows:
                assert ("used", moments[row.legacy_id]) == (row.reason, row.created_at)

    asyncio.run(main())


def test_moment_of_strangers(url):
    """
    The ledger dates strangers as it does those who are created alone.
    """

    async def main():
        async with opened(url) as store:
            february, march = (
                datetime.fromisoformat(f"2026-{month}-01T00:00:00Z")
                for month in ("02", "03")
            )
            people = {
                "shop|1": (february, None, february),
                "shop|2": (february, march, march),
                "shop|3": (None, march, march),
                "shop|4": (None, None, None),
            }
            began = datetime.now(UTC)

            outcomes = await settle(
                store.create_many(
                    [
                        somebody(legacy_id=key, migrated_at=moved, updated_at=written)
                        for key, (moved, written, _) in people.items()
                    ]
                )
            )

            assert [None] * 4 == list(outcomes)
            rows = await read(store, ledger)
            assert 12 == len(rows)
            for row in rows:
                moment = people[row.legacy_id][2]
                if moment is None:
                    assert abs(row.created_at - began) < timedelta(minutes=1)
                else:
                    assert moment == row.created_at

    asyncio.run(main())


async def read(store, table):
    if isinstance(store, SQLStore):
        with store._engine.connect() as connection:
            return connection.execute(table.select()).all()
    async with store._engine.connect() as connection:
        return (await connection.execute(table.select())).all()


def test_trailing_blanks(url):
    """
    Names that differ in a trailing blank are told apart, or the second is refused.
    """

    async def main():
        async with opened(url) as store:
            await settle(store.create(somebody(username="ann")))
            people = [somebody(username=name) for name in ("ann ", "bob", "bob ")]

            outcomes = await settle(store.create_many(people))

            expected = [None, None, None]
            if "mysql" in url:
                expected = [(UserExistsError, {"field": "username"}), None] * 2
                expected = [expected[0], None, expected[0]]
            assert expected == told(outcomes)

    asyncio.run(main())


def test_named_parameters(tmp_path):
    """
    A driver whose parameters have names stores the same.
    """
    engine = create_engine(
        f"sqlite:///{tmp_path}/users.db", hide_parameters=True, paramstyle="named"
    )
    store = SQLStore(engine)
    store.create_schema()
    people = [somebody(profile={"name": "Ann"}) for _ in range(3)]

    assert [None] * 3 == store.create_many(people)

    for new in people:
        record = Record(new.user, new.password_hash, version=1)
        assert record == store.get(new.user.id)
    engine.dispose()


# Enough names to clash, few enough to clash often.
names = st.sampled_from("abcdef")


@st.composite
def newcomers(draw):
    """
    Somebody who wants names and ids that others may want, too.
    """
    origin = draw(st.sampled_from((*MOVING, Origin.SIGN_UP, Origin.ADMIN)))
    has_legacy_id = origin in MOVING or draw(st.sampled_from((False, False, True)))
    return somebody(
        origin,
        email=draw(st.none() | names.map("{}@example.com".format)),
        username=draw(st.none() | names),
        legacy_id=f"shop|{draw(names)}" if has_legacy_id else None,
    )


def play(store, prelude, keys):
    """
    Give *store* a past: people who are stored, deleted, or reserved.
    """
    for act, new in prelude:
        if act == "reserve":
            legacy_id = new.user.legacy_id or "shop|a"
            store.reserve(ledger_keys(new.user), legacy_id)
            continue
        try:
            record = store.create(new)
        except (AlreadyMigratedError, UserExistsError):
            continue
        if act == "delete":
            store.delete(record)
    return state(store, keys)


def state(store, keys):
    rows = [store.retired(key) for key in keys]
    found = [
        store.find(Identifier(key.kind, key.value)) for key in keys if key.kind in NAMES
    ]
    return rows, found


def alone(store, new):
    try:
        store.create(new)
    except (AlreadyMigratedError, UserExistsError) as error:
        return error
    return None


KEYS = [
    LedgerKey(kind, form.format(name))
    for name in "abcdef"
    for kind, form in {
        KeyKind.EMAIL: "{}@example.com",
        KeyKind.USERNAME: "{}",
        KeyKind.LEGACY_ID: "shop|{}",
    }.items()
]
acts = st.sampled_from(("create", "delete", "reserve"))


@pytest.fixture(name="twins", scope="module")
def _twins():
    stores = SQLStore("sqlite://"), SQLStore("sqlite://")
    for store in stores:
        store.create_schema()
    yield stores
    for store in stores:
        store.close()


@settings(max_examples=60, deadline=None)
@given(
    prelude=st.lists(st.tuples(acts, newcomers()), max_size=5),
    batch=st.lists(newcomers(), max_size=8),
)
def test_same_as_create(twins, prelude, batch):
    """
    Creating many is creating one after the other, in memory and in SQL.
    """
    for store in twins:
        with store._engine.begin() as connection:
            for table in (ledger, users):
                connection.execute(table.delete())
    stores = (*twins, MemoryStore(), MemoryStore())
    pasts = [play(store, prelude, KEYS) for store in stores]
    assert all(past == pasts[0] for past in pasts)

    expected = [told([alone(store, new) for new in batch]) for store in stores[::2]]
    outcomes = [told(store.create_many(batch)) for store in stores[1::2]]

    assert [expected[0]] * 2 == outcomes
    assert expected[0] == expected[1]
    states = [state(store, KEYS) for store in stores]
    assert all(one == states[0] for one in states)


def check(created, people, find, retired):
    """
    Demand that each of *people* was created exactly once, and is in the ledger.
    """
    assert dict.fromkeys((user.legacy_id for user in people), 1) == Counter(
        user.legacy_id for user in created
    )
    for user in created:
        assert user == find(Identifier(KeyKind.EMAIL, user.email)).user
        for key in ledger_keys(user):
            assert Retirement(key, "used", user.legacy_id) == retired(key)


@pytest.mark.parametrize("driver", ["sqlite", "postgresql+psycopg", "mysql+pymysql"])
def test_imports_beside_logins(driver, tmp_path):
    """
    Two imports and four crowds of logins in threads: everybody is created once.
    """
    engine = create_engine(url_of(driver, tmp_path), hide_parameters=True, pool_size=8)
    metadata.drop_all(engine)
    store = SQLStore(engine)
    store.create_schema()
    people = [somebody().user for _ in range(400)]
    for user in people[::7]:
        store.reserve(ledger_keys(user), user.legacy_id)
    barrier = threading.Barrier(6)

    def import_all(number):
        created = []
        batch = shuffled(people, number)
        barrier.wait()
        for start in range(0, len(batch), 50):
            chunk = [rival(NewUser(user, None)) for user in batch[start : start + 50]]
            outcomes = store.create_many(chunk)
            for new, outcome in zip(chunk, outcomes, strict=True):
                if outcome is None:
                    created.append(new.user)
                else:
                    assert isinstance(outcome, AlreadyMigratedError), outcome
        return created

    def log_in(number):
        created = []
        barrier.wait()
        for user in shuffled(people, number)[:150]:
            new = rival(NewUser(user, None))
            with suppress(AlreadyMigratedError):
                created.append(store.create(new).user)
        return created

    with ThreadPoolExecutor(6) as pool:
        works = [pool.submit(import_all, number) for number in range(2)]
        works += [pool.submit(log_in, number) for number in range(2, 6)]
        created = [user for work in works for user in work.result()]

    check(created, people, store.find, store.retired)
    engine.dispose()


def shuffled(people, seed):
    return random.Random(seed).sample(people, len(people))


@pytest.mark.parametrize("driver", COPYING)
def test_copy(driver, tmp_path, monkeypatch):
    """
    On PostgreSQL, rows come by COPY, and the server's log shows nothing of them.
    """
    url = url_of(driver, tmp_path)
    options = {"log_statement": "all", "log_parameter_max_length": "-1"}
    if driver.endswith("asyncpg"):
        arguments = {"server_settings": {**options, "client_min_messages": "log"}}
    else:
        pairs = {**options, "client_min_messages": "log"}
        arguments = {"options": " ".join(f"-c {k}={v}" for k, v in pairs.items())}
    log = []
    meddler = Meddler(monkeypatch, lambda number: None)

    async def main():
        async with opened(url, log, connect_args=arguments) as store:
            log.clear()
            people = [somebody(password_hash=SECRET) for _ in range(50)]
            people += [
                somebody(Origin.SIGN_UP, **{kind.value: None}) for kind in KeyKind
            ]
            assert [None] * 53 == list(await settle(store.create_many(people)))
            assert 1 == meddler.transactions
            fresh = [somebody(password_hash=SECRET) for _ in range(5)]
            again = [rival(people[7]), *fresh]
            await settle(store.create_many([somebody(), *again, somebody()]))

    asyncio.run(main())

    said = "\n".join(log)
    for table in ("ledger", "users"):
        assert f"COPY migratekit_{table}_staging" in said.replace('"', "")
        assert f"INSERT INTO migratekit_{table} (" in said
    assert "VALUES ($" not in said
    for fragment in FRAGMENTS:
        assert fragment not in said


def hear(log):
    """
    Return what puts all that a server of PostgreSQL says into *log*.
    """

    def connected(adapted, _):
        connection = getattr(adapted, "driver_connection", adapted)
        if hasattr(connection, "add_log_listener"):
            connection.add_log_listener(lambda _, message: log.append(str(message)))
        else:
            connection.add_notice_handler(
                lambda diag: log.append(f"{diag.message_primary} {diag.message_detail}")
            )

    return connected


def test_logs(url, caplog, capsys):
    """
    No log shows a hash of many: not with echo, nor in asyncio's debug mode.
    """
    loggers = ("", "sqlalchemy", "sqlalchemy.engine", "aiosqlite", "asyncio")
    for name in (*loggers, "psycopg", "asyncpg", "asyncmy"):
        caplog.set_level(logging.DEBUG, name)

    async def main():
        asyncio.get_running_loop().slow_callback_duration = 0
        async with opened(url, echo="debug") as store:
            people = [somebody(password_hash=SECRET) for _ in range(3)]
            await settle(store.create_many(people))
            await settle(store.create_many([*people, somebody(password_hash=SECRET)]))
            await settle(
                store.create_many(
                    [somebody(password_hash=SECRET), rival(people[0]), *people[1:]]
                )
            )
            await execute(store, "ALTER TABLE migratekit_users RENAME TO elsewhere")
            with pytest.raises(StoreUnavailableError):
                await settle(store.create_many([somebody(password_hash=SECRET)]))
            await execute(store, "ALTER TABLE elsewhere RENAME TO migratekit_users")

    asyncio.run(main(), debug=True)

    out, err = capsys.readouterr()
    said = out + err + caplog.text
    assert "migratekit_users" in said
    for fragment in FRAGMENTS:
        assert fragment in SECRET
        assert fragment not in said


class Transcript:
    """
    A connection to no server: it writes down what it is told.
    """

    def __init__(self, dialect, driver=None):
        self.dialect = dialect
        self.said = []
        self.connection = SimpleNamespace(driver_connection=driver or self)

    def exec_driver_sql(self, statement):
        self.said.append(statement)

    def execute(self, statement):
        self.said.append(str(statement.compile(dialect=self.dialect)))
        return [("found",)]


class Psycopg(Transcript):
    """
    A driver's connection, too: psycopg's sync one.
    """

    @contextmanager
    def cursor(self):
        yield self

    @contextmanager
    def copy(self, statement):
        self.said.append(statement)
        yield self

    def write_row(self, row):
        self.said.append(row)


class AsyncPsycopg(Transcript):
    """
    Psycopg's async one.
    """

    @asynccontextmanager
    async def cursor(self):
        yield self

    @asynccontextmanager
    async def copy(self, statement):
        self.said.append(statement)
        yield self

    async def write_row(self, row):
        self.said.append(row)


class Asyncpg(Transcript):
    """
    That of asyncpg.
    """

    async def copy_records_to_table(self, table, *, columns, records):
        self.said.append(f"COPY {table} ({', '.join(columns)}) FROM STDIN")
        self.said.extend(records)


@pytest.mark.parametrize(
    ("driver", "dialect"),
    [
        (Psycopg, psycopg.dialect()),
        (AsyncPsycopg, psycopg.dialect_async()),
        (Asyncpg, asyncpg.dialect()),
    ],
    ids=["psycopg", "async-psycopg", "asyncpg"],
)
def test_order_of_copy(driver, dialect):
    """
    A table of its own, the rows as the driver takes them, and then all at once.
    """
    connection = driver(dialect)
    moment = datetime.fromisoformat("2026-01-01T01:00:00+01:00")
    rows = [
        ledger_values(LedgerKey(KeyKind.EMAIL, name), "used", None, moment)
        for name in ("b", "a")
    ]

    asyncio.run(greenlet_spawn(insert_rows, connection, ledger, transposed(rows)))

    naive = datetime.fromisoformat("2026-01-01T00:00:00")
    columns = "kind, value, reason, legacy_id, created_at"
    table, staging = "migratekit_ledger", "migratekit_ledger_staging"
    assert connection.said == [
        f"CREATE TEMPORARY TABLE {staging} (LIKE {table}) ON COMMIT DROP",
        f"COPY {staging} ({columns}) FROM STDIN",
        ("email", "b", "used", None, naive),
        ("email", "a", "used", None, naive),
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {staging} ORDER BY ctid",
    ]


def test_order_of_people():
    """
    The ledger's rows follow from those of the users, and come first.
    """
    connection = Psycopg(psycopg.dialect())
    people = [somebody(id=name) for name in "ba"]

    bulk._store(connection, candidates(people), Known())

    made, copied, one, other, retired, inserted = connection.said
    assert made.startswith("CREATE TEMPORARY TABLE migratekit_users_staging (LIKE ")
    assert copied.startswith("COPY migratekit_users_staging (id, ")
    assert ["a", "b"] == [one[0], other[0]]
    assert "INSERT INTO migratekit_ledger" in retired
    assert retired.rstrip().endswith("ORDER BY place, value")
    assert inserted.startswith("INSERT INTO migratekit_users (id, ")


def test_order_of_ledger():
    """
    Two imports write the ledger in one order: kind by kind, like create(), and sorted.
    """
    connection = Psycopg(psycopg.dialect())
    people = [
        somebody(email=f"{name}@example.com", username=name, legacy_id=f"shop|{name}")
        for name in "bca"
    ]

    bulk._retire(connection, candidates(people), Known())

    rows = [said[:2] for said in connection.said if isinstance(said, tuple)]
    assert rows == [
        (kind, form.format(name))
        for kind, form in {
            "legacy_id": "shop|{}",
            "email": "{}@example.com",
            "username": "{}",
        }.items()
        for name in "abc"
    ]


def test_look_ups_on_postgresql():
    """
    Each value is a look-up of its own there, however many there are; none is no query.
    """
    connection = Transcript(psycopg.dialect())
    column = users.c.email

    found = list(rows_having(connection, select(column), column, ["a", "b"]))
    nothing = list(rows_having(connection, select(column), column, []))

    assert ([("found",)], []) == (found, nothing)
    (said,) = connection.said
    assert "JOIN LATERAL (SELECT migratekit_users.email" in said


def test_padding():
    """
    Where trailing blanks are nothing, keys are compared without; elsewhere with.
    """
    key = LedgerKey(KeyKind.USERNAME, " a\t ")

    assert LedgerKey(KeyKind.USERNAME, " a\t") == sameness(mysql.dialect())(key)
    assert key == sameness(psycopg.dialect())(key)


def test_reserve_padded(url):
    """
    Where trailing blanks are nothing, the first of two has the key; elsewhere each has
    its own.
    """
    keys = [LedgerKey(KeyKind.LEGACY_ID, value) for value in ("shop|1", "shop|1 ")]
    rows = [Retirement(key, "reserved", key.value) for key in keys]

    async def reserve():
        async with opened(url) as store:
            for _ in range(2):
                await settle(store.reserve_many(rows))
            return list(await settle(store.reservations(None, 9)))

    reserved = asyncio.run(reserve())

    assert rows[: 1 if url.startswith("mysql") else 2] == reserved
