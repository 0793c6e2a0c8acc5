"""
What every store owes, as tests to inherit.
"""

import datetime as dt
from typing import Any

import attrs
import pytest

from migratekit.errors import StaleRecordError
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    User,
    ledger_keys,
)
from migratekit.testing._scenario import Opening, scenario, settle
from migratekit.testing._store_abilities import AbilityScenarios
from migratekit.testing._store_bulk import BulkScenarios
from migratekit.testing._store_check import CheckScenarios
from migratekit.testing._store_ledger import LedgerScenarios
from migratekit.testing._store_people import (
    NAMES,
    Store,
    changed,
    find,
    key_of,
    seen,
    somebody,
)
from migratekit.testing._store_races import RaceScenarios
from migratekit.testing._store_reservations import ReservationScenarios
from migratekit.testing._store_settings import SettingsScenarios
from migratekit.testing._store_statistics import StatisticsScenarios


# What some collation or pattern takes for the same.
_LOOKALIKES = (
    "ann@example.com",
    "Ann@example.com",
    "\N{LATIN SMALL LETTER A WITH ACUTE}nn@example.com",
    "a\N{COMBINING ACUTE ACCENT}nn@example.com",
    "\N{FULLWIDTH LATIN SMALL LETTER A}nn@example.com",
    "\N{CYRILLIC SMALL LETTER A}nn@example.com",
    "ann@example.com\N{ZERO WIDTH SPACE}",
    "a_n@example.com",
    "a%@example.com",
    "stra\N{LATIN SMALL LETTER SHARP S}e@example.com",
    "strasse@example.com",
    "\N{PILE OF POO}@example.com",
    "\N{GRINNING FACE}@example.com",
)

_EVERYTHING = User(
    id="0b0f9a5c-5a1f-4a5e-9f0e-3b6d8a1c2d4e",
    email="ann@example.com",
    email_verified=True,
    username="ann",
    blocked=True,
    must_change_password=True,
    profile={
        "name": "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS} \N{PILE OF POO} \\ ' \"",
        "nested": [None, True, 0, -1.5, 2**60, "", {"\N{SNOWMAN}": []}],
    },
    user_metadata={"theme": {"dark": False}},
    app_metadata={"roles": ["admin", "\N{GREEK SMALL LETTER OMEGA}"]},
    created_at=dt.datetime(
        1999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=5.5))
    ),
    origin=Origin.IMPORT,
    legacy_id="shop|\N{LATIN SMALL LETTER E WITH ACUTE}/42",
    migrated_at=dt.datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=dt.UTC),
    updated_at=dt.datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=dt.UTC),
)


