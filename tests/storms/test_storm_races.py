"""
Processes, threads and tasks want the same users, and every law holds.

``MIGRATEKIT_RACES`` is how many contested first logins each database gets at least;
``MIGRATEKIT_RACES_SEED`` repeats a storm, as far as threads let it.
"""

import os
import random
import time
from collections import Counter

import pytest
from storm_laws import violations
from storm_servers import FILES, SERVERS, url_of
from storm_workers import Plan, contested, rage


# Each takes its share of what its database gets.
SHARES = Counter(driver.partition("+")[0] for driver in FILES + SERVERS)


@pytest.mark.parametrize("driver", FILES + SERVERS)
def test_storm(driver, tmp_path):
    """
    No duplicates, no lost user, no resurrected password, nobody else's record.
    """
    url = url_of(driver, tmp_path)
    wanted = int(os.environ.get("MIGRATEKIT_RACES", "0"))
    seed = int(os.environ.get("MIGRATEKIT_RACES_SEED", random.randrange(10**6)))
    share = -(-wanted // SHARES[driver.partition("+")[0]])
    people, workers = (600, (4, 3)) if wanted else (16, (2, 3))
    logins = users = calls = 0
    began = time.monotonic()
    while True:
        legacy = tmp_path / f"legacy{seed}.db"
        storm = rage(Plan(url, f"{legacy}", seed, people, *workers))

        found = violations(storm)

        assert [] == found, f"MIGRATEKIT_RACES_SEED={seed}\n" + "\n".join(found[:5])
        more_logins, more_users = contested(storm)
        logins, users = logins + more_logins, users + more_users
        calls += len(storm.calls)
        if logins >= max(share, 1):
            break
        seed += 1
    seconds = time.monotonic() - began
    print(
        f"\n{driver}: {logins} contested first logins of {users} users, {calls} calls,"
        f" {seconds:.0f} s, violations 0 (last seed {seed})"
    )
