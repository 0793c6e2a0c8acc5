"""
Options as they are typed, or written into a file.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from migratekit.cli._errors import CommandError
from migratekit.cli._files import STDIN, unusable
from migratekit.events import one_line
from migratekit.management._options import DEFAULTS
from migratekit.models import JSON
from migratekit.settings import SettingsChange


_FIELDS: Final = {field.name for field in attrs.fields(SettingsChange)}


def add_file(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """
    Let people name a file of options.
    """
    parser.add_argument(
        "--file",
        required=required,
        metavar="FILE",
        help="a JSON object of options, or what show --json prints; - is stdin",
    )


def add_values(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """
    Let people type options.
    """
    values = parser.add_argument(
        "values",
        type=_pair,
        nargs="+",
        metavar="NAME=VALUE",
        help="an option, such as rehearse=true; once for each",
    )
    # With nargs="*", none could stand behind an option.
    values.required = required


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def options_of(pairs: Sequence[tuple[str, str]]) -> dict[str, JSON]:
    """
    Return the options that were typed.

    Raises:
        migratekit.cli._errors.CommandError: If one was typed twice.
    """
    options: dict[str, JSON] = {}
    for name, text in pairs:
        if name in options:
            raise CommandError(f"{one_line(name)} is there twice.")
        options[name] = _value(name, text)
    return options


def _value(name: str, text: str) -> JSON:
    try:
        value: JSON = _parsed(text)
    except (ValueError, RecursionError):
        return text
    is_text = isinstance(DEFAULTS.get(name), str)
    return value if isinstance(value, str) is is_text else text


@attrs.frozen
class OptionsFile:
    """
    Options out of a file.

    *version* is that of which settings they were, if the file tells.
    """

    options: dict[str, JSON]
    version: int | None


def options_file(name: str, connection_id: str) -> OptionsFile:
    """
    Return the options in the file *name* for the settings *connection_id*.

    Raises:
        migratekit.cli._errors.CommandError: If it cannot be read, or holds none.
    """
    document = json_file(name)
    if not isinstance(document, Mapping):
        raise CommandError(f"{one_line(name)} holds no JSON object of options.")
    options = document.get("options")
    if not isinstance(options, Mapping):
        return OptionsFile({**document}, None)
    others = [one_line(key) for key in document if key not in _FIELDS]
    if others:
        raise CommandError(
            f"Beside options, {one_line(name)} has {', '.join(others)}: migratekit "
            "settings import-auth0 takes a whole connection."
        )
    if document.get("connection_id") != connection_id:
        return OptionsFile({**options}, None)
    version = document.get("version")
    if type(version) is not int:
        raise CommandError(f"The version in {one_line(name)} must be a whole number.")
    return OptionsFile({**options}, version)


def json_file(name: str) -> Any:
    """
    Return the JSON in the file *name*.

    Raises:
        migratekit.cli._errors.CommandError: If it cannot be read, or is none.
    """
    try:
        data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise unusable(name, error) from error
    try:
        return _parsed(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        detail = f"line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError:
        detail = "it must be in UTF-8"
    except _TwiceError as error:
        detail = f"{one_line(error)} is there twice"
    except (ValueError, RecursionError):
        detail = "a number, or how deep it goes, is too much"
    raise CommandError(f"{one_line(name)} is no JSON: {detail}.")


class _TwiceError(ValueError):
    """
    An object has a name twice.
    """


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once, parse_constant=_refused)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _refused(name: str) -> None:
    raise ValueError(name)
