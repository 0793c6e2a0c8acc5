"""
What the cut-over waits for, and whether anybody misses the old system after it.
"""

from typing import Final

from migratekit.overview import Condition, Overview, Statistics
from migratekit.overview import _words as words
from migratekit.report._days_chart import Bars, days_chart
from migratekit.report._markup import Markup, element, together
from migratekit.report._tables import Row, details, table


_SIGNS: Final = {
    "met": "M6 12.5l4 4 8-9",
    "blocks": "M7 7l10 10M17 7L7 17",
    "unknown": "M9 9.5a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.8M12 17.5v.1",
}
_HINTS: Final = {
    "users_remain": "Wait for them, import them, or at least reserve their names: "
    "else they can neither log in nor reset their password, and anybody may register "
    "with their e-mail address.",
    "weak_hashes": "They stay as weak as they are until then.  Whoever never comes "
    "back may be asked to reset the password.",
    "source_asked": "Unknown addresses and guesses count, too, so that this need not "
    "go down to 0.",
}


def left_section(overview: Overview) -> Markup | None:
    """
    Return what ought to be so before the cut-over; nothing after it.
    """
    if overview.is_cut_over:
        return None
    return together(
        element("p", words.gate(overview)),
        element("ul", *map(_check, overview.conditions), class_="checks"),
    )


def _check(condition: Condition) -> Markup:
    hint = None if condition.state != "blocks" else _HINTS.get(condition.code)
    return element(
        "li",
        element(
            "svg",
            element("path", class_="sign", d=_SIGNS[condition.state]),
            viewBox="0 0 24 24",
            aria_hidden="true",
            class_=condition.state,
        ),
        element(
            "div",
            element(
                "strong",
                words.CONDITIONS[condition.state].capitalize(),
                class_=condition.state,
            ),
            element("span", condition.text),
            None if hint is None else element("span", f" {hint}", class_="soft"),
        ),
    )


def after_section(overview: Overview) -> Markup | None:
    """
    Return who would have needed the old system since; nothing before the cut-over.
    """
    statistics = overview.statistics
    if statistics is None:
        return None
    if not statistics.asked_in_all.times:
        if not overview.is_cut_over:
            return None
        days = (overview.today - statistics.since).days + 1
        return element(
            "p",
            f"In the last {days} days nobody was recorded who would have needed the "
            "old system.",
        )
    return together(_lead(statistics), _by_day(overview, statistics))


def _lead(statistics: Statistics) -> Markup:
    asked = statistics.asked_in_all
    people = ""
    if asked.people is not None:
        people = f", by about {asked.people:,} different people"
        if asked.people == 1:
            people = ", by about 1 person"
    return element(
        "p",
        f"Since {words.day(statistics.since)}, the old system would have been asked "
        f"{_times(asked.times)}{people}{_by(statistics)}.  It may go when hardly "
        "anybody is left; who guesses addresses, or is new and signs up, is counted, "
        "too.",
    )


def _by(statistics: Statistics) -> str:
    if statistics.asked_by.keys() <= {"login"}:
        return ""
    parts = [
        f"{number:,} {words.operation(name)}"
        for name, number in statistics.asked_by.items()
    ]
    return f": {', '.join(parts)}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _by_day(overview: Overview, statistics: Statistics) -> Markup:
    numbers = {day: (asked.times, 0) for day, asked in statistics.asked.items()}
    bars = Bars.of(numbers, statistics.since, overview.today)
    return together(
        days_chart(
            "asked",
            "How often the old system would have been asked",
            f"A bar for each {bars.unit}; the highest is {bars.most:,}.  The table "
            "below has the numbers.",
            bars,
            ["would have been asked"],
        ),
        details(
            "The same as a table, by day",
            table(
                "How often the old system would have been asked (days in UTC)",
                ["Day", "Times", "People, about"],
                (
                    Row(words.day(day), [asked.times, words.count(asked.people)])
                    for day, asked in statistics.asked.items()
                ),
            ),
        ),
    )
