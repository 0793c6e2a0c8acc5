"""
The first thing that is seen: how far it is.
"""

from migratekit.overview import Overview
from migratekit.overview import _words as words
from migratekit.report._markup import Markup, element, together
from migratekit.report._tables import bar, figure


def summary_section(overview: Overview) -> Markup:
    """
    Return how far it is, in a picture and some numbers.
    """
    tiles = _tiles(overview)
    if not tiles:
        return element("p", "This store tells nothing about users or logins.")
    return together(_done(overview), element("dl", *tiles, class_="tiles"))


def _done(overview: Overview) -> Markup | None:
    progress, expected = overview.progress, overview.expected
    if progress is None or not expected:
        return None
    text = words.headline(overview)
    return bar(progress.moved / expected, role="img", aria_label=text, class_="done")


def _tiles(overview: Overview) -> list[Markup]:
    progress, statistics = overview.progress, overview.statistics
    tiles: list[Markup] = []
    if progress is not None:
        tiles.append(_tile("Have moved", figure(progress.moved, "moved")))
        if not overview.is_cut_over:
            remaining = figure(progress.remaining, "remaining")
            tiles.append(_tile("Still to move", remaining))
        tiles.append(
            _tile("Moved today", figure(progress.by_day.get(overview.today, 0)))
        )
    if overview.finish is not None:
        first, last = overview.finish
        note = None if first == last else f"or by {words.day(last)}, if it slows down"
        tiles.append(_tile("All moved by, at this pace", words.day(first), note))
    if statistics is not None and statistics.first_day is not None:
        logins = statistics.logins_since(overview.today)
        refused = logins.total - logins.succeeded
        share = words.percent(refused, logins.total) if refused else "none"
        tiles.append(
            _tile("Logins today", figure(logins.total), f"{share} of them refused")
            if logins.total
            else _tile("Logins today", figure(0))
        )
    return tiles


def _tile(name: str, value: str, note: str | None = None) -> Markup:
    return element(
        "div",
        element("dt", name),
        element("dd", value, class_="figure"),
        None if note is None else element("dd", note, class_="soft"),
    )
