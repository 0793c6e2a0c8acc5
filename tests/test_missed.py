"""
After the cut-over it is told whom the source would have been asked about, and by what.
"""

import inspect
from contextlib import suppress
from typing import get_args

import pytest
from world import READS, is_floor

from migratekit import Connection
from migratekit.errors import (
    InvalidCredentialsError,
    InvalidTokenError,
    StaleRecordError,
    UserExistsError,
)
from migratekit.events import LoginRefused, Operation, SourceMissed
from migratekit.models import KeyKind, LedgerKey
from migratekit.sources import NoopSource
from migratekit.testing import CHEAPEST


ADA = "ada@example.com"
BOB = "bob@example.com"


@pytest.fixture(name="after")
def _after(scene):
    """
    A connection behind the cut-over.
    """
    return scene.connect(source=NoopSource())


@pytest.fixture(name="user")
def _user(scene):
    """
    Somebody who is stored.
    """
    return scene.store_user(
        "stored@example.com", CHEAPEST.hash("pw"), username="stored"
    )


# What is called, and about whom the source would have been asked.
CALLS = {
    "sign_up": (lambda c, user: c.sign_up(f" {ADA}", "pw", username="Ada"), [ADA]),
    "create_user": (lambda c, user: c.create_user(ADA), [ADA]),
    "start_password_change": (lambda c, user: c.start_password_change(ADA), [ADA]),
    "change_email": (lambda c, user: c.change_email(user.id, ADA), [ADA]),
    "change_username": (lambda c, user: c.change_username(user.id, "ada"), ["ada"]),
    "get_user": (lambda c, user: c.get_user(ADA.upper()), [ADA.upper()]),
}


def missed(operation, *identifiers):
    return [
        SourceMissed(identifier=identifier, operation=operation)
        for identifier in identifiers
    ]


@pytest.mark.parametrize("operation", CALLS)
def test_missed(scene, after, user, operation):
    """
    Each operation tells once whom it would have asked about, as they were typed.
    """
    call, identifiers = CALLS[operation]

    call(after, user)

    assert missed(operation, *identifiers) == scene.told(SourceMissed)


@pytest.mark.parametrize("operation", CALLS)
def test_while_there_is_a_source(scene, user, operation):
    """
    While there is a source, it is asked, and nobody misses it.
    """
    call, identifiers = CALLS[operation]

    call(scene.connection, user)

    assert [] == scene.told(SourceMissed)
    assert {("get_user", identifier) for identifier in identifiers} <= set(
        scene.site.calls
    )


def test_operations():
    """
    There is a word for everything that asks, and for nothing else.
    """
    assert {*CALLS, "finish_password_change"} == set(get_args(Operation))
    methods = dict(inspect.getmembers(Connection, inspect.isfunction))
    assert set(get_args(Operation)) <= methods.keys()


def test_finish(scene):
    """
    A link from before the cut-over is good for nothing, and who has it is told.
    """
    scene.site.add("1", ADA, "pw")
    change = scene.connection.start_password_change(ADA)
    assert [] == scene.told(SourceMissed)

    after = scene.connection.cut_over(force=True)
    with scene.refused(InvalidTokenError):
        after.finish_password_change(change.token, "new")

    assert missed("finish_password_change", ADA) == scene.told(SourceMissed)


# --- Who is not missed ------------------------------------------------------------


@pytest.mark.parametrize("operation", CALLS)
def test_stored(scene, after, operation):
    """
    About whoever is stored the source would not have been asked.
    """
    scene.store_user(ADA, CHEAPEST.hash("pw"), username="ada")
    other = after.sign_up("other@example.com", "pw", username="other")
    scene.events.clear()

    with suppress(UserExistsError):
        CALLS[operation][0](after, other)

    assert [] == scene.told(SourceMissed)


