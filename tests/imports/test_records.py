"""
What the fields of a row become, whatever file it comes from.
"""

import datetime as dt
import json

import pytest
from reading import KINDS, read_all, told

from migratekit.imports import RowError, read_json, read_jsonl
from migratekit.imports._records import record_of
from migratekit.models import ImportRecord, StoredHash


@pytest.fixture(name="kind", params=KINDS)
def _kind(request):
    return request.param


EVERYTHING = {
    "user_id": "42",
    "email": "Ada@Example.com",
    "email_verified": True,
    "username": "Ada",
    "blocked": True,
    "must_change_password": True,
    "name": "Ada Lovelace",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "nickname": "ada",
    "picture": "https://example.com/ada.png",
    "profile": {"name": "A", "language": "en"},
    "profile.phone": "1815",
    "user_metadata": {"theme": {"dark": True}},
    "app_metadata": {"roles": ["admin", None, 1.5]},
    "created_at": "2015-12-10T01:02:03.456Z",
    "password_hash": "5f4dcc3b5aa765d61d8327deb882cf99",
    "password_salt": "pepper",
    "password_salt2": "salt",
    "password_username": "ADA",
    "password_format": "shop",
}


def test_everything(kind):
    """
    Every field that a source may give, a file may give.
    """
    (record,) = read_all(kind, [EVERYTHING])

    line = 2 if kind == "csv" else 1
    assert record == ImportRecord(
        user_id="42",
        email="Ada@Example.com",
        email_verified=True,
        username="Ada",
        blocked=True,
        must_change_password=True,
        profile={
            "name": "Ada Lovelace",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "nickname": "ada",
            "picture": "https://example.com/ada.png",
            "language": "en",
            "phone": "1815",
        },
        user_metadata={"theme": {"dark": True}},
        app_metadata={"roles": ["admin", None, 1.5]},
        created_at=dt.datetime(2015, 12, 10, 1, 2, 3, 456000, tzinfo=dt.UTC),
        password=StoredHash(
            "5f4dcc3b5aa765d61d8327deb882cf99",
            salt="pepper",
            salt2="salt",
            username="ADA",
            format="shop",
        ),
        line=line,
    )


def test_little(kind):
    """
    An id is enough; what is null is not there.
    """
    rows = [{"user_id": "1"}, {"user_id": "2", "email": None, "blocked": None}]

    found = read_all(kind, rows)

    for user_id, record in zip("12", found, strict=True):
        bare = ImportRecord(user_id=user_id, email=None, line=record.line)
        assert bare == record
        assert None is record.password


def test_secrets_are_out_of_sight(kind):
    """
    What is read does not show its hash.
    """
    found = read_all(kind, [EVERYTHING, {**EVERYTHING, "blocked": "perhaps"}])

    assert [ImportRecord, RowError] == [type(row) for row in found]
    for secret in ("5f4dcc3b", "pepper"):
        assert secret not in repr(found)


def test_unknown_fields(kind):
    """
    What is not on the list is never copied.
    """
    row = {
        "user_id": "1",
        "email": "ada@example.com",
        "is_admin": "1",
        "password": "secret",
        "mfa_factors": [{"totp": {"secret": "ABC"}}],
        "profile.": "x",
    }

    (record,) = read_all(kind, [row])

    assert record == ImportRecord(
        user_id="1", email="ada@example.com", line=record.line
    )


def test_no_id(kind):
    """
    Nobody moves without the source's id; an empty file has none.
    """
    rows = [{"email": "ada@example.com", "user_id": None}]
    line = 2 if kind == "csv" else 1

    assert [(line, "OBJECT_REQUIRED", "user_id")] == told(read_all(kind, rows))


