"""
A password change by a mailed token: asked for, and finished.
"""

import datetime as dt

import pytest
from world import is_floor

from migratekit import LegacyUser, MigrationPolicy
from migratekit.errors import (
    AccountBlockedError,
    AlreadyMigratedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    InvalidTokenError,
    LegacyUnavailableError,
    LookupUnsupportedError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
    StoreUnavailableError,
    Violation,
)
from migratekit.events import PasswordChanged, PasswordChangeStarted, UserMigrated
from migratekit.models import KeyKind, LedgerKey, NewUser, Origin, User
from migratekit.sources.functions import FunctionSource
from migratekit.testing import CHEAPEST


ADA = "ada@example.com"


@pytest.fixture(name="ada")
def _ada(scene):
    return scene.site.add(
        "1",
        "Ada@Example.com",
        "pw",
        username="Ada",
        profile={"name": "Ada"},
        user_metadata={"theme": "dark"},
        app_metadata={"role": "admin"},
        created_at=dt.datetime(2001, 2, 3, tzinfo=dt.UTC),
    )


@pytest.fixture(name="stored")
def _stored(scene):
    return scene.connection.sign_up(ADA, "old")


def down():
    raise OSError("gone away")


def start(scene, identifier=ADA):
    return scene.connection.start_password_change(identifier)


# --- Stored ----------------------------------------------------------------------------


def test_stored(scene, stored):
    """
    A stored user gets a new password and, by the mailed token, a verified e-mail
    (issue 3, 7).
    """
    written = scene.snapshot()

    change = start(scene, " ADA@example.com")

    assert written == scene.snapshot()
    assert ADA == change.email
    assert scene.clock.now() < change.expires_at
    user = scene.connection.finish_password_change(change.token, "new")
    assert user.email_verified
    assert stored.id == user.id
    assert user == scene.connection.authenticate(ADA, "new").user
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "old")
    assert PasswordChangeStarted(user_id=user.id) in scene.events
    assert PasswordChanged(user_id=user.id) in scene.events
    assert [] == scene.told(UserMigrated)


def test_mailed_to_the_stored_address(scene):
    """
    Whoever types a username gets the mail at the stored address.
    """
    scene.connection.sign_up("Ada@Example.com", "old", username="ada")

    assert ADA == start(scene, "ADA").email


def test_one_use(scene, stored):
    """
    A token is void once it was used, and so are all that were made before.
    """
    changes = [start(scene) for _ in range(2)]
    scene.connection.finish_password_change(changes[0].token, "new")

    for change in changes:
        with scene.refused(InvalidTokenError):
            scene.connection.finish_password_change(change.token, "newer")


def test_expiry(scene, stored):
    """
    A token is good for its lifetime, and not a second longer.
    """
    change = start(scene)
    scene.clock.advance((change.expires_at - scene.clock.now()).total_seconds() - 1)
    scene.connection.finish_password_change(change.token, "new")

    change = start(scene)
    scene.clock.advance((change.expires_at - scene.clock.now()).total_seconds())
    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(change.token, "newer")


def test_lifetime(scene, stored):
    """
    The policy says how long a token is good for.
    """
    policy = MigrationPolicy(token_lifetime=dt.timedelta(days=2))

    change = scene.connect(policy=policy).start_password_change(ADA)

    left = change.expires_at - scene.clock.now()
    assert dt.timedelta(days=2, seconds=-2) < left <= dt.timedelta(days=2)
    assert 0 == change.expires_at.microsecond


@pytest.mark.parametrize(
    "change",
    [
        lambda connection, user: connection.block(user.id),
        lambda connection, user: connection.delete_user(user.id),
        lambda connection, user: connection.change_email(user.id, "b@example.com"),
        lambda connection, user: connection.change_username(user.id, "ada"),
        lambda connection, user: connection.set_password(user.id, "other"),
        lambda connection, user: connection.change_password(ADA, "old", "other"),
    ],
    ids=["block", "delete", "email", "username", "set_password", "change_password"],
)
def test_void_after_a_change(scene, stored, change):
    """
    A link is void once the account has changed; it brings nothing back (issue 3, 2).
    """
    token = start(scene).token
    change(scene.connection, stored)

    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


def test_void_for_a_new_account(scene, stored):
    """
    A link of a deleted account does not open the one that has the e-mail now.
    """
    token = start(scene).token
    scene.connection.delete_user(stored.id)
    scene.connection.sign_up(ADA, "other")

    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


