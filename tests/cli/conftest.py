"""
A shop for the command line to work on.
"""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

from migratekit.cli import main
from migratekit.management import Management


PEOPLE = (
    (1, "Ada@Example.com", "ada", "Ada", "correct horse"),
    (2, "bob@example.com", None, "=1+1", "battery staple"),
    (3, "eve@example.com", None, "Eve", "tr0ub4dor&3"),
)


class Shop:
    """
    The application ``shop`` in the current folder, and the command line on it.
    """

    def __init__(self, folder):
        self.folder = folder

    @property
    def module(self):
        return importlib.import_module("shop")

    @property
    def connection(self):
        return self.module.connection

    def run(self, *arguments, app="connection"):
        return main(["--app", f"shop:{app}", *arguments])


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """
    A folder of its own for whatever is imported and written.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIGRATEKIT_APP", raising=False)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture(name="shop")
def _shop(folder, monkeypatch):
    """
    A `Shop` with three customers, none of whom has moved.
    """
    shutil.copy(Path(__file__).with_name("cli_shop.py"), folder / "shop.py")
    monkeypatch.syspath_prepend(folder)
    shop = Shop(folder)
    shop.module.make_legacy(PEOPLE)
    shop.connection.store.create_schema()
    yield shop
    shop.module.close()


@pytest.fixture(name="management")
def _management(shop):
    """
    What is in the store of the shop, without any settings.
    """
    return Management(shop.connection.store, actor="ada@ops.example")


@pytest.fixture(name="first")
def _first(management):
    """
    The same with settings for the shop.
    """
    options = {"strategy_version": 2, "failure_floor": 0}
    management.create("con_shop", {"options": options})
    return management
