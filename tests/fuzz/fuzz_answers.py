"""
What other systems answer: bodies of HTTP, and entries and bytes of LDAP.
"""

import sys
import time
from pathlib import Path

import sansldap
from fuzz_mutations import as_json, bent, octets


sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))

from services import ANN
from test_http_decisions import play
from test_http_laws import SOURCES

from migratekit.models import LegacyUser
from migratekit.sources._lookup import Vouched
from migratekit.sources.http._questions import Answer
from migratekit.sources.ldap._asking import asked
from migratekit.sources.ldap._entries import Flags, user_of_entry
from migratekit.sources.ldap._flavours import ActiveDirectory, Standard
from migratekit.sources.ldap._sources import LDAPSource
from migratekit.sources.ldap._terms import server_of
from migratekit.sources.ldap._wire import AT_ONCE, Entry, Limits, Outcome, Session


WORDS = tuple(
    dict.fromkeys(
        [
            *("error", "error_description", "error_codes", "message", "invalid_grant"),
            *("Account is not fully set up", "INVALID_PASSWORD", "VERIFIED", "Bearer"),
            *("created_at", "profile", "user_metadata", "email", "2020-01-01", "ok"),
            *(key for it in SOURCES for reply in it.replies for key in reply),
        ]
    )
)
STATUSES = (*[200] * 9, 201, 204, 302, 400, 400, 401, 403, 404, 429, 500)
CHARSETS = (*[None] * 6, "utf-8", "latin-1", "utf-16", "\xff")


def draw_answers(chance):
    declared = chance.choice(SOURCES)
    return declared, [_answer(chance, reply) for reply in declared.replies]


def _answer(chance, reply):
    kind = chance.random()
    if kind < 0.4:
        body = as_json(reply)
    elif kind < 0.8:
        body = as_json(bent(chance, reply, WORDS))
    else:
        body = octets(chance, [as_json(reply), as_json(list(WORDS[:6])), b""])
    return Answer(chance.choice(STATUSES), body, chance.choice(CHARSETS))


def take_answers(drawn):
    """
    An answer is a yes, a no, or an error that says it was neither.
    """
    declared, answers = drawn
    _, verdict = play(declared.source._asking(ANN.email, ANN.password), *answers)
    assert isinstance(verdict, LegacyUser | Vouched | None)
    return "no" if verdict is None else "yes"


# --- LDAP -----------------------------------------------------------------------------

SOURCE = LDAPSource("ldaps://dc.example.com", base_dn="dc=example,dc=com")
ENTRY = {
    "entryuuid": (b"597ae2f6-16a6-1027-98f4-d28b5365dc14",),
    "objectguid": (bytes(range(16)),),
    "mail": (ANN.email.encode(), b"other@example.com"),
    "uid": (b"ann",),
    "samaccountname": (b"ann",),
    "cn": (b"Ann",),
    "createtimestamp": (b"20200101000000Z",),
    "useraccountcontrol": (b"512",),
    "accountexpires": (b"132223104000000000",),
    "pwdlastset": (b"0",),
    "pwdreset": (b"TRUE",),
    "pwdaccountlockedtime": (b"000001010000Z",),
}
VALUES = tuple(value for values in ENTRY.values() for value in values)
FLAVOURS = (Standard(), ActiveDirectory())
SUB_CODE = (
    "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 532,"
    " v4563\0"
)


def draw_entry(chance):
    attributes = dict(ENTRY)
    for _ in range(chance.randrange(4)):
        name = chance.choice(tuple(ENTRY))
        values = (octets(chance, VALUES) for _ in range(chance.randrange(3)))
        attributes[name] = tuple(values)
    return Entry("uid=ann,dc=example,dc=com", attributes), chance.choice(FLAVOURS)


def take_entry(drawn):
    """
    An entry is the user that was asked for, or an error.
    """
    entry, flavour = drawn
    flags = flavour.flags(entry)
    assert type(flags) is Flags
    assert type(flavour.is_whom("u:EXAMPLE\\ann", entry)) is bool
    user = user_of_entry(entry, SOURCE._attributes, flags, ANN.email)
    assert isinstance(user, LegacyUser | None)
    return "somebody else" if user is None else "user"


def _conversation():
    """
    Return what a server says to a search.
    """
    client, server = sansldap.LDAPClient(), sansldap.LDAPServer()
    number = client.search_request("dc=example,dc=com")
    server.receive(client.data_to_send())
    server.search_result_entry(
        number,
        "uid=ann,dc=example,dc=com",
        [
            sansldap.PartialAttribute(name, list(values))
            for name, values in ENTRY.items()
        ],
    )
    server.search_result_done(number)
    return server.data_to_send()


WIRE = (_conversation(),)
NOW = Limits(60, 60, 60)


class Wire:
    """
    A socket on which a server has said what it has to say.
    """

    def __init__(self, data):
        self.data = data

    def settimeout(self, seconds):
        pass

    def sendall(self, data):
        pass

    def recv(self, size):
        data, self.data = self.data[:size], self.data[size:]
        return data


def draw_wire(chance):
    # As much as is taken apart at once.
    return octets(chance, WIRE)[:AT_ONCE]


def take_wire(data):
    """
    Bytes are the answer to a search, or an outage.
    """
    session = Session(
        server_of("ldaps://dc.example.com"), Wire(data), time.monotonic() + 60, NOW
    )
    outcome, entries = asked(
        lambda: session.search(
            "dc=example,dc=com",
            sansldap.SearchScope.SUBTREE,
            sansldap.FilterPresent("objectClass"),
            ["mail"],
        )
    )
    assert type(outcome) is Outcome
    assert all(type(entry) is Entry for entry in entries)
    return "answered"
