"""
Where operations meet: a store, a legacy site and a door, put back for every schedule.
"""

import itertools
import sqlite3
from contextlib import contextmanager

import attrs
from sqlalchemy import create_engine, event
from world import KEY, LegacySite

from migratekit import Connection, LegacyUser, MigrationPolicy
from migratekit._assembly import without_source
from migratekit._guard import Unguarded
from migratekit._migration import Migration
from migratekit._run import Refused, run
from migratekit.hashing import HashQueue
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import VirtualClock
from migratekit.throttles import NoThrottle


ADA = LegacyUser(
    user_id="1", email="Ada@Example.com", username="Ada", profile={"name": "Ada"}
)
BOB = LegacyUser(user_id="2", email="bob@example.com", username="bob")
GRACE = LegacyUser(user_id="3", email="countess@example.com", username="grace")
COUNTESS = "countess@example.com"

# The current one; the source's, where it is no longer the current one; what others set.
RIGHT, OLD, NEW, WRONG = "right", "old", "new", "wrong"

_POLICY = MigrationPolicy(failure_floor=0)
_TABLES = ("migratekit_users", "migratekit_ledger")


class PlainHasher:
    """
    Makes hashes that cost nothing and that no two are equal of; never for real users.
    """

    def __init__(self):
        self._numbers = itertools.count()

    def hash(self, password, /):
        return f"$argon2id$v=19$m=8,t=1,p=1${next(self._numbers)}${password}"

    def verify(self, password, encoded, /):
        return password_of(encoded) == password

    def needs_rehash(self, encoded, /):
        return not encoded.startswith("$argon2id$")

    def admit(self, stored, /):
        return f"$mk$v=1$f=shop${stored.text}"


def password_of(encoded):
    """
    Return the password that a hash of a `PlainHasher` is of.
    """
    return None if encoded is None else encoded.rpartition("$")[2]


class Undriven(Connection):
    """
    A connection that returns its flows, for somebody else to answer.
    """

    def _run(self, flow, *args, **kwargs):
        return flow(self._context, *args, **kwargs)


def undriven(store, source, *, policy):
    """
    Return an `Undriven` connection whose source is asked without a thread.

    Without whatever would remember one schedule in the next: what is checked is told
    by the store and the source alone.
    """
    connection = Undriven(
        store,
        source,
        source_name="shop",
        policy=policy,
        hasher=PlainHasher(),
        listeners=(),
        secret_key=KEY,
        clock=VirtualClock(),
        throttle=NoThrottle(),
        # Whoever answers a flow gives no place back.
        hash_queue=HashQueue(places=10**9),
    )
    return _with_ports(connection, attrs.evolve(connection._ports, guard=Unguarded()))


def _with_ports(connection, ports):
    other = object.__new__(Undriven)
    Migration.__init__(other, connection._context, ports)
    return other


class InMemory:
    """
    A `MemoryStore`, and how to look into it and put it back.
    """

    def __init__(self):
        self.store = MemoryStore()

    def save(self):
        store = self.store
        return tuple(
            dict(part)
            for part in (store._records, store._holders, store._ledger, store._moments)
        )

    def restore(self, saved):
        store = self.store
        parts = map(dict, saved)
        store._records, store._holders, store._ledger, store._moments = parts

    @contextmanager
    def without(self, changes):
        """
        Have the ledger look as if *changes*, pairs of what was saved, were not made.

        What is changed meanwhile stays so.
        """
        for before, after in changes:
            self._exchange(after, before)
        yield
        for before, after in changes:
            self._exchange(before, after)

    def _exchange(self, old, new):
        # The rows of the ledger, and when they were written.
        parts = [*zip((self.store._ledger, self.store._moments), new[2:], strict=True)]
        for key in old[2].keys() | new[2].keys():
            if self.store._ledger.get(key) != old[2].get(key):
                continue
            if key in self.store._holders and key not in new[2]:
                # As `readmit()` leaves what somebody else has.
                row = self.store._ledger[key]
                self.store._ledger[key] = attrs.evolve(row, legacy_id=None)
                continue
            for part, wanted in parts:
                part.pop(key, None)
                if key in wanted:
                    part[key] = wanted[key]

    def records(self):
        return self.store._records.values()

    def ledger(self):
        for key, row in self.store._ledger.items():
            yield key.kind.value, key.value, row.reason, row.legacy_id


