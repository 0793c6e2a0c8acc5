"""
The overview of the application's migration, for the commands that show one.
"""

import argparse
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final

from migratekit.cli._command import Call


if TYPE_CHECKING:
    from migratekit import AsyncConnection, Connection
    from migratekit.overview import Overview


_DAYS: Final = 30


def add_days(parser: argparse.ArgumentParser) -> None:
    """
    Let people say how many days of what was recorded they want to see.
    """
    parser.add_argument(
        "--days",
        type=_days,
        metavar="N",
        help=f"how many days of what was recorded; 14 to 3660, by default {_DAYS}",
    )


def _days(text: str) -> int:
    # Of ASCII digits, and not too many of them for int().
    if text.isascii() and text.isdigit() and len(text) < 5 and 14 <= int(text) <= 3660:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of 14 to 3660 days")


def overview_for(call: Call) -> "Overview":
    """
    Return how far the migration of the application is by now.

    Raises:
        migratekit.errors.ConfigurationError:
            If those in the store came out of another source.
    """
    application, days = call.application, call.options.days or _DAYS
    application.bound_source()
    return application.wait(_asked(application.connection, days))


def _asked(
    connection: "Connection | AsyncConnection", days: int
) -> "Overview | Awaitable[Overview]":
    # Other commands need neither of them.
    from migratekit import AsyncConnection  # noqa: PLC0415
    from migratekit.overview import async_overview_of, overview_of  # noqa: PLC0415

    if isinstance(connection, AsyncConnection):
        return async_overview_of(connection, days=days)
    return overview_of(connection, days=days)
