"""
``migratekit import``: many users at once.
"""

import argparse
import gc
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

import attrs

from migratekit.cli._command import Call, Command
from migratekit.cli._dry_run import NoWork, dry
from migratekit.cli._errors import CommandError, sentence
from migratekit.cli._files import ErrorFile, Row, UserFile, add_file, rows_of
from migratekit.cli._meter import Meter
from migratekit.cli._signals import Interruption, ignore_interrupts
from migratekit.cli._tables import Column, to_json, write_rows
from migratekit.errors import StoreUnavailableError
from migratekit.imports import ImportReport


_CHUNK: Final = 1000
# A chunk of hashes to be wrapped takes long.
_WRAPPED_CHUNK: Final = 100
# More than a chunk leaves behind, and few enough not to be felt in memory.
_OBJECTS: Final = 50_000


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument(
        "--errors", metavar="FILE", help="write what is wrong with which row, as CSV"
    )
    parser.add_argument(
        "--wrap",
        action="store_true",
        help="store weak hashes only with a strong one around them",
    )
    parser.add_argument(
        "--processes",
        type=_number,
        metavar="N",
        help="with --wrap: how many processes compute hashes",
    )
    parser.add_argument(
        "--chunk-size",
        type=_number,
        metavar="N",
        help=f"rows in a transaction; {_CHUNK}, and {_WRAPPED_CHUNK} with --wrap",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what would happen, store nobody"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _run(call: Call) -> int:
    options, application = call.options, call.application
    if options.processes and not options.wrap:
        raise CommandError("--processes is for wrapping hashes: add --wrap.")
    file = UserFile(options.file, call.stack)
    found = rows_of(file, options)
    errors = ErrorFile(call.console, options.errors, call.stack, file=file)
    meter = Meter(call.console, "rows")
    connection = dry(application) if options.dry_run else application.connection
    # New rows make the collector look through everything, some times a second, for what
    # the process keeps to its end, and through themselves, where there are no cycles.
    gc.freeze()
    gc.set_threshold(_OBJECTS)
    with Interruption(call.console, "Ending behind this chunk.") as interruption:
        rows = _Rows(found, interruption)
        try:
            report = application.wait(
                connection.import_users(
                    rows,
                    chunk_size=options.chunk_size
                    or (_WRAPPED_CHUNK if options.wrap else _CHUNK),
                    wrap=options.wrap,
                    executor=_executor(call),
                    progress=lambda report: meter.update(report.total, file.share()),
                    on_error=errors.write,
                )
            )
        except StoreUnavailableError as error:
            raise CommandError(f"{sentence(error)}  {_AGAIN}", code=1) from error
        except KeyboardInterrupt:
            raise CommandError(
                f"Broken off.  {_AGAIN}", code=interruption.code
            ) from None
    errors.close()
    _tell(call, report, rows)
    if rows.was_stopped:
        return interruption.code
    return 1 if report.conflicts or report.invalid else 0


_AGAIN: Final = (
    "Run the same command again to go on: whoever is stored stays as they are."
)


class _Rows:
    """
    The rows of a file, until somebody interrupts.
    """

    def __init__(self, rows: Iterable[Row], interruption: Interruption) -> None:
        self._rows = rows
        self._interruption = interruption
        self.was_stopped = False

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            if self._interruption:
                self.was_stopped = True
                return
            yield row


def _executor(call: Call) -> Executor | None:
    if call.options.wrap and call.options.dry_run:
        return NoWork()
    if not call.options.processes:
        return None
    executor = ProcessPoolExecutor(
        call.options.processes, get_context("spawn"), ignore_interrupts
    )
    call.stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    return executor


def _tell(call: Call, report: ImportReport, rows: _Rows) -> None:
    is_dry = call.options.dry_run
    if call.options.json:
        fields = attrs.asdict(report, filter=lambda field, _: field.name != "errors")
        fields |= {"total": report.total, "dry_run": is_dry}
        fields |= {"interrupted": rows.was_stopped}
        call.console.print(to_json(fields))
    else:
        results = [
            ("rows", report.total),
            ("would be stored" if is_dry else "stored", report.inserted),
            ("had moved before", report.already_migrated),
            ("conflicts", report.conflicts),
            ("not valid", report.invalid),
            *sorted(report.codes.items()),
        ]
        columns = [
            Column[tuple[str, int]]("result", lambda result: result[0]),
            Column[tuple[str, int]]("number", lambda result: result[1]),
        ]
        write_rows(call.console, columns, results, "text")
    if rows.was_stopped:
        call.console.flush()
        call.console.say("Interrupted." if is_dry else f"Interrupted.  {_AGAIN}")


COMMAND = Command(
    name="import",
    help="store many users at once",
    description="Store the users of a file, with their hashes or without.  It may run "
    "beside logins and be run again.",
    run=_run,
    add_arguments=_add_arguments,
)
