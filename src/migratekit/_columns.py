"""
What fields of a legacy record may be called, and strict conversions of their values.
"""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final


Converter = Callable[[Any], Any]

BYTES: Final = bytes | bytearray | memoryview
PROFILE: Final = "profile."
PROFILE_NAMES: Final = ("name", "given_name", "family_name", "nickname", "picture")
_FLAGS: Final = {
    **dict.fromkeys((0, "0", "f", "false", "n", "no", "\0"), False),
    **dict.fromkeys((1, "1", "t", "true", "y", "yes", "\1"), True),
}
_ZERO_DATE: Final = "0000-00-00"  # MySQL's "no date"


def text_of(value: object) -> str:
    """
    Return the text that *value* is.
    """
    # Not str(value): "None", "1.0" or "b'1'" would be somebody's id for good.
    if isinstance(value, BYTES):
        return bytes(value).decode()
    if isinstance(value, Decimal) and value == int(value):
        return str(int(value))
    if isinstance(value, int | str | uuid.UUID) and not isinstance(value, bool):
        return str(value)
    raise TypeError


def flag_of(value: object) -> bool:
    """
    Return the truth value that *value* stands for.
    """
    # Not bool(value): bool("0") and bool(b"\0") are True.
    if isinstance(value, BYTES | str):
        value = text_of(value).strip().lower()
    if isinstance(value, bool | int | str | Decimal) and value in _FLAGS:
        return _FLAGS[value]
    raise ValueError


def moment_of(value: object) -> dt.datetime | None:
    """
    Return the point in time that *value* is; without a time zone it is UTC.
    """
    if isinstance(value, BYTES | str):
        text = text_of(value).strip()
        if text.startswith(_ZERO_DATE):
            return None
        value = dt.datetime.fromisoformat(text)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return dt.datetime.fromtimestamp(float(value), dt.UTC)
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    raise TypeError


def json_object_of(value: object) -> dict[str, Any]:
    """
    Return the JSON object that *value* is, or the text of one.
    """
    if isinstance(value, BYTES | str):
        value = json.loads(text_of(value))
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def json_of(value: object) -> object:
    """
    Return *value* as something that JSON has.
    """
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, BYTES | Decimal | uuid.UUID):
        return str(value) if isinstance(value, Decimal) else text_of(value)
    return value


USER: Final[dict[str, Converter]] = {
    "user_id": text_of,
    "email": text_of,
    "email_verified": flag_of,
    "username": text_of,
    "blocked": flag_of,
    "must_change_password": flag_of,
    "created_at": moment_of,
    "profile": json_object_of,
    "user_metadata": json_object_of,
    "app_metadata": json_object_of,
}
HASH: Final[tuple[str, ...]] = (
    "password_hash",
    "password_salt",
    "password_salt2",
    "password_username",
    "password_format",
)


def target_of(name: str) -> str | None:
    """
    Return the target that *name* means, or None if it is none.
    """
    if name in PROFILE_NAMES:
        return PROFILE + name
    if name in USER or name in HASH:
        return name
    return name if name.startswith(PROFILE) and name != PROFILE else None
