"""
The values that everything else talks about.
"""

import datetime as dt
import json

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migratekit import LegacyUser
from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    PasswordChange,
    Record,
    StoredHash,
    User,
    identifiers,
    ledger_keys,
)


NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
NAIVE = dt.datetime(2030, 1, 1)  # noqa: DTZ001
COMMON = {
    "email",
    "email_verified",
    "username",
    "blocked",
    "must_change_password",
    "profile",
    "user_metadata",
    "app_metadata",
    "created_at",
}


def legacy(**fields):
    return LegacyUser(**{"user_id": "1", "email": "ada@example.com", **fields})


def stored(**fields):
    values = {"id": "u", "origin": Origin.LOGIN, "email": "ada@example.com"}
    return User(**{**values, **fields})


class Text(str):
    __slots__ = ()


def test_allow_list():
    """
    A source's user has the fields of the allow-list, and a stored one those and more.
    """
    assert COMMON | {"user_id"} == set(attrs.fields_dict(LegacyUser))
    assert COMMON | {"id", "origin", "legacy_id", "migrated_at", "updated_at"} == set(
        attrs.fields_dict(User)
    )


@pytest.mark.parametrize("make", [legacy, stored])
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("email", [5, b"a@b", ["a@b"], True, Text("a@b")]),
        ("username", [5, b"a", [], False, Text("a")]),
        ("email_verified", [1, 0, None, "yes", "false"]),
        ("blocked", [1, 0, None, ""]),
        ("must_change_password", [1, None, []]),
        ("created_at", [NAIVE, "2030-01-01", 0, dt.date(2030, 1, 1)]),
        ("profile", [None, [], "x", [("a", 1)], {1: 2}, {Text("a"): 1}]),
        ("user_metadata", [{"a": object()}, {"a": {1, 2}}, {"a": b"x"}, {"a": NOW}]),
        (
            "app_metadata",
            [{"a": float("nan")}, {"a": [float("inf")]}, {"a": {None: 1}}],
        ),
        ("profile", [{"a": Text("x")}, {"a": [(1, Origin.LOGIN)]}, {"a": 1 + 2j}]),
        # Which Python writes and reads only if it is told to.
        ("user_metadata", [{"a": 10**4300}, {"a": [-(10**4300)]}, {"a": 1 << 99999}]),
    ],
)
def test_types(make, field, values):
    """
    A value of another type is refused: nothing is coerced, no subclass is let in.
    """
    for value in values:
        with pytest.raises(TypeError):
            make(**{field: value})


@pytest.mark.parametrize(
    ("make", "fields"),
    [
        (legacy, {"user_id": None}),
        (legacy, {"user_id": 5}),
        (legacy, {"user_id": Text("5")}),
        (stored, {"id": None}),
        (stored, {"legacy_id": 5}),
        (stored, {"migrated_at": NAIVE}),
        (stored, {"updated_at": "now"}),
    ],
)
def test_other_types(make, fields):
    """
    So it is for what only one of the two has.
    """
    with pytest.raises(TypeError):
        make(**fields)


def test_origin():
    """
    An origin may be given as text, but must be one.
    """
    assert Origin.SIGN_UP is stored(origin="sign_up").origin
    with pytest.raises(ValueError, match="nobody"):
        stored(origin="nobody")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=4,
)


@settings(max_examples=25)
@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_json(profile):
    """
    A profile is kept as it is, in a copy of its own.
    """
    user = legacy(profile=profile)

    assert profile == user.profile
    assert profile is not user.profile
    assert user.profile == attrs.evolve(user).profile
    assert user.profile is not attrs.evolve(user).profile


def test_json_is_plain():
    """
    Tuples and foreign mappings become lists and dicts, all the way down.
    """

    class Row(dict):
        pass

    user = legacy(app_metadata=Row(a=(1, Row(b=[(2,)]))))

    assert {"a": [1, {"b": [[2]]}]} == user.app_metadata
    assert dict is type(user.app_metadata)
    assert dict is type(user.app_metadata["a"][1])


def test_long_number():
    """
    An int of as many digits as Python reads is kept.
    """
    most = 10**4300 - 1

    assert [most, -most] == legacy(profile={"a": [most, -most]}).profile["a"]
    assert most == json.loads(json.dumps(most))


def test_json_is_copied():
    """
    What is changed later on the outside stays outside.
    """
    given = {"a": [1]}
    user = legacy(user_metadata=given)

    given["a"].append(2)

    assert {"a": [1]} == user.user_metadata


def test_personal_data_is_not_printed():
    """
    Profiles and metadata are in no `repr`.
    """
    secret = {"note": "canary"}
    fields = {"profile": secret, "user_metadata": secret, "app_metadata": secret}

    assert "canary" not in repr(legacy(**fields)) + repr(stored(**fields))


def test_secrets_are_not_printed():
    """
    Hashes, salts and tokens are in no `repr`.
    """
    values = [
        NewUser(stored(), "canary"),
        Record(stored(), "canary", 1),
        StoredHash("canary", salt="canary", salt2=b"canary"),
        PasswordChange("canary", "ada@example.com", NOW),
    ]

    assert "canary" not in repr(values)


def test_frozen():
    """
    No value changes.
    """
    for value, field in (
        (legacy(), "blocked"),
        (stored(), "id"),
        (Record(stored(), None, 1), "version"),
        (Identifier(KeyKind.EMAIL, "a@b"), "value"),
        (PasswordChange("t", "a@b", NOW), "email"),
    ):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, field, None)


def test_keywords():
    """
    Users are made by the names of their fields only.
    """
    with pytest.raises(TypeError):
        LegacyUser("1", "ada@example.com")


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, ["email"]),
        ({"username": "ada"}, ["email", "username"]),
        ({"email": None, "username": "ada"}, ["username"]),
        (
            {"legacy_id": "shop|1", "username": "ada"},
            ["legacy_id", "email", "username"],
        ),
        ({"email": None, "legacy_id": "shop|1"}, ["legacy_id"]),
        ({"email": None}, []),
    ],
)
def test_keys(fields, kinds):
    """
    The ledger holds every key a user has; the store finds them by two of the kinds.
    """
    user = stored(**fields)

    keys = ledger_keys(user)

    assert kinds == [key.kind for key in keys]
    assert [(k.kind, k.value) for k in keys if k.kind != "legacy_id"] == [
        (identifier.kind, identifier.value) for identifier in identifiers(user)
    ]
    assert all(isinstance(key, LedgerKey) for key in keys)


def test_hashable():
    """
    Users may be put into sets, whatever their profile.
    """
    assert 1 == len({legacy(profile={"a": []}), legacy(profile={"a": []})})


def test_stored_hash():
    """
    A stored hash is text.
    """
    for text in (None, b"x", 5):
        with pytest.raises(TypeError):
            StoredHash(text)
