"""
Ways to put records into files, and to read them again.
"""

import csv
import io
import json

from migratekit.imports import RowError, read_csv, read_json, read_jsonl


# What a row may have in the tests that must go far beyond it.
SHORT = 16 * 1024


def as_jsonl(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def as_json(rows):
    return json.dumps(rows, indent=1).encode()


def as_csv(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell_of(value) for name, value in row.items()})
    return file.getvalue().encode(errors="surrogatepass")


def cell_of(value):
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value


KINDS = {
    "jsonl": (as_jsonl, read_jsonl),
    "json": (as_json, read_json),
    "csv": (as_csv, read_csv),
}


def read_all(kind, rows, **options):
    """
    Return what becomes of *rows* in a file of a kind.
    """
    write, read = KINDS[kind]
    return list(read(io.BytesIO(write(rows)), **options))


def told(found):
    """
    Return the errors of what was read, as tuples, and the ids of the others.
    """
    return [
        (row.line, row.code, row.field) if isinstance(row, RowError) else row.user_id
        for row in found
    ]
