"""
Plays many small histories on real databases, and checks each for an order.

    python tests/linearizability/linear_session.py [sqlite] [postgresql] [mariadb]
        [--rounds N] [--processes N] [--threads N] [--seed N] [--bug NAME]

In some rounds a process is killed.  A violation is printed as the least history that
has no order.  A seed repeats what is done, and not when.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from multiprocessing.connection import wait
from pathlib import Path

import attrs


sys.path.insert(0, str(Path(__file__).parent))

from linear_account import PASSWORDS, START, outcomes
from linear_actors import maker_of
from linear_checker import (
    Operation,
    by_account,
    linearize,
    minimal,
    most_at_once,
    told,
)
from linear_workers import Plan, Round, hasher, work
from sqlalchemy import create_engine, or_, select, text
from sqlalchemy.pool import NullPool

from migratekit.stores._sql_rows import record_of
from migratekit.stores.sql import SQLStore, metadata


SERVERS = {
    "postgresql": "MIGRATEKIT_TEST_POSTGRESQL",
    "mariadb": "MIGRATEKIT_TEST_MARIADB",
}
DATABASES = ("sqlite", *SERVERS)
# All that takes time of what the processes import.
READ = [
    "migratekit._signing",
    "migratekit.formats.presets",
    "migratekit.stores.sql",
    "migratekit.testing",
    "sqlalchemy.dialects.sqlite",
]
PATIENCE = 60  # seconds without a word from anybody
GONE = "A process has gone."
USERS = metadata.tables["migratekit_users"]


@attrs.define
class Tally:
    """
    What was played on a database, and what no order explains.
    """

    operations: int = 0
    unknown: int = 0
    histories: int = 0
    most: int = 0
    violations: list = attrs.field(factory=list)

    def add(self, operations):
        """
        Check the operations of a round.
        """
        self.operations += len(operations)
        self.unknown += sum(not one.is_known for one in operations)
        for history in by_account(operations).values():
            self.histories += 1
            self.most = max(self.most, most_at_once(history))
            if is_broken(history):
                self.violations.append(history)


class Crew:
    """
    The processes of a plan.
    """

    def __init__(self, plan):
        self._plan = plan
        # Forked from one that has no threads and no connections, and that has read
        # the library, so that a process is there as soon as it is wanted.
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(READ)
        self._members = [self._hire(number) for number in range(plan.processes)]

    def __enter__(self):
        return self

    def __exit__(self, *args):
        for process, pipe in self._members:
            if args[0] is None:
                pipe.send(None)
            else:
                process.kill()
            process.join()
            pipe.close()

    def _hire(self, number):
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=work, args=(self._plan, number, theirs), daemon=True
        )
        process.start()
        theirs.close()
        return process, ours

    def play(self, turn, *, victim=None, delay=0):
        """
        Have a round played, and return its operations.

        Args:
            turn: The number of the round.
            victim: The number of the process to kill, if any.
            delay: How many seconds after the beginning.
        """
        begin = time.monotonic_ns() + 3_000_000
        for _, pipe in self._members:
            pipe.send(Round(turn, begin))
        if victim is None:
            return self._told(None)
        process, pipe = self._members[victim]
        threading.Timer(delay, process.kill).start()
        operations = self._told(pipe)
        process.join()
        pipe.close()
        self._members[victim] = self._hire(victim)
        return operations

    def _told(self, doomed):
        """
        Return what the processes tell of, until all but the *doomed* one are done.

        That one tells until it is dead.
        """
        operations = {}
        busy = {pipe for _, pipe in self._members}
        while busy:
            ready = wait(busy, PATIENCE)
            if not ready:
                raise TimeoutError(f"Nothing was told for {PATIENCE} s.")
            for pipe in ready:
                message = _received(pipe)
                if isinstance(message, Operation):
                    operations[message.key] = message
                elif message is (GONE if pipe is doomed else None):
                    busy.discard(pipe)
                elif message is not None:
                    raise RuntimeError(message)
        return [*operations.values()]


def _received(pipe):
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return GONE


def play(plan, rounds, *, kills=0.0):
    """
    Play *rounds* of a plan, and yield the operations of each.

    In a share of *kills* of them, a process is killed.
    """
    rng = random.Random(plan.seed)
    engine = create_engine(plan.url, hide_parameters=True, poolclass=NullPool)
    make_tables(engine)
    took = 0.0
    with Crew(plan) as crew:
        for turn in range(rounds):
            killed = rng.random() < kills
            victim = rng.randrange(plan.processes) if killed else None
            began = time.monotonic()
            operations = crew.play(turn, victim=victim, delay=rng.random() * took)
            took = time.monotonic() - began
            yield [*operations, *observed(engine, plan.crowd(turn))]


def is_broken(history):
    """
    Return whether no order explains the history of an account.
    """
    return linearize(history, START, outcomes) is None


def make_tables(engine):
    """
    Make the tables anew.
    """
    metadata.drop_all(engine)
    SQLStore(engine).create_schema()
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.execute(text("PRAGMA journal_mode = WAL"))


def observed(engine, crowd):
    """
    Return for everybody an operation that has seen what is stored of them.
    """
    begun = time.monotonic_ns()
    # One statement, because what a dead process has sent may still be written.
    names = [name for person in crowd for name in person.names.values()]
    wanted = or_(USERS.c.email.in_(names), USERS.c.username.in_(names))
    with engine.connect() as connection:
        rows = connection.execute(select(USERS).where(wanted)).mappings().all()
    ended = time.monotonic_ns()
    records = [record_of(row) for row in rows]
    return [
        Operation(
            key=f"end-{person.number}",
            name="observe",
            args=(),
            begun=begun,
            ended=ended,
            result=frozenset(
                _seen(person, one) for one in records if person.is_in(one)
            ),
            account=person.number,
        )
        for person in crowd
    ]


def _seen(person, record):
    """
    Return what the model says of an account, in the same order.
    """
    user, encoded = record.user, record.password_hash
    password = None
    if encoded is not None:
        verify = hasher().verify
        password = next((one for one in PASSWORDS if verify(one, encoded)), "none")
    is_persons = user.legacy_id == f"shop|{person.number}"
    email = person.called(user.email)
    return maker_of(user.id), email, password, is_persons, user.blocked


def url_of(database, folder):
    """
    Return the URL of *database*, or None if the environment does not tell.
    """
    if database == "sqlite":
        return f"sqlite:///{folder}/users.db"
    return os.environ.get(SERVERS[database]) or None


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("databases", nargs="*", help="or all")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--kills", type=float, default=0.1, help="a share of rounds")
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--bug", help="of linear_bugs, to be planted")
    parser.add_argument(
        "--whole", action="store_true", help="print what violations are cut out of, too"
    )
    options = parser.parse_args(arguments)
    found = [
        _on(database, options, parser) for database in options.databases or DATABASES
    ]
    return any(found)


def _on(database, options, parser):
    """
    Play on one database, print what came of it, and return whether anything is wrong.
    """
    names = {field.name for field in attrs.fields(Plan)}
    more = {name: value for name, value in vars(options).items() if name in names}
    began, tally = time.monotonic(), Tally()
    with tempfile.TemporaryDirectory() as folder:
        url = url_of(database, folder)
        if url is None:
            parser.error(f"{SERVERS[database]} is not set.")
        for operations in play(Plan(url, **more), options.rounds, kills=options.kills):
            tally.add(operations)
            if time.monotonic() - began > options.seconds:
                break
    for history in tally.violations[:5]:
        print(violation(history))
        if options.whole:
            print(f"  out of\n{told(history)}")
    print(
        f"{database}: {tally.operations} operations in {tally.histories} histories, "
        f"at most {tally.most} at once, {tally.unknown} outcomes unknown, "
        f"{time.monotonic() - began:.0f} s, violations {len(tally.violations)} "
        f"(seed {options.seed})",
        flush=True,
    )
    return bool(tally.violations)


def violation(history):
    """
    Return as text the least of a history that no order explains.
    """
    return f"no order explains\n{told(minimal(history, START, outcomes))}"


if __name__ == "__main__":
    raise SystemExit(main())
