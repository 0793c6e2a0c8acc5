"""
A login renews an old hash, unless somebody else has written meanwhile.
"""

import pytest
from login_scene import ADA, OLD, down
from world import READS

from migratekit.errors import (
    AccountBlockedError,
    InvalidCredentialsError,
    PasswordChangeRequiredError,
)
from migratekit.events import LoginSucceeded, PasswordRehashed, RehashFailed
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.passwords import Argon2Hasher
from migratekit.testing import CHEAPEST


STRONGER = Argon2Hasher(memory_cost=16, time_cost=1, parallelism=1)


def test_rehash(scene):
    """
    A hash of another cost is renewed at a login, and nothing else changes.
    """
    user = scene.store_user(ADA, OLD.hash("pw"), profile={"name": "Ada"})

    result = scene.connection.authenticate(ADA, "pw")

    record = scene.find(ADA)
    assert result.user == record.user
    assert 2 == record.version
    assert not CHEAPEST.needs_rehash(record.password_hash)
    assert CHEAPEST.verify("pw", record.password_hash)
    assert user.profile == record.user.profile
    assert scene.clock.now() == record.user.updated_at
    assert [PasswordRehashed(user_id=user.id)] == scene.told(PasswordRehashed)


@pytest.mark.parametrize("wrapped", [False, True])
def test_no_downgrade(scene, wrapped):
    """
    A hash of higher cost stays: servers with other parameters must not take turns.
    """
    user = scene.store_user(ADA, STRONGER.hash("pw"))
    stored = scene.snapshot()
    hasher = LegacyHasher(CHEAPEST, presets.wordpress()) if wrapped else CHEAPEST

    result = scene.connect(hasher=hasher).authenticate(ADA, "pw")

    assert user == result.user
    assert stored == scene.snapshot()


def test_rehash_not_for_blocked(scene):
    """
    Nothing is written for a blocked user.
    """
    scene.store_user(ADA, OLD.hash("pw"), blocked=True)

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")


def test_rehash_failure(scene):
    """
    A new hash that cannot be written is a logged success, and the old one stays.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    stored = scene.snapshot()
    scene.store.before("replace", down)

    result = scene.connection.authenticate(ADA, "pw")

    assert user == result.user
    assert stored == scene.snapshot()
    assert [RehashFailed(user_id=user.id)] == scene.told(RehashFailed)
    assert [LoginSucceeded(user_id=user.id, migrated=False)] == scene.told(
        LoginSucceeded
    )


def test_rehash_hasher_failure(scene):
    """
    A hasher that fails to hash does not lock a right password out.
    """

    class Tired:
        verify = staticmethod(CHEAPEST.verify)
        needs_rehash = staticmethod(CHEAPEST.needs_rehash)
        hashes = 0

        def hash(self, password, /):
            self.hashes += 1
            if self.hashes > 1:  # The decoy's was the first.
                raise MemoryError
            return CHEAPEST.hash(password)

    user = scene.store_user(ADA, OLD.hash("pw"))

    result = scene.connect(hasher=Tired()).authenticate(ADA, "pw")

    assert user == result.user
    assert [RehashFailed(user_id=user.id)] == scene.told(RehashFailed)


def test_rehash_acknowledgement_lost(scene):
    """
    A new hash that was written although the store broke off is a renewed one.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    scene.store.after("replace", down)

    result = scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).user == result.user
    assert [PasswordRehashed(user_id=user.id)] == scene.told(PasswordRehashed)
    assert [] == scene.told(RehashFailed)


def test_swap_lost_same_hash(scene):
    """
    A swap lost to somebody who kept the hash: the new record is let in.
    """
    scene.store_user(ADA, OLD.hash("pw"))
    scene.store.before("replace", lambda: scene.overwrite(ADA, profile={"new": True}))

    result = scene.connection.authenticate(ADA, "pw")

    assert {"new": True} == result.user.profile
    assert 2 == scene.find(ADA).version


def test_swap_lost_same_password(scene):
    """
    A swap lost to a parallel login with the same password: both are let in.
    """
    scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.authenticate(ADA, "pw"))

    result = scene.connection.authenticate(ADA, "pw")

    assert scene.find(ADA).user == result.user
    assert 2 == scene.find(ADA).version


def test_swap_lost_other_password(scene):
    """
    A swap lost to a change of the password: the old one is refused, unwritten.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.set_password(user.id, "new"))

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "wrong_password" == caught.value.reason
    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)
    assert [] == scene.site.calls


def test_swap_is_for_the_verified_record(scene):
    """
    A password that changes while the old one is hashed afresh is not overwritten.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()

    class Overtaken:
        verify = staticmethod(CHEAPEST.verify)
        needs_rehash = staticmethod(CHEAPEST.needs_rehash)

        def hash(self, password, /):
            if password == "pw":
                other.set_password(user.id, "new")
            return CHEAPEST.hash(password)

    connection = scene.connect(hasher=Overtaken())

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, "pw")

    assert CHEAPEST.verify("new", scene.find(ADA).password_hash)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"blocked": True}, AccountBlockedError),
        ({"must_change_password": True}, PasswordChangeRequiredError),
        (
            {"blocked": True, "password_hash": CHEAPEST.hash("pw")},
            AccountBlockedError,
        ),
    ],
)
def test_swap_lost_then_judged(scene, changes, error):
    """
    A swap lost to a block or a demand: the new record is judged, whatever its hash.
    """
    scene.store_user(ADA, OLD.hash("pw"))
    scene.store.before("replace", lambda: scene.overwrite(ADA, **changes))

    with pytest.raises(error):
        scene.connection.authenticate(ADA, "pw")

    assert 2 == scene.find(ADA).version
    assert [] == scene.told(LoginSucceeded)


def test_swap_lost_to_a_deletion(scene):
    """
    A swap lost to a deletion: nobody is let in.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.delete_user(user.id))

    with pytest.raises(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "gone" == caught.value.reason
    assert scene.find(ADA) is None
    assert 4 == scene.store.count(*READS)


def test_swap_lost_to_another_password(scene):
    """
    A swap lost to a password change looks up as often as every refusal.
    """
    user = scene.store_user(ADA, OLD.hash("pw"))
    other = scene.beside()
    scene.store.before("replace", lambda: other.set_password(user.id, "new password"))

    with pytest.raises(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert 4 == scene.store.count(*READS)
