"""
Every store of ours keeps the contract.
"""

import os
from contextlib import asynccontextmanager, contextmanager

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore, metadata
from migratekit.testing._store_races import RaceScenarios
from migratekit.testing.stores import UserStoreContract


class TestMemoryStore(UserStoreContract):
    """
    The store in memory.
    """

    @contextmanager
    def open_store(self):
        yield MemoryStore()


class TestSQLStoreInMemory(UserStoreContract):
    """
    SQLite without a file: one connection for all threads.
    """

    @contextmanager
    def open_store(self):
        with SQLStore("sqlite://") as store:
            store.create_schema()
            yield store


class TestSQLStoreInFile(UserStoreContract):
    """
    SQLite with a file: a connection per thread.
    """

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.path = tmp_path / "users.db"

    @contextmanager
    def open_store(self):
        with SQLStore(f"sqlite:///{self.path}") as store:
            store.create_schema()
            yield store


class TestAsyncSQLStoreInMemory(UserStoreContract):
    """
    aiosqlite without a file: one connection for all tasks.
    """

    @asynccontextmanager
    async def open_store(self):
        async with AsyncSQLStore("sqlite+aiosqlite://") as store:
            await store.create_schema()
            yield store


class TestAsyncSQLStoreInFile(RaceScenarios):
    """
    aiosqlite with a file: a connection per task.  Only the races differ from above.
    """

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.path = tmp_path / "users.db"

    @asynccontextmanager
    async def _open(self):
        async with AsyncSQLStore(f"sqlite+aiosqlite:///{self.path}") as store:
            await store.create_schema()
            yield store


class OnServer(UserStoreContract):
    """
    A database server that an environment variable leads to.
    """

    variable: str
    driver: str

    def url(self):
        url = os.environ.get(self.variable)
        if url is None:
            pytest.skip(f"{self.variable} is not set: no server to test against")
        return f"{self.driver}://{url.partition('://')[2]}"


class SyncOnServer(OnServer):
    """
    A sync driver.
    """

    @contextmanager
    def open_store(self):
        engine = create_engine(self.url(), hide_parameters=True)
        try:
            metadata.drop_all(engine)
            store = SQLStore(engine)
            store.create_schema()
            yield store
            metadata.drop_all(engine)
        finally:
            engine.dispose()


class AsyncOnServer(OnServer):
    """
    An async driver.
    """

    @asynccontextmanager
    async def open_store(self):
        engine = create_async_engine(self.url(), hide_parameters=True)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(metadata.drop_all)
            store = AsyncSQLStore(engine)
            await store.create_schema()
            yield store
            async with engine.begin() as connection:
                await connection.run_sync(metadata.drop_all)
        finally:
            await engine.dispose()


class TestPsycopg(SyncOnServer):
    """
    PostgreSQL with psycopg.
    """

    variable = "MIGRATEKIT_TEST_POSTGRESQL"
    driver = "postgresql+psycopg"


class TestAsyncPsycopg(AsyncOnServer):
    """
    PostgreSQL with psycopg's async side.
    """

    variable = "MIGRATEKIT_TEST_POSTGRESQL"
    driver = "postgresql+psycopg_async"


class TestAsyncpg(AsyncOnServer):
    """
    PostgreSQL with asyncpg.
    """

    variable = "MIGRATEKIT_TEST_POSTGRESQL"
    driver = "postgresql+asyncpg"


class TestPyMySQL(SyncOnServer):
    """
    MariaDB or MySQL with PyMySQL.
    """

    variable = "MIGRATEKIT_TEST_MARIADB"
    driver = "mysql+pymysql"


class TestAsyncmy(AsyncOnServer):
    """
    MariaDB or MySQL with asyncmy.
    """

    variable = "MIGRATEKIT_TEST_MARIADB"
    driver = "mysql+asyncmy"
