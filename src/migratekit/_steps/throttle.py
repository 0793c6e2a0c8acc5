"""
Questions to the throttle.
"""

import math
from collections.abc import Awaitable
from typing import Any, TypeVar

import attrs

from migratekit._steps.step import Ports, Step, whereabouts
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    MigrateKitError,
    StoreUnavailableError,
)
from migratekit.throttle import AttemptKey


R = TypeVar("R")


class _ThrottleStep(Step[R]):
    def blocks(self, ports: Ports) -> bool:
        in_memory = getattr(ports.throttle, "in_memory", False) is True
        return not in_memory and super().blocks(ports)

    def failure(self, exc: Exception) -> MigrateKitError | None:
        if isinstance(exc, ConfigurationError | ContractError):
            return exc
        return StoreUnavailableError(f"the throttle failed, {whereabouts(exc)}")


@attrs.frozen(eq=False, repr=False)
class ReserveAttempt(_ThrottleStep[float | None]):
    """
    Counts an attempt; or gives the seconds to wait, if it may not be made yet.
    """

    port = "throttle.reserve"

    key: AttemptKey

    def perform(self, ports: Ports) -> float | Awaitable[float | None] | None:
        return ports.throttle.reserve(self.key)

    def check(self, answer: Any) -> float | None:
        if answer is None:
            return None
        # Not even True or NaN, which are numbers of a kind, may let anybody pass.
        if type(answer) not in {int, float} or math.isnan(answer) or answer < 0:
            raise ContractError("The throttle's reserve() gave no time to wait.")
        return float(answer)


@attrs.frozen(eq=False, repr=False)
class ReleaseAttempt(_ThrottleStep[None]):
    port = "throttle.release"

    key: AttemptKey

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return ports.throttle.release(self.key)


@attrs.frozen(eq=False, repr=False)
class ResetAttempts(_ThrottleStep[None]):
    port = "throttle.reset"

    key: AttemptKey

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return ports.throttle.reset(self.key)
