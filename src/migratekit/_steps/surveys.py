"""
Questions about all users, those of the source and those of the store.
"""

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol

import attrs

from migratekit._findings import Finding
from migratekit._judging import Verdict, judge
from migratekit._steps.step import Ports, Step, expect
from migratekit._steps.store import AbilityStep
from migratekit.errors import ContractError
from migratekit.formats.format import LegacyFormat
from migratekit.models import LedgerKey, Retirement, StoredHash
from migratekit.protocols import LookupStore


class Desk(Protocol):
    """
    Where a survey gets the source's users, and tells what it finds.

    Its methods may be coroutine functions.
    """

    def begin(self) -> Awaitable[None] | None:
        """
        Begin at the first user, once more if need be.
        """

    def take(self) -> Awaitable[Sequence[Any]] | Sequence[Any]:
        """
        Return the next users, or none at the end.
        """

    def tell(self, findings: Sequence[Finding], /) -> Awaitable[None] | None:
        """
        Take note of *findings*.
        """

    def advance(self, done: int, /) -> Awaitable[None] | None:
        """
        Take note that *done* more users were dealt with.
        """

    def deploy(self) -> Awaitable[None] | None:
        """
        Have everybody compare by the new strategy version.
        """


@attrs.frozen(eq=False, repr=False)
class BeginWalk(Step[None]):
    desk: Desk

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return self.desk.begin()


@attrs.frozen(eq=False, repr=False)
class TakeRows(Step[Sequence[Any]]):
    desk: Desk

    def perform(self, ports: Ports) -> Awaitable[Sequence[Any]] | Sequence[Any]:
        return self.desk.take()


@attrs.frozen(eq=False, repr=False)
class TellFindings(Step[None]):
    desk: Desk
    findings: Sequence[Finding]

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return self.desk.tell(self.findings)


@attrs.frozen(eq=False, repr=False)
class Advance(Step[None]):
    desk: Desk
    done: int

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return self.desk.advance(self.done)


@attrs.frozen(eq=False, repr=False)
class Deploy(Step[None]):
    desk: Desk

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return self.desk.deploy()


@attrs.frozen(eq=False, repr=False)
class TellsHashes(Step[bool]):
    """
    Whether the source tells how it verifies the hashes that it lists.
    """

    def perform(self, ports: Ports) -> bool:
        return _format_of(ports) is not None


@attrs.frozen(eq=False, repr=False)
class JudgeAll(Step[tuple[Verdict, ...]]):
    """
    Has the hasher judge hashes, and the format of the source, if it tells it.
    """

    port = "hasher.hash"

    hashes: Sequence[StoredHash] = attrs.field(repr=False)

    def perform(self, ports: Ports) -> tuple[Verdict, ...]:
        format_ = _format_of(ports)
        return tuple(judge(ports.hasher, format_, stored) for stored in self.hashes)


def _format_of(ports: Ports) -> LegacyFormat | None:
    format_: LegacyFormat | None = getattr(ports.source, "format", None)
    return format_ if callable(getattr(format_, "identify", None)) else None


# --- The ledger ------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class LooksUpMany(Step[bool]):
    def perform(self, ports: Ports) -> bool:
        return isinstance(ports.store, LookupStore)


@attrs.frozen(eq=False, repr=False)
class CheckAllRetired(AbilityStep[Sequence[Retirement | None]]):
    port = "store.retired_many"
    ability = LookupStore

    keys: Sequence[LedgerKey]

    def perform(
        self, ports: Ports
    ) -> Sequence[Retirement | None] | Awaitable[Sequence[Retirement | None]]:
        rows: Sequence[Retirement | None] | Awaitable[Sequence[Retirement | None]] = (
            self.of(ports).retired_many(self.keys)
        )
        return rows

    def check(self, answer: Any) -> Sequence[Retirement | None]:
        rows = expect(answer, Sequence, self)  # type: ignore[type-abstract]
        if len(rows) != len(self.keys):
            raise ContractError("The store did not tell of every key it was asked for.")
        return [None if row is None else expect(row, Retirement, self) for row in rows]
