"""
CSV: a record per row, behind a header.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, Self

import attrs

from migratekit._columns import target_of
from migratekit.errors import ConfigurationError
from migratekit.imports import codes
from migratekit.imports._auth0 import CUSTOM_HASH
from migratekit.imports._lines import (
    File,
    UnreadableError,
    chunks_of,
    rows_of,
    text_of,
)
from migratekit.imports._records import record_of
from migratekit.imports.report import RowError
from migratekit.models import ImportRecord


def read_csv(
    file: File,
    *,
    columns: Mapping[str, str] | None = None,
    id_field: str | None = None,
    delimiter: str = ",",
) -> Iterator[ImportRecord | RowError]:
    """
    Read CSV as RFC 4180 has it, in UTF-8, with a header.  Empty rows are left out.

    An empty cell is as good as none.

    Args:
        file: A path, or an open file, which stays open.

        columns:
            Which column means what, by its name in the header, for those that have
            another name than their field.

        id_field: The column with the source's stable id, if not ``user_id``.
        delimiter: What stands between two cells.

    Returns:
        For each row, as they are asked for: the record, or why there is none.

    Raises:
        OSError: If the file cannot be read.

        migratekit.errors.ConfigurationError:
            If it is none, or *columns* or *delimiter* make no sense.
    """
    if len(delimiter) != 1 or delimiter in _NO_DELIMITERS:
        raise ConfigurationError("A delimiter is one character, and no quote or blank.")
    header = _Header.of(columns or {}, id_field)
    return _records(file, header, delimiter)


_QUOTE: Final = b'"'
_NO_DELIMITERS: Final = '"\r\n \0'


@attrs.frozen
class _Header:
    """
    Which column means what, and which is the id; by names in lower case.
    """

    columns: Mapping[str, str]
    id_field: str

    @classmethod
    def of(cls, columns: Mapping[str, str], id_field: str | None) -> Self:
        mapping = {column.lower(): name for column, name in columns.items()}
        for name in mapping.values():
            if name != CUSTOM_HASH and target_of(name) is None:
                raise ConfigurationError(f"{name!r} is nothing a column can mean.")
        if len(set(mapping.values())) < len(columns):
            raise ConfigurationError("A column, or what it means, is mapped twice.")
        name = (id_field or "user_id").lower()
        return cls(mapping, mapping.get(name, name))

    def names(self, cells: Sequence[str]) -> Sequence[str | None]:
        """
        Return what each column of a file means; None for one that is ignored.

        Raises:
            UnreadableError: If one that is needed is missing, or there twice.
        """
        mapped = self.columns.values()
        names: list[str | None] = []
        for cell in cells:
            column = cell.strip().lower()
            name = self.columns.get(column, column)
            is_known = name in {self.id_field, CUSTOM_HASH} or target_of(name)
            if not is_known or (name in mapped and column not in self.columns):
                names.append(None)
            elif name in names:
                raise UnreadableError(codes.DUPLICATED_FIELD, name)
            else:
                names.append(name)
        for name in (self.id_field, *mapped):
            if name not in names:
                raise UnreadableError(codes.OBJECT_REQUIRED, name)
        return names


def _records(
    file: File, header: _Header, delimiter: str
) -> Iterator[ImportRecord | RowError]:
    names: Sequence[str | None] = ()
    for number, row in table_rows(chunks_of(file)):
        try:
            cells = cells_of(row, delimiter)
            if not names:
                names = header.names(cells)
                continue
            fields = fields_of(names, cells)
        except UnreadableError as error:
            found: ImportRecord | RowError = codes.row_error(
                number, error.code, error.field
            )
        else:
            found = record_of(fields, number, header.id_field)
        yield found
        if not names:
            # Without a header, no row means anything.
            return
    if not names:
        yield codes.row_error(1, codes.OBJECT_REQUIRED, header.id_field)


def table_rows(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """
    Yield the number of each row's first line, and its bytes; empty rows are left out.
    """
    for number, row in rows_of(chunks, quote=_QUOTE):
        if row is None or row.strip():
            yield number, row


def cells_of(row: bytes | None, delimiter: str) -> list[str]:
    """
    Return the cells of a row.

    Raises:
        UnreadableError: If it is none.
    """
    text = text_of(row)
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows = [*csv.reader([text], delimiter=delimiter, strict=True)]
    if len(rows) == 1:
        return rows[0]
    del row, text, rows
    raise UnreadableError(codes.INVALID_CSV)


def fields_of(names: Sequence[str | None], cells: Sequence[str]) -> dict[str, str]:
    """
    Return the cells of a row by the *names* of their columns.

    Raises:
        UnreadableError: If there are not as many.
    """
    if len(cells) != len(names):
        raise UnreadableError(codes.FIELD_COUNT)
    return {
        name: cell
        for name, cell in zip(names, cells, strict=True)
        if name is not None and cell
    }
