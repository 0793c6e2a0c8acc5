"""
Reads what a recorder has written.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

from migratekit.errors import ContractError
from migratekit.events import LATENCIES
from migratekit.overview._values import Asked, Logins, SourceCalls, Statistics
from migratekit.sketch import Sketch
from migratekit.statistics import Tally


_REFUSED: Final = "login.refused."
_WITHIN: Final = (*(f"source.within.{limit}" for limit in LATENCIES),)
_MORE: Final = "source.within.more"
_REHEARSED: Final = "rehearsal."
_ASKED: Final = "after_cut_over.asked"
_ASKED_BY: Final = f"{_ASKED}."


def statistics_of(tallies: Iterable[Any], since: dt.date, until: dt.date) -> Statistics:
    """
    Return what *tallies* of *since* to *until* say.

    Raises:
        migratekit.errors.ContractError: If one is no tally, or holds no sketch.
    """
    by_day: dict[dt.date, Counter[str]] = defaultdict(Counter)
    sketches: dict[dt.date, Sketch] = {}
    for tally in tallies:
        if not isinstance(tally, Tally):
            raise ContractError(
                f"The store's tallies hold {type(tally).__name__}, not Tally."
            )
        if not since <= tally.day <= until:
            continue
        by_day[tally.day][tally.name] += tally.count
        if tally.name == _ASKED and tally.people is not None:
            sketches[tally.day] = _sketch(tally.people)
    days = {day: by_day[day] for day in sorted(by_day)}
    rehearsed = _rehearsed(days.values())
    return Statistics(
        since=since,
        first_day=min(days, default=None),
        logins=_known({day: _logins(counts) for day, counts in days.items()}),
        source=_known({day: _source(counts) for day, counts in days.items()}),
        asked=_known(
            {day: _asked(counts, sketches.get(day)) for day, counts in days.items()}
        ),
        asked_in_all=_asked_in_all(days.values(), sketches.values()),
        asked_by=_asked_by(days.values()),
        rehearsed={name: n for name, n in rehearsed.items() if "." not in name},
        rehearsed_codes={name: n for name, n in rehearsed.items() if "." in name},
    )


def _known(values: dict[dt.date, Any]) -> dict[dt.date, Any]:
    return {day: value for day, value in values.items() if value != type(value)()}


def _logins(counts: Counter[str]) -> Logins:
    refused = {
        name.removeprefix(_REFUSED): number
        for name, number in counts.items()
        if name.startswith(_REFUSED)
    }
    return Logins(counts["login.succeeded"], counts["login.moved"], refused)


def _source(counts: Counter[str]) -> SourceCalls:
    return SourceCalls(
        counts["source.calls"],
        counts["source.failures"],
        counts["source.milliseconds"],
        tuple(counts[name] for name in (*_WITHIN, _MORE)),
    )


def _asked(counts: Counter[str], sketch: Sketch | None) -> Asked:
    return Asked(counts[_ASKED], None if sketch is None else sketch.estimate())


def _asked_in_all(days: Iterable[Counter[str]], sketches: Iterable[Sketch]) -> Asked:
    times, merged, noted = sum(counts[_ASKED] for counts in days), Sketch(), False
    for sketch in sketches:
        merged.merge(sketch)
        noted = True
    return Asked(times, merged.estimate() if noted else None)


def _asked_by(days: Iterable[Counter[str]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for counts in days:
        found["login"] += counts[_ASKED]
        for name, number in counts.items():
            if name.startswith(_ASKED_BY):
                found[name.removeprefix(_ASKED_BY)] += number
                found["login"] -= number
    return {name: number for name, number in found.most_common() if number > 0}


def _rehearsed(days: Iterable[Counter[str]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for counts in days:
        for name, number in counts.items():
            if name.startswith(_REHEARSED):
                found[name.removeprefix(_REHEARSED)] += number
    return Counter(dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))))


def _sketch(people: str) -> Sketch:
    try:
        return Sketch.from_text(people)
    except ValueError:
        raise ContractError("The people of a tally must be a sketch as text.") from None
