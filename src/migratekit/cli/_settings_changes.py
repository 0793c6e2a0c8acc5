"""
``migratekit settings create``, ``update``, ``replace``, ``delete`` and
``import-auth0``.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError
from migratekit.cli._question import UNCHANGED, is_confirmed
from migratekit.cli._settings_draft import Draft
from migratekit.cli._settings_input import (
    add_file,
    add_values,
    json_file,
    options_file,
    options_of,
)
from migratekit.cli._settings_words import lines_of, meanings
from migratekit.errors import StaleRecordError
from migratekit.events import one_line
from migratekit.management import Management


_UNWRITTEN: Final = "Nothing was written."
_AFTER_DELETION: Final = (
    "Whoever follows the settings {whose} goes on with the last ones.  A connection "
    "that is made from now on is refused, until there are others."
)


def add_id(parser: argparse.ArgumentParser) -> None:
    """
    Let people say whose settings.
    """
    parser.add_argument("id", metavar="ID", help="the id of the settings")


def add_version(parser: argparse.ArgumentParser, text: str) -> None:
    """
    Let people say which version of the settings.
    """
    parser.add_argument("--version", type=_version, metavar="N", help=text)


def _version(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= len(text) <= 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a version")
    return int(text)


def _add_insisting(parser: argparse.ArgumentParser) -> None:
    add_version(parser, "only if this is the newest version")


def _add_dry_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, write nothing"
    )


def _add_writing(parser: argparse.ArgumentParser) -> None:
    _add_dry_run(parser)
    parser.add_argument(
        "--force",
        # The answer to the question that is asked in a terminal.
        dest="yes",
        action="store_true",
        help="cut over without a look at who remains, if this does",
    )


def _may_cut_over(call: Call, lines: Sequence[str]) -> bool:
    """
    Return whether a running application is to leave its source alone, though nobody
    has looked whether users remain.
    """
    if call.options.yes or sys.stdin.isatty():
        return is_confirmed(call, "\n".join(lines), "Cut over without that?")
    call.console.say(
        f"{UNCHANGED}  Run migratekit cut-over; --force does without what it looks at "
        "and keeps."
    )
    return False


def _finish(call: Call, draft: Draft, *, told: Sequence[str] = ()) -> int:
    """
    Write what was decided, and say what has changed.
    """
    console, change = call.console, draft.change
    whose = change.connection_id
    old = draft.settings(whose)
    before = None if old is None else old.options
    after = change.options or {}
    lines = [*lines_of(before, after), *told]
    for meaning in meanings(before or {}, after):
        console.say(f"Note: {meaning}")
    if old is not None and before == after:
        end = f"The settings {whose} are so already, by version {old.version}."
    elif call.options.dry_run:
        end = f"This would be version {change.version} of the settings {whose}."
    else:
        cuts_over = after.get("cut_over") is True is not (before or {}).get("cut_over")
        # Nobody follows what was never there; what was deleted is followed still.
        if cuts_over and change.version > 1 and not _may_cut_over(call, lines):
            return 1
        draft.write()
        end = (
            f"Version {change.version} of the settings {whose} is stored: whoever "
            "follows them has it within seconds."
        )
    console.print("\n".join((*lines, end)))
    if call.options.dry_run:
        console.flush()
        console.say(_UNWRITTEN)
    return 0


def _decide(draft: Draft, whose: str, act: Callable[[Management], object]) -> None:
    """
    Have *act* change the settings that there are, in the draft.
    """
    draft.existing(whose)
    try:
        act(Management(draft))
    except StaleRecordError:
        raise draft.stale(whose) from None


def _rewrite(call: Call, options: Any, *, partial: bool, version: int | None) -> int:
    """
    Give the settings that there are new *options*: all, or with *partial* some.
    """
    whose, draft = call.options.id, Draft.of(call)
    changes = {"options": options}
    _decide(
        draft,
        whose,
        lambda management: management.update(
            whose, changes, partial=partial, version=version
        ),
    )
    return _finish(call, draft)


# --- create --------------------------------------------------------------------------


def _add_create(parser: argparse.ArgumentParser) -> None:
    add_id(parser)
    add_values(parser, required=False)
    add_file(parser, required=False)
    _add_writing(parser)


def _create(call: Call) -> int:
    whose, pairs, file = call.options.id, call.options.values, call.options.file
    if pairs and file:
        raise CommandError("Either NAME=VALUE or --file, not both.")
    options = options_file(file, whose).options if file else options_of(pairs or ())
    draft = Draft.of(call)
    Management(draft).create(whose, {"options": options})
    return _finish(call, draft)


# --- update --------------------------------------------------------------------------


def _add_update(parser: argparse.ArgumentParser) -> None:
    add_id(parser)
    add_values(parser, required=True)
    _add_insisting(parser)
    _add_writing(parser)


def _update(call: Call) -> int:
    options = options_of(call.options.values)
    return _rewrite(call, options, partial=True, version=call.options.version)


# --- replace -------------------------------------------------------------------------


def _add_replace(parser: argparse.ArgumentParser) -> None:
    add_id(parser)
    add_file(parser, required=True)
    _add_insisting(parser)
    _add_writing(parser)


def _replace(call: Call) -> int:
    version = call.options.version
    found = options_file(call.options.file, call.options.id)
    version = found.version if version is None else version
    return _rewrite(call, found.options, partial=False, version=version)


# --- delete --------------------------------------------------------------------------


def _add_delete(parser: argparse.ArgumentParser) -> None:
    add_id(parser)
    _add_insisting(parser)
    _add_dry_run(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask before it")


def _delete(call: Call) -> int:
    options, console = call.options, call.console
    whose, version = options.id, options.version
    draft = Draft.of(call)

    def decide() -> None:
        _decide(
            draft, whose, lambda management: management.delete(whose, version=version)
        )

    decide()
    plan = _AFTER_DELETION.format(whose=whose)
    if options.dry_run:
        console.print(plan)
        console.flush()
        console.say(_UNWRITTEN)
        return 0
    if not is_confirmed(call, plan, f"Delete the settings {whose}?"):
        return 1
    # Once more, because it was decided now.
    decide()
    draft.write()
    console.print(
        f"The settings {whose} are deleted, by version {draft.change.version}.  Their "
        "history stays."
    )
    return 0


# --- import-auth0 --------------------------------------------------------------------


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="the JSON of one connection; - is stdin"
    )
    parser.add_argument(
        "--id", metavar="ID", help="the id of the settings, if not that of the file"
    )
    _add_writing(parser)


def _import(call: Call) -> int:
    file, whose = call.options.file, call.options.id
    document = json_file(file)
    if whose is None and isinstance(document, dict) and "id" not in document:
        raise CommandError(f"{one_line(file)} has no id: say whose settings, by --id.")
    draft = Draft.of(call)
    imported = Management(draft).import_auth0(document, connection_id=whose)
    told = []
    if imported.unknown:
        told.append(f"No option stands for {', '.join(imported.unknown)}.")
    if imported.kept:
        have = "have" if draft.change.action == "create" else "keep"
        value = "default" if draft.change.action == "create" else "value"
        told.append(
            f"The file does not say {', '.join(imported.kept)}: they {have} their "
            f"{value}s."
        )
    return _finish(call, draft, told=told)


COMMANDS: Final[tuple[Command, ...]] = (
    Command(
        name="create",
        help="make settings that are not there yet",
        description="Store settings that are not there yet, by NAME=VALUE or --file.  "
        "Options that are left out have their defaults, but for strategy_version.",
        run=_create,
        add_arguments=_add_create,
    ),
    Command(
        name="update",
        help="change some options",
        description="Change the options that are named, and leave the others.  If "
        "somebody else is at it, one of the two is refused.",
        run=_update,
        add_arguments=_add_update,
    ),
    Command(
        name="replace",
        help="replace all options by those of a file",
        description="Replace all options by those of a file; one that is left out is "
        "an error.  If show --json has written the file, it is refused unless the "
        "settings still have that version.",
        run=_replace,
        add_arguments=_add_replace,
    ),
    Command(
        name="delete",
        help="remove settings; their history stays",
        description="Remove settings; their history stays.",
        run=_delete,
        add_arguments=_add_delete,
    ),
    Command(
        name="import-auth0",
        help="take over the options of an Auth0 connection",
        description="Create or update settings by a database connection, as Auth0's "
        "Management API exports it.",
        run=_import,
        add_arguments=_add_import,
    ),
)
