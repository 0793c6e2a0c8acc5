"""
``migratekit settings``: what there is, and where.
"""

import datetime as dt
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from cli_terminal import Terminal, piped, said


CON = "con_shop"


# --- What there is -----------------------------------------------------------------


def test_list(shop, first, capsys):
    """
    All settings are listed, with who has changed them and what is not by default.
    """
    changes = {"strategy_version": 1, "username_length": [3, 20], "rehearse": True}
    first.create("con_b", {"options": changes})

    assert 0 == shop.run("settings", "list")

    head, *rows = said(capsys)[0]
    assert "id        version  changed at" == head[:29]
    own = "strategy_version=1 username_length=[3, 20] rehearse=true"
    assert ["con_b           1", "con_shop        1"] == [row[:17] for row in rows]
    assert rows[0].endswith(f" ada@ops.example  {own}")
    assert rows[1].endswith(" ada@ops.example  failure_floor=0")


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_list_nothing(shop, capsys, form):
    """
    People are told that there are none, and programs get none.
    """
    assert 0 == shop.run("settings", "list", *form)

    assert {
        (): ([], "There are no settings in this store.\n"),
        ("--json",): (["[]"], ""),
        ("--csv",): (["connection_id,version,action,actor,changed_at,options"], ""),
    }[form] == said(capsys)


def test_list_json(shop, first, capsys):
    """
    Programs get all of the settings, of whom they are, and since when.
    """
    assert 0 == shop.run("settings", "list", "--json")

    (told,) = json.loads(capsys.readouterr().out)
    change = attrs.asdict(first.get(CON))
    assert {**change, "changed_at": change["changed_at"].isoformat()} == told


def test_show(shop, first, capsys):
    """
    All options are shown as they are typed, and what they are by default.
    """
    changes = {"legacy_pause": 0.5, "weak_legacy_password": "admit"}
    first.update(CON, {"options": changes}, partial=True)

    assert 0 == shop.run("settings", "show", CON)

    (heading, blank, *rows), _ = said(capsys)
    assert "Settings con_shop, version 2: update by ada@ops.example, 2" == heading[:58]
    assert heading.endswith(" UTC")
    assert "" == blank
    assert [
        ["option", "value", "by", "default"],
        ["import_mode", "true"],
        ["strategy_version", "2"],
        ["requires_username", "false"],
        ["username_length", "[1,", "128]"],
        ["weak_legacy_password", "admit", "must_change"],
        ["allow_sign_up", "true"],
        ["detect_drift", "false"],
        ["rehearse", "false"],
        ["token_lifetime", "1800"],
        ["legacy_deadline", "5"],
        ["legacy_calls", "32"],
        ["legacy_failures", "5"],
        ["legacy_pause", "0.5", "30"],
        ["failure_floor", "0", "0.25"],
        ["cut_over", "false"],
    ] == [row.split() for row in rows]


def test_show_others(shop, first, capsys):
    """
    What another migratekit has stored, or has not, is shown as that.
    """
    old = first.get(CON)
    options = {**old.options, "br\nand_new": "x\x1b[2J"}
    del options["rehearse"]
    shop.connection.store.change_settings(
        attrs.evolve(old, version=2, actor="ev\x1b[2Jil", options=options)
    )

    assert 0 == shop.run("settings", "show", CON)

    lines, _ = said(capsys)
    assert r"by ev\x1b[2Jil" in lines[0]
    assert ["rehearse", "not", "set", "false"] in map(str.split, lines)
    assert any(
        line.split(None, 2)
        == [r"br\nand_new", r"x\x1b[2J", "not known to this migratekit"]
        for line in lines
    )


def test_show_version(shop, first, capsys):
    """
    What was in force once can be seen, but for what never was.
    """
    first.update(CON, {"options": {"legacy_calls": 4}}, partial=True)
    first.delete(CON)

    assert 0 == shop.run("settings", "show", CON, "--version", "1", "--json")
    assert 32 == json.loads(capsys.readouterr().out)["options"]["legacy_calls"]
    for version in ("3", "4"):
        assert 2 == shop.run("settings", "show", CON, "--version", version)
        assert f"no options of version {version} of" in capsys.readouterr().err


