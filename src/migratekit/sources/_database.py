"""
A legacy SQL database: read in one transaction at a time, never written to.
"""

import contextlib
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from migratekit._engine import checked_engine, make_engine, parsed_url
from migratekit._faults import fault_of
from migratekit.errors import ConfigurationError, LegacyUnavailableError
from migratekit.sources._drivers import limited_engine


try:
    import sqlalchemy as sa
except ImportError:
    raise ImportError('SQLAlchemy is missing: pip install "migratekit[sql]"') from None


Where: TypeAlias = str | sa.URL | sa.Engine

_ROWS_AT_ONCE = 500
_MYSQL = frozenset({"mysql", "mariadb"})
# In a tuple, because not every driver's arguments can be hashed.
_MYSQL_LETTERS = ((1267,), (1270,), (1271,), (3988,))


@attrs.frozen
class Found:
    """
    What a query found.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...] = attrs.field(repr=False)


@attrs.frozen
class LegacyDatabase:
    """
    An engine, and whether it is ours to dispose of.
    """

    engine: sa.Engine = attrs.field(repr=False)
    owned: bool

    def read(self, query: sa.TextClause, parameters: Mapping[str, str]) -> Found:
        """
        Return up to two rows.

        Raises:
            migratekit.errors.LegacyUnavailableError: Whatever goes wrong.
        """
        try:
            return _fetch(self.engine, query, parameters)
        except Exception as exc:  # noqa: BLE001 - drivers raise what they like
            failure, answered = fault_of(exc), _is_about_a_value(exc)
        # No frame that has seen a row is in the traceback of this one.
        raise LegacyUnavailableError(failure, answered=answered)

    def walk(self, query: sa.TextClause) -> Iterator[Found]:
        """
        Yield all rows, some hundreds at a time, of one read-only transaction.

        Raises:
            migratekit.errors.LegacyUnavailableError: Whatever goes wrong.
        """
        with contextlib.closing(_walk(self.engine, query)) as parts:
            while True:
                try:
                    part = next(parts, None)
                except Exception as exc:  # noqa: BLE001 - drivers raise what they like
                    failure = fault_of(exc)
                    break
                if part is None:
                    return
                yield part
        raise LegacyUnavailableError(failure)


def _is_about_a_value(exc: Exception) -> bool:
    """
    Return whether a database that is well cannot do with what was typed.
    """
    if isinstance(exc, sa.exc.DataError):
        return True
    # A letter that the column cannot hold; the drivers say "operational".
    original = exc.orig if isinstance(exc, sa.exc.DBAPIError) else None
    return original is not None and original.args[:1] in _MYSQL_LETTERS


def _fetch(
    engine: sa.Engine, query: sa.TextClause, parameters: Mapping[str, str]
) -> Found:
    with engine.connect() as connection:
        _begin_read_only(connection)
        result = connection.execute(query, parameters)
        rows = tuple(map(tuple, result.fetchmany(2)))
        found = Found(tuple(result.keys()), rows)
        connection.rollback()
        return found


def _walk(engine: sa.Engine, query: sa.TextClause) -> Generator[Found, None, None]:
    with engine.connect() as connection:
        _be_patient(connection)
        _begin_read_only(connection)
        # A cursor of the server's, where it has any: not all rows at once.
        options = {"stream_results": True, "max_row_buffer": _ROWS_AT_ONCE}
        asked = connection.execute(query, execution_options=options)
        with contextlib.closing(asked) as result:
            names = tuple(result.keys())
            # At least once, so that the names are seen.
            while True:
                rows = tuple(map(tuple, result.fetchmany(_ROWS_AT_ONCE)))
                yield Found(names, rows)
                if not rows:
                    break
        connection.rollback()


def _read_only_engine(where: str | sa.URL) -> sa.Engine:
    url = parsed_url(where)
    if url.drivername not in {"sqlite", "sqlite+pysqlite"}:
        return limited_engine(url)

    path = url.database or ":memory:"
    if ":memory:" in path or url.query.get("mode") == "memory":
        raise ConfigurationError(
            "A database in memory is new and empty; hand in the engine that has it."
        )
    if not path.startswith("file:"):
        path = Path(path).absolute().as_uri()
    url = url.set(database=path).update_query_dict({"mode": "ro", "uri": "true"})
    # A pooled connection would go on reading a file that is gone.
    return make_engine(url, poolclass=sa.NullPool)


def _be_patient(connection: sa.Connection) -> None:
    if connection.dialect.name in _MYSQL:
        # Whoever takes the rows may hash each; the server waits for a minute only.
        connection.exec_driver_sql("SET SESSION net_write_timeout = 86400")
        connection.rollback()


def _begin_read_only(connection: sa.Connection) -> None:
    dialect = connection.dialect
    if dialect.name == "postgresql":
        connection.execution_options(postgresql_readonly=True)
    version = dialect.server_version_info or ()
    # MySQL has known read-only transactions since 5.6.5, MariaDB since 10.0.
    if dialect.name in _MYSQL and version >= (5, 6, 5):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def opened(where: Where | LegacyDatabase) -> LegacyDatabase:
    """
    Return the database that *where* says, without connecting to it yet.

    Raises:
        migratekit.errors.ConfigurationError: If it cannot be used.
    """
    if isinstance(where, LegacyDatabase):
        return where
    if isinstance(where, sa.Engine):
        database = LegacyDatabase(checked_engine(where), owned=False)
    else:
        database = LegacyDatabase(_read_only_engine(where), owned=True)
    if database.engine.dialect.is_async:
        raise ConfigurationError(
            "A SQLSource needs a synchronous driver.  An AsyncConnection asks it in a "
            "thread."
        )
    return database
