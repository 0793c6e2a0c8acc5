"""
How rows of results are written.
"""

import csv
import datetime as dt
import io
import json
from itertools import count, islice

import pytest

from migratekit.cli import _tables
from migratekit.cli._tables import Column, cut, shown_text, width_of, write_rows
from migratekit.models import Origin


WHEN = dt.datetime(2026, 5, 31, 12, 30, 15, 5, tzinfo=dt.UTC)
COLUMNS = [
    Column("user_name", lambda row: row[0]),
    Column("number", lambda row: row[1]),
]


class Console:
    def __init__(self, width=None):
        self.width = width
        self.text = ""

    def write(self, text):
        self.text += text


def written(rows, form="text", *, width=None, columns=COLUMNS):
    console = Console(width)
    assert len(rows) == write_rows(console, columns, rows, form)
    return console.text


def test_table():
    """
    Columns are aligned: texts on the left, numbers on the right.
    """
    assert (
        "user name  number\nada             1\nbob            12\n                7\n"
    ) == written([("ada", 1), ("bob", 12), (None, 7)])


def test_nothing():
    """
    Of no rows there is no table; the other forms are whole all the same.
    """
    assert "" == written([])
    assert [] == json.loads(written([], "json"))
    assert "user_name,number\n" == written([], "csv")


def test_wide_characters():
    """
    Characters that are two columns wide count as two, accents as none.
    """
    assert 6 == width_of("\u65e5\u672c" + "e\u0301" + "a")
    lines = written([("\u65e5\u672c", "x"), ("abcdefghij", "y")]).splitlines()
    assert ["x", "y"] == [line[-1] for line in lines[1:]]
    assert "\u65e5\u672c" + " " * 8 + "x" == lines[1]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("\u65e5\u672c\u8a9e", 4, "\u65e5…"),
        ("abc", 0, "…"),
    ],
)
def test_cut(text, width, expected):
    """
    What is too long ends in an ellipsis, and never takes more room than there is.
    """
    assert expected == cut(text, width)


def test_narrow_terminal():
    """
    In a terminal the widest columns are cut, so that a row is a line.
    """
    rows = [("a" * 30, 1), ("short", 22222)]

    lines = written(rows, width=20).splitlines()

    assert [20, 20, 20] == [len(line) for line in lines]
    assert "a" * 11 + "…" + " " * 7 + "1" == lines[1]


def test_far_too_narrow():
    """
    Where nothing fits, lines are cut.
    """
    lines = written([("a" * 30, "b" * 30)], width=8).splitlines()

    assert "aaaaa…  "[:7] + "…" == lines[1]


def test_no_terminal():
    """
    Elsewhere nothing is cut, also what comes after the columns were measured.
    """
    rows = [("a", 1)] * 300 + [("b" * 50, 2)]

    lines = written(rows).splitlines()

    assert "b" * 50 + "       2" == lines[-1]


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_streams(form):
    """
    Rows are written as they come, so that there may be any number of them.
    """
    taken = count()
    rows = ((f"user {number}", number) for number in taken)
    lines = _tables._FORMS[form](Console(), COLUMNS, rows)

    assert 500 == len([*islice(lines, 500)])
    assert next(taken) <= 501


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (12, "12"),
        (Origin.LOGIN, "login"),
        (WHEN.astimezone(dt.timezone(dt.timedelta(hours=2))), "2026-05-31 12:30"),
        ({"a": [1]}, '{"a": [1]}'),
        ("Zoë", "Zoë"),
        ("a\nb", "a\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\u202eabc", "\\u202eabc"),
    ],
)
def test_shown_text(value, expected):
    """
    Values are on one line, and cannot steer the terminal.
    """
    assert expected == shown_text(value)


def test_json():
    """
    JSON is an array of objects in ASCII.
    """
    text = written([("Zoë\x1b", WHEN), (None, Origin.LOGIN)], "json")

    assert text.isascii()
    assert [
        {"user_name": "Zoë\x1b", "number": "2026-05-31T12:30:15.000005+00:00"},
        {"user_name": None, "number": "login"},
    ] == json.loads(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-12, "-12"),
        (-1.5, "-1.5"),
        (WHEN, "2026-05-31T12:30:15.000005+00:00"),
        (Origin.LOGIN, "login"),
        ({"a": 1}, '{"a": 1}'),
        ('plain, and "quoted"', 'plain, and "quoted"'),
        ("=1+1", "'=1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20SUM(1)", "'\uff20SUM(1)"),
        ("+49", "'+49"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "\\t=1"),
        ("\x1b[2J", "\\x1b[2J"),
    ],
)
def test_csv(value, expected):
    """
    CSV is read as it was written, and holds nothing a spreadsheet would compute.
    """
    text = written([(value, "")], "csv")

    header, row = csv.reader(io.StringIO(text))
    assert ["user_name", "number"] == header
    assert [expected, ""] == row
