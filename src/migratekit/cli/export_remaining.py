"""
``migratekit export-remaining``: who has not moved yet.
"""

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, TypeVar

import attrs

from migratekit.cli._application import Application
from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError
from migratekit.cli._files import ErrorFile, Row
from migratekit.cli._meter import Meter
from migratekit.cli._signals import Interruption
from migratekit.cli._surveys import count
from migratekit.cli._tables import to_json
from migratekit.cli._whole_file import whole_file
from migratekit.events import one_line
from migratekit.formats import envelope
from migratekit.models import (
    ImportRecord,
    KeyKind,
    LedgerKey,
    LegacyUser,
    RowError,
    StoredHash,
)
from migratekit.protocols import WalkableSource


T = TypeVar("T")

_PAGE: Final = 500
_FIELDS: Final = tuple(field.name for field in attrs.fields(LegacyUser))


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="where to, as JSON lines; there once it is whole, and for its owner alone",
    )
    parser.add_argument(
        "--with-hashes",
        action="store_true",
        help="with the password hashes, for an import that lets people log in",
    )
    parser.add_argument(
        "--errors", metavar="FILE", help="write what is wrong with which row, as CSV"
    )


def _run(call: Call) -> int:
    options, application = call.options, call.application
    # Nobody of another source has moved, and all would be left.
    application.bound_source()
    source = application.connection.source
    if not isinstance(source, WalkableSource):
        raise CommandError(
            f"The source, {type(source).__name__}, cannot list its users.  For one in "
            "SQL, say how: with_listing()."
        )
    number = 0
    with Interruption(call.console, "Ending; no file is written.") as interruption:
        errors = ErrorFile(call.console, options.errors, call.stack)
        meter = Meter(call.console, "users read")
        total = count(application)
        with whole_file(options.file) as out:
            read = 0
            for page in _pages(application.iterate(source.iter_users())):
                for record in _remaining(application, page, errors):
                    fields = _fields(record, with_hash=options.with_hashes)
                    out.write(f"{to_json(fields)}\n")
                    number += 1
                read += len(page)
                meter.update(read, min(1.0, read / total) if total else None)
                if interruption:
                    raise CommandError(
                        f"Interrupted; {one_line(options.file)} was not written.",
                        code=interruption.code,
                    )
    errors.close()
    users = "1 user is" if number == 1 else f"{number:,} users are"
    call.console.print(f"{users} left; see {one_line(options.file)}.")
    return 1 if errors.number else 0


def _pages(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while page := [*islice(iterator, _PAGE)]:
        yield page


def _remaining(
    application: Application, page: Iterable[Row], errors: ErrorFile
) -> Iterator[ImportRecord]:
    """
    Yield who of *page* has not moved.
    """
    records: list[ImportRecord] = []
    for row in page:
        if isinstance(row, RowError):
            errors.write(row)
        else:
            records.append(row)
    name = application.connection.source_name
    keys = [LedgerKey(KeyKind.LEGACY_ID, f"{name}|{one.user_id}") for one in records]
    retirements = application.retired(keys)
    for record, retirement in zip(records, retirements, strict=True):
        # Reserved is whoever may still move.
        if retirement is None or retirement.reason == "reserved":
            yield record


def _fields(record: ImportRecord, *, with_hash: bool) -> dict[str, Any]:
    """
    Return what of a record an import reads; what is nothing is left out.
    """
    values = {name: getattr(record, name) for name in _FIELDS}
    fields = {name: value for name, value in values.items() if value}
    if with_hash and record.password is not None:
        beside = _hash_fields(record.password)
        fields |= {name: text for name, text in beside.items() if text is not None}
    return fields


def _hash_fields(stored: StoredHash) -> dict[str, Any]:
    if isinstance(stored.salt, bytes) or isinstance(stored.salt2, bytes):
        # JSON has no bytes, and text means something else to some formats.
        return {"password_hash": envelope.seal(stored)}
    return {
        "password_hash": stored.text,
        "password_salt": stored.salt,
        "password_salt2": stored.salt2,
        "password_username": stored.username,
        "password_format": stored.format,
    }


COMMAND = Command(
    name="export-remaining",
    help="write who has not moved yet",
    description="Write the users of the source who have not moved, as JSON lines that "
    "migratekit import reads.",
    run=_run,
    add_arguments=_add_arguments,
)
