"""
Real processes and threads, and a checker that finds what is planted.

All of it is for ``nox -s linearizability``; here it is short.
"""

import os
import random

import linear_session
import pytest
from linear_account import State
from linear_bugs import BUGS
from linear_checker import by_account
from linear_session import DATABASES, SERVERS, is_broken, main, play, url_of, violation
from linear_workers import Plan


def plan_for(database, folder, **more):
    url = url_of(database, folder)
    if url is None:
        pytest.skip(f"{SERVERS[database]} is not set: no server to test against")
    seed = os.environ.get("MIGRATEKIT_LINEAR_SEED", random.randrange(10**6))
    return Plan(url, int(seed), **more)


@pytest.mark.parametrize("database", DATABASES)
def test_linearizable(database, tmp_path):
    """
    Some order explains each history, also of those whose process was killed.
    """
    plan = plan_for(database, tmp_path, processes=2, threads=2)
    operations = 0

    for some in play(plan, 8, kills=0.25):
        operations += len(some)
        for history in by_account(some).values():
            assert not is_broken(history), f"{plan.seed}: {violation(history)}"

    assert operations > 100


@pytest.mark.parametrize("bug", BUGS)
def test_planted(bug, tmp_path):
    """
    What is planted in the processes is found.
    """
    plan = plan_for("sqlite", tmp_path, processes=2, threads=2, bug=bug)

    found = (
        history
        for operations in play(plan, 200)
        for history in by_account(operations).values()
        if is_broken(history)
    )

    assert "no order explains" in violation(next(found))


def test_broken_process(tmp_path):
    """
    A process that cannot go on is not taken for one that has nothing to tell.
    """
    plan = plan_for("sqlite", tmp_path, processes=1, threads=1, bug="unheard of")

    with pytest.raises(RuntimeError, match="KeyError: 'unheard of'"):
        next(play(plan, 1))


def test_printed(monkeypatch, capsys):
    """
    The session prints its figures and the least of what is wrong, and fails then.
    """
    monkeypatch.setattr(linear_session, "START", State(moved=True))

    assert main(["sqlite", "--rounds", "1", "--kills", "0", "--seed", "7", "--whole"])

    *violations, figures = capsys.readouterr().out.splitlines()
    assert "no order explains" == violations[0]
    assert "  out of" in violations
    assert figures.startswith("sqlite: 38 operations in 2 histories, at most ")
    assert figures.endswith((" s, violations 2 (seed 7)", " s, violations 1 (seed 7)"))


def test_unset(monkeypatch, capsys):
    """
    A database that nobody has named is no database without violations.
    """
    monkeypatch.delenv(SERVERS["mariadb"], raising=False)

    with pytest.raises(SystemExit):
        main(["mariadb"])

    assert "MIGRATEKIT_TEST_MARIADB is not set" in capsys.readouterr().err
