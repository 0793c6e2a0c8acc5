"""
A worker that follows what the command line says in another process.
"""

import importlib
import os
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from cli_terminal import TIMEOUT, Terminal, environment, piped
from sqlalchemy import create_engine, text

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


# --- What `migratekit settings` changes ------------------------------------------------

# Says what is in force whenever that is another version.
FOLLOWER = """
import time
from shop import *

connection = make_live()
live, version, until = connection.settings, 0, time.monotonic() + 120
while version < 3:
    assert time.monotonic() < until
    if live.current().version > version:
        version = live.version
        policy = connection.policy
        print(version, policy.legacy_calls, connection.is_cut_over, flush=True)
    time.sleep(0.01)
"""
# A store whose changes all wait until they may go.
WAITING = """
import os, time
from pathlib import Path
from shop import *

class Waiting(SQLStore):
    def change_settings(self, change, /):
        Path(f"{os.getpid()}.ready").touch()
        while not Path("go").exists():
            time.sleep(0.01)
        super().change_settings(change)

store = Waiting(STORE)
"""


def test_settings(fleet):
    """
    A worker follows what the command changes in another process.
    """
    heard = []
    url = {"SHOP_STORE": fleet["SHOP_STORE"]}
    with subprocess.Popen(
        [sys.executable, "-c", FOLLOWER], stdout=subprocess.PIPE, text=True, env=fleet
    ) as worker:
        heard.append(worker.stdout.readline())
        for option in ("legacy_calls=4", "cut_over=true"):
            update = ("settings", "update", "con_shop", option, "--force")
            done = piped("--app", "shop:make_live", *update, **url)
            assert 0 == done.returncode, done.stderr
            heard.append(worker.stdout.readline())

    assert ["1 32 False\n", "2 4 False\n", "3 4 True\n"] == heard
    assert 0 == worker.returncode


def test_settings_at_once(fleet):
    """
    Of two updates at once one is made, and the other is told by whom.
    """
    Path("waiting.py").write_text(WAITING)
    update = ("-m", "migratekit", "--app", "waiting:store", "settings", "update")
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, *update, "con_shop", option],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    env=fleet,
                )
            )
            for option in ("legacy_calls=4", "rehearse=true")
        ]
        until = time.monotonic() + TIMEOUT
        while len(list(Path.cwd().glob("*.ready"))) < 2:
            assert time.monotonic() < until
            assert [None, None] == [each.poll() for each in both]
            time.sleep(0.02)
        Path("go").touch()
        said = [each.communicate(timeout=TIMEOUT) for each in both]

    codes = [each.returncode for each in both]
    assert [0, 1] == sorted(codes), said
    (_, told), (out, _) = said[codes.index(1)], said[codes.index(0)]
    assert "The settings con_shop have version 2 by now, of " in told
    assert "Version 2 of the settings con_shop is stored" in out
    with SQLStore(fleet["SHOP_STORE"]) as store:
        _, change = Management(store).history("con_shop")
    expected = (4, False) if codes[0] == 0 else (32, True)
    assert expected == (change.options["legacy_calls"], change.options["rehearse"])


# SQLite waits for its lock where no signal is heard.
@pytest.mark.parametrize("fleet", ["postgresql"], indirect=True)
def test_settings_interrupted(fleet):
    """
    Ctrl-C is obeyed while somebody else keeps the table, and nothing is changed.
    """
    engine = create_engine(fleet["SHOP_STORE"])
    update = ("settings", "update", "con_shop", "legacy_calls=4")
    with engine.connect() as other, engine.connect() as watching:
        other.execute(text("LOCK TABLE migratekit_settings IN EXCLUSIVE MODE"))
        with Terminal(
            "--app", "shop:connection", *update, SHOP_STORE=fleet["SHOP_STORE"]
        ) as terminal:
            _wait_for_a_lock(watching)
            terminal.interrupt()
            code = terminal.finish()
        other.rollback()
        watching.rollback()
    engine.dispose()

    assert 130 == code
    assert "Interrupted.  Whether it was stored" in terminal.text
    with SQLStore(fleet["SHOP_STORE"]) as store:
        assert 1 == Management(store).get("con_shop").version


def _wait_for_a_lock(watching):
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database"
        " WHERE datname = current_database() AND NOT granted"
    )
    until = time.monotonic() + TIMEOUT
    while not watching.scalar(waiting):
        assert time.monotonic() < until
        time.sleep(0.02)
