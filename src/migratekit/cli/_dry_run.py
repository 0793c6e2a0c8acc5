"""
What an import would do, found out without doing it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
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
from migratekit.stores._batches import Candidate, Known, candidates, judged


Outcome = AlreadyMigratedError | UserExistsError | None


def dry(application: Application) -> Connection:
    """
    Return a connection with the rules of the application's own that stores nobody.

    It only reads the application's store, and remembers the keys of who would be there.

    Raises:
        migratekit.errors.ConfigurationError:
            If the store belongs to another source, so that an import would be refused.
    """
    application.bound_source()
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
        batch = candidates(new)
        outcomes = judged(batch, self._known(batch))
        for one, outcome in zip(new, outcomes, strict=True):
            if outcome is None:
                self._seen.update(
                    (key, one.user.legacy_id) for key in ledger_keys(one.user)
                )
        return outcomes

    def _known(self, batch: Sequence[Candidate]) -> Known:
        retired = self._retired({key for one in batch for key in one.keys})
        unsure = {key for one in batch for key in _unsure(one, retired)}
        return Known(
            stored={key for key in unsure if self._is_stored(key)}, retired=retired
        )

    def _retired(self, keys: AbstractSet[LedgerKey]) -> dict[LedgerKey, Retirement]:
        seen = keys & self._seen.keys()
        others = [*(keys - seen)]
        rows = self._application.retired(others)
        return {
            **{key: Retirement(key, "used", self._seen[key]) for key in seen},
            **{
                key: row
                for key, row in zip(others, rows, strict=True)
                if row is not None
            },
        }

    def _is_stored(self, key: LedgerKey) -> bool:
        if key in self._seen:
            return True
        if key.kind is KeyKind.LEGACY_ID:
            # It is reserved, so nobody has it.
            return False
        return self.find(Identifier(key.kind, key.value)) is not None

    def _never(self, *arguments: object) -> NoReturn:
        raise ContractError("A dry run changes nothing.")

    get = create = replace = delete = _never


def _unsure(
    candidate: Candidate, retired: Mapping[LedgerKey, Retirement]
) -> list[LedgerKey]:
    """
    Return which keys in the ledger may be in the way of somebody for two reasons.

    Of whoever has moved none is: they are not stored again, whoever has theirs by now.
    """
    rows = [retired[key] for key in candidate.keys if key in retired]
    used = {row.key.kind for row in rows if row.reason == "used"}
    return [] if KeyKind.LEGACY_ID in used else [row.key for row in rows]
