"""
How many failures are free, and what the others cost.
"""

import math

import pytest

from migratekit.errors import ConfigurationError
from migratekit.throttle import AttemptKind, ThrottleRules


HOUR, DAY = 3600, 86400


def test_defaults():
    """
    Ten are free; then it is 30 s, doubling to an hour; nobody is disabled.
    """
    rules = ThrottleRules()

    delays = [rules.delay(AttemptKind.USER, failures) for failures in range(9, 20)]
    assert [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] == delays
    assert not rules.disables(AttemptKind.USER, 10**9)
    assert DAY == rules.kept(AttemptKind.IDENTIFIER)


def test_clients():
    """
    A client, behind whom many may sit, has a hundred in an hour.
    """
    rules = ThrottleRules()

    assert [0, 30, 60] == [
        rules.delay(AttemptKind.CLIENT, failures) for failures in (99, 100, 101)
    ]
    assert HOUR == rules.kept(AttemptKind.CLIENT)


@pytest.mark.parametrize(
    ("kind", "disabled"),
    [("identifier", 1), ("user", 1), ("stranger", 1), ("client", 0), ("request", 0)],
)
def test_disable_after(kind, disabled):
    """
    Users may be disabled after a hundred failures, which then are kept for a year.
    """
    rules = ThrottleRules(disable_after=100)

    assert not rules.disables(AttemptKind(kind), 99)
    assert bool(disabled) == rules.disables(AttemptKind(kind), 100)
    assert 365 * DAY == rules.forget_after
    assert HOUR == ThrottleRules(disable_after=100, forget_after=HOUR).forget_after


def test_very_many():
    """
    No number of failures is too large for the arithmetic.
    """
    assert HOUR == ThrottleRules().delay(AttemptKind.USER, 10**6)


@pytest.mark.parametrize(
    "options",
    [
        {"free": 0},
        {"free": True},
        {"free": 1.5},
        {"client_free": 0},
        {"client_free": "5"},
        {"first_delay": 0.5},
        {"first_delay": "30"},
        {"first_delay": 3601},
        {"longest_delay": math.inf},
        {"longest_delay": math.nan},
        {"longest_delay": 29},
        {"forget_after": 0},
        {"forget_after": None},
        {"client_forget_after": 0},
        {"disable_after": 10},
        {"disable_after": 100.0},
        {"disable_after": True},
    ],
    ids=str,
)
def test_impossible(options):
    """
    Options that make no sense are refused.
    """
    with pytest.raises(ConfigurationError) as caught:
        ThrottleRules(**options)

    assert next(iter(options)) in str(caught.value) or "longest" in str(caught.value)
