"""
The kinds of failing login, each with as many people as it has attempts.

They are those whose work ``test_equal_work.py`` counts.  Nobody's name is typed twice,
because an attacker would not, and a throttle would not let them.
"""

import time
import uuid

from migratekit import LegacyUser
from migratekit.errors import UnusableHashError
from migratekit.models import KeyKind, LedgerKey, NewUser, Origin, User
from migratekit.passwords import Argon2Hasher
from migratekit.testing import CHEAPEST
from migratekit.validation import canonical


WRONG = "wrong"
HASH = CHEAPEST.hash("right")
OTHER_COST = Argon2Hasher(memory_cost=16, time_cost=1, parallelism=1).hash("right")


class Source:
    """
    A source that takes its time for every answer.
    """

    def __init__(self, seconds):
        self.seconds = seconds
        self.people = {}
        self.unusable = set()

    def add(self, legacy_id, email, password="right"):
        self.people[email] = LegacyUser(user_id=legacy_id, email=email), password

    def login(self, identifier, password, /):
        time.sleep(self.seconds)
        if identifier in self.unusable:
            raise UnusableHashError("…", "it is cut")
        person, right = self.people.get(identifier, (None, None))
        return person if password == right else None

    def get_user(self, identifier, /):
        time.sleep(self.seconds)
        return self.people.get(identifier, (None, None))[0]


class World:
    """
    A store and a source, to which people of any kind can be added.
    """

    def __init__(self, store, source):
        self.store = store
        self.source = source
        self._new = []
        self._gone = []
        self._reserved = []

    def keep(self, email, password_hash, legacy_id=None, **more):
        user = User(
            id=str(uuid.uuid4()),
            origin=Origin.IMPORT if legacy_id else Origin.ADMIN,
            legacy_id=f"shop|{legacy_id}" if legacy_id else None,
            email=email,
            **more,
        )
        self._new.append(NewUser(user, password_hash))

    def retire(self, email):
        self._gone.append(email)

    def reserve(self, email):
        self._reserved.append(LedgerKey(KeyKind.EMAIL, email))

    def write(self):
        """
        Store who is to be kept, reserve what is to be, and delete who is to be retired.
        """
        for first in range(0, len(self._new), 1000):
            assert not any(self.store.create_many(self._new[first : first + 1000]))
        for email in self._gone:
            self.store.delete(self.store.find(canonical(email)))
        for key in self._reserved:
            self.store.reserve([key], f"shop|{key.value}")


def unknown(world, email):
    return email


def unknown_name(world, email):
    return email.partition("@")[0]


def wrong_in_source(world, email):
    world.source.add(email, email)
    return email


def unusable_in_source(world, email):
    world.source.unusable.add(email)
    return email


def stored(world, email):
    world.keep(email, HASH)
    return email


def stored_blocked(world, email):
    world.keep(email, HASH, blocked=True)
    return email


def stored_must_change(world, email):
    world.keep(email, HASH, must_change_password=True)
    return email


def stored_other_cost(world, email):
    world.keep(email, OTHER_COST)
    return email


def stored_unusable(world, email):
    world.keep(email, "$2b$12$cut")
    return email


def stored_without_password(world, email):
    world.keep(email, None)
    return email


def preloaded(world, email):
    world.source.add(email, email)
    world.keep(email, None, email)
    return email


def preloaded_unusable(world, email):
    world.source.unusable.add(email)
    world.keep(email, None, email)
    return email


def retired(world, email):
    world.source.add(email, email)
    world.keep(email, HASH, email)
    world.retire(email)
    return email


def reserved(world, email):
    world.reserve(email)
    return email


def migrated(world, email):
    world.source.add(email, email)
    world.keep(email, HASH, email)
    return email


def moved_elsewhere(world, email):
    # The source says yes to this password, and the ledger no to this user.
    world.source.add(email, email, WRONG)
    world.keep(f"old.{email}", HASH, email)
    return email


KINDS = (
    unknown,
    unknown_name,
    wrong_in_source,
    unusable_in_source,
    stored,
    stored_blocked,
    stored_must_change,
    stored_other_cost,
    stored_unusable,
    stored_without_password,
    preloaded,
    preloaded_unusable,
    retired,
    reserved,
    migrated,
    moved_elsewhere,
)
