"""
A process that was forked off has database connections of its own.
"""

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa
from forks import forked, needs_fork

from migratekit.stores.sql import SQLStore


SCRIPT = """
import os, sys
import sqlalchemy as sa
from migratekit.models import Identifier, KeyKind, NewUser, Origin, User
from migratekit.sources.sql import SQLSource
from migratekit.stores._sql_schema import metadata
from migratekit.stores.sql import SQLStore

url = sys.argv[1]
engine = sa.create_engine(url)
metadata.drop_all(engine)
engine.dispose()
store = SQLStore(url)
store.create_schema()
source = SQLSource(
    url, "SELECT id AS user_id, email FROM migratekit_users WHERE email = :canonical",
    format="md5($pass)",
)
keys = [Identifier(KeyKind.EMAIL, f"user{number}@example.com") for number in range(50)]
for key in keys:
    user = User(id=key.value, origin=Origin.ADMIN, email=key.value)
    store.create(NewUser(user, None))
    assert source.get_user(key.value).user_id == key.value
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        try:
            for key in keys * 3:
                assert store.find(key).user.id == key.value
                assert source.get_user(key.value).user_id == key.value
        except BaseException as exc:
            print(type(exc).__name__, exc, flush=True)
            os._exit(1)
        os._exit(0)
    children.append(child)
failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
assert store.find(keys[0]) is not None
sys.exit(failed)
"""
DRIVERS = {
    "sqlite": None,
    "postgresql+psycopg": "MIGRATEKIT_TEST_POSTGRESQL",
    "mysql+pymysql": "MIGRATEKIT_TEST_MARIADB",
}


@needs_fork
@pytest.mark.parametrize("driver", DRIVERS)
def test_fork(driver, tmp_path):
    """
    Four processes on what one has opened before get their own answers.
    """
    url = f"sqlite:///{tmp_path}/users.db"
    if driver != "sqlite":
        url = os.environ.get(DRIVERS[driver])
        if not url:
            pytest.skip(f"{DRIVERS[driver]} is not set: no server to test against")

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ("", "", 0) == (done.stdout, done.stderr, done.returncode)


@needs_fork
def test_forgotten(tmp_path):
    """
    What is forgotten stays open, for the parent's sake.
    """
    with SQLStore(f"sqlite:///{tmp_path}/users.db") as store:
        store.create_schema()
        engine = store._engine
        pool, opened = engine.pool, []
        sa.event.listen(engine, "connect", lambda *_: opened.append(1))
        closed = []
        sa.event.listen(engine, "close", lambda *_: closed.append(1))

        def is_another_one():
            assert pool is not engine.pool
            assert closed == []
            store.create_schema()
            return opened == [1]

        assert forked(is_another_one)
        assert pool is engine.pool
        store.create_schema()
        assert [] == opened
