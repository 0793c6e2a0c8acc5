"""
What commands say that look at all users.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from migratekit.cli._application import Application
from migratekit.cli._command import Call
from migratekit.cli._console import Console
from migratekit.cli._meter import Meter
from migratekit.cli._tables import Column, csv_line, write_rows
from migratekit.cli._whole_file import whole_file
from migratekit.events import one_line
from migratekit.preflight import Finding
from migratekit.protocols import CountableSource


_MOST_SHOWN: Final = 10
_COLUMNS: Final[tuple[Column[Finding], ...]] = (
    Column("line", lambda finding: finding.line),
    Column("user_id", lambda finding: finding.user_id),
    Column("code", lambda finding: finding.code),
    Column("field", lambda finding: finding.field),
    Column("message", lambda finding: finding.message),
)


def add_forms(parser: argparse.ArgumentParser) -> None:
    """
    Let people choose where findings go.
    """
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help="write all findings there, for a spreadsheet; for its owner alone",
    )
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")


@contextmanager
def finding_file(name: str | None) -> Iterator[Callable[[Finding], None] | None]:
    """
    Give what takes findings into the file *name*, which is there once it is whole.

    Without a name, nothing is given.

    Raises:
        migratekit.cli._errors.CommandError: If it cannot be written.
    """
    if name is None:
        yield None
        return
    with whole_file(name) as out:
        out.write(csv_line(column.name for column in _COLUMNS))
        yield lambda finding: _write(out.write, finding)


def _write(write: Callable[[str], object], finding: Finding) -> None:
    write(csv_line(column.value(finding) for column in _COLUMNS))


def progress(
    console: Console, things: str, total: int | None
) -> Callable[[int, int], None]:
    """
    Return what shows how far a survey is.
    """
    meters: dict[int, Meter] = {}

    def show(walk: int, done: int) -> None:
        if walk not in meters:
            again = f", reading {walk}" if walk > 1 else ""
            meters[walk] = Meter(console, f"{things}{again}")
        meters[walk].update(done, min(1.0, done / total) if total else None)

    return show


def count(application: Application) -> int | None:
    """
    Return how many users the source has, if it can tell.
    """
    source = application.connection.source
    if isinstance(source, CountableSource):
        return application.wait(source.count())
    return None


def print_figures(
    console: Console, heads: tuple[str, str], figures: Sequence[tuple[str, int]]
) -> None:
    """
    Write a table of figures.
    """
    columns = [
        Column[tuple[str, int]](heads[0], lambda row: row[0]),
        Column[tuple[str, int]](heads[1], lambda row: row[1]),
    ]
    write_rows(console, columns, figures, "text")


def print_findings(
    call: Call, codes: Mapping[str, int], findings: Sequence[Finding]
) -> None:
    """
    Write how many findings there are of which code, and where they are.
    """
    console, name = call.console, call.options.csv
    if not codes:
        console.print("\nNothing was found.")
        return
    console.print()
    print_figures(console, ("finding", "number"), sorted(codes.items()))
    number = sum(codes.values())
    console.print()
    if name is not None:
        console.print(f"{_findings(number)}; see {one_line(name)}.")
        return
    write_rows(console, _COLUMNS, findings[:_MOST_SHOWN], "text")
    if number > _MOST_SHOWN:
        more = number - _MOST_SHOWN
        console.print(f"\n{more:,} more; --csv FILE writes all of them.")


def _findings(number: int) -> str:
    return "1 finding" if number == 1 else f"{number:,} findings"
