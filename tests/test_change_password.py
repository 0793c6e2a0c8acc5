"""
A password changed by somebody who knows the old one, or by an administrator.
"""

import pytest
from world import is_floor

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    PasswordRejectedError,
    ProfileInvalidError,
    StaleRecordError,
    StoreUnavailableError,
    UnusableHashError,
    UserNotFoundError,
    Violation,
)
from migratekit.events import LoginRefused, PasswordChanged, UserMigrated
from migratekit.models import Origin
from migratekit.testing import CHEAPEST


ADA = "ada@example.com"


@pytest.fixture(name="ada")
def _ada(scene):
    return scene.site.add("1", "Ada@Example.com", "pw", username="Ada")


def down():
    raise OSError("gone away")


def short(password):
    return [Violation("short", "password", "Too short.")] if len(password) < 3 else ()


STRICT = MigrationPolicy(password_check=short, weak_legacy_password="admit")


# --- By the old password -------------------------------------------------------------


def test_stored(scene):
    """
    A stored user's password changes, and nothing else.
    """
    user = scene.connection.sign_up(ADA, "old")

    changed = scene.connection.change_password(ADA, "old", "new")

    assert user.id == changed.id
    assert not changed.email_verified
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "old")
    assert changed == scene.connection.authenticate(ADA, "new").user
    assert [PasswordChanged(user_id=user.id)] == scene.told(PasswordChanged)


def test_wrong_old_password(scene, ada):
    """
    Whoever does not know the old password changes nothing, on either side.
    """
    scene.connection.sign_up("bob@example.com", "old")

    for identifier in ("bob@example.com", ADA, "nobody"):
        slept = scene.clock.slept
        with scene.refused(InvalidCredentialsError):
            scene.connection.change_password(identifier, "wrong", "new")
        assert is_floor(scene.clock.slept - slept)

    assert ["wrong_password", "unknown_or_wrong", "unknown_or_wrong"] == [
        event.reason for event in scene.told(LoginRefused)
    ]


def test_bad_new_password(scene):
    """
    A bad new password is told after the right old one only.
    """
    scene.connection.sign_up(ADA, "old")
    connection = scene.connect(policy=STRICT)

    with scene.refused(PasswordRejectedError) as caught:
        connection.change_password(ADA, "old", "x")
    with scene.refused(PasswordRejectedError):
        connection.change_password(ADA, "old", "")
    with scene.refused(InvalidCredentialsError):
        connection.change_password(ADA, "wrong", "x")

    assert ["short"] == [violation.code for violation in caught.value.violations]


@pytest.mark.parametrize("moved", [False, True])
def test_bad_new_password_in_source(scene, ada, moved):
    """
    So it is for somebody in the source; nothing is stored.
    """
    if moved:
        scene.preload("1", ADA)

    with scene.refused(PasswordRejectedError):
        scene.connect(policy=STRICT).change_password(ADA, "pw", "x")


def test_in_source(scene, ada):
    """
    Somebody who has not moved is moved, with the new password; the old one is dead.
    """
    user = scene.connection.change_password("ADA", "pw", "new")

    assert (Origin.PASSWORD_CHANGE, "shop|1", ADA) == (
        user.origin,
        user.legacy_id,
        user.email,
    )
    assert not user.email_verified
    scene.site.calls.clear()
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")
    assert user == scene.connection.authenticate(ADA, "new").user
    assert [] == scene.site.calls
    assert [
        UserMigrated(
            user_id=user.id, legacy_id="shop|1", origin=Origin.PASSWORD_CHANGE
        ),
        PasswordChanged(user_id=user.id),
    ] == scene.events[:2]


def test_in_source_must_change(scene, ada):
    """
    A demand to change the password is met by changing it.
    """
    scene.site.change("1", must_change_password=True)

    scene.connection.change_password(ADA, "pw", "new")

    assert not scene.find(ADA).user.must_change_password
    assert not scene.connection.authenticate(ADA, "new").migrated


