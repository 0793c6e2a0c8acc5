"""
A database server is restarted in the middle of traffic.

``MIGRATEKIT_TEST_POSTGRESQL_RESTART`` and ``MIGRATEKIT_TEST_MARIADB_RESTART`` are
commands that kill the server and start it again.
"""

import asyncio
import shlex
import subprocess
import threading
import time
from inspect import isawaitable

import pytest
from storm_calls import LEGACY, Person, make_legacy
from storm_servers import SERVERS, VARIABLES, setting, url_of
from storm_workers import ASYNC, FIND, empty, sync_url

from migratekit import AsyncConnection, Connection, MigrationPolicy
from migratekit.errors import MigrateKitError
from migratekit.formats import presets
from migratekit.sources.sql import SQLSource
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST


PEOPLE = 4000
WORKERS = 4
# Logins behind the restart that must work one after the other.
CALM = 40


class Traffic:
    """
    Logs people in, again and again, until it is told to stop.
    """

    def __init__(self, door):
        self.door = door
        self.errors = []
        self.moved = set()
        self.well = 0
        self.stopping = threading.Event()

    async def run(self, number):
        people = iter(range(number, PEOPLE, WORKERS))
        while not self.stopping.is_set():
            person = Person(next(people))
            # The first login, which is repeated until it works, and a later one.
            for _ in range(2):
                while not await self._log_in(person):
                    await self._pause()

    async def _log_in(self, person):
        try:
            answer = self.door.authenticate(person.email, LEGACY)
            if isawaitable(answer):
                answer = await answer
        except MigrateKitError as error:
            self.errors.append((type(error).__name__, str(error)))
            return False
        assert answer.user.legacy_id == person.legacy_id
        self.moved.add(person.legacy_id)
        self.well += 1
        return True

    async def _pause(self):
        # A thread has a loop of its own here.
        await asyncio.sleep(0.01)


def _restart(command, traffic):
    """
    Restart the server while there is traffic, and let that come to rest again.
    """
    try:
        _wait_for(traffic, traffic.well + CALM)
        subprocess.run(shlex.split(command), check=True, stdout=subprocess.DEVNULL)
        _wait_for(traffic, traffic.well + CALM)
    finally:
        traffic.stopping.set()


def _wait_for(traffic, wanted):
    until = time.monotonic() + 60
    while traffic.well < wanted:
        assert time.monotonic() < until, traffic.errors[-3:]
        time.sleep(0.02)


def _door(kind, store, legacy):
    return kind(
        store,
        SQLSource(f"sqlite:///{legacy}", FIND, format=presets.raw_sha256()),
        source_name="shop",
        policy=MigrationPolicy(failure_floor=0),
        hasher=CHEAPEST,
        listeners=(),
    )


def _with_threads(url, legacy, command):
    with SQLStore(url) as store:
        traffic = Traffic(_door(Connection, store, legacy))
        threads = [
            threading.Thread(target=asyncio.run, args=(traffic.run(number),))
            for number in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        _restart(command, traffic)
        for thread in threads:
            thread.join()
    return traffic


async def _with_tasks(url, legacy, command):
    async with AsyncSQLStore(url) as store:
        traffic = Traffic(_door(AsyncConnection, store, legacy))
        restart = asyncio.to_thread(_restart, command, traffic)
        await asyncio.gather(*map(traffic.run, range(WORKERS)), restart)
    return traffic


@pytest.mark.parametrize("driver", SERVERS)
def test_restart(driver, tmp_path):
    """
    Logins fail with `StoreUnavailableError` only, and recover by themselves.
    """
    url = url_of(driver, tmp_path)
    command = setting(f"{VARIABLES[driver.partition('+')[0]]}_RESTART")
    legacy = tmp_path / "legacy.db"
    make_legacy(legacy, map(Person, range(PEOPLE)))
    empty(sync_url(url))

    if driver.endswith(ASYNC):
        traffic = asyncio.run(_with_tasks(url, legacy, command))
    else:
        traffic = _with_threads(url, legacy, command)

    assert {"StoreUnavailableError"} == {name for name, _ in traffic.errors}
    with SQLStore(sync_url(url)) as store:
        assert [] == [*store.check()]
        stored = [user.legacy_id for user in store.list_users(None, 9999, None, None)]
    assert sorted(traffic.moved) == sorted(stored)
    print(f"\n{driver}: {traffic.well} logins, {len(traffic.errors)} failed meanwhile")
