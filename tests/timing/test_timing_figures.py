"""
The statistics of the timings, against values that are known.
"""

import math
import random

import pytest
from timing_figures import auc, welch_t


# R's data set sleep, of which t.test() says t = -1.8608 and wilcox.test() W = 25.5.
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


def test_welch_t():
    """
    t is that of R, and the other way round its contrary.
    """
    one, other = SLEEP

    assert pytest.approx(-1.8608, abs=5e-5) == welch_t(one, other)
    assert -welch_t(one, other) == welch_t(other, one)


def test_welch_t_of_unequal_numbers():
    """
    Each sample's variance counts by its own number.
    """
    # Means 2 and 5, variances 1 and 10, numbers 3 and 5.
    assert pytest.approx(-3 / math.sqrt(1 / 3 + 2)) == welch_t(
        [1, 2, 3], [1, 3, 5, 7, 9]
    )


@pytest.mark.parametrize(
    ("expected", "one", "other"),
    [(0, [1, 1], [1, 1]), (math.inf, [2, 2], [1, 1]), (-math.inf, [1, 1], [2, 2])],
)
def test_welch_t_without_spread(expected, one, other):
    """
    Samples without any spread are the same, or told apart for certain.
    """
    assert expected == welch_t(one, other)


def test_auc():
    """
    The area is that of R's W, in which a tie is half.
    """
    one, other = SLEEP

    assert pytest.approx(0.255) == auc(one, other)
    assert pytest.approx(1) == auc(one, other) + auc(other, one)


@pytest.mark.parametrize(
    ("expected", "one", "other"),
    [
        (0, [1, 2], [3, 4, 5]),
        (1, [3], [1, 2]),
        (0.5, [1, 1], [1, 1]),
        (0.75, [1, 2], [1]),
    ],
)
def test_auc_of_few(expected, one, other):
    """
    Certainty is 0 or 1, and what is equal is a coin's toss.
    """
    assert expected == auc(one, other)


def test_auc_by_pairs():
    """
    By ranks it is what counting all pairs gives.
    """
    noise = random.Random(1)
    one, other = ([noise.randrange(9) for _ in range(30)] for _ in range(2))
    pairs = [(a > b) + (a == b) / 2 for a in one for b in other]

    assert pytest.approx(sum(pairs) / len(pairs)) == auc(one, other)
