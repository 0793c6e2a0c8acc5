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
from migratekit.stores._sql_schema import SCHEMA_VERSION, schema
from migratekit.stores.sql import SQLStore, metadata
from migratekit.testing._store_people import somebody
from migratekit.testing._store_settings import settings_change
from migratekit.testing._store_statistics import tally


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


# What `create_schema()` made until there were settings and tallies.
VERSION_1 = """
CREATE TABLE migratekit_ledger (
    kind VARCHAR(16) NOT NULL,
    value VARCHAR(330) NOT NULL,
    reason VARCHAR(16) NOT NULL,
    legacy_id VARCHAR(330),
    created_at DATETIME NOT NULL,
    PRIMARY KEY (kind, value)
);
CREATE INDEX ix_migratekit_ledger_legacy_id ON migratekit_ledger (legacy_id);
CREATE INDEX migratekit_ledger_created_at
    ON migratekit_ledger (created_at, kind, reason);
CREATE TABLE migratekit_schema (
    id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    source_name VARCHAR(64),
    PRIMARY KEY (id)
);
CREATE TABLE migratekit_users (
    id VARCHAR(36) NOT NULL,
    email VARCHAR(320),
    username VARCHAR(320),
    legacy_id VARCHAR(330),
    origin VARCHAR(16) NOT NULL,
    version INTEGER NOT NULL,
    email_verified BOOLEAN NOT NULL,
    blocked BOOLEAN NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    profile TEXT NOT NULL,
    user_metadata TEXT NOT NULL,
    app_metadata TEXT NOT NULL,
    created_at DATETIME,
    migrated_at DATETIME,
    updated_at DATETIME,
    hash_format VARCHAR(64) NOT NULL,
    password_hash TEXT,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX migratekit_users_email ON migratekit_users (email);
CREATE INDEX migratekit_users_hash_format ON migratekit_users (hash_format);
CREATE UNIQUE INDEX migratekit_users_legacy_id ON migratekit_users (legacy_id);
CREATE INDEX migratekit_users_origin ON migratekit_users (origin, id);
CREATE UNIQUE INDEX migratekit_users_username ON migratekit_users (username);
INSERT INTO migratekit_schema VALUES (1, 1, 'shop');
INSERT INTO migratekit_users VALUES (
    '0b0f9a5c-5a1f-4a5e-9f0e-3b6d8a1c2d4e', 'ann@example.com', 'ann', 'shop|42',
    'login', 3, 1, 0, 0, '{"name": "Ann"}', '{}', '{}', NULL,
    '2026-01-02 03:04:05.678901', NULL, 'unknown', 'hash of ann'
);
INSERT INTO migratekit_ledger VALUES
    ('email', 'ann@example.com', 'used', 'shop|42', '2026-01-02 03:04:05.678901'),
    ('username', 'ann', 'used', 'shop|42', '2026-01-02 03:04:05.678901'),
    ('legacy_id', 'shop|42', 'used', 'shop|42', '2026-01-02 03:04:05.678901'),
    ('legacy_id', 'shop|43', 'reserved', 'shop|43', '2026-01-02 03:04:05.678901');
"""


@pytest.fixture(name="old_path")
def _old_path(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
    return path


def test_version_1_is_refused(old_path):
    """
    Tables of version 1 are left alone until somebody says otherwise.
    """
    before = dump(old_path)

    with SQLStore(f"sqlite:///{old_path}") as store:
        assert 1 == store.schema_version()
        with pytest.raises(ConfigurationError, match=r"version 1.*create_schema\(\)"):
            store.get("id")

    assert before == dump(old_path)


def test_version_1_is_upgraded(old_path):
    """
    What was stored stays as it was, and what is new has its tables.
    """
    rows = [line for line in dump(old_path) if "migratekit_schema" not in line]
    key = LedgerKey(KeyKind.LEGACY_ID, "shop|43")
    with SQLStore(f"sqlite:///{old_path}") as store:
        store.create_schema()
        store.create_schema()

        assert SCHEMA_VERSION == store.schema_version()
        assert [line for line in rows if line not in dump(old_path)] == []
        record = store.find(Identifier(KeyKind.EMAIL, "ann@example.com"))
        assert ("hash of ann", 3) == (record.password_hash, record.version)
        assert {"name": "Ann"} == record.user.profile
        assert 1 == store.figures().moved
        assert [] == store.check()
        assert [key] == [row.key for row in store.reservations(None, 10)]
        store.bind_source("shop")
        store.change_settings(settings_change(1))
        store.add_tallies([tally("login.succeeded")])


def test_schema_version(path):
    """
    A database without tables has no version, and one without a row none either.
    """
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    with SQLStore(engine) as store:
        assert None is store.schema_version()
        metadata.create_all(engine)
        assert None is store.schema_version()
        store.create_schema()
        assert SCHEMA_VERSION == store.schema_version()
    engine.dispose()


def test_schema_version_of_no_database():
    """
    A database that cannot be asked is not one without tables.
    """
    with (
        SQLStore("sqlite:////nowhere/at/all/users.db") as store,
        pytest.raises(StoreUnavailableError),
    ):
        store.schema_version()


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
            (1, SCHEMA_VERSION, "shop")
        ]
