"""
What the operations on one account give, one after another: DESIGN §§ 6 and 10.

The account is that of one person of the legacy source, who is known there as ``email``
and as ``username``, by the password `LEGACY`.  They may get the e-mail address
``second``; strangers may sign up with any of the two that is free.  The source never
changes.  A user is called by the operation that stored them, a token by the one that
made it.
"""

import attrs


LEGACY = "p0"
PASSWORDS = (LEGACY, "p1", "p2", "p3")
IDENTIFIERS = ("email", "username", "second")
WRONG = "InvalidCredentialsError"


@attrs.frozen
class Shown:
    """
    What a call shows of a user; *migrated* only if it was a login.
    """

    user: str
    email: str
    blocked: bool
    migrated: bool | None = None


@attrs.frozen
class Account:
    """
    A stored user.

    Args:
        user: The operation that stored them.
        email: ``email`` or ``second``.
        password: None until the source has vouched for the first one.
        is_persons: Whether it is the person's of the source, and no stranger's.
        blocked: Whether nobody gets in.
        is_old_hash: Whether the next login may make the hash anew.
        tokens: Those that were made for the record as it is.
    """

    user: str
    email: str
    password: str | None
    is_persons: bool = True
    blocked: bool = False
    is_old_hash: bool = False
    tokens: frozenset = frozenset()

    def shown(self, migrated=None):
        return Shown(self.user, self.email, self.blocked, migrated)

    def takes(self, identifier, password):
        """
        Return whether *password* is theirs; while there is none, the source says so.
        """
        if self.password is not None:
            return password == self.password
        return password == LEGACY and identifier in {"email", "username"}


@attrs.frozen
class State:
    """
    Everything that decides the answers to come.

    Args:
        accounts: Whoever is stored.
        moved: Whether the ledger has the person's legacy id.
        lost: Whether the ledger has their first address as somebody else's.
        tokens: Those that were made for the person before they moved.
    """

    accounts: frozenset = frozenset()
    moved: bool = False
    lost: bool = False
    tokens: frozenset = frozenset()

    def holder(self, identifier):
        for account in self.accounts:
            by_name = identifier == "username" and account.is_persons
            if by_name or identifier == account.email:
                return account
        return None

    def of_user(self, user):
        return next((one for one in self.accounts if one.user == user), None)

    def is_sources(self, identifier):
        """
        Return whether the source answers for an identifier that nobody has stored.
        """
        if identifier == "email":
            return not self.moved and not self.lost
        return identifier == "username" and not self.moved

    def without(self, account):
        return attrs.evolve(self, accounts=self.accounts - {account})

    def having(self, account):
        return attrs.evolve(self, accounts=self.accounts | {account})

    def changed(self, account, **changes):
        """
        Return the state with a changed account, and the account; its tokens are void.
        """
        new = attrs.evolve(account, **changes)
        if new == account:
            return self, account
        new = attrs.evolve(new, tokens=frozenset())
        return self.without(account).having(new), new

    def moving(self, user, password, *, is_old_hash=False):
        """
        Return the state in which the person has moved, and their account.
        """
        account = Account(user, "email", password, is_old_hash=is_old_hash)
        return attrs.evolve(self.having(account), moved=True), account


START = State()


def outcomes(state, operation):
    """
    Return the right results of *operation*, each with the state behind it.
    """
    return _RULES[operation.name](state, operation.key, *operation.args)


def _proved(state, identifier, password):
    """
    Return the account, None for the person who has not moved, or the error's name.
    """
    account = state.holder(identifier)
    if account is None:
        right = password == LEGACY and state.is_sources(identifier)
        if right and state.lost:
            return "ProfileInvalidError"
        return None if right else WRONG
    if not account.takes(identifier, password):
        return WRONG
    return "AccountBlockedError" if account.blocked else account


