"""
Any OAuth 2 provider that still has the password grant (RFC 6749, section 4.3).

The grant knows no second factor: users with one can only be refused here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import quote, quote_plus

import attrs

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
)
from migratekit.sources._lookup import Verdict
from migratekit.sources.http._answers import object_of, unexpected
from migratekit.sources.http._doors import AsyncDoor, Door, Inquiry
from migratekit.sources.http._fields import Fields, fields_of
from migratekit.sources.http._judges import (
    Judge,
    judge,
    judge_auth0,
    judge_entra,
    judge_keycloak,
)
from migratekit.sources.http._options import basic, optional_text, text
from migratekit.sources.http._questions import (
    Dialogue,
    Headers,
    Place,
    get,
    place_of,
    post_form,
)


CLAIMS: Final[Mapping[str, str]] = {
    "sub": "user_id",
    "email": "email",
    "email_verified": "email_verified",
    "preferred_username": "username",
    "name": "name",
    "given_name": "given_name",
    "family_name": "family_name",
    "nickname": "nickname",
    "picture": "picture",
}
"""
What the standard claims of OpenID Connect mean.
"""

_PASSWORD: Final = "password"  # noqa: S105 -- the name of a grant
_REALM_GRANT: Final = "http://auth0.com/oauth/grant-type/password-realm"
_TOKEN: Final = re.compile(r"[!-~]+")
_REFUSALS: Final = {400, 401, 403}


def _extra(extra: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    ours = {"grant_type", "username", "password", "client_id", "client_secret", "scope"}
    found = tuple(dict(extra).items())
    if ours & {name for name, _ in found}:
        raise ConfigurationError("An extra parameter is one of the grant's own.")
    if not all(type(text) is str for pair in found for text in pair):
        raise ConfigurationError("Extra parameters must be text.")
    return found


def _client_auth(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if value not in {"basic", "post"}:
        raise ConfigurationError(f"{attribute.name} must be 'basic' or 'post'.")


def _host(domain: str) -> str:
    # So that nothing but a host can come between the slashes.
    if type(domain) is not str or set("/?#@\\") & {*domain}:
        raise ConfigurationError("The domain must be a host.")
    return domain


def _segment(name: str) -> str:
    if type(name) is not str or name in {"", ".", ".."}:
        raise ConfigurationError("A realm, server or tenant must be text.")
    return quote(name, safe="")


@attrs.frozen(repr=False, eq=False)
class _PasswordGrant(Inquiry):
    _token_url: Place = attrs.field(converter=place_of)
    _userinfo_url: Place = attrs.field(converter=place_of)
    _client_id: str = attrs.field(validator=text)
    _client_secret: str | None = attrs.field(default=None, validator=optional_text)
    _client_auth: str = attrs.field(
        default="basic", validator=_client_auth, kw_only=True
    )
    _scope: str = attrs.field(
        default="openid profile email", validator=text, kw_only=True
    )
    _grant_type: str = attrs.field(default=_PASSWORD, validator=text, kw_only=True)
    _extra: tuple[tuple[str, str], ...] = attrs.field(
        factory=dict, converter=_extra, kw_only=True
    )
    _fields: Fields = attrs.field(
        default=fields_of(CLAIMS), converter=fields_of, kw_only=True, alias="fields"
    )
    _judge: Judge = attrs.field(default=judge, kw_only=True)

    @classmethod
    def auth0(
        cls,
        domain: str,
        client_id: str,
        client_secret: str | None = None,
        *,
        connection: str | None = None,
        audience: str | None = None,
        **options: Any,
    ) -> Self:
        """
        Return a source for Auth0.

        Args:
            domain: As in ``shop.eu.auth0.com``.
            client_id: Of an application with the grant type "Password".
            client_secret: Its secret.
            connection: The database connection to ask, if not the tenant's default.
            audience: Of an API, if the tenant has no default one.
            **options: What `PasswordGrantSource` takes besides.
        """
        base = f"https://{_host(domain)}"
        wanted = {"realm": connection, "audience": audience}
        extra = {name: value for name, value in wanted.items() if value is not None}
        return cls(
            f"{base}/oauth/token",
            f"{base}/userinfo",
            client_id,
            client_secret,
            grant_type=_PASSWORD if connection is None else _REALM_GRANT,
            extra=extra,
            judge=judge_auth0,
            **{"client_auth": "post", **options},
        )

    @classmethod
    def keycloak(
        cls,
        base_url: str,
        realm: str,
        client_id: str,
        client_secret: str | None = None,
        **options: Any,
    ) -> Self:
        """
        Return a source for Keycloak.

        Args:
            base_url: As in ``https://sso.example.com``; before 17, with ``/auth``.
            realm: Name of the realm.
            client_id: Of a client with "Direct access grants".
            client_secret: Its secret.
            **options: What `PasswordGrantSource` takes besides.
        """
        base = f"{base_url.rstrip('/')}/realms/{_segment(realm)}/protocol"
        return cls(
            f"{base}/openid-connect/token",
            f"{base}/openid-connect/userinfo",
            client_id,
            client_secret,
            judge=judge_keycloak,
            **options,
        )

    @classmethod
    def okta(
        cls,
        domain: str,
        client_id: str,
        client_secret: str | None = None,
        *,
        server: str = "default",
        **options: Any,
    ) -> Self:
        """
        Return a source for Okta.

        Args:
            domain: As in ``shop.okta.com``.
            client_id: Of an application with the grant type "Resource Owner Password".
            client_secret: Its secret.
            server: The id of the authorization server.
            **options: What `PasswordGrantSource` takes besides.
        """
        base = f"https://{_host(domain)}/oauth2/{_segment(server)}/v1"
        urls = (f"{base}/token", f"{base}/userinfo")
        return cls(*urls, client_id, client_secret, **options)

    @classmethod
    def entra(
        cls,
        tenant: str,
        client_id: str,
        client_secret: str | None = None,
        **options: Any,
    ) -> Self:
        """
        Return a source for Microsoft Entra ID.

        Args:
            tenant: Id or domain of the tenant; the grant does not know ``common``.
            client_id: Of an app registration.
            client_secret: Its secret.
            **options: What `PasswordGrantSource` takes besides.
        """
        return cls(
            f"https://login.microsoftonline.com/{_segment(tenant)}/oauth2/v2.0/token",
            "https://graph.microsoft.com/oidc/userinfo",
            client_id,
            client_secret,
            judge=judge_entra,
            **{"client_auth": "post", **options},
        )

    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        answer = yield post_form(
            self._token_url,
            (
                ("grant_type", self._grant_type),
                ("username", identifier),
                ("password", password),
                ("scope", self._scope),
                *self._extra,
                *self._client_parameters(),
            ),
            self._client_headers(),
        )
        if answer.status in _REFUSALS:
            return self._judge(object_of(answer))
        if answer.status != 200:
            unexpected(answer)
        token = _bearer_of(object_of(answer))
        answer = yield get(self._userinfo_url, ((b"Authorization", token),))
        if answer.status != 200:
            unexpected(answer)
        return self._fields.user(_without_double(object_of(answer)))

    def _client_parameters(self) -> Iterator[tuple[str, str]]:
        if self._client_secret is None or self._client_auth == "post":
            yield "client_id", self._client_id
            if self._client_secret is not None:
                yield "client_secret", self._client_secret

    def _client_headers(self) -> Headers:
        if self._client_secret is None or self._client_auth == "post":
            return ()
        # RFC 6749, 2.3.1: each is encoded as in a form before it is put together.
        credentials = basic(
            quote_plus(self._client_id), quote_plus(self._client_secret)
        )
        return ((b"Authorization", credentials),)

    def _authorizes_users(self) -> bool:
        return True

    def _places(self) -> Iterator[Place]:
        yield self._token_url
        yield self._userinfo_url


def _bearer_of(data: Mapping[str, Any]) -> bytes:
    token, kind = data.get("access_token"), data.get("token_type")
    if type(kind) is not str or kind.lower() != "bearer" or type(token) is not str:
        raise LegacyUnavailableError("it answered with no bearer token")
    if _TOKEN.fullmatch(token):
        return b"Bearer " + token.encode()
    raise LegacyUnavailableError("it answered with no bearer token")


def _without_double(claims: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return claims without a user name that is no more than the e-mail.
    """
    found = dict(claims)
    if type(found.get("sub")) is not str:
        raise ContractError("The claims have no sub.")
    name, email = found.get("preferred_username"), found.get("email")
    if type(name) is str and type(email) is str and name.lower() == email.lower():
        del found["preferred_username"]
    return found


