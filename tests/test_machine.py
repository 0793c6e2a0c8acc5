"""
Whole connections against a plain model: memory and SQL, sync and async.
"""

import asyncio
import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from model import Model
from strategies import EMAILS, USERNAMES, emails, passwords, typed, usernames
from world import AsyncLegacySite, LegacySite, connect

from migratekit import MigrationPolicy
from migratekit.errors import MigrateKitError, PasswordChangeRequiredError
from migratekit.models import (
    ImportRecord,
    KeyKind,
    LedgerKey,
    StoredHash,
    User,
    ledger_keys,
)
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.testing._scenario import settle
from migratekit.throttles import NoThrottle


# Shrinking takes minutes: MIGRATEKIT_SHRINK=1 for whoever reads a failure.
PHASES = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
if os.environ.get("MIGRATEKIT_SHRINK"):
    PHASES = list(Phase)
OFF = MigrationPolicy(import_mode=False)
ON = MigrationPolicy()


class Machine(RuleBasedStateMachine):
    """
    Does to a connection, and to the model, what people may do in any order.
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
        self.model = Model(self.site)
        self.clock = VirtualClock()
        self.tokens = []
        self.connection = self.connect(ON)

    def connect(self, policy):
        source = AsyncLegacySite(self.site) if self.asynchronous else self.site
        connection = connect(
            self.store,
            source,
            runner=self.runner,
            policy=policy,
            clock=self.clock,
            throttle=NoThrottle(),
        )
        return connection.cut_over(force=True) if self.model.cut else connection

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

    def do(self, expected, operation):
        """
        Run *operation* and compare how it ends, and who was asked.
        """
        self.site.calls.clear()
        error = result = None
        try:
            result = operation()
        except MigrateKitError as caught:
            error = caught
        assert expected.error == (error and type(error)), (expected, error, result)
        if isinstance(error, PasswordChangeRequiredError) and expected.token:
            self.tokens.append((error.token, expected.token))
        user = getattr(result, "user", result)
        if expected.account is not None and isinstance(user, User):
            expected.account.id = user.id
        assert self.calls("login") <= 1
        return result

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

    stored = precondition(lambda self: self.model.accounts)

    # --- People ------------------------------------------------------------------

    @rule(identifier=typed, password=passwords)
    def log_in(self, identifier, password):
        settled = self.is_settled(identifier)
        expected = self.model.login(identifier, password)

        result = self.do(
            expected, lambda: self.connection.authenticate(identifier, password)
        )

        assert not settled or self.site.calls == []
        if result is not None:
            assert expected.migrated == result.migrated

    @stored
    @rule(number=st.integers(0, 9), by_name=st.booleans())
    def log_in_rightly(self, number, by_name):
        account, _ = self.someone(number)
        identifier = (by_name and account.username) or account.email
        self.log_in(identifier, account.password or "one")

    @rule(number=st.integers(1, 5), by_name=st.booleans())
    def log_in_as_ever(self, number, by_name):
        person = self.site.people[str(number)]
        identifier = (by_name and person.username) or person.email
        self.log_in(identifier, self.site.passwords[str(number)])

    @rule(identifier=typed, old=passwords, new=passwords)
    def change_password(self, identifier, old, new):
        expected = self.model.change_password(identifier, old, new)

        self.do(expected, lambda: self.connection.change_password(identifier, old, new))

    @rule(email=emails, username=st.none() | usernames, password=passwords)
    def sign_up(self, email, username, password):
        expected = self.model.sign_up(email, password, username, "sign_up")

        self.do(
            expected,
            lambda: self.connection.sign_up(email, password, username=username),
        )

    @rule(identifier=typed)
    def start_password_change(self, identifier):
        expected = self.model.start(identifier)

        change = self.do(
            expected, lambda: self.connection.start_password_change(identifier)
        )

        assert (expected.token is None) == (change is None)
        if change is not None:
            assert expected.token.identifier == change.email
            self.tokens.append((change.token, expected.token))

    @precondition(lambda self: self.tokens)
    @rule(number=st.integers(0, 9), password=passwords)
    def finish_password_change(self, number, password):
        text, token = self.tokens[number % len(self.tokens)]
        expected = self.model.finish(token, password)

        self.do(
            expected, lambda: self.connection.finish_password_change(text, password)
        )

    # --- The application ---------------------------------------------------------

    def someone(self, number):
        account = self.model.accounts[number % len(self.model.accounts)]
        return account, account.id

    @rule(email=emails, password=st.none() | passwords, verified=st.booleans())
    def create_user(self, email, password, verified):
        expected = self.model.sign_up(email, password, None, "admin", verified=verified)

        self.do(
            expected,
            lambda: self.connection.create_user(
                email, password=password, email_verified=verified
            ),
        )

    @stored
    @rule(number=st.integers(0, 9), password=passwords)
    def set_password(self, number, password):
        account, user_id = self.someone(number)
        account.password = password
        account.must_change = False
        account.writes += 1

        self.connection.set_password(user_id, password)

    @stored
    @rule(number=st.integers(0, 9), email=emails, verified=st.booleans())
    def change_email(self, number, email, verified):
        account, user_id = self.someone(number)
        expected = self.model.change_identifier(
            account, "email", email, verified=verified
        )

        self.do(
            expected,
            lambda: self.connection.change_email(
                user_id, email, email_verified=verified
            ),
        )

    @stored
    @rule(number=st.integers(0, 9), username=st.none() | usernames)
    def change_username(self, number, username):
        account, user_id = self.someone(number)
        expected = self.model.change_identifier(account, "username", username)

        self.do(expected, lambda: self.connection.change_username(user_id, username))

    @stored
    @rule(number=st.integers(0, 9), blocked=st.booleans())
    def block(self, number, blocked):
        account, user_id = self.someone(number)
        account.writes += account.blocked is not blocked
        account.blocked = blocked

        name = "block" if blocked else "unblock"
        user = getattr(self.connection, name)(user_id)

        assert blocked == user.blocked

    @stored
    @rule(number=st.integers(0, 9))
    def delete(self, number):
        account, user_id = self.someone(number)
        self.model.accounts.remove(account)

        self.connection.delete_user(user_id)

    @rule(number=st.integers(1, 5))
    def readmit(self, number):
        expected = self.model.readmit(f"shop|{number}")

        self.do(expected, lambda: self.connection.readmit(f"shop|{number}"))

    @rule(
        numbers=st.lists(st.integers(1, 5), max_size=5),
        hashed=st.booleans(),
        chunk_size=st.integers(1, 3),
    )
    def import_users(self, numbers, hashed, chunk_size):
        people = [self.site.people[str(number)] for number in numbers]
        expected, counts = self.model.import_users(people, hashed=hashed)
        records = [self.record(person, hashed=hashed) for person in people]

        report = self.do(
            expected,
            lambda: self.connection.import_users(records, chunk_size=chunk_size),
        )

        if report is not None:
            assert counts == {name: getattr(report, name) for name in counts}
        ids = {user.legacy_id: user.id for user in self.connection.users()}
        for account in self.model.accounts:
            account.id = account.id or ids[account.legacy_id]

    def record(self, person, *, hashed):
        fields = attrs.asdict(person, recurse=False)
        password = CHEAPEST.hash(self.site.passwords[person.user_id])
        return ImportRecord(**fields, password=StoredHash(password) if hashed else None)

    # --- The legacy site and the operator ----------------------------------------

    @rule(down=st.booleans())
    def outage(self, down):
        self.site.down = down
        # Longer than the source is left alone after failures.
        self.clock.advance(31)

    @rule(number=st.integers(1, 5), password=passwords, blocked=st.booleans())
    def legacy_change(self, number, password, blocked):
        self.site.passwords[str(number)] = password
        self.site.change(str(number), blocked=blocked)

    @rule(number=st.integers(1, 4), email=emails, username=st.none() | usernames)
    def legacy_rename(self, number, email, username):
        self.site.change(str(number), email=email.strip(), username=username)

    @rule(on=st.booleans())
    def switch_import_mode(self, on):
        self.model.import_mode = on
        self.connection = self.connect(ON if on else OFF)

    @rule(cut=st.booleans())
    def cut_over(self, cut):
        self.model.cut = cut
        self.connection = self.connect(ON if self.model.import_mode else OFF)

    @rule(identifier=typed)
    def get_user(self, identifier):
        try:
            expected = self.model.get_user(identifier)
        except MigrateKitError as error:
            with pytest.raises(type(error)):
                self.connection.get_user(identifier)
            return

        user = self.connection.get_user(identifier)

        if isinstance(user, User):
            assert expected.id == user.id
        else:
            assert expected == user

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
            account.writes,
        ) == (
            user.email,
            user.username,
            user.origin,
            user.legacy_id,
            user.email_verified,
            user.blocked,
            user.must_change_password,
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
        ids = [f"shop|{number}" for number in range(1, 6)]
        for kind, values in (
            (KeyKind.EMAIL, EMAILS),
            (KeyKind.USERNAME, USERNAMES),
            (KeyKind.LEGACY_ID, ids),
        ):
            for value in values:
                row = self.wait(self.store.retired, LedgerKey(kind, value))
                key = (kind.value, value)
                assert (key in self.model.ledger) == (row is not None), key
                if row is not None:
                    assert ("used", self.model.ledger[key]) == (
                        row.reason,
                        row.legacy_id,
                    )

    @invariant()
    def same_figures(self):
        """
        The store agrees with itself, and counts whom the model has.
        """
        figures = self.wait(self.store.figures)
        moved = [kind for kind, _ in self.model.ledger if kind == "legacy_id"]

        assert [] == list(self.wait(self.store.check))
        assert Counter(each.origin for each in self.model.accounts) == figures.by_origin
        assert len(moved) == figures.moved == sum(figures.by_day.values())
        assert len(self.model.accounts) == sum(figures.by_format.values())


class MemoryMachine(Machine):
    asynchronous = False

    def make_store(self):
        return MemoryStore()


class AsyncMemoryMachine(MemoryMachine):
    asynchronous = True


class SQLMachine(Machine):
    asynchronous = False

    def make_url(self):
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        return f"sqlite:///{Path(folder, 'users.db')}"

    def make_store(self):
        store = SQLStore(self.make_url())
        store.create_schema()
        return store


class AsyncSQLMachine(SQLMachine):
    asynchronous = True

    def make_store(self):
        url = self.make_url().replace("sqlite", "sqlite+aiosqlite", 1)
        store = AsyncSQLStore(url)
        self.runner.run(store.create_schema())
        return store


def _test_of(machine, examples):
    scale = int(os.environ.get("MIGRATEKIT_EXAMPLES", "1"))
    machine.TestCase.settings = settings(
        max_examples=examples * scale,
        stateful_step_count=40,
        deadline=None,
        phases=PHASES,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    return machine.TestCase


TestMemory = _test_of(MemoryMachine, 60)
TestAsyncMemory = _test_of(AsyncMemoryMachine, 10)
TestSQL = _test_of(SQLMachine, 12)
TestAsyncSQL = _test_of(AsyncSQLMachine, 5)
