"""
All stores of ours refuse the same.
"""

import datetime as dt
import uuid

import attrs
import pytest

from migratekit.errors import AlreadyMigratedError, ConfigurationError, ContractError
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    User,
    ledger_keys,
)
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore


@pytest.fixture(name="store", params=["memory", "sql"])
def _store(request):
    if request.param == "memory":
        yield MemoryStore()
        return
    with SQLStore("sqlite://") as store:
        store.create_schema()
        yield store


def person(**changes):
    user = User(
        id=str(uuid.uuid4()),
        email="ann@example.com",
        origin=Origin.LOGIN,
        legacy_id="shop|42",
    )
    return NewUser(attrs.evolve(user, **changes), "hash")


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "x" * 37},
        {"id": ""},
        {"id": "a\0"},
        {"email": "x" * 321},
        {"email": ""},
        {"email": "ann\0@example.com"},
        {"username": "\udc80"},
        {"legacy_id": "x" * 331},
        {"legacy_id": "shop|\ud800"},
    ],
)
def test_create(store, changes):
    """
    What some database could not hold is refused, by every store, before it is asked.
    """
    new = person(**changes)

    with pytest.raises(ContractError) as caught:
        store.create(new)

    assert None is caught.value.__context__
    assert None is store.find(Identifier(KeyKind.EMAIL, "ann@example.com"))


@pytest.mark.parametrize("encoded", ["a\0b", "\udc80"])
def test_hash(store, encoded):
    """
    A hash that some database could not hold is refused, and not repeated.
    """
    with pytest.raises(ContractError) as caught:
        store.create(NewUser(person().user, encoded))

    assert encoded not in str(caught.value)


def test_taken_id(store):
    """
    An id is given once.
    """
    record = store.create(person())
    other = person(id=record.user.id, email="bob@example.com", legacy_id="shop|43")

    with pytest.raises(ContractError):
        store.create(other)

    assert record == store.get(record.user.id)
    assert None is store.retired(LedgerKey(KeyKind.LEGACY_ID, "shop|43"))


@pytest.mark.parametrize(
    "changes", [{"id": "another"}, {"legacy_id": "shop|43"}, {"legacy_id": None}]
)
def test_replace_with_somebody_else(store, changes):
    """
    A record never changes its id or legacy id.
    """
    record = store.create(person())
    other = attrs.evolve(record, user=attrs.evolve(record.user, **changes))

    with pytest.raises(ContractError):
        store.replace(record, other)

    assert record == store.get(record.user.id)


def test_replace(store):
    """
    A record is not replaced by what some database could not hold.
    """
    record = store.create(person())
    other = attrs.evolve(record, user=attrs.evolve(record.user, username="a\0b"))

    with pytest.raises(ContractError):
        store.replace(record, other)


def test_reserve(store):
    """
    Nothing is reserved that some database could not hold, nor anything beside it.
    """
    good = LedgerKey(KeyKind.EMAIL, "ann@example.com")
    bad = LedgerKey(KeyKind.USERNAME, "a\0b")

    with pytest.raises(ContractError):
        store.reserve([good, bad], "shop|42")
    with pytest.raises(ContractError):
        store.reserve([good], "shop|\0")

    assert None is store.retired(good)


@pytest.mark.parametrize("text", ["\0", "a\0", "\udc80", "\ud800x"])
def test_look_ups(store, text):
    """
    What cannot be stored is not there, and nobody has to be asked.
    """
    store.create(person())

    assert None is store.get(text)
    assert None is store.find(Identifier(KeyKind.EMAIL, text))
    assert None is store.retired(LedgerKey(KeyKind.LEGACY_ID, text))
    assert None is store.readmit(text)


@pytest.mark.parametrize("origin", [Origin.SIGN_UP, Origin.ADMIN])
def test_reservation_is_for_movers(store, origin):
    """
    A legacy id that is kept lets in who comes out of the source, and nobody else.
    """
    new = person(origin=origin)
    store.reserve(ledger_keys(new.user), "shop|42")

    with pytest.raises(AlreadyMigratedError):
        store.create(new)

    assert None is store.get(new.user.id)


def test_text_in_json(store):
    """
    A profile may hold what an identifier must not.
    """
    profile = {"nick": "a\0b \udc80", "n": [1e-300, -0.5]}
    record = store.create(person(profile=profile))

    assert profile == store.get(record.user.id).user.profile


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC),
    ],
)
def test_first_and_last_moment(store, moment):
    """
    ASP.NET's DateTime.MinValue is a moment like any other.
    """
    record = store.create(person(created_at=moment))

    assert moment == store.get(record.user.id).user.created_at


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        dt.datetime(9999, 12, 31, 23, tzinfo=dt.timezone(dt.timedelta(hours=-2))),
    ],
)
@pytest.mark.parametrize("field", ["created_at", "migrated_at", "updated_at"])
def test_moment_outside_of_utc(store, moment, field):
    """
    A moment that UTC does not have is refused.
    """
    with pytest.raises(ContractError):
        store.create(person(**{field: moment}))


def test_source_name(store):
    """
    The name that is recorded is named, so that an operator knows what to do.
    """
    store.bind_source("shop")

    with pytest.raises(ConfigurationError, match=r"'shop', not to 'blog'"):
        store.bind_source("blog")


def test_repr(store):
    """
    A store tells what it is and nothing of what is in it.
    """
    store.create(person())

    assert repr(store) in {"<MemoryStore of 1 users>", "<SQLStore sqlite://>"}
