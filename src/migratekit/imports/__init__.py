"""
Users in bulk: the files they come in, and what became of each row.
"""

from migratekit.imports._arrays import read_json
from migratekit.imports._auth0 import auth0_format
from migratekit.imports._jsonl import read_jsonl
from migratekit.imports._tables import read_csv
from migratekit.imports.report import MOST_ERRORS, ImportReport, RowError


__all__ = [
    "MOST_ERRORS",
    "ImportReport",
    "RowError",
    "auth0_format",
    "read_csv",
    "read_json",
    "read_jsonl",
]
