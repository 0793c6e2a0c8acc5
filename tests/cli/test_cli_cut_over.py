"""
``migratekit cut-over``.
"""

import datetime as dt
import importlib
import io
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_terminal import Terminal, piped

from migratekit import _ending
from migratekit.cli import _fleet, main
from migratekit.cli._fleet import Fleet
from migratekit.errors import (
    InvalidCredentialsError,
    StaleRecordError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.management import LiveSettings, Management
from migratekit.models import ImportRecord, KeyKind, LedgerKey, RowError
from migratekit.sources.sql import ListingSQLSource
from migratekit.statistics import Tally
from migratekit.validation import canonical


ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
SETTINGS = {"options": {"strategy_version": 2, "failure_floor": 0}}


@pytest.fixture(name="live")
def _live(shop, monkeypatch):
    """
    The shop, with settings in its store.
    """
    monkeypatch.setattr(_fleet, "_SLACK", 0.0)
    management = Management(shop.connection.store, actor="ops")
    management.create("con_shop", SETTINGS)
    shop.management = management
    return shop


def users(shop):
    return {user.email: user for user in shop.connection.users()}


def said(shop):
    return shop.management.get("con_shop").options["cut_over"]


def reserved(shop):
    return len(shop.connection.store.reservations(None, 100))


# --- What stands in the way ------------------------------------------------------------


@pytest.mark.parametrize("app", ["connection", "async_connection", "make_in_loop"])
def test_refused(shop, capsys, app):
    """
    While users remain it is refused, and says why and what to do.
    """
    assert 1 == shop.run("cut-over", app=app)

    out, err = capsys.readouterr()
    assert "WRONG  3 users have not moved yet. Let them log in, or import them" in out
    assert "ok     No stored hash is quick to guess." in out
    assert "note   Nobody counts how often the source is asked" in out
    assert "1 of 3 findings is wrong." in out
    assert "Nothing was changed.  --force cuts over all the same.\n" == err
    assert {} == users(shop)


@pytest.mark.parametrize(
    ("arguments", "plan"),
    [
        ([], "is stored without a password, and must reset it"),
        (["--leftovers", "load"], "is stored without a password, and must reset it"),
        (["--leftovers", "reserve"], "is reserved: they can neither log in nor reset"),
        (["--leftovers", "leave"], "Nothing is done about those who have not moved"),
    ],
)
def test_dry_run(shop, capsys, arguments, plan):
    """
    A dry run tells what would happen, and changes nothing, force or not.
    """
    for force in ([], ["--force"]):
        assert 1 == shop.run("cut-over", "--dry-run", *force, *arguments)
        out, err = capsys.readouterr()
        assert plan in out
        assert "follows no settings in its store" in out
        assert "" == err
    assert ({}, 0) == (users(shop), reserved(shop))


def test_met(live, capsys):
    """
    With nothing in the way, the exit code is 0.
    """
    live.connection.import_users(live.module.SOURCE.iter_users(), wrap=True)

    assert 0 == live.run("cut-over", "--dry-run", app="make_live")

    out = capsys.readouterr().out
    assert "ok     Nobody remains of 3 users of the source." in out
    assert "Then the settings con_shop say that it is cut over" in out
    assert not said(live)


def test_weak_hashes(shop, capsys):
    """
    Hashes that are quick to guess are in the way as well.
    """
    shop.connection.import_users(shop.module.SOURCE.iter_users())

    assert 1 == shop.run("cut-over")

    out = capsys.readouterr().out
    assert "WRONG  3 stored hashes are quick to guess, or may be: raw_sha1 (3)." in out


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (
            [],
            1,
            "WRONG  The source was asked once in the last 7 days, and 0 users moved",
        ),
        (["--quiet-days", "1"], 0, "ok     Nobody has asked the source today."),
        (["--quiet-days", "3"], 0, "ok     Nobody has asked the source for 3 days."),
        (["--quiet-days", "0"], 0, "ok     Nobody remains of 1 user of the source."),
    ],
)
def test_quiet_days(shop, capsys, arguments, code, line):
    """
    So is a source that was asked lately, if that matters.
    """
    with closing(sqlite3.connect("legacy.db")) as legacy:
        legacy.execute("DELETE FROM people WHERE id > 1")
        legacy.commit()
    shop.connection.authenticate(ADA, "correct horse")
    store, clock = shop.connection.store, shop.connection._ports.clock
    for days, name in ((4, "source.calls"), (900, "login.succeeded")):
        day = clock.now().date() - dt.timedelta(days=days)
        store.add_tallies([Tally(day, name, 1)])

    assert code == shop.run("cut-over", "--dry-run", *arguments)

    assert line in capsys.readouterr().out


