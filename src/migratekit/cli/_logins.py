"""
Files of logins: identifiers, and the passwords that belong to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import IO, Any, Final, TypeAlias, cast

from migratekit.cli._errors import CommandError
from migratekit.cli._files import UserFile
from migratekit.cli._passwords import KnownUser
from migratekit.imports import RowError, codes
from migratekit.imports._jsonl import objects_in
from migratekit.imports._lines import UnreadableError, chunks_of
from migratekit.imports._tables import cells_of, fields_of, table_rows


Line: TypeAlias = tuple[int, KnownUser | RowError]

_FIELDS: Final = ("identifier", "password")
# A spreadsheet writes what is usual where its user lives.
_DELIMITERS: Final = (",", ";", "\t")


def logins_in(file: UserFile) -> Iterator[Line]:
    """
    Yield the number of each line, and who stands there, or why nobody does.

    It is JSON Lines if it begins with a brace, and else CSV with a header.

    Raises:
        migratekit.cli._errors.CommandError: If it is neither.
    """
    chunks = chunks_of(cast("IO[bytes]", file))
    begun: list[bytes] = []
    start = b""
    while not start:
        chunk = next(chunks, None)
        if chunk is None:
            return
        begun.append(chunk)
        start = chunk.lstrip()
    whole = chain(begun, chunks)
    yield from _in_objects(whole) if start.startswith(b"{") else _in_table(whole)


def _in_objects(chunks: Iterable[bytes]) -> Iterator[Line]:
    for number, found in objects_in(chunks):
        yield number, found if isinstance(found, RowError) else _login(number, found)


def _in_table(chunks: Iterable[bytes]) -> Iterator[Line]:
    rows = table_rows(chunks)
    _, header = next(rows)
    names, delimiter = _columns(header)
    for number, row in rows:
        try:
            fields = fields_of(names, cells_of(row, delimiter))
        except UnreadableError as error:
            yield number, codes.row_error(number, error.code, error.field)
        else:
            yield number, _login(number, fields)


def _columns(header: bytes | None) -> tuple[Sequence[str | None], str]:
    """
    Return which field each column is, and what stands between two cells.
    """
    for delimiter in _DELIMITERS:
        try:
            cells = [cell.strip().lower() for cell in cells_of(header, delimiter)]
        except UnreadableError:
            continue
        if all(cells.count(field) == 1 for field in _FIELDS):
            names = [cell if cell in _FIELDS else None for cell in cells]
            return names, delimiter
    raise CommandError(
        "The file of logins begins with neither the columns identifier and password "
        "nor an object that has both: write it as one of these."
    )


def _login(number: int, fields: Mapping[str, Any]) -> KnownUser | RowError:
    found: list[str] = []
    for field in _FIELDS:
        value = fields.get(field)
        if value is None:
            return codes.row_error(number, codes.OBJECT_REQUIRED, field)
        if type(value) is not str:
            return codes.row_error(number, codes.INVALID_TYPE, field)
        found.append(value)
    return KnownUser(*found)
