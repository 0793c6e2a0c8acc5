"""
A process is killed at every step of everything, and nothing is left half done.

``MIGRATEKIT_CRASHES=all`` kills at every point; otherwise at every so many.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from storm_servers import url_of


@pytest.mark.parametrize(
    ("driver", "stride"),
    [("sqlite", 47), ("postgresql+psycopg", 9), ("mysql+pymysql", 17)],
)
def test_crashes(driver, stride, tmp_path):
    """
    What is left is as before or as after, and doing it again finishes it.
    """
    url = url_of(driver, tmp_path)
    stride = 1 if os.environ.get("MIGRATEKIT_CRASHES") == "all" else stride
    script = Path(__file__).with_name("storm_crashes.py")

    done = subprocess.run(
        [sys.executable, script, url, tmp_path / "legacy.db", str(stride)],
        capture_output=True,
        check=False,
        text=True,
    )

    assert 0 == done.returncode, done.stderr
    outcome = json.loads(done.stdout)
    assert [] == outcome["violations"]
    assert all(outcome["kills"].values())
    kills = sum(outcome["kills"].values())
    print(f"\n{driver}: {kills} kills, {outcome['seconds']} s, violations 0")
