"""
What every source that speaks HTTP can be told about how, and as whom.
"""

import base64
import functools
import re
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.sources._limits import positive, verifying
from migratekit.sources.http._questions import Headers, Place, Question, place_of


_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[!-~]+(?: +[!-~]+)*")
_OURS: Final = {
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
}


def headers_of(headers: Mapping[str, str]) -> Headers:
    """
    Return headers as bytes.

    Raises:
        migratekit.errors.ConfigurationError: If one cannot be sent; it is not quoted.
    """
    found = []
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise ConfigurationError(f"{name!r} is no header that can be set.")
        if type(value) is not str or not _VALUE.fullmatch(value):
            raise ConfigurationError(f"The value of the header {name} is not ASCII.")
        found.append((name.encode(), value.encode()))
    return tuple(found)


def basic(user: str, password: str, charset: str = "utf-8") -> bytes:
    """
    Return the credentials of RFC 7617.

    Raises:
        UnicodeEncodeError: If the charset has not all characters.
    """
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode(charset))


@functools.cache
def _system_trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _optional_place(url: str | Place | None) -> Place | None:
    return None if url is None else place_of(url)


def text(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
    """
    Refuse what is no text; it is not quoted.

    Raises:
        migratekit.errors.ConfigurationError: If *value* is none.
    """
    if type(value) is not str:
        raise ConfigurationError(f"{attribute.alias} must be text.")


optional_text: Final = attrs.validators.optional(text)


def _account(_: object, __: "attrs.Attribute[Any]", value: Any) -> None:
    whole = type(value) is tuple and [str, str] == [*map(type, value)]
    if not whole or ":" in value[0]:
        raise ConfigurationError(
            "account must be a name without a colon, and a password."
        )


@attrs.frozen(repr=False, eq=False, kw_only=True)
class HTTPOptions(ABC):
    """
    Options of every source that speaks HTTP.

    Args:
        headers:
            Headers to send besides, such as a key of the service.  ASCII.

        bearer:
            A token to send as ``Authorization: Bearer …``.

        api_key:
            A key to send as ``X-API-Key``.

        account:
            A user name and a password for the service itself, to be sent by HTTP Basic.

        tls:
            What to trust, and which client certificate to show, if not what the
            operating system trusts and none.  It must verify.  A certificate cannot be
            seen in it: where the service may refuse yours with 401, say in *denied*
            what a wrong password is.

        proxy:
            The URL of a proxy.  None is taken from the environment.

        deadline:
            Seconds for a whole call, however many requests that takes.

        connect_deadline:
            Seconds of these for a connection.

        max_bytes:
            The longest answer that is read.

        canonical_identifiers:
            Whether to send identifiers in the form of
            `migratekit.validation.canonical()`; else as they are typed, trimmed.

        passwords_in_the_clear:
            Whether to send passwords over ``http://`` to other machines, too.
    """

    _headers: Headers = attrs.field(factory=dict, converter=headers_of, alias="headers")
    _bearer: str | None = attrs.field(
        default=None, validator=optional_text, alias="bearer"
    )
    _api_key: str | None = attrs.field(
        default=None, validator=optional_text, alias="api_key"
    )
    _account: tuple[str, str] | None = attrs.field(
        default=None, validator=attrs.validators.optional(_account), alias="account"
    )
    _tls: ssl.SSLContext | None = attrs.field(
        default=None, converter=attrs.converters.optional(verifying), alias="tls"
    )
    proxy: Place | None = attrs.field(default=None, converter=_optional_place)
    deadline: float = attrs.field(default=5.0, validator=positive)
    connect_deadline: float = attrs.field(default=2.0, validator=positive)
    max_bytes: int = attrs.field(default=2**20, validator=positive)
    canonical_identifiers: bool = False
    passwords_in_the_clear: bool = False
    _sent: Headers = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        headers = self._headers
        for name, value in self._credentials():
            headers += headers_of({name: value})
        names = [name.lower() for name, _ in headers]
        if len({*names}) != len(names) or (
            b"authorization" in names and self._authorizes_users()
        ):
            raise ConfigurationError("A header would be sent twice.")
        object.__setattr__(self, "_sent", headers)
        for place in self._places():
            private = place.is_private and (place.scheme == "https" or not self.proxy)
            if not private and self.passwords_in_the_clear is not True:
                raise ConfigurationError(
                    "Passwords would be sent in the clear.  Use https://, or say "
                    "passwords_in_the_clear=True."
                )

    def headers_for(self, question: Question, /) -> Headers:
        """
        Return the headers to send with *question*.
        """
        return (*self._sent, *question.headers)

    def trusted(self) -> ssl.SSLContext:
        """
        Return what verifies certificates, still.

        Raises:
            migratekit.errors.ConfigurationError: If it was changed and does not.
        """
        return verifying(self._tls or _system_trust())

    def _credentials(self) -> Iterator[tuple[str, str]]:
        if self._bearer is not None:
            yield "Authorization", f"Bearer {self._bearer}"
        if self._account is not None:
            yield "Authorization", basic(*self._account).decode()
        if self._api_key is not None:
            yield "X-API-Key", self._api_key

    @property
    def _has_credentials(self) -> bool:
        """
        Whether the service may refuse us, and not the user, as far as can be seen.
        """
        return bool(self._sent)

    def _denied_by_itself(self) -> frozenset[int]:
        """
        Return the statuses that are a no, where nobody says.

        Raises:
            migratekit.errors.ConfigurationError: If somebody has to.
        """
        if self._has_credentials:
            raise ConfigurationError(
                "A service that has keys of its own may answer 401 when they are "
                "wrong.  Say in denied= what a wrong password is."
            )
        return frozenset((401,))

    def _authorizes_users(self) -> bool:
        return False

    @abstractmethod
    def _places(self) -> Iterator[Place]:
        """
        Yield where requests go; the first gives the source its name.
        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({next(self._places()).origin!r})"
