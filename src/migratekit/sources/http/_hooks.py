"""
Endpoints that were written for other migration products, as these would ask them.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from migratekit.errors import ContractError, LegacyUnavailableError
from migratekit.models import LegacyUser
from migratekit.sources._lookup import Verdict, Vouched
from migratekit.sources.http._answers import (
    object_of,
    statuses_of,
    unexpected,
)
from migratekit.sources.http._doors import AsyncDoor, Door, Inquiry
from migratekit.sources.http._fields import fields_of
from migratekit.sources.http._questions import (
    Answer,
    Dialogue,
    Place,
    get,
    place_of,
    post_json,
)


def _below(url: str) -> Place:
    place = place_of(url)
    path, mark, query = place.target.partition("?")
    target = f"{path.rstrip('/')}/{{identifier}}{mark}{query}"
    return attrs.evolve(place, target=target)


_KEYCLOAK: Final = fields_of(
    {
        "id": "user_id",
        "username": "username",
        "email": "email",
        "emailVerified": "email_verified",
        "enabled": "active",
        "firstName": "given_name",
        "lastName": "family_name",
        "attributes": "user_metadata",
    }
)


@attrs.frozen(repr=False, eq=False)
class _Keycloak(Inquiry):
    _url: Place = attrs.field(converter=_below, alias="base_url")
    _by_id: bool = attrs.field(default=False, kw_only=True, alias="by_id")
    _denied: frozenset[int] = attrs.field(
        default=(400, 401, 403, 404),
        converter=statuses_of,
        kw_only=True,
        alias="denied",
    )
    _unknown: frozenset[int] = attrs.field(
        default=(404,), converter=statuses_of, kw_only=True, alias="unknown"
    )
    # Keycloak asks in lower case, so that is what an endpoint expects.
    canonical_identifiers: bool = attrs.field(default=True, kw_only=True)

    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        user = yield from self._get_user(identifier)
        if user is None:
            return None
        place = self._url.of(user.user_id if self._by_id else identifier)
        if place is None:
            raise ContractError("The id of a user is no part of a path.")
        answer = yield post_json(place, {"password": password})
        if answer.status in self._denied:
            return None
        if answer.status != 200:
            unexpected(answer)
        _no_page(answer)
        return user

    def _get_user(self, identifier: str) -> Dialogue[LegacyUser | None]:
        place = self._url.of(identifier)
        if place is None:
            return None
        answer = yield get(place)
        if answer.status in self._unknown:
            return None
        if answer.status != 200:
            unexpected(answer)
        return _keycloak_user(object_of(answer))

    def _places(self) -> Iterator[Place]:
        yield self._url


def _no_page(answer: Answer) -> None:
    # 200 is the whole yes; but a firewall's page of refusal has that status, too.
    if answer.body.strip():
        object_of(answer)


def _keycloak_user(data: Mapping[str, Any]) -> LegacyUser:
    # What is missing is null to the plug-in: no flag is a false one.
    data = {"enabled": False, **{k: v for k, v in data.items() if v is not None}}
    if data.get("id") is None:
        data["id"] = data.get("username")
    actions = _texts(data, "requiredActions")
    groups = {
        name: _texts(data, name) for name in ("roles", "groups") if data.get(name)
    }
    return attrs.evolve(
        _KEYCLOAK.user(data),
        must_change_password="UPDATE_PASSWORD" in actions,
        app_metadata=groups,
    )


def _texts(data: Mapping[str, Any], name: str) -> list[Any]:
    found = data.get(name)
    if found is None:
        return []
    if type(found) is not list or not all(type(item) is str for item in found):
        raise ContractError(f"{name} must be a list of text.")
    return found


class KeycloakSource(_Keycloak, Door):
    """
    Asks an endpoint for Keycloak's user migration plug-in (daniel-frak's).

    ``GET {base_url}/{identifier}`` gives the user, and
    ``POST {base_url}/{identifier}`` of ``{"password": …}`` has status 200 if it is
    right.  A user who is not ``enabled`` is blocked; one with the required action
    ``UPDATE_PASSWORD`` must change their password.

    Args:
        base_url:
            The "Rest client URI" of the plug-in.

        by_id:
            Whether passwords are checked under the user's id, which is an option of the
            plug-in.

        denied:
            The statuses of the POST that are a no.  To the plug-in every one but 200
            is; here a service that is down is down.

        unknown:
            The statuses of the GET that are "nobody".

    And the options of `migratekit.sources.http.HTTPOptions`; *canonical_identifiers* is
    on, because Keycloak asks in lower case.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncKeycloakSource(_Keycloak, AsyncDoor):
    """
    `KeycloakSource` with coroutines.
    """

    __slots__ = ()


