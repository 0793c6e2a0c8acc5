"""
The laws of a cut-over, whatever has happened before.
"""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import EMAILS, USERNAMES, seldom
from world import ListingSite, connect

from migratekit import LegacyUser
from migratekit.errors import MigrateKitError, UserExistsError
from migratekit.models import LedgerKey
from migratekit.stores.memory import MemoryStore
from migratekit.throttles import NoThrottle


POLICY = {"throttle": NoThrottle()}
# Some of which cannot be stored.
ADDRESSES = (*EMAILS, "Ada@Example.com", "no address", "eve@-", None)
NAMES = (*USERNAMES, "Ada", "ada@example.com", "x" * 129, None)

people = st.builds(
    LegacyUser,
    user_id=st.sampled_from("12345"),
    email=st.sampled_from(ADDRESSES),
    username=st.sampled_from(NAMES),
    blocked=seldom,
)
deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ("appear", "appear", "login", "login", "sign up", "delete", "load")
        ),
        people,
    ),
    max_size=12,
)


class Town:
    """
    A site, a store, and what people have done there.
    """

    def __init__(self):
        self.site = ListingSite()
        self.store = MemoryStore()
        self.connection = connect(self.store, self.site, **POLICY)

    def play(self, deed, person):
        with suppress(MigrateKitError):
            getattr(self, deed.replace(" ", "_"))(person)

    def appear(self, person):
        self.site.people[person.user_id] = person
        self.site.passwords[person.user_id] = "pw"

    def login(self, person):
        self.connection.authenticate(person.email, "pw")

    def sign_up(self, person):
        self.connection.sign_up(person.email, "pw")

    def delete(self, person):
        for user in self.connection.users():
            if user.email == person.email:
                self.connection.delete_user(user.id)

    def load(self, _):
        self.connection.import_users(self.site.iter_users())

    @property
    def ledger(self):
        return dict(self.store._ledger)

    def names(self):
        """
        Return everything that somebody of the site can be called by.
        """
        people = self.site.people.values()
        emails = {person.email.lower() for person in people if person.email}
        usernames = {person.username.lower() for person in people if person.username}
        return {email for email in emails if "@" in email} | {
            username for username in usernames if "@" not in username
        }


def is_taken(connection, name):
    """
    Return whether nobody can sign up with *name*.
    """
    try:
        if "@" in name:
            connection.sign_up(name, "pw")
        else:
            connection.sign_up("somebody@example.com", "pw", username=name)
    except UserExistsError:
        return True
    except MigrateKitError:
        # Nobody is called that.
        return True
    return False


@pytest.mark.parametrize("leftovers", ["load", "reserve"])
@given(deeds=deeds)
def test_cut_over(leftovers, deeds):
    """
    Nothing becomes free that the site knows somebody by; the ledger only grows; and the
    way back makes everything as it was, but for who is stored.
    """
    town = Town()
    for deed, person in deeds:
        town.play(deed, person)
    before, stored = town.ledger, {user.id for user in town.connection.users()}
    # What nobody has who is stored, and is no obstacle to anybody who signs up.
    used = {key.value for key, row in before.items() if row.reason == "used"}

    after = town.connection.cut_over(force=True, leftovers=leftovers)

    ledger = town.ledger
    assert before.items() <= ledger.items()
    loaded = [user for user in after.users() if user.id not in stored]
    assert leftovers == "load" or not loaded
    for user in loaded:
        assert town.store.get(user.id).password_hash is None
    for person in town.site.people.values():
        assert LedgerKey("legacy_id", f"shop|{person.user_id}") in ledger
    for name in town.names() - used:
        assert is_taken(after, name), name

    lifted = town.connection.lift_reservations()

    assert lifted == sum(row.reason == "reserved" for row in ledger.values())
    kept = {key: row for key, row in ledger.items() if row.reason == "used"}
    assert kept.items() <= town.ledger.items()
    assert {row.reason for row in town.ledger.values()} <= {"used"}
    assert [] == town.store.check()
