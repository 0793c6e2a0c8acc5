"""
The contract fails for every store that breaks it.
"""

import datetime as dt
import time
from collections import Counter
from contextlib import contextmanager

import attrs
import broken_abilities
import pytest

from migratekit.errors import AlreadyMigratedError, StaleRecordError, UserExistsError
from migratekit.models import (
    Disagreement,
    KeyKind,
    LedgerKey,
    Origin,
    Record,
    Retirement,
)
from migratekit.stores.memory import MemoryStore
from migratekit.testing.stores import UserStoreContract


class ForgetsLedgerOnDelete(MemoryStore):
    """
    Frees the keys of whoever is deleted.
    """

    breaks = ("test_ledger_outlives_user", "test_create_with_used_legacy_id")

    def delete(self, record):
        super().delete(record)
        for key, row in list(self._ledger.items()):
            if row.legacy_id == record.user.legacy_id:
                del self._ledger[key]


class ForgetsLedgerOnRename(MemoryStore):
    """
    Frees a former e-mail.
    """

    breaks = ("test_ledger_outlives_name", "test_create_with_former_name")

    def replace(self, old, new):
        record = super().replace(old, new)
        if old.user.email != new.user.email:
            self._ledger.pop(LedgerKey(KeyKind.EMAIL, old.user.email), None)
        if old.user.username != new.user.username:
            self._ledger.pop(LedgerKey(KeyKind.USERNAME, old.user.username), None)
        return record


class WritesNoLedger(MemoryStore):
    """
    Keeps users only.
    """

    breaks = ("test_ledger_of_new_user", "test_figures")

    def _write(self, record):
        before = dict(self._ledger)
        written = super()._write(record)
        self._ledger = before
        return written


class SwapsVersionsBlindly(MemoryStore):
    """
    Lets the last writer win.
    """

    breaks = ("test_replace_stale", "test_race_to_replace")

    def replace(self, old, new):
        current = self._records.get(old.user.id)
        if current is None:
            raise StaleRecordError
        return super().replace(current, new)


class DeletesBlindly(MemoryStore):
    """
    Deletes whatever version is there.
    """

    breaks = ("test_delete_stale",)

    def delete(self, record):
        current = self._records.get(record.user.id)
        super().delete(record if current is None else current)


class DeletesNobodyQuietly(MemoryStore):
    """
    Does not mind deleting somebody who is gone.
    """

    breaks = ("test_gone", "test_race_to_delete")

    def delete(self, record):
        if record.user.id in self._records:
            super().delete(record)


class RevivesTheDeleted(MemoryStore):
    """
    Writes a record that is gone, like an upsert.
    """

    breaks = ("test_gone",)

    def replace(self, old, new):
        if old.user.id not in self._records:
            return self._write(attrs.evolve(new, version=old.version + 1))
        return super().replace(old, new)


class NeverCounts(MemoryStore):
    """
    Keeps every record at version 1.
    """

    breaks = ("test_replace", "test_replace_stale")

    def replace(self, old, new):
        record = attrs.evolve(super().replace(old, new), version=1)
        self._records[record.user.id] = record
        return record


class IgnoresCase(MemoryStore):
    """
    Finds users in any letter case, as collations do.
    """

    breaks = ("test_lookalikes",)

    def find(self, identifier):
        wanted = (identifier.kind, identifier.value.lower())
        for key, user_id in self._holders.items():
            if wanted == (key.kind, key.value.lower()):
                return super().get(user_id)
        return None


class IgnoresAccents(MemoryStore):
    """
    Takes one letter for another, as the default collation of MariaDB does.
    """

    breaks = ("test_lookalikes",)

    def find(self, identifier):
        return super().find(
            attrs.evolve(identifier, value=identifier.value.replace("á", "a"))
        )


class IgnoresBlanks(MemoryStore):
    """
    Pads what it compares, as SQL's CHAR does.
    """

    breaks = ("test_blanks_around",)

    def find(self, identifier):
        return super().find(
            attrs.evolve(identifier, value=identifier.value.rstrip(" "))
        )


