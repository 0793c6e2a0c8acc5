"""
What is SQLStore's own.
"""

import datetime as dt
import sqlite3
import time
from contextlib import closing

import attrs
import pytest
from sqlalchemy import event, insert
from sqlalchemy.exc import OperationalError
from sqlite_files import dump

from migratekit.errors import (
    AlreadyMigratedError,
    ConfigurationError,
    StaleRecordError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.models import Identifier, KeyKind, LedgerKey, Origin, ledger_keys
from migratekit.stores import _sql_transactions as transactions
from migratekit.stores._sql_schema import ledger
from migratekit.stores.sql import SQLStore
from migratekit.testing._store_people import NAMES, changed, somebody


@pytest.mark.parametrize(
    "change",
    [
        lambda store, old: store.create(somebody(email=old.user.email)),
        lambda store, old: store.create(somebody(legacy_id=old.user.legacy_id)),
        lambda store, old: store.create(
            somebody(Origin.SIGN_UP, username=old.user.username)
        ),
        lambda store, old: store.replace(attrs.evolve(old, version=7), old),
        lambda store, old: store.replace(
            attrs.evolve(old, version=7), changed(old, email="new@example.com")
        ),
        lambda store, old: store.delete(attrs.evolve(old, version=7)),
        lambda store, old: store.readmit(old.user.legacy_id),
        lambda store, old: store.bind_source("blog"),
    ],
)
def test_failure_changes_no_byte(store, path, change):
    """
    Whatever fails leaves the database as it was.
    """
    old = store.create(somebody())
    store.bind_source("shop")
    before = dump(path)

    with pytest.raises(
        (AlreadyMigratedError, UserExistsError, StaleRecordError, ConfigurationError)
    ) as caught:
        change(store, old)

    assert before == dump(path)
    assert None is caught.value.__context__
    assert None is caught.value.__cause__


def test_stale_and_taken(store):
    """
    Of two reasons to refuse a change, the record's own age comes first.
    """
    other = store.create(somebody())
    first = store.create(somebody())
    store.replace(first, changed(first, blocked=True))

    with pytest.raises(StaleRecordError):
        store.replace(first, changed(first, email=other.user.email))


def test_time_of_ledger_rows(store):
    """
    The ledger knows when a key was used: not when it was reserved.
    """
    new = somebody()
    store.reserve(ledger_keys(new.user), new.user.legacy_id)

    store.create(new)

    with store._engine.connect() as connection:
        rows = connection.execute(ledger.select()).all()
    assert {new.user.migrated_at} == {row.created_at for row in rows}
    assert {"used"} == {row.reason for row in rows}


def test_time_of_rows_that_stay(store):
    """
    A key that is used again was used the first time.
    """
    gone = store.create(somebody())
    store.delete(gone)
    later = gone.user.migrated_at + dt.timedelta(days=1)

    store.create(somebody(Origin.SIGN_UP, email=gone.user.email, updated_at=later))

    with store._engine.connect() as connection:
        rows = connection.execute(
            ledger.select().where(ledger.c.value == gone.user.email)
        ).all()
    assert [gone.user.migrated_at] == [row.created_at for row in rows]


def test_padded_comparison(store):
    """
    Nobody is found by a text that the database only takes for theirs.

    SQL Server, and MariaDB's utf8mb4_bin, ignore trailing blanks.
    """
    record = store.create(somebody())
    store._engine.dispose()

    @event.listens_for(store._engine, "before_cursor_execute", retval=True)
    def pad(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith("SELECT"):
            parameters = tuple(value.rstrip(" ") for value in parameters)
        return statement, parameters

    for key in ledger_keys(record.user):
        other = attrs.evolve(key, value=f"{key.value} ")
        assert None is store.retired(other)
        assert None is not store.retired(key)
        if key.kind in NAMES:
            assert None is find_sync(store, other)
            assert record == find_sync(store, key)
    assert None is store.get(f"{record.user.id} ")


def find_sync(store, key):
    return store.find(Identifier(key.kind, key.value))


def test_reservation_moves_on(store):
    """
    A reservation that is lifted between the look and the write is looked at again.
    """
    new = somebody()
    store.reserve(ledger_keys(new.user)[:1], new.user.legacy_id)
    statements = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def lift(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith("UPDATE migratekit_ledger"):
            statements.append(statement)
            if len(statements) == 1:
                cursor.execute("DELETE FROM migratekit_ledger")

    record = store.create(new)

    assert record == store.get(new.user.id)
    assert len(statements) == 2


def test_reservation_is_used_up(store):
    """
    A reservation that is used between the look and the write lets nobody else in.
    """
    new = somebody()
    store.reserve(ledger_keys(new.user)[:1], new.user.legacy_id)

    @event.listens_for(store._engine, "before_cursor_execute")
    def use(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith("UPDATE migratekit_ledger"):
            cursor.execute("UPDATE migratekit_ledger SET reason = 'used'")
            cursor.execute("COMMIT")
            cursor.execute("BEGIN IMMEDIATE")

    with pytest.raises(AlreadyMigratedError):
        store.create(new)

    assert None is store.get(new.user.id)


def test_nothing_explains(store):
    """
    A constraint that nothing explains ends in an error, not in an endless loop.
    """
    with store._engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER odd BEFORE INSERT ON migratekit_users "
            "BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed'); END"
        )
    new = somebody()

    with pytest.raises(StoreUnavailableError, match="Contention"):
        store.create(new)

    assert None is store.retired(ledger_keys(new.user)[0])


def test_reserve_loses_a_race(store):
    """
    A key that comes into the ledger while others are reserved stays as it is.
    """
    first, second = ledger_keys(somebody(username=None).user)
    rivals = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def rival(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT INTO migratekit_ledger") and not rivals:
            rivals.append(statement)
            cursor.execute("ROLLBACK")
            with closing(sqlite3.connect(store._engine.url.database)) as other, other:
                other.execute(
                    "INSERT INTO migratekit_ledger VALUES (?, ?, 'used', NULL, ?)",
                    (first.kind.value, first.value, "2026-01-01 00:00:00.000000"),
                )
            cursor.execute("BEGIN IMMEDIATE")

    store.reserve([first, second], "shop|1")

    assert store.retired(first).reason == "used"
    assert store.retired(second).reason == "reserved"


def test_reserve_never_wins(store):
    """
    A reservation that loses every race ends in an error.
    """
    with store._engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER odd BEFORE INSERT ON migratekit_ledger "
            "BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed'); END"
        )

    with pytest.raises(StoreUnavailableError, match="Contention"):
        store.reserve(ledger_keys(somebody().user), "shop|1")


class DeadlockError(Exception):
    """
    What psycopg raises for the one that PostgreSQL has chosen.
    """

    sqlstate = "40P01"


def _sacrifice(engine, times, cause):
    victims = []

    @event.listens_for(engine, "before_cursor_execute")
    def choose(conn, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT INTO migratekit_users") and (
            len(victims) < times
        ):
            victims.append(statement)
            raise OperationalError(statement, {}, cause)

    return victims


@pytest.mark.parametrize(
    "cause",
    [
        DeadlockError(),
        Exception(1213, "Deadlock found when trying to get lock"),
        Exception(1020, "Record has changed since last read"),
    ],
)
def test_deadlock(store, cause):
    """
    Who was sacrificed in a deadlock tries again.
    """
    victims = _sacrifice(store._engine, 2, cause)
    new = somebody()

    record = store.create(new)

    assert record == store.get(new.user.id)
    assert len(victims) == 2


def test_deadlock_for_ever(store, path):
    """
    Who is sacrificed every time gives up, and leaves nothing behind.
    """
    before = dump(path)
    victims = _sacrifice(store._engine, 100, DeadlockError())

    with pytest.raises(StoreUnavailableError, match="Deadlock"):
        store.create(somebody())

    assert before == dump(path)
    assert len(victims) == transactions.ATTEMPTS


@pytest.mark.parametrize("cause", [Exception(), Exception(1205, "timeout"), None])
def test_no_deadlock(store, cause):
    """
    Nothing else is tried again.
    """
    victims = _sacrifice(store._engine, 100, cause)

    with pytest.raises(StoreUnavailableError, match="OperationalError"):
        store.create(somebody())

    assert len(victims) == 1


def test_locked(path):
    """
    A database that stays locked is an outage, after the URL's own timeout.
    """
    with SQLStore(f"sqlite:///{path}?timeout=0.05") as store:
        store.create_schema()
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN EXCLUSIVE")
            start = time.monotonic()

            with pytest.raises(StoreUnavailableError, match=" SQLITE_BUSY"):
                store.create(somebody())
            with pytest.raises(StoreUnavailableError, match=" SQLITE_BUSY"):
                store.get("id")

            assert time.monotonic() - start < 5
            other.rollback()

        assert store.create(somebody()).version == 1


def test_readers_do_not_wait_for_writers_to_be(path):
    """
    A writer that has not written yet keeps no reader out.
    """
    with SQLStore(f"sqlite:///{path}?timeout=0.05") as store:
        store.create_schema()
        record = store.create(somebody())
        with closing(sqlite3.connect(path)) as other:
            other.execute("BEGIN IMMEDIATE")

            assert record == store.get(record.user.id)
            other.rollback()


def test_other_databases(store):
    """
    Only SQLite is told how to begin a transaction.
    """
    statements = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(conn, cursor, statement, parameters, context, executemany):
        statements.append(statement)

    store.create(somebody())
    assert statements.count("BEGIN IMMEDIATE") == 1

    store._engine.dialect.name = "other"
    store.create(somebody())
    assert statements.count("BEGIN IMMEDIATE") == 1


def test_no_server():
    """
    A database that is not there is an outage.
    """
    with (
        SQLStore("sqlite:////nowhere/at/all/users.db") as store,
        pytest.raises(StoreUnavailableError) as caught,
    ):
        store.create_schema()

    assert None is caught.value.__context__


def test_damaged_rows(store, path):
    """
    A row that no one of ours has written is an outage, not a user.
    """
    record = store.create(somebody())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE migratekit_users SET profile = '{'")

    with pytest.raises(StoreUnavailableError, match="JSONDecodeError"):
        store.get(record.user.id)


def test_old_reservation_in_the_way_of_sign_up(store):
    """
    A sign-up with a used e-mail takes the row over as it is, in one transaction.
    """
    key = LedgerKey(KeyKind.EMAIL, "ann@example.com")
    with store._engine.begin() as connection:
        row = {
            "kind": "email",
            "value": key.value,
            "reason": "used",
            "legacy_id": "shop|1",
            "created_at": somebody().user.migrated_at,
        }
        connection.execute(insert(ledger), row)

    store.create(somebody(Origin.SIGN_UP, email=key.value))

    assert store.retired(key).legacy_id == "shop|1"
