"""
Settings of connections in the SQL stores; like `_sql_operations`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from migratekit.errors import StaleRecordError
from migratekit.settings import SettingsChange
from migratekit.stores._rules import check_settings, is_storable
from migratekit.stores._sql_schema import settings as table
from migratekit.stores._sql_transactions import transact


def settings(connection: Connection, connection_id: str) -> SettingsChange | None:
    """
    See `migratekit.settings.SettingsStore.settings()`.
    """
    if not is_storable(connection_id):
        return None
    statement = (
        select(table)
        .where(table.c.connection_id == connection_id)
        .order_by(table.c.version.desc())
        .limit(1)
    )
    found = _changes(connection.execute(statement).mappings(), connection_id)
    return found[0] if found else None


def all_settings(connection: Connection) -> Sequence[SettingsChange]:
    """
    See `migratekit.settings.SettingsStore.all_settings()`.
    """
    newest = (
        select(table.c.connection_id, func.max(table.c.version).label("version"))
        .group_by(table.c.connection_id)
        .subquery()
    )
    statement = (
        select(table)
        .join(
            newest,
            (table.c.connection_id == newest.c.connection_id)
            & (table.c.version == newest.c.version),
        )
        .order_by(table.c.connection_id)
    )
    return [SettingsChange(**row) for row in connection.execute(statement).mappings()]


def settings_history(
    connection: Connection, connection_id: str
) -> Sequence[SettingsChange]:
    """
    See `migratekit.settings.SettingsStore.settings_history()`.
    """
    if not is_storable(connection_id):
        return []
    statement = (
        select(table)
        .where(table.c.connection_id == connection_id)
        .order_by(table.c.version)
    )
    return _changes(connection.execute(statement).mappings(), connection_id)


def change_settings(connection: Connection, change: SettingsChange) -> None:
    """
    See `migratekit.settings.SettingsStore.change_settings()`.
    """
    check_settings(change)

    def work(connection: Connection) -> bool:
        # Versions only ever come, one behind the other: whoever has added one in
        # between has added this one, and the constraint tells.
        statement = select(func.max(table.c.version)).where(
            table.c.connection_id == change.connection_id
        )
        if change.version != (connection.scalar(statement) or 0) + 1:
            return False
        connection.execute(insert(table), _values(change))
        return True

    try:
        is_next = transact(connection, work)
    except IntegrityError:
        is_next = False
    # Out of the except block, so that no context shows what the driver was given.
    if not is_next:
        raise StaleRecordError


def _values(change: SettingsChange) -> dict[str, Any]:
    return {column.name: getattr(change, column.name) for column in table.columns}


def _changes(rows: Iterable[Any], connection_id: str) -> list[SettingsChange]:
    # To some collations, binary ones included, trailing blanks are nothing.
    return [
        SettingsChange(**row) for row in rows if row["connection_id"] == connection_id
    ]
