"""
What the fields of the values may hold.
"""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, Final

import attrs


# Python neither writes nor reads a decimal number of more digits, unless told to.
_INT_BOUND: Final = 10**4300
_TEXT: Final = {str}
_SIMPLE: Final = {bool, str, type(None)}


def _json(value: object) -> object:
    """
    Copy *value* as plain JSON: a dict, list, str, number, bool or None.
    """
    if value is None or type(value) in {bool, str}:
        return value
    if type(value) is int:
        if -_INT_BOUND < value < _INT_BOUND:
            return value
        raise TypeError("An int of so many digits is no JSON value.")
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is dict or isinstance(value, Mapping):
        if not {*map(type, value)} <= {str}:
            raise TypeError("The keys of a profile or metadata must be str.")
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no JSON value.")


def json_object(value: Mapping[str, Any]) -> dict[str, Any]:
    """
    Copy a mapping as a plain JSON object.

    Raises:
        TypeError: If it is none.
    """
    if type(value) is dict:
        # Most are so simple that an import need not look at every value.
        if {*map(type, value)} <= _TEXT and {*map(type, value.values())} <= _SIMPLE:
            return value.copy()
    elif not isinstance(value, Mapping):
        raise TypeError(f"A mapping was expected, not {type(value).__name__}.")
    return _json(value)  # type: ignore[return-value]


def text(_: object, attribute: "attrs.Attribute[str]", value: object) -> None:
    """
    Refuse what is no str, and no subclass either.
    """
    if type(value) is not str:
        raise TypeError(f"{attribute.name} must be str, not {type(value).__name__}.")


def flag(_: object, attribute: "attrs.Attribute[bool]", value: object) -> None:
    """
    Refuse what is no bool.
    """
    if type(value) is not bool:
        raise TypeError(f"{attribute.name} must be bool, not {type(value).__name__}.")


def whole(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    """
    Refuse what is no int, or a bool.
    """
    if type(value) is not int:
        raise TypeError(f"{attribute.name} must be int, not {type(value).__name__}.")


def aware(
    _: object, attribute: "attrs.Attribute[dt.datetime]", value: dt.datetime
) -> None:
    """
    Refuse what is no point in time.
    """
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise TypeError(f"{attribute.name} must be a datetime with a time zone.")


def optional_text(
    instance: object, attribute: "attrs.Attribute[str | None]", value: object
) -> None:
    """
    Refuse what is neither None nor a str.
    """
    if value is not None:
        text(instance, attribute, value)  # type: ignore[arg-type]


def optional_aware(
    instance: object,
    attribute: "attrs.Attribute[dt.datetime | None]",
    value: dt.datetime | None,
) -> None:
    """
    Refuse what is neither None nor a point in time.
    """
    if value is not None:
        aware(instance, attribute, value)  # type: ignore[arg-type]


class Shown:
    """
    Superclass of values that are printed by their fields, but for those that must not.

    Written once: compiled by attrs for every class, it took a tenth of the time of
    ``import migratekit``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in attrs.fields(type(self))  # type: ignore[arg-type]
            if field.repr
        )
        return f"{type(self).__name__}({', '.join(shown)})"
