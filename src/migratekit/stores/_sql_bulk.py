"""
Many users at once in a SQL store; like `_sql_operations`.

All are written without looking.  If that fails, a new transaction reads what is there
of them, and those who can still be stored are written again.  The ledger's rows come
first and in one order, so that two imports queue and do not block each other.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from migratekit.errors import (
    AlreadyMigratedError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.models import (
    KeyKind,
    LedgerKey,
    NewUser,
    Record,
    Retirement,
)
from migratekit.stores._batches import (
    Candidate,
    Known,
    Outcome,
    candidates,
    judged,
)
from migratekit.stores._rules import is_storable, retired_at
from migratekit.stores._sql_copy import can_copy, insert_rows, insert_with_keys
from migratekit.stores._sql_operations import create
from migratekit.stores._sql_rows import (
    KINDS,
    chunks,
    columns_of,
    is_key,
    ledger_values,
    place_of,
    retirement_of,
    rows_having,
    rows_of,
    sameness,
    transposed,
)
from migratekit.stores._sql_schema import ledger, users
from migratekit.stores._sql_transactions import LostRaceError, transact


# The users of a batch may log in meanwhile, but not for ever.
_ATTEMPTS = 6
_ROWS_AT_ONCE = 200

_NOTHING = Known()
_DATE = (
    update(ledger)
    .where(
        ledger.c.kind == bindparam("its_kind"),
        ledger.c.value == bindparam("its_value"),
    )
    .values(created_at=bindparam("moment"))
)


def create_many(connection: Connection, new: Sequence[NewUser]) -> list[Outcome]:
    """
    See `migratekit.protocols.BulkStore.create_many()`.

    Those who are contested every time are created one by one in the end.
    """
    batch = candidates(new, sameness(connection.dialect))
    known = _NOTHING
    for _ in range(_ATTEMPTS):
        outcomes = judged(batch, known)
        accepted = [
            candidate
            for candidate, outcome in zip(batch, outcomes, strict=True)
            if outcome is None
        ]
        if known is _NOTHING and len(accepted) < len(batch):
            # Why somebody is refused would be a guess.
            pass
        elif not accepted or _are_stored(connection, accepted, known):
            return outcomes
        known = transact(connection, lambda connection: _known(connection, batch))
    return [_created_alone(connection, candidate.new) for candidate in batch]


def retired_many(
    connection: Connection, keys: Sequence[LedgerKey]
) -> list[Retirement | None]:
    """
    See `migratekit.protocols.LookupStore.retired_many()`.
    """
    found: dict[LedgerKey, Retirement] = {}
    wanted = [key for key in dict.fromkeys(keys) if is_storable(key.value)]
    for kind in KINDS:
        statement = select(ledger).where(ledger.c.kind == kind.value)
        values = [key.value for key in wanted if key.kind is kind]
        for row in rows_having(connection, statement, ledger.c.value, values):
            retirement = retirement_of(row)
            found[retirement.key] = retirement
    # To some collations, binary ones included, trailing blanks are nothing.
    return [found.get(key) for key in keys]


def _are_stored(
    connection: Connection, accepted: Sequence[Candidate], known: Known
) -> bool:
    try:
        transact(connection, lambda connection: _store(connection, accepted, known))
    except (IntegrityError, LostRaceError, StoreUnavailableError):
        # Somebody was faster, or the database sacrificed us every time.
        return False
    return True


def _store(connection: Connection, accepted: Sequence[Candidate], known: Known) -> None:
    first = accepted[0].keys[:1]
    if first and known is _NOTHING and rows_of(connection, first):
        # Most likely all of them are there, and a try would be in vain.
        raise LostRaceError
    records = [
        Record(candidate.new.user, candidate.new.password_hash, version=1)
        for candidate in accepted
    ]
    records.sort(key=lambda record: record.user.id)
    columns = columns_of(records)
    if not known.retired and can_copy(connection.dialect):
        insert_with_keys(connection, columns)
        return
    _retire(connection, accepted, known)
    insert_rows(connection, users, columns)


def _retire(
    connection: Connection, accepted: Sequence[Candidate], known: Known
) -> None:
    """
    Write the keys into the ledger, but for those that are known to be there.
    """
    there: list[tuple[Retirement, dt.datetime]] = []
    new: list[tuple[tuple[int, str], dict[str, Any]]] = []
    for candidate in accepted:
        user = candidate.new.user
        moment = retired_at(user)
        for key, same in zip(candidate.keys, candidate.same, strict=True):
            row = known.retired.get(same)
            if row is None:
                values = ledger_values(key, "used", user.legacy_id, moment)
                new.append((place_of(key), values))
            else:
                there.append((row, moment))
    _use(connection, sorted(there, key=lambda item: place_of(item[0].key)))
    new.sort(key=itemgetter(0))
    insert_rows(connection, ledger, transposed([values for _, values in new]))


def _use(
    connection: Connection, rows: Sequence[tuple[Retirement, dt.datetime]]
) -> None:
    """
    Mark *rows* as used at their moments, if all of them still are as they were.
    """
    for chunk in chunks(rows, _ROWS_AT_ONCE):
        statement = (
            update(ledger)
            .where(or_(*(_is_unchanged(row) for row, _ in chunk)))
            # To some it changes nothing; but it waits for whoever is removing them.
            .values(reason="used")
        )
        if connection.execute(statement).rowcount != len(chunk):
            raise LostRaceError
    lifted = [
        {"its_kind": row.key.kind.value, "its_value": row.key.value, "moment": moment}
        for row, moment in rows
        if row.reason == "reserved"
    ]
    if lifted:
        connection.execute(_DATE, lifted)


def _is_unchanged(row: Retirement) -> ColumnElement[bool]:
    return and_(
        is_key(row.key),
        ledger.c.reason == row.reason,
        ledger.c.legacy_id == row.legacy_id,
    )


def _known(connection: Connection, batch: Sequence[Candidate]) -> Known:
    """
    Return what is there of *batch*.
    """
    # Whoever has moved for certain needs no further look.
    moved = _retired(connection, batch, [KeyKind.LEGACY_ID])
    others = [
        candidate
        for candidate in batch
        if all(
            key not in moved or moved[key].reason == "reserved"
            for key in candidate.same
        )
    ]
    # In this order: who is stored in between has their ledger rows by then.
    stored = {
        key
        for kind in (KeyKind.EMAIL, KeyKind.USERNAME)
        for key in _stored(connection, others, kind)
    }
    ids = [candidate.new.user.id for candidate in others]
    taken = {
        row.id for row in rows_having(connection, select(users.c.id), users.c.id, ids)
    }
    return Known(stored, moved | _retired(connection, others, KINDS), taken)


def _stored(
    connection: Connection, batch: Sequence[Candidate], kind: KeyKind
) -> Iterator[LedgerKey]:
    column, same = users.c[kind.value], sameness(connection.dialect)
    for row in rows_having(connection, select(column), column, _values(batch, kind)):
        yield same(LedgerKey(kind, row[0]))


def _retired(
    connection: Connection, batch: Sequence[Candidate], kinds: Iterable[KeyKind]
) -> dict[LedgerKey, Retirement]:
    found: dict[LedgerKey, Retirement] = {}
    same = sameness(connection.dialect)
    for kind in kinds:
        statement = select(ledger).where(ledger.c.kind == kind.value)
        values = _values(batch, kind)
        for row in rows_having(connection, statement, ledger.c.value, values):
            key = LedgerKey(kind, row.value)
            found[same(key)] = Retirement(key, row.reason, row.legacy_id)
    return found


def _values(batch: Sequence[Candidate], kind: KeyKind) -> list[str]:
    return [
        key.value for candidate in batch for key in candidate.keys if key.kind is kind
    ]


def _created_alone(connection: Connection, new: NewUser) -> Outcome:
    try:
        create(connection, new)
    except (AlreadyMigratedError, UserExistsError) as error:
        # Without the frames, which have seen the hash.
        return error.with_traceback(None)
    return None
