"""
Laws of the readers: what is written is read, and nothing makes them fail.
"""

import csv
import io
import json

from hypothesis import example, given
from hypothesis import strategies as st
from reading import KINDS, as_csv

from migratekit.imports import RowError, codes, read_csv, read_json, read_jsonl
from migratekit.imports._lines import ROW_BYTES
from migratekit.models import ImportRecord, StoredHash


READERS = {"jsonl": read_jsonl, "json": read_json, "csv": read_csv}

# A cell of CSV may be anything but empty, which is no cell.
texts = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(lambda text: text.strip() == text)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
).filter(lambda value: "inf" not in repr(value))
objects = st.dictionaries(st.text(max_size=8), values, max_size=3)
moments = st.datetimes(timezones=st.timezones() | st.none())

people = st.fixed_dictionaries(
    {"user_id": texts},
    optional={
        "email": texts,
        "username": texts,
        "email_verified": st.booleans(),
        "blocked": st.booleans(),
        "must_change_password": st.booleans(),
        "name": texts,
        "nickname": texts,
        "profile.key": texts,
        "user_metadata": objects,
        "app_metadata": objects,
        "created_at": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
        "password_hash": texts,
        "password_salt": texts,
        "password_format": texts,
    },
)


def expected(row):
    profile = {
        name.removeprefix("profile."): row[name]
        for name in ("name", "nickname", "profile.key")
        if name in row
    }
    password = None
    if "password_hash" in row:
        password = StoredHash(
            row["password_hash"],
            salt=row.get("password_salt"),
            format=row.get("password_format"),
        )
    plain = {
        name: row[name]
        for name in (
            *("user_id", "username", "email_verified", "blocked"),
            *("must_change_password", "user_metadata", "app_metadata"),
        )
        if name in row
    }
    return {
        "email": row.get("email"),
        "profile": profile,
        "password": password,
        **plain,
    }


@given(st.lists(people, max_size=5), st.sampled_from(sorted(KINDS)))
def test_round_trip(rows, kind):
    """
    What is written into a file of any kind is read from it.
    """
    write, read = KINDS[kind]
    data = write(rows) if rows or kind != "csv" else b"user_id"

    found = list(read(io.BytesIO(data)))

    assert len(rows) == len(found)
    for row, record in zip(rows, found, strict=True):
        assert isinstance(record, ImportRecord), record
        for name, value in expected(row).items():
            assert value == getattr(record, name), name
        if "created_at" in row:
            naive = record.created_at.replace(tzinfo=None)
            assert row["created_at"] == f"{naive.isoformat()}Z"


pieces = st.sampled_from(
    [
        b'{"user_id": "1"}',
        b'"user_id"',
        b"user_id,email,profile\n",
        b"1,a@example.com,{}\n",
        *(bytes([byte]) for byte in b'[]{}",:\\\n\r \t0n'),
        b"\xef\xbb\xbf",
        b"\xff",
        b"\xed\xa0\x80",
        b'"custom_password_hash": {"algorithm": "md5"}',
        b"NaN",
        b"\0",
    ]
)
noise = st.binary(max_size=200) | st.lists(pieces, max_size=30).map(b"".join)


class Chopped:
    def __init__(self, data, sizes):
        self.stream, self.sizes = io.BytesIO(data), iter(sizes)

    def read(self, size):
        return self.stream.read(next(self.sizes, size))


@given(noise, st.sampled_from(sorted(READERS)), st.lists(st.integers(1, 9)))
@example(b'[{"user_id": "1"}', "json", [])
@example(b'user_id\n"', "csv", [1])
def test_anything(data, kind, sizes):
    """
    Whatever a file holds, it gives records and errors, and raises nothing; where its
    pieces end does not matter.
    """
    found = list(READERS[kind](io.BytesIO(data)))

    for row in found:
        assert isinstance(row, ImportRecord | RowError)
        if isinstance(row, RowError):
            assert codes.MESSAGES[row.code] == row.message
            assert row.line >= 1
        else:
            assert row.line >= 1
    assert found == list(READERS[kind](Chopped(data, sizes)))


@given(noise, st.sampled_from(sorted(READERS)))
def test_anything_as_text(data, kind):
    """
    An open text file raises nothing, either, and shows nothing of what it could not
    decode.
    """
    file = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")

    for row in READERS[kind](file):
        assert isinstance(row, ImportRecord | RowError)


@given(
    st.text(st.sampled_from('a",;\n\r\\ 6')),
    st.sampled_from([None, b"\xff", b"x" * ROW_BYTES]),
)
def test_quoted_cells_are_no_rows(text, bad):
    """
    Nobody becomes somebody else by what is in a cell, even where a row is refused.
    """
    rows = [
        {"user_id": "1", "name": "a"},
        {"user_id": "2", "name": f"{text}\n66,mallory\n{text}"},
        {"user_id": "3", "name": "c"},
    ]
    data = as_csv(rows)
    if bad is not None:
        data = data.replace(b"66,mallory", bad + b"\n66,mallory\n66,mallory")

    found = list(read_csv(io.BytesIO(data)))

    ids = [row.user_id for row in found if isinstance(row, ImportRecord)]
    assert (["1", "2", "3"] if bad is None else ["1", "3"]) == ids
    assert 3 == len(found)


@given(st.lists(values, max_size=6))
def test_any_elements(elements):
    """
    An array has a row for each element, whatever it is; as many as lines would.
    """
    array = json.dumps(elements).encode()
    lines = "".join(f"{json.dumps(value)}\n" for value in elements).encode()

    found = list(read_json(io.BytesIO(array)))

    assert len(elements) == len(found)
    assert found == list(read_jsonl(io.BytesIO(lines)))


@given(st.lists(st.lists(texts, min_size=2, max_size=2), min_size=1, max_size=5))
def test_rows_as_python_reads_them(cells):
    """
    Rows end where Python's own module for CSV says.
    """
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["user_id", "name"], *cells])

    found = list(read_csv(io.BytesIO(file.getvalue().encode())))

    assert cells == [[row.user_id, row.profile["name"]] for row in found]
