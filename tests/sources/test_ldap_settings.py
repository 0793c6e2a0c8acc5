"""
How LDAP sources may be made, and what they need not ask anybody for.
"""

import importlib
import ssl
import sys

import attrs
import faults
import pytest
from ldap_directories import pattern, standard

from migratekit.errors import ConfigurationError, LegacyUnavailableError
from migratekit.sources.ldap import BindPatternSource, LDAPSource


def unverified(name, value):
    context = ssl.create_default_context()
    context.check_hostname = False
    setattr(context, name, value)
    return context


@pytest.mark.parametrize(
    ("urls", "options"),
    [
        ([], {}),
        ("", {}),
        (None, {}),
        ([None], {}),
        ("http://host", {}),
        ("ldap:host", {}),
        ("ldaps://", {}),
        ("ldaps://host:x", {}),
        ("ldaps://host:99999", {}),
        ("ldaps://host/dc=x", {}),
        ("ldaps://host?x", {}),
        ("ldaps://host#x", {}),
        ("ldaps://user:s3cret@host", {}),
        ("ldapi:///socket", {}),
        ("ldaps://host", {"tls": unverified("check_hostname", False)}),
        ("ldaps://host", {"tls": unverified("verify_mode", ssl.CERT_NONE)}),
        ("ldaps://host", {"tls": True}),
        *(
            ("ldaps://host", {name: nonsense})
            for name in ("connect_timeout", "receive_timeout", "deadline")
            for nonsense in faults.NONSENSE
        ),
        ("ldaps://host", {"base_dn": ""}),
        ("ldaps://host", {"bind_dn": "cn=x"}),
        ("ldaps://host", {"bind_password": "s3cret"}),
        ("ldaps://host", {"bind_dn": "cn=x", "bind_password": ""}),
        ("ldaps://host", {"bind_dn": "", "bind_password": "s3cret"}),
        ("ldaps://host", {"filter": "(mail=x)"}),
        ("ldaps://host", {"filter": "(&(mail={identifier})"}),
        ("ldaps://host", {"filter": "(mail={identifier}*)"}),
        ("ldaps://host", {"filter": "(mail=*{identifier}*)"}),
        ("ldaps://host", {"filter": "(mail>={identifier})"}),
        ("ldaps://host", {"filter": "(|(mail={identifier})(uid={other}))"}),
        ("ldaps://host", {"filter": "(|(mail={identifier})(uid=*{canonical}))"}),
        ("ldaps://host", {"filter": "({identifier}=x)"}),
        ("ldaps://host", {"filter": 1}),
        ("ldaps://host", {"attributes": {"mail": "email"}}),
        ("ldaps://host", {"attributes": {"entryUUID": "user_id"}}),
        ("ldaps://host", {"attributes": {"x": "user_id", "uid": "username", "y": "z"}}),
        (
            "ldaps://host",
            {
                "attributes": {
                    "x": "user_id",
                    "uid": "username",
                    "userPassword": "password_hash",
                }
            },
        ),
    ],
)
def test_settings(urls, options):
    """
    What cannot work is refused when the source is made, and shows no password.
    """
    with pytest.raises(ConfigurationError) as caught:
        LDAPSource(urls, **{"base_dn": "dc=example,dc=com", **options})

    assert "s3cret" not in repr(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "uid=x,dc=example",
        "uid={identifier}*{other},dc=x",
        "{identifier}",
        "{identifier}@example.com",
        "CORP\\{identifier}",
        "uid={identifier},,dc=x",
        "uid={identifier},dc",
        None,
    ],
)
def test_pattern_settings(text):
    """
    A pattern is a distinguished name.
    """
    with pytest.raises(ConfigurationError):
        BindPatternSource("ldaps://host", pattern=text)


def test_other_options():
    """
    A source can be made from another one.
    """
    one = pattern("ldaps://nowhere.invalid", None)
    other = standard("ldaps://nowhere.invalid", None, filter="(mail={identifier})")

    for source in (one, other):
        again = attrs.evolve(source, deadline=0.1)
        with pytest.raises(LegacyUnavailableError):
            again.login("ann", "correct horse")


def test_repr():
    """
    A source shows where it asks, and no account.
    """
    source = LDAPSource(
        ["ldaps://one", "ldap://[::1]:1389/"],
        base_dn="dc=x",
        bind_dn="cn=reader",
        bind_password="s3cret",
    )

    assert "LDAPSource('ldaps://one:636, ldap://[::1]:1389')" == repr(source)


@pytest.mark.parametrize(
    "identifier", ["", " ", "a\0b", "a\nb", "\ud800", "x" * 321, "\N{KELVIN SIGN}"]
)
def test_no_identifier(identifier):
    """
    Nobody is known by what is no identifier, and no server is asked.
    """
    for source in (
        standard("ldaps://nowhere.invalid", None),
        pattern("ldaps://nowhere.invalid", None),
    ):
        assert None is source.login(identifier, "correct horse")
    assert None is standard("ldaps://nowhere.invalid", None).get_user(identifier)


@pytest.mark.parametrize("password", ["", "a\0b", "\ud800", "x" * 4097, None, 1])
def test_no_password(password):
    """
    Nobody binds with what is no password, an empty one above all.
    """
    for source in (
        standard("ldaps://nowhere.invalid", None),
        pattern("ldaps://nowhere.invalid", None),
    ):
        assert None is source.login("ann", password)


def test_without_the_library(monkeypatch):
    """
    Without sansldap, the extra is named.
    """
    monkeypatch.setitem(sys.modules, "sansldap", None)
    monkeypatch.delitem(sys.modules, "migratekit.sources.ldap")

    with pytest.raises(ImportError, match=r"migratekit\[ldap\]"):
        importlib.import_module("migratekit.sources.ldap")
