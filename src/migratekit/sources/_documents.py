"""
What the fields of a document mean: an allow-list of targets by dotted paths, and BSON's
own types as plain ones.
"""

import base64
import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import attrs
from bson import Binary, Decimal128, ObjectId
from bson.binary import UUID_SUBTYPE

from migratekit._columns import HASH, target_of
from migratekit.errors import ConfigurationError, ContractError
from migratekit.sources._rows import Row


BinaryHash: TypeAlias = Literal["text", "hex", "base64"]

_ENCODERS: Final[dict[str, Callable[[bytes], object]]] = {
    "text": lambda value: value,
    "hex": bytes.hex,
    "base64": lambda value: base64.b64encode(value).decode(),
}
_EXACT: Final = 2**53


@attrs.frozen
class Fields:
    """
    Which field means what.

    Args:
        targets: Targets by the dotted paths of fields.
        encode: What becomes of a hash that is bytes.
    """

    targets: dict[str, str]
    encode: Callable[[bytes], object]

    @property
    def projection(self) -> dict[str, bool]:
        """
        What of a document is asked for.
        """
        return {"_id": False, **dict.fromkeys(map(_named, self.targets), True)}

    def paths(self, target: str) -> tuple[str, ...]:
        """
        Return the path that means *target*, if any.
        """
        return tuple(path for path, meant in self.targets.items() if meant == target)

    def row(self, document: object) -> Row:
        """
        Return the row that *document* is.

        Raises:
            migratekit.errors.ContractError:
                If it has no id, or a value is of no known type.
        """
        user: dict[str, Any] = {}
        secret: dict[str, Any] = {}
        for path, target in self.targets.items():
            value = _at(document, path)
            if target in HASH:
                secret[target] = self._secret(target, value)
            else:
                user[target] = _plain(value, target)
        if user["user_id"] is None:
            raise ContractError("A document has no user_id.")
        return Row(user, secret)

    def _secret(self, target: str, value: Any) -> object:
        if target == "password_hash" and isinstance(value, bytes):
            return self.encode(bytes(value))
        return value


def fields_of(fields: Mapping[str, str], binary_hash: str) -> Fields:
    """
    Return the fields that a user's mapping describes.

    Raises:
        migratekit.errors.ConfigurationError:
            If a target is not on the list or there twice, or none is for the hash, or
            neither an e-mail nor a username is there.
    """
    targets = {}
    if "user_id" not in fields.values():
        targets["_id"] = "user_id"
    for path, name in fields.items():
        target = target_of(name)
        if target is None or not _named(path) or path.startswith("$"):
            raise ConfigurationError(f"{path!r} cannot mean {name!r}.")
        if target in targets.values():
            raise ConfigurationError(f"{name!r} is there twice.")
        targets[path] = target
    if "password_hash" not in targets.values():
        raise ConfigurationError("The fields need one for password_hash.")
    if not {"email", "username"} & set(targets.values()):
        raise ConfigurationError("The fields need one for email or username.")
    if binary_hash not in _ENCODERS:
        raise ConfigurationError("binary_hash is text, hex or base64.")
    return Fields(targets, _ENCODERS[binary_hash])


def _named(path: str) -> str:
    """
    Return *path* up to a place in a list, which a projection cannot name.
    """
    names = path.split(".")
    return ".".join(itertools.takewhile(lambda name: not name.isdecimal(), names))


def _at(document: object, path: str) -> Any:
    for name in path.split("."):
        if isinstance(document, list) and name.isdecimal():
            document = next(iter(document[int(name) :]), None)
        elif isinstance(document, Mapping):
            document = document.get(name)
        else:
            return None
    return document


def _plain(value: Any, target: str) -> Any:
    """
    Return *value* without types of BSON.
    """
    match value:
        case None | bool() | int() | str() | dt.datetime():
            return value
        case float():
            # What a JavaScript shell stored for 7.
            whole = value.is_integer() and abs(value) < _EXACT
            return int(value) if whole else value
        case ObjectId():
            return str(value)
        case Decimal128():
            return value.to_decimal()
        case Binary():
            return _bytes(value, target)
        case bytes():
            return value
        case Mapping():
            return {name: _json(item, target) for name, item in value.items()}
        case list():
            return [_json(item, target) for item in value]
    raise ContractError(f"A {type(value).__name__} cannot be read as {target}.")


def _json(value: Any, target: str) -> Any:
    plain = _plain(value, target)
    if isinstance(plain, dt.datetime):
        return plain.isoformat()
    if isinstance(plain, bytes):
        return _text(plain, target)
    return str(plain) if isinstance(plain, Decimal) else plain


def _text(value: bytes, target: str) -> str:
    try:
        return value.decode()
    except UnicodeError:
        pass
    raise ContractError(f"Bytes that are not text cannot be read as {target}.")


def _bytes(value: Binary, target: str) -> object:
    if value.subtype == UUID_SUBTYPE:
        return str(value.as_uuid())
    # Among them UUIDs in an order of bytes that only their driver knows.
    raise ContractError(
        f"Binary of subtype {value.subtype} cannot be read as {target}."
    )
