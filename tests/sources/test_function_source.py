import functools
import inspect
from contextlib import asynccontextmanager, contextmanager

import pytest

from migratekit.errors import ConfigurationError, LookupUnsupportedError
from migratekit.models import LegacyUser
from migratekit.sources import NoopSource
from migratekit.sources.functions import FunctionSource
from migratekit.testing.sources import KnownUser, LegacySourceContract


PASSWORDS = {"Ann@Example.com": "correct horse", "bob": "battery staple"}
KNOWN = (
    KnownUser("Ann@Example.com", "correct horse", user_id="Ann@Example.com"),
    KnownUser("bob", "battery staple", blocked=True),
)


def get_user(identifier):
    for name in PASSWORDS:
        if name.lower() == identifier.lower():
            return LegacyUser(
                user_id=name,
                email="Ann@Example.com" if "@" in name else None,
                username=None if "@" in name else name,
                blocked=name == "bob",
            )
    return None


def login(identifier, password):
    user = get_user(identifier)
    if user is None or PASSWORDS[user.user_id] != password:
        return None
    return user


async def async_get_user(identifier):
    return get_user(identifier)


async def async_login(identifier, password):
    return login(identifier, password)


class TestFunctions(LegacySourceContract):
    known = KNOWN

    @contextmanager
    def open_source(self):
        yield FunctionSource(login, get_user)


class TestCoroutineFunctions(LegacySourceContract):
    known = KNOWN

    @asynccontextmanager
    async def open_source(self):
        yield FunctionSource(async_login, async_get_user)


class TestLoginOnly(LegacySourceContract):
    known = KNOWN
    can_look_up = False

    @contextmanager
    def open_source(self):
        yield FunctionSource(login)


class TestAsyncLoginOnly(LegacySourceContract):
    known = KNOWN
    can_look_up = False

    @contextmanager
    def open_source(self):
        yield FunctionSource(async_login)


class TestWithLookup(LegacySourceContract):
    known = KNOWN

    @contextmanager
    def open_source(self):
        yield FunctionSource(login).with_lookup(FunctionSource(login, get_user))


def test_async_is_seen():
    """
    A connection can tell what is asynchronous before it calls it.
    """
    source = FunctionSource(functools.partial(async_login), async_get_user)

    assert inspect.iscoroutinefunction(source.login)
    assert inspect.iscoroutinefunction(source.get_user)
    assert not inspect.iscoroutinefunction(FunctionSource(login).login)


def test_as_it_is():
    """
    Whatever the function returns or raises is passed on.
    """
    source = FunctionSource(lambda identifier, password: {"identifier": identifier})

    answer = source.login("ann", "correct horse")

    assert {"identifier": "ann"} == answer


def test_no_lookup():
    """
    Without a second function nobody can be looked up, and None would mean "free".
    """
    source = FunctionSource(login, None)

    with pytest.raises(LookupUnsupportedError):
        source.get_user("bob")


def test_with_lookup_takes_login_from_the_first():
    """
    The second source is never asked for a login.
    """
    other = FunctionSource(lambda identifier, password: "other", lambda _: "found")

    source = FunctionSource(lambda identifier, password: "first").with_lookup(other)

    assert "first" == source.login("ann", "pw")
    assert "found" == source.get_user("ann")


def test_repr():
    """
    Arguments that are bound to a function stay out of the repr.
    """
    source = FunctionSource(functools.partial(login, api_key="s3cret"))

    assert "FunctionSource()" == repr(source)


@pytest.mark.parametrize("arguments", [(None,), ("login",), (login, "get_user")])
def test_not_callable(arguments):
    """
    What cannot be called is refused at once.
    """
    with pytest.raises(ConfigurationError):
        FunctionSource(*arguments)


def test_noop():
    """
    The no-op knows nobody.
    """
    source = NoopSource()

    assert None is source.login("bob", "battery staple")
    assert None is source.get_user("bob")
    assert 0 == source.count()
