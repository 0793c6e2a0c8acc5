"""
Whether a password is somebody's: asked of the store, or else of the source.
"""

import attrs

from migratekit._fields import Shown
from migratekit._flows.attempts import Hold
from migratekit._flows.context import (
    Asked,
    Context,
    Credentials,
    ask_source,
    check_identity,
)
from migratekit._flows.refusals import Refusal, wrong
from migratekit._steps import (
    AskLogin,
    CheckRetired,
    FindUser,
    IsCutOver,
    NeedsRehash,
    VerifyPassword,
)
from migratekit.errors import (
    ContractError,
    LegacyUnavailableError,
    UnusableHashError,
)
from migratekit.models import KeyKind, LedgerKey, LegacyUser, Record, Retirement


@attrs.frozen(repr=False)
class InStore(Shown):
    """
    The password is that of a stored hash.
    """

    record: Record


@attrs.frozen(repr=False)
class Preloaded(Shown):
    """
    The source vouches for a stored user who has no hash yet.
    """

    record: Record
    legacy: LegacyUser


@attrs.frozen(repr=False)
class InSource(Shown):
    """
    The source vouches for somebody who is neither stored nor retired.
    """

    legacy: LegacyUser


Proof = InStore | Preloaded | InSource


async def prove(
    ctx: Context, asked: Asked, attempt: Credentials, hold: Hold
) -> Proof | Refusal:
    """
    Find out whose password it is.  Writes nothing.
    """
    record = await FindUser(asked.key)
    if record is not None:
        await hold.reserve_holder(asked, record)
        return await _by_record(ctx, asked, attempt, record, reads=1)

    retirement = await CheckRetired(asked.ledger_key)
    if retirement is not None:
        # A first login may have finished since the first look.
        record = await FindUser(asked.key)
        await hold.reserve_holder(asked, record)
        if record is None:
            return wrong(await _why_retired(retirement), reads=3)
        return await _by_record(ctx, asked, attempt, record, reads=3)

    await hold.reserve_holder(asked, None)
    legacy = await _vouched(ctx, asked, attempt, reads=2)
    if not isinstance(legacy, LegacyUser):
        return legacy

    legacy_key = LedgerKey(KeyKind.LEGACY_ID, ctx.legacy_id(legacy))
    if await CheckRetired(legacy_key) is not None:
        return await prove_again(ctx, asked, attempt, legacy)
    return InSource(legacy)


async def _why_retired(retirement: Retirement) -> str:
    # Whoever is reserved was left behind by the cut-over; all others were deleted, or
    # have another name by now.
    if retirement.reason == "reserved" and await IsCutOver() is True:
        return "cut_over"
    return "retired"


async def prove_again(
    ctx: Context, asked: Asked, attempt: Credentials, legacy: LegacyUser
) -> InStore | Preloaded | Refusal:
    """
    Find out whose password it is from the store alone.

    The source's yes counts only for a user of the same legacy id who has no hash yet;
    a record with one may be somebody else's.
    """
    record = await FindUser(asked.key)
    if record is None:
        return wrong("retired", reads=4)
    if record.password_hash is not None:
        return await verify(attempt, record, reads=4)
    if record.user.legacy_id == ctx.legacy_id(legacy):
        return Preloaded(record, legacy)
    return wrong("no_password", reads=4)


async def verify(
    attempt: Credentials, record: Record, *, reads: int
) -> InStore | Refusal:
    """
    Compare the password with the hash of *record*.
    """
    try:
        right = await VerifyPassword(attempt.password.value, record.password_hash)
    except UnusableHashError:
        return wrong("unusable_hash", reads=reads)
    if right is True:
        return InStore(record)
    current = await NeedsRehash(record.password_hash) is False
    return wrong("wrong_password", reads=reads, hashed=current)


async def _by_record(
    ctx: Context, asked: Asked, attempt: Credentials, record: Record, *, reads: int
) -> Proof | Refusal:
    if record.password_hash is not None:
        return await verify(attempt, record, reads=reads)
    if record.user.legacy_id is None:
        return wrong("no_password", reads=reads)

    legacy = await _vouched(ctx, asked, attempt, reads=reads)
    if not isinstance(legacy, LegacyUser):
        return legacy
    if ctx.legacy_id(legacy) != record.user.legacy_id:
        raise ContractError("The source vouched for another user than is stored.")
    return Preloaded(record, legacy)


async def _vouched(
    ctx: Context, asked: Asked, attempt: Credentials, *, reads: int
) -> LegacyUser | InStore | Refusal:
    """
    Ask the source; where it does not say yes, look in the store once more.

    Somebody may have moved the user while it was being asked; then the store decides,
    whatever became of the source.
    """
    try:
        legacy = await _ask_login(ctx, asked, attempt)
    except UnusableHashError:
        outcome = wrong("unusable_hash", reads=reads + 1)
    except LegacyUnavailableError as error:
        outcome = Refusal(error)
    else:
        if legacy is not None:
            return legacy
        gone = await IsCutOver() is True
        reason = "cut_over" if gone else "unknown_or_wrong"
        outcome = wrong(reason, reads=reads + 1)

    record = await FindUser(asked.key)
    if record is None or record.password_hash is None:
        return outcome
    return await verify(attempt, record, reads=reads + 1)


async def _ask_login(
    ctx: Context, asked: Asked, attempt: Credentials
) -> LegacyUser | None:
    question = AskLogin(asked.typed, attempt.password.value)
    legacy = await ask_source(ctx, question)
    if legacy is not None:
        check_identity(asked, legacy)
    return legacy