def test_recorded_lately(shop, capsys):
    """
    As little as the status does it say that nobody asks, if that was recorded for less.
    """
    store, clock = shop.connection.store, shop.connection._ports.clock
    store.add_tallies([Tally(clock.now().date(), "login.succeeded", 1)])

    shop.run("cut-over", "--dry-run")
    out = capsys.readouterr().out
    shop.run("status")

    assert "Nobody has asked the source" not in out
    assert "note   How often the source is asked is recorded only since" in out
    assert "for 1 of 7 days: nobody knows how often before." in out
    assert "not known: Nobody has recorded for 7 days" in capsys.readouterr().out


@pytest.mark.parametrize("days", ["-1", "1000", "x", "٣"])
def test_no_days(shop, capsys, days):
    """
    A number of days is one.
    """
    with pytest.raises(SystemExit) as caught:
        shop.run("cut-over", f"--quiet-days={days}")

    assert 2 == caught.value.code
    assert "is no number of 0 to 999 days" in capsys.readouterr().err


# --- Without settings in the store -----------------------------------------------------


@pytest.mark.parametrize("app", ["connection", "async_connection", "make_in_loop"])
def test_forced(shop, capsys, app):
    """
    Who remains is loaded, and it is told what to change in the code.
    """
    shop.connection.authenticate(ADA, "correct horse")

    assert 0 == shop.run("cut-over", "--force", app=app)

    assert {ADA, BOB, EVE} == set(users(shop))
    assert shop.connection.store.find(canonical(BOB)).password_hash is None
    out = capsys.readouterr().out
    assert "2 users were stored without a password, 0 reserved.\n" in out
    assert f"Change the code of shop:{app}:" in out
    kind = "Connection" if app == "connection" else "AsyncConnection"
    assert (
        f"    connection = {kind}(\n        store,\n        NoopSource(),  # in" in out
    )
    assert "        source_name='shop',\n" in out
    assert "Until that is deployed everywhere, the source is asked as ever." in out
    assert shop.connection.authenticate(BOB, "battery staple").migrated


def test_reserve(shop, capsys):
    """
    They can be reserved instead.
    """
    assert 0 == shop.run("cut-over", "--force", "--leftovers", "reserve")

    assert {} == users(shop)
    assert "0 users were stored without a password, 3 reserved." in (
        capsys.readouterr().out
    )
    assert 7 == reserved(shop)
    with pytest.raises(UserExistsError):
        shop.connection.sign_up(BOB, "mine now")


def test_leave(shop, capsys):
    """
    Or left.
    """
    assert 0 == shop.run("cut-over", "--force", "--leftovers", "leave")

    assert ({}, 0) == (users(shop), reserved(shop))
    assert "users were stored" not in capsys.readouterr().out


def test_no_listing(shop, capsys):
    """
    Where the source cannot list, nothing is done about them.
    """
    assert 0 == shop.run("cut-over", "--force", app="make_unlisted")

    out = capsys.readouterr().out
    assert "note   The source cannot list its users" in out
    assert ({}, 0) == (users(shop), reserved(shop))


def test_no_source(shop, capsys):
    """
    Where there is no source, there is nothing to do.
    """
    assert 0 == shop.run("cut-over", app="bare")

    assert "It is cut over already" in capsys.readouterr().out


