"""
A password change with a token: asked for, and finished.
"""

from functools import partial

import attrs

from migratekit._flows.attempts import attempt_request, forget_failures
from migratekit._flows.change_tokens import issue
from migratekit._flows.context import (
    Asked,
    Context,
    Secret,
    ask_user,
    asked_for,
    tell,
    tell_missed,
)
from migratekit._flows.profiles import (
    check_loss,
    check_new_password,
    draft,
    examine,
    fields_of_others,
    has_moved,
    is_outrun,
)
from migratekit._flows.refusals import wait_for_floor
from migratekit._flows.writes import create, replace
from migratekit._steps import (
    CheckRetired,
    EnterQueue,
    FindUser,
    GetUser,
    HashPassword,
    ReadClock,
    ReadDate,
)
from migratekit._tokens import Claims
from migratekit.errors import (
    AlreadyMigratedError,
    InvalidTokenError,
    MigrateKitError,
    ProfileInvalidError,
    StaleRecordError,
    UserExistsError,
)
from migratekit.events import PasswordChanged, PasswordChangeStarted, UserMigrated
from migratekit.models import (
    KeyKind,
    LegacyUser,
    NewUser,
    Origin,
    PasswordChange,
    Record,
    User,
)
from migratekit.validation import taken


async def start(
    ctx: Context, identifier: object, client: object = None
) -> PasswordChange | None:
    """
    Make a token to be mailed.  Writes nothing, and takes as long for everybody.
    """
    began = await ReadClock()
    try:
        ctx.check_writes()
        ctx.tokens()
        asked = asked_for(ctx, identifier)
        change = None
        if asked is not None:
            answer = partial(_start, ctx, asked)
            change = await attempt_request(ctx, client, answer, asked=asked)
    except MigrateKitError:
        await wait_for_floor(ctx, began)
        raise
    await wait_for_floor(ctx, began)
    return change


async def _start(ctx: Context, asked: Asked) -> PasswordChange | None:
    holder = await _holder(ctx, asked)
    if holder is None:
        return None
    email = _address(ctx, holder)
    if email is None:
        return None
    issued = await issue(ctx, "reset", holder, email)
    await tell(ctx, PasswordChangeStarted(user_id=_id_of(ctx, holder)))
    return PasswordChange(issued.token, email, issued.expires_at)


async def _holder(ctx: Context, asked: Asked) -> Record | LegacyUser | None:
    # In this order, nobody who moves in between is taken for unknown.
    retirement = await CheckRetired(asked.ledger_key)
    record = await FindUser(asked.key)
    if record is not None:
        return record
    if retirement is not None:
        await tell_missed(ctx, asked, "start_password_change", retirement)
        return None
    ctx.check_moves()
    legacy = await ask_user(ctx, asked, "start_password_change")
    if legacy is not None and await has_moved(ctx.legacy_id(legacy)):
        # Perhaps while the source was being asked.
        return await FindUser(asked.key)
    return legacy


def _address(ctx: Context, holder: Record | LegacyUser) -> str | None:
    """
    Return the address that belongs to *holder*: never the one that was typed.
    """
    person = holder.user if isinstance(holder, Record) else holder
    asked = asked_for(ctx, person.email)
    if asked is None or asked.key.kind is not KeyKind.EMAIL:
        return None
    return asked.key.value


def _id_of(ctx: Context, holder: Record | LegacyUser) -> str:
    return holder.user.id if isinstance(holder, Record) else ctx.legacy_id(holder)


async def finish(ctx: Context, token: Secret, password: Secret) -> User:
    """
    Set the new password of whom the token was made for, as they were then.
    """
    ctx.check_writes()
    claims = ctx.tokens().read(token.value)
    await EnterQueue(both=claims is not None and claims.user_id is None)
    now = await ReadDate()
    if claims is None or claims.expires_at <= now.timestamp():
        raise InvalidTokenError
    if claims.user_id is not None:
        user = await _finish_stored(ctx, claims, claims.user_id, password)
    else:
        user = await _finish_in_source(ctx, claims, password)
    await forget_failures(ctx, user)
    return user


async def _finish_stored(
    ctx: Context, claims: Claims, user_id: str, password: Secret
) -> User:
    old = await GetUser(user_id)
    if old is None or not ctx.tokens().is_state_of(old, claims.state):
        raise InvalidTokenError
    await check_new_password(ctx, password)
    try:
        new = await set_hash(ctx, old, password, verified=claims.purpose == "reset")
    except StaleRecordError:
        raise InvalidTokenError from None
    return new.user


async def set_hash(
    ctx: Context, old: Record, password: Secret, *, verified: bool = False
) -> Record:
    """
    Give a stored user a new password, which settles a demand to change it.

    *verified* tells that they have shown to own their e-mail address.
    """
    now = await ReadDate()
    first = old.password_hash is None and old.user.legacy_id is not None
    user = attrs.evolve(
        old.user,
        must_change_password=False,
        email_verified=old.user.email_verified or verified,
        migrated_at=now if first else old.user.migrated_at,
        updated_at=now,
    )
    record = Record(user, await HashPassword(password.value), old.version)
    record = await replace(old, record)
    if first:
        await tell_migrated(ctx, record.user)
    await tell(ctx, PasswordChanged(user_id=user.id))
    return record


async def _finish_in_source(ctx: Context, claims: Claims, password: Secret) -> User:
    ctx.check_moves()
    asked = asked_for(ctx, claims.identifier)
    if asked is None or await has_moved(str(claims.legacy_id)):
        raise InvalidTokenError
    if await CheckRetired(asked.ledger_key) is not None:
        raise InvalidTokenError
    legacy = await ask_user(ctx, asked, "finish_password_change")
    if legacy is None or ctx.legacy_id(legacy) != claims.legacy_id:
        raise InvalidTokenError
    user = await store_legacy(
        ctx, asked, legacy, password, verified=claims.purpose == "reset"
    )
    if user is None:
        raise InvalidTokenError
    return user


async def store_legacy(
    ctx: Context,
    asked: Asked,
    legacy: LegacyUser,
    password: Secret,
    *,
    verified: bool = False,
) -> User | None:
    """
    Store a user of the source with a new password; None if somebody was faster.

    Raises:
        migratekit.errors.ProfileInvalidError: If they may not be stored.
        migratekit.errors.PasswordRejectedError: If the password may not be theirs.
    """
    examined = await examine(ctx, await draft(ctx, legacy, Origin.PASSWORD_CHANGE))
    if await is_outrun(asked, examined):
        return None
    violations = examined.violations or tuple(
        map(taken, await fields_of_others(ctx, asked, legacy))
    )
    if violations:
        raise ProfileInvalidError(violations)
    await check_new_password(ctx, password)
    user = attrs.evolve(
        examined.user, email_verified=examined.user.email_verified or verified
    )
    try:
        record = await create(ctx, NewUser(user, await HashPassword(password.value)))
    except (AlreadyMigratedError, UserExistsError):
        await check_loss(asked, user)
        return None
    await tell_migrated(ctx, record.user)
    await tell(ctx, PasswordChanged(user_id=user.id))
    return record.user


async def tell_migrated(ctx: Context, user: User) -> None:
    """
    Tell that a user with a legacy id got their first hash here.
    """
    event = UserMigrated(
        user_id=user.id, legacy_id=str(user.legacy_id), origin=user.origin
    )
    await tell(ctx, event)
