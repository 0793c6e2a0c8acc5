"""
Who has moved, over time and in which way.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from migratekit.models import Progress
from migratekit.overview import Overview, Pace
from migratekit.overview import _words as words
from migratekit.report._markup import Child, Markup, element, together
from migratekit.report._moved_chart import moved_chart
from migratekit.report._tables import Row, details, figure, table


# Beyond that, a row of the table is a month.
_MOST_ROWS: Final = 62


def moved_section(overview: Overview) -> Markup:
    """
    Return the picture of it, and the numbers.
    """
    progress = overview.progress
    if progress is None:
        return element("p", "This store cannot count its users.")
    return together(
        _over_time(overview, progress), _paces(overview), _origins(progress)
    )


def _over_time(overview: Overview, progress: Progress) -> Markup:
    if not progress.moved:
        return element(
            "p",
            "Nobody has moved yet.  Whoever logs in first will be the first point of a "
            "line here.",
        )
    if not progress.by_day:
        return element("p", "This store cannot tell when they moved.")
    rows, unit = _rows(progress.by_day)
    return together(
        moved_chart(overview, progress.by_day),
        details(
            f"The same as a table, by {unit}",
            table(
                f"Users who have moved, by {unit} (UTC)",
                [unit.capitalize(), "Moved", "In all"],
                rows,
            ),
        ),
    )


def _rows(by_day: Mapping[dt.date, int]) -> tuple[Iterator[Row], str]:
    if len(by_day) <= _MOST_ROWS:
        named = [(words.day(day), number) for day, number in by_day.items()]
        return _added_up(named), "day"
    months: dict[str, int] = {}
    for day, number in by_day.items():
        name = words.month(day)
        months[name] = months.get(name, 0) + number
    return _added_up(months.items()), "month"


def _added_up(named: Iterable[tuple[str, int]]) -> Iterator[Row]:
    total = 0
    for name, number in named:
        total += number
        yield Row(name, [number, total])


def _paces(overview: Overview) -> Markup | None:
    progress = overview.progress
    is_over = progress is not None and progress.remaining == 0
    if not overview.paces or is_over:
        return None
    return table(
        "How fast, without today and without the busiest day, which may have been that "
        "of an import",
        ["The last", "Moved", "A day", "All moved by"],
        map(_pace, overview.paces),
    )


def _pace(pace: Pace) -> Row:
    finish: Child = "–" if pace.finish is None else words.day(pace.finish)
    per_day = element("data", words.per_day(pace.per_day), value=pace.per_day)
    return Row(f"{pace.days} days", [pace.moved, per_day, finish])


def _origins(progress: Progress) -> Markup:
    rows = [
        Row(
            words.ORIGINS[origin],
            [figure(number, f"origin.{origin}")],
            bar=number / progress.total if progress.total else 0.0,
        )
        for origin, number in progress.by_origin.items()
    ]
    return together(
        element("h3", "All stored users"),
        table(
            "How they came to be, whether they come from the old system or not",
            ["Origin", "Users"],
            rows,
            total=Row("All", [figure(progress.total, "total")]),
            has_bars=True,
        ),
    )
