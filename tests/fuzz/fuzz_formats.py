"""
Throw a million stored hashes at every format.

Hypothesis makes them, out of the vectors and of nothing, in rounds of their own seed; all
processors take part.  Whatever is stored and typed, `identify()` answers a bool, and
`verify()` answers a bool or raises `UnusableHashError`; and nobody who types what is no
password of anybody is let in.

    python tests/fuzz/fuzz_formats.py [--inputs N] [--seed N] [--processes N]
"""

import argparse
import concurrent.futures
import os
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st


sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))

from test_properties import anything, near

from migratekit.errors import UnusableHashError


ROUND = 5000


def fuzz(number, inputs):
    """
    Run one round, and return how many inputs, identified ones and refusals it had.
    """
    counts = {"inputs": 0, "identified": 0, "refused": 0}

    @seed(number)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(anything | near(), st.text(max_size=20))
    def one(pair, password):
        format_, stored = pair
        counts["inputs"] += 1
        identified = format_.identify(stored)
        try:
            # Nobody's password: no vector has this prefix.
            answer = format_.verify(f"\u2603fuzz\u2603{password}", stored)
        except UnusableHashError:
            counts["refused"] += 1
            answer = False
        assert type(identified) is bool
        assert answer is False, (format_.name, stored.text)
        counts["identified"] += identified

    one()
    return counts


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)

    print(f"seed {options.seed}")
    totals = {"inputs": 0, "identified": 0, "refused": 0}
    number = options.seed
    with concurrent.futures.ProcessPoolExecutor(options.processes) as pool:
        while totals["inputs"] < options.inputs:
            left = options.inputs - totals["inputs"]
            rounds = min(4 * options.processes, -(-left // ROUND))
            size = min(ROUND, left)
            futures = [pool.submit(fuzz, number + i, size) for i in range(rounds)]
            number += rounds
            for future in futures:
                for name, count in future.result().items():
                    totals[name] += count
            # Now and then: it may be stopped after most of an hour.
            counts = (f"{count} {name}" for name, count in totals.items())
            print(", ".join(counts), flush=True)


if __name__ == "__main__":
    main()
