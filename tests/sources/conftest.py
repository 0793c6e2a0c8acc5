"""
What tests of several sources need.
"""

import gc
import sys

import pytest


@pytest.fixture(name="untidy")
def _untidy(monkeypatch):
    """
    A driver may leave a socket to the garbage collector.
    """
    # Whatever was there before need not be looked at for every single test.
    gc.freeze()
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    yield
    gc.collect()
