"""
``migratekit rehearse``: logins that store nothing.
"""

import json
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from cli_terminal import Terminal, piped, type_in
from world import LegacySite

from migratekit import Connection, MigrationPolicy
from migratekit.cli._rehearsal import ReadOnly, Rehearsal
from migratekit.errors import (
    ContractError,
)
from migratekit.events import log_event
from migratekit.management import Management
from migratekit.recorder import StatisticsRecorder
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


REHEARSE = ("--app", "shop:connection", "rehearse")
ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
PASSWORDS = {ADA: "correct horse", BOB: "battery staple", EVE: "tr0ub4dor&3"}
LOGINS = "identifier,password\n" + "".join(
    f"{identifier},{password}\n" for identifier, password in PASSWORDS.items()
)


def contents(path="users.db"):
    """
    Return all that a database holds.
    """
    with closing(sqlite3.connect(path)) as database:
        return [*database.iterdump()]


@pytest.fixture(name="live")
def _live(shop):
    """
    A shop whose connections of `make_live()` follow settings.
    """
    management = Management(shop.connection.store)
    options = {"strategy_version": 2, "failure_floor": 0}
    management.create("con_shop", {"options": options})
    shop.management = management
    return shop


@pytest.mark.parametrize(
    "app", ["connection", "async_connection", "make_in_loop", "make_live"]
)
def test_text(live, monkeypatch, capsys, app):
    """
    What would come of each login is a line, whatever the kind of the connection.
    """
    with closing(sqlite3.connect("legacy.db")) as legacy, legacy:
        legacy.execute("UPDATE people SET username = 'bob@home' WHERE id = 2")
    live.connection.authenticate(EVE, PASSWORDS[EVE])
    type_in(monkeypatch, *PASSWORDS.values(), "wrong")

    assert 1 == live.run("rehearse", *PASSWORDS, ADA, "--password-stdin", app=app)

    assert (
        "ok     ada@example.com: would move.\n"
        "WRONG  bob@example.com: profile not valid.  The username must not be an e-mail "
        "address (username_is_email). Mend it in the old system; if all are like this, "
        "have the source leave the username out.\n"
        "ok     eve@example.com: is stored already, and gets in.\n"
        "WRONG  ada@example.com: refused: unknown to the old system, or wrong password. "
        "Is it the right password?  If so, look at the format of the hashes, or at login "
        "of the source.\n"
        "\n"
        "4 logins; 2 would be kept out.  Nothing was stored.\n"
    ) == capsys.readouterr().out


def test_json(shop, monkeypatch, capsys):
    """
    A program gets the same, and who it is in the old system.
    """
    type_in(monkeypatch, PASSWORDS[ADA])

    assert 0 == shop.run("rehearse", ADA, "--password-stdin", "--json")

    assert {
        "ok": True,
        "interrupted": False,
        "outcomes": {"would_move": 1},
        "logins": [
            {
                "outcome": "would_move",
                "identifier": ADA,
                "codes": [],
                "legacy_id": "shop|1",
                "line": None,
                "level": "ok",
                "text": "ada@example.com: would move.",
                "advice": "",
            }
        ],
    } == json.loads(capsys.readouterr().out)


def test_another_source(shop, monkeypatch, capsys):
    """
    Nobody would move into the store of another source.
    """
    shop.connection.store.bind_source("blog")
    type_in(monkeypatch, PASSWORDS[ADA])

    assert 2 == shop.run("rehearse", ADA, "--password-stdin")

    told = capsys.readouterr()
    assert ("", True) == (told.out, "'blog', not to 'shop'" in told.err)


# --- Nothing is stored -----------------------------------------------------------


def test_import_mode(shop, monkeypatch, capsys):
    """
    Where nobody is moved, it is said that this is about a time when somebody is.
    """
    shop.module.OPTIONS["policy"] = MigrationPolicy(import_mode=False)
    type_in(monkeypatch, PASSWORDS[ADA])

    assert 0 == shop.run("rehearse", ADA, "--password-stdin", app="make_connection")

    said = "import_mode is off: this is what would happen if it were on.\n"
    assert said == capsys.readouterr().err


def test_tallies_stay(shop, monkeypatch, capsys):
    """
    Nothing counts: the database is the same to the last byte of text, tallies included.
    """
    recorder = StatisticsRecorder(shop.connection.store)
    shop.module.OPTIONS["listeners"] = [log_event, recorder]
    connection = shop.module.make_connection()
    connection.authenticate(EVE, PASSWORDS[EVE])
    recorder.flush()
    before = contents()
    type_in(monkeypatch, *PASSWORDS.values(), "wrong")

    code = shop.run(
        "rehearse", *PASSWORDS, BOB, "--password-stdin", app="make_connection"
    )

    recorder.close()
    assert 1 == code
    assert before == contents()
    assert "'login.moved',1" in "".join(before)
    connection.store.close()


