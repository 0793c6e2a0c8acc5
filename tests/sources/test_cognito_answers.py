"""
The Cognito source with real boto3, and what Cognito may answer.
"""

import base64
import hashlib
import hmac
import importlib
import logging
import sys
import time
import traceback

import attrs
import boto3
import cognito_peers as peers
import faults
import ldap_peers
import pytest
from cognito_peers import USER, YES, error, operation, pool

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
)
from migratekit.models import LegacyUser
from migratekit.sources.cognito import ATTRIBUTES, CognitoSource


POOL = "eu-central-1_aBcDeFgHi"
PASSWORD = "correct " + "horse"


def source_of(server, **options):
    options = {
        "session": peers.session_of(),
        "endpoint_url": getattr(server, "url", server),
        "deadline": 0.4,
        **options,
    }
    return CognitoSource(POOL, "the-client", **options)


def asked(app, method="login", name="ann", **options):
    """
    Return what the source makes of what *app* answers.
    """
    arguments = (name, PASSWORD) if method == "login" else (name,)
    with faults.http_peer(app) as server:
        return faults.outcome(
            getattr(source_of(server, deadline=5, **options), method), *arguments
        )


def test_user():
    """
    The user is what AdminGetUser says.
    """
    attributes = {**ATTRIBUTES, "custom:favColour": "profile.colour"}

    expected = LegacyUser(
        user_id="5ab",
        email="Ann@Example.com",
        email_verified=True,
        username="ann",
        profile={"colour": "red"},
        created_at=asked(pool(), "get_user").created_at,
    )
    assert expected == asked(pool(), attributes=attributes)
    assert 2020 == expected.created_at.year


def test_requests():
    """
    The user is looked up first, and asked by their own name.
    """
    with faults.http_peer(pool(user={**USER, "Username": "Ann"})) as server:
        assert source_of(server, client_secret="s3cret").login("ANN ", PASSWORD)

    look_up, log_in = server.requests
    assert {"UserPoolId": POOL, "Username": "ann"} == look_up.json
    digest = hmac.digest(b"s3cret", b"Annthe-client", hashlib.sha256)
    assert {
        "UserPoolId": POOL,
        "ClientId": "the-client",
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {
            "USERNAME": "Ann",
            "PASSWORD": PASSWORD,
            "SECRET_HASH": base64.b64encode(digest).decode(),
        },
    } == log_in.json
    assert log_in.headers["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIA"
    )


def test_without_secret():
    """
    A client without a secret sends no hash of one.
    """
    with faults.http_peer(pool()) as server:
        assert source_of(server).login("ann", PASSWORD)

    assert {"USERNAME", "PASSWORD"} == set(server.requests[1].json["AuthParameters"])


@pytest.mark.parametrize(
    ("expected", "code", "message"),
    [
        (None, "NotAuthorizedException", "Incorrect username or password."),
        (None, "NotAuthorizedException", "User is disabled."),
        (None, "NotAuthorizedException", "Password attempts exceeded"),
        (None, "UserNotFoundException", "User does not exist."),
        (None, "UserNotConfirmedException", "User is not confirmed."),
        (None, "PasswordResetRequiredException", "Password reset required"),
        *(
            (LegacyUnavailableError, code, message)
            for code, message in (
                (
                    "NotAuthorizedException",
                    "Unable to verify secret hash for client the-client",
                ),
                (
                    "NotAuthorizedException",
                    (
                        "Client the-client is configured with secret but SECRET_HASH was "
                        "not received"
                    ),
                ),
                ("NotAuthorizedException", "Invalid session for the user."),
                ("NotAuthorizedException", "Access Token has been revoked"),
                ("AccessDeniedException", "no"),
                ("InvalidParameterException", "Auth flow not enabled for this client"),
                ("InvalidLambdaResponseException", "no"),
                ("UserLambdaValidationException", "no"),
                ("UnexpectedLambdaException", "no"),
                ("MFAMethodNotFoundException", "no"),
                ("ResourceNotFoundException", "no"),
                ("TooManyRequestsException", "Rate exceeded"),
                ("LimitExceededException", "Attempt limit exceeded"),
                ("ThrottlingException", "Rate exceeded"),
                ("UnrecognizedClientException", "no"),
                ("ExpiredTokenException", "no"),
                ("SignatureDoesNotMatch", "no"),
                ("no code, but <text>", "no"),
                ("", ""),
            )
        ),
    ],
)
def test_errors(expected, code, message):
    """
    Each error is a no or an outage, and is not asked about twice.
    """
    with faults.http_peer(pool(error(code, message))) as server:
        source = source_of(server, deadline=5)
        assert expected is faults.outcome(source.login, "ann", PASSWORD)

    assert 2 == len(server.requests)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_no_of_another_status(status):
    """
    A no that comes with another status is none.
    """
    no = error("NotAuthorizedException", "Incorrect username or password.", status)
    nobody = error("UserNotFoundException", "", status)

    assert LegacyUnavailableError is asked(pool(no))
    assert LegacyUnavailableError is asked(pool(user=nobody))
    assert LegacyUnavailableError is asked(pool(user=nobody), "get_user")


