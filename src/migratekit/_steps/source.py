"""
Questions to the legacy source.
"""

from collections.abc import Awaitable
from typing import Any, TypeVar

import attrs

from migratekit._guard import Unguarded
from migratekit._steps.step import Ports, Step, expect, whereabouts
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    MigrateKitError,
    UnusableHashError,
)
from migratekit.events import Event
from migratekit.models import LegacyUser
from migratekit.protocols import CountableSource
from migratekit.validation import is_possible_user_id


R = TypeVar("R")


class _SourceStep(Step[R]):
    # A source that hangs would keep stored users out.
    outside = True

    def failure(self, exc: Exception) -> MigrateKitError | None:
        return failure_of_source(exc)


def failure_of_source(exc: Exception) -> MigrateKitError:
    """
    Return what it means that a source has raised *exc*.
    """
    known = (
        ConfigurationError,
        ContractError,
        LegacyUnavailableError,
        UnusableHashError,
    )
    if isinstance(exc, known):
        return exc
    if isinstance(exc, MigrateKitError):
        return ContractError(f"The source raised {whereabouts(exc)}.")
    return LegacyUnavailableError(whereabouts(exc))


class _PersonStep(_SourceStep[LegacyUser | None]):
    def check(self, answer: Any) -> LegacyUser | None:
        if answer is None:
            return None
        legacy = expect(answer, LegacyUser, self)
        if not is_possible_user_id(legacy.user_id):
            raise ContractError("The source gave a user_id that is none.")
        return _plain(legacy)


def _plain(legacy: LegacyUser) -> LegacyUser:
    """
    Return *legacy* without what a subclass has besides, such as the hash of an
    `migratekit.models.ImportRecord`.
    """
    if type(legacy) is LegacyUser:
        return legacy
    names = (field.name for field in attrs.fields(LegacyUser))
    return LegacyUser(**{name: getattr(legacy, name) for name in names})


@attrs.frozen(eq=False, repr=False)
class AskLogin(_PersonStep):
    identifier: str
    password: str = attrs.field(repr=False)

    def perform(self, ports: Ports) -> LegacyUser | Awaitable[LegacyUser | None] | None:
        asked: LegacyUser | Awaitable[LegacyUser | None] | None = ports.guard.call(
            ports.source.login, self.identifier, self.password
        )
        return asked


@attrs.frozen(eq=False, repr=False)
class AskUser(_PersonStep):
    identifier: str

    def perform(self, ports: Ports) -> LegacyUser | Awaitable[LegacyUser | None] | None:
        asked: LegacyUser | Awaitable[LegacyUser | None] | None = ports.guard.call(
            ports.source.get_user, self.identifier
        )
        return asked


@attrs.frozen(eq=False, repr=False)
class TakeNews(Step[tuple[Event, ...]]):
    """
    What has become of the source since this was last asked: suspended, resumed, or how
    it did.
    """

    def perform(self, ports: Ports) -> tuple[Event, ...]:
        return ports.guard.news()


@attrs.frozen(eq=False, repr=False)
class IsCutOver(Step[bool]):
    """
    Whether there is no source any more.
    """

    def perform(self, ports: Ports) -> bool:
        return isinstance(ports.guard, Unguarded)


@attrs.frozen(eq=False, repr=False)
class CountSource(_SourceStep[int | None]):
    """
    Asks the source for its number of users; None if it cannot count.
    """

    port = "source.count"

    def blocks(self, ports: Ports) -> bool:
        return isinstance(ports.source, CountableSource) and super().blocks(ports)

    def perform(self, ports: Ports) -> int | Awaitable[int | None] | None:
        if isinstance(ports.source, CountableSource):
            return ports.source.count()
        return None

    def check(self, answer: Any) -> int | None:
        if answer is not None and expect(answer, int, self) < 0:
            raise ContractError("The source counted fewer than no users.")
        number: int | None = answer
        return number
