"""
Passwords as other systems stored them.
"""

from migratekit.formats import presets
from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digest import Digest
from migratekit.formats.format import Format, LegacyFormat
from migratekit.formats.format_list import (
    FormatList,
    inspect,
    verify,
)
from migratekit.formats.iterated import Iterated
from migratekit.formats.kdf import Argon2, Pbkdf2, Scrypt
from migratekit.formats.layout import Layout
from migratekit.formats.masking import mask
from migratekit.formats.phpass import PHPass
from migratekit.formats.prehash import Prehashed
from migratekit.formats.recipe import Recipe
from migratekit.formats.resolve import resolve
from migratekit.formats.scheme import (
    Derivation,
    FirstOf,
    MalformedError,
    Prefixed,
    Scheme,
)


__all__ = [
    "Argon2",
    "Bcrypt",
    "Ceilings",
    "Derivation",
    "Digest",
    "FirstOf",
    "Format",
    "FormatList",
    "Iterated",
    "Layout",
    "LegacyFormat",
    "MalformedError",
    "PHPass",
    "Pbkdf2",
    "Prefixed",
    "Prehashed",
    "Recipe",
    "Scheme",
    "Scrypt",
    "inspect",
    "mask",
    "presets",
    "resolve",
    "verify",
]
