"""
Files of JSON Lines, and files at all.
"""

import io
import tracemalloc
from pathlib import Path

import pytest
from reading import SHORT, as_jsonl, told

from migratekit.errors import ConfigurationError
from migratekit.imports import read_csv, read_json, read_jsonl
from migratekit.imports._lines import ROW_BYTES


READERS = [read_jsonl, read_json, read_csv]
ADA = b'{"user_id": "1", "email": "ada@example.com"}'


def read(data, **options):
    return told(read_jsonl(io.BytesIO(data), **options))


def test_lines():
    """
    Each line is a record; empty ones count and are left out.
    """
    data = b"\n" + ADA + b"\r\n \t\r\n\n" + b'{"user_id": 2}  \n{"user_id": "3"}'

    found = list(read_jsonl(io.BytesIO(data)))

    assert [(2, "1"), (5, "2"), (6, "3")] == [(row.line, row.user_id) for row in found]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b" \n\n"])
def test_nothing(data):
    """
    An empty file has nobody.
    """
    assert [] == read(data)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "INVALID_JSON"),
        (b"}", "INVALID_JSON"),
        (b"nonsense", "INVALID_JSON"),
        (b'{"user_id": "1"} {"user_id": "2"}', "INVALID_JSON"),
        (b'{"user_id": "1"},', "INVALID_JSON"),
        (b"{'user_id': '1'}", "INVALID_JSON"),
        (b'{"user_id": "1", "name": NaN}', "INVALID_JSON"),
        (b'{"user_id": "1", "name": -Infinity}', "INVALID_JSON"),
        (b'{"user_id": ' + b"9" * 5000 + b"}", "INVALID_JSON"),
        (b"[" * 100_000, "TOO_DEEP"),
        (b'{"user_id": "1\xff"}', "INVALID_ENCODING"),
        ('{"user_id": "1"}'.encode("utf-16"), "INVALID_ENCODING"),
        (b'{"user_id": "\xed\xa0\x80"}', "INVALID_ENCODING"),
        (b"[]", "INVALID_TYPE"),
        (b"null", "INVALID_TYPE"),
        (b'"text"', "INVALID_TYPE"),
        (b"12", "INVALID_TYPE"),
        (b'{"user_id": "1", "user_id": "2"}', "DUPLICATED_FIELD"),
        (b'{"user_id": "1", "profile": {"a": 1, "a": 2}}', "DUPLICATED_FIELD"),
        (b'{"a": "' + b"x" * ROW_BYTES + b'"}', "MAX_LENGTH"),
    ],
)
def test_misfits(line, code):
    """
    A line that is no object is an error, and reading goes on with the next.
    """
    data = b"\n".join([ADA, line, b'{"user_id": "3"}'])

    assert ["1", (2, code, None), "3"] == read(data)


def test_longest_line():
    """
    A line may have a mebibyte with its end, and no more.
    """
    start, end = b'{"user_id": "1", "name": "', b'"}\n'
    room = ROW_BYTES - len(start) - len(end)

    assert ["1"] == read(start + b"x" * room + end)
    assert [(1, "MAX_LENGTH", None)] == read(start + b"x" * (room + 1) + end)
    assert ["1"] == read(start + b"x" * (room + 1) + b'"}')


class Endless:
    """
    A file that has the same chunk, many times.
    """

    def __init__(self, chunk, times):
        self.chunk, self.times = chunk, times

    def read(self, size):
        self.times -= 1
        return self.chunk if self.times >= 0 else b""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("chunk", [b"x", b'"', b"[", b'["', b"\\", b" ", b'["a\\"'])
