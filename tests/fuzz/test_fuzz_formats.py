"""
The fuzzer runs.  A long run is a session of its own.
"""

import runpy
from pathlib import Path


def test_fuzz():
    """
    A round says how many inputs it had.
    """
    fuzz = runpy.run_path(str(Path(__file__).with_name("fuzz_formats.py")))["fuzz"]

    counts = fuzz(1, 50)

    assert 50 == counts["inputs"]
