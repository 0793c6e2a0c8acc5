"""
``migratekit check``: whether a migration would work.
"""

import argparse
import getpass
import sys
from collections.abc import Iterator

from migratekit.cli._check_source import KnownUser, check_source
from migratekit.cli._check_store import check_settings, check_store
from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError
from migratekit.cli._findings import Finding, tell
from migratekit.events import one_line


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--user",
        metavar="IDENTIFIER",
        help="log in a test user of the source, too, whose password is asked for; they "
        "do not move by that",
    )
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="take the password of --user from the first line of the standard input",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _run(call: Call) -> int:
    # Asked for first, so that nobody has to wait for the question.
    application, test_user = call.application, _test_user(call)

    def findings() -> Iterator[Finding]:
        yield from check_settings(application)
        yield from check_store(application)
        yield from check_source(application, test_user)

    return tell(call.console, findings(), as_json=call.options.json)


def _test_user(call: Call) -> KnownUser | None:
    identifier, from_stdin = call.options.user, call.options.password_stdin
    if identifier is None:
        if from_stdin:
            raise CommandError("Whose password?  Add --user.")
        return None
    if from_stdin:
        password = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    elif sys.stdin.isatty():
        password = _typed(call, f"Password of {one_line(identifier)}: ")
    else:
        raise CommandError(
            "There is no terminal to ask for the password: add --password-stdin."
        )
    if not password:
        raise CommandError("There is no password.")
    return KnownUser(identifier, password)


def _typed(call: Call, question: str) -> str:
    try:
        return getpass.getpass(question)
    except (EOFError, KeyboardInterrupt) as ended:
        # Behind the question, where the terminal shows nothing of what was typed.
        call.console.say("")
        if isinstance(ended, KeyboardInterrupt):
            raise
    return ""


COMMAND = Command(
    name="check",
    help="whether a migration would work",
    description="Ask the source and the store, and look at the settings.  Nothing is "
    "written, and nobody moves.",
    run=_run,
    add_arguments=_add_arguments,
)
