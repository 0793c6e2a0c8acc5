"""
Files as bytes and lines, of which none is longer than a row may be.
"""

import codecs
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import IO, Final, TypeAlias

from migratekit.errors import ConfigurationError
from migratekit.imports import codes


File: TypeAlias = str | os.PathLike[str] | IO[str] | IO[bytes]

ROW_BYTES: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024
_NO_UTF8: Final = b"\xff"


class UnreadableError(Exception):
    """
    A row, or a field of it, cannot be read.

    Never leaves this package, and quotes nothing.
    """

    def __init__(self, code: str, field: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.field = field


def chunks_of(file: File) -> Iterator[bytes]:
    """
    Yield the bytes of *file* in pieces, without a byte order mark.

    Text that its owner opened comes in UTF-8.  Where it was no text in the encoding
    that they chose, it ends, in a byte that is no UTF-8.

    Raises:
        OSError: If it cannot be read.
        migratekit.errors.ConfigurationError: If it is no file.
    """
    with _opened(file) as stream:
        pieces = _pieces(stream)
        start = b""
        for piece in pieces:
            start += piece
            if len(start) >= len(codecs.BOM_UTF8):
                break
        # An empty piece would be taken for the end.
        if start != codecs.BOM_UTF8:
            yield start.removeprefix(codecs.BOM_UTF8)
        yield from pieces


def _opened(file: File) -> AbstractContextManager[IO[str] | IO[bytes]]:
    if isinstance(file, str | os.PathLike):
        return Path(file).open("rb")
    if not callable(getattr(file, "read", None)):
        raise ConfigurationError(f"A {type(file).__name__} is no file.")
    return nullcontext(file)


def _pieces(stream: IO[str] | IO[bytes]) -> Iterator[bytes]:
    while True:
        chunk: object = None
        with suppress(UnicodeDecodeError):
            chunk = stream.read(_CHUNK)
        if isinstance(chunk, str):
            # A lone surrogate becomes what is no UTF-8.
            chunk = chunk.encode(errors="surrogatepass")
        if chunk is None:
            yield _NO_UTF8
            return
        if not isinstance(chunk, bytes):
            raise ConfigurationError(f"The file gives {type(chunk).__name__}.")
        if not chunk:
            return
        yield chunk


def rows_of(
    chunks: Iterable[bytes], *, quote: bytes | None = None
) -> Iterator[tuple[int, bytes | None]]:
    """
    Yield the number of each row's first line, and its bytes; None if it is too long.

    A row is a line; with *quote*, as many as it takes until all quotes are closed.  It
    never ends before, whatever is wrong with it: what people write into their profiles
    must not become rows.
    """
    first = number = 1
    row = bytearray()
    is_quoted = is_too_long = False
    for piece in _by_line(chunks):
        row += piece
        if quote is not None and piece.count(quote) % 2 == 1:
            is_quoted = not is_quoted
        if len(row) > ROW_BYTES:
            row.clear()
            is_too_long = True
        if piece.endswith(b"\n"):
            number += 1
            if not is_quoted:
                yield first, None if is_too_long else bytes(row)
                row.clear()
                is_too_long = False
                first = number
    if row or is_too_long:
        yield first, None if is_too_long else bytes(row)


def _by_line(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """
    Yield *chunks* in pieces that end where a line does, or before.
    """
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            yield line + b"\n"
        yield rest


def text_of(line: bytes | None) -> str:
    """
    Return the text of a line.

    Raises:
        UnreadableError: If it is too long, or no UTF-8.
    """
    if line is None:
        raise UnreadableError(codes.MAX_LENGTH)
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    del line
    raise UnreadableError(codes.INVALID_ENCODING)