@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "ResourceNotFoundException", "Other"]
)
def test_errors_of_look_ups(code):
    """
    A look-up that failed is an outage, never "nobody".
    """
    assert LegacyUnavailableError is asked(pool(user=error(code)), "get_user")
    assert LegacyUnavailableError is asked(pool(user=error(code)))


def test_nobody():
    """
    Nobody is asked for their password who is not there.
    """
    with faults.http_peer(pool(user=error("UserNotFoundException"))) as server:
        assert None is source_of(server).login("Ann", PASSWORD)
        assert None is source_of(server).get_user("ann")

    assert {"AdminGetUser"} == set(map(operation, server.requests))
    assert ["ann", "Ann", "ann"] == [one.json["Username"] for one in server.requests]


def challenge(name):
    return {"ChallengeName": name, "Session": "the s3ssion", "ChallengeParameters": {}}


def test_temporary_password():
    """
    A temporary password that is right must be changed.
    """
    user = asked(pool(challenge("NEW_PASSWORD_REQUIRED")))

    assert user.must_change_password


FACTORS = (
    "SMS_MFA",
    "SOFTWARE_TOKEN_MFA",
    "EMAIL_OTP",
    "SMS_OTP",
    "SELECT_MFA_TYPE",
    "MFA_SETUP",
)


@pytest.mark.parametrize("name", FACTORS)
def test_second_factor(name):
    """
    Whoever has a second factor is let in without it only if that is asked for.
    """
    assert LegacyUnavailableError is asked(pool(challenge(name)))
    assert LegacyUnavailableError is asked(
        pool(challenge(name)), accept_password_alone="yes"
    )
    assert "5ab" == asked(pool(challenge(name)), accept_password_alone=True).user_id


@pytest.mark.parametrize(
    "answer",
    [
        challenge("CUSTOM_CHALLENGE"),
        challenge("PASSWORD_VERIFIER"),
        challenge("SELECT_CHALLENGE"),
        challenge("DEVICE_SRP_AUTH"),
        challenge("NEW_ONE"),
        challenge(""),
        {**challenge("CUSTOM_CHALLENGE"), **YES},
        {},
        {"AuthenticationResult": {}},
        {"AuthenticationResult": None},
        {"AuthenticationResult": {"AccessToken": ""}},
        {"AuthenticationResult": {"IdToken": "x"}},
    ],
)
def test_neither_yes_nor_no(answer):
    """
    Another challenge, or no token, says nothing.
    """
    for alone in (False, True):
        assert LegacyUnavailableError is asked(
            pool(answer), accept_password_alone=alone
        )


def without(name, **more):
    pairs = [pair for pair in USER["UserAttributes"] if pair["Name"] != name]
    return {**USER, "UserAttributes": pairs, **more}


