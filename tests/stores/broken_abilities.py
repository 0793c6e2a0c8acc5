"""
Stores that break what they owe for reservations, settings and statistics.
"""

import time

import attrs

from migratekit.errors import ContractError, StaleRecordError
from migratekit.stores.memory import MemoryStore


class ListsTheUsed(MemoryStore):
    """
    Takes all of the ledger for reserved.
    """

    breaks = ("test_no_reservations", "test_reservations")

    def _reserved(self):
        return list(self._ledger.values())


class ListsByValue(MemoryStore):
    """
    Lists what is reserved in an order of its own.
    """

    breaks = ("test_reservations",)

    def reservations(self, after, limit):
        rows = sorted(self._reserved(), key=lambda row: row.key.value)
        start = "" if after is None else after.value
        return [row for row in rows if row.key.value > start][:limit]


class ReservesForTheFirst(MemoryStore):
    """
    Reserves whatever is given for whoever is named first.
    """

    breaks = ("test_reserve_for_many",)

    def reserve_many(self, rows):
        rows = list(rows)
        super().reserve_many(
            attrs.evolve(row, legacy_id=rows[0].legacy_id) for row in rows
        )


class ReservesForTheLast(MemoryStore):
    """
    Lets the last one have it of two who want the same.
    """

    breaks = ("test_reserve_for_two",)

    def reserve_many(self, rows):
        super().reserve_many(reversed(list(rows)))


class ReservesWhateverItIs(MemoryStore):
    """
    Does not look at what it is given.
    """

    breaks = ("test_reserve_for_nobody",)

    def reserve_many(self, rows):
        for row in rows:
            self._ledger.setdefault(row.key, row)


class ReservesHalf(MemoryStore):
    """
    Reserves one after the other, until one is refused.
    """

    breaks = ("test_reserve_for_nobody",)

    def reserve_many(self, rows):
        for row in rows:
            super().reserve_many([row])


class LooksUpAnyKind(MemoryStore):
    """
    Looks many keys up by their values.
    """

    breaks = ("test_retired_many_of_each_kind",)

    def retired_many(self, keys):
        rows = {key.value: row for key, row in self._ledger.items()}
        return [rows.get(key.value) for key in keys]


class LooksUpEachOnce(MemoryStore):
    """
    Returns a row for each key, however often it is asked for.
    """

    breaks = ("test_retired_many", "test_retired_many_of_each_kind")

    def retired_many(self, keys):
        return super().retired_many([*dict.fromkeys(keys)])


class LooksUpInAnyCase(MemoryStore):
    """
    Looks many keys up as a collation does.
    """

    breaks = ("test_retired_many",)

    def retired_many(self, keys):
        rows = {key.value.lower(): row for key, row in self._ledger.items()}
        found = [rows.get(key.value.lower()) for key in keys]
        return [
            row if row is not None and row.key.kind is key.kind else None
            for row, key in zip(found, keys, strict=True)
        ]


class LiftsNothing(MemoryStore):
    """
    Counts what it was to lift.
    """

    breaks = ("test_lift_reservations",)

    def lift_reservations(self):
        return len(self._reserved())


class LiftsTooMuch(MemoryStore):
    """
    Empties the ledger.
    """

    breaks = ("test_no_reservations", "test_lift_reservations")

    def lift_reservations(self):
        lifted = len(self._reserved())
        self._ledger.clear()
        return lifted


class LiftsWhatHasMoved(MemoryStore):
    """
    Looks which are reserved, and removes them later.
    """

    breaks = ("test_race_with_lifting",)

    def lift_reservations(self):
        reserved = self._reserved()
        time.sleep(0.05)
        for row in reserved:
            del self._ledger[row.key]
        return len(reserved)


class InventsSettings(MemoryStore):
    """
    Has settings of whatever it is asked for.
    """

    breaks = ("test_no_settings",)

    def settings(self, connection_id):
        return super().settings(connection_id) or "none"


class KeepsTheFirstSettings(MemoryStore):
    """
    Has in force what came first.
    """

    breaks = ("test_settings", "test_settings_apart")

    def settings(self, connection_id):
        return next(iter(self.settings_history(connection_id)), None)


class KeepsNoHistory(MemoryStore):
    """
    Forgets what was.
    """

    breaks = ("test_settings",)

    def settings_history(self, connection_id):
        return super().settings_history(connection_id)[-1:]


