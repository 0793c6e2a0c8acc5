"""
Moves users out of a legacy database at their next login, with no password reset.
"""

from typing import TYPE_CHECKING

from migratekit import errors, events
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


if TYPE_CHECKING:
    from migratekit.async_connection import AsyncConnection

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


def __getattr__(name: str) -> "type[AsyncConnection]":
    # When it is first asked for: one program needs hardly ever both of them.
    if name != "AsyncConnection":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from migratekit.async_connection import AsyncConnection  # noqa: PLC0415

    return AsyncConnection
