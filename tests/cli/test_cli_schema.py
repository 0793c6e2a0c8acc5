"""
``migratekit schema``: what it prints, and the tables of an application's store.
"""

import os
import re
import sqlite3
import sys
from contextlib import closing

import pytest
from sqlalchemy import create_engine, inspect, types
from sqlalchemy.dialects import oracle

from migratekit.cli import main
from migratekit.stores._sql_schema import SCHEMA_VERSION, _OracleFlag, users
from migratekit.stores.sql import SQLStore, metadata
from migratekit.testing._store_people import somebody
from migratekit.testing._store_settings import settings_change
from migratekit.testing._store_statistics import tally


def printed(capsys, dialect):
    assert 0 == main(["schema", "--dialect", dialect])
    return capsys.readouterr().out


def statements(script):
    return [part.strip() for part in script.split(";\n") if part.strip()]


DIALECTS = ("mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_whole(capsys, dialect):
    """
    It is all tables, all indexes, and the version that the store looks for.
    """
    found = statements(printed(capsys, dialect))

    tables = [text for text in found if text.startswith("CREATE TABLE")]
    indexes = [text for text in found if re.match("CREATE (UNIQUE )?INDEX", text)]
    assert len(metadata.tables) == len(tables)
    expected = sum(len(table.indexes) for table in metadata.tables.values())
    assert expected == len(indexes)
    assert (
        "INSERT INTO migratekit_schema (id, version, source_name) VALUES (1, 2, NULL)"
        in found
    )
    # The tables before what refers to them.
    assert found.index(tables[0]) == 0


def columns_of(script, table):
    body = re.search(rf"CREATE TABLE {table} \((.*?)\n\)", script, re.DOTALL)[1]
    lines = [line.strip().rstrip(",") for line in body.strip().splitlines()]
    pairs = [line.split(" ", 1) for line in lines if not line.startswith("PRIMARY")]
    return dict(pairs)


IDENTITY = ("id", "email", "username", "legacy_id", "origin", "hash_format")
# What an index row may have, in bytes, and bytes per character.
INDEX_BYTES = {
    "mssql": (900, 2),
    "oracle": (6398, 4),
    "mysql": (3072, 4),
    "mariadb": (3072, 4),
    "postgresql": (2704, 4),
}


@pytest.mark.parametrize("dialect", INDEX_BYTES)
def test_index_lengths(capsys, dialect):
    """
    No index can have a row that is too long for it.
    """
    script = printed(capsys, dialect)
    most, width = INDEX_BYTES[dialect]

    for table in metadata.tables.values():
        columns = columns_of(script, table.name)
        keys = [list(index.columns) for index in table.indexes]
        for key in (*keys, list(table.primary_key.columns)):
            sizes = [re.search(r"\((\d+)", columns[c.name]) for c in key]
            texts = [c for c in key if isinstance(c.type, types.String)]
            assert len(texts) <= sum(size is not None for size in sizes)
            assert sum(int(size[1]) * width for size in sizes if size) <= most, key


def test_oracle(capsys):
    """
    Oracle: lengths in characters, no type that only its latest version has, and a
    commit, because it makes none by itself.
    """
    script = printed(capsys, "oracle")

    columns = columns_of(script, "migratekit_users")
    for name in IDENTITY:
        assert re.match(r"VARCHAR2\(\d+ CHAR\)", columns[name]), columns[name]
    assert "SMALLINT NOT NULL" == columns["blocked"]
    assert "CLOB" == columns_of(script, "migratekit_tallies")["people"]
    assert "CLOB NOT NULL" == columns["profile"]
    # To Oracle, '' is NULL: who has no hash and who has an empty one are the same.
    assert "CLOB" == columns["password_hash"]
    assert "TIMESTAMP" == columns["created_at"]
    for name in ("email", "username", "legacy_id"):
        index = f"CREATE UNIQUE INDEX migratekit_users_{name} ON migratekit_users"
        # It takes any number of NULLs into a unique index of one column.
        assert f"{index} ({name});" in script
    assert script.endswith("COMMIT;\n\n")
    assert not re.search("BOOLEAN|COLLATE", script)
    names = re.findall(r"(?:TABLE|INDEX) (\w+)", script)
    assert all(len(name) <= 30 for name in names)


def test_oracle_flags():
    """
    Its flags are numbers there and truth values here.
    """
    flag = users.c.blocked.type.dialect_impl(oracle.dialect())

    assert isinstance(flag, _OracleFlag)
    for value, number in ((True, 1), (False, 0), (None, None)):
        stored = flag.process_bind_param(value, None)
        assert number == stored
        assert type(stored) is not bool
        assert value is flag.process_result_value(number, None)


def test_mssql(capsys):
    """
    SQL Server: binary collation, microseconds, and any number of users without.
    """
    script = printed(capsys, "mssql")

    columns = columns_of(script, "migratekit_users")
    for name in IDENTITY:
        wanted = r"NVARCHAR\(\d+\) COLLATE Latin1_General_100_BIN2 (NOT )?NULL"
        assert re.fullmatch(wanted, columns[name]), columns[name]
    assert "BIT NOT NULL" == columns["blocked"]
    assert "NVARCHAR(max) NOT NULL" == columns["profile"]
    assert "DATETIME2(6) NULL" == columns["created_at"]
    for name in ("email", "username", "legacy_id"):
        index = f"CREATE UNIQUE INDEX migratekit_users_{name} ON migratekit_users"
        assert f"{index} ({name}) WHERE {name} IS NOT NULL;" in script
    columns = columns_of(script, "migratekit_tallies")
    assert "NVARCHAR(max) NULL" == columns["people"]
    columns = columns_of(script, "migratekit_ledger")
    assert columns["value"].startswith("NVARCHAR(330) COLLATE Latin1_General_100_BIN2")
    assert "PRIMARY KEY (kind, value)" in script
    assert not script.endswith("COMMIT;\n\n")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_mysql(capsys, dialect):
    """
    MySQL and MariaDB: binary collation everywhere, tables with transactions.
    """
    script = printed(capsys, dialect)

    columns = columns_of(script, "migratekit_users")
    for name in IDENTITY:
        assert "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" in columns[name]
    assert len(metadata.tables) == script.count("ENGINE=InnoDB")


# --- run ---------------------------------------------------------------------------------


def accepts(store):
    new = somebody()
    record = store.create(new)
    store.bind_source("shop")
    assert record == store.get(new.user.id)
    assert 1 == store.figures().moved
    for number in (1, 2):
        change = settings_change(number)
        store.change_settings(change)
        assert change == store.settings("con_shop")
        store.add_tallies([tally("login.succeeded", people=["ann"])])
        assert [number] == [row.count for row in store.tallies(None)]
    assert [] == store.check()


def schema_of(engine):
    inspector = inspect(engine)
    return {
        table: (
            [(c["name"], repr(c["type"]), c["nullable"]) for c in columns],
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (index["name"], index["unique"], tuple(index["column_names"]))
                for index in inspector.get_indexes(table)
            ),
        )
        for table in sorted(inspector.get_table_names())
        for columns in [inspector.get_columns(table)]
    }