def _login(state, key, identifier, password):
    account = _proved(state, identifier, password)
    if isinstance(account, str):
        return [(account, state)]
    if account is None:
        state, account = state.moving(key, password)
        return [(account.shown(migrated=True), state)]
    if account.password is None:
        state, account = state.changed(account, password=password)
        return [(account.shown(migrated=True), state)]
    # A login that is outrun leaves the old hash to the next one.
    result = account.shown(migrated=False)
    renewed, _ = state.changed(account, is_old_hash=False)
    return [(result, state), (result, renewed)]


def _change_password(state, key, identifier, old, new):
    account = _proved(state, identifier, old)
    if isinstance(account, str):
        return [(account, state)]
    if account is None:
        state, account = state.moving(key, new)
        return [(account.shown(), state)]
    return _with_password(state, account, new)


def _with_password(state, account, password):
    state = state.without(account)
    # Even the same password has another hash.
    account = attrs.evolve(
        account, password=password, is_old_hash=False, tokens=frozenset()
    )
    return [(account.shown(), state.having(account))]


def _start(state, key, identifier):
    account = state.holder(identifier)
    if account is not None:
        new = attrs.evolve(account, tokens=account.tokens | {key})
        return [(account.email, state.without(account).having(new))]
    if not state.is_sources(identifier):
        return [(None, state)]
    return [("email", attrs.evolve(state, tokens=state.tokens | {key}))]


def _finish(state, key, token, password):
    for account in state.accounts:
        if token in account.tokens:
            return _with_password(state, account, password)
    if token not in state.tokens or not state.is_sources("email"):
        return [("InvalidTokenError", state)]
    state, account = state.moving(key, password)
    return [(account.shown(), state)]


def _get(state, key, identifier):
    account = state.holder(identifier)
    if account is not None:
        return [(account.shown(), state)]
    return [("in the source" if state.is_sources(identifier) else None, state)]


def _to_user(change):
    """
    Return the rule of an operation on whoever has the id it is given.
    """

    def rule(state, key, user, *args):
        account = state.of_user(user)
        if account is None:
            return [("UserNotFoundError", state)]
        return change(state, account, *args)

    return rule


def _block(state, account, *, blocked=True):
    state, account = state.changed(account, blocked=blocked)
    return [(account.shown(), state)]


def _unblock(state, account):
    return _block(state, account, blocked=False)


def _delete(state, account):
    return [(None, state.without(account))]


def _change_email(state, account, email):
    holder = state.holder(email)
    stranger = not account.is_persons
    if (holder is not None and holder != account) or (
        holder is None and stranger and state.is_sources(email)
    ):
        return [("UserExistsError", state)]
    state, account = state.changed(account, email=email)
    return [(account.shown(), state)]


def _sign_up(state, key, email, password):
    if state.holder(email) is not None or state.is_sources(email):
        return [("UserExistsError", state)]
    account = Account(key, email, password, is_persons=False)
    return [(account.shown(), state.having(account))]


def _import(state, key, hashed):
    if state.moved:
        return [("already_migrated", state)]
    if state.lost:
        return [("conflicts", state)]
    state, _ = state.moving(key, LEGACY if hashed else None, is_old_hash=hashed)
    return [("inserted", state)]


def _readmit(state, key):
    if any(account.is_persons for account in state.accounts):
        return [("UserExistsError", state)]
    if not state.moved:
        return [(None, state)]
    # Who has the address now keeps it.
    lost = state.lost or state.holder("email") is not None
    return [(None, attrs.evolve(state, moved=False, lost=lost))]


def _observe(state, key):
    """
    Show what is stored when all is over.
    """
    seen = frozenset(
        (one.user, one.email, one.password, one.is_persons, one.blocked)
        for one in state.accounts
    )
    return [(seen, state)]


_RULES = {
    "login": _login,
    "change_password": _change_password,
    "set_password": _to_user(_with_password),
    "start": _start,
    "finish": _finish,
    "get": _get,
    "block": _to_user(_block),
    "unblock": _to_user(_unblock),
    "delete": _to_user(_delete),
    "change_email": _to_user(_change_email),
    "sign_up": _sign_up,
    "import": _import,
    "readmit": _readmit,
    "observe": _observe,
}