def test_blocked(scene, stored):
    """
    A blocked user's request looks like any other, and a reset does not unblock
    (issue 3, 1 and 5).
    """
    scene.connection.block(stored.id)

    change = start(scene)
    user = scene.connection.finish_password_change(change.token, "new")

    assert user.blocked
    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "new")


def test_demand_is_settled(scene):
    """
    A completed reset settles the demand to change the password.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)

    user = scene.connection.finish_password_change(start(scene).token, "new")

    assert not user.must_change_password


@pytest.mark.parametrize("password_hash", [None, CHEAPEST.hash("pw")])
@pytest.mark.parametrize("legacy_id", [None, "shop|1"])
def test_moments(scene, legacy_id, password_hash):
    """
    A reset is a change of the user, and a move of who is pre-loaded alone.
    """
    moved = scene.clock.now()
    scene.store_user(ADA, password_hash, legacy_id=legacy_id, migrated_at=moved)
    change = start(scene)
    scene.clock.advance(60)

    user = scene.connection.finish_password_change(change.token, "new")

    now = scene.clock.now()
    is_preloaded = legacy_id is not None and password_hash is None
    assert (now, now if is_preloaded else moved) == (user.updated_at, user.migrated_at)
    assert is_preloaded == (scene.told(UserMigrated) != [])


def test_handed_over_token_verifies_nothing(scene):
    """
    A token that was not mailed proves no e-mail (issue 3, 7).
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)
    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")

    assert not user.email_verified


def test_verified_stays_verified(scene):
    """
    A token that proves nothing takes no proof away.
    """
    scene.store_user(
        ADA, CHEAPEST.hash("pw"), must_change_password=True, email_verified=True
    )
    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")

    assert user.email_verified


def test_rejected_password(scene, stored):
    """
    A password that breaks the rules leaves the token good.
    """

    def check(password):
        return [Violation("weak", "password", "")] if password == "weak" else ()

    connection = scene.connect(policy=MigrationPolicy(password_check=check))
    token = start(scene).token

    for password in ("weak", "", "a\0"):
        with scene.refused(PasswordRejectedError):
            connection.finish_password_change(token, password)

    assert connection.finish_password_change(token, "strong").email_verified


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", None, 5, b"x", "é", "x" * 5000, ".", "e30.x"]
)
def test_forged(scene, stored, token):
    """
    What we never signed is no token, whatever it is.
    """
    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


def test_tampered(scene, stored):
    """
    A token with a character changed, and one signed with another key, are void.
    """
    token = start(scene).token
    flipped = ("B" if token[5] == "A" else "A").join((token[:5], token[6:]))
    foreign = scene.connect(secret_key="another key of the tests")

    for wrong in (flipped, foreign.start_password_change(ADA).token):
        with scene.refused(InvalidTokenError):
            scene.connection.finish_password_change(wrong, "new")


def test_rotation(scene, stored):
    """
    With several keys the newest signs, and all are accepted.
    """
    old, new = "an old key of the tests", b"a new key of the tests"
    before = scene.connect(secret_key=old).start_password_change(ADA)
    both = scene.connect(secret_key=[new, old])
    after = both.start_password_change(ADA)

    with scene.refused(InvalidTokenError):
        scene.connect(secret_key=old).finish_password_change(after.token, "one")
    with scene.refused(InvalidTokenError):
        scene.connect(secret_key=new).finish_password_change(before.token, "one")
    both.finish_password_change(before.token, "one")
    again = both.start_password_change(ADA)
    scene.connect(secret_key=new).finish_password_change(again.token, "two")

    assert scene.connection.authenticate(ADA, "two")


def test_no_key(scene, stored):
    """
    Without a secret key there are no tokens.
    """
    connection = scene.connect(secret_key=None)

    with scene.refused(ConfigurationError):
        connection.start_password_change(ADA)
    with scene.refused(ConfigurationError):
        connection.finish_password_change(start(scene).token, "new")


def test_store_fails(scene, stored):
    """
    A store that fails leaves the token good.
    """
    token = start(scene).token
    scene.store.before("replace", down)

    with scene.refused(StoreUnavailableError):
        scene.connection.finish_password_change(token, "new")

    assert scene.connection.finish_password_change(token, "new").email_verified


def test_acknowledgement_lost(scene, stored):
    """
    A reset that was written although the store broke off is done.
    """
    token = start(scene).token
    scene.store.after("replace", down)

    scene.connection.finish_password_change(token, "new")

    assert scene.connection.authenticate(ADA, "new")


