"""
Outages are played.  How long everything takes is no test: that is a session of its own.
"""

import asyncio
import re
from collections import Counter
from types import SimpleNamespace

import load_outage
import pytest
from load_world import SOURCES, percentile

from migratekit.events import SourceSuspended


PLAN = load_outage.Plan("async", seed=1, waiting=4, stored=2)


@pytest.mark.parametrize("kind", SOURCES)
def test_counts(kind):
    """
    Whoever is stored is let in whatever the source does, it is asked within its budget,
    and everybody is let in when it is back.
    """
    plan = load_outage.Plan(kind, seed=1, waiting=40, stored=10, pace=0.05)

    outage, source = asyncio.run(load_outage.rage(plan))

    assert [] == list(load_outage.counted(plan, outage, source))
    assert (
        {"well", "hangs", "dead", "back"} >= set(outage.latencies) > {"hangs", "dead"}
    )
    assert 0 < source.most <= 32


def played(**changes):
    """
    Return an outage in which nothing was wrong but *changes*.
    """
    outage = load_outage.Outage(lags=[0.1] * 200, events=Counter([SourceSuspended]))
    for phase in ("well", "hangs", "dead", "back"):
        outage.latencies[phase] += [1.0] * 300
        outage.results[phase]["let in"] = 300
        outage.results[f"{phase}, not stored"]["unavailable"] = 3
    outage.results["back, not stored"]["moved"] = 4
    for name, (key, value) in changes.items():
        getattr(outage, name)[key] = value
    return outage


def test_nothing_wrong():
    """
    Where nothing is wrong, nothing is said to be; of what is right at the edge, too.
    """
    source = SimpleNamespace(most=32, forbidden=0)
    lags = [20.1] + [19.9] * 199
    latencies = [1.0] * 149 + [3.0] * 148 + [21.0] * 3
    outage = played(
        latencies=("hangs", latencies),
        turned_away=("dead", 1),
        lags=(slice(None), lags),
    )

    assert [] == list(load_outage.counted(PLAN, outage, source))
    assert [] == list(load_outage.timed(outage))


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("stored was refused: hangs", {"results": ("hangs", Counter(["refused"]))}),
        ("stored was refused: dead", {"results": ("dead", Counter(["let in", "X"]))}),
        ("0 of 4", {"results": ("back, not stored", Counter())}),
        ("never suspended", {"events": (SourceSuspended, 0)}),
    ],
)
def test_wrong_counts(expected, changes):
    """
    The checker notices who was refused, and who was never let in.
    """
    source = SimpleNamespace(most=32, forbidden=0)

    (wrong,) = load_outage.counted(PLAN, played(**changes), source)

    assert expected in wrong


@pytest.mark.parametrize(
    ("kind", "expected", "source"),
    [
        ("async", "33 calls", SimpleNamespace(most=33, forbidden=0)),
        ("sync", "33 calls", SimpleNamespace(most=33, forbidden=32)),
        ("async", "1 calls while", SimpleNamespace(most=9, forbidden=1)),
        ("sync", "33 calls while", SimpleNamespace(most=9, forbidden=33)),
    ],
)
def test_wrong_budget(kind, expected, source):
    """
    The checker notices a source that is asked too much.
    """
    plan = load_outage.Plan(kind, seed=1, waiting=4, stored=2)

    (wrong,) = load_outage.counted(plan, played(), source)

    assert expected in wrong


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("waits longer: hangs, 2.10", {"latencies": ("hangs", [3.1] * 300)}),
        (
            "waits longer: back, 0.00 and 20.10",
            {"latencies": ("back", [1.0] * 296 + [21.1] * 4)},
        ),
        ("turned away: dead, 0.7%", {"turned_away": ("dead", 2)}),
        ("lag has a p99 of 20.0", {"lags": (slice(0, 2), [20.0] * 2)}),
    ],
)
def test_wrong_times(expected, changes):
    """
    The checker notices that somebody who is stored waits, and that the loop is late.
    """
    (wrong,) = load_outage.timed(played(**changes))

    assert expected in wrong


def test_report(capsys):
    """
    The script says who saw what, and which bound did not hold.
    """
    few = ["--waiting", "5", "--stored", "2", "--burst", "0", "--pace", "0.03"]

    wrong = load_outage.main([*few, "--counts-only"])

    told = capsys.readouterr().out
    assert [] == wrong
    assert [f"{kind} source:" for kind in SOURCES] == re.findall(
        r"^\w+ source:", told, re.MULTILINE
    )
    assert told.endswith("all bounds hold\n")


def test_percentile():
    """
    A percentile is one of the values.
    """
    assert 50 == percentile(range(100), 0.5)
    assert 99 == percentile(range(100), 0.99)
    assert 7 == percentile([7], 0.99)
