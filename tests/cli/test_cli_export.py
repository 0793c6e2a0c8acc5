"""
``migratekit export-remaining``.
"""

import datetime as dt
import hashlib
import json
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
from cli_terminal import Terminal
from world import LegacySite

from migratekit import Connection
from migratekit.cli import _application, export_remaining, main
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.imports import read_jsonl
from migratekit.models import (
    ImportRecord,
    KeyKind,
    LedgerKey,
    RowError,
    StoredHash,
)
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


def rows(path="left.jsonl"):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def files(folder):
    return {
        path.name
        for path in folder.iterdir()
        if path.name.endswith((".jsonl", ".part"))
    }


@pytest.mark.parametrize("app", ["connection", "async_connection"])
def test_remaining(shop, capsys, app):
    """
    Who has not moved is written, whatever the kind of the connection.
    """
    shop.connection.authenticate("ada@example.com", "correct horse")

    assert 0 == shop.run("export-remaining", "left.jsonl", app=app)

    assert [
        {"user_id": "2", "email": "bob@example.com", "profile": {"name": "=1+1"}},
        {"user_id": "3", "email": "eve@example.com", "profile": {"name": "Eve"}},
    ] == rows()
    assert "2 users are left; see left.jsonl.\n" == capsys.readouterr().out
    assert 0o600 == Path("left.jsonl").stat().st_mode & 0o777
    assert {"left.jsonl"} == files(shop.folder)


@pytest.mark.parametrize("app", ["connection", "async_connection"])
def test_another_source(shop, capsys, app):
    """
    Next to a store of another source, nobody would have moved: no file is written.
    """
    shop.connection.store.bind_source("blog")

    assert 2 == shop.run("export-remaining", "left.jsonl", app=app)

    assert "'blog', not to 'shop'" in capsys.readouterr().err
    assert set() == files(shop.folder)


def test_deleted(shop, capsys):
    """
    Whoever has moved and was deleted is not left, whoever is reserved is.
    """
    user = shop.connection.authenticate("ada@example.com", "correct horse").user
    shop.connection.delete_user(user.id)
    key = LedgerKey(KeyKind.LEGACY_ID, "shop|2")
    shop.connection.store.reserve([key], "shop|2")

    shop.run("export-remaining", "left.jsonl")

    assert ["2", "3"] == [row["user_id"] for row in rows()]


def test_many(shop, capsys, monkeypatch):
    """
    Everybody is asked for, a page after another.
    """
    monkeypatch.setattr(export_remaining, "_PAGE", 2)

    shop.run("export-remaining", "left.jsonl")

    assert ["1", "2", "3"] == [row["user_id"] for row in rows()]


class Keeping(MemoryStore):
    """
    A store that keeps for which keys of its ledger it was asked, and may be cut short.
    """

    def __init__(self, *, short=False):
        super().__init__()
        self.asked = []
        self.short = short

    def retired_many(self, keys, /):
        self.asked.append([key.value for key in keys])
        return super().retired_many(keys)[self.short :]


PEOPLE = [ImportRecord(user_id=f"{n}", email=f"{n}@example.com") for n in range(1, 6)]


def test_some_at_a_time(listing, monkeypatch):
    """
    The store is asked for some keys at once, never for all of them.
    """
    monkeypatch.setattr(export_remaining, "_PAGE", 4)
    monkeypatch.setattr(_application, "_AT_ONCE", 3)
    store = Keeping()
    listing(*PEOPLE, store=store)

    assert 0 == export()

    assert [["shop|1", "shop|2", "shop|3"], ["shop|4"], ["shop|5"]] == store.asked
    assert ["1", "2", "3", "4", "5"] == [row["user_id"] for row in rows()]


def test_one_by_one(listing, monkeypatch):
    """
    A store that cannot do that is asked for one after the other.
    """
    real = MemoryStore()
    names = ("find", "get", "create", "replace", "delete", "retired")
    bare = SimpleNamespace(**{name: getattr(real, name) for name in names})
    real.reserve([LedgerKey(KeyKind.LEGACY_ID, "shop|2")], "shop|2")
    listing(*PEOPLE, store=bare).import_users(PEOPLE[:1])

    assert 0 == export()

    assert ["2", "3", "4", "5"] == [row["user_id"] for row in rows()]


