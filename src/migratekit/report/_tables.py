"""
Tables, with or without a bar in each row.
"""

from collections.abc import Iterable, Sequence

import attrs

from migratekit.overview import _words as words
from migratekit.report._markup import Child, Markup, element


@attrs.frozen
class Row:
    """
    A row of a table.

    Args:
        head: What it is about.
        cells: What stands behind it.
        bar: How much of all its bar fills, 0 to 1; None for no bar.
        is_part: Whether it is a part of the row above it.
    """

    head: str
    cells: Sequence[Child]
    bar: float | None = attrs.field(default=None, kw_only=True)
    is_part: bool = attrs.field(default=False, kw_only=True)


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Row],
    *,
    total: Row | None = None,
    has_bars: bool = False,
    words_in: Sequence[str] = (),
) -> Markup:
    """
    Return a table.

    Args:
        caption: What it is about.
        heads: The names of its columns.
        rows: What is in it.
        total: The last row, set apart.
        has_bars: Whether there is a column for bars behind all others.
        words_in: The names of columns of words; all others are of numbers.
    """
    kinds = [None if head in words_in else "number" for head in heads[1:]]
    blank = element("td", aria_hidden="true", class_="none") if has_bars else None

    def shown(row: Row) -> Markup:
        return element(
            "tr",
            element("th", row.head, scope="row"),
            *map(_cell, row.cells, kinds),
            blank if row.bar is None else _bar(row.bar),
            class_="sub" if row.is_part else None,
        )

    names = [
        element("th", head, scope="col", class_=kind)
        for head, kind in zip(heads, (None, *kinds), strict=True)
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *names, blank)),
        element("tbody", *map(shown, rows)),
        None if total is None else element("tfoot", shown(total)),
        class_="bars" if has_bars else None,
    )


def details(summary: str, *inside: Markup) -> Markup:
    """
    Return what is shown when somebody asks for it.
    """
    return element("details", element("summary", summary), *inside)


def figure(number: int | None, name: str | None = None) -> Markup:
    """
    Return a number that a program can read, too; *name* says of what.
    """
    if number is None:
        return element("span", words.count(None), data_figure=name)
    return element("data", words.count(number), value=number, data_figure=name)


def _cell(cell: Child, kind: str | None) -> Markup:
    shown = figure(cell) if isinstance(cell, int) else cell
    return element("td", shown, class_=kind)


def _bar(share: float) -> Markup:
    # What it shows is told by the numbers.
    return element("td", bar(share), class_="bar", aria_hidden="true")


def bar(share: float, **attributes: str | None) -> Markup:
    """
    Return a bar that is filled by *share*; what is not nothing is seen.
    """
    filled = max(share * 100, 0.5) if share else 0.0
    return element(
        "svg",
        element("rect", class_="track", width=100, height=10),
        element("rect", class_="fill", width=filled, height=10) if filled else None,
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        **attributes,
    )
