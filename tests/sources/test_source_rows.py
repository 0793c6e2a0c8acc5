import datetime as dt
import functools
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit import _columns
from migratekit.errors import ConfigurationError, ContractError, UnusableHashError
from migratekit.models import LegacyUser, StoredHash
from migratekit.sources._rows import columns_of, hash_of, row_of, user_of


NEW_YEAR = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def a_row(columns=None, **values):
    targets = columns_of(columns).targets(values)
    return row_of(targets, values.values())


def a_user(columns=None, **values):
    return user_of(a_row(columns, **{"user_id": "1", **values}))


def test_every_field():
    """
    Each column of a field's name gives that field.
    """
    user = a_user(
        email="Ann@Example.com",
        email_verified=1,
        username="ann",
        blocked="0",
        must_change_password="y",
        created_at="2020-01-01",
        name="Ann",
        profile='{"name": "A", "language": "de"}',
        user_metadata={"theme": "dark"},
        app_metadata=b'{"plan": 1}',
    )

    expected = LegacyUser(
        user_id="1",
        email="Ann@Example.com",
        email_verified=True,
        username="ann",
        must_change_password=True,
        created_at=NEW_YEAR,
        profile={"name": "Ann", "language": "de"},
        user_metadata={"theme": "dark"},
        app_metadata={"plan": 1},
    )
    assert expected == user


def test_nulls():
    """
    NULL is as good as no column.
    """
    fields = [
        *("email", "email_verified", "username", "blocked", "must_change_password"),
        *("created_at", "name", "profile", "user_metadata", "app_metadata"),
    ]

    user = a_user(**dict.fromkeys(fields))

    assert LegacyUser(user_id="1", email=None) == user


def test_mapping():
    """
    Columns may have other names, in any letter case.
    """
    columns = {"ID": "user_id", "Mail": "email", "display_name": "profile.name"}

    user = user_of(a_row(columns, id=7, MAIL="a@example.com", Display_Name="Ann"))

    expected = LegacyUser(user_id="7", email="a@example.com", profile={"name": "Ann"})
    assert expected == user


def test_mapping_comes_first():
    """
    A column that is called like a field gives way to the one that is mapped to it.
    """
    user = a_user({"login": "username"}, username="Nobody", login="ann")

    assert "ann" == user.username


def test_mapped_column_loses_its_name():
    """
    A mapped column does not mean what it is called any more.
    """
    user = a_user({"username": "profile.handle"}, username="ann")

    assert user.username is None
    assert {"handle": "ann"} == user.profile


def test_unknown_columns():
    """
    Nothing outside the allow-list is ever copied.
    """
    user = a_user(ssn="078-05-1120", profile_ssn="078-05-1120", id="2")

    assert LegacyUser(user_id="1", email=None) == user


@pytest.mark.parametrize(
    "columns",
    [
        {"ID": "id"},
        {"x": "profile."},
        {"x": "legacy_id"},
        {"x": "origin"},
        {"x": "password"},
        {"x": "email", "y": "email"},
        {"x": "name", "y": "profile.name"},
        {"x": "email", "X": "username"},
        {"x": None},
        {"x": ["email"]},
        {"x": b"email"},
        {5: "email"},
    ],
)
def test_bad_mapping(columns):
    """
    A mapping to nothing, or of something twice, is refused.
    """
    with pytest.raises(ConfigurationError):
        columns_of(columns)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({}, ["id", "email"]),
        ({"locked": "blocked"}, ["user_id", "email"]),
        ({}, ["user_id", "email", "EMAIL"]),
        ({}, ["user_id", "name", "profile.name"]),
        ({"mail": "email"}, ["user_id", "mail", "mail"]),
    ],
)
def test_bad_result(columns, names):
    """
    A result without the id or a mapped column, or with two for one, is refused.
    """
    with pytest.raises(ContractError):
        columns_of(columns).targets(names)


def test_ignored_twice():
    """
    Columns that mean nothing may have one name.
    """
    targets = columns_of(None).targets(["id", "user_id", "id"])

    assert (None, "user_id", None) == targets


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("7", 7),
        ("7", "7"),
        ("7", b"7"),
        ("7", memoryview(b"7")),
        ("7", Decimal("7.00")),
        ("ä", "ä".encode()),
        ("00000000-0000-0000-0000-000000000007", uuid.UUID(int=7)),
    ],
)
def test_id(expected, value):
    """
    An id is text, a whole number or a UUID.
    """
    assert expected == a_user(user_id=value).user_id


@pytest.mark.parametrize(
    "value",
    [None, True, 7.0, Decimal("7.5"), Decimal("NaN"), Decimal("Inf"), b"\xff", [7]],
)
def test_bad_id(value):
    """
    Whatever might be spelt in another way tomorrow is no id.
    """
    with pytest.raises(ContractError, match="user_id"):
        a_user(user_id=value)


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        (True, (True, 1, "1", "t", "T", "true", "Y", "yes ", b"\1", b"1", Decimal(1))),
        (False, (False, 0, "0", "f", "F", "false", "N", "no", b"\0", b"0", Decimal(0))),
        (False, (None, bytearray(b"\0"), memoryview(b"f"))),
    ],
)
def test_flag(expected, values):
    """
    A flag is what databases and applications spell a truth value as.
    """
    for value in values:
        assert expected is a_user(blocked=value).blocked


@pytest.mark.parametrize(
    "value", [2, -1, "", "2", "on", "blocked", 1.0, b"\2", b"\xff", [], NEW_YEAR]
)
def test_bad_flag(value):
    """
    Whatever else is no flag, and nobody is let in by it.
    """
    with pytest.raises(ContractError):
        a_user(blocked=value)