def test_history(shop, first, capsys):
    """
    All changes are listed, each with what it has changed.
    """
    changes = {"legacy_calls": 4, "rehearse": True}
    first.update(CON, {"options": changes}, partial=True)
    first.delete(CON)
    first.create(CON, {"options": {"strategy_version": 2}})

    assert 0 == shop.run("settings", "history", CON)

    lines, _ = said(capsys)
    heads = [line for line in lines if line.startswith("Version ")]
    assert [
        "Version 1: create by ada@ops.example, 2",
        "Version 2: update by ada@ops.example, 2",
        "Version 3: delete by ada@ops.example, 2",
        "Version 4: create by ada@ops.example, 2",
    ] == [head[:39] for head in heads]
    at = lines.index(heads[1])
    assert [
        "    rehearse      false -> true",
        "    legacy_calls  32 -> 4",
    ] == lines[at + 1 : lines.index(heads[2])]
    assert lines.index(heads[2]) + 1 == lines.index(heads[3])
    assert 2 == sum(line.split() == ["legacy_calls", "32"] for line in lines)


def test_history_forms(shop, first, capsys):
    """
    Programs get all options after each change.
    """
    first.update(CON, {"options": {"legacy_calls": 4}}, partial=True)

    assert 0 == shop.run("settings", "history", CON, "--json")
    told = json.loads(capsys.readouterr().out)
    assert 0 == shop.run("settings", "history", CON, "--csv")
    lines, _ = said(capsys)

    assert [(1, 32), (2, 4)] == [
        (each["version"], each["options"]["legacy_calls"]) for each in told
    ]
    assert 3 == len(lines)


def test_no_history(shop, management, capsys):
    """
    Settings that never were have none.
    """
    assert 0 == shop.run("settings", "history", CON)

    assert ([], "There were never any settings con_shop.\n") == said(capsys)


# --- Where they are ----------------------------------------------------------------


@pytest.mark.parametrize(
    "app",
    [
        "connection",
        "async_connection",
        "make_in_loop",
        "make_live",
        "make_async_live",
        "connection.store",
    ],
)
def test_apps(shop, first, capsys, app):
    """
    An application of each kind is good for it, and so is the store alone.
    """
    assert 0 == shop.run("settings", "update", CON, "legacy_calls=4", app=app)
    assert 0 == shop.run("settings", "list", app=app)
    assert 0 == shop.run("settings", "history", CON, app=app)

    assert (2, 4) == (first.get(CON).version, first.get(CON).options["legacy_calls"])


def test_memory(shop, capsys):
    """
    A store in memory keeps them for as long as it lasts.
    """
    run = ("settings", "create", CON, "strategy_version=2")

    assert 0 == shop.run(*run, app="bare")
    assert 2 == shop.run(*run, app="bare")

    assert "There are settings con_shop already" in capsys.readouterr().err


def test_no_keeper(shop, capsys):
    """
    Not every store keeps settings.
    """
    assert 2 == shop.run("settings", "list", app="make_plain")

    assert "SimpleNamespace, keeps no settings: name one" in capsys.readouterr().err


def test_followed_before_there_are_any(shop, management, capsys):
    """
    Who follows settings that are not there is told that the store alone is enough.
    """
    create = ("settings", "create", CON, "strategy_version=2")

    assert 2 == shop.run(*create, app="make_live")
    assert "name that, as in --app myshop.auth:store." in capsys.readouterr().err
    assert 0 == shop.run(*create, app="connection.store")
    assert 0 == shop.run("settings", "list", app="make_live")


def test_no_application(shop, capsys):
    """
    Other errors of an application are told as ever.
    """
    assert 2 == shop.run("settings", "list", app="number")

    err = capsys.readouterr().err
    assert "shop:number is no Connection or AsyncConnection" in err
    assert "The store alone" not in err


@pytest.mark.parametrize("app", ["connection", "async_connection"])
@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("UPDATE migratekit_schema SET version = 1", "have version 1, and this"),
        ("DROP TABLE migratekit_schema", "The store has no tables yet"),
    ],
)
def test_old_tables(shop, first, capsys, app, statement, text):
    """
    Without the tables that it needs, it says which command makes them.
    """
    shop.module.close()
    with closing(sqlite3.connect("users.db")) as database:
        database.execute(statement)
        database.commit()
    shop.connection.store._is_checked = False

    for action in (["list"], ["show", CON], ["delete", CON]):
        assert 2 == shop.run("settings", *action, app=app)
        err = capsys.readouterr().err
        assert text in err
        assert "Run migratekit schema create or" in err


