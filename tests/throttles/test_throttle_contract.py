"""
Every throttle of ours keeps the contract.

``MIGRATEKIT_TEST_REDIS`` is the URL of a Redis server, such as redis://localhost:6379.
"""

import os
import time
import types
import uuid
from contextlib import asynccontextmanager, contextmanager

import pytest
from limits.aio.storage import MemoryStorage as AsyncMemoryStorage
from limits.aio.storage import RedisStorage as AsyncRedisStorage
from limits.storage import MemoryStorage, RedisStorage

from migratekit.testing import ThrottleContract, VirtualClock
from migratekit.throttles.limits import AsyncLimitsThrottle, LimitsThrottle
from migratekit.throttles.memory import MemoryThrottle


class TestMemoryThrottle(ThrottleContract):
    """
    The throttle in memory.
    """

    contenders = 64

    @contextmanager
    def open_throttle(self):
        self.clock = VirtualClock()
        yield MemoryThrottle(self.rules, clock=self.clock)

    def pass_time(self, seconds):
        self.clock.advance(seconds)


class Shifted(ThrottleContract):
    """
    Time passes where the library looks at it.
    """

    shift = 0.0

    def pass_time(self, seconds):
        self.shift += seconds

    @contextmanager
    def shifted(self):
        clock = types.SimpleNamespace(time=lambda: time.time() + self.shift)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("limits.storage.memory.time", clock)
            patch.setattr("limits.aio.storage.memory.time", clock)
            patch.setattr("migratekit.throttles.limits.time", clock)
            yield


class TestLimitsThrottle(Shifted):
    """
    The memory of limits, which lets two threads both make a key's first entry.
    """

    is_atomic = False

    @contextmanager
    def open_throttle(self):
        with self.shifted():
            storage = MemoryStorage()
            yield LimitsThrottle(storage, self.rules, secret_key="x" * 16)
            storage.timer.join()


class TestAsyncLimitsThrottle(Shifted):
    """
    The same for one event loop.
    """

    @asynccontextmanager
    async def open_throttle(self):
        with self.shifted():
            yield AsyncLimitsThrottle(AsyncMemoryStorage(), self.rules)


def redis_url():
    url = os.environ.get("MIGRATEKIT_TEST_REDIS")
    if url is None:
        pytest.skip("MIGRATEKIT_TEST_REDIS is not set: no server to test against")
    return url


class TestRedis(ThrottleContract):
    """
    A Redis server.
    """

    contenders = 64

    @contextmanager
    def open_throttle(self):
        storage = RedisStorage(redis_url(), key_prefix=uuid.uuid4().hex)
        try:
            yield LimitsThrottle(storage, self.rules, secret_key="x" * 16)
        finally:
            storage.reset()
            storage.storage.close()


class TestAsyncRedis(ThrottleContract):
    """
    A Redis server, asked by an event loop.
    """

    @asynccontextmanager
    async def open_throttle(self):
        storage = AsyncRedisStorage(
            f"async+{redis_url()}",
            key_prefix=uuid.uuid4().hex,
            implementation="redispy",
        )
        try:
            yield AsyncLimitsThrottle(storage, self.rules)
        finally:
            await storage.reset()
            await storage.bridge.get_connection().aclose()
