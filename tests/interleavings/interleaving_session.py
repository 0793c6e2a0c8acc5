"""
Plays all pairs of operations in every order of their steps, and triples at random.

    python tests/interleavings/interleaving_session.py [memory] [sqlite] [triples]
        [--triples N] [--seconds N] [--seed N] [--processes N] [--case N]

Over SQLite go the pairs that have more than one schedule.  A violation is printed with
what repeats it: ``--seed`` and ``--case`` for a case of triples.
"""

import argparse
import concurrent.futures
import functools
import itertools
import os
import random
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import attrs


sys.path.insert(0, str(Path(__file__).parents[1]))

from interleaving_operations import OPERATIONS, STARTS
from interleaving_scheduler import SerialOrders, play, schedules
from interleaving_stage import InMemory, InSQLite, Stage


PAIRS = [*itertools.combinations_with_replacement(OPERATIONS, 2)]
CASES = 50  # that a process plays before it reports
ORDERS = 40  # of one triple


@attrs.define
class Tally:
    """
    What was played, and what no serial order explains.
    """

    schedules: int = 0
    cases: int = 0
    violations: list = attrs.field(factory=list)

    def add(self, other):
        self.schedules += other.schedules
        self.cases += other.cases
        self.violations += other.violations


def check_case(stage, names, played, tally, *, label, lenient=False):
    """
    Compare what was played with every serial order, and tell of the first difference.
    """
    operations = [OPERATIONS[name] for name in names]
    orders = SerialOrders(stage, operations)
    tally.cases += 1
    for one in played(stage, operations):
        tally.schedules += 1
        if not orders.explain(one, lenient=lenient):
            tally.violations.append(_told(label, one, orders.outcomes))
            return


def _told(label, played, outcomes):
    lines = [f"{label}: in the order {played.order}", f"  got {played.outcome}"]
    lines += [
        f"  {order} gives {outcome}"
        for (order, confused), outcome in outcomes.items()
        if not confused
    ]
    return "\n".join(lines)


def check_pairs(stage, pairs):
    """
    Play every schedule of *pairs*.
    """
    tally = Tally()
    for names in pairs:
        label = f"{stage.name}: {' | '.join(names)}"
        check_case(stage, names, schedules, tally, label=label)
    return tally


def check_triple(stages, seed, case, tally):
    """
    Play one triple in some orders; *seed* and *case* say which.
    """
    rng = random.Random(f"{seed}:{case}")
    stage = stages[rng.choice([*stages])]
    names = rng.choices([*OPERATIONS], k=3)
    label = f"--seed {seed} --case {case}: {stage.name}: {' | '.join(names)}"
    shuffled = functools.partial(_shuffled, rng=rng)
    check_case(stage, names, shuffled, tally, label=label, lenient=True)


def _shuffled(stage, operations, *, rng):
    for _ in range(ORDERS):
        # Some schedules change at every step, others hardly ever.
        patience = rng.choice((0, 0.5, 0.9))
        yield play(stage, operations, _Chooser(rng, patience))


class _Chooser:
    def __init__(self, rng, patience):
        self._rng = rng
        self._patience = patience
        self._last = None

    def __call__(self, live):
        if self._last not in live or self._rng.random() >= self._patience:
            self._last = self._rng.choice(live)
        return self._last


def memory_stages():
    """
    Return a stage over memory for every start state.
    """
    return {name: Stage(start, InMemory()) for name, start in STARTS.items()}


_stages = functools.cache(memory_stages)


def is_contested(stage, names):
    """
    Return whether it matters how the steps of two operations follow each other.
    """
    operations = [OPERATIONS[name] for name in names]
    return len([*itertools.islice(schedules(stage, operations), 2)]) > 1


def _pairs_in_memory(name):
    return check_pairs(_stages()[name], PAIRS)


def _pairs_in_sqlite(name):
    pairs = [names for names in PAIRS if is_contested(_stages()[name], names)]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(InSQLite(f"{folder}/users.db")) as home,
    ):
        return check_pairs(Stage(STARTS[name], home), pairs)


def _triples(seed, first):
    tally = Tally()
    for case in range(first, first + CASES):
        check_triple(_stages(), seed, case, tally)
    return tally


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("parts", nargs="*", help="memory, sqlite, triples; or all")
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--case", type=int, help="play this case of triples alone")
    options = parser.parse_args(arguments)

    if options.case is not None:
        tally = Tally()
        check_triple(_stages(), options.seed, options.case, tally)
        return _report("case", tally, time.monotonic())

    print(f"seed {options.seed}", flush=True)
    firsts = range(0, -(-options.triples // ORDERS), CASES)
    seeds = itertools.repeat(options.seed, len(firsts))
    works = {
        "memory": ("pairs over memory", _pairs_in_memory, STARTS),
        "sqlite": ("pairs over SQLite", _pairs_in_sqlite, STARTS),
        "triples": ("triples over memory", _triples, seeds, firsts),
    }
    found = [_work(*works[part], options=options) for part in options.parts or works]
    return any(found)


def _work(label, work, *inputs, options):
    """
    Have processes do *work*, until the time is over, and return whether it found any.
    """
    tally = Tally()
    began = time.monotonic()
    with concurrent.futures.ProcessPoolExecutor(options.processes) as pool:
        for part in pool.map(work, *inputs):
            tally.add(part)
            if time.monotonic() - began > options.seconds:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    return _report(label, tally, began)


def _report(label, tally, began):
    seconds = time.monotonic() - began
    for violation in tally.violations[:20]:
        print(violation)
    print(
        f"{label}: {tally.cases} cases, {tally.schedules} schedules, {seconds:.0f} s, "
        f"violations {len(tally.violations)}",
        flush=True,
    )
    return bool(tally.violations)


if __name__ == "__main__":
    raise SystemExit(main())
