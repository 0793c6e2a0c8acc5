"""
The contract must fail for a source that breaks it, or it proves nothing.
"""

import functools
import re
import threading
import unicodedata
from contextlib import contextmanager

import attrs
import pytest

from migratekit.errors import LookupUnsupportedError
from migratekit.models import LegacyUser
from migratekit.testing.sources import KnownUser, LegacySourceContract


KNOWN = (
    KnownUser("Ann@Example.com", "correct horse", user_id="1"),
    KnownUser("bob", "battery staple", blocked=True),
)
TESTS = [name for name in vars(LegacySourceContract) if name.startswith("test_")]


@attrs.define(repr=False)
class Source:
    """
    Keeps every promise.
    """

    users: dict = attrs.field(
        factory=lambda: {
            "ann@example.com": ("correct horse", "1", False),
            "bob": ("battery staple", "2", True),
        }
    )

    def login(self, identifier, password):
        row = self.users.get(self.key(identifier))
        if row is None or not self.matches(password, row[0]):
            return None
        return self.user(self.key(identifier))

    def get_user(self, identifier):
        key = self.key(identifier)
        return self.user(key) if key in self.users else None

    def count(self):
        return len(self.users)

    def key(self, identifier):
        return identifier.lower()

    def matches(self, password, expected):
        return password == expected

    def user(self, key, **more):
        _, user_id, blocked = self.users[key]
        name = {"email" if "@" in key else "username": key}
        values = {"user_id": user_id, "email": None, "blocked": blocked}
        return LegacyUser(**{**values, **name, **more})


class NobodyLogsIn(Source):
    def login(self, identifier, password):
        return None


class SaysTrue(Source):
    def login(self, identifier, password):
        return True if super().login(identifier, password) else None


class SomebodyElse(Source):
    def login(self, identifier, password):
        user = super().login(identifier, password)
        return user and self.user("bob")


class NeverBlocked(Source):
    def user(self, key):
        return super().user(key, blocked=False)


class AnyPassword(Source):
    def matches(self, password, expected):
        return bool(password)


class EndOfPassword(Source):
    def matches(self, password, expected):
        return password.endswith(expected)


class SaysFalse(Source):
    def login(self, identifier, password):
        return super().login(identifier, password) or False


class BreaksAfterFailure(Source):
    def login(self, identifier, password):
        user = super().login(identifier, password)
        if user is None:
            self.users.clear()
        return user


class SharedPasswords(Source):
    def matches(self, password, expected):
        return password in {row[0] for row in self.users.values()}


class EmptyPassword(Source):
    def matches(self, password, expected):
        return not password or super().matches(password, expected)


class Wildcard(Source):
    def key(self, identifier):
        pattern = re.escape(identifier.lower()).replace("%", ".*").replace("_", ".")
        return next(filter(re.compile(pattern).fullmatch, self.users), "")


class Prefix(Source):
    def key(self, identifier):
        return next(filter(identifier.lower().startswith, self.users), "")


class LookupByPrefix(Source):
    def get_user(self, identifier):
        key = next(filter(identifier.lower().startswith, self.users), None)
        return key and self.user(key)


class LookupFindsAnybody(Source):
    def get_user(self, identifier):
        return self.user(self.key(identifier) if identifier in self.users else "bob")


class CaseSensitive(Source):
    def key(self, identifier):
        return identifier if identifier != "Ann@Example.com" else "ann@example.com"


class CaseSensitiveLookup(Source):
    def get_user(self, identifier):
        return super().get_user(identifier) if identifier in self.users else None


class AccentBlind(Source):
    def key(self, identifier):
        text = unicodedata.normalize("NFKD", identifier.lower())
        return text.encode("ascii", "ignore").decode()


class AccentBlindLookup(AccentBlind):
    def login(self, identifier, password):
        return super().login(identifier, password) if identifier.isascii() else None


class OtherProfile(Source):
    def get_user(self, identifier):
        user = super().get_user(identifier)
        return user and attrs.evolve(user, email_verified=True)


class UnstableIds(Source):
    numbers = iter(range(10_000))

    def user(self, key):
        return super().user(key, user_id=str(next(self.numbers)))


class PrefixedIds(Source):
    def user(self, key):
        return super().user(key, user_id=f"shop|{self.users[key][1]}")


class OneIdForAll(Source):
    def user(self, key):
        return super().user(key, user_id="1")


class CannotLookUp(Source):
    def get_user(self, identifier):
        raise LookupUnsupportedError


class SaysNobodyInstead(Source):
    def get_user(self, identifier):
        return None