def test_cut_short(listing, capsys):
    """
    A store that does not tell of every key has broken its promise; nothing is written.
    """
    listing(*PEOPLE, store=Keeping(short=True))

    assert 1 == export()

    assert "The store did not tell of every key" in capsys.readouterr().err
    assert not Path("left.jsonl").exists()


def test_one(shop, capsys):
    """
    One is one.
    """
    shop.connection.authenticate("ada@example.com", "correct horse")
    shop.connection.authenticate("bob@example.com", "battery staple")

    shop.run("export-remaining", "left.jsonl")

    assert "1 user is left; see left.jsonl.\n" == capsys.readouterr().out


def test_round_trip(shop):
    """
    An import of what was written moves the rest, and they log in.
    """
    assert 0 == shop.run("export-remaining", "left.jsonl", "--with-hashes")

    assert 0 == shop.run("import", "left.jsonl")

    result = shop.connection.authenticate("bob@example.com", "battery staple")
    assert "import" == result.user.origin
    assert 0 == shop.connection.progress().remaining
    assert 0 == shop.run("export-remaining", "left.jsonl")
    assert [] == rows()


class Listing(LegacySite):
    """
    A site that lists what it is given.
    """

    def __init__(self, *rows):
        super().__init__()
        self.rows = rows

    def iter_users(self):
        yield from self.rows


@pytest.fixture(name="listing")
def _listing(folder, monkeypatch):
    """
    Gives a function that makes an application whose source lists what it is given.
    """

    def make(*rows, source=None, hasher=CHEAPEST, store=None):
        connection = Connection(
            store or MemoryStore(),
            source or Listing(*rows),
            source_name="shop",
            hasher=hasher,
        )
        module = SimpleNamespace(connection=connection)
        monkeypatch.setitem(sys.modules, "listing", module)
        return connection

    return make


def export(*options):
    return main(
        ["--app", "listing:connection", "export-remaining", "left.jsonl", *options]
    )


FULL = ImportRecord(
    user_id="42",
    email="Zoë@example.com",
    email_verified=True,
    username="zoe",
    blocked=True,
    must_change_password=True,
    profile={"name": "Zoë\n", "phone": None},
    user_metadata={"a": [1, {"b": 2.5}]},
    app_metadata={"c": False},
    created_at=dt.datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
)


def test_everything(listing):
    """
    Everything that an import reads comes back as it was.
    """
    listing(FULL)

    assert 0 == export()

    (found,) = read_jsonl("left.jsonl")
    assert FULL == attrs.evolve(found, line=None)


@pytest.mark.parametrize(
    "stored",
    [
        StoredHash("x" * 32),
        StoredHash("x" * 32, salt="", salt2="pepper", username="Zoë", format="raw_md5"),
    ],
)
def test_hashes(listing, stored):
    """
    A hash is written with what stands beside it, if it is asked for, and else not.
    """
    listing(ImportRecord(user_id="1", email="a@example.com", password=stored))

    export("--with-hashes")
    (found,) = read_jsonl("left.jsonl")
    assert stored == found.password

    export()
    assert [{"user_id": "1", "email": "a@example.com"}] == rows()


def test_salt_of_bytes(listing):
    """
    A salt of bytes, which JSON has not, is as good behind the import as before it.
    """
    salt = b"\xff\x00salt"
    digest = hashlib.md5(salt + b"tr0ub4dor").hexdigest()
    format_ = presets.recipe("md5($salt.$pass)")
    stored = StoredHash(digest, salt=salt)
    record = ImportRecord(user_id="1", email="a@example.com", password=stored)
    connection = listing(record, hasher=LegacyHasher(CHEAPEST, format_))

    export("--with-hashes")

    assert 0 == main(["--app", "listing:connection", "import", "left.jsonl"])
    assert connection.authenticate("a@example.com", "tr0ub4dor")


