"""
What the SQL stores tell of themselves: by indexes alone, and after somebody's mistake.
"""

import os
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, event, insert
from sqlalchemy.dialects import mssql, oracle

from migratekit.models import (
    Disagreement,
    KeyKind,
    LedgerKey,
    NewUser,
    Record,
    Retirement,
    ledger_keys,
)
from migratekit.stores._rules import MOST_DISAGREEMENTS, retired_at
from migratekit.stores._sql_figures import counting
from migratekit.stores._sql_rows import ledger_values, values_of
from migratekit.stores._sql_schema import ledger, users
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore, metadata
from migratekit.testing._store_people import key_of, somebody


@contextmanager
def on_server(variable, driver):
    url = os.environ.get(variable)
    if url is None:
        pytest.skip(f"{variable} is not set: no server to test against")
    engine = create_engine(
        f"{driver}://{url.partition('://')[2]}", hide_parameters=True
    )
    metadata.drop_all(engine)
    with SQLStore(engine) as server:
        server.create_schema()
        yield server
    metadata.drop_all(engine)
    engine.dispose()


@contextmanager
def in_memory():
    with SQLStore("sqlite://") as store:
        store.create_schema()
        yield store


DATABASES = {
    "sqlite": in_memory,
    "postgresql": lambda: on_server("MIGRATEKIT_TEST_POSTGRESQL", "postgresql+psycopg"),
    "mariadb": lambda: on_server("MIGRATEKIT_TEST_MARIADB", "mysql+pymysql"),
}


@pytest.fixture(name="any_store", params=DATABASES)
def _any_store(request):
    with DATABASES[request.param]() as store:
        yield store


@pytest.fixture(name="run")
def _run(any_store):
    def run(statement, rows=None):
        with any_store._engine.begin() as connection:
            connection.execute(statement, rows)

    return run


# --- figures ---------------------------------------------------------------------------

PEOPLE = 4000


def fill(store):
    """
    Store many users with long profiles, by plain SQL.
    """
    people = [somebody(profile={"bio": "x" * 500}).user for _ in range(PEOPLE)]
    rows = [values_of(record_of(user)) for user in people]
    keys = [
        ledger_values(key, "used", user.legacy_id, retired_at(user))
        for user in people
        for key in ledger_keys(user)
    ]
    with store._engine.begin() as connection:
        connection.execute(insert(users), rows)
        connection.execute(insert(ledger), keys)
    with store._reader.connect() as connection:
        for statement in ANALYZE[connection.dialect.name]:
            connection.exec_driver_sql(statement).close()


def record_of(user):
    return Record(user, "hash", 1)


ANALYZE = {
    "sqlite": ["ANALYZE"],
    "postgresql": [f"VACUUM ANALYZE {table.name}" for table in (users, ledger)],
    "mysql": [f"ANALYZE TABLE {table.name}" for table in (users, ledger)],
}


def plan_of(connection):
    """
    Return how the database would count: a line per table that it reads.
    """
    dialect = connection.dialect
    statement = counting().compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    if dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
        return [row[3] for row in rows if "migratekit_" in row[3]]
    if dialect.name == "postgresql":
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}")
        return [row[0] for row in rows if "Scan" in row[0] and "migratekit_" in row[0]]
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}").mappings()
    return [
        f"{row['table']} {row['key']} {row['Extra']}"
        for row in rows
        if str(row["table"]).startswith("migratekit_")
    ]


INDEX_ONLY = {
    "sqlite": "USING COVERING INDEX migratekit_",
    "postgresql": "Index Only Scan using migratekit_",
    "mysql": "Using index",
}


def test_figures_by_index_alone(any_store):
    """
    No table is read to count, only indexes.
    """
    fill(any_store)

    with any_store._engine.connect() as connection:
        plan = plan_of(connection)

    assert 3 == len(plan), plan
    for line in plan:
        assert INDEX_ONLY[any_store._engine.dialect.name] in line, plan
    figures = any_store.figures()
    assert PEOPLE == figures.moved == sum(figures.by_format.values())


def test_figures_are_one_statement(any_store):
    """
    All numbers are of the same moment.
    """
    any_store.figures()
    statements = []

    @event.listens_for(any_store._engine, "before_cursor_execute")
    def note(conn, cursor, statement, parameters, context, executemany):
        statements.append(statement)

    any_store.figures()

    assert 1 == len(statements)


@pytest.mark.parametrize(
    ("dialect", "parts"),
    [
        (
            mssql.dialect(),
            (
                "CAST(migratekit_ledger.created_at AS DATE)",
                "CONVERT(VARCHAR(10), anon_1.day, 23)",
            ),
        ),
        (
            oracle.dialect(),
            (
                "TRUNC(migratekit_ledger.created_at)",
                "TO_CHAR(anon_1.day, 'YYYY-MM-DD')",
            ),
        ),
    ],
    ids=["mssql", "oracle"],
)
def test_day(dialect, parts):
    """
    Days are days, and ISO text, in the databases that nobody tests against.
    """
    statement = str(counting().compile(dialect=dialect))

    for part in parts:
        assert part in statement.replace("anon_4", "anon_1")