def test_run_on_sqlite(capsys, tmp_path):
    """
    What is printed makes what the store makes, and the store takes it.
    """
    path, other = tmp_path / "users.db", tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(printed(capsys, "sqlite"))
        connection.commit()

    with SQLStore(f"sqlite:///{path}") as store:
        accepts(store)
        made = schema_of(store._engine)
        store.create_schema()
        assert made == schema_of(store._engine)
    with SQLStore(f"sqlite:///{other}") as store:
        store.create_schema()
        assert made == schema_of(store._engine)


@pytest.mark.parametrize(
    ("variable", "driver", "dialect"),
    [
        ("MIGRATEKIT_TEST_POSTGRESQL", "postgresql+psycopg", "postgresql"),
        ("MIGRATEKIT_TEST_MARIADB", "mysql+pymysql", "mariadb"),
        ("MIGRATEKIT_TEST_MARIADB", "mysql+pymysql", "mysql"),
    ],
)
def test_run_on_server(capsys, variable, driver, dialect):
    """
    The same on a server.
    """
    url = os.environ.get(variable)
    if url is None:
        pytest.skip(f"{variable} is not set: no server to test against")
    engine = create_engine(
        f"{driver}://{url.partition('://')[2]}", hide_parameters=True
    )
    metadata.drop_all(engine)
    with engine.begin() as connection:
        for statement in statements(printed(capsys, dialect)):
            connection.exec_driver_sql(statement)
    with SQLStore(engine) as store:
        accepts(store)
    printed_schema = schema_of(engine)
    metadata.drop_all(engine)
    with SQLStore(engine) as store:
        store.create_schema()
    made = schema_of(engine)
    metadata.drop_all(engine)
    engine.dispose()

    assert made == printed_schema


# --- what may go wrong -------------------------------------------------------------------


def test_no_such_database(capsys):
    """
    The database must be one that there is.
    """
    with pytest.raises(SystemExit) as caught:
        main(["schema", "--dialect", "db2"])

    assert 2 == caught.value.code
    assert "--dialect" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["schema"], ["schema", "print"]])
def test_which_database(capsys, arguments):
    """
    It must be said which.
    """
    assert 2 == main(arguments)
    assert "Add --dialect NAME" in capsys.readouterr().err


def test_without_sqlalchemy(capsys, monkeypatch):
    """
    Without SQLAlchemy, it says what to install.
    """
    for name in list(sys.modules):
        if name.partition(".")[0] == "sqlalchemy" or name.startswith(
            "migratekit.stores._sql"
        ):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)

    assert 2 == main(["schema", "--dialect", "sqlite"])

    captured = capsys.readouterr()
    assert "" == captured.out
    assert 'pip install "migratekit[sql]"' in captured.err


