"""
Where surveys get rows, and tell what they find: iterables and callbacks of others.

What those raise reaches whoever called, as it is.
"""

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, TypeAlias

from migratekit._chunks import chunks
from migratekit._findings import Finding
from migratekit.errors import ConfigurationError, MigrateKitError


AT_ONCE: Final = 1000

Rows: TypeAlias = Callable[[], Iterable[Any] | AsyncIterable[Any]]
OnFinding: TypeAlias = Callable[[Finding], object]
OnProgress: TypeAlias = Callable[[int, int], object]
Deploy: TypeAlias = Callable[[], object]


def _nobody() -> tuple[Any, ...]:
    return ()


def _nothing(*_: object) -> None:
    return None


class _Others:
    """
    The iterables and callbacks of others, and what they raised.

    Args:
        rows: Gives all rows, each time that it is called.
        on_finding: Is told every finding.
        progress: Is told how many times all were begun, and how many are done since.
        deploy: Has everybody compare by the new strategy version.
    """

    def __init__(
        self,
        *,
        rows: Rows = _nobody,
        on_finding: OnFinding | None = None,
        progress: OnProgress | None = None,
        deploy: Deploy | None = None,
    ) -> None:
        self._source = rows
        self._on_finding = on_finding or _nothing
        self._progress = progress or _nothing
        self._deploy = deploy or _nothing
        self._walks = self._done = 0
        self._error: Exception | None = None

    @contextmanager
    def heard(self) -> Iterator[None]:
        """
        Raise what others raised, and not what a flow made of it.
        """
        try:
            yield
        except MigrateKitError:
            if self._error is None:
                raise
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._error = error
            raise

    def _begin(self) -> Iterable[Any] | AsyncIterable[Any]:
        self._walks, self._done = self._walks + 1, 0
        return self._source()


class Desk(_Others):
    """
    The desk of a sync connection; see `migratekit._steps.surveys.Desk`.

    Raises:
        migratekit.errors.ConfigurationError: If a callback is a coroutine function.
    """

    _rows: Iterator[Any] = iter(())

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        for part in (self._on_finding, self._progress, self._deploy):
            if inspect.iscoroutinefunction(part):
                raise ConfigurationError(
                    "A coroutine function was given: use AsyncConnection."
                )

    def begin(self) -> None:
        with self._kept():
            rows = self._begin()
            if isinstance(rows, AsyncIterable):
                raise ConfigurationError(
                    "The source lists its users with coroutines: use AsyncConnection."
                )
            self._rows = iter(rows)

    def take(self) -> Sequence[Any]:
        with self._kept():
            return [*islice(self._rows, AT_ONCE)]

    def tell(self, findings: Sequence[Finding], /) -> None:
        with self._kept():
            for finding in findings:
                self._on_finding(finding)

    def advance(self, done: int, /) -> None:
        self._done += done
        with self._kept():
            self._progress(self._walks, self._done)

    def deploy(self) -> None:
        with self._kept():
            self._deploy()


class AsyncDesk(_Others):
    """
    The desk of an async connection; sync rows are read in a thread of their own.
    """

    _rows: AsyncGenerator[Sequence[Any], None] | None = None

    async def begin(self) -> None:
        with self._kept():
            await self.close()
            self._rows = chunks(self._begin(), AT_ONCE)

    async def take(self) -> Sequence[Any]:
        assert self._rows is not None  # noqa: S101 -- it has begun
        with self._kept():
            return await anext(self._rows, [])

    async def tell(self, findings: Sequence[Finding], /) -> None:
        with self._kept():
            for finding in findings:
                await _settled(self._on_finding(finding))

    async def advance(self, done: int, /) -> None:
        self._done += done
        with self._kept():
            await _settled(self._progress(self._walks, self._done))

    async def deploy(self) -> None:
        with self._kept():
            await _settled(self._deploy())

    async def close(self) -> None:
        """
        Read no more.
        """
        if self._rows is not None:
            await self._rows.aclose()


async def _settled(answer: object) -> None:
    if inspect.isawaitable(answer):
        await answer