class UserStoreContract(
    LedgerScenarios,
    AbilityScenarios,
    ReservationScenarios,
    BulkScenarios,
    CheckScenarios,
    SettingsScenarios,
    StatisticsScenarios,
    RaceScenarios,
):
    """
    Inherit from it and implement `open_store()`.

    Serves sync and async stores.  The abilities that a store has are tested, those of
    `migratekit.protocols` and of `migratekit.settings` and `migratekit.statistics`;
    those it has not are skipped.
    """

    def open_store(self) -> Opening[Store]:
        """
        Return a context manager, sync or async, that gives an empty store.
        """
        raise NotImplementedError

    def _open(self) -> Opening[Store]:
        return self.open_store()

    @scenario
    async def test_empty(self, store: Store) -> None:
        """
        An empty store knows nobody.
        """
        user = somebody().user

        assert [None] * len(await seen(store, user)) == await seen(store, user)

    @scenario
    async def test_create(self, store: Store) -> None:
        """
        Whoever was created is found by id, e-mail and username, as version 1.
        """
        for origin in Origin:
            new = somebody(origin)

            record = await settle(store.create(new))

            assert Record(new.user, new.password_hash, version=1) == record
            assert record == await settle(store.get(new.user.id))
            for kind in NAMES:
                assert record == await find(store, key_of(new.user, kind))

    @scenario
    async def test_every_field(self, store: Store) -> None:
        """
        Every field comes back as it was, to the microsecond and the last character.
        """
        bare = User(id="bare", email=None, origin=Origin.LOGIN)
        for field in attrs.fields(User):
            default, value = (getattr(user, field.name) for user in (bare, _EVERYTHING))
            assert default != value, f"{field.name} is not tested"

        await settle(store.create(NewUser(_EVERYTHING, "hash")))

        assert Record(_EVERYTHING, "hash", version=1) == await settle(
            store.get(_EVERYTHING.id)
        )

    @scenario
    async def test_plain_types(self, store: Store) -> None:
        """
        What comes back is made of plain types, and times have a time zone.
        """
        await settle(store.create(NewUser(_EVERYTHING, "hash")))

        record = await settle(store.get(_EVERYTHING.id))

        assert record is not None
        assert type(record.password_hash) is str
        assert type(record.version) is int
        assert type(record.user.origin) is Origin
        for moment in ("created_at", "migrated_at", "updated_at"):
            assert getattr(record.user, moment).tzinfo is not None

    @scenario
    async def test_missing_fields(self, store: Store) -> None:
        """
        Any number of users have no e-mail, no username, no legacy id and no password.
        """
        people = [
            somebody(
                Origin.ADMIN,
                password_hash=None,
                migrated_at=None,
                **{kind.value: None},
            )
            for kind in (*NAMES, *NAMES)
        ]

        for new in people:
            await settle(store.create(new))

        for new in people:
            record = Record(new.user, None, version=1)
            assert record == await settle(store.get(new.user.id))

    @scenario
    async def test_large_fields(self, store: Store) -> None:
        """
        Identifiers of 320 characters and a profile of 100 kB are stored whole.
        """
        character = "\N{PILE OF POO}"
        new = somebody(
            email=character * 308 + "@example.com",
            username=character * 320,
            legacy_id="s" * 64 + "|" + character * 255,
            profile={"name": "x" * 100_000},
            password_hash="h" * 4096,
        )

        await settle(store.create(new))

        record = Record(new.user, new.password_hash, version=1)
        for kind in NAMES:
            assert record == await find(store, key_of(new.user, kind))
        for key in ledger_keys(new.user):
            assert None is not await settle(store.retired(key))

    @scenario
    async def test_lookalikes(self, store: Store) -> None:
        """
        Identifiers are compared byte by byte, by the look-ups and by the constraints.
        """
        expected: dict[Identifier, str] = {}
        for text in _LOOKALIKES:
            for kind in NAMES:
                assert None is await find(store, LedgerKey(kind, text)), text
                assert None is await settle(store.retired(LedgerKey(kind, text)))
            new = somebody(email=text, username=text, legacy_id=f"shop|{text}")

            await settle(store.create(new))

            expected[Identifier(KeyKind.EMAIL, text)] = new.user.id
            expected[Identifier(KeyKind.USERNAME, text)] = new.user.id
        for identifier, user_id in expected.items():
            record = await settle(store.find(identifier))
            assert record is not None
            assert user_id == record.user.id

    @scenario
    async def test_blanks_around(self, store: Store) -> None:
        """
        An identifier with a blank before or behind it is another one.
        """
        new = somebody()
        await settle(store.create(new))

        for key in ledger_keys(new.user):
            for text in (f"{key.value} ", f" {key.value}", f"{key.value}\t"):
                other = LedgerKey(key.kind, text)
                assert None is await settle(store.retired(other))
                if key.kind in NAMES:
                    assert None is await find(store, other)
        assert None is await settle(store.get(f"{new.user.id} "))
        assert None is await settle(store.get(new.user.id.upper() + "X"))

    @scenario
    async def test_odd_look_ups(self, store: Store) -> None:
        """
        Nobody is found by a text that means something to a database.
        """
        await settle(store.create(somebody()))

        for text in ("", "x" * 5000, "'", '"', "%", "_", "\\"):
            assert None is await settle(store.get(text))
            for kind in NAMES:
                assert None is await find(store, LedgerKey(kind, text))
            for kind in KeyKind:
                assert None is await settle(store.retired(LedgerKey(kind, text)))

    @scenario
    async def test_kinds_apart(self, store: Store) -> None:
        """
        A username is not found as an e-mail, nor the other way round.
        """
        new = somebody()
        await settle(store.create(new))

        assert new.user.email is not None
        assert new.user.username is not None
        for key in (
            LedgerKey(KeyKind.EMAIL, new.user.username),
            LedgerKey(KeyKind.USERNAME, new.user.email),
        ):
            assert None is await find(store, key)

    @scenario
    async def test_isolation(self, store: Store) -> None:
        """
        Nothing that a caller does to a value changes what is stored.
        """
        new = somebody(profile={"tags": ["a"]})
        expected = attrs.evolve(new.user)

        created = await settle(store.create(new))
        found = await find(store, key_of(new.user, KeyKind.EMAIL))
        got = await settle(store.get(new.user.id))
        for value in (new, created, found, got):
            tags: Any = value.user.profile["tags"]  # type: ignore[union-attr]
            tags.append("b")

        record = await settle(store.get(new.user.id))
        assert record is not None
        assert expected == record.user

    @scenario
    async def test_isolation_of_replaced(self, store: Store) -> None:
        """
        Nothing that a caller does to a replaced value changes what is stored.
        """
        created = await settle(store.create(somebody()))
        wish = changed(created, profile={"name": "Ann"})

        replaced = await settle(store.replace(created, wish))
        for value in (wish, replaced):
            value.user.profile["name"] = "Bob"

        record = await settle(store.get(wish.user.id))
        assert record is not None
        assert record.user.profile["name"] == "Ann"

    @scenario
    async def test_replace(self, store: Store) -> None:
        """
        Everything but the ids can change; the next version is one more.
        """
        new, other = somebody(Origin.IMPORT), somebody()
        await settle(store.create(other))
        bystander = await seen(store, other.user)
        first = await settle(store.create(new))
        user = attrs.evolve(_EVERYTHING, id=new.user.id, legacy_id=new.user.legacy_id)

        second = await settle(store.replace(first, Record(user, "new hash", 1)))

        assert Record(user, "new hash", version=2) == second
        assert second == await settle(store.get(new.user.id))
        for kind in NAMES:
            assert second == await find(store, key_of(user, kind))
            assert None is await find(store, key_of(new.user, kind))
        assert bystander == await seen(store, other.user)

    @scenario
    async def test_replace_password(self, store: Store) -> None:
        """
        A hash can come, change and go; every write counts.
        """
        record = await settle(store.create(somebody(password_hash=None)))

        for version, encoded in enumerate(("a", "a", "b", None), start=2):
            wish = attrs.evolve(record, password_hash=encoded)
            record = await settle(store.replace(record, wish))

            assert (encoded, version) == (record.password_hash, record.version)
            assert record == await settle(store.get(record.user.id))

    @scenario
    async def test_replace_stale(self, store: Store) -> None:
        """
        Whoever has not seen the last version writes nothing.
        """
        new = somebody()
        first = await settle(store.create(new))
        second = await settle(store.replace(first, changed(first, blocked=True)))
        wish = attrs.evolve(first, password_hash=None)
        future = attrs.evolve(second, version=3)

        for old in (first, future):
            with pytest.raises(StaleRecordError):
                await settle(store.replace(old, wish))

        assert second == await settle(store.get(new.user.id))

    @scenario
    async def test_replace_stale_name(self, store: Store) -> None:
        """
        A stale change of an e-mail leaves no trace in the ledger.
        """
        new, other = somebody(), somebody()
        first = await settle(store.create(new))
        await settle(store.replace(first, changed(first, blocked=True)))
        wish = changed(first, email=other.user.email)
        before = await seen(store, new.user, other.user)

        with pytest.raises(StaleRecordError):
            await settle(store.replace(first, wish))

        assert before == await seen(store, new.user, other.user)

    @scenario
    async def test_delete(self, store: Store) -> None:
        """
        Whoever was deleted is not found any more; all others are.
        """
        new, other = somebody(), somebody()
        record = await settle(store.create(new))
        await settle(store.create(other))
        bystander = await seen(store, other.user)

        await settle(store.delete(record))

        assert None is await settle(store.get(new.user.id))
        for kind in NAMES:
            assert None is await find(store, key_of(new.user, kind))
        assert bystander == await seen(store, other.user)

    @scenario
    async def test_delete_stale(self, store: Store) -> None:
        """
        Whoever has not seen the last version deletes nothing.
        """
        first = await settle(store.create(somebody()))
        second = await settle(store.replace(first, changed(first, blocked=True)))

        with pytest.raises(StaleRecordError):
            await settle(store.delete(first))

        assert second == await settle(store.get(first.user.id))

    @scenario
    async def test_gone(self, store: Store) -> None:
        """
        Whoever was deleted can neither be changed nor deleted.
        """
        new = somebody()
        record = await settle(store.create(new))
        await settle(store.delete(record))
        before = await seen(store, new.user)

        with pytest.raises(StaleRecordError):
            await settle(store.replace(record, changed(record, blocked=True)))
        with pytest.raises(StaleRecordError):
            await settle(store.delete(record))

        assert before == await seen(store, new.user)
