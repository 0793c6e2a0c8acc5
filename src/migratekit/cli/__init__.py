"""
The command line: ``migratekit``, or ``python -m migratekit``.

A command is a module of its own with a `migratekit.cli._command.Command`; it is there
once it stands in `COMMANDS`.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from migratekit.cli import (
    check,
    cut_over,
    demo,
    export_remaining,
    import_users,
    preflight,
    rehearse,
    report,
    schema,
    settings,
    status,
    switch_strategy,
    users,
)
from migratekit.cli._command import Call, Command
from migratekit.cli._console import Console
from migratekit.cli._errors import exit_code, sentence
from migratekit.cli._parser import make_parser


__all__ = ["COMMANDS", "main"]

# In the order in which ``migratekit --help`` lists them.
COMMANDS: Final[tuple[Command, ...]] = (
    check.COMMAND,
    preflight.COMMAND,
    rehearse.COMMAND,
    status.COMMAND,
    report.COMMAND,
    users.COMMAND,
    import_users.COMMAND,
    export_remaining.COMMAND,
    cut_over.COMMAND,
    schema.COMMAND,
    settings.COMMAND,
    switch_strategy.COMMAND,
    demo.COMMAND,
)

# What a shell calls a program that a signal has ended: 128, and the signal's number.
_INTERRUPTED: Final = 130
_OUTPUT_CLOSED: Final = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Do what the command line says, and return the exit code.

    0 is fine, 1 a finding or a refusal, 2 a wrong call, 130 an interruption.

    Args:
        arguments: What stands behind the program's name; by default ``sys.argv[1:]``.

    Raises:
        SystemExit: If the command line cannot be understood, or asks for help.
    """
    parser = make_parser(COMMANDS)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    console = Console()
    try:
        with ExitStack() as stack:
            code: int = options.command.run(Call(options, console, stack))
        console.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        console.abandon()
        return _OUTPUT_CLOSED
    except KeyboardInterrupt:
        console.say("Interrupted.")
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- no traceback reaches an operator
        if options.traceback:
            console.show_traceback(error)
        console.say(f"migratekit: {sentence(error)}")
        return exit_code(error)
    return code
