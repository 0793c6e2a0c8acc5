"""
What nobody may be asked about is refused before anybody is.
"""

import logging

import pytest
from world import is_floor

from migratekit.errors import (
    InvalidCredentialsError,
    PasswordRejectedError,
    ProfileInvalidError,
    UserNotFoundError,
)
from migratekit.events import FloorExceeded, LoginRefused, log_event
from migratekit.testing import CHEAPEST


class Text(str):
    """
    A str that is not quite one.
    """

    __slots__ = ()


BAD_IDENTIFIERS = [
    None,
    5,
    True,
    b"ada@example.com",
    ["ada@example.com"],
    {"$ne": None},
    Text("ada@example.com"),
    object(),
    "",
    " \u3000 ",
    "ada\0@example.com",
    "ada@example.com\n",
    "\tada@example.com",
    "ada\x7f@example.com",
    "ada\x85@example.com",
    "ada\ud800@example.com",
    "\udfff",
    "x" * 321,
    "x" * 309 + "@example.com",
    "\N{KELVIN SIGN}ate@example.com",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}da@example.com",
    "ada\N{GREEK QUESTION MARK}@example.com",
    "ada@exa\N{KELVIN SIGN}ple.com",
    "ada@☃\u200d.com",
    "ada@é..com",
]
BAD_PASSWORDS = [
    None,
    5,
    True,
    b"pw",
    ["pw"],
    {"$gt": ""},
    Text("pw"),
    "",
    "p\0w",
    "pw\0",
    "\ud800",
    "p\udcffw",
    "x" * 4097,
    "é" * 2049,
]


class Explosive:
    """
    A store and a source that nobody may ask anything.
    """

    def explode(self, *args):
        raise AssertionError(args)

    find = get = create = replace = delete = retired = explode
    login = get_user = count = bind_source = list_users = figures = readmit = explode


class AsyncExplosive:
    """
    The same with coroutines.
    """

    async def explode(self, *args):
        raise AssertionError(args)

    find = get = create = replace = delete = retired = explode
    login = get_user = count = bind_source = list_users = figures = readmit = explode


class CountingHasher:
    """
    The cheapest hasher, counting.
    """

    def __init__(self):
        self.calls = []

    def hash(self, password, /):
        self.calls.append("hash")
        return CHEAPEST.hash(password)

    def verify(self, password, encoded, /):
        self.calls.append("verify")
        return CHEAPEST.verify(password, encoded)

    def needs_rehash(self, encoded, /):
        return CHEAPEST.needs_rehash(encoded)


@pytest.fixture(name="hasher")
def _hasher():
    return CountingHasher()


@pytest.fixture(name="connection", params=["sync", "async", "mixed"])
def _connection(request, memory, hasher):
    if request.param != "sync":
        memory.runner = request.getfixturevalue("runner")
    bomb = AsyncExplosive() if request.param == "async" else Explosive()
    connection = memory.connect(store=bomb, source=bomb, hasher=hasher)
    hasher.calls.clear()
    return connection


def short(value):
    return ascii(value)[:30] if isinstance(value, str) else type(value).__name__


BAD = [(identifier, "pw") for identifier in BAD_IDENTIFIERS] + [
    ("ada@example.com", password) for password in BAD_PASSWORDS
]


@pytest.mark.parametrize(("identifier", "password"), BAD, ids=short)
def test_login(connection, memory, hasher, identifier, password):
    """
    Bad input is refused with the decoy and the floor, and asks nobody.
    """
    with memory.refused(InvalidCredentialsError) as caught:
        connection.authenticate(identifier, password)

    assert "bad_input" == caught.value.reason
    assert ["verify"] == hasher.calls
    assert is_floor(memory.clock.slept)
    assert [LoginRefused(identifier=identifier, reason="bad_input")] == memory.events


@pytest.mark.parametrize(("identifier", "password"), BAD, ids=short)
def test_change_password(connection, memory, hasher, identifier, password):
    """
    So it is when a password is changed by the old one.
    """
    with memory.refused(InvalidCredentialsError) as caught:
        connection.change_password(identifier, password, "new")

    assert "bad_input" == caught.value.reason
    assert ["verify"] == hasher.calls
    assert is_floor(memory.clock.slept)


