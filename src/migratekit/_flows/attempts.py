"""
Attempts are counted before they are made, and what was no failure is taken back.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import attrs

from migratekit._fields import Shown
from migratekit._flows.context import Asked, Context, Credentials, asked_for, tell
from migratekit._flows.refusals import Refusal, bad_input
from migratekit._steps import ReleaseAttempt, ReserveAttempt, ResetAttempts
from migratekit.errors import (
    AccessDeniedError,
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    MigrateKitError,
    OverloadedError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
    StoreUnavailableError,
    TooManyAttemptsError,
)
from migratekit.events import AttemptsThrottled, ThrottleFailed
from migratekit.models import Record, User
from migratekit.throttle import AttemptKey, AttemptKind
from migratekit.validation import is_possible_password


T = TypeVar("T")

# What is refused only after the right password.
_PROVEN = (
    AccessDeniedError,
    AccountBlockedError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
)
# What is nobody's guess.
_FAULTS = (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    OverloadedError,
    StoreUnavailableError,
    TooManyAttemptsError,
)
_LONGEST_CLIENT = 320


@attrs.frozen(repr=False)
class Hold(Shown):
    """
    What one attempt has been counted by so far.
    """

    _ctx: Context
    keys: list[AttemptKey] = attrs.field(factory=list)

    async def reserve(self, key: AttemptKey) -> None:
        """
        Count the attempt by *key*, too.

        Raises:
            migratekit.errors.TooManyAttemptsError: If it may not be made yet.
        """
        wait = await ReserveAttempt(key)
        if wait is not None:
            error = TooManyAttemptsError(wait)
            event = AttemptsThrottled(kind=key.kind, retry_after=error.retry_after)
            await tell(self._ctx, event)
            raise error
        self.keys.append(key)

    async def reserve_holder(self, asked: Asked, record: Record | None) -> None:
        """
        Count the attempt by the user, whose every identifier shares the count.

        For nobody the same is done, so that it looks the same.

        Raises:
            migratekit.errors.TooManyAttemptsError: If it may not be made yet.
        """
        if record is None:
            await self.reserve(AttemptKey(AttemptKind.STRANGER, asked.key.value))
        else:
            await self.reserve(AttemptKey(AttemptKind.USER, record.user.id))

    async def release(self) -> None:
        """
        Take the attempt back.
        """
        for key in self.keys:
            await _try(self._ctx, ReleaseAttempt(key))

    async def succeed(self) -> None:
        """
        Forget the failures of whoever has proved to be the user.

        Not those of the client: the next password that is tried there may be another
        user's.
        """
        for key in self.keys:
            if key.kind is AttemptKind.CLIENT:
                await _try(self._ctx, ReleaseAttempt(key))
            else:
                await _try(self._ctx, ResetAttempts(key))


async def attempt_proof(
    ctx: Context,
    asked: Asked | None,
    attempt: Credentials,
    decide: Callable[[Asked, Hold], Awaitable[T | Refusal]],
) -> T | Refusal:
    """
    Let *decide* find out what comes of *attempt*, if one may be made now.

    It stays counted as a failure if the credentials were wrong.
    """
    if asked is None or not is_possible_password(attempt.password.value):
        return bad_input()
    hold = Hold(ctx)
    outcome: T | Refusal
    try:
        await hold.reserve(AttemptKey(AttemptKind.IDENTIFIER, asked.counted_as))
        for key in _client_keys(attempt.client):
            await hold.reserve(key)
        outcome = await decide(asked, hold)
    except MigrateKitError as error:
        outcome = Refusal(error)

    if not isinstance(outcome, Refusal) or isinstance(outcome.error, _PROVEN):
        await hold.succeed()
    elif not isinstance(outcome.error, InvalidCredentialsError):
        await hold.release()
    return outcome


async def attempt_request(
    ctx: Context,
    client: object,
    answer: Callable[[], Awaitable[T]],
    *,
    asked: Asked | None = None,
) -> T:
    """
    Let *answer* deal with a request, if one may be made now by *client*.

    It stays counted, for *asked* as well, unless it could not be dealt with.

    Raises:
        migratekit.errors.TooManyAttemptsError: If it may not be made yet.
    """
    hold = Hold(ctx)
    try:
        if asked is not None:
            await hold.reserve(AttemptKey(AttemptKind.REQUEST, asked.counted_as))
        for key in _client_keys(client):
            await hold.reserve(key)
        return await answer()
    except _FAULTS:
        await hold.release()
        raise


async def forget_failures(ctx: Context, user: User) -> None:
    """
    Forget all failures of a user whose password has just been set.
    """
    keys = [AttemptKey(AttemptKind.USER, user.id)]
    for identifier in (user.email, user.username):
        asked = asked_for(ctx, identifier)
        if asked is not None:
            keys += [
                AttemptKey(kind, asked.counted_as)
                for kind in (AttemptKind.IDENTIFIER, AttemptKind.REQUEST)
            ]
    for key in keys:
        await _try(ctx, ResetAttempts(key))


def _client_keys(client: object) -> Iterable[AttemptKey]:
    if client is None:
        return ()
    if type(client) is not str or not client:
        raise ConfigurationError("client must be a str that is not empty, or None.")
    # A longer one shares its count with all that begin alike.
    return (AttemptKey(AttemptKind.CLIENT, client[:_LONGEST_CLIENT]),)


async def _try(ctx: Context, step: ReleaseAttempt | ResetAttempts) -> None:
    """
    Perform *step*; its failure changes nothing that was decided already.
    """
    try:
        await step
    except MigrateKitError as error:
        await tell(ctx, ThrottleFailed(detail=str(error)))
