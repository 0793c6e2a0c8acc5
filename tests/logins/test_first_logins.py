"""
First logins: who moves, and with what, and who does not.
"""

import pytest
from login_scene import ADA

from migratekit import Validator
from migratekit.errors import (
    AccountBlockedError,
    AmbiguousUserError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    PasswordChangeRequiredError,
    ProfileInvalidError,
    Violation,
)
from migratekit.events import LoginRefused, LoginSucceeded, UserMigrated
from migratekit.models import KeyKind, Origin
from migratekit.sources.functions import FunctionSource
from migratekit.testing import CHEAPEST


@pytest.mark.parametrize("by", ["email", "username"])
def test_identifier_of_another(scene, by):
    """
    Nobody takes along the other identifier of somebody whom the source knows by it.
    """
    scene.site.add("1", ADA, "ada's", username="ada")
    if by == "username":
        scene.site.add("2", ADA, "mallory's", username="mallory")
        typed, code = "mallory", "email_taken"
    else:
        scene.site.add("2", "mallory@example.com", "mallory's", username="ada")
        typed, code = "mallory@example.com", "username_taken"

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.authenticate(typed, "mallory's")

    assert [code] == [violation.code for violation in caught.value.violations]
    assert scene.connection.authenticate(ADA, "ada's").migrated


@pytest.mark.parametrize("typed", ["ada", ADA])
def test_identifier_of_several(scene, typed):
    """
    Nobody takes along an identifier that the source knows several users by.
    """
    scene.site.add("1", ADA, "pw", username="ada")
    scene.site.ambiguous.add("ada" if typed == ADA else ADA)
    code = "username_taken" if typed == ADA else "email_taken"

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.authenticate(typed, "pw")

    assert [code] == [violation.code for violation in caught.value.violations]


def test_typed_identifier_of_several(scene, ada):
    """
    By an identifier of several users nobody is let in, whoever's password it is.
    """
    scene.site.ambiguous.add(ADA)

    with scene.refused(AmbiguousUserError):
        scene.connection.authenticate(ADA, "pw")


def test_identifier_of_another_in_an_outage(scene):
    """
    Whose the other identifier is must be known before somebody is stored.
    """
    scene.site.add("1", ADA, "pw", username="ada")

    def get_user(identifier, /):
        raise OSError

    scene.site.get_user = get_user

    with scene.refused(LegacyUnavailableError):
        scene.connection.authenticate(ADA, "pw")


def test_identifier_that_cannot_be_looked_up(scene):
    """
    A source that cannot look up lets its users take along what it says they have.
    """
    scene.site.add("1", ADA, "pw", username="ada")
    connection = scene.connect(source=FunctionSource(scene.source.login))

    assert "ada" == connection.authenticate(ADA, "pw").user.username


def test_first_login(scene, ada):
    """
    A first login copies the allow-list, in canonical form, with a fresh hash.
    """
    result = scene.connection.authenticate(" ADA@example.com", "pw")

    record = scene.find(ADA)
    user = record.user
    assert result.migrated
    assert user == result.user
    assert (ADA, "ada") == (user.email, user.username)
    assert ("shop|1", Origin.LOGIN) == (user.legacy_id, user.origin)
    assert user.email_verified
    assert ada.profile == user.profile
    assert ada.user_metadata == user.user_metadata
    assert ada.app_metadata == user.app_metadata
    assert scene.clock.now() == user.migrated_at == user.updated_at
    assert user.created_at is None
    assert 1 == record.version
    assert CHEAPEST.verify("pw", record.password_hash)
    # Asked whose the username is, which came along.
    calls = [("login", "ADA@example.com"), ("get_user", "Ada")]
    assert calls == scene.site.calls
    for kind, value in (("email", ADA), ("username", "ada"), ("legacy_id", "shop|1")):
        assert scene.is_retired(KeyKind(kind), value)
    assert [
        UserMigrated(user_id=user.id, legacy_id="shop|1", origin=Origin.LOGIN),
        LoginSucceeded(user_id=user.id, migrated=True),
    ] == scene.events


def test_unverified(scene, ada):
    """
    An e-mail that the source has no proof of is unverified here, too.
    """
    scene.site.change("1", email_verified=False)

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert not scene.find(ADA).user.email_verified


def test_unknown(scene):
    """
    Somebody nobody knows is refused.
    """
    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate("bob@example.com", "pw")

    assert "unknown_or_wrong" == caught.value.reason
    assert [
        LoginRefused(identifier="bob@example.com", reason="unknown_or_wrong")
    ] == scene.events


def test_wrong_legacy_password(scene, ada):
    """
    A wrong legacy password writes nothing, and the right one still works.
    """
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")

    assert scene.connection.authenticate(ADA, "pw").migrated


def test_legacy_blocked(scene, ada):
    """
    Somebody blocked in the source is told so after the right password, and not moved.
    """
    scene.site.change(
        "1", blocked=True, must_change_password=True, email="Ada@Example.com"
    )

    with scene.refused(AccountBlockedError):
        scene.connection.authenticate(ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")

    scene.site.change("1", blocked=False, must_change_password=False)
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_legacy_invalid(scene, ada):
    """
    All violations of a profile come at once, and nothing is stored.
    """
    scene.connection.sign_up("bob@example.com", "pw", username="bob")
    scene.site.change("1", email="no address", username="bob")
    validator = Validator(
        rules=[lambda user: [Violation("too_old", "age", "Too old.")]]
    )
    scene.site.login = lambda identifier, password, /: scene.site.people["1"]

    with scene.refused(ContractError):
        scene.connect(validator=validator).authenticate(ADA, "pw")
    scene.site.change("1", email="Ada@-", username="bob")
    with scene.refused(ProfileInvalidError) as caught:
        scene.connect(validator=validator).authenticate("ada@-", "pw")

    codes = [violation.code for violation in caught.value.violations]
    assert ["email_invalid", "too_old", "username_taken"] == codes
    assert ["contract", "profile_invalid"] == [
        e.reason for e in scene.told(LoginRefused)
    ]


def test_missing_email(scene):
    """
    A source's user without an e-mail is not stored, and told so, not "wrong password".
    """
    scene.site.add("1", None, "pw", username="ada")

    with scene.refused(ProfileInvalidError) as caught:
        scene.connection.authenticate("ada", "pw")

    assert "email_missing" == caught.value.violations[0].code


def test_legacy_must_change(scene, ada):
    """
    Somebody who must change the password first is not moved before they have.
    """
    scene.site.change("1", must_change_password=True, email_verified=False)

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate("ada", "wrong")
    with scene.refused(PasswordChangeRequiredError) as caught:
        scene.connection.authenticate("ada", "pw")

    user = scene.connection.finish_password_change(caught.value.token, "new")
    assert (Origin.PASSWORD_CHANGE, False) == (user.origin, user.email_verified)
    assert not scene.connection.authenticate(ADA, "new").migrated
    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")