class PasswordInProfile(Source):
    def login(self, identifier, password):
        user = super().login(identifier, password)
        return user and attrs.evolve(user, app_metadata={"raw": password})


class SecretInRepr(Source):
    def __repr__(self):
        return "Source(api_key='s3cret')"


class OneThread(Source):
    def __init__(self):
        super().__init__()
        self.thread = threading.get_ident()

    def login(self, identifier, password):
        if threading.get_ident() != self.thread:
            raise RuntimeError("another thread")
        return super().login(identifier, password)


class MixesUpThreads(Source):
    last = None

    def login(self, identifier, password):
        self.last = identifier
        threading.Event().wait(0.01)
        return super().login(self.last, self.users[self.key(self.last)][0])


class CountsText(Source):
    def count(self):
        return "2"


class CountsTooFew(Source):
    def count(self):
        return 1


def contract_of(kind, **attributes):
    @contextmanager
    def open_source(self):
        yield kind()

    return type(
        "Contract",
        (LegacySourceContract,),
        {
            "known": KNOWN,
            "secrets": ("s3cret",),
            "open_source": open_source,
            **attributes,
        },
    )()


@pytest.mark.parametrize("test", TESTS)
def test_good_source(test):
    """
    A source that keeps its promises passes.
    """
    getattr(contract_of(Source), test)()


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        (NobodyLogsIn, "test_right_password"),
        (SaysTrue, "test_right_password"),
        (SomebodyElse, "test_right_password"),
        (NeverBlocked, "test_right_password"),
        (AnyPassword, "test_wrong_password"),
        (EndOfPassword, "test_wrong_password"),
        (SaysFalse, "test_wrong_password"),
        (BreaksAfterFailure, "test_wrong_password"),
        (SharedPasswords, "test_password_of_somebody_else"),
        (EmptyPassword, "test_odd_password"),
        (SaysFalse, "test_odd_password"),
        (Prefix, "test_stranger"),
        (LookupByPrefix, "test_stranger"),
        (LookupFindsAnybody, "test_stranger"),
        (Wildcard, "test_injection"),
        (LookupByPrefix, "test_injection"),
        (CaseSensitive, "test_letter_case"),
        (CaseSensitiveLookup, "test_letter_case"),
        (AccentBlind, "test_lookalike"),
        (AccentBlindLookup, "test_lookalike"),
        (OtherProfile, "test_same_profile"),
        (UnstableIds, "test_same_profile"),
        (CannotLookUp, "test_lookup"),
        (SaysNobodyInstead, "test_lookup"),
        (PrefixedIds, "test_bare_ids"),
        (OneIdForAll, "test_bare_ids"),
        (PasswordInProfile, "test_secrets"),
        (SecretInRepr, "test_secrets"),
        (OneThread, "test_threads"),
        (MixesUpThreads, "test_threads"),
        (CountsText, "test_count"),
        (CountsTooFew, "test_count"),
    ],
)
def test_broken_source(kind, test):
    """
    A source that breaks a promise fails the test of that promise.
    """
    with pytest.raises((AssertionError, LookupUnsupportedError, RuntimeError)):
        getattr(contract_of(kind), test)()


@pytest.mark.parametrize("kind", [Source, SaysNobodyInstead])
@pytest.mark.parametrize(
    "test", ["test_lookup", "test_stranger", "test_injection", "test_lookalike"]
)
def test_declared_unable(kind, test):
    """
    Whoever declares that they cannot look up must say so, and never None.
    """
    contract = contract_of(kind, can_look_up=False)

    with pytest.raises(pytest.fail.Exception):
        getattr(contract, test)()


def test_identifier_beyond_ascii():
    """
    The contract serves identifiers that no fullwidth form is of.
    """
    users = {"ünal": ("correct horse", "1", False)}
    known = (KnownUser("Ünal", "correct horse", user_id="1"),)

    contract = contract_of(functools.partial(Source, users), known=known)

    for test in TESTS:
        getattr(contract, test)()


def test_declared_bare_id():
    """
    An id that is known beforehand must be that one.
    """
    known = (KnownUser("bob", "battery staple", user_id="3", blocked=True),)

    with pytest.raises(AssertionError):
        contract_of(Source, known=known).test_bare_ids()


def test_nothing_to_open():
    """
    The contract alone tests nothing.
    """
    with pytest.raises(NotImplementedError):
        LegacySourceContract().test_count()


def test_no_password_in_repr():
    """
    A known user may stand in a test's output.
    """
    assert "correct horse" not in repr(KNOWN)
