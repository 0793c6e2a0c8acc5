"""
An overview as JSON, for programs.
"""

import math
from typing import Any

import attrs

from migratekit.events import LATENCIES
from migratekit.overview import Asked, Logins, Overview, SourceCalls, Statistics


def status_object(overview: Overview) -> dict[str, Any]:
    """
    Return what an overview says; None for what nobody can tell.
    """
    progress, finish = overview.progress, overview.finish
    return {
        "made_at": overview.made_at,
        "source_name": overview.source_name,
        "is_cut_over": overview.is_cut_over,
        "progress": None if progress is None else _by_name(attrs.asdict(progress)),
        "paces": [attrs.asdict(pace) for pace in overview.paces],
        "finish": None if finish is None else [*finish],
        "formats": None
        if overview.formats is None
        else [attrs.asdict(each) for each in overview.formats],
        "statistics": None
        if overview.statistics is None
        else _statistics(overview.statistics),
        "conditions": [attrs.asdict(each) for each in overview.conditions],
    }


def _by_name(value: dict[Any, Any]) -> dict[str, Any]:
    """
    Return *value* with text for keys, all the way down.
    """
    return {
        str(key): _by_name(inner) if isinstance(inner, dict) else inner
        for key, inner in value.items()
    }


def _statistics(statistics: Statistics) -> dict[str, Any]:
    return {
        "since": statistics.since,
        "first_day": statistics.first_day,
        "last_asked": statistics.last_asked,
        "logins": {
            str(day): _logins(logins) for day, logins in statistics.logins.items()
        },
        "source": {
            str(day): _source(calls) for day, calls in statistics.source.items()
        },
        "source_in_all": _source(statistics.source_since(statistics.since)),
        "would_have_asked": {
            str(day): _asked(asked) for day, asked in statistics.asked.items()
        },
        "would_have_asked_in_all": _asked(statistics.asked_in_all),
        "would_have_asked_by": statistics.asked_by,
        "rehearsed": statistics.rehearsed,
        "rehearsed_codes": statistics.rehearsed_codes,
    }


def _logins(logins: Logins) -> dict[str, Any]:
    return attrs.asdict(logins)


def _source(calls: SourceCalls) -> dict[str, Any]:
    """
    Return the figures of *calls*.  A limit of None, where there were calls, is beyond
    the last step.
    """
    names = (*map(str, LATENCIES), "more")
    return {
        "calls": calls.calls,
        "failures": calls.failures,
        "milliseconds": calls.milliseconds,
        "within": dict(zip(names, calls.within, strict=True)),
        **{
            f"p{round(share * 100)}": _limit(calls.limit(share))
            for share in (0.5, 0.95, 0.99)
        },
    }


def _limit(limit: float | None) -> float | None:
    return None if limit is None or math.isinf(limit) else limit


def _asked(asked: Asked) -> dict[str, Any]:
    return attrs.asdict(asked)
