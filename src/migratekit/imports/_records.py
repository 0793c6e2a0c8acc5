"""
What becomes of the fields of a row: the allow-list of a source's columns, in JSON.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from migratekit._columns import (
    HASH,
    PROFILE,
    USER,
    json_object_of,
    target_of,
    text_of,
)
from migratekit.imports import codes
from migratekit.imports._auth0 import CUSTOM_HASH, stored_hash_of
from migratekit.imports._lines import UnreadableError
from migratekit.imports.report import RowError
from migratekit.models import ImportRecord, StoredHash


_JSON_FIELDS: Final = ("profile", "user_metadata", "app_metadata")
# As deep as anybody's metadata, and far from what Python can nest.
_MOST_LEVELS: Final = 64


def record_of(
    fields: Mapping[str, Any], line: int, id_field: str | None
) -> ImportRecord | RowError:
    """
    Return the record of a row, or why there is none.

    Args:
        fields: Its values by their names.  Those that are None are not there.
        line: Where it stands.
        id_field: The field that has the id, if not ``user_id``.
    """
    try:
        return _record(fields, line, id_field or "user_id")
    except UnreadableError as error:
        return codes.row_error(line, error.code, error.field)


def _record(fields: Mapping[str, Any], line: int, id_field: str) -> ImportRecord:
    user: dict[str, Any] = {"email": None}
    extra: dict[str, Any] = {}
    secret: dict[str, Any] = {}
    for name, value in fields.items():
        target = target_of(name)
        if target is None or value is None:
            continue
        if target in HASH:
            secret[target] = value
        elif target.startswith(PROFILE):
            extra[target.removeprefix(PROFILE)] = value
        else:
            user[target] = converted(name, USER[target], value)
    if fields.get(id_field) is None:
        raise UnreadableError(codes.OBJECT_REQUIRED, id_field)
    user["user_id"] = converted(id_field, text_of, fields[id_field])
    user["profile"] = {**user.get("profile", {}), **extra}
    _check_nesting(user)
    password = _password(secret, fields.get(CUSTOM_HASH))
    try:
        return ImportRecord(**user, password=password, line=line)
    except TypeError:
        pass
    raise UnreadableError(codes.INVALID_TYPE, _misfit(user))


def converted(name: str, convert: Callable[[Any], Any], value: object) -> Any:
    """
    Return *value* as *convert* gives it.

    Raises:
        UnreadableError: If it refuses it.
    """
    try:
        return convert(value)
    except TypeError:
        code = codes.INVALID_TYPE
    except (ValueError, ArithmeticError, OSError, RecursionError):
        is_plain = isinstance(value, str | int | float)
        code = codes.FORMAT if is_plain else codes.INVALID_TYPE
    del value
    raise UnreadableError(code, name)


def _password(secret: Mapping[str, Any], custom: object) -> StoredHash | None:
    if secret.get("password_hash") is None:
        if custom is None:
            return None
        return stored_hash_of(converted(CUSTOM_HASH, json_object_of, custom))
    if custom is not None:
        raise UnreadableError(codes.ONE_OF_MULTIPLE, CUSTOM_HASH)
    texts = {
        name.removeprefix("password_"): converted(name, _storable_text, value)
        for name, value in secret.items()
    }
    return StoredHash(texts.pop("hash"), **texts)


def _storable_text(value: object) -> str:
    text = text_of(value)
    # A lone surrogate, which JSON can spell, has no UTF-8.
    text.encode()
    return text


def _check_nesting(user: Mapping[str, Any]) -> None:
    for name in _JSON_FIELDS:
        level, number = _items(user.get(name)), 0
        while level:
            number += 1
            if number > _MOST_LEVELS:
                raise UnreadableError(codes.TOO_DEEP, name)
            level = [item for value in level for item in _items(value)]


def _items(value: object) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else []


def _misfit(user: Mapping[str, Any]) -> str:
    """
    Return the field that is no JSON: it has a number that is infinite.
    """
    for name in _JSON_FIELDS[1:]:
        try:
            ImportRecord(user_id="", email=None, **{name: user.get(name, {})})
        except TypeError:
            return name
    return _JSON_FIELDS[0]
