"""
Logins by what is retired: nobody moves twice.
"""

from login_scene import ADA

from migratekit.errors import InvalidCredentialsError
from migratekit.models import KeyKind, LedgerKey


def test_retired(scene, ada):
    """
    A retired identifier that nobody has is refused without the source.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(user.id)
    scene.site.calls.clear()

    for identifier in (ADA, "ada"):
        with scene.refused(InvalidCredentialsError) as caught:
            scene.connection.authenticate(identifier, "pw")
        assert "retired" == caught.value.reason

    assert [] == scene.site.calls


def test_reserved(scene, ada):
    """
    A reserved identifier is refused without the source.
    """
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, ADA)], "shop|1")

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert [] == scene.site.calls


def test_moved_under_another_identifier(scene, ada):
    """
    A legacy id that has moved is not moved again by an identifier the store never saw.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.site.change("1", email="lovelace@example.com")

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate("lovelace@example.com", "pw")

    assert "retired" == caught.value.reason
    assert user == scene.connection.authenticate(ADA, "pw").user
