"""
What a connection was made of, to read.
"""

import attrs

from migratekit._assembly import described
from migratekit._flows.context import Context
from migratekit._steps import Ports
from migratekit.policy import MigrationPolicy
from migratekit.protocols import (
    AsyncLegacySource,
    AsyncUserStore,
    LegacySource,
    PasswordHasher,
    UserStore,
)
from migratekit.validation import Validator


@attrs.frozen(repr=False)
class Parts:
    """
    The part of a connection that tells what it was made of.
    """

    _context: Context
    _ports: Ports

    def __repr__(self) -> str:
        return described(self)

    @property
    def store(self) -> UserStore | AsyncUserStore:
        """
        The store, as it was given.
        """
        return self._ports.store

    @property
    def source(self) -> LegacySource | AsyncLegacySource:
        """
        The source, as it was given; a `migratekit.sources.NoopSource` after the
        cut-over.

        Whoever asks it directly has no deadline and no guard.
        """
        return self._ports.source

    @property
    def source_name(self) -> str:
        """
        What stands in front of every legacy id.
        """
        return self._context.source_name

    @property
    def policy(self) -> MigrationPolicy:
        """
        The policy.
        """
        return self._context.policy

    @property
    def validator(self) -> Validator:
        """
        What checks users before they are stored.
        """
        return self._ports.validator

    @property
    def hasher(self) -> PasswordHasher:
        """
        What makes and checks the hashes of the store.
        """
        return self._ports.hasher

    @property
    def has_secret_key(self) -> bool:
        """
        Whether password-change tokens can be made.
        """
        return self._context.signer is not None
