"""
Histories written by hand: what may happen to an account, and what never may.
"""

import pytest
from linear_account import START, WRONG, Shown, outcomes
from linear_checker import Operation, linearize, minimal


def done(key, name, *args, at, gives=None):
    """
    Return an operation at some moments: one, or that of its beginning and its end.
    """
    begun, ended = at if isinstance(at, tuple) else (at, at + 0.5)
    return Operation(key, name, args, begun, ended, gives)


def killed(key, name, *args, at):
    return Operation(key, name, args, at)


def shown(user="first", *, email="email", blocked=False, migrated=None):
    return Shown(user, email, blocked, migrated)


def login(key, password="p0", *, at, by="email", gives=None):
    gives = gives or shown(migrated=False)
    return done(key, "login", by, password, at=at, gives=gives)


def refused(key, password="p0", *, at, by="email", gives=WRONG):
    return login(key, password, at=at, by=by, gives=gives)


def change(key, old="p0", new="p1", *, at, user="first"):
    gives = shown(user)
    return done(key, "change_password", "email", old, new, at=at, gives=gives)


def block(key, *, at):
    return done(key, "block", "first", at=at, gives=shown(blocked=True))


def end(*accounts, at=99):
    return done("end", "observe", at=at, gives=frozenset(accounts))


FIRST = login("first", at=0, gives=shown(migrated=True))
HASHED = done("first", "import", True, at=0, gives="inserted")
BARE = done("first", "import", False, at=0, gives="inserted")
SIGNED_UP = done(
    "new", "sign_up", "second", "p3", at=(1, 4), gives=shown("new", email="second")
)
TO_SECOND = {"at": (1, 4), "gives": shown(email="second")}
DELETED = done("d", "delete", "first", at=1)
TOKEN = done("t", "start", "email", at=1, gives="email")

LAWFUL = {
    "a first login and a later one": [FIRST, login("b", at=1)],
    "two first logins at once": [
        login("first", at=(0, 3), gives=shown(migrated=True)),
        login("b", at=(1, 2), by="username"),
    ],
    "a wrong password": [FIRST, refused("b", "p1", at=1)],
    "either password beside a change": [
        FIRST,
        change("c", at=(1, 4)),
        login("d", at=2),
        login("e", "p1", at=3),
    ],
    "a first password by a change": [change("c", at=0, user="c"), refused("d", at=1)],
    "of two changes at once, one": [
        FIRST,
        change("c", at=(1, 3)),
        done("d", "change_password", "email", "p0", "p2", at=(1, 3), gives=WRONG),
        end(("first", "email", "p1", True, False)),
    ],
    "a block, and it is lifted": [
        FIRST,
        block("b", at=1),
        refused("c", "p1", at=2),
        refused("d", at=3, gives="AccountBlockedError"),
        done("e", "unblock", "first", at=4, gives=shown()),
        login("f", at=5),
    ],
    "a deletion, and again": [
        FIRST,
        DELETED,
        done("e", "delete", "first", at=2, gives="UserNotFoundError"),
        refused("f", at=3),
        done("g", "import", True, at=4, gives="already_migrated"),
        done("h", "start", "email", at=5),
        end(),
    ],
    "a deletion that is forgiven": [
        FIRST,
        DELETED,
        done("e", "readmit", at=2),
        login("f", at=3, gives=shown("f", migrated=True)),
    ],
    "a reset of somebody who is stored": [
        FIRST,
        TOKEN,
        done("f", "finish", "t", "p1", at=2, gives=shown()),
        done("g", "finish", "t", "p2", at=3, gives="InvalidTokenError"),
        login("h", "p1", at=4),
    ],
    "a reset of somebody who is not": [
        TOKEN,
        done("f", "finish", "t", "p1", at=2, gives=shown("f")),
        refused("g", at=3),
    ],
    "a token that a new hash has made void": [
        HASHED,
        TOKEN,
        login("c", at=2),
        done("f", "finish", "t", "p1", at=3, gives="InvalidTokenError"),
    ],
    "a token beside a login that makes no new hash": [
        HASHED,
        TOKEN,
        login("c", at=2),
        done("f", "finish", "t", "p1", at=3, gives=shown()),
    ],
    "a user without a password": [
        BARE,
        refused("b", "p1", at=1),
        end(("first", "email", None, True, False), at=2),
        login("c", by="username", at=3, gives=shown(migrated=True)),
        end(("first", "email", "p0", True, False)),
    ],
    "… whom the source does not know by a new address": [
        BARE,
        done("b", "change_email", "first", "second", at=1, gives=shown(email="second")),
        refused("c", by="second", at=2),
        login("d", by="username", at=3, gives=shown(email="second", migrated=True)),
    ],
    "an address that two want": [
        FIRST,
        SIGNED_UP,
        done(
            "c", "change_email", "first", "second", at=(1, 4), gives="UserExistsError"
        ),
    ],
    "an address that is taken, by whoever has the other": [
        SIGNED_UP,
        done("c", "change_email", "new", "email", at=5, gives="UserExistsError"),
        done("d", "sign_up", "email", "p1", at=6, gives="UserExistsError"),
        done("e", "get", "email", at=7, gives="in the source"),
        done("f", "get", "second", at=8, gives=shown("new", email="second")),
    ],
    "an address that a stranger got, and keeps": [
        FIRST,
        DELETED,
        done("new", "sign_up", "email", "p3", at=2, gives=shown("new")),
        done("e", "readmit", at=3),
        refused("f", at=4),
        login("g", "p3", at=4, gives=shown("new", migrated=False)),
        refused("h", by="username", at=5, gives="ProfileInvalidError"),
        done("i", "import", True, at=6, gives="conflicts"),
    ],
    "nobody to readmit, or somebody who is there": [
        done("a", "readmit", at=-2),
        FIRST,
        done("b", "readmit", at=1, gives="UserExistsError"),
    ],
    "a change that nobody knows of": [
        FIRST,
        killed("c", "set_password", "first", "p1", at=1),
        login("d", at=2),
        login("e", "p1", at=3),
    ],
    "… and that comes when it is needed": [
        FIRST,
        killed("c", "set_password", "first", "p1", at=1),
        done("d", "set_password", "first", "p1", at=2, gives=shown()),
        done("e", "set_password", "first", "p2", at=3, gives=shown()),
        login("f", "p1", at=4),
    ],
    "… and that never came": [
        FIRST,
        killed("c", "set_password", "first", "p1", at=1),
        login("d", at=2),
    ],
}

