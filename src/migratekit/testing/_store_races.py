"""
The contract of stores: what comes of many who want the same thing at once.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import attrs

from migratekit.errors import (
    AlreadyMigratedError,
    StaleRecordError,
    UserExistsError,
)
from migratekit.models import (
    KeyKind,
    NewUser,
    Origin,
    Record,
    Retirement,
    ledger_keys,
)
from migratekit.protocols import ReservingStore
from migratekit.settings import SettingsStore
from migratekit.sketch import Sketch
from migratekit.statistics import StatisticsStore
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import (
    Store,
    at_once,
    changed,
    find,
    key_of,
    need,
    somebody,
)
from migratekit.testing._store_settings import settings_change
from migratekit.testing._store_statistics import sketch_of, tally


class RaceScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    contenders: ClassVar[int] = 8
    """How many threads or tasks want the same thing at once."""

    @scenario
    async def test_race_for_one_user(self, store: Store) -> None:
        """
        Of many first logins of one user exactly one creates them.
        """
        for _ in range(3):
            person = somebody().user
            rivals = [
                somebody(
                    email=person.email,
                    username=person.username,
                    legacy_id=person.legacy_id,
                )
                for _ in range(self.contenders)
            ]

            created = await self._race_to_create(store, rivals)

            assert created == await find(store, key_of(person, KeyKind.EMAIL))
            row = await settle(store.retired(key_of(person, KeyKind.LEGACY_ID)))
            assert row is not None
            assert row.reason == "used"

    @scenario
    async def test_race_for_one_reserved_user(self, store: Store) -> None:
        """
        A reservation lets in one of many who come for it, too.
        """
        reserving = need(store, ReservingStore)
        person = somebody().user
        await settle(reserving.reserve(ledger_keys(person), person.legacy_id))
        rivals = [
            somebody(
                email=person.email,
                username=person.username,
                legacy_id=person.legacy_id,
            )
            for _ in range(self.contenders)
        ]

        created = await self._race_to_create(store, rivals)

        assert created == await find(store, key_of(person, KeyKind.EMAIL))

    @scenario
    async def test_race_for_one_email(self, store: Store) -> None:
        """
        Of many who come with one e-mail, from everywhere, exactly one gets it.
        """
        email = somebody().user.email
        origins = (Origin.LOGIN, Origin.SIGN_UP, Origin.IMPORT, Origin.ADMIN)
        rivals = [
            somebody(origins[number % 4], email=email)
            for number in range(self.contenders)
        ]

        created = await self._race_to_create(store, rivals)

        for rival in rivals:
            stored = await settle(store.get(rival.user.id))
            assert stored == (created if rival.user.id == created.user.id else None)

    @scenario
    async def test_race_with_lifting(self, store: Store) -> None:
        """
        Exactly one of many moves, also while all reservations are lifted.
        """
        reserving = need(store, ReservingStore)
        person = somebody().user
        await settle(reserving.reserve(ledger_keys(person), person.legacy_id))
        names = {kind.value: getattr(person, kind.value) for kind in KeyKind}
        rivals = [somebody(**names) for _ in range(self.contenders)]
        calls: list[partial[Any]] = [partial(store.create, rival) for rival in rivals]

        done, failures = await at_once([partial(reserving.lift_reservations), *calls])

        for error in failures:
            assert isinstance(error, AlreadyMigratedError | UserExistsError), error
        created = [answer for answer in done if isinstance(answer, Record)]
        assert created == [await find(store, key_of(person, KeyKind.EMAIL))]
        for key in ledger_keys(person):
            row = await settle(store.retired(key))
            assert Retirement(key, "used", person.legacy_id) == row

    async def _race_to_create(self, store: Store, rivals: Sequence[NewUser]) -> Record:
        created, failures = await at_once(
            [partial(store.create, rival) for rival in rivals]
        )

        assert len(created) == 1
        for error in failures:
            assert isinstance(error, AlreadyMigratedError | UserExistsError), error
        return created[0]

    @scenario
    async def test_no_race(self, store: Store) -> None:
        """
        Users who share nothing are all created, at the same time.
        """
        people = [somebody() for _ in range(2 * self.contenders)]

        created, failures = await at_once(
            [partial(store.create, new) for new in people]
        )

        assert failures == []
        assert {new.user.id for new in people} == {item.user.id for item in created}

    @scenario
    async def test_race_to_replace(self, store: Store) -> None:
        """
        Of many who change one version of a record exactly one does.
        """
        old = await settle(store.create(somebody()))
        for _ in range(3):
            wishes = [
                attrs.evolve(old, password_hash=f"hash {number}")
                for number in range(self.contenders)
            ]

            written, failures = await at_once(
                [partial(store.replace, old, wish) for wish in wishes]
            )

            assert len(written) == 1
            for error in failures:
                assert isinstance(error, StaleRecordError), error
            assert old.version + 1 == written[0].version
            assert written[0] == await settle(store.get(old.user.id))
            old = written[0]

    @scenario
    async def test_race_to_rename(self, store: Store) -> None:
        """
        Of many users who want one e-mail exactly one gets it; the others keep theirs.
        """
        email = somebody().user.email
        records = [
            await settle(store.create(somebody())) for _ in range(self.contenders)
        ]

        written, failures = await at_once(
            [
                partial(store.replace, record, changed(record, email=email))
                for record in records
            ]
        )

        assert len(written) == 1
        for error in failures:
            assert isinstance(error, UserExistsError), error
            assert error.field == "email"
        for record in records:
            stored = await settle(store.get(record.user.id))
            winner = written[0].user.id == record.user.id
            assert stored == (written[0] if winner else record)

    @scenario
    async def test_race_to_change_settings(self, store: Store) -> None:
        """
        Of many who change one version of the settings exactly one does.
        """
        keeping = need(store, SettingsStore)
        for version in (1, 2, 3):
            wishes = [
                settings_change(version, actor=f"{version} {number}")
                for number in range(self.contenders)
            ]

            written, failures = await at_once(
                [partial(keeping.change_settings, wish) for wish in wishes]
            )

            assert written == [None]
            for error in failures:
                assert isinstance(error, StaleRecordError), error
            assert await settle(keeping.settings("con_shop")) in wishes
        history = await settle(keeping.settings_history("con_shop"))
        assert [change.version for change in history] == [1, 2, 3]

    @scenario
    async def test_race_to_add_tallies(self, store: Store) -> None:
        """
        However many add to the same tallies, nothing is lost.
        """
        counting = need(store, StatisticsStore)
        names = [f"name {number}" for number in range(4)]
        for turn in (1, 2):
            calls = []
            for number in range(self.contenders):
                mine = [
                    tally(name, 1 + number, people=[f"{turn} {number} {name}"])
                    for name in names
                ]
                # Some begin where others end.
                calls.append(partial(counting.add_tallies, mine[:: (-1) ** number]))

            _, failures = await at_once(calls)

            assert failures == []
            rows = await settle(counting.tallies(None))
            expected = turn * sum(range(1, 1 + self.contenders))
            assert [(name, expected) for name in names] == [
                (row.name, row.count) for row in rows
            ]
            for row in rows:
                everybody = sketch_of(
                    f"{past} {number} {row.name}"
                    for past in range(1, turn + 1)
                    for number in range(self.contenders)
                )
                assert everybody == Sketch.from_text(row.people)

    @scenario
    async def test_race_to_delete(self, store: Store) -> None:
        """
        Of many who delete and change one record exactly one does.
        """
        for _ in range(3):
            record = await settle(store.create(somebody()))
            wish = changed(record, blocked=True)
            calls: list[partial[Any]] = [
                partial(store.delete, record),
                partial(store.replace, record, wish),
            ]

            done, failures = await at_once(calls * (self.contenders // 2))

            assert len(done) == 1
            for error in failures:
                assert isinstance(error, StaleRecordError), error
            assert done[0] == await settle(store.get(record.user.id))
