"""
What `import_users()` costs above the bare COPY or executemany of the same rows.

Imported are users with a bcrypt hash; all of them pass the Validator.  Bare are the
rows of the users and of the ledger, ready as the driver takes them, into the same
tables with the same indexes, in transactions of the same size: COPY on PostgreSQL,
executemany on SQLite and MariaDB.  A user is imported before, for what is loaded once.
Both sides take a chunk in turn in one run, so that a drift of the machine's speed hits
both.  Every size has a process of its own, whose
peak memory is shown.

The databases are SQLite, and those that MIGRATEKIT_TEST_POSTGRESQL and
MIGRATEKIT_TEST_MARIADB name: URLs of SQLAlchemy, whose tables of migratekit are
dropped.  Prints a table and writes import.json beside this file.

    python benchmarks/import.py [--users N ...] [--chunk N] [--databases NAME ...]
                                [--quick]
"""

import argparse
import base64
import datetime as dt
import gc
import json
import os
import platform
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
from sqlalchemy import create_engine, make_url, text

from migratekit import Connection
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import (
    ImportRecord,
    Origin,
    Record,
    StoredHash,
    User,
    ledger_keys,
)
from migratekit.passwords import RFC_9106_LOW_MEMORY
from migratekit.sources import NoopSource
from migratekit.stores._sql_copy import adapted
from migratekit.stores._sql_rows import columns_of, ledger_values, transposed
from migratekit.stores._sql_schema import ledger, metadata, users
from migratekit.stores.sql import SQLStore


VARIABLES = {
    "postgresql": "MIGRATEKIT_TEST_POSTGRESQL",
    "mariadb": "MIGRATEKIT_TEST_MARIADB",
}
SIZES, QUICK_SIZES = (100_000, 1_000_000), (300, 600)
CHUNK, QUICK_CHUNK = 1000, 100
# Where the bare rows go: a schema of its own, or a file.
BARE = "migratekit_bare"
TABLES = (ledger, users)
HASHER = LegacyHasher(RFC_9106_LOW_MEMORY, presets.bcrypt())
DOMAINS = ("example.com", "mail.example.org", "example.net", "post.example.com")


def person(number, chance):
    token = chance.randbytes(6).hex()
    digest = base64.b64encode(chance.randbytes(39), b"./").decode()
    return ImportRecord(
        user_id=str(number),
        email=f"{'ann' if number % 10 else 'Ann'}.{token}@{chance.choice(DOMAINS)}",
        email_verified=True,
        username=f"ann_{token}",
        profile={"name": f"Ann {token}", "given_name": "Ann"},
        user_metadata={"theme": "dark"},
        created_at=dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
        + dt.timedelta(minutes=number),
        password=StoredHash(f"$2y$10${digest}{digest[0]}"),
    )


def bare_rows(dialect, records):
    """
    Return what an import of *records* writes, table by table.
    """
    now = dt.datetime.now(dt.UTC)
    stored = [
        Record(
            User(
                **{
                    field.name: getattr(record, field.name)
                    for field in attrs.fields(User)
                    if hasattr(record, field.name)
                }
                | {"email": record.email.lower()},
                id=str(uuid.uuid4()),
                origin=Origin.IMPORT,
                legacy_id=f"legacy|{record.user_id}",
                migrated_at=now,
                updated_at=now,
            ),
            HASHER.admit(record.password),
            version=1,
        )
        for record in records
    ]
    entries = [
        ledger_values(key, "used", record.user.legacy_id, now)
        for record in stored
        for key in ledger_keys(record.user)
    ]
    columns = transposed(entries), columns_of(stored)
    return [
        list(adapted(dialect, table, values))
        for table, values in zip(TABLES, columns, strict=True)
    ]


class Bare:
    """
    The driver, and nothing above it.
    """

    def __init__(self, connection, mark, schema=""):
        self.connection = connection
        self.statements = [
            f"INSERT INTO {schema}{table.name} VALUES"
            f" ({', '.join([mark] * len(table.columns))})"
            for table in TABLES
        ]

    def write(self, rows):
        cursor = self.connection.cursor()
        for statement, each in zip(self.statements, rows, strict=True):
            cursor.executemany(statement, each)
        self.connection.commit()
        cursor.close()


class Copying(Bare):
    """
    The same with COPY.
    """

    def write(self, rows):
        for table, each in zip(TABLES, rows, strict=True):
            with (
                self.connection.cursor() as cursor,
                cursor.copy(f"COPY {BARE}.{table.name} FROM STDIN") as copy,
            ):
                for row in each:
                    copy.write_row(row)
        self.connection.commit()


