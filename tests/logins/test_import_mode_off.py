"""
Logins with *import_mode* off: the source answers, and nobody moves.
"""

import pytest
from login_scene import ADA

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccountBlockedError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    PasswordChangeRequiredError,
)
from migratekit.events import LoginSucceeded


@pytest.fixture(name="off")
def _off(scene):
    return scene.connect(policy=MigrationPolicy(import_mode=False))


def test_off(scene, off, ada):
    """
    With import_mode off the source answers every login, and nothing is written
    (issue 3, 9).
    """
    stored = scene.snapshot()

    results = [off.authenticate(" ADA", "pw") for _ in range(2)]

    assert [ada, ada] == [result.user for result in results]
    assert not any(result.migrated for result in results)
    assert [("login", "ADA")] * 2 == scene.site.calls
    assert stored == scene.snapshot()
    assert LoginSucceeded(user_id="shop|1", migrated=False) == scene.events[-1]


def test_off_refusals(scene, off, ada):
    """
    With import_mode off: a wrong password, an outage, another person, a block and a
    demand are what they are (issue 3, 9).
    """
    with scene.refused(InvalidCredentialsError):
        off.authenticate(ADA, "wrong")
    scene.site.change("1", must_change_password=True)
    with scene.refused(PasswordChangeRequiredError) as caught:
        off.authenticate(ADA, "pw")
    assert caught.value.token is None
    scene.site.change("1", blocked=True)
    with scene.refused(AccountBlockedError):
        off.authenticate(ADA, "pw")
    scene.site.down = True
    with scene.refused(LegacyUnavailableError):
        off.authenticate(ADA, "pw")


def test_off_stored(scene, off, ada):
    """
    With import_mode off, moved users are answered as ever, deleted ones too
    (issue 3, 9).
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.site.calls.clear()

    assert user == off.authenticate(ADA, "pw").user
    with scene.refused(InvalidCredentialsError):
        off.authenticate(ADA, "wrong")
    scene.connection.delete_user(user.id)
    with scene.refused(InvalidCredentialsError):
        off.authenticate(ADA, "pw")

    assert [] == scene.site.calls


def test_off_preloaded(scene, off, ada):
    """
    With import_mode off, a stored user without a hash still gets one.
    """
    scene.preload("1", ADA)

    assert off.authenticate(ADA, "pw").migrated
    assert not off.authenticate(ADA, "pw").migrated


def test_off_moved_under_another_identifier(scene, off, ada):
    """
    With import_mode off, the source does not speak for somebody who has moved.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.change("1", email="lovelace@example.com")

    with scene.refused(InvalidCredentialsError):
        off.authenticate("lovelace@example.com", "pw")