@pytest.mark.parametrize(
    "value",
    [
        NEW_YEAR,
        dt.datetime(2020, 1, 1),  # noqa: DTZ001
        dt.datetime(2020, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        dt.date(2020, 1, 1),
        "2020-01-01 00:00:00",
        " 2020-01-01T01:00:00+01:00 ",
        b"2020-01-01",
        1577836800,
        1577836800.0,
        Decimal(1577836800),
    ],
)
def test_moment(value):
    """
    A time is UTC if it does not say otherwise.
    """
    created_at = a_user(created_at=value).created_at

    assert NEW_YEAR == created_at
    assert created_at.tzinfo is not None


def test_zero_date():
    """
    MySQL's date that is none is none.
    """
    assert a_user(created_at="0000-00-00 00:00:00").created_at is None


@pytest.mark.parametrize(
    "value", [True, "", "yesterday", 10**30, float("nan"), Decimal("Inf"), []]
)
def test_bad_moment(value):
    """
    Whatever else is no time.
    """
    with pytest.raises(ContractError):
        a_user(created_at=value)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("Ann", "Ann"),
        ("Ann", b"Ann"),
        (7, 7),
        (1.5, 1.5),
        (True, True),
        ("1.50", Decimal("1.50")),
        ("2020-01-01", dt.date(2020, 1, 1)),
        ("00:00:01", dt.time(0, 0, 1)),
        ("2020-01-01T00:00:00+00:00", NEW_YEAR),
        ("00000000-0000-0000-0000-000000000007", uuid.UUID(int=7)),
        ([{"a": [1]}], [{"a": (1,)}]),
    ],
)
def test_profile_value(expected, value):
    """
    A value of the profile becomes JSON.
    """
    user = a_user({"x": "profile.x"}, x=value)

    assert {"x": expected} == user.profile


NESTED = "[" * 100_000
DEEP = functools.reduce(lambda inner, _: [inner], range(100_000), [])


@pytest.mark.parametrize(
    "values",
    [
        {"name": b"\xff"},
        {"name": float("nan")},
        {"name": object()},
        {"profile": "Ann"},
        {"profile": "[]"},
        {"profile": '{"x": NaN}'},
        {"profile": ["name", "Ann"]},
        {"profile": {1: "Ann"}},
        {"user_metadata": NESTED},
        {"user_metadata": {"x": DEEP}},
        {"app_metadata": b"\xff"},
    ],
)
def test_bad_profile(values):
    """
    A profile or metadata that is no JSON object is refused.
    """
    with pytest.raises(ContractError) as caught:
        a_user(**values)

    assert caught.value.__context__ is None


def test_hash():
    """
    The hash comes with all that stands beside it.
    """
    row = a_row(
        user_id=1,
        password_hash=b"abc",
        password_salt=b"\xff",
        password_salt2="s2",
        password_username="Ann",
        password_format=1,
    )

    expected = StoredHash("abc", salt=b"\xff", salt2="s2", username="Ann", format="1")
    assert expected == hash_of(row)
    assert LegacyUser(user_id="1", email=None) == user_of(row)


def test_hash_alone():
    """
    What does not stand beside the hash is None.
    """
    row = a_row(user_id=1, password_hash="abc", password_salt=None)

    assert StoredHash("abc") == hash_of(row)


def test_hash_memoryview():
    """
    A salt column of bytes is bytes, whatever the driver calls them.
    """
    row = a_row(user_id=1, password_hash="abc", password_salt=memoryview(b"\xff"))

    assert StoredHash("abc", salt=b"\xff") == hash_of(row)


def test_no_hash():
    """
    NULL is nobody's hash; a query without a hash is a mistake.
    """
    assert hash_of(a_row(user_id=1, password_hash=None)) is None
    with pytest.raises(ContractError):
        hash_of(a_row(user_id=1))


@pytest.mark.parametrize(
    "values",
    [
        {"password_hash": b"\xff"},
        {"password_hash": True},
        {"password_hash": "abc", "password_salt": 1.5},
        {"password_hash": "abc", "password_salt2": Decimal("Inf")},
        {"password_hash": "abc", "password_username": b"\xff"},
        {"password_hash": "abc", "password_format": []},
    ],
)
def test_bad_hash(values):
    """
    A hash that is not text can never be verified.
    """
    with pytest.raises(UnusableHashError) as caught:
        hash_of(a_row(user_id=1, **values))

    assert caught.value.__context__ is None


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text("01tfyn{}[]:", max_size=4),
    st.binary(max_size=4),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.uuids(),
    st.lists(st.integers()),
    st.dictionaries(st.sampled_from(["a", 1]), st.floats()),
)
TARGETS = st.sampled_from([*_columns.USER, *_columns.HASH, "name", "picture"])


@given(values=st.dictionaries(TARGETS, VALUES, max_size=5))
def test_whatever_a_driver_gives(values):
    """
    A row is a user, or it is refused; and NULL never blocks nor verifies anybody.
    """
    values = {"user_id": "1", "password_hash": "abc", **values}
    row = a_row(**values)

    try:
        user = user_of(row)
    except ContractError:
        pass
    else:
        assert user == user_of(row)
        for flag in ("email_verified", "blocked", "must_change_password"):
            assert getattr(user, flag) is (values.get(flag) in TRUE)
    try:
        stored = hash_of(row)
    except UnusableHashError:
        pass
    else:
        assert (values["password_hash"] is None) is (stored is None)


TRUE = [True, *"1tyTY", "true", "yes", b"\1", b"1", b"t", b"T", b"y", b"Y"]


def test_secrets():
    """
    A row shows neither its hash nor its values.
    """
    row = a_row(user_id=1, password_hash="s3cret", password_salt="s3cret")

    assert "s3cret" not in repr(row)