@pytest.mark.parametrize("identifier", BAD_IDENTIFIERS, ids=short)
def test_lookups(connection, memory, identifier):
    """
    Nobody is known by a bad identifier, and nobody is asked; a reset takes the floor.
    """
    assert connection.get_user(identifier) is None
    assert 0 == memory.clock.slept
    assert connection.start_password_change(identifier) is None
    assert is_floor(memory.clock.slept)


@pytest.mark.parametrize("address", BAD_IDENTIFIERS, ids=short)
@pytest.mark.parametrize("method", ["sign_up", "create_user"])
def test_sign_up_email(connection, memory, hasher, address, method):
    """
    Nobody signs up with a bad e-mail; nobody is asked.
    """
    with memory.refused(ProfileInvalidError) as caught:
        getattr(connection, method)(address, password="a password")

    assert {"email"} == {violation.field for violation in caught.value.violations}
    assert [] == hasher.calls
    assert method == "create_user" or is_floor(memory.clock.slept)


@pytest.mark.parametrize(
    "username",
    [5, True, b"ada", ["ada"], {"$ne": None}, "a\0", "a\nb", "\ud800", "x" * 321],
    ids=short,
)
def test_sign_up_username(connection, memory, username):
    """
    Nobody signs up with a bad username; nobody is asked.
    """
    with memory.refused(ProfileInvalidError) as caught:
        connection.sign_up("ada@example.com", "a password", username=username)

    assert {"username"} == {violation.field for violation in caught.value.violations}


@pytest.mark.parametrize("password", BAD_PASSWORDS, ids=short)
def test_new_passwords(connection, memory, hasher, password):
    """
    A bad password becomes nobody's; nobody is asked.
    """
    with memory.refused(PasswordRejectedError) as caught:
        connection.sign_up("ada@example.com", password)
    with memory.refused(PasswordRejectedError):
        connection.set_password("somebody", password)
    if password is not None:
        with memory.refused(PasswordRejectedError):
            connection.create_user("ada@example.com", password=password)

    assert ["password_invalid"] == [v.code for v in caught.value.violations]
    assert [] == hasher.calls


@pytest.mark.parametrize(
    "user_id", [None, 5, b"u", ["u"], {"$ne": None}, Text("u")], ids=short
)
def test_user_ids(connection, memory, user_id):
    """
    What is no str is nobody's id, and no store is asked for it.
    """
    for method, *more in (
        ("block",),
        ("unblock",),
        ("delete_user",),
        ("set_password", "new"),
        ("change_email", "ada@example.com"),
        ("change_username", "ada"),
    ):
        with memory.refused(UserNotFoundError):
            getattr(connection, method)(user_id, *more)


@pytest.mark.parametrize("password", ["x" * 4096, "é" * 2048, "p\tw\n", " ", "\ufffd"])
def test_possible(scene, password):
    """
    Long, blank and odd passwords are passed on as they are.
    """
    scene.site.add("1", "ada@example.com", password)

    assert scene.connection.authenticate("ada@example.com", password).migrated
    assert not scene.connection.authenticate("ada@example.com", password).migrated


def test_floor_exceeded(memory):
    """
    Bad input is no exception to the event that tells of a floor too low.
    """
    slow = memory.connect(hasher=SlowHasher(memory.clock))

    with pytest.raises(InvalidCredentialsError):
        slow.authenticate("", "pw")

    assert 1 == len(memory.told(FloorExceeded))


class SlowHasher(CountingHasher):
    """
    Takes a second to verify.
    """

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def verify(self, password, encoded, /):
        self.clock.advance(1.0)
        return super().verify(password, encoded)


def test_log(memory, caplog):
    """
    What was typed is logged escaped and cut, whatever it is.
    """
    caplog.set_level(logging.INFO, "migratekit")
    connection = memory.connect(listeners=[log_event])
    for identifier in BAD_IDENTIFIERS:
        with pytest.raises(InvalidCredentialsError):
            connection.authenticate(identifier, "pw")

    assert len(BAD_IDENTIFIERS) == len(caplog.records)
    for record in caplog.records:
        assert record.getMessage().isprintable()
        assert record.getMessage().isascii()
        assert len(record.getMessage()) < 120
