"""
CSV.
"""

import io

import pytest
from reading import told

from migratekit.errors import ConfigurationError
from migratekit.imports import read_csv
from migratekit.imports._lines import ROW_BYTES


def read(text, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return told(read_csv(io.BytesIO(data), **options))


def records(text, **options):
    return list(read_csv(io.BytesIO(text.encode()), **options))


def test_rows():
    """
    Each row is a record; its line is that in which it begins.
    """
    found = records(
        'user_id,name,user_metadata\r\n1,"Ada, ""Countess""","{""a"": ""b""}"\r\n'
        '2,"two\r\nlines",\r\n\r\n\n3,,'
    )

    assert [(2, "1"), (3, "2"), (7, "3")] == [(row.line, row.user_id) for row in found]
    assert [
        {"name": 'Ada, "Countess"'},
        {"name": "two\r\nlines"},
        {},
    ] == [row.profile for row in found]
    assert {"a": "b"} == found[0].user_metadata


def test_header_in_any_case():
    """
    Columns are known by their names in any case, with blanks around.
    """
    (record,) = records("User_ID, EMAIL ,Given_Name,Other\n1,a@example.com,Ada,x\n")

    assert ("1", "a@example.com", {"given_name": "Ada"}) == (
        record.user_id,
        record.email,
        record.profile,
    )


def test_columns():
    """
    Columns of other names are mapped; what is mapped is not read from elsewhere.
    """
    columns = {"ID": "user_id", "Mail": "email", "Tel": "profile.phone"}
    text = "id,user_id,mail,TEL,pass\n1,9,a@example.com,1815,x\n"

    (record,) = records(text, columns={**columns, "pass": "password_hash"})

    assert ("1", "a@example.com", {"phone": "1815"}) == (
        record.user_id,
        record.email,
        record.profile,
    )
    assert "x" == record.password.text


@pytest.mark.parametrize("id_field", ["MAIL", "email", "Email"])
def test_id_of_a_mapped_column(id_field):
    """
    The column of the id may be mapped to something else besides.
    """
    (record,) = records(
        "mail,user_id\na@example.com,9\n", columns={"Mail": "email"}, id_field=id_field
    )

    assert ("a@example.com", "a@example.com") == (record.user_id, record.email)


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        ("", {}, (1, "OBJECT_REQUIRED", "user_id")),
        ("\n\n", {}, (1, "OBJECT_REQUIRED", "user_id")),
        ("email\na@example.com\n", {}, (1, "OBJECT_REQUIRED", "user_id")),
        ("\n\nemail\n1\n", {}, (3, "OBJECT_REQUIRED", "user_id")),
        ("user_id\n1", {"id_field": "uid"}, (1, "OBJECT_REQUIRED", "uid")),
        ("", {"id_field": "uid"}, (1, "OBJECT_REQUIRED", "uid")),
        (
            "user_id\n1",
            {"columns": {"mail": "email"}},
            (1, "OBJECT_REQUIRED", "email"),
        ),
        ("user_id,email,Email\n1,a,b", {}, (1, "DUPLICATED_FIELD", "email")),
        ("user_id,user_id\n1,2", {}, (1, "DUPLICATED_FIELD", "user_id")),
        (
            "user_id,Mail,mail\n1,a,b",
            {"columns": {"mail": "email"}},
            (1, "DUPLICATED_FIELD", "email"),
        ),
        ('user_id,"na"me\n1,2', {}, (1, "INVALID_CSV", None)),
        (b"user_id,\xff\n1,2", {}, (1, "INVALID_ENCODING", None)),
        ("x" * (ROW_BYTES + 1) + "\n1", {}, (1, "MAX_LENGTH", None)),
    ],
)
def test_header(text, options, problem):
    """
    Without a header that can be used, no row means anything.
    """
    assert [problem] == read(text, **options)


def test_header_alone():
    """
    A header without rows has nobody.
    """
    assert [] == read("user_id,email\n")


def test_unknown_columns_twice():
    """
    Columns that are ignored may be there any number of times.
    """
    assert ["1"] == read("x,user_id,x,\n1,1,2,3\n")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b"2", "FIELD_COUNT"),
        (b"2,b,c", "FIELD_COUNT"),
        (b"2,\xff", "INVALID_ENCODING"),
        (b'2,"a"b', "INVALID_CSV"),
        (b'2,"a\n"b', "INVALID_CSV"),
        (b"2,a\rb", "INVALID_CSV"),
        (b'2,a"b\n5,"', "INVALID_CSV"),
        (b"2," + b"x" * 140_000, "INVALID_CSV"),
        (b"2," + b"x" * ROW_BYTES, "MAX_LENGTH"),
    ],
)
def test_misfits(row, code):
    """
    A row that is none is an error, and reading goes on with the next.
    """
    found = read(b"user_id,name\n1,a\n" + row + b"\n3,c\n")

    assert ["1", (3, code, None), "3"] == found


@pytest.mark.parametrize(
    "cell",
    [
        "x" * (2 * ROW_BYTES) + "\n66,mallory\n67,mallory",
        "x\n66,mallory\n" + "x" * (2 * ROW_BYTES) + "\n67,mallory\n",
        ("x" * 1000 + "\n66,mallory\n") * 2000,
        "a\xff\n66,mallory\n",
        '""\n66,mallory\n""\n',
        "x" * 140_000 + "\n66,mallory\n",
    ],
)
def test_nobody_writes_rows_into_their_profile(cell):
    """
    What stands in quotes is no row, however wrong its row is.
    """
    text = f'user_id,name\n1,a\n2,"{cell}"\n3,c\n'

    found = read(text.encode("latin-1"))

    assert "66" not in found
    assert "67" not in found
    assert "1" == found[0]
    assert "3" == found[-1]
    assert 3 == len(found)


def test_open_quote():
    """
    A quote that is not closed ends the file with an error.
    """
    assert ["1", (3, "INVALID_CSV", None)] == read('user_id,name\n1,a\n2,"b\n3,c\n')


def test_delimiter():
    """
    Cells may be divided by something else than commas.
    """
    assert ["1", "2"] == read("user_id;name\n1;a,b\n2;c\n", delimiter=";")
    assert ["1"] == read("user_id\tname\n1\ta\n", delimiter="\t")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r", " ", "\0"])
def test_no_delimiter(delimiter):
    """
    A delimiter is one character of its own.
    """
    with pytest.raises(ConfigurationError):
        read_csv(io.BytesIO(b""), delimiter=delimiter)


@pytest.mark.parametrize(
    "columns",
    [
        {"a": "nonsense"},
        {"a": "profile."},
        {"a": "email", "b": "email"},
        {"a": "email", "A": "username"},
    ],
)
def test_no_mapping(columns):
    """
    A mapping that makes no sense is refused at once.
    """
    with pytest.raises(ConfigurationError):
        read_csv(io.BytesIO(b""), columns=columns)


def test_mapped_custom_hash():
    """
    The hash of an Auth0 import may stand in a cell, as JSON.
    """
    text = 'user_id,hash\n1,"{""algorithm"": ""bcrypt"", ""hash"": {""value"": ""x""}}"'

    (record,) = records(text, columns={"hash": "custom_password_hash"})

    assert ("x", "bcrypt") == (record.password.text, record.password.format)
