"""
Questions about passwords and profiles.
"""

import inspect
from collections.abc import Awaitable, Iterable
from typing import Any

import attrs

from migratekit._steps.step import Ports, Step, expect, whereabouts
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    MigrateKitError,
    OverloadedError,
    UnusableHashError,
    Violation,
)
from migratekit.hashing import Lane
from migratekit.models import User
from migratekit.policy import MigrationPolicy, PasswordCheck
from migratekit.protocols import RankingHasher
from migratekit.validation import Examined


@attrs.frozen(eq=False, repr=False)
class EnterQueue(Step[None]):
    """
    Takes the flow's place in the queue for hashes.  It is given back at the latest when
    the flow ends.

    With *both*, there has to be one as well for the hash behind the source.
    """

    both: bool = attrs.field(default=False, kw_only=True)

    def perform(self, ports: Ports) -> None:
        ports.place.take(both=self.both)

    def failure(self, exc: Exception) -> MigrateKitError | None:
        return exc if isinstance(exc, OverloadedError) else super().failure(exc)


@attrs.frozen(eq=False, repr=False)
class LeaveQueue(Step[None]):
    def perform(self, ports: Ports) -> None:
        ports.place.give_back()


@attrs.frozen(eq=False, repr=False)
class HashPassword(Step[str]):
    port = "hasher.hash"

    password: str = attrs.field(repr=False)

    def lane(self, ports: Ports) -> Lane:
        # The decoy is made in the same way.
        return _lane_for(ports, ports.decoy, behind=ports.place.is_aside)

    def perform(self, ports: Ports) -> str:
        return ports.hasher.hash(self.password)

    def check(self, answer: Any) -> str:
        return expect(answer, str, self)


@attrs.frozen(eq=False, repr=False)
class VerifyPassword(Step[bool]):
    """
    Compares with *encoded*, or, if that is None, with the decoy.
    """

    port = "hasher.verify"

    password: str = attrs.field(repr=False)
    encoded: str | None = attrs.field(repr=False)

    def lane(self, ports: Ports) -> Lane:
        return _lane_for(ports, self._compared(ports))

    def perform(self, ports: Ports) -> bool:
        return ports.hasher.verify(self.password, self._compared(ports))

    def check(self, answer: Any) -> bool:
        return expect(answer, bool, self)

    def failure(self, exc: Exception) -> MigrateKitError | None:
        if isinstance(exc, ConfigurationError | ContractError | UnusableHashError):
            return exc
        return UnusableHashError("…", whereabouts(exc))

    def _compared(self, ports: Ports) -> str:
        return ports.decoy if self.encoded is None else self.encoded


def _lane_for(ports: Ports, encoded: str, *, behind: bool = False) -> Lane:
    # Quicker than to ask whether it is a GILHoldingHasher.
    ask = getattr(ports.hasher, "holds_gil", None)
    try:
        holds_gil = ask is not None and ask(encoded) is not False
    except Exception:  # noqa: BLE001 -- verify() will say what is wrong
        holds_gil = True
    return ports.hash_queue.lane(holds_gil=holds_gil, behind=behind)


@attrs.frozen(eq=False, repr=False)
class NeedsRehash(Step[bool]):
    encoded: str | None = attrs.field(repr=False)

    def perform(self, ports: Ports) -> bool:
        return self.encoded is None or ports.hasher.needs_rehash(self.encoded)

    def check(self, answer: Any) -> bool:
        return expect(answer, bool, self)


@attrs.frozen(eq=False, repr=False)
class NeedsUpgrade(Step[bool]):
    """
    Whether a hash is to be renewed: it is not current, and not stronger either.
    """

    encoded: str = attrs.field(repr=False)

    def perform(self, ports: Ports) -> bool:
        hasher = ports.hasher
        if hasher.needs_rehash(self.encoded) is not True:
            return False
        if isinstance(hasher, RankingHasher):
            return hasher.is_upgrade(self.encoded)
        return True

    def check(self, answer: Any) -> bool:
        return expect(answer, bool, self)


@attrs.frozen(eq=False, repr=False)
class Examine(Step[Examined]):
    port = "validator.examine"

    user: User
    policy: MigrationPolicy

    def perform(self, ports: Ports) -> Examined:
        return ports.validator.examine(self.user, self.policy)

    def check(self, answer: Any) -> Examined:
        _expect_violations(expect(answer, Examined, self).violations, self)
        examined: Examined = answer
        return examined


@attrs.frozen(eq=False, repr=False)
class CheckPassword(Step[tuple[Violation, ...]]):
    password: str = attrs.field(repr=False)
    password_check: PasswordCheck

    def blocks(self, ports: Ports) -> bool:
        return True

    def perform(
        self, ports: Ports
    ) -> tuple[Violation, ...] | Awaitable[tuple[Violation, ...]]:
        answer: Any = self.password_check(self.password)
        return answer if inspect.isawaitable(answer) else tuple(answer)

    def check(self, answer: Any) -> tuple[Violation, ...]:
        return _expect_violations(answer, self)


def _expect_violations(answer: Any, step: Step[Any]) -> tuple[Violation, ...]:
    return tuple(
        expect(violation, Violation, step)
        for violation in expect(answer, Iterable, step)  # type: ignore[type-abstract]
    )
