"""
Rehearsals: everything happens but the writing, and whoever logs in does not notice.
"""

import inspect

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import EMAILS, USERNAMES, emails, passwords, seldom, typed, usernames
from test_equal_work import DENSE, Hasher
from world import WRITES, LegacySite, connect

from migratekit import Authenticated, Connection, MigrationPolicy
from migratekit._migration import Migration
from migratekit.errors import (
    AccessDeniedError,
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    MigrateKitError,
    PasswordChangeRequiredError,
    Violation,
)
from migratekit.events import (
    LoginRefused,
    LoginSucceeded,
    MigrationRehearsed,
    PasswordRehashed,
    ProfileDrift,
    RuleFailed,
)
from migratekit.models import LegacyUser
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle


ADA = "ada@example.com"
BOB = "bob@example.com"


def weak(password):
    return [Violation("short", "password", ""), Violation("common", "password", "")]


REHEARSE = MigrationPolicy(rehearse=True)
MUST_CHANGE = attrs.evolve(REHEARSE, password_check=weak)
REFUSE = attrs.evolve(MUST_CHANGE, weak_legacy_password="refuse")
ADMIT = attrs.evolve(MUST_CHANGE, weak_legacy_password="admit")


@pytest.fixture(name="rehearsal")
def _rehearsal(scene):
    return scene.connect(policy=REHEARSE)


@pytest.fixture(name="ada")
def _ada(scene):
    return scene.site.add("1", ADA, "pw", username="ada")


def rehearsed(outcome, *codes, legacy_id="shop|1"):
    return MigrationRehearsed(legacy_id=legacy_id, outcome=outcome, codes=codes)


def test_first_login(scene, rehearsal, ada):
    """
    Whoever would have moved is answered by the source, and nothing is stored.
    """
    before = scene.snapshot()

    result = rehearsal.authenticate("ADA@example.com", "pw")

    assert Authenticated(ada, migrated=False) == result
    assert [
        rehearsed("would_move"),
        LoginSucceeded(user_id="shop|1", migrated=False),
    ] == scene.events
    assert before == scene.snapshot()
    assert 0 == scene.store.count(*WRITES)


def test_again(scene, rehearsal, ada):
    """
    A rehearsal may be repeated, and the real login moves them then.
    """
    for _ in range(2):
        rehearsal.authenticate(ADA, "pw")

    assert [rehearsed("would_move")] * 2 == scene.told(MigrationRehearsed)
    assert scene.connection.authenticate(ADA, "pw").migrated


def of_another(scene):
    scene.site.people = {
        "0": LegacyUser(user_id="0", email=BOB, username="ada"),
        **scene.site.people,
    }


def stored_name(scene):
    scene.store_user(BOB, None, username="ada")


def nothing(scene):
    pass


@pytest.mark.parametrize(
    ("changes", "others", "policy", "outcome"),
    [
        ({"username": "a@b"}, nothing, REHEARSE, ["invalid", "username_is_email"]),
        (
            {"username": "a@b"},
            nothing,
            attrs.evolve(REHEARSE, username_length=(4, 9)),
            ["invalid", "username_is_email", "username_length"],
        ),
        ({"username": "ada"}, stored_name, REHEARSE, ["taken", "username_taken"]),
        ({"username": "ada"}, of_another, REHEARSE, ["taken", "username_taken"]),
        ({}, nothing, MUST_CHANGE, ["weak_password", "short", "common"]),
        ({}, nothing, REFUSE, ["weak_password", "short", "common"]),
        ({}, nothing, ADMIT, ["would_move"]),
    ],
)
def test_outcome(scene, ada, changes, others, policy, outcome):
    """
    What would have come of a login is told with all codes, and keeps nobody out.
    """
    scene.site.change("1", **changes)
    others(scene)
    before = scene.snapshot()

    result = scene.connect(policy=policy).authenticate(ADA, "pw")

    assert Authenticated(scene.site.people["1"], migrated=False) == result
    assert [rehearsed(*outcome)] == scene.told(MigrationRehearsed)
    assert before == scene.snapshot()


@pytest.mark.parametrize(
    ("field", "policy", "outcome", "error"),
    [
        ("blocked", REHEARSE, "blocked", AccountBlockedError),
        ("must_change_password", REHEARSE, "must_change", PasswordChangeRequiredError),
        (
            "must_change_password",
            MUST_CHANGE,
            "must_change",
            PasswordChangeRequiredError,
        ),
    ],
)
def test_refused(scene, ada, field, policy, outcome, error):
    """
    Whoever is not let in by the source is not let in; there is no token, which would be
    good for nothing.
    """
    scene.site.change("1", **{field: True})

    with scene.refused(error) as caught:
        scene.connect(policy=policy).authenticate(ADA, "pw")

    assert None is getattr(caught.value, "token", None)
    assert [rehearsed(outcome)] == scene.told(MigrationRehearsed)


