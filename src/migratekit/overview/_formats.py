"""
Which stored hashes a hasher would renew, told by the names of their formats.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Final, Literal

from migratekit.overview._values import StoredFormat
from migratekit.passwords import format_of
from migratekit.protocols import PasswordHasher, RankingHasher


_ARGON2: Final = r"(argon2id|argon2i|argon2d) (?:v=([0-9]+) )?(m=[0-9,tp=]+)"
# 16 bytes of salt and 32 of hash, as argon2-cffi makes them.
_REST: Final = f"$c2FsdHNhbHRzYWx0c2FsdA${'A' * 43}"


def stored_formats(
    by_format: Mapping[str, int], hasher: PasswordHasher
) -> tuple[StoredFormat, ...]:
    """
    Return what is to become of the hashes of each format.

    Computes a hash if there are any that are not of argon2 at current costs.
    """
    fresh: str | None = None
    found: list[StoredFormat] = []
    for name, users in by_format.items():
        state: Literal["current", "outdated", "no_password"] = "current"
        if name == "none":
            state = "no_password"
        elif not _is_current(name, hasher):
            fresh = fresh or format_of(hasher.hash(secrets.token_urlsafe()))
            state = "current" if name == fresh else "outdated"
        found.append(StoredFormat(name, users, state))
    return tuple(found)


def _is_current(name: str, hasher: PasswordHasher) -> bool:
    """
    Return whether *hasher* would leave an argon2 hash called *name* as it is.

    What it would do of any other, its name does not tell.
    """
    argon2 = re.fullmatch(_ARGON2, name)
    if argon2 is None:
        return False
    kind, version, costs = argon2.groups()
    encoded = f"${kind}${_version(version)}{costs}{_REST}"
    if hasher.needs_rehash(encoded) is not True:
        return True
    return isinstance(hasher, RankingHasher) and hasher.is_upgrade(encoded) is False


def _version(version: str | None) -> str:
    # See `format_of()`: the current one is not named, and version 16 wrote none.
    if version is None:
        return "v=19$"
    return "" if version == "16" else f"v={version}$"
