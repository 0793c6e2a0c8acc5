"""
What every throttle owes, as tests to inherit.
"""

import asyncio
import inspect
import math
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ClassVar, Final

import attrs
import pytest

from migratekit.testing._scenario import Opening, scenario, settle
from migratekit.testing._store_people import at_once
from migratekit.throttle import (
    AsyncThrottle,
    AttemptKey,
    AttemptKind,
    Throttle,
    ThrottleRules,
)


AnyThrottle = Throttle | AsyncThrottle

_PERSONS: Final = (AttemptKind.IDENTIFIER, AttemptKind.USER, AttemptKind.STRANGER)


def _somebody(kind: AttemptKind = AttemptKind.IDENTIFIER) -> AttemptKey:
    """
    Return a key that nobody else has.
    """
    return AttemptKey(kind, f"{uuid.uuid4().hex}@example.com")


class ThrottleContract:
    """
    Inherit from it and implement `open_throttle()`.

    Serves sync and async throttles.
    """

    rules: ClassVar[ThrottleRules] = ThrottleRules(
        free=3,
        first_delay=1,
        longest_delay=2,
        disable_after=4,
        forget_after=60,
        client_free=5,
        client_forget_after=2,
    )
    """The rules of the throttle that is tested, short enough to wait for."""

    contenders: ClassVar[int] = 24
    """How many threads or tasks try at once."""

    is_atomic: ClassVar[bool] = True
    """Whether no attempt is lost when many are made at once, as there must not be."""

    def open_throttle(self) -> Opening[AnyThrottle]:
        """
        Return a context manager, sync or async, that gives a throttle of `rules`.
        """
        raise NotImplementedError

    def pass_time(self, seconds: float) -> None:
        """
        Let the throttle's time pass; here by sleeping.
        """
        time.sleep(seconds)

    def _open(self) -> Opening[AnyThrottle]:
        return self.open_throttle()

    async def _fail(self, throttle: AnyThrottle, key: AttemptKey, times: int) -> None:
        for _ in range(times):
            assert await settle(throttle.reserve(key)) is None

    async def _wait(self, throttle: AnyThrottle, key: AttemptKey) -> float:
        """
        Wait for as long as the throttle says, and return for how long that was.
        """
        wait = await settle(throttle.reserve(key))
        assert isinstance(wait, int | float)
        assert wait > 0
        self.pass_time(wait + 0.05)
        return wait

    @scenario
    async def test_free(self, throttle: AnyThrottle) -> None:
        """
        Some failures cost nothing, and then there is a wait; for clients later.
        """
        for kind in AttemptKind:
            key = _somebody(kind)

            await self._fail(throttle, key, self.rules.free_of(kind))

            wait = await settle(throttle.reserve(key))
            assert wait is not None, kind
            assert 0 < wait <= self.rules.first_delay

    @scenario
    async def test_denied_is_not_counted(self, throttle: AnyThrottle) -> None:
        """
        Whoever does not wait does not have to wait for longer.
        """
        key = _somebody()
        await self._fail(throttle, key, self.rules.free)

        for _ in range(20):
            wait = await settle(throttle.reserve(key))
            assert wait is not None
            assert 0 < wait <= self.rules.first_delay

        await self._wait(throttle, key)
        await self._fail(throttle, key, 1)

    @scenario
    async def test_doubling(self, throttle: AnyThrottle) -> None:
        """
        Each failure after the free ones doubles the wait, up to the longest.
        """
        key = _somebody(AttemptKind.REQUEST)
        await self._fail(throttle, key, self.rules.free)

        for seconds in (1, 2):
            wait = await self._wait(throttle, key)
            assert seconds - 0.5 <= wait <= seconds
            await self._fail(throttle, key, 1)

        final = await settle(throttle.reserve(key))
        assert final is not None
        assert 1.5 <= final <= 2

    @scenario
    async def test_keys(self, throttle: AnyThrottle) -> None:
        """
        Nobody has to wait for another one's failures, nor for those of another kind.
        """
        keys = [_somebody(kind) for kind in AttemptKind]
        keys += [attrs.evolve(key, kind=AttemptKind.USER) for key in keys[:1]]
        keys += [
            AttemptKey(AttemptKind.USER, text) for text in ("", "a", "A", "\udc80")
        ]

        for key in keys:
            await self._fail(throttle, key, self.rules.free)

    @scenario
    async def test_reset(self, throttle: AnyThrottle) -> None:
        """
        A success begins anew, whether one had to wait or not.
        """
        key = _somebody()
        for failures in (1, self.rules.free):
            await self._fail(throttle, key, failures)

            await settle(throttle.reset(key))

        await self._fail(throttle, key, self.rules.free)
        assert await settle(throttle.reserve(key)) is not None

    @scenario
    async def test_release(self, throttle: AnyThrottle) -> None:
        """
        What was no failure is given back: one, and not more than one.
        """
        key = _somebody()
        await self._fail(throttle, key, self.rules.free - 1)
        for _ in range(self.rules.free):
            await self._fail(throttle, key, 1)

            await settle(throttle.release(key))

        await self._fail(throttle, key, 1)
        assert await settle(throttle.reserve(key)) is not None

    @scenario
    async def test_release_after_a_wait(self, throttle: AnyThrottle) -> None:
        """
        So it is when one had to wait, and the next wait is no longer than before.
        """
        key = _somebody(AttemptKind.REQUEST)
        await self._fail(throttle, key, self.rules.free)
        await self._wait(throttle, key)
        for _ in range(3):
            await self._fail(throttle, key, 1)

            await settle(throttle.release(key))

        await self._fail(throttle, key, 1)
        wait = await settle(throttle.reserve(key))
        assert wait is not None
        assert 1.5 <= wait <= 2

    @scenario
    async def test_nothing_to_give_back(self, throttle: AnyThrottle) -> None:
        """
        Whoever has not failed gets nothing for it.
        """
        key = _somebody()
        await settle(throttle.release(key))
        await settle(throttle.reset(key))

        await self._fail(throttle, key, self.rules.free)

        assert await settle(throttle.reserve(key)) is not None

    @scenario
    async def test_forgotten(self, throttle: AnyThrottle) -> None:
        """
        Failures are forgotten in the end, here those of a client.
        """
        key = _somebody(AttemptKind.CLIENT)
        await self._fail(throttle, key, self.rules.client_free - 1)

        self.pass_time(self.rules.client_forget_after + 0.1)

        await self._fail(throttle, key, self.rules.client_free)

    @scenario
    async def test_disabled(self, throttle: AnyThrottle) -> None:
        """
        After very many failures only a reset helps; but never for clients or requests.
        """
        keys = [_somebody(kind) for kind in AttemptKind]
        for key in keys:
            await self._fail(throttle, key, self.rules.free_of(key.kind))
        self.pass_time(self.rules.first_delay + 0.1)

        for key in keys:
            await self._fail(throttle, key, 1)

        for key in keys:
            wait = await settle(throttle.reserve(key))
            assert wait is not None
            assert math.isinf(wait) == (key.kind in _PERSONS), key.kind
            await settle(throttle.reset(key))
            await self._fail(throttle, key, 1)

    @scenario
    async def test_parallel(self, throttle: AnyThrottle) -> None:
        """
        Of many attempts at the same time exactly the free ones are made.
        """
        self._need_atomic()
        for _ in range(5):
            key = _somebody()

            assert self.rules.free == await self._burst(throttle, key)

    @scenario
    async def test_parallel_after_a_wait(self, throttle: AnyThrottle) -> None:
        """
        Of many who have waited exactly one goes on, and all wait for the same time.
        """
        self._need_atomic()
        key = _somebody(AttemptKind.REQUEST)
        await self._burst(throttle, key)
        await self._wait(throttle, key)

        assert await self._burst(throttle, key) == 1

        wait = await settle(throttle.reserve(key))
        assert wait is not None
        assert wait <= 2

    @scenario
    async def test_parallel_releases(self, throttle: AnyThrottle) -> None:
        """
        What was given back at the same time can be used again, and no more than that.
        """
        self._need_atomic()
        key = _somebody()
        await self._fail(throttle, key, self.rules.free)

        _, failures = await at_once([partial(throttle.release, key)] * 2)

        assert failures == []
        assert await self._burst(throttle, key) == 2

    def _need_atomic(self) -> None:
        if not self.is_atomic:
            pytest.skip("it loses attempts that are made at once")

    async def _burst(self, throttle: AnyThrottle, key: AttemptKey) -> int:
        """
        Return how many of many attempts are let pass.
        """
        if inspect.iscoroutinefunction(throttle.reserve):
            tasks = [settle(throttle.reserve(key)) for _ in range(self.contenders)]
            return (await asyncio.gather(*tasks)).count(None)

        barrier = threading.Barrier(self.contenders)

        def call(_: int) -> object:
            barrier.wait()
            return throttle.reserve(key)

        with ThreadPoolExecutor(self.contenders) as pool:
            return [*pool.map(call, range(self.contenders))].count(None)
