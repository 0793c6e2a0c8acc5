"""
What a change of password should do: with a token, with the old one, or by command.
"""

import datetime as dt

from model_state import Expected, State, Token, writing

from migratekit.errors import (
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    InvalidTokenError,
    MigrateKitError,
    PasswordRejectedError,
    ProfileInvalidError,
)


class Passwords(State):
    """
    Whose password it is, and how they get another one.
    """

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

    # --- Tokens ------------------------------------------------------------------

    def expiry(self):
        """
        Return when a token of now expires: at a full second.
        """
        lifetime = dt.timedelta(minutes=self.options.minutes)
        return (self.clock.now() + lifetime).replace(microsecond=0)

    def token_of(self, purpose, account):
        return Token(
            purpose,
            self.expiry(),
            account=account,
            writes=account.writes,
            identifier=account.email,
        )

    def token_for(self, purpose, person, identifier):
        legacy_id = f"shop|{person.user_id}"
        return Token(purpose, self.expiry(), legacy_id=legacy_id, identifier=identifier)

    @writing
    def start(self, identifier):
        account = self.stored(identifier)
        if account is not None:
            if "@" not in (account.email or ""):
                return Expected(None)
            return Expected(None, account, self.token_of("reset", account))
        if self.key(identifier) in self.ledger:
            return Expected(None)
        if not self.options.import_mode:
            return Expected(ConfigurationError)
        try:
            person = self.person(identifier)
        except MigrateKitError as error:
            return Expected(type(error))
        if person is None or ("legacy_id", f"shop|{person.user_id}") in self.ledger:
            return Expected(None)
        if "@" not in (person.email or ""):
            return Expected(None)
        email = self.form(person.email)
        return Expected(None, token=self.token_for("reset", person, email))

    @writing
    def finish(self, token, password):
        verified = token.purpose == "reset"
        if token.expires_at <= self.clock.now():
            return Expected(InvalidTokenError)
        if token.legacy_id is None:
            account = token.account
            if account not in self.accounts or account.writes != token.writes:
                return Expected(InvalidTokenError)
            return self.set_password(account, password, verified=verified)
        if not self.options.import_mode:
            return Expected(ConfigurationError)
        if ("legacy_id", token.legacy_id) in self.ledger:
            return Expected(InvalidTokenError)
        if self.key(token.identifier) in self.ledger:
            return Expected(InvalidTokenError)
        try:
            person = self.looked_up(token.identifier)
        except MigrateKitError as error:
            return Expected(type(error))
        if person is None or f"shop|{person.user_id}" != token.legacy_id:
            return Expected(InvalidTokenError)
        return self.move(person, password, token.identifier, verified=verified)

    # --- Changes -----------------------------------------------------------------

    @writing
    def set_password(self, account, password, *, verified=False):
        if self.is_weak(password):
            return Expected(PasswordRejectedError)
        account.password = password
        account.must_change = False
        account.verified = account.verified or verified
        account.writes += 1
        return Expected(None, account)

    def move(self, person, password, asked, *, verified=False):
        """
        Store a person with a new password.
        """
        if self.invalid(person) or self.has_others(person, asked):
            return Expected(ProfileInvalidError)
        if self.is_weak(password):
            return Expected(PasswordRejectedError)
        account = self.account_of(
            person, password, "password_change", verified=verified
        )
        return Expected(None, self.store(account))

    @writing
    def change_password(self, identifier, old, new):
        try:
            account, person = self.prove(identifier, old)
        except MigrateKitError as error:
            return Expected(type(error))
        if (account and account.blocked) or (person and person.blocked):
            return Expected(AccountBlockedError)
        if account is not None:
            return self.set_password(account, new)
        if not self.options.import_mode:
            return Expected(ConfigurationError)
        return self.move(person, new, identifier)
