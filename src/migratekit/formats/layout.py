"""
A layout of a stored text: ``"pbkdf2_sha256${rounds:int}${salt:text}${key:base64}"``.

A layout is text in which braces hold fields, ``{name:kind}``; ``{{`` and ``}}`` are
braces.  The kinds are

``int``
    A decimal number without leading zeros.
``hexint``
    A hexadecimal number.
``text``
    Any text that does not hold the character behind the field; its UTF-8 bytes.
``hex``, ``base64``
    Bytes.  Several parts may be joined: ``salt[16]+key[32]``, ``key[20]+salt[4-64]``
    or ``rounds[u4]``, a big-endian number of four bytes.  One part may be without a
    size, and takes the rest.
``one|two|three``
    One of these words.

A number whose name ends in ``_length`` must be the length of the field it is named
after: ``{key_length:int}``.
"""

import re
from typing import Final, TypeAlias

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.armor import blanked, rebase64, unbase64, unhex
from migratekit.formats.scheme import MalformedError


Fields: TypeAlias = dict[str, bytes | int | str]

_PIECE: Final = re.compile(
    r"(\{\{|\}\})|\{([^{}:]+):([^{}]+)\}|([^{}]+)|(.)", re.DOTALL
)
_PART: Final = re.compile(r"(\w+)(?:\[(u)?(\d+)(?:-(\d+))?\])?")
_WORDS: Final = re.compile(r"[\w.-]+(\|[\w.-]+)+")
_HEX: Final = r"[0-9A-Fa-f]*"
_BASE64: Final = r"[A-Za-z0-9+/._-]*={0,2}"
_MOST_DIGITS: Final = 18


@attrs.frozen
class _Part:
    """
    A piece of decoded bytes: at least *least*, at most *most* long.
    """

    name: str
    least: int
    most: int | None
    number: bool


@attrs.frozen
class _Field:
    """
    A field of a layout; *parts* of a hex or base64 one.
    """

    name: str
    kind: str
    parts: tuple[_Part, ...] = ()


@attrs.frozen
class Layout:
    """
    A parsed layout.

    Args:
        template: See the module.
        any_case: Whether the text around the fields may be in any letter case.

    Raises:
        migratekit.errors.ConfigurationError: If the template is malformed.
    """

    template: str
    any_case: bool = attrs.field(default=False, kw_only=True)
    _pattern: re.Pattern[str] = attrs.field(init=False, repr=False, eq=False)
    _fields: tuple[_Field, ...] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        pattern, fields = _compiled(self.template, any_case=self.any_case)
        object.__setattr__(self, "_pattern", pattern)
        object.__setattr__(self, "_fields", fields)

    @property
    def names(self) -> frozenset[str]:
        """
        The names of all fields and parts.
        """
        whole = [field.name for field in self._fields if not field.parts]
        parts = [part.name for field in self._fields for part in field.parts]
        return frozenset(whole + parts)

    def read(self, text: str) -> Fields:
        """
        Return the fields of *text*.

        Blanks at the right are padding of a CHAR column, unless the layout ends in
        text.

        Raises:
            MalformedError: If *text* is not laid out so.
        """
        values: Fields = {}
        match = self._match(text)
        for field, value in zip(self._fields, match.groups(), strict=True):
            values.update(_decoded(field, value))
        for name, value in values.items():
            measured = values.get(name.removesuffix("_length"))
            if isinstance(measured, bytes) and value not in {measured, len(measured)}:
                raise MalformedError("a part has not the length that it says")
        return values

    def blank(self, text: str, *names: str) -> str:
        """
        Return *text* with the fields *names* blanked, which are as long as before.

        Raises:
            MalformedError: If *text* is not laid out so.
        """
        match = self._match(text)
        whole, at = "", 0
        for group, field in enumerate(self._fields, 1):
            start, end = match.span(group)
            whole += match.string[at:start] + _blanked(field, match[group], names)
            at = end
        return whole + match.string[at:]

    def _match(self, text: str) -> re.Match[str]:
        if self._fields[-1].kind != "text":
            text = text.rstrip(" ")
        match = self._pattern.fullmatch(text)
        if match is None:
            raise MalformedError("it is malformed or of another format")
        return match


