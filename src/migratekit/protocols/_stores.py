"""
What a user store keeps and promises, and what it may be able to do besides.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from migratekit.errors import AlreadyMigratedError, UserExistsError
from migratekit.models import (
    Disagreement,
    Figures,
    Identifier,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    Retirement,
    User,
)


class UserStore(Protocol):
    """
    The new home of the users.

    Every method is one transaction.  Besides its users a store keeps the *ledger*: a
    row for every e-mail, username and legacy id that a record ever got (see
    `migratekit.models.ledger_keys()`), written in the transaction that writes the
    record, and never removed but by `ReadmittingStore.readmit()`.

    Every method raises `migratekit.errors.StoreUnavailableError` if the store could not
    be asked; any other exception that is not named below is taken for it too.
    """

    def find(self, identifier: Identifier, /) -> Record | None:
        """
        Return the record of an e-mail or a username, compared byte by byte.
        """

    def get(self, user_id: str, /) -> Record | None:
        """
        Return the record of an id.
        """

    def create(self, new: NewUser, /) -> Record:
        """
        Store a user as version 1, with their ledger rows.

        For the origins ``login``, ``password_change`` and ``import`` every key of the
        ledger that is there already is in the way, but for a key that is *reserved* for
        the very same legacy id: that one becomes *used*.  For ``sign_up`` and ``admin``
        only *reserved* keys and stored users are; *used* rows stay as they are.

        Raises:
            migratekit.errors.AlreadyMigratedError:
                If the legacy id is in the ledger, or, for the first three origins, an
                e-mail or username that no stored user has.

            migratekit.errors.UserExistsError:
                If a stored user has the e-mail or username, or, for the last two
                origins, one of them is reserved.
        """

    def replace(self, old: Record, new: Record, /) -> Record:
        """
        Write *new* over *old* and return it with the next version.

        The ids and legacy ids of both are the same.  A *used* row of a new e-mail or
        username is not in the way.

        Raises:
            migratekit.errors.StaleRecordError:
                If the stored version is not that of *old*, or the user is gone.

            migratekit.errors.UserExistsError:
                If a stored user has the new e-mail or username, or it is reserved for
                another legacy id.  What is reserved for the user's own becomes *used*.
        """

    def delete(self, record: Record, /) -> None:
        """
        Remove the user and leave the ledger as it is.

        Raises:
            migratekit.errors.StaleRecordError:
                If the stored version is not that of *record*, or the user is gone.
        """

    def retired(self, key: LedgerKey, /) -> Retirement | None:
        """
        Return the ledger's row of *key*.
        """


class AsyncUserStore(Protocol):
    """
    `UserStore` with coroutines.
    """

    async def find(self, identifier: Identifier, /) -> Record | None:
        """
        See `UserStore.find()`.
        """

    async def get(self, user_id: str, /) -> Record | None:
        """
        See `UserStore.get()`.
        """

    async def create(self, new: NewUser, /) -> Record:
        """
        See `UserStore.create()`.
        """

    async def replace(self, old: Record, new: Record, /) -> Record:
        """
        See `UserStore.replace()`.
        """

    async def delete(self, record: Record, /) -> None:
        """
        See `UserStore.delete()`.
        """

    async def retired(self, key: LedgerKey, /) -> Retirement | None:
        """
        See `UserStore.retired()`.
        """


@runtime_checkable
class BindableStore(Protocol):
    """
    A store that remembers which source its legacy ids belong to.
    """

    def bind_source(self, source_name: str, /) -> None:
        """
        Record *source_name* the first time, and compare it ever after.

        Raises:
            migratekit.errors.ConfigurationError: If another one is recorded.
        """


@runtime_checkable
class BoundStore(Protocol):
    """
    A `BindableStore` that can tell which source it belongs to.
    """

    def bound_source(self) -> str | None:
        """
        Return the name that is recorded; None if there is none yet.
        """


@runtime_checkable
class ListableStore(Protocol):
    """
    A store that can list its users.
    """

    def list_users(
        self,
        after: str | None,
        limit: int,
        origin: Origin | None,
        migrated_since: dt.datetime | None,
        /,
    ) -> Sequence[User]:
        """
        Return up to *limit* users in the order of their ids, from behind id *after*.
        """


@runtime_checkable
class CountableStore(Protocol):
    """
    A store that can count.
    """

    def figures(self) -> Figures:
        """
        Return how many users there are, and how many ever moved.
        """


@runtime_checkable
class ReadmittingStore(Protocol):
    """
    A store that can forget that a user moved.
    """

    def readmit(self, legacy_id: str, /) -> None:
        """
        Remove all ledger rows of *legacy_id*.

        A row whose e-mail or username another stored user has by now stays, as theirs.

        Raises:
            migratekit.errors.UserExistsError: If the user is stored.
        """


@runtime_checkable
class ReservingStore(Protocol):
    """
    A store that can keep keys for users who have not moved.
    """

    def reserve(self, keys: Iterable[LedgerKey], legacy_id: str, /) -> None:
        """
        Reserve those of *keys* that are not in the ledger yet for *legacy_id*.
        """

    def lift_reservations(self) -> int:
        """
        Remove all *reserved* rows of the ledger, and return how many there were.
        """

    def reservations(
        self, after: LedgerKey | None, limit: int, /
    ) -> Sequence[Retirement]:
        """
        Return up to *limit* of them in the order of kinds and values, from behind
        *after*.
        """


@runtime_checkable
class BulkReservingStore(Protocol):
    """
    A store that can keep the keys of many users at once.
    """

    def reserve_many(self, rows: Iterable[Retirement], /) -> None:
        """
        Do what `ReservingStore.reserve()` would for one after the other, all in one
        transaction.

        Raises:
            migratekit.errors.ContractError:
                If one is not *reserved*, or for nobody.
        """


@runtime_checkable
class LookupStore(Protocol):
    """
    A store that can look up many keys of its ledger at once.
    """

    def retired_many(self, keys: Sequence[LedgerKey], /) -> Sequence[Retirement | None]:
        """
        Return what `UserStore.retired()` would for each of *keys*, in their order.
        """


@runtime_checkable
class BulkStore(Protocol):
    """
    A store that can create many users at once.
    """

    def create_many(
        self, new: Sequence[NewUser], /
    ) -> Sequence[AlreadyMigratedError | UserExistsError | None]:
        """
        Do what `UserStore.create()` would for one after the other, all in one
        transaction.

        Returns:
            For each of *new*, in their order: None if they are stored now, or what
            `UserStore.create()` would have raised.  The first of two that want the same
            is stored.

        Raises:
            migratekit.errors.StoreUnavailableError:
                If it could not be done; then none is stored, unless the connection
                broke while it was being committed.
        """


@runtime_checkable
class CheckableStore(Protocol):
    """
    A store that can tell whether its ledger and its users agree.
    """

    def check(self) -> Sequence[Disagreement]:
        """
        Return where they do not; an empty sequence if all is well.
        """
