"""
The drivers of SQL databases in trouble, and what they are told so that they get out of it.
"""

import os
import re
import sys
import threading
import time
from pathlib import Path

import attrs
import faults
import pytest
import sqlalchemy as sa
from sql_peers import NOWHERE, greeted, own

from migratekit.errors import LegacyUnavailableError
from migratekit.sources import _drivers, aspnet, databases, products
from migratekit.sources.sql import SQLSource
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.sql import SQLStore


ADA = "ada@example.com"
PASSWORD = "correct horse"
DOORS = {
    "mysql+pymysql": (own, databases.mysql, aspnet.membership, products.wordpress),
    "postgresql+psycopg": (
        own,
        databases.postgresql,
        aspnet.identity,
        products.supabase,
    ),
    "oracle+oracledb": (own, databases.oracle),
    "mssql+pymssql": (
        own,
        databases.sql_server,
        databases.azure_sql,
        aspnet.universal_providers,
    ),
}
EVERY_DOOR = [
    pytest.param(scheme, make, id=f"{scheme}-{make.__module__}-{make.__name__}")
    for scheme, makers in DOORS.items()
    for make in makers
]

# --- The network -------------------------------------------------------------------

# What no limit of the driver's own ends, but only that of the whole call.
ENDLESS = {
    ("oracle+oracledb", "never an answer"),
    ("oracle+oracledb", "garbage, a byte a second"),
    ("oracle+oracledb", "garbage without an end"),
    ("mssql+pymssql", "garbage, a byte a second"),
}
HURRIED = {
    "pymysql": {"connect_timeout": 1, "read_timeout": 0.2, "write_timeout": 0.2},
    "psycopg": {"connect_timeout": 1},
    "oracledb": {},
    "pymssql": {"login_timeout": 1},
}


@pytest.fixture(name="_hurry")
def _in_a_hurry(monkeypatch):
    """
    Have the drivers wait for less long; each still because it is told to.
    """
    for name, driver in _drivers._DRIVERS.items():
        assert driver.limits.keys() >= HURRIED[name].keys()
        hurried = attrs.evolve(driver, limits={**driver.limits, **HURRIED[name]})
        monkeypatch.setitem(_drivers._DRIVERS, name, hurried)


@pytest.mark.usefixtures("untidy", "_hurry")
@pytest.mark.parametrize("fault", faults.TCP_FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize(("scheme", "make"), EVERY_DOOR)
def test_faults(scheme, make, fault):
    """
    Every fault is an outage, in bounded time, and nothing secret is in it.
    """
    if (scheme, fault.name) in ENDLESS:
        pytest.skip("Only the deadline of a connection ends it, as the docs say.")
    play = fault.play
    if play is not None and scheme == "mysql+pymysql":
        play = greeted(play)

    with faults.peer(play) as server:
        rescue = threading.Timer(8, server.stop.set)
        rescue.start()
        began = time.monotonic()
        url = NOWHERE[scheme].format(f"{faults.HOST}:{server.port}")
        with make(url) as source, pytest.raises(LegacyUnavailableError) as caught:
            source.login(ADA, PASSWORD)
        took = time.monotonic() - began
        rescue.cancel()

    told = f"{caught.value!r} {caught.value} {source!r}"
    assert took < 6
    assert "s3cret" not in told
    assert PASSWORD not in told
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("scheme", "told"),
    [
        ("mysql+pymysql", "OperationalError 2003."),
        ("postgresql+psycopg", "OperationalError, connection refused."),
    ],
)
def test_reason(scheme, told):
    """
    Why the database cannot be asked is told, by the driver's number or in our words.
    """
    with (
        faults.peer(None) as server,
        own(NOWHERE[scheme].format(f"{faults.HOST}:{server.port}")) as source,
        pytest.raises(LegacyUnavailableError) as caught,
    ):
        source.login(ADA, PASSWORD)

    assert f"The legacy source could not be asked: {told}" == str(caught.value)


def test_endless():
    """
    The documentation says which faults are not played to which driver.
    """
    page = Path(__file__).parents[2].joinpath("docs/source-faults.md").read_text()
    table = page.partition("| driver |")[2].partition("\n\n")[0].lower()
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", table, re.MULTILINE))
    played = {fault.name for fault in faults.TCP_FAULTS}

    shown = {
        (scheme, fault)
        for scheme in DOORS
        for fault in rows[scheme.partition("+")[2]].split("; ")
        if fault in played
    }

    assert ENDLESS == shown


# --- What drivers are told ---------------------------------------------------------


def told(where, name):
    """
    Return what a driver is told as *name* when a source at *where* connects.
    """
    source, asked = own(where), []

    @sa.event.listens_for(source._database.engine, "do_connect")
    def _note(dialect, record, arguments, options):
        asked.append(options.get(name))
        raise OSError

    with source, pytest.raises(LegacyUnavailableError):
        source.get_user(ADA)
    return asked.pop()