def test_race(scene, stored):
    """
    A write between look and swap makes the token void: it was for another state.
    """
    token = start(scene).token
    other = scene.beside()
    scene.store.before("replace", lambda: other.block(stored.id))

    with pytest.raises(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")

    assert CHEAPEST.verify("old", scene.find(ADA).password_hash)


# --- In the source ---------------------------------------------------------------------


def test_in_source(scene, ada):
    """
    The request writes nothing; finishing stores all that `get_user` says, with the new
    password; then the old one is dead, and the source is not asked (issue 3, 1).
    """
    written = scene.snapshot()
    change = start(scene, "ADA")
    assert written == scene.snapshot()
    assert ADA == change.email
    assert [PasswordChangeStarted(user_id="shop|1")] == scene.events

    user = scene.connection.finish_password_change(change.token, "new")

    assert (ADA, "ada", Origin.PASSWORD_CHANGE, "shop|1") == (
        user.email,
        user.username,
        user.origin,
        user.legacy_id,
    )
    assert user.email_verified
    assert ada.profile == user.profile
    assert ada.user_metadata == user.user_metadata
    assert ada.app_metadata == user.app_metadata
    assert ada.created_at == user.created_at
    assert scene.clock.now() == user.migrated_at
    scene.site.calls.clear()
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")
    assert user == scene.connection.authenticate(ADA, "new").user
    assert [] == scene.site.calls
    assert [
        UserMigrated(user_id=user.id, legacy_id="shop|1", origin=Origin.PASSWORD_CHANGE)
    ] == scene.told(UserMigrated)
    assert [PasswordChanged(user_id=user.id)] == scene.told(PasswordChanged)


def test_abandoned(scene, ada):
    """
    A request that nobody finishes leaves no trace (issue 3, 1).
    """
    written = scene.snapshot()

    start(scene)

    assert written == scene.snapshot()
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_older_link(scene, ada):
    """
    A finished change voids the links made before it (issue 3, 1).
    """
    changes = [start(scene) for _ in range(2)]
    scene.connection.finish_password_change(changes[1].token, "new")

    for change in changes:
        with scene.refused(InvalidTokenError):
            scene.connection.finish_password_change(change.token, "newer")


def test_void_after_a_first_login(scene, ada):
    """
    A link made before a first login is void after it, a must-change one too
    (issue 3, 2).
    """
    scene.site.change("1", must_change_password=True)
    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")
    scene.site.change("1", must_change_password=False)
    tokens = [start(scene).token, caught.value.token]
    scene.connection.authenticate(ADA, "pw")

    for token in tokens:
        with scene.refused(InvalidTokenError):
            scene.connection.finish_password_change(token, "new")

    assert scene.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("what", ["delete", "block", "move"])
def test_void_after_what_followed(scene, ada, what):
    """
    Such a link brings nothing back that was deleted, blocked or renamed (issue 3, 2).
    """
    token = start(scene).token
    user = scene.connection.authenticate(ADA, "pw").user
    if what == "delete":
        scene.connection.delete_user(user.id)
    if what == "block":
        scene.connection.block(user.id)
    if what == "move":
        scene.connection.change_email(user.id, "lovelace@example.com")

    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


@pytest.mark.parametrize(
    "successor",
    [("1", "lovelace@example.com"), ("2", ADA), None],
    ids=["renamed", "replaced", "gone"],
)
def test_void_after_a_change_in_the_source(scene, ada, successor):
    """
    A link is for one person at one address: if the source has another there, it is void.
    """
    token = start(scene).token
    scene.site.people.clear()
    if successor is not None:
        scene.site.add(*successor, "pw")

    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


def test_void_after_a_move_under_another_address(scene, ada):
    """
    A link is void once its user has moved, whatever they were called then.
    """
    token = start(scene).token
    scene.site.change("1", email="lovelace@example.com", username=None)
    scene.connection.authenticate("lovelace@example.com", "pw")
    scene.site.change("1", email=ADA)
    scene.site.calls.clear()

    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")

    assert [] == scene.site.calls


def test_answered_for_another(scene, ada):
    """
    A source that finds the same id under another address is not believed.
    """
    token = start(scene).token
    person = LegacyUser(user_id="1", email="other@example.com")
    scene.site.get_user = lambda identifier, /: person

    with scene.refused(ContractError):
        scene.connection.finish_password_change(token, "new")


def test_unknown(scene):
    """
    The request of somebody nobody knows gives nothing, and takes as long (issue 3, 1).
    """
    assert start(scene) is None
    assert is_floor(scene.clock.slept)


def test_same_time(scene, ada):
    """
    Known, unknown and blocked take the same time and tell nobody but the listeners
    (issue 3, 1).
    """
    scene.connection.sign_up("bob@example.com", "pw")
    scene.site.add("2", "cyd@example.com", "pw", blocked=True)
    taken = []
    for identifier in (ADA, "bob@example.com", "cyd@example.com", "dan@example.com"):
        before = scene.clock.monotonic()
        start(scene, identifier)
        taken.append(scene.clock.monotonic() - before)

    assert all(is_floor(seconds) for seconds in taken)


def test_outage(scene, ada):
    """
    An outage is an error that the application can tell from "unknown" (issue 3, 1).
    """
    token = start(scene).token
    slept = scene.clock.slept
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        start(scene)
    assert is_floor(scene.clock.slept - slept)
    with scene.refused(LegacyUnavailableError):
        scene.connection.finish_password_change(token, "new")

    scene.site.down = False
    assert scene.connection.finish_password_change(token, "new")


def test_outage_of_a_stored_user(scene, stored):
    """
    An outage changes nothing for stored users.
    """
    scene.site.down = True

    change = start(scene)

    assert scene.connection.finish_password_change(change.token, "new")


def test_blocked_in_source(scene, ada):
    """
    Somebody blocked in the source arrives blocked by a reset (issue 3, 5).
    """
    scene.site.change("1", blocked=True, must_change_password=True)

    user = scene.connection.finish_password_change(start(scene).token, "new")

    assert user.blocked
    assert not user.must_change_password
    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "new")
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")


