"""
The timings are taken.  What they say is no test: that is a session of its own.
"""

import test_equal_work
import timing_kinds
import timing_logins


def test_table(capsys):
    """
    Every kind gets a row, and has made its attempts.
    """
    few = ["--attempts", "5", "--warm-up", "1", "--processes", "1", "--floor", "0.001"]

    timing_logins.main(few)

    seed, head, *rows, total = capsys.readouterr().out.splitlines()
    assert seed.startswith("seed ")
    assert ["kind", "attempts", "over", "median_ms"] == head.split()[:4]
    assert [(kind.__name__, "5") for kind in timing_kinds.KINDS] == [
        tuple(row.split()[:2]) for row in rows
    ]
    assert total.startswith(f"{5 * len(timing_kinds.KINDS)} attempts, ")


def test_kinds():
    """
    The kinds are those whose work is counted.
    """
    counted = {kind.__name__ for kind in test_equal_work.KINDS}

    assert counted == {kind.__name__ for kind in timing_kinds.KINDS}


def test_jitter():
    """
    What was slept beyond the floor is told from what was slept for it.
    """
    clock = timing_logins.Clock()
    clock.read = [5.0, 5.25]
    clock.slept = 0.7625

    assert abs(0.0125 - clock.jitter(1.0)) < 1e-9
    assert 0.0 == clock.jitter(0)


def test_told_apart():
    """
    A kind that takes longer than others stands out in every figure.
    """
    timings = [
        timing_logins.Timing(kind.__name__, 30.0 + i % 7 + 9 * (number == 0), 0.5)
        for number, kind in enumerate(timing_kinds.KINDS)
        for i in range(21)
    ]

    first, *_ = timing_logins.judged(timings)

    assert "NO" == first["alike"]
    assert first["t"] > timing_logins.MOST_T
    assert 1 == first["auc"] == first["auc_bare"]
    assert 9 == first["apart_ms"]
