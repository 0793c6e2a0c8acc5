"""
The benchmarks run.  What they measure is no test.
"""

import json
import runpy
from pathlib import Path

import pytest


BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def _no_servers(monkeypatch):
    for variable in ("MIGRATEKIT_TEST_POSTGRESQL", "MIGRATEKIT_TEST_MARIADB"):
        monkeypatch.delenv(variable, raising=False)


def test_login(tmp_path, capsys):
    """
    The table has a row for each door, size and cost, and the same is written as JSON.
    """
    written = tmp_path / "login.json"
    main = runpy.run_path(str(BENCHMARKS / "login.py"))["main"]

    main(["--rounds", "2", "--users", "20", "30", "--json", str(written)])

    rows = json.loads(written.read_text())["rows"]
    assert [
        (door, *of)
        for of in (("cheapest", 20), ("cheapest", 30), ("default", 10))
        for door in ("sync", "async")
    ] == [(row["door"], row["argon2"], row["users"]) for row in rows]
    assert 1 + len(rows) == len(capsys.readouterr().out.splitlines())


def test_import(tmp_path, capsys):
    """
    The table has a row for each size, and the same is written as JSON.
    """
    written = tmp_path / "import.json"
    main = runpy.run_path(str(BENCHMARKS / "import.py"))["main"]

    main(["--quick", "--json", str(written)])

    rows = json.loads(written.read_text())["rows"]
    assert [("sqlite", 300), ("sqlite", 600)] == [
        (row["database"], row["users"]) for row in rows
    ]
    assert all(row["ratio"] > 0 for row in rows)
    assert 1 + len(rows) == len(capsys.readouterr().out.splitlines())


def test_imports(tmp_path):
    """
    The time above the bare interpreter is written as JSON.
    """
    written = tmp_path / "imports.json"
    main = runpy.run_path(str(BENCHMARKS / "imports.py"))["main"]

    main(["--rounds", "1", "--json", str(written)])

    assert json.loads(written.read_text())["base_ms"] > 0
