"""
A canary password goes through everything that may be told of: none of it is.
"""

import asyncio
import hashlib
import itertools
import logging
import sqlite3
import threading
import traceback
import warnings
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from test_equal_work import DENSE
from world import (
    ENDING,
    READS,
    WRITES,
    AsyncLegacySite,
    LegacySite,
    ListingSite,
    connect,
)

import migratekit
from migratekit import MigrationPolicy
from migratekit.audit import AuditLog
from migratekit.errors import LegacyUnavailableError, MigrateKitError
from migratekit.events import log_event
from migratekit.formats import resolve
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import ImportRecord, NewUser, Origin, StoredHash, User
from migratekit.sources.sql import SQLSource
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST


CANARY = "canary-password"
LEGACY_HASH = hashlib.md5(CANARY.encode(), usedforsecurity=False).hexdigest()
# Of what there is of it in a text that was cut; a hash that we made is as secret.
FRAGMENTS = (CANARY[:8], LEGACY_HASH[:8], "$argon2", "eyJ")
PACKAGE = Path(migratekit.__file__).parent
ADA, BOB, EVE, ZOE = (f"{name}@example.com" for name in ("ada", "bob", "eve", "zoe"))


def leaks(text, *more):
    """
    Return what is secret in *text*.
    """
    return [secret for secret in (*FRAGMENTS, *more) if secret in text]


def shown(error):
    """
    Return what the most talkative reporter of errors would send.
    """
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    reports = [report]
    for each in reports:
        reports += [r for r in (each.__cause__, each.__context__) if r is not None]
    # The frames of the tests themselves hold the password, of course.
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.locals}"
        for each in reports
        for frame in each.stack
        if Path(frame.filename).is_relative_to(PACKAGE)
    ]
    assert frames
    words = [line for each in reports for line in each.format_exception_only()]
    return " ".join([*frames, *words, repr(error), repr(error.args), repr(vars(error))])


class Faults:
    """
    Counts calls, and has one of them raise with the password in every place there is.

    Args:
        at: The number of that call.
        after: Whether it has its effect all the same.
    """

    def __init__(self, at, *, after=False):
        self.at = at
        self.after = after
        self.calls = None

    def call(self, function, *args):
        if self.calls is None:
            return function(*args)
        number, self.calls = self.calls, self.calls + 1
        if number != self.at:
            return function(*args)
        if self.after:
            function(*args)
        try:
            raise KeyError(CANARY)
        except KeyError as exc:
            raise RuntimeError(f"SELECT … {CANARY!r}", args) from exc


def faulty(*names):
    """
    Return a class whose *names* are those of what it is put around, and may fail.
    """

    class Faulty:
        def __init__(self, inner, faults):
            self.inner = inner
            self.faults = faults

    def method(name):
        def call(self, *args):
            return self.faults.call(getattr(self.inner, name), *args)

        return call

    for name in names:
        setattr(Faulty, name, method(name))
    return Faulty


FaultyStore = faulty(*READS, *WRITES, *ENDING, "list_users", "figures")
FaultySite = faulty("login", "get_user", "count", "iter_users")
FaultyHasher = faulty("hash", "verify", "needs_rehash")


def open_world(faults, **more):
    """
    Return a connection whose store, source and hasher may fail, and which knows people.

    Ada is in the source; Eve, too, and is pre-loaded; Bob and Zoe are stored, Zoe's hash
    at another cost.
    """
    store, site = MemoryStore(), ListingSite()
    store.bind_source("shop")
    for number, person in (("1", ADA), ("2", EVE)):
        site.add(number, person, CANARY, profile={"name": CANARY})
    people = ((BOB, CHEAPEST.hash(CANARY)), (ZOE, DENSE.hash(CANARY)), (EVE, None))
    for email, password_hash in people:
        origin, legacy_id = Origin.ADMIN, None
        if password_hash is None:
            origin, legacy_id = Origin.IMPORT, "shop|2"
        user = User(id=email[:3], email=email, origin=origin, legacy_id=legacy_id)
        store.create(NewUser(user, password_hash))
    connection = connect(
        FaultyStore(store, faults),
        FaultySite(site, faults),
        hasher=FaultyHasher(CHEAPEST, faults),
        listeners=[log_event, AuditLog()],
        policy=MigrationPolicy(detect_drift=True),
        **more,
    )
    # Only from here on: building it computes a hash.
    faults.calls = 0
    return connection


def reset(email):
    def call(connection):
        change = connection.start_password_change(email)
        connection.finish_password_change(change.token, f"{CANARY}-new")

    return call


