"""
What ``migratekit rehearse`` tells of a login.
"""

import hashlib
import json
import sys
from types import SimpleNamespace
from typing import get_args

import attrs
import pytest
from cli_terminal import type_in
from world import AsyncLegacySite, LegacySite

from migratekit import (
    AsyncConnection,
    Connection,
    MigrationPolicy,
    Validator,
    events,
    validation,
)
from migratekit.cli import _verdicts, main
from migratekit.errors import (
    LookupUnsupportedError,
    StoreUnavailableError,
    Violation,
)
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import NewUser, Origin, StoredHash, User
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


ADA, BOB = "ada@example.com", "bob@example.com"
SECRET = "hunter2"
FIELDS = {"email", "username"}
IMPORT_MODE = "import_mode is off: this is what would happen if it were on.\n"


@pytest.fixture(name="rehearse")
def _rehearse(monkeypatch, capsys):
    """
    Gives a function that rehearses a login of Ada, and returns what was told of it.

    *told* takes what the listener of the application was told.
    """
    told = []

    def run(site, *, store=None, password=SECRET, code=1, door=Connection, **options):
        options = {
            "hasher": CHEAPEST,
            "secret_key": "k" * 16,
            "listeners": [told.append],
            "throttle": Untouched(),
            **options,
        }
        connection = door(store or MemoryStore(), site, source_name="shop", **options)
        app = SimpleNamespace(connection=connection)
        monkeypatch.setitem(sys.modules, "rehearsed", app)
        type_in(monkeypatch, password)

        command = ("rehearse", ADA, "--password-stdin", "--json")
        assert code == main(["--app", "rehearsed:connection", *command])

        out, err = capsys.readouterr()
        assert password not in out + err
        assert ([], "") == (told, err.replace(IMPORT_MODE, ""))
        (login,) = json.loads(out)["logins"]
        return login

    return run


class Untouched:
    """
    A throttle that nobody may ask.
    """

    def reserve(self, key, /):
        raise AssertionError

    release = reset = reserve


def site_with(**ada):
    site = LegacySite()
    site.add("1", ADA, SECRET, **ada)
    return site


def crowded_site():
    """
    Return a site where Ada's username is somebody else's.
    """
    site = LegacySite()
    site.add("2", BOB, SECRET, username="ada")
    site.add("1", ADA, SECRET, username="ada")
    return site


def weak(password):
    return [
        Violation("password_too_short", "password", ""),
        Violation("odd\x1b", "password", ""),
    ]


MUST_CHANGE = MigrationPolicy(password_check=weak)
REFUSE = attrs.evolve(MUST_CHANGE, weak_legacy_password="refuse")


@pytest.mark.parametrize(
    ("site", "options", "outcome", "level", "text", "advice"),
    [
        (site_with(), {}, "would_move", "ok", ": would move.", ""),
        (
            site_with(username="ada"),
            {"policy": MigrationPolicy(username_length=(9, 20))},
            "invalid",
            "wrong",
            "The username is too short or too long (username_length).",
            "username_length of the policy",
        ),
        (
            crowded_site(),
            {},
            "taken",
            "wrong",
            ": e-mail or username taken.  Another user has this username ",
            "Find out who is who",
        ),
        (
            site_with(blocked=True),
            {},
            "blocked",
            "wrong",
            "account blocked.",
            "unblock",
        ),
        (
            site_with(must_change_password=True),
            {},
            "must_change",
            "note",
            ": would have to change the password first.",
            "Nothing, if",
        ),
        (
            site_with(must_change_password=True),
            {"secret_key": None},
            "must_change",
            "wrong",
            "first",
            "Give the connection a secret_key",
        ),
        (
            site_with(),
            {"policy": MUST_CHANGE},
            "weak_password",
            "note",
            "than your rules want it (password_too_short).  odd\\x1b.",
            "Nothing, if",
        ),
        (
            site_with(),
            {"policy": REFUSE},
            "weak_password",
            "wrong",
            "password too weak",
            "reset it by mail",
        ),
        (
            site_with(),
            {"rules": [lambda login: "retired"]},
            "denied",
            "wrong",
            ": denied by a rule.  retired.",
            "Look at the rules",
        ),
        (
            site_with(),
            {"rules": [lambda login: 1 / 0]},
            "denied",
            "wrong",
            ": denied by a rule.  rule_failed.  AskRule failed: ZeroDivisionError at ",
            "Look at the rules",
        ),
    ],
)
@pytest.mark.parametrize("door", [Connection, AsyncConnection])
def test_outcome(rehearse, door, site, options, outcome, level, text, advice):
    """
    What would come of it is told in plain words, with what to do about it; the code is
    1 if whoever has the right password would not get in.
    """
    source = site if door is Connection else AsyncLegacySite(site)

    login = rehearse(source, door=door, code=int(level == "wrong"), **options)

    assert (outcome, level) == (login["outcome"], login["level"])
    assert text in login["text"]
    assert advice in login["advice"]
    assert "shop|1" == login["legacy_id"]


