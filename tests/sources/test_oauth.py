"""
The password grant, as the standard has it and as each provider does.
"""

import json
from urllib.parse import parse_qs

import pytest
from faults import as_json, http_peer
from services import ANN, OtherSource
from test_http_decisions import answer, login, play

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.models import LegacyUser
from migratekit.sources._lookup import Vouched
from migratekit.sources.http._questions import Answer
from migratekit.sources.oauth import AsyncPasswordGrantSource, PasswordGrantSource


TOKEN = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 60}
CLAIMS = {"sub": "5", "email": "ann@example.com", "email_verified": True}
URLS = ("https://sso.example.com/token", "https://sso.example.com/userinfo")


def standard(**options):
    return PasswordGrantSource(*URLS, "id", "s3cret", **options)


def auth0(**options):
    return PasswordGrantSource.auth0("shop.eu.auth0.com", "id", "s3cret", **options)


def keycloak(**options):
    return PasswordGrantSource.keycloak(
        "https://sso.example.com/", "a realm/x", "id", "s3cret", **options
    )


def okta(**options):
    return PasswordGrantSource.okta("shop.okta.com", "id", "s3cret", **options)


def entra(**options):
    return PasswordGrantSource.entra("shop.example.com", "id", "s3cret", **options)


def asked(source):
    """
    Return the form of the first question, and all questions.
    """
    questions, _ = play(
        source._asking("ann@example.com", "pw &=%+\u20ac"),
        answer(TOKEN),
        answer(CLAIMS),
    )
    form = parse_qs(questions[0].body.decode(), strict_parsing=True)
    return {name: value for name, (value,) in form.items()}, questions


def test_standard_request():
    """
    The request is that of RFC 6749, section 4.3.2; the client proves itself by Basic.
    """
    form, (token, userinfo) = asked(standard(extra={"resource": "x"}))

    assert {
        "grant_type": "password",
        "username": "ann@example.com",
        "password": "pw &=%+\u20ac",
        "scope": "openid profile email",
        "resource": "x",
    } == form
    assert (b"Authorization", b"Basic aWQ6czNjcmV0") in token.headers
    assert ("GET", "/userinfo") == (userinfo.method, userinfo.place.target)
    assert ((b"Authorization", b"Bearer t0ken"),) == userinfo.headers


def test_client_authentication():
    """
    A client proves itself in the body if it is told so, and not at all without a secret.
    """
    form, (token, _) = asked(standard(client_auth="post"))
    assert ("id", "s3cret") == (form["client_id"], form["client_secret"])
    assert b"Authorization" not in dict(token.headers)

    form, (token, _) = asked(PasswordGrantSource(*URLS, "id"))
    assert "id" == form["client_id"]
    assert "client_secret" not in form
    assert b"Authorization" not in dict(token.headers)


@pytest.mark.parametrize(
    ("source", "token_url", "userinfo_url"),
    [
        (
            auth0(),
            "https://shop.eu.auth0.com/oauth/token",
            "https://shop.eu.auth0.com/userinfo",
        ),
        (
            keycloak(),
            "https://sso.example.com/realms/a%20realm%2Fx/protocol/openid-connect/token",
            "https://sso.example.com/realms/a%20realm%2Fx/protocol/openid-connect/userinfo",
        ),
        (
            okta(),
            "https://shop.okta.com/oauth2/default/v1/token",
            "https://shop.okta.com/oauth2/default/v1/userinfo",
        ),
        (
            entra(),
            "https://login.microsoftonline.com/shop.example.com/oauth2/v2.0/token",
            "https://graph.microsoft.com/oidc/userinfo",
        ),
    ],
)
def test_urls(source, token_url, userinfo_url):
    """
    Each provider has its endpoints.
    """
    _, questions = asked(source)

    assert [token_url, userinfo_url] == [
        question.place.origin + question.place.target for question in questions
    ]


def test_auth0_request():
    """
    A connection of Auth0's is asked by a grant of its own.
    """
    form, _ = asked(auth0(connection="Users", audience="https://api.example.com"))
    assert "http://auth0.com/oauth/grant-type/password-realm" == form["grant_type"]
    assert ("Users", "https://api.example.com") == (form["realm"], form["audience"])
    assert "s3cret" == form["client_secret"]

    form, _ = asked(auth0())
    assert "password" == form["grant_type"]
    assert not {"realm", "audience"} & {*form}


