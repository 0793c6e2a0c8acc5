"""
What the charts have in common: two sizes, a frame, an axis of days.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from migratekit.report._axis import SIGN, Span, dates, short, steps
from migratekit.report._markup import Markup, element, together


_TOP: Final = 20.0
_BELOW: Final = 26.0
_RIGHT: Final = 14.0


@attrs.frozen
class Size:
    """
    How large a chart is.
    """

    name: str
    width: float
    height: float


SIZES: Final = (Size("wide", 880, 300), Size("narrow", 300, 240))


@attrs.frozen
class Frame:
    """
    Where in a chart what is drawn.

    Args:
        size: How large it is.
        first: The first day.
        last: The last day.
        most: The greatest number.
        is_by_slots: Whether every day has room of its own, as bars need it.
    """

    size: Size
    first: dt.date
    last: dt.date
    most: float
    is_by_slots: bool = False

    @property
    def ticks(self) -> list[int]:
        """
        The numbers at the side.
        """
        return steps(self.most, 5)

    @property
    def left(self) -> float:
        """
        Where the numbers at the side end.
        """
        return max(len(short(tick)) for tick in self.ticks) * SIGN + 8

    @property
    def right(self) -> float:
        """
        Where the chart ends.
        """
        return self.size.width - _RIGHT

    @property
    def bottom(self) -> float:
        """
        Where 0 is.
        """
        return self.size.height - _BELOW

    @property
    def slot(self) -> float:
        """
        How wide a day is.
        """
        days = (self.last - self.first).days + self.is_by_slots
        return (self.right - self.left) / max(1, days)

    def x(self, day: dt.date) -> float:
        """
        Return where *day* is; with slots, where its slot begins.
        """
        return self.left + (day - self.first).days * self.slot

    def y(self, number: float) -> float:
        """
        Return how high *number* is.
        """
        return Span(0, self.ticks[-1], self.bottom, _TOP).at(number)

    def grid(self) -> Markup:
        """
        Return the lines and the labels.
        """
        parts: list[Markup] = []
        for tick in self.ticks:
            y = self.y(tick)
            kind = "grid" if tick else "axis"
            parts += [
                line(self.left, y, self.right, y, kind),
                label(self.left - 6, y + 4, short(tick), anchor="end"),
            ]
        room = self.right - self.left
        half = self.slot / 2 if self.is_by_slots else 0.0
        for day, name in dates(self.first, self.last, room):
            x = self.x(day) + half
            parts += [
                line(x, self.bottom, x, self.bottom + 5, "axis"),
                label(x, self.bottom + 19, name, anchor=self._anchor(x, name)),
            ]
        return together(*parts)

    def _anchor(self, x: float, name: str) -> str:
        half = len(name) * SIGN / 2
        if x - half < 0:
            return "start"
        return "end" if x + half > self.size.width else "middle"


def picture(
    identifier: str,
    title: str,
    description: str,
    draw: Callable[[Size], Sequence[Markup]],
) -> Markup:
    """
    Return a chart in all its sizes, of which a style sheet shows one.

    Args:
        identifier: What its ids begin with.
        title: What it is called.
        description: What it shows, for whoever does not see it.
        draw: Gives what is in it.
    """
    return together(
        *(
            element(
                "svg",
                element("title", title, id=f"{identifier}-{size.name}-title"),
                element("desc", description, id=f"{identifier}-{size.name}-desc"),
                *draw(size),
                class_=size.name,
                role="img",
                viewBox=f"0 0 {size.width:g} {size.height:g}",
                aria_labelledby=f"{identifier}-{size.name}-title",
                aria_describedby=f"{identifier}-{size.name}-desc",
            )
            for size in SIZES
        )
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """
    Return a line.
    """
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def label(
    x: float, y: float, text: str, *, anchor: str = "middle", kind: str | None = None
) -> Markup:
    """
    Return a word in a chart.
    """
    return element("text", text, x=x, y=y, text_anchor=anchor, class_=kind)


def key(*entries: tuple[Markup, str]) -> Markup:
    """
    Return what the lines and areas of a chart mean: samples, and their words.
    """
    items = (
        element(
            "li",
            element("svg", sample, viewBox="0 0 28 12", aria_hidden="true"),
            element("span", text),
        )
        for sample, text in entries
    )
    return element("ul", *items, class_="key")