def test_rules_see_the_move(rehearse):
    """
    A rule is asked as in the login that moves them: about a stored user, who has an id.
    """

    def rule(login):
        return None if login.migrated and login.user.id else "never moved"

    assert "would_move" == rehearse(site_with(), code=0, rules=[rule])["outcome"]


def broken(asked):
    raise ValueError


@pytest.mark.parametrize(
    "options",
    [
        {"policy": MigrationPolicy(password_check=broken)},
        {"validator": Validator(rules=[broken])},
    ],
    ids=["password_check", "validator"],
)
def test_own_code_fails(rehearse, options):
    """
    Where the application's own code fails it is not the source alone that is suspected.
    """
    login = rehearse(site_with(), **options)

    assert ("failed", ["contract"]) == (login["outcome"], login["codes"])
    assert "a source or the application's code" in login["text"]
    assert "the password_check and the rules of the validator" in login["advice"]


def test_advice():
    """
    There is advice for all that can be wrong with a profile, and for every outcome.
    """
    codes = {code for code in validation._MESSAGES if code.partition("_")[0] in FIELDS}
    outcomes = set(get_args(events.Rehearsed))

    assert codes == set(_verdicts._OF_VIOLATION)
    assert outcomes - {"would_move"} <= set(_verdicts._OF_OUTCOME)


def test_own_code(rehearse):
    """
    Where the code is the application's own, the advice is the general one.
    """

    def rule(user):
        return [Violation("no_vip", "profile", "Only VIPs.")]

    login = rehearse(site_with(), validator=Validator(rules=[rule]))

    assert ["no_vip"] == login["codes"]
    assert f"{ADA}: profile not valid.  no_vip." == login["text"]
    assert "Mend the profile in the old system, or relax the policy." == login["advice"]


@pytest.mark.parametrize(
    ("changes", "outcome", "text"),
    [
        ({}, "refused", "refused: unknown to the old system, or wrong password."),
        (
            {"down": True},
            "failed",
            "could not be asked: old system did not answer.  The",
        ),
        ({"ambiguous": {ADA}}, "failed", "several users of the old system have this"),
    ],
)
def test_not_proved(rehearse, changes, outcome, text):
    """
    Whose password nobody vouches for is refused, and the reason told.
    """
    site = site_with()
    vars(site).update(changes)

    login = rehearse(site, password="no-such-thing")

    assert (outcome, "wrong", None) == (
        login["outcome"],
        login["level"],
        login["legacy_id"],
    )
    assert text in login["text"]
    assert login["advice"]


def test_cannot_look_up(rehearse):
    """
    A source that cannot look up says nothing of others, as in a login.
    """

    class Site(LegacySite):
        def get_user(self, identifier, /):
            raise LookupUnsupportedError

    site = Site()
    site.add("1", ADA, SECRET, username="ada")

    assert "would_move" == rehearse(site, code=0)["outcome"]


def test_drift(rehearse):
    """
    Where login and get_user do not say the same, and the policy wants to know, it is
    told.
    """
    site = site_with()
    site.drift["1"] = {"email_verified": True}
    drifting = MigrationPolicy(detect_drift=True)

    login = rehearse(site, code=0, policy=drifting)

    assert ("would_move", "note") == (login["outcome"], login["level"])
    assert (
        "But login and get_user do not say the same: email_verified." in login["text"]
    )
    assert "Have both return the same user." == login["advice"]
    assert "ok" == rehearse(site, code=0)["level"]


