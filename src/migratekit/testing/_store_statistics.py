"""
The contract of stores: what those owe that keep statistics.
"""

import datetime as dt
from collections.abc import Iterable

import attrs
import pytest

from migratekit.errors import ContractError
from migratekit.sketch import Sketch
from migratekit.statistics import StatisticsStore, Tally
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import Store, need


_DAY = dt.date(2026, 3, 1)
_NAMES = (
    "login.succeeded",
    "Login.succeeded",
    "login_succeeded",
    "login%",
    "log\N{LATIN SMALL LETTER I WITH ACUTE}n.succeeded",
    "\N{PILE OF POO}" * 64,
)


def sketch_of(people: Iterable[str]) -> Sketch:
    """
    Return the sketch of *people*.
    """
    sketch = Sketch()
    for name in people:
        sketch.add(name)
    return sketch


def tally(
    name: str,
    count: int = 1,
    *,
    day: dt.date = _DAY,
    people: Iterable[str] | None = None,
) -> Tally:
    """
    Return a tally, with a sketch of *people* if there are any.
    """
    text = None if people is None else sketch_of(people).to_text()
    return Tally(day, name, count, text)


class StatisticsScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    @scenario
    async def test_no_tallies(self, store: Store) -> None:
        """
        An empty store has counted nothing, and nothing can be added.
        """
        counting = need(store, StatisticsStore)

        await settle(counting.add_tallies([]))

        for since in (None, dt.date.min, _DAY):
            assert list(await settle(counting.tallies(since))) == []

    @scenario
    async def test_add_tallies(self, store: Store) -> None:
        """
        What is of the same day and name is added up, also within one call.
        """
        counting = need(store, StatisticsStore)
        first = [tally("b", 2), tally("a", 2**40), tally("c", 0), tally("b", 3)]
        second = [tally("d", 7), tally("b", 10), tally("a", 2**40), tally("c", 0)]

        await settle(counting.add_tallies(iter(first)))
        await settle(counting.add_tallies(second))

        expected = [tally("a", 2**41), tally("b", 15), tally("c", 0), tally("d", 7)]
        assert expected == list(await settle(counting.tallies(None)))

    @scenario
    async def test_tallies_since(self, store: Store) -> None:
        """
        They come in the order of days and names, from a day on if one is given.
        """
        counting = need(store, StatisticsStore)
        days = [dt.date(2025, 12, 31), dt.date(2026, 1, 1), dt.date(2026, 10, 2)]
        rows = [
            tally(name, 1 + number, day=day)
            for number, day in enumerate(days)
            for name in ("a", "b")
        ]

        await settle(counting.add_tallies(rows[::-1]))

        assert rows == list(await settle(counting.tallies(None)))
        for number, day in enumerate(days):
            assert rows[2 * number :] == list(await settle(counting.tallies(day)))
        assert rows[2:] == list(
            await settle(counting.tallies(days[0] + dt.timedelta(days=1)))
        )
        assert list(await settle(counting.tallies(dt.date.max))) == []

    @scenario
    async def test_tallies_of_years(self, store: Store) -> None:
        """
        Any number of tallies is added at once.
        """
        counting = need(store, StatisticsStore)
        rows = [
            tally(name, 1, day=_DAY + dt.timedelta(days=number))
            for number in range(500)
            for name in ("a", "b")
        ]

        await settle(counting.add_tallies(rows[:300]))
        await settle(counting.add_tallies(rows))

        found = list(await settle(counting.tallies(None)))
        assert [attrs.evolve(row, count=2) for row in rows[:300]] == found[:300]
        assert rows[300:] == found[300:]

    @scenario
    async def test_tallies_apart(self, store: Store) -> None:
        """
        Names are compared byte by byte.
        """
        counting = need(store, StatisticsStore)
        for number, name in enumerate(_NAMES, start=1):
            await settle(counting.add_tallies([tally(name, number)]))

        await settle(counting.add_tallies(map(tally, _NAMES)))

        found = await settle(counting.tallies(None))
        expected = [(name, number) for number, name in enumerate(_NAMES, start=2)]
        assert sorted(expected) == [(row.name, row.count) for row in found]

    @scenario
    async def test_people(self, store: Store) -> None:
        """
        Sketches are merged, also within one call; who has none changes none.
        """
        counting = need(store, StatisticsStore)
        crowd = [f"{number}@example.com" for number in range(2000)]
        for rows in (
            [tally("new", people=["ann", "bob"]), tally("late"), tally("none")],
            [tally("new", people=["bob", "cid"]), tally("new"), tally("none")],
            [tally("new"), tally("late", people=["ann"])],
            [tally("new", people=crowd), tally("new", people=["dan"])],
        ):
            await settle(counting.add_tallies(rows))

        found = {row.name: row for row in await settle(counting.tallies(None))}

        expected = sketch_of(["ann", "bob", "cid", "dan", *crowd])
        assert expected == Sketch.from_text(found["new"].people)
        assert sketch_of(["ann"]) == Sketch.from_text(found["late"].people)
        assert None is found["none"].people
        counts = {name: row.count for name, row in found.items()}
        assert counts == {"new": 6, "late": 2, "none": 2}

    @scenario
    async def test_tallies_out_of_bounds(self, store: Store) -> None:
        """
        What some database could not hold is refused, with all that came with it.
        """
        counting = need(store, StatisticsStore)
        names = ("", "x" * 65, "a\0", "\udc80", " a", "a ", "a\n")
        for bad in (
            *map(tally, names),
            tally("a", -1),
            tally("a", 2**40 + 1),
            Tally(_DAY, "a", 1, ""),
            Tally(_DAY, "a", 1, "ann@example.com"),
        ):
            with pytest.raises(ContractError):
                await settle(counting.add_tallies([tally("good"), bad]))

        assert list(await settle(counting.tallies(None))) == []
