"""
Stores for the tests of them.
"""

import pytest

from migratekit.stores.sql import SQLStore


@pytest.fixture(name="path")
def _path(tmp_path):
    return tmp_path / "users.db"


@pytest.fixture(name="store")
def _store(path):
    with SQLStore(f"sqlite:///{path}") as store:
        store.create_schema()
        yield store
