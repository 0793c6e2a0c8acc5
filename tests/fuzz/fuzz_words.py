"""
What is typed, and what is configured: identifiers, passwords, tokens and settings.
"""

import datetime as dt
import sys
from pathlib import Path

import attrs
from fuzz_mutations import anything, text


sys.path.insert(0, str(Path(__file__).parents[1]))

from world import KEY

from migratekit import Connection, MigrationPolicy, Validator
from migratekit._signing import TokenSigner
from migratekit._tokens import Claims, Sealed
from migratekit.models import Identifier, Origin, User
from migratekit.password_rules import PasswordRules
from migratekit.passwords import Argon2Hasher, normal_form
from migratekit.sources import NoopSource
from migratekit.sources.http._answers import conditions_of, path_of, statuses_of
from migratekit.sources.http._fields import fields_of
from migratekit.sources.http._questions import place_of
from migratekit.sources.ldap._entries import attributes_of
from migratekit.sources.ldap._terms import dn_pattern, filter_template, server_of
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.validation import (
    canonical,
    is_possible_password,
    loosely,
    spellings,
)


IDENTIFIERS = (
    *("ada@example.com", "Ada.Lovelace+x@Example.COM", "ada", "ADA LOVELACE"),
    *("ada@b\u00fccher.example", "ada@xn--bcher-kva.example", "\u00e5ngstr\u00f6m"),
    *(
        "a\u030angstr\u006f\u0308m",
        '"a b"@example.com',
        "ada@[192.0.2.1]",
        "a@[IPv6:::1]",
    ),
    *("\u7528\u6237@\u4f8b\u5b50.\u6d4b\u8bd5", "ada@example", "a@b@c", " ada ", "@"),
    "x" * 64 + "@" + ".".join(["y" * 60] * 4),
    "\u00fc" * 100 + "@" + ".".join(["\u00fc" * 20] * 8),
    # Of which eighteen characters are made, each.
    "\ufdfa" * 320,
)
SHORT_PASSWORDS = (
    *("correct horse battery staple", "password", "P\u00e4ssword1", "pa\u0308ss word"),
    *("\U0001f40e\U0001f50b", "12345678", "q" * 72, "\u0378\u0301abcdefg"),
    "\u1e9bx\u0323",
)
PASSWORDS = (
    *SHORT_PASSWORDS * 4,
    *("x" * 4096, "\u00e9" * 2048, "e\u0301" * 1300, "\u1100\u1161\u11a8" * 400),
)
OTHERS = (None, True, 5, 1.5, b"ada@example.com", ["ada"], {"$ne": None}, ("a", "b"))
POLICIES = (MigrationPolicy(), MigrationPolicy(requires_username=True))
VALIDATORS = (Validator(), Validator(internationalized_local_part=True))


def typed(chance, examples):
    """
    Return text, or now and then what is none.
    """
    return chance.choice(OTHERS) if chance.random() < 0.03 else text(chance, examples)


def draw_identifier(chance):
    return (
        typed(chance, IDENTIFIERS),
        chance.choice(POLICIES),
        chance.choice(VALIDATORS),
    )


def take_identifier(drawn):
    """
    A form is its own form, whatever else it is; what has none is a violation.
    """
    value, policy, validator = drawn
    if type(value) is str:
        user = User(id="1", origin=Origin.LOGIN, email=value, username=value)
        assert all(
            type(it.code) is str for it in validator.examine(user, policy).violations
        )
    canonical_of_1 = canonical(value, strategy_version=1)
    assert canonical(canonical_of_1.value, strategy_version=1) == canonical_of_1
    form = canonical(value)
    assert type(form) is Identifier
    assert canonical(form.value) == form
    assert form.value in spellings(form)
    assert type(loosely(form.value)) is str
    return "accepted"


RULES = (PasswordRules(), PasswordRules(minimum_length=15, common=False))
OWN = CHEAPEST.hash("nobody's \u2603 at all")


def draw_password(chance):
    return typed(chance, PASSWORDS)


def take_password(value):
    """
    What is possible can be judged, hashed and compared.
    """
    if not is_possible_password(value):
        return "impossible"
    assert normal_form(normal_form(value)) == normal_form(value)
    for rules in RULES:
        assert type(rules(value)) is tuple
    assert CHEAPEST.verify(value, OWN) is False
    return "possible"


SIGNER = TokenSigner(Sealed(KEY))
CLAIMS = (
    Claims(purpose="reset", user_id="u", state="ab" * 32, expires_at=2**31),
    Claims(purpose="must_change", legacy_id="shop|1", identifier="a@b", expires_at=5),
    Claims(purpose="reset", legacy_id="x" * 255, identifier="y" * 320, expires_at=5),
)
TOKENS = (
    *map(SIGNER.sign, CLAIMS),
    *map(TokenSigner(Sealed("another key of the tests")).sign, CLAIMS),
    *("a.b", ".", ".a.b", "eyJhIjoxfQ.x", ".eJw.x"),
)


