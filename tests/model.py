"""
What a connection should do, in plain words of Python: no flows, no store, no hashes.

The model reads the legacy site's people, and never asks the site.
"""

import attrs

from migratekit.errors import (
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    InvalidTokenError,
    LegacyUnavailableError,
    PasswordChangeRequiredError,
    ProfileInvalidError,
    UserExistsError,
)


def fold(identifier):
    return identifier.strip().lower()


@attrs.define(eq=False)
class Account:
    """
    A stored user; *id* is learnt from the store.
    """

    email: str
    username: str | None
    password: str | None
    origin: str
    legacy_id: str | None = None
    verified: bool = False
    blocked: bool = False
    must_change: bool = False
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
    account: Account | None
    writes: int
    legacy_id: str | None
    identifier: str


@attrs.define
class Expected:
    """
    What an operation should end in: an error's class, or None; and who was asked.
    """

    error: type | None
    account: Account | None = None
    token: Token | None = None
    migrated: bool = False
    asks: str = ""


class Model:
    """
    The accounts, the ledger, and the answers to every operation.
    """

    def __init__(self, site):
        self.site = site
        self.accounts = []
        self.ledger = {}
        self.cut = False
        self.import_mode = True

    # --- Looking -----------------------------------------------------------------

    def stored(self, identifier):
        wanted = fold(identifier)
        field = "email" if "@" in wanted else "username"
        for account in self.accounts:
            if getattr(account, field) == wanted:
                return account
        return None

    def key(self, identifier):
        wanted = fold(identifier)
        return ("email" if "@" in wanted else "username", wanted)

    def person(self, identifier):
        """
        Return the site's person, as the connection's source would give it.
        """
        if self.cut:
            return None
        if self.site.down:
            raise LegacyUnavailableError
        wanted = fold(identifier)
        for person in self.site.people.values():
            name = person.email if "@" in wanted else person.username
            if name is not None and fold(name) == wanted:
                return person
        return None

    def taken(self, email, username, *, but=None):
        return any(
            account is not but
            and (account.email == email or (username and account.username == username))
            for account in self.accounts
        )

    def write(self, account):
        for key in account.keys:
            self.ledger.setdefault(key, account.legacy_id)

    # --- Logging in --------------------------------------------------------------

    def prove(self, identifier, password):
        """
        Return the account and the person whose password it is; None for neither.
        """
        account = self.stored(identifier)
        if account is not None and account.password is not None:
            if account.password != password:
                raise InvalidCredentialsError("")
            return account, None
        if account is None and self.key(identifier) in self.ledger:
            raise InvalidCredentialsError("")
        if account is not None and account.legacy_id is None:
            raise InvalidCredentialsError("")
        person = self.person(identifier)
        if person is None or self.site.passwords[person.user_id] != password:
            raise InvalidCredentialsError("")
        legacy_id = f"shop|{person.user_id}"
        if account is not None:
            if account.legacy_id != legacy_id:
                raise ContractError
            return account, person
        if ("legacy_id", legacy_id) in self.ledger:
            raise InvalidCredentialsError("")
        return None, person

    def login(self, identifier, password):
        try:
            account, person = self.prove(identifier, password)
        except Exception as error:
            return Expected(type(error))
        if account is not None and person is None:
            return self.let_in(account)
        if account is not None:
            return self.settle(account, person, password)
        if person.blocked:
            return Expected(AccountBlockedError)
        if not self.import_mode:
            if person.must_change_password:
                return Expected(PasswordChangeRequiredError)
            return Expected(None)
        if self.invalid(person) or self.has_others(person, identifier):
            return Expected(ProfileInvalidError)
        if person.must_change_password:
            token = Token("must_change", None, 0, f"shop|{person.user_id}", identifier)
            return Expected(PasswordChangeRequiredError, token=token)
        account = self.create(person, password, "login")
        if account is None:
            return Expected(InvalidCredentialsError)
        return Expected(None, account, migrated=True)

    def let_in(self, account):
        if account.blocked:
            return Expected(AccountBlockedError)
        if account.must_change:
            token = Token("must_change", account, account.writes, None, "")
            return Expected(PasswordChangeRequiredError, token=token)
        return Expected(None, account)

    def settle(self, account, person, password):
        if account.blocked or person.blocked:
            return Expected(AccountBlockedError)
        if account.must_change or person.must_change_password:
            token = Token("must_change", account, account.writes, None, "")
            return Expected(PasswordChangeRequiredError, token=token)
        account.password = password
        account.writes += 1
        return Expected(None, account, migrated=True)

    def invalid(self, person):
        email = fold(person.email or "")
        username = person.username and fold(person.username)
        if "@" not in email or self.taken(email, username):
            return True
        return ("email", email) in self.ledger or ("username", username) in self.ledger

    def has_others(self, person, asked):
        """
        Return whether the site knows somebody else by what was not *asked* for.
        """
        names = [name for name in (person.email, person.username) if name]
        owners = [self.person(name) for name in names if fold(name) != fold(asked)]
        return any(owner.user_id != person.user_id for owner in owners)

    def create(self, person, password, origin, *, verified=False):
        """
        Store a person, unless the ledger knows a key of theirs.
        """
        account = Account(
            email=fold(person.email),
            username=person.username and fold(person.username),
            password=password,
            origin=origin,
            legacy_id=f"shop|{person.user_id}",
            verified=person.email_verified or verified,
            blocked=person.blocked,
        )
        if any(key in self.ledger for key in account.keys):
            return None
        self.accounts.append(account)
        self.write(account)
        return account

    # --- Everything else ---------------------------------------------------------

    def get_user(self, identifier):
        account = self.stored(identifier)
        if account is not None:
            return account
        if self.key(identifier) in self.ledger:
            return None
        person = self.person(identifier)
        if person is None or ("legacy_id", f"shop|{person.user_id}") in self.ledger:
            return None
        return person

    def sign_up(self, email, password, username, origin, *, verified=False):
        if not self.import_mode:
            return Expected(ConfigurationError)
        if self.taken(fold(email), username and fold(username)):
            return Expected(UserExistsError)
        for identifier in (email, username):
            if identifier is None or self.key(identifier) in self.ledger:
                continue
            try:
                person = self.person(identifier)
            except LegacyUnavailableError:
                return Expected(LegacyUnavailableError)
            if person is not None:
                return Expected(UserExistsError)
        account = Account(
            email=fold(email),
            username=username and fold(username),
            password=password,
            origin=origin,
            verified=verified,
        )
        self.accounts.append(account)
        self.write(account)
        return Expected(None, account)

    def start(self, identifier):
        account = self.stored(identifier)
        if account is not None:
            token = Token("reset", account, account.writes, None, account.email)
            return Expected(None, account, token)
        if self.key(identifier) in self.ledger:
            return Expected(None)
        if not self.import_mode:
            return Expected(ConfigurationError)
        try:
            person = self.person(identifier)
        except LegacyUnavailableError:
            return Expected(LegacyUnavailableError)
        if person is None or ("legacy_id", f"shop|{person.user_id}") in self.ledger:
            return Expected(None)
        if "@" not in (person.email or ""):
            return Expected(None, token=None)
        token = Token("reset", None, 0, f"shop|{person.user_id}", fold(person.email))
        return Expected(None, token=token)

    def finish(self, token, password):
        verified = token.purpose == "reset"
        if token.legacy_id is None:
            account = token.account
            if account not in self.accounts or account.writes != token.writes:
                return Expected(InvalidTokenError)
            account.password = password
            account.must_change = False
            account.verified = account.verified or verified
            account.writes += 1
            return Expected(None, account)
        if not self.import_mode:
            return Expected(ConfigurationError)
        if ("legacy_id", token.legacy_id) in self.ledger:
            return Expected(InvalidTokenError)
        if self.key(token.identifier) in self.ledger:
            return Expected(InvalidTokenError)
        try:
            person = self.person(token.identifier)
        except LegacyUnavailableError:
            return Expected(LegacyUnavailableError)
        if person is None or f"shop|{person.user_id}" != token.legacy_id:
            return Expected(InvalidTokenError)
        return self.store_person(
            person, password, token.identifier, InvalidTokenError, verified=verified
        )

    def store_person(self, person, password, asked, lost, *, verified=False):
        if self.invalid(person) or self.has_others(person, asked):
            return Expected(ProfileInvalidError)
        account = self.create(person, password, "password_change", verified=verified)
        if account is None:
            return Expected(lost)
        return Expected(None, account)

    def change_password(self, identifier, old, new):
        try:
            account, person = self.prove(identifier, old)
        except Exception as error:
            return Expected(type(error))
        if (account and account.blocked) or (person and person.blocked):
            return Expected(AccountBlockedError)
        if account is not None:
            account.password = new
            account.must_change = False
            account.writes += 1
            return Expected(None, account)
        if not self.import_mode:
            return Expected(ConfigurationError)
        return self.store_person(person, new, identifier, InvalidCredentialsError)

    def change_identifier(self, account, field, value, *, verified=None):
        wanted = value and fold(value)
        if field == "email" and wanted == account.email:
            verified = verified or account.verified
        if getattr(account, field) == wanted and verified in {None, account.verified}:
            return Expected(None, account)
        if wanted is not None and getattr(account, field) != wanted:
            if self.stored(wanted) is not None:
                return Expected(UserExistsError)
            if (field, wanted) not in self.ledger:
                try:
                    person = self.person(wanted)
                except LegacyUnavailableError:
                    return Expected(LegacyUnavailableError)
                if person and f"shop|{person.user_id}" != account.legacy_id:
                    return Expected(UserExistsError)
        setattr(account, field, wanted)
        if verified is not None:
            account.verified = verified
        account.writes += 1
        self.write(account)
        return Expected(None, account)

    def import_users(self, people, *, hashed):
        """
        Return how many of *people* an import stores, has moved, refuses and rejects.
        """
        if not self.import_mode:
            return Expected(ConfigurationError), None
        counts = {"inserted": 0, "already_migrated": 0, "conflicts": 0, "invalid": 0}
        for person in people:
            counts[self.import_one(person, hashed=hashed)] += 1
        return Expected(None), counts

    def import_one(self, person, *, hashed):
        if "@" not in person.email:
            return "invalid"
        if ("legacy_id", f"shop|{person.user_id}") in self.ledger:
            return "already_migrated"
        if self.invalid(person):
            return "conflicts"
        password = self.site.passwords[person.user_id] if hashed else None
        account = self.create(person, password, "import")
        account.must_change = person.must_change_password
        return "inserted"

    def readmit(self, legacy_id):
        if any(account.legacy_id == legacy_id for account in self.accounts):
            return Expected(UserExistsError)
        kept = {key for account in self.accounts for key in account.keys}
        for key, owner in list(self.ledger.items()):
            if owner == legacy_id:
                if key in kept:
                    self.ledger[key] = None
                else:
                    del self.ledger[key]
        return Expected(None)
