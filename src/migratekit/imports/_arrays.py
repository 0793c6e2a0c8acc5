"""
JSON arrays, read in pieces.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any, Final

from migratekit.imports import codes
from migratekit.imports._lines import ROW_BYTES, File, UnreadableError, chunks_of
from migratekit.imports._objects import BLANKS, Decoder
from migratekit.imports._records import record_of
from migratekit.imports.report import RowError
from migratekit.models import ImportRecord


def read_json(
    file: File, *, id_field: str | None = None
) -> Iterator[ImportRecord | RowError]:
    """
    Read a JSON array of objects, in UTF-8, such as the users of an Auth0 import.

    The *line* of a record is its number in the array.  Where the file is no JSON any
    more, it ends with an error.

    Args:
        file: A path, or an open file, which stays open.
        id_field: The field with the source's stable id, if not ``user_id``.

    Returns:
        For each element, as they are asked for: the record, or why there is none.

    Raises:
        OSError: If the file cannot be read.
        migratekit.errors.ConfigurationError: If it is none.
    """
    for number, found in enumerate(_elements(_Text(chunks_of(file))), 1):
        if isinstance(found, str):
            yield codes.row_error(number, found, None)
        else:
            yield record_of(found, number, id_field)


_BLANKS: Final = re.compile(f"[{BLANKS}]*")
_IN_STRING: Final = re.compile(r'["\\]')
_WITHIN: Final = re.compile(r'"|[{\[]+|[}\]]+')
_OUTSIDE: Final = re.compile(r'"|[{\[]+|[}\]]+|,')


class _Text:
    """
    A piece of a file, from where it is read on.

    Bytes that are no UTF-8 are lone surrogates in it.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.piece = ""
        self.at = 0
        self.is_whole = False

    def grow(self) -> bool:
        """
        Read on, and forget what is behind; return False at the end of the file.
        """
        if self.is_whole:
            return False
        chunk = next(self._chunks, b"")
        self.is_whole = not chunk
        more = self._decoder.decode(chunk, final=self.is_whole)
        self.piece = self.piece[self.at :] + more
        self.at = 0
        return True

    def mark(self) -> str:
        """
        Go to the next character that is not blank, and return it; at the end, "".
        """
        while True:
            blanks = _BLANKS.match(self.piece, self.at)
            assert blanks is not None  # noqa: S101 - it matches anything
            self.at = blanks.end()
            if self.at < len(self.piece):
                return self.piece[self.at]
            if not self.grow():
                return ""


class _Skipper:
    """
    Finds the end of a value that is too long to be looked at as a whole.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._is_escaped = False

    def end(self, piece: str, at: int) -> int | None:
        """
        Return where the value ends of which *piece* has more from *at* on, or None.
        """
        while True:
            if self._is_escaped:
                self._is_escaped = False
                at += 1
            match = self._pattern().search(piece, at)
            if match is None:
                return None
            at = match.end()
            if match[0] == "\\":
                self._is_escaped = True
                if at == len(piece):
                    return None
            elif self._is_end(match[0]):
                # Of several brackets, those before the last ones are the value's.
                return at + self._depth if self._depth < 0 else match.start()

    def _pattern(self) -> re.Pattern[str]:
        if self._in_string:
            return _IN_STRING
        return _WITHIN if self._depth else _OUTSIDE

    def _is_end(self, marks: str) -> bool:
        if marks == '"':
            self._in_string = not self._in_string
        elif marks[0] in "[{":
            self._depth += len(marks)
        elif marks != ",":
            self._depth -= len(marks)
        return self._depth < 0 or marks == ","


def _elements(text: _Text) -> Iterator[dict[str, Any] | str]:
    """
    Yield the elements of an array, or for one that is none of ours, why.
    """
    first = text.mark()
    if first != "[":
        code = codes.INVALID_TYPE if first else codes.INVALID_JSON
        yield code if _is_utf8(first) else codes.INVALID_ENCODING
        return
    text.at += 1
    if text.mark() != "]":
        decoder = Decoder()
        mark = ","
        while mark == ",":
            found = _element(text, decoder)
            yield found
            if found == codes.INVALID_JSON:
                return
            mark = text.mark()
            text.at += 1
        if mark != "]":
            yield codes.INVALID_JSON
            return
    else:
        text.at += 1
    if text.mark():
        yield codes.INVALID_JSON


def _element(text: _Text, decoder: Decoder) -> dict[str, Any] | str:
    text.mark()
    while True:
        end = None
        try:
            value, end = decoder.decode(text.piece, text.at)
        except RecursionError:
            return _skipped(text, codes.TOO_DEEP)
        except ValueError:
            # It is cut, or no JSON.
            pass
        # A number may go on.
        if end is not None and (end < len(text.piece) or text.is_whole):
            return _accepted(text, decoder, value, end)
        if len(text.piece) - text.at > ROW_BYTES or not text.grow():
            return _skipped(text, codes.INVALID_JSON)


def _accepted(
    text: _Text, decoder: Decoder, value: object, end: int
) -> dict[str, Any] | str:
    element = text.piece[text.at : end]
    text.at = end
    if len(element) > ROW_BYTES:
        return codes.MAX_LENGTH
    if not _is_utf8(element):
        return codes.INVALID_ENCODING
    try:
        return decoder.fields(value)
    except UnreadableError as error:
        return error.code


def _is_utf8(element: str) -> bool:
    try:
        element.encode()
    except UnicodeEncodeError:
        return False
    return True


def _skipped(text: _Text, code: str) -> str:
    """
    Go to the end of what cannot be decoded, and return why it cannot.

    What is no JSON has no end.
    """
    skipper = _Skipper()
    end = skipper.end(text.piece, text.at)
    if code == codes.INVALID_JSON:
        if end is not None:
            return code
        code = codes.MAX_LENGTH
    while end is None:
        text.at = len(text.piece)
        if not text.grow():
            return codes.INVALID_JSON
        end = skipper.end(text.piece, 0)
    text.at = end
    return code
