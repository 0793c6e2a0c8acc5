"""
What is to be stored of somebody whom the source vouches for, if they are fit for it.

Nothing is written here, so that a rehearsal does the same.
"""

import attrs

from migratekit._flows.change_tokens import demand_change
from migratekit._flows.context import Asked, Context, Credentials
from migratekit._flows.profiles import (
    draft,
    examine,
    fields_of_others,
    is_outrun,
    violations_of,
)
from migratekit._flows.proof import Preloaded
from migratekit._flows.refusals import Refusal
from migratekit._steps import HashPassword, ReadDate
from migratekit.errors import (
    AccountBlockedError,
    PasswordRejectedError,
    ProfileInvalidError,
)
from migratekit.models import LegacyUser, NewUser, Origin, Record
from migratekit.validation import taken


async def to_create(
    ctx: Context, asked: Asked, attempt: Credentials, legacy: LegacyUser
) -> NewUser | Refusal | None:
    """
    Return the user that *legacy* becomes by a login, or why they become none.

    None if somebody has got the asked identifier since nobody had it.
    """
    if legacy.blocked:
        return Refusal(AccountBlockedError())
    examined = await examine(ctx, await draft(ctx, legacy, Origin.LOGIN))
    if await is_outrun(asked, examined):
        return None
    violations = examined.violations or tuple(
        map(taken, await fields_of_others(ctx, asked, legacy))
    )
    if violations:
        return Refusal(ProfileInvalidError(violations))
    refusal = await _unfit(
        ctx, asked, attempt, legacy, must_change=legacy.must_change_password
    )
    if refusal is not None:
        return refusal
    return NewUser(examined.user, await HashPassword(attempt.password.value))


async def to_replace(
    ctx: Context, asked: Asked, attempt: Credentials, proof: Preloaded
) -> Record | Refusal:
    """
    Return the record that a pre-loaded user gets by a login, or why they get none.
    """
    old = proof.record
    if old.user.blocked or proof.legacy.blocked:
        return Refusal(AccountBlockedError())
    must_change = old.user.must_change_password or proof.legacy.must_change_password
    refusal = await _unfit(ctx, asked, attempt, old, must_change=must_change)
    if refusal is not None:
        return refusal

    now = await ReadDate()
    user = attrs.evolve(old.user, migrated_at=now, updated_at=now)
    return Record(user, await HashPassword(attempt.password.value), old.version)


async def _unfit(
    ctx: Context,
    asked: Asked,
    attempt: Credentials,
    holder: Record | LegacyUser,
    *,
    must_change: bool,
) -> Refusal | None:
    """
    Return why a right legacy password is not good enough to stay.
    """
    violations = await violations_of(ctx, attempt.password)
    weak = ctx.policy.weak_legacy_password
    if violations and weak == "refuse":
        return Refusal(PasswordRejectedError(violations))
    if must_change or (violations and weak == "must_change"):
        error = await demand_change(ctx, asked, holder)
        return Refusal(error, violations=() if must_change else violations)
    return None
