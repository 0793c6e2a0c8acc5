"""
An application to try the command line on: a shop that moves its customers.

The fixture ``shop`` copies it into a folder, as ``shop.py``.
"""

import hashlib
import os
import sqlite3
from contextlib import closing
from types import SimpleNamespace

from migratekit import AsyncConnection, Connection
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.management import Management
from migratekit.passwords import Argon2Hasher
from migratekit.sources import NoopSource
from migratekit.sources.sql import SQLSource
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore


STORE = os.environ.get("SHOP_STORE", "sqlite:///users.db")
ASYNC_STORE = os.environ.get("SHOP_ASYNC_STORE", "sqlite+aiosqlite:///users.db")
# As in migratekit.testing, which takes long to import.
CHEAPEST = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
COLUMNS = "id AS user_id, email, username, name, password_hash"


def make_legacy(people):
    """
    Fill the legacy database with rows of id, email, username, name and password.
    """
    rows = (
        (
            *row,
            None if password is None else hashlib.sha1(password.encode()).hexdigest(),
        )
        for *row, password in people
    )
    with closing(sqlite3.connect("legacy.db")) as legacy:
        legacy.execute(
            "CREATE TABLE people"
            " (id INTEGER, email TEXT, username TEXT, name TEXT, password_hash TEXT)"
        )
        legacy.execute("CREATE INDEX emails ON people (lower(email))")
        legacy.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", rows)
        legacy.commit()


UNLISTED = SQLSource(
    "sqlite:///legacy.db",
    f"SELECT {COLUMNS} FROM people WHERE lower(email) = :canonical",
    format=presets.raw_sha1(),
).with_count("SELECT count(*) FROM people")
SOURCE = UNLISTED.with_listing(f"SELECT {COLUMNS} FROM people ORDER BY id")
OPTIONS = {
    "source_name": "shop",
    "hasher": LegacyHasher(CHEAPEST, presets.raw_sha1()),
    "secret_key": "a secret key of the shop",
}


OPENED = []


def make_connection():
    return Connection(SQLStore(STORE), SOURCE, **OPTIONS)


async def make_in_loop():
    return make_async_connection()


def make_async_connection():
    from migratekit.stores.async_sql import AsyncSQLStore

    return AsyncConnection(AsyncSQLStore(ASYNC_STORE), SOURCE, **OPTIONS)


def make_unlisted():
    return Connection(SQLStore(STORE), UNLISTED, **OPTIONS)


def make_sourceless():
    return Connection(SQLStore(STORE), NoopSource(), **OPTIONS)


def make_plain():
    """
    A connection whose store has no ability.
    """
    names = ("find", "get", "create", "replace", "delete", "retired")
    store = SQLStore(STORE)
    OPENED.append(store)
    plain = SimpleNamespace(**{name: getattr(store, name) for name in names})
    return Connection(plain, SOURCE, **OPTIONS)


def make_live():
    """
    A connection that follows settings in its store.
    """
    store = SQLStore(STORE)
    live = Management(store).live("con_shop", interval=0.02)
    OPENED.extend((live, store))
    return Connection(store, SOURCE, settings=live, **OPTIONS)


def make_async_live():
    """
    The same with an event loop, in which nobody could ask for the settings.
    """
    from migratekit.stores.async_sql import AsyncSQLStore

    live = make_live().settings
    store = AsyncSQLStore(ASYNC_STORE)
    return AsyncConnection(store, SOURCE, settings=live, **OPTIONS)


def __getattr__(name):
    # Not at once, because a driver for it takes as long to import as all the rest.
    if name == "async_connection":
        return make_async_connection()
    raise AttributeError(name)


connection = make_connection()
bare = AsyncConnection(MemoryStore(), NoopSource(), hasher=CHEAPEST)
container = SimpleNamespace(auth=SimpleNamespace(connection=connection))
number = 42


def close():
    for opened in OPENED:
        opened.close()
    connection.store.close()
    SOURCE.close()
