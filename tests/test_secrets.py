"""
Nothing secret is ever printed.
"""

import asyncio
import copy
import datetime as dt
import importlib
import logging
import pickle
import pkgutil
import re
import sqlite3
import traceback
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa
from world import LegacySite, connect

import migratekit
from migratekit import (
    AsyncConnection,
    Connection,
    LegacyUser,
    MigrationPolicy,
    errors,
    events,
    models,
)
from migratekit._flows.context import Credentials, Secret
from migratekit._steps import AskLogin, Step
from migratekit.errors import MigrateKitError, Violation
from migratekit.events import Event, log_event
from migratekit.models import Origin, User
from migratekit.sources.sql import SQLSource
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST, KnownUser


CANARY = "canary-password"
PACKAGE = Path(migratekit.__file__).parent

# A field with one of these words in its name holds a secret…
SECRET_WORDS = {
    "credential",
    "decoy",
    "encoded",
    "hash",
    "key",
    "password",
    "pepper",
    "profile",
    "metadata",
    "salt",
    "salt2",
    "secret",
    "signer",
    "state",
    "text",
    "token",
}
# …but for these: names of columns, numbers, flags, callables, parameters of a site.
PLAIN = {
    "hash_queue",
    "key",
    "key_bytes",
    "key_lengths",
    "must_change_password",
    "password_bytes",
    "password_check",
    "salt_column",
    "salt_separator",
    "text_characters",
    "token_lifetime",
    "weak_legacy_password",
    "without_hash",
}


def modules():
    """
    Import every module of the package but the command line's.
    """
    for module in pkgutil.walk_packages(migratekit.__path__, "migratekit."):
        if not module.name.endswith("__main__"):
            yield importlib.import_module(module.name)


def classes():
    """
    Return all attrs classes of the package.
    """
    found = {
        value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, type)
        and attrs.has(value)
        and value.__module__.startswith("migratekit")
    }
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))


def shows_its_fields(cls):
    """
    Return whether a class has the repr that attrs makes, or the like of `Step`'s.
    """
    code = cls.__repr__.__code__
    return code.co_filename.startswith("<attrs") or issubclass(cls, Step | Event)


@pytest.mark.parametrize(
    "cls",
    [cls for cls in classes() if shows_its_fields(cls)],
    ids=lambda cls: cls.__qualname__,
)
def test_fields(cls):
    """
    No attrs class shows a field whose name says that it may hold a secret.
    """
    shown = {
        field.name.strip("_"): str(field.type)
        for field in attrs.fields(cls)
        if field.repr is not False
    }

    leaks = {
        name
        for name, kind in shown.items()
        if SECRET_WORDS & set(name.split("_"))
        and name not in PLAIN
        and "Secret" not in kind
    }

    assert set() == leaks


MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LEGACY = LegacyUser(
    user_id="1",
    email="ada@example.com",
    profile={"name": CANARY},
    user_metadata={"note": CANARY},
    app_metadata={"role": [CANARY]},
    created_at=MOMENT,
)
USER = User(
    id="1",
    email="ada@example.com",
    origin=Origin.LOGIN,
    legacy_id="shop|1",
    profile={"name": CANARY},
    migrated_at=MOMENT,
)
VALUES = [
    LEGACY,
    USER,
    Credentials("ada", Secret(CANARY)),
    KnownUser("ada", CANARY),
    Secret(CANARY),
    models.Authenticated(USER, migrated=True),
    models.SourceHealth(
        part="", circuit="closed", calls=0, abandoned=0, failures=0, retry_after=0.0
    ),
    models.Figures({Origin.LOGIN: 1}, 1),
    models.Disagreement("1", models.LedgerKey("email", "ada@example.com"), "reserved"),
    models.ImportRecord(
        user_id="1", email=None, password=models.StoredHash(CANARY), line=1
    ),
    models.Identifier(models.KeyKind.EMAIL, "ada@example.com"),
    models.LedgerKey(models.KeyKind.LEGACY_ID, "shop|1"),
    models.NewUser(USER, CANARY),
    models.PasswordChange(CANARY, "ada@example.com", MOMENT),
    models.Progress(1, {Origin.LOGIN: 1}, 1, None),
    models.Record(USER, CANARY, 1),
    models.Retirement(
        models.LedgerKey(models.KeyKind.EMAIL, "ada@example.com"), "used", "shop|1"
    ),
    models.StoredHash(CANARY, salt=CANARY, salt2=CANARY.encode()),
    Violation("weak", "password", "Too weak."),
    MigrationPolicy(),
    *(
        kind(
            **{
                field.name: {"origin": Origin.LOGIN, "fields": ("email",)}.get(
                    field.name, 1 if field.type in {int, float} else "x"
                )
                for field in attrs.fields(kind)
            }
        )
        for kind in events.Event.__subclasses__()
    ),
    models.RowError(1, "FORMAT", "email", "The value has not the form that it needs."),
]


