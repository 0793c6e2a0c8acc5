"""
What an operator asks of a store, before and after the source goes.
"""

import datetime as dt
from collections.abc import Awaitable, Sequence
from typing import Any

import attrs

from migratekit._steps.step import Ports, Step, expect
from migratekit._steps.store import AbilityStep
from migratekit.errors import ContractError
from migratekit.models import LedgerKey, Retirement
from migratekit.protocols import BulkReservingStore, ReservingStore, WalkableSource
from migratekit.statistics import StatisticsStore, Tally


@attrs.frozen(eq=False, repr=False)
class FindListing(Step[WalkableSource | None]):
    """
    Returns the source if it can list its users.
    """

    def perform(self, ports: Ports) -> WalkableSource | None:
        return ports.source if isinstance(ports.source, WalkableSource) else None


@attrs.frozen(eq=False, repr=False)
class CanReserve(AbilityStep[None]):
    """
    Makes sure that the store can reserve.
    """

    ability = ReservingStore

    def perform(self, ports: Ports) -> None:
        self.of(ports)


@attrs.frozen(eq=False, repr=False)
class KeepsReservations(Step[bool]):
    def perform(self, ports: Ports) -> bool:
        return isinstance(ports.store, ReservingStore)


@attrs.frozen(eq=False, repr=False)
class CanReserveMany(Step[bool]):
    def perform(self, ports: Ports) -> bool:
        return isinstance(ports.store, BulkReservingStore)


@attrs.frozen(eq=False, repr=False)
class Reserve(AbilityStep[None]):
    port = "store.reserve"
    ability = ReservingStore

    keys: Sequence[LedgerKey]
    legacy_id: str

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        done: Awaitable[None] | None = self.of(ports).reserve(self.keys, self.legacy_id)
        return done


@attrs.frozen(eq=False, repr=False)
class ReserveMany(AbilityStep[None]):
    port = "store.reserve_many"
    ability = BulkReservingStore

    rows: Sequence[Retirement]

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        done: Awaitable[None] | None = self.of(ports).reserve_many(self.rows)
        return done


@attrs.frozen(eq=False, repr=False)
class ListReservations(AbilityStep[Sequence[Retirement]]):
    port = "store.reservations"
    ability = ReservingStore

    after: LedgerKey | None
    limit: int

    def perform(
        self, ports: Ports
    ) -> Sequence[Retirement] | Awaitable[Sequence[Retirement]]:
        page: Sequence[Retirement] | Awaitable[Sequence[Retirement]] = self.of(
            ports
        ).reservations(self.after, self.limit)
        return page

    def check(self, answer: Any) -> Sequence[Retirement]:
        page = expect(answer, Sequence, self)  # type: ignore[type-abstract]
        return tuple(expect(row, Retirement, self) for row in page)


@attrs.frozen(eq=False, repr=False)
class LiftReservations(AbilityStep[int]):
    port = "store.lift_reservations"
    ability = ReservingStore

    def perform(self, ports: Ports) -> int | Awaitable[int]:
        lifted: int | Awaitable[int] = self.of(ports).lift_reservations()
        return lifted

    def check(self, answer: Any) -> int:
        if expect(answer, int, self) < 0:
            raise ContractError("The store lifted fewer than no reservations.")
        number: int = answer
        return number


@attrs.frozen(eq=False, repr=False)
class ReadTallies(AbilityStep[Sequence[Tally]]):
    """
    Returns what was counted since a day; nothing if the store does not keep it.
    """

    port = "store.tallies"
    ability = StatisticsStore

    since: dt.date | None

    def perform(self, ports: Ports) -> Sequence[Tally] | Awaitable[Sequence[Tally]]:
        if not isinstance(ports.store, StatisticsStore):
            return ()
        return ports.store.tallies(self.since)

    def check(self, answer: Any) -> Sequence[Tally]:
        tallies = expect(answer, Sequence, self)  # type: ignore[type-abstract]
        return tuple(expect(tally, Tally, self) for tally in tallies)
