"""
``migratekit rehearse`` without anybody: what was recorded of rehearsed logins.
"""

import json
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest
from cli_terminal import Terminal
from overviews import Bare, connection_with, overview

from migratekit import MigrationPolicy
from migratekit.cli import main
from migratekit.cli._rehearsed import Rehearsed
from migratekit.errors import InvalidCredentialsError
from migratekit.events import log_event
from migratekit.management import Management
from migratekit.recorder import StatisticsRecorder
from migratekit.stores.memory import MemoryStore


DEPLOY = "Deploy the application with MigrationPolicy(rehearse=True)"
IS_ON = "The shadow mode is on: whoever logs in now"


@pytest.fixture(name="rehearsed")
def _rehearsed(shop):
    """
    A shop that has rehearsed some logins, and then moved a customer.
    """
    recorder = StatisticsRecorder(shop.connection.store)
    shop.module.OPTIONS["listeners"] = [log_event, recorder]
    shop.module.OPTIONS["policy"] = MigrationPolicy(
        rehearse=True, requires_username=True
    )
    rehearsing = shop.module.make_connection()
    for name, password in (
        ("ada", "correct horse"),
        ("ada", "wrong"),
        ("bob", "battery staple"),
        ("eve", "tr0ub4dor&3"),
        ("eve", "tr0ub4dor&3"),
    ):
        with suppress(InvalidCredentialsError):
            rehearsing.authenticate(f"{name}@example.com", password)
    rehearsing.store.close()
    recorder.close()
    del shop.module.OPTIONS["policy"]
    return shop


@pytest.mark.parametrize("app", ["connection", "async_connection", "make_in_loop"])
def test_text(rehearsed, capsys, app):
    """
    What came of rehearsed logins is told by its kinds, with what to do about each.
    """
    assert 0 == rehearsed.run("rehearse", "--days", "14", app=app)

    headline, *lines = capsys.readouterr().out.splitlines()
    assert headline.startswith("4 logins rehearsed since ")
    assert headline.endswith("; 3 would have been kept out.")
    wrong, fine = lines
    assert wrong.startswith(
        "WRONG  3 logins: profile not valid.  A username is needed (username_missing). "
        "Give them one in the old system, or see"
    )
    assert "ok     1 login: would move." == fine


def test_json(rehearsed, capsys):
    """
    A program gets the figures, and the texts as well.
    """
    assert 0 == rehearsed.run("rehearse", "--json")

    told = json.loads(capsys.readouterr().out)
    findings = told.pop("findings")
    assert ["wrong", "ok"] == [finding["level"] for finding in findings]
    assert told.pop("since") < told.pop("first_day")
    assert told.pop("text").startswith("4 logins rehearsed")
    assert {
        "rehearse": False,
        "logins": 4,
        "kept_out": 3,
        "outcomes": {"invalid": 3, "would_move": 1},
        "codes": {"invalid.username_missing": 3},
    } == told


def test_terminal(rehearsed):
    """
    In a terminal it fits, and is coloured.
    """
    with Terminal("--app", "shop:connection", "rehearse", columns=40) as terminal:
        assert 0 == terminal.finish()

    assert max(map(len, terminal.lines)) <= 40 + len("\x1b[32m\x1b[0m")
    assert "\x1b[32mok    \x1b[0m 1 login: would move." in terminal.lines


def told_of(*tallies, **options):
    """
    Return what is told of tallies that somebody has recorded.
    """
    seen = overview({}, tallies=tallies)
    return Rehearsed(connection_with(MemoryStore(), **options), seen)


def test_levels():
    """
    Who would have to change the password first is not kept out, unless they cannot; the
    headline and the lines agree on it.
    """
    recorded = [
        (0, "rehearsal.would_move", 1000),
        (1, "rehearsal.invalid", 5),
        (1, "rehearsal.invalid.email_missing", 4),
        (1, "rehearsal.invalid.odd", 2),
        (1, "rehearsal.weak_password", 7),
        (1, "rehearsal.must_change", 2),
        (1, "rehearsal.blocked", 1),
        (2, "rehearsal.failed", 1),
        (2, "rehearsal.failed.store_unavailable", 1),
    ]

    lenient = told_of(*recorded, secret_key="k" * 16)
    strict = told_of(*recorded)

    assert "1,016 logins rehearsed since 3 Dec 2029; 7 would have" in lenient.headline
    assert "; 16 would have been kept out." in strict.headline
    assert [
        ("ok", "1,000 logins: would move."),
        ("note", "7 logins: password too weak."),
        ("wrong", "5 logins: profile not valid."),
        (
            "wrong",
            "4 of them: profile not valid.  An e-mail address is needed (email_missing).",
        ),
        ("wrong", "2 of them: profile not valid.  odd."),
        ("note", "2 logins: would have to change the password first."),
        ("wrong", "1 login: account blocked."),
        ("wrong", "1 login: could not be asked: new store did not answer."),
    ] == [(finding.level, finding.text) for finding in lenient.findings()]
    assert {"ok", "wrong"} == {finding.level for finding in strict.findings()}


