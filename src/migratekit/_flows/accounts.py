"""
What an application changes of a stored user.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import attrs

from migratekit._flows.context import ATTEMPTS, Context, tell
from migratekit._flows.sign_up import check_free, identifier_for
from migratekit._flows.writes import delete, replace
from migratekit._steps import Examine, GetUser, ReadDate, Readmit
from migratekit.errors import (
    ConfigurationError,
    ProfileInvalidError,
    StaleRecordError,
    UserNotFoundError,
)
from migratekit.events import (
    Event,
    IdentifierChanged,
    Operation,
    UserBlocked,
    UserDeleted,
    UserReadmitted,
    UserUnblocked,
)
from migratekit.models import Record, User
from migratekit.validation import impossible


_OPERATIONS: Final[dict[str, Operation]] = {
    "email": "change_email",
    "username": "change_username",
}


async def edit(
    ctx: Context, user_id: str, change: Callable[[Record], Awaitable[Record]]
) -> Record:
    """
    Apply *change* to the record as it is, and again if it was changed meanwhile.

    Raises:
        migratekit.errors.UserNotFoundError: If nobody has this id.
        migratekit.errors.StaleRecordError: If others were faster every time.
    """
    ctx.check_writes()
    if type(user_id) is not str:
        raise UserNotFoundError
    for _ in range(ATTEMPTS):
        old = await GetUser(user_id)
        if old is None:
            raise UserNotFoundError
        try:
            return await change(old)
        except StaleRecordError:
            continue
    raise StaleRecordError


async def change_email(
    ctx: Context, user_id: str, email: str, *, email_verified: bool
) -> User:
    """
    Give a stored user another e-mail address.
    """
    changes = {"email": email, "email_verified": email_verified}
    return await _change_identifier(ctx, user_id, "email", changes)


def _still_verified(user: User, old: User) -> User:
    """
    Return *user* with the same proof of the same address.
    """
    if user.email != old.email:
        return user
    verified = old.email_verified or user.email_verified
    return attrs.evolve(user, email_verified=verified)


async def change_username(ctx: Context, user_id: str, username: str | None) -> User:
    """
    Give a stored user another username, or none.
    """
    return await _change_identifier(ctx, user_id, "username", {"username": username})


async def _change_identifier(
    ctx: Context,
    user_id: str,
    field: Literal["email", "username"],
    changes: dict[str, Any],
) -> User:
    # Told once, however often others are faster.
    operation: Operation | None = _OPERATIONS[field]

    async def change(old: Record) -> Record:
        nonlocal operation
        user = _still_verified(await _changed(ctx, old.user, field, changes), old.user)
        if user == old.user:
            return old
        renamed = getattr(user, field)
        if renamed is not None and renamed != getattr(old.user, field):
            asked = identifier_for(ctx, field, changes[field])
            # Whether somebody stored has it, the store says when it writes.
            await check_free(ctx, asked, operation, own=old.user.legacy_id)
            operation = None
        user = attrs.evolve(user, updated_at=await ReadDate())
        record = await replace(old, Record(user, old.password_hash, old.version))
        await tell(ctx, IdentifierChanged(user_id=user_id, field=field))
        return record

    return (await edit(ctx, user_id, change)).user


async def _changed(
    ctx: Context, user: User, field: str, changes: dict[str, Any]
) -> User:
    try:
        changed = attrs.evolve(user, **changes)
    except TypeError:
        raise ProfileInvalidError([impossible(field)]) from None
    examined = await Examine(changed, ctx.policy)
    if examined.violations:
        raise ProfileInvalidError(examined.violations)
    return examined.user


async def block(ctx: Context, user_id: str) -> User:
    """
    Let a stored user in no more; tokens made before are void.
    """
    return await _set_blocked(ctx, user_id, UserBlocked(user_id=user_id), blocked=True)


async def unblock(ctx: Context, user_id: str) -> User:
    """
    Let a stored user in again.
    """
    event = UserUnblocked(user_id=user_id)
    return await _set_blocked(ctx, user_id, event, blocked=False)


async def _set_blocked(
    ctx: Context, user_id: str, event: Event, *, blocked: bool
) -> User:
    async def change(old: Record) -> Record:
        if old.user.blocked is blocked:
            return old
        user = attrs.evolve(old.user, blocked=blocked, updated_at=await ReadDate())
        record = await replace(old, Record(user, old.password_hash, old.version))
        await tell(ctx, event)
        return record

    return (await edit(ctx, user_id, change)).user


async def delete_user(ctx: Context, user_id: str) -> None:
    """
    Remove a stored user; the ledger keeps that they moved.
    """

    async def remove(old: Record) -> Record:
        await delete(old)
        return old

    await edit(ctx, user_id, remove)
    await tell(ctx, UserDeleted(user_id=user_id))


async def readmit(ctx: Context, legacy_id: str) -> None:
    """
    Make the ledger forget a user of the source who is not stored any more.
    """
    ctx.check_writes()
    prefix = f"{ctx.source_name}|"
    if type(legacy_id) is not str or not legacy_id.startswith(prefix):
        raise ConfigurationError(f"The legacy ids of this connection begin: {prefix}")
    await Readmit(legacy_id)
    await tell(ctx, UserReadmitted(legacy_id=legacy_id))