def test_why_not(shop, capsys, monkeypatch):
    """
    Why somebody was only reserved is told, the first ten times.
    """
    rows = [ImportRecord(user_id=str(n), email="\x1b[2J") for n in range(12)]
    monkeypatch.setattr(ListingSQLSource, "iter_users", lambda self: iter(rows))

    assert 0 == shop.run("cut-over", "--force")

    out, err = capsys.readouterr()
    assert "0 users were stored without a password, 12 reserved." in out
    *errors, more = err.splitlines()
    assert 10 == len(errors)
    assert "row 1: email: The e-mail address is not valid. (FORMAT)" == errors[0]
    assert "And more" in more


def test_neither(live, capsys, monkeypatch):
    """
    If somebody can be neither loaded nor reserved, only force cuts over.
    """
    live.connection.import_users(live.module.SOURCE.iter_users(), wrap=True)
    rows = [RowError(4, "FORMAT", None, "It is no row.")]
    monkeypatch.setattr(ListingSQLSource, "iter_users", lambda self: iter(rows))

    assert 1 == live.run("cut-over", app="make_live")

    err = capsys.readouterr().err
    assert "row 4: It is no row. (FORMAT)\n" in err
    assert "1 can be neither stored nor reserved, so that it was not cut over." in err
    assert not said(live)
    assert 0 == live.run("cut-over", "--force", app="make_live")
    assert said(live)


# --- With settings in the store --------------------------------------------------------


def test_live(live, capsys):
    """
    The settings say that it is cut over, once nobody can get what is somebody's.
    """
    assert 0 == live.run("cut-over", "--force", app="make_live")

    out = capsys.readouterr().out
    assert "3 users were stored without a password, 0 reserved." in out
    assert "Cut over, by version 2 of the settings con_shop: within seconds" in out
    change = live.management.get("con_shop")
    assert change.options["cut_over"]
    assert change.options["failure_floor"] == 0
    assert "ops" != change.actor
    after = live.module.make_live()
    with pytest.raises(InvalidCredentialsError):
        after.authenticate(BOB, "battery staple")
    assert after.start_password_change(BOB)


def test_already(live, capsys):
    """
    Done again, it does nothing.
    """
    live.run("cut-over", "--force", app="make_live")
    capsys.readouterr()

    assert 0 == live.run("cut-over", app="make_live")

    assert (
        "It is cut over already: nobody asks the source.\n" == capsys.readouterr().out
    )
    assert 2 == live.management.get("con_shop").version


def test_somebody_else_meanwhile(live, monkeypatch, capsys):
    """
    A change of the settings by somebody else is kept.
    """
    update, others = Management.update, [1]

    def contested(self, *args, **more):
        if others:
            others.pop()
            update(
                live.management, "con_shop", {"options": {"detect_drift": True}}, **more
            )
            raise StaleRecordError
        return update(self, *args, **more)

    monkeypatch.setattr(Management, "update", contested)

    assert 0 == live.run("cut-over", "--force", app="make_live")

    options = live.management.get("con_shop").options
    assert (True, True) == (options["detect_drift"], options["cut_over"])


def test_somebody_else_all_the_while(live, monkeypatch, capsys):
    """
    If others change them all the while, that is told.
    """

    def lost(self, *args, **more):
        raise StaleRecordError

    monkeypatch.setattr(Management, "update", lost)

    assert 1 == live.run("cut-over", "--force", app="make_live")

    assert "Somebody else changes the settings con_shop" in capsys.readouterr().err
    assert not said(live)


def test_no_settings_any_more(live, capsys, monkeypatch):
    """
    Settings that were deleted meanwhile are told to be.
    """
    keep = type(live.connection).keep_leftovers

    def delete(self, *args, **more):
        live.management.delete("con_shop")
        return keep(self, *args, **more)

    monkeypatch.setattr(type(live.connection), "keep_leftovers", delete)

    assert 2 == live.run("cut-over", "--force", app="make_live")

    assert "There are no settings con_shop" in capsys.readouterr().err


def test_store_breaks_off(live, capsys, monkeypatch):
    """
    If the store breaks off before the settings are changed, it is done again.
    """

    def down(self, *args, **more):
        raise StoreUnavailableError("timeout")

    with monkeypatch.context() as patch:
        patch.setattr(Management, "update", down)
        assert 1 == live.run("cut-over", "--force", app="make_live")
    err = capsys.readouterr().err
    assert "It is not cut over.  Run the same command again to go on." in err
    assert 3 == len(users(live))
    assert not said(live)

    assert 0 == live.run("cut-over", "--force", app="make_live")
    assert said(live)


