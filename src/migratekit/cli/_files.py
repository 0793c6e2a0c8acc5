"""
Files of users, as they are named on the command line.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, TypeAlias, cast

from migratekit.cli._console import Console
from migratekit.cli._errors import CommandError
from migratekit.cli._tables import csv_line
from migratekit.events import one_line
from migratekit.imports import RowError, read_csv, read_json, read_jsonl
from migratekit.models import ImportRecord


Row: TypeAlias = ImportRecord | RowError

STDIN: Final = "-"
_SUFFIXES: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
}
_COLUMNS: Final = ("line", "user_id", "code", "field", "message")
_MOST: Final = 64 * 1024
_LEAST: Final = 1024
_MOST_SHOWN: Final = 10


class UserFile:
    """
    A file of users that tells how far it was read.

    Args:
        name: What was typed; ``-`` is the standard input.
        stack: Closes it in the end.

    Raises:
        migratekit.cli._errors.CommandError: If it cannot be opened.
    """

    def __init__(self, name: str, stack: ExitStack) -> None:
        self._name = name
        self._read = 0
        try:
            self._file = _opened(name, stack)
            self._size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise unusable(name, error) from error
        # In small pieces, so that what was read is not far ahead of what is done.
        self._piece = max(_LEAST, min(_MOST, self._size // 200))

    def read(self, size: int) -> bytes:
        """
        Return up to *size* bytes, and none at the end.
        """
        try:
            data: bytes = self._file.read1(min(size, self._piece))
        except OSError as error:
            raise unusable(self._name, error) from error
        self._read += len(data)
        return data

    def is_at(self, name: str) -> bool:
        """
        Return whether *name* is that of this very file.
        """
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), Path(name).stat())
        except OSError:
            return False

    def share(self) -> float | None:
        """
        Return how much of it was read, or None if nobody knows how long it is.
        """
        return min(1.0, self._read / self._size) if self._size else None

    def form(self) -> str:
        """
        Return which format it has: ``jsonl``, ``json`` or ``csv``.

        Raises:
            migratekit.cli._errors.CommandError: If its name does not tell.
        """
        form = _SUFFIXES.get(Path(self._name).suffix.lower())
        if form is None:
            raise CommandError(
                f"What kind of file is {one_line(self._name)}?  Name it: --format "
                "jsonl, json or csv."
            )
        # What Auth0 exports as .json has an object per line.
        if form == "json" and self._file.peek(1).lstrip()[:1] == b"{":
            return "jsonl"
        return form


def _opened(name: str, stack: ExitStack) -> Any:
    if name == STDIN:
        return sys.stdin.buffer
    return stack.enter_context(Path(name).open("rb"))


def _for_owner(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def unusable(name: str, error: OSError) -> CommandError:
    """
    Return the error that says why a file cannot be used.
    """
    return CommandError(f"{one_line(name)} cannot be used: {error.strerror}.")


class ErrorFile:
    """
    Takes what is wrong with which row: into a file, or the first ones to the console.

    Args:
        console: Where to say what goes into no file.
        name: What was typed; None for no file.
        stack: Closes it in the end.
        file: The file that must not be overwritten.

    Raises:
        migratekit.cli._errors.CommandError: If it cannot be opened.
    """

    def __init__(
        self,
        console: Console,
        name: str | None,
        stack: ExitStack,
        *,
        file: UserFile | None = None,
    ) -> None:
        self._console = console
        self._name = name
        self._out: IO[str] | None = None
        self.number = 0
        if name is None:
            return
        if file is not None and file.is_at(name):
            raise CommandError(f"{one_line(name)} is what is read: name another file.")
        try:
            out = open(  # noqa: SIM115 -- Path has no opener; see below
                name, "w", encoding="utf-8", opener=_for_owner
            )
        except OSError as error:
            raise unusable(name, error) from error
        self._out = stack.enter_context(out)
        self._out.write(csv_line(_COLUMNS))

    def write(self, error: RowError) -> None:
        """
        Take note of *error*.
        """
        self.number += 1
        if self._out is not None:
            self._out.write(csv_line(getattr(error, name) for name in _COLUMNS))
        elif self.number <= _MOST_SHOWN:
            field = f" {error.field}:" if error.field else ""
            self._console.say(
                one_line(f"row {error.line}:{field} {error.message} ({error.code})")
            )

    def close(self) -> None:
        """
        Say where the others are.
        """
        if self._out is not None:
            self._out.flush()
        elif self.number > _MOST_SHOWN:
            more = self.number - _MOST_SHOWN
            self._console.say(f"{more:,} more; --errors FILE writes all of them.")


def add_file(parser: argparse.ArgumentParser) -> None:
    """
    Let people name a file of users, and say how it is to be read.
    """
    parser.add_argument(
        "file", metavar="FILE", help="JSON lines, a JSON array or CSV; - is stdin"
    )
    parser.add_argument(
        "--format",
        choices=("jsonl", "json", "csv"),
        help="what it is, if its name does not tell",
    )
    parser.add_argument(
        "--id-field",
        metavar="NAME",
        help="the field with the source's stable id, if not user_id",
    )
    parser.add_argument(
        "--column",
        action="append",
        type=_column,
        default=[],
        metavar="NAME=FIELD",
        help="CSV: the column NAME means FIELD; once for each",
    )
    parser.add_argument(
        "--delimiter",
        help="CSV: what stands between two cells; a comma, and a tab in .tsv",
    )


def _column(text: str) -> tuple[str, str]:
    name, equals, field = text.rpartition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=FIELD")
    return name, field


def rows_of(file: UserFile, options: argparse.Namespace) -> Iterator[Row]:
    """
    Return the rows of *file*, read as they are asked for.
    """
    form = options.format or file.form()
    stream = cast("IO[bytes]", file)
    if form != "csv":
        if options.column or options.delimiter:
            raise CommandError("--column and --delimiter are for CSV.")
        read = read_json if form == "json" else read_jsonl
        return read(stream, id_field=options.id_field)
    is_tsv = options.file.lower().endswith(".tsv")
    return read_csv(
        stream,
        columns=dict(options.column),
        id_field=options.id_field,
        delimiter=options.delimiter or ("\t" if is_tsv else ","),
    )