class IgnoresBlanksInLedger(MemoryStore):
    """
    Pads what it compares in the ledger.
    """

    breaks = ("test_blanks_around",)

    def retired(self, key):
        return super().retired(attrs.evolve(key, value=key.value.rstrip(" ")))


class FindsPatterns(MemoryStore):
    """
    Looks up with LIKE.
    """

    breaks = ("test_odd_look_ups",)

    def find(self, identifier):
        if identifier.value == "%" and self._records:
            return next(iter(self._records.values()))
        return super().find(identifier)


class MixesKinds(MemoryStore):
    """
    Finds an e-mail by a username.
    """

    breaks = ("test_kinds_apart",)

    def find(self, identifier):
        found = super().find(identifier)
        for kind in (KeyKind.EMAIL, KeyKind.USERNAME):
            found = found or super().find(attrs.evolve(identifier, kind=kind))
        return found


class MixesKindsInLedger(MemoryStore):
    """
    Keeps one list of values.
    """

    breaks = ("test_ledger_keeps_kinds_apart",)

    def retired(self, key):
        for row in self._ledger.values():
            if row.key.value == key.value:
                return row
        return None


class SharesItsState(MemoryStore):
    """
    Hands out what it keeps.
    """

    breaks = ("test_isolation", "test_isolation_of_replaced")

    def _write(self, record):
        super()._write(record)
        self._records[record.user.id] = record
        return record

    def get(self, user_id):
        return self._records.get(user_id)


class RoundsTimes(MemoryStore):
    """
    Has no microseconds.
    """

    breaks = ("test_every_field",)

    def get(self, user_id):
        record = super().get(user_id)
        if record is None or record.user.created_at is None:
            return record
        moment = record.user.created_at.replace(microsecond=0)
        return attrs.evolve(record, user=attrs.evolve(record.user, created_at=moment))


class CutsTexts(MemoryStore):
    """
    Has columns of 255 characters, and does not complain.
    """

    breaks = ("test_large_fields",)

    def _write(self, record):
        user = attrs.evolve(record.user, email=record.user.email[:255])
        return super()._write(attrs.evolve(record, user=user))


class LosesTheHash(MemoryStore):
    """
    Keeps the first hash for ever.
    """

    breaks = ("test_replace_password",)

    def replace(self, old, new):
        return super().replace(old, attrs.evolve(new, password_hash=old.password_hash))


class WantsAnEmail(MemoryStore):
    """
    Takes a missing e-mail for one that all share.
    """

    breaks = ("test_missing_fields",)

    def create(self, new):
        if new.user.email is None and any(
            record.user.email is None for record in self._records.values()
        ):
            raise UserExistsError("email")
        return super().create(new)


class NamesTheWrongField(MemoryStore):
    """
    Says e-mail whatever it is.
    """

    breaks = ("test_create_with_stored_name", "test_replace_with_stored_name")

    def create(self, new):
        try:
            return super().create(new)
        except UserExistsError:
            raise UserExistsError("email") from None

    def replace(self, old, new):
        try:
            return super().replace(old, new)
        except UserExistsError:
            raise UserExistsError("email") from None


class NamesNobody(MemoryStore):
    """
    Does not say whose key was met.
    """

    breaks = ("test_create_with_used_name", "test_create_with_used_legacy_id")

    def create(self, new):
        try:
            return super().create(new)
        except AlreadyMigratedError:
            raise AlreadyMigratedError(None) from None


class LooksBeforeItLeaps(MemoryStore):
    """
    Checks, and inserts later.
    """

    breaks = ("test_race_for_one_user", "test_race_for_one_email")

    def create(self, new):
        stored, retired = self._obstacles(new.user, own=None)
        if stored or retired:
            return super().create(new)
        time.sleep(0.01)
        with self._lock:
            return self._write(Record(new.user, new.password_hash, version=1))


class RenamesAfterALook(MemoryStore):
    """
    Checks whether an e-mail is free, and writes it later.
    """

    breaks = ("test_race_to_rename",)

    def replace(self, old, new):
        if self._obstacles(new.user, own=new.user.id)[0]:
            return super().replace(old, new)
        time.sleep(0.01)
        with self._lock:
            self._check_version(old)
            self._forget(old.user.id)
            return self._write(attrs.evolve(new, version=old.version + 1))

    def _forget(self, user_id):
        for key, holder in list(self._holders.items()):
            if holder == user_id:
                del self._holders[key]
        del self._records[user_id]


