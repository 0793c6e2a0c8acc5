"""
What the SQL stores ask of an engine.
"""

from typing import Any

from sqlalchemy import URL, Engine
from sqlalchemy.pool import (
    AsyncAdaptedQueuePool,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
)

from migratekit.errors import ConfigurationError


# Seconds that a writer waits for its turn on SQLite.
_BUSY_TIMEOUT = 15.0


def engine_options(url: URL) -> dict[str, Any]:
    """
    Return the arguments for ``create_engine()`` beside *url*.

    Raises:
        sqlalchemy.exc.ArgumentError: If there is no such dialect.
    """
    options: dict[str, Any] = {"hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {}
        if "timeout" not in url.query:
            options["connect_args"]["timeout"] = _BUSY_TIMEOUT
        # Not every SQLAlchemy has the same idea of the pool for a file.
        is_async = url.get_dialect().is_async
        options["poolclass"] = AsyncAdaptedQueuePool if is_async else QueuePool
        if _is_in_memory(url):
            # Another connection would be another database, and two transactions must
            # not share one.
            options["connect_args"]["check_same_thread"] = False
            options |= {"pool_size": 1, "max_overflow": 0}
    return options


def check_engine(engine: Engine) -> None:
    """
    Refuse an engine of the application's that would not be safe.

    Raises:
        migratekit.errors.ConfigurationError:
            If it shows parameters, which hashes are, or shares a connection.
    """
    if engine.hide_parameters is not True:
        raise ConfigurationError(
            "The engine would log password hashes: make it with hide_parameters=True."
        )
    if isinstance(engine.pool, StaticPool | SingletonThreadPool):
        raise ConfigurationError(
            "The engine's pool shares a connection between transactions: give the "
            "store the URL instead, or an engine with a pool of another class."
        )


def reading_options(engine: Engine) -> dict[str, Any]:
    """
    Return the execution options for operations of a single SELECT.
    """
    # There, a transaction costs two more round trips, and switching it off none.
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "AUTOCOMMIT"}
    return {}


def described(engine: Engine) -> str:
    """
    Return where *engine* leads, without its secrets.
    """
    return engine.url.set(query={}).render_as_string(hide_password=True)


def _is_in_memory(url: URL) -> bool:
    database = url.database or ":memory:"
    return ":memory:" in database or url.query.get("mode") == "memory"
