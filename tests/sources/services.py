"""
Legacy services on loopback, for the sources that speak HTTP.

Each is an application for `faults.http_peer()` that knows the same people.
"""

import base64
import json
from urllib.parse import parse_qs, unquote

import attrs
from faults import Reply, as_json

from migratekit.models import LegacyUser
from migratekit.testing import KnownUser


@attrs.frozen
class Person:
    """
    Somebody who is in the old system.
    """

    user_id: str
    email: str
    username: str
    password: str
    blocked: bool = False

    @property
    def known(self):
        return KnownUser(
            self.email, self.password, user_id=self.user_id, blocked=self.blocked
        )

    @property
    def user(self):
        return LegacyUser(
            user_id=self.user_id,
            email=self.email,
            username=self.username,
            blocked=self.blocked,
            profile={"name": f"The {self.username}"},
        )

    @property
    def json(self):
        return {
            "user_id": self.user_id,
            "email": self.email,
            "username": self.username,
            "blocked": self.blocked,
            "name": f"The {self.username}",
        }


ANN = Person("41", "Ann@Example.com", "ann", "correct horse: \u20ac")
BOB = Person("42", "bob@example.com", "bob", "battery staple", blocked=True)
PEOPLE = (ANN, BOB)


def person(identifier):
    """
    Return whom an old system finds: exactly, but in any letter case.
    """
    for one in PEOPLE:
        if identifier.lower() in {one.email.lower(), one.username}:
            return one
    return None


def person_with(identifier, password):
    found = person(identifier)
    return found if found is not None and found.password == password else None


class OtherSource:
    """
    A source that can look up, and nothing else.
    """

    def get_user(self, identifier, /):
        found = person(identifier)
        return None if found is None else found.user


class AsyncOtherSource(OtherSource):
    async def get_user(self, identifier, /):
        return super().get_user(identifier)


def basic_auth(charset="utf-8"):
    """
    Return a page behind HTTP Basic.
    """

    def app(request):
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return Reply(401)
        text = base64.b64decode(encoded, validate=True).decode(charset)
        identifier, _, password = text.partition(":")
        found = person_with(identifier, password)
        return Reply(401) if found is None else as_json(found.json)

    return app


TOKEN = "a-token-of-the-service"


def json_service(request):
    """
    A service that is asked with a token of its own.
    """
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        return Reply(403)
    if request.method == "POST":
        asked = request.json
        found = person_with(asked["identifier"], asked["password"])
        return Reply(401) if found is None else as_json(found.json)
    assert request.target.startswith("/users/")
    found = person(unquote(request.target.removeprefix("/users/")))
    return Reply(404) if found is None else as_json(found.json)


def keycloak_endpoint(request):
    """
    What the README of the migration plug-in asks for; any kind of 4xx is a no.
    """
    folder, _, name = request.target.rpartition("/")
    assert "/legacy" == folder
    identifier = unquote(name)
    assert identifier == identifier.lower()
    if request.method == "POST":
        right = person_with(identifier, request.json["password"])
        return Reply(400) if right is None else Reply(200)
    found = person(identifier)
    if found is None:
        return Reply(404)
    return as_json(
        {
            "id": found.user_id,
            "username": found.username,
            "email": found.email,
            "firstName": "The",
            "lastName": found.username,
            "enabled": "false" if found.blocked else "true",
            "emailVerified": True,
            "attributes": {"likes": ["cats"]},
            "roles": ["admin"],
            "groups": [],
            "requiredActions": ["CONFIGURE_TOTP"],
        }
    )


def kratos_hook(request):
    asked = request.json
    if person_with(asked["identifier"], asked["password"]) is None:
        return Reply(403)
    return as_json({"status": "password_match"})


def fusionauth_connector(request):
    asked = request.json
    found = person_with(asked["loginId"], asked["password"])
    if found is None:
        return Reply(404)
    return as_json(
        {
            "user": {
                "id": found.user_id,
                "email": found.email,
                "username": found.username,
                "active": not found.blocked,
                "verified": True,
                "passwordChangeRequired": False,
                "fullName": f"The {found.username}",
                "data": {"theme": "dark"},
                "password": "must not be copied",
            }
        }
    )


def okta_hook(request):
    asked = request.json["data"]["context"]["credential"]
    found = person_with(asked["username"], asked["password"])
    credential = "UNVERIFIED" if found is None else "VERIFIED"
    kind = "com.okta.action.update"
    return as_json({"commands": [{"type": kind, "value": {"credential": credential}}]})


CLIENT = ("the client", "s3cret/of:the client")


def oauth_provider(request):
    """
    A token endpoint and a userinfo endpoint, whose tokens are user ids.
    """
    if request.path == "/userinfo":
        bearer = request.headers["authorization"].removeprefix("Bearer token-")
        found = next(one for one in PEOPLE if one.user_id == bearer)
        return as_json(
            {
                "sub": found.user_id,
                "email": found.email,
                "email_verified": True,
                "preferred_username": found.email.lower(),
                "name": f"The {found.username}",
            }
        )
    form = {name: value[0] for name, value in parse_qs(request.body.decode()).items()}
    expected = "dGhlK2NsaWVudDpzM2NyZXQlMkZvZiUzQXRoZStjbGllbnQ="
    if request.headers.get("authorization") != f"Basic {expected}":
        return as_json({"error": "invalid_client"}, 401)
    assert "password" == form["grant_type"]
    found = person_with(form["username"], form["password"])
    if found is None:
        return as_json({"error": "invalid_grant"}, 400)
    return as_json({"access_token": f"token-{found.user_id}", "token_type": "Bearer"})


FIREBASE_KEY = "AIzaSyA-key-of-the-project"


def firebase_service(request):
    """
    The two methods of the Identity Toolkit that a login needs.
    """
    if request.headers.get("x-goog-api-key") != FIREBASE_KEY:
        return _google("API_KEY_INVALID")
    if request.target == "/v1/accounts:lookup":
        own = request.json["idToken"].removeprefix("token-")
        found = next(one for one in PEOPLE if one.user_id == own)
        return as_json(
            {
                "users": [
                    {
                        "localId": found.user_id,
                        "email": found.email,
                        "emailVerified": True,
                        "displayName": f"The {found.username}",
                        "createdAt": "1500000000123",
                        "customAttributes": json.dumps({"admin": True}),
                        "passwordHash": "UkVEQUNURUQ=",
                    }
                ]
            }
        )
    assert request.target == "/v1/accounts:signInWithPassword"
    asked = request.json
    found = person_with(asked["email"], asked["password"])
    if found is None or "@" not in asked["email"]:
        return _google("INVALID_LOGIN_CREDENTIALS")
    own = found.user_id
    return as_json({"localId": own, "idToken": f"token-{own}", "registered": True})


def _google(message):
    return as_json({"error": {"code": 400, "message": message}}, 400)