@pytest.mark.parametrize("method", ["find", "retired"])
def test_store_fails(scene, rehearsal, ada, method):
    """
    A store that fails while the user is examined is told, and keeps nobody out.
    """

    def down():
        raise OSError

    # Behind what finds out whose password it is.
    scene.store.before(method, down, skip=1 if method == "find" else 2)

    assert ada == rehearsal.authenticate(ADA, "pw").user
    assert [rehearsed("failed", "store_unavailable")] == scene.told(MigrationRehearsed)


@pytest.mark.parametrize(
    ("error", "code"),
    [(OSError(), "legacy_unavailable"), (ContractError("x"), "contract")],
)
def test_source_fails(scene, rehearsal, ada, error, code):
    """
    So is a source that cannot say who has the username.
    """

    def get_user(identifier, /):
        raise error

    scene.site.get_user = get_user

    assert ada == rehearsal.authenticate(ADA, "pw").user
    assert [rehearsed("failed", code)] == scene.told(MigrationRehearsed)


def test_overtaken(scene, rehearsal, ada):
    """
    Whoever is moved by another process meanwhile is in the way of nobody.
    """

    def move():
        scene.beside().sign_up("other@example.com", "pw", username=None)
        user = scene.find("other@example.com").user
        scene.site.people.clear()
        scene.beside().change_email(user.id, ADA)

    login = scene.site.login

    def slow(identifier, password, /):
        person = login(identifier, password)
        move()
        return person

    scene.site.login = slow

    assert ada == rehearsal.authenticate(ADA, "pw").user
    assert [rehearsed("taken", "email_taken")] == scene.told(MigrationRehearsed)


def test_load_is_real(scene):
    """
    The hash of whoever would have moved is computed; of nobody else.
    """
    scene.site.add("1", ADA, "pw")
    scene.site.add("2", BOB, "pw", blocked=True)
    hasher = Hasher()
    connection = scene.connect(policy=REHEARSE, hasher=hasher)
    hasher.calls.clear()

    connection.authenticate(ADA, "pw")
    assert ["current"] == hasher.calls
    with scene.refused(AccountBlockedError):
        connection.authenticate(BOB, "pw")
    assert ["current"] == hasher.calls


def test_wrong_password(scene, rehearsal, ada):
    """
    A wrong password is refused, and no rehearsal.
    """
    with scene.refused(InvalidCredentialsError):
        rehearsal.authenticate(ADA, "wrong")

    assert [] == scene.told(MigrationRehearsed)


def test_outage(scene, rehearsal, ada):
    """
    An outage of the source is one.
    """
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        rehearsal.authenticate(ADA, "pw")


def test_rules(scene, ada):
    """
    A rule that denies the login that would move them keeps them out.
    """
    connection = scene.connect(policy=REHEARSE, rules=[lambda login: login.user.email])

    with scene.refused(AccessDeniedError):
        connection.authenticate(ADA, "pw")

    assert [rehearsed("would_move")] == scene.told(MigrationRehearsed)
    assert [] == scene.told(LoginSucceeded)


def test_failing_rule(scene, ada):
    """
    A rule that fails in a rehearsal denies as well.
    """
    connection = scene.connect(policy=REHEARSE, rules=[lambda login: 1 / 0])

    with scene.refused(AccessDeniedError):
        connection.authenticate(ADA, "pw")

    assert 1 == len(scene.told(RuleFailed)) == len(scene.told(LoginRefused))


def seen_by_rules(scene, policy):
    """
    Return what a rule is asked about when Ada logs in.
    """
    seen = []
    scene.connect(policy=policy, rules=[seen.append]).authenticate(ADA, "pw")
    (login,) = seen
    return login


def test_rules_see_the_move(scene):
    """
    Rules are asked, once, about the very login that moves them when it is no rehearsal;
    only the id of the user is another.
    """
    scene.site.add("1", "Ada@example.com", "pw", username="Ada")

    before = seen_by_rules(scene, REHEARSE)
    after = seen_by_rules(scene, MigrationPolicy())

    assert attrs.evolve(before.user, id=after.user.id) == after.user
    assert before.migrated
    assert after.migrated


