"""
For whoever tests an application, a store or a source: contracts, a clock, cheap hashes.

Needs ``pip install "migratekit[testing]"``.
"""

from typing import Final

import pytest

from migratekit.passwords import Argon2Hasher
from migratekit.testing.clock import VirtualClock


# Before the contracts are imported, so that their assertions show both sides.
pytest.register_assert_rewrite(
    "migratekit.testing.sources",
    "migratekit.testing.stores",
    "migratekit.testing.throttles",
    "migratekit.testing._store_abilities",
    "migratekit.testing._store_bulk",
    "migratekit.testing._store_ledger",
    "migratekit.testing._store_people",
    "migratekit.testing._store_races",
    "migratekit.testing._store_reservations",
    "migratekit.testing._store_settings",
    "migratekit.testing._store_statistics",
)

from migratekit.testing.sources import KnownUser, LegacySourceContract  # noqa: E402
from migratekit.testing.stores import UserStoreContract  # noqa: E402
from migratekit.testing.throttles import ThrottleContract  # noqa: E402


CHEAPEST: Final = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
"""
A hasher that is quick and protects nobody.
"""

__all__ = [
    "CHEAPEST",
    "KnownUser",
    "LegacySourceContract",
    "ThrottleContract",
    "UserStoreContract",
    "VirtualClock",
]
