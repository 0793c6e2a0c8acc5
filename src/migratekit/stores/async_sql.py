"""
A store in a SQL database, on SQLAlchemy Core with asyncio.

Needs ``pip install "migratekit[async]"`` and an async driver of the database.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar


try:
    from sqlalchemy import URL, Connection
    from sqlalchemy.exc import ArgumentError, InvalidRequestError
    from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
except ImportError:
    raise ImportError(
        "An async SQL store needs SQLAlchemy and greenlet: "
        'pip install "migratekit[async]"'
    ) from None

from migratekit._engine import forget_when_forked, parsed_url, without_driver
from migratekit._faults import fault_of
from migratekit.errors import (
    ConfigurationError,
    MigrateKitError,
    StoreUnavailableError,
)
from migratekit.models import (
    Disagreement,
    Figures,
    Identifier,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    Retirement,
    User,
)
from migratekit.settings import SettingsChange
from migratekit.statistics import Tally
from migratekit.stores import _sql_abilities as abilities
from migratekit.stores import _sql_operations as operations
from migratekit.stores import _sql_settings as settings
from migratekit.stores import _sql_statistics as statistics
from migratekit.stores._batches import Outcome
from migratekit.stores._sql_bulk import create_many, retired_many
from migratekit.stores._sql_engine import (
    check_engine,
    described,
    engine_options,
    reading_options,
)
from migratekit.stores._sql_figures import check, figures
from migratekit.stores._sql_schema import metadata


__all__ = ["AsyncSQLStore", "metadata"]

P = ParamSpec("P")
T = TypeVar("T")


class AsyncSQLStore:
    """
    A `migratekit.protocols.AsyncUserStore` with all abilities, in a SQL database.

    For one event loop.  Call `create_schema()` once before anything else.  What is
    asked of the database goes on when its caller is cancelled: a write is done whole,
    and no connection is left in the middle of something.

    Args:
        url_or_engine:
            A database URL of SQLAlchemy with an async driver, such as
            ``sqlite+aiosqlite:///users.db``; or an engine made with
            ``hide_parameters=True``, which stays the application's to dispose of.

    Raises:
        migratekit.errors.ConfigurationError:
            If the URL is none, the engine shows its parameters or shares a connection
            between transactions, or the driver is not async.
    """

    def __init__(self, url_or_engine: str | URL | AsyncEngine) -> None:
        self._is_owner = not isinstance(url_or_engine, AsyncEngine)
        if isinstance(url_or_engine, AsyncEngine):
            check_engine(url_or_engine.sync_engine)
            self._engine = url_or_engine
        else:
            self._engine = _make_engine(parsed_url(url_or_engine))
        self._reader = self._engine.execution_options(
            **reading_options(self._engine.sync_engine)
        )
        # On SQLite one writes at a time anyway.  Who waits for that in a thread of the
        # driver holds what the garbage collector may need in this one; for ever, if
        # the writer is a task of ours.
        is_sqlite = self._engine.dialect.name == "sqlite"
        self._turn: AbstractAsyncContextManager[None] = (
            asyncio.Lock() if is_sqlite else nullcontext()
        )
        self._is_checked = False
        self._bound: str | None = None
        self._under_way: set[asyncio.Task[Any]] = set()

    def __repr__(self) -> str:
        return f"<AsyncSQLStore {described(self._engine.sync_engine)}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """
        Wait for what is under way, then close all connections to the database.
        """
        while self._under_way:
            await asyncio.wait(self._under_way)
        if self._is_owner:
            await self._engine.dispose()

    async def create_schema(self) -> None:
        """
        Make the tables that are not there yet, and upgrade those of older versions.

        May be called any number of times.

        Raises:
            migratekit.errors.StoreUnavailableError:
                If the database could not be asked, or refuses.
        """
        await self._perform(self._engine, self._turn, abilities.create_schema)

    async def schema_version(self) -> int | None:
        """
        Return the version of the tables; None if there are none yet.

        Raises:
            migratekit.errors.StoreUnavailableError: If the database could not be asked.
        """
        return await self._perform(
            self._reader, nullcontext(), abilities.schema_version
        )

    async def find(self, identifier: Identifier, /) -> Record | None:
        """
        See `migratekit.protocols.UserStore.find()`.
        """
        return await self._read(operations.find, identifier)

    async def get(self, user_id: str, /) -> Record | None:
        """
        See `migratekit.protocols.UserStore.get()`.
        """
        return await self._read(operations.get, user_id)

    async def create(self, new: NewUser, /) -> Record:
        """
        See `migratekit.protocols.UserStore.create()`.

        Raises:
            migratekit.errors.ContractError:
                If the id is taken, or some database could not hold the user.
        """
        return await self._write(operations.create, new)

    async def replace(self, old: Record, new: Record, /) -> Record:
        """
        See `migratekit.protocols.UserStore.replace()`.

        Raises:
            migratekit.errors.ContractError:
                If the ids or legacy ids differ, or some database could not hold the
                user.
        """
        return await self._write(operations.replace, old, new)

    async def delete(self, record: Record, /) -> None:
        """
        See `migratekit.protocols.UserStore.delete()`.
        """
        await self._write(operations.delete, record)

    async def retired(self, key: LedgerKey, /) -> Retirement | None:
        """
        See `migratekit.protocols.UserStore.retired()`.
        """
        return await self._read(operations.retired, key)

    async def retired_many(
        self, keys: Sequence[LedgerKey], /
    ) -> Sequence[Retirement | None]:
        """
        See `migratekit.protocols.LookupStore.retired_many()`.
        """
        return await self._read(retired_many, keys)

    async def bind_source(self, source_name: str, /) -> None:
        """
        See `migratekit.protocols.BindableStore.bind_source()`.
        """
        # What is bound stays bound: no need to ask at every first login.
        if self._bound != source_name:
            await self._write(abilities.bind_source, source_name)
            self._bound = source_name

    async def bound_source(self) -> str | None:
        """
        See `migratekit.protocols.BoundStore.bound_source()`.
        """
        return await self._read(abilities.bound_source)

    async def list_users(
        self,
        after: str | None,
        limit: int,
        origin: Origin | None,
        migrated_since: dt.datetime | None,
        /,
    ) -> Sequence[User]:
        """
        See `migratekit.protocols.ListableStore.list_users()`.
        """
        return await self._read(
            abilities.list_users, after, limit, origin, migrated_since
        )

    async def figures(self) -> Figures:
        """
        See `migratekit.protocols.CountableStore.figures()`.
        """
        return await self._read(figures)

    async def check(self) -> Sequence[Disagreement]:
        """
        See `migratekit.protocols.CheckableStore.check()`.

        At most the first 1,000 are told.
        """
        return await self._read(check)

    async def readmit(self, legacy_id: str, /) -> None:
        """
        See `migratekit.protocols.ReadmittingStore.readmit()`.
        """
        await self._write(abilities.readmit, legacy_id)

    async def reserve(self, keys: Iterable[LedgerKey], legacy_id: str, /) -> None:
        """
        See `migratekit.protocols.ReservingStore.reserve()`.

        Raises:
            migratekit.errors.ContractError: If some database could not hold a key.
        """
        await self._write(abilities.reserve, tuple(keys), legacy_id)

    async def reserve_many(self, rows: Iterable[Retirement], /) -> None:
        """
        See `migratekit.protocols.BulkReservingStore.reserve_many()`.

        Raises:
            migratekit.errors.ContractError:
                If some database could not hold a row; then none is written.
        """
        await self._write(abilities.reserve_many, tuple(rows))

    async def lift_reservations(self) -> int:
        """
        See `migratekit.protocols.ReservingStore.lift_reservations()`.
        """
        return await self._write(abilities.lift_reservations)

    async def reservations(
        self, after: LedgerKey | None, limit: int, /
    ) -> Sequence[Retirement]:
        """
        See `migratekit.protocols.ReservingStore.reservations()`.

        Raises:
            migratekit.errors.ContractError: If some database could not hold *after*.
        """
        return await self._read(abilities.reservations, after, limit)

    async def settings(self, connection_id: str, /) -> SettingsChange | None:
        """
        See `migratekit.settings.SettingsStore.settings()`.
        """
        return await self._read(settings.settings, connection_id)

    async def all_settings(self) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.all_settings()`.
        """
        return await self._read(settings.all_settings)

    async def settings_history(self, connection_id: str, /) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.settings_history()`.
        """
        return await self._read(settings.settings_history, connection_id)

    async def change_settings(self, change: SettingsChange, /) -> None:
        """
        See `migratekit.settings.SettingsStore.change_settings()`.
        """
        await self._write(settings.change_settings, change)

    async def add_tallies(self, tallies: Iterable[Tally], /) -> None:
        """
        See `migratekit.statistics.StatisticsStore.add_tallies()`.
        """
        await self._write(statistics.add_tallies, tuple(tallies))

    async def tallies(self, since: dt.date | None, /) -> Sequence[Tally]:
        """
        See `migratekit.statistics.StatisticsStore.tallies()`.
        """
        return await self._read(statistics.tallies, since)

    async def create_many(self, new: Sequence[NewUser], /) -> Sequence[Outcome]:
        """
        See `migratekit.protocols.BulkStore.create_many()`.

        Users that others want all the while are created one by one in the end.

        Raises:
            migratekit.errors.ContractError:
                If an id is taken, or some database could not hold one of the users;
                then none is stored.
        """
        return await self._write(create_many, tuple(new))

    async def _read(
        self,
        operation: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._perform(
            self._reader, nullcontext(), self._checked, operation, *args, **kwargs
        )

    async def _write(
        self,
        operation: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self._perform(
            self._engine, self._turn, self._checked, operation, *args, **kwargs
        )

    def _checked(
        self,
        connection: Connection,
        operation: Callable[Concatenate[Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        if not self._is_checked:
            abilities.check_schema(connection)
            self._is_checked = True
        return operation(connection, *args, **kwargs)

    async def _perform(
        self,
        engine: AsyncEngine,
        turn: AbstractAsyncContextManager[None],
        operation: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        # Drivers differ in what a cancellation leaves behind; none gets to see one.
        task = asyncio.create_task(_answer(engine, turn, operation, *args, **kwargs))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        answer = await asyncio.shield(task)
        if isinstance(answer, MigrateKitError):
            raise answer
        return answer


async def _answer(
    engine: AsyncEngine,
    turn: AbstractAsyncContextManager[None],
    operation: Callable[Concatenate[Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T | MigrateKitError:
    """
    Return what *operation* gives, or the error that it ends with.

    An exception that nobody is left to receive would be logged by asyncio.
    """
    try:
        async with turn, engine.connect() as connection:
            return await connection.run_sync(operation, *args, **kwargs)
    except MigrateKitError as error:
        return error
    except Exception as error:  # noqa: BLE001  # Drivers raise anything.
        return StoreUnavailableError(fault_of(error))


def _make_engine(url: URL) -> AsyncEngine:
    try:
        engine = create_async_engine(url, **engine_options(url))
    except (ArgumentError, InvalidRequestError):
        failure: Exception = ConfigurationError(
            f"SQLAlchemy has no async driver {url.drivername!r}, or it refuses the URL."
        )
    except ImportError as error:
        failure = without_driver(error, url)
    else:
        forget_when_forked(engine.sync_engine)
        return engine
    raise failure
