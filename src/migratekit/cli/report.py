"""
``migratekit report``: how far a migration is, as a page.
"""

import argparse
from pathlib import Path

from migratekit.cli._command import Call, Command
from migratekit.cli._overview import add_days, overview_for


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE.html", help="where to; what is there is lost"
    )
    add_days(parser)


def _run(call: Call) -> int:
    # Other commands need none of these.
    from migratekit.cli._whole_file import whole_file  # noqa: PLC0415
    from migratekit.report import render  # noqa: PLC0415

    file = call.options.file
    page = render(overview_for(call))
    # There is nobody in it, and a web server may want to read it.
    with whole_file(str(file), is_public=True) as out:
        out.write(page)
    if call.console.is_watched:
        call.console.say(f"Open it in a browser: {file.absolute().as_uri()}")
    return 0


COMMAND = Command(
    name="report",
    help="the same as a page with pictures",
    description="Write one page of HTML that needs nothing else: who has moved, the "
    "forecast, logins, hashes, and what the cut-over waits for.",
    run=_run,
    add_arguments=_add_arguments,
)
