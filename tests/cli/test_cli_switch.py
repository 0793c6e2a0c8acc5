"""
``migratekit switch-strategy``.
"""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from cli_terminal import Terminal, piped
from world import LegacySite

from migratekit import Connection, MigrationPolicy
from migratekit.cli import main
from migratekit.management import Management
from migratekit.models import NewUser, Origin, User
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST
from migratekit.validation import canonical


V1 = MigrationPolicy(strategy_version=1)


def put(store, number, email, username=None):
    user = User(id=f"u{number}", origin=Origin.ADMIN, email=email, username=username)
    store.create(NewUser(user, None))


def connect(monkeypatch, store, **more):
    """
    Make a connection of version 1 that is found under ``world:connection``.
    """
    options = {"hasher": CHEAPEST, "listeners": (), "policy": V1, **more}
    connection = Connection(store, LegacySite(), **options)
    monkeypatch.setattr("world.connection", connection, raising=False)
    return connection


@pytest.fixture(name="store")
def _store(monkeypatch, folder):
    """
    A store of version 1 with two users, and a connection to it.
    """
    store = MemoryStore()
    put(store, 1, "Ada@Example.com", "Ada")
    put(store, 2, "bob@example.com")
    connect(monkeypatch, store)
    return store


def run(*arguments):
    return main(["--app", "world:connection", *arguments])


def results(out):
    lines = out.splitlines()[1:]
    return {name.strip(): int(n) for name, n in (x.rsplit(None, 1) for x in lines)}


def emails(store):
    return {user.email for user in store.list_users(None, 9, None, None)}


def test_switch(store, capsys, monkeypatch):
    """
    It rewrites who has to be, and says what to do next, until there is nothing to do.
    """
    assert 0 == run("switch-strategy")

    out, err = capsys.readouterr()
    assert {
        "stored users": 2,
        "rewritten": 1,
        "keys reserved, too": 0,
        "left": 0,
    } == results(out)
    assert "Now give all connections strategy_version=2, at once" in err
    assert {"ada@example.com", "bob@example.com"} == emails(store)

    connect(monkeypatch, store, policy=MigrationPolicy())
    assert 0 == run("switch-strategy")
    out, err = capsys.readouterr()
    assert 0 == results(out)["rewritten"]
    assert "Done: all users are in the form of strategy version 2." in err


