"""
Guards of every kind, over a virtual clock.
"""

import pytest
from guard_doors import Door

from migratekit.testing import VirtualClock


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


@pytest.fixture(name="door", params=["sync", "async", "threads", "hidden"])
def _door(request, clock, runner):
    """
    Makes a `Door`: a sync guard, an async one, or an async one of a sync source, or of
    one whose coroutines cannot be seen.
    """

    def make(**changes):
        return Door(request.param, runner, clock, **changes)

    return make