def test_deleted(scene, ada):
    """
    A deleted user gets no link, and an import of them is refused (issue 3, 3).
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(user.id)
    scene.site.change("1", email="lovelace@example.com")
    scene.site.calls.clear()

    assert start(scene) is None
    assert [] == scene.site.calls
    assert start(scene, "lovelace@example.com") is None
    with scene.refused(AlreadyMigratedError):
        scene.preload("1", "lovelace@example.com")


def test_reserved(scene, ada):
    """
    What is reserved gets no link, and a link from before is void.
    """
    token = start(scene).token
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, ADA)], "shop|1")

    assert start(scene) is None
    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


def test_no_address(scene):
    """
    Somebody without an e-mail cannot be mailed, on either side.
    """
    scene.site.add("1", None, "pw", username="ada")
    scene.site.add("2", "not an address", "pw", username="bob")
    user = User(id="u", origin=Origin.ADMIN, email=None, username="cyd")
    scene.side.create(NewUser(user, None))

    for username in ("ada", "bob", "cyd"):
        assert start(scene, username) is None

    assert [] == scene.events


def test_invalid_profile(scene, ada):
    """
    A profile that may not be stored is told, and the token stays good.
    """
    scene.connection.sign_up("bob@example.com", "pw", username="bob")
    scene.site.change("1", username="bob")
    token = start(scene).token

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.finish_password_change(token, "new")
    scene.site.change("1", username="ada")

    assert ["username_taken"] == [v.code for v in caught.value.violations]
    assert scene.connection.finish_password_change(token, "new")


def test_identifier_of_another(scene, ada):
    """
    A reset takes along nothing that somebody else of the source is known by.
    """
    scene.site.add("1", ADA, "pw", username="ada")
    scene.site.add("2", "mallory@example.com", "pw", username="ada")
    token = start(scene, "mallory@example.com").token

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.finish_password_change(token, "new")

    assert ["username_taken"] == [one.code for one in caught.value.violations]


def test_rejected_password_in_source(scene, ada):
    """
    A bad password stores nobody.
    """
    token = start(scene).token

    with scene.refused(PasswordRejectedError):
        scene.connection.finish_password_change(token, "")

    assert scene.connection.finish_password_change(token, "new")


def test_off(scene, ada):
    """
    With import_mode off, users in the source cannot be reset; stored ones can.
    """
    token = start(scene).token
    scene.connection.sign_up("bob@example.com", "pw")
    off = scene.connect(policy=MigrationPolicy(import_mode=False))

    with scene.refused(ConfigurationError):
        off.start_password_change(ADA)
    with scene.refused(ConfigurationError):
        off.finish_password_change(token, "new")
    change = off.start_password_change("bob@example.com")
    assert off.finish_password_change(change.token, "new")


def test_no_lookup(scene):
    """
    A source that cannot look up says so; stored users are none of its business.
    """
    scene.connection.sign_up("bob@example.com", "pw")
    source = FunctionSource(lambda identifier, password: None)
    connection = scene.connect(source=source)

    with scene.refused(LookupUnsupportedError):
        connection.start_password_change(ADA)
    assert connection.start_password_change("bob@example.com")


@pytest.mark.parametrize("typed", ["Ada@bücher.example", "ada@xn--bcher-kva.example"])
@pytest.mark.parametrize("known", ["ada@bücher.example", "ada@xn--bcher-kva.example"])
def test_all_forms_are_asked(scene, typed, known):
    """
    The source is asked for every form, by the link too.
    """
    scene.site.add("1", known, "pw")

    change = start(scene, typed)

    assert "ada@xn--bcher-kva.example" == change.email
    assert scene.connection.finish_password_change(change.token, "new")


@pytest.mark.parametrize("call", ["retired", "find"])
def test_moved_meanwhile(scene, ada, call):
    """
    A user who moves while the link is made gets one that works.
    """
    other = scene.beside()
    scene.store.before(call, lambda: other.authenticate(ADA, "pw"))

    change = start(scene)

    assert scene.connection.finish_password_change(change.token, "new").email_verified


def test_moved_while_the_source_answers(scene, ada):
    """
    A user who moves while the source is asked gets a link that works.
    """
    other = scene.beside()
    scene.store.before("retired", lambda: other.authenticate(ADA, "pw"), skip=1)

    change = start(scene)

    assert scene.connection.finish_password_change(change.token, "new").email_verified


def test_known_by_another_name(scene, ada):
    """
    A user whom the source knows by another name than the store gets none by it.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.change("1", email="lovelace@example.com")

    assert start(scene, "lovelace@example.com") is None


