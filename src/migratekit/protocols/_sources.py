"""
What a legacy source answers, and what it may be able to do besides.
"""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from migratekit.models import ImportRecord, LegacyUser, RowError


class LegacySource(Protocol):
    """
    Where users come from.

    Both methods find a user in any letter case, return bare ids and the same profile.
    """

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, None if it is not or nobody is known.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the question could not be answered.  Any other exception is taken
                for it too.

            migratekit.errors.UnusableHashError:
                If what is stored can never be verified.
        """

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user, or None if nobody is known by this e-mail or username.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the question could not be answered.

            migratekit.errors.LookupUnsupportedError:
                If the source cannot look up without a password.  Never return None
                then: None means "free".

            migratekit.errors.AmbiguousUserError:
                If it knows several users by this e-mail or username.
        """


class AsyncLegacySource(Protocol):
    """
    `LegacySource` with coroutines.
    """

    async def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        See `LegacySource.login()`.
        """

    async def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See `LegacySource.get_user()`.
        """


@runtime_checkable
class CountableSource(Protocol):
    """
    A source that knows how many users it has.
    """

    def count(self) -> int:
        """
        Return the number of users who could log in or ask for a reset.
        """


@runtime_checkable
class PartitionedSource(Protocol):
    """
    A source whose parts fail independently of one another.
    """

    def part_of(self, identifier: str, /) -> str:
        """
        Return the name of what is asked about *identifier*: an outage there is none for
        identifiers with other names.  There are few such names.
        """


@runtime_checkable
class WalkableSource(Protocol):
    """
    A source that can list its users, for an import or an export.
    """

    def iter_users(self) -> Iterable[ImportRecord | RowError]:
        """
        Return all users, with their hashes where there are any; read as they are asked
        for.  A user who cannot be read is a `migratekit.models.RowError`.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the source did not answer.
        """
