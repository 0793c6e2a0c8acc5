"""
What a token for a password change says, and what its signer does.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import attrs

from migratekit._fields import Shown
from migratekit.models import Record


Purpose: TypeAlias = Literal["reset", "must_change"]
SecretKey: TypeAlias = str | bytes | Sequence[str | bytes]


@attrs.frozen(repr=False)
class Sealed(Shown):
    """
    The secret keys of an application, on their way to the signer.
    """

    keys: SecretKey = attrs.field(repr=False)


@attrs.frozen(kw_only=True, repr=False)
class Claims(Shown):
    """
    What a token says.

    Args:
        purpose: ``reset`` for a mailed one, ``must_change`` for one handed over.
        user_id: Whose password, if they are stored.
        legacy_id: Whose password, if they are not.
        identifier: By which the source is asked for somebody who is not stored.
        state: Stands for the record that the token was made for.
        expires_at: Seconds since the epoch.
    """

    purpose: Purpose
    user_id: str | None = None
    legacy_id: str | None = None
    identifier: str | None = None
    state: str = attrs.field(default="", repr=False)
    expires_at: int


class Signer(Protocol):
    """
    Makes and reads tokens; see `migratekit._signing.TokenSigner`.
    """

    def sign(self, claims: Claims) -> str:
        """
        Return *claims* as a token that fits into a URL.
        """

    def read(self, token: object) -> Claims | None:
        """
        Return the claims of *token*, or None if we never signed such.
        """

    def state_of(self, record: Record) -> str:
        """
        Return what stands for the version and hash of *record* in a token.
        """

    def is_state_of(self, record: Record, state: str) -> bool:
        """
        Return whether *record* is as it was when a token got *state*.
        """
