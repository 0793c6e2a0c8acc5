"""
The contract of stores: what those owe that can create many users at once.
"""

import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from migratekit.errors import AlreadyMigratedError, UserExistsError
from migratekit.models import (
    KeyKind,
    NewUser,
    Origin,
    Record,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.protocols import BulkStore, ReservingStore
from migratekit.testing._scenario import scenario, settle
from migratekit.testing._store_people import (
    MOVING,
    NAMES,
    Store,
    at_once,
    find,
    key_of,
    need,
    seen,
    somebody,
)


# What would be something else to COPY, CSV or LIKE.
_ODD_TEXTS = (
    "\\N",
    "\\.",
    "\\",
    "\\\\x41\\t\\n",
    "a\tb",
    "a\nb\r\n",
    "NULL",
    "'\"`,;",
    "%s%%s :a ?",
    "{}",
    "\N{PILE OF POO}",
)


class BulkScenarios:
    """
    Part of `migratekit.testing.stores.UserStoreContract`.
    """

    contenders: ClassVar[int]

    @scenario
    async def test_create_many(self, store: Store) -> None:
        """
        Whoever was created with others is there like somebody created alone.
        """
        bulk = need(store, BulkStore)
        people = [somebody(origin) for origin in (*Origin, *Origin)]

        outcomes = await settle(bulk.create_many(people))

        assert [None] * len(people) == list(outcomes)
        for new in people:
            await _is_there(store, new)

    @scenario
    async def test_create_many_users(self, store: Store) -> None:
        """
        More can be created, or refused, at once than a statement has room for.
        """
        bulk = need(store, BulkStore)
        people = [somebody(Origin.IMPORT) for _ in range(2500)]

        outcomes = await settle(bulk.create_many(people))

        assert [None] * len(people) == list(outcomes)
        for new in people[::250]:
            await _is_there(store, new)

        outcomes = await settle(bulk.create_many([_rival(new.user) for new in people]))

        told = [("AlreadyMigratedError", new.user.legacy_id) for new in people]
        assert told == _told(outcomes)

    @scenario
    async def test_create_nobody(self, store: Store) -> None:
        """
        Nothing comes of nobody.
        """
        bulk = need(store, BulkStore)

        assert list(await settle(bulk.create_many([]))) == []

    @scenario
    async def test_create_many_with_odd_texts(self, store: Store) -> None:
        """
        Every text comes back as it was, and what was missing is missing.
        """
        bulk = need(store, BulkStore)
        people = [
            somebody(
                email=f"{text}@example.com",
                username=text,
                legacy_id=f"shop|{text}",
                password_hash=text,
                profile={"name": text, text: [text]},
            )
            for text in _ODD_TEXTS
        ]
        missing = (*(kind.value for kind in NAMES), "password_hash")
        people += [
            somebody(Origin.LOGIN, **{name: None}, migrated_at=None)
            for name in (*missing, *missing)
        ]

        outcomes = await settle(bulk.create_many(people))

        assert [None] * len(people) == list(outcomes)
        for new in people:
            await _is_there(store, new)

    @scenario
    async def test_create_many_large(self, store: Store) -> None:
        """
        People with large profiles are stored whole.
        """
        bulk = need(store, BulkStore)
        people = [
            somebody(profile={"name": "x" * 100_000}, password_hash="h" * 4096)
            for _ in range(30)
        ]

        outcomes = await settle(bulk.create_many(people))

        assert [None] * len(people) == list(outcomes)
        for new in people:
            await _is_there(store, new)

    @scenario
    async def test_create_many_first_wins(self, store: Store) -> None:
        """
        The first of two that want the same is stored, and the other is told.
        """
        bulk = need(store, BulkStore)
        for kind in KeyKind:
            first, between = somebody(), somebody()
            key = key_of(first.user, kind)
            second = somebody(Origin.LOGIN, **{kind.value: key.value})

            outcomes = await settle(bulk.create_many([first, between, second]))

            told = ("UserExistsError", kind.value)
            if kind is KeyKind.LEGACY_ID:
                told = ("AlreadyMigratedError", key.value)
            assert [None, None, told] == _told(outcomes)
            await _is_there(store, first)
            await _is_there(store, between)
            assert None is await settle(store.get(second.user.id))
            for other in ledger_keys(second.user):
                if other != key:
                    assert None is await settle(store.retired(other))

    @scenario
    async def test_create_many_moved(self, store: Store) -> None:
        """
        Whoever has moved is told so, whatever others have of theirs by now.
        """
        bulk = need(store, BulkStore)
        moved, stranger = somebody(), somebody()
        await settle(store.create(moved))
        again = somebody(
            Origin.LOGIN,
            username=stranger.user.username,
            legacy_id=moved.user.legacy_id,
        )

        outcomes = await settle(bulk.create_many([stranger, again]))

        told = ("AlreadyMigratedError", moved.user.legacy_id)
        assert [None, told] == _told(outcomes)

    @scenario
    async def test_create_many_as_create(self, store: Store) -> None:
        """
        Each of many is stored or refused as they would be alone, in their order.
        """
        bulk = need(store, BulkStore)
        for origin in Origin:
            alone, together = f"alone-{origin}", f"together-{origin}"
            one_by_one = await _cast(store, alone, origin)
            at_once = await _cast(store, together, origin)
            expected = [await _create(store, new) for new in one_by_one]

            outcomes = await settle(bulk.create_many(at_once))

            assert _shape(alone, _told(expected)) == _shape(together, _told(outcomes))
            assert _shape(
                alone, await seen(store, *(new.user for new in one_by_one))
            ) == _shape(together, await seen(store, *(new.user for new in at_once)))

    @scenario
    async def test_create_many_again(self, store: Store) -> None:
        """
        Creating the same people again changes nothing.
        """
        bulk = need(store, BulkStore)
        people = [somebody(origin) for origin in MOVING for _ in range(3)]
        again = [_rival(new.user) for new in people]
        await settle(bulk.create_many(people[:-1]))
        before = await seen(store, *(new.user for new in people[:-1]))

        outcomes = await settle(bulk.create_many(again))

        assert before == await seen(store, *(new.user for new in people[:-1]))
        told = [("AlreadyMigratedError", new.user.legacy_id) for new in people[:-1]]
        assert [*told, None] == _told(outcomes)
        await _is_there(store, again[-1])

    @scenario
    async def test_create_many_reserved(self, store: Store) -> None:
        """
        What is reserved for the very same people becomes theirs.
        """
        bulk = need(store, BulkStore)
        reserving = need(store, ReservingStore)
        people = [somebody(MOVING[number % 3]) for number in range(300)]
        for new in people[::2]:
            user = new.user
            await settle(reserving.reserve(ledger_keys(user), user.legacy_id))

        outcomes = await settle(bulk.create_many(people))

        assert [None] * len(people) == list(outcomes)
        for new in people[:20]:
            await _is_there(store, new)

    @scenario
    async def test_isolation_of_many(self, store: Store) -> None:
        """
        Nothing that a caller does to the values changes what is stored.
        """
        bulk = need(store, BulkStore)
        people = [somebody(profile={"name": "Ann"}) for _ in range(3)]

        await settle(bulk.create_many(people))
        for new in people:
            new.user.profile["name"] = "Bob"

        for new in people:
            record = await settle(store.get(new.user.id))
            assert record is not None
            assert record.user.profile["name"] == "Ann"

    @scenario
    async def test_race_of_many(self, store: Store) -> None:
        """
        Of many first logins and imports of some people exactly one creates each.
        """
        bulk = need(store, BulkStore)
        people = [somebody().user for _ in range(60)]
        calls: list[partial[Any]] = []
        batches = [
            [_rival(user) for user in random.sample(people, len(people))]
            for _ in range(self.contenders // 2)
        ]
        calls += [partial(bulk.create_many, batch) for batch in batches]
        singles = [_rival(user) for user in people[:: 60 // self.contenders]]
        calls += [partial(store.create, new) for new in singles]

        done, failures = await at_once(calls)

        for error in failures:
            assert isinstance(error, AlreadyMigratedError), error
        created = [answer.user for answer in done if isinstance(answer, Record)]
        lists = [answer for answer in done if not isinstance(answer, Record)]
        assert len(batches) == len(lists)
        for batch, outcomes in zip(batches, lists, strict=True):
            for new, outcome in zip(batch, outcomes, strict=True):
                if outcome is None:
                    created.append(new.user)
                else:
                    assert isinstance(outcome, AlreadyMigratedError), outcome
        counts = Counter(user.legacy_id for user in created)
        assert dict.fromkeys((user.legacy_id for user in people), 1) == counts
        for user in created:
            found = await find(store, key_of(user, KeyKind.EMAIL))
            assert found is not None
            assert user == found.user
            for key in ledger_keys(user):
                row = await settle(store.retired(key))
                assert Retirement(key, "used", user.legacy_id) == row


async def _is_there(store: Store, new: NewUser) -> None:
    """
    Check that *new* is stored as version 1, and in the ledger.
    """
    record = Record(new.user, new.password_hash, version=1)
    assert record == await settle(store.get(new.user.id))
    for key in ledger_keys(new.user):
        row = await settle(store.retired(key))
        assert Retirement(key, "used", new.user.legacy_id) == row
        if key.kind in NAMES:
            assert record == await find(store, key)


def _rival(user: User) -> NewUser:
    """
    Return somebody with the keys of *user*, and an id of their own.
    """
    keys = {key.kind.value: key.value for key in ledger_keys(user)}
    return somebody(Origin.LOGIN, **keys)


async def _cast(store: Store, word: str, origin: Origin) -> list[NewUser]:
    """
    Return people who want what others have, had, or will have.

    Two casts differ in nothing but *word*.
    """

    def person(name: str, origin: Origin, **changes: Any) -> NewUser:
        own = {
            "id": f"{word}-{name}",
            "email": f"{word}-{name}@example.com",
            "username": f"{word}-{name}",
            "legacy_id": f"{word}|{name}" if origin in MOVING else None,
        }
        return somebody(origin, **(own | changes))

    stored, gone, kept = (person(name, Origin.LOGIN) for name in "sgk")
    await settle(store.create(stored))
    await settle(store.delete(await settle(store.create(gone))))
    keys, legacy_id = ledger_keys(kept.user), str(kept.user.legacy_id)
    await settle(need(store, ReservingStore).reserve(keys, legacy_id))

    people = [person("1", origin)]
    for other in (stored.user, gone.user, kept.user, people[0].user):
        for key in ledger_keys(other):
            name = f"{len(people)}"
            if key.kind in NAMES or origin in MOVING:
                people.append(person(name, origin, **{key.kind.value: key.value}))
            # Theirs, if they were refused.
            email = f"{word}-{name}@example.com"
            people.append(person(f"{name}x", origin, email=email))
    again = person("again", origin, username=f"{word}-k")
    return [*people, person("k", origin), again]


async def _create(
    store: Store, new: NewUser
) -> AlreadyMigratedError | UserExistsError | None:
    try:
        await settle(store.create(new))
    except (AlreadyMigratedError, UserExistsError) as error:
        return error
    return None


def _told(
    outcomes: Sequence[AlreadyMigratedError | UserExistsError | None],
) -> list[tuple[str, str | None] | None]:
    """
    Return the name of each error and what it tells.
    """
    return [
        None
        if outcome is None
        else (
            type(outcome).__name__,
            outcome.field
            if isinstance(outcome, UserExistsError)
            else outcome.legacy_id,
        )
        for outcome in outcomes
    ]


def _shape(word: str, values: Sequence[object]) -> list[str]:
    return [repr(value).replace(word, "*") for value in values]
