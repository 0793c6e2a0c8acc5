"""
Whole connections against a plain model: memory and SQL, sync and async.
"""

import os
import tempfile
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from machine import Machine, options
from strategies import (
    EMAILS,
    USERNAMES,
    emails,
    passwords,
    seldom,
    typed,
    usernames,
)

from migratekit.errors import MigrateKitError
from migratekit.models import ImportRecord, KeyKind, LedgerKey, StoredHash, User
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST


# Shrinking takes minutes: MIGRATEKIT_SHRINK=1 for whoever reads a failure.
PHASES = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
if os.environ.get("MIGRATEKIT_SHRINK"):
    PHASES = list(Phase)

# What `get_user` alone says of somebody.
drifts = st.sampled_from(
    ({}, {"email_verified": True}, {"profile": {"b": 2}}, {"blocked": True})
)


def one_of(user, *, by_name):
    """
    Return the username or the e-mail of *user*; somebody else's if they have neither.
    """
    names = (user.username, user.email) if by_name else (user.email, user.username)
    return names[0] or names[1] or "ada"


class Life(Machine):
    """
    Does to a connection, and to the model, what people may do in any order.
    """

    stored = precondition(lambda self: self.model.accounts)
    peopled = precondition(lambda self: self.site.people)

    def someone(self, number):
        account = self.model.accounts[number % len(self.model.accounts)]
        return account, account.id

    def person(self, number):
        people = list(self.site.people.values())
        return people[number % len(people)]

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
        self.log_in(one_of(account, by_name=by_name), account.password or "one")

    # Hypothesis prefers the rule with the fewest arguments and the first name.
    @peopled
    @rule(who=st.tuples(st.integers(0, 4), st.booleans()))
    def come_back(self, who):
        number, by_name = who
        person = self.person(number)
        password = self.site.passwords[person.user_id]
        self.log_in(one_of(person, by_name=by_name), password)

    def newcomers(self):
        """
        Return who may move yet.
        """
        options = self.model.options
        if self.model.cut or options.rehearse or not options.import_mode:
            return []
        ids = {value for kind, value in self.model.ledger if kind == "legacy_id"}
        people = self.site.people.values()
        return [person for person in people if f"shop|{person.user_id}" not in ids]

    # Seldom do all of these come together by themselves.
    @precondition(newcomers)
    @rule(number=st.integers(0, 4), by_name=st.booleans(), changes=drifts)
    def log_in_at_first(self, number, by_name, changes):
        newcomers = self.newcomers()
        person = newcomers[number % len(newcomers)]
        self.outage(down=False)
        self.site.ambiguous.clear()
        self.site.drift[person.user_id] = changes
        self.site.change(person.user_id, blocked=False)
        password = self.site.passwords[person.user_id]
        self.log_in(one_of(person, by_name=by_name), password)

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

    # A token that somebody else has not made void seldom gets so old by itself.
    @peopled
    @rule(number=st.integers(0, 4), late=st.booleans(), password=passwords)
    def finish_in_the_end(self, number, late, password):
        self.start_password_change(one_of(self.person(number), by_name=False))
        if self.tokens:
            _, token = self.tokens[-1]
            left = (token.expires_at - self.clock.now()).total_seconds()
            self.clock.advance(max(0.0, left + (1 if late else -1)))
            self.finish_password_change(-1, password)

    # --- The application ---------------------------------------------------------

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
        expected = self.model.set_password(account, password)

        self.do(expected, lambda: self.connection.set_password(user_id, password))

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
        expected = self.model.block(account, blocked=blocked)

        name = "block" if blocked else "unblock"
        user = self.do(expected, lambda: getattr(self.connection, name)(user_id))

        assert user is None or blocked == user.blocked

    @stored
    @rule(number=st.integers(0, 9))
    def delete(self, number):
        account, user_id = self.someone(number)
        expected = self.model.delete(account)

        self.do(expected, lambda: self.connection.delete_user(user_id))

    @rule(number=st.integers(1, 5))
    def readmit(self, number):
        expected = self.model.readmit(f"shop|{number}")

        self.do(expected, lambda: self.connection.readmit(f"shop|{number}"))

    @rule(
        numbers=st.lists(st.integers(0, 4), max_size=5),
        hashed=st.booleans(),
        chunk_size=st.integers(1, 3),
    )
    def import_users(self, numbers, hashed, chunk_size):
        people = [self.person(number) for number in numbers if self.site.people]
        expected, counts = self.model.import_users(people, hashed=hashed)
        records = [self.record(person, hashed=hashed) for person in people]

        report = self.do(
            expected,
            lambda: self.connection.import_users(records, chunk_size=chunk_size),
        )

        if report is not None:
            assert counts == {name: getattr(report, name) for name in counts}

    def record(self, person, *, hashed):
        fields = attrs.asdict(person, recurse=False)
        password = CHEAPEST.hash(self.site.passwords[person.user_id])
        return ImportRecord(**fields, password=StoredHash(password) if hashed else None)

    @peopled
    @rule(number=st.integers(0, 4))
    def reserve(self, number):
        person = self.person(number)
        keys = [
            LedgerKey(KeyKind(kind), value)
            for kind, value in self.model.reserve(person)
        ]

        self.wait(self.store.reserve, keys, f"shop|{person.user_id}")

    @rule(force=seldom)
    def lift_reservations(self, force):
        reserved = sum(map(self.model.is_reserved, self.model.ledger))
        expected = self.model.lift_reservations(force=force)

        lifted = self.do(
            expected, lambda: self.connection.lift_reservations(force=force)
        )

        assert lifted == (None if expected.error else reserved)

    # --- The legacy site ---------------------------------------------------------

    @rule(down=st.booleans())
    def outage(self, down):
        self.site.down = down
        # Longer than the source is left alone after failures.
        self.clock.advance(31)

    @peopled
    @rule(number=st.integers(0, 4), password=passwords, blocked=st.booleans())
    def legacy_change(self, number, password, blocked):
        user_id = self.person(number).user_id
        self.site.passwords[user_id] = password
        self.site.change(user_id, blocked=blocked)

    @peopled
    @rule(
        number=st.integers(0, 4),
        email=emails,
        username=st.none() | usernames,
        nameless=seldom,
    )
    def legacy_rename(self, number, email, username, nameless):
        email = None if nameless else email.strip()
        self.site.change(self.person(number).user_id, email=email, username=username)

    @peopled
    @rule(number=st.integers(0, 4), changes=drifts)
    def legacy_drift(self, number, changes):
        self.site.drift[self.person(number).user_id] = changes

    @rule(identifiers=st.sets(st.sampled_from((*EMAILS, *USERNAMES)), max_size=2))
    def legacy_muddle(self, identifiers):
        self.site.ambiguous = identifiers

    @peopled
    @rule(number=st.integers(0, 4), gone=seldom)
    def legacy_leave(self, number, gone):
        if gone:
            del self.site.people[self.person(number).user_id]

    # --- The operator ------------------------------------------------------------

    @rule(options=options)
    def decide_otherwise(self, options):
        version = self.model.options.version
        self.connect(attrs.evolve(options, version=version))

    @rule(wish=st.sampled_from(("ask", "ask", "force", "undo")))
    def cut_over(self, wish):
        if wish != "ask":
            self.model.cut = wish == "force"
            self.connect(self.model.options)
            return
        expected = self.model.cut_over()

        connection = self.do(expected, self.connection.cut_over)

        self.connection = connection or self.connection

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


class MemoryMachine(Life):
    asynchronous = False

    def make_store(self):
        return MemoryStore()


class AsyncMemoryMachine(MemoryMachine):
    asynchronous = True


class SQLMachine(Life):
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


TestMemory = _test_of(MemoryMachine, 15)
TestAsyncMemory = _test_of(AsyncMemoryMachine, 3)
TestSQL = _test_of(SQLMachine, 4)
TestAsyncSQL = _test_of(AsyncSQLMachine, 2)
