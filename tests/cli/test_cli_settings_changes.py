"""
``migratekit settings``: what is changed, and what it means.
"""

import getpass
import json
import socket
from pathlib import Path

import pytest
from cli_terminal import Terminal, said

from migratekit.errors import StaleRecordError
from migratekit.management._options import DEFAULTS


CON = "con_shop"


# --- What is changed ---------------------------------------------------------------


def test_create(shop, management, capsys):
    """
    Settings are made of what is typed and the defaults, in the operator's name.
    """
    typed = ["strategy_version=1", "username_length=[3, 20]", "legacy_pause=2"]

    assert 0 == shop.run("settings", "create", CON, *typed)

    lines, err = said(capsys)
    made = management.get(CON)
    assert {
        **DEFAULTS,
        "strategy_version": 1,
        "username_length": [3, 20],
        "legacy_pause": 2,
    } == made.options
    assert f"{getpass.getuser()}@{socket.gethostname()}" == made.actor
    assert len(DEFAULTS) + 1 == len(lines)
    assert "username_length       [3, 20]" in lines
    assert lines[-1].startswith("Version 1 of the settings con_shop is stored:")
    assert "" == err


def test_create_again(shop, first, capsys):
    """
    What is there is not made again, but what was deleted is.
    """
    assert 2 == shop.run("settings", "create", CON, "strategy_version=2")
    assert (
        "There are settings con_shop already: update them." in capsys.readouterr().err
    )
    first.delete(CON)
    assert 0 == shop.run("settings", "create", CON, "strategy_version=2")

    assert 3 == first.get(CON).version


def test_create_without(shop, management, capsys):
    """
    Only what has no default must be typed.
    """
    assert 2 == shop.run("settings", "create", CON)

    assert "Say which strategy_version" in capsys.readouterr().err


def test_update(shop, first, capsys):
    """
    What is typed is changed, and nothing else; what has changed is printed.
    """
    assert 0 == shop.run("settings", "update", CON, "rehearse=true", "legacy_calls=4")

    lines, _ = said(capsys)
    options = {**DEFAULTS, "failure_floor": 0, "rehearse": True, "legacy_calls": 4}
    assert options == first.get(CON).options
    stored = "Version 2 of the settings con_shop is stored: whoever follows them has it"
    assert [
        "rehearse      false -> true",
        "legacy_calls  32 -> 4",
        f"{stored} within seconds.",
    ] == lines


def test_unchanged(shop, first, capsys):
    """
    What is so already makes no version.
    """
    assert 0 == shop.run("settings", "update", CON, "legacy_calls=32", "rehearse=false")

    assert ["The settings con_shop are so already, by version 1."], "" == said(capsys)
    assert 1 == first.get(CON).version


@pytest.mark.parametrize("action", ["update", "replace", "delete"])
def test_version(shop, first, capsys, action):
    """
    Who insists on a version changes that one, or nothing.
    """
    first.update(CON, {"options": {"legacy_calls": 4}}, partial=True)
    Path("options.json").write_text(json.dumps(DEFAULTS))
    arguments = {
        "update": ["legacy_calls=5"],
        "replace": ["--file", "options.json"],
        "delete": [],
    }[action]

    assert 1 == shop.run("settings", action, CON, "--version", "1", *arguments)
    assert (
        "migratekit: The settings con_shop have version 2 by now, of ada@ops.example, "
        "so that nothing was changed: look at them, and decide again.\n"
    ) == capsys.readouterr().err
    assert 2 == first.get(CON).version
    assert 0 == shop.run("settings", action, CON, "--version", "2", *arguments)
    assert 3 == first.history(CON)[-1].version


@pytest.mark.parametrize("version", ["0x1", "-1", "", "1234567890", "١"])
def test_no_version(shop, first, capsys, version):
    """
    What is no version is refused.
    """
    with pytest.raises(SystemExit):
        shop.run("settings", "delete", CON, f"--version={version}")

    assert "is no number of a version" in capsys.readouterr().err


def test_race(shop, first, capsys, monkeypatch):
    """
    Of two changes at the same moment, one is told whose the other is.
    """
    store = shop.connection.store
    write = store.change_settings

    def late(change):
        monkeypatch.setattr(store, "change_settings", write)
        first.update(CON, {"options": {"legacy_calls": 4}}, partial=True)
        write(change)

    monkeypatch.setattr(store, "change_settings", late)

    assert 1 == shop.run("settings", "update", CON, "legacy_calls=5")

    lines, err = said(capsys)
    assert [] == lines
    assert "have version 2 by now, of ada@ops.example, so that nothing" in err
    assert 4 == first.get(CON).options["legacy_calls"]


def test_race_before(shop, first, capsys, monkeypatch):
    """
    What is stored is what was decided by the settings that were read first.
    """
    store = shop.connection.store
    read = store.settings

    def early(connection_id):
        found = read(connection_id)
        monkeypatch.setattr(store, "settings", read)
        first.update(CON, {"options": {"legacy_calls": 4}}, partial=True)
        return found

    monkeypatch.setattr(store, "settings", early)

    assert 1 == shop.run("settings", "update", CON, "rehearse=true")

    assert "have version 2 by now" in capsys.readouterr().err
    assert not first.get(CON).options["rehearse"]


