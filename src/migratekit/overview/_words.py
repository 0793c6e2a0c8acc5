"""
Plain words for what an overview holds, the same in a terminal and on a page.
"""

import datetime as dt
import math
from collections import Counter
from itertools import pairwise
from typing import Final

from migratekit.events import LATENCIES, one_line
from migratekit.models import Origin
from migratekit.overview._values import Overview, SourceCalls, StoredFormat


ORIGINS: Final = {
    Origin.LOGIN: "moved by a login",
    Origin.PASSWORD_CHANGE: "moved by a new password",
    Origin.SIGN_UP: "signed up here",
    Origin.IMPORT: "imported",
    Origin.ADMIN: "created by an administrator",
}
STATES: Final = {
    "current": "current",
    "outdated": "to be upgraded",
    "no_password": "no password yet",
}
CONDITIONS: Final = {"met": "done", "blocks": "in the way", "unknown": "not known"}
_REASONS: Final = {
    "account_blocked": "account blocked",
    "ambiguous_user": "several users of the old system have this name",
    "bad_input": "impossible input",
    "configuration": "mistake in the configuration",
    "contract": "impossible answer of a store, a source or the application's code",
    "cut_over": "not stored, and the old system is asked no more",
    "gone": "deleted or renamed meanwhile",
    "legacy_unavailable": "old system did not answer",
    "lookup_unsupported": "old system cannot look up",
    "no_password": "stored without a password",
    "other": "denied by a rule",
    "overloaded": "too many passwords at a time",
    "password_change_required": "password must be changed first",
    "password_rejected": "password too weak to move with",
    "profile_invalid": "profile not valid, or taken",
    "retired": "moved before, and no longer stored",
    "rule_failed": "a rule failed",
    "stale_record": "somebody else was quicker",
    "store_unavailable": "new store did not answer",
    "too_many_attempts": "too many attempts",
    "unknown_or_wrong": "unknown to the old system, or wrong password",
    "unusable_hash": "stored hash cannot be checked",
    "wrong_password": "wrong password",
}
_REHEARSED: Final = {
    "would_move": "would move",
    "blocked": "blocked in the old system",
    "invalid": "profile not valid",
    "taken": "e-mail or username taken",
    "must_change": "would have to change the password first",
    "weak_password": "password too weak",
    "failed": "could not be asked",
}
_OPERATIONS: Final = {
    "login": "by a login",
    "sign_up": "by a sign-up",
    "create_user": "by a sign-up of an administrator",
    "start_password_change": "by a request to reset a password",
    "finish_password_change": "by a link to reset a password",
    "change_email": "by a change of an e-mail",
    "change_username": "by a change of a username",
    "get_user": "by a look-up of the application",
}
_LONGEST: Final = 64
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


def reason(name: str) -> str:
    """
    Return why a login was refused.
    """
    return _REASONS.get(name) or foreign(name)


def rehearsed(name: str) -> str:
    """
    Return what would have come of a login; *name* may have a code behind a dot.
    """
    outcome, _, code = name.partition(".")
    word = _REHEARSED.get(outcome) or foreign(outcome)
    return f"{word}: {foreign(code)}" if code else word


def operation(name: str) -> str:
    """
    Return by what the old system would have been asked.
    """
    return _OPERATIONS.get(name) or f"by {foreign(name)}"


