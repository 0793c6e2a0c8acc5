"""
A source that can hang, die and return, and what else an outage happens to.
"""

import asyncio
import threading
import time

from migratekit import LegacyUser
from migratekit.stores.memory import MemoryStore


PASSWORD = "correct horse"
WELL, HANGS, DEAD = "well", "hangs", "dead"


class Source:
    """
    A source with coroutines, which counts who asks it, and when.

    *health* says how the guard before it is; what is asked although the guard says that
    nobody is, counts as *forbidden*.
    """

    def __init__(self, health):
        self.state = WELL
        self.calls = self.under_way = self.most = self.forbidden = 0
        self._health = health
        self._lock = threading.Lock()

    def turn(self, state):
        self.state = state

    async def login(self, identifier, password, /):
        self._begin()
        try:
            if self.state == HANGS:
                await asyncio.Event().wait()
            await asyncio.sleep(0.005)
            return self._answer(identifier)
        finally:
            self._end()

    async def get_user(self, identifier, /):
        return self._answer(identifier)

    def _begin(self):
        with self._lock:
            self.calls += 1
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self.forbidden += any(part.circuit == "open" for part in self._health())

    def _end(self):
        with self._lock:
            self.under_way -= 1

    def _answer(self, identifier):
        if self.state == DEAD:
            raise ConnectionResetError
        return LegacyUser(user_id=identifier, email=identifier)


class SyncSource(Source):
    """
    The same without coroutines.  Its calls hang until it dies, and block a thread each.
    """

    def __init__(self, health):
        super().__init__(health)
        self._moves = threading.Event()
        self._moves.set()

    def turn(self, state):
        super().turn(state)
        (self._moves.clear if state == HANGS else self._moves.set)()

    def login(self, identifier, password, /):
        self._begin()
        try:
            self._moves.wait()
            time.sleep(0.005)
            return self._answer(identifier)
        finally:
            self._end()

    def get_user(self, identifier, /):
        return self._answer(identifier)


SOURCES = {"async": Source, "sync": SyncSource}


class AsyncStore:
    """
    A `MemoryStore` with coroutines, so that its look-ups need no thread.
    """

    def __init__(self):
        self.inner = MemoryStore()

    async def find(self, identifier, /):
        return self.inner.find(identifier)

    async def get(self, user_id, /):
        return self.inner.get(user_id)

    async def create(self, new, /):
        return self.inner.create(new)

    async def replace(self, old, new, /):
        return self.inner.replace(old, new)

    async def delete(self, record, /):
        return self.inner.delete(record)

    async def retired(self, key, /):
        return self.inner.retired(key)


class Hasher:
    """
    Another hasher, which notes how many of its computations there were at once.
    """

    def __init__(self, inner):
        self.inner = inner
        self.now = self.most = 0
        self._lock = threading.Lock()

    def hash(self, password, /):
        return self._noted(self.inner.hash, password)

    def verify(self, password, encoded, /):
        return self._noted(self.inner.verify, password, encoded)

    def needs_rehash(self, encoded, /):
        return self.inner.needs_rehash(encoded)

    def _noted(self, compute, *arguments):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            return compute(*arguments)
        finally:
            with self._lock:
                self.now -= 1


def percentile(values, share):
    """
    Return the value that a *share* of *values* is not above.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
