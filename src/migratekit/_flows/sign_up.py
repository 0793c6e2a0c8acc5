"""
How people who are in neither database begin.
"""

from collections.abc import Mapping
from functools import partial
from typing import Literal

import attrs

from migratekit._fields import Shown
from migratekit._flows.attempts import attempt_request
from migratekit._flows.context import (
    Asked,
    Context,
    Secret,
    ask_user,
    asked_for,
    tell,
    tell_missed,
)
from migratekit._flows.profiles import check_new_password, taken_fields
from migratekit._flows.refusals import wait_for_floor
from migratekit._flows.writes import create
from migratekit._steps import (
    CheckRetired,
    EnterQueue,
    Examine,
    HashPassword,
    MakeId,
    ReadClock,
    ReadDate,
)
from migratekit.errors import (
    AccessDeniedError,
    AmbiguousUserError,
    MigrateKitError,
    ProfileInvalidError,
    UserExistsError,
    Violation,
)
from migratekit.events import Operation, UserSignedUp
from migratekit.models import JSON, NewUser, Origin, User
from migratekit.validation import impossible


@attrs.frozen(kw_only=True, repr=False)
class Application(Shown):
    """
    What somebody filled in to get an account.
    """

    email: str
    username: str | None
    email_verified: bool
    profile: Mapping[str, JSON] = attrs.field(repr=False)
    password: Secret | None
    client: str | None = None


def apply(
    email: str,
    password: Secret | None,
    *,
    username: str | None,
    profile: Mapping[str, JSON] | None,
    email_verified: bool = False,
    client: str | None = None,
) -> Application:
    """
    Return what was filled in.
    """
    return Application(
        email=email,
        username=username,
        email_verified=email_verified,
        profile={} if profile is None else profile,
        password=password,
        client=client,
    )


async def sign_up(ctx: Context, application: Application) -> User:
    """
    Store somebody who registers themselves; a refusal takes ``failure_floor``.
    """
    await EnterQueue(both=True)
    began = await ReadClock()
    try:
        if not ctx.policy.allow_sign_up:
            raise AccessDeniedError("sign_up_disabled")
        answer = partial(_enrol, ctx, application, Origin.SIGN_UP)
        return await attempt_request(ctx, application.client, answer)
    except MigrateKitError:
        await wait_for_floor(ctx, began)
        raise


async def create_user(ctx: Context, application: Application) -> User:
    """
    Store somebody whom an administrator registers.
    """
    return await _enrol(ctx, application, Origin.ADMIN)


async def _enrol(ctx: Context, application: Application, origin: Origin) -> User:
    ctx.check_moves()
    user = await _applicant(ctx, application, origin)
    password = application.password
    if password is not None:
        await check_new_password(ctx, password)

    for field in await taken_fields(user):
        raise UserExistsError(field)
    operation: Operation = "sign_up" if origin is Origin.SIGN_UP else "create_user"
    email = identifier_for(ctx, "email", application.email)
    await check_free(ctx, email, operation)
    if user.username is not None:
        username = identifier_for(ctx, "username", application.username)
        # It is one person, and was told of above.
        await check_free(ctx, username, None)

    new = NewUser(
        user, None if password is None else await HashPassword(password.value)
    )
    user = (await create(ctx, new)).user
    await tell(ctx, UserSignedUp(user_id=user.id, origin=origin))
    return user


async def _applicant(ctx: Context, application: Application, origin: Origin) -> User:
    now = await ReadDate()
    try:
        user = User(
            id=await MakeId(),
            origin=origin,
            email=application.email,
            email_verified=application.email_verified,
            username=application.username,
            profile=application.profile,
            created_at=now,
            updated_at=now,
        )
    except (RecursionError, TypeError):
        raise ProfileInvalidError(_misfits(application)) from None
    examined = await Examine(user, ctx.policy)
    if examined.violations:
        raise ProfileInvalidError(examined.violations)
    return examined.user


def _misfits(application: Application) -> list[Violation]:
    optional = (str, type(None))
    wrong = [impossible("email")] if type(application.email) is not str else []
    if type(application.username) not in optional:
        wrong.append(impossible("username"))
    return wrong or [impossible("profile")]


def identifier_for(
    ctx: Context, field: Literal["email", "username"], value: object
) -> Asked:
    """
    Return how to ask for a new e-mail or username.

    Raises:
        migratekit.errors.ProfileInvalidError:
            If nobody could ever be found by it.
    """
    asked = asked_for(ctx, value)
    if asked is None or asked.key.kind.value != field:
        raise ProfileInvalidError([impossible(field)])
    return asked


async def check_free(
    ctx: Context,
    asked: Asked,
    operation: Operation | None,
    *,
    own: str | None = None,
) -> None:
    """
    Make sure that an identifier nobody has stored is not kept for somebody.

    *own* is the legacy id of whoever asks: their own row is not in the way.
    *operation* is what wants to know, see `ask_user()`.

    Raises:
        migratekit.errors.UserExistsError:
            If it is reserved, or the source knows it.
    """
    kind = asked.key.kind.value
    retirement = await CheckRetired(asked.ledger_key)
    if retirement is None:
        try:
            legacy = await ask_user(ctx, asked, operation)
        except AmbiguousUserError:
            raise UserExistsError(kind) from None
        if legacy is not None and (own is None or ctx.legacy_id(legacy) != own):
            raise UserExistsError(kind)
    elif retirement.reason == "reserved" and (
        own is None or retirement.legacy_id != own
    ):
        await tell_missed(ctx, asked, operation, retirement)
        raise UserExistsError(kind)