def test_rules_see_the_move_of_the_preloaded(scene, ada):
    """
    So they are about those who are stored without a hash.
    """
    scene.preload("1", ADA)

    before = seen_by_rules(scene, REHEARSE)

    assert before == seen_by_rules(scene, MigrationPolicy())


@pytest.mark.parametrize(
    ("is_stored", "username", "policy"),
    [(False, "a@b", REHEARSE), (False, "ada", REFUSE), (True, "ada", REFUSE)],
)
def test_rules_see_the_unfit(scene, is_stored, username, policy):
    """
    A rule that reads what only stored users have does not fail at those who would not
    move, and whom the source lets in.
    """
    scene.site.add("1", ADA, "pw", username=username)
    if is_stored:
        scene.preload("1", ADA)

    login = seen_by_rules(scene, policy)

    assert (ADA, "shop|1", True) == (
        login.user.email,
        login.user.legacy_id,
        login.migrated,
    )
    assert login.user.id


def test_drift(scene, ada):
    """
    A drift is looked for where a first login would, and told by the legacy id.
    """
    scene.site.drift["1"] = {"email_verified": True}
    policy = attrs.evolve(REHEARSE, detect_drift=True)

    scene.connect(policy=policy).authenticate(ADA, "pw")

    drift = ProfileDrift(user_id="shop|1", fields=("email_verified",))
    assert [drift] == scene.told(ProfileDrift)


def test_fresh_store(ada, scene):
    """
    Not even the name of the source is written into a store that knows none yet.
    """
    store = MemoryStore()
    before = dict(vars(store))

    connect(store, scene.site, policy=REHEARSE).authenticate(ADA, "pw")

    assert before == vars(store)


# --- Who is stored already ---------------------------------------------------------------


def test_stored(scene):
    """
    Whoever is stored is checked there, and their hash stays as it is.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"))
    rehearsal = scene.connect(policy=REHEARSE, hasher=DENSE)
    before = scene.snapshot()

    result = rehearsal.authenticate(ADA, "pw")

    assert (ADA, False) == (result.user.email, result.migrated)
    assert before == scene.snapshot()
    assert [] == scene.told(PasswordRehashed) + scene.told(MigrationRehearsed)
    assert [] == scene.site.calls
    with scene.refused(InvalidCredentialsError):
        rehearsal.authenticate(ADA, "wrong")


def test_preloaded(scene, rehearsal, ada):
    """
    Whoever is stored without a hash gets none, and is let in as they are stored.
    """
    user = scene.preload("1", ADA)
    before = scene.snapshot()

    result = rehearsal.authenticate(ADA, "pw")

    assert Authenticated(user, migrated=False) == result
    assert [rehearsed("would_move")] == scene.told(MigrationRehearsed)
    assert before == scene.snapshot()


@pytest.mark.parametrize("where", ["store", "source"])
@pytest.mark.parametrize(
    ("field", "outcome", "error"),
    [
        ("blocked", "blocked", AccountBlockedError),
        ("must_change_password", "must_change", PasswordChangeRequiredError),
    ],
)
def test_preloaded_refused(scene, rehearsal, ada, where, field, outcome, error):
    """
    Wherever they are blocked, or must change their password, they are not let in.
    """
    scene.preload("1", ADA, **({field: True} if where == "store" else {}))
    if where == "source":
        scene.site.change("1", **{field: True})

    with scene.refused(error):
        rehearsal.authenticate(ADA, "pw")

    assert [rehearsed(outcome)] == scene.told(MigrationRehearsed)


def test_stored_must_change(scene, rehearsal):
    """
    Whoever must change their password gets no token, which would be good for nothing.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)

    with scene.refused(PasswordChangeRequiredError) as caught:
        rehearsal.authenticate(ADA, "pw")

    assert None is caught.value.token


def test_preloaded_weak(scene, ada):
    """
    A weak legacy password is told, and keeps nobody out.
    """
    scene.preload("1", ADA)

    assert scene.connect(policy=REFUSE).authenticate(ADA, "pw")
    told = scene.told(MigrationRehearsed)
    assert [rehearsed("weak_password", "short", "common")] == told


# --- Everything else ---------------------------------------------------------------------


