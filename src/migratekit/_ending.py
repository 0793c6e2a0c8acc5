"""
What an operator asks of a connection when its source is to go.
"""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

import attrs

from migratekit import _flows
from migratekit._chunks import chunks
from migratekit._migration import AsyncMigration, Migration, need_functions, settled
from migratekit._run import scrubbed
from migratekit._steps.source import failure_of_source
from migratekit.errors import ConfigurationError, CutOverRefusedError
from migratekit.models import ImportRecord


if TYPE_CHECKING:
    from migratekit.finish import Gate, Keeping, Leftovers
    from migratekit.imports import ImportReport

Told: TypeAlias = "Callable[[Leftovers], object] | None"
_QUIET_DAYS: Final = 7
_CHUNK: Final = 1000


@attrs.frozen(repr=False)
class Ending(Migration):
    """
    The part of a `migratekit.Connection` that ends a migration.
    """

    def gate(self, *, quiet_days: int = _QUIET_DAYS) -> "Gate":
        """
        Return whether the source may go, and all that stands in the way.

        It is read only.  `cut_over()` looks at less: at who remains, and nothing else.

        Args:
            quiet_days:
                For how many days nobody should have asked the source, as far as a
                `migratekit.recorder.StatisticsRecorder` has counted; 0 if that does
                not matter.

        Raises:
            migratekit.errors.StoreUnavailableError: If the store did not answer.
            migratekit.errors.ConfigurationError: If *quiet_days* is no such number.
        """
        return self._run(_flows.gate.gate, quiet_days)

    def keep_leftovers(
        self,
        leftovers: Literal["load", "reserve"] = "load",
        *,
        progress: Told = None,
    ) -> "Leftovers":
        """
        See to it that nobody gets what those are known by who have not moved.

        The source goes on to be asked; `cut_over()` does this first.  It may run beside
        logins, break off and be run again.

        Args:
            leftovers:
                ``load`` stores them without a password, as an import without hashes
                does: as long as the source is there, it vouches for them at their next
                login; then they have to reset.  Whoever cannot be stored is reserved.

                ``reserve`` reserves all of them: from now on they can neither log in
                nor reset, and nobody can sign up with their e-mail or username.

            progress: Is told how far it is, behind every 1,000 users.

        Returns:
            What became of them.

        Raises:
            migratekit.errors.ConfigurationError:
                If the source cannot list its users, or the store cannot reserve; or to
                load, while ``import_mode`` is off.

            migratekit.errors.LegacyUnavailableError:
                If the source did not answer; run it again.

            migratekit.errors.StoreUnavailableError:
                If the store did not answer; run it again.

            migratekit.errors.ContractError: If the source lists what is no user.
        """
        flow = _flows.leftovers
        need_functions(progress)
        source = self._run(flow.begin, leftovers)
        kept = flow.Leftovers()

        def tell(report: "ImportReport") -> None:
            if progress is not None:
                progress(flow.loaded(report))

        if leftovers == "load":
            without = map(_without_hash, _listed(_rows_of(source)))
            report = self.import_users(without, chunk_size=_CHUNK, progress=tell)
            kept = flow.loaded(report)
        rows = _listed(_rows_of(source))
        while taken := [*islice(rows, _CHUNK)]:
            kept = self._run(flow.reserve_chunk, taken, kept, leftovers)
            if progress is not None:
                progress(kept)
        return self._run(flow.conclude, kept)

    def cut_over(self, *, force: bool = False, leftovers: "Keeping" = "load") -> Self:
        """
        Return the same connection without its source, which may then be switched off.

        If the source can list its users, those who have not moved are kept first, see
        `keep_leftovers()`.  If it cannot, they can neither log in nor reset any more,
        and their e-mails are free for anybody to register.

        How many remain is the source's count less those who ever moved: it is too low
        if the source has lost users since they moved.  Delete none there before the
        end.

        Settings that are followed stay as they are: other connections ask as before.

        Args:
            force: Cut over although users remain, or the source cannot be counted.
            leftovers:
                What becomes of those who have not moved: ``load``, ``reserve``, or
                ``leave`` to do nothing about them, as also for a source that cannot
                list.

        Raises:
            migratekit.errors.CutOverRefusedError:
                If the source can count, and users remain; or if it lists some who can
                be neither stored nor reserved.

            migratekit.errors.LegacyUnavailableError:
                If the source can count or list, and did not answer.

            migratekit.errors.MigrateKitError: As `keep_leftovers()` does.
        """
        flow = _flows.leftovers
        decision = self._run(flow.decide, leftovers, force=force)
        if decision.how is not None:
            kept = self.keep_leftovers(decision.how)
            if kept.unreadable and not force:
                raise CutOverRefusedError(kept.unreadable)
        self._run(flow.tell_cut_over, decision)
        return self._without_source()

    def lift_reservations(self, *, force: bool = False) -> int:
        """
        Make what is reserved free again, when the source is back.

        That undoes a cut-over.  The source is asked again about whoever was reserved,
        and it vouches for those who were loaded without a password.

        Args:
            force: Lift them although there is no source: then anybody may have them.

        Returns:
            How many e-mails, usernames and legacy ids were reserved.

        Raises:
            migratekit.errors.ConfigurationError:
                If there is no source, or the store cannot reserve.
        """
        flow = _flows.leftovers
        return self._run(flow.lift, force=force)