# --- check -----------------------------------------------------------------------------


def test_nobody_to_check(any_store):
    """
    An empty store is in order.
    """
    assert [] == any_store.check()


@pytest.mark.parametrize("kind", list(KeyKind))
def test_not_in_ledger(any_store, run, kind):
    """
    A user's key without a row is found.
    """
    victim, other = somebody(), somebody()
    for new in (victim, other):
        any_store.create(new)
    key = key_of(victim.user, kind)

    run(ledger.delete().where(ledger.c.value == key.value, ledger.c.kind == kind.value))

    assert [Disagreement(victim.user.id, key, "not_in_ledger")] == any_store.check()


def test_row_of_another_kind(any_store, run):
    """
    A row of the same value and another kind is not the user's.
    """
    victim = somebody()
    any_store.create(victim)
    key = key_of(victim.user, KeyKind.USERNAME)

    run(ledger.update().where(ledger.c.kind == "username").values(kind="other"))

    assert [Disagreement(victim.user.id, key, "not_in_ledger")] == any_store.check()


@pytest.mark.parametrize("kind", list(KeyKind))
def test_reserved(any_store, run, kind):
    """
    A user's key that is reserved is found.
    """
    victim, other = somebody(), somebody()
    for new in (victim, other):
        any_store.create(new)
    key = key_of(victim.user, kind)

    run(
        ledger.update()
        .where(ledger.c.value == key.value, ledger.c.kind == kind.value)
        .values(reason="reserved")
    )

    assert [Disagreement(victim.user.id, key, "reserved")] == any_store.check()


@pytest.mark.parametrize("owner", ["shop|another", None])
@pytest.mark.parametrize("deleted", [True, False])
def test_other_owner(any_store, run, owner, deleted):
    """
    A legacy id that belongs to another one, or to none, is found.
    """
    victim, other = somebody(), somebody()
    record = any_store.create(victim)
    any_store.create(other)
    if deleted:
        any_store.delete(record)
    key = key_of(victim.user, KeyKind.LEGACY_ID)

    run(ledger.update().where(ledger.c.value == key.value).values(legacy_id=owner))

    user_id = None if deleted else victim.user.id
    assert [Disagreement(user_id, key, "other_owner")] == any_store.check()


def test_user_without_anything(any_store, run):
    """
    A user whom somebody wrote past the ledger is found, key by key.
    """
    user = somebody().user

    run(insert(users), values_of(record_of(user)))

    assert {
        Disagreement(user.id, key, "not_in_ledger") for key in ledger_keys(user)
    } == set(any_store.check())
    assert 3 == len(any_store.check())


def test_many_disagreements(any_store, run):
    """
    Only the first thousand are told.
    """
    people = [somebody().user for _ in range(600)]
    run(insert(users), [values_of(record_of(user)) for user in people])

    found = any_store.check()

    assert MOST_DISAGREEMENTS == len(found) == len(set(found))


# --- the same in memory ----------------------------------------------------------------


@pytest.fixture(name="victim")
def _victim():
    return somebody().user


@pytest.fixture(name="memory")
def _memory(victim):
    store = MemoryStore()
    for user in (victim, somebody().user):
        store.create(NewUser(user, None))
    return store


@pytest.mark.parametrize("kind", list(KeyKind))
def test_memory_not_in_ledger(memory, victim, kind):
    """
    A user's key without a row is found.
    """
    key = key_of(victim, kind)
    del memory._ledger[key]

    assert [Disagreement(victim.id, key, "not_in_ledger")] == memory.check()


@pytest.mark.parametrize("kind", list(KeyKind))
def test_memory_reserved(memory, victim, kind):
    """
    A user's key that is reserved is found.
    """
    key = key_of(victim, kind)
    memory._ledger[key] = Retirement(key, "reserved", victim.legacy_id)

    assert [Disagreement(victim.id, key, "reserved")] == memory.check()


def test_memory_other_owner(memory, victim):
    """
    A legacy id that belongs to another one is found, stored or not.
    """
    key = key_of(victim, KeyKind.LEGACY_ID)
    strange = LedgerKey(KeyKind.LEGACY_ID, "shop|strange")
    for stray in (key, strange):
        memory._ledger[stray] = Retirement(stray, "used", "shop|another")

    assert [
        Disagreement(victim.id, key, "other_owner"),
        Disagreement(None, strange, "other_owner"),
    ] == memory.check()


def test_memory_many_disagreements(memory):
    """
    Only the first thousand are told.
    """
    for number in range(1100):
        stray = LedgerKey(KeyKind.LEGACY_ID, f"shop|{number}")
        memory._ledger[stray] = Retirement(stray, "used", None)

    assert MOST_DISAGREEMENTS == len(memory.check())
