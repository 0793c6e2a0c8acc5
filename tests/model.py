"""
What a connection should do, in plain words of Python: no flows, no store, no hashes.
"""

from model_state import Account, Expected, writing
from model_tokens import Passwords

from migratekit.errors import (
    AccessDeniedError,
    AccountBlockedError,
    AmbiguousUserError,
    ConfigurationError,
    CutOverRefusedError,
    LegacyUnavailableError,
    MigrateKitError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
    UserExistsError,
)


class Model(Passwords):
    """
    The answers to every operation.
    """

    # --- Logging in --------------------------------------------------------------

    def login(self, identifier, password):
        try:
            account, person = self.prove(identifier, password)
        except MigrateKitError as error:
            return Expected(type(error))
        if person is None:
            return self.let_in(account)
        if self.options.rehearse:
            return self.rehearse(account, person, identifier, password)
        if person.blocked or (account is not None and account.blocked):
            return Expected(AccountBlockedError)
        if account is not None:
            return self.settle(account, person, password)
        if self.options.import_mode:
            return self.first_login(person, identifier, password)
        if person.must_change_password:
            return Expected(PasswordChangeRequiredError)
        return self.welcome(person)

    def let_in(self, account):
        if account.blocked:
            return Expected(AccountBlockedError)
        if account.must_change:
            if self.options.rehearse:
                return Expected(PasswordChangeRequiredError)
            token = self.token_of("must_change", account)
            return Expected(PasswordChangeRequiredError, token=token)
        return self.welcome(account, account=account)

    def settle(self, account, person, password):
        must_change = account.must_change or person.must_change_password
        token = self.token_of("must_change", account)
        refusal = self.unfit(password, token, must_change=must_change)
        if refusal is not None:
            return refusal
        account.password = password
        account.writes += 1
        return self.welcome_moved(account, person)

    def first_login(self, person, identifier, password):
        if self.invalid(person) or self.has_others(person, identifier):
            return Expected(ProfileInvalidError)
        token = self.token_for("must_change", person, identifier)
        refusal = self.unfit(password, token, must_change=person.must_change_password)
        if refusal is not None:
            return refusal
        account = self.store(self.account_of(person, password, "login"))
        return self.welcome_moved(account, person)

    def rehearse(self, account, person, identifier, password):
        """
        Return what comes of a login that stores nothing, whatever would have.
        """
        must_change = person.must_change_password
        if account is not None:
            must_change = must_change or account.must_change
        if person.blocked or (account is not None and account.blocked):
            expected = Expected(AccountBlockedError)
        elif must_change:
            expected = Expected(PasswordChangeRequiredError)
        else:
            expected = self.welcome(account or person, account=account)
        expected.rehearsed = "blocked"
        if expected.error is not AccountBlockedError:
            expected.rehearsed = self.foreseen(
                account, person, identifier, password, must_change=must_change
            )
        if expected.rehearsed == "would_move":
            expected.drift = self.drifted(person)
        return expected

    def foreseen(self, account, person, identifier, password, *, must_change):
        """
        Return what would have come of a login of somebody who is not blocked.
        """
        if account is None:
            if self.lacks_email(person):
                return "invalid"
            if self.invalid(person) or self.has_others(person, identifier):
                return "taken"
        refusal = self.unfit(password, None, must_change=must_change)
        if refusal is None:
            return "would_move"
        refused = refusal.error is PasswordRejectedError
        return "must_change" if must_change and not refused else "weak_password"

    def unfit(self, password, token, *, must_change):
        """
        Return what keeps a right legacy password from staying, if anything does.
        """
        weak = self.options.weak if self.is_weak(password) else "admit"
        if weak == "refuse":
            return Expected(PasswordRejectedError)
        if must_change or weak == "must_change":
            return Expected(PasswordChangeRequiredError, token=token)
        return None

    def welcome_moved(self, account, person):
        drift = self.drifted(person)
        return self.welcome(account, account=account, migrated=True, drift=drift)

    def welcome(self, user, **more):
        """
        Let *user* in, unless a rule has something against them; what was stored stays.
        """
        against = [rule for rule in self.options.rules if rule != "permit"]
        if not against or user.username is not None:
            return Expected(None, **more)
        reason = "no username" if against[0] == "deny" else "rule_failed"
        return Expected(AccessDeniedError, reason=reason, **more)

    # --- Accounts ----------------------------------------------------------------

    def get_user(self, identifier):
        account = self.stored(identifier)
        if account is not None:
            return account
        if self.key(identifier) in self.ledger:
            return None
        person = self.looked_up(identifier)
        if person is None or ("legacy_id", f"shop|{person.user_id}") in self.ledger:
            return None
        return person

    @writing
    def sign_up(self, email, password, username, origin, *, verified=False):
        if not self.options.import_mode:
            return Expected(ConfigurationError)
        if self.is_weak(password):
            return Expected(PasswordRejectedError)
        if self.taken(self.form(email), self.form(username)):
            return Expected(UserExistsError)
        for identifier in (email, username):
            refusal = identifier and self.unavailable(identifier)
            if refusal:
                return refusal
        account = Account(
            email=self.form(email),
            username=self.form(username),
            password=password,
            origin=origin,
            verified=verified,
        )
        return Expected(None, self.store(account))

    def unavailable(self, identifier, *, own=None):
        """
        Return why nobody but *own* may have what nobody has stored, if so.
        """
        key = self.key(identifier)
        if key in self.ledger:
            is_kept = self.is_reserved(key) and self.ledger[key][1] != own
            return Expected(UserExistsError) if is_kept else None
        try:
            person = self.person(identifier)
        except LegacyUnavailableError:
            return Expected(LegacyUnavailableError)
        except AmbiguousUserError:
            return Expected(UserExistsError)
        if person is None or f"shop|{person.user_id}" == own:
            return None
        return Expected(UserExistsError)

    @writing
    def change_identifier(self, account, field, value, *, verified=None):
        wanted = self.form(value)
        changed = getattr(account, field) != wanted
        if wanted is None and account.email is None:
            return Expected(ProfileInvalidError)
        if field == "email" and not changed:
            verified = verified or account.verified
        if not changed and verified in {None, account.verified}:
            return Expected(None, account)
        if wanted is not None and changed:
            if self.stored(wanted) is not None:
                return Expected(UserExistsError)
            refusal = self.unavailable(value, own=account.legacy_id)
            if refusal is not None:
                return refusal
        setattr(account, field, wanted)
        if verified is not None:
            account.verified = verified
        account.writes += 1
        self.write(account)
        return Expected(None, account)

    @writing
    def block(self, account, *, blocked):
        account.writes += account.blocked is not blocked
        account.blocked = blocked
        return Expected(None, account)

    @writing
    def delete(self, account):
        self.accounts.remove(account)
        return Expected(None)

    # --- The operator ------------------------------------------------------------

    def import_users(self, people, *, hashed):
        """
        Return how many of *people* an import stores, has moved, refuses and rejects.
        """
        if not self.options.import_mode:
            return Expected(ConfigurationError), None
        if self.options.rehearse:
            return Expected(ConfigurationError), None
        counts = {"inserted": 0, "already_migrated": 0, "conflicts": 0, "invalid": 0}
        for person in people:
            counts[self.import_one(person, hashed=hashed)] += 1
        return Expected(None), counts

    def import_one(self, person, *, hashed):
        if self.lacks_email(person):
            return "invalid"
        password = self.site.passwords[person.user_id] if hashed else None
        account = self.account_of(person, password, "import")
        account.must_change = person.must_change_password
        if "legacy_id" in self.retired(account):
            return "already_migrated"
        if self.invalid(person):
            return "conflicts"
        self.store(account)
        return "inserted"

    def reserve(self, person):
        """
        Keep what is not in the ledger yet for a person, and return their keys.
        """
        account = self.account_of(person, None, "import")
        for key in account.keys:
            self.ledger.setdefault(key, ("reserved", account.legacy_id))
        return account.keys

    @writing
    def lift_reservations(self, *, force):
        """
        Forget all that is kept for somebody, if the source knows them.
        """
        if self.cut and not force:
            return Expected(ConfigurationError)
        self.ledger = {key: row for key, row in self.ledger.items() if row[0] == "used"}
        return Expected(None)

    @writing
    def readmit(self, legacy_id):
        if any(account.legacy_id == legacy_id for account in self.accounts):
            return Expected(UserExistsError)
        kept = {key for account in self.accounts for key in account.keys}
        for key, (reason, owner) in list(self.ledger.items()):
            if owner == legacy_id:
                if key in kept:
                    self.ledger[key] = (reason, None)
                else:
                    del self.ledger[key]
        return Expected(None)

    def moved(self):
        """
        Return how many have ever moved.
        """
        return sum(
            kind == "legacy_id" and reason == "used"
            for (kind, _), (reason, _) in self.ledger.items()
        )

    @writing
    def cut_over(self):
        """
        Take the source away if nobody remains there.
        """
        if not self.cut and self.site.down:
            return Expected(LegacyUnavailableError)
        remaining = 0 if self.cut else len(self.site.people) - self.moved()
        if remaining > 0:
            return Expected(CutOverRefusedError, remaining=remaining)
        self.cut = True
        return Expected(None)
