"""
Whatever the order of their steps, operations end as they would one after the other.

The long version is ``interleaving_session.py``.  ``MIGRATEKIT_INTERLEAVINGS_SEED``
chooses other cases.
"""

import os
import random
from contextlib import closing

import attrs
import pytest
from interleaving_operations import OPERATIONS, STARTS
from interleaving_scheduler import SerialOrders, access_of, play, schedules
from interleaving_session import (
    PAIRS,
    Tally,
    check_pairs,
    check_triple,
    is_contested,
    main,
    memory_stages,
)
from interleaving_stage import InMemory, InSQLite, Stage

from migratekit._flows import login, proof
from migratekit._flows.refusals import wrong
from migratekit._steps import CheckRetired, FindUser, Step
from migratekit.errors import StaleRecordError
from migratekit.stores.memory import MemoryStore


SEED = int(os.environ.get("MIGRATEKIT_INTERLEAVINGS_SEED", "1"))


@pytest.fixture(name="stages", scope="module")
def _stages():
    return memory_stages()


def told(tally):
    return "\n".join([f"MIGRATEKIT_INTERLEAVINGS_SEED={SEED}", *tally.violations[:3]])


def test_pairs(stages):
    """
    A sixth of all pairs of operations, from every state, in all orders.
    """
    for number, stage in enumerate(stages.values()):
        tally = check_pairs(stage, PAIRS[(SEED + number) % 6 :: 6])

        assert [] == tally.violations, told(tally)


def test_pairs_in_sqlite(stages, tmp_path):
    """
    Some pairs whose order matters, over SQLite.
    """
    rng = random.Random(SEED)
    with closing(InSQLite(tmp_path / "users.db")) as home:
        for name in ("fresh", "imported", "preloaded"):
            contested = [
                pair
                for pair in rng.sample(PAIRS, k=80)
                if is_contested(stages[name], pair)
            ]
            tally = check_pairs(Stage(STARTS[name], home), contested[:8])

            assert [] == tally.violations, told(tally)


def test_triples(stages):
    """
    Some hundred schedules of three operations.
    """
    tally = Tally()

    for case in range(15):
        check_triple(stages, SEED, case, tally)

    assert [] == tally.violations, told(tally)
    assert 600 == tally.schedules


@pytest.mark.parametrize(
    ("start", "names", "order"),
    [
        ("fresh", ("change username", "finish reset", "reserve leftovers"), "11120"),
        ("fresh", ("reserve leftovers", "block", "login right"), "22222201"),
        ("deleted", ("start reset", "sign up", "readmit"), "11200100"),
    ],
)
def test_unseen(stages, start, names, order):
    """
    Who was under way when an operator changed the ledger may not have seen it.
    """
    operations = [OPERATIONS[name] for name in names]
    turns = map(int, order)
    played = play(stages[start], operations, lambda live: next(turns, live[0]))
    orders = SerialOrders(stages[start], operations)

    assert not orders.explain(played)
    assert orders.explain(played, lenient=True)


@pytest.mark.parametrize(
    ("start", "first", "second"),
    [
        ("imported", "login right", "block"),
        ("migrated", "change e-mail", "delete"),
        ("preloaded", "login right", "finish reset"),
        ("squatted", "login wrong", "change e-mail"),
        ("fresh", "cut over by force", "login right"),
        ("fresh", "cut over", "import"),
        ("fresh", "login right", "import with hash"),
    ],
)
def test_pruning(stages, start, first, second):
    """
    What is not played would have ended like something that is.
    """
    stage = stages[start]
    operations = [OPERATIONS[first], OPERATIONS[second]]

    pruned = [played.outcome for played in schedules(stage, operations)]
    every = [played.outcome for played in schedules(stage, operations, prune=False)]

    assert len(every) > len(pruned)
    assert set(every) == set(pruned)


def test_repeatable(stages, capsys):
    """
    A seed and a number stand for one case.
    """
    tally = Tally()
    check_triple(stages, 1, 2, tally)

    failed = main(["--seed", "1", "--case", "2"])

    assert not failed
    assert f"{tally.schedules} schedules" in capsys.readouterr().out


@attrs.frozen(eq=False, repr=False)
class FutureStep(Step):
    """
    A step that the scheduler has not heard of.
    """

    port = "store.find"

    def perform(self, ports):
        pass


def test_unknown_step():
    """
    Of a step to the store that nobody knows, the worst is assumed.
    """
    unknown, known = access_of(FutureStep()), access_of(FindUser(None))

    assert not unknown.commutes_with(known)
    assert known.commutes_with(known)


# --- Planted bugs ----------------------------------------------------------------------


async def looks_once(ctx, asked, attempt, hold):
    """
    A login that does not look again when it meets a retired identifier.
    """
    if await FindUser(asked.key) is None and await CheckRetired(asked.ledger_key):
        return wrong("retired", reads=2)
    return await proof.prove(ctx, asked, attempt, hold)


async def trusts_the_source(ctx, asked, attempt, legacy):
    """
    A login that lost the race and takes the source's yes for the winner's record.
    """
    record = await FindUser(asked.key)
    return wrong("gone", reads=4) if record is None else proof.InStore(record)


async def judges_once(ctx, asked, attempt, verified):
    """
    A login that lost the rehash and does not look whether it was to a block.
    """
    return await FindUser(asked.key) or wrong("gone", reads=2)


def overwrites(store, record):
    """
    A store that replaces whatever version is there.
    """
    if record.user.id not in store._records:
        raise StaleRecordError


@pytest.mark.parametrize(
    ("where", "name", "bug"),
    [
        (login, "prove", looks_once),
        (login, "prove_again", trusts_the_source),
        (login, "_read_again", judges_once),
        (MemoryStore, "_check_version", overwrites),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_planted_bugs(monkeypatch, where, name, bug):
    """
    A bug that needs two operations at once is found.
    """
    monkeypatch.setattr(where, name, bug)
    logins_and_writes = {"login right", "finish reset", "set password", "block"}
    pairs = [pair for pair in PAIRS if logins_and_writes.issuperset(pair)]

    tallies = [
        check_pairs(Stage(STARTS[start], InMemory()), pairs)
        for start in ("fresh", "imported", "migrated")
    ]

    assert any(tally.violations for tally in tallies)


def test_planted_bug_in_triples(monkeypatch):
    """
    What triples are forgiven, because of two databases, does not hide a bug.
    """
    monkeypatch.setattr(MemoryStore, "_check_version", overwrites)
    stages = memory_stages()
    tally = Tally()

    for case in range(1000):
        check_triple(stages, 5, case, tally)
        if tally.violations:
            break

    assert tally.violations