def test_stored_must_change(scene):
    """
    So it is for a stored user.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)

    user = scene.connection.change_password(ADA, "pw", "new")

    assert user == scene.connection.authenticate(ADA, "new").user


def test_preloaded(scene, ada):
    """
    A pre-loaded user gets the new password after the source's yes.
    """
    scene.preload("1", ADA)

    user = scene.connection.change_password(ADA, "pw", "new")

    assert scene.clock.now() == user.migrated_at
    assert user == scene.connection.authenticate(ADA, "new").user
    assert [
        UserMigrated(user_id="stored-1", legacy_id="shop|1", origin=Origin.IMPORT)
    ] == scene.told(UserMigrated)


@pytest.mark.parametrize("where", ["stored", "preloaded", "source", "both"])
def test_blocked(scene, ada, where):
    """
    A blocked user is told so after the right old password, and changes nothing.
    """
    if where == "stored":
        scene.store_user(ADA, CHEAPEST.hash("pw"), blocked=True)
    if where in {"preloaded", "both"}:
        scene.preload("1", ADA, blocked=where == "preloaded")
    scene.site.change("1", blocked=where in {"source", "both"})

    with scene.refused(AccountBlockedError):
        scene.connection.change_password(ADA, "pw", "new")
    with scene.refused(InvalidCredentialsError):
        scene.connection.change_password(ADA, "wrong", "new")


def test_off(scene, ada):
    """
    With import_mode off nobody is moved, and that is told after the right password.
    """
    connection = scene.connect(policy=MigrationPolicy(import_mode=False))

    with scene.refused(ConfigurationError):
        connection.change_password(ADA, "pw", "new")
    with scene.refused(InvalidCredentialsError):
        connection.change_password(ADA, "wrong", "new")


def test_outage(scene, ada):
    """
    An outage is no wrong password.
    """
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        scene.connection.change_password(ADA, "pw", "new")


def test_invalid(scene, ada):
    """
    A profile that may not be stored is told.
    """
    scene.site.change("1", email="ada")

    with scene.refused(ProfileInvalidError):
        scene.connection.change_password("Ada", "pw", "new")


def test_unusable(scene):
    """
    A stored hash that cannot be used refuses.
    """
    scene.store_user(ADA, "broken")

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.change_password(ADA, "pw", "new")

    assert "unusable_hash" == caught.value.reason


def test_unusable_in_source(scene, ada):
    """
    A legacy hash that cannot be used refuses.
    """

    def login(identifier, password, /):
        raise UnusableHashError("…", "it is cut")

    scene.site.login = login

    with scene.refused(InvalidCredentialsError):
        scene.connection.change_password(ADA, "pw", "new")


def test_store_fails(scene):
    """
    A store that cannot write leaves the old password.
    """
    scene.connection.sign_up(ADA, "old")
    scene.store.before("replace", down)

    with scene.refused(StoreUnavailableError):
        scene.connection.change_password(ADA, "old", "new")

    assert scene.connection.authenticate(ADA, "old")


def test_acknowledgement_lost(scene):
    """
    A change that was written although the store broke off is one.
    """
    scene.connection.sign_up(ADA, "old")
    scene.store.after("replace", down)

    scene.connection.change_password(ADA, "old", "new")

    assert scene.connection.authenticate(ADA, "new")


def test_acknowledgement_lost_and_overwritten(scene):
    """
    A change that was overwritten before it could be read back is not called done.
    """
    scene.connection.sign_up(ADA, "old")

    def lose():
        scene.overwrite(ADA, password_hash=CHEAPEST.hash("newest"))
        down()

    scene.store.after("replace", lose)

    with pytest.raises(StoreUnavailableError):
        scene.connection.change_password(ADA, "old", "new")


def test_race_with_a_login(scene, ada):
    """
    A first login won: the record it made is proved by the old password, then changed.
    """
    other = scene.beside()
    scene.store.before("create", lambda: other.authenticate(ADA, "pw"))

    user = scene.connection.change_password(ADA, "pw", "new")

    assert Origin.LOGIN == user.origin
    assert user == scene.connection.authenticate(ADA, "new").user


def test_race_with_a_reset(scene, ada):
    """
    A reset won: the old password proves nothing any more.
    """
    other = scene.beside()
    change = other.start_password_change(ADA)
    scene.store.before(
        "create", lambda: other.finish_password_change(change.token, "reset")
    )

    with pytest.raises(InvalidCredentialsError):
        scene.connection.change_password(ADA, "pw", "new")

    assert CHEAPEST.verify("reset", scene.find(ADA).password_hash)


def test_race_with_another_change(scene):
    """
    Two changes by the same old password: one wins, the other is refused.
    """
    scene.connection.sign_up(ADA, "old")
    other = scene.beside()
    scene.store.before("replace", lambda: other.change_password(ADA, "old", "other"))

    with pytest.raises(InvalidCredentialsError):
        scene.connection.change_password(ADA, "old", "new")

    assert CHEAPEST.verify("other", scene.find(ADA).password_hash)


def test_race_with_a_block(scene):
    """
    A block won: the change is refused, although the proof was right.
    """
    user = scene.connection.sign_up(ADA, "old")
    other = scene.beside()
    scene.store.before("replace", lambda: other.block(user.id))

    with pytest.raises(AccountBlockedError):
        scene.connection.change_password(ADA, "old", "new")

    assert CHEAPEST.verify("old", scene.find(ADA).password_hash)


def test_race_with_a_profile(scene):
    """
    A write that kept the hash won: the change is made to the new record.
    """
    scene.connection.sign_up(ADA, "old")
    scene.store.before("replace", lambda: scene.overwrite(ADA, profile={"new": 1}))

    user = scene.connection.change_password(ADA, "old", "new")

    assert {"new": 1} == user.profile


def test_race_with_a_deletion(scene):
    """
    A deletion won: nobody is there.
    """
    user = scene.connection.sign_up(ADA, "old")
    other = scene.beside()
    scene.store.before("replace", lambda: other.delete_user(user.id))

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.change_password(ADA, "old", "new")

    assert "gone" == caught.value.reason
    assert scene.find(ADA) is None


def test_preloaded_race(scene, ada):
    """
    A pre-loaded user who changed meanwhile is still the source's to prove.
    """
    scene.preload("1", ADA)
    scene.store.before("replace", lambda: scene.overwrite(ADA, profile={"new": 1}))

    user = scene.connection.change_password(ADA, "pw", "new")

    assert {"new": 1} == user.profile
    assert [("login", ADA)] == scene.site.calls
    assert user == scene.connection.authenticate(ADA, "new").user


def test_race_with_an_import(scene, ada):
    """
    An import of the same user won: they are pre-loaded now, and get the new password.
    """
    scene.store.before("create", lambda: scene.preload("1", ADA))

    user = scene.connection.change_password(ADA, "pw", "new")

    assert "stored-1" == user.id
    assert user == scene.connection.authenticate(ADA, "new").user


@pytest.mark.parametrize("call", ["find", "create"])
def test_race_with_a_stranger(scene, ada, call):
    """
    A stranger's record stands under the identifier: the source's yes is not theirs.
    """
    person = scene.site.people.pop("1")
    other = scene.beside()
    scene.site.login = lambda identifier, password, /: person
    scene.store.before(
        call,
        lambda: other.sign_up(ADA, "stranger's"),
        skip=1 if call == "find" else 0,
    )

    with pytest.raises(InvalidCredentialsError):
        scene.connection.change_password(ADA, "pw", "new")

    assert CHEAPEST.verify("stranger's", scene.find(ADA).password_hash)


def test_race_for_the_username(scene, ada):
    """
    Somebody took the username in the last moment: that is told, not "wrong password".
    """
    other = scene.beside()

    def take():
        scene.site.change("1", username=None)
        other.sign_up("bob@example.com", "pw", username="ada")

    scene.store.before("create", take)

    with pytest.raises(ProfileInvalidError) as caught:
        scene.connection.change_password(ADA, "pw", "new")

    assert ["username_taken"] == [v.code for v in caught.value.violations]
    assert scene.find(ADA) is None


def test_busy(scene):
    """
    A record that changes at every try ends in an error, not in a loop.
    """
    scene.connection.sign_up(ADA, "old")
    for number in range(8):
        scene.store.before(
            "replace",
            lambda number=number: scene.overwrite(ADA, profile={"number": number}),
        )

    with pytest.raises(StaleRecordError):
        scene.connection.change_password(ADA, "old", "new")

    assert CHEAPEST.verify("old", scene.find(ADA).password_hash)


def test_other_person(scene, ada):
    """
    The source vouches for another legacy id than the stored one: nothing is changed.
    """
    scene.preload("2", ADA)

    with scene.refused(ContractError):
        scene.connection.change_password(ADA, "pw", "new")


# --- By an administrator ---------------------------------------------------------------


def test_set_password(scene):
    """
    An administrator sets a password whatever the old one was.
    """
    user = scene.connection.create_user(ADA)

    changed = scene.connection.set_password(user.id, "new")

    assert not changed.email_verified
    assert changed == scene.connection.authenticate(ADA, "new").user
    assert [PasswordChanged(user_id=user.id)] == scene.told(PasswordChanged)
    assert [] == scene.told(UserMigrated)


def test_set_password_preloaded(scene, ada):
    """
    A pre-loaded user who is given a password has moved; the source is not asked.
    """
    user = scene.preload("1", ADA)

    scene.connection.set_password(user.id, "new")

    assert scene.clock.now() == scene.find(ADA).user.migrated_at
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")
    assert [] == scene.site.calls
    assert 1 == len(scene.told(UserMigrated))


def test_set_password_keeps_a_block(scene):
    """
    A new password does not unblock.
    """
    user = scene.connection.sign_up(ADA, "old")
    scene.connection.block(user.id)

    assert scene.connection.set_password(user.id, "new").blocked
    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "new")


def test_set_password_settles_a_demand(scene):
    """
    A new password settles the demand to change it.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)

    assert not scene.connection.set_password("stored", "new").must_change_password


