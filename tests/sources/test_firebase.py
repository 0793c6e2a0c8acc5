"""
Firebase: what its answers and its export mean.
"""

import datetime as dt
import json

import attrs
import pytest
from test_http_decisions import answer, login, play

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
)
from migratekit.formats import presets
from migratekit.models import ImportRecord, LegacyUser, StoredHash
from migratekit.sources.firebase import FirebaseSource, read_export


YES = {"localId": "u1", "email": "ann@example.com", "idToken": "t0ken"}
USER = {"localId": "u1", "email": "ann@example.com"}
FOUND = {"kind": "…", "users": [USER]}


def refused(message):
    return answer({"error": {"code": 400, "message": message}}, 400)


def test_questions():
    """
    Two questions, each with the key of the project in a header.
    """
    source = FirebaseSource("k3y", tenant="t1")

    questions, _ = play(
        source._asking("ann@example.com", "pw"), answer(YES), answer(FOUND)
    )

    host = "https://identitytoolkit.googleapis.com"
    assert [
        ("POST", f"{host}/v1/accounts:signInWithPassword"),
        ("POST", f"{host}/v1/accounts:lookup"),
    ] == [(it.method, it.place.origin + it.place.target) for it in questions]
    first, second = (json.loads(question.body) for question in questions)
    assert {
        "email": "ann@example.com",
        "password": "pw",
        "returnSecureToken": True,
        "tenantId": "t1",
    } == first
    assert {"idToken": "t0ken"} == second
    assert (b"X-Goog-Api-Key", b"k3y") in source.headers_for(questions[0])
    assert "k3y" not in repr(source)


def test_emulator():
    """
    The emulator has the service's name in its path.
    """
    source = FirebaseSource(
        "k3y", base_url="http://localhost:9099/identitytoolkit.googleapis.com/"
    )

    (question,), _ = play(
        source._asking("ann@example.com", "pw"), refused("INVALID_PASSWORD")
    )

    path = "/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword"
    assert path == question.place.target


def test_usernames():
    """
    Firebase knows users by their e-mail only.
    """
    assert ([], None) == play(FirebaseSource("k3y")._asking("ann", "pw"))


@pytest.mark.parametrize(
    "message",
    [
        "INVALID_LOGIN_CREDENTIALS",
        "INVALID_PASSWORD",
        "EMAIL_NOT_FOUND",
        "INVALID_EMAIL",
        "USER_DISABLED",
        "USER_DISABLED : The user account has been disabled by an administrator.",
    ],
)
def test_no(message):
    """
    What is a no; a disabled user is told so whatever the password, so that is one too.
    """
    assert login(FirebaseSource("k3y"), refused(message)) is None


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("TOO_MANY_ATTEMPTS_TRY_LATER : Access …", "TOO_MANY_ATTEMPTS_TRY_LATER"),
        ("OPERATION_NOT_ALLOWED", "OPERATION_NOT_ALLOWED"),
        ("API key not valid. Please pass a valid API key.", "API key not valid"),
        ("INVALID_PASSWORDS", "refused"),
        ("PW", "refused"),
        (["INVALID_PASSWORD"], "refused"),
        (None, "refused"),
    ],
)
def test_outages(message, shown):
    """
    Every other error is an outage; its code is shown if it is one.
    """
    with pytest.raises(LegacyUnavailableError, match=shown):
        login(FirebaseSource("k3y"), refused(message))


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_statuses(status):
    """
    An error with another status is an outage, in both questions.
    """
    body = {"error": {"message": "INVALID_PASSWORD"}}
    with pytest.raises(LegacyUnavailableError, match=f"status {status}"):
        login(FirebaseSource("k3y"), answer(body, status))
    with pytest.raises(LegacyUnavailableError, match=f"status {status}"):
        login(FirebaseSource("k3y"), answer(YES), answer(body, status))
    with pytest.raises(LegacyUnavailableError, match="status 400"):
        login(FirebaseSource("k3y"), answer(YES), refused("INVALID_PASSWORD"))