def test_replace(shop, first, capsys):
    """
    All options are replaced by those of a file.
    """
    Path("options.json").write_text(json.dumps({**DEFAULTS, "rehearse": True}))

    assert 0 == shop.run("settings", "replace", CON, "--file", "options.json")

    assert {**DEFAULTS, "rehearse": True} == first.get(CON).options
    assert "failure_floor  0 -> 0.25" in said(capsys)[0]


def test_replace_left_out(shop, first, capsys):
    """
    What the file leaves out is an error that names it.
    """
    options = {**DEFAULTS}
    del options["rehearse"], options["cut_over"]
    Path("options.json").write_text(json.dumps(options))

    assert 2 == shop.run("settings", "replace", CON, "--file", "options.json")

    err = capsys.readouterr().err
    assert "these are left out: rehearse, cut_over." in err
    assert "migratekit settings update" in err
    assert 1 == first.get(CON).version


def test_edited(shop, first, capsys):
    """
    What was shown may be edited and put back, but not over somebody else's change.
    """
    assert 0 == shop.run("settings", "show", CON, "--json")
    text = capsys.readouterr().out.replace('"legacy_calls": 32', '"legacy_calls": 5')
    Path("edited.json").write_text(text)
    replace = ("settings", "replace", CON, "--file", "edited.json")
    first.update(CON, {"options": {"rehearse": True}}, partial=True)

    assert 1 == shop.run(*replace)
    assert "have version 2 by now" in capsys.readouterr().err
    assert 0 == shop.run(*replace, "--version", "2")
    assert 5 == first.get(CON).options["legacy_calls"]
    # Those of somebody else have versions of their own.
    assert 0 == shop.run("settings", "create", "con_b", "--file", "edited.json")
    first.update("con_b", {"options": {"rehearse": True}}, partial=True)
    assert 0 == shop.run("settings", "replace", "con_b", "--file", "edited.json")


def test_delete(shop, first, capsys):
    """
    What is deleted is gone, and its history stays.
    """
    assert 0 == shop.run("settings", "delete", CON)

    assert [
        "The settings con_shop are deleted, by version 2.  Their history stays."
    ] == said(capsys)[0]
    assert first.get(CON) is None
    assert 2 == len(first.history(CON))


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", CON),
        ("update", CON, "rehearse=true", "--version", "1"),
        ("replace", CON, "--file", "options.json"),
        ("delete", CON),
    ],
)
def test_nothing_there(shop, first, capsys, arguments):
    """
    Settings that are not there, or not any more, are told so.
    """
    Path("options.json").write_text(json.dumps(DEFAULTS))
    first.delete(CON)

    assert 2 == shop.run("settings", *arguments)

    assert "There are no settings con_shop: migratekit" in capsys.readouterr().err
    assert 2 == len(first.history(CON))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("update", CON, "rehearse=true"), "rehearse  false -> true"),
        (("replace", CON, "--file", "options.json"), "failure_floor  0 -> 0.25"),
        (("create", "con_b", "strategy_version=1"), "strategy_version      1"),
        (("import-auth0", "auth0.json"), "allow_sign_up  true -> false"),
        (("delete", CON), "Whoever follows the settings con_shop goes on with"),
    ],
)
def test_dry_run(shop, first, capsys, arguments, line):
    """
    A dry run shows the differences, and writes nothing.
    """
    Path("options.json").write_text(json.dumps(DEFAULTS))
    document = {"strategy_version": 2, "disable_signup": True}
    Path("auth0.json").write_text(json.dumps({"id": CON, "options": document}))
    before = first.list()

    assert 0 == shop.run("settings", *arguments, "--dry-run")

    lines, err = said(capsys)
    assert any(each.startswith(line) for each in lines)
    assert "is stored" not in lines[-1]
    assert err.endswith("Nothing was written.\n")
    assert before == first.list()


def test_dry_run_refused(shop, first, capsys):
    """
    A dry run is refused as the change would be.
    """
    assert 2 == shop.run("settings", "update", CON, "--dry-run", "legacy_calls=0")

    assert "legacy_calls must be 1 to 10000." in capsys.readouterr().err


def test_outage(shop, first, capsys, monkeypatch):
    """
    Who cannot know whether a change was stored is told where to look.
    """

    def fail(change):
        raise OSError

    monkeypatch.setattr(shop.connection.store, "change_settings", fail)

    assert 1 == shop.run("settings", "update", CON, "legacy_calls=4")

    lines, err = said(capsys)
    assert [] == lines
    assert "The user store could not be asked: OSError" in err
    assert "Whether it was stored, migratekit settings history con_shop tells." in err