def test_set_password_refusals(scene):
    """
    Nobody, a bad password, and a store that fails change nothing.
    """
    user = scene.connection.sign_up(ADA, "old")
    connection = scene.connect(policy=STRICT)

    with scene.refused(UserNotFoundError):
        connection.set_password("nobody", "new")
    with scene.refused(PasswordRejectedError):
        connection.set_password(user.id, "x")
    scene.store.before("replace", down)
    with scene.refused(StoreUnavailableError):
        connection.set_password(user.id, "new")


def test_set_password_race(scene):
    """
    A write in between is kept.
    """
    user = scene.connection.sign_up(ADA, "old")
    other = scene.beside()
    scene.store.before("replace", lambda: other.block(user.id))

    assert scene.connection.set_password(user.id, "new").blocked


def test_set_password_race_with_a_deletion(scene):
    """
    A deletion in between leaves nobody.
    """
    user = scene.connection.sign_up(ADA, "old")
    other = scene.beside()
    scene.store.before("replace", lambda: other.delete_user(user.id))

    with pytest.raises(UserNotFoundError):
        scene.connection.set_password(user.id, "new")


def test_no_rehash_after_a_change(scene):
    """
    A changed password's hash is a current one.
    """
    scene.connection.sign_up(ADA, "old")
    scene.connection.change_password(ADA, "old", "new")
    stored = scene.snapshot()

    scene.connection.authenticate(ADA, "new")

    assert stored == scene.snapshot()
