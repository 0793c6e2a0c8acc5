"""
``migratekit status``: how far a migration is, and how it goes.
"""

import argparse
from typing import Final

from migratekit.cli._command import Call, Command
from migratekit.cli._overview import add_days, overview_for
from migratekit.cli._tables import to_json
from migratekit.cli._watch import watch


_SECONDS: Final = 10
_DAY: Final = 86_400


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 1 <= seconds <= _DAY:
        return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 to {_DAY} seconds")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--watch",
        nargs="?",
        const=_SECONDS,
        type=_seconds,
        metavar="SECONDS",
        help=f"show it again every so many seconds, by default {_SECONDS}, until "
        "Ctrl-C",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object; with --watch, one in each line",
    )
    add_days(parser)


def _run(call: Call) -> int:
    # Other commands need none of these.
    from migratekit.cli._status_json import status_object  # noqa: PLC0415
    from migratekit.cli._status_text import status_lines  # noqa: PLC0415

    console, options = call.console, call.options

    def look() -> list[str]:
        overview = overview_for(call)
        if options.json:
            indent = 2 if options.watch is None else None
            return [to_json(status_object(overview), indent=indent)]
        lines = status_lines(overview, console.width)
        # Else nobody sees where one ends.
        is_followed = options.watch is not None and console.width is None
        return [*lines, ""] if is_followed else lines

    if options.watch is not None:
        return watch(console, options.watch, look)
    for line in look():
        console.print(line)
    return 0


COMMAND = Command(
    name="status",
    help="how far it is, and how it goes",
    description="Show who has moved, how many remain, how logins go, how the old "
    "system answers, and what the cut-over waits for.",
    run=_run,
    add_arguments=_add_arguments,
)
