"""
Throw a million inputs at every target.

A seeded generator makes them, out of valid ones and of nothing, in rounds of their own
seed; all processors take part.  Whatever comes in, nothing is raised but the errors
that the documentation names, and no parser takes longer than 10 ms: of the thread's own
time, because the machine has more to do; and what took longer is taken three times
more, because the garbage collector comes by at any time, and the least counts.

    python tests/fuzz/fuzz_targets.py [--only NAME ...] [--inputs N] [--seconds N]
        [--seed N] [--round N] [--processes N]

``--seed`` and ``--round`` repeat a round of the target that ``--only`` names.
"""

import argparse
import concurrent.futures
import contextlib
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import attrs
import fuzz_answers
import fuzz_files
import fuzz_words

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    MigrateKitError,
    UnusableHashError,
)


ROUND = 2000
MOST_SECONDS = 0.01
SHOWN = 500


@attrs.frozen
class Target:
    """
    What makes an input, what takes it, and what that may raise.

    What computes hashes besides has no limit of time.
    """

    draw: Callable
    take: Callable
    errors: tuple[type[Exception], ...]
    is_timed: bool = True


ANSWER = (LegacyUnavailableError, ContractError)
TARGETS = {
    "identifiers": Target(
        fuzz_words.draw_identifier, fuzz_words.take_identifier, (ValueError,)
    ),
    "passwords": Target(fuzz_words.draw_password, fuzz_words.take_password, ()),
    "tokens": Target(fuzz_words.draw_token, fuzz_words.take_token, ()),
    "calls": Target(fuzz_words.draw_call, fuzz_words.take_call, (MigrateKitError,)),
    "settings": Target(
        fuzz_words.draw_setting, fuzz_words.take_setting, (ConfigurationError,)
    ),
    "hashes": Target(fuzz_files.draw_hash, fuzz_files.take_hash, (UnusableHashError,)),
    "rows": Target(fuzz_files.draw_row, fuzz_files.take_row, (ContractError,)),
    "php": Target(fuzz_files.draw_php, fuzz_files.take_php, (ValueError,)),
    **{
        name: Target(fuzz_files.draw_file(name), fuzz_files.take_file(name), ())
        for name in fuzz_files.READERS
    },
    "http": Target(fuzz_answers.draw_answers, fuzz_answers.take_answers, ANSWER),
    "ldap": Target(fuzz_answers.draw_entry, fuzz_answers.take_entry, ANSWER),
    "ldap-wire": Target(
        fuzz_answers.draw_wire, fuzz_answers.take_wire, (LegacyUnavailableError,)
    ),
}


@attrs.define
class Found:
    """
    What came out of inputs, how long the slowest took, and what should not have been.
    """

    outcomes: Counter = attrs.field(factory=Counter)
    slowest: float = 0.0
    faults: list[str] = attrs.field(factory=list)

    def add(self, other):
        self.outcomes += other.outcomes
        self.slowest = max(self.slowest, other.slowest)
        self.faults += other.faults

    @property
    def inputs(self):
        return self.outcomes.total()


def play(name, seed, number, inputs=ROUND):
    """
    Return what came of a round.
    """
    target = TARGETS[name]
    chance = random.Random(f"{seed}/{name}/{number}")
    found = Found()
    again = f"--only {name} --seed {seed} --round {number}"
    for _ in range(inputs):
        drawn = target.draw(chance)
        try:
            outcome, took = _taken(target, drawn)
        except Exception as exc:
            found.outcomes["fault"] += 1
            found.faults.append(f"{again}: {exc!r:.{SHOWN}} of {drawn!r:.{SHOWN}}")
            continue
        if took > MOST_SECONDS:
            took = min(took, *(_taken(target, drawn)[1] for _ in range(3)))
        if took > MOST_SECONDS and target.is_timed:
            found.faults.append(f"{again}: {took:.4f} s of {drawn!r:.{SHOWN}}")
        found.outcomes[outcome] += 1
        found.slowest = max(found.slowest, took)
    return found


def _taken(target, drawn):
    began = time.thread_time()
    try:
        outcome = target.take(drawn)
    except target.errors as error:
        outcome = type(error).__name__
    return outcome, time.thread_time() - began


def fuzz(name, options, pool):
    """
    Return what came of as many inputs as are wanted, or as there is time for.
    """
    found = Found()
    number = 0
    until = time.monotonic() + options.seconds
    while found.inputs < options.inputs and time.monotonic() < until:
        left = options.inputs - found.inputs
        size = min(ROUND, left)
        rounds = range(number, number + min(4 * options.processes, -(-left // ROUND)))
        number = rounds.stop
        for more in pool.map(partial(play, name, options.seed, inputs=size), rounds):
            found.add(more)
    return found


class Here:
    """
    A pool that is this process.
    """

    map = staticmethod(map)


def processes(number):
    if number == 1:
        return contextlib.nullcontext(Here())
    return concurrent.futures.ProcessPoolExecutor(number)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of each target")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="of each")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--round", type=int)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)

    print(f"seed {options.seed}")
    faults = []
    with processes(options.processes) as pool:
        for name in options.only:
            began = time.monotonic()
            if options.round is None:
                found = fuzz(name, options, pool)
            else:
                found = play(name, options.seed, options.round)
                options.inputs = found.inputs
            outcomes = ", ".join(f"{n} {it}" for it, n in found.outcomes.most_common())
            short = " (out of time)" if found.inputs < options.inputs else ""
            print(
                f"{name:12} {found.inputs:>8} inputs{short}, {time.monotonic() - began:.0f}"
                f" s, slowest {1000 * found.slowest:.2f} ms: {outcomes}",
                flush=True,
            )
            faults += found.faults
            for fault in found.faults[:5]:
                print(f"  {fault}", flush=True)
    return not faults


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