def test_settings(live, monkeypatch, capsys):
    """
    Settings that say otherwise, or begin to, do not make it a real login.
    """
    live.management.update("con_shop", {"options": {"rehearse": False}}, partial=True)
    application = SimpleNamespace(connection=live.module.make_live())
    application.wait = lambda answer: answer
    user = SimpleNamespace(identifier=ADA, password=PASSWORDS[ADA])
    rehearsal = Rehearsal(application)
    before = contents()

    assert "would_move" == rehearsal.log_in(user).outcome
    assert before == contents()
    assert isinstance(rehearsal._connection.store, ReadOnly)

    live.management.update(
        "con_shop", {"options": {"import_mode": False}}, partial=True
    )
    application.connection.settings.refresh()
    before = contents()
    assert "would_move" == rehearsal.log_in(user).outcome
    assert before == contents()


def test_cut_over_meanwhile(live, monkeypatch, capsys):
    """
    As soon as nobody asks the source any more, there is nothing to rehearse.
    """
    asked = []

    def password_of(call, identifier):
        asked.append(identifier)
        if identifier == BOB:
            live.management.update(
                "con_shop", {"options": {"cut_over": True}}, partial=True
            )
            call.application.connection.settings.refresh()
        return PASSWORDS[identifier]

    monkeypatch.setattr("migratekit.cli.rehearse.password_of", password_of)

    assert 1 == live.run("rehearse", ADA, BOB, EVE, app="make_live")

    out, err = capsys.readouterr()
    assert "ok     ada@example.com: would move.\n" == out
    assert "nothing to rehearse any more: it is cut over" in err
    assert [ADA, BOB] == asked


@pytest.mark.parametrize("app", ["bare", "make_sourceless"])
def test_cut_over(shop, capsys, app):
    """
    Nobody is asked for a password that would be good for nothing.
    """
    assert 1 == shop.run("rehearse", ADA, app=app)

    assert "migratekit cut-over --undo brings it back." in capsys.readouterr().err


def test_second_lock():
    """
    If it were no rehearsal, the store would refuse.
    """
    store, site = MemoryStore(), LegacySite()
    site.add("1", ADA, "pw")
    connection = Connection(ReadOnly(store), site, hasher=CHEAPEST)

    with pytest.raises(ContractError, match="A rehearsal stores nothing"):
        connection.authenticate(ADA, "pw")

    assert 0 == store.figures().moved
    for name in ("create", "replace", "delete"):
        with pytest.raises(ContractError):
            getattr(ReadOnly(store), name)(None)


# --- Calls that go wrong ---------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([ADA], "There is no terminal to ask for the password: add --password-stdin."),
        (["--password-stdin"], "Whose password?  Name an identifier."),
        ([ADA, "--logins", "x"], "has identifiers and passwords: name no others."),
        (["--logins", "x", "--password-stdin"], "name no others."),
        ([ADA, "--days", "14"], "--days is for what was recorded: leave it out."),
        (["--logins", "x", "--days", "14"], "leave it out."),
        ([ADA, "--password-stdin"], "There is no password of ada@example.com."),
    ],
)
def test_wrong_call(shop, monkeypatch, capsys, arguments, said):
    """
    What makes no sense is said to make none.
    """
    type_in(monkeypatch)

    assert 2 == shop.run("rehearse", *arguments)

    out, err = capsys.readouterr()
    assert ("", True) == (out, said in err)


def test_encoding(shop, monkeypatch, capsys):
    """
    A password that is no text is not shown, not even by its traceback.
    """
    type_in(monkeypatch, b"hunter\xff2")

    assert 2 == shop.run("rehearse", ADA, "--password-stdin", "--traceback")

    err = capsys.readouterr().err
    assert (
        "migratekit: The password is not in the encoding of the standard input" in err
    )
    assert "xff" not in err
    assert "hunter" not in err


def test_no_tables(shop, capsys):
    """
    Nobody is asked for a password before there are tables.
    """
    shop.module.close()
    for path in shop.folder.glob("users.db*"):
        path.unlink()

    assert 1 == shop.run("rehearse", ADA)

    err = capsys.readouterr().err
    assert "The store has no tables yet" in err
    assert "Run migratekit schema create or" in err


# --- As a person sees it ---------------------------------------------------------