def test_async_presets():
    """
    The presets make what they are called on.
    """
    source = AsyncPasswordGrantSource.okta("shop.okta.com", "id", server="aus1")

    assert isinstance(source, AsyncPasswordGrantSource)
    assert "AsyncPasswordGrantSource('https://shop.okta.com')" == repr(source)


NO = None
EXPIRED = Vouched(must_change_password=True)


def error(code, description=None, **more):
    return {"error": code, "error_description": description, **more}


def aadsts(*codes):
    return error("invalid_grant", "AADSTS0: …", error_codes=[*codes])


@pytest.mark.parametrize(
    ("source", "status", "data", "expected"),
    [
        (standard(), 400, error("invalid_grant"), NO),
        (standard(), 401, error("invalid_grant"), NO),
        (auth0(), 403, error("invalid_grant", "Wrong email or password."), NO),
        (auth0(), 403, error("unauthorized", "user is blocked"), NO),
        (auth0(), 403, error("unauthorized", "user is blocked."), NO),
        (auth0(), 401, error("password_leaked"), NO),
        (keycloak(), 401, error("invalid_grant", "Invalid user credentials"), NO),
        (keycloak(), 400, error("invalid_grant", "Account disabled"), NO),
        (
            keycloak(),
            400,
            error("invalid_grant", "Account is not fully set up"),
            EXPIRED,
        ),
        (okta(), 400, error("invalid_grant", "The credentials provided …"), NO),
        (entra(), 400, aadsts(50126), NO),
        (entra(), 400, aadsts(50034), NO),
        (entra(), 400, aadsts(50056), NO),
        (entra(), 400, aadsts(50057), NO),
        (entra(), 400, aadsts(50055), EXPIRED),
        (entra(), 400, aadsts(50144), EXPIRED),
    ],
)
def test_refusals(source, status, data, expected):
    """
    What a provider says of wrong and of expired passwords.
    """
    assert expected == login(source, answer(data, status))


@pytest.mark.parametrize(
    ("source", "data", "shown"),
    [
        (standard(), error("invalid_client"), "invalid_client"),
        (standard(), error("unauthorized_client"), "unauthorized_client"),
        (standard(), error("unsupported_grant_type"), "unsupported_grant_type"),
        (standard(), error("s3cret"), "refused"),
        (standard(), error(["invalid_grant"]), "refused"),
        (standard(), {}, "refused"),
        (auth0(), error("mfa_required", mfa_token="s3cret"), "mfa_required"),
        (auth0(), error("too_many_attempts"), "too_many_attempts"),
        (auth0(), error("unauthorized", "Denied by a rule"), "unauthorized"),
        (auth0(), error("unauthorized", ["user is blocked"]), "unauthorized"),
        (auth0(), error(["password_leaked"]), "refused"),
        (keycloak(), error("invalid_client"), "invalid_client"),
        (
            keycloak(),
            error("invalid_client", "Account is not fully set up"),
            "invalid_client",
        ),
        (okta(), error("access_denied"), "access_denied"),
        (entra(), aadsts(50053), "AADSTS50053"),
        (entra(), aadsts(50076), "AADSTS50076"),
        (entra(), aadsts(50076, 50126), "AADSTS50076"),
        (entra(), aadsts(50055, 50126), "invalid_grant"),
        (entra(), aadsts(50126, True), "invalid_grant"),
        (entra(), aadsts(99999), "invalid_grant"),
        (entra(), aadsts(True), "invalid_grant"),
        (entra(), aadsts(50126.0), "invalid_grant"),
        (entra(), aadsts(50055.0), "invalid_grant"),
        (entra(), aadsts([50126]), "invalid_grant"),
        (entra(), aadsts("50126"), "invalid_grant"),
        (entra(), aadsts(), "invalid_grant"),
        (entra(), error("invalid_grant", error_codes=50126), "invalid_grant"),
        (entra(), error("invalid_grant"), "invalid_grant"),
        (entra(), error("invalid_client", error_codes=[50126]), "invalid_client"),
    ],
)
def test_outages(source, data, shown):
    """
    Every other error says nothing of the password; its code is shown if it is one.
    """
    with pytest.raises(LegacyUnavailableError) as caught:
        login(source, answer(data, 400))

    assert shown in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 302, 404, 429, 500])
