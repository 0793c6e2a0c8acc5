"""
Questions to the store.
"""

import datetime as dt
from collections.abc import Awaitable, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

import attrs

from migratekit._steps.step import Ports, Step, expect, whereabouts
from migratekit.errors import (
    AlreadyMigratedError,
    ConfigurationError,
    ContractError,
    MigrateKitError,
    StaleRecordError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.models import (
    Figures,
    Identifier,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    Retirement,
    User,
)
from migratekit.protocols import (
    BindableStore,
    BulkStore,
    CountableStore,
    ListableStore,
    ReadmittingStore,
)


R = TypeVar("R")


def _record(answer: Any, step: Step[Any]) -> Record:
    record = expect(answer, Record, step)
    expect(record.user, User, step)
    expect(record.version, int, step)
    if record.password_hash is not None:
        expect(record.password_hash, str, step)
    return record


# What became of a new user: stored, or what was in the way.
Created: TypeAlias = AlreadyMigratedError | UserExistsError | None


class _StoreStep(Step[R]):
    def failure(self, exc: Exception) -> MigrateKitError | None:
        known = (
            AlreadyMigratedError,
            ConfigurationError,
            ContractError,
            StaleRecordError,
            StoreUnavailableError,
            UserExistsError,
        )
        if isinstance(exc, known):
            return exc
        return StoreUnavailableError(whereabouts(exc))


@attrs.frozen(eq=False, repr=False)
class FindUser(_StoreStep[Record | None]):
    port = "store.find"

    identifier: Identifier

    def perform(self, ports: Ports) -> Record | Awaitable[Record | None] | None:
        return ports.store.find(self.identifier)

    def check(self, answer: Any) -> Record | None:
        if answer is None:
            return None
        record = _record(answer, self)
        if getattr(record.user, self.identifier.kind) != self.identifier.value:
            raise ContractError("The store returned another user than was looked up.")
        return record


@attrs.frozen(eq=False, repr=False)
class GetUser(_StoreStep[Record | None]):
    port = "store.get"

    user_id: str

    def perform(self, ports: Ports) -> Record | Awaitable[Record | None] | None:
        return ports.store.get(self.user_id)

    def check(self, answer: Any) -> Record | None:
        if answer is None:
            return None
        record = _record(answer, self)
        if record.user.id != self.user_id:
            raise ContractError("The store returned another user than was asked for.")
        return record


@attrs.frozen(eq=False, repr=False)
class CheckRetired(_StoreStep[Retirement | None]):
    port = "store.retired"

    key: LedgerKey

    def perform(self, ports: Ports) -> Retirement | Awaitable[Retirement | None] | None:
        return ports.store.retired(self.key)

    def check(self, answer: Any) -> Retirement | None:
        return None if answer is None else expect(answer, Retirement, self)


@attrs.frozen(eq=False, repr=False)
class CreateUser(_StoreStep[Record]):
    port = "store.create"

    new: NewUser

    def perform(self, ports: Ports) -> Record | Awaitable[Record]:
        return ports.store.create(self.new)

    def check(self, answer: Any) -> Record:
        record = _record(answer, self)
        if record.user.id != self.new.user.id:
            raise ContractError("The store returned another user than was created.")
        return record


@attrs.frozen(eq=False, repr=False)
class ReplaceUser(_StoreStep[Record]):
    port = "store.replace"

    old: Record
    new: Record

    def perform(self, ports: Ports) -> Record | Awaitable[Record]:
        return ports.store.replace(self.old, self.new)

    def check(self, answer: Any) -> Record:
        record = _record(answer, self)
        if record.user.id != self.old.user.id or record.version <= self.old.version:
            raise ContractError("The store did not return the next version.")
        return record


@attrs.frozen(eq=False, repr=False)
class DeleteUser(_StoreStep[None]):
    port = "store.delete"

    record: Record

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return ports.store.delete(self.record)


@attrs.frozen(eq=False, repr=False)
class BindSource(_StoreStep[None]):
    """
    Has the store compare the source's name, if it remembers one.
    """

    port = "store.bind_source"

    source_name: str

    def blocks(self, ports: Ports) -> bool:
        return isinstance(ports.store, BindableStore) and super().blocks(ports)

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        if isinstance(ports.store, BindableStore):
            return ports.store.bind_source(self.source_name)
        return None


class AbilityStep(_StoreStep[R]):
    """
    What only a store with an ability can answer.
    """

    ability: ClassVar[type]

    def of(self, ports: Ports) -> Any:
        if not isinstance(ports.store, self.ability):
            raise ConfigurationError(
                f"{type(ports.store).__name__} is no {self.ability.__name__}."
            )
        return ports.store

    def blocks(self, ports: Ports) -> bool:
        return isinstance(ports.store, self.ability) and super().blocks(ports)


@attrs.frozen(eq=False, repr=False)
class ListUsers(AbilityStep[Sequence[User]]):
    port = "store.list_users"
    ability = ListableStore

    after: str | None
    limit: int
    origin: Origin | None
    migrated_since: dt.datetime | None

    def perform(self, ports: Ports) -> Sequence[User] | Awaitable[Sequence[User]]:
        page: Sequence[User] | Awaitable[Sequence[User]] = self.of(ports).list_users(
            self.after, self.limit, self.origin, self.migrated_since
        )
        return page

    def check(self, answer: Any) -> Sequence[User]:
        page = expect(answer, Sequence, self)  # type: ignore[type-abstract]
        # Not a record, which has the hash.
        return tuple(expect(user, User, self) for user in page)


@attrs.frozen(eq=False, repr=False)
class CountUsers(AbilityStep[Figures]):
    port = "store.figures"
    ability = CountableStore

    def perform(self, ports: Ports) -> Figures | Awaitable[Figures]:
        figures: Figures | Awaitable[Figures] = self.of(ports).figures()
        return figures

    def check(self, answer: Any) -> Figures:
        return expect(answer, Figures, self)


@attrs.frozen(eq=False, repr=False)
class Readmit(AbilityStep[None]):
    port = "store.readmit"
    ability = ReadmittingStore

    legacy_id: str

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        done: Awaitable[None] | None = self.of(ports).readmit(self.legacy_id)
        return done


@attrs.frozen(eq=False, repr=False)
class CanCreateMany(Step[bool]):
    def perform(self, ports: Ports) -> bool:
        return isinstance(ports.store, BulkStore)


@attrs.frozen(eq=False, repr=False)
class CreateMany(AbilityStep[Sequence[Created]]):
    port = "store.create_many"
    ability = BulkStore

    new: Sequence[NewUser] = attrs.field(repr=False)

    def perform(self, ports: Ports) -> Sequence[Created] | Awaitable[Sequence[Created]]:
        outcomes: Sequence[Created] | Awaitable[Sequence[Created]] = self.of(
            ports
        ).create_many(self.new)
        return outcomes

    def check(self, answer: Any) -> Sequence[Created]:
        outcomes: Sequence[Created] = expect(answer, Sequence, self)  # type: ignore[type-abstract]
        if len(outcomes) != len(self.new):
            raise ContractError("The store did not tell of every user it was given.")
        known = (AlreadyMigratedError, UserExistsError, type(None))
        if not all(isinstance(outcome, known) for outcome in outcomes):
            raise ContractError("The store said of a user what it may not say.")
        return outcomes
