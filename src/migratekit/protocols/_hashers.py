"""
What makes and checks hashes, and what it may be able to do besides.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from migratekit.models import StoredHash


class PasswordHasher(Protocol):
    """
    Makes and checks the hashes of the new store.
    """

    def hash(self, password: str, /) -> str:
        """
        Return a fresh hash of *password* at the current parameters.
        """

    def verify(self, password: str, encoded: str, /) -> bool:
        """
        Return whether *encoded* is a hash of *password*.

        Raises:
            migratekit.errors.UnusableHashError:
                If *encoded* is malformed, unknown or over a cost ceiling.
        """

    def needs_rehash(self, encoded: str, /) -> bool:
        """
        Return whether *encoded* has another format or cost than `hash()` gives.
        """


@runtime_checkable
class RankingHasher(Protocol):
    """
    A hasher that knows whether its own hashes are the stronger ones.

    With one that does not, every hash that `PasswordHasher.needs_rehash()` names is
    renewed at a login.
    """

    def is_upgrade(self, encoded: str, /) -> bool:
        """
        Return whether *encoded* is weaker than what `PasswordHasher.hash()` makes.

        A hash is upgraded, never downgraded: else two servers with other parameters
        would undo each other's work.
        """


@runtime_checkable
class ImportingHasher(Protocol):
    """
    A hasher for stores into which legacy hashes are imported.
    """

    def admit(self, stored: StoredHash, /) -> str:
        """
        Return the text that is stored for *stored*, which `PasswordHasher.verify()`
        verifies.

        Raises:
            migratekit.errors.UnusableHashError:
                If *stored* could never be verified: it is malformed, of no declared
                format, or over a cost ceiling.
        """


@runtime_checkable
class WrappingHasher(Protocol):
    """
    A hasher that can put a strong hash around a weak one.
    """

    def wrapping(self, stored: StoredHash, /) -> Callable[[], str] | None:
        """
        Return what computes the text to store, or None if *stored* is strong enough to
        be stored as it is.

        What is returned can be pickled, and computes a hash at current parameters over
        the legacy digest when it is called; nothing is computed before.

        Raises:
            migratekit.errors.UnusableHashError: As `ImportingHasher.admit()` does.
        """
