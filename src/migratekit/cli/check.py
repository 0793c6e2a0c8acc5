"""
``migratekit check``: whether a migration would work.
"""

import argparse
from collections.abc import Iterator

from migratekit.cli._check_source import check_source
from migratekit.cli._check_store import check_settings, check_store
from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError
from migratekit.cli._findings import Finding, tell
from migratekit.cli._passwords import KnownUser, password_of


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
    identifier = call.options.user
    if identifier is not None:
        return KnownUser(identifier, password_of(call, identifier))
    if call.options.password_stdin:
        raise CommandError("Whose password?  Add --user.")
    return None


COMMAND = Command(
    name="check",
    help="whether a migration would work",
    description="Ask the source and the store, and look at the settings.  Nothing is "
    "written, and nobody moves.",
    run=_run,
    add_arguments=_add_arguments,
)
