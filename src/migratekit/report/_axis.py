"""
Where the lines and labels of a chart go.
"""

import datetime as dt
import math
from collections.abc import Iterator
from typing import Final

import attrs

from migratekit.overview import _words as words


# Of a sign, at the size of the labels.
SIGN: Final = 7.8
_LABEL_GAP: Final = 14.0
_DAY: Final = dt.timedelta(days=1)


@attrs.frozen
class Span:
    """
    A stretch of numbers, drawn from *start* to *end*.
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """
        Return where *value* is drawn.
        """
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def steps(most: float, wanted: int) -> list[int]:
    """
    Return round numbers from 0 to *most* or beyond, about *wanted* of them above 0.
    """
    if most <= 0:
        return [0, 1]
    rough = max(1.0, most / wanted)
    power = 10 ** math.floor(math.log10(rough))
    step = next(int(power * of) for of in (1, 2, 5, 10) if power * of >= rough)
    return [*range(0, math.ceil(most / step) * step + 1, step)]


def short(number: int) -> str:
    """
    Return a round number for an axis.
    """
    for size, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= 10 * size or (number >= size and number * 10 % size == 0):
            return f"{number / size:,g}{sign}"
    return f"{number:,}"


def dates(first: dt.date, last: dt.date, room: float) -> Iterator[tuple[dt.date, str]]:
    """
    Yield days to name below an axis that is *room* wide, and their names; at least one,
    and none so near to another that the names would touch.
    """
    days = max(1, (last - first).days)
    for step, name in _STEPS:
        widest = max(len(name(day)) for day in (first, last)) + 1
        if days / step * (widest * SIGN + _LABEL_GAP) > room:
            continue
        chosen = [*_every(step, first, last)]
        if chosen:
            yield from ((day, name(day)) for day in chosen)
            return
    yield first, words.day(first)


def _every(step: int, first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """
    Yield every so manieth day; the first ones of months or years from 28 days on.
    """
    if step < 28:
        day = first
        while day <= last:
            yield day
            day += step * _DAY
        return
    months = round(step / 30.4)
    at = first.year * 12 + first.month - 1
    at += -at % months
    while (day := dt.date(at // 12, at % 12 + 1, 1)) <= last:
        if day >= first:
            yield day
        at += months


def _year(day: dt.date) -> str:
    return str(day.year)


_STEPS: Final = (
    *((step, words.short_day) for step in (1, 2, 7, 14)),
    *((step, words.month) for step in (30, 61, 91, 183)),
    *((step, _year) for step in (365, 730, 1826, 3652)),
)
