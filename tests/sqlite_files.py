"""
Looks into a SQLite file behind the back of whoever uses it.
"""

import sqlite3
from contextlib import closing


def dump(path):
    """
    Return all that is in a SQLite file, row by row.
    """
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())
