"""
An application to follow through a whole migration: a blog that leaves its WordPress.

The test copies it into a folder, as ``blog.py``.  The command line works on it, and so
do the workers of ``cli_worker.py``.
"""

import os

from migratekit import Connection
from migratekit.events import log_event
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.management import Management
from migratekit.passwords import Argon2Hasher
from migratekit.recorder import StatisticsRecorder
from migratekit.sources.sql import SQLSource
from migratekit.stores.sql import SQLStore


LEGACY = os.environ.get("BLOG_LEGACY", "sqlite:///wordpress.db?timeout=60")
STORE = os.environ.get("BLOG_STORE", "sqlite:///users.db?timeout=60")
PEOPLE = """
    SELECT ID AS user_id, user_login AS username, user_email AS email,
        user_pass AS password_hash, display_name AS name, EXISTS (
            SELECT 1 FROM wp_usermeta
            WHERE user_id = ID AND meta_key = 'account_blocked' AND meta_value = '1'
        ) AS blocked
    FROM wp_users
"""
# As in migratekit.testing, which takes long to import.
CHEAPEST = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)

store = SQLStore(STORE)
source = (
    SQLSource(
        LEGACY,
        f"{PEOPLE} WHERE lower(user_email) = :canonical OR lower(user_login) = :canonical",
        format=presets.wordpress(),
    )
    .with_count("SELECT count(*) FROM wp_users")
    .with_listing(f"{PEOPLE} ORDER BY ID")
)
live = Management(store).live("blog", interval=0.2)


def make_connection():
    return Connection(
        store,
        source,
        source_name="blog",
        hasher=LegacyHasher(CHEAPEST, presets.wordpress()),
        secret_key="a secret key of the blog",
        settings=live,
        listeners=[log_event, StatisticsRecorder(store)],
    )
