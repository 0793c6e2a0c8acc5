"""
What is AsyncSQLStore's own.
"""

import asyncio
import logging
import sqlite3
from contextlib import closing
from threading import enumerate as enumerate_threads

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from migratekit.errors import (
    ConfigurationError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.models import ledger_keys
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.sql import SQLStore
from migratekit.testing._store_people import seen, somebody


def test_no_schema():
    """
    Without tables a store says what to call.
    """

    async def main():
        async with AsyncSQLStore("sqlite+aiosqlite://") as store:
            with pytest.raises(ConfigurationError, match=r"create_schema\(\)"):
                await store.get("id")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url: hunter2", "no database URL"),
        ("sqlite:///users.db", "no async driver 'sqlite'"),
        ("nosuchdb://ann:hunter2@host/db", "no async driver 'nosuchdb'"),
    ],
)
def test_url(url, message):
    """
    A URL that cannot be used is refused and not repeated.
    """
    with pytest.raises(ConfigurationError, match=message) as caught:
        AsyncSQLStore(url)

    assert "hunter2" not in str(caught.value)
    assert None is caught.value.__context__


def test_engine_of_the_other_kind():
    """
    The sync store takes no engine with an async driver.
    """
    engine = create_engine("sqlite+aiosqlite:///users.db", hide_parameters=True)

    with pytest.raises(ConfigurationError, match="AsyncSQLStore"):
        SQLStore(engine)


@pytest.mark.parametrize(
    ("options", "message"),
    [({}, "hide_parameters=True"), ({"hide_parameters": True}, "shares a connection")],
)
def test_unsafe_engine(options, message):
    """
    An engine that logs hashes, or shares a connection, is refused.
    """
    engine = create_async_engine("sqlite+aiosqlite://", **options)

    with pytest.raises(ConfigurationError, match=message):
        AsyncSQLStore(engine)


def test_engine(tmp_path):
    """
    An engine of the application's is used, and not disposed of.
    """

    async def main():
        url = make_url(f"sqlite+aiosqlite:///{tmp_path}/users.db")
        engine = create_async_engine(url, hide_parameters=True)
        async with AsyncSQLStore(engine) as store:
            await store.create_schema()
            pool = engine.pool
        assert pool is engine.pool
        assert None is await AsyncSQLStore(engine).get("id")
        await engine.dispose()

    asyncio.run(main())


def test_repr():
    """
    A store says where its users are.
    """
    store = AsyncSQLStore("sqlite+aiosqlite:///users.db?timeout=1")

    assert repr(store) == "<AsyncSQLStore sqlite+aiosqlite:///users.db>"


def test_no_server():
    """
    A database that is not there is an outage.
    """

    before = {*enumerate_threads()}

    async def main():
        async with AsyncSQLStore("sqlite+aiosqlite:////nowhere/users.db") as store:
            with pytest.raises(StoreUnavailableError, match="CANTOPEN") as caught:
                await store.create_schema()
        assert None is caught.value.__context__
        # aiosqlite does not wait for the thread of a connection that failed, and the
        # thread does not get over the end of the loop.
        for thread in {*enumerate_threads()} - before:
            if "_connection_worker" in thread.name:
                await asyncio.to_thread(thread.join)

    asyncio.run(main())


def test_queue(tmp_path):
    """
    Tasks that write to a file of SQLite queue, and need no patience of the database.
    """

    async def main():
        url = f"sqlite+aiosqlite:///{tmp_path}/users.db?timeout=0"
        async with AsyncSQLStore(url) as store:
            await store.create_schema()

            people = [somebody() for _ in range(15)]
            created = await asyncio.gather(*map(store.create, people))

        assert [new.user for new in people] == [record.user for record in created]

    asyncio.run(main())


async def _is_cancelled(call, after):
    """
    Cancel *call* when it has had the loop *after* times; return whether it was.
    """
    task = asyncio.ensure_future(call)
    for _ in range(after):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return True
    return False


@pytest.mark.parametrize("place", ["memory", "file"])
def test_cancelled(place, tmp_path):
    """
    An operation is whole or not at all, whenever it is cancelled; the store goes on.
    """
    database = "" if place == "memory" else f"/{tmp_path}/users.db"

    async def main():
        async with AsyncSQLStore(f"sqlite+aiosqlite://{database}") as store:
            await store.create_schema()
            cancelled = 0
            for after in range(40):
                new = somebody()
                cancelled += await _is_cancelled(store.create(new), after)
                while store._under_way:
                    await asyncio.wait(store._under_way)

                known = [answer is not None for answer in await seen(store, new.user)]

                assert all(known) or not any(known)
                assert store._engine.pool.checkedout() == 0
                assert (await store.create(somebody())).version == 1
            assert cancelled > 0

    asyncio.run(main())


def test_cancelled_and_failed(caplog):
    """
    Nobody hears of an operation that fails when its caller is gone.
    """

    async def main():
        async with AsyncSQLStore("sqlite+aiosqlite://") as store:
            await store.create_schema()
            stored = await store.create(somebody())
            taken = somebody(email=stored.user.email)
            with pytest.raises(UserExistsError):
                await store.create(taken)

            assert await _is_cancelled(store.create(taken), 2)
            before = await seen(store, stored.user, taken.user)

        assert before[0] == stored

    asyncio.run(main(), debug=True)

    # Below an error, it tells of slow machines.
    assert not [
        record
        for record in caplog.records
        if record.name == "asyncio" and record.levelno >= logging.ERROR
    ]


def test_timeout(tmp_path):
    """
    A caller's timeout holds, though the database answers later.
    """
    path = tmp_path / "users.db"

    async def main():
        async with AsyncSQLStore(f"sqlite+aiosqlite:///{path}?timeout=5") as store:
            await store.create_schema()
            new = somebody()
            with closing(sqlite3.connect(path)) as other:
                other.execute("BEGIN EXCLUSIVE")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(store.create(new), 0.05)
                other.rollback()
            # Closing waits for what is under way.
        with SQLStore(f"sqlite:///{path}") as store:
            assert store.get(new.user.id).version == 1
            assert None is not store.retired(ledger_keys(new.user)[0])

    asyncio.run(main())


def test_end_of_loop(tmp_path):
    """
    A loop that ends in the middle of an operation leaves it whole, or undone.
    """
    path = tmp_path / "users.db"
    new = somebody()

    async def main():
        store = AsyncSQLStore(f"sqlite+aiosqlite:///{path}")
        await store.create_schema()
        await _is_cancelled(store.create(new), 5)
        # As asyncio.run() does with what is left over.
        for task in tuple(store._under_way):
            task.cancel()
        await store.close()

    asyncio.run(main())

    with SQLStore(f"sqlite:///{path}") as store:
        known = [store.get(new.user.id), *map(store.retired, ledger_keys(new.user))]
        assert len({answer is None for answer in known}) == 1