@pytest.mark.parametrize(
    ("expected", "name", "user"),
    [
        (None, "5ab", USER),
        (None, "+4930123", USER),
        (None, "änn", USER),
        (ContractError, "bob", USER),
        (ContractError, "bob@example.com", USER),
        (ContractError, "ann", without("sub")),
        (ContractError, "ann", {**USER, "Username": ""}),
        (ContractError, "ann", {"Enabled": True}),
        (ContractError, "ann", {**USER, "UserAttributes": None}),
        (ContractError, "ann@example.com", without("email")),
    ],
)
def test_somebody_else(expected, name, user):
    """
    A user who has not the name that was asked for is not let in, nor asked for.
    """
    with faults.http_peer(pool(user=user)) as server:
        source = source_of(server, deadline=5)
        assert expected is faults.outcome(source.login, name, PASSWORD)
        assert expected is faults.outcome(source.get_user, name)

    assert {"AdminGetUser"} == set(map(operation, server.requests))


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ((False, False, "ann"), {}),
        ((True, False, "ann"), {"Enabled": False}),
        ((True, False, "ann"), {"Enabled": None}),
        ((False, True, "ann"), {"UserStatus": "RESET_REQUIRED"}),
        ((False, True, "ann"), {"UserStatus": "FORCE_CHANGE_PASSWORD"}),
        ((False, False, "ann"), {"UserStatus": "UNCONFIRMED"}),
        ((False, False, None), {"Username": "5ab"}),
        ((False, False, None), {"Username": "ann@example.com"}),
        ((False, False, "ann"), {"UserCreateDate": None}),
    ],
)
def test_states(expected, changes):
    """
    Whoever is not enabled is blocked; a name that nobody knows is none.
    """
    user = asked(pool(user={**USER, **changes}), "get_user", "ann@example.com")

    assert expected == (user.blocked, user.must_change_password, user.username)


# --- Faults ---------------------------------------------------------------------------


def then(first, fault):
    """
    Return the play of *fault* that begins after an answer of *first*.
    """
    plays = iter([faults.plays(first)])

    def play(connection, server):
        next(plays, fault.play)(connection, server)

    return attrs.evolve(fault, play=play)


@pytest.mark.parametrize(
    "fault", faults.http_faults(faults.as_json(USER)), ids=lambda fault: fault.name
)
def test_faults_of_look_ups(fault):
    """
    Whatever goes wrong at the look-up is an outage, in bounded time.
    """
    start = time.monotonic()
    with faults.peer(fault.play, scheme="http") as server:
        faults.assert_as_declared(fault, source_of(server).get_user, "ann")

    assert 6 > time.monotonic() - start


@pytest.mark.parametrize(
    "fault", faults.http_faults(faults.as_json(YES))[1:], ids=lambda fault: fault.name
)
def test_faults_of_logins(fault):
    """
    Whatever goes wrong at the login is an outage, in bounded time.
    """
    start = time.monotonic()
    with faults.peer(then(pool(), fault).play, scheme="http") as server:
        faults.assert_as_declared(fault, source_of(server).login, "ann", PASSWORD)

    assert 6 > time.monotonic() - start


def test_deadline_is_for_everything():
    """
    The deadline counts over all answers of a question.
    """

    def slow(request):
        time.sleep(0.15)
        return pool()(request)

    with faults.http_peer(slow) as server:
        outcome = faults.outcome(
            source_of(server, deadline=0.25).login, "ann", PASSWORD
        )
        assert LegacyUnavailableError is outcome
        outcome = faults.outcome(
            source_of(server, deadline=1e-9).login, "ann", PASSWORD
        )
        assert LegacyUnavailableError is outcome


def test_outage_while_walking():
    """
    An error between two pages is an outage, not the end.
    """
    pages = iter([faults.as_json({"Users": [], "PaginationToken": "x"})])

    with (
        faults.http_peer(
            lambda request: next(pages, error("TooManyRequestsException"))
        ) as server,
        pytest.raises(LegacyUnavailableError),
    ):
        list(source_of(server).iter_users())

    assert "x" == server.requests[1].json["PaginationToken"]


def test_walking_past_what_cannot_be_read():
    """
    A user without an id is told with their number, and the others are yielded.
    """
    person = {
        "Username": "ann",
        "Enabled": True,
        "Attributes": [{"Name": "sub", "Value": "1"}],
    }
    page = faults.as_json({"Users": [person, {**person, "Attributes": []}, person]})

    with faults.http_peer(lambda request: page) as server:
        first, second, third = source_of(server).iter_users()

    assert (1, "1", 3, "1") == (first.line, first.user_id, third.line, third.user_id)
    assert (2, "INVALID_TYPE") == (second.line, second.code)


