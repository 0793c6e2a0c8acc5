"""
The tables of the SQL stores.
"""

import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import create_engine, event, update
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlite_files import dump

from migratekit.errors import (
    ConfigurationError,
    StoreUnavailableError,
)
from migratekit.models import Identifier, KeyKind, LedgerKey
from migratekit.stores._sql_schema import schema
from migratekit.stores.sql import SQLStore, metadata
from migratekit.testing._store_people import somebody


def test_no_schema(path):
    """
    Without tables a store says what to call, and makes none by itself.
    """
    new = somebody()
    with SQLStore(f"sqlite:///{path}") as store:
        for call in (
            lambda: store.get("id"),
            lambda: store.create(new),
            lambda: store.bind_source("shop"),
        ):
            with pytest.raises(ConfigurationError, match=r"create_schema\(\)"):
                call()

    assert dump(path) == ["BEGIN TRANSACTION;", "COMMIT;"]


def test_schema_is_found_later(path):
    """
    A store that found no tables looks again.
    """
    with SQLStore(f"sqlite:///{path}") as store:
        with pytest.raises(ConfigurationError):
            store.get("id")

        store.create_schema()

        assert None is store.get("id")


def test_schema_of_metadata_alone(path):
    """
    Tables that an application made from the metadata still need their version.
    """
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()

    with SQLStore(f"sqlite:///{path}") as store:
        with pytest.raises(ConfigurationError, match=r"create_schema\(\)"):
            store.get("id")
        store.create_schema()

        assert None is store.get("id")


def test_schema_of_other_version(store, path):
    """
    Tables of another version are refused, and not touched.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE migratekit_schema SET version = 99")
    before = dump(path)

    with SQLStore(f"sqlite:///{path}") as other:
        other.create_schema()
        with pytest.raises(ConfigurationError, match="version 99"):
            other.get("id")

    assert before == dump(path)


def test_create_schema_again(store, path):
    """
    Making the tables again changes nothing.
    """
    store.create(somebody())
    store.bind_source("shop")
    before = dump(path)

    store.create_schema()

    assert before == dump(path)


def test_create_schema_at_once(path):
    """
    Several processes may make the tables at the same time.
    """
    stores = [SQLStore(f"sqlite:///{path}") for _ in range(6)]
    threads = [threading.Thread(target=store.create_schema) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for store in stores:
        assert None is store.get("id")
        store.close()


def test_create_schema_when_others_do(path):
    """
    Where the tables appear between a look and the making, the next look finds them.
    """
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    failures = []

    @event.listens_for(engine, "before_cursor_execute")
    def fail_once(conn, cursor, statement, parameters, context, executemany):
        if statement.strip().startswith("CREATE TABLE") and not failures:
            failures.append(statement)
            raise OperationalError(statement, {}, Exception("already exists"))

    store = SQLStore(engine)
    store.create_schema()

    assert None is store.get("id")
    assert len(failures) == 1
    engine.dispose()


def test_create_schema_where_it_cannot(path):
    """
    A database that refuses for good ends in an error.
    """
    path.touch()

    with (
        SQLStore(f"sqlite:///file:{path}?mode=ro&uri=true") as store,
        pytest.raises(StoreUnavailableError),
    ):
        store.create_schema()


def test_schema_is_checked_once(store):
    """
    What a store knows of its tables it does not ask again.
    """
    store.get("id")
    statements = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def note(conn, cursor, statement, parameters, context, executemany):
        statements.append(statement)

    store.get("id")
    store.find(Identifier(KeyKind.EMAIL, "ann@example.com"))
    store.retired(LedgerKey(KeyKind.EMAIL, "ann@example.com"))

    assert 3 == len(statements)


DIALECTS = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.dialect(),
    "mysql": mysql.dialect(),
    "mssql": mssql.dialect(),
    "oracle": oracle.dialect(),
}


def ddl(name):
    dialect = DIALECTS[name]
    tables = [CreateTable(table) for table in metadata.sorted_tables]
    indexes = [
        CreateIndex(index)
        for table in metadata.sorted_tables
        for index in table.indexes
    ]
    return "\n".join(str(item.compile(dialect=dialect)) for item in (*tables, *indexes))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("sqlite", ["email VARCHAR(320)", "password_hash TEXT"]),
        ("postgresql", ['email VARCHAR(320) COLLATE "C"', "TIMESTAMP WITHOUT TIME"]),
        (
            "mysql",
            [
                "email VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                "profile LONGTEXT CHARACTER SET utf8mb4",
                "created_at DATETIME(6)",
                "ENGINE=InnoDB",
            ],
        ),
        (
            "mssql",
            [
                "email NVARCHAR(320) COLLATE Latin1_General_100_BIN2",
                "profile NVARCHAR(max)",
                "created_at DATETIME2(6)",
                "WHERE email IS NOT NULL",
            ],
        ),
        (
            "oracle",
            ["email VARCHAR2(320 CHAR)", "profile CLOB", "created_at TIMESTAMP"],
        ),
    ],
)
def test_ddl(name, parts):
    """
    Every database compares identifiers byte by byte, and keeps microseconds.
    """
    text = ddl(name)

    for part in parts:
        assert part in text
    for column in ("email", "username", "legacy_id"):
        index = f"CREATE UNIQUE INDEX migratekit_users_{column}"
        assert index in text


def test_hash_stands_last():
    """
    What asyncio's debug mode shows of a row are its first six columns.
    """
    names = [column.name for column in metadata.tables["migratekit_users"].columns]

    assert names[-1] == "password_hash"
    assert len(names) > 7


def test_one_source_name(store):
    """
    The schema has one row, whoever makes it.
    """
    with store._engine.begin() as connection:
        connection.execute(update(schema).values(source_name="shop"))

    with SQLStore(store._engine) as other:
        other.create_schema()
        other.bind_source("shop")

    with store._engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(schema.select())] == [
            (1, 1, "shop")
        ]
