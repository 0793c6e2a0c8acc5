"""
A connection beside its model: how the one is held against the other.
"""

import asyncio
import datetime as dt
from collections import Counter
from contextlib import ExitStack

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from model import Model
from model_state import WEAK, Options
from strategies import EMAILS, SPELLINGS, USERNAMES
from world import AsyncLegacySite, LegacySite, connect

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccessDeniedError,
    CutOverRefusedError,
    MigrateKitError,
    PasswordChangeRequiredError,
    Violation,
)
from migratekit.events import MigrationRehearsed, ProfileDrift, RuleFailed
from migratekit.models import KeyKind, LedgerKey, User, ledger_keys
from migratekit.sources import NoopSource
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.testing._scenario import settle
from migratekit.throttles import NoThrottle


def _options(mode, **more):
    return Options(import_mode=mode != "off", rehearse=mode == "rehearse", **more)


# Mostly as most applications have it, so that most people can move.
options = st.builds(
    _options,
    mode=st.sampled_from(("on", "on", "on", "on", "on", "on", "off", "rehearse")),
    weak=st.sampled_from((None, None, None, "admit", "must_change", "refuse")),
    drift=st.sampled_from((False, True, True)),
    rules=st.sampled_from(
        ((), (), (), ("deny",), ("permit", "fail"), ("deny", "fail"), ("fail", "deny"))
    ),
    minutes=st.sampled_from((30, 90)),
)


def permit(login):
    return None


def deny(login):
    return "no username" if login.user.username is None else None


def fail(login):
    if login.user.username is None:
        raise ValueError


RULES = {"permit": permit, "deny": deny, "fail": fail}


def check_password(password):
    return [Violation("weak", "password", "Weak.")] if password == WEAK else []


def as_coroutine(call):
    async def awaited(argument):
        return call(argument)

    return awaited


