"""
From what the source or a form says to a user who may be stored.
"""

import datetime as dt

from migratekit._flows.context import (
    Asked,
    Context,
    Secret,
    ask_user,
    asked_for,
)
from migratekit._steps import (
    CheckPassword,
    CheckRetired,
    Examine,
    FindUser,
    MakeId,
    ReadDate,
)
from migratekit.errors import (
    AmbiguousUserError,
    LookupUnsupportedError,
    PasswordRejectedError,
    ProfileInvalidError,
    Violation,
)
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    LegacyUser,
    Origin,
    User,
    identifiers,
)
from migratekit.validation import Examined, impossible, is_possible_password, taken


async def draft(ctx: Context, legacy: LegacyUser, origin: Origin) -> User:
    """
    Return the user that *legacy* becomes by a login or a reset.

    They have changed their password if they had to.
    """
    return drafted(ctx, legacy, origin, await MakeId(), await ReadDate())


def drafted(
    ctx: Context,
    legacy: LegacyUser,
    origin: Origin,
    user_id: str,
    now: dt.datetime,
    *,
    must_change: bool = False,
) -> User:
    """
    Return the user that *legacy* becomes: the fields of the allow-list, nothing else.
    """
    return User(
        id=user_id,
        origin=origin,
        legacy_id=ctx.legacy_id(legacy),
        email=legacy.email,
        email_verified=legacy.email_verified,
        username=legacy.username,
        blocked=legacy.blocked,
        must_change_password=must_change,
        profile=legacy.profile,
        user_metadata=legacy.user_metadata,
        app_metadata=legacy.app_metadata,
        created_at=legacy.created_at,
        migrated_at=now,
        updated_at=now,
    )


async def examine(ctx: Context, user: User) -> Examined:
    """
    Bring *user* into canonical form, and collect all violations, "taken" included.
    """
    examined = await Examine(user, ctx.policy)
    fields = await taken_fields(examined.user)
    violations = (*examined.violations, *map(taken, fields))
    return Examined(examined.user, violations)


async def taken_fields(user: User) -> list[str]:
    """
    Return which identifiers *user* cannot have.

    They are those of other stored users, and, for somebody who is moving, those in the
    ledger: whoever had them once has moved, too.  What belongs to the same legacy id,
    stored or in the ledger, is not in the way: that is the very same person, moved in
    the meantime, as whoever creates the user will notice.
    """
    return [key.kind.value for key in identifiers(user) if await _is_taken(user, key)]


async def fields_of_others(ctx: Context, asked: Asked, legacy: LegacyUser) -> list[str]:
    """
    Return which identifiers of *legacy*, who was *asked* for, are somebody else's.

    Where the source lets two users have one e-mail, whoever comes by their username
    must not take the e-mail along, and neither if it cannot say whose it is.  A source
    that cannot look up cannot tell.
    """
    fields = []
    for field, value in (("email", legacy.email), ("username", legacy.username)):
        other = None if value is None else asked_for(ctx, value)
        if other is None or other.person == asked.person:
            continue
        try:
            owner = await ask_user(ctx, other, None)
        except LookupUnsupportedError:
            break
        except AmbiguousUserError:
            fields.append(field)
            continue
        if owner is not None and owner.user_id != legacy.user_id:
            fields.append(field)
    return fields


async def is_outrun(asked: Asked, examined: Examined) -> bool:
    """
    Return whether the user has moved, or somebody got the asked identifier, meanwhile.
    """
    user, violations = examined.user, examined.violations
    lost = [kind for kind in ("email", "username") if taken(kind) in violations]
    if asked.key.kind.value in lost and _has_asked(asked, user):
        return True
    return bool(lost) and await has_moved(str(user.legacy_id))


async def check_loss(asked: Asked, user: User) -> None:
    """
    Find out why *user* could not be created.

    Raises:
        migratekit.errors.ProfileInvalidError:
            If it is for an identifier other than the asked one.
    """
    fields = await taken_fields(user)
    lost = asked.key.kind.value in fields and _has_asked(asked, user)
    if fields and not lost and not await has_moved(str(user.legacy_id)):
        raise ProfileInvalidError(map(taken, fields))


async def has_moved(legacy_id: str) -> bool:
    """
    Return whether the ledger has *legacy_id*.

    Whoever has moved may have been deleted by then, and others have their names.
    """
    return await CheckRetired(LedgerKey(KeyKind.LEGACY_ID, legacy_id)) is not None


def _has_asked(asked: Asked, user: User) -> bool:
    """
    Return whether *user* would have the very identifier that was asked for.

    In version 1, the source may spell it in another way.
    """
    return asked.key in identifiers(user)


async def _is_taken(user: User, key: Identifier) -> bool:
    record = await FindUser(key)
    moving = user.legacy_id is not None
    if record is not None:
        return not (moving and record.user.legacy_id == user.legacy_id)
    retirement = await CheckRetired(LedgerKey(key.kind, key.value)) if moving else None
    return retirement is not None and retirement.legacy_id != user.legacy_id


async def violations_of(ctx: Context, password: Secret) -> tuple[Violation, ...]:
    """
    Return how *password* breaks the application's rules.
    """
    if ctx.policy.password_check is None:
        return ()
    return await CheckPassword(password.value, ctx.policy.password_check)


async def check_new_password(ctx: Context, password: Secret) -> None:
    """
    Make sure that *password* may become somebody's.

    Raises:
        migratekit.errors.PasswordRejectedError: If it may not.
    """
    if not is_possible_password(password.value):
        raise PasswordRejectedError([impossible("password")])
    violations = await violations_of(ctx, password)
    if violations:
        raise PasswordRejectedError(violations)
