"""
What the model knows: the accounts, the ledger, the site's people, and what was decided.

The model reads the legacy site's people, and never asks the site.
"""

import datetime as dt
import functools

import attrs

from migratekit.errors import (
    AmbiguousUserError,
    ConfigurationError,
    LegacyUnavailableError,
)


# The password that a `password_check` refuses.
WEAK = "one"


def fold(identifier):
    return identifier.strip().lower()


@attrs.frozen
class Options:
    """
    What an application decided.

    *rehearse* goes with *import_mode* only.
    *weak* is what becomes of weak legacy passwords, or None if no password is weak.
    *rules* permit; deny, or fail at, whoever has no username.
    """

    version: int = 2
    import_mode: bool = True
    rehearse: bool = False
    weak: str | None = None
    drift: bool = False
    rules: tuple = ()
    minutes: int = 30


@attrs.define(eq=False)
class Account:
    """
    A stored user; *id* is learnt from the store.
    """

    email: str | None
    username: str | None
    password: str | None
    origin: str
    legacy_id: str | None = None
    verified: bool = False
    blocked: bool = False
    must_change: bool = False
    profile: dict = attrs.field(factory=dict)
    writes: int = 1
    id: str | None = None

    @property
    def keys(self):
        pairs = (
            ("legacy_id", self.legacy_id),
            ("email", self.email),
            ("username", self.username),
        )
        return [(kind, value) for kind, value in pairs if value is not None]


@attrs.define
class Token:
    """
    A token somebody holds: for an account as it was, or for a legacy id.
    """

    purpose: str
    expires_at: dt.datetime
    account: Account | None = None
    writes: int = 0
    legacy_id: str | None = None
    identifier: str | None = None


@attrs.define
class Expected:
    """
    What an operation should end in: an error's class, or None; and what comes of it.

    *reason* is a rule's, *drift* the fields in which the site's answers differ,
    *remaining* how many keep an operator from cutting over, and *rehearsed* what would
    have come of it.
    """

    error: type | None
    account: Account | None = None
    token: Token | None = None
    migrated: bool = False
    reason: str | None = None
    drift: frozenset = frozenset()
    remaining: int | None = None
    rehearsed: str | None = None


def writing(operation):
    """
    Have *operation* refused in a rehearsal.
    """

    @functools.wraps(operation)
    def guarded(model, *args, **kwargs):
        if model.options.rehearse:
            return Expected(ConfigurationError)
        return operation(model, *args, **kwargs)

    return guarded


class State:
    """
    The accounts, the ledger, and the site; and how they are looked at.
    """

    def __init__(self, site, clock):
        self.site = site
        self.clock = clock
        self.options = Options()
        self.accounts = []
        # Why a key is retired, and whose it is.
        self.ledger = {}
        self.cut = False

    def form(self, identifier):
        """
        Return how an identifier is compared and stored.
        """
        if identifier is None or not identifier.strip():
            return None
        return fold(identifier) if self.options.version == 2 else identifier.strip()

    def key(self, identifier):
        return ("email" if "@" in identifier else "username", self.form(identifier))

    def stored(self, identifier):
        field, wanted = self.key(identifier)
        for account in self.accounts:
            if getattr(account, field) == wanted:
                return account
        return None

    def is_reserved(self, key):
        return key in self.ledger and self.ledger[key][0] == "reserved"

    def is_weak(self, password):
        return self.options.weak is not None and password == WEAK

    # --- The site ----------------------------------------------------------------

    def person(self, identifier):
        """
        Return the site's person, as its ``login`` gives them: in any case.
        """
        if self.cut:
            return None
        if self.site.down:
            raise LegacyUnavailableError
        wanted = fold(identifier)
        if wanted in self.site.ambiguous:
            raise AmbiguousUserError
        for person in self.site.people.values():
            name = person.email if "@" in wanted else person.username
            if name is not None and fold(name) == wanted:
                return person
        return None

    def looked_up(self, identifier):
        """
        Return the site's person, as its ``get_user`` gives them.
        """
        person = self.person(identifier)
        if person is None:
            return None
        return attrs.evolve(person, **self.site.drift.get(person.user_id, {}))

    def drifted(self, person):
        """
        Return the fields in which the site's two answers differ, if anybody looks.
        """
        if not self.options.drift:
            return frozenset()
        changes = self.site.drift.get(person.user_id, {})
        return frozenset(
            name for name, value in changes.items() if getattr(person, name) != value
        )

    def has_others(self, person, asked):
        """
        Return whether the site knows somebody else, or several, by what was not *asked*
        for.
        """
        names = [name for name in (person.email, person.username) if name]
        try:
            owners = [self.person(name) for name in names if fold(name) != fold(asked)]
        except AmbiguousUserError:
            return True
        return any(owner and owner.user_id != person.user_id for owner in owners)

    # --- Who may be stored, and storing them -------------------------------------

    def account_of(self, person, password, origin, *, verified=False):
        return Account(
            email=self.form(person.email),
            username=self.form(person.username),
            password=password,
            origin=origin,
            legacy_id=f"shop|{person.user_id}",
            verified=person.email_verified or verified,
            blocked=person.blocked,
            profile=person.profile,
        )

    def lacks_email(self, person):
        """
        Return whether somebody has no e-mail; in version 1, a username will do.
        """
        if self.options.version == 1:
            return not self.form(person.email) and not self.form(person.username)
        return "@" not in (person.email or "")

    def taken(self, email, username, *, but=None):
        return any(
            account is not but
            and (
                (email is not None and account.email == email)
                or (username is not None and account.username == username)
            )
            for account in self.accounts
        )

    def retired(self, account):
        """
        Return the kinds of the account's keys that are in the way of its moving: all
        that are in the ledger, but for what is reserved for this very person.
        """
        own = ("reserved", account.legacy_id)
        return [key[0] for key in account.keys if self.ledger.get(key, own) != own]

    def invalid(self, person):
        account = self.account_of(person, None, "login")
        return (
            self.lacks_email(person)
            or self.taken(account.email, account.username)
            or bool(self.retired(account))
        )

    def store(self, account):
        self.accounts.append(account)
        self.write(account)
        return account

    def write(self, account):
        for key in account.keys:
            if key not in self.ledger or self.is_reserved(key):
                self.ledger[key] = ("used", account.legacy_id)
