"""
The benchmark of formats runs.  What it measures is no test.
"""

import json
import runpy
import subprocess
import sys
from pathlib import Path


BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "verify.py"


def test_verify(tmp_path, capsys):
    """
    The table has a row for each engine, and the same is written as JSON.
    """
    written = tmp_path / "verify.json"
    main = runpy.run_path(str(BENCHMARK))["main"]

    main(["--rounds", "1", "--ceiling", "1e9", "--json", str(written)])

    rows = json.loads(written.read_text())["rows"]
    assert 13 == len(rows)
    assert 1 + len(rows) == len(capsys.readouterr().out.splitlines())


def test_ceiling(tmp_path):
    """
    What costs more than it may is named, and the exit code is 1.
    """
    written = tmp_path / "verify.json"

    options = ["--rounds", "1", "--ceiling=-1e9", "--json", str(written)]
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), *options],
        capture_output=True,
        check=False,
        text=True,
    )

    assert 1 == done.returncode
    assert "over -1000000000.0 µs: digest, " in done.stderr
    assert written.exists()