@pytest.mark.parametrize("token", [None, "", 5])
def test_second_factor(token):
    """
    Without a token there is a second factor to come, and that is no yes.
    """
    data = YES | {"idToken": token, "mfaPendingCredential": "x"}

    with pytest.raises(LegacyUnavailableError, match="no token"):
        login(FirebaseSource("k3y"), answer(data), answer(FOUND))


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"users": []},
        {"users": [USER, USER]},
        {"users": USER},
        {"users": ["u1"]},
        {"users": [{"localId": "u2", "email": "ann@example.com"}]},
        {"users": [USER | {"customAttributes": "{"}]},
        {"users": [USER | {"customAttributes": "[" * 99_999}]},
        {"users": [USER | {"customAttributes": "[]"}]},
        {"users": [USER | {"customAttributes": 5}]},
        {"users": [USER | {"customAttributes": '{"a": NaN}'}]},
        {"users": [USER | {"createdAt": "yesterday"}]},
        {"users": [USER | {"createdAt": "9" * 30}]},
        {"users": [USER | {"createdAt": 1.5}]},
    ],
)
def test_lookups_that_are_none(found):
    """
    The profile has to be the one of whoever logged in, and to be one.
    """
    with pytest.raises(ContractError):
        login(FirebaseSource("k3y"), answer(YES), answer(found))


def test_profile():
    """
    What of a user is taken over.
    """
    found = USER | {
        "emailVerified": True,
        "displayName": "Ann",
        "photoUrl": "https://example.com/ann.png",
        "disabled": True,
        "createdAt": "1500000000000",
        "customAttributes": '{"admin":true}',
        "passwordHash": "…",
    }

    user = login(FirebaseSource("k3y"), answer(YES), answer({"users": [found]}))

    assert (
        LegacyUser(
            user_id="u1",
            email="ann@example.com",
            email_verified=True,
            blocked=True,
            profile={"name": "Ann", "picture": "https://example.com/ann.png"},
            app_metadata={"admin": True},
            created_at=dt.datetime(2017, 7, 14, 2, 40, tzinfo=dt.UTC),
        )
        == user
    )


@pytest.mark.parametrize("key", ["", "a b\n", None, "\u20ac"])
def test_keys_that_are_none(key):
    """
    A key that cannot be sent is refused, and so is a tenant that is none.
    """
    with pytest.raises(ConfigurationError):
        FirebaseSource(key)
    with pytest.raises(ConfigurationError):
        FirebaseSource("k3y", tenant=5)


# The parameters, the password and the hash that the README of firebase/scrypt has.
PARAMETERS = {
    "signer_key": (
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    ),
    "salt_separator": "Bw==",
    "rounds": 8,
    "mem_cost": 14,
}
HASH = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
SALT = "42xEC+ixf3L2lw=="


def written(tmp_path, data):
    path = tmp_path / "users.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_export(tmp_path):
    """
    An export becomes records whose hashes verify, in either alphabet of base64.
    """
    websafe = HASH.replace("+", "-").replace("/", "_")
    users = [
        USER | {"passwordHash": HASH, "salt": SALT, "createdAt": "0"},
        USER | {"localId": "u2", "passwordHash": websafe, "salt": "42xEC-ixf3L2lw=="},
        {"localId": "u3", "providerUserInfo": [{"providerId": "google.com"}]},
        USER | {"localId": "u4", "passwordHash": "", "disabled": True},
    ]

    one, two, three, four = read_export(written(tmp_path, {"users": users}))

    assert (
        ImportRecord(
            user_id="u1",
            email="ann@example.com",
            created_at=dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
            password=StoredHash(HASH, salt=SALT, format="firebase"),
            line=1,
        )
        == one
    )
    format_ = presets.firebase(**PARAMETERS)
    for record in (one, two):
        assert format_.verify("user1password", record.password)
        assert not format_.verify("user2password", record.password)
    assert (None, None, False) == (three.password, three.email, three.blocked)
    assert (None, True, 4) == (four.password, four.blocked, four.line)
    assert HASH not in repr(one)
    assert "u1" == attrs.asdict(one)["user_id"]


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "{}", '{"users": {}}', "[" * 99_999, '"users"']
)
def test_files_that_are_none(tmp_path, data):
    """
    A file that is no export is refused.
    """
    with pytest.raises(ContractError, match="no export"):
        next(read_export(written(tmp_path, data)))


@pytest.mark.parametrize(
    "user",
    [
        None,
        "u1",
        {},
        {"localId": None},
        USER | {"email": 5},
        USER | {"passwordHash": 5},
        USER | {"passwordHash": ["s3cret"]},
        USER | {"passwordHash": "s3cret", "salt": 5},
        USER | {"createdAt": "s3cret"},
    ],
)
def test_users_that_are_none(tmp_path, user):
    """
    A user that is none is named by the place in the file, and by nothing else.
    """
    records = read_export(written(tmp_path, {"users": [USER, user]}))

    assert "u1" == next(records).user_id
    with pytest.raises(ContractError, match="User 2 ") as caught:
        next(records)
    assert "s3cret" not in str(caught.value)
