"""
Every source that speaks HTTP keeps what every source promises.
"""

import json
from contextlib import contextmanager

import services
from faults import http_peer
from services import ANN, BOB, PEOPLE

from migratekit.sources import firebase, http, oauth
from migratekit.testing import LegacySourceContract


class OverHTTP(LegacySourceContract):
    """
    A source of a service on loopback.
    """

    known = tuple(one.known for one in PEOPLE)

    @contextmanager
    def open_source(self):
        with http_peer(self.app) as server:
            yield self.make(server.url)


class TestBasicAuth(OverHTTP):
    can_look_up = False
    app = staticmethod(services.basic_auth())

    def make(self, url):
        return http.BasicAuthSource(f"{url}/me")


class TestAsyncBasicAuth(TestBasicAuth):
    def make(self, url):
        return http.AsyncBasicAuthSource(f"{url}/me")


class TestBasicAuthWithLookup(OverHTTP):
    app = staticmethod(services.basic_auth())

    def make(self, url):
        return http.BasicAuthSource(f"{url}/me").with_lookup(services.OtherSource())


class TestJSON(OverHTTP):
    secrets = (services.TOKEN,)
    app = staticmethod(services.json_service)

    def make(self, url):
        return http.JSONSource(
            f"{url}/login",
            f"{url}/users/{{identifier}}",
            bearer=services.TOKEN,
            denied=[401],
        )


class TestAsyncJSON(TestJSON):
    def make(self, url):
        return http.AsyncJSONSource(
            f"{url}/login",
            f"{url}/users/{{identifier}}",
            bearer=services.TOKEN,
            denied=[401],
        )


class TestKeycloak(OverHTTP):
    app = staticmethod(services.keycloak_endpoint)

    def make(self, url):
        return http.KeycloakSource(f"{url}/legacy/")


class TestAsyncKeycloak(TestKeycloak):
    def make(self, url):
        return http.AsyncKeycloakSource(f"{url}/legacy")


class TestFusionAuth(OverHTTP):
    can_look_up = False
    app = staticmethod(services.fusionauth_connector)

    def make(self, url):
        return http.FusionAuthSource(f"{url}/connector")


class TestAsyncFusionAuth(TestFusionAuth):
    def make(self, url):
        return http.AsyncFusionAuthSource(f"{url}/connector")


class TestKratos(OverHTTP):
    app = staticmethod(services.kratos_hook)

    def make(self, url):
        return http.KratosSource(f"{url}/hook").with_lookup(services.OtherSource())


class TestAsyncKratos(TestKratos):
    def make(self, url):
        source = http.AsyncKratosSource(f"{url}/hook")
        return source.with_lookup(services.AsyncOtherSource())


class TestOkta(OverHTTP):
    app = staticmethod(services.okta_hook)

    def make(self, url):
        return http.OktaSource(f"{url}/hook").with_lookup(services.OtherSource())


class TestAsyncOkta(TestOkta):
    def make(self, url):
        return http.AsyncOktaSource(f"{url}/hook").with_lookup(services.OtherSource())


class TestPasswordGrant(OverHTTP):
    # A provider says nothing of blocked users: they get no token.
    known = (ANN.known,)
    can_look_up = False
    secrets = (services.CLIENT[1], "token-")
    app = staticmethod(services.oauth_provider)

    def make(self, url):
        return oauth.PasswordGrantSource(
            f"{url}/token", f"{url}/userinfo", *services.CLIENT
        )


class TestAsyncPasswordGrant(TestPasswordGrant):
    def make(self, url):
        return oauth.AsyncPasswordGrantSource(
            f"{url}/token", f"{url}/userinfo", *services.CLIENT
        )


class TestFirebase(OverHTTP):
    known = (ANN.known,)
    can_look_up = False
    secrets = (services.FIREBASE_KEY, "token-")
    app = staticmethod(services.firebase_service)

    def make(self, url):
        return firebase.FirebaseSource(services.FIREBASE_KEY, base_url=url)


class TestAsyncFirebase(TestFirebase):
    def make(self, url):
        return firebase.AsyncFirebaseSource(services.FIREBASE_KEY, base_url=url)


def test_whole_profiles():
    """
    What a contract's answer has of a user is what the user has, and no more.
    """
    found = {}
    for case in (TestKeycloak, TestFusionAuth, TestPasswordGrant, TestFirebase):
        with case().open_source() as source:
            found[case] = source.login(ANN.email, ANN.password)

    keycloak = found[TestKeycloak]
    assert keycloak.email_verified
    assert {"given_name": "The", "family_name": "ann"} == keycloak.profile
    assert {"likes": ["cats"]} == keycloak.user_metadata
    assert {"roles": ["admin"]} == keycloak.app_metadata
    assert not keycloak.must_change_password
    fusionauth = found[TestFusionAuth]
    assert fusionauth.email_verified
    assert {"name": "The ann"} == fusionauth.profile
    assert {"theme": "dark"} == fusionauth.app_metadata
    claims = found[TestPasswordGrant]
    assert claims.email_verified
    assert claims.username is None
    firebase_user = found[TestFirebase]
    assert "2017-07-14T02:40:00.123000+00:00" == firebase_user.created_at.isoformat()
    assert {"admin": True} == firebase_user.app_metadata
    assert "must not be copied" not in json.dumps([str(it) for it in found.values()])


def test_blocked():
    """
    Bob is blocked wherever the service says so.
    """
    for case in (TestBasicAuth, TestJSON, TestKeycloak, TestFusionAuth, TestKratos):
        with case().open_source() as source:
            assert source.login(BOB.email, BOB.password).blocked, case
