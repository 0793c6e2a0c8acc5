"""
Whether the source's two answers about a user agree.
"""

import attrs

from migratekit._flows.context import Asked, Context, ask_source, tell
from migratekit._steps import AskUser
from migratekit.errors import MigrateKitError
from migratekit.events import ProfileDrift
from migratekit.models import LegacyUser


async def look_for_drift(
    ctx: Context, asked: Asked, legacy: LegacyUser, user_id: str
) -> None:
    """
    Compare what ``login`` returned with ``get_user``, where the policy says so.

    An outage changes nothing, and is no drift.
    """
    if not ctx.policy.detect_drift:
        return
    try:
        other = await ask_source(ctx, AskUser(asked.typed))
    except MigrateKitError:
        return
    fields = _differences(legacy, other)
    if fields:
        await tell(ctx, ProfileDrift(user_id=user_id, fields=fields))


def _differences(legacy: LegacyUser, other: LegacyUser | None) -> tuple[str, ...]:
    if other is None:
        return ("user_id",)
    names = (field.name for field in attrs.fields(LegacyUser))
    return tuple(
        name for name in names if getattr(legacy, name) != getattr(other, name)
    )
