"""
Rows of the SQL stores, and the values they stand for.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    or_,
    select,
)

from migratekit.models import (
    KeyKind,
    LedgerKey,
    Record,
    Retirement,
    User,
)
from migratekit.passwords import format_of
from migratekit.stores._sql_schema import (
    ledger,
    users,
)
from migratekit.stores._sql_transactions import (
    Rows,
)


T = TypeVar("T")

_USER_FIELDS = tuple(field.name for field in attrs.fields(User))
USER_COLUMNS = tuple(users.c[name] for name in _USER_FIELDS)


def record_of(row: Mapping[Any, Any]) -> Record:
    # Only the hash is a SecretText, and it must leave as a plain str.
    encoded = row["password_hash"]
    return Record(
        user=User(**{column.name: row[column.name] for column in USER_COLUMNS}),
        password_hash=None if encoded is None else str(encoded),
        version=row["version"],
    )


def values_of(record: Record) -> dict[str, Any]:
    return {
        **{name: getattr(record.user, name) for name in _USER_FIELDS},
        "origin": record.user.origin.value,
        "version": record.version,
        "hash_format": format_of(record.password_hash),
        "password_hash": record.password_hash,
    }


def is_key(key: LedgerKey) -> ColumnElement[bool]:
    return and_(ledger.c.kind == key.kind.value, ledger.c.value == key.value)


def rows_of(connection: Connection, keys: Sequence[LedgerKey]) -> Rows:
    """
    Return the ledger's rows of *keys*, of which no two are of a kind.
    """
    statement = select(ledger).where(or_(*map(is_key, keys)))
    found = {row.kind: retirement_of(row) for row in connection.execute(statement)}
    return {key.kind: found[key.kind] for key in keys if key.kind in found}


def retirement_of(row: Row[Any]) -> Retirement:
    return Retirement(
        LedgerKey(KeyKind(row.kind), row.value), row.reason, row.legacy_id
    )


def is_stored(
    connection: Connection, key: LedgerKey, *, own: str | None = None
) -> bool:
    column = users.c[key.kind.value]
    holder = connection.scalar(select(users.c.id).where(column == key.value))
    return holder is not None and holder != own


def ledger_values(
    key: LedgerKey, reason: str, legacy_id: str | None, moment: dt.datetime
) -> dict[str, Any]:
    return {
        "kind": key.kind.value,
        "value": key.value,
        "reason": reason,
        "legacy_id": legacy_id,
        "created_at": moment,
    }


def chunks(items: Sequence[T], length: int) -> Iterator[Sequence[T]]:
    """
    Yield *items* in pieces of at most *length*.
    """
    for start in range(0, len(items), length):
        yield items[start : start + length]