def foreign(text: object) -> str:
    """
    Return a name that somebody else chose, on one line and not too long.
    """
    line = one_line(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def format_name(stored: StoredFormat) -> str:
    """
    Return what a format of stored hashes is called.
    """
    return "no password" if stored.state == "no_password" else foreign(stored.name)


def day(date: dt.date) -> str:
    """
    Return a date that nobody takes for another one.
    """
    return f"{date.day} {month(date)}"


def month(date: dt.date) -> str:
    """
    Return the month of a date, with its year.
    """
    return f"{_MONTHS[date.month - 1]} {date.year}"


def short_day(date: dt.date) -> str:
    """
    Return a date of which everybody knows the year.
    """
    return f"{date.day} {_MONTHS[date.month - 1]}"


def moment(at: dt.datetime) -> str:
    """
    Return a time in UTC.
    """
    return f"{day(at.date())}, {at:%H:%M} UTC"


def count(number: int | None) -> str:
    """
    Return a number of things; a dash if nobody knows it.
    """
    return "–" if number is None else f"{number:,}"


def users(number: int) -> str:
    """
    Return a number of users.
    """
    return "1 user" if number == 1 else f"{number:,} users"


def logins(number: int) -> str:
    """
    Return a number of logins.
    """
    return "1 login" if number == 1 else f"{number:,} logins"


def percent(part: float, whole: float) -> str:
    """
    Return a share; never one of nothing or of all that is not.
    """
    if not whole:
        return "–"
    share = part / whole * 100
    if 0 < share < 0.1:
        return "< 0.1%"
    if 99.9 < share < 100:
        return "> 99.9%"
    return f"{share:.0f}%" if share in {0, 100} else f"{share:.1f}%"


def per_day(number: float) -> str:
    """
    Return a pace.
    """
    return (
        f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"
    )


def milliseconds(limit: float | None) -> str:
    """
    Return within what time something was, as `SourceCalls.limit()` tells it.
    """
    if limit is None:
        return "–"
    if math.isinf(limit):
        return f"> {_spelled(LATENCIES[-1])}"
    return f"< {_spelled(limit)}"


def steps() -> list[str]:
    """
    Return names of the steps in `SourceCalls.within`.
    """
    names = [f"up to {_spelled(LATENCIES[0])}"]
    for low, high in pairwise(LATENCIES):
        names.append(f"{_spelled(low)} to {_spelled(high)}")
    return [*names, f"over {_spelled(LATENCIES[-1])}"]


def mean(calls: SourceCalls) -> str:
    """
    Return how long a call took on average.
    """
    if not calls.calls:
        return "–"
    return f"{calls.milliseconds / calls.calls:,.0f} ms"


def _spelled(limit: float) -> str:
    return f"{limit / 1000:g} s" if limit >= 1000 else f"{limit:g} ms"


# --- Sentences -------------------------------------------------------------------


def headline(overview: Overview) -> str:
    """
    Return how far it is, in a sentence.
    """
    progress = overview.progress
    if progress is None:
        return "This store cannot count its users."
    moved, expected = progress.moved, overview.expected
    if overview.is_cut_over:
        return f"Cut over: {_has_moved(moved)}, and the old system is asked no more."
    if expected is None:
        return f"{_has_moved(moved).capitalize()}; how many remain is not known."
    if not expected:
        return "Nobody has moved, and nobody is there to move."
    if not progress.remaining:
        only = "The only user has moved."
        return only if expected == 1 else f"All {users(expected)} have moved."
    if not moved:
        return f"Nobody has moved yet, of {users(expected)}."
    share = percent(moved, expected)
    return f"{moved:,} of {users(expected)} moved ({share})."


def forecast(overview: Overview) -> str:
    """
    Return when it may be done, and how honest that is, in a sentence or two.
    """
    progress = overview.progress
    if overview.is_cut_over:
        return "Nobody moves any more after the cut-over."
    if progress is None or progress.remaining is None:
        return "No forecast: how many users remain is not known."
    if not progress.remaining:
        return "Everybody has moved."
    if not overview.paces:
        return "No forecast before users have moved for a week."
    if overview.finish is None:
        if all(pace.finish is None for pace in overview.paces):
            return "No forecast: at this pace it takes over ten years."
        return "No forecast: the last 7 days were too different from those before."
    first, last = overview.finish
    when = f"about {day(first)}"
    if first != last:
        when = f"between {day(first)} and {day(last)}"
    return (
        f"At the pace of the last {_windows(overview)} days all would have moved "
        f"{when}; hardly sooner, for those who come often move first."
    )


def gate(overview: Overview) -> str:
    """
    Return whether the cut-over waits for anything, in a sentence.
    """
    states: Counter[str] = Counter(each.state for each in overview.conditions)
    if not states["blocks"] and not states["unknown"]:
        return "Nothing is in the way of the cut-over."
    parts = [
        f"{states[state]} of {states.total()} conditions {word}"
        for state, word in (("blocks", "not met"), ("unknown", "not known"))
        if states[state]
    ]
    return f"{', '.join(parts)}."


def recorder(overview: Overview) -> str:
    """
    Return why nothing may have been recorded, and what to do about it.
    """
    if overview.interval is None:
        return "Give the connection a StatisticsRecorder as a listener."
    return (
        "The connection has a StatisticsRecorder, which writes at most once in "
        f"{overview.interval:g} seconds: perhaps there was no login yet."
    )


def _windows(overview: Overview) -> str:
    return " and ".join(str(pace.days) for pace in overview.paces)


def _has_moved(number: int) -> str:
    if not number:
        return "nobody has moved"
    return "1 user has moved" if number == 1 else f"{number:,} users have moved"
