"""
Time failing logins of all kinds, and try to tell them apart.

The kinds take turns in a random order, and each is compared with all others together:
by Welch's t, by the AUC of whoever guesses by a threshold, and by its median.  The
floor waits up to 20 ms too long at random, and that moves the median of 2,000 attempts
by 0.2 ms: what was waited at random is noted, and subtracted before medians are
compared.  What t and AUC would be without it is printed, too, and is more than anybody
outside can see.

The floor hides nothing of what is slower than it, so it must exceed what a login takes
on a machine as busy as this one; *over* counts the attempts for which it did not.

Every process makes one login at a time, for itself, and sleeps most of it: so they do
not wait for one another, as threads do for the interpreter and tasks for the loop, and
the more so, the more there are, which would hide what this looks for.

    python tests/timing/timing_logins.py [--attempts N] [--floor S] [--seed N]
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time

import attrs
from timing_figures import auc, welch_t
from timing_kinds import KINDS, WRONG, Source, World

from migratekit import Connection, MigrationPolicy
from migratekit._assembly import SystemClock
from migratekit.errors import InvalidCredentialsError
from migratekit.events import FloorExceeded
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST


MOST_T = 4.5
AUC = (0.48, 0.52)
MOST_APART = 0.25  # ms
LONGEST_JITTER = 0.02


@attrs.frozen
class Plan:
    """
    What one process does.

    *warm_up* is how many of each kind find cold caches, and are not counted.
    """

    seed: str
    attempts: int
    warm_up: int
    floor: float
    source_seconds: float


@attrs.frozen
class Timing:
    """
    How long an attempt took, and how much of that was waited at random; in ms.

    *is_over* says that it took longer than the floor before any waiting.
    """

    kind: str
    took: float
    jitter: float
    is_over: bool = False

    @property
    def rest(self):
        return self.took - self.jitter


class Clock(SystemClock):
    """
    The machine's clock, which notes how often it was read, and how long it slept.
    """

    def __init__(self):
        self.begin()

    def begin(self):
        self.read = []
        self.slept = 0.0

    def monotonic(self):
        self.read.append(super().monotonic())
        return self.read[-1]

    def sleep(self, seconds, /):
        self.slept = seconds
        super().sleep(seconds)

    def jitter(self, floor):
        """
        Return how much of the sleep was not needed for *floor*.
        """
        if floor == 0:
            return 0.0
        jitter = self.slept - max(0.0, self.read[0] + floor - self.read[-1])
        assert -1e-6 <= jitter <= LONGEST_JITTER + 1e-6, jitter
        return jitter


def timed(plan):
    """
    Return the timings of one process.
    """
    chance = random.Random(plan.seed)
    events = []
    clock = Clock()
    with (
        tempfile.TemporaryDirectory() as folder,
        SQLStore(f"sqlite:///{folder}/users.db") as store,
    ):
        store.create_schema()
        world = World(store, Source(plan.source_seconds))
        number = plan.warm_up + plan.attempts
        identifiers = {
            # Of one length, so that the name alone tells nothing.
            kind.__name__: [
                kind(world, f"user{first:02}{i:05}@example.com") for i in range(number)
            ]
            for first, kind in enumerate(KINDS)
        }
        world.write()
        connection = Connection(
            store,
            world.source,
            source_name="shop",
            hasher=CHEAPEST,
            policy=MigrationPolicy(failure_floor=plan.floor),
            listeners=[events.append],
            clock=clock,
        )
        names = []
        for _ in range(number):
            names += chance.sample(list(identifiers), len(identifiers))
        timings = [
            attempt(connection, clock, plan, name, identifiers[name].pop())
            for name in names
        ]
    over = sum(isinstance(event, FloorExceeded) for event in events)
    assert over == sum(it.is_over for it in timings)
    return timings[plan.warm_up * len(KINDS) :]


def at_once(plans):
    """
    Yield what the processes measure, one for each of *plans*.
    """
    if len(plans) == 1:
        yield timed(plans[0])
        return
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(len(plans), fresh) as pool:
        yield from pool.map(timed, plans)


def attempt(connection, clock, plan, kind, identifier):
    clock.begin()
    began = time.perf_counter()
    try:
        connection.authenticate(identifier, WRONG)
    except InvalidCredentialsError:
        took = time.perf_counter() - began
    is_over = 0 < plan.floor < clock.read[-1] - clock.read[0]
    return Timing(kind, 1000 * took, 1000 * clock.jitter(plan.floor), is_over)


def judged(timings):
    """
    Yield a row for each kind, which is compared with all others together.
    """
    for kind in KINDS:
        name = kind.__name__
        ours = [it for it in timings if it.kind == name]
        others = [it for it in timings if it.kind != name]
        took, took_others = [it.took for it in ours], [it.took for it in others]
        rest, rest_others = [it.rest for it in ours], [it.rest for it in others]
        row = {
            "kind": name,
            "attempts": len(ours),
            "over": sum(it.is_over for it in ours),
            "median_ms": statistics.median(took),
            "t": welch_t(took, took_others),
            "auc": auc(took, took_others),
            "apart_ms": statistics.median(rest) - statistics.median(rest_others),
            "t_bare": welch_t(rest, rest_others),
            "auc_bare": auc(rest, rest_others),
        }
        holds = (
            abs(row["t"]) < MOST_T
            and AUC[0] <= row["auc"] <= AUC[1]
            and abs(row["apart_ms"]) <= MOST_APART
        )
        yield {**row, "alike": "yes" if holds else "NO"}


def table(rows):
    """
    Return *rows* as lines of text.
    """
    shown = [
        [f"{it:.3f}" if isinstance(it, float) else str(it) for it in row.values()]
        for row in rows
    ]
    lines = [list(rows[0]), *shown]
    return [
        f"{kind:<24}" + "".join(f"{it:>11}" for it in figures)
        for kind, *figures in lines
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--attempts", type=int, default=3000, help="of each kind")
    parser.add_argument("--warm-up", type=int, default=10, help="of those of a process")
    parser.add_argument("--floor", type=float, default=0.1, help="0 for none")
    parser.add_argument("--source", type=float, default=0.002, help="seconds it takes")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--processes", type=int, default=8 * (os.cpu_count() or 1))
    options = parser.parse_args(arguments)

    print(f"seed {options.seed}, floor {1000 * options.floor:g} ms")
    share = -(-options.attempts // options.processes)
    plans = [
        Plan(
            seed=f"{options.seed}/{i}",
            attempts=share,
            warm_up=options.warm_up,
            floor=options.floor,
            source_seconds=options.source,
        )
        for i in range(options.processes)
    ]
    done = list(at_once(plans))
    timings = [timing for some in done for timing in some]
    rows = list(judged(timings))
    print("\n".join(table(rows)))
    over = sum(it.is_over for it in timings)
    print(f"{len(timings)} attempts, {over} slower than the floor")
    return all(row["alike"] == "yes" for row in rows)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