def test_dry_run(store, capsys):
    """
    A dry run says what would be, and writes nothing.
    """
    assert 0 == run("switch-strategy", "--dry-run")

    out, err = capsys.readouterr()
    assert (1, 0) == (results(out)["would be rewritten"], results(out)["left"])
    assert "Nothing was written." in err
    assert "Ada@Example.com" in emails(store)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_refused(store, capsys, dry):
    """
    While users stand against it, they are listed, and nothing is written.
    """
    put(store, 3, "ADA@example.com")
    before = emails(store)

    assert 1 == run("switch-strategy", "--csv", "found.csv", *dry)

    assert before == emails(store)
    assert "Nothing was written: see to these users first." in capsys.readouterr().err
    with Path("found.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert ["line", "user_id", "code", "field", "message"] == header
    assert [
        ["", "u1", "SHARED_EMAIL", "email"],
        ["", "u3", "SHARED_EMAIL", "email"],
    ] == [row[:4] for row in rows]


def test_json(store, capsys):
    """
    The same for programs.
    """
    assert 0 == run("switch-strategy", "--json")
    done = json.loads(capsys.readouterr().out)
    put(store, 3, "nobody")
    assert 1 == run("switch-strategy", "--json")
    refused = json.loads(capsys.readouterr().out)

    assert {
        "users": 2,
        "rewritten": 1,
        "reserved": 0,
        "left": 0,
        "findings": [],
        "codes": {},
        "refused": False,
        "dry_run": False,
    } == done
    assert (True, {"FORMAT": 1}) == (refused["refused"], refused["codes"])


def get_in_the_way(store, monkeypatch):
    """
    Have somebody register what a user is about to get.
    """
    get = store.get

    def late(user_id):
        if "ada@example.com" not in emails(store):
            put(store, 9, "ada@example.com")
        return get(user_id)

    monkeypatch.setattr(store, "get", late)


def test_left(store, capsys, monkeypatch):
    """
    Who is left is listed, and it has to be run again.
    """
    get_in_the_way(store, monkeypatch)

    assert 1 == run("switch-strategy")

    out, err = capsys.readouterr()
    assert "left                     1" in out
    assert "CONFLICT_EMAIL" in out
    assert "See to those who are left, and run it again." in err


def test_many_findings(store, capsys):
    """
    Of thousands of findings the first are kept.
    """
    for number in range(10, 1110):
        put(store, number, f"nobody{number}")

    assert 1 == run("switch-strategy", "--json")

    report = json.loads(capsys.readouterr().out)
    assert (1100, 1000) == (report["codes"]["FORMAT"], len(report["findings"]))


# --- With settings in the store ----------------------------------------------------


@pytest.fixture(name="management")
def _management(store, monkeypatch):
    """
    The settings that the connection to the store follows.
    """
    management = Management(store, actor="tests")
    management.create("con_shop", {"options": {"strategy_version": 1}})
    connect(monkeypatch, store, settings=management.live("con_shop"))
    return management


def test_settings(store, management, capsys):
    """
    The settings are changed once all users are rewritten.
    """
    options = ("--settings", "con_shop", "--wait", "0")

    assert 0 == run("switch-strategy", *options)

    assert 2 == management.get("con_shop").options["strategy_version"]
    assert "Done: all users and the settings" in capsys.readouterr().err
    assert 0 == run("switch-strategy", *options)


def test_settings_beside_async_store(shop, capsys):
    """
    They may be kept by another store than the users, as those of an async one are.
    """
    store = shop.connection.store
    management = Management(store, actor="tests")
    management.create("con_shop", {"options": {"strategy_version": 1}})
    put(store, 1, "Ada@Example.com")
    options = ("--settings", "con_shop", "--wait", "0")

    assert 0 == shop.run("switch-strategy", *options, app="make_async_live")

    assert 2 == management.get("con_shop").options["strategy_version"]
    assert {"ada@example.com"} == emails(store)


def test_settings_of_left(store, management, monkeypatch, capsys):
    """
    They stay as they are while anybody is left.
    """
    get_in_the_way(store, monkeypatch)

    assert 1 == run("switch-strategy", "--settings", "con_shop")

    assert 1 == management.get("con_shop").options["strategy_version"]


def test_settings_in_dry_run(management):
    """
    So they do in a dry run.
    """
    assert 0 == run("switch-strategy", "--settings", "con_shop", "--dry-run")

    assert 1 == management.get("con_shop").options["strategy_version"]


def test_no_settings(store, capsys):
    """
    Settings that there are not are told so before anything is written.
    """
    assert 2 == run("switch-strategy", "--settings", "con_shop")

    assert "There are no settings con_shop." in capsys.readouterr().err
    assert "Ada@Example.com" in emails(store)


@pytest.mark.parametrize("wait", ["-1", "soon", "3601", "nan"])
def test_no_wait(store, capsys, wait):
    """
    What is no number of seconds is refused.
    """
    with pytest.raises(SystemExit):
        run("switch-strategy", f"--wait={wait}")

    assert "is no number of 0 to 3600 seconds" in capsys.readouterr().err


# --- When it breaks off ------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (KeyboardInterrupt(), 130, "Broken off."),
        (OSError(), 1, "The user store could not be asked"),
    ],
)
def test_broken_off(store, monkeypatch, capsys, error, code, text):
    """
    Whatever breaks it off, it says how to go on.
    """
    with monkeypatch.context() as patch:
        patch.setattr(store, "replace", lambda *_: (_ for _ in ()).throw(error))
        assert code == run("switch-strategy", "--csv", "found.csv")

    err = capsys.readouterr().err
    assert text in err
    assert "Run the same command again to go on" in err
    assert not Path("found.csv").exists()
    assert 0 == run("switch-strategy")
    assert "ada@example.com" in emails(store)


@pytest.mark.parametrize("app", ["connection", "async_connection"])
def test_piped(shop, app):
    """
    In a pipe, with the application of each kind, over SQLite.
    """
    policy = "\nOPTIONS['policy'] = MigrationPolicy(strategy_version=1)\nconnection ="
    text = Path("shop.py").read_text()
    text = text.replace("\nconnection =", policy, 1)
    text = text.replace(
        "import AsyncConnection", "import MigrationPolicy, AsyncConnection"
    )
    Path("shop.py").write_text(text)
    for number in range(20):
        put(shop.connection.store, number, f"User{number}@Example.com")

    done = piped("--app", f"shop:{app}", "switch-strategy", "--json")

    assert 0 == done.returncode, done.stderr
    assert 20 == json.loads(done.stdout)["rewritten"]
    with closing(sqlite3.connect("users.db")) as database:
        rows = list(database.execute("SELECT email FROM migratekit_users ORDER BY 1"))
    assert sorted((f"user{number}@example.com",) for number in range(20)) == rows


def test_terminal(shop):
    """
    In a terminal, with somebody to tell what comes next.
    """
    put(shop.connection.store, 1, "Ada@Example.com")

    with Terminal("--app", "shop:connection", "switch-strategy") as terminal:
        assert 0 == terminal.finish()

    assert "Done: all users are in the form of strategy version 2." in terminal.lines
    found = shop.connection.store.find(canonical("ada@example.com"))
    assert attrs.evolve(found.user, updated_at=None).email == "ada@example.com"
