"""
Whether the source's two answers about a user agree.
"""

import attrs
import pytest

from migratekit import MigrationPolicy
from migratekit.errors import LegacyUnavailableError
from migratekit.events import ProfileDrift
from migratekit.sources.functions import FunctionSource


ADA = "ada@example.com"


@pytest.fixture(name="connection")
def _connection(scene):
    scene.site.add("1", "Ada@Example.com", "pw", profile={"name": "A"})
    return scene.connect(policy=MigrationPolicy(detect_drift=True))


def test_agreement(scene, connection):
    """
    Two equal answers are no drift; `get_user` is asked once, as typed.
    """
    connection.authenticate(" ADA@example.com ", "pw")

    assert [("login", "ADA@example.com"), ("get_user", "ADA@example.com")] == (
        scene.site.calls
    )
    assert [] == scene.told(ProfileDrift)


def test_drift(scene, connection):
    """
    The event names the fields, and the stored profile stays (issue 3, 11).
    """
    person = scene.site.people["1"]
    other = attrs.evolve(
        person, email_verified=True, profile={"name": "secret"}, user_id="9"
    )
    scene.site.get_user = lambda identifier, /: other

    user = connection.authenticate(ADA, "pw").user

    assert [
        ProfileDrift(user_id=user.id, fields=("email_verified", "profile", "user_id"))
    ] == scene.told(ProfileDrift)
    assert {"name": "A"} == scene.find(ADA).user.profile
    assert not scene.find(ADA).user.email_verified
    assert "secret" not in repr(scene.events)


def test_unknown(scene, connection):
    """
    A user whom `get_user` does not know has drifted as a whole.
    """
    scene.site.get_user = lambda identifier, /: None

    user = connection.authenticate(ADA, "pw").user

    assert [ProfileDrift(user_id=user.id, fields=("user_id",))] == scene.told(
        ProfileDrift
    )


def test_later_logins(scene, connection):
    """
    Nobody is asked at a later login (issue 3, 11).
    """
    connection.authenticate(ADA, "pw")
    scene.site.calls.clear()
    scene.site.change("1", blocked=True)

    connection.authenticate(ADA, "pw")

    assert [] == scene.site.calls
    assert [] == scene.told(ProfileDrift)


def test_preloaded(scene, connection):
    """
    The first login of a pre-loaded user is one, too.
    """
    scene.preload("1", ADA)
    scene.site.get_user = lambda identifier, /: None

    connection.authenticate(ADA, "pw")

    assert 1 == len(scene.told(ProfileDrift))


@pytest.mark.parametrize("failure", ["outage", "contract", "unsupported"])
def test_failure(scene, connection, failure):
    """
    A source that fails at it changes nothing (issue 3, 11).
    """

    def get_user(identifier, /):
        raise LegacyUnavailableError("down")

    scene.site.get_user = get_user
    if failure == "contract":
        scene.site.get_user = lambda identifier, /: True
    if failure == "unsupported":
        login = scene.site.login
        policy = MigrationPolicy(detect_drift=True)
        connection = scene.connect(source=FunctionSource(login), policy=policy)

    assert connection.authenticate(ADA, "pw").migrated
    assert [] == scene.told(ProfileDrift)


def test_off(scene, connection):
    """
    Without the option nobody is asked; nor where nobody moves.
    """
    policy = MigrationPolicy(detect_drift=True, import_mode=False)

    scene.connect(policy=policy).authenticate(ADA, "pw")
    scene.connection.authenticate(ADA, "pw")

    assert ["login", "login"] == [call for call, _ in scene.site.calls]


def test_after_the_commit(scene, connection):
    """
    The user is stored when the source is asked.
    """
    seen = []

    def get_user(identifier, /):
        seen.append(scene.find(ADA))

    scene.site.get_user = get_user

    connection.authenticate(ADA, "pw")

    assert [None] != seen
    assert 1 == len(seen)
