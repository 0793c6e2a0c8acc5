"""
How a failure is answered: all wrong credentials alike in work, words and time.
"""

import re
from contextlib import suppress

import attrs

from migratekit._fields import Shown
from migratekit._flows.context import Asked, Context, Credentials, tell
from migratekit._steps import (
    EnterQueue,
    FindUser,
    LeaveQueue,
    ReadClock,
    VerifyPassword,
    WaitUntil,
)
from migratekit.errors import (
    AccessDeniedError,
    InvalidCredentialsError,
    MigrateKitError,
    OverloadedError,
    Violation,
)
from migratekit.events import FloorExceeded, LoginRefused
from migratekit.validation import is_possible_password


# As many look-ups in the store as the longest way to a refusal makes.
_READS = 4


@attrs.frozen(repr=False)
class Refusal(Shown):
    """
    A login that fails.

    Args:
        error: What the caller gets.
        reads: How many look-ups the store has had.
        hashed: Whether a hash at current parameters was computed.
        violations: Of the password, where they are the reason, and not in the error.
    """

    error: MigrateKitError
    reads: int = attrs.field(default=0, kw_only=True)
    hashed: bool = attrs.field(default=False, kw_only=True)
    violations: tuple[Violation, ...] = attrs.field(default=(), kw_only=True)


def wrong(reason: str, *, reads: int, hashed: bool = False) -> Refusal:
    """
    Return the refusal of wrong credentials.
    """
    return Refusal(InvalidCredentialsError(reason), reads=reads, hashed=hashed)


def bad_input() -> Refusal:
    """
    Return the refusal of what nobody may be asked about.
    """
    return wrong("bad_input", reads=_READS)


async def enter_queue(ctx: Context, attempt: Credentials) -> None:
    """
    Take a place in the queue for hashes, before anybody is looked up.

    Whoever finds none is refused at once: to wait, or to work for the look of it, would
    only make the queue longer.

    Raises:
        migratekit.errors.OverloadedError: If there is none.
    """
    try:
        await EnterQueue()
    except OverloadedError as error:
        await tell(
            ctx, LoginRefused(identifier=attempt.identifier, reason=reason_of(error))
        )
        raise


async def finish_refusal(
    ctx: Context, attempt: Credentials, asked: Asked | None, refusal: Refusal
) -> None:
    """
    Do the work that other refusals have done already, and tell the listeners.
    """
    error = refusal.error
    if isinstance(error, InvalidCredentialsError):
        # Work for the look of it does not change the answer.
        with suppress(MigrateKitError):
            await _do_equal_work(attempt, asked, refusal)
    await tell(
        ctx, LoginRefused(identifier=attempt.identifier, reason=reason_of(error))
    )


async def wait_for_floor(ctx: Context, began: float) -> None:
    """
    Wait until ``failure_floor`` seconds have passed since *began*.
    """
    # Whoever only waits needs no place.
    await LeaveQueue()
    floor = ctx.policy.failure_floor
    took = await ReadClock() - began
    if took > floor > 0:
        await tell(ctx, FloorExceeded(took=took, floor=floor))
    if floor > 0:
        await WaitUntil(began + floor)


async def _do_equal_work(
    attempt: Credentials, asked: Asked | None, refusal: Refusal
) -> None:
    if not refusal.hashed:
        possible = is_possible_password(attempt.password.value)
        await VerifyPassword(attempt.password.value if possible else "-", None)
    if asked is not None:
        for _ in range(refusal.reads, _READS):
            await FindUser(asked.key)


def reason_of(error: MigrateKitError) -> str:
    """
    Return the word for *error* in a log.
    """
    if isinstance(error, InvalidCredentialsError | AccessDeniedError):
        return error.reason
    words = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", words).lower()