@pytest.mark.parametrize("operation", CALLS)
def test_retired(scene, after, user, operation):
    """
    Nor about somebody who has moved and is not stored any more.
    """
    scene.site.add("1", ADA, "pw", username="ada")
    moved = scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(moved.id)
    scene.events.clear()

    CALLS[operation][0](after, user)

    assert [] == scene.told(SourceMissed)


@pytest.mark.parametrize("is_over", [True, False])
@pytest.mark.parametrize("operation", CALLS)
def test_reserved(scene, after, user, operation, is_over):
    """
    Who was left behind by the cut-over is missed, although what they are known by is
    kept for them; before it, they are not.
    """
    keys = [LedgerKey(KeyKind.EMAIL, ADA), LedgerKey(KeyKind.USERNAME, "ada")]
    scene.side.reserve(keys, "shop|1")
    call, (identifier, *_) = CALLS[operation]

    with suppress(UserExistsError):
        call(after if is_over else scene.connection, user)

    expected = missed(operation, identifier) if is_over else []
    assert expected == scene.told(SourceMissed)


@pytest.mark.parametrize("operation", ["change_email", "change_username"])
def test_reserved_for_another(scene, after, operation):
    """
    Somebody who has moved may not have what is kept for another.
    """
    keys = [LedgerKey(KeyKind.EMAIL, ADA), LedgerKey(KeyKind.USERNAME, "ada")]
    scene.side.reserve(keys, "shop|1")
    user = scene.store_user("moved@example.com", None, legacy_id="shop|2")
    call, identifiers = CALLS[operation]

    with pytest.raises(UserExistsError):
        call(after, user)

    assert missed(operation, *identifiers) == scene.told(SourceMissed)


def test_login(scene, after):
    """
    A login, and a change of a password, is told by its refusal alone.
    """
    with pytest.raises(InvalidCredentialsError):
        after.authenticate(ADA, "pw")
    with pytest.raises(InvalidCredentialsError):
        after.change_password(ADA, "pw", "new")

    refused = LoginRefused(identifier=ADA, reason="cut_over")
    assert [refused, refused] == scene.events


def test_bad_input(scene, after):
    """
    What is no identifier would not have been asked about.
    """
    assert after.start_password_change("\0") is None
    assert after.get_user(None) is None

    assert [] == scene.events


# --- Once for each ----------------------------------------------------------------


@pytest.mark.parametrize("operation", ["change_email", "change_username"])
def test_outrun(scene, after, user, operation):
    """
    A change that is begun anew, because others were faster, is told once.
    """
    for _ in range(2):
        scene.store.before("replace", stale)

    CALLS[operation][0](after, user)

    assert 3 == scene.store.count("replace")
    assert missed(operation, *CALLS[operation][1]) == scene.told(SourceMissed)


def stale():
    raise StaleRecordError


def test_many_forms(scene, after):
    """
    The source would have been asked for several forms of an address, and once for whom.
    """
    after.start_password_change("ADA@bücher.example")

    (event,) = scene.told(SourceMissed)
    assert "ADA@b\\xfccher.example" == event.identifier


def test_second_look(scene):
    """
    To see whose the username is of somebody who moves is no operation of its own.
    """
    scene.site.add("1", ADA, "pw", username="ada")

    scene.connection.authenticate(ADA, "pw")

    assert ("get_user", "ada") in scene.site.calls
    assert [] == scene.told(SourceMissed)


# --- What others see ---------------------------------------------------------------


def test_equal_request(scene, after):
    """
    Whoever asks for a reset takes the same from the store and as long, and leaves one
    event, whether they are stored, left behind or unknown.
    """
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, ADA)], "shop|1")
    scene.store_user(BOB, CHEAPEST.hash("pw"))

    for identifier in (ADA, BOB, "nobody@example.com"):
        scene.store.calls.clear()
        scene.events.clear()
        scene.clock.slept = 0.0

        after.start_password_change(identifier)

        assert (2, 2) == (scene.store.count(*READS), len(scene.store.calls))
        assert 1 == len(scene.events)
        assert is_floor(scene.clock.slept)