# --- As a person uses it -----------------------------------------------------------


SLOW = """
import asyncio, sys, time
from shop import *
from migratekit.stores.async_sql import AsyncSQLStore

class Slow(SQLStore):
    def change_settings(self, change, /):
        print("writing", file=sys.stderr, flush=True)
        time.sleep(300)

class AsyncSlow(AsyncSQLStore):
    async def change_settings(self, change, /):
        print("writing", file=sys.stderr, flush=True)
        await asyncio.sleep(300)

sync, in_loop = Slow(STORE), AsyncSlow(ASYNC_STORE)
"""


@pytest.mark.parametrize("app", ["sync", "in_loop"])
def test_interrupted(shop, first, app):
    """
    Ctrl-C while it writes ends it, and it says where to look what came of it.
    """
    Path("slow.py").write_text(SLOW)
    change = ("settings", "update", CON, "legacy_calls=4")

    with Terminal("--app", f"slow:{app}", *change) as terminal:
        terminal.expect("writing")
        terminal.interrupt_at_rest()
        code = terminal.finish()

    assert 130 == code
    assert (
        "migratekit: Interrupted.  Whether it was stored, migratekit settings history "
        "con_shop tells."
    ) in " ".join(terminal.lines)
    assert 1 == first.get(CON).version


@pytest.mark.parametrize(
    ("answer", "code", "version"),
    [("y\n", 0, None), ("n\n", 1, 1), (None, 130, 1), ("\x04", 1, 1)],
)
def test_asked(shop, first, answer, code, version):
    """
    In a terminal, it is asked before settings are deleted.
    """
    with Terminal("--app", "shop:connection", "settings", "delete", CON) as terminal:
        terminal.expect(r"Delete the settings con_shop\?  \[y/N\]")
        assert "A connection that is made from now on is refused" in terminal.text
        asked = dt.datetime.now(dt.UTC)
        if answer is None:
            # A signal just before the read would be lost.
            terminal.interrupt_at_rest()
        else:
            terminal.type(answer)
        assert code == terminal.finish(), terminal.text

    there, newest = first.get(CON), first.history(CON)[-1]
    assert version == (there and there.version)
    assert (code == 0) is (newest.changed_at > asked)


def test_not_asked(shop, first):
    """
    Who says that they are sure is not asked.
    """
    arguments = ("settings", "delete", CON, "--yes")

    with Terminal("--app", "shop:connection", *arguments) as terminal:
        code = terminal.finish()

    assert (0, False) == (code, "[y/N]" in terminal.text)
    assert first.get(CON) is None


def test_terminal(shop, first):
    """
    In a narrow terminal, a list is cut to fit, and nothing of a change is.
    """
    with Terminal(
        "--app", "shop:connection", "settings", "list", columns=60
    ) as terminal:
        assert 0 == terminal.finish()
    assert all(len(line) <= 60 for line in terminal.lines)
    assert "con_shop" in terminal.text

    with Terminal(
        "--app",
        "shop:connection",
        "settings",
        "update",
        CON,
        "username_length=[3, 20]",
        columns=30,
    ) as terminal:
        assert 0 == terminal.finish()
    assert "username_length  [1, 128] -> [3, 20]" in terminal.text


@pytest.mark.parametrize("app", ["connection", "async_connection"])
def test_piped(shop, first, app):
    """
    In a pipe, what is shown by one command is the input of the next.
    """
    run = ("--app", f"shop:{app}", "settings")
    shown = piped(*run, "show", CON, "--json")
    text = shown.stdout.replace('"rehearse": false', '"rehearse": true')

    done = piped(*run, "replace", CON, "--file", "-", stdin=text)

    assert (0, 0) == (shown.returncode, done.returncode), done.stderr
    assert "rehearse  false -> true" == done.stdout.splitlines()[0]
    assert "Note: rehearse is true" == done.stderr[:22]
    assert first.get(CON).options["rehearse"]


def test_nothing_named(shop, capsys):
    """
    Who names no action is told which there are.
    """
    with pytest.raises(SystemExit):
        shop.run("settings")
    assert "arguments are required: ACTION" in capsys.readouterr().err

    with pytest.raises(SystemExit):
        shop.run("settings", "--help")
    out = capsys.readouterr().out
    assert all(
        name in out
        for name in (
            "list", "show", "history", "create", "update", "replace", "delete",
            "import-auth0",
        )
    )  # fmt: skip
