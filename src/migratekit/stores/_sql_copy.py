"""
Many rows at once, by the fastest way that a driver has.

On PostgreSQL that is COPY.  It goes into a table that nobody else sees and that has no
constraints: a COPY that fails shows its row, the hash with it, in the server's log.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, Dialect, Table, insert
from sqlalchemy.util import await_only

from migratekit.stores._sql_rows import Columns
from migratekit.stores._sql_schema import ledger, users


_Row: TypeAlias = tuple[Any, ...]
# Takes the driver's connection, a table, its columns, and the rows.
_Copy: TypeAlias = Callable[[Any, str, Sequence[str], Iterable[_Row]], None]


_KEYS = f"""
INSERT INTO {ledger.name} (kind, value, reason, legacy_id, created_at)
SELECT kind, value, 'used', legacy_id,
    COALESCE(updated_at, migrated_at, now() AT TIME ZONE 'utc')
FROM {users.name}_staging
CROSS JOIN LATERAL (
    VALUES (1, 'legacy_id', legacy_id), (2, 'email', email), (3, 'username', username)
) AS keys (place, kind, value)
WHERE value IS NOT NULL
ORDER BY place, value
"""  # noqa: S608  # Only names of ours.


def can_copy(dialect: Dialect) -> bool:
    """
    Return whether we know how to ask the driver for COPY.
    """
    return _driver_of(dialect) in _COPIES


def insert_with_keys(connection: Connection, columns: Columns) -> None:
    """
    Insert rows into the users and what follows from them into the ledger, by COPY.

    Raises:
        sqlalchemy.exc.IntegrityError: If something is in the way.
    """
    _stage(connection, users, columns)
    connection.exec_driver_sql(_KEYS)
    _insert_staged(connection, users)


def insert_rows(connection: Connection, table: Table, columns: Columns) -> None:
    """
    Insert rows into *table* in their order; *columns* is empty if there are none.

    To be called once for a table in a transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: If something is in the way.
    """
    if not columns:
        return
    if can_copy(connection.dialect):
        _stage(connection, table, columns)
        _insert_staged(connection, table)
        return
    statement = insert(table).compile(dialect=connection.dialect)
    if statement.positiontup == table.columns.keys():
        # As execute() would do, but for its work on every single value.
        rows = list(adapted(connection.dialect, table, columns))
        connection.exec_driver_sql(str(statement), rows)
    else:
        each = zip(*columns.values(), strict=True)
        values = [dict(zip(columns, row, strict=True)) for row in each]
        connection.execute(insert(table), values)


def _stage(connection: Connection, table: Table, columns: Columns) -> None:
    staging = f"{table.name}_staging"
    # This begins the transaction of the driver, too.
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {staging} (LIKE {table.name}) ON COMMIT DROP"
    )
    copy = _COPIES[_driver_of(connection.dialect)]
    rows = adapted(connection.dialect, table, columns)
    driver = connection.connection.driver_connection
    copy(driver, staging, table.columns.keys(), rows)


def _insert_staged(connection: Connection, table: Table) -> None:
    columns = ", ".join(table.columns.keys())
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({columns})"  # noqa: S608  # Only names of ours.
        f" SELECT {columns} FROM {table.name}_staging ORDER BY ctid"
    )


def adapted(dialect: Dialect, table: Table, columns: Columns) -> Iterable[_Row]:
    """
    Return rows as SQLAlchemy would hand them to the driver.
    """
    return zip(
        *(_adapted(dialect, column, columns[column.name]) for column in table.columns),
        strict=True,
    )


def _adapted(
    dialect: Dialect, column: Column[Any], values: Sequence[Any]
) -> Sequence[Any]:
    adapter = column.type.dialect_impl(dialect).bind_processor(dialect)
    if adapter is None:
        return values
    first = values[0]
    if all(value is first for value in values):
        # Such as the moment of an import.
        return [adapter(first)] * len(values)
    return list(map(adapter, values))


def _driver_of(dialect: Dialect) -> tuple[str, str, bool]:
    return dialect.name, dialect.driver, dialect.is_async


def _copy_by_psycopg(
    driver: Any, table: str, columns: Sequence[str], rows: Iterable[_Row]
) -> None:
    with driver.cursor() as cursor, cursor.copy(_statement(table, columns)) as copy:
        for row in rows:
            copy.write_row(row)


def _copy_by_async_psycopg(
    driver: Any, table: str, columns: Sequence[str], rows: Iterable[_Row]
) -> None:
    async def copy_rows() -> None:
        async with (
            driver.cursor() as cursor,
            cursor.copy(_statement(table, columns)) as copy,
        ):
            for row in rows:
                await copy.write_row(row)

    await_only(copy_rows())


def _copy_by_asyncpg(
    driver: Any, table: str, columns: Sequence[str], rows: Iterable[_Row]
) -> None:
    await_only(driver.copy_records_to_table(table, columns=columns, records=rows))


def _statement(table: str, columns: Sequence[str]) -> str:
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN"


_COPIES: Mapping[tuple[str, str, bool], _Copy] = {
    ("postgresql", "psycopg", False): _copy_by_psycopg,
    ("postgresql", "psycopg", True): _copy_by_async_psycopg,
    ("postgresql", "asyncpg", True): _copy_by_asyncpg,
}