class GetsInItsOwnWay(MemoryStore):
    """
    Fails when it is busy.
    """

    breaks = ("test_no_race",)

    def create(self, new):
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("database is locked")
        time.sleep(0.01)
        self._lock.release()
        return super().create(new)


class RefusesRetiredSignUps(MemoryStore):
    """
    Holds the ledger against people who sign up.
    """

    breaks = ("test_create_with_used_name", "test_create_with_former_name")

    def create(self, new):
        key = LedgerKey(KeyKind.EMAIL, new.user.email)
        if self.retired(key) and super().find(key) is None:
            raise AlreadyMigratedError(self.retired(key).legacy_id)
        return super().create(new)


class AdmitsRetiredLogins(MemoryStore):
    """
    Looks for the legacy id in the ledger, and for nothing else.
    """

    breaks = ("test_create_with_used_name", "test_create_with_reserved_name")

    def create(self, new):
        for key in (
            LedgerKey(KeyKind.EMAIL, new.user.email),
            LedgerKey(KeyKind.USERNAME, new.user.username),
        ):
            self._ledger.pop(key, None)
        return super().create(new)


class IgnoresReservations(MemoryStore):
    """
    Takes a reserved name for a free one.
    """

    breaks = ("test_create_with_reserved_name", "test_replace_with_reserved_name")

    def _obstacles(self, user, *, own):
        stored, retired = super()._obstacles(user, own=own)
        used = {kind: row for kind, row in retired.items() if row.reason == "used"}
        return stored, used


class KeepsNamesForEver(MemoryStore):
    """
    Does not give a stored user what is kept for them.
    """

    breaks = ("test_replace_lifts_own_reservation",)

    def replace(self, old, new):
        for kind in (KeyKind.EMAIL, KeyKind.USERNAME):
            row = self.retired(LedgerKey(kind, getattr(new.user, kind.value)))
            if row is not None and row.reason == "reserved":
                raise UserExistsError(kind.value)
        return super().replace(old, new)


class KeepsReservationsForEver(MemoryStore):
    """
    Does not let in the one whom a key is kept for.
    """

    breaks = ("test_create_lifts_own_reservation", "test_race_for_one_reserved_user")

    def create(self, new):
        row = self.retired(LedgerKey(KeyKind.LEGACY_ID, str(new.user.legacy_id)))
        if row is not None:
            raise AlreadyMigratedError(row.legacy_id)
        return super().create(new)


class LiftsTooEarly(MemoryStore):
    """
    Lifts reservations even when it fails afterwards.
    """

    breaks = ("test_create_with_own_and_foreign_keys",)

    def create(self, new):
        try:
            return super().create(new)
        finally:
            for key, row in self._ledger.items():
                if row.legacy_id == new.user.legacy_id:
                    self._ledger[key] = attrs.evolve(row, reason="used")


class TakesLedgerRowsOver(MemoryStore):
    """
    Writes the latest holder into the ledger.
    """

    breaks = ("test_create_with_used_name", "test_replace_with_used_name")

    def _write(self, record):
        written = super()._write(record)
        for key in (KeyKind.EMAIL, KeyKind.USERNAME):
            row = LedgerKey(key, getattr(record.user, key.value))
            self._ledger[row] = Retirement(row, "used", record.user.legacy_id)
        return written


class RefusesRenamesToUsed(MemoryStore):
    """
    Holds the ledger against users who change their e-mail.
    """

    breaks = ("test_replace_with_used_name", "test_replace_and_back")

    def replace(self, old, new):
        for kind in (KeyKind.EMAIL, KeyKind.USERNAME):
            key = LedgerKey(kind, getattr(new.user, kind.value))
            if getattr(old.user, kind.value) != key.value and self.retired(key):
                raise UserExistsError(kind.value)
        return super().replace(old, new)


class LeavesTraces(MemoryStore):
    """
    Writes the ledger, and then finds that the record is stale.
    """

    breaks = ("test_replace_stale_name",)

    def replace(self, old, new):
        key = LedgerKey(KeyKind.EMAIL, new.user.email)
        row = Retirement(key, "used", new.user.legacy_id)
        self._ledger.setdefault(key, row)
        return super().replace(old, new)


