"""
Tokens that permit a password change, and what they are bound to.
"""

import datetime as dt

import attrs

from migratekit._fields import Shown
from migratekit._flows.context import Asked, Context
from migratekit._steps import ReadDate
from migratekit._tokens import Claims, Purpose
from migratekit.errors import PasswordChangeRequiredError
from migratekit.models import LegacyUser, Record


@attrs.frozen(repr=False)
class Issued(Shown):
    """
    A fresh token.
    """

    token: str = attrs.field(repr=False)
    expires_at: dt.datetime


async def issue(
    ctx: Context, purpose: Purpose, holder: Record | LegacyUser, identifier: str
) -> Issued:
    """
    Return a token for the record, or for the user of the source who is not stored.

    It is good for the record as it is now, or until the user has moved; then the source
    will be asked by *identifier*.
    """
    signer = ctx.tokens()
    expires = (await ReadDate() + ctx.policy.token_lifetime).replace(microsecond=0)
    claims = Claims(purpose=purpose, expires_at=int(expires.timestamp()))
    if isinstance(holder, Record):
        state = signer.state_of(holder)
        claims = attrs.evolve(claims, user_id=holder.user.id, state=state)
    else:
        claims = attrs.evolve(
            claims, legacy_id=ctx.legacy_id(holder), identifier=identifier
        )
    return Issued(signer.sign(claims), expires)


async def demand_change(
    ctx: Context, asked: Asked, holder: Record | LegacyUser
) -> PasswordChangeRequiredError:
    """
    Return the error of a right password that must be changed first.
    """
    if ctx.signer is None or ctx.policy.rehearse:
        return PasswordChangeRequiredError(None)
    issued = await issue(ctx, "must_change", holder, asked.typed)
    return PasswordChangeRequiredError(issued.token)
