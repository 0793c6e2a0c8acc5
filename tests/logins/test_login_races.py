"""
Somebody else writes while the source is asked, or right before this login does.
"""

from functools import partial

import pytest
from login_scene import ADA, OLD

from migratekit.errors import (
    InvalidCredentialsError,
    PasswordChangeRequiredError,
    ProfileInvalidError,
)
from migratekit.events import PasswordRehashed
from migratekit.models import Origin
from migratekit.testing import CHEAPEST


@pytest.mark.parametrize("password", ["pw", "wrong"])
def test_moved_since_the_first_look(scene, ada, password):
    """
    A first login finished between the two looks: the store is looked into once more.
    """
    other = scene.beside()
    scene.store.before("retired", lambda: other.authenticate(ADA, "pw"))

    if password == "wrong":
        with pytest.raises(InvalidCredentialsError):
            scene.connection.authenticate(ADA, password)
    else:
        assert not scene.connection.authenticate(ADA, password).migrated

    assert [("login", ADA), ("get_user", "Ada")] == scene.site.calls


def test_preloaded_since_the_first_look(scene, ada):
    """
    An import finished between the two looks: the pre-loaded user is let in.
    """
    scene.store.before("retired", lambda: scene.preload("1", ADA))

    assert scene.connection.authenticate(ADA, "pw").migrated


@pytest.mark.parametrize("answer", ["none", "outage"])
@pytest.mark.parametrize("preloaded", [False, True])
def test_moved_while_the_source_says_no(scene, ada, answer, preloaded):
    """
    Whoever was moved while the source was asked is let in by the store, also if the
    source knows them no more, or has gone.
    """
    if preloaded:
        scene.preload("1", ADA)
    other = scene.beside()
    login = scene.site.login

    def meanwhile(identifier, password, /):
        scene.site.login = login
        other.authenticate(ADA, "pw")
        if answer == "outage":
            raise OSError("gone")

    scene.site.login = meanwhile

    assert not scene.connection.authenticate(ADA, "pw").migrated


@pytest.mark.parametrize("typed", [ADA, "ADA"])
def test_race_with_the_same_user(scene, ada, typed):
    """
    Two first logins at once: one moves the user, both are let in.
    """
    other = scene.beside()
    scene.store.before("create", lambda: other.authenticate("ada", "pw"))

    result = scene.connection.authenticate(typed, "pw")

    assert not result.migrated
    assert 1 == scene.find(ADA).version
    assert scene.find(ADA).user == result.user


def test_race_before_the_examination(scene, ada):
    """
    The same user moved while this login was on its way to the examination.
    """
    other = scene.beside()
    scene.store.after("retired", lambda: other.authenticate(ADA, "pw"), skip=1)

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert scene.find(ADA).user == result.user


RACES = {
    "examination": lambda scene, act: scene.store.after("retired", act, skip=1),
    "create": lambda scene, act: scene.store.before("create", act),
}
races = pytest.mark.parametrize(
    ("race", "legacy_id"), [(race, owner) for race in RACES for owner in ("1", "2")]
)


@races
def test_race_with_who_must_change(scene, ada, race, legacy_id):
    """
    Whoever got the identifier meanwhile, and must change their password, gets a token.
    """
    store = partial(scene.store_user, ADA, CHEAPEST.hash("pw"), username="ada")
    act = partial(store, legacy_id=f"shop|{legacy_id}", must_change_password=True)
    RACES[race](scene, act)

    with pytest.raises(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert scene.connection.finish_password_change(caught.value.token, "new password")


@races
def test_race_with_an_old_hash(scene, ada, race, legacy_id):
    """
    Whoever got the identifier meanwhile has an old hash renewed, as anybody.
    """
    store = partial(scene.store_user, ADA, OLD.hash("pw"), username="ada")
    RACES[race](scene, partial(store, legacy_id=f"shop|{legacy_id}"))

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert 1 == len(scene.told(PasswordRehashed))
    assert CHEAPEST.verify("pw", scene.find(ADA).password_hash)


def test_race_with_a_reset(scene, ada):
    """
    A reset won the race: the old legacy password is refused although the source said yes.
    """
    other = scene.beside()
    change = other.start_password_change(ADA)
    scene.store.before(
        "create", lambda: other.finish_password_change(change.token, "new")
    )

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "wrong_password" == caught.value.reason
    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)


@pytest.mark.parametrize("call", ["find", "create"])
@pytest.mark.parametrize("password", ["pw", "stranger's"])
def test_race_with_a_stranger(scene, ada, call, password):
    """
    A stranger's record stands under the identifier: only its own password opens it.
    """
    person = scene.site.people.pop("1")
    other = scene.beside()
    scene.site.login = lambda identifier, password, /: person
    scene.store.before(
        call,
        lambda: other.sign_up(ADA, "stranger's"),
        skip=1 if call == "find" else 0,
    )

    if password == "pw":
        with pytest.raises(InvalidCredentialsError) as caught:
            scene.connection.authenticate(ADA, password)
        assert "wrong_password" == caught.value.reason
    else:
        result = scene.connection.authenticate(ADA, password)
        assert (Origin.SIGN_UP, False) == (result.user.origin, result.migrated)

    record = scene.find(ADA)
    assert record.user.legacy_id is None
    assert CHEAPEST.verify("stranger's", record.password_hash)


def test_race_with_an_import(scene, ada):
    """
    An import of the same user won: the source's yes gives the pre-loaded user a hash.
    """
    scene.store.before("create", lambda: scene.preload("1", ADA))

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert "stored-1" == result.user.id
    assert [("login", ADA), ("get_user", "Ada")] == scene.site.calls


@pytest.mark.parametrize("call", ["find", "create"])
def test_race_with_a_foreign_import(scene, ada, call):
    """
    An import of another user with this e-mail won: the source's yes is not theirs.
    """
    scene.store.before(
        call,
        lambda: scene.preload("2", ADA),
        skip=1 if call == "find" else 0,
    )

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).password_hash is None


def test_race_for_the_username(scene, ada):
    """
    Somebody took the username in the last moment: that is told, and nobody is stored.
    """
    other = scene.beside()

    def take():
        scene.site.change("1", username=None)
        other.sign_up("bob@example.com", "pw", username="ada")

    scene.store.before("create", take)

    with pytest.raises(ProfileInvalidError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert ["username_taken"] == [v.code for v in caught.value.violations]
    assert scene.find(ADA) is None


def test_race_with_a_deletion(scene, ada):
    """
    Somebody moved and was deleted meanwhile: the ledger refuses.
    """
    other = scene.beside()

    def come_and_go():
        other.delete_user(other.authenticate(ADA, "pw").user.id)

    scene.store.before("create", come_and_go)

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "retired" == caught.value.reason
    assert scene.find(ADA) is None


def test_moved_while_the_source_was_asked(scene, ada):
    """
    The user moved while the source was answering: the store decides.
    """
    other = scene.beside()
    scene.store.before("retired", lambda: other.authenticate(ADA, "pw"), skip=1)

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert 0 == scene.store.count("create")


def test_preloaded_while_the_source_was_asked(scene, ada):
    """
    The user was pre-loaded while the source was answering: its yes is for them.
    """
    scene.store.before("retired", lambda: scene.preload("1", ADA), skip=1)

    result = scene.connection.authenticate(ADA, "pw")

    assert ("stored-1", True) == (result.user.id, result.migrated)
