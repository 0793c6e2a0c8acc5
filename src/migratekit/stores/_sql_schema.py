"""
The tables of the SQL stores, in types that mean the same in every database.

Identifiers are compared byte by byte (MySQL's default collation takes ``á@x`` for
``a@x``), times have microseconds and are UTC, texts have no small limit.
"""

import datetime as dt
import json
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mssql, mysql
from sqlalchemy.types import TIMESTAMP, TypeDecorator, TypeEngine

from migratekit.models import JSON
from migratekit.stores._rules import (
    ACTOR_CHARACTERS,
    HASH_FORMAT_CHARACTERS,
    ID_CHARACTERS,
    IDENTIFIER_CHARACTERS,
    LEGACY_ID_CHARACTERS,
    SETTINGS_ID_CHARACTERS,
    TALLY_CHARACTERS,
)


SCHEMA_VERSION = 2

_JSONObject: TypeAlias = dict[str, JSON]
_ENCODER = json.JSONEncoder(allow_nan=False)


class SecretText(str):
    """
    A text that does not show when a driver or SQLAlchemy logs the `repr()` of values.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class _Secret(TypeDecorator[str]):
    """
    A password hash.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_long_text(dialect))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else SecretText(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else SecretText(value)


class _JSONText(TypeDecorator[_JSONObject]):
    """
    A JSON object as ASCII text.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(_long_text(dialect))

    def process_bind_param(
        self, value: _JSONObject | None, dialect: Dialect
    ) -> str | None:
        del dialect
        if not value:
            return None if value is None else "{}"
        return _ENCODER.encode(value)

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> _JSONObject | None:
        del dialect
        return None if value is None else json.loads(value)


class _UTC(TypeDecorator[dt.datetime]):
    """
    A point in time: with a time zone in Python, UTC without one in the database.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # The plain DATETIME of these has no microseconds.
        exact: dict[str, TypeEngine[Any]] = {
            "mysql": mysql.DATETIME(fsp=6),
            "mariadb": mysql.DATETIME(fsp=6),
            "mssql": mssql.DATETIME2(precision=6),  # type: ignore[no-untyped-call]
            "oracle": TIMESTAMP(),
        }
        return dialect.type_descriptor(exact.get(dialect.name, DateTime()))

    def process_bind_param(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        del dialect
        if value is not None and value.tzinfo is not dt.UTC:
            value = value.astimezone(dt.UTC)
        return None if value is None else value.replace(tzinfo=None)

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        del dialect
        return None if value is None else value.replace(tzinfo=dt.UTC)


class _OracleFlag(TypeDecorator[bool]):
    """
    A truth value as a number: Oracle has others since version 23 only.
    """

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        del dialect
        return None if value is None else bool(value)


def _long_text(dialect: Dialect) -> TypeEngine[Any]:
    if dialect.name in {"mysql", "mariadb"}:
        return mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin")
    if dialect.name == "mssql":
        return mssql.NVARCHAR()
    return Text()


def _exact(characters: int) -> String:
    """
    Return a text that is compared byte by byte.

    SQLite and Oracle do so of themselves.
    """
    return (
        String(characters)
        .with_variant(
            mysql.VARCHAR(characters, charset="utf8mb4", collation="utf8mb4_bin"),
            "mysql",
            "mariadb",
        )
        .with_variant(String(characters, collation="C"), "postgresql")
        .with_variant(
            mssql.NVARCHAR(characters, collation="Latin1_General_100_BIN2"), "mssql"
        )
    )


_FLAG = Boolean().with_variant(_OracleFlag(), "oracle")

_TABLE_OPTIONS: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {
        "engine": "InnoDB",
        "charset": "utf8mb4",
        "collate": "utf8mb4_bin",
    }.items()
}

metadata = MetaData()

# The hash stands last: asyncio's debug mode logs what drivers hand over, and of a tuple
# only the first six.
users = Table(
    "migratekit_users",
    metadata,
    Column("id", _exact(ID_CHARACTERS), primary_key=True),
    Column("email", _exact(IDENTIFIER_CHARACTERS)),
    Column("username", _exact(IDENTIFIER_CHARACTERS)),
    Column("legacy_id", _exact(LEGACY_ID_CHARACTERS)),
    Column("origin", _exact(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("email_verified", _FLAG, nullable=False),
    Column("blocked", _FLAG, nullable=False),
    Column("must_change_password", _FLAG, nullable=False),
    Column("profile", _JSONText, nullable=False),
    Column("user_metadata", _JSONText, nullable=False),
    Column("app_metadata", _JSONText, nullable=False),
    Column("created_at", _UTC),
    Column("migrated_at", _UTC),
    Column("updated_at", _UTC),
    Column("hash_format", _exact(HASH_FORMAT_CHARACTERS), nullable=False),
    Column("password_hash", _Secret),
    **_TABLE_OPTIONS,
)

ledger = Table(
    "migratekit_ledger",
    metadata,
    Column("kind", _exact(16), primary_key=True),
    Column("value", _exact(LEGACY_ID_CHARACTERS), primary_key=True),
    Column("reason", _exact(16), nullable=False),
    Column("legacy_id", _exact(LEGACY_ID_CHARACTERS), index=True),
    Column("created_at", _UTC, nullable=False),
    **_TABLE_OPTIONS,
)

settings = Table(
    "migratekit_settings",
    metadata,
    Column("connection_id", _exact(SETTINGS_ID_CHARACTERS), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("action", _exact(16), nullable=False),
    Column("actor", _exact(ACTOR_CHARACTERS), nullable=False),
    Column("options", _JSONText),
    Column("changed_at", _UTC, nullable=False),
    **_TABLE_OPTIONS,
)

tallies = Table(
    "migratekit_tallies",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", _exact(TALLY_CHARACTERS), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("people", Text().with_variant(mssql.NVARCHAR(), "mssql")),
    **_TABLE_OPTIONS,
)

schema = Table(
    "migratekit_schema",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("source_name", _exact(64)),
    **_TABLE_OPTIONS,
)

for _column in (users.c.email, users.c.username, users.c.legacy_id):
    # To SQL Server one NULL equals another.
    Index(
        f"migratekit_users_{_column.name}",
        _column,
        unique=True,
        mssql_where=_column.is_not(None),
    )
# What is counted is in an index as a whole: counting reads no profiles.
Index("migratekit_users_origin", users.c.origin, users.c.id)
Index("migratekit_users_hash_format", users.c.hash_format)
# The time first: with the kind first, PostgreSQL looks up single keys in this one, too,
# and reads all of a kind.
Index(
    "migratekit_ledger_created_at", ledger.c.created_at, ledger.c.kind, ledger.c.reason
)
