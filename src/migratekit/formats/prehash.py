"""
A scheme over something made of the password: peppers, onions and prehashes.
"""

import attrs

from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digest import as_recipe, as_secret, needs_values, values_of
from migratekit.formats.recipe import Recipe, missing
from migratekit.formats.scheme import Check, Derivation, Scheme, quick_of
from migratekit.models import StoredHash


@attrs.frozen
class Prehashed:
    """
    A scheme that is given what a recipe makes of the password.

    Args:
        recipe:
            Such as ``"$pass.$pepper"`` (Devise), ``"md5($pass)"`` (an onion), or
            ``"lower($username).$pass"`` (SMF 2.1).

        scheme:
            What reads the stored text.

        pepper:
            The site's secret.

    Raises:
        migratekit.errors.ConfigurationError: If the recipe is malformed.
    """

    recipe: Recipe = attrs.field(converter=as_recipe)
    scheme: Scheme
    pepper: bytes | None = attrs.field(
        default=None, converter=as_secret, kw_only=True, repr=False
    )

    def __attrs_post_init__(self) -> None:
        needs_values(self.recipe, self.pepper)

    @property
    def quick(self) -> bool | None:
        """
        See `migratekit.formats.scheme.quick_of()`.
        """
        return quick_of(self.scheme)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        check = self.scheme.read(stored, ceilings)
        values = values_of(stored, {}, self.pepper, "text")
        missing(self.recipe, values)

        def made(password: bytes) -> bytes:
            return self.recipe.text_of({**values, "pass": password})

        if not isinstance(check, Derivation):
            return lambda password: check(made(password))
        derive = check.derive
        return attrs.evolve(
            check, derive=lambda password: derive(made(password)), scheme=self
        )
