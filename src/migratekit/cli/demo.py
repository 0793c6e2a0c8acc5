"""
``migratekit demo``: a migration, step by step.
"""

import argparse
from pathlib import Path

from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="put the databases and the log here, and leave them",
    )


def _run(call: Call) -> int:
    try:
        # Needs the extras, which nothing else on the command line does.
        from migratekit.demo import run_demo  # noqa: PLC0415
    except ImportError as error:
        raise CommandError(
            f'The demo needs more: pip install "migratekit[sql,passlib]" ({error})'
        ) from None
    return run_demo(keep=call.options.keep)


COMMAND = Command(
    name="demo",
    help="show a migration step by step",
    description="Make a legacy database, move users out of it, and check it.",
    run=_run,
    add_arguments=_add_arguments,
)
