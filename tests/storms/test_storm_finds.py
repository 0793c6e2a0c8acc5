"""
What the storms have found, each in the order of steps that it takes.
"""

import pytest

from migratekit import Connection, LegacyUser, MigrationPolicy
from migratekit.errors import InvalidCredentialsError, InvalidTokenError
from migratekit.models import KeyKind
from migratekit.sources.functions import FunctionSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


ADA = LegacyUser(user_id="1", email="ada@example.com", username="ada")
NEW = "countess@example.com"


class Interrupted(MemoryStore):
    """
    Lets something happen before it answers one call.
    """

    def __init__(self):
        super().__init__()
        self.plans = {}

    def before(self, method, key, deed):
        self.plans[method, key] = deed

    def find(self, identifier, /):
        self._interrupt("find", (identifier.kind, identifier.value))
        return super().find(identifier)

    def retired(self, key, /):
        self._interrupt("retired", (key.kind, key.value))
        return super().retired(key)

    def _interrupt(self, method, key):
        self.plans.pop((method, key), lambda: None)()


@pytest.fixture(name="store")
def _store():
    return Interrupted()


@pytest.fixture(name="connection")
def _connection(store):
    source = FunctionSource(
        lambda identifier, password: ADA if password == "pw" else None,
        lambda identifier: ADA if identifier in {ADA.email, ADA.username} else None,
    )
    return Connection(
        store,
        source,
        policy=MigrationPolicy(failure_floor=0),
        hasher=CHEAPEST,
        listeners=(),
        secret_key="a secret key of the tests",
    )


@pytest.mark.parametrize("identifier", [ADA.email, ADA.username])
@pytest.mark.parametrize("kind", [KeyKind.EMAIL, KeyKind.USERNAME])
def test_outrun_between_looks(connection, store, identifier, kind):
    """
    Who has moved between a look for the user and one into the ledger gets in.
    """
    winners = []
    store.before(
        "retired",
        (kind, getattr(ADA, kind.value)),
        lambda: winners.append(connection.authenticate(ADA.email, "pw")),
    )

    result = connection.authenticate(identifier, "pw")

    assert (winners[0].user, False) == (result.user, result.migrated)


def test_outrun_and_renamed(connection, store):
    """
    So does who has got another e-mail address by then, too.
    """

    def outrun():
        user = connection.authenticate(ADA.email, "pw").user
        connection.change_email(user.id, NEW)

    store.before("retired", (KeyKind.EMAIL, ADA.email), outrun)

    result = connection.authenticate(ADA.username, "pw")

    assert NEW == result.user.email


def test_same_change_twice(connection, store):
    """
    Two who make the same change of an address both succeed.
    """
    user_id = connection.authenticate(ADA.email, "pw").user.id
    store.before(
        "find", (KeyKind.EMAIL, NEW), lambda: connection.change_email(user_id, NEW)
    )

    assert NEW == connection.change_email(user_id, NEW).email


@pytest.fixture(name="leave")
def _leave(connection):
    """
    Ada moves and leaves, and a stranger gets one of her names.
    """

    def leave(email, username=None):
        user = connection.authenticate(ADA.email, "pw").user
        connection.delete_user(user.id)
        connection.sign_up(email, "stranger", username=username)

    return leave


@pytest.mark.parametrize("call", ["find", "retired"])
def test_outrun_and_gone(connection, store, leave, call):
    """
    Who has moved and left is wrong, and no bad profile for the name that is gone.
    """
    store.before(call, (KeyKind.EMAIL, ADA.email), lambda: leave(ADA.email))

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA.username, "pw")


@pytest.mark.parametrize("call", ["find", "retired"])
def test_outrun_and_gone_token(connection, store, leave, call):
    """
    Their token is just void.
    """
    token = connection.start_password_change(ADA.email).token
    store.before(call, (KeyKind.USERNAME, ADA.username), lambda: leave(NEW, "ada"))

    with pytest.raises(InvalidTokenError):
        connection.finish_password_change(token, "new")
