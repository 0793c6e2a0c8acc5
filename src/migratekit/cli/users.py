"""
``migratekit users``: who has migrated.
"""

import argparse
import datetime as dt
from typing import Final

from migratekit.cli._command import Call, Command
from migratekit.cli._tables import Column, add_forms, write_rows
from migratekit.models import Origin, User


_COLUMNS: Final[tuple[Column[User], ...]] = (
    Column("migrated_at", lambda user: user.migrated_at),
    Column("origin", lambda user: user.origin.value),
    Column("email", lambda user: user.email),
    Column("username", lambda user: user.username),
    Column("legacy_id", lambda user: user.legacy_id),
    Column("blocked", lambda user: user.blocked),
    Column("id", lambda user: user.id),
)


def moment(text: str) -> dt.datetime:
    """
    Return the time that *text* is in ISO 8601; without a time zone it is UTC.

    Raises:
        argparse.ArgumentTypeError: If it is none.
    """
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no date such as 2026-05-31 or 2026-05-31T12:00+02:00"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--origin",
        choices=[origin.value for origin in Origin],
        help="only those who came to be this way",
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="DATE",
        help="only those who moved then or later, as in 2026-05-31; UTC if it has no "
        "time zone",
    )
    add_forms(parser)


def _run(call: Call) -> int:
    application, options = call.application, call.options
    origin = None if options.origin is None else Origin(options.origin)
    users = application.iterate(
        application.connection.users(origin=origin, migrated_since=options.since)
    )
    number = write_rows(call.console, _COLUMNS, users, options.form)
    if options.form != "text":
        return 0
    if not number:
        call.console.say("Nobody.")
    elif call.console.is_watched:
        call.console.flush()
        call.console.say(f"{number:,} users" if number != 1 else "1 user")
    return 0


COMMAND = Command(
    name="users",
    help="who has migrated",
    description="List the users of the new store, in the order of their ids.",
    run=_run,
    add_arguments=_add_arguments,
)
