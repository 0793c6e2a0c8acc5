"""
A store for the tests of settings, and a look at the threads that follow them.
"""

import threading
import time

import attrs

from migratekit.stores.memory import MemoryStore


LONG = 20.0  # Longer than anything here takes; nobody waits for it.


class FaultyStore(MemoryStore):
    """
    A store that counts the looks at its settings, raises *error*, and holds whatever.
    """

    def __init__(self):
        super().__init__()
        self.looks = 0
        self.error = None

    def settings(self, connection_id, /):
        self.looks += 1
        if self.error is not None:
            raise self.error
        return super().settings(connection_id)

    def all_settings(self):
        if self.error is not None:
            raise self.error
        return super().all_settings()

    def put(self, connection_id="con_shop", **changes):
        """
        Store the newest change once more, with *changes*, and whatever comes of it.
        """
        old = super().settings(connection_id)
        version = {"version": old.version + 1}
        self.change_settings(attrs.evolve(old, **{**version, **changes}))

    def set(self, **options):
        """
        Store other values for some options.
        """
        old = super().settings("con_shop")
        self.put(options={**old.options, **options})


def threads():
    return [
        thread
        for thread in threading.enumerate()
        if thread.name == "migratekit-settings"
    ]


def wait_until(is_true):
    until = time.monotonic() + LONG
    while not is_true() and time.monotonic() < until:
        time.sleep(0.001)
    assert is_true()
