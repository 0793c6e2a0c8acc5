"""
The only module that imports passlib: the crypt(3) families and databases it verifies.

libpass and passlib 1.7.4 have the same import name, and both will do.  Either is
imported when a format that needs it is made, or, where the format is one of several of
a product, when such a hash is met.
"""

import importlib
import warnings
from functools import cache
from typing import Any, Final

from migratekit.errors import ConfigurationError


MISSING: Final = 'it needs passlib: pip install "migratekit[passlib]"'


def available() -> bool:
    """
    Return whether there is a passlib.
    """
    try:
        _module("passlib.hash")
    except ImportError:
        return False
    return True


def require(name: str) -> None:
    """
    Refuse to make a format without passlib.

    Raises:
        migratekit.errors.ConfigurationError: If there is none.
    """
    if not available():
        raise ConfigurationError(f"The format {name} cannot be used: {MISSING}.")


def computed(
    handler: str, text: str, context: dict[str, str], password: bytes
) -> bytes:
    """
    Return the digest that a handler of `passlib.hash` computes with the salt and the
    rounds of *text*, spelt as there.

    Whatever it raises is left to the caller, who must not show it: passlib's messages
    quote whole hashes.
    """
    found: Any = getattr(_module("passlib.hash"), handler)
    # Half of what its verify() does; there is no public name for it.
    made: str = found.from_string(text, **context)._calc_checksum(password)  # noqa: SLF001
    return made.encode()


def sun_md5(password: bytes, rounds: int, setting: bytes) -> bytes:
    """
    Return the 22 characters of Sun's MD5 crypt for a setting, spelt as it stands.

    The setting itself is hashed; passlib's handler knows one of its two spellings.
    """
    module = _module("passlib.handlers.sun_md5_crypt")
    made: bytes = module.raw_sun_md5_crypt(password, rounds, setting)
    return made


@cache
def _module(name: str) -> Any:
    with warnings.catch_warnings():
        # passlib 1.7.4 imports modules that newer Pythons call deprecated.
        warnings.simplefilter("ignore")
        return importlib.import_module(name)
