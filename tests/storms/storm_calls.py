"""
What happened in a storm: who was asked what, from when to when, and what they answered.
"""

import hashlib
import sqlite3
from contextlib import closing

import attrs


LEGACY = "p0"
PASSWORDS = (LEGACY, "p1", "p2", "p3")


@attrs.frozen
class Person:
    """
    A user of the legacy source, by number; every name of theirs follows from it.
    """

    number: int

    @property
    def email(self):
        return f"p{self.number}@storm.example"

    @property
    def username(self):
        return f"user{self.number}"

    @property
    def legacy_id(self):
        return f"shop|{self.number}"

    @property
    def second_email(self):
        return f"p{self.number}@moved.example"

    @property
    def prize(self):
        """
        An address that four people want.
        """
        return f"prize{self.number // 16}@storm.example"

    @property
    def emails(self):
        return {self.email, self.second_email, self.prize}


@attrs.frozen
class Shown:
    """
    What a call showed of a user; *migrated* only if it was a login.
    """

    user_id: str
    legacy_id: str | None
    email: str | None
    origin: str
    migrated: bool | None = None


@attrs.frozen
class Call:
    """
    One call about one person.

    *begin* and *end* are of CLOCK_MONOTONIC, which is one clock for all processes.
    *answer* is a `Shown`, a token, or None; *error* the name of the error's class.
    """

    person: int
    name: str
    args: tuple = ()
    begin: float = 0.0
    end: float = 0.0
    answer: object = None
    error: str | None = None

    @property
    def is_done(self):
        return self.error is None


@attrs.frozen
class Import:
    """
    One import: how many rows it was given, and its report's figures.
    """

    rows: int
    inserted: int = 0
    already_migrated: int = 0
    conflicts: int = 0
    invalid: int = 0


@attrs.frozen
class Stored:
    """
    A user as the store has them in the end; *passwords* are those that match.
    """

    user_id: str
    legacy_id: str | None
    email: str
    username: str | None
    origin: str
    blocked: bool
    passwords: tuple


def digest(password):
    """
    Return the hash that the legacy source has of *password*.
    """
    return hashlib.sha256(password.encode()).hexdigest()


def make_legacy(path, people):
    """
    Make the legacy database.
    """
    rows = [(p.number, p.email, p.username, digest(LEGACY)) for p in people]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL").close()
        connection.execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE,"
            " username TEXT UNIQUE, pass TEXT)"
        )
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", rows)
