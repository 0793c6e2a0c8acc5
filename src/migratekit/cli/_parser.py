"""
What may be typed.
"""

import argparse
import os
from collections.abc import Sequence

from migratekit.cli._command import Command


VARIABLE = "MIGRATEKIT_APP"


def make_parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """
    Return the parser of the command line; the result has the *command* that was chosen.
    """
    parser = argparse.ArgumentParser(
        prog="migratekit",
        description="Move users out of a legacy database at their next login.",
        allow_abbrev=False,
    )
    _add_common(parser, app=os.environ.get(VARIABLE), traceback=False)
    added = parser.add_subparsers(title="commands", metavar="COMMAND")
    parser.set_defaults(command=None)
    add_commands(added, commands, into="command")
    return parser


def add_commands(
    added: "argparse._SubParsersAction[argparse.ArgumentParser]",
    commands: Sequence[Command],
    *,
    into: str,
) -> None:
    """
    Let people type one of *commands*; the result has it under the name *into*.
    """
    for command in commands:
        subparser = added.add_parser(
            command.name,
            help=command.help,
            description=command.description,
            allow_abbrev=False,
        )
        # They may stand behind the command, too.
        _add_common(subparser, app=argparse.SUPPRESS, traceback=argparse.SUPPRESS)
        command.add_arguments(subparser)
        subparser.set_defaults(**{into: command})


def _add_common(
    parser: argparse.ArgumentParser, *, app: str | None, traceback: bool | str
) -> None:
    parser.add_argument(
        "--app",
        default=app,
        metavar="MODULE:NAME",
        help="the application's connection, or a function that makes it, such as "
        f"myshop.auth:connection; by default what {VARIABLE} says",
    )
    parser.add_argument(
        "--traceback",
        action="store_true",
        default=traceback,
        help="show where an error comes from, for developers; it may show secrets",
    )