class PasswordGrantSource(_PasswordGrant, Door):
    """
    Asks a provider for a token with the user's password, and for their claims with it.

    A token is a yes, ``invalid_grant`` is a no; everything else is an outage, errors
    that are about the client included.  The token is forgotten at once.  Nobody can be
    looked up.

    Where a provider says that the password is right, but has to be changed first, it
    gives no claims; then the user is who a second source says; see `with_lookup()`.

    Args:
        token_url:
            The token endpoint.

        userinfo_url:
            The userinfo endpoint of OpenID Connect.

        client_id:
            Of a client that may use the grant.

        client_secret:
            Its secret, if it has one.

        client_auth:
            Whether the client's credentials are sent by HTTP ``basic``, or in the
            ``post``.

        scope:
            Must have ``openid`` for there to be claims.

        grant_type:
            The name of the grant.

        extra:
            More parameters of the request.

        fields:
            What the claims mean: targets by dotted paths; `CLAIMS`, unless said
            otherwise.

        judge:
            What an error means: a callable that takes its JSON object.  Returns None
            for a no, and raises `migratekit.errors.LegacyUnavailableError`.

    And the options of `migratekit.sources.http.HTTPOptions`.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncPasswordGrantSource(_PasswordGrant, AsyncDoor):
    """
    `PasswordGrantSource` with coroutines.
    """

    __slots__ = ()
