"""
The contract of stores: what they tell of themselves.
"""

import datetime as dt
from typing import Any

import attrs

from migratekit.models import Figures, KeyKind, Origin, ledger_keys
from migratekit.protocols import (
    CheckableStore,
    CountableStore,
    ReadmittingStore,
    ReservingStore,
)
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import (
    Store,
    changed,
    key_of,
    need,
    somebody,
)


_ARGON2 = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
_MIDNIGHT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)


def there(numbers: dict[Any, int]) -> dict[Any, int]:
    """
    Return *numbers* without those that are zero.
    """
    return {key: number for key, number in numbers.items() if number}


class CheckScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    @scenario
    async def test_figures_of_nobody(self, store: Store) -> None:
        """
        An empty store counts nobody.
        """
        countable = need(store, CountableStore)

        figures = await settle(countable.figures())

        assert isinstance(figures, Figures)
        assert figures.moved == 0
        for numbers in (figures.by_origin, figures.by_day, figures.by_format):
            assert there(numbers) == {}

    @scenario
    async def test_figures(self, store: Store) -> None:
        """
        Stored users are counted by origin; who moved is counted even when deleted.
        """
        countable = need(store, CountableStore)
        origins = (Origin.LOGIN, Origin.LOGIN, Origin.LOGIN, Origin.IMPORT)
        records = [
            await settle(store.create(somebody(origin)))
            for origin in (*origins, Origin.SIGN_UP, Origin.SIGN_UP)
        ]
        await settle(store.delete(records[0]))
        await settle(store.delete(records[-1]))

        figures = await settle(countable.figures())

        expected = {Origin.LOGIN: 2, Origin.IMPORT: 1, Origin.SIGN_UP: 1}
        assert there(figures.by_origin) == expected
        assert figures.moved == 4

    @scenario
    async def test_figures_without_reserved(self, store: Store) -> None:
        """
        A reserved legacy id has not moved.
        """
        countable, reserving = need(store, CountableStore), need(store, ReservingStore)
        user = somebody().user
        await settle(reserving.reserve(ledger_keys(user), user.legacy_id))

        figures = await settle(countable.figures())

        assert figures.moved == 0
        for numbers in (figures.by_origin, figures.by_day, figures.by_format):
            assert there(numbers) == {}

    @scenario
    async def test_figures_by_day(self, store: Store) -> None:
        """
        Who moved is counted by the day in UTC, for good; nobody else is.
        """
        countable = need(store, CountableStore)
        east = dt.timezone(dt.timedelta(hours=14))
        moments = (
            _MIDNIGHT - _TICK,
            (_MIDNIGHT - _TICK).astimezone(east),
            _MIDNIGHT,
            _MIDNIGHT.astimezone(east),
            _MIDNIGHT + dt.timedelta(days=1) - _TICK,
            _MIDNIGHT + dt.timedelta(days=1),
        )
        records = [
            await settle(store.create(somebody(updated_at=moment)))
            for moment in moments
        ]
        await settle(store.create(somebody(Origin.SIGN_UP, updated_at=_MIDNIGHT)))
        later = _MIDNIGHT + dt.timedelta(days=9)
        await settle(store.replace(records[0], changed(records[0], updated_at=later)))
        await settle(store.delete(records[2]))

        figures = await settle(countable.figures())

        first, second, third = (_MIDNIGHT.date() + dt.timedelta(n) for n in (-1, 0, 1))
        assert there(figures.by_day) == {first: 2, second: 3, third: 1}
        assert figures.moved == 6

    @scenario
    async def test_figures_of_lifted_reservation(self, store: Store) -> None:
        """
        Who had been reserved counts from the day on which they moved.
        """
        countable, reserving = need(store, CountableStore), need(store, ReservingStore)
        new = somebody(updated_at=_MIDNIGHT)
        await settle(reserving.reserve(ledger_keys(new.user), new.user.legacy_id))

        await settle(store.create(new))

        figures = await settle(countable.figures())
        assert there(figures.by_day) == {_MIDNIGHT.date(): 1}

    @scenario
    async def test_figures_of_readmitted(self, store: Store) -> None:
        """
        Who was readmitted has not moved, until they do again.
        """
        countable = need(store, CountableStore)
        readmitting = need(store, ReadmittingStore)
        new = somebody(updated_at=_MIDNIGHT)
        await settle(store.delete(await settle(store.create(new))))

        await settle(readmitting.readmit(new.user.legacy_id))

        figures = await settle(countable.figures())
        assert (figures.moved, there(figures.by_day)) == (0, {})
        again = somebody(legacy_id=new.user.legacy_id, updated_at=_MIDNIGHT - _TICK)
        await settle(store.create(again))
        figures = await settle(countable.figures())
        assert there(figures.by_day) == {_MIDNIGHT.date() - dt.timedelta(1): 1}

    @scenario
    async def test_figures_by_format(self, store: Store) -> None:
        """
        Stored users are counted by what their hash is now.
        """
        countable = need(store, CountableStore)
        hashes = (None, None, _ARGON2, "$mk$v=1$f=shop$eA", "plain")
        records = [
            await settle(store.create(somebody(password_hash=text))) for text in hashes
        ]

        figures = await settle(countable.figures())
        expected = {"none": 2, "argon2id m=8,t=1,p=1": 1, "shop": 1, "other": 1}
        assert there(figures.by_format) == expected

        moved = records[0]
        await settle(store.replace(moved, attrs.evolve(moved, password_hash=_ARGON2)))
        await settle(store.delete(records[-1]))

        figures = await settle(countable.figures())
        assert there(figures.by_format) == {
            "none": 1,
            "argon2id m=8,t=1,p=1": 2,
            "shop": 1,
        }

    @scenario
    async def test_check(self, store: Store) -> None:
        """
        Whatever a store is asked to do, its ledger and its users agree.
        """
        checkable = need(store, CheckableStore)
        stored, gone, renamed, another = (somebody() for _ in range(4))
        await settle(store.create(stored))
        await settle(store.create(somebody(Origin.SIGN_UP)))
        await settle(store.delete(await settle(store.create(gone))))
        record = await settle(store.create(renamed))
        names = {"email": another.user.email, "username": None}
        await settle(store.replace(record, changed(record, **names)))
        email = key_of(gone.user, KeyKind.EMAIL).value
        await settle(store.create(somebody(Origin.ADMIN, email=email)))

        assert list(await settle(checkable.check())) == []

    @scenario
    async def test_check_of_reserved(self, store: Store) -> None:
        """
        Reservations, lifted or not, and readmitted users are in order.
        """
        checkable, reserving = need(store, CheckableStore), need(store, ReservingStore)
        readmitting = need(store, ReadmittingStore)
        kept, lifted, back = (somebody() for _ in range(3))
        for new in (kept, lifted):
            await settle(reserving.reserve(ledger_keys(new.user), new.user.legacy_id))
        await settle(store.create(lifted))
        await settle(store.delete(await settle(store.create(back))))
        squatter = somebody(Origin.SIGN_UP, email=back.user.email)
        await settle(store.create(squatter))
        await settle(readmitting.readmit(back.user.legacy_id))

        assert list(await settle(checkable.check())) == []
