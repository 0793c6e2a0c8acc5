"""
A worker that follows what ``migratekit cut-over`` says in another process.
"""

import importlib
import os
import subprocess
import sys
from contextlib import closing

import pytest
from cli_terminal import environment
from sqlalchemy import create_engine

from migratekit.cli import main
from migratekit.management import Management
from migratekit.stores.sql import SQLStore, metadata


SETTINGS = {"options": {"strategy_version": 2, "failure_floor": 0}}

# Lets one new person after another log in, and says when the source is no
# longer asked, and when it is again.
WORKER = """
import itertools, time
from shop import *
from migratekit import LegacyUser
from migratekit.errors import InvalidCredentialsError
from migratekit.throttles import NoThrottle

class Asked:
    number = 0

    def login(self, identifier, password, /):
        self.number += 1
        return LegacyUser(user_id=identifier, email=identifier)

    def get_user(self, identifier, /):
        return None

store, source = SQLStore(STORE), Asked()
live = Management(store).live("con_shop", interval=0.02)
connection = Connection(
    store, source, settings=live, throttle=NoThrottle(), **OPTIONS
)
numbers = itertools.count()

def is_moved():
    before = source.number
    try:
        connection.authenticate(f"new{next(numbers)}@example.com", "pw")
    except InvalidCredentialsError:
        assert before == source.number
        return False
    assert before + 1 == source.number
    return True

for word, moved in (("asked", True), ("stopped", False), ("asked again", True)):
    until = time.monotonic() + 120
    while is_moved() is not moved:
        assert time.monotonic() < until
        time.sleep(0.02)
    print(word, flush=True)
    if word == "stopped":
        # Nobody registers with what belongs to Bob.
        try:
            connection.sign_up("bob@example.com", "mine now")
        except Exception as error:
            print(type(error).__name__, flush=True)
"""


@pytest.fixture(name="fleet", params=["sqlite", "postgresql"])
def _fleet_of(request, shop):
    """
    The environment of a shop with a store of each kind, and settings in it.
    """
    # On a busy machine, a writer may wait for long.
    url = f"sqlite:///{shop.folder}/users.db?timeout=60"
    if request.param == "postgresql":
        url = os.environ.get("MIGRATEKIT_TEST_POSTGRESQL")
        if url is None:
            pytest.skip("MIGRATEKIT_TEST_POSTGRESQL is not set: no server to test on")
        url = f"postgresql+psycopg://{url.partition('://')[2]}"
    engine = create_engine(url, hide_parameters=True)
    metadata.drop_all(engine)
    with SQLStore(engine) as store:
        store.create_schema()
        Management(store, actor="ops").create("con_shop", SETTINGS)
    yield environment(SHOP_STORE=url)
    metadata.drop_all(engine)
    engine.dispose()


def test_fleet(fleet, monkeypatch):
    """
    A worker stops asking the source when another process cuts over, and begins again.
    """
    monkeypatch.setenv("SHOP_STORE", fleet["SHOP_STORE"])
    heard = []
    cut_over = ["--force", "--leftovers", "reserve"]
    command = [sys.executable, "-c", WORKER]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=fleet
    ) as worker:

        def hear(lines):
            heard.append([worker.stdout.readline() for _ in range(lines)])

        hear(1)
        for arguments, lines in ((cut_over, 2), (["--undo"], 1)):
            with closing(importlib.reload(importlib.import_module("shop"))):
                assert 0 == main(["--app", "shop:make_live", "cut-over", *arguments])
            hear(lines)
        hear(1)

    assert [
        ["asked\n"],
        ["stopped\n", "UserExistsError\n"],
        ["asked again\n"],
        [""],
    ] == heard
    assert 0 == worker.returncode
