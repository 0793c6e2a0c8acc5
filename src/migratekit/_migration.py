"""
What an operator asks of a connection: how far it is, and who moves in bulk.
"""

import contextlib
import datetime as dt
import inspect
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
)
from itertools import islice
from typing import (
    TYPE_CHECKING,
    Concatenate,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
)

import attrs

from migratekit import _flows
from migratekit._assembly import check_moment
from migratekit._chunks import chunks
from migratekit._flows.context import Context
from migratekit._parts import Parts
from migratekit._run import Flow, Refused, arun, run, scrubbed
from migratekit.errors import ConfigurationError
from migratekit.models import ImportRecord, Origin, Progress, SourceHealth, User


if TYPE_CHECKING:
    from concurrent.futures import Executor

    from migratekit.imports import ImportReport, RowError

    Row: TypeAlias = ImportRecord | RowError

P = ParamSpec("P")
T = TypeVar("T")
OnConflict: TypeAlias = Literal["skip", "raise"]


@attrs.frozen(repr=False)
class Migration(Parts):
    """
    The part of a `migratekit.Connection` that operators use.
    """

    def _run(
        self,
        flow: Callable[Concatenate[Context, P], Flow[T | Refused]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        begun, ports = self._begin(flow, *args, **kwargs)
        with ports.hash_queue.place() as place:
            outcome = run(begun, attrs.evolve(ports, place=place))
        if isinstance(outcome, Refused):
            raise scrubbed(outcome.error)
        return outcome

    def users(
        self,
        *,
        origin: Origin | None = None,
        migrated_since: dt.datetime | None = None,
    ) -> Iterator[User]:
        """
        Iterate over the stored users, in the order of their ids.

        Args:
            origin: Only those who came to be this way.
            migrated_since:
                Only those who moved at this time or later; with a time zone.

        Raises:
            TypeError: If *migrated_since* has no time zone.
            ValueError: If there is no such origin.
            migratekit.errors.ConfigurationError: If the store cannot list.
        """
        check_moment(migrated_since)
        origin = None if origin is None else Origin(origin)
        after: str | None = None
        while True:
            page = self._run(_flows.figures.list_users, after, origin, migrated_since)
            yield from page
            if len(page) < _flows.figures.PAGE:
                return
            after = page[-1].id

    def import_users(
        self,
        records: "Iterable[Row]",
        *,
        on_conflict: OnConflict = "skip",
        chunk_size: int = 1000,
        wrap: bool = False,
        executor: "Executor | None" = None,
        progress: "Callable[[ImportReport], object] | None" = None,
        on_error: "Callable[[RowError], object] | None" = None,
    ) -> "ImportReport":
        """
        Store many users of the source at once, with their legacy hashes or without.

        May run beside logins and be run again: whoever has moved stays as they are.
        What was stored stays when it breaks off.

        Args:
            records:
                The users, of a reader of `migratekit.imports` or of a source's
                ``iter_users()``; read a chunk at a time.

            on_conflict:
                What happens when a row wants an e-mail or username that another user
                has or had: ``skip`` goes on, ``raise`` ends behind its chunk.

            chunk_size: How many rows make a transaction.

            wrap:
                Whether hashes that are fast to guess are stored only with a strong one
                around them.  That is a hash of the connection's hasher for each.

            executor:
                Who computes them; without one, this thread.

            progress: Is told the report so far behind every chunk.
            on_error: Is told every row that was not stored, behind its chunk.

        Returns:
            How many were stored and how many were not, and the first errors.

        Raises:
            migratekit.errors.ConfigurationError:
                If ``import_mode`` is off or ``rehearse`` on, an argument cannot be
                used, or there are hashes and the hasher takes none.

            migratekit.errors.StoreUnavailableError:
                If the store did not answer; run the import again.

            migratekit.errors.UserExistsError:
                With *on_conflict* ``raise``.

            migratekit.errors.AlreadyMigratedError:
                The same, if nobody stored has it any more.

            migratekit.errors.ContractError: If a record is none.
        """
        from migratekit._flows import imports  # noqa: PLC0415 -- many never import

        wrapping = imports.Wrapping(executor) if wrap else None
        _check_terms(on_conflict, chunk_size, wrapping, executor)
        need_functions(progress, on_error)
        self._run(imports.begin)
        report = imports.ImportReport()
        rows = iter(records)
        while taken := [*islice(rows, chunk_size)]:
            chunk = imports.Chunk(taken, report.total + 1)
            outcome = self._run(imports.import_chunk, chunk, wrapping)
            report = report.plus(outcome.report)
            if on_error is not None:
                for error in outcome.report.errors:
                    on_error(error)
            if progress is not None:
                progress(report)
            if outcome.conflict is not None and on_conflict == "raise":
                raise scrubbed(outcome.conflict)
        return report

    def progress(self) -> Progress:
        """
        Count how many users are stored, and how many remain in the source.

        Raises:
            migratekit.errors.ConfigurationError: If the store cannot count.
        """
        return self._run(_flows.figures.progress)

    def health(self) -> tuple[SourceHealth, ...]:
        """
        Return how the source is doing, a value for each part of it that was asked.

        Asks nobody; nothing is returned before the first question and after the
        cut-over.
        """
        return self._now()[1].guard.health()


@attrs.frozen(repr=False)
class AsyncMigration(Parts):
    """
    The part of a `migratekit.AsyncConnection` that operators use.
    """

    async def _run(
        self,
        flow: Callable[Concatenate[Context, P], Flow[T | Refused]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        begun, ports = self._begin(flow, *args, **kwargs)
        with ports.hash_queue.place() as place:
            outcome = await arun(begun, attrs.evolve(ports, place=place))
        if isinstance(outcome, Refused):
            raise scrubbed(outcome.error)
        return outcome

    async def users(
        self,
        *,
        origin: Origin | None = None,
        migrated_since: dt.datetime | None = None,
    ) -> AsyncIterator[User]:
        """
        See `Connection.users()`.
        """
        check_moment(migrated_since)
        origin = None if origin is None else Origin(origin)
        after: str | None = None
        while True:
            page = await self._run(
                _flows.figures.list_users, after, origin, migrated_since
            )
            for user in page:
                yield user
            if len(page) < _flows.figures.PAGE:
                return
            after = page[-1].id

    async def import_users(
        self,
        records: "Iterable[Row] | AsyncIterable[Row]",
        *,
        on_conflict: OnConflict = "skip",
        chunk_size: int = 1000,
        wrap: bool = False,
        executor: "Executor | None" = None,
        progress: "Callable[[ImportReport], object] | None" = None,
        on_error: "Callable[[RowError], object] | None" = None,
    ) -> "ImportReport":
        """
        See `Connection.import_users()`.

        *records* may be async; if they are not, one thread reads them.  *progress* and
        *on_error* may be coroutine functions.
        """
        from migratekit._flows import imports  # noqa: PLC0415 -- many never import

        wrapping = imports.Wrapping(executor) if wrap else None
        _check_terms(on_conflict, chunk_size, wrapping, executor)
        await self._run(imports.begin)
        report = imports.ImportReport()
        async with contextlib.aclosing(chunks(records, chunk_size)) as taken:
            async for rows in taken:
                chunk = imports.Chunk(rows, report.total + 1)
                outcome = await self._run(imports.import_chunk, chunk, wrapping)
                report = report.plus(outcome.report)
                if on_error is not None:
                    for error in outcome.report.errors:
                        await settled(on_error(error))
                if progress is not None:
                    await settled(progress(report))
                if outcome.conflict is not None and on_conflict == "raise":
                    raise scrubbed(outcome.conflict)
        return report

    async def progress(self) -> Progress:
        """
        See `Connection.progress()`.
        """
        return await self._run(_flows.figures.progress)

    async def health(self) -> tuple[SourceHealth, ...]:
        """
        See `Connection.health()`.
        """
        return self._now()[1].guard.health()


async def settled(answer: object) -> None:
    """
    Await what a callback has returned, if it has to be.
    """
    if inspect.isawaitable(answer):
        await answer


def _check_terms(
    on_conflict: object, chunk_size: object, wrapping: object, executor: object
) -> None:
    if on_conflict not in {"skip", "raise"}:
        raise ConfigurationError("on_conflict must be skip or raise.")
    if type(chunk_size) is not int or chunk_size < 1:
        raise ConfigurationError("chunk_size must be a whole number of at least 1.")
    if executor is not None and wrapping is None:
        raise ConfigurationError("An executor is for wrapping hashes: set wrap=True.")


def need_functions(*callbacks: object) -> None:
    """
    Refuse callbacks that would have to be awaited.

    Raises:
        migratekit.errors.ConfigurationError: If one is a coroutine function.
    """
    for callback in callbacks:
        if inspect.iscoroutinefunction(callback):
            raise ConfigurationError(
                "A coroutine function was given: use AsyncConnection."
            )
