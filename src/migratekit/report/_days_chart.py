"""
The picture of what happened day by day, as bars.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from migratekit.report._chart import Frame, Size, key, line, picture
from migratekit.report._markup import Markup, element


_DAY: Final = dt.timedelta(days=1)
# Beyond that, a bar is a week.
_MOST_BARS: Final = 62
_WEEK: Final = 7


@attrs.frozen
class Bars:
    """
    What happened on each of several days, or in each of several weeks.

    Args:
        days: How many days a bar is: 1 or 7.
        first: The first day of the first bar.
        rows: How often one thing happened, and another one.
    """

    days: int
    first: dt.date
    rows: Sequence[tuple[int, int]]

    @classmethod
    def of(
        cls,
        numbers: Mapping[dt.date, tuple[int, int]],
        first: dt.date,
        last: dt.date,
    ) -> "Bars":
        """
        Return the bars of *first* to *last*.  Weeks are whole, and end with *last*.
        """
        whole = (last - first).days + 1
        days = 1 if whole <= _MOST_BARS else _WEEK
        number = whole // days
        begin = last - (number * days - 1) * _DAY
        rows = [[0, 0] for _ in range(number)]
        for day, (one, other) in numbers.items():
            if day >= begin:
                row = rows[(day - begin).days // days]
                row[0] += one
                row[1] += other
        return cls(days, begin, [(one, other) for one, other in rows])

    @property
    def unit(self) -> str:
        """
        What a bar is.
        """
        return "day" if self.days == 1 else "week"

    @property
    def most(self) -> int:
        """
        How high the highest is.
        """
        return max(sum(row) for row in self.rows)

    def begins(self) -> list[dt.date]:
        """
        Return the days on which the bars begin.
        """
        return [self.first + at * self.days * _DAY for at in range(len(self.rows))]


def days_chart(
    identifier: str,
    title: str,
    description: str,
    bars: Bars,
    words: Sequence[str],
) -> Markup:
    """
    Return the picture, and what its areas mean.

    Args:
        identifier: What its ids begin with.
        title: What it is called.
        description: What it shows, for whoever does not see it.
        bars: What is shown.
        words: What the one thing is called, and the other one if there is any.
    """

    def draw(size: Size) -> list[Markup]:
        last = bars.first + (len(bars.rows) * bars.days - 1) * _DAY
        frame = Frame(size, bars.first, last, bars.most, is_by_slots=True)
        hatch = f"{identifier}-{size.name}-hatch"
        drawn = [_hatch(hatch)] if len(words) > 1 else []
        for day, row in zip(bars.begins(), bars.rows, strict=True):
            drawn += _bar(frame, day, bars.days, row, hatch)
        return [frame.grid(), *drawn]

    entries = [(element("rect", class_="fill", width=28, height=12), words[0])]
    if len(words) > 1:
        hatch = f"{identifier}-key-hatch"
        entries.append((_sample(hatch), words[1]))
    return element(
        "figure",
        picture(identifier, title, description, draw),
        key(*entries) if len(words) > 1 else None,
    )


def _bar(
    frame: Frame, day: dt.date, days: int, row: tuple[int, int], hatch: str
) -> list[Markup]:
    width = frame.slot * days
    gap = min(3.0, width / 5)
    x, wide = frame.x(day) + gap / 2, width - gap
    lower, top = frame.y(row[0]), frame.y(sum(row))
    parts: list[Markup] = []
    if row[0]:
        parts.append(
            element(
                "rect",
                class_="fill",
                x=x,
                y=lower,
                width=wide,
                height=frame.bottom - lower,
            )
        )
    if row[1]:
        area = {"x": x, "y": top, "width": wide, "height": lower - top}
        parts += [
            element("rect", fill=f"url(#{hatch})", **area),
            element("rect", class_="edge", **area),
        ]
    return parts


def _hatch(identifier: str) -> Markup:
    """
    Return a pattern that is told from a plain area without its colour.
    """
    return element(
        "defs",
        element(
            "pattern",
            element("rect", class_="refused", width=6, height=6),
            line(0, 0, 0, 6, "hatch"),
            id=identifier,
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )


def _sample(hatch: str) -> Markup:
    area = {"width": 28.0, "height": 12.0}
    return element(
        "g",
        _hatch(hatch),
        element("rect", fill=f"url(#{hatch})", **area),
        element("rect", class_="edge", **area),
    )
