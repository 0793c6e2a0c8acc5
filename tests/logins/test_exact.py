"""
Logins with *strategy_version* 1: identifiers are what the source spells.
"""

import pytest

from migratekit import MigrationPolicy
from migratekit.errors import InvalidCredentialsError, ProfileInvalidError


@pytest.fixture(name="exact")
def _exact(scene):
    return scene.connect(policy=MigrationPolicy(strategy_version=1))


def test_exact(scene, exact, ada):
    """
    Version 1 keeps identifiers as the source spells them, but for blanks around.
    """
    scene.site.change("1", email=" Ada@Example.com ", username="x@y")

    result = exact.authenticate(" Ada@Example.com ", "pw")

    assert ("Ada@Example.com", "x@y") == (result.user.email, result.user.username)
    assert not exact.authenticate("Ada@Example.com", "pw").migrated


def test_exact_other_case(scene, exact, ada):
    """
    Version 1 compares exactly: another case is another identifier, of a moved user.
    """
    exact.authenticate("Ada@Example.com", "pw")

    with scene.refused(InvalidCredentialsError):
        exact.authenticate("ada@example.com", "pw")


def test_exact_without_email(scene, exact):
    """
    Version 1 does without an e-mail if there is a username, and with neither not.
    """
    scene.site.add("1", None, "pw", username="ada")
    scene.site.add("2", " ", "pw", username="bob")

    first = exact.authenticate("ada", "pw").user
    second = exact.authenticate("bob", "pw").user

    assert [(None, "ada"), (None, "bob")] == [
        (user.email, user.username) for user in (first, second)
    ]


def test_exact_taken(scene, exact, ada):
    """
    Version 1 leaves uniqueness to the store, which keeps it.
    """
    other = scene.beside(policy=MigrationPolicy(strategy_version=1))
    scene.site.people.clear()
    other.sign_up("bob@example.com", "pw", username="Ada")
    scene.site.people["1"] = ada

    with scene.refused(ProfileInvalidError) as caught:
        exact.authenticate("Ada@Example.com", "pw")

    assert ["username_taken"] == [v.code for v in caught.value.violations]


@pytest.mark.parametrize("late", [False, True])
def test_exact_taken_in_other_case(scene, exact, ada, late):
    """
    Version 1 tells whoever typed another case that the e-mail is taken: their password
    was right, and nobody has got what they typed.
    """
    other = scene.beside(policy=MigrationPolicy(strategy_version=1))

    def take():
        del scene.site.people["1"]
        other.sign_up("Ada@Example.com", "stranger's")
        scene.site.people["1"] = ada

    if late:
        scene.store.before("create", take)
    else:
        take()

    with pytest.raises(ProfileInvalidError) as caught:
        exact.authenticate("ada@example.com", "pw")

    assert ["email_taken"] == [v.code for v in caught.value.violations]
    assert ["Ada@Example.com"] == [user.email for user in exact.users()]


def test_exact_unstorable(scene, exact, ada):
    """
    Version 1 too refuses what no store could hold.
    """
    scene.site.change("1", username="a\0")

    with scene.refused(ProfileInvalidError) as caught:
        exact.authenticate("Ada@Example.com", "pw")

    assert ["username_invalid"] == [v.code for v in caught.value.violations]
