"""
What the drivers of legacy databases are told: how long to wait, and to encrypt.

Only where an engine is made from a URL.  One that is handed in is somebody else's.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from migratekit._engine import make_engine


# isort: split
# After ours, which say what to install where it is missing.
import sqlalchemy as sa


_CONNECT: Final = 2  # seconds
_READ: Final = 5


@attrs.frozen
class _Driver:
    """
    A driver.

    Args:
        limits: Arguments for a connection, unless the URL has them.
        demanded: Arguments that it gets whatever the URL says.
    """

    limits: Mapping[str, Any]
    demanded: Mapping[str, Any] = attrs.field(factory=dict)


_DRIVERS: Final = {
    "pymysql": _Driver(
        {"connect_timeout": _CONNECT, "read_timeout": _READ, "write_timeout": _READ},
    ),
    "psycopg": _Driver(
        {"connect_timeout": _CONNECT, "tcp_user_timeout": _READ * 1000},
    ),
    "oracledb": _Driver({"tcp_connect_timeout": _CONNECT}),
    "pymssql": _Driver(
        {
            "login_timeout": _CONNECT,
            "timeout": _READ,
            # Of SQL Server 2008.  If all are tried, each takes the whole login_timeout.
            "tds_version": "7.3",
        },
        {"encryption": "require"},
    ),
}


def limited_engine(url: sa.URL, **options: Any) -> sa.Engine:
    """
    Return a new engine whose driver gives up in time, if it is one of ours.

    Args:
        url: Where the database is.
        options: As for `migratekit._engine.make_engine()`.

    Raises:
        migratekit.errors.ConfigurationError: As `make_engine()` does.
        ImportError: If the driver is not installed.
    """
    engine = make_engine(url, **options)
    driver = engine.dialect.driver
    if driver in _DRIVERS:
        sa.event.listen(engine, "do_connect", _tell)
    if driver == "oracledb":
        sa.event.listen(engine, "connect", _limit_calls)
    if driver == "psycopg" and "statement_timeout" not in str(url.query):
        sa.event.listen(engine, "begin", _limit_statements)
    return engine


def _tell(
    dialect: sa.Dialect, _: object, __: object, arguments: dict[str, Any]
) -> None:
    driver = _DRIVERS[dialect.driver]
    given = {**driver.limits, **arguments, **driver.demanded}
    arguments.update(given)


def _limit_calls(connection: Any, _: object) -> None:
    connection.call_timeout = _READ * 1000


def _limit_statements(connection: sa.Connection) -> None:
    # Not among the options of a connection, which poolers such as PgBouncer refuse.
    milliseconds = int(_READ * 1000)
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
