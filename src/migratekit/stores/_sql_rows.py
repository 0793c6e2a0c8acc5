"""
Rows of the SQL stores, and the values they stand for.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import attrs
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Row,
    Select,
    Text,
    and_,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from migratekit.models import (
    KeyKind,
    LedgerKey,
    Record,
    Retirement,
    User,
)
from migratekit.passwords import format_of
from migratekit.stores._batches import itself
from migratekit.stores._sql_schema import (
    ledger,
    users,
)
from migratekit.stores._sql_transactions import (
    Rows,
)


T = TypeVar("T")
# The values of many rows, by the name of their column.
Columns: TypeAlias = Mapping[str, Sequence[Any]]

_USER_FIELDS = tuple(field.name for field in attrs.fields(User))
USER_COLUMNS = tuple(users.c[name] for name in _USER_FIELDS)

# In this order create() writes the ledger's rows of one user.
KINDS = (KeyKind.LEGACY_ID, KeyKind.EMAIL, KeyKind.USERNAME)
_PLACES = {kind: place for place, kind in enumerate(KINDS)}
_VALUES_AT_ONCE = 500
# To the binary collations of these, trailing blanks are nothing.
_PADDING = frozenset({"mysql", "mariadb", "mssql"})


def record_of(row: Mapping[Any, Any]) -> Record:
    # Only the hash is a SecretText, and it must leave as a plain str.
    encoded = row["password_hash"]
    return Record(
        user=User(**{column.name: row[column.name] for column in USER_COLUMNS}),
        password_hash=None if encoded is None else str(encoded),
        version=row["version"],
    )


def values_of(record: Record) -> dict[str, Any]:
    return {name: values[0] for name, values in columns_of([record]).items()}


def columns_of(records: Sequence[Record]) -> Columns:
    """
    Return what is stored of *records*, by the name of the column.
    """
    people = [record.user for record in records]
    hashes = [record.password_hash for record in records]
    return {
        **{name: [getattr(user, name) for user in people] for name in _USER_FIELDS},
        "origin": [user.origin.value for user in people],
        "version": [record.version for record in records],
        "hash_format": [format_of(encoded) for encoded in hashes],
        "password_hash": hashes,
    }


def transposed(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """
    Return the values of *rows*, which have the same columns, by their names.
    """
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


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


def place_of(key: LedgerKey) -> tuple[int, str]:
    """
    Return where *key* stands among those that are written in one transaction.
    """
    return _PLACES[key.kind], key.value


def sameness(dialect: Dialect) -> Callable[[LedgerKey], LedgerKey]:
    """
    Return what gives one key for all that *dialect* takes for the same.
    """
    return _unpadded if dialect.name in _PADDING else itself


def _unpadded(key: LedgerKey) -> LedgerKey:
    return LedgerKey(key.kind, key.value.rstrip(" "))


def rows_having(
    connection: Connection,
    statement: Select[Any],
    column: Column[Any],
    values: Sequence[str],
) -> Iterator[Row[Any]]:
    """
    Yield the rows whose *column* has one of *values*.
    """
    if values and connection.dialect.name == "postgresql":
        # One look-up for each: given all at once, a planner without statistics reads
        # all of a kind.
        array = func.unnest(literal(values, ARRAY(Text)))
        wanted = array.table_valued("value", name="wanted").render_derived()
        one = statement.where(column == wanted.c.value).limit(1).lateral()
        yield from connection.execute(select(one).select_from(wanted).join(one, true()))
        return
    for chunk in chunks(values, _VALUES_AT_ONCE):
        yield from connection.execute(statement.where(column.in_(chunk)))
