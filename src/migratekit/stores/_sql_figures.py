"""
What a SQL store can tell of itself: how many there are, and whether all is well.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    SelectBase,
    String,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from migratekit.models import Disagreement, Figures, KeyKind, LedgerKey, Origin
from migratekit.stores._rules import MOST_DISAGREEMENTS
from migratekit.stores._sql_schema import ledger, users


_BY_MOMENT = "FORCE INDEX (migratekit_ledger_created_at)"


class day_of(GenericFunction[Any]):  # noqa: N801  # It is a function of SQL.
    """
    The day of a point in time, in whatever form a database groups it best.
    """

    inherit_cache = True


class day_text(GenericFunction[str]):  # noqa: N801
    """
    A `day_of` as ``2026-01-31``.
    """

    type = String()
    inherit_cache = True


@compiles(day_of)
def _day_of(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(_argument(element), **options)} AS DATE)"


@compiles(day_of, "sqlite")
def _day_of_text(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    # There, a point in time is text.
    return f"substr({compiler.process(_argument(element), **options)}, 1, 10)"


@compiles(day_of, "oracle")
def _day_of_oracle(element: day_of, compiler: SQLCompiler, **options: Any) -> str:
    # There, a date has a time.
    return f"TRUNC({compiler.process(_argument(element), **options)})"


@compiles(day_text)
def _day_text(element: day_text, compiler: SQLCompiler, **options: Any) -> str:
    day = compiler.process(_argument(element), **options)
    return _DAY_TEXTS.get(compiler.dialect.name, "{}").format(day)


_DAY_TEXTS = {
    "postgresql": "to_char({}, 'YYYY-MM-DD')",
    "oracle": "TO_CHAR({}, 'YYYY-MM-DD')",
    "mysql": "CAST({} AS CHAR(10))",
    "mariadb": "CAST({} AS CHAR(10))",
    "mssql": "CONVERT(VARCHAR(10), {}, 23)",
}


def _argument(element: GenericFunction[Any]) -> ColumnElement[Any]:
    (argument,) = element.clauses
    return argument


def figures(connection: Connection) -> Figures:
    """
    See `migratekit.protocols.CountableStore.figures()`.
    """
    counts: dict[str, dict[str, int]] = {"origin": {}, "format": {}, "day": {}}
    for figure, key, number in connection.execute(counting()):
        counts[figure][key] = number
    return Figures(
        by_origin={Origin(key): number for key, number in counts["origin"].items()},
        moved=sum(counts["day"].values()),
        by_day={
            dt.date.fromisoformat(key): number for key, number in counts["day"].items()
        },
        by_format=counts["format"],
    )


def counting() -> CompoundSelect[Any]:
    """
    Return the statement that counts: one, so that all numbers are of the same moment.
    """
    moved = (
        select(day_of(ledger.c.created_at).label("day"), func.count().label("moved"))
        .where(ledger.c.kind == KeyKind.LEGACY_ID.value, ledger.c.reason == "used")
        .group_by(day_of(ledger.c.created_at))
        # These would go by the primary key, which has the rows as a whole.
        .with_hint(ledger, _BY_MOMENT, "mysql")
        .with_hint(ledger, _BY_MOMENT, "mariadb")
        .subquery()
    )
    return union_all(
        _numbers("origin", users.c.origin),
        _numbers("format", users.c.hash_format),
        select(literal("day"), day_text(moved.c.day), moved.c.moved),
    )


def _numbers(figure: str, column: ColumnElement[str]) -> SelectBase:
    return select(literal(figure), column, func.count()).group_by(column)


def check(connection: Connection) -> Sequence[Disagreement]:
    """
    See `migratekit.protocols.CheckableStore.check()`.

    Each is found by a single statement, so that whoever writes meanwhile does not look
    like one.
    """
    found: list[Disagreement] = []
    for kind in KeyKind:
        found += _answers(connection, _uncovered(kind), len(found))
    return found + _answers(connection, _strayed(), len(found))


def _answers(
    connection: Connection, disagreeing: Select[Any], known: int
) -> list[Disagreement]:
    if known >= MOST_DISAGREEMENTS:
        return []
    rows = connection.execute(disagreeing.limit(MOST_DISAGREEMENTS - known))
    return [
        Disagreement(user_id, LedgerKey(KeyKind(kind), value), problem)
        for user_id, kind, value, problem in rows
    ]


def _uncovered(kind: KeyKind) -> Select[Any]:
    """
    Return the query for users whose key the ledger does not say to be used.

    It looks each key up: given a join, PostgreSQL without statistics, as after an
    import, compares every user with all rows of a kind.
    """
    column = users.c[kind.value]
    reason = (
        select(ledger.c.reason)
        .where(ledger.c.kind == kind.value, ledger.c.value == column)
        .scalar_subquery()
    )
    keys = (
        select(users.c.id, column.label("key"), reason.label("reason"))
        .where(column.is_not(None))
        .subquery()
    )
    problem = case((keys.c.reason.is_(None), "not_in_ledger"), else_="reserved")
    return (
        select(keys.c.id, literal(kind.value), keys.c.key, problem)
        .where(or_(keys.c.reason.is_(None), keys.c.reason != "used"))
        .order_by(keys.c.id)
    )


def _strayed() -> Select[Any]:
    """
    Return the query for legacy ids that the ledger does not say to be their own.
    """
    column = ledger.c.value
    return (
        select(users.c.id, ledger.c.kind, column, literal("other_owner"))
        .select_from(ledger.outerjoin(users, users.c.legacy_id == column))
        .where(
            ledger.c.kind == KeyKind.LEGACY_ID.value,
            or_(ledger.c.legacy_id.is_(None), ledger.c.legacy_id != column),
        )
        .order_by(column)
    )