def test_errors_by_status(status):
    """
    A refusal is only one with a status that refuses.
    """
    with pytest.raises(LegacyUnavailableError):
        login(standard(), answer(error("invalid_grant"), status))


@pytest.mark.parametrize(
    "token",
    [
        {},
        {"access_token": "x"},
        {"token_type": "Bearer"},
        {"access_token": "x", "token_type": "DPoP"},
        {"access_token": "", "token_type": "Bearer"},
        {"access_token": None, "token_type": "Bearer"},
        {"access_token": "x\r\nY: z", "token_type": "Bearer"},
        {"access_token": "\u20ac", "token_type": "Bearer"},
        {"access_token": "x", "token_type": ["bearer"]},
        error("invalid_grant"),
    ],
)
def test_tokens_that_are_none(token):
    """
    Only a token that can be used is a yes.
    """
    with pytest.raises(LegacyUnavailableError, match="no bearer token"):
        login(standard(), answer(token), answer(CLAIMS))


def test_claims():
    """
    The standard claims are the profile; a user name that is the e-mail is none.
    """
    claims = CLAIMS | {"name": "Ann", "nonce": "x", "preferred_username": "ann"}

    user = login(standard(), answer(TOKEN), answer(claims))

    expected = LegacyUser(
        user_id="5",
        email="ann@example.com",
        email_verified=True,
        username="ann",
        profile={"name": "Ann"},
    )
    assert expected == user
    for name in ("ann@example.com", "Ann@Example.com"):
        claims["preferred_username"] = name
        assert login(standard(), answer(TOKEN), answer(claims)).username is None


@pytest.mark.parametrize("claims", [{}, {"sub": 5}, {"sub": None}, {"email": "a@x"}])
def test_claims_without_subject(claims):
    """
    Claims that are nobody's break the contract.
    """
    with pytest.raises(ContractError, match="sub"):
        login(standard(), answer(TOKEN), answer(claims))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 302])
def test_userinfo_refuses(status):
    """
    After a token, no status is a no.
    """
    body = json.dumps(error("invalid_grant")).encode()

    with pytest.raises(LegacyUnavailableError, match=f"status {status}"):
        login(standard(), answer(TOKEN), Answer(status, body))


def test_own_judge():
    """
    A provider that is not on the list is judged by a callable of one's own.
    """

    def judge(data):
        if data.get("code") == 17:
            return
        raise LegacyUnavailableError

    assert login(standard(judge=judge), answer({"code": 17}, 400)) is None
    with pytest.raises(LegacyUnavailableError):
        login(standard(judge=judge), answer(error("invalid_grant"), 400))


@pytest.mark.parametrize(
    "make",
    [
        lambda: standard(client_auth="none"),
        lambda: standard(extra={"password": "x"}),
        lambda: standard(extra={"x": 5}),
        lambda: standard(bearer="x"),
        lambda: standard(fields={"mail": "email"}),
        lambda: standard(scope=None),
        lambda: PasswordGrantSource(*URLS, 5),
        lambda: PasswordGrantSource(*URLS, "id", b"s3cret"),
        lambda: PasswordGrantSource.auth0("shop.example.com/x", "id"),
        lambda: PasswordGrantSource.auth0("a:b@shop.example.com", "id"),
        lambda: PasswordGrantSource.okta(None, "id"),
        lambda: PasswordGrantSource.okta("shop.okta.com", "id", server=".."),
        lambda: PasswordGrantSource.entra("", "id"),
        lambda: PasswordGrantSource.keycloak("http://sso.example.com", "r", "id"),
    ],
)
def test_unusable(make):
    """
    What cannot be meant is refused when the source is made.
    """
    with pytest.raises(ConfigurationError):
        make()


def test_expired_password():
    """
    Who has to change an expired password is who a second source says; there is no token.
    """
    refusal = as_json(error("invalid_grant", "Account is not fully set up"), 400)
    with http_peer(lambda request: refusal) as server:
        source = PasswordGrantSource.keycloak(server.url, "shop", "id")

        with pytest.raises(LookupUnsupportedError):
            source.login(ANN.email, ANN.password)
        user = source.with_lookup(OtherSource()).login(ANN.email, ANN.password)

    assert ANN.user_id == user.user_id
    assert user.must_change_password