@contextmanager
def on_sqlite(folder):
    engine = create_engine(f"sqlite:///{folder}/bare.db")
    metadata.create_all(engine)
    engine.dispose()
    with closing(sqlite3.connect(f"{folder}/bare.db")) as connection:
        yield f"sqlite:///{folder}/users.db", Bare(connection, "?")


@contextmanager
def on_server(url):
    engine = create_engine(
        url, execution_options={"schema_translate_map": {None: BARE}}
    )
    is_postgresql = engine.dialect.name == "postgresql"
    drop = f"DROP SCHEMA IF EXISTS {BARE} {'CASCADE' if is_postgresql else ''}"
    with engine.begin() as connection:
        connection.execute(text(drop))
        connection.execute(text(f"CREATE SCHEMA {BARE}"))
        metadata.create_all(connection)
    plain = create_engine(url)
    metadata.drop_all(plain)
    raw = plain.raw_connection()
    kind = Copying if is_postgresql else Bare
    yield url, kind(raw.driver_connection, "%s", f"{BARE}.")
    raw.close()
    metadata.drop_all(plain)
    plain.dispose()
    with engine.begin() as connection:
        connection.execute(text(drop))
    engine.dispose()


class InTurn:
    """
    Makes records, and writes each chunk barely as soon as it is imported.

    Iterated by `import_users()`: what is not spent in here is spent there.
    """

    def __init__(self, size, chunk, dialect, bare):
        self.starts = range(0, size, chunk)
        self.size, self.chunk = size, chunk
        self.dialect, self.bare = dialect, bare
        self.bare_seconds = self.own_seconds = 0.0

    def __iter__(self):
        chance = random.Random(0)
        for start in self.starts:
            began = time.perf_counter()
            end = min(start + self.chunk, self.size)
            records = [person(number, chance) for number in range(start, end)]
            self.own_seconds += time.perf_counter() - began
            yield from records
            self.write(records)

    def write(self, records):
        began = time.perf_counter()
        rows = bare_rows(self.dialect, records)
        written = time.perf_counter()
        self.bare.write(rows)
        ended = time.perf_counter()
        self.bare_seconds += ended - written
        self.own_seconds += ended - began


def measured(database, size, chunk, folder):
    variable = VARIABLES.get(database)
    place = on_server(os.environ[variable]) if variable else on_sqlite(folder)
    with place as (url, bare), SQLStore(url) as store:
        store.create_schema()
        connection = Connection(store, NoopSource(), hasher=HASHER, listeners=())
        # What is imported, compiled and looked up once, whatever the size.
        connection.import_users([person(size, random.Random(1))])
        # As the command line does it.
        gc.freeze()
        gc.set_threshold(50_000)
        records = InTurn(size, chunk, make_url(url).get_dialect()(), bare)
        began = time.perf_counter()
        report = connection.import_users(records, chunk_size=chunk)
        ours = time.perf_counter() - began - records.own_seconds
        assert report.inserted == size, report
        chance = random.Random(0)
        sample = [person(number, chance) for number in range(min(size, 10 * chunk))]
        began = time.perf_counter()
        report = connection.import_users(sample, chunk_size=chunk)
        again = time.perf_counter() - began
        assert report.already_migrated == len(sample), report
    return {
        "database": database,
        "users": size,
        "bare_per_s": round(size / records.bare_seconds),
        "import_per_s": round(size / ours),
        "ratio": round(records.bare_seconds / ours, 3),
        "again_per_s": round(len(sample) / again),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def measured_apart(database, size, chunk):
    """
    Measure in a process of its own, for its peak memory.
    """
    with tempfile.TemporaryDirectory() as folder:
        child = [sys.executable, __file__, "--child", database, folder]
        child += ["--users", str(size), "--chunk", str(chunk)]
        done = subprocess.run(child, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--users", type=int, nargs="+")
    parser.add_argument("--chunk", type=int)
    parser.add_argument("--databases", nargs="+", choices=("sqlite", *VARIABLES))
    parser.add_argument("--quick", action="store_true", help="measure nothing much")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).with_suffix(".json")
    )
    options = parser.parse_args(arguments)
    sizes = options.users or (QUICK_SIZES if options.quick else SIZES)
    chunk = options.chunk or (QUICK_CHUNK if options.quick else CHUNK)
    if options.child:
        database, folder = options.child
        print(json.dumps(measured(database, *sizes, chunk, folder)))
        return
    there = ["sqlite", *(name for name, key in VARIABLES.items() if key in os.environ)]

    rows = []
    for database in options.databases or there:
        for size in sizes:
            rows.append(measured_apart(database, size, chunk))
            if len(rows) == 1:
                print(" ".join(f"{key:>12}" for key in rows[0]))
            print(" ".join(f"{value:>12}" for value in rows[-1].values()), flush=True)

    machine = {"python": platform.python_version(), "machine": platform.platform()}
    options.json.write_text(json.dumps({**machine, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
