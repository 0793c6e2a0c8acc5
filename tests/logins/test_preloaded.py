"""
Logins of those who are stored without a hash: the source vouches for them once.
"""

from functools import partial

import pytest
from login_scene import ADA, OLD, unusable

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccountBlockedError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    PasswordChangeRequiredError,
    StaleRecordError,
)
from migratekit.events import SourceSuspended, UserMigrated
from migratekit.models import Origin
from migratekit.testing import CHEAPEST


def test_preloaded(scene, ada):
    """
    A pre-loaded user is checked by the source at the first login, and never again.
    """
    user = scene.preload("1", ADA)

    first = scene.connection.authenticate(ADA, "pw")
    scene.site.passwords["1"] = "newer in the source"
    second = scene.connection.authenticate(ADA, "pw")

    assert (True, False) == (first.migrated, second.migrated)
    assert (user.id, "shop|1") == (first.user.id, first.user.legacy_id)
    assert scene.clock.now() == first.user.migrated_at
    assert not first.user.email_verified
    assert {} == first.user.profile
    assert [("login", ADA)] == scene.site.calls
    assert [
        UserMigrated(user_id=user.id, legacy_id="shop|1", origin=Origin.IMPORT)
    ] == scene.told(UserMigrated)


def test_preloaded_wrong_password(scene, ada):
    """
    A pre-loaded user's wrong password is refused.
    """
    scene.preload("1", ADA)

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "wrong")

    assert "unknown_or_wrong" == caught.value.reason


def test_preloaded_outage(scene, ada):
    """
    A pre-loaded user whose source is silent may try again.
    """
    scene.preload("1", ADA)
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        scene.connection.authenticate(ADA, "pw")

    scene.site.down = False
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_preloaded_suspension(scene, ada):
    """
    That the source is left alone now is told by the login of a pre-loaded user, too.
    """
    scene.preload("1", ADA)
    scene.site.down = True
    connection = scene.connect(policy=MigrationPolicy(legacy_failures=1))

    with scene.refused(LegacyUnavailableError):
        connection.authenticate(ADA, "pw")

    assert 1 == len(scene.told(SourceSuspended))


def test_preloaded_unusable_hash(scene, ada):
    """
    A pre-loaded user whose legacy hash cannot be used is refused.
    """
    scene.preload("1", ADA)
    scene.site.login = unusable

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "unusable_hash" == caught.value.reason


def test_preloaded_other_person(scene, ada):
    """
    The source vouches for another legacy id than the stored one: nobody is let in.
    """
    scene.preload("2", ADA)

    with scene.refused(ContractError):
        scene.connection.authenticate(ADA, "pw")


def test_no_password(scene, ada):
    """
    A user with neither a hash nor a legacy id is refused; the source is not asked.
    """
    scene.store_user(ADA, None)

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "no_password" == caught.value.reason
    assert [] == scene.site.calls


@pytest.mark.parametrize("where", ["store", "source"])
def test_preloaded_blocked(scene, ada, where):
    """
    A pre-loaded user who is blocked on either side is told so.
    """
    scene.preload("1", ADA, blocked=where == "store")
    scene.site.change("1", blocked=where == "source")

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("where", ["store", "source"])
def test_preloaded_must_change(scene, ada, where):
    """
    A pre-loaded user must change the password if either side says so, and then has.
    """
    scene.preload("1", ADA, must_change_password=where == "store")
    scene.site.change("1", must_change_password=where == "source")

    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")
    assert not user.email_verified
    assert user == scene.connection.authenticate(ADA, "new").user


def test_preloaded_race_with_password_change(scene, ada):
    """
    The swap is lost to a reset: the old legacy password is refused.
    """
    scene.preload("1", ADA)
    other = scene.beside()
    change = other.start_password_change(ADA)
    scene.store.before(
        "replace", lambda: other.finish_password_change(change.token, "new")
    )

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)


def test_preloaded_race_with_login(scene, ada):
    """
    Two first logins of a pre-loaded user: both are let in, one has moved them.
    """
    scene.preload("1", ADA)
    other = scene.beside()
    scene.store.before("replace", lambda: other.authenticate(ADA, "pw"))

    result = scene.connection.authenticate(ADA, "pw")

    assert not result.migrated
    assert 2 == scene.find(ADA).version


@pytest.mark.parametrize("must_change", [True, False])
def test_preloaded_race_with_hash(scene, ada, must_change):
    """
    The swap is lost to a hash: it is judged, and renewed, as that of any stored user.
    """
    scene.preload("1", ADA)

    hashed = OLD.hash("pw")
    write = partial(scene.overwrite, ADA, password_hash=hashed)
    scene.store.before("replace", partial(write, must_change_password=must_change))

    if must_change:
        with pytest.raises(PasswordChangeRequiredError) as caught:
            scene.connection.authenticate(ADA, "pw")
        assert caught.value.token
    else:
        assert not scene.connection.authenticate(ADA, "pw").migrated
        assert CHEAPEST.verify("pw", scene.find(ADA).password_hash)


def test_preloaded_race_with_profile(scene, ada):
    """
    The swap is lost to a write that left no hash: the source's yes still counts.
    """
    scene.preload("1", ADA)
    scene.store.before("replace", lambda: scene.overwrite(ADA, profile={"new": True}))

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert {"new": True} == result.user.profile
    assert [("login", ADA)] == scene.site.calls


def test_preloaded_race_with_block(scene, ada):
    """
    The swap is lost to a block: the new record is judged.
    """
    scene.preload("1", ADA)
    scene.store.before("replace", lambda: scene.overwrite(ADA, blocked=True))

    with pytest.raises(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).password_hash is None


def test_preloaded_race_with_deletion(scene, ada):
    """
    The swap is lost to a deletion: nobody is let in, nobody comes back.
    """
    user = scene.preload("1", ADA)
    other = scene.beside()
    scene.store.before("replace", lambda: other.delete_user(user.id))

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA) is None


def test_preloaded_race_with_another(scene, ada):
    """
    The identifier went to somebody without a password: the source's yes is not theirs.
    """
    user = scene.preload("1", ADA)
    other = scene.beside()

    def hand_over():
        other.delete_user(user.id)
        other.create_user(ADA)

    scene.store.before("replace", hand_over)

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "no_password" == caught.value.reason
    assert scene.find(ADA).password_hash is None


def test_preloaded_race_with_another_preloaded(scene, ada):
    """
    The identifier went to another pre-loaded user: the source's yes is not theirs.
    """
    user = scene.preload("1", ADA)
    grace = scene.preload("2", "grace@example.com")
    other = scene.beside()

    def hand_over():
        other.delete_user(user.id)
        other.change_email(grace.id, ADA)

    scene.store.before("replace", hand_over)

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "no_password" == caught.value.reason
    assert (grace.id, None) == (
        scene.find(ADA).user.id,
        scene.find(ADA).password_hash,
    )


def test_preloaded_busy(scene, ada):
    """
    A record that changes at every try ends in an error, not in a loop.
    """
    scene.preload("1", ADA)
    for number in range(8):
        scene.store.before(
            "replace",
            lambda number=number: scene.overwrite(ADA, profile={"number": number}),
        )

    with pytest.raises(StaleRecordError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).password_hash is None
