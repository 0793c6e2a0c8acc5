"""
What a source says of one person, and no more: that is no outage of everybody's.
"""

import cognito_peers
import faults
import pytest
import sqlalchemy as sa
from ldap_directories import asked, directory, standard
from sqlalchemy.exc import DataError, OperationalError
from test_cognito_answers import PASSWORD, challenge, source_of
from test_http_decisions import answer, login
from test_oauth import aadsts, auth0, entra, error

from migratekit.errors import LegacyUnavailableError
from migratekit.formats import presets
from migratekit.sources import _database
from migratekit.sources.firebase import FirebaseSource
from migratekit.sources.http import JSONSource, KratosSource, OktaSource
from migratekit.sources.routed import Route, RoutedSource
from migratekit.sources.sql import SQLSource


URL = "https://old.example.com/login"


def service(**options):
    return JSONSource(URL, **options)


@pytest.mark.parametrize(
    ("answered", "source", "said"),
    [
        (True, auth0(), answer(error("mfa_required"), 403)),
        (True, auth0(), answer(error("too_many_attempts"), 403)),
        (True, entra(), answer(aadsts(50053), 400)),
        (True, FirebaseSource("k3y"), answer({"localId": "1"})),
        (
            True,
            FirebaseSource("k3y"),
            answer({"error": {"message": "TOO_MANY_ATTEMPTS_TRY_LATER : x"}}, 400),
        ),
        (True, service(accepted={"ok": True}), answer({"ok": 1})),
        (True, KratosSource(URL), answer({"status": "x"})),
        (True, OktaSource(URL), answer({})),
        *(
            (True, service(), answer({}, status))
            for status in (400, 403, 422, 423, 499)
        ),
        *((False, service(), answer({}, status)) for status in (407, 408, 429, 500)),
        *((False, service(), answer({}, status)) for status in (302, 503)),
        (False, service(), answer([], 200)),
    ],
)
def test_http(answered, source, said):
    """
    Who finds fault with one request is there for the next.
    """
    with pytest.raises(LegacyUnavailableError) as caught:
        login(source, said)

    assert answered is caught.value.answered


@pytest.mark.parametrize(("answered", "size"), [(True, 5000), (False, 10)])
def test_http_size(answered, size):
    """
    One profile may be too long, and the next one is not.
    """
    with (
        faults.http_peer(lambda _: faults.as_json(["x" * size])) as server,
        pytest.raises(LegacyUnavailableError) as caught,
    ):
        JSONSource(f"{server.url}/login", max_bytes=4000).login("ann", "pw")

    assert answered is caught.value.answered


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        (True, challenge("SMS_MFA")),
        (True, challenge("CUSTOM_CHALLENGE")),
        (True, cognito_peers.error("UserLambdaValidationException", "no")),
        (False, cognito_peers.error("UserLambdaValidationException", "no", 500)),
        (False, cognito_peers.error("TooManyRequestsException", "no")),
    ],
)
def test_cognito(answered, said):
    """
    A second factor, and what a trigger of the pool refuses, are one user's.
    """
    with (
        faults.http_peer(cognito_peers.pool(said)) as server,
        pytest.raises(LegacyUnavailableError) as caught,
    ):
        source_of(server, deadline=5).login("ann", PASSWORD)

    assert answered is caught.value.answered


@pytest.mark.parametrize(
    ("answered", "code"),
    [(True, 50), (True, 53), *((False, code) for code in (1, 3, 11, 51, 52, 80))],
)
def test_ldap(tls, answered, code):
    """
    A server that will not let one account bind may let the next one.
    """
    with (
        asked(tls, directory(bind=code), standard) as source,
        pytest.raises(LegacyUnavailableError) as caught,
    ):
        source.login("ann", "correct horse")

    assert answered is caught.value.answered


@pytest.mark.parametrize(
    ("answered", "failure"),
    [
        (True, DataError("x", {}, ValueError("no UUID"))),
        (True, OperationalError("x", {}, ValueError(1267, "Illegal mix"))),
        (False, OperationalError("x", {}, ValueError(2013, "Lost connection"))),
        (False, OperationalError("x", {}, ValueError({"code": 1267}))),
        (False, sa.exc.TimeoutError("x")),
        (False, OSError(1267)),
    ],
)
def test_sql(monkeypatch, answered, failure):
    """
    A letter that a column cannot hold is not the end of the database.
    """

    def fetch(*_):
        raise failure

    monkeypatch.setattr(_database, "_fetch", fetch)
    query = "SELECT 1 AS user_id, '' AS password_hash, :canonical AS username"
    source = SQLSource("sqlite:///none.db", query, format=presets.raw_md5())
    with pytest.raises(LegacyUnavailableError) as caught:
        source.login("ann", "pw")

    assert answered is caught.value.answered


def test_routed():
    """
    A predicate that fails has asked no source.
    """
    source = RoutedSource([Route("shop", service(), lambda _: 1 / 0)])

    with pytest.raises(LegacyUnavailableError) as caught:
        source.login("ann", "pw")

    assert caught.value.answered
