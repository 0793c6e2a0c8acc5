"""
What becomes of whoever has not moved when the source goes, and taking it back.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import attrs

from migratekit._flows.context import Context, asked_for, tell
from migratekit._flows.figures import remaining_users
from migratekit._steps import BindSource, IsCutOver
from migratekit._steps.operators import (
    CanReserve,
    CanReserveMany,
    FindListing,
    LiftReservations,
    ListReservations,
    Reserve,
    ReserveMany,
)
from migratekit.errors import ConfigurationError, ContractError, CutOverRefusedError
from migratekit.events import CutOver, LeftoversKept, ReservationsLifted
from migratekit.finish import KEEPINGS, MOST_ERRORS, Keeping, Leftovers
from migratekit.imports import codes
from migratekit.imports.report import ImportReport, RowError
from migratekit.models import ImportRecord, KeyKind, LedgerKey, Retirement
from migratekit.protocols import WalkableSource
from migratekit.validation import is_possible_user_id


__all__ = [
    "Decision",
    "Leftovers",
    "begin",
    "conclude",
    "decide",
    "lift",
    "loaded",
    "reserve_chunk",
    "tell_cut_over",
]

_PAGE: Final = 1000


@attrs.frozen
class Decision:
    """
    That the source may go: how many remain, and how they are to be kept first, if so.
    """

    remaining: int | None
    how: Literal["load", "reserve"] | None


async def decide(ctx: Context, leftovers: Keeping, *, force: bool) -> Decision:
    """
    Make sure that the source may go.

    Raises:
        migratekit.errors.CutOverRefusedError: If users remain, unless *force* is set.
        migratekit.errors.LegacyUnavailableError:
            If the source can count and does not answer, unless *force* is set.

        migratekit.errors.ConfigurationError:
            If this is a rehearsal, or nobody can be kept as *leftovers* says.
    """
    ctx.check_writes()
    if leftovers not in KEEPINGS:
        raise ConfigurationError("leftovers must be load, reserve or leave.")
    remaining = await remaining_users(force=force)
    if remaining and not force:
        raise CutOverRefusedError(remaining)
    if leftovers == "leave" or await IsCutOver() is True:
        return Decision(remaining, None)
    if await FindListing() is not None:
        return Decision(remaining, leftovers)
    if leftovers == "reserve":
        raise _cannot_list()
    return Decision(remaining, None)


async def tell_cut_over(ctx: Context, decision: Decision) -> None:
    """
    Tell that the source is gone.
    """
    await tell(ctx, CutOver(remaining=decision.remaining))


async def begin(ctx: Context, leftovers: object) -> WalkableSource:
    """
    Make sure that whoever remains may be kept at all, and return who knows them.

    Raises:
        migratekit.errors.ConfigurationError: If they may not, or cannot be.
    """
    if leftovers not in ("load", "reserve"):
        raise ConfigurationError("leftovers must be load or reserve.")
    ctx.check_writes()
    if leftovers == "load":
        ctx.check_moves()
    source = await FindListing()
    if source is None:
        raise _cannot_list()
    await CanReserve()
    await BindSource(ctx.source_name)
    return source


def _cannot_list() -> ConfigurationError:
    return ConfigurationError(
        "The source cannot list its users, so that nobody knows who remains."
    )


def loaded(report: ImportReport) -> Leftovers:
    """
    Return how far it is when *report* says how far the import is.
    """
    return Leftovers(rows=report.total, loaded=report.inserted, errors=report.errors)


async def reserve_chunk(
    ctx: Context, rows: Sequence[object], before: Leftovers, leftovers: str
) -> Leftovers:
    """
    Reserve what the users of some rows are known by, and return how far it is then.

    Whoever has moved keeps what is in the ledger, and gets what the source knows them
    by meanwhile: nobody else may have that, either.
    """
    wanted: list[Retirement] = []
    errors: list[RowError] = []
    for number, row in enumerate(rows, before.rows + 1):
        if isinstance(row, RowError):
            errors.append(row)
        elif not isinstance(row, ImportRecord):
            raise ContractError("A user that the source has listed is no ImportRecord.")
        elif not is_possible_user_id(row.user_id):
            line = number if row.line is None else row.line
            errors.append(codes.row_error(line, codes.FORMAT, "user_id"))
        else:
            wanted += _reservations(ctx, row)
    if wanted:
        await _reserve(wanted)
    # The import has told of them before.
    new = errors if leftovers == "reserve" else []
    return attrs.evolve(
        before,
        rows=before.rows + len(rows),
        unreadable=before.unreadable + len(errors),
        errors=(*before.errors, *new)[:MOST_ERRORS],
    )


def _reservations(ctx: Context, record: ImportRecord) -> Iterator[Retirement]:
    legacy_id = ctx.legacy_id(record)
    yield Retirement(LedgerKey(KeyKind.LEGACY_ID, legacy_id), "reserved", legacy_id)
    names = ((KeyKind.EMAIL, record.email), (KeyKind.USERNAME, record.username))
    for kind, name in names:
        asked = asked_for(ctx, name)
        # What is no identifier, or one of the other kind, is nobody's to register.
        if asked is not None and asked.key.kind is kind:
            yield Retirement(asked.ledger_key, "reserved", legacy_id)


async def _reserve(rows: Sequence[Retirement]) -> None:
    if await CanReserveMany():
        await ReserveMany(rows)
        return
    keys: dict[str, list[LedgerKey]] = {}
    for row in rows:
        keys.setdefault(str(row.legacy_id), []).append(row.key)
    for legacy_id, theirs in keys.items():
        await Reserve(theirs, legacy_id)


async def conclude(ctx: Context, kept: Leftovers) -> Leftovers:
    """
    Count who is reserved by now, and tell what became of whoever remained.
    """
    kept = attrs.evolve(kept, reserved=await _reserved(ctx))
    event = LeftoversKept(
        loaded=kept.loaded, reserved=kept.reserved, unreadable=kept.unreadable
    )
    await tell(ctx, event)
    return kept


async def _reserved(ctx: Context) -> int:
    number, after = 0, None
    prefix = f"{ctx.source_name}|"
    while page := await ListReservations(after, _PAGE):
        number += sum(
            row.key.kind is KeyKind.LEGACY_ID and row.key.value.startswith(prefix)
            for row in page
        )
        after = page[-1].key
    return number


async def lift(ctx: Context, *, force: bool) -> int:
    """
    Make all that is reserved free again, and return how many keys that were.

    Raises:
        migratekit.errors.ConfigurationError:
            If there is no source that knows them, unless *force* is set.
    """
    ctx.check_writes()
    if not force and await IsCutOver() is True:
        raise ConfigurationError(
            "Bring the source back first: without it, what is reserved would be free "
            "for anybody.  force=True lifts the reservations all the same."
        )
    lifted = await LiftReservations()
    await tell(ctx, ReservationsLifted(count=lifted))
    return lifted