def test_all_values():
    """
    The list of these tests has every public value there is.
    """
    public = {
        value
        for value in vars(models).values()
        if isinstance(value, type)
        and attrs.has(value)
        and not value.__name__.startswith("_")
    }

    assert set() == public - {type(value) for value in VALUES}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values(value):
    """
    A value hides what is secret, also where it lies deeper; a pickled one is the same.
    """
    again = pickle.loads(pickle.dumps(value))

    assert CANARY not in f"{value!r} {value} {[value]}"
    assert value == again


def instances():
    violation = Violation("code", "email", "message")
    return [
        errors.InvalidCredentialsError("reason"),
        errors.AccountBlockedError(),
        errors.PasswordChangeRequiredError(CANARY),
        errors.AccessDeniedError("reason"),
        errors.OverloadedError(),
        errors.PasswordRejectedError([violation]),
        errors.TooManyAttemptsError(30),
        errors.LegacyUnavailableError("detail"),
        errors.LegacyUnavailableError(),
        errors.StoreUnavailableError("detail"),
        errors.ProfileInvalidError([violation]),
        errors.AmbiguousUserError("several"),
        errors.UserExistsError("email"),
        errors.AlreadyMigratedError("shop|1"),
        errors.StaleRecordError(),
        errors.UserNotFoundError(),
        errors.InvalidTokenError(),
        errors.UnusableHashError("$P$…", "detail"),
        errors.CutOverRefusedError(3),
        errors.SwitchRefusedError(3),
        errors.ContractError("message"),
        errors.ConfigurationError("message"),
        errors.LookupUnsupportedError(),
    ]


def test_all_errors():
    """
    The list of these tests has every error there is.
    """
    every = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, MigrateKitError)
    }

    assert every - {MigrateKitError} == {type(error) for error in instances()}


def test_step():
    """
    A step shows what it asks, and no password.
    """
    step = AskLogin("ada", CANARY)

    assert "AskLogin(identifier='ada')" == repr(step)


