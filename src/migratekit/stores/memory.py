"""
A store in the memory of one process, for tests and for trying things out.
"""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import attrs

from migratekit.errors import ContractError, StaleRecordError, UserExistsError
from migratekit.models import (
    Disagreement,
    Figures,
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.passwords import format_of
from migratekit.settings import SettingsChange
from migratekit.statistics import Tally
from migratekit.stores._batches import Candidate, Known, Outcome, candidates, judged
from migratekit.stores._rules import (
    MOST_DISAGREEMENTS,
    check_create,
    check_key,
    check_new,
    check_replace,
    check_reservation,
    check_settings,
    check_source,
    check_successor,
    retired_at,
)
from migratekit.stores._tallies import joined, summed


class MemoryStore:
    """
    A `migratekit.protocols.UserStore` with all abilities, in a few dicts.

    Safe to share between threads.  Everything is gone when the process ends.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        # Whose e-mail, username or legacy id a key is.
        self._holders: dict[LedgerKey, str] = {}
        self._ledger: dict[LedgerKey, Retirement] = {}
        self._moments: dict[LedgerKey, dt.datetime] = {}
        self._source_name: str | None = None
        self._settings: dict[str, tuple[SettingsChange, ...]] = {}
        self._tallies: dict[tuple[dt.date, str], Tally] = {}

    def __repr__(self) -> str:
        return f"<MemoryStore of {len(self._records)} users>"

    def find(self, identifier: Identifier, /) -> Record | None:
        """
        See `migratekit.protocols.UserStore.find()`.
        """
        with self._lock:
            holder = self._holders.get(LedgerKey(identifier.kind, identifier.value))
            return None if holder is None else _copy(self._records[holder])

    def get(self, user_id: str, /) -> Record | None:
        """
        See `migratekit.protocols.UserStore.get()`.
        """
        with self._lock:
            record = self._records.get(user_id)
            return None if record is None else _copy(record)

    def create(self, new: NewUser, /) -> Record:
        """
        See `migratekit.protocols.UserStore.create()`.

        Raises:
            migratekit.errors.ContractError:
                If the id is taken, or some other store could not hold the user.
        """
        check_new(new)
        with self._lock:
            stored, retired = self._obstacles(new.user, own=None)
            check_create(new.user, stored, retired)
            if new.user.id in self._records:
                raise ContractError("The id of the new user is taken.")
            return self._write(Record(new.user, new.password_hash, version=1))

    def replace(self, old: Record, new: Record, /) -> Record:
        """
        See `migratekit.protocols.UserStore.replace()`.

        Raises:
            migratekit.errors.ContractError:
                If the ids or legacy ids differ, or some other store could not hold
                the user.
        """
        check_successor(old, new)
        with self._lock:
            self._check_version(old)
            stored, retired = self._obstacles(new.user, own=new.user.id)
            check_replace(new.user, stored, retired)
            self._forget(old.user.id)
            return self._write(attrs.evolve(new, version=old.version + 1))

    def delete(self, record: Record, /) -> None:
        """
        See `migratekit.protocols.UserStore.delete()`.
        """
        with self._lock:
            self._check_version(record)
            self._forget(record.user.id)

    def retired(self, key: LedgerKey, /) -> Retirement | None:
        """
        See `migratekit.protocols.UserStore.retired()`.
        """
        with self._lock:
            return self._ledger.get(key)

    def retired_many(self, keys: Sequence[LedgerKey], /) -> Sequence[Retirement | None]:
        """
        See `migratekit.protocols.LookupStore.retired_many()`.
        """
        with self._lock:
            return [self._ledger.get(key) for key in keys]

    def bind_source(self, source_name: str, /) -> None:
        """
        See `migratekit.protocols.BindableStore.bind_source()`.
        """
        with self._lock:
            if self._source_name is None:
                self._source_name = source_name
            check_source(self._source_name, source_name)

    def bound_source(self) -> str | None:
        """
        See `migratekit.protocols.BoundStore.bound_source()`.
        """
        with self._lock:
            return self._source_name

    def list_users(
        self,
        after: str | None,
        limit: int,
        origin: Origin | None,
        migrated_since: dt.datetime | None,
        /,
    ) -> Sequence[User]:
        """
        See `migratekit.protocols.ListableStore.list_users()`.
        """
        with self._lock:
            users = [
                record.user
                for user_id, record in sorted(self._records.items())
                if (after is None or user_id > after)
                and origin in {None, record.user.origin}
                and _has_moved_since(record.user, migrated_since)
            ]
            return [attrs.evolve(user) for user in users[:limit]]

    def figures(self) -> Figures:
        """
        See `migratekit.protocols.CountableStore.figures()`.
        """
        with self._lock:
            records = self._records.values()
            days = Counter(
                self._moments[key].astimezone(dt.UTC).date()
                for key, row in self._ledger.items()
                if row.reason == "used" and key.kind is KeyKind.LEGACY_ID
            )
            return Figures(
                by_origin=dict(Counter(record.user.origin for record in records)),
                moved=days.total(),
                by_day=dict(days),
                by_format=dict(
                    Counter(format_of(record.password_hash) for record in records)
                ),
            )

    def check(self) -> Sequence[Disagreement]:
        """
        See `migratekit.protocols.CheckableStore.check()`.

        At most the first 1,000 are told.
        """
        with self._lock:
            return list(islice(self._disagreements(), MOST_DISAGREEMENTS))

    def readmit(self, legacy_id: str, /) -> None:
        """
        See `migratekit.protocols.ReadmittingStore.readmit()`.
        """
        with self._lock:
            if LedgerKey(KeyKind.LEGACY_ID, legacy_id) in self._holders:
                raise UserExistsError("legacy_id")
            for key, row in list(self._ledger.items()):
                if row.legacy_id == legacy_id and key in self._holders:
                    self._ledger[key] = attrs.evolve(row, legacy_id=None)
                elif row.legacy_id == legacy_id:
                    del self._ledger[key], self._moments[key]

    def reserve(self, keys: Iterable[LedgerKey], legacy_id: str, /) -> None:
        """
        See `migratekit.protocols.ReservingStore.reserve()`.

        Raises:
            migratekit.errors.ContractError: If some other store could not hold a key.
        """
        check_key(LedgerKey(KeyKind.LEGACY_ID, legacy_id))
        self.reserve_many(Retirement(key, "reserved", legacy_id) for key in keys)

    def reserve_many(self, rows: Iterable[Retirement], /) -> None:
        """
        See `migratekit.protocols.BulkReservingStore.reserve_many()`.

        Raises:
            migratekit.errors.ContractError:
                If some other store could not hold a row; then none is written.
        """
        rows = tuple(rows)
        for row in rows:
            check_reservation(row)
        moment = dt.datetime.now(dt.UTC)
        with self._lock:
            for row in rows:
                self._ledger.setdefault(row.key, row)
                self._moments.setdefault(row.key, moment)

    def lift_reservations(self) -> int:
        """
        See `migratekit.protocols.ReservingStore.lift_reservations()`.
        """
        with self._lock:
            reserved = self._reserved()
            for row in reserved:
                del self._ledger[row.key], self._moments[row.key]
            return len(reserved)

    def reservations(
        self, after: LedgerKey | None, limit: int, /
    ) -> Sequence[Retirement]:
        """
        See `migratekit.protocols.ReservingStore.reservations()`.

        Raises:
            migratekit.errors.ContractError: If some other store could not hold *after*.
        """
        if after is not None:
            check_key(after)
        with self._lock:
            rows = sorted(self._reserved(), key=lambda row: attrs.astuple(row.key))
        start = None if after is None else attrs.astuple(after)
        return [r for r in rows if start is None or attrs.astuple(r.key) > start][
            :limit
        ]

    def settings(self, connection_id: str, /) -> SettingsChange | None:
        """
        See `migratekit.settings.SettingsStore.settings()`.
        """
        return next(reversed(self.settings_history(connection_id)), None)

    def all_settings(self) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.all_settings()`.
        """
        with self._lock:
            histories = sorted(self._settings.items())
        # The converter of SettingsChange copies its options.
        return [attrs.evolve(changes[-1]) for _, changes in histories]

    def settings_history(self, connection_id: str, /) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.settings_history()`.
        """
        with self._lock:
            changes = self._settings.get(connection_id, ())
        return [attrs.evolve(change) for change in changes]

    def change_settings(self, change: SettingsChange, /) -> None:
        """
        See `migratekit.settings.SettingsStore.change_settings()`.
        """
        check_settings(change)
        with self._lock:
            history = self._settings.get(change.connection_id, ())
            if change.version != len(history) + 1:
                raise StaleRecordError
            self._settings[change.connection_id] = (*history, attrs.evolve(change))

    def add_tallies(self, tallies: Iterable[Tally], /) -> None:
        """
        See `migratekit.statistics.StatisticsStore.add_tallies()`.
        """
        wanted = summed(tallies)
        with self._lock:
            for tally in wanted:
                key = tally.day, tally.name
                there = self._tallies.get(key)
                self._tallies[key] = tally if there is None else joined(there, tally)

    def tallies(self, since: dt.date | None, /) -> Sequence[Tally]:
        """
        See `migratekit.statistics.StatisticsStore.tallies()`.
        """
        with self._lock:
            rows = sorted(self._tallies.items())
        return [tally for (day, _), tally in rows if since is None or day >= since]

    def create_many(self, new: Sequence[NewUser], /) -> Sequence[Outcome]:
        """
        See `migratekit.protocols.BulkStore.create_many()`.

        Raises:
            migratekit.errors.ContractError:
                If an id is taken, or some other store could not hold one of the users;
                then none is stored.
        """
        batch = candidates(new)
        with self._lock:
            outcomes = judged(batch, self._known(batch))
            for candidate, outcome in zip(batch, outcomes, strict=True):
                if outcome is None:
                    one = candidate.new
                    self._write(Record(one.user, one.password_hash, version=1))
        return outcomes

    def _disagreements(self) -> Iterator[Disagreement]:
        for user_id, record in sorted(self._records.items()):
            for key in ledger_keys(record.user):
                row = self._ledger.get(key)
                if row is None:
                    yield Disagreement(user_id, key, "not_in_ledger")
                elif row.reason != "used":
                    yield Disagreement(user_id, key, "reserved")
        for key, row in self._ledger.items():
            if key.kind is KeyKind.LEGACY_ID and row.legacy_id != key.value:
                yield Disagreement(self._holders.get(key), key, "other_owner")

    def _reserved(self) -> list[Retirement]:
        return [row for row in self._ledger.values() if row.reason == "reserved"]

    def _obstacles(
        self, user: User, *, own: str | None
    ) -> tuple[set[KeyKind], dict[KeyKind, Retirement]]:
        """
        Return the keys of *user* that ids but *own* hold, and those in the ledger.
        """
        keys = ledger_keys(user)
        stored = {key.kind for key in keys if self._holders.get(key) not in {None, own}}
        retired = {key.kind: self._ledger[key] for key in keys if key in self._ledger}
        return stored, retired

    def _known(self, batch: Iterable[Candidate]) -> Known:
        keys = {key for candidate in batch for key in candidate.keys}
        return Known(
            stored=keys & self._holders.keys(),
            retired={key: self._ledger[key] for key in keys & self._ledger.keys()},
            ids={candidate.new.user.id for candidate in batch} & self._records.keys(),
        )

    def _check_version(self, record: Record) -> None:
        stored = self._records.get(record.user.id)
        if stored is None or stored.version != record.version:
            raise StaleRecordError

    def _write(self, record: Record) -> Record:
        user = record.user
        for key in ledger_keys(user):
            row = self._ledger.get(key)
            if row is None or row.reason == "reserved":
                self._ledger[key] = Retirement(key, "used", user.legacy_id)
                self._moments[key] = retired_at(user)
            self._holders[key] = user.id
        self._records[user.id] = _copy(record)
        return _copy(record)

    def _forget(self, user_id: str) -> None:
        for key in ledger_keys(self._records.pop(user_id).user):
            del self._holders[key]


def _copy(record: Record) -> Record:
    # The converters of User copy its JSON.
    return attrs.evolve(record, user=attrs.evolve(record.user))


def _has_moved_since(user: User, moment: dt.datetime | None) -> bool:
    if moment is None:
        return True
    return user.migrated_at is not None and user.migrated_at >= moment