_FUSIONAUTH: Final = fields_of(
    {
        "user.id": "user_id",
        "user.email": "email",
        "user.username": "username",
        "user.verified": "email_verified",
        "user.active": "active",
        "user.passwordChangeRequired": "must_change_password",
        "user.fullName": "name",
        "user.firstName": "given_name",
        "user.lastName": "family_name",
        "user.imageUrl": "picture",
        "user.data": "app_metadata",
    }
)


@attrs.frozen(repr=False, eq=False)
class _FusionAuth(Inquiry):
    _url: Place = attrs.field(converter=place_of, alias="url")
    _denied: frozenset[int] = attrs.field(
        default=(404,), converter=statuses_of, kw_only=True, alias="denied"
    )

    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        body = {"loginId": identifier, "password": password}
        answer = yield post_json(self._url, body)
        if answer.status in self._denied:
            return None
        if answer.status != 200:
            unexpected(answer)
        return _FUSIONAUTH.user(object_of(answer))

    def _places(self) -> Iterator[Place]:
        yield self._url


class FusionAuthSource(_FusionAuth, Door):
    """
    Asks an endpoint for FusionAuth's generic connector.

    A POST of ``{"loginId": …, "password": …}``: 200 with ``{"user": …}`` is the user,
    404 is a no.  Nobody can be looked up.

    Args:
        url: The "Authentication URL" of the connector.
        denied: The statuses that are a no.

    And the options of `migratekit.sources.http.HTTPOptions`.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncFusionAuthSource(_FusionAuth, AsyncDoor):
    """
    `FusionAuthSource` with coroutines.
    """

    __slots__ = ()


@attrs.frozen(repr=False, eq=False)
class _Hook(Inquiry):
    _url: Place = attrs.field(converter=place_of, alias="url")

    @property
    def knows_profiles(self) -> bool:
        """
        False: it says yes and no more.
        """
        return False

    def _places(self) -> Iterator[Place]:
        yield self._url


@attrs.frozen(repr=False, eq=False)
class _Kratos(_Hook):
    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        body = {"identifier": identifier, "password": password}
        answer = yield post_json(self._url, body)
        if answer.status == 403:
            return None
        if answer.status != 200:
            unexpected(answer)
        if object_of(answer).get("status") != "password_match":
            raise LegacyUnavailableError(
                "it answered neither yes nor no", answered=True
            )
        return Vouched()


class KratosSource(_Kratos, Door):
    """
    Asks an endpoint for the password migration hook of Ory Kratos.

    A POST of ``{"identifier": …, "password": …}``: 200 with
    ``{"status": "password_match"}`` is a yes, 403 is a no.  That is all it says, so
    that it needs `with_lookup()`.  A key or header of ours that the endpoint does not
    like must have another status, such as 401.

    Args:
        url: The URL of the hook.

    And the options of `migratekit.sources.http.HTTPOptions`.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncKratosSource(_Kratos, AsyncDoor):
    """
    `KratosSource` with coroutines.
    """

    __slots__ = ()


_UPDATE: Final = "com.okta.action.update"


@attrs.frozen(repr=False, eq=False)
class _Okta(_Hook):
    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        answer = yield post_json(self._url, _okta_event(identifier, password))
        if answer.status != 200:
            unexpected(answer)
        credential = _okta_credential(object_of(answer))
        if credential == "UNVERIFIED":
            return None
        if credential != "VERIFIED":
            raise LegacyUnavailableError(
                "it answered neither yes nor no", answered=True
            )
        return Vouched()


def _okta_event(identifier: str, password: str) -> dict[str, Any]:
    credential = {"username": identifier, "password": password}
    return {
        "eventId": str(uuid.uuid4()),
        "eventTime": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        "eventType": "com.okta.user.credential.password.import",
        "eventTypeVersion": "1.0",
        "contentType": "application/json",
        "cloudEventVersion": "0.1",
        "source": "migratekit",
        "data": {
            "context": {"credential": credential},
            "action": {"credential": "UNVERIFIED"},
        },
    }


def _okta_credential(data: Mapping[str, Any]) -> object:
    """
    Return what the one command says; None if there is not one, or an error beside it.
    """
    match data:
        case {"error": dict()}:
            return None
        case {"commands": [{"type": kind, "value": {"credential": credential}}]}:
            return credential if kind == _UPDATE else None
    return None


class OktaSource(_Okta, Door):
    """
    Asks an endpoint for Okta's password import inline hook.

    A POST of ``data.context.credential`` with ``username`` and ``password``: 200 with
    one command ``com.okta.action.update`` whose credential is ``VERIFIED`` is a yes,
    ``UNVERIFIED`` is a no.  That is all it says, so that it needs `with_lookup()`.

    Args:
        url: The URL of the hook.

    And the options of `migratekit.sources.http.HTTPOptions`; what Okta calls the
    authentication secret is a header.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncOktaSource(_Okta, AsyncDoor):
    """
    `OktaSource` with coroutines.
    """

    __slots__ = ()