@pytest.mark.usefixtures("short_rows")
def test_memory(reader, chunk):
    """
    A row without an end takes no more memory than a row may.
    """
    start = b'[{"a": ' if reader is read_json else b"a"
    stream = Endless(chunk * (4096 // len(chunk)), 32)
    tracemalloc.start()
    errors = list(reader(Prefixed(start, stream)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert 1 <= len(errors) <= 2
    assert peak < 4 * SHORT
    assert stream.times < 0


class Prefixed:
    def __init__(self, start, stream):
        self.start, self.stream = start, stream

    def read(self, size):
        start, self.start = self.start, b""
        return start or self.stream.read(size)


# --- files -----------------------------------------------------------------------------

FILES = {
    read_jsonl: ADA + b'\n{"user_id": "\xc3\xbc"}\n',
    read_json: b"[" + ADA + b', {"user_id": "\xc3\xbc"}]',
    read_csv: b"user_id,email\n1,ada@example.com\n\xc3\xbc,\n",
}


@pytest.fixture(name="reader", params=READERS)
def _reader(request):
    return request.param


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_paths(reader, tmp_path, mark):
    """
    A file may be given by its path, with a byte order mark or without.
    """
    path = tmp_path / "users"
    path.write_bytes(mark + FILES[reader])

    for file in (path, str(path)):
        assert ["1", "ü"] == told(reader(file))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_open_files(reader, tmp_path, mark):
    """
    An open file may be binary or text, is read from where it stands, and stays open.
    """
    path = tmp_path / "users"
    path.write_bytes(b"!" + mark.encode() + FILES[reader])
    text = mark + FILES[reader].decode()

    with path.open("rb") as file:
        file.read(1)
        assert ["1", "ü"] == told(reader(file))
        assert not file.closed
    with path.open(encoding="utf-8", newline="") as file:
        file.read(1)
        assert ["1", "ü"] == told(reader(file))
    latin = io.TextIOWrapper(
        io.BytesIO(FILES[reader].decode().encode("latin-1")), encoding="latin-1"
    )
    assert ["1", "ü"] == told(reader(latin))
    assert ["1", "ü"] == told(reader(io.StringIO(text, newline="")))


class Slow:
    """
    A file that gives a byte at a time.
    """

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def read(self, size):
        return self.data.read(1)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_by_byte(reader, mark):
    """
    Where a chunk ends does not matter.
    """
    assert ["1", "ü"] == told(reader(Slow(mark + FILES[reader])))


def test_text_of_another_encoding(reader):
    """
    A text file that is none ends with an error, which shows nothing of it.
    """
    data = FILES[reader].decode().encode("latin-1")
    file = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")

    assert [(1, "INVALID_ENCODING", None)] == told(reader(file))


def test_surrogates(reader):
    """
    Text with lone surrogates is no UTF-8.
    """
    text = FILES[reader].decode().replace("ü", "\udcfc")

    found = told(reader(io.StringIO(text, newline="")))

    line = 3 if reader is read_csv else 2
    assert ["1", (line, "INVALID_ENCODING", None)] == found


def test_lazy(reader, tmp_path):
    """
    Nothing is read before it is asked for, and the file is closed when nobody does.
    """
    path = tmp_path / "users"
    rows = reader(path)
    with pytest.raises(FileNotFoundError):
        next(rows)

    path.write_bytes(FILES[reader])
    rows = reader(path)
    assert "1" == next(rows).user_id
    rows.close()
    assert [] == list(rows)


@pytest.mark.parametrize("file", [None, 7, b"bytes", object(), [], Path])
def test_no_file(reader, file):
    """
    What is no file is refused.
    """
    with pytest.raises(ConfigurationError):
        list(reader(file))


class Odd:
    def __init__(self, answer):
        self.answer = answer

    def read(self, size):
        return self.answer


def test_odd_files(reader):
    """
    A file that has no bytes is refused; one that has none yet ends with an error.
    """
    with pytest.raises(ConfigurationError):
        list(reader(Odd([1])))
    assert [(1, "INVALID_ENCODING", None)] == told(reader(Odd(None)))


def test_many():
    """
    Records come one by one, whatever their number.
    """
    rows = [{"user_id": n, "name": "x" * (n % 300)} for n in range(3000)]

    assert [str(n) for n in range(3000)] == read(as_jsonl(rows))
