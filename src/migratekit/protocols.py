"""
What an application implements to plug in its own parts.

``None`` means "no"; an exception means "don't know".  Parameters are positional-only,
so that implementers may name theirs and a plain function fits.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from migratekit.errors import AlreadyMigratedError, UserExistsError
from migratekit.events import Event
from migratekit.models import (
    Authenticated,
    Disagreement,
    Figures,
    Identifier,
    ImportRecord,
    LedgerKey,
    LegacyUser,
    NewUser,
    Origin,
    Record,
    Retirement,
    RowError,
    StoredHash,
    User,
)


class LegacySource(Protocol):
    """
    Where users come from.

    Both methods find a user in any letter case, return bare ids and the same profile.
    """

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, None if it is not or nobody is known.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the question could not be answered.  Any other exception is taken
                for it too.

            migratekit.errors.UnusableHashError:
                If what is stored can never be verified.
        """

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user, or None if nobody is known by this e-mail or username.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If the question could not be answered.

            migratekit.errors.LookupUnsupportedError:
                If the source cannot look up without a password.  Never return None
                then: None means "free".

            migratekit.errors.AmbiguousUserError:
                If it knows several users by this e-mail or username.
        """


class AsyncLegacySource(Protocol):
    """
    `LegacySource` with coroutines.
    """

    async def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        See `LegacySource.login()`.
        """

    async def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See `LegacySource.get_user()`.
        """


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
                If a stored user has the new e-mail or username, or it is reserved.
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


class PasswordHasher(Protocol):
    """
    Makes and checks the hashes of the new store.
    """

    def hash(self, password: str, /) -> str:
        """
        Return a fresh hash of *password* at the current parameters.
        """

    def verify(self, password: str, encoded: str, /) -> bool:
        """
        Return whether *encoded* is a hash of *password*.

        Raises:
            migratekit.errors.UnusableHashError:
                If *encoded* is malformed, unknown or over a cost ceiling.
        """

    def needs_rehash(self, encoded: str, /) -> bool:
        """
        Return whether *encoded* has another format or cost than `hash()` gives.
        """


class EventSink(Protocol):
    """
    Is told what happened, after it has happened.

    May be a coroutine function behind an `AsyncConnection`.
    """

    def __call__(self, event: Event, /) -> Awaitable[None] | None:
        """
        Take note of *event*.  An exception is logged and changes nothing.
        """


class Rule(Protocol):
    """
    The application's own say in who is let in, after the right password.

    Runs at first and later logins alike.  May be a coroutine function behind an
    `AsyncConnection`.
    """

    def __call__(self, login: Authenticated, /) -> Awaitable[str | None] | str | None:
        """
        Return None to let them in, or the reason not to.

        An exception, and any other answer, denies.
        """


class Clock(Protocol):
    """
    Tells the time and lets it pass.
    """

    def now(self) -> dt.datetime:
        """
        Return the time of day, in UTC, with its time zone.
        """

    def monotonic(self) -> float:
        """
        Return seconds that never go back.
        """

    def sleep(self, seconds: float, /) -> Awaitable[None] | None:
        """
        Let *seconds* pass.
        """


# Abilities: what an adapter may have besides.  The contract suites test each that is
# there; an async adapter has the same names as coroutines.


@runtime_checkable
class CountableSource(Protocol):
    """
    A source that knows how many users it has.
    """

    def count(self) -> int:
        """
        Return the number of users who could log in or ask for a reset.
        """


@runtime_checkable
class WalkableSource(Protocol):
    """
    A source that can list its users, for an import or an export.
    """

    def iter_users(self) -> Iterable[ImportRecord | RowError]:
        """
        Return all users, with their hashes where there are any; read as they are asked
        for.  A user who cannot be read is a `migratekit.models.RowError`.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the source did not answer.
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


@runtime_checkable
class ImportingHasher(Protocol):
    """
    A hasher for stores into which legacy hashes are imported.
    """

    def admit(self, stored: StoredHash, /) -> str:
        """
        Return the text that is stored for *stored*, which `PasswordHasher.verify()`
        verifies.

        Raises:
            migratekit.errors.UnusableHashError:
                If *stored* could never be verified: it is malformed, of no declared
                format, or over a cost ceiling.
        """


@runtime_checkable
class WrappingHasher(Protocol):
    """
    A hasher that can put a strong hash around a weak one.
    """

    def wrapping(self, stored: StoredHash, /) -> Callable[[], str] | None:
        """
        Return what computes the text to store, or None if *stored* is strong enough to
        be stored as it is.

        What is returned can be pickled, and computes a hash at current parameters over
        the legacy digest when it is called; nothing is computed before.

        Raises:
            migratekit.errors.UnusableHashError: As `ImportingHasher.admit()` does.
        """