RECORD = ImportRecord(
    user_id="9", email="lot@example.com", password=StoredHash(CHEAPEST.hash(CANARY))
)
CALLS = {
    "first login": lambda c: c.authenticate(ADA, CANARY),
    "first login, wrong": lambda c: c.authenticate(ADA, f"{CANARY}-no"),
    "login": lambda c: c.authenticate(BOB, CANARY),
    "login, wrong": lambda c: c.authenticate(BOB, f"{CANARY}-no"),
    "login, rehash": lambda c: c.authenticate(ZOE, CANARY),
    "login, pre-loaded": lambda c: c.authenticate(EVE, CANARY),
    "change": lambda c: c.change_password(BOB, CANARY, f"{CANARY}-new"),
    "change, first": lambda c: c.change_password(ADA, CANARY, f"{CANARY}-new"),
    "change, pre-loaded": lambda c: c.change_password(EVE, CANARY, f"{CANARY}-new"),
    "set": lambda c: c.set_password("bob", CANARY),
    "reset": reset(BOB),
    "reset, first": reset(ADA),
    "sign-up": lambda c: c.sign_up("new@example.com", CANARY),
    "create": lambda c: c.create_user("new@example.com", password=CANARY),
    "look up": lambda c: c.get_user(ADA),
    "e-mail": lambda c: c.change_email("bob", "new@example.com"),
    "username": lambda c: c.change_username("bob", "bob"),
    "block": lambda c: c.block("bob"),
    "unblock": lambda c: c.unblock("bob"),
    "delete": lambda c: c.delete_user("bob"),
    "readmit": lambda c: c.readmit("shop|1"),
    "import": lambda c: c.import_users([RECORD]),
    "users": lambda c: list(c.users()),
    "progress": lambda c: c.progress(),
    "cut over": lambda c: c.cut_over(force=True),
    "gate": lambda c: c.gate(),
    "keep": lambda c: c.keep_leftovers(),
    "lift": lambda c: c.lift_reservations(),
}


def outcome(call, connection):
    """
    Return the error that *call* ends with, or None.
    """
    try:
        call(connection)
    except MigrateKitError as error:
        return error
    return None


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_every_fault(name, asynchronous, runner, caplog):
    """
    Whichever call of the store, the source or the hasher fails: nobody is told a secret.
    """
    caplog.set_level(logging.DEBUG)
    door = {"runner": runner} if asynchronous else {}
    errors = []
    for at in itertools.count():
        faults = [Faults(at), Faults(at, after=True)]
        errors += [outcome(CALLS[name], open_world(each, **door)) for each in faults]
        if faults[0].calls <= at:
            break

    errors = [error for error in errors if error is not None]
    assert errors
    assert [] == [leaks(shown(error)) for error in errors if leaks(shown(error))]
    assert {(None, None)} == {(e.__cause__, e.__context__) for e in errors}
    told = [vars(record) for record in caplog.records]
    assert [] == leaks(f"{caplog.text} {told}")


@pytest.fixture(name="loud")
def _loud(caplog):
    """
    Have everybody log everything.
    """
    names = ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "aiosqlite")
    for name in ("", "asyncio", "migratekit", "migratekit.audit", *names):
        caplog.set_level(logging.DEBUG, name)


def heard(caplog, capfd, warned):
    """
    Return whatever was written anywhere.
    """
    out, err = capfd.readouterr()
    records = " ".join(str(vars(record)) for record in caplog.records)
    said = " ".join(str(vars(warning)) for warning in warned)
    return f"{out} {err} {caplog.text} {records} {said}"


def legacy_engine(path):
    """
    Return an engine of a legacy database that echoes whatever it does.

    What a person is called is no secret: at DEBUG, the logs of databases do show it.
    """
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE old (user_id, email, name, password_hash)")
        people = [("1", ADA, "Ada", LEGACY_HASH), ("2", EVE, "Eve", "locked")]
        database.executemany("INSERT INTO old VALUES (?, ?, ?, ?)", people)
        database.commit()
    return sa.create_engine(
        f"sqlite:///{path}", hide_parameters=True, echo="debug", echo_pool="debug"
    )


def live(connection):
    """
    Do all that has to do with a password, well and badly; return the tokens.
    """
    tokens = []

    def refused(call, *args, **more):
        with pytest.raises(MigrateKitError) as caught:
            getattr(connection, call)(*args, **more)
        assert [] == leaks(shown(caught.value))

    user = connection.authenticate(ADA, CANARY).user
    connection.authenticate(ADA, CANARY)
    refused("authenticate", ADA, f"{CANARY}-no")
    refused("authenticate", EVE, CANARY)
    change = connection.start_password_change(ADA)
    tokens.append(change.token)
    connection.finish_password_change(change.token, f"{CANARY}-new")
    refused("finish_password_change", change.token, CANARY)
    connection.change_password(ADA, f"{CANARY}-new", CANARY)
    connection.set_password(user.id, CANARY)
    refused("set_password", "nobody", CANARY)
    connection.sign_up(BOB, CANARY)
    refused("sign_up", BOB, CANARY)
    connection.create_user(ZOE, password=CANARY)
    hashes = StoredHash(CHEAPEST.hash(CANARY)), StoredHash(LEGACY_HASH)
    rows = [
        ImportRecord(user_id=f"i{n}", email=f"i{n}@example.com", password=text)
        for n, text in enumerate(hashes)
    ]
    assert 2 == connection.import_users(rows, wrap=True).inserted
    connection.authenticate("i1@example.com", CANARY)
    connection.delete_user(user.id)
    refused("authenticate", ADA, CANARY)
    return tokens


