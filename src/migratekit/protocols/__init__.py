"""
What an application implements to plug in its own parts.

``None`` means "no"; an exception means "don't know".  Parameters are positional-only,
so that implementers may name theirs and a plain function fits.

Abilities are what an adapter may have besides.  The contract suites test each that is
there; an async adapter has the same names as coroutines.
"""

from migratekit.protocols._application import Clock, EventSink, Rule
from migratekit.protocols._hashers import (
    ImportingHasher,
    PasswordHasher,
    RankingHasher,
    WrappingHasher,
)
from migratekit.protocols._sources import (
    AsyncLegacySource,
    CountableSource,
    LegacySource,
    PartitionedSource,
    WalkableSource,
)
from migratekit.protocols._stores import (
    AsyncUserStore,
    BindableStore,
    BoundStore,
    BulkReservingStore,
    BulkStore,
    CheckableStore,
    CountableStore,
    ListableStore,
    LookupStore,
    ReadmittingStore,
    ReservingStore,
    UserStore,
)


__all__ = [
    "AsyncLegacySource",
    "AsyncUserStore",
    "BindableStore",
    "BoundStore",
    "BulkReservingStore",
    "BulkStore",
    "CheckableStore",
    "Clock",
    "CountableSource",
    "CountableStore",
    "EventSink",
    "ImportingHasher",
    "LegacySource",
    "ListableStore",
    "LookupStore",
    "PartitionedSource",
    "PasswordHasher",
    "RankingHasher",
    "ReadmittingStore",
    "ReservingStore",
    "Rule",
    "UserStore",
    "WalkableSource",
    "WrappingHasher",
]
