"""
Lets every step of every operation fail, one at a time, and looks at what is left.

    python tests/interleavings/fault_session.py [--stride N]

``--stride N`` plays every N-th fault only.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import attrs


sys.path.insert(0, str(Path(__file__).parents[1]))

from fault_steps import (
    AFTER,
    CANCELLED,
    CANCELLED_AFTER,
    ENDED,
    WENT_ON,
    Left,
    cancelled,
    clean,
    faults_of,
    interrupted,
    is_call,
    is_refused,
    steps_of,
)
from interleaving_operations import OPERATIONS, STARTS
from interleaving_scheduler import access_of
from interleaving_stage import InMemory, InSQLite, Stage

from migratekit._steps import CreateMany, Readmit
from migratekit._steps.operators import LiftReservations, ReserveMany
from migratekit.errors import LegacyUnavailableError, StoreUnavailableError


# Whose outcome is not read back: the caller repeats the operation, which is harmless.
NOT_READ_BACK = (CreateMany, LiftReservations, Readmit, ReserveMany)
UNAVAILABLE = {"store": StoreUnavailableError, "source": LegacyUnavailableError}
DEEDS = [
    operation
    for name, operation in OPERATIONS.items()
    if not name.startswith("legacy ")
]


@attrs.frozen
class Expected:
    """
    What an operation leaves when nothing fails.

    Args:
        before: The state before.
        once: What is left.
        twice: What is left by doing it again.
    """

    before: tuple
    once: Left
    twice: Left

    def problems(self):
        """
        Yield what is wrong without any fault.
        """
        if is_refused(self.once.result) and self.once.state != self.before:
            yield "refused, and has written"

    def problems_of(self, left, fault):
        """
        Yield what is wrong with what *fault* has left.
        """
        if left.state not in (self.before, self.once.state):
            yield "left half done"
        if left.result == WENT_ON:
            yield "went on when it was ended"
        if left.result in (ENDED, WENT_ON) or left.is_like(self.once):
            return
        if not is_refused(left.result):
            yield f"gave {left.result}"
            return
        error = left.result[0]
        lost = fault == AFTER and isinstance(left.step, NOT_READ_BACK)
        if left.state != self.before and not lost:
            yield f"failed with {error}, and has written"
        access = access_of(left.step)
        for thing, kind in UNAVAILABLE.items():
            if thing in access.reads | access.writes and error != kind.__name__:
                yield f"the {thing} failed, and the answer was {error}"

    def problems_of_repetition(self, left, again, done):
        """
        Yield what is wrong with *again*, what doing it once more has left.

        *done* is the error that says that it was done before.
        """
        is_whole = left.state == self.once.state
        if not again.is_like(self.twice if is_whole else self.once):
            yield f"again: {again.result}"
        if is_refused(again.result) and not is_refused(self.once.result):
            name = None if done is None else done.__name__
            if not is_whole or again.result[0] != name:
                yield f"again: refused with {again.result[0]}"


def check_faults(stage, runner, *, stride=1, first=0):
    """
    Play every *stride*-th fault of every operation, beginning with number *first*.

    Returns how many of each there were, and the violations.
    """
    counts = Counter()
    violations = []
    number = -first
    for operation in DEEDS:
        steps = steps_of(stage, operation)
        stage.reset()
        expected = Expected(
            stage.state(), clean(stage, operation), clean(stage, operation)
        )
        where = f"{stage.name}: {operation.name}"
        violations += [f"{where}: {problem}" for problem in expected.problems()]
        calls = 0
        for position, step in enumerate(steps):
            calls += is_call(step)
            for fault in faults_of(step):
                number += 1
                if number % stride:
                    continue
                if fault in {CANCELLED, CANCELLED_AFTER}:
                    left = cancelled(stage, operation, calls, fault, runner)
                else:
                    left = interrupted(stage, operation, position, fault)
                counts[fault] += 1
                again = clean(stage, operation)
                problems = [
                    *expected.problems_of(left, fault),
                    *expected.problems_of_repetition(left, again, operation.done),
                ]
                place = f"{where}: {fault} {type(step).__name__} ({position})"
                violations += [f"{place}: {problem}" for problem in problems]
    return counts, violations


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--stride", type=int, default=1)
    options = parser.parse_args(arguments)

    found = []
    with (
        asyncio.Runner() as runner,
        tempfile.TemporaryDirectory() as folder,
        closing(InSQLite(f"{folder}/users.db")) as in_sqlite,
    ):
        homes = {"memory": InMemory, "SQLite": lambda: in_sqlite}
        for label, make in homes.items():
            began = time.monotonic()
            counts = Counter()
            violations = []
            for start in STARTS.values():
                more, problems = check_faults(
                    Stage(start, make()), runner, stride=options.stride
                )
                counts += more
                violations += problems
            print(*violations[:20], sep="\n", end="\n" if violations else "")
            figures = ", ".join(f"{count} {fault}" for fault, count in counts.items())
            seconds = time.monotonic() - began
            print(
                f"{label}: {counts.total()} faults ({figures}), {seconds:.0f} s, "
                f"violations {len(violations)}",
                flush=True,
            )
            found += violations
    return bool(found)


if __name__ == "__main__":
    raise SystemExit(main())