def draw_token(chance):
    return typed(chance, TOKENS)


def take_token(value):
    """
    Whatever is read was signed by us.
    """
    claims = SIGNER.read(value)
    assert claims is None or claims in CLAIMS, claims
    return "refused" if claims is None else "read"


# --- Through the door -----------------------------------------------------------------


class QuickHasher:
    """
    Hashes nothing, as the doors are what is looked for faults here.
    """

    def hash(self, password, /):
        return f"quick {password}"

    def verify(self, password, encoded, /):
        return encoded == f"quick {password}"

    def needs_rehash(self, encoded, /):
        return not encoded.startswith("quick ")


def connection():
    made = Connection(
        MemoryStore(),
        # Nobody is asked: a guard's threads would take most of the time.
        NoopSource(),
        source_name="shop",
        hasher=QuickHasher(),
        listeners=(),
        secret_key=KEY,
        clock=VirtualClock(),
    )
    made.create_user("ada@example.com", password="correct horse", username="ada")
    return made


CONNECTION = connection()
CALLS = {
    "authenticate": (IDENTIFIERS, PASSWORDS),
    "sign_up": (IDENTIFIERS, PASSWORDS),
    "get_user": (IDENTIFIERS,),
    "start_password_change": (IDENTIFIERS,),
    "finish_password_change": (TOKENS, PASSWORDS),
    "change_password": (IDENTIFIERS, PASSWORDS, PASSWORDS),
    "change_email": (("u", ""), IDENTIFIERS),
    "change_username": (("u", ""), IDENTIFIERS),
    "set_password": (("u", ""), PASSWORDS),
    "block": (IDENTIFIERS,),
    "delete_user": (IDENTIFIERS,),
    "readmit": (("shop|1", "|", "1"),),
}


def draw_call(chance):
    name = chance.choice(tuple(CALLS))
    return name, [typed(chance, examples) for examples in CALLS[name]]


def take_call(drawn):
    """
    Whatever is typed, the answer is one of ours.
    """
    name, arguments = drawn
    answer = getattr(CONNECTION, name)(*arguments)
    if name == "sign_up":
        CONNECTION.delete_user(answer.id)
    return "answered"


# --- Settings -------------------------------------------------------------------------


def of(kind):
    return lambda values: kind(**values)


POLICY = {it.name: it.default for it in attrs.fields(MigrationPolicy)}
SETTINGS = {
    "policy": (of(MigrationPolicy), POLICY),
    "hasher": (of(Argon2Hasher), {"memory_cost": 8, "time_cost": 1, "parallelism": 1}),
    "rules": (of(PasswordRules), {"minimum_length": 8, "common": False, "also": None}),
}
WORDS = {
    "url": (place_of, ("https://example.com/a?b={identifier}", "http://[::1]:80/")),
    "server": (server_of, ("ldaps://dc.example.com:636", "ldap://[::1]")),
    "filter": (filter_template, ("(&(objectClass=*)(|(mail={canonical})(uid=a)))",)),
    "dn": (dn_pattern, ("uid={canonical},ou=people,dc=example,dc=com",)),
    "path": (path_of, ("user.id", "a")),
    "key": (lambda value: TokenSigner(Sealed(value)), (KEY, "short")),
    "statuses": (lambda value: statuses_of([value]), ("401",)),
    "conditions": (lambda value: conditions_of({"a": value}), ("b",)),
    "fields": (lambda value: fields_of({"id": "user_id", "x": value}), ("email",)),
    "attributes": (
        lambda value: attributes_of({"uid": "user_id", "x": value}),
        ("email", "profile.x"),
    ),
}
VALUES = (0, 1, -1, 0.0, 1e400, 5.0, True, None, "must_change", (1, 9), dt.timedelta(1))


def draw_setting(chance):
    if chance.random() < 0.5:
        name = chance.choice(tuple(SETTINGS))
        values = dict(SETTINGS[name][1])
        for _ in range(chance.randrange(3)):
            field = chance.choice(tuple(values))
            values[field] = chance.choice((*VALUES, anything(chance, ("a", "8"))))
        return name, values
    name = chance.choice(tuple(WORDS))
    return name, typed(chance, WORDS[name][1])


def take_setting(drawn):
    """
    A setting is taken, or is a `ConfigurationError`.
    """
    name, value = drawn
    make, _ = SETTINGS.get(name) or WORDS[name]
    make(value)
    return "taken"
