"""
How far a migration is and how it goes, as one value for whoever watches it.
"""

from migratekit.overview._collecting import async_overview_of, overview_of
from migratekit.overview._pace import Pace
from migratekit.overview._values import (
    Asked,
    Condition,
    Logins,
    Overview,
    SourceCalls,
    Statistics,
    StoredFormat,
)


__all__ = [
    "Asked",
    "Condition",
    "Logins",
    "Overview",
    "Pace",
    "SourceCalls",
    "Statistics",
    "StoredFormat",
    "async_overview_of",
    "overview_of",
]