@attrs.frozen(repr=False)
class AsyncEnding(AsyncMigration):
    """
    The part of a `migratekit.AsyncConnection` that ends a migration.
    """

    async def gate(self, *, quiet_days: int = _QUIET_DAYS) -> "Gate":
        """
        See `Connection.gate()`.
        """
        return await self._run(_flows.gate.gate, quiet_days)

    async def keep_leftovers(
        self,
        leftovers: Literal["load", "reserve"] = "load",
        *,
        progress: Told = None,
    ) -> "Leftovers":
        """
        See `Connection.keep_leftovers()`.

        *progress* may be a coroutine function.
        """
        flow = _flows.leftovers
        source = await self._run(flow.begin, leftovers)
        kept = flow.Leftovers()

        async def tell(report: "ImportReport") -> None:
            if progress is not None:
                await settled(progress(flow.loaded(report)))

        if leftovers == "load":
            rows = _changed(_rows_of(source), _without_hash)
            report = await self.import_users(rows, chunk_size=_CHUNK, progress=tell)
            kept = flow.loaded(report)
        rows = _changed(_rows_of(source), _itself)
        async with contextlib.aclosing(chunks(rows, _CHUNK)) as taken:
            async for chunk in taken:
                kept = await self._run(flow.reserve_chunk, chunk, kept, leftovers)
                if progress is not None:
                    await settled(progress(kept))
        return await self._run(flow.conclude, kept)

    async def cut_over(
        self, *, force: bool = False, leftovers: "Keeping" = "load"
    ) -> Self:
        """
        See `Connection.cut_over()`.
        """
        flow = _flows.leftovers
        decision = await self._run(flow.decide, leftovers, force=force)
        if decision.how is not None:
            kept = await self.keep_leftovers(decision.how)
            if kept.unreadable and not force:
                raise CutOverRefusedError(kept.unreadable)
        await self._run(flow.tell_cut_over, decision)
        return self._without_source()

    async def lift_reservations(self, *, force: bool = False) -> int:
        """
        See `Connection.lift_reservations()`.
        """
        flow = _flows.leftovers
        return await self._run(flow.lift, force=force)


def _rows_of(source: Any) -> Any:
    try:
        return source.iter_users()
    except Exception as exc:  # noqa: BLE001 -- whatever a source raises
        failure = failure_of_source(exc)
    raise scrubbed(failure)


def _listed(rows: Iterable[Any]) -> Iterator[Any]:
    """
    Yield *rows*; whatever a source raises meanwhile is what a question raises.
    """
    if isinstance(rows, AsyncIterable):
        raise ConfigurationError(
            "The source lists its users asynchronously: use AsyncConnection."
        )
    try:
        yield from rows
    except Exception as exc:  # noqa: BLE001 -- whatever a source raises
        failure = failure_of_source(exc)
    else:
        return
    raise scrubbed(failure)


def _changed(
    rows: Iterable[Any] | AsyncIterable[Any], change: Callable[[Any], Any]
) -> Iterable[Any] | AsyncIterable[Any]:
    if isinstance(rows, AsyncIterable):
        return _awaited(rows, change)
    return map(change, _listed(rows))


async def _awaited(
    rows: AsyncIterable[Any], change: Callable[[Any], Any]
) -> AsyncIterator[Any]:
    try:
        async for row in rows:
            yield change(row)
    except Exception as exc:  # noqa: BLE001 -- whatever a source raises
        failure = failure_of_source(exc)
    else:
        return
    raise scrubbed(failure)


def _without_hash(row: Any) -> Any:
    if isinstance(row, ImportRecord):
        return attrs.evolve(row, password=None)
    return row


def _itself(row: Any) -> Any:
    return row
