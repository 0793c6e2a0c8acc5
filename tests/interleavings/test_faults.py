"""
Whatever fails at whichever step, nothing is left half done, and doing it again works.

The long version is ``fault_session.py``.
"""

import asyncio
import random
import threading
from contextlib import closing

import pytest
from fault_session import check_faults
from fault_steps import AFTER, clean, interrupted, known_ids, steps_of
from interleaving_operations import OPERATIONS, STARTS
from interleaving_stage import InMemory, InSQLite, Stage

from migratekit._flows import login, proof
from migratekit._run import arun
from migratekit._steps import CreateUser, FindUser
from migratekit.models import Identifier, KeyKind, LedgerKey
from migratekit.stores.memory import MemoryStore


@pytest.mark.parametrize("start", STARTS)
def test_faults(start, runner):
    """
    Every third fault, over memory.
    """
    counts, violations = check_faults(
        Stage(STARTS[start], InMemory()), runner, stride=3, first=random.randrange(3)
    )

    assert [] == violations
    assert counts.total() > 0


def test_faults_in_sqlite(tmp_path, runner):
    """
    Some faults over SQLite.
    """
    with closing(InSQLite(tmp_path / "users.db")) as home:
        for start in ("fresh", "preloaded"):
            counts, violations = check_faults(
                Stage(STARTS[start], home), runner, stride=23
            )

            assert [] == violations
            assert counts.total() > 0


def test_lost_acknowledgement():
    """
    A first login whose commit got lost on the way back is read back, and a success.
    """
    stage = Stage(STARTS["fresh"], InMemory())
    operation = OPERATIONS["login right"]
    steps = [type(step) for step in steps_of(stage, operation)]

    left = interrupted(stage, operation, steps.index(CreateUser), AFTER)

    stage.reset()
    assert clean(stage, operation).is_like(left)


def test_cancelled_in_thread(runner):
    """
    A sync store goes on when its login is cancelled: the user is stored as a whole.
    """
    stage = Stage(STARTS["fresh"], InMemory())
    operation = OPERATIONS["login right"]
    once = clean(stage, operation)
    stage.reset()
    reached, released = threading.Event(), threading.Event()
    create = stage.home.store.create

    def slow(new, /):
        reached.set()
        released.wait(timeout=10)
        record = create(new)
        finished.set()
        return record

    finished = threading.Event()
    stage.home.store.create = slow

    async def cancel():
        flow = stage.door.authenticate("ada@example.com", "right")
        task = asyncio.create_task(arun(flow, stage.door._ports))
        await asyncio.to_thread(reached.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        released.set()
        await asyncio.to_thread(finished.wait, 10)

    with known_ids():
        runner.run(cancel())

    assert once.state == stage.state()


# --- Planted bugs ----------------------------------------------------------------------


async def never_reads_back(ctx, new):
    """
    A login that takes a lost acknowledgement for a failure.
    """
    return await CreateUser(new)


async def takes_silence_for_no(ctx, asked, attempt, hold):
    """
    A login that takes a store that is down for one that knows nobody.
    """
    try:
        await FindUser(asked.key)
    except Exception:
        return proof.wrong("unknown_or_wrong", reads=1)
    return await proof.prove(ctx, asked, attempt, hold)


async def tidies_up(ctx, new):
    """
    A login that asks the store once more when it is ended.
    """
    try:
        return await CreateUser(new)
    finally:
        await FindUser(Identifier(KeyKind.EMAIL, new.user.email))


def writes_in_two_steps(store, new, /):
    """
    A store that keeps what it wrote of a user before it refused.
    """
    key = LedgerKey(KeyKind.LEGACY_ID, "shop|1")
    store._ledger.pop(key, None)
    raise ConnectionError


@pytest.mark.parametrize(
    ("where", "name", "bug", "start"),
    [
        (login, "create", never_reads_back, "fresh"),
        (login, "create", tidies_up, "fresh"),
        (login, "prove", takes_silence_for_no, "migrated"),
        (MemoryStore, "delete", writes_in_two_steps, "migrated"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_planted_bugs(monkeypatch, runner, where, name, bug, start):
    """
    A bug that only a fault brings out is found.
    """
    monkeypatch.setattr(where, name, bug)

    _, violations = check_faults(Stage(STARTS[start], InMemory()), runner)

    assert violations
