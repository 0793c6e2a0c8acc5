"""
Processes and threads that use real connections, and tell of every operation.

An operation is told of before it begins and after it has ended, each time at once, so
that what a process was doing is known when it is killed.
"""

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import attrs
import linear_bugs
from linear_account import LEGACY
from linear_actors import Actor, Person, Shared, make_id
from sqlalchemy import create_engine, event

from migratekit import Connection, MigrationPolicy
from migratekit._steps import world
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.sources.functions import FunctionSource
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle


@attrs.frozen
class Plan:
    """
    What is played where; everything random follows from the seed.

    Args:
        url: Of the database.
        seed: Of everything random.
        processes: How many there are.
        threads: How many each has.
        people: How many accounts there are in a round.
        deeds: How many operations a thread begins in a round.
        bug: The name of one in `linear_bugs` to plant.
    """

    url: str
    seed: int
    processes: int = 2
    threads: int = 3
    people: int = 2
    deeds: int = 6
    bug: str | None = None

    def crowd(self, turn):
        """
        Return whom a round is about: always others.
        """
        first = turn * self.people
        return [Person(number) for number in range(first, first + self.people)]


@attrs.frozen
class Round:
    """
    What a process is told to do: from *begin* on, of CLOCK_MONOTONIC.
    """

    turn: int
    begin: int


def hasher():
    return LegacyHasher(CHEAPEST, presets.raw_sha256())


def work(plan, number, pipe):
    """
    Do round after round, as the pipe says, until it says None.

    Goes into the pipe: every operation twice, None for the end of a round, and a text
    if something is wrong.
    """
    try:
        linear_bugs.plant(plan.bug)
        _work(plan, number, pipe)
    except BaseException as error:
        pipe.send(f"{type(error).__name__}: {error}")
        raise


def _work(plan, number, pipe):
    sys.setswitchinterval(1e-4)
    world.MakeId.perform = make_id
    door = _door(plan)
    told = _Told(pipe)
    with ThreadPoolExecutor(plan.threads) as pool:
        while (order := pipe.recv()) is not None:
            shared = Shared(door, told, plan.crowd(order.turn), plan.deeds)
            names = [f"{order.turn}-{number}-{n}" for n in range(plan.threads)]
            seeds = [f"{plan.seed} {name}" for name in names]
            actors = [Actor(*one, shared) for one in zip(names, seeds, strict=True)]
            list(pool.map(lambda actor: actor.act(order.begin), actors))
            told.send(None)


class _Told:
    """
    A pipe that threads share.
    """

    def __init__(self, pipe):
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, message):
        with self._lock:
            self._pipe.send(message)


# --- What stands behind the door -----------------------------------------------------


class _Shaken(SQLStore):
    """
    A store whose callers are now and then held up, before or after.
    """

    def _perform(self, *args, **kwargs):
        _dawdle()
        answer = super()._perform(*args, **kwargs)
        _dawdle()
        return answer


def _dawdle():
    if random.random() < 0.3:
        time.sleep(random.random() * 0.003)


def _door(plan):
    options = {"pool_size": plan.threads, "max_overflow": 0}
    if plan.url.startswith("sqlite"):
        # SQLite's writers have no queue: on a busy machine one may wait for long.
        options["connect_args"] = {"timeout": 60}
    engine = create_engine(plan.url, hide_parameters=True, **options)
    if plan.url.startswith("sqlite"):
        event.listen(engine, "connect", _hurry)
    return Connection(
        _Shaken(engine),
        FunctionSource(_source_login, _source_get),
        source_name="shop",
        policy=MigrationPolicy(failure_floor=0, legacy_deadline=60),
        hasher=hasher(),
        listeners=(),
        throttle=NoThrottle(),
        secret_key=b"a key that all processes know",
    )


def _hurry(connection, _):
    # A process that dies takes nothing with it that the system has.
    connection.execute("PRAGMA synchronous = OFF").close()


def _source_get(identifier):
    _dawdle()
    number = "".join(filter(str.isdigit, identifier))
    person = Person(int(number))
    known = {person.names["email"], person.names["username"]}
    return person.legacy() if identifier in known else None


def _source_login(identifier, password):
    legacy = _source_get(identifier)
    return legacy if password == LEGACY else None