def test_source_breaks_off(live, capsys, monkeypatch):
    """
    If the source breaks off, nothing is switched.
    """
    rows = ListingSQLSource.iter_users

    def broken(self):
        yield from list(rows(self))[:2]
        raise OSError

    monkeypatch.setattr(_ending, "_CHUNK", 1)
    with monkeypatch.context() as patch:
        patch.setattr(ListingSQLSource, "iter_users", broken)
        assert 1 == live.run("cut-over", "--force", app="make_live")
    err = capsys.readouterr().err
    assert "It is not cut over.  Run the same command again to go on." in err
    assert {ADA, BOB} == set(users(live))
    assert not said(live)

    assert 0 == live.run("cut-over", "--force", app="make_live")
    assert {ADA, BOB, EVE} == set(users(live))


@pytest.mark.parametrize("arguments", [["--force"], ["--undo"]])
def test_not_followed(live, capsys, monkeypatch, arguments):
    """
    If this process does not follow, others may not, either.
    """
    if "--undo" in arguments:
        live.run("cut-over", "--force", app="make_live")
        live.connection.store.reserve([LedgerKey(KeyKind.EMAIL, "x@y.z")], "shop|9")
    monkeypatch.setattr(LiveSettings, "refresh", lambda self: False)
    monkeypatch.setattr(LiveSettings, "_watch", lambda self: None)

    assert 1 == live.run("cut-over", *arguments, app="make_live")

    assert "This process does not follow version" in capsys.readouterr().err
    assert ("--undo" in arguments) == bool(reserved(live))


# --- The way back ----------------------------------------------------------------------


def test_undo(live, capsys):
    """
    The source is asked again first; then what is reserved becomes free.
    """
    live.run("cut-over", "--force", "--leftovers", "reserve", app="make_live")
    capsys.readouterr()

    assert 0 == live.run("cut-over", "--undo", app="make_live")

    out, err = capsys.readouterr()
    assert (
        "Version 3 of the settings con_shop: all workers ask the source again.\n"
        "7 reserved e-mails, usernames and ids are free again.\n"
    ) == out
    assert "Waiting until all workers ask the source again.\n" == err
    assert (False, 0) == (said(live), reserved(live))
    assert live.module.make_live().authenticate(BOB, "battery staple").migrated


def test_undo_in_order(live, monkeypatch):
    """
    Nothing is free before all workers had the time to follow.
    """
    live.run("cut-over", "--force", "--leftovers", "reserve", app="make_live")
    seen = []
    monkeypatch.setattr(
        Fleet, "settle", lambda self: seen.append((said(live), reserved(live)))
    )

    assert 0 == live.run("cut-over", "--undo", app="make_live")

    assert [(False, 7)] == seen


def test_undo_interrupted(live, monkeypatch, capsys):
    """
    Interrupted before that, it is done again.
    """
    live.run("cut-over", "--force", "--leftovers", "reserve", app="make_live")

    def interrupt(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Fleet, "settle", interrupt)
        assert 130 == live.run("cut-over", "--undo", app="make_live")
    assert "not lifted yet.  Run the same command again" in capsys.readouterr().err
    assert (False, 7) == (said(live), reserved(live))

    assert 0 == live.run("cut-over", "--undo", app="make_live")
    assert (3, 0) == (live.management.get("con_shop").version, reserved(live))


def test_undo_loaded(live, capsys):
    """
    Who was loaded is vouched for by the source again.
    """
    live.run("cut-over", "--force", app="make_live")

    assert 0 == live.run("cut-over", "--undo", app="make_live")

    assert (
        "0 reserved e-mails, usernames and ids are free again.\n"
        in capsys.readouterr().out
    )
    assert live.module.make_live().authenticate(BOB, "battery staple").migrated


