"""
Looking users up where a source cannot do so without their password.
"""

import asyncio
import inspect
from typing import Any, Protocol, TypeAlias

import attrs

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LookupUnsupportedError,
)
from migratekit.models import LegacyUser


@attrs.frozen(kw_only=True)
class Vouched:
    """
    A source's yes to a password, from one that cannot say whose it is.

    Args:
        blocked: Whether it also said that the user is blocked.
        must_change_password: Whether it also said that the password must be changed.
    """

    blocked: bool = False
    must_change_password: bool = False

    def of(self, user: object) -> LegacyUser:
        """
        Return *user*, whom the other source found, as somebody who proved who they are.

        Raises:
            migratekit.errors.ContractError: If the other source found nobody.
        """
        if not isinstance(user, LegacyUser):
            raise ContractError(
                "The password is right, but the source of look-ups does not know the "
                "user."
            )
        return attrs.evolve(
            user,
            blocked=user.blocked or self.blocked,
            must_change_password=user.must_change_password or self.must_change_password,
        )


Verdict: TypeAlias = LegacyUser | Vouched | None


class Lookup(Protocol):
    """
    Whatever can look a user up.
    """

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See `migratekit.protocols.LegacySource.get_user()`.
        """


class AsyncLookup(Protocol):
    """
    `Lookup` with a coroutine.
    """

    async def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See `migratekit.protocols.LegacySource.get_user()`.
        """


class Vouching(Protocol):
    """
    A source that checks passwords.
    """

    def vouch(self, identifier: str, password: str, /) -> Verdict:
        """
        Return the user, or only that the password is theirs, or None.
        """


class AsyncVouching(Protocol):
    """
    `Vouching` with a coroutine.
    """

    async def vouch(self, identifier: str, password: str, /) -> Verdict:
        """
        Return the user, or only that the password is theirs, or None.
        """


def known(verdict: Verdict) -> LegacyUser | None:
    """
    Return the user of a verdict that needs no look-up.

    Raises:
        migratekit.errors.LookupUnsupportedError: If the source cannot say who it is.
    """
    if isinstance(verdict, Vouched):
        raise LookupUnsupportedError
    return verdict


def _sync(_: object, __: "attrs.Attribute[Any]", other: Any) -> None:
    if inspect.iscoroutinefunction(other.get_user):
        raise ConfigurationError("An async look-up needs an async source.")


@attrs.frozen(eq=False)
class WithLookup:
    """
    Checks passwords at one source, and looks users up in another.

    Made by ``with_lookup()`` of a source.  Both must know the users by the same ids.
    """

    _source: Vouching
    _other: Lookup = attrs.field(validator=_sync)

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, else None.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If one of the sources could not be asked.

            migratekit.errors.ContractError:
                If the password is right, and the other source knows nobody.
        """
        verdict = self._source.vouch(identifier, password)
        if isinstance(verdict, Vouched):
            return verdict.of(self._other.get_user(identifier))
        return verdict

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return what the other source knows.

        Raises:
            migratekit.errors.LegacyUnavailableError: If it could not be asked.
        """
        return self._other.get_user(identifier)


@attrs.frozen(eq=False)
class AsyncWithLookup:
    """
    `WithLookup` with coroutines.  A sync look-up runs in a thread.
    """

    _source: AsyncVouching
    _other: Lookup | AsyncLookup

    async def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        See `WithLookup.login()`.
        """
        verdict = await self._source.vouch(identifier, password)
        if isinstance(verdict, Vouched):
            return verdict.of(await self.get_user(identifier))
        return verdict

    async def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See `WithLookup.get_user()`.
        """
        look_up = self._other.get_user
        answer: Any = None
        if inspect.iscoroutinefunction(look_up):
            answer = look_up(identifier)
        else:
            answer = await asyncio.to_thread(look_up, identifier)
        # Whatever a source answers is a user or None, by its protocol.
        found: LegacyUser | None
        found = await answer if inspect.isawaitable(answer) else answer
        return found
