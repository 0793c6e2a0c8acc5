"""
The application's own say in who is let in.
"""

import pytest
from world import is_floor

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccessDeniedError,
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    MigrateKitError,
)
from migratekit.events import LoginRefused, LoginSucceeded, RuleFailed


ADA = "ada@example.com"


@pytest.fixture(name="ada")
def _ada(scene):
    return scene.site.add("1", ADA, "pw", username="ada")


def permit(login):
    return None


def deny(login):
    return "not on Sundays"


class Permit:
    """
    A callable that is no function.
    """

    def __call__(self, login, /):
        return None


def test_permitted(scene, ada):
    """
    All rules that return None let in, at the first and at later logins (issue 3, 8).
    """
    seen = []
    connection = scene.connect(rules=[permit, Permit(), seen.append])

    results = [connection.authenticate(ADA, "pw") for _ in range(2)]

    assert [True, False] == [result.migrated for result in results]
    assert results == seen


def test_denied_first_login(scene, ada):
    """
    A rule's denial of a first login comes after the commit and undoes nothing
    (issue 3, 8).
    """
    with pytest.raises(AccessDeniedError) as caught:
        scene.connect(rules=[deny]).authenticate(ADA, "pw")

    assert "not on Sundays" == caught.value.reason
    assert "Sundays" not in str(caught.value)
    assert scene.find(ADA) is not None
    assert [] == scene.told(LoginSucceeded)
    assert [LoginRefused(identifier=ADA, reason="not on Sundays")] == scene.told(
        LoginRefused
    )
    assert is_floor(scene.clock.slept)
    assert not scene.connection.authenticate(ADA, "pw").migrated


def test_denied_later_login(scene, ada):
    """
    Later logins are denied alike.
    """
    scene.connection.authenticate(ADA, "pw")

    with scene.refused(AccessDeniedError):
        scene.connect(rules=[deny]).authenticate(ADA, "pw")


def test_denied_without_a_move(scene, ada):
    """
    So are logins that the source answers.
    """
    policy = MigrationPolicy(import_mode=False)

    with scene.refused(AccessDeniedError):
        scene.connect(rules=[deny], policy=policy).authenticate(ADA, "pw")


def test_denied_preloaded(scene, ada):
    """
    So are pre-loaded users, who have moved then.
    """
    scene.preload("1", ADA)

    with pytest.raises(AccessDeniedError):
        scene.connect(rules=[deny]).authenticate(ADA, "pw")

    assert scene.find(ADA).password_hash is not None


def test_first_denial(scene, ada):
    """
    The first rule that denies gives the reason; no other is asked.
    """

    def explode(login):
        raise AssertionError

    with pytest.raises(AccessDeniedError) as caught:
        scene.connect(rules=[permit, deny, explode]).authenticate(ADA, "pw")

    assert "not on Sundays" == caught.value.reason
    assert [] == scene.told(RuleFailed)


def test_denial_by_exception(scene, ada):
    """
    A rule may also raise `AccessDeniedError`.
    """

    def rule(login):
        raise AccessDeniedError("by exception")

    with pytest.raises(AccessDeniedError) as caught:
        scene.connect(rules=[rule]).authenticate(ADA, "pw")

    assert "by exception" == caught.value.reason
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret of the rule"),
        StopIteration("secret of the rule"),
        InvalidCredentialsError("secret of the rule"),
        ConfigurationError("misconfigured"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failing_rule(scene, ada, error):
    """
    A rule that fails denies, and that is logged with its place (issue 3, 8).
    """

    def rule(login):
        raise error

    with pytest.raises(AccessDeniedError) as caught:
        scene.connect(rules=[rule]).authenticate(ADA, "pw")

    (event,) = scene.told(RuleFailed)
    assert "rule_failed" == caught.value.reason
    assert "secret of the rule" not in repr(event)
    if not isinstance(error, ConfigurationError):
        assert f"{type(error).__name__} at test_rules:" in event.detail


@pytest.mark.parametrize("answer", [True, False, 0, [], object()])
def test_wrong_type(scene, ada, answer):
    """
    An answer that is neither None nor a reason denies: True is no permission.
    """
    with pytest.raises(AccessDeniedError) as caught:
        scene.connect(rules=[lambda login: answer]).authenticate(ADA, "pw")

    assert "rule_failed" == caught.value.reason
    assert type(answer).__name__ in scene.told(RuleFailed)[0].detail


def test_empty_reason(scene, ada):
    """
    An empty reason denies as well.
    """
    with pytest.raises(AccessDeniedError):
        scene.connect(rules=[lambda login: ""]).authenticate(ADA, "pw")


def test_only_after_the_right_password(scene, ada):
    """
    No rule sees somebody who has not proved who they are, or may not enter anyway.
    """
    seen = []
    connection = scene.connect(rules=[seen.append])

    with scene.refused(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")
    scene.site.change("1", blocked=True)
    with scene.refused(AccountBlockedError):
        connection.authenticate(ADA, "pw")

    assert [] == seen


@pytest.mark.parametrize("answer", [None, "no"])
def test_coroutine_rule(memory, runner, answer):
    """
    A rule may be a coroutine function, behind an async connection.
    """
    memory.site.add("1", ADA, "pw")
    memory.runner = runner

    async def rule(login):
        return answer

    connection = memory.connect(rules=[rule])

    if answer is None:
        assert connection.authenticate(ADA, "pw")
    else:
        with pytest.raises(AccessDeniedError):
            connection.authenticate(ADA, "pw")


def test_hidden_coroutine(memory):
    """
    A rule that turns out to be async behind a sync connection denies.
    """

    class Rule:
        async def __call__(self, login, /):
            raise AssertionError

    memory.site.add("1", ADA, "pw")

    with pytest.raises(AccessDeniedError):
        memory.connect(rules=[Rule()]).authenticate(ADA, "pw")

    assert "async" in memory.told(RuleFailed)[0].detail


def test_interrupted(memory):
    """
    What is no error but an interruption passes through a rule.
    """

    def rule(login):
        raise KeyboardInterrupt

    memory.site.add("1", ADA, "pw")

    with pytest.raises(KeyboardInterrupt):
        memory.connect(rules=[rule]).authenticate(ADA, "pw")

    assert memory.find(ADA) is not None


def test_told_before_it_is_denied(scene, ada):
    """
    The listeners hear that the user has moved, and then that they were denied.
    """
    with pytest.raises(MigrateKitError) as caught:
        scene.connect(rules=[deny]).authenticate(ADA, "pw")

    assert not isinstance(caught.value, ContractError)
    assert ["UserMigrated", "LoginRefused"] == [
        type(event).__name__ for event in scene.events
    ]