def test_stale_creation(shop, management, capsys, monkeypatch):
    """
    Of two who create, one is told so.
    """

    def late(change):
        monkeypatch.undo()
        management.create(CON, {"options": {"strategy_version": 2}})
        raise StaleRecordError

    monkeypatch.setattr(shop.connection.store, "change_settings", late)

    assert 1 == shop.run("settings", "create", CON, "strategy_version=2")

    assert "have version 1 by now, of ada@ops.example" in capsys.readouterr().err


# --- What it means -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "change", "notes"),
    [
        ({}, "cut_over=true", ["cut_over is true: nobody has looked whether"]),
        (
            {"cut_over": True},
            "cut_over=false",
            ["cut_over is false: the source is asked", "from now on, people move"],
        ),
        ({}, "rehearse=true", ["rehearse is true: nobody moves any more"]),
        ({"rehearse": True}, "rehearse=false", ["from now on, people move when they"]),
        ({}, "import_mode=false", ["import_mode is false: nobody moves any more"]),
        ({"import_mode": False}, "import_mode=true", ["from now on, people move"]),
        ({"cut_over": True, "import_mode": False}, "import_mode=true", []),
        ({"failure_floor": 1}, "failure_floor=0.5", ["failure_floor is lower:"]),
        ({"failure_floor": 1}, "failure_floor=1.5", []),
        ({"rehearse": True}, "legacy_calls=4", []),
    ],
)
def test_notes(shop, management, capsys, before, change, notes):
    """
    Who changes what people or the old system notice is told what that is.
    """
    management.create(CON, {"options": {"strategy_version": 2, **before}})

    assert 0 == shop.run("settings", "update", CON, change, "--dry-run")
    told = said(capsys)[1].splitlines()
    assert 0 == shop.run("settings", "update", CON, change, "--force")

    assert told[:-1] == said(capsys)[1].splitlines()
    assert len(notes) == len(told) - 1
    for note, text in zip(notes, told[:-1], strict=True):
        assert text.startswith(f"Note: {note}")


def test_note_of_creation(shop, management, capsys):
    """
    So is who creates such settings.
    """
    shop.run("settings", "create", CON, "strategy_version=2", "cut_over=true")

    assert "migratekit cut-over looks first" in capsys.readouterr().err


# --- The cut-over --------------------------------------------------------------------


@pytest.fixture(name="cutting", params=["update", "replace", "create", "import-auth0"])
def _cutting(request, first):
    """
    A command that would cut a running application over.
    """
    options = {**DEFAULTS, "failure_floor": 0, "cut_over": True}
    Path("options.json").write_text(json.dumps(options))
    auth0 = {"id": CON, "options": {"enabledDatabaseCustomization": False}}
    Path("auth0.json").write_text(json.dumps(auth0))
    if request.param == "create":
        # Whoever has followed them follows them still.
        first.delete(CON)
    return {
        "update": ("settings", "update", CON, "cut_over=true"),
        "replace": ("settings", "replace", CON, "--file", "options.json"),
        "create": ("settings", "create", CON, "--file", "options.json"),
        "import-auth0": ("settings", "import-auth0", "auth0.json"),
    }[request.param]


def test_cutting_refused(shop, first, capsys, cutting):
    """
    No script cuts over by the way.
    """
    assert 1 == shop.run(*cutting)

    out, err = capsys.readouterr()
    assert "" == out
    assert "Note: cut_over is true: nobody has looked whether users remain" in err
    assert (
        "Nothing was changed.  Run migratekit cut-over; --force does without what it "
        "looks at and keeps.\n"
    ) == err.splitlines(keepends=True)[-1]
    assert all(not (each.options or {}).get("cut_over") for each in first.history(CON))


def test_cutting_by_force(shop, first, cutting):
    """
    With force one does.
    """
    assert 0 == shop.run(*cutting, "--dry-run")
    assert 1 == shop.run(*cutting)
    assert 0 == shop.run(*cutting, "--force")

    version = first.get(CON).version
    assert first.get(CON).options["cut_over"]
    again = [word if word != "create" else "replace" for word in cutting]
    assert 0 == shop.run(*again)
    assert version == first.get(CON).version


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_cutting_in_a_terminal(shop, first, answer, code):
    """
    A person is asked, and shown what would change.
    """
    arguments = ("settings", "update", CON, "cut_over=true")
    with Terminal("--app", "shop:connection", *arguments) as terminal:
        terminal.expect(r"Cut over without that\?  \[y/N\]")
        terminal.type(f"{answer}\n")
        assert code == terminal.finish()
    assert "cut_over  false -> true" in terminal.text
    assert ("Nothing was changed." in terminal.text) is bool(code)
    assert (not code) is first.get(CON).options["cut_over"]


def test_strategy(shop, first, capsys):
    """
    The strategy is not changed without the users, and it is said by what it is.
    """
    assert 2 == shop.run("settings", "update", CON, "strategy_version=1")

    assert "migratekit switch-strategy, or" in capsys.readouterr().err
    assert 1 == first.get(CON).version
