"""
Collects what an overview is made of.
"""

import datetime as dt
import inspect
from collections.abc import Awaitable, Iterable
from typing import Any, Final

import attrs

from migratekit import AsyncConnection, Connection
from migratekit._assembly import SystemClock
from migratekit._steps.step import whereabouts
from migratekit.errors import MigrateKitError, StoreUnavailableError
from migratekit.models import Progress
from migratekit.overview._conditions import conditions
from migratekit.overview._formats import stored_formats
from migratekit.overview._pace import paces
from migratekit.overview._recorded import statistics_of
from migratekit.overview._values import Overview
from migratekit.protocols import Clock, CountableStore
from migratekit.recorder import StatisticsRecorder
from migratekit.statistics import StatisticsStore


_CLOCK: Final = SystemClock()
# Fewer would not tell a quiet week from one that nobody recorded.
_FEWEST_DAYS: Final = 14
_MOST_DAYS: Final = 3660


def overview_of(
    connection: Connection, *, days: int = 30, clock: Clock = _CLOCK
) -> Overview:
    """
    Return how far the migration of *connection* is, and how it goes.

    Asks the store and, where it can count, the source.  What they cannot tell is None.

    Args:
        connection: Whose migration.
        days: How many days of what was recorded, today included; 14 to 3,660.
        clock: Says which day it is.

    Raises:
        ValueError: If *days* is out of bounds.
        migratekit.errors.StoreUnavailableError: If the store did not answer.
        migratekit.errors.ConfigurationError: If the store has no tables yet.
        migratekit.errors.ContractError: If the store answered what no store may.
    """
    inquiry = _Inquiry.begun(connection, days, clock)
    store = connection.store
    progress = connection.progress() if isinstance(store, CountableStore) else None
    return inquiry.answered(progress, inquiry.tallies())


async def async_overview_of(
    connection: AsyncConnection, *, days: int = 30, clock: Clock = _CLOCK
) -> Overview:
    """
    See `overview_of()`.
    """
    # As late as anywhere: most who import this are no async program.
    from asyncio import to_thread  # noqa: PLC0415

    inquiry = _Inquiry.begun(connection, days, clock)
    store = connection.store
    progress = None
    if isinstance(store, CountableStore):
        progress = await connection.progress()
    if inspect.iscoroutinefunction(getattr(store, "tallies", None)):
        tallies = await inquiry.awaited_tallies()
    else:
        tallies = await to_thread(inquiry.tallies)
    # It may compute a hash.
    return await to_thread(inquiry.answered, progress, tallies)


@attrs.frozen
class _Inquiry:
    connection: Connection | AsyncConnection
    now: dt.datetime
    since: dt.date

    @classmethod
    def begun(
        cls, connection: Connection | AsyncConnection, days: int, clock: Clock
    ) -> "_Inquiry":
        if type(days) is not int or not _FEWEST_DAYS <= days <= _MOST_DAYS:
            raise ValueError(
                f"days must be a whole number of {_FEWEST_DAYS} to {_MOST_DAYS:,}."
            )
        now = clock.now().astimezone(dt.UTC)
        return cls(connection, now, now.date() - dt.timedelta(days=days - 1))

    def tallies(self) -> Iterable[Any] | None:
        """
        Return what was recorded; None if the store keeps nothing of the kind.
        """
        store: object = self.connection.store
        if not isinstance(store, StatisticsStore):
            return None
        try:
            return [*store.tallies(self.since)]
        except Exception as error:  # noqa: BLE001 -- a store may raise anything
            failure = _failure(error)
        raise failure

    async def awaited_tallies(self) -> Iterable[Any] | None:
        store: Any = self.connection.store
        try:
            answer: Awaitable[Iterable[Any]] = store.tallies(self.since)
            return [*await answer]
        except Exception as error:  # noqa: BLE001 -- a store may raise anything
            failure = _failure(error)
        raise failure

    def answered(
        self, progress: Progress | None, tallies: Iterable[Any] | None
    ) -> Overview:
        today, statistics, formats = self.now.date(), None, None
        if tallies is not None:
            statistics = statistics_of(tallies, self.since, today)
        if progress is not None:
            formats = stored_formats(progress.by_format, self.connection.hasher)
        is_cut_over = self.connection.is_cut_over
        return Overview(
            made_at=self.now,
            source_name=self.connection.source_name,
            is_cut_over=is_cut_over,
            progress=progress,
            paces=() if progress is None else paces(progress, today),
            formats=formats,
            statistics=statistics,
            conditions=() if is_cut_over else conditions(progress, statistics, today),
            interval=next(
                (
                    listener.interval
                    for listener in self.connection.listeners
                    if isinstance(listener, StatisticsRecorder)
                ),
                None,
            ),
        )


def _failure(error: Exception) -> MigrateKitError:
    if isinstance(error, MigrateKitError):
        return error
    return StoreUnavailableError(whereabouts(error))