def test_undo_by_code(shop, capsys):
    """
    Without settings, the source has to be back in the code.
    """
    shop.run("cut-over", "--force", "--leftovers", "reserve")
    capsys.readouterr()

    assert 1 == shop.run("cut-over", "--undo", app="make_sourceless")
    assert "has no source.  Put it back, deploy that" in capsys.readouterr().err
    assert 7 == reserved(shop)
    assert 0 == shop.run("cut-over", "--undo", "--dry-run")
    assert "7 reserved e-mails, usernames and ids" in capsys.readouterr().out
    assert 7 == reserved(shop)
    assert 0 == shop.run("cut-over", "--undo")
    assert (
        "7 reserved e-mails, usernames and ids are free again.\n"
        == capsys.readouterr().out
    )
    assert 0 == reserved(shop)


def test_undo_one(shop, capsys):
    """
    One is one.
    """
    shop.connection.store.reserve([LedgerKey(KeyKind.EMAIL, BOB)], "shop|2")

    assert 0 == shop.run("cut-over", "--undo")

    assert (
        "1 reserved e-mail, username or id is free again.\n" == capsys.readouterr().out
    )


def test_undo_nothing(shop, capsys):
    """
    A store that reserves nothing has nothing to lift.
    """
    assert 0 == shop.run("cut-over", "--undo", app="make_plain")

    assert (
        "0 reserved e-mails, usernames and ids are free again.\n"
        == capsys.readouterr().out
    )


@pytest.mark.parametrize("option", [["--leftovers", "load"], ["--quiet-days", "3"]])
def test_undo_with(shop, capsys, option):
    """
    Undoing takes nothing that is for the cut-over.
    """
    assert 2 == shop.run("cut-over", "--undo", *option)

    assert "--undo takes neither" in capsys.readouterr().err


# --- Asking, and being interrupted -----------------------------------------------------


class Person(io.StringIO):
    """
    Somebody at a terminal who types *text*, or presses Ctrl-C.
    """

    def isatty(self):
        return True

    def readline(self):
        line = super().readline()
        if line == "^C":
            raise KeyboardInterrupt
        return line


@pytest.mark.parametrize("arguments", [["--force"], ["--undo"]])
@pytest.mark.parametrize(
    ("typed", "code"), [("YES \n", 0), ("n\n", 1), ("\n", 1), ("", 1), ("^C", 130)]
)
def test_asks(live, capsys, monkeypatch, arguments, typed, code):
    """
    At a terminal it asks before it does anything, and no answer means no.
    """
    if "--undo" in arguments:
        live.run("cut-over", "--force", app="make_live")
        capsys.readouterr()
    monkeypatch.setattr("sys.stdin", Person(typed))

    assert code == live.run("cut-over", *arguments, app="make_live")

    err = capsys.readouterr().err
    assert "con_shop say that" in err
    assert "?  [y/N]\n" in err
    assert ("Nothing was changed." in err) == (code == 1)
    assert (code == 0) == (said(live) == ("--force" in arguments))


def test_does_not_ask(live, capsys, monkeypatch):
    """
    It does not ask about what it refuses, nor if it was told not to.
    """
    monkeypatch.setattr("sys.stdin", Person("n\n"))

    assert 1 == live.run("cut-over", app="make_live")
    assert 0 == live.run("cut-over", "--force", "--yes", app="make_live")
    assert 0 == live.run("cut-over", "--undo", "--yes", app="make_live")

    assert "[y/N]" not in capsys.readouterr().err


def test_terminal(live):
    """
    A person reads what stands in the way and what is done, and says yes.
    """
    with Terminal("--app", "shop:make_live", "cut-over", "--force") as terminal:
        terminal.expect(r"Cut over\?  \[y/N\]")
        assert not said(live)
        terminal.type("y\n")
        assert 0 == terminal.finish()

    text = "\n".join(terminal.lines)
    assert "3 users have not moved yet." in text
    assert "Who has not moved is stored without a password, and must reset it." in text
    assert "3 users were stored without a password, 0 reserved." in text
    assert said(live)


def test_piped(live):
    """
    In a pipe it does not ask.
    """
    done = piped("--app", "shop:make_live", "cut-over", "--force")

    assert 0 == done.returncode
    assert done.stdout.endswith("no worker asks the source any more.\n")
    assert "[y/N]" not in done.stderr
    assert said(live)