class ForgetsTheSource(MemoryStore):
    """
    Takes any name.
    """

    breaks = ("test_bind_source", "test_bound_source")

    def bind_source(self, source_name):
        pass


class BindsWhoeverLooks(MemoryStore):
    """
    Takes a question for its name.
    """

    breaks = ("test_bound_source",)

    def bound_source(self):
        self._source_name = self._source_name or "shop"
        return self._source_name


class ListsInAnyOrder(MemoryStore):
    """
    Pages by time of creation.
    """

    breaks = ("test_list_pages",)

    def list_users(self, after, limit, origin, migrated_since):
        users = [record.user for record in self._records.values()]
        ids = [user.id for user in users]
        start = 0 if after is None else ids.index(after) + 1
        return users[start : start + limit]


class ListsEverybody(MemoryStore):
    """
    Ignores the filters.
    """

    breaks = ("test_list_by_origin", "test_list_by_time")

    def list_users(self, after, limit, origin, migrated_since):
        return super().list_users(after, limit, None, None)


class ListsSince(MemoryStore):
    """
    Leaves out who moved at that very moment.
    """

    breaks = ("test_list_by_time",)

    def list_users(self, after, limit, origin, migrated_since):
        if migrated_since is not None:
            migrated_since += dt.timedelta(microseconds=1)
        return super().list_users(after, limit, origin, migrated_since)


class CountsTheStored(MemoryStore):
    """
    Takes for moved who is stored.
    """

    breaks = ("test_figures",)

    def figures(self):
        figures = super().figures()
        return attrs.evolve(figures, moved=figures.by_origin.get(Origin.LOGIN, 0))


class CountsTheReserved(MemoryStore):
    """
    Takes for moved who is in the ledger.
    """

    breaks = ("test_figures_without_reserved",)

    def figures(self):
        kinds = [key.kind for key in self._ledger]
        return attrs.evolve(super().figures(), moved=kinds.count(KeyKind.LEGACY_ID))


class ReadmitsTheStored(MemoryStore):
    """
    Forgets people who are there.
    """

    breaks = ("test_readmit_stored",)

    def readmit(self, legacy_id):
        for key, row in list(self._ledger.items()):
            if row.legacy_id == legacy_id:
                del self._ledger[key]


class ReadmitsHalf(MemoryStore):
    """
    Removes the row of the legacy id only.
    """

    breaks = ("test_readmit", "test_readmit_reserved")

    def readmit(self, legacy_id):
        self._ledger.pop(LedgerKey(KeyKind.LEGACY_ID, legacy_id), None)


class ReadmitsTooMuch(MemoryStore):
    """
    Removes rows that are another's by now.
    """

    breaks = ("test_readmit_with_name_of_another",)

    def readmit(self, legacy_id):
        held, self._holders = self._holders, {}
        super().readmit(legacy_id)
        self._holders = held


class ReadmitsEverybody(MemoryStore):
    """
    Empties the ledger.
    """

    breaks = ("test_readmit_leaves_others_alone",)

    def readmit(self, legacy_id):
        self._ledger.clear()


class ReservesOverOthers(MemoryStore):
    """
    Overwrites what is there.
    """

    breaks = ("test_reserve_what_is_there", "test_reserve_again")

    def reserve(self, keys, legacy_id):
        for key in keys:
            self._ledger[key] = Retirement(key, "reserved", legacy_id)


class ReservesNothing(MemoryStore):
    """
    Does nothing.
    """

    breaks = ("test_reserve", "test_reserve_many")

    def reserve(self, keys, legacy_id):
        pass


class CreatesVersionZero(MemoryStore):
    """
    Counts from zero.
    """

    breaks = ("test_create",)

    def create(self, new):
        return attrs.evolve(super().create(new), version=0)


class CreatesTwice(MemoryStore):
    """
    Creates the same person under another id.
    """

    breaks = ("test_create_same_person_again",)

    def create(self, new):
        with self._lock:
            return self._write(Record(new.user, new.password_hash, version=1))


