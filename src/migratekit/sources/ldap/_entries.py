"""
What the attributes of an entry mean.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from migratekit.errors import ConfigurationError, ContractError
from migratekit.models import LegacyUser
from migratekit.sources._likeness import form_of, is_asked
from migratekit.sources._rows import Columns, Row, columns_of, user_of
from migratekit.sources.ldap._wire import Entry
from migratekit.validation import canonical


INET_ORG_PERSON: Final = {
    "entryUUID": "user_id",
    "mail": "email",
    "uid": "username",
    "cn": "name",
    "givenName": "given_name",
    "sn": "family_name",
    "createTimestamp": "created_at",
}

_TIME: Final = re.compile(r"(\d{14})(?:[.,]\d+)?Z")


def _guid(value: bytes) -> str:
    return str(uuid.UUID(bytes_le=value))


def _time(value: bytes) -> dt.datetime:
    match = _TIME.fullmatch(value.decode())
    if match is None:
        raise ValueError
    return dt.datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)


_DECODERS: Final[dict[str, Callable[[bytes], object]]] = {
    "objectguid": _guid,
    "createtimestamp": _time,
    "whencreated": _time,
}


@attrs.frozen
class Attributes:
    """
    Which attribute means what.
    """

    names: tuple[str, ...]
    columns: Columns


def attributes_of(mapping: Attributes | Mapping[str, str]) -> Attributes:
    """
    Return the attributes that a user's mapping describes.

    Raises:
        migratekit.errors.ConfigurationError:
            If a target is not on the list, nothing means the id, or neither an e-mail
            nor a username is there.
    """
    if isinstance(mapping, Attributes):
        return mapping
    columns = columns_of(mapping)
    targets = set(columns.mapping.values())
    if "user_id" not in targets or not targets & {"email", "username"}:
        raise ConfigurationError(
            "The attributes need one for user_id, and one for email or username."
        )
    hashes = sorted(target for target in targets if target.startswith("password_"))
    if hashes:
        raise ConfigurationError(f"A directory is not asked for {', '.join(hashes)}.")
    return Attributes(tuple(mapping), columns)


@attrs.frozen
class Flags:
    """
    What an entry says about its account.
    """

    blocked: bool = False
    must_change_password: bool = False


def user_of_entry(
    entry: Entry, attributes: Attributes, flags: Flags, identifier: str
) -> LegacyUser | None:
    """
    Return the user of *entry*, who was found by *identifier*.

    Returns:
        None if the entry only looks like that to the directory, which does not tell
        accents or widths of letters apart: it is somebody else's.

    Raises:
        migratekit.errors.ContractError:
            If the entry has nothing to do with *identifier*, has no id, or has a value
            that cannot be read.
    """
    asked = canonical(identifier).value
    values: dict[str, Any] = {}
    for name, target in attributes.columns.mapping.items():
        found = [_decoded(target, name, one) for one in entry.attributes.get(name, ())]
        if found:
            values[target] = _chosen(target, found, asked)
    if "user_id" not in values:
        raise ContractError("The entry has no attribute for user_id that we may read.")
    user = user_of(Row(values, {}))
    if not is_asked(user, identifier):
        return None
    return attrs.evolve(
        user,
        blocked=user.blocked or flags.blocked,
        must_change_password=user.must_change_password or flags.must_change_password,
    )


def _decoded(target: str, name: str, value: bytes) -> object:
    decode = _DECODERS.get(name, bytes.decode)
    try:
        return decode(value)
    except ValueError:
        pass
    raise ContractError(f"A value of {name} cannot be read as {target}.")


def _chosen(target: str, found: list[Any], asked: str) -> object:
    # The order of values means nothing, and may be another one tomorrow.
    found.sort()
    if target in {"email", "username"}:
        return next((one for one in found if form_of(one) == asked), found[0])
    return found[0]
