"""
What a store may do at a login, and what it is not asked.
"""

import pytest
from login_scene import ADA, down
from world import READS, WRITES, email

from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.events import LoginRefused
from migratekit.models import Origin, Record, User


def test_store_fails(scene, ada):
    """
    A store that cannot store raises its own error, and the next try succeeds.
    """
    scene.store.before("create", down)

    with scene.refused(StoreUnavailableError):
        scene.connection.authenticate(ADA, "pw")

    assert ["store_unavailable"] == [e.reason for e in scene.told(LoginRefused)]
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_acknowledgement_lost(scene, ada):
    """
    A user who was stored although the store broke off has moved.
    """
    scene.store.after("create", down)

    result = scene.connection.authenticate(ADA, "pw")

    assert result.migrated
    assert scene.find(ADA).user == result.user


@pytest.mark.parametrize("call", READS)
def test_store_cannot_read(scene, ada, call):
    """
    A store that cannot be asked is no wrong password, and nobody is moved.
    """
    scene.store.before("create", down)
    scene.store.before(call, down)

    with scene.refused(StoreUnavailableError):
        scene.connection.authenticate(ADA, "pw")


ADA_STORED = User(id="1", origin=Origin.ADMIN, email=ADA)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("find", "a record"),
        ("find", True),
        ("find", Record("ada", None, 1)),
        ("find", Record(ADA_STORED, None, "1")),
        ("find", Record(ADA_STORED, b"hash", 1)),
        ("retired", True),
        ("create", None),
        ("create", True),
        ("replace", None),
    ],
)
def test_store_breaks_its_contract(memory, call, answer):
    """
    A store that answers something else is told so, and nobody is let in.
    """
    memory.site.add("1", ADA, "pw")
    if call == "replace":
        memory.preload("1", ADA)
    setattr(memory.store, call, lambda *args: answer)

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")


def test_store_finds_another(memory):
    """
    A store that returns another user than it was asked for lets nobody in.
    """
    memory.connection.sign_up("bob@example.com", "pw")
    bob = memory.find("bob@example.com")
    memory.store.find = lambda identifier: bob

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("kind", ["id", "version"])
def test_store_writes_another(memory, kind):
    """
    A store that returns another user than it was given, or the old one, is told so.
    """
    memory.site.add("1", ADA, "pw")
    memory.connection.sign_up("bob@example.com", "pw")
    bob = memory.find("bob@example.com")
    memory.store.create = lambda new: bob
    memory.store.replace = lambda old, new: old if kind == "version" else bob

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")
    user = memory.find("bob@example.com").user
    with memory.refused(ContractError):
        memory.connection.block(user.id)


def test_store_raises_what_a_store_does_not(memory):
    """
    Any other exception of a store is an outage of the store.
    """
    memory.store.before("find", lambda: raise_it(InvalidCredentialsError("")))

    with memory.refused(StoreUnavailableError):
        memory.connection.authenticate(ADA, "pw")


def raise_it(error):
    raise error


def test_nobody_writes_at_a_refusal(scene, ada):
    """
    No refusal calls a method of the store that writes.
    """
    for attempt in ((ADA, "wrong"), ("bob", "pw"), ("", ""), ("a\0", "pw")):
        with pytest.raises(InvalidCredentialsError):
            scene.connection.authenticate(*attempt)

    assert 0 == scene.store.count(*WRITES)


def test_user_exists_is_no_answer_of_a_login(scene, ada):
    """
    What a store says about its constraints never leaves a login.
    """
    scene.store.before("create", lambda: raise_it(UserExistsError("email")))

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "pw")

    assert scene.side.find(email(ADA)) is None
