"""
A web service of one's own that speaks JSON.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from migratekit.errors import ConfigurationError, ContractError, LegacyUnavailableError
from migratekit.models import LegacyUser
from migratekit.sources._lookup import Verdict, Vouched
from migratekit.sources.http._answers import (
    Path,
    conditions_of,
    holds,
    object_of,
    statuses_of,
    unexpected,
)
from migratekit.sources.http._doors import AsyncDoor, Door, Inquiry
from migratekit.sources.http._fields import Fields, fields_of
from migratekit.sources.http._questions import (
    Answer,
    Dialogue,
    Place,
    get,
    place_for_identifiers,
    place_of,
    post_json,
)


def _optional(url: str | None) -> Place | None:
    return None if url is None else place_for_identifiers(url)


KEYS: Final = ("identifier", "password")


def _pair(keys: Iterable[str]) -> tuple[str, str]:
    found = tuple(keys)
    if len({*found}) != 2 or len(found) != 2 or {*map(type, found)} != {str}:
        raise ConfigurationError("The keys must be those of identifier and password.")
    return found


@attrs.frozen(repr=False, eq=False)
class _JSONService(Inquiry):
    _login_url: Place = attrs.field(converter=place_of)
    _get_user_url: Place | None = attrs.field(default=None, converter=_optional)
    _keys: tuple[str, str] = attrs.field(
        default=KEYS, converter=_pair, kw_only=True, alias="keys"
    )
    _fields: Fields = attrs.field(
        default=None, converter=fields_of, kw_only=True, alias="fields"
    )
    _login_gives_profile: bool = attrs.field(default=True, kw_only=True)
    _accepted: tuple[tuple[Path, Any], ...] = attrs.field(
        default=None, converter=conditions_of, kw_only=True, alias="accepted"
    )
    _refused: tuple[tuple[Path, Any], ...] = attrs.field(
        default=None, converter=conditions_of, kw_only=True, alias="refused"
    )
    _denied: frozenset[int] | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(statuses_of),
        kw_only=True,
        alias="denied",
    )
    _unknown: frozenset[int] = attrs.field(
        default=(404,), converter=statuses_of, kw_only=True, alias="unknown"
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self._login_gives_profile and not self._accepted:
            raise ConfigurationError(
                "Without a profile in it, what is a yes?  Say it in accepted=."
            )
        if self._denied is None:
            told = self._has_credentials and self._refused
            denied = frozenset() if told else self._denied_by_itself()
            object.__setattr__(self, "_denied", denied)

    @property
    def knows_profiles(self) -> bool:
        """
        False if neither the login nor a look-up gives a profile.
        """
        return self._login_gives_profile or self._get_user_url is not None

    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        body = dict(zip(self._keys, (identifier, password), strict=True))
        answer = yield post_json(self._login_url, body)
        data = self._yes(answer)
        if data is None:
            return None
        if self._login_gives_profile:
            return self._fields.user(data)
        if self._get_user_url is None:
            return Vouched()
        user = yield from self._get_user(identifier)
        if user is None:
            raise ContractError("The service knows a password, and not whose it is.")
        return user

    def _yes(self, answer: Answer) -> dict[str, Any] | None:
        if answer.status in (self._denied or ()):
            return None
        if answer.status != 200:
            unexpected(answer)
        data = object_of(answer)
        refused, accepted = holds(data, self._refused), holds(data, self._accepted)
        if refused and not accepted:
            return None
        if refused or (self._accepted and not accepted):
            raise LegacyUnavailableError(
                "it answered neither yes nor no", answered=True
            )
        return data

    def _get_user(self, identifier: str) -> Dialogue[LegacyUser | None]:
        if self._get_user_url is None:
            return super()._get_user(identifier)
        return self._looked_up(self._get_user_url.of(identifier))

    def _looked_up(self, place: Place | None) -> Dialogue[LegacyUser | None]:
        if place is None:
            return None
        answer = yield get(place)
        if answer.status in self._unknown:
            return None
        if answer.status != 200:
            unexpected(answer)
        return self._fields.user(object_of(answer))

    def _places(self) -> Iterator[Place]:
        yield self._login_url
        if self._get_user_url is not None:
            yield self._get_user_url


class JSONSource(_JSONService, Door):
    """
    Asks a web service that you have, or write, next to the old system.

    A login is a POST of ``{"identifier": …, "password": …}``; 200 with a JSON object is
    the user's profile, and the statuses in *denied* are a no.  A look-up is a GET; 200
    with a JSON object is the profile, and the statuses in *unknown* are "nobody".
    Everything else is an outage.

    Args:
        login_url:
            Where logins are asked.

        get_user_url:
            Where users are looked up, with ``{identifier}`` in its path or query;
            without it, nobody can be.

        keys:
            What identifier and password are called in the request.

        fields:
            What the fields of an answer mean: targets by dotted paths; see
            `migratekit.sources.http.BasicAuthSource`.

        login_gives_profile:
            False if a yes has no profile in it, but has what *accepted* says.  Then the
            profile is looked up.

        accepted:
            What must be in a yes, as values by dotted paths, as in ``{"ok": True}``.

        refused:
            What makes an answer with status 200 a no.

        denied:
            The statuses of a login that are a no: 401, unless said otherwise.  Where
            keys or headers are sent, it has to be said, or *refused* has, because 401
            may be about these.

        unknown:
            The statuses of a look-up that are "nobody".

    And the options of `migratekit.sources.http.HTTPOptions`.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncJSONSource(_JSONService, AsyncDoor):
    """
    `JSONSource` with coroutines.
    """

    __slots__ = ()
