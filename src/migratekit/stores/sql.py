"""
A store in a SQL database, on SQLAlchemy Core.

Needs ``pip install "migratekit[sql]"`` and the driver of the database.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar


try:
    from sqlalchemy import URL, Connection, Engine, create_engine
    from sqlalchemy.exc import ArgumentError
except ImportError:
    raise ImportError(
        'A SQL store needs SQLAlchemy: pip install "migratekit[sql]"'
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


__all__ = ["SQLStore", "metadata"]

P = ParamSpec("P")
T = TypeVar("T")


class SQLStore:
    """
    A `migratekit.protocols.UserStore` with all abilities, in a SQL database.

    Safe to share between threads.  Call `create_schema()` once before anything else.

    Args:
        url_or_engine:
            A database URL of SQLAlchemy, such as ``sqlite:///users.db``; or an engine
            made with ``hide_parameters=True``, which stays the application's to
            dispose of.  A process that is forked off opens connections of its own; with
            an engine of the application's, it has to see to that itself
            (``engine.dispose(close=False)`` in the child).

    Raises:
        migratekit.errors.ConfigurationError:
            If the URL is none, the engine shows its parameters or shares a connection
            between transactions, or the driver is an async one.
    """

    def __init__(self, url_or_engine: str | URL | Engine) -> None:
        self._is_owner = not isinstance(url_or_engine, Engine)
        if isinstance(url_or_engine, Engine):
            check_engine(url_or_engine)
            self._engine = url_or_engine
        else:
            self._engine = _make_engine(parsed_url(url_or_engine))
        if self._engine.dialect.is_async:
            raise ConfigurationError(
                "The driver is an async one: use "
                "migratekit.stores.async_sql.AsyncSQLStore."
            )
        self._reader = self._engine.execution_options(**reading_options(self._engine))
        self._is_checked = False
        self._bound: str | None = None

    def __repr__(self) -> str:
        return f"<SQLStore {described(self._engine)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """
        Close all connections to the database that are not in use.
        """
        if self._is_owner:
            self._engine.dispose()

    def create_schema(self) -> None:
        """
        Make the tables that are not there yet, and upgrade those of older versions.

        May be called any number of times.

        Raises:
            migratekit.errors.StoreUnavailableError:
                If the database could not be asked, or refuses.
        """
        self._perform(self._engine, abilities.create_schema)

    def schema_version(self) -> int | None:
        """
        Return the version of the tables; None if there are none yet.

        Raises:
            migratekit.errors.StoreUnavailableError: If the database could not be asked.
        """
        return self._perform(self._reader, abilities.schema_version)

    def find(self, identifier: Identifier, /) -> Record | None:
        """
        See `migratekit.protocols.UserStore.find()`.
        """
        return self._read(operations.find, identifier)

    def get(self, user_id: str, /) -> Record | None:
        """
        See `migratekit.protocols.UserStore.get()`.
        """
        return self._read(operations.get, user_id)

    def create(self, new: NewUser, /) -> Record:
        """
        See `migratekit.protocols.UserStore.create()`.

        Raises:
            migratekit.errors.ContractError:
                If the id is taken, or some database could not hold the user.
        """
        return self._write(operations.create, new)

    def replace(self, old: Record, new: Record, /) -> Record:
        """
        See `migratekit.protocols.UserStore.replace()`.

        Raises:
            migratekit.errors.ContractError:
                If the ids or legacy ids differ, or some database could not hold the
                user.
        """
        return self._write(operations.replace, old, new)

    def delete(self, record: Record, /) -> None:
        """
        See `migratekit.protocols.UserStore.delete()`.
        """
        self._write(operations.delete, record)

    def retired(self, key: LedgerKey, /) -> Retirement | None:
        """
        See `migratekit.protocols.UserStore.retired()`.
        """
        return self._read(operations.retired, key)

    def retired_many(self, keys: Sequence[LedgerKey], /) -> Sequence[Retirement | None]:
        """
        See `migratekit.protocols.LookupStore.retired_many()`.
        """
        return self._read(retired_many, keys)

    def bind_source(self, source_name: str, /) -> None:
        """
        See `migratekit.protocols.BindableStore.bind_source()`.
        """
        # What is bound stays bound: no need to ask at every first login.
        if self._bound != source_name:
            self._write(abilities.bind_source, source_name)
            self._bound = source_name

    def bound_source(self) -> str | None:
        """
        See `migratekit.protocols.BoundStore.bound_source()`.
        """
        return self._read(abilities.bound_source)

    def list_users(
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
        return self._read(abilities.list_users, after, limit, origin, migrated_since)

    def figures(self) -> Figures:
        """
        See `migratekit.protocols.CountableStore.figures()`.
        """
        return self._read(figures)

    def check(self) -> Sequence[Disagreement]:
        """
        See `migratekit.protocols.CheckableStore.check()`.

        At most the first 1,000 are told.
        """
        return self._read(check)

    def readmit(self, legacy_id: str, /) -> None:
        """
        See `migratekit.protocols.ReadmittingStore.readmit()`.
        """
        self._write(abilities.readmit, legacy_id)

    def reserve(self, keys: Iterable[LedgerKey], legacy_id: str, /) -> None:
        """
        See `migratekit.protocols.ReservingStore.reserve()`.

        Raises:
            migratekit.errors.ContractError: If some database could not hold a key.
        """
        self._write(abilities.reserve, tuple(keys), legacy_id)

    def reserve_many(self, rows: Iterable[Retirement], /) -> None:
        """
        See `migratekit.protocols.BulkReservingStore.reserve_many()`.

        Raises:
            migratekit.errors.ContractError:
                If some database could not hold a row; then none is written.
        """
        self._write(abilities.reserve_many, tuple(rows))

    def lift_reservations(self) -> int:
        """
        See `migratekit.protocols.ReservingStore.lift_reservations()`.
        """
        return self._write(abilities.lift_reservations)

    def reservations(
        self, after: LedgerKey | None, limit: int, /
    ) -> Sequence[Retirement]:
        """
        See `migratekit.protocols.ReservingStore.reservations()`.

        Raises:
            migratekit.errors.ContractError: If some database could not hold *after*.
        """
        return self._read(abilities.reservations, after, limit)

    def settings(self, connection_id: str, /) -> SettingsChange | None:
        """
        See `migratekit.settings.SettingsStore.settings()`.
        """
        return self._read(settings.settings, connection_id)

    def all_settings(self) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.all_settings()`.
        """
        return self._read(settings.all_settings)

    def settings_history(self, connection_id: str, /) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.settings_history()`.
        """
        return self._read(settings.settings_history, connection_id)

    def change_settings(self, change: SettingsChange, /) -> None:
        """
        See `migratekit.settings.SettingsStore.change_settings()`.
        """
        self._write(settings.change_settings, change)

    def add_tallies(self, tallies: Iterable[Tally], /) -> None:
        """
        See `migratekit.statistics.StatisticsStore.add_tallies()`.
        """
        self._write(statistics.add_tallies, tuple(tallies))

    def tallies(self, since: dt.date | None, /) -> Sequence[Tally]:
        """
        See `migratekit.statistics.StatisticsStore.tallies()`.
        """
        return self._read(statistics.tallies, since)

    def create_many(self, new: Sequence[NewUser], /) -> Sequence[Outcome]:
        """
        See `migratekit.protocols.BulkStore.create_many()`.

        Users that others want all the while are created one by one in the end.

        Raises:
            migratekit.errors.ContractError:
                If an id is taken, or some database could not hold one of the users;
                then none is stored.
        """
        return self._write(create_many, tuple(new))

    def _read(
        self,
        operation: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return self._perform(self._reader, self._checked, operation, *args, **kwargs)

    def _write(
        self,
        operation: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return self._perform(self._engine, self._checked, operation, *args, **kwargs)

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

    def _perform(
        self,
        engine: Engine,
        operation: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        try:
            with engine.connect() as connection:
                return operation(connection, *args, **kwargs)
        except MigrateKitError:
            raise
        except Exception as error:  # noqa: BLE001  # Drivers raise anything.
            detail = fault_of(error)
        # Out of the except block, so that no context shows what the driver was given.
        raise StoreUnavailableError(detail)


def _make_engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, **engine_options(url))
    except ArgumentError:
        failure: Exception = ConfigurationError(
            f"SQLAlchemy has no dialect for {url.drivername!r}, or it refuses the URL."
        )
    except ImportError as error:
        failure = without_driver(error, url)
    else:
        forget_when_forked(engine)
        return engine
    raise failure
