"""
``migratekit settings``: the settings of a running fleet, in the store.
"""

import argparse
from collections.abc import Mapping
from typing import Final

import attrs

from migratekit.cli import _settings_changes
from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError
from migratekit.cli._parser import add_commands
from migratekit.cli._settings_changes import add_id, add_version
from migratekit.cli._settings_draft import Draft
from migratekit.cli._settings_words import differences, lines_of, shown
from migratekit.cli._tables import Column, add_forms, shown_text, to_json, write_rows
from migratekit.events import one_line
from migratekit.management import Management
from migratekit.management._options import DEFAULTS
from migratekit.models import JSON
from migratekit.settings import SettingsChange


_WHOLE: Final[tuple[Column[SettingsChange], ...]] = (
    Column("connection_id", lambda change: change.connection_id),
    Column("version", lambda change: change.version),
    Column("action", lambda change: change.action),
    Column("actor", lambda change: change.actor),
    Column("changed_at", lambda change: change.changed_at),
    Column("options", lambda change: change.options),
)


def _own(change: SettingsChange) -> str:
    """
    Return the options that differ from the defaults, as they are typed.
    """
    found = differences(DEFAULTS, change.options or {})
    return " ".join(f"{option.name}={option.after}" for option in found if option.after)


_LISTED: Final[tuple[Column[SettingsChange], ...]] = (
    Column("id", lambda change: change.connection_id),
    Column("version", lambda change: change.version),
    Column("changed_at", lambda change: change.changed_at),
    Column("changed_by", lambda change: change.actor),
    Column("not_by_default", _own),
)


@attrs.frozen
class _Row:
    name: str
    value: str
    default: str


_OPTION: Final[tuple[Column[_Row], ...]] = (
    Column("option", lambda row: row.name),
    Column("value", lambda row: row.value),
    Column("by_default", lambda row: row.default),
)


def _list(call: Call) -> int:
    console, form = call.console, call.options.form
    found = Management(Draft.of(call)).list()
    write_rows(console, _LISTED if form == "text" else _WHOLE, found, form)
    if not found and form == "text":
        console.say("There are no settings in this store.")
    return 0


def _add_show(parser: argparse.ArgumentParser) -> None:
    add_id(parser)
    add_version(parser, "as they were by this version")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _show(call: Call) -> int:
    console, draft = call.console, Draft.of(call)
    change = _version_of(draft, call.options.id, call.options.version)
    if call.options.json:
        fields = {column.name: column.value(change) for column in _WHOLE}
        console.print(to_json(fields, indent=2))
        return 0
    console.print(f"Settings {change.connection_id}, version {_heading(change)}\n")
    write_rows(console, _OPTION, _rows(change.options or {}), "text")
    return 0


def _version_of(draft: Draft, whose: str, version: int | None) -> SettingsChange:
    if version is None:
        return draft.existing(whose)
    for change in Management(draft).history(whose):
        if change.version == version and change.options is not None:
            return change
    raise CommandError(
        f"There are no options of version {version} of the settings {whose}: see "
        "migratekit settings history."
    )


def _rows(options: Mapping[str, JSON]) -> list[_Row]:
    rows = []
    for name in {**DEFAULTS, **options}:
        value = shown(options, name) or "not set"
        default = shown(DEFAULTS, name) or "not known to this migratekit"
        rows.append(_Row(name, value, default if default != value else ""))
    return rows


def _heading(change: SettingsChange) -> str:
    when = shown_text(change.changed_at)
    actor = one_line(change.actor)
    return f"{change.version}: {change.action} by {actor}, {when} UTC"


def _add_history(parser: argparse.ArgumentParser) -> None:
    add_id(parser)
    add_forms(parser)


def _history(call: Call) -> int:
    console, form = call.console, call.options.form
    changes = Management(Draft.of(call)).history(call.options.id)
    if form != "text":
        write_rows(console, _WHOLE, changes, form)
        return 0
    before = None
    for change in changes:
        console.print(f"Version {_heading(change)}")
        if change.options is not None:
            for line in lines_of(before, change.options):
                console.print(f"    {line}")
        before = change.options
    if not changes:
        console.say(f"There were never any settings {call.options.id}.")
    return 0


ACTIONS: Final[tuple[Command, ...]] = (
    Command(
        name="list",
        help="which settings there are",
        description="List the settings in the store, and which of their options are "
        "not by default.",
        run=_list,
        add_arguments=add_forms,
    ),
    Command(
        name="show",
        help="all options of settings",
        description="Show all options of settings, and who has changed them when.",
        run=_show,
        add_arguments=_add_show,
    ),
    Command(
        name="history",
        help="all changes of settings",
        description="List who has changed what, the first first.",
        run=_history,
        add_arguments=_add_history,
    ),
    *_settings_changes.COMMANDS,
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    added = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    add_commands(added, ACTIONS, into="action")


def _run(call: Call) -> int:
    action: Command = call.options.action
    return action.run(call)


COMMAND = Command(
    name="settings",
    help="see and change the settings that a running application follows",
    description="See and change the settings in the store, which a running application "
    "follows.  --app may name the store itself.",
    run=_run,
    add_arguments=_add_arguments,
)
