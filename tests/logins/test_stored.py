"""
Logins of those who are stored with a hash: nobody but the store is asked.
"""

import pytest
from login_scene import ADA

from migratekit.errors import (
    AccountBlockedError,
    InvalidCredentialsError,
    PasswordChangeRequiredError,
)
from migratekit.events import LoginRefused
from migratekit.testing import CHEAPEST


def test_stored(scene, ada):
    """
    A stored user with a hash is let in by the store; the source is not asked.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.calls.clear()
    scene.site.down = True

    again = scene.connection.authenticate(ADA, "pw")

    assert not again.migrated
    assert scene.find(ADA).user == again.user
    assert [] == scene.site.calls


def test_stored_wrong_password(scene, ada):
    """
    After a wrong password for a stored user, the source is not asked either.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.passwords["1"] = "newer in the source"
    scene.site.calls.clear()

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "newer in the source")

    assert "wrong_password" == caught.value.reason
    assert [] == scene.site.calls


@pytest.mark.parametrize("typed", [" ADA@example.COM ", "aDa", "ada@example.com"])
def test_any_case(scene, ada, typed):
    """
    A user is found by e-mail and username, in any case and with blanks around it.
    """
    first = scene.connection.authenticate(typed, "pw")
    second = scene.connection.authenticate(typed.swapcase(), "pw")

    assert (True, False) == (first.migrated, second.migrated)
    assert first.user == second.user


def test_stored_blocked(scene, ada):
    """
    A blocked user is told so, but only after the right password.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.connection.block(user.id)

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")


def test_stored_must_change(scene, ada):
    """
    A stored user who must change the password gets a token, only after the right one.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.overwrite(ADA, must_change_password=True)

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")
    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate(ADA, "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")
    assert not user.must_change_password
    assert user == scene.connection.authenticate(ADA, "new").user


def test_stored_blocked_must_change(scene):
    """
    Somebody who is blocked and must change the password is blocked.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), blocked=True, must_change_password=True)

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")


def test_must_change_without_key(scene):
    """
    Without a secret key there is no token.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)

    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connect(secret_key=None).authenticate(ADA, "pw")

    assert caught.value.token is None


@pytest.mark.parametrize("encoded", ["", "$2b$12$x", "$argon2id$v=19$m=8,t=1,p=1$"])
def test_unusable_hash(scene, encoded):
    """
    A stored hash that cannot be used refuses, and is told by its reason.
    """
    scene.store_user(ADA, encoded)

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "unusable_hash" == caught.value.reason
    assert ["unusable_hash"] == [e.reason for e in scene.told(LoginRefused)]
    assert [] == scene.site.calls
