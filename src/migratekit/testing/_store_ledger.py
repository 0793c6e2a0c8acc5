"""
The contract of stores: what the ledger makes of a create or a replace.
"""

from typing import Any

import pytest

from migratekit.errors import AlreadyMigratedError, MigrateKitError, UserExistsError
from migratekit.models import (
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.protocols import ReservingStore
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import (
    MOVING,
    NAMES,
    Store,
    changed,
    find,
    key_of,
    need,
    seen,
    somebody,
)


class LedgerScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    @scenario
    async def test_ledger_of_new_user(self, store: Store) -> None:
        """
        Creating a user writes a used row for each key, with the legacy id if any.
        """
        for origin in Origin:
            new = somebody(origin)

            await settle(store.create(new))

            for key in ledger_keys(new.user):
                row = await settle(store.retired(key))
                assert Retirement(key, "used", new.user.legacy_id) == row

    @scenario
    async def test_ledger_of_unknown_key(self, store: Store) -> None:
        """
        A key that nobody ever had is not retired.
        """
        new = somebody()

        for key in ledger_keys(new.user):
            assert None is await settle(store.retired(key))

    @scenario
    async def test_ledger_keeps_kinds_apart(self, store: Store) -> None:
        """
        The value of one kind of key says nothing about another kind.
        """
        new = somebody()
        await settle(store.create(new))

        for key in ledger_keys(new.user):
            for kind in set(KeyKind) - {key.kind}:
                assert None is await settle(store.retired(LedgerKey(kind, key.value)))

    @scenario
    async def test_ledger_outlives_user(self, store: Store) -> None:
        """
        Deleting a user leaves the ledger as it is.
        """
        new = somebody()
        record = await settle(store.create(new))

        await settle(store.delete(record))

        for key in ledger_keys(new.user):
            row = await settle(store.retired(key))
            assert Retirement(key, "used", new.user.legacy_id) == row

    @scenario
    async def test_ledger_outlives_name(self, store: Store) -> None:
        """
        A user with a new e-mail or username has rows for the old and the new one.
        """
        for origin in Origin:
            for kind in NAMES:
                old, new = somebody(origin), key_of(somebody().user, kind)
                record = await settle(store.create(old))

                await settle(store.replace(record, changed(record, **_named(new))))

                for key in (*ledger_keys(old.user), new):
                    row = await settle(store.retired(key))
                    assert Retirement(key, "used", old.user.legacy_id) == row

    @scenario
    async def test_create_same_person_again(self, store: Store) -> None:
        """
        Nobody is created twice, whatever the origin and the id.
        """
        for origin in Origin:
            first = somebody(origin)
            again = somebody(origin, **_keys(first.user))
            await settle(store.create(first))
            before = await seen(store, first.user, again.user)

            with pytest.raises((AlreadyMigratedError, UserExistsError)):
                await settle(store.create(again))

            assert before == await seen(store, first.user, again.user)

    @scenario
    async def test_create_with_stored_name(self, store: Store) -> None:
        """
        An e-mail or username that a stored user has is taken, for every origin.
        """
        for origin in Origin:
            for kind in NAMES:
                holder = somebody(Origin.SIGN_UP)
                await settle(store.create(holder))
                new = somebody(origin, **_named(key_of(holder.user, kind)))

                await _is_refused(store, new, UserExistsError(kind.value), holder)

    @scenario
    async def test_create_with_used_name(self, store: Store) -> None:
        """
        An e-mail or username of a deleted user is free for sign-ups only.

        The row stays the deleted user's.
        """
        for origin in Origin:
            for kind in NAMES:
                holder = somebody()
                key = key_of(holder.user, kind)
                await settle(store.delete(await settle(store.create(holder))))
                new = somebody(origin, **_named(key))

                await self._meets_used(store, holder, new, key)

    @scenario
    async def test_create_with_former_name(self, store: Store) -> None:
        """
        What a stored user was once called is free for sign-ups only.
        """
        for origin in Origin:
            for kind in NAMES:
                holder = somebody()
                key = key_of(holder.user, kind)
                record = await settle(store.create(holder))
                other = changed(record, **_named(key_of(somebody().user, kind)))
                await settle(store.replace(record, other))
                new = somebody(origin, **_named(key))

                await self._meets_used(store, holder, new, key)

    async def _meets_used(
        self, store: Store, holder: NewUser, new: NewUser, key: LedgerKey
    ) -> None:
        legacy_id = holder.user.legacy_id
        if new.user.origin in MOVING:
            error = AlreadyMigratedError(legacy_id)
            await _is_refused(store, new, error, holder)
            return

        await settle(store.create(new))

        record = await find(store, key)
        assert record is not None
        assert new.user.id == record.user.id
        row = await settle(store.retired(key))
        assert Retirement(key, "used", legacy_id) == row

    @scenario
    async def test_create_with_used_legacy_id(self, store: Store) -> None:
        """
        A legacy id is migrated once: not again while its user is stored, nor after.
        """
        for origin in MOVING:
            for is_deleted in (False, True):
                holder = somebody()
                record = await settle(store.create(holder))
                if is_deleted:
                    await settle(store.delete(record))
                new = somebody(origin, legacy_id=holder.user.legacy_id)

                error = AlreadyMigratedError(holder.user.legacy_id)
                await _is_refused(store, new, error, holder)

    @scenario
    async def test_create_with_reserved_name(self, store: Store) -> None:
        """
        An e-mail or username that is kept for somebody else is taken, for all.
        """
        reserving = need(store, ReservingStore)
        for origin in Origin:
            for kind in NAMES:
                holder = somebody()
                legacy_id = holder.user.legacy_id
                key = key_of(holder.user, kind)
                await settle(reserving.reserve([key], legacy_id))
                new = somebody(origin, **_named(key))

                error = (
                    AlreadyMigratedError(legacy_id)
                    if origin in MOVING
                    else UserExistsError(kind.value)
                )
                await _is_refused(store, new, error, holder)

    @scenario
    async def test_create_lifts_own_reservation(self, store: Store) -> None:
        """
        Whoever the keys were kept for is let in, and then they are used.
        """
        reserving = need(store, ReservingStore)
        for origin in MOVING:
            for count in (1, 2, 3):
                new = somebody(origin)
                keys = ledger_keys(new.user)
                legacy_id = new.user.legacy_id
                await settle(reserving.reserve(keys[:count], legacy_id))

                await settle(store.create(new))

                for key in keys:
                    row = await settle(store.retired(key))
                    assert Retirement(key, "used", legacy_id) == row

    @scenario
    async def test_create_with_own_and_foreign_keys(self, store: Store) -> None:
        """
        One foreign key is enough to refuse, and no reservation is lifted then.
        """
        reserving = need(store, ReservingStore)
        for origin in MOVING:
            holder, new = somebody(), somebody(origin)
            new = somebody(origin, **{**_keys(new.user), "email": holder.user.email})
            keys = [key for key in ledger_keys(new.user) if key.kind in _OTHERS]
            await settle(reserving.reserve(keys, new.user.legacy_id))
            await settle(store.delete(await settle(store.create(holder))))

            error = AlreadyMigratedError(holder.user.legacy_id)
            await _is_refused(store, new, error, holder)

    @scenario
    async def test_replace_with_stored_name(self, store: Store) -> None:
        """
        Nobody gets the e-mail or username that another stored user has.
        """
        for origin in (Origin.LOGIN, Origin.SIGN_UP):
            for kind in NAMES:
                holder, new = somebody(), somebody(origin)
                await settle(store.create(holder))
                record = await settle(store.create(new))
                wish = changed(record, **_named(key_of(holder.user, kind)))
                before = await seen(store, holder.user, new.user)

                with pytest.raises(UserExistsError) as caught:
                    await settle(store.replace(record, wish))

                assert kind.value == caught.value.field
                assert before == await seen(store, holder.user, new.user)

    @scenario
    async def test_replace_with_reserved_name(self, store: Store) -> None:
        """
        Nobody gets an e-mail or username that is kept for somebody else.
        """
        reserving = need(store, ReservingStore)
        for origin in (Origin.LOGIN, Origin.SIGN_UP):
            for kind in NAMES:
                holder, new = somebody(), somebody(origin)
                key = key_of(holder.user, kind)
                await settle(reserving.reserve([key], holder.user.legacy_id))
                record = await settle(store.create(new))
                wish = changed(record, **_named(key))
                before = await seen(store, holder.user, new.user)

                with pytest.raises(UserExistsError) as caught:
                    await settle(store.replace(record, wish))

                assert kind.value == caught.value.field
                assert before == await seen(store, holder.user, new.user)

    @scenario
    async def test_replace_lifts_own_reservation(self, store: Store) -> None:
        """
        What is kept for a user of the source is theirs to have, and then it is used.
        """
        reserving = need(store, ReservingStore)
        for kind in NAMES:
            other, new = somebody(), somebody(Origin.LOGIN)
            key = key_of(other.user, kind)
            record = await settle(store.create(new))
            await settle(reserving.reserve([key], new.user.legacy_id))

            await settle(store.replace(record, changed(record, **_named(key))))

            found = await find(store, key)
            assert found is not None
            assert new.user.id == found.user.id
            row = await settle(store.retired(key))
            assert Retirement(key, "used", new.user.legacy_id) == row

    @scenario
    async def test_replace_with_used_name(self, store: Store) -> None:
        """
        An e-mail or username that a deleted user had can be had; the row stays.
        """
        for origin in (Origin.LOGIN, Origin.SIGN_UP):
            for kind in NAMES:
                holder, new = somebody(), somebody(origin)
                key = key_of(holder.user, kind)
                await settle(store.delete(await settle(store.create(holder))))
                record = await settle(store.create(new))

                await settle(store.replace(record, changed(record, **_named(key))))

                found = await find(store, key)
                assert found is not None
                assert new.user.id == found.user.id
                row = await settle(store.retired(key))
                assert Retirement(key, "used", holder.user.legacy_id) == row

    @scenario
    async def test_replace_and_back(self, store: Store) -> None:
        """
        A user may take their former e-mail or username again.
        """
        for origin in (Origin.LOGIN, Origin.SIGN_UP):
            for kind in NAMES:
                new = somebody(origin)
                key, other = key_of(new.user, kind), key_of(somebody().user, kind)
                first = await settle(store.create(new))
                second = changed(first, **_named(other))
                second = await settle(store.replace(first, second))

                third = changed(second, **_named(key))
                third = await settle(store.replace(second, third))

                assert third == await find(store, key)
                assert None is await find(store, other)
                for former in (key, other):
                    row = await settle(store.retired(former))
                    assert Retirement(former, "used", new.user.legacy_id) == row


_OTHERS = (KeyKind.USERNAME, KeyKind.LEGACY_ID)


async def _is_refused(
    store: Store, new: NewUser, error: MigrateKitError, holder: NewUser
) -> None:
    """
    Assert that creating *new* fails like *error*, and changes nothing.
    """
    before = await seen(store, holder.user, new.user)

    with pytest.raises(type(error)) as caught:
        await settle(store.create(new))

    assert error.__dict__ == caught.value.__dict__
    assert before == await seen(store, holder.user, new.user)


def _named(key: LedgerKey) -> dict[str, Any]:
    return {key.kind.value: key.value}


def _keys(user: User) -> dict[str, Any]:
    return {key.kind.value: key.value for key in ledger_keys(user)}
