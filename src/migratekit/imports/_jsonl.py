"""
JSON Lines: a record per line.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from migratekit.imports import codes
from migratekit.imports._lines import (
    File,
    UnreadableError,
    chunks_of,
    rows_of,
    text_of,
)
from migratekit.imports._objects import BLANKS, Decoder
from migratekit.imports._records import record_of
from migratekit.imports.report import RowError
from migratekit.models import ImportRecord


def read_jsonl(
    file: File, *, id_field: str | None = None
) -> Iterator[ImportRecord | RowError]:
    """
    Read JSON Lines: an object per line, in UTF-8.  Empty lines are left out.

    Args:
        file: A path, or an open file, which stays open.
        id_field: The field with the source's stable id, if not ``user_id``.

    Returns:
        For each line, as they are asked for: the record, or why there is none.

    Raises:
        OSError: If the file cannot be read.
        migratekit.errors.ConfigurationError: If it is none.
    """
    for number, found in objects_in(chunks_of(file)):
        if isinstance(found, RowError):
            yield found
        else:
            yield record_of(found, number, id_field)


def objects_in(
    chunks: Iterable[bytes],
) -> Iterator[tuple[int, dict[str, Any] | RowError]]:
    """
    Yield the number of each line, and its object, or why there is none.
    """
    decoder = Decoder()
    for number, line in rows_of(chunks):
        try:
            fields = _fields(decoder, line)
        except UnreadableError as error:
            yield number, codes.row_error(number, error.code, None)
        else:
            if fields is not None:
                yield number, fields


def _fields(decoder: Decoder, line: bytes | None) -> dict[str, Any] | None:
    """
    Return the object of a line, or None if it is empty.
    """
    text = text_of(line).strip(BLANKS)
    if not text:
        return None
    code = codes.INVALID_JSON
    try:
        value, end = decoder.decode(text)
    except RecursionError:
        code = codes.TOO_DEEP
    except ValueError:
        # It has the whole text in it.
        pass
    else:
        if end == len(text):
            return decoder.fields(value)
    del line, text
    raise UnreadableError(code)