def test_wrong_certificate():
    """
    A certificate of an authority that nobody knows is refused.
    """
    other, _ = ldap_peers.certificates()

    with faults.http_peer(pool(), tls=ldap_peers.server_context(other)) as server:
        outcome = faults.outcome(source_of(server).login, "ann", PASSWORD)

    assert LegacyUnavailableError is outcome
    assert [] == server.requests


# --- Settings and secrets -------------------------------------------------------------


@pytest.mark.parametrize(
    "identifier",
    [
        "",
        " ",
        "a b",
        "a\0b",
        "\ud800",
        "x" * 129,
        "a\N{NO-BREAK SPACE}b",
        None,
        ["ann"],
    ],
)
def test_no_identifier(identifier):
    """
    Nobody is known by what is no identifier, and Cognito is not asked.
    """
    source = source_of("https://nowhere.invalid")

    assert None is source.get_user(identifier)
    assert None is source.login(identifier, PASSWORD)


@pytest.mark.parametrize("password", ["", "a\0b", "\ud800", "x" * 4097, None, 1])
def test_no_password(password):
    """
    Nobody logs in by what is no password, and Cognito is not asked.
    """
    assert None is source_of("https://nowhere.invalid").login("ann", password)


@pytest.mark.parametrize(
    ("pool_id", "options"),
    [
        ("", {}),
        (None, {}),
        ("aBcDeFgHi", {}),
        ("eu-central-1_a/b", {}),
        (POOL, {"endpoint_url": "http://cognito.example.com"}),
        (POOL, {"endpoint_url": "ftp://cognito.example.com"}),
        (POOL, {"endpoint_url": "no url"}),
        (POOL, {"attributes": {"email": "email", "x": "user_id"}}),
        (POOL, {"attributes": {"email": "nothing"}}),
        (POOL, {"session": "no session"}),
        *((POOL, {"deadline": nonsense}) for nonsense in faults.NONSENSE),
    ],
)
def test_settings(pool_id, options):
    """
    What cannot work is refused when the source is made.
    """
    with pytest.raises(ConfigurationError):
        CognitoSource(pool_id, "the-client", **options)


def test_no_credentials(monkeypatch, tmp_path):
    """
    Without credentials of Amazon, nobody can be asked: an outage.
    """
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    source = CognitoSource(POOL, "x", session=boto3.Session())

    with pytest.raises(LegacyUnavailableError, match="NoCredentials"):
        source.get_user("ann")


def test_no_proxy(monkeypatch):
    """
    The environment's proxy gets to see no password.
    """
    with faults.http_peer(pool()) as server, faults.http_peer(pool()) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert source_of(server).login("ann", PASSWORD)

    assert [] == proxy.requests


def test_no_traces(caplog, monkeypatch):
    """
    Neither log nor error nor repr shows a password, a token or a secret.
    """
    caplog.set_level(logging.DEBUG)

    with faults.http_peer(pool()) as server:
        source = source_of(server, client_secret="the client's s3cret")
        assert source.login("ann", PASSWORD)
    with pytest.raises(LegacyUnavailableError) as caught:
        source.login("ann", PASSWORD)

    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    for secret in ("horse", "tok3n", "s3cret", "Signature"):
        assert secret not in shown + repr(source)
    assert None is caught.value.__context__
    assert f"CognitoSource('{POOL}')" == repr(source)


def test_log_of_others(caplog):
    """
    What others ask of Amazon is logged as ever.
    """
    with faults.http_peer(pool()) as server:
        source_of(server)
        client = peers.session_of().client(
            "cognito-idp", region_name="eu-central-1", endpoint_url=server.url
        )
        caplog.set_level(logging.DEBUG, "botocore.endpoint")
        client.admin_get_user(UserPoolId=POOL, Username="somebody")

    assert "somebody" in caplog.text


def test_without_the_library(monkeypatch):
    """
    Without boto3, the extra is named.
    """
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "migratekit.sources.cognito")

    with pytest.raises(ImportError, match=r"migratekit\[cognito\]"):
        importlib.import_module("migratekit.sources.cognito")