def test_id_field(kind):
    """
    The id may be in any field, known or not; then ``user_id`` means nothing.
    """
    rows = [{"email": "Ada@example.com", "_uid": "a-1", "user_id": "9"}]

    (by_email,) = read_all(kind, rows, id_field="email")
    (by_uid,) = read_all(kind, rows, id_field="_uid")

    assert ("Ada@example.com", "Ada@example.com") == (by_email.user_id, by_email.email)
    assert ("a-1", "Ada@example.com") == (by_uid.user_id, by_uid.email)
    rows = [{"email": None, "_uid": "", "user_id": "9"}]
    line = 2 if kind == "csv" else 1
    expected = [(line, "OBJECT_REQUIRED", "email")]
    assert expected == told(read_all(kind, rows, id_field="email"))


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("user_id", True, "INVALID_TYPE"),
        ("user_id", 1.0, "INVALID_TYPE"),
        ("user_id", ["1"], "INVALID_TYPE"),
        ("email", {"a": 1}, "INVALID_TYPE"),
        ("email", False, "INVALID_TYPE"),
        ("email_verified", "perhaps", "FORMAT"),
        ("email_verified", 2, "FORMAT"),
        ("email_verified", [], "INVALID_TYPE"),
        ("blocked", {}, "INVALID_TYPE"),
        ("blocked", 0.0, "FORMAT"),
        ("created_at", "yesterday", "FORMAT"),
        ("created_at", 1e300, "FORMAT"),
        ("created_at", 10**18, "FORMAT"),
        ("created_at", True, "INVALID_TYPE"),
        ("created_at", [2020], "INVALID_TYPE"),
        ("user_metadata", [], "INVALID_TYPE"),
        ("user_metadata", 7, "INVALID_TYPE"),
        ("user_metadata", "{", "FORMAT"),
        ("user_metadata", "[]", "INVALID_TYPE"),
        ("app_metadata", "no", "FORMAT"),
        ("profile", "[" * 100_000, "FORMAT"),
        ("password_hash", True, "INVALID_TYPE"),
        ("password_hash", {"a": 1}, "INVALID_TYPE"),
        ("password_hash", "\ud800", "FORMAT"),
        ("password_salt", "\udc00", "FORMAT"),
        ("password_salt2", [], "INVALID_TYPE"),
        ("password_username", 1.5, "INVALID_TYPE"),
        ("password_format", False, "INVALID_TYPE"),
        ("custom_password_hash", [], "INVALID_TYPE"),
        ("custom_password_hash", "{", "FORMAT"),
    ],
)
def test_misfits(field, value, code):
    """
    What cannot be what it should is refused, by field and code.
    """
    row = {"user_id": "1", "password_hash": "x", field: value}
    if field == "custom_password_hash":
        del row["password_hash"]

    found = read_all("jsonl", [row, {"user_id": "2"}])

    assert [(1, code, field), "2"] == told(found)


@pytest.mark.parametrize(
    ("value", "user_id"), [(7, "7"), (0, "0"), (-1, "-1"), ("", ""), ("ü", "ü")]
)
def test_ids(value, user_id):
    """
    An id is text, or a whole number.
    """
    assert [user_id] == told(read_all("json", [{"user_id": value}]))


@pytest.mark.parametrize("field", ["profile", "user_metadata", "app_metadata", "name"])
def test_infinite_numbers(field):
    """
    JSON may spell numbers that are none; no profile has them.
    """
    value = "1e999" if field == "name" else '{"a": [1e999]}'
    line = f'{{"user_id": "1", "{field}": {value}}}'.encode()

    reported = "profile" if field == "name" else field
    assert [(1, "INVALID_TYPE", reported)] == told(read_jsonl(Stream(line)))


class Stream:
    def __init__(self, data):
        self.data = data

    def read(self, size):
        data, self.data = self.data[:size], self.data[size:]
        return data


def nested(levels):
    value = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return {"m": value}


@pytest.mark.parametrize("field", ["profile", "user_metadata", "app_metadata"])
def test_nesting(field):
    """
    What is nested 64 levels deep is metadata; what is deeper is something else.
    """
    deepest, deeper = nested(63), nested(64)
    rows = [{"user_id": "1", field: deepest}, {"user_id": "2", field: deeper}]

    found = read_all("json", rows)

    assert ["1", (2, "TOO_DEEP", field)] == told(found)
    assert deepest == getattr(found[0], field)


def test_only_one_hash(kind):
    """
    A password has one hash.
    """
    custom = {"algorithm": "bcrypt", "hash": {"value": "$2b$10$x"}}
    rows = [{"user_id": "1", "password_hash": "x", "custom_password_hash": custom}]
    line = 2 if kind == "csv" else 1

    expected = [(line, "ONE_OF_MULTIPLE", "custom_password_hash")]
    assert expected == told(read_all(kind, rows))


def test_salt_alone(kind):
    """
    A salt without a hash is nothing.
    """
    (record,) = read_all(kind, [{"user_id": "1", "password_salt": "s"}])

    assert None is record.password


def test_order_of_fields():
    """
    What is wrong first is told, once per row.
    """
    fields = {"user_id": "1", "email": 1.5, "blocked": "x"}

    assert RowError(
        5, "INVALID_TYPE", "email", "The value has another type."
    ) == record_of(fields, 5, None)


def test_nothing_of_the_hash_in_frames():
    """
    A record that cannot be read leaves no exception behind.
    """
    rows = [{"user_id": "1", "password_hash": "5f4dcc3b", "blocked": "x"}]
    error = next(iter(read_json(Stream(json.dumps(rows).encode()))))

    assert "5f4dcc3b" not in f"{error!r} {error.message}"
