"""
Every scenario runs through four doors: sync and async, over memory and over SQL.
"""

import asyncio
import gc
import sqlite3
from contextlib import closing

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, event
from sqlalchemy.ext.asyncio import create_async_engine
from world import Scene

from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore


# It asserts as a test does.
pytest.register_assert_rewrite("machine")

# How long an example takes is the machine's business.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(name="runner", scope="session")
def _runner():
    """
    An event loop for all async doors.
    """
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(name="database", scope="session")
def _database(tmp_path_factory):
    """
    The path of a database for all tests, one after another; each empties it first.
    """
    return tmp_path_factory.mktemp("database") / "users.db"


# Statements are compiled once for every engine, which takes longer than most tests.
@pytest.fixture(name="sql_store", scope="session")
def _sql_store(database):
    engine = create_engine(f"sqlite:///{database}", hide_parameters=True)
    event.listen(engine, "connect", _hurry)
    store = SQLStore(engine)
    store.create_schema()
    store.bind_source("shop")
    yield store
    engine.dispose()


@pytest.fixture(name="async_sql_store", scope="session")
def _async_sql_store(database, runner, sql_store):
    url = f"sqlite+aiosqlite:///{database}"
    engine = create_async_engine(url, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _hurry)
    yield AsyncSQLStore(engine)
    runner.run(engine.dispose())


def _hurry(connection, _):
    # Nothing here has to survive a loss of power.
    connection.execute("PRAGMA synchronous = OFF").close()


@pytest.fixture(
    name="scene", params=("sync-memory", "async-memory", "sync-sql", "async-sql")
)
def _scene(request):
    """
    A `Scene` behind each of the four doors.
    """
    door, stored = request.param.split("-")
    runner = request.getfixturevalue("runner") if door == "async" else None
    if stored == "memory":
        return _in_memory(runner)
    side = store = request.getfixturevalue("sql_store")
    if runner is not None:
        store = request.getfixturevalue("async_sql_store")
    path = request.getfixturevalue("database")
    _empty(path)
    return Scene(store, side=side, snapshot=lambda: _dump(path), runner=runner)


@pytest.fixture(name="memory")
def _memory():
    """
    A `Scene` behind one door, for what the door makes no difference to.
    """
    return _in_memory(None)


def _in_memory(runner):
    store = MemoryStore()
    store.bind_source("shop")

    def snapshot():
        return {
            name: dict(value) if isinstance(value, dict) else value
            for name, value in vars(store).items()
        }

    return Scene(store, side=store, snapshot=snapshot, runner=runner)


def _empty(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "PRAGMA synchronous = OFF; "
            "DELETE FROM migratekit_users; DELETE FROM migratekit_ledger; "
            "DELETE FROM migratekit_settings; DELETE FROM migratekit_tallies;"
        )


def _dump(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def pytest_collection_finish():
    """
    Spare the collector the thousands of tests, which live as long as the run.
    """
    gc.collect()
    gc.freeze()