READING = {
    "authenticate": lambda c, user: c.authenticate(ADA, "pw"),
    "get_user": lambda c, user: c.get_user(ADA),
    "users": lambda c, user: list(c.users()),
    "progress": lambda c, user: c.progress(),
    "health": lambda c, user: c.health(),
    "gate": lambda c, user: c.gate(),
}
WRITING = {
    "sign_up": lambda c, user: c.sign_up(BOB, "pw"),
    "create_user": lambda c, user: c.create_user(BOB),
    "start_password_change": lambda c, user: c.start_password_change(ADA),
    "finish_password_change": lambda c, user: c.finish_password_change("x", "pw"),
    "change_password": lambda c, user: c.change_password("stored@x.org", "pw", "new"),
    "set_password": lambda c, user: c.set_password(user.id, "new"),
    "change_email": lambda c, user: c.change_email(user.id, BOB),
    "change_username": lambda c, user: c.change_username(user.id, "bob"),
    "block": lambda c, user: c.block(user.id),
    "unblock": lambda c, user: c.unblock(user.id),
    "delete_user": lambda c, user: c.delete_user(user.id),
    "readmit": lambda c, user: c.readmit("shop|1"),
    "import_users": lambda c, user: c.import_users([]),
    "cut_over": lambda c, user: c.cut_over(force=True),
    "keep_leftovers": lambda c, user: c.keep_leftovers(),
    "lift_reservations": lambda c, user: c.lift_reservations(),
}


@pytest.mark.parametrize("name", WRITING)
def test_writing(scene, rehearsal, ada, name):
    """
    What would write is refused, whoever it is about.
    """
    user = scene.store_user("stored@x.org", CHEAPEST.hash("pw"))

    with scene.refused(ConfigurationError) as caught:
        WRITING[name](rehearsal, user)

    assert "while rehearse is on" in str(caught.value)
    assert 0 == scene.store.count(*WRITES)


@pytest.mark.parametrize("name", READING)
def test_reading(scene, rehearsal, ada, name):
    """
    What reads works, and writes nothing.
    """
    before = scene.snapshot()

    READING[name](rehearsal, None)

    assert before == scene.snapshot()
    assert 0 == scene.store.count(*WRITES)


def test_all_methods():
    """
    There is nothing that a connection can do, and that was not tried here.
    """
    methods = {
        name
        for kind in (Connection, Migration)
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }

    assert READING.keys() | WRITING.keys() == methods


def test_contradiction():
    """
    Where nobody is to move, there is nothing to rehearse.
    """
    with pytest.raises(ConfigurationError, match="import_mode must be on"):
        MigrationPolicy(rehearse=True, import_mode=False)


# --- The law -----------------------------------------------------------------------------


people = st.builds(
    LegacyUser,
    user_id=st.just(""),
    email=st.none() | emails,
    email_verified=st.booleans(),
    username=st.none() | usernames | st.just("not@a.name"),
    blocked=seldom,
    must_change_password=seldom,
)


def outcome_of(connection, identifier, password):
    """
    Return all that a caller sees of a login.
    """
    try:
        return connection.authenticate(identifier, password)
    except MigrateKitError as error:
        return type(error), str(error), vars(error)


@given(
    people=st.lists(people, min_size=1, max_size=3),
    stored=st.sets(st.sampled_from((*EMAILS[:2], *USERNAMES[:2])), max_size=1),
    ambiguous=st.sets(st.sampled_from((*EMAILS, *USERNAMES)), max_size=1),
    check=st.sampled_from((None, weak)),
    weak_legacy_password=st.sampled_from(("admit", "must_change", "refuse")),
    identifier=typed,
    password=passwords,
    version=st.sampled_from((1, 2)),
    known=seldom,
)
def test_caller_does_not_notice(
    people,
    stored,
    ambiguous,
    check,
    weak_legacy_password,
    identifier,
    password,
    version,
    known,
):
    """
    Whoever has not moved gets the same answer as with import_mode off, and the store
    stays as it is.
    """
    site = LegacySite()
    store = MemoryStore()
    policy = MigrationPolicy(
        failure_floor=0,
        strategy_version=version,
        password_check=check,
        weak_legacy_password=weak_legacy_password,
    )
    more = {"throttle": NoThrottle(), "listeners": []}
    for one in stored:
        email = one if "@" in one else "other@example.com"
        name = None if "@" in one else one
        connect(store, site, **more).sign_up(email, password, username=name)
    for number, person in enumerate(people):
        site.people[str(number)] = attrs.evolve(person, user_id=str(number))
        site.passwords[str(number)] = "one"
    site.ambiguous = ambiguous if known else set()
    before = {name: str(value) for name, value in vars(store).items()}

    rehearsal = connect(store, site, policy=attrs.evolve(policy, rehearse=True), **more)
    off = connect(store, site, policy=attrs.evolve(policy, import_mode=False), **more)
    mine = outcome_of(rehearsal, identifier, password)

    assert before == {name: str(value) for name, value in vars(store).items()}
    assert outcome_of(off, identifier, password) == mine
