"""
How fast users move, and when all of them would have.
"""

import datetime as dt
import math
from typing import Final

import attrs

from migratekit._fields import Shown
from migratekit.models import Progress


_WINDOWS: Final = (7, 14)
# Whoever names a day that is further away than that pretends to know.
_FURTHEST: Final = 3650
_DAY: Final = dt.timedelta(days=1)


@attrs.frozen(repr=False)
class Pace(Shown):
    """
    How many users move on a day, by the last *days* whole days.

    The busiest of these days is left out, because it may have been that of an import:
    *per_day* is the mean of all others.

    Args:
        days: How many days back; today is not one of them.
        moved: How many users moved in these days, the busiest one included.
        per_day: How many do on a day, without the busiest.
        finish:
            When all who remain would have moved if it went on like that; None if that
            cannot be said, is ten years away, or nobody remains.
    """

    days: int
    moved: int
    per_day: float
    finish: dt.date | None


def paces(progress: Progress, today: dt.date) -> tuple[Pace, ...]:
    """
    Return the pace of the last 7 and 14 days; of none that began before the migration.
    """
    if not progress.by_day:
        return ()
    age = (today - min(progress.by_day)).days
    return tuple(_pace(progress, today, days) for days in _WINDOWS if age >= days)


def _pace(progress: Progress, today: dt.date, days: int) -> Pace:
    moved = [progress.by_day.get(today - back * _DAY, 0) for back in range(1, days + 1)]
    per_day = (sum(moved) - max(moved)) / (days - 1)
    return Pace(days, sum(moved), per_day, _finish(progress.remaining, per_day, today))


def _finish(remaining: int | None, per_day: float, today: dt.date) -> dt.date | None:
    if not remaining or remaining > per_day * _FURTHEST:
        return None
    return today + math.ceil(remaining / per_day) * _DAY
