"""
The contract of stores: what those owe that can do more.
"""

import datetime as dt

import pytest

from migratekit.errors import ConfigurationError, UserExistsError
from migratekit.models import (
    KeyKind,
    LedgerKey,
    Origin,
    Record,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.protocols import (
    BindableStore,
    BoundStore,
    ListableStore,
    LookupStore,
    ReadmittingStore,
    ReservingStore,
)
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import (
    NAMES,
    Store,
    changed,
    find,
    key_of,
    need,
    seen,
    somebody,
)


class AbilityScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    @scenario
    async def test_bind_source(self, store: Store) -> None:
        """
        The first name of a source is the only one, ever after.
        """
        bindable = need(store, BindableStore)
        await settle(bindable.bind_source("shop"))

        await settle(bindable.bind_source("shop"))
        with pytest.raises(ConfigurationError):
            await settle(bindable.bind_source("Shop"))

        await settle(bindable.bind_source("shop"))

    @scenario
    async def test_bound_source(self, store: Store) -> None:
        """
        A store tells the name that was bound, and to ask for it binds none.
        """
        bindable, bound = need(store, BindableStore), need(store, BoundStore)
        before = await settle(bound.bound_source())
        await settle(bindable.bind_source("shop"))

        after = await settle(bound.bound_source())

        assert (before, after) == (None, "shop")

    @scenario
    async def test_list_nobody(self, store: Store) -> None:
        """
        An empty store lists nobody.
        """
        listable = need(store, ListableStore)

        assert list(await settle(listable.list_users(None, 10, None, None))) == []

    @scenario
    async def test_list_pages(self, store: Store) -> None:
        """
        Pages come in the order of ids, are as long as asked for, and leave nobody out.
        """
        listable = need(store, ListableStore)
        people = [somebody() for _ in range(7)]
        for new in people:
            await settle(store.create(new))

        listed: list[User] = []
        sizes = []
        after = None
        while page := await settle(listable.list_users(after, 3, None, None)):
            sizes.append(len(page))
            listed.extend(page)
            after = page[-1].id

        assert sorted((new.user for new in people), key=lambda user: user.id) == listed
        assert sizes == [3, 3, 1]

    @scenario
    async def test_list_by_origin(self, store: Store) -> None:
        """
        Only the users of one origin are listed, if one is asked for.
        """
        listable = need(store, ListableStore)
        people = [somebody(origin) for origin in (*Origin, *Origin)]
        for new in people:
            await settle(store.create(new))

        for origin in Origin:
            listed = await settle(listable.list_users(None, 100, origin, None))

            expected = {new.user.id for new in people if new.user.origin is origin}
            assert expected == {user.id for user in listed}

    @scenario
    async def test_list_by_time(self, store: Store) -> None:
        """
        Only those who moved at a time or later are listed, if one is asked for.
        """
        listable = need(store, ListableStore)
        moment = dt.datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=dt.UTC)
        tick = dt.timedelta(microseconds=1)
        before = somebody(migrated_at=moment - tick)
        at = somebody(migrated_at=moment)
        after = somebody(Origin.IMPORT, migrated_at=moment + tick)
        never = somebody(Origin.SIGN_UP, migrated_at=None)
        for new in (before, at, after, never):
            await settle(store.create(new))

        listed = await settle(listable.list_users(None, 100, None, moment))
        both = await settle(listable.list_users(None, 100, Origin.IMPORT, moment))

        assert {at.user.id, after.user.id} == {user.id for user in listed}
        assert [after.user] == list(both)

    @scenario
    async def test_readmit(self, store: Store) -> None:
        """
        A user who was readmitted may move again; former names are free, too.
        """
        readmitting = need(store, ReadmittingStore)
        new, other = somebody(), somebody()
        record = await settle(store.create(new))
        record = await settle(
            store.replace(record, changed(record, email=other.user.email))
        )
        await settle(store.delete(record))

        await settle(readmitting.readmit(new.user.legacy_id))

        for key in (*ledger_keys(new.user), key_of(other.user, KeyKind.EMAIL)):
            assert None is await settle(store.retired(key))
        await settle(store.create(new))
        record = Record(new.user, new.password_hash, version=1)
        assert record == await settle(store.get(new.user.id))

    @scenario
    async def test_readmit_stored(self, store: Store) -> None:
        """
        A user who is stored cannot be readmitted.
        """
        readmitting = need(store, ReadmittingStore)
        new = somebody()
        await settle(store.create(new))
        before = await seen(store, new.user)

        with pytest.raises(UserExistsError) as caught:
            await settle(readmitting.readmit(new.user.legacy_id))

        assert caught.value.field == "legacy_id"
        assert before == await seen(store, new.user)

    @scenario
    async def test_readmit_leaves_others_alone(self, store: Store) -> None:
        """
        Readmitting somebody changes nothing for anybody else, known or not.
        """
        readmitting = need(store, ReadmittingStore)
        gone, stored, signed_up = somebody(), somebody(), somebody(Origin.SIGN_UP)
        for new in (stored, signed_up):
            await settle(store.create(new))
        await settle(store.delete(await settle(store.create(gone))))
        before = await seen(store, stored.user, gone.user, signed_up.user)

        await settle(readmitting.readmit("shop|nobody"))

        assert before == await seen(store, stored.user, gone.user, signed_up.user)

    @scenario
    async def test_readmit_with_name_of_another(self, store: Store) -> None:
        """
        A row stays, as theirs, if a stored user has the e-mail or username by now.
        """
        readmitting = need(store, ReadmittingStore)
        for kind in NAMES:
            first = somebody()
            key = key_of(first.user, kind)
            await settle(store.delete(await settle(store.create(first))))
            second = somebody(Origin.SIGN_UP, **{kind.value: key.value})
            await settle(store.create(second))

            await settle(readmitting.readmit(first.user.legacy_id))

            assert Retirement(key, "used", None) == await settle(store.retired(key))
            others = [other for other in ledger_keys(first.user) if other != key]
            for other in others:
                assert None is await settle(store.retired(other))
            found = await find(store, key)
            assert found is not None
            assert second.user.id == found.user.id

    @scenario
    async def test_readmit_reserved(self, store: Store) -> None:
        """
        Readmitting lifts the reservations of a legacy id.
        """
        readmitting = need(store, ReadmittingStore)
        reserving = need(store, ReservingStore)
        user = somebody().user
        await settle(reserving.reserve(ledger_keys(user), user.legacy_id))

        await settle(readmitting.readmit(user.legacy_id))

        for key in ledger_keys(user):
            assert None is await settle(store.retired(key))

    @scenario
    async def test_retired_many(self, store: Store) -> None:
        """
        Many keys are looked up at once as one by one, in their order, some of them
        twice; what only looks alike, and what cannot be stored, is not there.
        """
        able = need(store, LookupStore)
        stored, gone, stranger = somebody(), somebody(), somebody()
        await settle(store.create(stored))
        await settle(store.delete(await settle(store.create(gone))))
        keys = [
            key for one in (gone, stranger, stored) for key in ledger_keys(one.user)
        ]
        others = [
            LedgerKey(key.kind, text)
            for key in ledger_keys(stored.user)
            for text in (
                key.value.upper(),
                f"{key.value} ",
                key.value.replace("a", "\N{LATIN SMALL LETTER A WITH ACUTE}"),
                "\0",
                "\udc80",
                "\N{PILE OF POO}' OR 1=1 --",
            )
        ]
        wanted = [*keys, *others, *keys[::-1]]

        found = await settle(able.retired_many(wanted))

        expected = [await settle(store.retired(key)) for key in wanted]
        assert expected == list(found)
        assert list(await settle(able.retired_many([]))) == []

    @scenario
    async def test_retired_many_of_each_kind(self, store: Store) -> None:
        """
        Keys of one value and several kinds are several keys, and thousands are not too
        many.
        """
        able = need(store, LookupStore)
        new = somebody(email="a@example.com", username="a", legacy_id="shop|a")
        await settle(store.create(new))
        keys = [LedgerKey(kind, "a") for kind in KeyKind]
        crowd = [
            LedgerKey(kind, f"{number}") for kind in KeyKind for number in range(2000)
        ]

        wanted = [*crowd, *keys, *crowd]
        found = await settle(able.retired_many(wanted))

        key = LedgerKey(KeyKind.USERNAME, "a")
        row = Retirement(key, "used", "shop|a")
        expected = [row if other == key else None for other in wanted]
        assert expected == list(found)
