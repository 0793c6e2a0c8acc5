"""
Hypothesis strategies over our own models.
"""

import datetime as dt

from hypothesis import strategies as st

from migratekit.models import (
    Identifier,
    KeyKind,
    LegacyUser,
    Origin,
    Record,
    User,
)


EMAILS = ("ada@example.com", "bob@example.com", "cyd@example.com", "dan@example.com")
USERNAMES = ("ada", "bob", "cyd", "dan")
PASSWORDS = ("one", "two", "three")
SPELLINGS = (str, str.upper, str.title)
MOMENT = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)

# Somebody who is blocked sees little else, so that few are.
seldom = st.sampled_from((False, False, False, True))
passwords = st.sampled_from(PASSWORDS)


@st.composite
def spelled(draw, identifiers):
    """
    An identifier as people type it: in any case, with blanks around it.
    """
    identifier = draw(identifiers)
    spelling = draw(st.sampled_from(SPELLINGS))
    return draw(st.sampled_from(("", " "))) + spelling(identifier)


emails = spelled(st.sampled_from(EMAILS))
usernames = spelled(st.sampled_from(USERNAMES))
typed = emails | usernames

legacy_users = st.builds(
    LegacyUser,
    user_id=st.sampled_from(("1", "2", "3")),
    email=emails,
    email_verified=st.booleans(),
    username=st.none() | usernames,
    blocked=seldom,
    must_change_password=seldom,
    profile=st.dictionaries(st.sampled_from(("name", "picture")), st.text(max_size=3)),
)


@st.composite
def records(draw, *, identifier=None, user_id=None, password_hash=None):
    """
    A stored record, of *identifier* or *user_id* if that is given.
    """
    email = draw(st.sampled_from(EMAILS))
    username = draw(st.none() | st.sampled_from(USERNAMES))
    if identifier is not None and identifier.kind is KeyKind.EMAIL:
        email = identifier.value
    if identifier is not None and identifier.kind is KeyKind.USERNAME:
        username = identifier.value
    user = User(
        id=user_id or draw(st.sampled_from(("u1", "u2"))),
        origin=draw(st.sampled_from(Origin)),
        email=email,
        email_verified=draw(st.booleans()),
        username=username,
        blocked=draw(seldom),
        must_change_password=draw(seldom),
        legacy_id=draw(st.sampled_from((None, "shop|1", "shop|2"))),
        updated_at=MOMENT,
    )
    stored = draw(st.sampled_from((None, "$old$1", "$new$1", "$new$2")))
    return Record(user, password_hash or stored, draw(st.integers(1, 3)))


identifiers = st.builds(
    Identifier, st.just(KeyKind.EMAIL), st.sampled_from(EMAILS)
) | st.builds(Identifier, st.just(KeyKind.USERNAME), st.sampled_from(USERNAMES))
