"""
Moves users out of a legacy database at their next login, with no password reset.
"""

from migratekit import errors, events
from migratekit.async_connection import AsyncConnection
from migratekit.connection import Connection
from migratekit.models import Authenticated, LegacyUser, NewUser, User
from migratekit.policy import MigrationPolicy
from migratekit.protocols import (
    AsyncLegacySource,
    AsyncUserStore,
    LegacySource,
    PasswordHasher,
    UserStore,
)
from migratekit.validation import Validator


__all__ = [
    "AsyncConnection",
    "AsyncLegacySource",
    "AsyncUserStore",
    "Authenticated",
    "Connection",
    "LegacySource",
    "LegacyUser",
    "MigrationPolicy",
    "NewUser",
    "PasswordHasher",
    "User",
    "UserStore",
    "Validator",
    "errors",
    "events",
]
