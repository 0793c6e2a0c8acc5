"""
Tallies in the SQL stores; like `_sql_operations`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TypeAlias

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from migratekit.errors import StoreUnavailableError
from migratekit.statistics import Tally
from migratekit.stores._sql_rows import chunks
from migratekit.stores._sql_schema import tallies as table
from migratekit.stores._sql_transactions import ATTEMPTS, LostRaceError, transact
from migratekit.stores._tallies import merged, summed


_Key: TypeAlias = tuple[dt.date, str]
_DAYS_AT_ONCE = 200


def add_tallies(connection: Connection, tallies: Iterable[Tally]) -> None:
    """
    See `migratekit.statistics.StatisticsStore.add_tallies()`.
    """
    # In the same order everywhere, so that no two wait for each other.
    wanted = summed(tallies)
    for _ in range(ATTEMPTS):
        # In a transaction of its own: MariaDB locks the gap where an update finds
        # nothing, and whoever inserts there next waits for all others who looked.
        there = _keys(connection, wanted)
        try:
            return transact(connection, partial(_write, wanted, there))
        except (IntegrityError, LostRaceError):
            # Somebody has inserted one of them since, or removed one.
            pass
    raise StoreUnavailableError("Contention")


def tallies(connection: Connection, since: dt.date | None) -> Sequence[Tally]:
    """
    See `migratekit.statistics.StatisticsStore.tallies()`.
    """
    statement = select(table).order_by(table.c.day, table.c.name)
    if since is not None:
        statement = statement.where(table.c.day >= since)
    return [Tally(**row) for row in connection.execute(statement).mappings()]


def _keys(connection: Connection, tallies: Iterable[Tally]) -> set[_Key]:
    days = sorted({tally.day for tally in tallies})
    there: set[_Key] = set()
    with connection.begin():
        for some in chunks(days, _DAYS_AT_ONCE):
            statement = select(table.c.day, table.c.name).where(table.c.day.in_(some))
            there.update((day, name) for day, name in connection.execute(statement))
    return there


def _write(tallies: Iterable[Tally], there: set[_Key], connection: Connection) -> None:
    for tally in tallies:
        if (tally.day, tally.name) in there:
            _add(connection, tally)
        else:
            row = {column.name: getattr(tally, column.name) for column in table.columns}
            connection.execute(insert(table), row)


def _add(connection: Connection, tally: Tally) -> None:
    is_row = (table.c.day == tally.day) & (table.c.name == tally.name)
    changed = update(table).where(is_row).values(count=table.c.count + tally.count)
    if tally.people is not None:
        # Merged here, so nobody else may write it before this is committed.
        locked = select(table.c.people).where(is_row).with_for_update()
        people = connection.scalar(locked)
        changed = changed.values(people=merged(people, tally.people))
    if connection.execute(changed).rowcount != 1:
        raise LostRaceError
