"""
What comes from a database or a file: stored hashes, rows, and files of users.
"""

import csv
import datetime as dt
import io
import itertools
import json
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import attrs
from fuzz_mutations import NASTY_OCTETS, NUMBERS, anything, octets, text


sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))

from vectors import load

from migratekit._columns import HASH, PROFILE_NAMES, USER
from migratekit.errors import UnusableHashError
from migratekit.formats.hasher import LegacyHasher
from migratekit.imports import auth0_format, codes, read_csv, read_json, read_jsonl
from migratekit.models import ImportRecord, RowError, StoredHash
from migratekit.passwords import format_of
from migratekit.sources._rows import columns_of, record_of, row_of
from migratekit.sources.products._php_array import php_array
from migratekit.testing import CHEAPEST


AUTH0 = auth0_format()
PEOPLE = (
    {"user_id": "1", "email": "ada@example.com", "email_verified": True, "name": "Ada"},
    {"user_id": 2, "username": "bob", "created_at": "2020-01-01T00:00:00Z"},
    {"user_id": "3", "email": "c@d", "user_metadata": {"a": [1, {"b": None}]}},
    {"user_id": "4", "email": "d@e", "blocked": "no", "created_at": 1600000000},
    {"user_id": "5", "email": "e@f", "password_hash": "$2b$04$x", "password_salt": "s"},
    {
        "user_id": "6",
        "email": "f@g",
        "custom_password_hash": {
            "algorithm": "pbkdf2",
            "hash": {
                "value": "$pbkdf2-sha256$i=5,l=4$c2FsdA$aGFzaA",
                "encoding": "utf8",
            },
        },
    },
    {
        "user_id": "7",
        "email": "g@h",
        "custom_password_hash": {
            "algorithm": "md5",
            "hash": {"value": "5f4dcc3b5aa765d61d8327deb882cf99", "encoding": "hex"},
            "salt": {"value": "c2FsdA", "encoding": "base64", "position": "prefix"},
        },
    },
    {
        "user_id": "8",
        "email": "h@i",
        "custom_password_hash": {
            "algorithm": "scrypt",
            "hash": {"value": "c2FsdA==", "encoding": "base64"},
            "salt": {"value": "73616c74", "encoding": "hex"},
            "cost": 2,
            "blockSize": 1,
            "parallelization": 1,
            "keylen": 4,
        },
    },
)


def lines(people):
    return "".join(f"{json.dumps(it)}\n" for it in people).encode()


def array(people):
    return json.dumps(people, indent=1).encode()


def table(people):
    names = list(dict.fromkeys(name for it in people for name in it))
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(names)
    for it in people:
        cells = (it.get(name) for name in names)
        writer.writerow(json.dumps(c) if isinstance(c, dict) else c for c in cells)
    return file.getvalue().encode()


OTHER_FILES = (b"", b"[]", b"user_id\n", b"\xef\xbb\xbf", b'"user_id";"email"\n1;2\n')
FILES = {
    name: tuple(write(PEOPLE[i : i + n]) for i in range(len(PEOPLE)) for n in (1, 2))
    + OTHER_FILES
    for name, write in (("jsonl", lines), ("json", array), ("csv", table))
}
# A file may have any number; how long each takes is what counts.
MOST_ROWS = 100
READERS = {"jsonl": read_jsonl, "json": read_json, "csv": read_csv}


def draw_file(name):
    return lambda chance: octets(chance, FILES[name])


def take_file(name):
    def take(data):
        found = list(itertools.islice(READERS[name](io.BytesIO(data)), MOST_ROWS))
        for row in found:
            if isinstance(row, RowError):
                assert codes.MESSAGES[row.code] == row.message
            else:
                assert isinstance(row, ImportRecord)
        errors = sum(isinstance(row, RowError) for row in found)
        return f"{min(errors, 1)} refused" if found else "empty"

    return take


# --- Stored hashes --------------------------------------------------------------------

VECTORS = load("public.jsonl")
TEXTS = tuple(vector.stored.text for vector in VECTORS)
FORMATS = tuple({id(v.legacy_format): v.legacy_format for v in VECTORS}.values())
OWN = CHEAPEST.hash("nobody's")
HASHER = LegacyHasher(CHEAPEST, AUTH0)


def _sealed():
    for person in PEOPLE:
        (record,) = read_jsonl(io.BytesIO(lines([person])))
        if record.password is not None:
            try:
                yield HASHER.admit(record.password)
            except UnusableHashError:
                continue


BESIDE = tuple(field.name for field in attrs.fields(StoredHash))[1:]
STORED = (*TEXTS, *(OWN, *_sealed()) * 40)


def draw_hash(chance):
    stored = StoredHash(
        text(chance, STORED),
        salt=chance.choice(
            (None, None, "salt", b"\xff", text(chance, ("salt", "73616c74")))
        ),
        username=chance.choice((None, None, "ada", "")),
        format=chance.choice((None, None, "bcrypt", "auth0", "")),
    )
    return attrs.astuple(stored), chance.sample(range(len(FORMATS)), 3)


def take_hash(drawn):
    """
    Any text can be looked at; to what cannot be verified there is one answer.
    """
    columns, numbers = drawn
    stored = StoredHash(columns[0], **dict(zip(BESIDE, columns[1:], strict=True)))
    label = format_of(stored.text)
    assert label.isascii()
    assert 0 < len(label) <= 64
    for hasher in (CHEAPEST, HASHER):
        assert type(hasher.needs_rehash(stored.text)) is bool
        assert type(hasher.is_upgrade(stored.text)) is bool
    for number in numbers:
        assert type(FORMATS[number].identify(stored)) is bool
    assert type(HASHER.admit(stored)) is str
    return "admitted"


# --- Rows of a database ---------------------------------------------------------------

NAMES = (*USER, *HASH, *PROFILE_NAMES, "profile.x", "other")
COLUMNS = columns_of(None)
CELLS = (
    *(None, "1", 1, b"1", bytearray(b"x"), memoryview(b"\xff"), True, 0, 1.5, -0.0),
    *(Decimal(1), Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999")),
    *(
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        dt.date(1, 1, 1),
        dt.time(1),
        dt.timedelta(1),
    ),
    *(
        dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-14))),
        uuid.UUID(int=1),
    ),
    *(
        '{"a": 1}',
        "0000-00-00 00:00:00",
        "2020-01-01",
        "yes",
        "\0",
        "[" * 9999,
        object(),
    ),
    *NUMBERS,
    *NASTY_OCTETS[:40],
)


def draw_row(chance):
    names = ["user_id", *chance.sample(NAMES, chance.randrange(len(NAMES)))]
    names = list(dict.fromkeys(names))
    cells = [
        chance.choice(CELLS) if chance.random() < 0.7 else anything(chance, ("a", "1"))
        for _ in names
    ]
    return names, cells


def take_row(drawn):
    """
    A row is a record, or an error that says why not.
    """
    names, cells = drawn
    found = record_of(row_of(COLUMNS.targets(names), cells), 1)
    assert isinstance(found, ImportRecord | RowError)
    return type(found).__name__


PHP = (
    b'a:2:{s:9:"algorithm";s:4:"hmac";s:4:"hash";s:3:"a"b";}',
    b'a:3:{i:0;i:-5;s:1:"a";N;s:1:"b";b:1;}',
    b"a:0:{}",
)


def draw_php(chance):
    return octets(chance, PHP)


def take_php(data):
    assert type(php_array(data)) is dict
    return "read"
