"""
An overview as lines of text.
"""

import datetime as dt
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from migratekit.cli._tables import cut, width_of
from migratekit.events import one_line
from migratekit.overview import Overview, Statistics
from migratekit.overview import _words as words


_Row: TypeAlias = Sequence[str]

_DAY: Final = dt.timedelta(days=1)
_DAYS_SHOWN: Final = 7
_BAR: Final = 40
_GAP: Final = "  "
_SHARES: Final = {0.5: "half in", 0.95: "95% in", 0.99: "99% in"}


class _Sentence(str):
    """
    A line that may become several.
    """

    __slots__ = ()


def status_lines(overview: Overview, width: int | None) -> list[str]:
    """
    Return what a person wants to know, in lines of *width* columns at most, or of any.
    """
    blocks = (_summary, _days, _logins, _source, _users, _formats, _rehearsal, _gate)
    lines: list[str] = []
    for block in blocks:
        found = [*block(overview)]
        if found:
            lines += ["", *found] if lines else found
    return [fitting for line in lines for fitting in _fitted(line, width)]


def _fitted(line: str, width: int | None) -> list[str]:
    if width is None or width_of(line) <= width:
        return [line]
    if isinstance(line, _Sentence):
        return textwrap.wrap(line, width, break_on_hyphens=False)
    return [cut(line, width)]


def _summary(overview: Overview) -> Iterator[str]:
    name, at = words.foreign(overview.source_name), words.moment(overview.made_at)
    yield f"Migration of {name}, {at}"
    yield _Sentence(words.headline(overview))
    progress, expected = overview.progress, overview.expected
    if progress is not None and expected:
        filled = round(progress.moved / expected * _BAR)
        # It is full when nobody remains, and not before.
        filled = filled if not progress.remaining else min(filled, _BAR - 1)
        bar = f"[{'#' * filled}{'-' * (_BAR - filled)}]"
        yield f"{bar} {words.users(progress.remaining or 0)} left"
    yield _Sentence(words.forecast(overview))


def _days(overview: Overview) -> Iterator[str]:
    progress, statistics = overview.progress, overview.statistics
    heads: list[str] = ["By day (UTC)"]
    columns: list[Mapping[dt.date, int | None]] = []
    if progress is not None:
        heads.append("moved")
        columns.append(progress.by_day)
    if statistics is not None and statistics.first_day is not None:
        logins, source = statistics.logins, statistics.source
        # The source was asked, and a process took its figures along when it ended.
        untold = {
            day: None
            for day, each in logins.items()
            if each.moved or each.refused.get("unknown_or_wrong")
        }
        heads += ["let in", "refused", "old system asked", "failed"]
        columns += [
            {day: each.succeeded for day, each in logins.items()},
            {day: each.total - each.succeeded for day, each in logins.items()},
            untold | {day: each.calls for day, each in source.items()},
            untold | {day: each.failures for day, each in source.items()},
        ]
    if not columns:
        return
    rows: list[_Row] = []
    for back in range(_DAYS_SHOWN):
        day = overview.today - back * _DAY
        numbers = [words.count(column.get(day, 0)) for column in columns]
        rows.append([words.day(day), *numbers])
    yield from _table(heads, rows)


def _logins(overview: Overview) -> Iterator[str]:
    statistics = overview.statistics
    if statistics is None:
        yield _Sentence("Logins: this store keeps no statistics.")
        return
    if statistics.first_day is None:
        yield _Sentence(f"Logins: nothing was recorded.  {words.recorder(overview)}")
        return
    today = statistics.logins_since(overview.today)
    whole = statistics.logins_since(statistics.since)
    rows = [
        ["let in", words.count(today.succeeded), words.count(whole.succeeded)],
        ["  moved by it", words.count(today.moved), words.count(whole.moved)],
    ]
    for name, number in sorted(whole.refused.items(), key=lambda item: -item[1]):
        refused = words.count(today.refused.get(name, 0))
        rows.append([f"refused: {words.reason(name)}", refused, words.count(number)])
    yield from _table(["Logins", "today", _period(overview, statistics)], rows)


