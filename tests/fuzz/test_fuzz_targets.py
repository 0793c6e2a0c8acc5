"""
Every target is fuzzed, for a moment.  A long run is a session of its own.
"""

import attrs
import fuzz_targets
import pytest
from fuzz_targets import TARGETS, Target, main, play


INPUTS = 1000


@pytest.mark.parametrize("name", TARGETS)
def test_target(name, monkeypatch):
    """
    Nothing but the documented errors is raised.
    """
    # How long an input takes is no test here.
    monkeypatch.setattr(fuzz_targets, "MOST_SECONDS", float("inf"))

    found = play(name, seed=1, number=0, inputs=INPUTS)

    assert [] == found.faults
    assert INPUTS == found.inputs
    assert len(found.outcomes) > 1


def test_replay():
    """
    The same round has the same inputs; another one has others.
    """
    one, same, other = (play("php", 1, number, inputs=200) for number in (7, 7, 8))

    assert one.outcomes == same.outcomes
    assert one.outcomes != other.outcomes


@pytest.fixture(name="broken")
def _broken(monkeypatch):
    """
    A target that raises what it does not document, at the number 3, and is slow at 4.
    """

    def take(number):
        if number == 3:
            raise KeyError(number)
        if number == 4:
            sum(range(10**6))
        return "taken"

    monkeypatch.setattr(fuzz_targets, "MOST_SECONDS", 0.001)
    target = Target(lambda chance: chance.randrange(5), take, (ValueError,))
    monkeypatch.setitem(TARGETS, "broken", target)
    return target


def test_faults(broken):
    """
    What is not documented, and what is slow, is told with how to see it again.
    """
    found = play("broken", seed=5, number=2, inputs=50)

    again = "--only broken --seed 5 --round 2: "
    assert all(fault.startswith(again) for fault in found.faults)
    assert found.outcomes["fault"] == sum("KeyError(3)" in it for it in found.faults)
    assert any(" s of 4" in fault for fault in found.faults)
    assert 50 == found.inputs


def test_untimed(broken, monkeypatch):
    """
    What computes hashes besides may take its time.
    """
    monkeypatch.setitem(TARGETS, "broken", attrs.evolve(broken, is_timed=False))

    found = play("broken", seed=5, number=2, inputs=50)

    assert {"KeyError(3)"} == {
        it.partition(": ")[2].partition(" of")[0] for it in found.faults
    }


def test_report(capsys):
    """
    A run says its seed, and what came of how many inputs of each target.
    """
    few = [
        "--only",
        "php",
        "rows",
        "--inputs",
        "100",
        "--seed",
        "9",
        "--processes",
        "1",
    ]

    assert main(few)

    seed, *rows = capsys.readouterr().out.splitlines()
    assert "seed 9" == seed
    assert [("php", "100"), ("rows", "100")] == [tuple(row.split()[:2]) for row in rows]


def test_repeated_round(capsys):
    """
    A round can be repeated by itself.
    """
    assert main(["--only", "php", "--seed", "9", "--round", "4", "--processes", "1"])

    assert f"{fuzz_targets.ROUND} inputs" in capsys.readouterr().out


def test_out_of_time(capsys):
    """
    A run that was cut short says so.
    """
    assert main(["--only", "php", "--seconds", "0", "--processes", "1"])

    assert "0 inputs (out of time)" in capsys.readouterr().out
