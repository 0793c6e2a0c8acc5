"""
What an import would do, found out without doing it.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Any, NoReturn

from migratekit import Connection
from migratekit.cli._application import Application
from migratekit.errors import AlreadyMigratedError, ContractError, UserExistsError
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Record,
    Retirement,
    ledger_keys,
)
from migratekit.sources import NoopSource
from migratekit.stores._batches import Known, candidates, judged


Outcome = AlreadyMigratedError | UserExistsError | None


def dry(application: Application) -> Connection:
    """
    Return a connection with the rules of the application's own that stores nobody.

    It only reads the application's store, and remembers the keys of who would be there.
    """
    connection = application.connection
    return Connection(
        _Shadow(application),
        NoopSource(),
        source_name=connection.source_name,
        policy=connection.policy,
        validator=connection.validator,
        hasher=connection.hasher,
        listeners=(),
    )


class NoWork(Executor):
    """
    Wraps no hashes, which is what takes time.
    """

    def submit(self, *args: Any, **kwargs: Any) -> "Future[Any]":
        """
        Return as many texts as there are hashes.
        """
        _, jobs = args
        future: Future[Any] = Future()
        future.set_result(["" for _ in jobs])
        return future


class _Shadow:
    """
    Judges new users as the application's store would, and keeps nobody.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._seen: dict[LedgerKey, str | None] = {}

    def find(self, identifier: Identifier, /) -> Record | None:
        return self._application.wait(
            self._application.connection.store.find(identifier)
        )

    def retired(self, key: LedgerKey, /) -> Retirement | None:
        return self._application.wait(self._application.connection.store.retired(key))

    def create_many(self, new: Sequence[NewUser], /) -> Sequence[Outcome]:
        keys = [key for one in new for key in ledger_keys(one.user)]
        outcomes = judged(candidates(new), self._known(keys))
        for one, outcome in zip(new, outcomes, strict=True):
            if outcome is None:
                self._seen.update(
                    (key, one.user.legacy_id) for key in ledger_keys(one.user)
                )
        return outcomes

    def _known(self, keys: Sequence[LedgerKey]) -> Known:
        rows = {key: self._row(key) for key in dict.fromkeys(keys)}
        retired = {key: row for key, row in rows.items() if row is not None}
        return Known(
            stored={key for key in retired if self._is_stored(key)}, retired=retired
        )

    def _row(self, key: LedgerKey) -> Retirement | None:
        if key in self._seen:
            return Retirement(key, "used", self._seen[key])
        return self.retired(key)

    def _is_stored(self, key: LedgerKey) -> bool:
        if key in self._seen:
            return True
        if key.kind is KeyKind.LEGACY_ID:
            # It is in the way, whether or not its user is still there.
            return False
        return self.find(Identifier(key.kind, key.value)) is not None

    def _never(self, *arguments: object) -> NoReturn:
        raise ContractError("A dry run changes nothing.")

    get = create = replace = delete = _never
