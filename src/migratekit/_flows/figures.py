"""
Who is stored, and how far the migration is.
"""

import datetime as dt
from collections.abc import Sequence

from migratekit._flows.context import Context, ask_user, asked_for, tell_missed
from migratekit._steps import (
    CheckRetired,
    CountSource,
    CountUsers,
    FindUser,
    ListUsers,
)
from migratekit.errors import ConfigurationError, LegacyUnavailableError
from migratekit.models import (
    KeyKind,
    LedgerKey,
    LegacyUser,
    Origin,
    Progress,
    User,
)


PAGE = 500


async def get_user(ctx: Context, identifier: object) -> User | LegacyUser | None:
    """
    Return whom an identifier belongs to.  Writes nothing.
    """
    asked = asked_for(ctx, identifier)
    if asked is None:
        return None
    # In this order, nobody who moves in between is taken for unknown.
    retirement = await CheckRetired(asked.ledger_key)
    record = await FindUser(asked.key)
    if record is not None:
        return record.user
    if retirement is not None:
        await tell_missed(ctx, asked, "get_user", retirement)
        return None
    legacy = await ask_user(ctx, asked, "get_user")
    if legacy is None:
        return None
    key = LedgerKey(KeyKind.LEGACY_ID, ctx.legacy_id(legacy))
    if await CheckRetired(key) is None:
        return legacy
    # Perhaps while the source was being asked.
    moved = await FindUser(asked.key)
    return None if moved is None else moved.user


async def list_users(
    _: Context,
    after: str | None,
    origin: Origin | None,
    migrated_since: dt.datetime | None,
) -> Sequence[User]:
    """
    Return the page of stored users behind the id *after*.
    """
    return await ListUsers(after, PAGE, origin, migrated_since)


async def progress(_: Context) -> Progress:
    """
    Count who has moved, and who has not where the source can tell.
    """
    try:
        known = await CountSource()
    except LegacyUnavailableError:
        known = None
    return await _progress(known)


async def remaining_users(*, force: bool) -> int | None:
    """
    Count who has not moved; None where nobody can tell.

    Raises:
        migratekit.errors.LegacyUnavailableError:
            If the source can count and does not answer, unless *force* is set.

        migratekit.errors.ConfigurationError:
            If it can and the store cannot, unless *force* is set.
    """
    try:
        known = await CountSource()
    except LegacyUnavailableError:
        if not force:
            raise
        return None
    if known is None:
        return None
    try:
        return (await _progress(known)).remaining
    except ConfigurationError:
        # A store that cannot count must not keep anybody from cutting over.
        if not force:
            raise
        return None


async def _progress(known: int | None) -> Progress:
    figures = await CountUsers()
    by_origin = {origin: figures.by_origin.get(origin, 0) for origin in Origin}
    # Those that are equally frequent by their names.
    by_format = sorted(figures.by_format.items(), key=lambda item: (-item[1], item[0]))
    return Progress(
        total=sum(by_origin.values()),
        by_origin=by_origin,
        moved=figures.moved,
        remaining=None if known is None else max(0, known - figures.moved),
        by_day=dict(sorted(figures.by_day.items())),
        by_format=dict(by_format),
    )
