"""
How the logins go.
"""

from migratekit.overview import Logins, Overview, Statistics
from migratekit.overview import _words as words
from migratekit.report._days_chart import Bars, days_chart
from migratekit.report._markup import Markup, element, together
from migratekit.report._tables import Row, details, figure, table


def logins_section(overview: Overview) -> Markup:
    """
    Return today's outcomes, and those of the days before.
    """
    statistics = overview.statistics
    if statistics is None or statistics.first_day is None:
        return nothing_recorded(overview)
    if not statistics.logins:
        return element("p", "No login was recorded.")
    return together(_outcomes(overview, statistics), _by_day(overview, statistics))


def nothing_recorded(overview: Overview) -> Markup:
    """
    Return why there are no numbers, and what gives some.
    """
    if overview.statistics is None:
        return element("p", "This store keeps no statistics.")
    return element("p", f"Nothing was recorded.  {words.recorder(overview)}")


def _outcomes(overview: Overview, statistics: Statistics) -> Markup:
    today = statistics.logins_since(overview.today)
    whole = statistics.logins_since(statistics.since)
    days = (overview.today - statistics.since).days + 1

    def row(word: str, one: int, all_of_them: int, *, is_part: bool = False) -> Row:
        share = one / today.total if today.total else 0.0
        return Row(word, [one, all_of_them], bar=share, is_part=is_part)

    rows = [
        row("let in", today.succeeded, whole.succeeded),
        row("moved by it", today.moved, whole.moved, is_part=True),
        row("refused", _refused(today), _refused(whole)),
    ]
    for name, number in sorted(whole.refused.items(), key=lambda item: -item[1]):
        word = words.reason(name)
        rows.append(row(word, today.refused.get(name, 0), number, is_part=True))
    return table(
        "What came of logins; the bars are today's",
        ["Outcome", "Today", f"{days} days"],
        rows,
        total=Row("All", [figure(today.total), figure(whole.total)]),
        has_bars=True,
    )


def _refused(logins: Logins) -> int:
    return logins.total - logins.succeeded


def _by_day(overview: Overview, statistics: Statistics) -> Markup:
    numbers = {
        day: (logins.succeeded, _refused(logins))
        for day, logins in statistics.logins.items()
    }
    bars = Bars.of(numbers, statistics.since, overview.today)
    return together(
        element("h3", f"By {bars.unit}"),
        days_chart(
            "logins",
            f"Logins by {bars.unit}",
            f"A bar for each {bars.unit}: those let in below, those refused above.  "
            f"The highest is {bars.most:,}.  The table below has the numbers.",
            bars,
            ["let in", "refused"],
        ),
        details(
            "The same as a table, by day",
            table(
                "Logins by day (UTC)",
                ["Day", "Let in", "Moved", "Refused"],
                (
                    Row(
                        words.day(day),
                        [logins.succeeded, logins.moved, _refused(logins)],
                    )
                    for day, logins in statistics.logins.items()
                ),
            ),
        ),
    )
