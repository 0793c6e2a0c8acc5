"""
Database engines that keep secrets: no parameters in errors and logs, and no rows.
"""

import logging
from typing import Any, Final

from migratekit._forking import when_forked
from migratekit.errors import ConfigurationError


try:
    import sqlalchemy as sa
except ImportError:
    raise ImportError('SQLAlchemy is missing: pip install "migratekit[sql]"') from None


_LOGGING_NAME: Final = "migratekit"
# What has a driver, by the name of its package.
_EXTRAS: Final = {
    "aiosqlite": "async",
    "asyncmy": "asyncmy",
    "asyncpg": "asyncpg",
    "oracledb": "oracle",
    "psycopg": "postgresql",
    "pymssql": "sqlserver",
    "pymysql": "mysql",
}
# Ours in place of what SQLAlchemy takes where a URL names none.
_NAMED: Final = {
    "MySQLdb": "mysql+pymysql",
    "cx_Oracle": "oracle+oracledb",
    "psycopg2": "postgresql+psycopg",
    "pyodbc": "mssql+pymssql",
}


def _hides_rows(record: logging.LogRecord) -> bool:
    # SQLAlchemy logs whole result rows, with their hashes, at DEBUG.
    return record.levelno >= logging.INFO


# A filter and not a level: a level of INFO would switch on the log of all statements.
logging.getLogger(f"sqlalchemy.engine.Engine.{_LOGGING_NAME}").addFilter(_hides_rows)


def parsed_url(url: str | sa.URL) -> sa.URL:
    """
    Return *url* as an object whose repr masks the password.

    Raises:
        migratekit.errors.ConfigurationError: If it is no database URL.
    """
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        del url
    raise ConfigurationError("This is no database URL as SQLAlchemy spells them.")


def make_engine(url: str | sa.URL, **options: Any) -> sa.Engine:
    """
    Return a new engine that keeps secrets.

    Args:
        url: Where the database is.
        options: What `sqlalchemy.create_engine()` takes besides.

    Raises:
        migratekit.errors.ConfigurationError: If *url* is none, or of no known dialect.
        ImportError: If the driver is not installed.
    """
    url = parsed_url(url)
    options = {"pool_pre_ping": True, **options}
    try:
        engine = sa.create_engine(
            url, hide_parameters=True, logging_name=_LOGGING_NAME, **options
        )
    except sa.exc.ArgumentError as exc:
        failure: Exception = ConfigurationError(
            f"SQLAlchemy refuses this database URL: {type(exc).__name__}."
        )
    except ImportError as exc:
        failure = without_driver(exc, url)
    else:
        forget_when_forked(engine)
        return engine
    raise failure


def without_driver(error: ImportError, url: sa.URL) -> ImportError:
    """
    Return what is to be said of *error*: what to install, if it is a driver of ours
    that is missing, or would be if *url* named it.
    """
    name = error.name or ""
    named = _NAMED.get(name) if "+" not in url.drivername else None
    extra = _EXTRAS.get(name if named is None else named.partition("+")[2])
    if extra is None:
        return error
    install = f'pip install "migratekit[{extra}]"'
    if named is None:
        return ImportError(f"The driver is missing: {install}")
    return ImportError(
        f"The URL names no driver, and {name} is missing: begin it with {named}://, "
        f"and {install}"
    )


def forget_when_forked(engine: sa.Engine) -> None:
    """
    Have a forked process open connections of its own.

    Two processes on one connection get each other's answers.
    """
    when_forked(engine, _forget_connections)


def _forget_connections(engine: sa.Engine) -> None:
    # Not closed: they are the parent's.
    engine.dispose(close=False)


def checked_engine(url_or_engine: str | sa.URL | sa.Engine) -> sa.Engine:
    """
    Return an engine that keeps secrets: a new one, or the given one if it does.

    What is returned for an engine shares its pool, and logs no rows.

    Raises:
        migratekit.errors.ConfigurationError:
            If an engine was made without ``hide_parameters=True``, or if the argument
            is neither an engine nor a database URL.
    """
    if not isinstance(url_or_engine, sa.Engine):
        return make_engine(url_or_engine)
    if not url_or_engine.hide_parameters:
        raise ConfigurationError(
            "The engine prints parameters, and so hashes: make it with "
            "create_engine(..., hide_parameters=True)."
        )
    engine = url_or_engine.execution_options()
    engine.logging_name = _LOGGING_NAME
    engine.echo = url_or_engine.echo  # Makes the logger of the new name.
    return engine
