"""
The URLs and engines that SQLStore takes.
"""

import subprocess
import sys
import threading

import attrs
import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

from migratekit.errors import (
    AlreadyMigratedError,
    ConfigurationError,
)
from migratekit.stores._sql_engine import described, reading_options
from migratekit.stores.sql import SQLStore
from migratekit.testing._store_people import somebody


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url: hunter2", "no database URL"),
        ("nosuchdb://ann:hunter2@host/db", "no dialect for 'nosuchdb'"),
        ("sqlite+aiosqlite://", "AsyncSQLStore"),
        ("sqlite://ann:hunter2@host/db", "refuses the URL"),
    ],
)
def test_url(url, message):
    """
    A URL that cannot be used is refused and not repeated.
    """
    with pytest.raises(ConfigurationError, match=message) as caught:
        SQLStore(url)

    assert "hunter2" not in str(caught.value)
    assert None is caught.value.__context__


def test_url_object(path):
    """
    A URL may be one of SQLAlchemy's.
    """
    with SQLStore(make_url(f"sqlite:///{path}")) as store:
        store.create_schema()

        assert None is store.get("id")


def test_engine(path):
    """
    An engine of the application's is used, and not disposed of.
    """
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    with SQLStore(engine) as store:
        store.create_schema()
        pool = engine.pool

    assert pool is engine.pool
    assert SQLStore(engine).create(somebody()).version == 1
    engine.dispose()


def test_engine_that_begins_by_itself(path):
    """
    An engine may begin its transactions as SQLAlchemy's manual recommends.
    """
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)

    @event.listens_for(engine, "connect")
    def leave_it_to_us(connection, record):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN")

    store = SQLStore(engine)
    store.create_schema()

    record = store.create(somebody())

    assert record == store.get(record.user.id)
    with pytest.raises(AlreadyMigratedError):
        store.create(somebody(legacy_id=record.user.legacy_id))
    engine.dispose()


def test_engine_that_shows_parameters():
    """
    An engine that would log hashes is refused.
    """
    with pytest.raises(ConfigurationError, match="hide_parameters=True"):
        SQLStore(create_engine("sqlite://"))


@pytest.mark.parametrize("options", [{}, {"poolclass": StaticPool}])
def test_engine_that_shares(options):
    """
    An engine whose transactions would share a connection is refused.
    """
    engine = create_engine("sqlite://", hide_parameters=True, **options)

    with pytest.raises(ConfigurationError, match="shares a connection"):
        SQLStore(engine)


def test_memory_by_another_name():
    """
    A database in memory has one connection, however the URL says it.
    """
    for url in (
        "sqlite:///:memory:",
        "sqlite:///file:users?mode=memory&uri=true",
        "sqlite:///file::memory:?uri=true",
    ):
        with SQLStore(url) as store:
            store.create_schema()
            new = somebody()
            thread = threading.Thread(target=store.create, args=(new,))
            thread.start()
            thread.join()

            assert store.get(new.user.id).version == 1


@attrs.frozen
class ServerEngine:
    """
    As much of an engine as there is without a driver.
    """

    url = make_url("postgresql://ann:hunter2@db/users?password=hunter3")
    dialect = postgresql.dialect()


def test_described():
    """
    It is said where the users are, without the passwords.
    """
    assert described(ServerEngine()) == "postgresql://ann:***@db/users"


def test_reading():
    """
    PostgreSQL is asked outside of transactions, SQLite as ever.
    """
    assert reading_options(ServerEngine()) == {"isolation_level": "AUTOCOMMIT"}
    assert reading_options(create_engine("sqlite://")) == {}


@pytest.mark.parametrize("name", ["sql", "async_sql"])
def test_missing_extra(name):
    """
    Without SQLAlchemy the import says what to install.
    """
    code = f"""
import sys
sys.modules["sqlalchemy"] = None
try:
    import migratekit.stores.{name}
except ImportError as error:
    assert error.__cause__ is None and error.__suppress_context__
    print(error)
"""

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    extra = {"sql": "sql", "async_sql": "async"}[name]
    assert f'pip install "migratekit[{extra}]"' in done.stdout
