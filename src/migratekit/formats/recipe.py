"""
The recipe language: ``md5($salt.$pass)``.

.. code-block:: text

    expression = term { "." term }
    term       = "$" name | "'" text "'" | call
    call       = function "(" expression { "," expression } ")"

A recipe is parsed once into nested nodes.  Names are looked up in the tables below and
nowhere else.
"""

import base64
import difflib
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.digests import DIGESTS, SIZES, hmac_digest
from migratekit.formats.scheme import MalformedError


Values: TypeAlias = Mapping[str, bytes | None]
# How many arguments it takes, and what it does.
_Function: TypeAlias = tuple[int, Callable[..., bytes]]

VARIABLES: Final = ("pass", "salt", "salt2", "username", "pepper", "digest")
_ALIASES: Final = {"salt1": "salt"}
_TOKEN: Final = re.compile(r"\s*(?:\$(\w+)|'([^']*)'|(\w+)|([.,()]))")
_DEEPEST: Final = 50


def _utf16le(data: bytes) -> bytes:
    return data.decode().encode("utf-16-le")


def _utf16be(data: bytes) -> bytes:
    return data.decode().encode("utf-16-be")


def _hex(data: bytes) -> bytes:
    return data.hex().encode()


# Functions of the first table give raw bytes; as functions of a recipe they give lower
# case hexadecimal digits, and with the suffix _bin the raw bytes.
_RAW: Final[dict[str, _Function]] = {
    **{name: (1, digest) for name, digest in DIGESTS.items()},
    **{f"hmac_{name}": (2, partial(hmac_digest, name)) for name in DIGESTS},
}
_PLAIN: Final[dict[str, _Function]] = {
    "utf16le": (1, _utf16le),
    "utf16be": (1, _utf16be),
    # As PHP 8 does it: only ASCII letters change.
    "upper": (1, bytes.upper),
    "lower": (1, bytes.lower),
    "b64": (1, base64.b64encode),
    "hex": (1, _hex),
}


@attrs.frozen
class Variable:
    """
    A value that differs from row to row or site to site.
    """

    name: str


@attrs.frozen
class Literal:
    """
    Text that is the same for all.
    """

    value: bytes


@attrs.frozen
class Join:
    """
    Values one after the other.
    """

    parts: "tuple[Node, ...]"


@attrs.frozen
class Call:
    """
    A function of its arguments; *raw* is False for hexadecimal digits.
    """

    function: str
    arguments: "tuple[Node, ...]"
    raw: bool


Node: TypeAlias = Variable | Literal | Join | Call


@attrs.frozen
class Recipe:
    """
    A parsed recipe.

    Args:
        source: The recipe, such as ``sha1($salt.sha1($pass))``.

    Raises:
        migratekit.errors.ConfigurationError: If it is no recipe.
    """

    source: str
    node: Node = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "node", _Parser(self.source).parse())

    @property
    def variables(self) -> frozenset[str]:
        """
        The names that it uses.
        """
        return names_in(self.node)

    @property
    def digest(self) -> str:
        """
        The name of the outermost digest.

        Raises:
            migratekit.errors.ConfigurationError: If the outermost is something else.
        """
        if isinstance(self.node, Call) and self.node.function in _RAW:
            return self.node.function.removeprefix("hmac_")
        raise ConfigurationError(
            f"The outermost function of {self.source!r} must be a digest."
        )

    @property
    def size(self) -> int:
        """
        The bytes of the outermost digest.
        """
        return SIZES[self.digest]

    def text_of(self, values: Values) -> bytes:
        """
        Return what the recipe gives: hexadecimal digits, if its outermost is a digest.
        """
        return evaluate(self.node, values)

    def digest_of(self, values: Values) -> bytes:
        """
        Return the raw bytes of the outermost digest.
        """
        assert isinstance(self.node, Call)  # noqa: S101 - self.digest was asked before
        return evaluate(attrs.evolve(self.node, raw=True), values)


def missing(recipe: Recipe, values: Values) -> None:
    """
    Refuse a row in which something is missing that *recipe* needs.

    Raises:
        MalformedError: If a value is None.
    """
    for name in sorted(recipe.variables - {"pass", "digest"}):
        if values.get(name) is None:
            raise MalformedError(f"its {name} is missing")


def evaluate(node: Node, values: Values) -> bytes:
    """
    Return what *node* gives for one row and password.

    Raises:
        MalformedError: If a value is None.
        UnicodeDecodeError: If utf16le() or utf16be() is given what is not UTF-8.
    """
    if isinstance(node, Variable):
        value = values[node.name]
        if value is None:
            raise MalformedError(f"its {node.name} is missing")
        return value
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Join):
        return b"".join([evaluate(part, values) for part in node.parts])
    arguments = [evaluate(argument, values) for argument in node.arguments]
    if node.function in _PLAIN:
        return _PLAIN[node.function][1](*arguments)
    result = _RAW[node.function][1](*arguments)
    return result if node.raw else result.hex().encode()


def names_in(node: Node) -> frozenset[str]:
    """
    Return the names of the variables of *node*.
    """
    if isinstance(node, Variable):
        return frozenset({node.name})
    if isinstance(node, Literal):
        return frozenset()
    children = node.parts if isinstance(node, Join) else node.arguments
    return frozenset().union(*(names_in(child) for child in children))


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._expression()
        if self._text[self._at :].strip():
            raise self._error("the end was expected")
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("it is nested too deeply")
        parts = [self._term()]
        while self._mark("."):
            parts.append(self._term())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Join(tuple(parts))

    def _term(self) -> Node:
        token = _TOKEN.match(self._text, self._at)
        if token is None or token[4] is not None:
            raise self._error("a $variable, 'text' or function was expected")
        self._at = token.end()
        if token[1] is not None:
            return Variable(self._known(_ALIASES.get(token[1], token[1]), VARIABLES))
        if token[2] is not None:
            return Literal(token[2].encode())
        return self._call(token[3])

    def _call(self, name: str) -> Node:
        raw = name.endswith("_bin")
        names = [*_RAW, *(f"{name}_bin" for name in _RAW), *_PLAIN]
        function = self._known(name, names).removesuffix("_bin")
        if not self._mark("("):
            raise self._error("a ( was expected")
        arguments = [self._expression()]
        while self._mark(","):
            arguments.append(self._expression())
        if not self._mark(")"):
            raise self._error("a ) was expected")
        if len(arguments) != (_RAW | _PLAIN)[function][0]:
            raise self._error(f"{name}() takes another number of arguments")
        return Call(function, tuple(arguments), raw)

    def _mark(self, mark: str) -> bool:
        token = _TOKEN.match(self._text, self._at)
        if token is None or token[4] != mark:
            return False
        self._at = token.end()
        return True

    def _known(self, name: str, names: "list[str] | tuple[str, ...]") -> str:
        if name in names:
            return name
        near = difflib.get_close_matches(name, names)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise self._error(f"there is no {name!r}{hint}")

    def _error(self, detail: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._text!r} is no recipe: at character {self._at + 1}, {detail}."
        )