class InSQLite:
    """
    An `SQLStore` in a file, and how to look into it and put it back.
    """

    def __init__(self, path):
        engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
        event.listen(engine, "connect", _hurry)
        self.store = SQLStore(engine)
        self.store.create_schema()
        self._engine = engine
        self._beside = sqlite3.connect(path, isolation_level=None)
        self._beside.execute("PRAGMA synchronous = OFF")

    def close(self):
        self._beside.close()
        self._engine.dispose()

    def save(self):
        return {name: self._rows(name) for name in _TABLES}

    def restore(self, saved):
        self._beside.execute("BEGIN IMMEDIATE")
        for name, rows in saved.items():
            self._beside.execute(f"DELETE FROM {name}")
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                statement = f"INSERT INTO {name} VALUES ({marks})"
                self._beside.executemany(statement, rows)
        self._beside.execute("COMMIT")

    def records(self):
        users = self.store.list_users(None, 100, None, None)
        return [self.store.get(user.id) for user in users]

    def ledger(self):
        columns = "kind, value, reason, legacy_id"
        return self._beside.execute(f"SELECT {columns} FROM migratekit_ledger")

    def _rows(self, name):
        return self._beside.execute(f"SELECT * FROM {name}").fetchall()


def _hurry(connection, _):
    connection.execute("PRAGMA synchronous = OFF").close()


@attrs.frozen
class Start:
    """
    A state from which operations begin; *make* brings an empty stage into it.
    """

    name: str
    make: object
    policy: MigrationPolicy = _POLICY


class Stage:
    """
    A start state that can be had again and again.

    *target* is the id of the stored user whom the operations are about, if there is
    one; *token* is one to reset Ada's password that was made in the start state.
    """

    def __init__(self, start, home):
        self.name = start.name
        self.home = home
        self.site = LegacySite(ADA, BOB, passwords={"1": RIGHT, "2": "bobs"})
        home.restore(_EMPTY if isinstance(home, InMemory) else dict.fromkeys(_TABLES))
        home.store.bind_source("shop")
        self.connected = undriven(home.store, self.site, policy=start.policy)
        self.cut = _with_ports(self.connected, without_source(self.connected._ports))
        self.door = self.connected
        self.target = self.token = None
        start.make(self)
        self._saved = home.save()
        self._site = (dict(self.site.people), dict(self.site.passwords), self.site.down)
        self._first = self.door

    def play(self, flow):
        """
        Return what *flow* gives, without anybody in between.
        """
        result = run(flow, self.door._ports)
        assert not isinstance(result, Refused), result.error
        return result

    def prepare_token(self):
        change = self.play(self.door.start_password_change(ADA.email))
        self.token = None if change is None else change.token

    def reset(self):
        """
        Put everything back.
        """
        self.home.restore(self._saved)
        self.reset_outside()

    def reset_outside(self):
        """
        Put everything back but the store.
        """
        people, passwords, self.site.down = self._site
        self.site.people, self.site.passwords = dict(people), dict(passwords)
        self.site.calls.clear()
        self.door = self._first

    def state(self):
        """
        Return all that is stored, as far as it can be compared.

        Not times and versions; nor the format of a hash, because a login that meets
        another write leaves its renewal to the next login.
        """
        records = [
            (*seen(record.user), password_of(record.password_hash))
            for record in self.home.records()
        ]
        figures = self.home.store.figures()
        return (
            tuple(sorted(records, key=repr)),
            tuple(sorted(self.home.ledger(), key=repr)),
            figures.moved,
            tuple(sorted(figures.by_origin.items())),
            self.door is self.cut,
        )


_EMPTY = ({}, {}, {}, {})


def seen(user):
    """
    Return what can be compared of a stored user.
    """
    return (
        # Only who made it: how many ids were thrown away does not matter.
        user.id.partition(".")[0],
        user.origin.value,
        user.legacy_id,
        user.email,
        user.email_verified,
        user.username,
        user.blocked,
        user.must_change_password,
        user.migrated_at is not None,
        tuple(user.profile.items()),
    )
