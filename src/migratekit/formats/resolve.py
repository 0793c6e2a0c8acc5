"""
From what a configuration says to a format.
"""

import difflib
import inspect
from collections.abc import Callable, Sequence
from typing import Final, cast

from migratekit.errors import ConfigurationError
from migratekit.formats import presets
from migratekit.formats.format import Format, LegacyFormat
from migratekit.formats.format_list import FormatList


def resolve(spec: str | LegacyFormat | Sequence[str | LegacyFormat]) -> LegacyFormat:
    """
    Return the format that *spec* is.

    Args:
        spec:
            The name of a preset that needs no configuration, such as ``"wordpress"``;
            a recipe, such as ``"md5($salt.$pass)"``; a format; or a sequence of these,
            of which the first that identifies a hash decides.

    Raises:
        migratekit.errors.ConfigurationError:
            If there is no such preset (names of like ones are given), if it needs
            configuration, or if the recipe is malformed.
    """
    if isinstance(spec, str):
        return _named(spec)
    if isinstance(spec, Sequence):
        return FormatList([resolve(part) for part in spec])
    if not callable(getattr(spec, "verify", None)):
        raise ConfigurationError(f"A {type(spec).__name__} is no format.")
    return spec


def _named(spec: str) -> LegacyFormat:
    if "(" in spec:
        return presets.recipe(spec)
    name = spec.replace("-", "_")
    name = _ALIASES.get(name, name)
    if name not in presets.__all__ or name in _NEED_ARGUMENTS:
        raise ConfigurationError(_hint(spec, name))
    make = cast("Callable[[], Format]", getattr(presets, name))
    return make()


def _hint(spec: str, name: str) -> str:
    if name in _NEED_ARGUMENTS:
        return (
            f"The preset {spec!r} needs configuration: "
            f"migratekit.formats.presets.{name}{_NEED_ARGUMENTS[name]}."
        )
    names = [*presets.__all__, *_ALIASES]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    return f"There is no preset {spec!r}{hint}"


def _needed() -> dict[str, str]:
    """
    Return the presets that cannot be made without arguments, with what they need.
    """
    found = {}
    for name in presets.__all__:
        parameters = inspect.signature(getattr(presets, name)).parameters.values()
        missing = [
            parameter.name
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind is not parameter.VAR_KEYWORD
        ]
        if missing:
            found[name] = f"({', '.join(f'{name}=…' for name in missing)})"
    return found


_NEED_ARGUMENTS: Final = _needed()

# Other names of the same formats.
_ALIASES: Final = {
    "laravel": "password_hash",
    "phpass_phpbb3": "phpass",
    "vbulletin_md5": "vbulletin",
    "mybb_ipb_md5": "mybb",
    "smf_sha1": "smf",
    "smf21_bcrypt": "smf21",
    "wcf1_sha1": "woltlab1",
    "wcf2_bcrypt": "woltlab2",
    "punbb_sha1": "punbb",
    "fluxbb": "punbb",
    "magento1_md5": "magento1",
    "opencart_sha1": "opencart",
    "oscommerce_md5": "oscommerce",
    "zencart": "oscommerce",
    "flask": "werkzeug",
    "rails": "devise",
    "clearance_sha1": "clearance",
    "redmine_sha1": "redmine",
    "discourse_pbkdf2": "discourse",
    "forgejo": "gitea",
    "spring_delegating": "spring",
    "atlassian_pkcs5s2": "atlassian",
    "firebase_scrypt": "firebase",
    "phc_envelope": "kratos",
    "shadow": "crypt",
}
