"""
What a test needs to know of a product: its schema, its people, and what is expected.
"""

import base64
import functools
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import bcrypt

from migratekit.sources.sql import SQLSource


THEN = 1_577_934_245
THEN_TEXT = "2020-01-02 03:04:05"
THEN_ISO = "2020-01-02T03:04:05+00:00"
PAST, FUTURE = "2001-01-01 00:00:00", "2999-01-01 00:00:00"
PAST_EPOCH, FUTURE_EPOCH = 978_307_200, 2_145_916_800
VECTORS = Path(__file__).parents[2] / "vectors" / "public.jsonl"

Rows = dict[str, dict[str, Any]]


@attrs.frozen
class Somebody:
    """
    A user whose row differs from the usual one.

    Args:
        label: Their username, and their e-mail in front of ``@example.com``.
        changes: What differs, by column.
        more: Further rows, by table; a ``#`` in a value is their number.
        expected: Fields of the user; None if they are nobody.
        logs_in: Whether the right password does.
        password: Theirs; a hash is made of it, unless *changes* has one.
    """

    label: str
    changes: Mapping[str, Any] = attrs.field(factory=dict)
    more: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    expected: Mapping[str, Any] | None = attrs.field(factory=dict)
    logs_in: bool = True
    password: str = "secret of somebody"


@attrs.frozen(kw_only=True)
class Case:
    """
    A product, or one way to configure it.

    Args:
        name: Of its function.
        label: Of the test, if there are several.
        make: Gives the source, of an engine or URL.
        ddl: The schema by backend; for SQLite it is that of the first.
        person: Gives the rows of a user, by table.
        hashed: Gives what *person* takes for a hash.
        fixed: Rows that are there anyway.
        ada: What is expected of an ordinary user.
        others: All kinds of users.
        vectors: Stored hashes of others, as *person* takes them, with passwords.
        username: Whether there are usernames.
        twice: Whether the schema lets two users have one e-mail.
        schema: The schema of the tables in PostgreSQL.
        upper: Whether the tables have upper-case names in MySQL.
        grants: The title of the GRANTs in the how-to; None if it has no server's test.
    """

    name: str
    label: str = ""
    make: Callable[..., SQLSource]
    ddl: dict[str, str]
    person: Callable[[int, str, str, Any], Rows]
    hashed: Callable[[str], Any]
    fixed: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    ada: Mapping[str, Any]
    others: tuple[Somebody, ...]
    vectors: tuple[tuple[Any, str], ...] = ()
    username: bool = True
    twice: bool = False
    schema: str | None = None
    upper: bool = False
    grants: str | None = attrs.Factory(lambda self: self.name, takes_self=True)

    def __str__(self):
        return f"{self.name}-{self.label}" if self.label else self.name

    def statements(self, backend):
        if backend == "sqlite":
            text = next(iter(self.ddl.values()))
            text = re.sub(r"\b(CHARACTER SET|COLLATE) \w+", "", text)
            text = re.sub(r"\bunsigned\b", "", text)
        else:
            text = self.ddl[backend]
        return [statement for statement in text.split(";") if statement.strip()]

    def rows(self):
        """
        Return all rows, those of one user behind those of another.
        """
        yield from self.fixed
        people = [("Ada", "Ada@Example.com", self.hashed("correct horse"), {}, ())]
        if self.username:
            people.append(
                ("ada@example.com", "mallory@example.com", self.hashed("mine!"), {}, ())
            )
        for other in self.others:
            stored = self.hashed(other.password)
            email = f"{other.label}@example.com"
            people.append((other.label, email, stored, other.changes, other.more))
        people.extend(
            (f"elder{number}", f"elder{number}@example.com", stored, {}, ())
            for number, (stored, _) in enumerate(self.vectors)
        )
        for number, (name, email, stored, changes, more) in enumerate(people, 11):
            yield from self.rows_of(number, name, email, stored, changes, more)

    def rows_of(self, number, name, email, stored, changes=(), more=()):
        person = self.person(number, name, email, stored)
        left = dict(changes)
        for table, usual in person.items():
            row = {key: left.pop(key, value) for key, value in usual.items()}
            if row.get("", 0) is not None:
                row.pop("", None)
                yield table, row
        assert not left
        for table, row in more:
            values = {k: number if v == "#" else v for k, v in row.items()}
            yield table, values


def b64(data):
    return base64.b64encode(data).decode()


def bcrypted(password, prefix=b"2b"):
    data = password.encode() if isinstance(password, str) else password
    text = bcrypt.hashpw(data[:72], bcrypt.gensalt(4)).decode()
    return text.replace("$2b$", f"${prefix.decode()}$", 1)


def php(password):
    return bcrypted(password, b"2y")


def wordpress_68(password):
    key = hmac.digest(b"wp-sha384", password.strip().encode(), "sha384")
    return "$wp" + php(b64(key))


def mediawiki_b(password):
    inner = hashlib.md5(password.encode()).hexdigest()
    return ":B:1a2b:" + hashlib.md5(f"1a2b-{inner}".encode()).hexdigest()


def vbulletin_3(password):
    inner = hashlib.md5(password.encode()).hexdigest()
    return hashlib.md5(f"{inner}s#;".encode()).hexdigest(), "s#;"


def vbulletin_5(password):
    return php(hashlib.md5(password.encode()).hexdigest()), "blowfish:4"


def magento_1(password):
    return hashlib.md5(f"ab{password}".encode()).hexdigest() + ":ab"


def magento_2(password):
    return hashlib.sha256(f"ab{password}".encode()).hexdigest() + ":ab:1"


def django_pbkdf2(password):
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 100)
    return f"pbkdf2_sha256$100$salt${b64(key)}"


def keycloak_row(password):
    salt = b"0123456789abcdef"
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 100)
    return (
        json.dumps({"value": b64(key), "salt": b64(salt), "additionalParameters": {}}),
        json.dumps({"hashIterations": 100, "algorithm": "pbkdf2-sha512"}),
    )


def discourse_row(password):
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), b"5a17", 100)
    return key.hex(), "5a17", "$pbkdf2-sha256$i=100,l=32$"


def flask_security_bcrypt(salt):
    def hashed(password):
        return bcrypted(b64(hmac.digest(salt.encode(), password.encode(), "sha512")))

    return hashed


def peppered(pepper):
    return lambda password: bcrypted(password + pepper)


def symfony_md5(password):
    return hashlib.md5(f"{password}{{s4lt}}".encode()).hexdigest(), "s4lt"


def serialized(**fields):
    """
    Return what PHP's serialize() gives for an array of texts.
    """
    items = "".join(
        f's:{len(key.encode())}:"{key}";s:{len(value.encode())}:"{value}";'
        for key, value in fields.items()
    )
    return f"a:{len(fields)}:{{{items}}}"


def xenforo_12(password):
    return "XF:Core12", serialized(hash=php(password))


@functools.cache
def _vectors():
    lines = map(json.loads, VECTORS.read_text().splitlines())
    return {line["id"]: line for line in lines}


def vector(name):
    """
    Return the stored text or row of a vector, and its password.
    """
    line = _vectors()[name]
    assert line["expect"] == "match"
    return line["stored"], line["password"]