class KnowsSomebody(MemoryStore):
    """
    Is not empty.
    """

    breaks = ("test_empty", "test_ledger_of_unknown_key", "test_list_nobody")

    def retired(self, key):
        return super().retired(key) or Retirement(key, "used", None)

    def list_users(self, after, limit, origin, migrated_since):
        return ["somebody"]


class DeletesTooMuch(MemoryStore):
    """
    Empties the store.
    """

    breaks = ("test_delete",)

    def delete(self, record):
        super().delete(record)
        self._records.clear()
        self._holders.clear()


class SubclassesText(MemoryStore):
    """
    Returns hashes of a type of its own.
    """

    breaks = ("test_plain_types",)

    def get(self, user_id):
        class Text(str):
            __slots__ = ()

        record = super().get(user_id)
        return attrs.evolve(record, password_hash=Text(record.password_hash))


class CreatesManyWithoutLedger(MemoryStore):
    """
    Loads users, and users only.
    """

    breaks = ("test_create_many", "test_create_many_again")

    def create_many(self, new):
        before = dict(self._ledger)
        outcomes = super().create_many(new)
        self._ledger = before
        return outcomes


class CreatesTheFirstThousand(MemoryStore):
    """
    Says that all are stored.
    """

    breaks = ("test_create_many_users",)

    def create_many(self, new):
        return [*super().create_many(new[:1000]), *([None] * len(new[1000:]))]


class CreatesSomebody(MemoryStore):
    """
    Does not mind who.
    """

    breaks = ("test_create_nobody",)

    def create_many(self, new):
        return super().create_many(new) or [None]


class CopiesManyBadly(MemoryStore):
    """
    Escapes nothing.
    """

    breaks = ("test_create_many_with_odd_texts",)

    def create_many(self, new):
        return super().create_many(
            [
                attrs.evolve(one, password_hash=None)
                if one.password_hash == "\\N"
                else one
                for one in new
            ]
        )


class CutsMany(MemoryStore):
    """
    Has rows of 64 kB.
    """

    breaks = ("test_create_many_large",)

    def create_many(self, new):
        outcomes = super().create_many(new)
        for record in self._records.values():
            for key, value in record.user.profile.items():
                record.user.profile[key] = value[:65_535]
        return outcomes


class LetsTheLastWin(MemoryStore):
    """
    Begins at the end.
    """

    breaks = ("test_create_many_first_wins", "test_create_many_as_create")

    def create_many(self, new):
        return super().create_many(new[::-1])[::-1]


class GuessesWhyMany(MemoryStore):
    """
    Looks into the store only if none of many is in another's way.
    """

    breaks = ("test_create_many_moved",)

    def create_many(self, new):
        names = [one.user.username for one in new]
        if len(set(names)) == len(names):
            return super().create_many(new)
        return [
            UserExistsError("username")
            if one.user.username in names[:number]
            else super(GuessesWhyMany, self).create_many([one])[0]
            for number, one in enumerate(new)
        ]


class CreatesManyStrangers(MemoryStore):
    """
    Takes all people for new ones.
    """

    breaks = ("test_create_many_reserved", "test_create_many_as_create")

    def _known(self, batch):
        return attrs.evolve(super()._known(batch), stored=frozenset())

    def create_many(self, new):
        before = {k: row for k, row in self._ledger.items() if row.reason != "used"}
        outcomes = super().create_many(new)
        self._ledger |= before
        return outcomes


class SharesMany(MemoryStore):
    """
    Keeps what it is handed.
    """

    breaks = ("test_isolation_of_many",)

    def create_many(self, new):
        outcomes = super().create_many(new)
        self._records |= {
            one.user.id: Record(one.user, one.password_hash, 1) for one in new
        }
        return outcomes


class LooksAtManyBeforeItLeaps(MemoryStore):
    """
    Finds out who is new, and writes them later.
    """

    breaks = ("test_race_of_many",)

    def create_many(self, new):
        fresh = [not self._obstacles(one.user, own=None)[1] for one in new]
        time.sleep(0.01)
        with self._lock:
            for one, is_fresh in zip(new, fresh, strict=True):
                if is_fresh:
                    self._write(Record(one.user, one.password_hash, 1))
        return [
            None if is_fresh else AlreadyMigratedError(one.user.legacy_id)
            for one, is_fresh in zip(new, fresh, strict=True)
        ]