# What is broken, and which operations are enough to show it.
BROKEN = {
    "a stale read": (
        [FIRST, change("c", at=1), login("d", "p1", at=2), login("e", at=3)],
        "d e",
    ),
    "a resurrected password": (
        [HASHED, login("b", at=(1, 4)), change("c", at=(2, 3)), login("d", at=5)],
        "c d",
    ),
    "… seen by whoever has set the new one": (
        [
            HASHED,
            login("b", at=(1, 4)),
            change("c", at=(2, 3)),
            refused("d", "p1", at=5),
        ],
        "c d",
    ),
    "a double migration": (
        [
            login("first", at=(0, 3), gives=shown(migrated=True)),
            login("second", at=(1, 2), gives=shown("second", migrated=True)),
        ],
        "first second",
    ),
    "a wrong password accepted": ([FIRST, login("b", "p1", at=1)], "b"),
    "… and stored": (
        [login("first", "p1", at=0, gives=shown(migrated=True))],
        "first",
    ),
    "… and another, later": (
        [FIRST, login("b", "p1", at=(1, 3)), login("c", "p2", at=(2, 4))],
        "b",
    ),
    "a right password refused": ([FIRST, login("b", at=1), refused("c", at=2)], "c"),
    "… beside a first login": (
        [
            login("first", at=(0, 3), gives=shown(migrated=True)),
            refused("b", at=(1, 2)),
        ],
        "b",
    ),
    "two changes of which one is lost": (
        [
            FIRST,
            change("c", at=(1, 3)),
            done("d", "change_password", "email", "p0", "p2", at=(1, 3), gives=shown()),
        ],
        "c d",
    ),
    "a block that a change has overwritten": (
        [
            FIRST,
            block("b", at=(1, 3)),
            change("c", at=(1, 3)),
            end(("first", "email", "p1", True, False)),
        ],
        "b end",
    ),
    "a block ignored": ([FIRST, block("b", at=1), login("c", at=2)], "b c"),
    "a deleted user back": (
        [FIRST, DELETED, login("e", at=2, gives=shown("e", migrated=True))],
        "d e",
    ),
    "… in the store": (
        [FIRST, DELETED, end(("first", "email", "p0", True, False))],
        "d end",
    ),
    "one address, two users": (
        [FIRST, SIGNED_UP, done("c", "change_email", "first", "second", **TO_SECOND)],
        "new c",
    ),
    "a token used twice": (
        [
            FIRST,
            TOKEN,
            done("f", "finish", "t", "p1", at=2, gives=shown()),
            done("g", "finish", "t", "p2", at=3, gives=shown()),
        ],
        "f g",
    ),
    "a token after a change": (
        [
            FIRST,
            TOKEN,
            change("c", at=2),
            done("f", "finish", "t", "p2", at=3, gives=shown()),
        ],
        "t c f",
    ),
    "a fault of concurrency": (
        [FIRST, refused("b", at=1, gives="StoreUnavailableError")],
        "b",
    ),
    "another person's record": (
        [FIRST, login("b", at=1, gives=shown(email="p9@x.org", migrated=False))],
        "b",
    ),
    "a change that nobody knows of, taken back": (
        [
            FIRST,
            killed("c", "set_password", "first", "p1", at=1),
            login("d", "p1", at=2),
            login("e", at=3),
        ],
        "d e",
    ),
    "… or seen before it was called": (
        [
            FIRST,
            login("b", "p1", at=1),
            killed("c", "set_password", "first", "p1", at=2),
        ],
        "b",
    ),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_lawful(name):
    """
    An order explains what may happen.
    """
    assert linearize(LAWFUL[name], START, outcomes) is not None


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name):
    """
    No order explains what may not, and no more is shown of it than is needed.
    """
    history, keys = BROKEN[name]

    assert linearize(history, START, outcomes) is None
    assert keys.split() == [one.key for one in minimal(history, START, outcomes)]
