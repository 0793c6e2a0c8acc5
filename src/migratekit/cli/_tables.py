"""
Rows of results: as a table for people, as JSON or as CSV.
"""

import argparse
import csv
import datetime as dt
import enum
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, Generic, TypeVar

import attrs

from migratekit.cli._console import Console
from migratekit.events import one_line


T = TypeVar("T")

# Rows that are looked at for the width of the columns; all others stream.
_MEASURED: Final = 200
_NARROWEST: Final = 6
_GAP: Final = "  "
# The wide ones as well, which East Asian keyboards type and some spreadsheets read.
_FORMULA: Final = (*"=+-@\t\r", *"\uff1d\uff0b\uff0d\uff20")


@attrs.frozen
class Column(Generic[T]):
    """
    A column of results.

    Args:
        name: What it is called, in all three forms.
        value: Gives the value in a row; None is empty.
    """

    name: str
    value: Callable[[T], Any]


def add_forms(parser: argparse.ArgumentParser) -> None:
    """
    Let people choose the form of `write_rows()`: *form* is text, json or csv.
    """
    group = parser.add_mutually_exclusive_group()
    for form, text in (("json", "a JSON array"), ("csv", "CSV for a spreadsheet")):
        group.add_argument(
            f"--{form}",
            action="store_const",
            const=form,
            dest="form",
            default="text",
            help=f"print {text}",
        )


def write_rows(
    console: Console, columns: Sequence[Column[T]], rows: Iterable[T], form: str
) -> int:
    """
    Write *rows* as they come, and return their number.

    Args:
        console: Where to.
        columns: Which of their values.
        rows: Read as they are written; a table waits for the first 200.
        form: ``text``, ``json`` or ``csv``.
    """
    counted = _Counted(rows)
    lines = _FORMS[form](console, columns, counted)
    for line in lines:
        console.write(line)
    return counted.number


class _Counted(Generic[T]):
    def __init__(self, rows: Iterable[T]) -> None:
        self._rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[T]:
        for row in self._rows:
            self.number += 1
            yield row


# --- Text ------------------------------------------------------------------------


def _text(
    console: Console, columns: Sequence[Column[T]], rows: Iterable[T]
) -> Iterator[str]:
    cells = ([column.value(row) for column in columns] for row in rows)
    first = [*islice(cells, _MEASURED)]
    if not first:
        return
    heads = [column.name.replace("_", " ") for column in columns]
    shown = [[shown_text(value) for value in row] for row in first]
    widths = [max(map(width_of, texts)) for texts in zip(heads, *shown, strict=True)]
    widths = _narrowed(widths, console.width)
    numbers = [
        all(type(row[at]) in {int, float} for row in first) for at in range(len(heads))
    ]
    others = ([shown_text(value) for value in row] for row in cells)
    for row in chain([heads], shown, others):
        yield _line(row, widths, numbers, console.width)


def _narrowed(widths: Sequence[int], room: int | None) -> list[int]:
    """
    Return *widths* with the widest ones cut until they fit into *room*.
    """
    narrowed = [*widths]
    if room is None:
        return narrowed
    room -= len(_GAP) * (len(narrowed) - 1)
    while sum(narrowed) > room and max(narrowed) > _NARROWEST:
        narrowed[narrowed.index(max(narrowed))] -= 1
    return narrowed


def _line(
    texts: Sequence[str],
    widths: Sequence[int],
    numbers: Sequence[bool],
    room: int | None,
) -> str:
    cells = []
    for text, width, is_number in zip(texts, widths, numbers, strict=True):
        cell = text if room is None else cut(text, width)
        blanks = " " * (width - width_of(cell))
        cells.append(blanks + cell if is_number else cell + blanks)
    line = _GAP.join(cells).rstrip()
    return f"{line if room is None else cut(line, room)}\n"


def shown_text(value: Any) -> str:
    """
    Return *value* for people, on one line and without what steers a terminal.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, default=_plain)
    return one_line(value)


def width_of(text: str) -> int:
    """
    Return how many columns of a terminal *text* takes.
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def cut(text: str, width: int) -> str:
    """
    Return *text*, with an ellipsis in place of what is beyond *width* columns.
    """
    if width_of(text) <= width:
        return text
    # Accents take no room; nobody has this many.
    kept = text[: 4 * width]
    while width_of(kept) >= max(1, width) and kept:
        kept = kept[:-1]
    return f"{kept}…"


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


# --- JSON ------------------------------------------------------------------------


def _json(
    console: Console, columns: Sequence[Column[T]], rows: Iterable[T]
) -> Iterator[str]:
    del console
    before = "[\n"
    for row in rows:
        fields = {column.name: column.value(row) for column in columns}
        yield before + to_json(fields)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def to_json(value: Any, *, indent: int | None = None) -> str:
    """
    Return *value* as JSON in ASCII; times are ISO 8601.
    """
    return json.dumps(value, default=_plain, allow_nan=False, indent=indent)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


# --- CSV -------------------------------------------------------------------------


def _csv(
    console: Console, columns: Sequence[Column[T]], rows: Iterable[T]
) -> Iterator[str]:
    del console
    yield csv_line([column.name for column in columns])
    for row in rows:
        yield csv_line([column.value(row) for column in columns])


def csv_line(values: Iterable[Any]) -> str:
    """
    Return a line of CSV that is safe to open in a spreadsheet.
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(_cell, values))
    return line.getvalue()


def _cell(value: Any) -> object:
    if value is None or (
        isinstance(value, int | float) and not isinstance(value, bool)
    ):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict | list | tuple):
        return to_json(value)
    text = str(value) if isinstance(value, enum.Enum) else value
    return defused(one_line(text))


def defused(text: str) -> str:
    """
    Return *text* with an apostrophe in front, if a spreadsheet took it for a formula.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


_FORMS: Final[dict[str, Callable[..., Iterator[str]]]] = {
    "text": _text,
    "json": _json,
    "csv": _csv,
}
