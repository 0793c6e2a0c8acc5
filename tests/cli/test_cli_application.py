"""
Which application a command works on.
"""

import sys

import pytest

from migratekit import AsyncConnection, Connection
from migratekit.cli import _application
from migratekit.cli._application import load
from migratekit.cli._errors import CommandError
from migratekit.management import LiveSettings, Management
from migratekit.stores.sql import SQLStore


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("connection", Connection),
        ("async_connection", AsyncConnection),
        ("make_connection", Connection),
        ("make_in_loop", AsyncConnection),
        ("bare", AsyncConnection),
        ("container.auth.connection", Connection),
    ],
)
def test_kinds(shop, name, kind):
    """
    It is a connection of either kind, or what makes one, wherever it hangs.
    """
    with load(f"shop:{name}") as application:
        assert type(application.connection) is kind
        assert 0 == application.wait(application.connection.progress()).total
        assert [] == [*application.iterate(application.connection.users())]


def test_current_folder(folder, monkeypatch):
    """
    Modules of the current folder can be imported, before others of that name.
    """
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    folder.joinpath("mine.py").write_text("raise KeyError('hunter2')")

    for _ in range(2):
        with pytest.raises(CommandError, match=r"KeyError in mine\.py, line 1"):
            load("mine:connection")
    assert 1 == sys.path.count(str(folder))


def test_pages(shop, monkeypatch):
    """
    Async users come a page at a time, and all of them.
    """
    monkeypatch.setattr(_application, "_AT_ONCE", 2)
    shop.connection.import_users(shop.module.SOURCE.iter_users())

    with load("shop:async_connection") as application:
        users = [*application.iterate(application.connection.users())]

    assert 3 == len(users)


def test_closed(shop, monkeypatch):
    """
    What lives in the event loop is closed before it, whatever comes of that.
    """
    closed = []

    async def close(store):
        await original(store)
        closed.append("store")
        raise ValueError

    with load("shop:async_connection") as application:
        kind = type(application.connection.store)
        original = kind.close
        monkeypatch.setattr(kind, "close", close)
        assert 0 == application.wait(application.connection.progress()).total

    assert ["store"] == closed


@pytest.mark.parametrize(
    ("name", "expected"), [("make_connection", ["store"]), ("connection", [])]
)
def test_whose_it_is(shop, monkeypatch, name, expected):
    """
    What a function made for the command is closed, and the application's own is not.
    """
    closed = []
    original = SQLStore.close
    monkeypatch.setattr(
        SQLStore, "close", lambda store: closed.append("store") or original(store)
    )

    with load(f"shop:{name}"):
        assert [] == closed

    assert expected == closed


def test_settings(shop, monkeypatch):
    """
    What looks into the store is closed before it.
    """
    management = Management(shop.connection.store, actor="ops")
    management.create("con_shop", {"options": {"strategy_version": 2}})
    closed = []
    for kind in (LiveSettings, SQLStore):
        original = kind.close

        def close(self, original=original):
            closed.append(type(self))
            original(self)

        monkeypatch.setattr(kind, "close", close)

    with load("shop:make_live"):
        assert [] == closed

    assert [LiveSettings, SQLStore] == closed


# --- What may be wrong with it ---------------------------------------------------


@pytest.mark.parametrize("path", ["shop", "shop:", ":connection", ""])
def test_form(path):
    """
    Both a module and a name are needed.
    """
    with pytest.raises(CommandError, match="a module, a colon and a name"):
        load(path)


@pytest.mark.parametrize("name", ["nowhere", "nowhere.auth", "shop.nowhere"])
def test_no_module(shop, name):
    """
    A module that is not there is named.
    """
    with pytest.raises(CommandError, match=r"There is no module .*nowhere"):
        load(f"{name}:connection")


def test_no_attribute(shop):
    """
    A name that is not there is named.
    """
    with pytest.raises(CommandError, match=r"shop has no 'container\.nothing'"):
        load("shop:container.nothing")


@pytest.mark.parametrize(
    ("name", "given"), [("number", "int"), ("container.auth.__repr__", "str")]
)
def test_no_connection(shop, name, given):
    """
    What is no connection and makes none is said to be so.
    """
    with pytest.raises(CommandError, match=f"it gave {given}"):
        load(f"shop:{name}")


BROKEN = [
    ("1 +", "SyntaxError in broken.py, line 1"),
    ("\nopen('hunter2')", "FileNotFoundError in broken.py, line 2"),
    ("raise SystemExit('hunter2')", "SystemExit in broken.py, line 1"),
    ("import os\nos.environ['hunter2']", "KeyError in broken.py, line 2"),
    (
        "import nothing_like_that",
        "ModuleNotFoundError in broken.py, line 1, for want of the module 'nothing_l",
    ),
    (
        "from migratekit import Connection\nConnection(None, None)",
        "ConfigurationError in broken.py, line 2: The store has no method find",
    ),
]


@pytest.mark.parametrize(("code", "said"), BROKEN)
def test_broken(folder, code, said):
    """
    What breaks while it is imported is told by its type and line, not by its text.
    """
    folder.joinpath("broken.py").write_text(code)

    with pytest.raises(CommandError) as caught:
        load("broken:connection")

    assert f"The application cannot be imported: {said}" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_missing_extra(folder, monkeypatch):
    """
    What an adapter of ours needs is said as it says it.
    """
    monkeypatch.setitem(sys.modules, "pymongo", None)
    monkeypatch.delitem(sys.modules, "migratekit.sources.mongodb", raising=False)
    folder.joinpath("broken.py").write_text("import migratekit.sources.mongodb")

    with pytest.raises(CommandError) as caught:
        load("broken:connection")

    said = 'PyMongo is missing: pip install "migratekit[mongodb]"'
    assert f"ImportError in broken.py, line 1: {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "def make():\n    raise ValueError('hunter2')",
            "ValueError in made.py, line 2",
        ),
        ("def make(url): ...", "TypeError"),
        ("async def make():\n    1 / 0", "ZeroDivisionError in made.py, line 2"),
        ("def make():\n    raise SystemExit", "SystemExit in made.py, line 2"),
    ],
)
def test_broken_factory(folder, code, said):
    """
    So is what breaks while the connection is made.
    """
    folder.joinpath("made.py").write_text(code)

    with pytest.raises(CommandError) as caught:
        load("made:make")

    assert f"made:make made no connection: {said}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("StoreUnavailableError('down')", 1),
        ("LegacyUnavailableError('down')", 1),
        ("ConfigurationError('odd')", 2),
    ],
)
def test_outage_in_factory(folder, error, code):
    """
    A store that is away while the connection is made is an outage, and no wrong call.
    """
    folder.joinpath("made.py").write_text(
        f"from migratekit.errors import *\ndef make():\n    raise {error}"
    )

    with pytest.raises(CommandError) as caught:
        load("made:make")

    assert code == caught.value.code


def test_interrupted_factory(folder):
    """
    Ctrl-C is Ctrl-C.
    """
    folder.joinpath("made.py").write_text("def make():\n    raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        load("made:make")


def test_foreign_place(folder):
    """
    Where nothing of the application's was run, the line is that of whoever was.
    """
    folder.joinpath("made.py").write_text("from ast import literal_eval as make")

    with pytest.raises(CommandError, match=r"TypeError in .*_application\.py"):
        load("made:make")


def test_escaped():
    """
    What was typed cannot steer the terminal.
    """
    with pytest.raises(CommandError) as caught:
        load("\x1b[2J:x")

    assert "\x1b" not in str(caught.value)
