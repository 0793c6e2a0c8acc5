"""
``migratekit schema``: the tables of the new store.
"""

import argparse
import secrets
from typing import Final

from migratekit.cli._application import Storage
from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError
from migratekit.errors import ConfigurationError
from migratekit.events import one_line
from migratekit.models import KeyKind, LedgerKey


MEND_TABLES: Final = (
    "Run migratekit schema create or, if there are tables, schema upgrade."
)
_DIALECTS: Final = ("mariadb", "mssql", "mysql", "oracle", "postgresql", "sqlite")


def problem_of(storage: Storage) -> str | None:
    """
    Return what is wrong with the tables of the store, if anything is.
    """
    nobody = LedgerKey(KeyKind.LEGACY_ID, f"migratekit|{secrets.token_hex(12)}")
    try:
        storage.wait(storage.store.retired(nobody))
    except ConfigurationError as error:
        return one_line(error)
    return None


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=tuple(_ACTIONS),
        default="print",
        help="create, check or upgrade the tables of the application's store, which "
        "--app may name itself; or, as by default, print what makes them",
    )
    parser.add_argument(
        "--dialect", choices=_DIALECTS, help="with print: the database it is for"
    )


def _run(call: Call) -> int:
    return _ACTIONS[call.options.action](call)


def _print(call: Call) -> int:
    if call.options.dialect is None:
        raise CommandError(
            "For which database?  Add --dialect NAME; or, for the store of an "
            "application, say create, check or upgrade."
        )
    try:
        # Needs an extra.
        from migratekit.stores._sql_ddl import script  # noqa: PLC0415
    except ImportError:
        raise CommandError(
            'The schema needs SQLAlchemy: pip install "migratekit[sql]"'
        ) from None
    call.console.write(script(call.options.dialect))
    return 0


def _version(storage: Storage) -> int | None:
    return storage.wait(storage.tables.schema_version())


def _create(call: Call) -> int:
    storage = call.storage
    version = _version(storage)
    if version is not None:
        problem = problem_of(storage)
        if problem is not None:
            raise CommandError(f"{problem}  {_UPGRADE}", code=1)
        call.console.print(f"The tables are there already, of version {version}.")
        return 0
    storage.wait(storage.tables.create_schema())
    call.console.print(f"The tables were made, of version {_version(storage)}.")
    return 0


def _upgrade(call: Call) -> int:
    storage = call.storage
    before = _version(storage)
    if before is None:
        raise CommandError(
            "There are no tables yet.  Run migratekit schema create.", code=1
        )
    storage.wait(storage.tables.create_schema())
    problem, after = problem_of(storage), _version(storage)
    if problem is not None:
        raise CommandError(problem, code=1)
    if before == after:
        call.console.print(f"The tables are of version {after}, as they were.")
    else:
        call.console.print(f"The tables are of version {after}; they were of {before}.")
    return 0


def _check(call: Call) -> int:
    storage = call.storage
    version = _version(storage)
    if version is None:
        call.console.print("There are no tables yet.  Run migratekit schema create.")
        return 1
    problem = problem_of(storage)
    if problem is not None:
        call.console.print(f"{problem}  {_UPGRADE}")
        return 1
    call.console.print(f"The tables are current, of version {version}.")
    return 0


_UPGRADE: Final = "migratekit schema upgrade brings older ones up to date."
_ACTIONS: Final = {
    "print": _print,
    "create": _create,
    "check": _check,
    "upgrade": _upgrade,
}

COMMAND = Command(
    name="schema",
    help="create, check, upgrade or print the tables of the new store",
    description="Create, check or upgrade the tables of the application's store, or "
    "print the SQL that makes those of a SQLStore.",
    run=_run,
    add_arguments=_add_arguments,
)
