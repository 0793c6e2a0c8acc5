"""
What a SQL store does, written once on a sync `sqlalchemy.Connection`.

`create()` and `replace()` write without looking, because what a transaction has read
need not be so when it writes; what was in the way is read after they have failed.
Both write the ledger first, the legacy id before all else: that is where those queue
who want the same, holding nothing that another one needs.
"""

import datetime as dt
from collections.abc import Iterable

import attrs
from sqlalchemy import (
    ColumnElement,
    Connection,
    insert,
    select,
    update,
)
from sqlalchemy import delete as delete_from

from migratekit.errors import (
    ContractError,
    StaleRecordError,
)
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Record,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.stores._rules import (
    check_create,
    check_new,
    check_replace,
    check_successor,
    is_storable,
    retired_at,
)
from migratekit.stores._sql_rows import (
    is_key,
    is_stored,
    ledger_values,
    record_of,
    rows_of,
    values_of,
)
from migratekit.stores._sql_schema import (
    ledger,
    users,
)
from migratekit.stores._sql_transactions import (
    LostRaceError,
    Rows,
    contest,
    transact,
)


def find(connection: Connection, identifier: Identifier) -> Record | None:
    """
    See `migratekit.protocols.UserStore.find()`.
    """
    return _one(connection, identifier.kind.value, identifier.value)


def get(connection: Connection, user_id: str) -> Record | None:
    """
    See `migratekit.protocols.UserStore.get()`.
    """
    return _one(connection, "id", user_id)


def create(connection: Connection, new: NewUser) -> Record:
    """
    See `migratekit.protocols.UserStore.create()`.
    """
    check_new(new)
    record = Record(new.user, new.password_hash, version=1)
    keys = ledger_keys(new.user)

    def attempt(connection: Connection, rows: Rows) -> Record:
        _retire(connection, keys, rows, new.user)
        connection.execute(insert(users), values_of(record))
        return record

    def explain(connection: Connection) -> Rows:
        # In this order: who is stored in between has their ledger rows by then.
        stored = _stored(connection, keys, own=None)
        rows = rows_of(connection, keys)
        check_create(new.user, stored, rows)
        if get(connection, new.user.id) is not None:
            raise ContractError("The id of the new user is taken.")
        return rows

    return contest(connection, attempt, explain)


def replace(connection: Connection, old: Record, new: Record) -> Record:
    """
    See `migratekit.protocols.UserStore.replace()`.
    """
    check_successor(old, new)
    record = attrs.evolve(new, version=old.version + 1)
    keys = [key for key in ledger_keys(new.user) if key not in ledger_keys(old.user)]

    def attempt(connection: Connection, rows: Rows) -> Record:
        _retire(connection, keys, rows, new.user)
        statement = update(users).where(*_is_version(old)).values(values_of(record))
        if connection.execute(statement).rowcount != 1:
            raise StaleRecordError
        return record

    def explain(connection: Connection) -> Rows:
        current = get(connection, old.user.id)
        if current is None or current.version != old.version:
            raise StaleRecordError
        stored = _stored(connection, keys, own=old.user.id)
        rows = rows_of(connection, keys)
        check_replace(new.user, stored, rows)
        return rows

    return contest(connection, attempt, explain)


def delete(connection: Connection, record: Record) -> None:
    """
    See `migratekit.protocols.UserStore.delete()`.
    """

    def work(connection: Connection) -> None:
        statement = delete_from(users).where(*_is_version(record))
        if connection.execute(statement).rowcount != 1:
            raise StaleRecordError

    transact(connection, work)


def retired(connection: Connection, key: LedgerKey) -> Retirement | None:
    """
    See `migratekit.protocols.UserStore.retired()`.
    """
    if not is_storable(key.value):
        return None
    row = rows_of(connection, [key]).get(key.kind)
    return row if row is not None and row.key == key else None


def _one(connection: Connection, column: str, value: str) -> Record | None:
    if not is_storable(value):
        return None
    statement = select(users).where(users.c[column] == value)
    row = connection.execute(statement).mappings().one_or_none()
    # To some collations, binary ones included, trailing blanks are nothing.
    if row is None or row[column] != value:
        return None
    return record_of(row)


def _is_version(record: Record) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return users.c.id == record.user.id, users.c.version == record.version


def _stored(
    connection: Connection, keys: Iterable[LedgerKey], *, own: str | None
) -> set[KeyKind]:
    """
    Return the kinds of *keys* that a stored user has whose id is not *own*.
    """
    return {key.kind for key in keys if is_stored(connection, key, own=own)}


def _retire(
    connection: Connection, keys: Iterable[LedgerKey], rows: Rows, user: User
) -> None:
    """
    Write *keys* of *user* into the ledger, but for *rows*, which must still be there.
    """
    moment = retired_at(user)
    for key in keys:
        if key.kind not in rows:
            row = ledger_values(key, "used", user.legacy_id, moment)
            connection.execute(insert(ledger), row)
        elif not _use(connection, rows[key.kind], moment):
            raise LostRaceError


def _use(connection: Connection, row: Retirement, moment: dt.datetime) -> bool:
    """
    Mark *row* as used, if it is still as it was.
    """
    statement = update(ledger).where(
        is_key(row.key),
        ledger.c.reason == row.reason,
        ledger.c.legacy_id == row.legacy_id,
    )
    if row.reason == "reserved":
        statement = statement.values(reason="used", created_at=moment)
    else:
        # Changes nothing, but waits for whoever is removing the row.
        statement = statement.values(reason="used")
    return connection.execute(statement).rowcount == 1
