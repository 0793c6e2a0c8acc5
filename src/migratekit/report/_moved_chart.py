"""
The picture of who has moved over time, and when all will have.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

import attrs

from migratekit.overview import Overview
from migratekit.overview import _words as words
from migratekit.report._axis import SIGN
from migratekit.report._chart import Frame, Size, key, label, line, picture
from migratekit.report._markup import Markup, element


_DAY: Final = dt.timedelta(days=1)
# The future takes no more room than the past, or a month.
_LEAST_AHEAD: Final = 30
_NEAR: Final = 28.0


def moved_chart(overview: Overview, by_day: Mapping[dt.date, int]) -> Markup:
    """
    Return the picture, and what its lines mean.

    Args:
        overview: Of what.
        by_day: How many moved on which day, in order; at least one day.
    """
    chart = _Chart(overview, _added_up(by_day, overview.today))
    return element(
        "figure",
        picture("moved", "Users who have moved", chart.description(), chart.draw),
        chart.key(),
        element("figcaption", words.forecast(overview)),
    )


def _added_up(by_day: Mapping[dt.date, int], today: dt.date) -> dict[dt.date, int]:
    """
    Return how many had moved at the end of which day; 0 the day before the first one.
    """
    first = min(by_day)
    sums = dict(zip(by_day, accumulate(by_day.values()), strict=True))
    last = max(today, *sums)
    return {first - _DAY: 0, **sums, last: [*sums.values()][-1]}


@attrs.frozen
class _Chart:
    overview: Overview
    sums: dict[dt.date, int]

    @property
    def first(self) -> dt.date:
        return next(iter(self.sums))

    @property
    def now(self) -> dt.date:
        return [*self.sums][-1]

    @property
    def moved(self) -> int:
        return self.sums[self.now]

    def finishes(self) -> list[dt.date]:
        """
        Return when all will have moved, if that can be said.
        """
        return [] if self.overview.finish is None else sorted({*self.overview.finish})

    def end(self) -> dt.date:
        """
        Return the last day of the picture.
        """
        past = (self.now - self.first).days
        end = max([self.now, *self.finishes()])
        return min(end, self.now + max(past, _LEAST_AHEAD) * _DAY)

    def description(self) -> str:
        """
        Return what the picture shows, in words.
        """
        first = self.first + _DAY
        return (
            f"A line from 0 before {words.day(first)} to {self.moved:,} on "
            f"{words.day(self.now)}.  {words.forecast(self.overview)}  "
            "The table below has the numbers."
        )

    def draw(self, size: Size) -> list[Markup]:
        """
        Return what is in the picture.
        """
        goal = self.overview.expected or 0
        frame = Frame(size, self.first, self.end(), max(self.moved, goal))
        outline = _outline(frame, self.sums)
        area = f"{outline}V{frame.bottom:g}H{frame.left:g}Z"
        x, y = frame.x(self.now), frame.y(self.moved)
        return [
            element("path", class_="area", d=area),
            frame.grid(),
            *self._goal(frame, goal),
            *(self._ahead(frame, goal, finish) for finish in self.finishes()),
            element("path", class_="line", d=outline),
            element("circle", class_="mark", cx=x, cy=y, r=5),
            self._today(frame, goal, x, y),
        ]

    def _goal(self, frame: Frame, goal: int) -> list[Markup]:
        if not goal:
            return []
        y = frame.y(goal)
        text = f"all {words.users(goal)}" if goal > 1 else "the only user"
        return [
            line(frame.left, y, frame.right, y, "goal"),
            label(frame.left + 6, y - 6, text, anchor="start", kind="ink"),
        ]

    def _ahead(self, frame: Frame, goal: int, finish: dt.date) -> Markup:
        """
        Return the line to the day on which all will have moved, as far as it is seen.
        """
        days, seen = (finish - self.now).days, (frame.last - self.now).days
        share = min(1.0, seen / days)
        return line(
            frame.x(self.now),
            frame.y(self.moved),
            frame.x(min(finish, frame.last)),
            frame.y(self.moved + share * (goal - self.moved)),
            "ahead",
        )

    def _today(self, frame: Frame, goal: int, x: float, y: float) -> Markup:
        """
        Return the name of the last point.
        """
        text = f"{self.moved:,} today"
        # The line never goes down: to the left and above it, there is room but for that
        # of the goal.
        anchor = "end" if x - len(text) * SIGN > frame.left else "start"
        is_near = goal and y - frame.y(goal) < _NEAR
        return label(x, y + (20 if is_near else -10), text, anchor=anchor, kind="ink")

    def key(self) -> Markup:
        """
        Return what the lines mean.
        """
        entries = [(element("path", class_="line", d="M0 6H28"), "have moved")]
        if self.overview.expected:
            sample = element("path", class_="goal", d="M0 6H28")
            entries.append((sample, "all there are"))
        if self.finishes():
            sample = element("path", class_="ahead", d="M0 6H28")
            entries.append((sample, "if it went on like that"))
        return key(*entries)


def _outline(frame: Frame, sums: Mapping[dt.date, int]) -> str:
    """
    Return the path of the line, with no more points than can be seen.
    """
    parts: list[str] = []
    for x, y in _points(frame, sums):
        parts.append(f"{'L' if parts else 'M'}{round(x, 1):g} {round(y, 1):g}")
    return "".join(parts)


def _points(frame: Frame, sums: Mapping[dt.date, int]) -> Iterator[tuple[float, float]]:
    days = [*sums.items()]
    drawn = float("-inf")
    for at, (day, number) in enumerate(days):
        x = frame.x(day)
        if x - drawn < 1 and at + 1 < len(days):
            continue
        before = day - _DAY
        if at and before not in sums and before > days[at - 1][0]:
            # Nobody moved for a while.
            yield frame.x(before), frame.y(days[at - 1][1])
        drawn = x
        yield x, frame.y(number)
