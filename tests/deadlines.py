"""
Calls that outlive their deadline, however busy the machine is.
"""

import threading
from contextlib import contextmanager

import pytest


LONG = 20.0  # Longer than anything here takes; nobody waits for it.


@contextmanager
def reached(event):
    """
    Have the thread of a call set *event* before anybody waits for it.

    A short deadline could else have passed before there was a call.
    """
    start = threading.Thread.start

    def started(thread):
        start(thread)
        if thread.name == "migratekit-source":
            assert event.wait(LONG)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", started)
        yield