class CountsItself(MemoryStore):
    """
    Counts somebody who is not there.
    """

    breaks = ("test_figures_of_nobody",)

    def figures(self):
        figures = super().figures()
        return attrs.evolve(figures, by_format={**figures.by_format, "none": 1})


class CountsLocalDays(MemoryStore):
    """
    Tells the day by the clock on somebody's wall.
    """

    breaks = ("test_figures_by_day",)

    def figures(self):
        days = Counter(
            self._moments[key].date()
            for key, row in self._ledger.items()
            if row.reason == "used" and key.kind is KeyKind.LEGACY_ID
        )
        return attrs.evolve(super().figures(), by_day=dict(days))


class CountsFromTheReservation(MemoryStore):
    """
    Keeps the day on which a key was reserved.
    """

    breaks = ("test_figures_of_lifted_reservation",)

    def __init__(self):
        super().__init__()
        self._first = {}

    def figures(self):
        self._first = {**self._moments, **self._first}
        days = Counter(
            moment.date()
            for key, moment in self._first.items()
            if key.kind is KeyKind.LEGACY_ID
        )
        return attrs.evolve(super().figures(), by_day=dict(days))

    def reserve(self, keys, legacy_id):
        super().reserve(keys, legacy_id)
        self._first = {**self._moments, **self._first}


class CountsTheReadmitted(MemoryStore):
    """
    Counts as moved who was readmitted.
    """

    breaks = ("test_figures_of_readmitted",)

    def __init__(self):
        super().__init__()
        self._last = None

    def figures(self):
        return self._last or super().figures()

    def readmit(self, legacy_id):
        last = self.figures()
        super().readmit(legacy_id)
        self._last = last


class CountsFirstFormats(MemoryStore):
    """
    Counts by the hash that a user was stored with.
    """

    breaks = ("test_figures_by_format",)

    def replace(self, old, new):
        record = super().replace(old, new)
        kept = attrs.evolve(record, password_hash=old.password_hash)
        self._records[record.user.id] = kept
        return record


class AlwaysDisagrees(MemoryStore):
    """
    Takes whoever is in the ledger and not stored for a disagreement.
    """

    breaks = ("test_check", "test_check_of_reserved")

    def check(self):
        return [
            Disagreement(None, key, "other_owner")
            for key in self._ledger
            if key not in self._holders
        ]


FAILURES = (
    AssertionError,
    AlreadyMigratedError,
    UserExistsError,
    pytest.fail.Exception,
)

BREAKS = [
    (store, scenario)
    for store in MemoryStore.__subclasses__()
    if store.__module__ in {__name__, broken_abilities.__name__}
    for scenario in store.breaks
]


@pytest.mark.parametrize(
    ("store", "scenario"),
    BREAKS,
    ids=[f"{store.__name__}-{scenario}" for store, scenario in BREAKS],
)
def test_is_caught(store, scenario):
    """
    Each scenario that is about what a store breaks fails.
    """

    class Contract(UserStoreContract):
        @contextmanager
        def open_store(self):
            yield store()

    with pytest.raises(FAILURES):
        getattr(Contract(), scenario)()


def test_every_scenario_catches_something():
    """
    No scenario of the contract is without a store that it fails for.
    """
    scenarios = {name for name in dir(UserStoreContract) if name.startswith("test_")}

    assert set() == scenarios - {scenario for _, scenario in BREAKS}


class OnlyAStore:
    """
    Has no ability: six methods, and none of the others.
    """

    def __init__(self):
        store = MemoryStore()
        for name in ("find", "get", "create", "replace", "delete", "retired"):
            setattr(self, name, getattr(store, name))


class TestOnlyAStore(UserStoreContract):
    """
    A store without abilities keeps the contract; their scenarios are skipped.
    """

    @contextmanager
    def open_store(self):
        yield OnlyAStore()


def test_not_implemented():
    """
    A contract that does not say what to test does not pass.
    """
    with pytest.raises(NotImplementedError):
        UserStoreContract().test_create()
