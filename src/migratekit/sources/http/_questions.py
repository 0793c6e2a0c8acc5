"""
Requests and answers as values, and the URLs they go to.
"""

import ipaddress
import json
import re
from collections.abc import Generator, Iterable, Mapping
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import attrs
import idna

from migratekit.errors import ConfigurationError


R = TypeVar("R")

PLACEHOLDER: Final = "{identifier}"
Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

_NOT_IN_URLS: Final = re.compile(r"[^!-~]")
_PORTS: Final = {"http": 80, "https": 443}


@attrs.frozen
class Place:
    """
    Where a request goes.  Only its origin is ever shown.
    """

    scheme: str
    host: str
    port: int
    target: str = attrs.field(repr=False)

    @property
    def authority(self) -> str:
        """
        The value of the header ``Host``.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """
        The URL without what may be secret: path and query.
        """
        return f"{self.scheme}://{self.authority}"

    @property
    def is_private(self) -> bool:
        """
        Whether nobody on the way can read along: TLS, or no way at all.
        """
        if self.scheme == "https" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def of(self, identifier: str) -> "Place | None":
        """
        Return the place of *identifier*, or None if a path would lead elsewhere.
        """
        # Every dot segment means another place, and no escape helps against that.
        if {".", ".."} & {*re.split(r"[/\\]", identifier)}:
            return None
        value = quote(identifier, safe="")
        return attrs.evolve(self, target=self.target.replace(PLACEHOLDER, value))


def place_of(url: str | Place) -> Place:
    """
    Return the place that *url* is.

    Raises:
        migratekit.errors.ConfigurationError: If it is none; it is not quoted.
    """
    if isinstance(url, Place):
        return url
    if type(url) is not str:
        raise ConfigurationError("A URL must be text.")
    try:
        place = _parsed(url)
    except ValueError:
        place = None
    if place is None:
        raise ConfigurationError(
            "A URL must be https://HOST/PATH, in ASCII but for the host, and without "
            "user name, password and fragment."
        )
    return place


def _parsed(url: str) -> Place | None:
    # Before urlsplit(), which drops some control characters without a word.
    if not url.isprintable() or " " in url:
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.isascii():
        host = idna.encode(host).decode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or "#" in url:
        return None
    if _NOT_IN_URLS.search(target) or _NOT_IN_URLS.search(host):
        return None
    return Place(parts.scheme, host, parts.port or _PORTS[parts.scheme], target)


def place_for_identifiers(url: str) -> Place:
    """
    Return the place that *url* is, which has one ``{identifier}``.

    Raises:
        migratekit.errors.ConfigurationError: If it is none, or has not.
    """
    place = place_of(url)
    if place.target.count(PLACEHOLDER) != 1:
        raise ConfigurationError(
            f"The URL needs one {PLACEHOLDER} in its path or query."
        )
    return place


@attrs.frozen
class Question:
    """
    A request.
    """

    method: str
    place: Place
    headers: Headers = attrs.field(default=(), repr=False)
    body: bytes = attrs.field(default=b"", repr=False)


def get(place: Place, headers: Headers = ()) -> Question:
    """
    Return a question without a body.
    """
    return Question("GET", place, headers)


def post_json(place: Place, data: Mapping[str, Any]) -> Question:
    """
    Return a question with *data* as JSON.
    """
    kind = (b"Content-Type", b"application/json")
    return Question("POST", place, (kind,), json.dumps(data).encode())


def post_form(
    place: Place, data: Iterable[tuple[str, str]], headers: Headers = ()
) -> Question:
    """
    Return a question with *data* as a web form sends it.
    """
    kind = (b"Content-Type", b"application/x-www-form-urlencoded")
    return Question("POST", place, (kind, *headers), urlencode([*data]).encode())


@attrs.frozen
class Answer:
    """
    A response, read to its end.
    """

    status: int
    body: bytes = attrs.field(default=b"", repr=False)
    charset: str | None = None


Dialogue: TypeAlias = Generator[Question, Answer, R]
"""What a source asks, one question after another, and what it makes of the answers."""
