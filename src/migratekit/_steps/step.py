"""
What a step is, and whom it asks.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Generator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import attrs

from migratekit._fields import Shown
from migratekit._guard import AsyncGuard, Guard, Unguarded
from migratekit.errors import ConfigurationError, ContractError, MigrateKitError
from migratekit.hashing import SHARED, HashQueue, Lane, Place
from migratekit.protocols import (
    AsyncLegacySource,
    AsyncUserStore,
    Clock,
    LegacySource,
    PasswordHasher,
    UserStore,
)
from migratekit.throttle import AsyncThrottle, Throttle
from migratekit.validation import Validator


R = TypeVar("R")


@attrs.frozen(repr=False)
class Ports(Shown):
    """
    Whom the steps ask.

    *decoy* is a hash at current parameters that no password belongs to; *place* is the
    one in *hash_queue* of the flow that asks.
    """

    store: UserStore | AsyncUserStore
    source: LegacySource | AsyncLegacySource
    hasher: PasswordHasher
    validator: Validator
    clock: Clock
    guard: Guard | AsyncGuard | Unguarded
    decoy: str = attrs.field(repr=False)
    throttle: Throttle | AsyncThrottle
    hash_queue: HashQueue = SHARED
    place: Place = attrs.field(repr=False)

    @place.default
    def _not_taken(self) -> Place:
        return self.hash_queue.place()


@attrs.frozen(repr=False)
class Failed(Shown):
    """
    What a step is answered with that could not be performed.
    """

    error: MigrateKitError


class Step(Shown, ABC, Generic[R]):
    """
    One question.  Awaiting it in a flow gives the answer.
    """

    # What is called; None for what neither blocks nor awaits.
    port: ClassVar[str | None] = None
    # Whether others may have the flow's place in the queue for hashes meanwhile.
    outside: ClassVar[bool] = False

    @abstractmethod
    def perform(self, ports: Ports) -> R | Awaitable[R]:
        """
        Ask, and return the answer or what has to be awaited for it.
        """

    def blocks(self, ports: Ports) -> bool:
        """
        Return whether `perform()` may block, and belongs in a thread in an event loop.
        """
        if self.port is None:
            return False
        return not inspect.iscoroutinefunction(attrgetter(self.port)(ports))

    def lane(self, ports: Ports) -> Lane | None:
        """
        Return where `perform()` waits for its turn; None for what takes no turns.
        """
        return None

    def check(self, answer: Any) -> R:
        """
        Return *answer* if the protocol allows it.

        Raises:
            migratekit.errors.ContractError: If it does not.
        """
        checked: R = answer
        return checked

    def failure(self, exc: Exception) -> MigrateKitError | None:
        """
        Return the error that *exc* is for the flow, or None if it is none at all.
        """
        if isinstance(exc, ConfigurationError | ContractError):
            return exc
        return ContractError(f"{type(self).__name__} failed: {whereabouts(exc)}.")

    def __await__(self) -> Generator["Step[R]", "R | Failed", R]:
        answer = yield self
        # Sent and not thrown: a throw() that is caught looks to the tracers of
        # CPython 3.11 like more returns than calls, and coverage loses its place.
        if isinstance(answer, Failed):
            raise answer.error
        return answer

    if not TYPE_CHECKING:  # pragma: no branch -- it never is, when this runs

        def __bool__(self) -> bool:
            # A forgotten await must fail, not be truthy.
            raise TypeError(f"{type(self).__name__} was not awaited.")


def whereabouts(exc: BaseException) -> str:
    """
    Return the type of *exc* and the line that raised it; never its text.
    """
    place = ""
    traceback = exc.__traceback__
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        place = f" at {module}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f"{type(exc).__name__}{place}"


def expect(answer: Any, kind: type[R], step: Step[Any]) -> R:
    """
    Return *answer* if it is a *kind*.

    Raises:
        migratekit.errors.ContractError: If it is something else.
    """
    if not isinstance(answer, kind):
        raise ContractError(
            f"{type(step).__name__} was answered with {type(answer).__name__}, "
            f"not {kind.__name__}."
        )
    return answer
