"""
The values of settings and statistics.
"""

import datetime as dt

import pytest

from migratekit.settings import SettingsChange
from migratekit.sketch import Sketch
from migratekit.statistics import Tally


class Text(str):
    __slots__ = ()


NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def change(**changes):
    fields = {
        "connection_id": "con_shop",
        "version": 1,
        "action": "create",
        "actor": "ann",
        "options": {"strategy_version": 2},
        "changed_at": NOW,
    }
    return SettingsChange(**{**fields, **changes})


def tally(**changes):
    return Tally(**{"day": NOW.date(), "name": "login", "count": 1, **changes})


@pytest.mark.parametrize(
    ("make", "field", "values"),
    [
        (change, "connection_id", [None, 5, Text("con_shop")]),
        (change, "version", [None, "1", 1.0, True]),
        (change, "actor", [None, b"ann", Text("ann")]),
        (change, "options", ["", [], {"a": object()}, {1: 2}, {"a": float("nan")}]),
        (change, "changed_at", [None, NOW.date(), NOW.replace(tzinfo=None)]),
        (tally, "day", [None, NOW, "2026-03-01"]),
        (tally, "name", [None, 5, Text("login")]),
        (tally, "count", [None, "1", 1.0, True]),
        (tally, "people", [b"", 5, Sketch()]),
    ],
)
def test_types(make, field, values):
    """
    A value of another type is refused: nothing is coerced, no subclass is let in.
    """
    for value in values:
        with pytest.raises(TypeError):
            make(**{field: value})


def test_action():
    """
    There are three actions.
    """
    with pytest.raises(ValueError, match="action"):
        change(action="drop")


def test_options_are_copied():
    """
    What is done to the options that were given changes no change.
    """
    options = {"tags": ["a"]}
    one = change(options=options)

    options["tags"].append("b")

    assert {"tags": ["a"]} == one.options
    assert {change(), change(options={})} == {change(), change(options={})}


def test_people_do_not_show():
    """
    Of whom a tally is does not show.
    """
    people = Sketch().to_text()

    assert people not in repr(tally(people=people))
