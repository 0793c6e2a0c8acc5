"""
A page behind HTTP Basic authentication that shows its user's profile.
"""

from collections.abc import Iterator
from typing import Any, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.sources._lookup import Verdict
from migratekit.sources.http._answers import object_of, statuses_of, unexpected
from migratekit.sources.http._doors import AsyncDoor, Door, Inquiry
from migratekit.sources.http._fields import Fields, fields_of
from migratekit.sources.http._options import basic
from migratekit.sources.http._questions import Dialogue, Place, get, place_of


_CHARSETS: Final = ("utf-8", "latin-1")


def _charset(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    if value not in _CHARSETS:
        raise ConfigurationError(f"{attribute.name} must be one of {_CHARSETS}.")


@attrs.frozen(repr=False, eq=False)
class _BasicAuth(Inquiry):
    _url: Place = attrs.field(converter=place_of, alias="profile_url")
    _charset: str = attrs.field(
        default="utf-8", validator=_charset, kw_only=True, alias="charset"
    )
    _fields: Fields = attrs.field(
        default=None, converter=fields_of, kw_only=True, alias="fields"
    )
    _denied: frozenset[int] | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(statuses_of),
        kw_only=True,
        alias="denied",
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self._denied is None:
            object.__setattr__(self, "_denied", self._denied_by_itself())

    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        # What stands before the first colon is the user name, whatever was meant.
        if ":" in identifier:
            return None
        try:
            credentials = basic(identifier, password, self._charset)
        except UnicodeEncodeError:
            return None
        answer = yield get(self._url, ((b"Authorization", credentials),))
        if answer.status in (self._denied or ()):
            return None
        if answer.status != 200:
            unexpected(answer)
        return self._fields.user(object_of(answer))

    def _authorizes_users(self) -> bool:
        return True

    def _places(self) -> Iterator[Place]:
        yield self._url


class BasicAuthSource(_BasicAuth, Door):
    """
    Asks for a page with the user's own name and password, by HTTP Basic (RFC 7617).

    200 with a JSON object is that user's profile, and the statuses in *denied* are a
    no.  Everything else is an outage.  Nobody can be looked up.

    Args:
        profile_url:
            The page.

        charset:
            How name and password are encoded: ``utf-8``, or ``latin-1`` as older
            servers expect.  Who cannot be encoded is nobody.

        fields:
            What the fields of the answer mean: targets by dotted paths, as in
            ``{"user.id": "user_id", "user.mail": "email"}``.  Besides what
            `migratekit.sources.sql.SQLSource` knows there is ``active``, the contrary
            of ``blocked``.  Without it, every field means what it is called.

        denied:
            The statuses that are a no: 401, unless said otherwise.  Where keys or
            headers are sent besides, it has to be said, because 401 may be about these.

    And the options of `migratekit.sources.http.HTTPOptions`.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncBasicAuthSource(_BasicAuth, AsyncDoor):
    """
    `BasicAuthSource` with coroutines.
    """

    __slots__ = ()