class CutsMicroseconds(MemoryStore):
    """
    Has times of whole seconds.
    """

    breaks = ("test_settings_come_back",)

    def change_settings(self, change):
        moment = change.changed_at.replace(microsecond=0)
        super().change_settings(attrs.evolve(change, changed_at=moment))


class FoldsSettings(MemoryStore):
    """
    Finds settings in any letter case.
    """

    breaks = ("test_settings_apart",)

    def settings(self, connection_id):
        for change in self.all_settings():
            if change.connection_id.lower() == connection_id.lower():
                return change
        return None


class SkipsVersions(MemoryStore):
    """
    Takes every version for the next one.
    """

    breaks = ("test_settings_stale",)

    def change_settings(self, change):
        version = len(self.settings_history(change.connection_id)) + 1
        super().change_settings(attrs.evolve(change, version=version))


class CutsSettings(MemoryStore):
    """
    Keeps as much as there is room for.
    """

    breaks = ("test_settings_out_of_bounds",)

    def change_settings(self, change):
        actor = change.actor[:255] or "nobody"
        super().change_settings(attrs.evolve(change, actor=actor))


class SharesSettings(MemoryStore):
    """
    Keeps what it is handed.
    """

    breaks = ("test_isolation_of_settings",)

    def settings(self, connection_id):
        history = self._settings.get(connection_id, (None,))
        return history[-1]


class ChangesSettingsLate(MemoryStore):
    """
    Looks which version is next, and writes it later.
    """

    breaks = ("test_race_to_change_settings",)

    def change_settings(self, change):
        history = self._settings.get(change.connection_id, ())
        if change.version != len(history) + 1:
            raise StaleRecordError
        time.sleep(0.01)
        self._settings[change.connection_id] = (*history, change)


class CountsAllNames(MemoryStore):
    """
    Has a tally of nothing.
    """

    breaks = ("test_no_tallies",)

    def tallies(self, since):
        return super().tallies(since) or ["nothing"]


class CountsTheLast(MemoryStore):
    """
    Writes over what is there.
    """

    breaks = ("test_add_tallies", "test_people")

    def add_tallies(self, tallies):
        tallies = tuple(tallies)
        for tally in tallies:
            self._tallies.pop((tally.day, tally.name), None)
        super().add_tallies(tallies)


class ForgetsTheDay(MemoryStore):
    """
    Leaves out the day that it is asked to begin with.
    """

    breaks = ("test_tallies_since",)

    def tallies(self, since):
        return [row for row in super().tallies(since) if row.day != since]


class AddsTheFirstHundred(MemoryStore):
    """
    Says that all are added.
    """

    breaks = ("test_tallies_of_years",)

    def add_tallies(self, tallies):
        super().add_tallies(tuple(tallies)[:100])


class FoldsTallies(MemoryStore):
    """
    Counts names in any letter case.
    """

    breaks = ("test_tallies_apart",)

    def add_tallies(self, tallies):
        super().add_tallies(
            attrs.evolve(tally, name=tally.name.lower()) for tally in tallies
        )


class KeepsTheLastPeople(MemoryStore):
    """
    Writes one sketch over the other.
    """

    breaks = ("test_people",)

    def add_tallies(self, tallies):
        for tally in tallies:
            super().add_tallies([tally])
            key = tally.day, tally.name
            there = self._tallies[key]
            self._tallies[key] = attrs.evolve(there, people=tally.people)


class AddsHalf(MemoryStore):
    """
    Adds one after the other, until one is refused.
    """

    breaks = ("test_tallies_out_of_bounds",)

    def add_tallies(self, tallies):
        for tally in tallies:
            super().add_tallies([tally])


class AddsTheStorable(MemoryStore):
    """
    Passes over what it cannot hold.
    """

    breaks = ("test_tallies_out_of_bounds",)

    def add_tallies(self, tallies):
        for tally in tallies:
            try:
                super().add_tallies([tally])
            except ContractError:
                self._tallies.clear()


class AddsLate(MemoryStore):
    """
    Reads a sum, and writes it later.
    """

    breaks = ("test_race_to_add_tallies",)

    def add_tallies(self, tallies):
        before = dict(self._tallies)
        time.sleep(0.01)
        self._tallies = before
        super().add_tallies(tallies)
