"""
What a login tells: its listeners, and whoever is refused.
"""

import logging

import pytest
from login_scene import ADA

from migratekit.errors import InvalidCredentialsError


def test_failing_listener(scene, ada, caplog):
    """
    A listener that fails is logged, and denies nothing (issue 3, 8).
    """

    def listener(event):
        raise ValueError("secret of the listener")

    connection = scene.connect(listeners=[listener, scene.events.append])

    assert connection.authenticate(ADA, "pw").migrated
    with scene.refused(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")

    assert ["UserMigrated", "LoginSucceeded", "LoginRefused"] == [
        type(event).__name__ for event in scene.events
    ]
    assert 3 == len(caplog.records)
    assert {logging.ERROR} == {record.levelno for record in caplog.records}
    assert "secret of the listener" not in caplog.text


def test_events_after_the_commit(scene, ada):
    """
    When an event is told, what it tells is stored.
    """
    seen = []
    scene.connect(listeners=[lambda event: seen.append(scene.find(ADA))]).authenticate(
        ADA, "pw"
    )

    assert seen
    assert None not in seen


def test_same_message(scene, ada):
    """
    All wrong credentials are refused in the same words.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.connection.create_user("bob@example.com")
    errors = []
    for identifier in (ADA, "bob@example.com", "cyd@example.com", "\0", None):
        with pytest.raises(InvalidCredentialsError) as caught:
            scene.connection.authenticate(identifier, "wrong")
        errors.append(str(caught.value))

    assert 1 == len(set(errors))
