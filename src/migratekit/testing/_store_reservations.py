"""
The contract of stores: what those owe that can keep keys for others.
"""

import pytest

from migratekit.errors import ContractError
from migratekit.models import (
    KeyKind,
    Origin,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.protocols import (
    BulkReservingStore,
    ReservingStore,
)
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import (
    NAMES,
    Store,
    find,
    key_of,
    need,
    seen,
    somebody,
)


class ReservationScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    @scenario
    async def test_reserve(self, store: Store) -> None:
        """
        Keys that nobody ever had are kept for a legacy id, and store nobody.
        """
        reserving = need(store, ReservingStore)
        user = somebody().user

        await settle(reserving.reserve(iter(ledger_keys(user)), user.legacy_id))

        for key in ledger_keys(user):
            row = await settle(store.retired(key))
            assert Retirement(key, "reserved", user.legacy_id) == row
        for kind in NAMES:
            assert None is await find(store, key_of(user, kind))

    @scenario
    async def test_reserve_what_is_there(self, store: Store) -> None:
        """
        Keys that are in the ledger already stay as they are.
        """
        reserving = need(store, ReservingStore)
        stored, gone, kept = somebody(), somebody(), somebody()
        await settle(store.create(stored))
        await settle(store.delete(await settle(store.create(gone))))
        await settle(reserving.reserve(ledger_keys(kept.user), kept.user.legacy_id))
        fresh = somebody().user
        people = (stored.user, gone.user, kept.user)
        before = await seen(store, *people)

        keys = [key for user in (*people, fresh) for key in ledger_keys(user)]
        await settle(reserving.reserve(keys, fresh.legacy_id))

        assert before == await seen(store, *people)
        for key in ledger_keys(fresh):
            row = await settle(store.retired(key))
            assert Retirement(key, "reserved", fresh.legacy_id) == row

    @scenario
    async def test_reserve_again(self, store: Store) -> None:
        """
        Reserving the same keys again changes nothing, whoever they are for.
        """
        reserving = need(store, ReservingStore)
        user = somebody().user
        await settle(reserving.reserve(ledger_keys(user), user.legacy_id))
        before = await seen(store, user)

        for legacy_id in (user.legacy_id, "shop|another"):
            await settle(reserving.reserve(ledger_keys(user), legacy_id))

        assert before == await seen(store, user)

    @scenario
    async def test_no_reservations(self, store: Store) -> None:
        """
        Who has moved is not among those whose keys are reserved.
        """
        reserving = need(store, ReservingStore)
        stored, gone = somebody(), somebody()
        await settle(store.create(stored))
        await settle(store.delete(await settle(store.create(gone))))
        before = await seen(store, stored.user, gone.user)

        assert list(await settle(reserving.reservations(None, 10))) == []
        assert await settle(reserving.lift_reservations()) == 0

        assert before == await seen(store, stored.user, gone.user)

    @scenario
    async def test_reservations(self, store: Store) -> None:
        """
        They come in the order of kinds and values, and pages leave none out.
        """
        reserving = need(store, ReservingStore)
        people = [somebody().user for _ in range(4)]
        for user in people:
            await settle(reserving.reserve(ledger_keys(user), user.legacy_id))
        # One has moved since.
        moved = people.pop()
        names = {kind.value: getattr(moved, kind.value) for kind in KeyKind}
        await settle(store.create(somebody(**names)))
        rows = [
            Retirement(key, "reserved", user.legacy_id)
            for user in people
            for key in ledger_keys(user)
        ]
        expected = sorted(rows, key=lambda row: (row.key.kind.value, row.key.value))

        for limit in (1, 2, 3, 5, 100):
            listed: list[Retirement] = []
            after = None
            while page := await settle(reserving.reservations(after, limit)):
                assert len(page) == min(limit, len(rows) - len(listed))
                listed.extend(page)
                after = page[-1].key

            assert expected == listed

    @scenario
    async def test_lift_reservations(self, store: Store) -> None:
        """
        All are lifted, and their keys are as good as new; nobody else's are.
        """
        reserving = need(store, ReservingStore)
        stored, gone = somebody(), somebody()
        await settle(store.create(stored))
        await settle(store.delete(await settle(store.create(gone))))
        before = await seen(store, stored.user, gone.user)
        people = [somebody() for _ in range(3)]
        keys = [key for new in people for key in ledger_keys(new.user)]
        for new in people:
            await settle(reserving.reserve(ledger_keys(new.user), new.user.legacy_id))

        assert len(keys) == await settle(reserving.lift_reservations())
        assert await settle(reserving.lift_reservations()) == 0

        assert before == await seen(store, stored.user, gone.user)
        assert list(await settle(reserving.reservations(None, 100))) == []
        for key in keys:
            assert None is await settle(store.retired(key))
        signed_up = somebody(Origin.SIGN_UP, email=people[0].user.email)
        await settle(store.create(signed_up))
        await settle(store.create(people[1]))

    @scenario
    async def test_reserve_many(self, store: Store) -> None:
        """
        Any number of keys can be reserved, of which some occur twice, or none.
        """
        reserving = need(store, ReservingStore)
        keys = [key_of(somebody().user, KeyKind.EMAIL) for _ in range(500)]

        await settle(reserving.reserve([*keys, *keys], "shop|1"))
        await settle(reserving.reserve([], "shop|2"))

        for key in (keys[0], keys[250], keys[499]):
            row = await settle(store.retired(key))
            assert Retirement(key, "reserved", "shop|1") == row

    @scenario
    async def test_reserve_for_many(self, store: Store) -> None:
        """
        Keys of many users are reserved at once; what is in the ledger stays as it is.
        """
        reserving = need(store, BulkReservingStore)
        stored, gone = somebody(), somebody()
        await settle(store.create(stored))
        await settle(store.delete(await settle(store.create(gone))))
        before = await seen(store, stored.user, gone.user)
        people = [somebody().user for _ in range(400)]
        everybody = [stored.user, gone.user, *people]

        await settle(reserving.reserve_many(iter(_reservations(*everybody))))

        assert before == await seen(store, stored.user, gone.user)
        for user in (people[0], people[200], people[399]):
            for row in _reservations(user):
                assert row == await settle(store.retired(row.key))

    @scenario
    async def test_reserve_for_two(self, store: Store) -> None:
        """
        Of two who want the same, the first one has it, also when it is done again.
        """
        reserving = need(store, BulkReservingStore)
        one, other = somebody().user, somebody().user
        key = key_of(one, KeyKind.EMAIL)
        rows = [
            *_reservations(one),
            Retirement(key, "reserved", other.legacy_id),
            *_reservations(other),
        ]

        for batch in (rows, rows[::-1], []):
            await settle(reserving.reserve_many(batch))

        for row in (*_reservations(one), *_reservations(other)):
            assert row == await settle(store.retired(row.key))

    @scenario
    async def test_reserve_for_nobody(self, store: Store) -> None:
        """
        What is no reservation is refused, and all others with it.
        """
        reserving = need(store, BulkReservingStore)
        good, user = somebody().user, somebody().user
        key = key_of(user, KeyKind.EMAIL)

        for row in (
            Retirement(key, "used", user.legacy_id),
            Retirement(key, "reserved", None),
        ):
            with pytest.raises(ContractError):
                await settle(reserving.reserve_many([*_reservations(good), row]))

        for row in (*_reservations(good), *_reservations(user)):
            assert None is await settle(store.retired(row.key))


def _reservations(*people: User) -> list[Retirement]:
    return [
        Retirement(key, "reserved", user.legacy_id)
        for user in people
        for key in ledger_keys(user)
    ]
