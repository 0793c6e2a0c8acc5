"""
What is SQLStore's own about settings, statistics and reservations.
"""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import event
from sqlite_files import dump

from migratekit.errors import ContractError, StaleRecordError, StoreUnavailableError
from migratekit.models import KeyKind, LedgerKey
from migratekit.stores._sql_schema import SCHEMA_VERSION
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing._store_settings import settings_change
from migratekit.testing._store_statistics import tally


def once_before(store, start, act):
    """
    Have *act* done, once, before a statement that begins with *start*.
    """
    done = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def listen(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith(start) and not done:
            done.append(statement)
            cursor.execute("ROLLBACK")
            with closing(sqlite3.connect(store._engine.url.database)) as other, other:
                other.execute(act)
            cursor.execute("BEGIN IMMEDIATE")

    return done


def refuse(store, table, condition="1"):
    with store._engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE TRIGGER odd BEFORE INSERT ON {table} WHEN {condition} "
            "BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed'); END"
        )


def test_settings_lose_a_race(store):
    """
    Whoever has added the same version since it was looked at is the one who did.
    """
    done = once_before(
        store,
        "INSERT INTO migratekit_settings",
        "INSERT INTO migratekit_settings VALUES "
        "('con_shop', 1, 'create', 'bob', '{}', '2026-01-01 00:00:00.000000')",
    )

    with pytest.raises(StaleRecordError) as caught:
        store.change_settings(settings_change(1))

    assert len(done) == 1
    assert None is caught.value.__context__
    assert ["bob"] == [change.actor for change in store.settings_history("con_shop")]


def test_padded_comparison(store):
    """
    No settings are found by an id that the database only takes for theirs.
    """
    store.change_settings(settings_change(1))
    store._engine.dispose()

    @event.listens_for(store._engine, "before_cursor_execute", retval=True)
    def pad(conn, cursor, statement, parameters, context, executemany):
        padded = [v.rstrip() if isinstance(v, str) else v for v in parameters]
        return statement, tuple(padded)

    assert None is store.settings("con_shop ")
    assert [] == store.settings_history("con_shop ")
    assert store.settings_history("con_shop") == [store.settings("con_shop")]


def test_tally_comes_in_between(store):
    """
    A tally that somebody else has added since it was looked for is added to.
    """
    done = once_before(
        store,
        "INSERT INTO migratekit_tallies",
        "INSERT INTO migratekit_tallies VALUES ('2026-03-01', 'a', 5, NULL)",
    )

    store.add_tallies([tally("a", 2), tally("b", 3, people=["ann"])])

    assert len(done) == 1
    rows = store.tallies(None)
    assert [("a", 7), ("b", 3)] == [(row.name, row.count) for row in rows]


@pytest.mark.parametrize(
    ("people", "start"),
    [
        (None, "UPDATE migratekit_tallies"),
        (["ann"], "UPDATE migratekit_tallies"),
        (["ann"], "SELECT migratekit_tallies.people"),
    ],
)
def test_tally_is_gone(store, people, start):
    """
    A tally that somebody has removed since it was looked for begins anew.
    """
    store.add_tallies([tally("a", 5)])
    done = once_before(store, start, "DELETE FROM migratekit_tallies")

    store.add_tallies([tally("a", 2, people=people)])

    assert len(done) == 1
    assert [tally("a", 2, people=people)] == store.tallies(None)


def test_tallies_never_win(store):
    """
    Tallies that lose every race end in an error, and none is added.
    """
    store.add_tallies([tally("a")])
    refuse(store, "migratekit_tallies", "NEW.name = 'b'")

    with pytest.raises(StoreUnavailableError, match="Contention"):
        store.add_tallies([tally("a"), tally("b"), tally("c")])

    assert [tally("a")] == store.tallies(None)


def test_damaged_people(store, path):
    """
    A sketch that none of ours has written is an outage, not nobody.
    """
    store.add_tallies([tally("a", people=["ann"])])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE migratekit_tallies SET people = 'x'")
    before = dump(path)

    with pytest.raises(StoreUnavailableError, match="ValueError"):
        store.add_tallies([tally("a", people=["bob"])])

    assert before == dump(path)


def test_order_of_tallies(store):
    """
    They are written in one order, whoever has them in which: no two wait for each other.
    """
    rows = [tally(name) for name in "cab"]
    store.add_tallies(rows[:2])
    written = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith(("INSERT", "UPDATE")):
            written.append(next(v for v in parameters if v in {*"abc"}))

    store.add_tallies(rows)

    assert ["a", "b", "c"] == written


@pytest.mark.parametrize("make", [MemoryStore, lambda: SQLStore("sqlite://")])
def test_reservations_after_no_key(make):
    """
    What some database could not compare with is refused.
    """
    store = make()
    if isinstance(store, SQLStore):
        store.create_schema()

    with pytest.raises(ContractError):
        store.reservations(LedgerKey(KeyKind.EMAIL, "a\0"), 10)


def test_async(path):
    """
    An async store tells its version, too.
    """

    async def main():
        async with AsyncSQLStore(f"sqlite+aiosqlite:///{path}") as store:
            assert await store.schema_version() is None
            await store.create_schema()
            return await store.schema_version()

    assert SCHEMA_VERSION == asyncio.run(main())