@pytest.mark.parametrize(
    ("expected", "url", "name"),
    [
        (2, "mysql+pymysql://db/x", "connect_timeout"),
        (5, "mariadb+pymysql://db/x", "read_timeout"),
        (30, "mysql+pymysql://db/x?read_timeout=30", "read_timeout"),
        (5, "mysql+pymysql://db/x?read_timeout=30", "write_timeout"),
        (2, "postgresql+psycopg://db/x", "connect_timeout"),
        ("7", "postgresql+psycopg://db/x?connect_timeout=7", "connect_timeout"),
        ("-c a=b", "postgresql+psycopg://db/x?options=-c%20a%3Db", "options"),
        (2, "oracle+oracledb://db/?service_name=x", "tcp_connect_timeout"),
        (2, "mssql+pymssql://db/x", "login_timeout"),
        ("7.4", "mssql+pymssql://db/x?tds_version=7.4", "tds_version"),
        ("require", "mssql+pymssql://db/x", "encryption"),
        ("require", "mssql+pymssql://db/x?encryption=off", "encryption"),
    ],
)
def test_told(expected, url, name):
    """
    What the URL says counts, and else our limits; but never less encryption.
    """
    assert expected == told(url, name)


def test_engine():
    """
    An engine that is handed in is told nothing.
    """
    engine = sa.create_engine("mssql+pymssql://db/x", hide_parameters=True)

    assert None is told(engine, "encryption")
    engine.dispose()


def test_time_limit_of_oracle():
    """
    Every connection to Oracle gets its time limit when it is made.
    """

    class Connection:
        call_timeout = 0

    with own("oracle+oracledb://db/?service_name=x") as source:
        engine = source._database.engine
        assert sa.event.contains(engine, "connect", _drivers._limit_calls)
    _drivers._limit_calls(Connection, None)

    assert 5000 == Connection.call_timeout


@pytest.mark.parametrize(
    ("expected", "query"),
    [(True, ""), (True, "?options=-c a=b"), (False, "?options=-c statement_timeout=9")],
)
def test_time_limit_of_postgresql(expected, query):
    """
    A statement has a time limit, unless the URL has one.
    """
    with own(f"postgresql+psycopg://db/x{query}") as source:
        engine = source._database.engine
        limit = _drivers._limit_statements

        assert expected == sa.event.contains(engine, "begin", limit)


def test_statement():
    """
    The limit of a statement is one of its transaction, and not of a pooler's connection.
    """
    said = []

    class Connection:
        exec_driver_sql = said.append

    _drivers._limit_statements(Connection)

    assert ["SET LOCAL statement_timeout = 5000"] == said


def test_slow_query(monkeypatch):
    """
    A query that takes too long is an outage, and the next one is answered.
    """
    if "MIGRATEKIT_TEST_POSTGRESQL" not in os.environ:
        pytest.skip("MIGRATEKIT_TEST_POSTGRESQL is not set")
    monkeypatch.setattr(_drivers, "_READ", 0.3)
    query = (
        "SELECT '1' AS user_id, CAST(:canonical AS text) AS email,"
        " pg_sleep(CASE WHEN :canonical = 'slow@example.com' THEN 30 ELSE 0 END)"
    )
    began = time.monotonic()

    with SQLSource(
        os.environ["MIGRATEKIT_TEST_POSTGRESQL"], query, format="bcrypt"
    ) as source:
        with pytest.raises(LegacyUnavailableError, match="OperationalError"):
            source.get_user("slow@example.com")
        assert "1" == source.get_user(ADA).user_id
    assert time.monotonic() - began < 10


# --- What is not installed ---------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "extra"),
    [
        ("mysql+pymysql", "mysql"),
        ("postgresql+psycopg", "postgresql"),
        ("oracle+oracledb", "oracle"),
        ("mssql+pymssql", "sqlserver"),
    ],
)
def test_missing_driver(monkeypatch, scheme, extra):
    """
    A missing driver says what to install.
    """
    monkeypatch.setitem(sys.modules, scheme.partition("+")[2], None)

    for make in DOORS[scheme]:
        with pytest.raises(ImportError, match=rf"migratekit\[{extra}\]"):
            make(NOWHERE[scheme].format("db"))


@pytest.mark.parametrize(
    ("scheme", "missing", "said"),
    [
        ("mysql", "MySQLdb", r"with mysql\+pymysql://, and pip .*\[mysql\]"),
        ("postgresql", "psycopg2", r"migratekit\[postgresql\]"),
    ],
)
@pytest.mark.parametrize("make", [own, SQLStore])
def test_unnamed_driver(monkeypatch, scheme, missing, said, make):
    """
    A URL that names no driver is told how to name ours.
    """
    monkeypatch.setitem(sys.modules, missing, None)
    # Which of the two SQLAlchemy takes has changed.
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(ImportError, match=said) as caught:
        make(f"{scheme}://ann:s3cret@db/x")

    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("make", "scheme", "extra"),
    [
        (SQLStore, "postgresql+psycopg", "postgresql"),
        (SQLStore, "mysql+pymysql", "mysql"),
        (AsyncSQLStore, "sqlite+aiosqlite", "async"),
        (AsyncSQLStore, "postgresql+asyncpg", "asyncpg"),
        (AsyncSQLStore, "mysql+asyncmy", "asyncmy"),
    ],
)
def test_missing_driver_of_a_store(monkeypatch, make, scheme, extra):
    """
    So says a store, sync or async.
    """
    monkeypatch.setitem(sys.modules, scheme.partition("+")[2], None)

    with pytest.raises(ImportError, match=rf"^The driver .*migratekit\[{extra}\]"):
        make(f"{scheme}://db/x")


def test_missing_other_driver(monkeypatch):
    """
    A missing driver that there is no extra for is named by SQLAlchemy.
    """
    monkeypatch.setitem(sys.modules, "psycopg2", None)

    with pytest.raises(ImportError, match="psycopg2"):
        own("postgresql+psycopg2://db/x")