class Machine(RuleBasedStateMachine):
    """
    A connection, its model, and five people of a legacy site.
    """

    runner = None

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        if self.asynchronous:
            self.runner = self.stack.enter_context(asyncio.Runner())
        self.store = self.make_store()
        self.site = LegacySite()
        self.site.add("1", "Ada@Example.com", "one", username="Ada", profile={"a": 1})
        self.site.add("2", "bob@example.com", "two", email_verified=True)
        self.site.add("3", "cyd@example.com", "one", username="cyd", blocked=True)
        self.site.add(
            "4", "dan@example.com", "two", username="dan", must_change_password=True
        )
        self.site.add("5", "nobody", "one", username="bob")
        self.clock = VirtualClock()
        self.model = Model(self.site, self.clock)
        self.tokens = []
        self.events = []
        self.connection = None

    # Another version would compare what is stored in a form that it is not in.
    @initialize(options=options, version=st.sampled_from((2, 2, 2, 1)))
    def begin(self, options, version):
        self.connect(attrs.evolve(options, version=version))

    def connect(self, options):
        """
        Make the connection that an application with these *options* has.
        """
        self.model.options = options
        policy = MigrationPolicy(
            strategy_version=options.version,
            import_mode=options.import_mode,
            rehearse=options.rehearse,
            detect_drift=options.drift,
            token_lifetime=dt.timedelta(minutes=options.minutes),
        )
        if options.weak is not None:
            policy = attrs.evolve(
                policy, password_check=check_password, weak_legacy_password=options.weak
            )
        adapt = as_coroutine if self.asynchronous else lambda call: call
        source = AsyncLegacySite(self.site) if self.asynchronous else self.site
        # Who rehearses does not cut over.
        absent = self.model.cut and options.rehearse
        connection = connect(
            self.store,
            NoopSource() if absent else source,
            runner=self.runner,
            policy=policy,
            rules=[adapt(RULES[name]) for name in options.rules],
            listeners=[adapt(self.events.append)],
            clock=self.clock,
            throttle=NoThrottle(),
        )
        if self.model.cut and not absent:
            connection = connection.cut_over(force=True)
        self.connection = connection

    def teardown(self):
        self.wait(self.close)
        self.stack.close()

    def close(self):
        return getattr(self.store, "close", lambda: None)()

    def wait(self, call, *args):
        async def waiting():
            return await settle(call(*args))

        return (
            asyncio.run(waiting())
            if self.runner is None
            else self.runner.run(waiting())
        )

    # --- One operation -----------------------------------------------------------

    def do(self, expected, operation):
        """
        Run *operation* and compare how it ends, what is told, and who was asked.
        """
        self.site.calls.clear()
        self.events.clear()
        error = result = None
        try:
            result = operation()
        except MigrateKitError as caught:
            error = caught
        assert expected.error == (error and type(error)), (expected, error, result)
        self.compare_error(expected, error)
        self.compare_events(expected)
        user = getattr(result, "user", result)
        if expected.account is not None and isinstance(user, User):
            expected.account.id = user.id
        self.learn_ids()
        assert self.calls("login") <= 1, self.site.calls
        assert not self.model.cut or self.site.calls == [], self.site.calls
        return result

    def compare_error(self, expected, error):
        if isinstance(error, PasswordChangeRequiredError):
            assert (expected.token is None) == (error.token is None), expected
            if expected.token is not None:
                self.tokens.append((error.token, expected.token))
        if isinstance(error, AccessDeniedError):
            assert expected.reason == error.reason
        if isinstance(error, CutOverRefusedError):
            assert expected.remaining == error.remaining

    def compare_events(self, expected):
        drifts = [set(event.fields) for event in self.told(ProfileDrift)]
        assert ([expected.drift] if expected.drift else []) == drifts, expected
        outcomes = [event.outcome for event in self.told(MigrationRehearsed)]
        assert ([expected.rehearsed] if expected.rehearsed else []) == outcomes
        failed = len(self.told(RuleFailed))
        assert (expected.reason == "rule_failed") == failed, expected

    def told(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def learn_ids(self):
        """
        Let the model know the ids of those whom no answer has named.
        """
        unknown = [account for account in self.model.accounts if account.id is None]
        if unknown:
            ids = {user.legacy_id: user.id for user in self.connection.users()}
            for account in unknown:
                account.id = ids[account.legacy_id]

    def calls(self, name):
        return sum(call == name for call, _ in self.site.calls)

    def is_settled(self, identifier):
        """
        Return whether the source has no say in *identifier*.
        """
        account = self.model.stored(identifier)
        if account is not None:
            return account.password is not None
        return self.model.key(identifier) in self.model.ledger

    # --- What must always hold ---------------------------------------------------

    @invariant()
    def same_users(self):
        """
        The store has the model's users, field by field, each with the right password.
        """
        users = {user.id: user for user in self.connection.users()}
        expected = {account.id: account for account in self.model.accounts}
        assert expected.keys() == users.keys()
        for user_id, account in expected.items():
            record = self.wait(self.store.get, user_id)
            assert users[user_id] == record.user
            self.compare(account, record)

    def compare(self, account, record):
        user = record.user
        assert (
            account.email,
            account.username,
            account.origin,
            account.legacy_id,
            account.verified,
            account.blocked,
            account.must_change,
            account.profile,
            account.writes,
        ) == (
            user.email,
            user.username,
            user.origin,
            user.legacy_id,
            user.email_verified,
            user.blocked,
            user.must_change_password,
            user.profile,
            record.version,
        )
        if account.password is None:
            assert record.password_hash is None
        else:
            assert CHEAPEST.verify(account.password, record.password_hash)
        for key in ledger_keys(user):
            assert self.wait(self.store.retired, key) is not None

    @invariant()
    def same_ledger(self):
        """
        The ledger has the model's keys, and no others.
        """
        spellings = SPELLINGS if self.model.options.version == 1 else (str,)
        keys = {("email", spell(value)) for value in EMAILS for spell in spellings}
        keys |= {("username", spell(name)) for name in USERNAMES for spell in spellings}
        keys |= {("legacy_id", f"shop|{number}") for number in range(1, 6)}
        for kind, value in keys | self.model.ledger.keys():
            row = self.wait(self.store.retired, LedgerKey(KeyKind(kind), value))
            found = row and (row.reason, row.legacy_id)
            assert self.model.ledger.get((kind, value)) == found, (kind, value)

    @invariant()
    def same_figures(self):
        """
        The store agrees with itself, and counts whom the model has.
        """
        figures = self.wait(self.store.figures)

        assert [] == list(self.wait(self.store.check))
        assert Counter(each.origin for each in self.model.accounts) == figures.by_origin
        assert self.model.moved() == figures.moved == sum(figures.by_day.values())
        assert len(self.model.accounts) == sum(figures.by_format.values())
