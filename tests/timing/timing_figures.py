"""
How two samples are told apart: by their means, and by their ranks.
"""

import math
import statistics


def welch_t(one, other):
    """
    Return Welch's t: how many standard errors the means are apart.

    Without any spread, equal means are none apart and others infinitely many.
    """
    apart = statistics.fmean(one) - statistics.fmean(other)
    error = math.sqrt(
        statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    )
    if error == 0:
        return math.copysign(math.inf, apart) if apart else 0.0
    return apart / error


def auc(one, other):
    """
    Return how often a value of *one* is above a value of *other*; a tie is half.

    That is the area under the curve of whoever guesses by a threshold: 0.5 is a coin's
    toss, 0 and 1 are certainty.
    """
    above = sum(_ranks(one, other)) - len(one) * (len(one) + 1) / 2
    return above / (len(one) * len(other))


def _ranks(one, other):
    """
    Yield the ranks of the values of *one* among all; equal values share theirs.
    """
    values = sorted([*((it, True) for it in one), *((it, False) for it in other)])
    start = 0
    while start < len(values):
        end = start
        while end < len(values) and values[end][0] == values[start][0]:
            end += 1
        for _, ours in values[start:end]:
            if ours:
                yield (start + 1 + end) / 2
        start = end
