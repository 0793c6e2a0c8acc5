"""
What is put into filters and names means nothing there, whatever it is.
"""

import pytest
import sansldap
from hypothesis import given
from hypothesis import strategies as st

from migratekit.sources.ldap._terms import (
    dn_pattern,
    escaped,
    filter_template,
    parsed,
    same_name,
)
from migratekit.validation import loosely


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.text(
    '*()\\\0,+=<>#; "&|!~{}identfrcaol', min_size=1
)


def values(text):
    return {"identifier": text, "canonical": "{identifier}"}


@given(TEXTS)
def test_filter(text):
    """
    The filter that is sent differs from its template in one value.
    """
    template = filter_template(
        "(&(objectClass=x)(!(|(mail=smtp:{identifier})(uid={canonical}))))"
    )

    sent = template.filled(values(text))

    inner = sent.filters[1].filter.filters
    assert sansldap.FilterEquality("objectClass", b"x") == sent.filters[0]
    assert ["mail", "uid"] == [one.attribute for one in inner]
    assert f"smtp:{text}".encode() == inner[0].value
    assert b"{identifier}" == inner[1].value


@given(TEXTS)
def test_filter_text(text):
    """
    Another program reads the filter as it was meant: the library's own text of it.
    """
    sent = filter_template("(mail={identifier})").filled(values(text))

    assert sent == sansldap.LDAPFilter.from_string(str(sent))


@given(TEXTS)
def test_name(text):
    """
    The name that is sent has as many parts as its pattern, and the text as a value.
    """
    sent = dn_pattern("uid={identifier}+cn=x,ou=people").filled(values(text))

    first, second = parsed(sent)
    assert {("uid", loosely(text)), ("cn", "x")} == first
    assert {("ou", "people")} == second


@given(TEXTS)
def test_escaped(text):
    """
    Nothing that means something in a name is left as it is.
    """
    assert not set(escaped(text).replace("\\", "")) & set(',+"<>;=# \0/*()')
    assert same_name(f"uid={escaped(text)},dc=x", f"UID={escaped(text)}, DC=X")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uid=a,dc=x", "uid=b,dc=x"),
        ("uid=a,dc=x", "uid=a"),
        ("uid=a,dc=x", "cn=a,dc=x"),
        ("uid=a,dc=x", "dc=x,uid=a"),
        ("uid=a,dc=x", ""),
        ("uid=a,dc=x", "uid=a\\,dc=x"),
        ("uid=a,dc=x", "=a,dc=x"),
        ("uid=a,dc=x", "uid=a,dc=x\\"),
        ("uid=a,dc=x", "uid=a\\ff,dc=x"),
        ("no name", "no name"),
    ],
)
def test_other_names(one, other):
    """
    Names of other entries, and what is no name, are not the same.
    """
    assert not same_name(one, other)
    assert not same_name(other, one)


def test_no_name():
    """
    The empty name is a name: that of nobody.
    """
    assert () == parsed(" ")