@pytest.mark.parametrize("error", instances(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "copied",
    [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_errors(error, copied):
    """
    An error hides what it carries, and survives being copied and pickled.
    """
    again = copied(error)

    assert CANARY not in repr(error) + str(error) + repr(error.args)
    assert type(error) is type(again)
    assert str(error) == str(again)
    assert error.args == again.args
    assert vars(error) == vars(again)


def parts():
    """
    Make what is built from secrets: a key, a database's password, a stored hash.
    """
    store = MemoryStore()
    store.create(models.NewUser(USER, CANARY))
    # No driver is needed for a database that is never asked.
    server = sa.create_engine(
        f"mysql+pymysql://reader:{CANARY}@localhost/shop",
        module=sqlite3,
        hide_parameters=True,
    )
    source = SQLSource(server, "SELECT :canonical AS email", format="md5($pass)")
    yield store
    yield SQLStore(server)
    yield source
    yield source.with_count("SELECT 1")
    yield Connection(store, source, hasher=CHEAPEST, secret_key=[CANARY * 2])
    yield AsyncConnection(SQLStore(server), source, hasher=CHEAPEST)


def test_parts():
    """
    No store, source or connection shows what it was made from.
    """
    for part in parts():
        assert CANARY not in f"{part!r} {part}", type(part)


class Leaky(LegacySite):
    """
    A source whose exceptions hold the password in every place there is.
    """

    def login(self, identifier, password, /):
        try:
            raise KeyError(password)
        except KeyError as exc:
            raise RuntimeError(f"SELECT … WHERE password = {password!r}") from exc


class Careless(LegacySite):
    """
    A source that raises an error of ours with the password behind it.
    """

    def login(self, identifier, password, /):
        try:
            raise KeyError(password)
        except KeyError as exc:
            raise errors.LegacyUnavailableError("down") from exc


class LeakyStore(MemoryStore):
    """
    A store that does both with what it is given.
    """

    def find(self, identifier, /):
        if identifier.value == "break":
            raise RuntimeError(CANARY)
        if identifier.value == "fail":
            try:
                raise KeyError(CANARY)
            except KeyError as exc:
                raise errors.StoreUnavailableError("down") from exc
        return super().find(identifier)


def told(error):
    """
    Return everything that a log could show of *error*, our frames' locals included.
    """
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The frames of the tests themselves hold the password, of course.
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.locals}"
        for frame in shown.stack
        if Path(frame.filename).is_relative_to(PACKAGE)
    ]
    assert frames
    return " ".join([*frames, str(error), repr(vars(error)), repr(error.args)])


def weak(password):
    return [Violation("weak", "password", "Too weak.")]


SITES = {
    "unknown": LegacySite(),
    "leaky": Leaky(),
    "careless": Careless(),
    "blocked": LegacySite(
        LegacyUser(user_id="1", email="ada@example.com", blocked=True),
        passwords={"1": CANARY},
    ),
    "invalid": LegacySite(
        LegacyUser(user_id="1", email="nobody", username="ada"),
        passwords={"1": CANARY},
    ),
    "weak": LegacySite(
        LegacyUser(user_id="1", email="ada@example.com", username="ada"),
        passwords={"1": CANARY},
    ),
}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(
    "identifier", ["ada", "ada@example.com", "break", "fail", "\0"]
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_flows(site, identifier, asynchronous, caplog):
    """
    No way to fail shows the password: not in a traceback with locals, not in a log.
    """
    caplog.set_level(logging.DEBUG)
    policy = MigrationPolicy(password_check=weak, weak_legacy_password="refuse")
    with asyncio.Runner(debug=True) as runner:
        connection = connect(
            LeakyStore(),
            SITES[site],
            runner=runner if asynchronous else None,
            policy=policy,
            listeners=[log_event],
        )
        calls = (
            lambda: connection.authenticate(identifier, CANARY),
            lambda: connection.change_password(identifier, CANARY, CANARY),
            lambda: connection.sign_up(identifier, CANARY),
            lambda: connection.create_user(identifier, password=CANARY),
            lambda: connection.set_password("nobody", CANARY),
            lambda: connection.finish_password_change(CANARY, CANARY),
        )
        for call in calls:
            with pytest.raises(MigrateKitError) as caught:
                call()

            assert CANARY not in told(caught.value)
            assert caught.value.__cause__ is None
            assert caught.value.__context__ is None

    assert CANARY not in caplog.text


def test_success(caplog):
    """
    What goes well tells no password, hash or token either: not in a log, not in an event.
    """
    caplog.set_level(logging.DEBUG)
    heard = []
    store = MemoryStore()
    site = LegacySite()
    site.add("1", "ada@example.com", CANARY)
    connection = connect(store, site, listeners=[log_event, heard.append])

    user = connection.authenticate("ada@example.com", CANARY).user
    change = connection.start_password_change("ada@example.com")
    connection.finish_password_change(change.token, f"{CANARY}-new")
    connection.change_password("ada@example.com", f"{CANARY}-new", f"{CANARY}-newer")
    connection.set_password(user.id, CANARY)
    connection.sign_up("bob@example.com", CANARY)

    told = f"{heard} {caplog.text} {[vars(record) for record in caplog.records]}"
    hashes = {record.password_hash for record in map(store.get, ids(connection))}
    assert 2 == len(hashes)
    assert len(heard) == len(caplog.records) > 5
    assert [] == [text for text in {CANARY, change.token, *hashes} if text in told]
    assert not re.search(r"\$argon2", told)


def ids(connection):
    return [user.id for user in connection.users()]
