"""
The benchmark of formats runs.  What it measures is no test.
"""

import json
import runpy
from pathlib import Path


BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "verify.py"


def test_verify(tmp_path, capsys):
    """
    The table has a row for each engine, and the same is written as JSON.
    """
    written = tmp_path / "verify.json"
    main = runpy.run_path(str(BENCHMARK))["main"]

    main(["--rounds", "1", "--json", str(written)])

    rows = json.loads(written.read_text())["rows"]
    assert 11 == len(rows)
    assert 1 + len(rows) == len(capsys.readouterr().out.splitlines())
