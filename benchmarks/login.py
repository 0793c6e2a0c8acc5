"""
What `authenticate()` of a stored user costs above its two primitives.

The primitives are one SELECT by the same driver and one argon2-cffi verify.  Both sides
are measured in turn in one run, so that a drift of the machine's speed hits both; the
figures are medians.  Among more and more stored users, somebody else logs in each time.

The databases are SQLite, and those that MIGRATEKIT_TEST_POSTGRESQL and
MIGRATEKIT_TEST_MARIADB name: URLs of SQLAlchemy, whose tables of migratekit are
dropped.  Prints a table and writes login.json beside this file.

    python benchmarks/login.py [--rounds N] [--users N ...]
"""

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import argon2
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from migratekit import AsyncConnection, Connection
from migratekit.models import NewUser, Origin, User
from migratekit.passwords import RFC_9106_LOW_MEMORY, Argon2Hasher
from migratekit.sources import NoopSource
from migratekit.stores._sql_schema import metadata, users
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.sql import SQLStore


CHEAPEST = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
HASHERS = {"cheapest": CHEAPEST, "default": RFC_9106_LOW_MEMORY}
PASSWORD = "correct horse battery staple"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
CHUNK = 5_000
COLUMNS = ", ".join(users.columns.keys())
SELECT = f"SELECT {COLUMNS} FROM migratekit_users WHERE email = "
HASH = users.columns.keys().index("password_hash")
# By the database: the variable that leads there, and the drivers of each door.
SERVERS = {
    "postgresql": ("MIGRATEKIT_TEST_POSTGRESQL", "postgresql+psycopg", "asyncpg"),
    "mariadb": ("MIGRATEKIT_TEST_MARIADB", "mysql+pymysql", "asyncmy"),
}


def email(number):
    return f"user{number:07}@example.com"


def filled(store, start, end, encoded):
    """
    Let there be *end* users, who share a password.
    """
    for first in range(start, end, CHUNK):
        people = [
            NewUser(
                User(
                    id=str(uuid.uuid4()),
                    email=email(number),
                    origin=Origin.IMPORT,
                    legacy_id=f"legacy|{number}",
                ),
                encoded,
            )
            for number in range(first, min(first + CHUNK, end))
        ]
        assert not any(store.create_many(people))


class Sync:
    """
    The sync door.
    """

    name = "sync"

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        self.store = SQLStore(self.url)
        self.engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        self.raw = self.engine.raw_connection()
        self.cursor = self.raw.cursor()
        mark = "?" if "sqlite" in self.url else "%s"
        self.select = SELECT + mark
        return self

    async def __aexit__(self, *_):
        self.cursor.close()
        self.raw.close()
        self.engine.dispose()
        self.store.close()

    def connection(self, hasher):
        return Connection(self.store, NoopSource(), hasher=hasher, listeners=())

    async def primitives(self, verifier, address):
        self.cursor.execute(self.select, (address,))
        verifier.verify(self.cursor.fetchone()[HASH], PASSWORD)

    async def login(self, connection, address):
        connection.authenticate(address, PASSWORD)


class Async(Sync):
    """
    The async one.
    """

    name = "async"

    async def __aenter__(self):
        self.store = AsyncSQLStore(self.url)
        self.engine = create_async_engine(self.url, isolation_level="AUTOCOMMIT")
        self.raw = await self.engine.connect()
        self.driver = (await self.raw.get_raw_connection()).driver_connection
        return self

    async def __aexit__(self, *_):
        await self.raw.close()
        await self.engine.dispose()
        await self.store.close()

    def connection(self, hasher):
        return AsyncConnection(self.store, NoopSource(), hasher=hasher, listeners=())

    async def row(self, address):
        if "asyncpg" in self.url:
            return await self.driver.fetchrow(f"{SELECT}$1", address)
        if "aiosqlite" in self.url:
            async with self.driver.execute(f"{SELECT}?", (address,)) as cursor:
                return await cursor.fetchone()
        async with self.driver.cursor() as cursor:
            await cursor.execute(f"{SELECT}%s", (address,))
            return await cursor.fetchone()

    async def primitives(self, verifier, address):
        row = await self.row(address)
        await asyncio.to_thread(verifier.verify, row[HASH], PASSWORD)

    async def login(self, connection, address):
        await connection.authenticate(address, PASSWORD)


async def interleaved(door, hasher, size, rounds):
    connection = door.connection(hasher)
    verifier = argon2.PasswordHasher()
    chance = random.Random(size)
    bare, ours = [], []
    for _ in range(rounds + 2):
        for taken, call, own in (
            (bare, door.primitives, verifier),
            (ours, door.login, connection),
        ):
            address = email(chance.randrange(size))
            began = time.perf_counter()
            await call(own, address)
            taken.append(time.perf_counter() - began)
    # The first two rounds fill caches.
    return bare[2:], ours[2:]


async def measured(doors, name, size, rounds):
    rows = []
    for door in doors:
        async with door:
            bare, ours = await interleaved(door, HASHERS[name], size, rounds)
        below, above = statistics.median(bare), statistics.median(ours)
        rows.append(
            {
                "door": door.name,
                "database": door.url.partition(":")[0],
                "argon2": name,
                "users": size,
                "rounds": len(bare),
                "primitives_ms": round(below * 1000, 3),
                "authenticate_ms": round(above * 1000, 3),
                "added_ms": round((above - below) * 1000, 3),
                "ratio": round(above / below, 3),
            }
        )
    return rows


def in_database(urls, sizes, rounds):
    """
    Measure both doors of a database, at all sizes.
    """
    sync_url, async_url = urls
    doors = (Sync(sync_url), Async(async_url))
    engine = create_engine(sync_url)
    metadata.drop_all(engine)
    start = 0
    with SQLStore(sync_url) as store:
        store.create_schema()
        encoded = {name: hasher.hash(PASSWORD) for name, hasher in HASHERS.items()}
        for size in sorted(sizes):
            filled(store, start, size, encoded["cheapest"])
            yield from asyncio.run(measured(doors, "cheapest", size, rounds))
            start = size
    metadata.drop_all(engine)
    with SQLStore(sync_url) as store:
        store.create_schema()
        filled(store, 0, 10, encoded["default"])
        few = max(3, rounds // 10)
        yield from asyncio.run(measured(doors, "default", 10, few))
    metadata.drop_all(engine)
    engine.dispose()


def databases(folder):
    yield f"sqlite:///{folder}/users.db", f"sqlite+aiosqlite:///{folder}/users.db"
    for variable, driver, async_driver in SERVERS.values():
        if variable in os.environ:
            _, _, place = os.environ[variable].partition("://")
            dialect = driver.partition("+")[0]
            yield f"{driver}://{place}", f"{dialect}+{async_driver}://{place}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--users", type=int, nargs="+", default=SIZES)
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).with_suffix(".json")
    )
    options = parser.parse_args(arguments)

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for urls in databases(folder):
            for row in in_database(urls, options.users, options.rounds):
                if not rows:
                    print(" ".join(f"{key:>18}" for key in row))
                rows.append(row)
                print(" ".join(f"{value:>18}" for value in row.values()), flush=True)

    machine = {"python": platform.python_version(), "machine": platform.platform()}
    options.json.write_text(json.dumps({**machine, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
