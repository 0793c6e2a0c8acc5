"""
The engine for digests that are taken over and over.
"""

from functools import partial
from typing import ClassVar

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digest import (
    armor,
    as_layout,
    as_recipe,
    as_secret,
    key_of,
    needs_key,
    needs_values,
    values_of,
)
from migratekit.formats.digests import CONSTRUCTORS, DIGESTS
from migratekit.formats.layout import Layout
from migratekit.formats.recipe import (
    Call,
    Join,
    Node,
    Recipe,
    Values,
    Variable,
    evaluate,
    missing,
    names_in,
)
from migratekit.formats.scheme import Derivation, MalformedError, bounded
from migratekit.models import StoredHash


@attrs.frozen
class Iterated:
    """
    A digest of a digest of a digest.

    Args:
        first:
            The recipe of the first round.

        again:
            The recipe of every further round: a digest of a sequence in which
            ``$digest``, the one before, stands once.  ``sha1(…)`` hands on
            hexadecimal digits, ``sha1_bin(…)`` bytes.

        rounds:
            How many rounds in all, the first included, if the text does not say it in
            a field ``rounds``.

        extra_rounds:
            What is added to that number.

        layout, pepper, salt_column:
            As of `migratekit.formats.digest.Digest`.

    Raises:
        migratekit.errors.ConfigurationError: If any of it is malformed.
    """

    quick: ClassVar[bool | None] = True

    first: Recipe = attrs.field(converter=as_recipe)
    again: Recipe = attrs.field(converter=as_recipe)
    rounds: int | None = attrs.field(default=None, kw_only=True)
    extra_rounds: int = attrs.field(default=0, kw_only=True)
    layout: Layout = attrs.field(
        default=Layout("{key:hex}"), converter=as_layout, kw_only=True
    )
    pepper: bytes | None = attrs.field(
        default=None, converter=as_secret, kw_only=True, repr=False
    )
    salt_column: str = attrs.field(default="text", kw_only=True, validator=armor)
    _around: tuple[Join, Join] = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        needs_key(self.layout)
        needs_values(self.first, self.pepper)
        needs_values(self.again, self.pepper, digest=True)
        if self.first.digest != self.again.digest:
            raise ConfigurationError("All rounds must be of the same digest.")
        if self.rounds is None and "rounds" not in self.layout.names:
            raise ConfigurationError("The number of rounds is missing.")
        object.__setattr__(self, "_around", _around(self.again))

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        return self.read_rounds(stored, ceilings, self.rounds)

    def read_rounds(
        self, stored: StoredHash, ceilings: Ceilings, rounds: int | None
    ) -> Derivation:
        """
        Read a hash of *rounds* rounds, unless its text says another number.
        """
        fields = self.layout.read(stored.text)
        key = key_of(fields)
        if len(key) != self.first.size:
            raise MalformedError("its digest is cut, or of another format")
        said = fields.get("rounds", rounds)
        assert isinstance(said, int)  # noqa: S101 - one of both is there
        number = said + self.extra_rounds
        md4 = self.again.digest == "md4"
        most = ceilings.md4_rounds if md4 else ceilings.iterations
        bounded(number, 1, most, "number of rounds")
        values = values_of(stored, fields, self.pepper, self.salt_column)
        missing(self.first, values)
        missing(self.again, values)
        derive = partial(self._digest, values, number)
        husk = partial(self.layout.blank, stored.text, "key")
        return Derivation(key, derive, husk, self, holds_gil=True)

    def _digest(self, values: Values, rounds: int, password: bytes) -> bytes:
        values = {**values, "pass": password}
        before, behind = (evaluate(part, values) for part in self._around)
        make = CONSTRUCTORS[self.again.digest]
        result = self.first.digest_of(values)
        if _is_raw(self.again.node):
            for _ in range(rounds - 1):
                result = make(before + result + behind).digest()
        else:
            for _ in range(rounds - 1):
                result = make(before + result.hex().encode() + behind).digest()
        return result


def _is_raw(node: Node) -> bool:
    return isinstance(node, Call) and node.raw


def _around(again: Recipe) -> tuple[Join, Join]:
    """
    Split *again* into what stands before and behind ``$digest``.
    """
    node = again.node
    if isinstance(node, Call) and node.function in DIGESTS:
        inside = node.arguments[0]
        parts = inside.parts if isinstance(inside, Join) else (inside,)
        digests = [i for i, part in enumerate(parts) if part == Variable("digest")]
        used = sum("digest" in names_in(part) for part in parts)
        if len(digests) == used == 1:
            at = digests[0]
            return Join(parts[:at]), Join(parts[at + 1 :])
    raise ConfigurationError(
        f"{again.source!r} must be a digest of a sequence in which $digest stands once."
    )
