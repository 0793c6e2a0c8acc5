"""
``migratekit schema``: the tables of the new store.
"""

import argparse
from typing import Final

from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError


_DIALECTS: Final = ("mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dialect", choices=_DIALECTS, required=True, help="the database it is for"
    )


def _run(call: Call) -> int:
    try:
        # Needs an extra.
        from migratekit.stores._sql_ddl import script  # noqa: PLC0415
    except ImportError:
        raise CommandError(
            'The schema needs SQLAlchemy: pip install "migratekit[sql]"'
        ) from None
    call.console.write(script(call.options.dialect))
    return 0


COMMAND = Command(
    name="schema",
    help="print the tables of the new store as SQL",
    description="Print the SQL that makes the tables and indexes of a SQLStore.",
    run=_run,
    add_arguments=_add_arguments,
)
