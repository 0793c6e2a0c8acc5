"""
JSON arrays.
"""

import io
import json

import pytest
from reading import SHORT, as_json, told

from migratekit.imports import read_json
from migratekit.imports._lines import ROW_BYTES


def read(text):
    data = text if isinstance(text, bytes) else text.encode()
    return told(read_json(io.BytesIO(data)))


ONE, TWO = '{"user_id": "1"}', '{"user_id": "2"}'


@pytest.mark.parametrize("text", ["[]", " [ ] ", "\n[\n]\n", "\ufeff[]"])
def test_nobody(text):
    """
    An empty array has nobody.
    """
    assert [] == read(text)


@pytest.mark.parametrize("form", ["[{},{}]", "[ {} , {} ]", "\n[\n{}\n,\n{}\n]\n"])
def test_forms(form):
    """
    Blanks do not matter.
    """
    assert ["1", "2"] == read(form.replace("{}", "%s") % (ONE, TWO))


def test_numbers():
    """
    The line of a record is its number in the array.
    """
    found = list(read_json(io.BytesIO(as_json([{"user_id": n} for n in range(5)]))))

    assert [1, 2, 3, 4, 5] == [row.line for row in found]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "INVALID_JSON"),
        ("  ", "INVALID_JSON"),
        ("{}", "INVALID_TYPE"),
        (ONE, "INVALID_TYPE"),
        ("null", "INVALID_TYPE"),
        ("nonsense", "INVALID_TYPE"),
        ("[", "INVALID_JSON"),
        ("[,]", "INVALID_JSON"),
        ("[}", "INVALID_JSON"),
        ("[ nonsense ]", "INVALID_JSON"),
        ("[]]", "INVALID_JSON"),
        ("[] []", "INVALID_JSON"),
        ("[" * 100_000, "INVALID_JSON"),
    ],
)
def test_no_array(text, code):
    """
    What is no array ends with an error.
    """
    assert [(1, code, None)] == read(text)


@pytest.mark.parametrize(
    "rest",
    [
        "",
        ",",
        ",]",
        ", ]",
        ", nonsense]",
        ', {"user_id": "2"',
        ', {"user_id": "2',
        ', {"user_id": "2\\',
        ", {user_id: 2}, " + TWO + "]",
        ", {'user_id': 2}, " + TWO + "]",
        ", NaN, " + TWO + "]",
        ', {"user_id": "2", }, ' + TWO + "]",
        ', {"user_id": "2"]]',
        ', {"user_id": ' + "9" * 5000 + "}, " + TWO + "]",
        " " + TWO + "]",
        "}",
        "]]",
        "] " + TWO,
        "]\x00",
    ],
)
def test_broken(rest):
    """
    Where it is no JSON any more, the file ends with an error.
    """
    assert ["1", (2, "INVALID_JSON", None)] == read(f"[{ONE}{rest}")


@pytest.mark.parametrize(
    ("element", "code"),
    [
        (b"[]", "INVALID_TYPE"),
        (b"12", "INVALID_TYPE"),
        (b"-1.5e3", "INVALID_TYPE"),
        (b"null", "INVALID_TYPE"),
        (b'"] , {"', "INVALID_TYPE"),
        (b'{"user_id": "2", "user_id": "3"}', "DUPLICATED_FIELD"),
        (b'{"user_id": "\xff"}', "INVALID_ENCODING"),
        (b'{"user_id": "\xed\xa0\x80"}', "INVALID_ENCODING"),
        (b"[" * 50_000 + b"]" * 50_000, "TOO_DEEP"),
        (b'{"a": ' * 50_000 + b'"\\"}"' + b"}" * 50_000, "TOO_DEEP"),
    ],
)
def test_misfits(element, code):
    """
    An element that is no record is an error, and reading goes on with the next.
    """
    data = b"[" + ONE.encode() + b"," + element + b"," + TWO.encode() + b"]"

    assert ["1", (2, code, None), "2"] == read(data)


@pytest.mark.parametrize("extra", [0, 20_000, 70_000])
@pytest.mark.parametrize(
    "padding", ["x", "\\", "]", "}", ",", "\\u0041", "ü", "{[", '\\"']
)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.usefixtures("short_rows")
def test_too_long(extra, padding, last):
    """
    An element over the limit is an error; whatever it holds, the next is read.
    """
    start, end = '{"user_id": "9", "name": "', '"}'
    padding = {"\\": "\\\\"}.get(padding, padding)
    room = SHORT - len(start) - len(end)
    fits = start + padding * (room // len(padding)) + end
    blown = start + padding * ((room + extra) // len(padding) + 1) + end
    rest = "]" if last else f", {TWO}]"
    after = [] if last else ["2"]

    assert ["1", "9", *after] == read(f"[{ONE}, {fits}{rest}")
    assert ["1", (2, "MAX_LENGTH", None), *after] == read(f"[{ONE}, {blown}{rest}")


def test_longest():
    """
    An element may have a mebibyte, and no more.
    """
    start, end = '{"user_id": "9", "name": "', '"}'
    fits = start + "x" * (ROW_BYTES - len(start) - len(end)) + end
    blown = fits.replace("x", "xx", 1)

    assert ["1", "9", "2"] == read(f"[{ONE}, {fits}, {TWO}]")
    assert ["1", (2, "MAX_LENGTH", None), "2"] == read(f"[{ONE}, {blown}, {TWO}]")


@pytest.mark.usefixtures("short_rows")
def test_too_long_by_depth():
    """
    What is long outside of strings is skipped, too.
    """
    blown = json.dumps({"user_id": "9", "a": [{"b": [1, 2, "]"]}] * 2_000})

    assert ["1", (2, "MAX_LENGTH", None), "2"] == read(f"[{ONE}, {blown}, {TWO}]")


def test_too_long_and_unending():
    """
    What is too long and has no end is one error, and the last.
    """
    blown = '{"user_id": "' + "x" * (2 * ROW_BYTES)

    assert ["1", (2, "INVALID_JSON", None)] == read(f"[{ONE}, {blown}")


class Pieces:
    def __init__(self, data, size):
        self.data, self.size = io.BytesIO(data), size

    def read(self, size):
        return self.data.read(self.size)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_pieces(size):
    """
    Where a piece of the file ends does not matter.
    """
    rows = [
        {"user_id": "ü\U0001f600", "name": 'a"b\\'},
        {"user_id": 12345},
        123456,
        {"user_id": "3", "profile": {"a": [True, None, -1.5e10]}},
    ]
    data = json.dumps(rows, ensure_ascii=False).encode()

    expected = ["ü\U0001f600", "12345", (3, "INVALID_TYPE", None), "3"]
    assert expected == told(read_json(Pieces(data, size)))


@pytest.mark.parametrize("size", [100_000, 65_536])
@pytest.mark.usefixtures("short_rows")
def test_escape_at_the_end_of_a_piece(size):
    """
    A backslash is with what stands behind it, in the next piece.
    """
    blown = '{"user_id": "9", "name": "' + '\\"' * 70_000 + '"}'
    for shift in (0, 1):
        data = f"[{' ' * shift}{ONE}, {blown}, {TWO}]".encode()

        expected = ["1", (2, "MAX_LENGTH", None), "2"]
        assert expected == told(read_json(Pieces(data, size)))
