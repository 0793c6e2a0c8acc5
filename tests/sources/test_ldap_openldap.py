"""
The LDAP sources against a real OpenLDAP, which the tests start.

Where there is no ``slapd`` (Debian's package of that name), they are skipped;
``MIGRATEKIT_TEST_SLAPD`` may say where it is.
"""

import ssl
import traceback
from contextlib import contextmanager

import ldap_peers as peers
import pytest

from migratekit import Connection
from migratekit.errors import (
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.models import LegacyUser
from migratekit.sources.ldap import BindPatternSource, LDAPSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.testing.sources import KnownUser, LegacySourceContract


KNOWN = (
    KnownUser("Ann@Example.com", "correct horse"),
    KnownUser("bob", "battery staple"),
    KnownUser("s p,e=c+i", "odd name 12"),
)


@pytest.fixture(name="slapd", scope="module")
def _slapd(tmp_path_factory):
    with peers.slapd(tmp_path_factory.mktemp("slapd")) as server:
        yield server


def source_of(slapd, urls=None, **options):
    options = {
        "base_dn": peers.PEOPLE,
        "bind_dn": peers.READER,
        "bind_password": peers.READER_PASSWORD,
        "tls": slapd.context,
        **options,
    }
    return LDAPSource(urls or slapd.url, **options)


def pattern_of(slapd):
    return BindPatternSource(
        slapd.tls_url, pattern=f"uid={{canonical}},{peers.PEOPLE}", tls=slapd.context
    )


class TestStartTLS(LegacySourceContract):
    known = KNOWN
    secrets = (peers.READER_PASSWORD, "reader")

    @pytest.fixture(autouse=True)
    def _server(self, slapd):
        self.slapd = slapd

    @contextmanager
    def open_source(self):
        yield source_of(self.slapd)


class TestLDAPS(TestStartTLS):
    @contextmanager
    def open_source(self):
        yield source_of(self.slapd, self.slapd.tls_url)


class TestBindPattern(TestStartTLS):
    known = (KnownUser("ANN", "correct horse"), *KNOWN[1:])
    can_look_up = False

    @contextmanager
    def open_source(self):
        yield pattern_of(self.slapd)


class TestBindPatternWithLookup(TestBindPattern):
    can_look_up = True

    @contextmanager
    def open_source(self):
        yield pattern_of(self.slapd).with_lookup(source_of(self.slapd))


def test_user(slapd):
    """
    The user is what the entry says.
    """
    user = source_of(slapd).login("ann", "correct horse")

    assert "Ann@Example.com" == user.email
    assert "Ann" == user.username
    assert {"name": "Ann", "given_name": "Ann", "family_name": "Ax"} == user.profile
    assert 36 == len(user.user_id)
    assert user.created_at.tzinfo is not None
    assert not user.email_verified


@pytest.mark.parametrize("email", ["bob@example.com", "B@Example.org"])
def test_several_values(slapd, email):
    """
    Of several addresses the one that was typed is the user's.
    """
    user = source_of(slapd).login(email, "battery staple")

    assert email.lower() == user.email


def test_migrates(slapd):
    """
    A user of the directory moves at their first login, and no later login asks it.
    """
    source = source_of(slapd)
    connection = Connection(
        MemoryStore(), source, source_name="dir", hasher=CHEAPEST, clock=VirtualClock()
    )

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate("ann@example.com", "wrong")
    first = connection.authenticate("ann@example.com", "correct horse")
    again = connection.cut_over(force=True).authenticate("ANN", "correct horse")

    assert first.migrated
    assert not again.migrated
    assert f"dir|{source.get_user('ann').user_id}" == first.user.legacy_id


def test_blocked(slapd):
    """
    An account that is locked for good is seen as blocked, and cannot log in.
    """
    source = source_of(slapd)

    assert source.get_user("lock").blocked
    assert None is source.login("lock", "locked out 1")


def test_must_change(slapd):
    """
    A password that must be changed is said to be so, only after it was right.
    """
    source = source_of(slapd)

    assert source.login("reset", "to be changed").must_change_password
    assert source.get_user("reset").must_change_password
    assert None is source.login("reset", "wrong")


def test_may_not_read_itself(slapd):
    """
    Somebody who may not read their entry until the password is changed is no login.
    """
    source = pattern_of(slapd)

    assert None is source.login("reset", "wrong")
    with pytest.raises(LegacyUnavailableError):
        source.login("reset", "to be changed")


@pytest.mark.parametrize("name", ["nil", "nobody"])
def test_no_password_at_all(slapd, name):
    """
    An entry without a password lets nobody in, and neither does none.
    """
    assert None is source_of(slapd).login(name, "x")
    assert None is pattern_of(slapd).login(name, "x")


def test_two_entries(slapd):
    """
    Of two entries neither is chosen.
    """
    source = source_of(slapd)

    with pytest.raises(ContractError):
        source.login("two@example.com", "same password")
    with pytest.raises(ContractError):
        source.get_user("two@example.com")


def test_referral(slapd):
    """
    A reference to another server is not followed, and is no entry.
    """
    source = source_of(slapd, base_dn="dc=example,dc=com")

    assert "Ann" == source.login("ann", "correct horse").username
    assert None is source.get_user("nobody")


def test_base_in_a_referral(slapd):
    """
    A base that is elsewhere is an outage, not "nobody".
    """
    source = source_of(slapd, base_dn="ou=elsewhere,dc=example,dc=com")

    with pytest.raises(LegacyUnavailableError, match="10"):
        source.get_user("ann")


@pytest.mark.parametrize(
    "options",
    [
        {"base_dn": "ou=nowhere,dc=example,dc=com"},
        {"base_dn": "no name"},
        {"bind_password": "wrong"},
        {"bind_dn": "cn=nobody,dc=example,dc=com"},
        {"bind_dn": None, "bind_password": None},
        {"send_passwords_unencrypted": True},
        {"tls": ssl.create_default_context()},
    ],
)
def test_wrong_settings(slapd, options):
    """
    Wrong settings are an outage, never "nobody": the server says no, or we do.
    """
    source = source_of(slapd, **options)

    with pytest.raises(LegacyUnavailableError):
        source.get_user("ann")
    with pytest.raises(LegacyUnavailableError):
        source.login("ann", "correct horse")


@pytest.mark.parametrize("url", ["url", "tls_url"])
def test_another_host_name(slapd, url):
    """
    A certificate of another name is refused, with LDAPS and with StartTLS.
    """
    source = source_of(slapd, getattr(slapd, url).replace("127.0.0.1", "localhost"))

    with pytest.raises(LegacyUnavailableError, match="SSLCertVerificationError"):
        source.login("ann", "correct horse")


def test_next_server(slapd):
    """
    A server that does not let us connect is passed over.
    """
    closed = f"ldap://127.0.0.1:{peers.free_port()}"

    source = source_of(slapd, [closed, "ldap://nowhere.invalid", slapd.url])

    assert "Ann" == source.login("ann", "correct horse").username


def test_attribute_that_may_not_be_read(slapd):
    """
    An entry whose id may not be read is no user.
    """
    source = source_of(slapd, attributes={"userPKCS12": "user_id", "uid": "username"})

    with pytest.raises(ContractError, match="user_id"):
        source.login("ann", "correct horse")


def test_filter_and_mapping_disagree(slapd):
    """
    Whoever is found by what is not mapped is not taken for the one who asked.
    """
    source = source_of(
        slapd,
        filter="(givenName={identifier})",
        attributes={"entryUUID": "user_id", "mail": "email"},
    )

    with pytest.raises(ContractError):
        source.login("ann", "correct horse")


def test_filter_of_ones_own(slapd):
    """
    Any filter will do that finds one entry.
    """
    source = source_of(slapd, filter="(&(sn=ax)(|(uid={identifier})(cn=x*)(!(cn=*))))")

    assert "Ann" == source.login("ann", "correct horse").username
    assert None is source.login("bob", "battery staple")


def test_lookup_unsupported(slapd):
    """
    Without an account that may look, nobody can be looked up.
    """
    with pytest.raises(LookupUnsupportedError):
        pattern_of(slapd).get_user("ann")


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "a*",
        "ann)(uid=*",
        "ann\\",
        "*)(objectClass=*",
        "ann,ou=x",
        "\\2a",
        "ann+cn=x",
    ],
)
def test_injection(slapd, name):
    """
    What means something in a filter or a name is a letter like any other.
    """
    for source in (source_of(slapd), pattern_of(slapd)):
        for password in ("correct horse", "*", "*)(uid=*", "\\2a"):
            assert None is source.login(name, password)
    assert None is source_of(slapd).get_user(name)


def test_no_traces(slapd, caplog):
    """
    Neither log nor error shows a password of anybody.
    """
    caplog.set_level(0)
    source = source_of(slapd, bind_password="the wrong s3cret")

    password = "correct " + "horse"
    with pytest.raises(LegacyUnavailableError) as caught:
        source.login("ann", password)

    shown = (
        "".join(traceback.format_exception(caught.value)) + caplog.text + repr(source)
    )
    assert "s3cret" not in shown
    assert "horse" not in shown
    assert caught.value.__context__ is None


def test_same_user_from_both(slapd):
    """
    Login and look-up give the same, by pattern, too.
    """
    user = pattern_of(slapd).login("ann", "correct horse")

    assert isinstance(user, LegacyUser)
    assert source_of(slapd).get_user("ann@example.com") == user
