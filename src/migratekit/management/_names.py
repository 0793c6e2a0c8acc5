"""
What options are called: by us, and in the JSON of an Auth0 connection.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.management._options import CUT_OVER, DEFAULTS, USERNAME_LENGTH
from migratekit.models import JSON


# The two halves of one option, which Auth0 has under a name each.
_LEAST, _MOST = "username_length.min", "username_length.max"
_HALVES: Final = (_LEAST, _MOST)

# Where our option is, and whether it is its contrary.
_AUTH0: Final[Mapping[str, tuple[str, bool]]] = {
    "disable_signup": ("allow_sign_up", True),
    "enabledDatabaseCustomization": (CUT_OVER, True),
    "validation.username.min": (_LEAST, False),
    "validation.username.max": (_MOST, False),
    "attributes.username.profile_required": ("requires_username", False),
    "attributes.username.validation.min_length": (_LEAST, False),
    "attributes.username.validation.max_length": (_MOST, False),
}
_OBJECTS: Final = frozenset(
    name[:end]
    for name in _AUTH0
    for end, character in enumerate(name)
    if character == "."
)


@attrs.frozen
class Named:
    """
    Options by our names.

    Args:
        options: Whole ones.
        halves: Bounds of ``username_length``.
        unknown: The names of what is no option of ours.
    """

    options: Mapping[str, JSON]
    halves: Mapping[str, JSON]
    unknown: tuple[str, ...]

    def missing(self) -> list[str]:
        """
        Return the names of the options that are not given, or not whole.
        """
        given = {*self.options}
        if len(self.halves) == len(_HALVES):
            given.add(USERNAME_LENGTH)
        return [name for name in DEFAULTS if name not in given]

    def over(self, others: Mapping[str, JSON]) -> dict[str, JSON]:
        """
        Return all options: these, and *others* where there are none of these.
        """
        options = {**others, **self.options}
        if self.halves:
            bounds = others.get(USERNAME_LENGTH, DEFAULTS[USERNAME_LENGTH])
            bounds = dict(zip(_HALVES, _pair(bounds), strict=True))
            options[USERNAME_LENGTH] = [*{**bounds, **self.halves}.values()]
        return options


def named(given: object) -> Named:
    """
    Return *given*, a mapping of options, by our names.

    Raises:
        migratekit.errors.ConfigurationError:
            If it is no such thing, or two names say different things of one option.
    """
    found: dict[str, tuple[str, JSON]] = {}
    unknown = []
    for name, value in _leaves(given, ""):
        if name in DEFAULTS:
            option, contrary = name, False
        elif name in _AUTH0:
            option, contrary = _AUTH0[name]
        else:
            unknown.append(name)
            continue
        if contrary and type(value) is not bool:
            raise ConfigurationError(f"{name} must be true or false.")
        for part, meant in _parts(option, not value if contrary else value):
            other, said = found.setdefault(part, (name, meant))
            if (type(said), said) != (type(meant), meant):
                raise ConfigurationError(f"{other} and {name} contradict each other.")
    options = {name: value for name, (_, value) in found.items()}
    halves = {half: options.pop(half) for half in _HALVES if half in options}
    return Named(options, halves, tuple(unknown))


def _leaves(given: object, above: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        what = above.rstrip(".") or "options"
        raise ConfigurationError(f"{what} must be an object.")
    for key, value in given.items():
        if type(key) is not str:
            raise ConfigurationError("The name of an option must be a text.")
        name = above + key
        if name not in _OBJECTS:
            yield name, value
        elif value is not None:
            # Where Auth0 has null, nothing is said.
            yield from _leaves(value, f"{name}.")


def _parts(option: str, value: Any) -> Iterator[tuple[str, Any]]:
    if option == USERNAME_LENGTH:
        yield from zip(_HALVES, _pair(value), strict=True)
    else:
        yield option, value


def _pair(value: object) -> tuple[Any, Any]:
    match value:
        case [low, high]:
            return low, high
    raise ConfigurationError(f"{USERNAME_LENGTH} must be a list of two whole numbers.")
