"""
How long ``import migratekit`` takes above a bare interpreter, attrs and argon2-cffi.

Fresh interpreters in turn, with compiled bytecode in place; medians.  Prints a table
and writes imports.json beside this file.

    python benchmarks/imports.py [--rounds N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


BASE = "import attrs, argon2"
STATEMENTS = {"base": BASE, "migratekit": f"{BASE}, migratekit"}


def seconds(statement, environment):
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
    return time.perf_counter() - began


def measured(rounds):
    times = {name: [] for name in STATEMENTS}
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for _ in range(rounds + 1):
            for name, statement in STATEMENTS.items():
                times[name].append(seconds(statement, environment))
    # The first round compiles.
    medians = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    added = medians["migratekit"] - medians["base"]
    return {
        "rounds": rounds,
        "base_ms": round(medians["base"] * 1000, 1),
        "migratekit_ms": round(medians["migratekit"] * 1000, 1),
        "added_ms": round(added * 1000, 1),
        "ratio": round(medians["migratekit"] / medians["base"], 2),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--json", type=Path, default=Path(__file__).with_suffix(".json")
    )
    options = parser.parse_args(arguments)

    row = measured(options.rounds)

    for key, value in row.items():
        print(f"{key:>16} {value}")
    options.json.write_text(json.dumps(row, indent=2) + "\n")


if __name__ == "__main__":
    main()
