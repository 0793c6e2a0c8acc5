"""
What an application's own checks say of those who move, and of their passwords.
"""

import pytest
from login_scene import ADA

from migratekit import MigrationPolicy, Validator
from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    Violation,
)
from migratekit.events import LoginRefused


def weak(password):
    return [Violation("weak", "password", "Too weak.")] if password == "pw" else ()


@pytest.mark.parametrize("preloaded", [False, True])
def test_weak_admitted(scene, ada, preloaded):
    """
    ``admit``: a weak legacy password lets in (issue 3, 6).
    """
    if preloaded:
        scene.preload("1", ADA)
    policy = MigrationPolicy(password_check=weak, weak_legacy_password="admit")

    assert scene.connect(policy=policy).authenticate(ADA, "pw").migrated


@pytest.mark.parametrize("preloaded", [False, True])
def test_weak_must_change(scene, ada, preloaded):
    """
    ``must_change``: a weak legacy password gets a token that finishes (issue 3, 6).
    """
    if preloaded:
        scene.preload("1", ADA)
    connection = scene.connect(policy=MigrationPolicy(password_check=weak))

    with scene.refused(PasswordChangeRequiredError) as caught:
        connection.authenticate(ADA, "pw")
    with scene.refused(PasswordRejectedError):
        connection.finish_password_change(caught.value.token, "pw")

    user = connection.finish_password_change(caught.value.token, "better")
    assert user == connection.authenticate(ADA, "better").user


@pytest.mark.parametrize("preloaded", [False, True])
def test_weak_refused(scene, ada, preloaded):
    """
    ``refuse``: a weak legacy password gets its own error (issue 3, 6).
    """
    if preloaded:
        scene.preload("1", ADA)
    policy = MigrationPolicy(password_check=weak, weak_legacy_password="refuse")

    with scene.refused(PasswordRejectedError) as caught:
        scene.connect(policy=policy).authenticate(ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        scene.connect(policy=policy).authenticate(ADA, "wrong")

    assert ("weak",) == tuple(v.code for v in caught.value.violations)
    assert "password_rejected" == scene.told(LoginRefused)[0].reason


def test_weak_stored(scene):
    """
    A stored password is never judged at a login.
    """
    scene.connection.sign_up(ADA, "pw")
    policy = MigrationPolicy(password_check=weak, weak_legacy_password="refuse")

    assert not scene.connect(policy=policy).authenticate(ADA, "pw").migrated


def test_failing_password_check(scene, ada):
    """
    A password check that raises lets nobody in, and shows nothing of the password.
    """

    def check(password):
        raise ValueError(password)

    policy = MigrationPolicy(password_check=check)

    with scene.refused(ContractError) as caught:
        scene.connect(policy=policy).authenticate(ADA, "pw")

    assert "ValueError" in str(caught.value)
    assert "'pw'" not in str(caught.value)


@pytest.mark.parametrize("answer", [["bad"], [None], "bad", 5, None, [("a", "b", "c")]])
def test_rule_that_gives_no_violations(scene, ada, answer):
    """
    A rule of the validator that gives something else breaks its contract.
    """
    validator = Validator(rules=[lambda user: answer])

    with scene.refused(ContractError):
        scene.connect(validator=validator).authenticate(ADA, "pw")


@pytest.mark.parametrize("answer", [["bad"], "bad", 5, None])
def test_password_check_that_gives_no_violations(scene, ada, answer):
    """
    A password check that gives something else breaks its contract.
    """
    policy = MigrationPolicy(password_check=lambda password: answer)

    with scene.refused(ContractError):
        scene.connect(policy=policy).authenticate(ADA, "pw")
