"""
Settings that are changed by one process, and followed by others.
"""

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa
from forks import needs_fork

from migratekit.management import Management
from migratekit.stores._sql_schema import metadata
from migratekit.stores.sql import SQLStore


SHOP = "con_shop"
FIRST = {"options": {"strategy_version": 2, "failure_floor": 0}}

# A server with two workers, as it is forked off by what has made its connection before.
# Whenever the settings change there, each lets somebody log in, and says that the source
# is no longer asked, or asked again; the second one in an event loop, where the driver
# can.  Not one login after another: these would keep each other, and whoever changes the
# settings, from writing.
WORKERS = """
import asyncio, itertools, os, sys, time
from migratekit import AsyncConnection, Connection, LegacyUser
from migratekit.errors import InvalidCredentialsError
from migratekit.management import Management
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle

url, async_url = sys.argv[1:]

class Source:
    asked = 0

    def login(self, identifier, password, /):
        self.asked += 1
        return LegacyUser(user_id=identifier, email=identifier)

    def get_user(self, identifier, /):
        return None

source, store = Source(), SQLStore(url)
live = Management(store).live("con_shop", interval=0.02)
options = {"hasher": CHEAPEST, "throttle": NoThrottle(), "settings": live}
numbers = itertools.count()

def say(word):
    os.write(1, (word + os.linesep).encode())

def is_moved(log_in):
    before = source.asked
    try:
        log_in(f"{os.getpid()}-{next(numbers)}@example.com", "pw")
    except InvalidCredentialsError:
        assert before == source.asked
        return False
    assert before + 1 == source.asked
    return True

def work(log_in):
    for word, moved in (("asked", True), ("stopped", False), ("asked again", True)):
        until = time.monotonic() + 300
        while live.current().cut_over is moved:
            assert time.monotonic() < until
            time.sleep(0.005)
        assert is_moved(log_in) is moved
        say(word)

def work_in_a_loop():
    connection = AsyncConnection(AsyncSQLStore(async_url), source, **options)
    with asyncio.Runner() as runner:
        work(lambda *both: runner.run(connection.authenticate(*both)))

connection = Connection(store, source, **options)
# So that the parent has a thread, too.
assert is_moved(connection.authenticate)
assert is_moved(connection.authenticate)
children = []
for number in range(2):
    child = os.fork()
    if child == 0:
        try:
            if number == 0 or not async_url:
                work(connection.authenticate)
            else:
                work_in_a_loop()
        except BaseException as exc:
            say(f"{type(exc).__name__} {exc}")
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""
SERVERS = {
    "postgresql+psycopg": "MIGRATEKIT_TEST_POSTGRESQL",
    "mysql+pymysql": "MIGRATEKIT_TEST_MARIADB",
}


@pytest.fixture(name="url", params=["sqlite", *SERVERS])
def _url(request, tmp_path):
    """
    Where a store with empty tables is.
    """
    url = f"sqlite:///{tmp_path}/users.db?timeout=60"
    if request.param != "sqlite":
        url = os.environ.get(SERVERS[request.param])
        if not url:
            pytest.skip(f"{SERVERS[request.param]} is not set: no server to test on")
        engine = sa.create_engine(url)
        metadata.drop_all(engine)
        engine.dispose()
    with SQLStore(url) as store:
        store.create_schema()
    return url


def async_url(url):
    """
    Return *url* for an async driver; empty, if there is none to test with.
    """
    scheme, _, rest = url.partition("://")
    schemes = {"sqlite": "sqlite+aiosqlite", "postgresql+psycopg": scheme}
    return f"{schemes[scheme]}://{rest}" if scheme in schemes else ""


@needs_fork
def test_followed(url):
    """
    Two workers stop asking the source when another process says so, and begin again.
    """
    command = [sys.executable, "-c", WORKERS, url, async_url(url)]

    with SQLStore(url) as store:
        management = Management(store, actor="ops")
        management.create(SHOP, FIRST)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as workers:
            heard = [_both(workers)]
            change = {"options": {"enabledDatabaseCustomization": False}}
            management.update(SHOP, change, partial=True)
            heard.append(_both(workers))
            management.update(SHOP, {"options": {"cut_over": False}}, partial=True)
            heard.append(_both(workers))
            heard.append(workers.stdout.read())

    assert [2 * ["asked"], 2 * ["stopped"], 2 * ["asked again"], ""] == heard
    assert 0 == workers.returncode


def _both(workers):
    return [workers.stdout.readline().rstrip("\n") for _ in range(2)]