# --- The tables of an application ----------------------------------------------------


def stored(statement):
    with closing(sqlite3.connect("users.db")) as connection:
        rows = connection.execute(statement).fetchall()
        connection.commit()
        return rows


@pytest.fixture(name="empty")
def _empty(shop):
    """
    A shop whose store has no tables.
    """
    shop.module.close()
    shop.folder.joinpath("users.db").unlink()
    return shop


@pytest.fixture(name="old")
def _old(shop):
    """
    A shop whose tables are those of version 1.
    """
    shop.module.close()
    for table in ("migratekit_settings", "migratekit_tallies"):
        stored(f"DROP TABLE {table}")
    stored("UPDATE migratekit_schema SET version = 1")
    return shop


CURRENT = f"of version {SCHEMA_VERSION}."
OLD = f"have version 1, and this migratekit needs version {SCHEMA_VERSION}"


EITHER = ["connection", "async_connection"]


@pytest.mark.parametrize("app", [*EITHER, *(f"{name}.store" for name in EITHER)])
def test_create(empty, capsys, app):
    """
    Tables are made once, and are current then.
    """
    assert 1 == empty.run("schema", "check", app=app)
    assert 0 == empty.run("schema", "create", app=app)
    assert 0 == empty.run("schema", "check", app=app)
    assert 0 == empty.run("schema", "create", app=app)

    assert [
        "There are no tables yet.  Run migratekit schema create.",
        f"The tables were made, {CURRENT}",
        f"The tables are current, {CURRENT}",
        f"The tables are there already, {CURRENT}",
    ] == capsys.readouterr().out.splitlines()


def test_followed_before_there_are_tables(empty, capsys):
    """
    The commands that an application's connection needs first are named by whatever it
    is that was tried, and work as they are named.
    """
    assert 2 == empty.run("check", app="make_live")
    err = capsys.readouterr().err
    assert "migratekit --app myshop.auth:store schema create" in err
    assert "settings create con_shop strategy_version=2" in err
    assert "The store alone is enough" not in err
    assert 2 == empty.run("schema", "create", app="make_live")
    assert "name that, as in --app myshop.auth:store." in capsys.readouterr().err

    assert 0 == empty.run("schema", "create", app="connection.store")
    create = ("settings", "create", "con_shop", "strategy_version=2")
    assert 0 == empty.run(*create, app="connection.store")

    assert 0 == empty.run("schema", "check", app="make_live")


@pytest.mark.parametrize("app", EITHER)
def test_upgrade(old, capsys, app):
    """
    Older tables are found out, and upgraded.
    """
    assert 1 == old.run("schema", "check", app=app)
    assert OLD in capsys.readouterr().out

    assert 0 == old.run("schema", "upgrade", app=app)
    assert 0 == old.run("schema", "upgrade", app=app)

    assert [
        f"The tables are of version {SCHEMA_VERSION}; they were of 1.",
        f"The tables are of version {SCHEMA_VERSION}, as they were.",
    ] == capsys.readouterr().out.splitlines()
    assert 0 == old.run("schema", "check", app=app)


def test_create_over_old(old, capsys):
    """
    Whoever wants to create does not mean to upgrade.
    """
    assert 1 == old.run("schema", "create")

    said = capsys.readouterr().err
    assert OLD in said
    assert "migratekit schema upgrade" in said
    assert [(1,)] == stored("SELECT version FROM migratekit_schema")


def test_upgrade_nothing(empty, capsys):
    """
    Whoever wants to upgrade does not mean to create.
    """
    assert 1 == empty.run("schema", "upgrade")

    assert "Run migratekit schema create." in capsys.readouterr().err


def test_newer(shop, capsys):
    """
    Tables of a later migratekit stay as they are.
    """
    stored("UPDATE migratekit_schema SET version = 99")

    assert 1 == shop.run("schema", "check")
    assert 1 == shop.run("schema", "upgrade")

    out, err = capsys.readouterr()
    assert "have version 99" in out
    assert "have version 99" in err
    assert [(99,)] == stored("SELECT version FROM migratekit_schema")


def test_no_tables_of_ours(shop, capsys):
    """
    Not every store has tables.
    """
    assert 2 == shop.run("schema", "check", app="bare")
    assert "MemoryStore, has no tables of ours" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("SQLStore", "shop:SQLStore made no connection: TypeError"),
        ("STORE", "shop:STORE is no Connection or AsyncConnection"),
    ],
)
def test_no_store(shop, capsys, app, said):
    """
    Only a store is one.
    """
    assert 2 == shop.run("schema", "check", app=app)
    assert said in capsys.readouterr().err


def test_store_alone(shop, capsys):
    """
    A store is enough for its tables, and for nothing else.
    """
    assert 0 == shop.run("schema", "check", app="connection.store")
    assert 2 == shop.run("users", app="connection.store")
    assert "is no Connection or AsyncConnection" in capsys.readouterr().err
