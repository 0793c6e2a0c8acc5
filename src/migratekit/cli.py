"""
The command line: ``migratekit``, or ``python -m migratekit``.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


_DIALECTS = ("mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite")


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Do what the command line says, and return the exit code.

    Args:
        arguments: What stands behind the program's name; by default ``sys.argv[1:]``.
    """
    parsed = _parser().parse_args(arguments)
    if parsed.command == "schema":
        return _schema(parsed.dialect)
    return _demo(parsed.keep)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="migratekit",
        description="Move users out of a legacy database at their next login.",
    )
    commands = parser.add_subparsers(title="commands", dest="command", required=True)
    demo = commands.add_parser(
        "demo",
        help="show a migration step by step",
        description="Make a legacy database, move users out of it, and check it.",
    )
    demo.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="put the databases and the log here, and leave them",
    )
    schema = commands.add_parser(
        "schema",
        help="print the tables of the new store as SQL",
        description="Print the SQL that makes the tables and indexes of a SQLStore.",
    )
    schema.add_argument(
        "--dialect", choices=_DIALECTS, required=True, help="the database it is for"
    )
    return parser


def _schema(dialect: str) -> int:
    try:
        # Needs an extra.
        from migratekit.stores._sql_ddl import script  # noqa: PLC0415
    except ImportError:
        sys.stderr.write('The schema needs SQLAlchemy: pip install "migratekit[sql]"\n')
        return 2
    sys.stdout.write(script(dialect))
    return 0


def _demo(keep: Path | None) -> int:
    try:
        # Needs the extras, which nothing else on the command line does.
        from migratekit.demo import run_demo  # noqa: PLC0415
    except ImportError as error:
        sys.stderr.write(
            f'The demo needs more: pip install "migratekit[sql,passlib]" ({error})\n'
        )
        return 2
    return run_demo(keep=keep)
