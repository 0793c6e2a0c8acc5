"""
What an application decides about its migration.
"""

import datetime as dt

import attrs
import pytest

from migratekit import MigrationPolicy
from migratekit.errors import ConfigurationError


def test_defaults():
    """
    The defaults are those that the documentation names.
    """
    assert {
        "import_mode": True,
        "strategy_version": 2,
        "requires_username": False,
        "username_length": (1, 128),
        "password_check": None,
        "weak_legacy_password": "must_change",
        "allow_sign_up": True,
        "detect_drift": False,
        "rehearse": False,
        "token_lifetime": dt.timedelta(minutes=30),
        "legacy_deadline": 5.0,
        "legacy_calls": 32,
        "legacy_failures": 5,
        "legacy_pause": 30.0,
        "failure_floor": 0.25,
    } == attrs.asdict(MigrationPolicy())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("import_mode", [None, 1, 0, "yes"]),
        ("requires_username", [None, 1, "no"]),
        ("allow_sign_up", [None, 1, ""]),
        ("detect_drift", [None, 1, []]),
        ("rehearse", [None, 1, "no"]),
        ("strategy_version", [0, 3, "2", None, [], {}]),
        (
            "username_length",
            [(0, 5), (5, 4), (1, 321), (1,), (1, 2, 3), 5, None, "12", ("1", "2")],
        ),
        ("username_length", [(1.0, 5), (-1, 5), {}]),
        ("password_check", ["x", 5, []]),
        ("weak_legacy_password", ["", "deny", None, [], True]),
        ("token_lifetime", [dt.timedelta(0), dt.timedelta(-1), dt.timedelta(367)]),
        ("token_lifetime", [30, None, "30", dt.timedelta.max]),
        ("legacy_deadline", [0, -1, 601, float("nan"), "5", None, True]),
        ("legacy_calls", [0, -1, 10_001, 1.0, "5", None, True]),
        ("legacy_failures", [0, -1, 10_001, 1.0, "5", None, True]),
        ("legacy_pause", [-1, 86_401, float("nan"), "5", None, True]),
        ("failure_floor", [-0.1, 60.1, float("nan"), float("inf"), "x", None, True]),
    ],
)
def test_impossible(name, values):
    """
    An option of another kind or out of its bounds is refused by name.
    """
    for value in values:
        with pytest.raises(ConfigurationError, match=name):
            MigrationPolicy(**{name: value})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("strategy_version", [1, 2]),
        ("username_length", [(1, 1), (1, 320), (320, 320)]),
        ("password_check", [None, list]),
        ("weak_legacy_password", ["admit", "must_change", "refuse"]),
        ("token_lifetime", [dt.timedelta(seconds=1), dt.timedelta(days=365)]),
        ("failure_floor", [0, 0.0, 1, 60]),
    ],
)
def test_possible(name, values):
    """
    What is within the bounds is kept as it is.
    """
    for value in values:
        assert value == getattr(MigrationPolicy(**{name: value}), name)


def test_replaced_whole():
    """
    A policy is never changed, only replaced by another whole one.
    """
    policy = MigrationPolicy()

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        policy.import_mode = False
    other = attrs.evolve(policy, import_mode=False)

    assert policy == MigrationPolicy()
    assert not other.import_mode
    with pytest.raises(ConfigurationError):
        attrs.evolve(policy, import_mode=None)
    with pytest.raises(TypeError):
        MigrationPolicy(True)