def options():
    return {
        "hasher": LegacyHasher(CHEAPEST, resolve("md5($pass)")),
        "listeners": [log_event, AuditLog()],
    }


def test_loud(tmp_path, loud, caplog, capfd):
    """
    With echo in both databases, all logs at DEBUG and all warnings, nothing is told.
    """
    old = legacy_engine(tmp_path / "old.db")
    new = sa.create_engine(
        f"sqlite:///{tmp_path}/new.db", hide_parameters=True, echo="debug"
    )
    store = SQLStore(new)
    store.create_schema()
    connection = connect(store, source_of(old), **options())

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        tokens = live(connection)
        break_down(tmp_path, connection)
        new.dispose()
        old.dispose()

    text = heard(caplog, capfd, warned)
    assert "INSERT INTO migratekit_users" in text
    assert "FROM old" in text
    assert "authn_login_success" in text
    assert [] == leaks(text, *tokens)


def test_loud_loop(tmp_path, loud, caplog, capfd):
    """
    Nor is it with an event loop in debug mode, which shows what each callback is given.
    """
    old = legacy_engine(tmp_path / "old.db")
    with (
        asyncio.Runner(debug=True) as runner,
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        runner.get_loop().slow_callback_duration = 0
        new = create_async_engine(
            f"sqlite+aiosqlite:///{tmp_path}/new.db", hide_parameters=True, echo="debug"
        )
        store = AsyncSQLStore(new)
        runner.run(store.create_schema())
        connection = connect(store, source_of(old), runner=runner, **options())
        tokens = live(connection)
        break_down(tmp_path, connection)
        runner.run(new.dispose())
        old.dispose()

    text = heard(caplog, capfd, warned)
    assert "INSERT INTO migratekit_users" in text
    assert "FROM old" in text
    assert "set_result" in text
    assert [] == leaks(text, *tokens)


def source_of(engine):
    return SQLSource(
        engine,
        "SELECT user_id, email, name, password_hash FROM old WHERE email = :canonical",
        format="md5($pass)",
    )


def break_down(path, connection):
    """
    Have both databases fail under a password.
    """
    for name, table in (("old", "old"), ("new", "migratekit_ledger")):
        with closing(sqlite3.connect(path / f"{name}.db")) as database:
            database.execute(f"DROP TABLE {table}")
        for call in (connection.authenticate, connection.sign_up):
            with pytest.raises(MigrateKitError) as caught:
                call(f"{name}@example.com", CANARY)
            assert [] == leaks(shown(caught.value))


class AsyncLeaky(AsyncLegacySite):
    """
    An async source whose exception holds the password, at once or when it is cancelled.
    """

    def __init__(self, *, late):
        super().__init__(LegacySite())
        self.late = late

    async def login(self, identifier, password, /):
        try:
            if self.late:
                await asyncio.sleep(60)
        finally:
            raise RuntimeError(f"SELECT … {password!r}")


@pytest.mark.parametrize("late", [False, True])
def test_loud_source(late, loud, caplog, capfd):
    """
    What an async source raises is not told by the loop either, in time or too late.
    """
    policy = MigrationPolicy(legacy_deadline=0.1)
    with asyncio.Runner(debug=True) as runner:
        runner.get_loop().slow_callback_duration = 0
        source = AsyncLeaky(late=late)
        connection = connect(MemoryStore(), source, runner=runner, policy=policy)

        with pytest.raises(LegacyUnavailableError) as caught:
            connection.authenticate(ADA, CANARY)

        runner.run(asyncio.sleep(0.01))

    assert [] == leaks(shown(caught.value))
    text = heard(caplog, capfd, [])
    assert "Executing" in text
    assert [] == leaks(text)


def test_late_source(loud, caplog, capfd):
    """
    Nor is what a sync source raises when nobody waits for it any more.
    """
    released = threading.Event()

    class Late(LegacySite):
        def login(self, identifier, password, /):
            released.wait()
            raise RuntimeError(f"SELECT … {password!r}")

    policy = MigrationPolicy(legacy_deadline=0.1)
    connection = connect(MemoryStore(), Late(), policy=policy)
    before = threading.enumerate()

    with pytest.raises(LegacyUnavailableError) as caught:
        connection.authenticate(ADA, CANARY)
    late = [thread for thread in threading.enumerate() if thread not in before]
    released.set()
    for thread in late:
        thread.join()

    assert 1 == len(late)
    assert [] == leaks(shown(caught.value))
    assert [] == leaks(heard(caplog, capfd, []))
