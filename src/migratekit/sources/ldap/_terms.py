"""
The texts of LDAP: URLs, filters and distinguished names, with nothing put into them
that could mean something.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

import attrs
import sansldap

from migratekit.errors import ConfigurationError
from migratekit.validation import loosely


_PORTS: Final = {"ldap": 389, "ldaps": 636}
_PLACEHOLDER: Final = re.compile(rb"\{(identifier|canonical)\}")


@attrs.frozen
class Server:
    """
    Where a directory is.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def server_of(url: str) -> Server:
    """
    Return the server of an ``ldap://`` or ``ldaps://`` URL.

    Raises:
        migratekit.errors.ConfigurationError: If it is none, or says more than that.
    """
    try:
        return _server(urlsplit(url))
    except (ValueError, AttributeError, TypeError, KeyError):
        pass
    # Not shown: a password may be in it.
    raise ConfigurationError("An LDAP URL is ldaps://host[:port] or ldap://….")


def _server(parts: SplitResult) -> Server:
    more = parts.path.strip("/"), parts.query, parts.fragment, parts.username
    if not parts.hostname or any(more):
        raise ValueError("More than a server, or less.")
    return Server(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])


@attrs.frozen
class FilterTemplate:
    """
    A filter with places for an identifier.

    The values are put into the parsed filter, where a value is a value; no text is
    parsed that somebody typed.
    """

    _parsed: sansldap.LDAPFilter

    def filled(self, values: Mapping[str, str]) -> sansldap.LDAPFilter:
        """
        Return the filter for ``identifier`` and ``canonical``.
        """
        texts = {name.encode(): value.encode() for name, value in values.items()}
        return cast("sansldap.LDAPFilter", _filled(self._parsed, texts))


def filter_template(text: str | FilterTemplate) -> FilterTemplate:
    """
    Return the template of an RFC 4515 filter with ``{identifier}`` or ``{canonical}``.

    Raises:
        migratekit.errors.ConfigurationError: If it is none.
    """
    if isinstance(text, FilterTemplate):
        return text
    try:
        parsed = sansldap.LDAPFilter.from_string(text)
    except Exception:  # noqa: BLE001 -- a parser may raise anything
        parsed = None
    if parsed is None:
        raise ConfigurationError("This is no LDAP filter.")
    places = sum(map(_places, _parts(parsed)))
    if places == 0 or places != text.count("{"):
        raise ConfigurationError(
            "The filter needs {identifier} or {canonical}, as or in the value of an "
            "equality, and no other brace."
        )
    return FilterTemplate(parsed)


def _parts(part: sansldap.LDAPFilter) -> Iterable[sansldap.LDAPFilter]:
    yield part
    inner = getattr(part, "filters", None) or [getattr(part, "filter", None)]
    for one in inner:
        if one is not None:
            yield from _parts(one)


def _places(part: sansldap.LDAPFilter) -> int:
    # Not those of a substring or an order: they would find more than one person.
    if isinstance(part, sansldap.FilterEquality | sansldap.FilterExtensibleMatch):
        return len(_PLACEHOLDER.findall(part.value))
    return 0


def _filled(part: Any, values: Mapping[bytes, bytes]) -> Any:
    if isinstance(part, bytes):
        return _PLACEHOLDER.sub(lambda match: values[match[1]], part)
    if isinstance(part, list):
        return [_filled(one, values) for one in part]
    if isinstance(part, sansldap.LDAPFilter):
        fields = {
            field.name: _filled(getattr(part, field.name), values)
            for field in dataclasses.fields(part)
            if field.init
        }
        return dataclasses.replace(part, **fields)
    return part  # a name, a flag or nothing


@attrs.frozen
class DNPattern:
    """
    A distinguished name with a place for an identifier.
    """

    pattern: str

    def filled(self, values: Mapping[str, str]) -> str:
        """
        Return the name for ``identifier`` and ``canonical``, escaped by RFC 4514.
        """
        return _PLACEHOLDER.sub(
            lambda match: escaped(values[match[1].decode()]).encode(),
            self.pattern.encode(),
        ).decode()


def dn_pattern(text: str | DNPattern) -> DNPattern:
    """
    Return the pattern of ``uid={identifier},ou=people,dc=example,dc=com``.

    Raises:
        migratekit.errors.ConfigurationError: If it is none.
    """
    if isinstance(text, DNPattern):
        return text
    try:
        places = len(_PLACEHOLDER.findall(text.encode()))
        pattern = DNPattern(text)
        parsed(pattern.filled({"identifier": "x", "canonical": "x"}))
    except (ValueError, AttributeError):
        places = 0
    if places == 0 or places != text.count("{"):
        raise ConfigurationError(
            "The pattern must be a distinguished name with {identifier} or {canonical}."
        )
    return pattern


def escaped(value: str) -> str:
    """
    Return *value* as it stands in a distinguished name (RFC 4514, section 2.4).

    Everything but ASCII letters, digits and a few harmless characters is written in
    hexadecimal, which is always allowed.
    """
    return "".join(
        chr(byte)
        if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "-_.@")
        else f"\\{byte:02x}"
        for byte in value.encode()
    )


def parsed(dn: str) -> tuple[frozenset[tuple[str, str]], ...]:
    """
    Return a distinguished name in a form that can be compared.

    Raises:
        ValueError: If it is none.
    """
    if not dn.strip():
        return ()
    return tuple(
        frozenset(_assertion(one) for one in _split(rdn, "+"))
        for rdn in _split(dn, ",")
    )


def same_name(one: str, other: str) -> bool:
    """
    Return whether two distinguished names are those of the same entry.

    Attribute types and values are compared in any letter case, without the spaces that
    do not count.
    """
    try:
        return parsed(one) == parsed(other)
    except ValueError:
        return False


def _split(text: str, separator: str) -> list[str]:
    # Not at a separator that is escaped.
    piece = rf"((?:[^{separator}\\]|\\.)+)(?:{re.escape(separator)}|$)"
    pieces: list[str] = re.findall(piece, text, re.DOTALL)
    if separator.join(pieces) != text:
        raise ValueError("No distinguished name.")
    return pieces


def _assertion(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError("No attribute and value.")
    plain = re.sub(
        rb"\\([0-9A-Fa-f]{2})|\\(.)",
        lambda match: bytes.fromhex(match[1].decode()) if match[1] else match[2],
        value.strip(" ").encode(),
        flags=re.DOTALL,
    ).decode()
    return name.strip().lower(), loosely(plain)
