"""
Whatever a server answers: nothing but the declared yes is a login.
"""

import json

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from services import ANN
from test_http_decisions import URL, USERS, login, lookup

from migratekit.errors import ContractError, LegacyUnavailableError
from migratekit.models import LegacyUser
from migratekit.sources import firebase, http, oauth
from migratekit.sources._lookup import Vouched
from migratekit.sources.http._questions import Answer


@attrs.frozen
class Declared:
    """
    A source, the answers that are a yes to it, and what is a yes in other words.
    """

    source: object
    replies: tuple[object, ...]
    is_yes: object = attrs.field(repr=False)


def _accepted(data, *_):
    return data["ok"] is True


def _user_and_object(user, post):
    return {"id", "username"} & {*user} and isinstance(post, dict)


def _command(data, *_):
    (command,) = data["commands"]
    return (
        not isinstance(data.get("error"), dict)
        and "com.okta.action.update" == command["type"]
        and "VERIFIED" == command["value"]["credential"]
    )


def _token(data, claims):
    return (
        isinstance(data["access_token"], str)
        and "bearer" == data["token_type"].lower()
        and isinstance(claims["sub"], str)
    )


def _same_id(data, found):
    (user,) = found["users"]
    return "" != data["idToken"] and data["localId"] == user["localId"]


COMMAND = {"type": "com.okta.action.update", "value": {"credential": "VERIFIED"}}
TOKEN = {"access_token": "x", "token_type": "Bearer"}
CLAIMS = {"sub": "1", "email": ANN.email}
KEYCLOAK = {"id": "1", "username": "ann", "enabled": True, "roles": ["a"]}
FIREBASE = ({"localId": "1", "idToken": "x"}, {"users": [{"localId": "1"}]})
GRANTS = (
    oauth.PasswordGrantSource(URL, URL, "id"),
    oauth.PasswordGrantSource.auth0("shop.auth0.com", "id"),
    oauth.PasswordGrantSource.keycloak("https://sso.example.com", "r", "id"),
    oauth.PasswordGrantSource.entra("tenant", "id"),
)
SOURCES = (
    Declared(http.BasicAuthSource(URL), (ANN.json,), lambda data: "user_id" in data),
    Declared(http.JSONSource(URL), (ANN.json,), lambda data: "user_id" in data),
    Declared(
        http.JSONSource(URL, accepted={"ok": True}, refused={"ok": False}),
        (ANN.json | {"ok": True},),
        _accepted,
    ),
    Declared(
        http.JSONSource(URL, USERS, login_gives_profile=False, accepted={"ok": True}),
        ({"ok": True}, ANN.json),
        _accepted,
    ),
    Declared(http.KeycloakSource(URL), (KEYCLOAK, {}), _user_and_object),
    Declared(
        http.FusionAuthSource(URL),
        ({"user": {"id": "1", "email": ANN.email, "active": True}},),
        lambda data: data["user"]["id"] is not None,
    ),
    Declared(
        http.KratosSource(URL),
        ({"status": "password_match"},),
        lambda data: "password_match" == data["status"],
    ),
    Declared(http.OktaSource(URL), ({"commands": [COMMAND]},), _command),
    *(Declared(grant, (TOKEN, CLAIMS), _token) for grant in GRANTS),
    Declared(firebase.FirebaseSource("key"), FIREBASE, _same_id),
)

_words = st.sampled_from(
    [
        "error",
        "error_description",
        "error_codes",
        "message",
        "invalid_grant",
        "unauthorized",
        "Account is not fully set up",
        "INVALID_PASSWORD",
        "VERIFIED",
        "UNVERIFIED",
        "password_match",
        "Bearer",
    ]
)
_keys = _words | st.sampled_from(
    [key for it in SOURCES for reply in it.replies for key in reply]
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _words,
    lambda inner: st.lists(inner) | st.dictionaries(_keys | st.text(), inner),
    max_leaves=8,
)
# Mostly 200, because everything else ends soon.
_statuses = st.sampled_from([200] * 8 + [201, 204, 302, 400, 401, 403, 404, 500])


@st.composite
def _bent(draw, data):
    """
    Return *data* with a value, somewhere in it, that is another one or gone.
    """
    if isinstance(data, dict) and data and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(data)))
        data = dict(data)
        if draw(st.booleans()):
            data[key] = draw(_bent(data[key]))
        else:
            del data[key]
        if draw(st.booleans()):
            data[draw(_keys)] = draw(_values)
        return data
    if isinstance(data, list) and data and draw(st.booleans()):
        return [*data, *data] if draw(st.booleans()) else [draw(_bent(data[0]))]
    return draw(_values)


@st.composite
def _answers(draw, data):
    """
    Return an answer of *data*, or of what is nearly that, or of anything.
    """
    status = draw(_statuses)
    how = draw(st.sampled_from(["as it is"] * 4 + ["bent"] * 4 + ["anything", "bytes"]))
    if how == "bytes":
        return Answer(
            status, draw(st.binary()), draw(st.sampled_from([None, "latin-1"]))
        )
    if how != "as it is":
        data = draw(_values if how == "anything" else _bent(data))
    return Answer(status, json.dumps(data).encode())


@settings(max_examples=300)
@given(st.data())
def test_only_the_declared_yes(data):
    """
    A login has seen 200 and what was declared, each time; and nothing but our own
    errors is raised.
    """
    declared = data.draw(st.sampled_from(SOURCES))
    replies = [data.draw(_answers(reply)) for reply in declared.replies]
    dialogue = declared.source._asking(ANN.email, ANN.password)
    seen = []
    try:
        next(dialogue)
        for reply in replies:
            seen.append(reply)
            dialogue.send(reply)
    except StopIteration as stop:
        verdict = stop.value
    except (LegacyUnavailableError, ContractError):
        return

    if verdict is None:
        last = seen[-1]
        assert 200 != last.status or b"UNVERIFIED" in last.body or b"false" in last.body
    elif isinstance(verdict, Vouched) and declared.source in GRANTS:
        assert Vouched(must_change_password=True) == verdict
        assert "invalid_grant" == json.loads(seen[0].body)["error"]
    else:
        assert isinstance(verdict, LegacyUser | Vouched)
        assert {200} == {reply.status for reply in seen}
        assert len(seen) == len(replies)
        assert declared.is_yes(*(json.loads(reply.body or "{}") for reply in seen))


@pytest.mark.parametrize("declared", SOURCES, ids=lambda it: repr(it.source))
def test_the_declared_yes(declared):
    """
    What is bent in the test above is a yes when it is not.
    """
    replies = [Answer(200, json.dumps(reply).encode()) for reply in declared.replies]

    verdict = login(declared.source, *replies)

    assert isinstance(verdict, LegacyUser | Vouched)
    assert declared.is_yes(*declared.replies)


@given(
    status=st.integers(0, 999).filter(lambda it: it not in {200, 401}),
    body=st.binary() | st.just(json.dumps(ANN.json).encode()),
)
def test_undeclared_statuses(status, body):
    """
    A status that is neither 200 nor declared is an outage, whatever the body says.
    """
    for source in (http.BasicAuthSource(URL), http.JSONSource(URL, USERS)):
        with pytest.raises(LegacyUnavailableError, match=f"status {status}"):
            login(source, Answer(status, body))
    if status != 404:
        with pytest.raises(LegacyUnavailableError):
            lookup(http.JSONSource(URL, USERS), Answer(status, body))
