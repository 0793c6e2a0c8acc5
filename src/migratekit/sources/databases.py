"""
The usual table of users, in the usual databases.

Each function takes a URL and gives a `migratekit.sources.sql.SQLSource` that can count
and list.  Needs ``pip install "migratekit[sql]"`` and one of the extras ``mysql``,
``postgresql``, ``oracle`` and ``sqlserver``.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, TypedDict, Unpack

import attrs

from migratekit._engine import parsed_url
from migratekit.errors import ConfigurationError
from migratekit.formats import LegacyFormat
from migratekit.sources._comparison import backend_of, in_any_case
from migratekit.sources._database import LegacyDatabase, Where, opened
from migratekit.sources.sql import SQLSource


# isort: split
# After ours, which say what to install where it is missing.
import sqlalchemy as sa


Spec: TypeAlias = str | LegacyFormat | Sequence[str | LegacyFormat]


class UsersTable(TypedDict, total=False):
    """
    What the table and its columns are called, and what its hashes are.

    *table* is ``users``, and may have a schema before a dot.  *user_id*, *email* and
    *password_hash* are ``id``, ``email`` and ``password``.  *username*,
    *password_salt*, *blocked*, *email_verified*, *name* and *created_at* are columns
    that not every table has.

    A name in lower case is one in the database's own spelling; another is exact.

    *format* is ``bcrypt``, or whatever `migratekit.formats.resolve()` takes.
    """

    table: str
    user_id: str
    email: str
    password_hash: str
    username: str | None
    password_salt: str | None
    blocked: str | None
    email_verified: str | None
    name: str | None
    created_at: str | None
    format: Spec


def mysql(where: Where, **table: Unpack[UsersTable]) -> SQLSource:
    """
    Return the users of a table in MySQL or MariaDB.

    Args:
        where:
            ``mysql+pymysql://reader:secret@host/shop``, or an engine made with
            ``hide_parameters=True``.

        table: See `UsersTable`.

    Raises:
        migratekit.errors.ConfigurationError:
            If it is no such database, a name is none, or the format is unknown.
    """
    return _source(where, _MYSQL, table)


def postgresql(where: Where, **table: Unpack[UsersTable]) -> SQLSource:
    """
    Return the users of a table in PostgreSQL.

    Args:
        where: ``postgresql+psycopg://reader:secret@host/shop``, or an engine.
        table: See `UsersTable`.

    Raises:
        migratekit.errors.ConfigurationError: As `mysql()` does.
    """
    return _source(where, _POSTGRESQL, table)


def oracle(where: Where, **table: Unpack[UsersTable]) -> SQLSource:
    """
    Return the users of a table in Oracle.

    A listener that takes the connection and says nothing holds a call up for as long as
    it likes: the driver has no time limit for that.

    Args:
        where: ``oracle+oracledb://reader:secret@host?service_name=shop``, or an engine.
        table: See `UsersTable`.

    Raises:
        migratekit.errors.ConfigurationError: As `mysql()` does.
    """
    return _source(where, _ORACLE, table)


def sql_server(where: Where, **table: Unpack[UsersTable]) -> SQLSource:
    """
    Return the users of a table in SQL Server, over an encrypted connection.

    Whose certificate the server has is not checked: the driver cannot.

    Args:
        where:
            ``mssql+pymssql://reader:secret@host/shop``, or an engine, which decides for
            itself whether it encrypts.

        table: See `UsersTable`.

    Raises:
        migratekit.errors.ConfigurationError: As `mysql()` does.
    """
    return _source(where, _SQL_SERVER, table)


def azure_sql(where: Where, **table: Unpack[UsersTable]) -> SQLSource:
    """
    Return the users of a table in Azure SQL, as `sql_server()` does.

    Args:
        where:
            ``mssql+pymssql://reader:secret@shop.database.windows.net/shop``, or an
            engine.

        table: See `UsersTable`.

    Raises:
        migratekit.errors.ConfigurationError: As `mysql()` does.
    """
    return _source(where, _SQL_SERVER, table)


@attrs.frozen
class _Kind:
    """
    A database, and the driver that a URL must name.
    """

    backend: str
    driver: str


_MYSQL: Final = _Kind("mysql", "pymysql")
_POSTGRESQL: Final = _Kind("postgresql", "psycopg")
_ORACLE: Final = _Kind("oracle", "oracledb")
_SQL_SERVER: Final = _Kind("mssql", "pymssql")

_DEFAULTS: Final = {
    "table": "users",
    "user_id": "id",
    "email": "email",
    "password_hash": "password",
}
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$#]{0,127}", re.ASCII)


def _source(where: Where, kind: _Kind, table: UsersTable) -> SQLSource:
    unknown = table.keys() - UsersTable.__annotations__.keys()
    if unknown:
        raise ConfigurationError(f"A table has no {', '.join(sorted(unknown))}.")
    database = _database(where, kind)
    given: dict[str, Any] = {**_DEFAULTS, **table}
    hashes = given.pop("format", "bcrypt")
    names = {
        target: _quoted(database, name)
        for target, name in given.items()
        if name is not None or target in _DEFAULTS
    }
    where_from = names.pop("table")
    username = names.pop("username", None)
    backend = backend_of(database.engine.dialect.name)
    asked = in_any_case(names["email"], backend)
    chosen = [f"{name} AS {target}" for target, name in names.items()]
    if username is not None:
        # One that looks like an e-mail may look like somebody else's.
        chosen.append(
            f"CASE WHEN {username} LIKE '%@%' THEN NULL ELSE {username} END AS username"
        )
        asked = (
            f"(:canonical LIKE '%@%' AND {asked}) OR"
            f" (:canonical NOT LIKE '%@%' AND {in_any_case(username, backend)})"
        )
    # Names are checked and quoted, and nothing of an identifier is in here.
    listing = f"SELECT {', '.join(chosen)} FROM {where_from}"  # noqa: S608
    source = SQLSource(database, f"{listing} WHERE {asked}", format=hashes)
    count = f"SELECT count(*) FROM {where_from}"  # noqa: S608
    return source.with_count(count).with_listing(listing)


def _database(where: Where, kind: _Kind) -> LegacyDatabase:
    if isinstance(where, sa.Engine):
        database = opened(where)
        if database.engine.dialect.name not in {*_backends(kind), "sqlite"}:
            raise ConfigurationError(
                f"This is {database.engine.dialect.name}, not {kind.backend}."
            )
        return database
    url = parsed_url(where)
    if url.get_backend_name() == "sqlite":
        # A copy of the table in a file will do always.
        return opened(url)
    if url.drivername not in {f"{name}+{kind.driver}" for name in _backends(kind)}:
        raise ConfigurationError(
            f"The URL must begin with {kind.backend}+{kind.driver}://; for another "
            "driver, hand in an engine."
        )
    return opened(url)


def _backends(kind: _Kind) -> tuple[str, ...]:
    return ("mysql", "mariadb") if kind.backend == "mysql" else (kind.backend,)


def _quoted(database: LegacyDatabase, name: object) -> str:
    parts = name.split(".") if isinstance(name, str) else [""]
    if len(parts) > 2 or not all(map(_NAME.fullmatch, parts)):
        raise ConfigurationError("Tables and columns need names of plain letters.")
    quote = database.engine.dialect.identifier_preparer.quote
    return ".".join(map(quote, parts))
