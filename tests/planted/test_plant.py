"""
The bank of planted bugs is whole, and its script tells the dead from the living.

All bugs are planted in a session of its own.
"""

import ast
from collections import Counter

import attrs
import plant
import pytest
from bug import Bug
from bugs import BUGS


PACKAGE = plant.ROOT / "src" / "migratekit"
CUT = next(bug for bug in BUGS if bug.name == "a cut argon2 hash matches")
HARMLESS = attrs.evolve(CUT, new="if 16 > cost.hash_len:")


def test_patches():
    """
    Every patch applies to the source as it is, exactly once, and leaves it Python.
    """
    for bug in BUGS:
        ast.parse(bug.planted(PACKAGE.joinpath(bug.file).read_text("utf-8")))


@pytest.mark.parametrize("old", ["cost.hash_len < 17", "cost"])
def test_stale_patch(old):
    """
    A patch whose text is gone, or there several times, is said to be so.
    """
    with pytest.raises(ValueError, match="has its text"):
        attrs.evolve(CUT, old=old).planted("cost, cost, cost.hash_len < 16")


def test_tests():
    """
    Every named test is there, in its file or in the contract that its class inherits.
    """
    contract = "".join(
        path.read_text("utf-8") for path in PACKAGE.joinpath("testing").glob("*.py")
    )
    for bug in BUGS:
        assert bug.tests
        for test in bug.tests:
            path, *classes, name = test.split("::")
            text = plant.ROOT.joinpath(path).read_text("utf-8")
            assert all(f"class {kind}(" in text for kind in classes), test
            assert f"def {name}(" in (contract if classes else text), test


def test_laws():
    """
    Every law is broken by some bug, and every bug breaks a law or a § of the design.
    """
    laws = {str(number) for number in range(1, 14)}

    broken = {bug.law for bug in BUGS}

    assert laws <= broken
    assert all(law in laws or law.startswith("§ ") for law in broken)


def test_names():
    """
    No two bugs have one name.
    """
    names = Counter(bug.name for bug in BUGS)

    assert len(BUGS) == len(names)


def test_dead_or_alive(tmp_path):
    """
    A bug is killed by its test, a harmless change lives, and both are undone.
    """
    copy = plant.Copy(tmp_path)

    dead = copy.try_out(CUT)
    alive = copy.try_out(HARMLESS)

    killer = "tests.test_passwords.test_short_digest"
    assert ((killer,), None) == (dead.killed_by, dead.fault)
    assert ((), f"{killer} passes") == (alive.killed_by, alive.fault)
    healthy = PACKAGE.joinpath(CUT.file).read_text("utf-8")
    assert healthy == tmp_path.joinpath("src/migratekit", CUT.file).read_text("utf-8")


class Rehearsed(plant.Copy):
    """
    Runs nothing: tests fail as it was told.
    """

    failed = ()

    def failures(self, tests):
        return next(self.failed)


@pytest.mark.parametrize(
    ("problem", "is_dead"),
    [
        ("failure: AssertionError: wrong", True),
        ("failure: assert 1 == 2", True),
        ("failure: Failed: DID NOT RAISE", True),
        ("failure: migratekit.errors.InvalidCredentialsError: Wrong.", True),
        ("failure: NameError: name 'x' is not defined", False),
        ("failure: ImportError: cannot import name 'x'", False),
        ("error: AssertionError: in a fixture", False),
    ],
)
def test_breakdown(tmp_path, monkeypatch, problem, is_dead):
    """
    Only an assertion kills; a patch that makes nonsense of the code does not count.
    """
    told = {plant.dotted(CUT.tests[0]): problem}
    monkeypatch.setattr(Rehearsed, "failed", iter([told]))

    outcome = Rehearsed(tmp_path).try_out(CUT)

    assert is_dead == (outcome.fault is None)


def test_table(monkeypatch, capsys):
    """
    The table has a row for every bug, and how many live is the exit status.
    """
    told = {plant.dotted(CUT.tests[0]): "failure: AssertionError: wrong"}
    stale = Bug("stale", "2", CUT.file, "gone", "", CUT.tests)
    monkeypatch.setattr(plant, "BUGS", (CUT, HARMLESS, stale))
    monkeypatch.setattr(plant, "Copy", Rehearsed)
    monkeypatch.setattr(Rehearsed, "failed", iter([{}, told, {}]))

    status = plant.main([])

    rows = capsys.readouterr().out.splitlines()
    assert 2 == status
    assert 4 == len(rows)
    assert "ALIVE" not in rows[0]
    assert "ALIVE: tests.test_passwords.test_short_digest passes" in rows[1]
    assert "has its text 0 times" in rows[2]
    assert rows[3].startswith("3 bugs, 1 killed, 2 alive")


def test_sick(monkeypatch, capsys):
    """
    Tests that fail without a bug prove nothing.
    """
    monkeypatch.setattr(plant, "Copy", Rehearsed)
    monkeypatch.setattr(Rehearsed, "failed", iter([{"tests.x": "failure: wrong"}]))

    status = plant.main([])

    assert 1 == status
    assert "These fail without a bug: tests.x\n" == capsys.readouterr().out
