"""
What happened on which day, as counts, and what a store needs to keep them.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

import attrs

from migratekit._fields import optional_text, text, whole


def _is_day(_: object, attribute: "attrs.Attribute[dt.date]", value: object) -> None:
    # A datetime is a date, too, and equals none.
    if type(value) is not dt.date:
        raise TypeError(f"{attribute.name} must be date, not {type(value).__name__}.")


@attrs.frozen
class Tally:
    """
    How often something happened on a day.

    Args:
        day: The day, in UTC.
        name: What happened; 1 to 64 characters, without blanks around.
        count: How often; 0 to 2**40 at a time, and their sum may be more.

        people:
            A `migratekit.sketch.Sketch` of whom it happened to, as text; None if nobody
            wants to know how many different ones there were.  Confidential: see there.
    """

    day: dt.date = attrs.field(validator=_is_day)
    name: str = attrs.field(validator=text)
    count: int = attrs.field(validator=whole)
    people: str | None = attrs.field(default=None, repr=False, validator=optional_text)


@runtime_checkable
class StatisticsStore(Protocol):
    """
    A store that can keep tallies.
    """

    def add_tallies(self, tallies: Iterable[Tally], /) -> None:
        """
        Add each to what is there of the same day and name: counts are added up, and
        sketches (see `migratekit.sketch`) merged; who has none changes none.

        All of them in one transaction.  Any number of processes may add to the same at
        once, and nothing is lost.

        Raises:
            migratekit.errors.ContractError:
                If a name or count is out of bounds, or the people are no sketch; then
                none is added.
        """

    def tallies(self, since: dt.date | None, /) -> Sequence[Tally]:
        """
        Return all of *since* and later, in the order of their days and names.
        """