def test_nobody_is_counted_twice():
    """
    Where each login has one code, the lines of the codes are all, and add up to what the
    headline says.
    """
    told = told_of(
        (0, "rehearsal.would_move", 7),
        (0, "rehearsal.invalid", 3),
        (0, "rehearsal.invalid.email_missing", 2),
        (0, "rehearsal.invalid.odd", 1),
    )

    assert "10 logins rehearsed since 3 Dec 2029; 3 would have" in told.headline
    assert ["7 logins", "2 logins", "1 login"] == [
        finding.text.partition(":")[0] for finding in told.findings()
    ]


def test_nobody_kept_out():
    """
    That all would have moved is told, too.
    """
    told = told_of((0, "rehearsal.would_move", 1))

    assert (
        "1 login rehearsed since 3 Dec 2029; nobody would have been kept out."
        == told.headline
    )


@pytest.mark.parametrize(
    ("tallies", "policy", "said", "not_said"),
    [
        ([], MigrationPolicy(), ["StatisticsRecorder as a listener", DEPLOY], IS_ON),
        ([(0, "login.moved", 1)], MigrationPolicy(), [DEPLOY], "StatisticsRecorder"),
        (
            [(0, "login.succeeded", 1)],
            MigrationPolicy(import_mode=False),
            ["MigrationPolicy(import_mode=True, rehearse=True)"],
            DEPLOY,
        ),
        (
            [(0, "login.succeeded", 1)],
            MigrationPolicy(rehearse=True),
            [IS_ON],
            "StatisticsRecorder",
        ),
        ([], MigrationPolicy(rehearse=True), ["StatisticsRecorder", IS_ON], DEPLOY),
    ],
)
def test_nothing_recorded(tallies, policy, said, not_said):
    """
    Where nothing was recorded it is said what is missing: the recorder, the shadow mode,
    or somebody who logs in.
    """
    told = told_of(*tallies, policy=policy)

    assert told.headline.startswith("No rehearsed login was recorded since 3 Dec 2029.")
    assert all(part in told.headline for part in said)
    assert not_said not in told.headline
    assert [] == [*told.findings()]
    assert (0, 0) == (told.as_object()["logins"], told.as_object()["kept_out"])


def test_recorder_waits(shop, capsys):
    """
    Whoever has a recorder is not told to get one: it has not written yet, or has nothing
    to write.
    """
    recorder = StatisticsRecorder(shop.connection.store, interval=90)
    shop.module.OPTIONS["listeners"] = [log_event, recorder]

    assert 0 == shop.run("rehearse", app="make_connection")
    assert 0 == shop.run("status", app="make_connection")

    out = capsys.readouterr().out
    recorder.close()
    assert "Give the connection" not in out
    assert 2 == out.count(
        "The connection has a StatisticsRecorder, which writes at most once in 90 "
        "seconds: perhaps there was no login yet."
    )


def test_settings(shop, capsys):
    """
    Where settings are followed, they are where to switch it on.
    """
    management = Management(shop.connection.store)
    management.create("con_shop", {"options": {"strategy_version": 2}})

    assert 0 == shop.run("rehearse", app="make_live")

    assert (
        "Run migratekit settings update con_shop rehearse=true: "
        in capsys.readouterr().out
    )


def test_settings_without_import_mode(shop, capsys):
    """
    Where nobody is moved, what is advised is not refused: it has that switched on, too.
    """
    management = Management(shop.connection.store)
    options = {"strategy_version": 2, "import_mode": False}
    management.create("con_shop", {"options": options})
    assert 0 == shop.run("rehearse", app="make_live")
    out = capsys.readouterr().out
    advised = out[out.index("settings update") : out.index(": then the")]

    assert 0 == shop.run(*advised.split(), app="make_live")

    changed = management.get("con_shop").options
    assert (True, True) == (changed["import_mode"], changed["rehearse"])


def test_cut_over(shop, capsys):
    """
    After the cut-over nobody is told to switch anything on.
    """
    assert 0 == shop.run("rehearse", app="make_sourceless")

    out = capsys.readouterr().out
    assert out.endswith(
        "It is cut over, so that there is nothing to rehearse any more.\n"
    )


def test_no_statistics(monkeypatch, capsys):
    """
    A store that keeps no statistics is said to keep none.
    """
    app = SimpleNamespace(connection=connection_with(Bare()))
    monkeypatch.setitem(sys.modules, "rehearsed", app)
    command = ["--app", "rehearsed:connection", "rehearse"]

    assert 0 == main(command)
    text = capsys.readouterr().out
    assert 0 == main([*command, "--json"])

    assert text.startswith("This store keeps no statistics")
    assert {
        "text": text.strip(),
        "rehearse": False,
        **dict.fromkeys(
            ("since", "first_day", "logins", "kept_out", "outcomes", "codes")
        ),
        "findings": [],
    } == json.loads(capsys.readouterr().out)