def test_no_count(listing, capsys):
    """
    A source need not know how many it has.
    """
    site = Listing(ImportRecord(user_id="1", email="a@example.com"))
    methods = ("login", "get_user", "iter_users")
    bare = SimpleNamespace(**{name: getattr(site, name) for name in methods})
    listing(source=bare)

    assert 0 == export()
    assert "1 user is left" in capsys.readouterr().out


def test_unreadable_rows(listing, capsys):
    """
    A row of the source that cannot be read is told, and the rest written.
    """
    error = RowError(1, "FORMAT", "email", "This is none.")
    listing(error, ImportRecord(user_id="2", email="b@example.com"))

    assert 1 == export()

    out, err = capsys.readouterr()
    assert "row 1: email: This is none. (FORMAT)\n" == err
    assert "1 user is left; see left.jsonl.\n" == out


def test_errors_file(listing):
    """
    It may be told in a file.
    """
    listing(RowError(1, "FORMAT", "email", "This is none."))

    assert 1 == export("--errors", "errors.csv")

    assert ("line,user_id,code,field,message\n1,,FORMAT,email,This is none.\n") == Path(
        "errors.csv"
    ).read_text()


def test_no_listing(listing, capsys):
    """
    A source that cannot list is named, and how it might.
    """
    listing(source=LegacySite())

    assert 2 == export()
    assert "LegacySite, cannot list its users" in capsys.readouterr().err


def test_outage(shop, capsys):
    """
    If the source goes away, the file of before stays as it was.
    """
    Path("left.jsonl").write_text("old")
    with closing(sqlite3.connect("legacy.db")) as legacy:
        legacy.execute("DROP TABLE people")

    assert 1 == shop.run("export-remaining", "left.jsonl")

    assert "The legacy source could not be asked" in capsys.readouterr().err
    assert "old" == Path("left.jsonl").read_text()
    assert {"left.jsonl"} == files(shop.folder)


def test_nowhere(shop, capsys):
    """
    A file that cannot be made is said to be so.
    """
    assert 2 == shop.run("export-remaining", "no/left.jsonl")
    assert "no/left.jsonl cannot be written" in capsys.readouterr().err


# --- Breaking off ----------------------------------------------------------------


def test_interrupted(shop, capsys, monkeypatch):
    """
    Ctrl-C leaves no half file.
    """

    class Meter(export_remaining.Meter):
        def update(self, done, share):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(export_remaining, "Meter", Meter)

    assert 130 == shop.run("export-remaining", "left.jsonl")

    said = capsys.readouterr().err
    assert "Ending; no file is written." in said
    assert "Interrupted; left.jsonl was not written." in said
    assert set() == files(shop.folder)


SLOW = """
import os
import time

from shop import *

class Slow:
    login, get_user = SOURCE.login, SOURCE.get_user

    def count(self):
        return 4

    def iter_users(self):
        for number in range(3):
            yield from SOURCE.iter_users()
            if number == 1:
                # A signal just before a call that blocks would wait for its end.
                while not os.path.exists("gate"):
                    time.sleep(0.01)

connection = Connection(connection.store, Slow(), **OPTIONS)
"""


@pytest.mark.parametrize("times", [1, 2])
def test_terminal(shop, monkeypatch, times):
    """
    So it does in a terminal, however often it is pressed.
    """
    Path("slow.py").write_text(SLOW)
    variables = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    options = ("--app", "slow:connection", "export-remaining", "left.jsonl")
    with Terminal(*options, **variables) as terminal:
        while not any(".part" in name for name in files(shop.folder)):
            terminal.expect("")
        terminal.interrupt()
        terminal.expect("Ending; no file is written")
        if times == 2:
            terminal.interrupt()
        else:
            Path("gate").touch()

        assert 130 == terminal.finish()

    assert "Traceback" not in terminal.text
    assert set() == files(shop.folder)