# A source that lists, and then waits for whoever interrupts.
SLOW = """
import time
from shop import *
from migratekit import _ending
from migratekit.models import ImportRecord

class Slow:
    at = 5

    def login(self, *_):
        return None

    get_user = login

    def iter_users(self):
        for number in range(10):
            if number == self.at:
                print("waiting", flush=True)
                time.sleep({seconds})
            yield ImportRecord(user_id=str(number), email=f"user{{number}}@example.com")

_ending._CHUNK = 2

def make():
    store = SQLStore(STORE)
    live = Management(store).live("con_shop", interval=0.02)
    return {kind}(store, Slow(), settings=live, **OPTIONS)
"""


@pytest.mark.parametrize(("kind", "times"), [("AsyncConnection", 1), ("Connection", 2)])
def test_interrupted(live, monkeypatch, kind, times):
    """
    Ctrl-C ends behind a chunk, or at once; what is there is whole, and nothing switched.
    """
    monkeypatch.setattr(_ending, "_CHUNK", 2)
    seconds = 1 if times == 1 else 60
    Path("slow.py").write_text(SLOW.format(seconds=seconds, kind=kind))
    with Terminal("--app", "slow:make", "cut-over", "--force", "--yes") as terminal:
        terminal.expect("waiting")
        terminal.interrupt_at_rest()
        terminal.expect("Ending behind this chunk")
        if times == 2:
            terminal.interrupt_at_rest()
        assert 130 == terminal.finish()

    assert "Interrupted, and not cut over.  Run the same command again" in terminal.text
    assert "Traceback" not in terminal.text
    assert (6 if times == 1 else 4) == len(users(live))
    assert (False, 0) == (said(live), reserved(live))
    assert [] == live.connection.store.check()

    monkeypatch.setattr(importlib.import_module("slow").Slow, "at", None)
    assert 0 == main(["--app", "slow:make", "cut-over", "--force"])
    assert (10, True) == (len(users(live)), said(live))


# --- A whole one -----------------------------------------------------------------------


def test_wordpress(folder, capsys, monkeypatch):
    """
    Of a WordPress, who is imported with a slow hash is as little in the way as who is
    wrapped.
    """
    shutil.copy(Path(__file__).with_name("cli_blog.py"), folder / "blog.py")
    monkeypatch.syspath_prepend(folder)
    with closing(sqlite3.connect("wordpress.db")) as db, db:
        db.executescript("""
            CREATE TABLE wp_usermeta (user_id, meta_key, meta_value);
            CREATE TABLE wp_users (ID, user_login, user_email, user_pass, display_name);
            INSERT INTO wp_users VALUES
            (1, 'ada', 'ada@example.com', '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0', 'Ada'),
            (2, 'bob', 'bob@example.com',
            '$wp$2y$10$yMyi1yHhk7l0jGyDbNP5Ju0OS2ldfzBIHX.6WoRtsuTAE0S7sLM1y', 'Bob');
        """)
    blog = importlib.import_module("blog")
    blog.store.create_schema()
    Management(blog.store, actor="ops").create("blog", SETTINGS)

    def run(*arguments):
        return main(["--app", "blog:make_connection", *arguments])

    assert 0 == run("export-remaining", "rest.jsonl", "--with-hashes")
    assert 0 == run("import", "rest.jsonl", "--wrap")
    assert 0 == run("status")
    assert "quick to guess, or may be" not in capsys.readouterr().out
    assert 0 == run("cut-over", "--quiet-days", "0")

    out = capsys.readouterr().out
    assert "ok     No stored hash is quick to guess." in out
    assert "Cut over, by version 2 of the settings blog" in out
    connection = blog.make_connection()
    assert {"argon2id(wordpress)": 1, "wordpress(bcrypt)": 1} == (
        connection.progress().by_format
    )
    assert connection.is_cut_over
    assert "1" == connection.authenticate(ADA, "test12345").user.legacy_id[5:]
    assert "2" == connection.authenticate(BOB, "spaced out").user.legacy_id[5:]
    blog.store.close()
