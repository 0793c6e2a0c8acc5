"""
Sources that hang until a test says so, and guards with one face.
"""

import asyncio
import threading
import time

import attrs
import pytest
from deadlines import LONG, reached

from migratekit._circuit import Limits
from migratekit._guard import AsyncGuard, Guard
from migratekit.errors import LegacyUnavailableError


ADA = "ada@example.com"


def limits(**changes):
    return Limits(
        **{"deadline": LONG, "calls": 2, "failures": 3, "pause": 30} | changes
    )


class Source:
    """
    Hangs while *hanging*, and answers then what it is told to.
    """

    def __init__(self, answer="answer"):
        self.answer = answer
        self.calls = 0
        self.most = 0
        self.under_way = 0
        self.hanging = threading.Event()
        self.hanging.set()
        self.reached = threading.Event()
        self.lock = threading.Lock()

    def hang(self):
        self.hanging.clear()

    def go_on(self):
        self.hanging.set()

    def ask(self, identifier, /):
        with self.lock:
            self.calls += 1
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.reached.set()
        try:
            assert self.hanging.wait(LONG)
        finally:
            with self.lock:
                self.under_way -= 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class AsyncSource(Source):
    """
    The same with a coroutine.
    """

    async def ask(self, identifier, /):
        self.calls += 1
        return await self.answered()

    async def answered(self):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            while not self.hanging.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        finally:
            self.under_way -= 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class HiddenSource(AsyncSource):
    """
    The same with a plain method that gives a coroutine, as behind a decorator.
    """

    def ask(self, identifier, /):
        self.calls += 1
        self.reached.set()
        return self.answered()


_SOURCES = {"async": AsyncSource, "hidden": HiddenSource}


class Door:
    """
    A guard, sync or async, with one face; *source* is what it asks.
    """

    def __init__(self, kind, runner, clock, **changes):
        self.source = _SOURCES.get(kind, Source)()
        guard = Guard if kind == "sync" else AsyncGuard
        self.limits = limits(**changes)
        self.guard = guard(self.source, self.limits, clock)
        self.runner = runner

    def ask(self, answer=None):
        if answer is not None:
            self.source.answer = answer
        if isinstance(self.guard, Guard):
            return self.guard.call(self.source.ask, ADA)
        return self.runner.run(self.guard.call(self.source.ask, ADA))

    def ask_hastily(self):
        """
        Ask, and wait a moment only, in which the source is reached.
        """
        patient = self.guard
        self.guard = patient.under(attrs.evolve(self.limits, deadline=0.02))
        try:
            with reached(self.source.reached):
                return self.ask()
        finally:
            self.guard = patient

    def fail(self, times=1):
        for _ in range(times):
            with pytest.raises(LegacyUnavailableError):
                self.ask(LegacyUnavailableError("down"))

    def settle(self):
        """
        Wait until no call is under way any more.
        """
        until = time.monotonic() + LONG
        while self.health.calls and time.monotonic() < until:
            if self.runner is not None:
                self.runner.run(asyncio.sleep(0.001))
            time.sleep(0.001)

    @property
    def health(self):
        (health,) = self.guard.health()
        return health