@pytest.mark.parametrize(
    ("changes", "outcome", "level"),
    [
        ({}, "stored", "ok"),
        ({"blocked": True}, "blocked", "wrong"),
        ({"must_change_password": True}, "must_change", "note"),
    ],
)
def test_stored(rehearse, changes, outcome, level):
    """
    Whoever is stored is judged by the store, and nobody asks the source.
    """
    store, site = MemoryStore(), site_with()
    user = User(id="stored", origin=Origin.ADMIN, email=ADA, **changes)
    store.create(NewUser(user, CHEAPEST.hash(SECRET)))

    login = rehearse(site, store=store, code=int(level == "wrong"))

    assert (outcome, level, None) == (
        login["outcome"],
        login["level"],
        login["legacy_id"],
    )
    assert [] == site.calls


def test_stored_hash(rehearse):
    """
    A hash of the old system that was imported is checked by the application's hasher.
    """
    store, sha1 = MemoryStore(), LegacyHasher(CHEAPEST, presets.raw_sha1())
    user = User(id="stored", origin=Origin.ADMIN, email=ADA)
    digest = hashlib.sha1(SECRET.encode()).hexdigest()
    store.create(NewUser(user, sha1.admit(StoredHash(digest))))

    login = rehearse(site_with(), store=store, code=0, hasher=sha1)

    assert "stored" == login["outcome"]


def test_reasons(rehearse):
    """
    Whoever is stored, or was, is refused for another reason.
    """
    store = MemoryStore()
    user = User(id="stored", origin=Origin.ADMIN, email=ADA)
    record = store.create(NewUser(user, CHEAPEST.hash(SECRET)))
    assert (
        "wrong password." in rehearse(site_with(), store=store, password="qq")["text"]
    )

    store.delete(record)

    login = rehearse(site_with(), store=store)
    assert ("refused", ["retired"]) == (login["outcome"], login["codes"])
    assert "readmit" in login["advice"]


@pytest.mark.parametrize(
    "policy",
    [
        MigrationPolicy(),
        MigrationPolicy(rehearse=True),
        MigrationPolicy(import_mode=False),
    ],
)
@pytest.mark.parametrize("preloaded", [False, True])
def test_store_stays(rehearse, policy, preloaded):
    """
    Whatever the policy says, a login that would move somebody changes nothing.
    """
    store = MemoryStore()
    if preloaded:
        user = User(id="1", origin=Origin.IMPORT, legacy_id="shop|1", email=ADA)
        store.create(NewUser(user, None))
    before = {name: str(value) for name, value in vars(store).items()}

    login = rehearse(site_with(), store=store, code=0, policy=policy)

    assert "would_move" == login["outcome"]
    assert before == {name: str(value) for name, value in vars(store).items()}


def test_hash_is_not_renewed(rehearse):
    """
    A stored hash that a login would renew stays as it is.
    """
    store, site = MemoryStore(), site_with()
    user = User(id="stored", origin=Origin.ADMIN, email=ADA)
    dense = attrs.evolve(CHEAPEST, time_cost=2)
    store.create(NewUser(user, CHEAPEST.hash(SECRET)))
    before = store.get("stored")

    assert "stored" == rehearse(site, store=store, code=0, hasher=dense)["outcome"]

    assert before == store.get("stored")


def test_broken_source(rehearse):
    """
    What a source raises is told by its type and place, for its text may hold anything.
    """

    class Broken(LegacySite):
        def login(self, identifier, password, /):
            raise ValueError(password)

    login = rehearse(Broken(), password="hunter2")

    assert "failed" == login["outcome"]
    assert "ValueError at test_cli_verdicts" in login["text"]


def test_store_fails(rehearse):
    """
    A store that goes away is told for every login.
    """

    class Away(MemoryStore):
        def find(self, identifier, /):
            raise StoreUnavailableError("Timeout")

    login = rehearse(site_with(), store=Away())

    assert ("failed", ["store_unavailable"]) == (login["outcome"], login["codes"])
    assert (
        "new store did not answer.  The user store could not be asked: Timeout."
        in (login["text"])
    )
