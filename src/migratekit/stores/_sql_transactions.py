"""
Transactions of the SQL stores, and what to do when one loses.

Who loses a race is told by a constraint, or by an update that finds nothing.  The
reason is read in a new transaction, because the old one may not see the winner.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from migratekit.errors import StoreUnavailableError
from migratekit.models import KeyKind, Retirement


T = TypeVar("T")
Rows: TypeAlias = Mapping[KeyKind, Retirement]

# MariaDB sacrifices somebody in every second crowd that wants one e-mail.
ATTEMPTS = 12

# PostgreSQL: serialization_failure, deadlock_detected.
_VICTIM_STATES = frozenset({"40001", "40P01"})
# MySQL and MariaDB: ER_LOCK_DEADLOCK, and ER_CHECKREAD of a snapshot that is too old.
_VICTIM_NUMBERS = frozenset({1213, 1020})


class LostRaceError(Exception):
    """
    What an update was to find is not there any more.
    """


def transact(connection: Connection, work: Callable[[Connection], T]) -> T:
    """
    Do *work* in a transaction of its own; again, if the database sacrificed it.

    Raises:
        migratekit.errors.StoreUnavailableError: If it was sacrificed every time.
        sqlalchemy.exc.DBAPIError: If anything else went wrong.
    """
    for _ in range(ATTEMPTS):
        try:
            with _writing(connection):
                return work(connection)
        except DBAPIError as error:
            if not _is_victim(error):
                raise
    raise StoreUnavailableError("Deadlock")


def contest(
    connection: Connection,
    attempt: Callable[[Connection, Rows], T],
    explain: Callable[[Connection], Rows],
) -> T:
    """
    Make *attempt* until it wins, or until *explain* raises why it cannot.

    Args:
        connection: Not in a transaction.

        attempt:
            Is given the ledger's rows that may stay, by kind; none at first.

        explain:
            Gives those rows, as they are after a lost attempt.

    Raises:
        migratekit.errors.StoreUnavailableError: If nothing explains the losses.
    """
    rows: Rows = {}
    for _ in range(ATTEMPTS):
        known = rows
        try:
            return transact(connection, lambda connection: attempt(connection, known))  # noqa: B023
        except (IntegrityError, LostRaceError):
            pass
        rows = transact(connection, explain)
    raise StoreUnavailableError("Contention")


@contextmanager
def _writing(connection: Connection) -> Iterator[None]:
    with connection.begin():
        if connection.dialect.name == "sqlite":
            # The driver would begin with a read lock, and two readers that want to
            # write next fail at once instead of waiting.
            if connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
                connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield


def _is_victim(error: DBAPIError) -> bool:
    cause = error.orig
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    number = cause.args[0] if cause is not None and cause.args else None
    return state in _VICTIM_STATES or number in _VICTIM_NUMBERS