def test_typed(shop):
    """
    Passwords are asked for one after the other, and not shown.
    """
    before = contents()
    with Terminal(*REHEARSE, ADA, BOB, columns=60) as terminal:
        terminal.expect("Password of ada@example.com: ")
        terminal.type(f"{PASSWORDS[ADA]}\n")
        terminal.expect("ada@example.com: would move")
        terminal.expect("Password of bob@example.com: ")
        terminal.type("wrong\n")

        assert 1 == terminal.finish()

    assert PASSWORDS[ADA] not in terminal.text
    assert "\x1b[32mok    \x1b[0m ada@example.com: would move." in terminal.lines
    assert any(line.startswith("       -> Is it the right") for line in terminal.lines)
    assert "2 logins; 1 would be kept out.  Nothing was stored." in terminal.lines
    assert before == contents()


def test_typed_nothing(shop):
    """
    Whoever types nothing at a question ends it.
    """
    with Terminal(*REHEARSE, ADA, BOB) as terminal:
        terminal.expect("Password of ada")
        terminal.type(f"{PASSWORDS[ADA]}\n")
        terminal.expect("Password of bob")
        terminal.type("\x04")

        assert 2 == terminal.finish()

    assert "migratekit: There is no password of bob@example.com." in terminal.lines


def test_interrupted_at_question(shop):
    """
    Ctrl-C at the second question ends it, and the first answer stays on the screen.
    """
    with Terminal(*REHEARSE, ADA, BOB) as terminal:
        terminal.expect("Password of ada")
        terminal.type(f"{PASSWORDS[ADA]}\n")
        terminal.expect("Password of bob")
        terminal.interrupt()

        assert 130 == terminal.finish()

    assert "Traceback" not in terminal.text
    assert "1 login; nobody would be kept out.  Nothing was stored." in terminal.lines
    assert "Interrupted." in terminal.lines


def test_interrupted_at_first_question(shop, monkeypatch, capsys):
    """
    Whoever has heard of nobody yet is not told that nobody would be kept out.
    """

    def password_of(call, identifier):
        raise KeyboardInterrupt

    monkeypatch.setattr("migratekit.cli.rehearse.password_of", password_of)

    assert 130 == shop.run("rehearse", ADA)

    assert ("", "Interrupted.\n") == capsys.readouterr()


SLOW = """
import time
from migratekit import MigrationPolicy
from shop import *
from shop import SOURCE as quick

OPTIONS["policy"] = MigrationPolicy(legacy_deadline=300.0)

class Slow:
    get_user = quick.get_user

    def login(self, identifier, password, /):
        print("asked", flush=True)
        time.sleep(60)
        return quick.login(identifier, password)

connection = Connection(SQLStore(STORE), Slow(), **OPTIONS)
async_connection = AsyncConnection(SQLStore(STORE), Slow(), **OPTIONS)
"""


@pytest.mark.parametrize("name", ["connection", "async_connection"])
def test_interrupted_in_login(shop, name):
    """
    Ctrl-C waits for the login that is under way, and another one does not; neither leaves
    anything behind.
    """
    shop.folder.joinpath("slow.py").write_text(SLOW)
    shop.folder.joinpath("logins.csv").write_text(LOGINS)
    before = contents()

    command = ("--app", f"slow:{name}", "rehearse", "--logins", "logins.csv")
    with Terminal(*command) as terminal:
        terminal.expect("asked")
        terminal.interrupt_at_rest()
        terminal.expect("Ending behind this login")
        terminal.interrupt_at_rest()

        assert 130 == terminal.finish()

    assert "Traceback" not in terminal.text
    assert before == contents()


def test_piped(shop):
    """
    In a pipe there is a line for each, and nothing beside them.
    """
    passwords = "".join(f"{password}\r\n" for password in PASSWORDS.values())

    done = piped(*REHEARSE, *PASSWORDS, "--password-stdin", stdin=passwords)

    assert (0, "") == (done.returncode, done.stderr)
    assert (
        "ok     ada@example.com: would move.\n"
        "ok     bob@example.com: would move.\n"
        "ok     eve@example.com: would move.\n"
        "\n"
        "3 logins; nobody would be kept out.  Nothing was stored.\n"
    ) == done.stdout


def test_piped_file(shop):
    """
    A file may come through a pipe, and be answered in JSON.
    """
    done = piped(*REHEARSE, "--logins", "-", "--json", stdin=LOGINS)

    assert (0, "") == (done.returncode, done.stderr)
    assert {"would_move": 3} == json.loads(done.stdout)["outcomes"]


def test_foreign_identifier(shop, monkeypatch, capsys):
    """
    What was typed cannot steer the terminal.
    """
    type_in(monkeypatch, "pw")

    assert 1 == shop.run("rehearse", "\x1b[2J", "--password-stdin")

    out = capsys.readouterr().out
    assert out.startswith(
        "WRONG  \\x1b[2J: refused: impossible input. Look at what was"
    )
