"""
What the cut-over waits for.
"""

import datetime as dt
from typing import Final

from migratekit._flows.gate import weak_formats
from migratekit.models import Progress
from migratekit.overview._values import Condition, Statistics


_QUIET_DAYS: Final = 7


def conditions(
    progress: Progress | None, statistics: Statistics | None, today: dt.date
) -> tuple[Condition, ...]:
    """
    Return what ought to be so before the cut-over, and whether it is.

    It is what ``gate()`` of a connection looks at, with the same codes.
    """
    return (
        _nobody_remains(progress),
        _no_hash_is_weak(progress),
        _source_is_quiet(statistics, today),
    )


def _nobody_remains(progress: Progress | None) -> Condition:
    number = None if progress is None else progress.remaining
    return _condition(
        "users_remain",
        number,
        unknown="Nobody can tell how many users remain: the old system cannot count "
        "them or did not answer, or the store cannot.",
        met="Everybody has moved.",
        one="1 user has not moved.",
        many=f"{number or 0:,} users have not moved.",
    )


def _no_hash_is_weak(progress: Progress | None) -> Condition:
    weak = None if progress is None else weak_formats(progress.by_format)
    number = None if weak is None else sum(weak.values())
    return _condition(
        "weak_hashes",
        number,
        unknown="The store cannot tell which hashes it holds.",
        met="No stored hash is quick to guess.",
        one="1 stored hash is quick to guess, or may be; the next login of its owner "
        "renews it.",
        many=f"{number or 0:,} stored hashes are quick to guess, or may be; each is "
        "renewed by the next login of its owner.",
    )


def _source_is_quiet(statistics: Statistics | None, today: dt.date) -> Condition:
    number = _calls(statistics, today - dt.timedelta(days=_QUIET_DAYS - 1))
    return _condition(
        "source_asked",
        number,
        unknown=f"Nobody has recorded for {_QUIET_DAYS} days how often the old system "
        "is asked.",
        met=f"The old system was not asked in the last {_QUIET_DAYS} days.",
        one=f"The old system was asked once in the last {_QUIET_DAYS} days.",
        many=f"The old system was asked {number or 0:,} times in the last "
        f"{_QUIET_DAYS} days.",
    )


def _calls(statistics: Statistics | None, since: dt.date) -> int | None:
    if statistics is None or statistics.first_day is None:
        return None
    logins = statistics.logins_since(since)
    # A process that ends takes along its last calls, but no login that was one.
    asked = logins.moved + logins.refused.get("unknown_or_wrong", 0)
    calls = max(asked, statistics.source_since(since).calls)
    # None in less time proves nothing.
    return calls if calls or statistics.first_day <= since else None


def _condition(
    code: str, number: int | None, *, unknown: str, met: str, one: str, many: str
) -> Condition:
    if number is None:
        return Condition(code, "unknown", None, unknown)
    if number == 0:
        return Condition(code, "met", 0, met)
    return Condition(code, "blocks", number, one if number == 1 else many)
