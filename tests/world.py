"""
The fakes of the tests: a legacy site, and the two doors behind one face.
"""

from contextlib import contextmanager

import attrs
import pytest

from migratekit import AsyncConnection, Connection, LegacyUser
from migratekit.errors import AmbiguousUserError, LegacyUnavailableError
from migratekit.models import (
    Identifier,
    ImportRecord,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    StoredHash,
    User,
)
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.validation import canonical


KEY = "a secret key of the tests"


class LegacySite:
    """
    A legacy source over dicts: finds people by e-mail or username in any case.

    *calls* counts what it was asked; *down* makes it fail; what is in *ambiguous* it
    knows several users by; *drift* is what `get_user` alone says of somebody, by id.
    """

    def __init__(self, *people, passwords=None):
        self.people = {person.user_id: person for person in people}
        self.passwords = dict(passwords or {})
        self.down = False
        self.ambiguous = set()
        self.drift = {}
        self.calls = []

    def add(self, user_id, email, password, **more):
        self.people[user_id] = LegacyUser(user_id=user_id, email=email, **more)
        self.passwords[user_id] = password
        return self.people[user_id]

    def change(self, user_id, **changes):
        self.people[user_id] = attrs.evolve(self.people[user_id], **changes)

    def login(self, identifier, password, /):
        self.calls.append(("login", identifier))
        person = self._find(identifier)
        if person is None or self.passwords[person.user_id] != password:
            return None
        return person

    def get_user(self, identifier, /):
        self.calls.append(("get_user", identifier))
        person = self._find(identifier)
        if person is None:
            return None
        return attrs.evolve(person, **self.drift.get(person.user_id, {}))

    def count(self):
        if self.down:
            raise LegacyUnavailableError("down")
        return len(self.people)

    def _find(self, identifier):
        if self.down:
            raise LegacyUnavailableError("down")
        wanted = identifier.lower()
        if wanted in self.ambiguous:
            raise AmbiguousUserError("Several.")
        for person in self.people.values():
            name = person.email if "@" in wanted else person.username
            if name is not None and name.strip().lower() == wanted:
                return person
        return None


class AsyncLegacySite:
    """
    The same site with coroutines.
    """

    def __init__(self, site):
        self.site = site

    async def login(self, identifier, password, /):
        return self.site.login(identifier, password)

    async def get_user(self, identifier, /):
        return self.site.get_user(identifier)

    async def count(self):
        return self.site.count()


class ListingSite(LegacySite):
    """
    A site that lists its users, with what it has for their hashes.

    *rows* are listed behind them; *acts* are done before the row of a number is.
    """

    def __init__(self, *people, passwords=None):
        super().__init__(*people, passwords=passwords)
        self.rows = []
        self.acts = {}

    def iter_users(self):
        people = [self._record(person) for person in self.people.values()]
        for number, row in enumerate([*people, *self.rows, None]):
            self.acts.pop(number, lambda: None)()
            if row is not None:
                yield row

    def _record(self, person):
        fields = {f.name: getattr(person, f.name) for f in attrs.fields(LegacyUser)}
        stored = StoredHash(f"plain {self.passwords[person.user_id]}")
        return ImportRecord(**fields, password=stored)


class AsyncListingSite(AsyncLegacySite):
    """
    The same with coroutines.
    """

    async def iter_users(self):
        for row in self.site.iter_users():
            yield row


class Door:
    """
    An `AsyncConnection` with the face of a `Connection`.
    """

    def __init__(self, connection, runner):
        self._connection = connection
        self._runner = runner

    def __getattr__(self, name):
        method = getattr(self._connection, name)

        def call(*args, **kwargs):
            async def wait():
                answer = method(*args, **kwargs)
                if hasattr(answer, "__aiter__"):
                    return [user async for user in answer]
                return await answer

            answer = self._runner.run(wait())
            if isinstance(answer, AsyncConnection):
                return Door(answer, self._runner)
            return answer

        return call


def connect(store, source, *, runner=None, **more):
    """
    Return a connection with cheap hashes, a virtual clock and no log.

    With an ``asyncio.Runner``, it is an async one behind a `Door`.
    """
    options = {
        "source_name": "shop",
        "hasher": CHEAPEST,
        "listeners": (),
        "secret_key": KEY,
        "clock": VirtualClock(),
        **more,
    }
    if runner is None:
        return Connection(store, source, **options)
    return Door(AsyncConnection(store, source, **options), runner)


