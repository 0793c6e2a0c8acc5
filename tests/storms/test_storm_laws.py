"""
The checker finds every violation that is planted in a history.
"""

import attrs
import pytest
import storm_laws as laws
from storm_calls import LEGACY, Call, Import, Person, Shown, Stored
from storm_laws import Storm, violations


ADA = Person(0)
STORED = Stored(
    "id", ADA.legacy_id, ADA.email, ADA.username, "login", blocked=False, passwords=()
)


def shown(user_id="id", *, migrated=None, **changes):
    known = Shown(user_id, ADA.legacy_id, ADA.email, "login", migrated)
    return attrs.evolve(known, **changes)


def call(name, *args, at, answer=None, error=None, until=None):
    return Call(0, name, args, at, until or at + 0.5, answer, error)


def login(at, password=LEGACY, *, migrated=False, error=None, **timing):
    answer = None if error else shown(migrated=migrated)
    args = (ADA.username, password)
    return call("login", *args, at=at, answer=answer, error=error, **timing)


def change(at, old=LEGACY, new="p1", **timing):
    args = (ADA.username, old, new)
    return call("change_password", *args, at=at, answer=shown(), **timing)


def storm(*calls, stored=(LEGACY,), imports=(), disagreements=()):
    users = [] if stored is None else [attrs.evolve(STORED, passwords=stored)]
    return Storm([*calls], [*imports], users, [*disagreements])


FIRST = login(0, migrated=True)
REFUSED = "InvalidCredentialsError"

LAWFUL = {
    "a first and a later login": storm(FIRST, login(1)),
    "a wrong password": storm(FIRST, login(1, "p1", error=REFUSED)),
    "a change": storm(
        FIRST, change(1), login(2, "p1"), login(3, error=REFUSED), stored=("p1",)
    ),
    "a login beside a change": storm(
        FIRST, change(1, until=3), login(2), login(2.1, "p1"), stored=("p1",)
    ),
    "a change and back": storm(FIRST, change(1), change(2, "p1", LEGACY), login(3)),
    "a deletion": storm(
        FIRST, call("delete", "id", at=1), login(2, error=REFUSED), stored=None
    ),
    "a deletion and another": storm(
        FIRST,
        call("delete", "id", at=1),
        call("delete", "id", at=2, error="UserNotFoundError"),
        stored=None,
    ),
    "a block that is lifted": storm(
        FIRST,
        call("block", "id", at=1, answer=shown()),
        login(2, error="AccountBlockedError"),
        call("unblock", "id", at=3, answer=shown()),
        login(4),
    ),
    "a reset": storm(
        FIRST,
        call("start", ADA.username, at=1, answer="token"),
        call("finish", "token", "p1", at=2, answer=shown()),
        call("finish", "token", "p2", at=3, error="InvalidTokenError"),
        stored=("p1",),
    ),
    "an import that was late": storm(
        FIRST, call("import", True, at=1), imports=[Import(1, already_migrated=1)]
    ),
    "a stranger": storm(FIRST, call("sign_up", at=1, error="UserExistsError")),
    "nobody": storm(login(0, "p1", error=REFUSED), stored=None),
}

SOMEBODY = attrs.evolve(STORED, user_id="other", passwords=())
PLANTED = {
    laws.only_documented_errors: [
        storm(FIRST, login(1, error="StoreUnavailableError")),
        storm(FIRST, login(1, error="ProfileInvalidError")),
    ],
    laws.ones_own_record: [
        storm(call("login", *FIRST.args, at=0, answer=shown(legacy_id="shop|1"))),
        storm(call("login", *FIRST.args, at=0, answer=shown(email="p1@storm.example"))),
        storm(FIRST, attrs.evolve(FIRST, person=1)),
    ],
    laws.moved_once: [
        storm(FIRST, login(1, migrated=True)),
        storm(FIRST, call("get", ADA.username, at=1, answer=shown("other"))),
    ],
    laws.no_resurrected_password: [
        storm(FIRST, change(1), login(2), stored=("p1",)),
        storm(FIRST, change(1), change(2, "p1", "p2"), login(3, "p1"), stored=("p2",)),
    ],
    laws.no_entry_past_a_bar: [
        storm(FIRST, call("delete", "id", at=1), login(2), stored=None),
        storm(FIRST, call("block", "id", at=1, answer=shown()), login(2)),
    ],
    laws.right_password_is_never_refused: [storm(FIRST, login(1, error=REFUSED))],
    laws.nobody_is_lost: [storm(FIRST, stored=None)],
    laws.no_duplicates: [
        Storm([FIRST], [], [attrs.evolve(STORED, passwords=(LEGACY,)), SOMEBODY])
    ],
    laws.ledger_agrees: [storm(FIRST, disagreements=["no row"])],
    laws.reports_add_up: [
        storm(FIRST, imports=[Import(2, already_migrated=1, conflicts=1)]),
        storm(FIRST, imports=[Import(1, inserted=1)]),
    ],
    laws.some_order_explains: [
        # The last password is not that of the only change.
        storm(FIRST, change(1), stored=("p2",)),
        # Both changes had the same password to prove.
        storm(FIRST, change(1), change(2), stored=("p1",)),
        # A token from before the change.
        storm(
            FIRST,
            call("start", ADA.username, at=1, answer="token"),
            change(2),
            call("finish", "token", "p2", at=3, answer=shown()),
            stored=("p2",),
        ),
        # A move that was over before another began.
        storm(login(0), login(1, migrated=True)),
        # An import that brought somebody back.
        storm(
            FIRST,
            call("delete", "id", at=1),
            call("import", True, at=2),
            call("get", ADA.username, at=3, answer=shown("new")),
        ),
        # A readmission of somebody who is stored.
        storm(FIRST, call("readmit", at=1)),
        # An address that nobody else wants, and is refused.
        storm(
            FIRST,
            call("change_email", "id", ADA.second_email, at=1, error="UserExistsError"),
        ),
        # A deletion of somebody who is there, and is not found.
        storm(FIRST, call("delete", "id", at=1, error="UserNotFoundError")),
        # A deletion of somebody who is gone.
        storm(
            FIRST,
            call("delete", "id", at=1),
            call("delete", "id", at=2),
            stored=None,
        ),
        # A stranger who got the address.
        storm(FIRST, call("sign_up", at=1)),
        # Somebody who is stored, and is not found.
        storm(FIRST, call("get", ADA.username, at=1)),
        # Another id in the end.
        Storm([FIRST], [], [attrs.evolve(SOMEBODY, passwords=(LEGACY,))]),
    ],
}


@pytest.mark.parametrize("name", LAWFUL)
def test_lawful(name):
    """
    What may happen is no violation.
    """
    assert [] == violations(LAWFUL[name])


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
def test_planted(law):
    """
    Each law finds what is planted for it.
    """
    for planted in PLANTED[law]:
        assert law(planted)
