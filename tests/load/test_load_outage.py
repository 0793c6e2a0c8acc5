"""
Outages are played.  How long everything takes is no test: that is a session of its own.
"""

import asyncio
import re

import load_outage
import pytest
from load_world import SOURCES, percentile


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