def _compiled(
    template: str, *, any_case: bool
) -> tuple[re.Pattern[str], tuple[_Field, ...]]:
    pieces = list(_PIECE.finditer(template))
    pattern, fields = "", []
    for number, piece in enumerate(pieces):
        escaped, name, kind, literal, stray = piece.groups()
        if stray is not None:
            raise ConfigurationError(f"{template!r} has a brace that stands alone.")
        if name is None:
            text = re.escape(escaped[0] if escaped else literal)
            pattern += f"(?i:{text})" if any_case else text
            continue
        behind = pieces[number + 1].group()[0] if number + 1 < len(pieces) else ""
        field = _field(name, kind, template)
        fields.append(field)
        pattern += f"({_expression(field.kind, behind)})"
    if not fields:
        raise ConfigurationError(f"{template!r} has no fields.")
    return re.compile(pattern, re.ASCII | re.DOTALL), tuple(fields)


def _field(name: str, kind: str, template: str) -> _Field:
    if kind in {"hex", "base64"}:
        return _Field(name, kind, tuple(_part(p, template) for p in name.split("+")))
    if kind in {"int", "hexint", "text"} or _WORDS.fullmatch(kind):
        return _Field(name, kind)
    raise ConfigurationError(f"{template!r} has a field of no kind: {kind!r}.")


def _part(text: str, template: str) -> _Part:
    match = _PART.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"{template!r} has a field of no size: {text!r}.")
    name, number, least, most = match.groups()
    if least is None:
        return _Part(name, 0, None, number=False)
    return _Part(name, int(least), int(most or least), number=number is not None)


def _expression(kind: str, behind: str) -> str:
    if kind == "int":
        return rf"0|[1-9][0-9]{{0,{_MOST_DIGITS}}}"
    if kind == "hexint":
        return r"[0-9A-Fa-f]{1,15}"
    if kind == "text":
        return f"[^{re.escape(behind)}]*" if behind else ".*"
    if kind == "hex":
        return _HEX
    if kind == "base64":
        return _BASE64
    return "|".join(re.escape(word) for word in kind.split("|"))


def _decoded(field: _Field, value: str) -> Fields:
    if field.kind == "int":
        return {field.name: int(value)}
    if field.kind == "hexint":
        return {field.name: int(value, 16)}
    if field.kind == "text":
        return {field.name: value.encode()}
    if field.parts:
        data = unhex(value) if field.kind == "hex" else unbase64(value)
        return _split(data, field.parts)
    return {field.name: value}


def _blanked(field: _Field, value: str, names: tuple[str, ...]) -> str:
    if field.name in names and not field.parts:
        return "?" * len(value)
    if not any(part.name in names for part in field.parts):
        return value
    data = unhex(value) if field.kind == "hex" else unbase64(value)
    data = b"".join(
        blanked(piece) if part.name in names else piece
        for part, piece in _pieces(data, field.parts)
    )
    return data.hex() if field.kind == "hex" else rebase64(data, value)


def _split(data: bytes, parts: tuple[_Part, ...]) -> Fields:
    return {
        part.name: int.from_bytes(piece, "big") if part.number else piece
        for part, piece in _pieces(data, parts)
    }


def _pieces(data: bytes, parts: tuple[_Part, ...]) -> list[tuple[_Part, bytes]]:
    # Of the parts at most one has no fixed size; it takes what the others leave.
    spare = len(data) - sum(part.least for part in parts)
    pieces = []
    for part in parts:
        room = spare if part.most is None else min(spare, part.most - part.least)
        if room < 0:
            raise MalformedError("it is cut, or of another format")
        spare -= room
        size = part.least + room
        pieces.append((part, data[:size]))
        data = data[size:]
    if data:
        raise MalformedError("it is too long")
    return pieces
