"""
Makes the database of a WordPress-like site, with users as such sites have them.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import attrs


_GIVEN: Final = (
    "Ada Alan Barbara Claude Donald Dorothy Edsger Frances Grace Hedy Joan Katherine "
    "Ken Konrad Leslie Margaret Niklaus Radia Rozsa Tony"
)
_FAMILY: Final = (
    "Lovelace Turing Liskov Shannon Knuth Vaughan Dijkstra Allen Hopper Lamarr Clarke "
    "Johnson Thompson Zuse Lamport"
)

_SCHEMA: Final = """
    CREATE TABLE wp_users (
        ID INTEGER PRIMARY KEY,
        user_login VARCHAR(60) NOT NULL UNIQUE,
        user_pass VARCHAR(255) NOT NULL,
        user_email VARCHAR(100) NOT NULL,
        user_registered DATETIME NOT NULL,
        user_status INTEGER NOT NULL DEFAULT 0,
        display_name VARCHAR(250) NOT NULL
    );
    CREATE TABLE wp_usermeta (
        umeta_id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL,
        meta_key VARCHAR(255),
        meta_value TEXT
    );
"""
_LETTERS: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS: Final = 13  # WordPress up to 6.7: 2 to the 13th


@attrs.frozen
class Person:
    """
    A row of ``wp_users``, and the password that only its owner knows.
    """

    number: int
    name: str
    login: str
    email: str
    password: str = attrs.field(repr=False)


@attrs.frozen
class People:
    """
    Who uses the site.

    Args:
        sound: Everybody with whom nothing is wrong; every fourth has an MD5 hash.
        twins: Two with the same e-mail, but for the letter case.
        broken: Has an e-mail that is none.
        blocked: May not log in.
    """

    sound: tuple[Person, ...]
    twins: tuple[Person, Person]
    broken: Person
    blocked: Person

    def __iter__(self) -> Iterator[Person]:
        return iter((*self.sound, *self.twins, self.broken, self.blocked))


def make_site(path: Path) -> People:
    """
    Make the database at *path*, and return who is in it.
    """
    people = _people()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        connection.executemany(
            "INSERT INTO wp_users VALUES (?, ?, ?, ?, ?, 0, ?)", map(_row, people)
        )
        connection.execute(
            "INSERT INTO wp_usermeta VALUES (1, ?, 'account_blocked', '1')",
            (people.blocked.number,),
        )
    return people


def _people() -> People:
    names = [
        f"{given} {family}" for family in _FAMILY.split() for given in _GIVEN.split()
    ]
    sound = tuple(_person(number, name) for number, name in enumerate(names, 1))
    last = len(sound)
    shared = "Office@Example.org"
    return People(
        sound,
        twins=(
            _person(last + 1, "Evelyn Boyd", email=shared),
            _person(last + 2, "Annie Easley", email=shared.upper()),
        ),
        broken=_person(last + 3, "Jean Bartik", email="jean.bartik(at)example.org"),
        blocked=_person(last + 4, "Mallory Malone"),
    )


def _person(number: int, name: str, *, email: str | None = None) -> Person:
    spellings = (str.title, str.lower, str.upper)
    spelling = spellings[number % len(spellings)]
    login = name.lower().replace(" ", ".")
    return Person(
        number,
        name,
        login,
        spelling(f"{login}@example.org") if email is None else email,
        f"{name.partition(' ')[0]} likes tea no. {number}",
    )


def _row(person: Person) -> tuple[object, ...]:
    day = f"2012-{person.number % 12 + 1:02}-{person.number % 28 + 1:02} 12:00:00"
    return (
        person.number,
        person.login,
        md5(person.password)
        if person.number % 4 == 0
        else phpass(person.password, _salt(person.login)),
        person.email,
        day,
        person.name,
    )


def _salt(login: str) -> str:
    # Not random, so that every demo makes the same database.
    return "".join(_LETTERS[byte % 64] for byte in _md5(login.encode())[:8])


def md5(password: str) -> str:
    """
    Return what WordPress stored before 2.5: a bare MD5 in hex.
    """
    return _md5(password.encode()).hex()


def phpass(password: str, salt: str) -> str:
    """
    Return what WordPress 2.5 to 6.7 stores: a portable hash of phpass.

    Args:
        password: What is hashed.
        salt: 8 letters of ``./0-9A-Za-z``.
    """
    digest = _md5(salt.encode() + password.encode())
    for _ in range(1 << _ROUNDS):
        digest = _md5(digest + password.encode())
    # 6 bits to a letter, the lowest first, three bytes at a time.
    text = ""
    for start in range(0, len(digest), 3):
        group = digest[start : start + 3]
        bits = int.from_bytes(group, "little")
        text += "".join(
            _LETTERS[bits >> 6 * place & 63] for place in range(len(group) + 1)
        )
    return f"$P${_LETTERS[_ROUNDS]}{salt}{text}"


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
