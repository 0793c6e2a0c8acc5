"""
Makes overviews of migrations that nobody has waited for.
"""

import datetime as dt

from migratekit import Connection
from migratekit.models import Figures, Origin
from migratekit.overview import overview_of
from migratekit.sketch import Sketch
from migratekit.sources import NoopSource
from migratekit.statistics import Tally
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock


TODAY = dt.date(2030, 1, 1)  # As VirtualClock says.
DAY = dt.timedelta(days=1)
CURRENT = "argon2id m=8,t=1,p=1"  # The format of CHEAPEST.


class Counting(MemoryStore):
    """
    A store that counts as it is told.
    """

    def __init__(self, figures):
        super().__init__()
        self._given = figures

    def figures(self):
        return self._given


class Bare:
    """
    A store that can do nothing but what it must.
    """

    find = get = create = replace = delete = retired = lambda self, *args: None


class Counted:
    """
    A source with so many users, who never come; None if it cannot count.
    """

    def __init__(self, number):
        self._number = number

    def login(self, identifier, password, /):
        return None

    def get_user(self, identifier, /):
        return None

    def count(self):
        return self._number


def figures(by_day, by_format=None, **by_origin):
    """
    Return what a store counts; by default all came by logins, and have current hashes.
    """
    moved = sum(by_day.values())
    return Figures(
        by_origin={Origin(name): n for name, n in by_origin.items()}
        or {Origin.LOGIN: moved},
        moved=moved,
        by_day=by_day,
        by_format={CURRENT: moved} if by_format is None else by_format,
    )


def connection_with(store, source=None, **options):
    options = {"source_name": "shop", "hasher": CHEAPEST, "listeners": (), **options}
    return Connection(store, source or Counted(None), clock=VirtualClock(), **options)


def overview(by_day, *, known=None, cut_over=False, tallies=(), days=30, **counted):
    """
    Return the overview of a migration.

    Args:
        by_day: How many moved, by how many days ago.
        known: How many users the source has.
        cut_over: Whether it is asked no more.
        tallies: What was recorded: days ago, name, count, and perhaps who.
        days: Of how many days.
        counted: What `figures()` takes besides.
    """
    store = Counting(
        figures({TODAY - back * DAY: n for back, n in by_day.items()}, **counted)
    )
    store.add_tallies([tally(*each) for each in tallies])
    source = NoopSource() if cut_over else Counted(known)
    return overview_of(connection_with(store, source), days=days, clock=VirtualClock())


def tally(back, name, count, *people):
    return Tally(TODAY - back * DAY, name, count, sketch(people) if people else None)


def sketch(people):
    noted = Sketch()
    for person in people:
        noted.add(person)
    return noted.to_text()