def _source(overview: Overview) -> Iterator[str]:
    statistics = overview.statistics
    if statistics is None or statistics.first_day is None:
        return
    today = statistics.source_since(overview.today)
    whole = statistics.source_since(statistics.since)
    if whole.calls:
        rows = [
            ["asked", words.count(today.calls), words.count(whole.calls)],
            ["no answer", words.count(today.failures), words.count(whole.failures)],
            ["on average", words.mean(today), words.mean(whole)],
        ]
        for share, name in _SHARES.items():
            limits = (calls.limit(share) for calls in (today, whole))
            rows.append([name, *(words.milliseconds(limit) for limit in limits)])
        yield from _table(["Old system", "today", _period(overview, statistics)], rows)
    asked = statistics.asked_in_all
    if asked.times or overview.is_cut_over:
        if whole.calls:
            yield ""
        yield from _would_have_asked(overview, statistics)


def _would_have_asked(overview: Overview, statistics: Statistics) -> Iterator[str]:
    week = [
        [words.day(day), words.count(asked.times), words.count(asked.people)]
        for day, asked in [*statistics.asked.items()][: -_DAYS_SHOWN - 1 : -1]
    ]
    asked = statistics.asked_in_all
    whole = [_period(overview, statistics), words.count(asked.times)]
    by = [
        [f"  {words.operation(name)}", words.count(number), ""]
        for name, number in statistics.asked_by.items()
    ]
    rows = [*week, [*whole, words.count(asked.people)], *by]
    yield from _table(["Would have asked it", "times", "people, about"], rows)


def _users(overview: Overview) -> Iterator[str]:
    progress = overview.progress
    if progress is None:
        return
    rows = [
        [words.ORIGINS[origin], words.count(number)]
        for origin, number in progress.by_origin.items()
    ]
    rows.append(["all", words.count(progress.total)])
    yield from _table(["Stored users", "number"], rows)


def _formats(overview: Overview) -> Iterator[str]:
    rows = [
        [words.format_name(each), words.count(each.users), words.STATES[each.state]]
        for each in overview.formats or ()
    ]
    if rows:
        yield from _table(["Stored hashes", "users", "state"], rows, words_in=(2,))


def _rehearsal(overview: Overview) -> Iterator[str]:
    statistics = overview.statistics
    if statistics is None or not statistics.rehearsed:
        return
    rows: list[_Row] = []
    for outcome, number in statistics.rehearsed.items():
        rows.append([words.rehearsed(outcome), words.count(number)])
        rows += [
            [f"  {words.rehearsed(name)}", words.count(times)]
            for name, times in statistics.rehearsed_codes.items()
            if name.startswith(f"{outcome}.")
        ]
    yield from _table(["Rehearsal", _period(overview, statistics)], rows)


def _gate(overview: Overview) -> Iterator[str]:
    if overview.is_cut_over:
        return
    yield _Sentence(words.gate(overview))
    for condition in overview.conditions:
        word = words.CONDITIONS[condition.state]
        yield _Sentence(f"{word}: {one_line(condition.text)}")


def _period(overview: Overview, statistics: Statistics) -> str:
    return f"{(overview.today - statistics.since).days + 1} days"


def _table(
    heads: _Row, rows: Sequence[_Row], words_in: Sequence[int] = ()
) -> Iterator[str]:
    """
    Yield the lines of a table: the first column is of words, the others of numbers.
    """
    widths = [max(map(width_of, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = []
        for at, (text, width) in enumerate(zip(row, widths, strict=True)):
            blanks = " " * (width - width_of(text))
            is_word = at == 0 or at in words_in
            cells.append(text + blanks if is_word else blanks + text)
        yield _GAP.join(cells).rstrip()
