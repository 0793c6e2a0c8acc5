"""
Stores that keep settings, and a management of them.
"""

import pytest
from management_stores import FaultyStore, threads, wait_until

from migratekit.management import Management
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import VirtualClock


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


@pytest.fixture(name="store", params=["memory", "sql"])
def _store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
        return
    with SQLStore(f"sqlite:///{tmp_path}/users.db") as store:
        store.create_schema()
        yield store


@pytest.fixture(name="management")
def _management(store, clock):
    return Management(store, actor="ops", clock=clock)


@pytest.fixture(name="faulty")
def _faulty():
    """
    A store in memory that a test may put out of order.
    """
    return FaultyStore()


@pytest.fixture(name="waiting")
def _waiting(faulty, clock):
    """
    Settings of a `FaultyStore` whose thread looks once, when it begins.
    """
    management = Management(faulty, actor="ops", clock=clock)
    management.create("con_shop", {"options": {"strategy_version": 2}})
    live = management.live("con_shop", interval=3600)
    yield live
    live.close()
    wait_until(lambda: not threads())


@pytest.fixture(name="live")
def _live(waiting):
    """
    The same without a thread: what is new is found when a test says so.
    """
    waiting.close()
    return waiting
