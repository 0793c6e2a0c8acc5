"""
What a source may answer a login, and what is none of its answers.
"""

import pytest
from login_scene import ADA, unusable

from migratekit import LegacyUser, MigrationPolicy
from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    StoreUnavailableError,
)
from migratekit.events import LoginRefused
from migratekit.models import ImportRecord, StoredHash


@pytest.mark.parametrize(
    "error",
    [
        LegacyUnavailableError("busy"),
        OSError("gone"),
        KeyError("pw"),
        StopIteration(),
        TimeoutError(),
        ExceptionGroup("many", [OSError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_outage(scene, ada, error):
    """
    Whatever the source raises: an outage is never a wrong password.
    """

    def login(identifier, password, /):
        raise error

    scene.site.login = login

    with scene.refused(LegacyUnavailableError):
        scene.connection.authenticate(ADA, "pw")

    assert ["legacy_unavailable"] == [e.reason for e in scene.told(LoginRefused)]


@pytest.mark.parametrize(
    "error", [InvalidCredentialsError(""), StoreUnavailableError(), ContractError("")]
)
def test_source_raises_ours(scene, ada, error):
    """
    A source that raises an error which is none of a source's breaks its contract.
    """

    def login(identifier, password, /):
        raise error

    scene.site.login = login

    with scene.refused(ContractError):
        scene.connection.authenticate(ADA, "pw")


def test_unusable_legacy_hash(scene, ada):
    """
    A legacy hash that cannot be used is refused like a wrong password.
    """
    scene.site.login = unusable

    with scene.refused(InvalidCredentialsError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert "unusable_hash" == caught.value.reason
    assert ["unusable_hash"] == [e.reason for e in scene.told(LoginRefused)]


@pytest.mark.parametrize("answer", [True, False, 1, "ada", {}, (None,), object()])
def test_wrong_type(scene, ada, answer):
    """
    An answer that is no `LegacyUser`, True included, lets nobody in.
    """
    scene.site.login = lambda identifier, password, /: answer

    with scene.refused(ContractError) as caught:
        scene.connection.authenticate(ADA, "pw")

    assert type(answer).__name__ in str(caught.value)


def test_no_hash_leaves(scene):
    """
    Of a source's answer nothing goes on but what a `LegacyUser` has, not even a hash.
    """
    record = ImportRecord(user_id="1", email=ADA, password=StoredHash("a hash"))
    scene.site.login = scene.site.get_user = lambda *asked: record
    off = scene.connect(policy=MigrationPolicy(import_mode=False))

    assert LegacyUser is type(scene.connection.get_user(ADA))
    assert LegacyUser(user_id="1", email=ADA) == off.authenticate(ADA, "pw").user


def test_coroutine(memory):
    """
    A coroutine from a source behind a sync connection lets nobody in.
    """

    async def login(identifier, password):
        raise AssertionError

    memory.site.login = lambda identifier, password, /: login(identifier, password)

    with memory.refused(ContractError):
        memory.connection.authenticate(ADA, "pw")


@pytest.mark.parametrize("user_id", ["", "x" * 256, "a\nb", "a\0", "\ud800", "a\u200b"])
def test_impossible_user_id(scene, user_id):
    """
    A user_id that is empty, too long or not printable breaks the contract.
    """
    scene.site.add(user_id, ADA, "pw")

    with scene.refused(ContractError):
        scene.connection.authenticate(ADA, "pw")


def test_longest_user_id(scene):
    """
    A user_id of 255 characters is one, separators and blanks included.
    """
    user_id = ("a|b é" * 51)[:255]
    scene.site.add(user_id, ADA, "pw")

    result = scene.connection.authenticate(ADA, "pw")

    assert f"shop|{user_id}" == result.user.legacy_id


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("á@example.com", {"email": "a@example.com"}),
        ("a@example.com", {"email": "á@example.com"}),
        ("a@example.com", {"email": None, "username": "a@example.com"}),
        ("a@example.com", {"email": "a@example.com\0"}),
        ("a@example.com", {"email": ""}),
        ("anna", {"email": "a@example.com", "username": None}),
        ("anna", {"email": "anna", "username": "ánna"}),
        ("straße", {"email": "a@example.com", "username": "strasse"}),
        ("fi", {"email": "a@example.com", "username": "ﬁ"}),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_identity(scene, typed, answered, version):
    """
    The source must answer for whom it was asked, whatever its collation thinks.
    """
    policy = MigrationPolicy(strategy_version=version)
    person = LegacyUser(user_id="1", **answered)
    scene.site.login = lambda identifier, password, /: person

    with scene.refused(ContractError):
        scene.connect(policy=policy).authenticate(typed, "pw")


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("ADA@EXAMPLE.COM", "ada@example.com"),
        ("ada@example.com", " Ada@Example.Com "),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BU\u0308CHER.example", "ada@bücher.example"),
    ],
)
def test_same_identity(scene, typed, answered):
    """
    Case, blanks, composition and the writing of a domain make no other person.
    """
    person = LegacyUser(user_id="1", email=answered)
    scene.site.login = lambda identifier, password, /: person

    result = scene.connection.authenticate(typed, "pw")

    assert scene.find(typed).user == result.user
