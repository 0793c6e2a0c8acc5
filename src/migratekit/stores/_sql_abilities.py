"""
The abilities of the SQL stores, and their schema; like `_sql_operations`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import (
    Connection,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy import delete as delete_from
from sqlalchemy.exc import DBAPIError, IntegrityError

from migratekit.errors import (
    ConfigurationError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.models import (
    KeyKind,
    LedgerKey,
    Origin,
    Retirement,
    User,
)
from migratekit.stores._rules import (
    check_key,
    check_reservation,
    check_source,
    is_storable,
)
from migratekit.stores._sql_rows import (
    KINDS,
    USER_COLUMNS,
    is_key,
    is_stored,
    ledger_values,
    place_of,
    retirement_of,
    rows_having,
    sameness,
)
from migratekit.stores._sql_schema import (
    SCHEMA_VERSION,
    ledger,
    metadata,
    schema,
    users,
)
from migratekit.stores._sql_transactions import (
    ATTEMPTS,
    transact,
)


def create_schema(connection: Connection) -> None:
    """
    Make what is missing of the tables, also of an older version, and record theirs.
    """

    def work(connection: Connection) -> None:
        metadata.create_all(connection)
        if connection.scalar(select(schema.c.version)) is None:
            row = {"id": 1, "version": SCHEMA_VERSION, "source_name": None}
            connection.execute(insert(schema), row)
        # Since version 1 tables were added, and none was changed.
        older = update(schema).where(schema.c.version < SCHEMA_VERSION)
        connection.execute(older.values(version=SCHEMA_VERSION))

    for _ in range(ATTEMPTS - 1):
        try:
            return transact(connection, work)
        except DBAPIError:
            # Another process may be making the same tables.
            pass
    return transact(connection, work)


def schema_version(connection: Connection) -> int | None:
    """
    Return the version of the tables; None if there are none.
    """
    version = None
    if inspect(connection).has_table(schema.name):
        version = connection.scalar(select(schema.c.version))
    connection.rollback()
    return version


def check_schema(connection: Connection) -> None:
    """
    Refuse tables that are missing or not ours.

    Raises:
        migratekit.errors.ConfigurationError: If they are.
    """
    version = schema_version(connection)
    if version is None:
        raise ConfigurationError("The store has no tables yet: call create_schema().")
    if version != SCHEMA_VERSION:
        raise ConfigurationError(
            f"The tables of the store have version {version}, and this migratekit "
            f"needs version {SCHEMA_VERSION}; create_schema() upgrades older ones."
        )


def bind_source(connection: Connection, source_name: str) -> None:
    """
    See `migratekit.protocols.BindableStore.bind_source()`.
    """

    def work(connection: Connection) -> str | None:
        statement = update(schema).where(schema.c.source_name.is_(None))
        connection.execute(statement.values(source_name=source_name))
        return connection.scalar(select(schema.c.source_name))

    check_source(transact(connection, work), source_name)


def bound_source(connection: Connection) -> str | None:
    """
    See `migratekit.protocols.BoundStore.bound_source()`.
    """
    return connection.scalar(select(schema.c.source_name))


def list_users(
    connection: Connection,
    after: str | None,
    limit: int,
    origin: Origin | None,
    migrated_since: dt.datetime | None,
) -> Sequence[User]:
    """
    See `migratekit.protocols.ListableStore.list_users()`.
    """
    statement = select(*USER_COLUMNS).order_by(users.c.id).limit(limit)
    if after is not None:
        statement = statement.where(users.c.id > after)
    if origin is not None:
        statement = statement.where(users.c.origin == origin.value)
    if migrated_since is not None:
        statement = statement.where(users.c.migrated_at >= migrated_since)
    return [User(**row) for row in connection.execute(statement).mappings()]


def readmit(connection: Connection, legacy_id: str) -> None:
    """
    See `migratekit.protocols.ReadmittingStore.readmit()`.
    """
    if not is_storable(legacy_id):
        return

    def work(connection: Connection) -> None:
        # Whoever stores a user with one of these rows waits for this lock, or we wait
        # for theirs; the reads behind it see who that is.
        rows = connection.execute(
            select(ledger.c.kind, ledger.c.value)
            .where(ledger.c.legacy_id == legacy_id)
            .with_for_update()
        ).all()
        if is_stored(connection, LedgerKey(KeyKind.LEGACY_ID, legacy_id)):
            raise UserExistsError("legacy_id")
        for kind, value in rows:
            key = LedgerKey(KeyKind(kind), value)
            if is_stored(connection, key):
                connection.execute(
                    update(ledger).where(is_key(key)).values(legacy_id=None)
                )
            else:
                connection.execute(delete_from(ledger).where(is_key(key)))

    transact(connection, work)


def reserve(connection: Connection, keys: Iterable[LedgerKey], legacy_id: str) -> None:
    """
    See `migratekit.protocols.ReservingStore.reserve()`.
    """
    check_key(LedgerKey(KeyKind.LEGACY_ID, legacy_id))
    reserve_many(connection, [Retirement(key, "reserved", legacy_id) for key in keys])


def reserve_many(connection: Connection, rows: Sequence[Retirement]) -> None:
    """
    See `migratekit.protocols.BulkReservingStore.reserve_many()`.
    """
    for row in rows:
        check_reservation(row)
    moment = dt.datetime.now(dt.UTC)
    same = sameness(connection.dialect)

    def work(connection: Connection) -> None:
        # The first of two that want the same has it.
        wanted = {same(row.key): row for row in reversed(rows)}
        missing = [
            ledger_values(row.key, "reserved", row.legacy_id, moment)
            for row in _not_in_ledger(connection, wanted)
        ]
        if missing:
            connection.execute(insert(ledger), missing)

    for _ in range(ATTEMPTS):
        try:
            return transact(connection, work)
        except IntegrityError:
            # Somebody has written one of them since they were read.
            pass
    raise StoreUnavailableError("Contention")


def _not_in_ledger(
    connection: Connection, wanted: dict[LedgerKey, Retirement]
) -> list[Retirement]:
    """
    Return those of *wanted* that are not there, in the order in which all are written.
    """
    same = sameness(connection.dialect)
    for kind in KINDS:
        statement = select(ledger.c.value).where(ledger.c.kind == kind.value)
        values = [row.key.value for row in wanted.values() if row.key.kind is kind]
        found = rows_having(connection, statement, ledger.c.value, values)
        for (value,) in [*found]:
            wanted.pop(same(LedgerKey(kind, value)), None)
    return sorted(wanted.values(), key=lambda row: place_of(row.key))


def lift_reservations(connection: Connection) -> int:
    """
    See `migratekit.protocols.ReservingStore.lift_reservations()`.
    """
    statement = delete_from(ledger).where(ledger.c.reason == "reserved")
    return transact(
        connection, lambda connection: connection.execute(statement).rowcount
    )


def reservations(
    connection: Connection, after: LedgerKey | None, limit: int
) -> Sequence[Retirement]:
    """
    See `migratekit.protocols.ReservingStore.reservations()`.
    """
    if after is not None:
        check_key(after)
    found: list[Retirement] = []
    kinds = [kind for kind in sorted(KeyKind) if after is None or kind >= after.kind]
    for kind in kinds:
        # Kind by kind, because not every database finds a pair by the index of pairs.
        statement = (
            select(ledger)
            .where(ledger.c.kind == kind.value, ledger.c.reason == "reserved")
            .order_by(ledger.c.value)
            .limit(limit - len(found))
        )
        if after is not None and kind is after.kind:
            statement = statement.where(ledger.c.value > after.value)
        found += map(retirement_of, connection.execute(statement))
    return found
