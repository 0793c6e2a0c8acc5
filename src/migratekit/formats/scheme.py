"""
What an engine is: it reads a stored hash, then tells which bytes match it.

Reading computes nothing.  It decodes, and refuses what is malformed or costs too much;
so reading is also how a hash is identified, and how it is judged at an import.

What reading gives is a function.  Of a scheme that can say more it is a `Derivation`,
which also gives the digest of a password: what wrapping a weak hash needs.
"""

import hmac
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.ceilings import Ceilings
from migratekit.models import StoredHash


Check: TypeAlias = Callable[[bytes], bool]
Derive: TypeAlias = Callable[[bytes], bytes | None]


class MalformedError(Exception):
    """
    A stored hash is not what a scheme reads.

    Never leaves this package.  The message says what is wrong and quotes nothing.
    """


class CostError(MalformedError):
    """
    A stored hash is well-formed and over a ceiling.
    """


class Scheme(Protocol):
    """
    A way of making hashes.

    One may also have ``quick``; see `quick_of()`.
    """

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        Return a function that tells whether the bytes of a password match; a
        `Derivation`, if this scheme's hashes can be wrapped.

        Raises:
            MalformedError: If *stored* is not a hash of this scheme.
            CostError: If it is one that costs more than *ceilings* allow.
        """


def quick_of(scheme: object) -> bool | None:
    """
    Return what a scheme, or a format, says in its attribute ``quick``.

    True if all its hashes are so quick to guess that a leaked table would be guessed,
    False if it was made to be slow and none is; None if that is up to each hash, and
    if it says nothing.
    """
    quick = getattr(scheme, "quick", None)
    return quick if quick is True or quick is False else None


def quick_of_all(schemes: Iterable[Scheme]) -> bool | None:
    """
    Return what several schemes say, if it is the same.
    """
    answers = {quick_of(scheme) for scheme in schemes}
    return answers.pop() if len(answers) == 1 else None


@attrs.frozen
class Derivation:
    """
    A check that can also say how the digest is made.

    Args:
        key:
            The stored digest, as *derive* gives it.

        derive:
            Gives the digest of the bytes of a password; None for one that matches
            nothing.

        husk:
            Gives the stored text with its digest blanked.  The same scheme reads it,
            and its husk is the text itself.

        scheme:
            What read the text.

        weak:
            Whether the digest is so cheap that a leaked table would be guessed.  By
            default it is, unless *scheme* says in ``quick`` that none is.

        holds_gil:
            Whether *derive* is a loop in Python, which keeps the interpreter's lock.
    """

    key: bytes = attrs.field(repr=False)
    derive: Derive = attrs.field(repr=False)
    husk: Callable[[], str] = attrs.field(repr=False)
    scheme: Scheme = attrs.field(repr=False)
    weak: bool = attrs.field(kw_only=True)
    holds_gil: bool = attrs.field(default=False, kw_only=True)

    @weak.default
    def _as_its_scheme(self) -> bool:
        return quick_of(self.scheme) is not False

    def __call__(self, password: bytes) -> bool:
        """
        Return whether the bytes of a password match.
        """
        made = self.derive(password)
        return made is not None and hmac.compare_digest(self.key, made)


def column(value: str | bytes | None, what: str) -> bytes:
    """
    Return the bytes of a column beside the hash.

    Raises:
        MalformedError: If there is none.
    """
    if value is None:
        raise MalformedError(f"its {what} is missing")
    return value if isinstance(value, bytes) else value.encode()


def bounded(value: int, least: int, most: int, what: str) -> int:
    """
    Return *value* if it lies within bounds.

    Raises:
        MalformedError: If it is less than *least*.
        CostError: If it is more than *most*.
    """
    if value < least:
        raise MalformedError(f"its {what} is out of range")
    if value > most:
        raise CostError(f"its {what} is over the ceiling")
    return value


@attrs.frozen
class FirstOf:
    """
    Several schemes of one product: the first that reads a hash decides.
    """

    schemes: tuple[Scheme, ...]

    @property
    def quick(self) -> bool | None:
        """
        See `quick_of()`.
        """
        return quick_of_all(self.schemes)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `Scheme.read()`.
        """
        for scheme in self.schemes:
            try:
                return scheme.read(stored, ceilings)
            except CostError:
                raise
            except MalformedError:
                continue
        raise MalformedError("it is malformed or of another format")


@attrs.frozen
class InBraces:
    """
    Schemes whose texts begin with a name in braces, in any letter case: ``{SSHA}``.

    Args:
        names: The names, and the scheme that reads the whole text of each.
    """

    names: tuple[tuple[str, Scheme], ...]
    _found: dict[str, Scheme] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        found = {f"{{{name.lower()}": scheme for name, scheme in self.names}
        object.__setattr__(self, "_found", found)

    @property
    def quick(self) -> bool | None:
        """
        See `quick_of()`.
        """
        return quick_of_all(scheme for _, scheme in self.names)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `Scheme.read()`.
        """
        scheme = self._found.get(stored.text.partition("}")[0].lower())
        if scheme is None:
            raise MalformedError("it is malformed or of another format")
        return scheme.read(stored, ceilings)


@attrs.frozen
class Prefixed:
    """
    A scheme whose hashes stand behind a fixed text.

    Args:
        prefix: What is cut off.
        scheme: What reads the rest.
        put: What is put in its place.
        any_case: Whether the prefix may be in any letter case.
    """

    prefix: str = attrs.field()
    scheme: Scheme
    put: str = attrs.field(default="", kw_only=True)
    any_case: bool = attrs.field(default=False, kw_only=True)

    @prefix.validator
    def _not_empty(self, _: object, value: str) -> None:
        if not value:
            raise ConfigurationError("A prefix must not be empty.")

    @property
    def quick(self) -> bool | None:
        """
        See `quick_of()`.
        """
        return quick_of(self.scheme)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `Scheme.read()`.
        """
        head = stored.text[: len(self.prefix)]
        same = head == self.prefix
        if self.any_case:
            same = head.lower() == self.prefix.lower()
        if not same:
            raise MalformedError("it has not the prefix of its format")
        rest = self.put + stored.text[len(self.prefix) :]
        check = self.scheme.read(attrs.evolve(stored, text=rest), ceilings)
        if not isinstance(check, Derivation):
            return check
        husk = check.husk
        return attrs.evolve(
            check, husk=lambda: head + husk().removeprefix(self.put), scheme=self
        )
