"""
What a source is seen from outside, with coroutines and without.
"""

from abc import abstractmethod
from typing import Any

from migratekit.errors import LookupUnsupportedError
from migratekit.models import LegacyUser
from migratekit.sources._lookup import (
    AsyncLookup,
    AsyncWithLookup,
    Lookup,
    Verdict,
    WithLookup,
    known,
)
from migratekit.sources.http._options import HTTPOptions
from migratekit.sources.http._questions import Dialogue
from migratekit.sources.http._transport import atalk, talk
from migratekit.validation import canonical, is_possible_password


class Inquiry(HTTPOptions):
    """
    What a source asks, without asking it.
    """

    __slots__ = ()

    @property
    def knows_profiles(self) -> bool:
        """
        False for a source that says yes and no more.
        """
        return True

    @abstractmethod
    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        """
        Ask whether the password is right.
        """

    def _get_user(self, identifier: str) -> Dialogue[LegacyUser | None]:
        raise LookupUnsupportedError

    def _asking(self, identifier: str, password: str) -> Dialogue[Verdict]:
        form = self._form(identifier)
        if form is None or not is_possible_password(password):
            return _nobody()
        return self._login(form, password)

    def _looking_up(self, identifier: str) -> Dialogue[LegacyUser | None]:
        form = self._form(identifier)
        # First, for a source that cannot look up says so whoever it is about.
        dialogue = self._get_user(form or "")
        return _nobody() if form is None else dialogue

    def _form(self, identifier: str) -> str | None:
        version = 2 if self.canonical_identifiers else 1
        try:
            return canonical(identifier, strategy_version=version).value
        except ValueError:
            return None


def _nobody() -> Dialogue[Any]:
    return
    yield


class Door(Inquiry):
    """
    A `migratekit.protocols.LegacySource`.
    """

    __slots__ = ()

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, else None.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If there was no answer, or one that nobody declared.

            migratekit.errors.ContractError:
                If the user in the answer is not what they should be.

            migratekit.errors.LookupUnsupportedError:
                If only a second source can say who it is; see `with_lookup()`.
        """
        if not self.knows_profiles:
            raise LookupUnsupportedError
        return known(self.vouch(identifier, password))

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user, or None if nobody is known.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If there was no answer, or one that nobody declared.

            migratekit.errors.ContractError:
                If the user in the answer is not what they should be.

            migratekit.errors.LookupUnsupportedError:
                If only a second source can look users up; see `with_lookup()`.
        """
        return talk(self, self._looking_up(identifier))

    def vouch(self, identifier: str, password: str, /) -> Verdict:
        """
        Return the user, or only that the password is theirs, or None.
        """
        return talk(self, self._asking(identifier, password))

    def with_lookup(self, other: Lookup, /) -> WithLookup:
        """
        Return a source that checks passwords here, and looks users up in *other*.
        """
        return WithLookup(self, other)


class AsyncDoor(Inquiry):
    """
    A `migratekit.protocols.AsyncLegacySource`.
    """

    __slots__ = ()

    async def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        See the source without ``Async``.
        """
        if not self.knows_profiles:
            raise LookupUnsupportedError
        return known(await self.vouch(identifier, password))

    async def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See the source without ``Async``.
        """
        return await atalk(self, self._looking_up(identifier))

    async def vouch(self, identifier: str, password: str, /) -> Verdict:
        """
        See the source without ``Async``.
        """
        return await atalk(self, self._asking(identifier, password))

    def with_lookup(self, other: Lookup | AsyncLookup, /) -> AsyncWithLookup:
        """
        Return a source that checks passwords here, and looks users up in *other*.
        """
        return AsyncWithLookup(self, other)
