"""
The engine for plain and salted digests.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.armor import unbase64, unhex
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.layout import Fields, Layout
from migratekit.formats.recipe import Recipe, missing
from migratekit.formats.scheme import Derivation, MalformedError, column
from migratekit.models import StoredHash


_ARMORS: Final[dict[str, Callable[[str], bytes]]] = {
    "text": str.encode,
    "hex": unhex,
    "base64": unbase64,
}


def as_recipe(recipe: str | Recipe) -> Recipe:
    """
    Return *recipe* parsed.
    """
    return recipe if isinstance(recipe, Recipe) else Recipe(recipe)


def as_layout(layout: str | Layout) -> Layout:
    """
    Return *layout* parsed.
    """
    return layout if isinstance(layout, Layout) else Layout(layout)


def as_secret(secret: str | bytes | None) -> bytes | None:
    """
    Return the bytes of a site-wide secret.
    """
    return secret.encode() if isinstance(secret, str) else secret


def armor(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
    """
    Refuse what is not the name of a way to write bytes.
    """
    if value not in _ARMORS:
        raise ConfigurationError(f"{attribute.name} must be text, hex or base64.")


def salt_bytes(stored: StoredHash, fields: Fields, kind: str) -> bytes | None:
    """
    Return the salt: of the text if it is there, else of its column, or None.

    *kind* says how a column of text is decoded.
    """
    inside = fields.get("salt")
    if isinstance(inside, bytes):
        return inside
    if stored.salt is None:
        return None
    return decoded(stored.salt, kind)


def decoded(value: str | bytes, kind: str) -> bytes:
    """
    Return the bytes of a column.
    """
    return value if isinstance(value, bytes) else _ARMORS[kind](value)


def values_of(
    stored: StoredHash, fields: Fields, pepper: bytes | None, salt_kind: str
) -> dict[str, bytes | None]:
    """
    Return the variables of a recipe for one row.
    """
    salt2 = stored.salt2
    return {
        "salt": salt_bytes(stored, fields, salt_kind),
        "salt2": None if salt2 is None else column(salt2, "second salt"),
        "username": None if stored.username is None else stored.username.encode(),
        "pepper": pepper,
    }


def key_of(fields: Fields) -> bytes:
    """
    Return the digest or derived key that is stored.

    Raises:
        MalformedError: If it is empty.
    """
    key = fields["key"]
    if not isinstance(key, bytes) or not key:
        raise MalformedError("its digest is empty")
    return key


@attrs.frozen
class Digest:
    """
    A digest that one formula gives.

    Args:
        recipe:
            Such as ``"md5(md5($pass).$salt)"``; its outermost function is a digest.
            ``$username`` is the user's name, ``$pepper`` the site's secret.

        layout:
            How the text is laid out; has a field ``key`` for the digest, and may have
            ``salt``.  Without ``salt`` there, the salt is in its own column.

        pepper:
            The site's secret.

        salt_column:
            What a salt column of text holds: ``text``, ``hex`` or ``base64``.

    Raises:
        migratekit.errors.ConfigurationError: If the recipe or the layout is malformed.
    """

    quick: ClassVar[bool | None] = True

    recipe: Recipe = attrs.field(converter=as_recipe)
    layout: Layout = attrs.field(
        default=Layout("{key:hex}"), converter=as_layout, kw_only=True
    )
    pepper: bytes | None = attrs.field(
        default=None, converter=as_secret, kw_only=True, repr=False
    )
    salt_column: str = attrs.field(default="text", kw_only=True, validator=armor)

    def __attrs_post_init__(self) -> None:
        needs_key(self.layout)
        needs_values(self.recipe, self.pepper)
        _ = self.recipe.digest

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        del ceilings
        fields = self.layout.read(stored.text)
        key = key_of(fields)
        if len(key) != self.recipe.size:
            raise MalformedError("its digest is cut, or of another format")
        values = values_of(stored, fields, self.pepper, self.salt_column)
        missing(self.recipe, values)
        return Derivation(
            key,
            lambda password: self.recipe.digest_of({**values, "pass": password}),
            partial(self.layout.blank, stored.text, "key"),
            self,
        )


def needs_key(layout: Layout) -> None:
    """
    Refuse a layout without a field for the digest.
    """
    if "key" not in layout.names:
        raise ConfigurationError(f"{layout.template!r} has no field {{key:…}}.")


def needs_values(recipe: Recipe, pepper: bytes | None, *, digest: bool = False) -> None:
    """
    Refuse a recipe with $pepper or $digest for which there is none.
    """
    if "pepper" in recipe.variables and pepper is None:
        raise ConfigurationError(f"{recipe.source!r} needs a pepper.")
    if "digest" in recipe.variables and not digest:
        raise ConfigurationError(f"{recipe.source!r} cannot use $digest here.")
