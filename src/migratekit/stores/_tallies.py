"""
How tallies are added up; the same for every store of ours.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import attrs

from migratekit.errors import ContractError
from migratekit.sketch import Sketch
from migratekit.statistics import Tally
from migratekit.stores._rules import check_tally


def summed(tallies: Iterable[Tally]) -> Sequence[Tally]:
    """
    Return one tally for each day and name, in their order.

    Raises:
        migratekit.errors.ContractError: If one could not be stored.
    """
    sums: dict[tuple[dt.date, str], Tally] = {}
    for tally in tallies:
        check_tally(tally)
        _check_people(tally)
        there = sums.get((tally.day, tally.name))
        sums[tally.day, tally.name] = tally if there is None else joined(there, tally)
    return [tally for _, tally in sorted(sums.items(), key=lambda item: item[0])]


def joined(there: Tally, tally: Tally) -> Tally:
    """
    Return *there* with *tally*, which is of the same day and name, added to it.

    Raises:
        ValueError: If the people of one are no sketch.
    """
    return attrs.evolve(
        there,
        count=there.count + tally.count,
        people=merged(there.people, tally.people),
    )


def merged(people: str | None, others: str | None) -> str | None:
    """
    Return two sketches as one.

    Raises:
        ValueError: If one is none.
    """
    if people is None or others is None:
        return people or others
    sketch = Sketch.from_text(people)
    sketch.merge(Sketch.from_text(others))
    return sketch.to_text()


def _check_people(tally: Tally) -> None:
    if tally.people is None:
        return
    try:
        Sketch.from_text(tally.people)
    except ValueError:
        pass
    else:
        return
    raise ContractError("The people of a tally must be a sketch as text.")
