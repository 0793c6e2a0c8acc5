"""
What all presets have in common.
"""

from typing import TypedDict

from migratekit.formats.ceilings import Ceilings
from migratekit.formats.format import Format
from migratekit.formats.scheme import FirstOf, Scheme


class Options(TypedDict, total=False):
    """
    What every preset takes; see `migratekit.formats.Format`.
    """

    name: str
    encodings: tuple[str, ...]
    transforms: tuple[str, ...]
    password_bytes: int
    ceilings: Ceilings
    formerly: tuple[str, ...]


def made(name: str, scheme: Scheme, options: Options, **defaults: object) -> Format:
    """
    Return the format *name* with *options*, and *defaults* where they are silent.
    """
    settings: dict[str, object] = {"name": name, **defaults, **options}
    return Format(scheme=scheme, **settings)  # type: ignore[arg-type]


def first_of(*schemes: Scheme) -> FirstOf:
    """
    Return the schemes as one.
    """
    return FirstOf(schemes)
