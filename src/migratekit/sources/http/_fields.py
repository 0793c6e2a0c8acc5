"""
What the fields of a JSON object mean: an allow-list of targets by dotted paths.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from migratekit._columns import HASH
from migratekit.errors import ConfigurationError, ContractError
from migratekit.models import LegacyUser
from migratekit.sources._rows import Row, columns_of, user_of
from migratekit.sources.http._answers import Path, at, path_of


_NAMES: Final = (
    "user_id",
    "email",
    "email_verified",
    "username",
    "blocked",
    "must_change_password",
    "created_at",
    "profile",
    "user_metadata",
    "app_metadata",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
)
_TEXTS: Final = ("email", "username")
_ACTIVE: Final = "active"


@attrs.frozen
class Fields:
    """
    Which field means what.
    """

    targets: tuple[tuple[Path, str], ...]

    def user(self, data: Mapping[str, Any], /) -> LegacyUser:
        """
        Return the user that *data* describes.  A null is as good as no field.

        Raises:
            migratekit.errors.ContractError: If a value cannot be what it should.
        """
        found = {target: at(data, path) for path, target in self.targets}
        for target in _TEXTS:
            if not isinstance(found.get(target), str | None):
                raise ContractError(f"The {target} that was answered is not text.")
        active = found.pop(_ACTIVE, None)
        user = user_of(Row(found, {}))
        return user if active is None else attrs.evolve(user, blocked=not _is(active))


def _is(value: object) -> bool:
    return user_of(Row({"user_id": "", "blocked": value}, {})).blocked


def fields_of(mapping: "Fields | Mapping[str, str] | None") -> Fields:
    """
    Return the fields that a user's mapping of paths to targets describes.

    Without one, every field means what it is called.

    Raises:
        migratekit.errors.ConfigurationError:
            If a target is not on the list or there twice, or the id has no path.
    """
    if isinstance(mapping, Fields):
        return mapping
    if mapping is None:
        mapping = {name: name for name in _NAMES}
    named = dict(mapping)
    inverted = [path for path, target in named.items() if target == _ACTIVE]
    if len(inverted) > 1 or (inverted and "blocked" in named.values()):
        raise ConfigurationError("Two fields say whether a user is blocked.")
    rest = {path: it for path, it in named.items() if path not in inverted}
    # The targets are those of columns; the paths are told apart by letter case, too.
    targets = columns_of({str(i): it for i, it in enumerate(rest.values())}).mapping
    found = [(path_of(path), targets[str(i)]) for i, path in enumerate(rest)] + [
        (path_of(path), _ACTIVE) for path in inverted
    ]
    if any(target in HASH for target in targets.values()):
        raise ConfigurationError("No hash is asked for, or known what to do with.")
    if "user_id" not in targets.values():
        raise ConfigurationError("A field must mean user_id.")
    return Fields(tuple(found))
