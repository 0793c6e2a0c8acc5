"""
The old system, the stored hashes, a rehearsal, and how to read all that.
"""

from typing import Final

from migratekit.overview import Overview, SourceCalls, StoredFormat
from migratekit.overview import _words as words
from migratekit.report._logins import nothing_recorded
from migratekit.report._markup import Markup, element, together
from migratekit.report._tables import Row, figure, table


_SHARES: Final = {0.5: "half of them", 0.95: "95% of them", 0.99: "99% of them"}


# --- The old system --------------------------------------------------------------


def source_section(overview: Overview) -> Markup:
    """
    Return how often it was asked, and how it answered.
    """
    statistics = overview.statistics
    if statistics is None or statistics.first_day is None:
        return nothing_recorded(overview)
    calls = statistics.source_since(statistics.since)
    if not calls.calls:
        return element("p", f"It was not asked since {words.day(statistics.since)}.")
    today = statistics.source_since(overview.today)
    days = (overview.today - statistics.since).days + 1
    last = statistics.last_asked
    asked = None if last is None else f"It was last asked on {words.day(last)}."
    return together(
        None if asked is None else element("p", asked),
        _answers(today, calls, days),
        _times(calls, days),
    )


def _answers(today: SourceCalls, calls: SourceCalls, days: int) -> Markup:
    rows = [
        Row("asked", [today.calls, calls.calls]),
        Row("no answer, or too late", [today.failures, calls.failures]),
        Row("took on average", [words.mean(today), words.mean(calls)]),
    ]
    for share, name in _SHARES.items():
        limits = (each.limit(share) for each in (today, calls))
        rows.append(
            Row(f"{name} took", [words.milliseconds(limit) for limit in limits])
        )
    return table(
        "How the old system answered", ["Answers", "Today", f"{days} days"], rows
    )


def _times(calls: SourceCalls, days: int) -> Markup:
    total = sum(calls.within)
    return table(
        f"How long it took, in the last {days} days",
        ["Time", "Times", "Share"],
        (
            Row(
                name,
                [number, words.percent(number, total)],
                bar=number / total if total else 0.0,
            )
            for name, number in zip(words.steps(), calls.within, strict=True)
        ),
        has_bars=True,
    )


# --- Hashes ----------------------------------------------------------------------


def formats_section(overview: Overview) -> Markup:
    """
    Return which hashes are stored, and which are to be upgraded.
    """
    formats = overview.formats
    if formats is None:
        return element("p", "This store cannot count its users.")
    if not formats:
        return element("p", "No user is stored yet, and no hash.")
    total = sum(each.users for each in formats)
    return together(
        element("p", _lead(overview, formats)),
        table(
            "Formats, the most frequent first",
            ["Format", "Users", "State"],
            (_format(each, total) for each in formats),
            has_bars=True,
            words_in=["State"],
        ),
    )


def _lead(overview: Overview, formats: tuple[StoredFormat, ...]) -> str:
    if not overview.outdated:
        text = "All stored hashes are current."
    else:
        text = (
            f"{words.users(overview.outdated)} "
            f"{'has' if overview.outdated == 1 else 'have'} a hash that is to be "
            "upgraded; the next login does it."
        )
    without = sum(each.users for each in formats if each.state == "no_password")
    if not without:
        return text
    return (
        f"{text}  {words.users(without)} {'has' if without == 1 else 'have'} none yet: "
        "the old system checks their first login, or they reset their password."
    )


def _format(stored: StoredFormat, total: int) -> Row:
    return Row(
        words.format_name(stored),
        [figure(stored.users, f"format.{stored.name}"), words.STATES[stored.state]],
        bar=stored.users / total if total else 0.0,
    )


# --- Rehearsal -------------------------------------------------------------------


def rehearsal_section(overview: Overview) -> Markup | None:
    """
    Return what would have come of logins; nothing if nobody has rehearsed.
    """
    statistics = overview.statistics
    if statistics is None or not statistics.rehearsed:
        return None
    total = sum(statistics.rehearsed.values())
    rows: list[Row] = []
    for name, number in statistics.rehearsed.items():
        rows.append(Row(words.rehearsed(name), [number], bar=number / total))
        rows += [
            Row(words.foreign(code.partition(".")[2]), [times], is_part=True)
            for code, times in statistics.rehearsed_codes.items()
            if code.partition(".")[0] == name
        ]
    return table(
        f"What would have come of logins since {words.day(statistics.since)}",
        ["Outcome", "Logins"],
        rows,
        total=Row("All", [total]),
        has_bars=True,
    )


# --- How to read this ------------------------------------------------------------

_METHOD: Final = """
All days are those of UTC, and today is not over yet.

Who has moved is counted in the new store: users of the old system who were ever stored,
deleted ones included.  How many remain is what the old system counts less those.

The forecast takes the last 7 and 14 whole days, leaves the busiest of each out, because
it may have been that of an import, and draws a straight line.  It is no promise.  Those
who come often move first, so that it mostly takes longer.

Logins, and how the old system answers, are what the application has recorded.  A server
that was killed has lost its last minute.

How many different people there were is an estimate, wrong by a few percent.
"""


def method_section(overview: Overview) -> Markup:
    """
    Return where the numbers come from.
    """
    del overview
    return together(
        *(
            element("p", text.replace("\n", " "))
            for text in _METHOD.strip().split("\n\n")
        )
    )