class Watch:
    """
    Counts what a store is asked, and lets a test act in between.

    *calls* has the name and the arguments of every call.
    """

    def __init__(self, inner):
        self.inner = inner
        self.calls = []
        self._acts = {}

    def before(self, name, act, *, skip=0):
        """
        Have *act* done once, right before a call of *name*; it may raise.
        """
        self._acts.setdefault(("before", name), []).append([skip, act])

    def after(self, name, act, *, skip=0):
        """
        Have *act* done once, after a call of *name* and before its answer.
        """
        self._acts.setdefault(("after", name), []).append([skip, act])

    def count(self, *names):
        return sum(name in names for name, _ in self.calls)

    def reach(self, moment, name):
        waiting = self._acts.get((moment, name))
        if not waiting:
            return
        if waiting[0][0] > 0:
            waiting[0][0] -= 1
            return
        _, act = waiting.pop(0)
        act()


class WatchedStore(Watch):
    """
    A watched store with the methods of a sync one.
    """


class AsyncWatchedStore(Watch):
    """
    A watched store with the methods of an async one.
    """


def _watched(name):
    def call(self, *args):
        self.calls.append((name, args))
        self.reach("before", name)
        answer = getattr(self.inner, name)(*args)
        self.reach("after", name)
        return answer

    async def call_async(self, *args):
        self.calls.append((name, args))
        self.reach("before", name)
        answer = await getattr(self.inner, name)(*args)
        self.reach("after", name)
        return answer

    return call, call_async


READS = ("find", "get", "retired")
WRITES = ("create", "create_many", "replace", "delete", "readmit", "bind_source")
ENDING = ("reserve", "reserve_many", "reservations", "lift_reservations", "tallies")
ABILITIES = ("list_users", "figures", "retired_many", "add_tallies", *ENDING)

for _name in (*READS, *WRITES, *ABILITIES):
    _sync, _async = _watched(_name)
    setattr(WatchedStore, _name, _sync)
    setattr(AsyncWatchedStore, _name, _async)


class Scene:
    """
    A legacy site, a store, and connections to both through one kind of door.

    Args:
        store: What the connections use, sync or async.
        side: A sync store with the same users, which a test may use at any moment.
        snapshot: Gives everything that is stored.
        runner: The ``asyncio.Runner`` of an async door.
    """

    def __init__(self, store, *, side, snapshot, runner=None):
        self.side = side
        self.snapshot = snapshot
        self.runner = runner
        self.store = WatchedStore(store) if store is side else AsyncWatchedStore(store)
        self.site = LegacySite()
        self.clock = VirtualClock()
        self.events = []
        self.connection = self.connect()

    @property
    def source(self):
        if self.runner is None:
            return self.site
        lists = isinstance(self.site, ListingSite)
        return (AsyncListingSite if lists else AsyncLegacySite)(self.site)

    def connect(self, **more):
        """
        Return a connection whose events go to *events*.
        """
        options = {"clock": self.clock, "listeners": [self.events.append], **more}
        store = options.pop("store", self.store)
        source = options.pop("source", self.source)
        return connect(store, source, runner=self.runner, **options)

    def beside(self, **more):
        """
        Return a sync connection to the same users, for use in the midst of a call.
        """
        return connect(self.side, self.site, **more)

    def find(self, identifier):
        return self.side.find(canonical(identifier))

    def is_retired(self, kind, value):
        return self.side.retired(LedgerKey(kind, value)) is not None

    def preload(self, user_id, email, **more):
        """
        Store a user of the site without a password, as a bulk import does.
        """
        user = User(
            id=f"stored-{user_id}",
            origin=Origin.IMPORT,
            legacy_id=f"shop|{user_id}",
            email=email,
            **more,
        )
        return self.side.create(NewUser(user, None)).user

    def store_user(self, email, password_hash, **more):
        """
        Store a user whose record looks just so.
        """
        user = User(id="stored", origin=Origin.ADMIN, email=email, **more)
        return self.side.create(NewUser(user, password_hash)).user

    def overwrite(self, identifier, *, password_hash=None, **changes):
        """
        Write over what is stored under *identifier*, as somebody else would.
        """
        old = self.find(identifier)
        user = attrs.evolve(old.user, **changes)
        new = attrs.evolve(
            old, user=user, password_hash=password_hash or old.password_hash
        )
        return self.side.replace(old, new)

    def told(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @contextmanager
    def refused(self, kind):
        """
        Expect an error of exactly *kind* that shows nobody's frame, and nothing written.
        """
        stored = self.snapshot()

        with pytest.raises(kind) as caught:
            yield caught

        assert kind is caught.type
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert stored == self.snapshot()


def email(value):
    return Identifier(KeyKind.EMAIL, value)


def is_floor(seconds, floor=0.25):
    """
    Return whether an answer took the floor, and at most 20 ms more.
    """
    return floor - 1e-9 <= seconds <= floor + 0.02 + 1e-9
