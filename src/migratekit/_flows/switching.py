"""
Brings all stored users into the form of strategy version 2.

Every write is whole by itself, and whoever is in that form already is left alone: so it
may end at any point, and go on by beginning again.
"""

import attrs

from migratekit._findings import Finding, SwitchReport
from migratekit._flows.context import ATTEMPTS, Context, tell
from migratekit._flows.figures import PAGE
from migratekit._flows.findings import Found
from migratekit._flows.stored import Pages, Pair, survey_stored, version_2
from migratekit._flows.writes import replace
from migratekit._steps import CheckRetired, Examine, GetUser, ReadDate
from migratekit._steps.operators import (
    KeepsReservations,
    ListReservations,
    Reserve,
)
from migratekit._steps.surveys import (
    Advance,
    BeginWalk,
    Deploy,
    Desk,
)
from migratekit.errors import StaleRecordError, SwitchRefusedError, UserExistsError
from migratekit.events import StrategySwitched
from migratekit.imports import codes
from migratekit.models import LedgerKey, Record
from migratekit.validation import canonical


async def plan_switch(ctx: Context, desk: Desk) -> SwitchReport:
    """
    Find out what `switch()` would do.  Writes nothing.

    Raises:
        migratekit.errors.SwitchRefusedError: If it would refuse.
    """
    survey = await survey_stored(ctx, desk)
    if survey.codes:
        raise SwitchRefusedError(sum(survey.codes.values()))
    reserved = await _reserve(write=False)
    return SwitchReport(
        users=survey.users, rewritten=survey.differing, reserved=reserved
    )


async def switch(ctx: Context, desk: Desk) -> SwitchReport:
    """
    Rewrite all users, have the new version deployed, and rewrite who came meanwhile.

    Raises:
        migratekit.errors.SwitchRefusedError:
            If some collide or are invalid; nothing was written.
    """
    ctx.check_writes()
    await plan_switch(ctx, desk)
    report = await _rewrite_all(ctx, desk)
    if not report.left:
        await Deploy(desk)
        after = await _rewrite_all(ctx, desk)
        report = attrs.evolve(
            after,
            rewritten=report.rewritten + after.rewritten,
            reserved=report.reserved + after.reserved,
        )
    if report.rewritten or report.reserved or report.left:
        event = StrategySwitched(
            rewritten=report.rewritten, reserved=report.reserved, left=report.left
        )
        await tell(ctx, event)
    return report


async def _rewrite_all(ctx: Context, desk: Desk) -> SwitchReport:
    pages, found = Pages(ctx), Found(desk)
    users = rewritten = left = 0
    await BeginWalk(desk)
    while page := await pages.take():
        for pair in page:
            if not pair.differs:
                continue
            obstacles = await _rewrite(ctx, pair.before.id)
            await found.tell(obstacles or [])
            left += bool(obstacles)
            rewritten += obstacles == []
        users += len(page)
        await Advance(desk, len(page))
    return SwitchReport(
        users=users,
        rewritten=rewritten,
        reserved=await _reserve(write=True),
        left=left,
        findings=tuple(found.first),
    )


async def _rewrite(ctx: Context, user_id: str) -> list[Finding] | None:
    """
    Write a user in the form of version 2, as they are by now.

    Returns:
        What is in the way; nothing if they were written; None if there was no need.

    Raises:
        migratekit.errors.StaleRecordError: If others were faster every time.
    """
    for _ in range(ATTEMPTS):
        old = await GetUser(user_id)
        if old is None:
            return None
        examined = await Examine(old.user, version_2(ctx))
        pair = Pair(old.user, examined.user, examined.violations)
        if not pair.differs:
            return None
        if pair.violations:
            return [*pair.misfits()]
        user = attrs.evolve(pair.after, updated_at=await ReadDate())
        try:
            await replace(old, Record(user, old.password_hash, old.version))
        except StaleRecordError:
            continue
        except UserExistsError as error:
            code = codes.OF_FIELD[error.field]
            return [pair.finding(code, error.field, codes.MESSAGES[code])]
        return []
    raise StaleRecordError


async def _reserve(*, write: bool) -> int:
    """
    Reserve what is reserved in the form of version 2, too, and return how much that is.

    What somebody has used in that form stays theirs.
    """
    if await KeepsReservations() is not True:
        return 0
    number, after = 0, None
    while page := await ListReservations(after, PAGE):
        for row in page:
            key = _in_version_2(row.key)
            if key is None or row.legacy_id is None:
                continue
            if await CheckRetired(key) is None:
                number += 1
                if write:
                    await Reserve((key,), row.legacy_id)
        after = page[-1].key
    return number


def _in_version_2(key: LedgerKey) -> LedgerKey | None:
    """
    Return the form in which version 2 looks for *key*, if it is another one.
    """
    try:
        form = LedgerKey(key.kind, canonical(key.value).value)
    except ValueError:
        return None
    return None if form == key else form