@pytest.mark.parametrize("call", ["retired", "find", "create"])
def test_race_with_a_first_login(scene, ada, call):
    """
    A first login wins over the link, wherever it comes in between.
    """
    token = start(scene).token
    other = scene.beside()
    scene.store.before(call, lambda: other.authenticate(ADA, "pw"))

    with pytest.raises(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")

    assert CHEAPEST.verify("pw", scene.find(ADA).password_hash)


def test_race_with_a_deletion(scene, ada):
    """
    Somebody came and went in between: the ledger keeps them away.
    """
    token = start(scene).token
    other = scene.beside()

    def come_and_go():
        other.delete_user(other.authenticate(ADA, "pw").user.id)

    scene.store.before("create", come_and_go)

    with pytest.raises(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")

    assert scene.find(ADA) is None


def test_acknowledgement_lost_in_source(scene, ada):
    """
    A user who was stored although the store broke off is stored.
    """
    token = start(scene).token
    scene.store.after("create", down)

    user = scene.connection.finish_password_change(token, "new")

    assert user == scene.find(ADA).user


def test_store_fails_in_source(scene, ada):
    """
    A store that fails stores nobody, and the token stays good.
    """
    token = start(scene).token
    scene.store.before("create", down)

    with scene.refused(StoreUnavailableError):
        scene.connection.finish_password_change(token, "new")

    assert scene.connection.finish_password_change(token, "new")


def test_preloaded(scene, ada):
    """
    A pre-loaded user is reset without the source, and has moved then (issue 3, 10).
    """
    scene.preload("1", ADA)

    user = scene.connection.finish_password_change(start(scene).token, "new")

    assert scene.clock.now() == user.migrated_at
    assert user.email_verified
    assert [] == scene.site.calls
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")
    assert 1 == len(scene.told(UserMigrated))


def test_preloaded_void_after_a_first_login(scene, ada):
    """
    A pre-loaded user's link is void after the first login.
    """
    scene.preload("1", ADA)
    token = start(scene).token
    scene.connection.authenticate(ADA, "pw")

    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


def test_after_cut_over(scene, ada):
    """
    After the cut-over a link of somebody who has not moved leads nowhere.
    """
    token = start(scene).token
    after = scene.connection.cut_over(force=True)

    with scene.refused(InvalidTokenError):
        after.finish_password_change(token, "new")
    assert after.start_password_change(ADA) is None


def test_other_source_name(scene, ada):
    """
    A link of another source's user is not taken for one of ours.
    """
    token = scene.connect(source_name="other").start_password_change(ADA).token

    with scene.refused(InvalidTokenError):
        scene.connection.finish_password_change(token, "new")


def test_exact(scene, ada):
    """
    Version 1 mails to the source's spelling, and finishes by it.
    """
    connection = scene.connect(policy=MigrationPolicy(strategy_version=1))

    change = connection.start_password_change("ada@example.com")
    user = connection.finish_password_change(change.token, "new")

    assert "Ada@Example.com" == change.email == user.email
