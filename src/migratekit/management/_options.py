"""
The options that are kept in a store: those of a policy that are JSON, and `cut_over`.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.events import printable
from migratekit.models import JSON
from migratekit.policy import MigrationPolicy
from migratekit.settings import Settings, SettingsChange


CUT_OVER: Final = "cut_over"
STRATEGY: Final = "strategy_version"
USERNAME_LENGTH: Final = "username_length"

# All but what is code.
_VALUES: Final[Mapping[str, Any]] = {
    field.name: field.default
    for field in attrs.fields(MigrationPolicy)
    if field.name != "password_check"
}
_KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list of two whole numbers",
    dt.timedelta: "a number of seconds",
}


def _as_json(value: Any) -> JSON:
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return list(value) if isinstance(value, tuple) else value


DEFAULTS: Final[Mapping[str, JSON]] = {
    **{name: _as_json(value) for name, value in _VALUES.items()},
    CUT_OVER: False,
}


def check_names(options: Mapping[str, JSON]) -> None:
    """
    Refuse what is the name of no option.

    Raises:
        migratekit.errors.ConfigurationError: If there is such a name.
    """
    unknown = [printable(name) for name in options if name not in DEFAULTS]
    if unknown:
        raise ConfigurationError(
            f"This migratekit knows no option {', '.join(unknown)}: a newer one may."
        )


def settings_of(
    connection_id: str, version: int, options: Mapping[str, JSON]
) -> Settings:
    """
    Return what *options* mean, if all of them mean something.

    Raises:
        migratekit.errors.ConfigurationError: If one does not; it is named.
    """
    check_names(options)
    cut_over = options.get(CUT_OVER, False)
    _check_kind(CUT_OVER, cut_over, bool)
    values = {
        name: _value(name, options[name], type(default))
        for name, default in _VALUES.items()
        if name in options
    }
    # For its checks alone.
    policy = MigrationPolicy(**values)
    if cut_over and policy.rehearse:
        raise ConfigurationError("To cut over, rehearse must be off.")
    return Settings(
        connection_id=connection_id,
        version=version,
        options=values,
        cut_over=cut_over is True,
    )


def settings_in(change: SettingsChange | None) -> Settings:
    """
    Return the settings that *change* has put in force.

    Raises:
        migratekit.errors.ConfigurationError:
            If there are none, or this version does not understand them.
    """
    if change is None:
        raise ConfigurationError("there are none: create them first.")
    if change.options is None:
        raise ConfigurationError("they were deleted: create them again.")
    return settings_of(change.connection_id, change.version, change.options)


def _value(name: str, given: JSON, kind: type) -> Any:
    _check_kind(name, given, kind)
    if kind is tuple:
        return tuple(given)  # type: ignore[arg-type]
    if kind is not dt.timedelta:
        return given
    try:
        return dt.timedelta(seconds=given)  # type: ignore[arg-type]
    except (OverflowError, ValueError):
        raise ConfigurationError(f"{name} must be {_KINDS[kind]}.") from None


def _check_kind(name: str, given: object, kind: type) -> None:
    if kind is tuple:
        fits = _is_pair(given)
    elif kind in {float, dt.timedelta}:
        fits = type(given) in {int, float}
    else:
        fits = type(given) is kind
    if not fits:
        raise ConfigurationError(f"{name} must be {_KINDS[kind]}.")


def _is_pair(given: object) -> bool:
    match given:
        case [low, high]:
            return type(low) is type(high) is int
    return False
