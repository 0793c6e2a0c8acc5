import io
import logging
import runpy
import shutil
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from functools import partial

import attrs
import pytest

from migratekit import Connection, Validator, _columns, demo
from migratekit.cli import main
from migratekit.demo import _legacy, _site, _steps, run_demo
from migratekit.errors import InvalidCredentialsError, LegacyUnavailableError
from migratekit.passwords import Argon2Hasher
from migratekit.sources import NoopSource
from migratekit.sources.sql import SQLSource
from migratekit.stores.sql import SQLStore
from migratekit.testing.clock import VirtualClock
from migratekit.validation import Examined


@pytest.fixture(name="site", scope="module")
def _site_database(tmp_path_factory):
    path = tmp_path_factory.mktemp("site") / "legacy.db"
    return path, _legacy.make_site(path)


@pytest.fixture(name="quick")
def _quick(site, monkeypatch):
    """
    The demo, with cheap hashes, a clock that does not wait and a copied database.
    """
    made, people = site

    def copy(path):
        shutil.copy(made, path)
        return people

    cheap = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
    connect = partial(Connection, hasher=cheap, clock=VirtualClock())
    monkeypatch.setattr(_site, "Connection", connect)
    monkeypatch.setattr(_steps, "_ARGON2", "$argon2id$v=19$m=8,t=1,p=1$")
    monkeypatch.setattr(demo, "make_site", copy)


def test_for_real(tmp_path, capsys):
    """
    The demo does what it says, with nothing changed, and keeps its files.
    """
    code = main(["demo", "--keep", str(tmp_path / "kept")])

    assert "All 11 steps did what they should." in capsys.readouterr().out
    assert 0 == code
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert ["legacy.db", "migratekit.log", "users.db"] == names


def test_temporary(quick, tmp_path, monkeypatch):
    """
    Without a folder of its own the demo leaves nothing, and no logging behind.
    """
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    logger = logging.getLogger("migratekit")
    before = (logger.level, logger.propagate, list(logger.handlers))
    out = io.StringIO()

    assert 0 == run_demo(out=out)
    assert "All 11 steps" in out.getvalue()
    assert [] == list(tmp_path.iterdir())
    assert before == (logger.level, logger.propagate, list(logger.handlers))


def test_no_password_is_shown(quick, site):
    """
    What the demo prints shows nobody's password.
    """
    out = io.StringIO()
    run_demo(out=out)

    _, people = site
    assert not [p for p in people if p.password in out.getvalue()]
    assert not [p for p in people if p.password in repr(people)]


# --- A fault in every step -------------------------------------------------------


def original(owner, name, replacement):
    """
    Have *replacement* called with the original method in front of its arguments.
    """
    method = getattr(owner, name)

    def patched(self, *args, **kwargs):
        return replacement(partial(method, self), self, *args, **kwargs)

    return owner, name, patched


def forget(create, store, new):
    record = create(new)
    change(store, "DELETE FROM migratekit_ledger")
    return record


def change(store, statement):
    with closing(sqlite3.connect(store._engine.url.database)) as connection:
        connection.execute(statement)
        connection.commit()


def ask_anyway(authenticate, connection, identifier, password):
    result = authenticate(identifier, password)
    if not result.migrated:
        connection._ports.source.get_user(identifier)
    return result


def note_failure(authenticate, connection, identifier, password):
    try:
        return authenticate(identifier, password)
    except InvalidCredentialsError:
        change(
            connection._ports.store,
            "UPDATE migratekit_users SET profile = '{\"failures\": 1}'",
        )
        raise


def mail_to_whoever_asks(start, connection, email):
    return attrs.evolve(start(email), email=email)


def mail_nothing(start, connection, email):
    return None


def take_outage_for_no(login, source, identifier, password):
    try:
        return login(identifier, password)
    except LegacyUnavailableError:
        return None


def count_wrongly(figures, store):
    return attrs.evolve(figures(), moved=1)


def cut_over_at_once(cut_over, connection, *, force=False):
    return cut_over(force=True)


def ask_after_the_end(login, source, identifier, password):
    raise LegacyUnavailableError


def log_password(login, source, identifier, password):
    logging.getLogger("migratekit").info("login %s %s", identifier, password)
    return login(identifier, password)


def break_down(progress, connection):
    raise RuntimeError("no figures")


FAULTS = [
    ("first_login", original(SQLStore, "create", forget)),
    ("second_login", original(Connection, "authenticate", ask_anyway)),
    ("wrong_password", original(Connection, "authenticate", note_failure)),
    (
        "invalid_profiles",
        original(
            Validator, "examine", lambda _, self, user, policy: Examined(user, ())
        ),
    ),
    ("password_reset", original(Connection, "start_password_change", mail_nothing)),
    (
        "password_reset",
        original(Connection, "start_password_change", mail_to_whoever_asks),
    ),
    ("switched_off", original(SQLSource, "login", take_outage_for_no)),
    ("progress", original(SQLStore, "figures", count_wrongly)),
    ("progress", original(Connection, "progress", break_down)),
    ("cut_over", original(Connection, "cut_over", cut_over_at_once)),
    ("afterwards", original(NoopSource, "login", ask_after_the_end)),
    ("no_secrets", original(SQLSource, "login", log_password)),
]


@pytest.mark.parametrize(("step", "fault"), FAULTS)
def test_fault(quick, monkeypatch, step, fault):
    """
    If something does not behave, the step that shows it says so.
    """
    monkeypatch.setattr(*fault)
    out = io.StringIO()

    code = run_demo(out=out)

    assert 1 == code
    assert f"({step}): " in out.getvalue().splitlines()[-1]


def test_blocked_user_is_let_in(quick, monkeypatch):
    """
    If a blocked user is let in, the step that shows it says so.
    """
    monkeypatch.setitem(_columns.USER, "blocked", lambda value: False)
    out = io.StringIO()

    code = run_demo(out=out)

    assert 1 == code
    assert "(blocked_user): " in out.getvalue().splitlines()[-1]


def test_every_step_has_a_fault():
    """
    No step is without a test that makes it fail.
    """
    steps = {step.__name__ for step in _steps.STEPS}

    assert steps == {step for step, _ in FAULTS} | {"blocked_user"}


# --- The legacy database ---------------------------------------------------------


def test_people(site):
    """
    A few hundred users, two with one e-mail, one without, one blocked.
    """
    path, people = site
    with closing(sqlite3.connect(path)) as connection:
        rows = list(
            connection.execute("SELECT ID, user_email, user_pass FROM wp_users")
        )
        metas = list(connection.execute("SELECT user_id FROM wp_usermeta"))

    assert 304 == len(rows)
    emails = Counter(email.lower() for _, email, _ in rows)
    assert [("office@example.org", 2)] == emails.most_common(1)
    assert [people.broken.email] == [email for email in emails if "@" not in email]
    assert [(people.blocked.number,)] == metas
    spellings = {email.islower() for _, email, _ in rows}
    assert {True, False} == spellings


def test_kinds_of_hashes(site):
    """
    Three of four hashes are phpass, the rest bare MD5.
    """
    path, _ = site
    with closing(sqlite3.connect(path)) as connection:
        hashes = [h for (h,) in connection.execute("SELECT user_pass FROM wp_users")]

    assert {34: 228, 32: 76} == Counter(map(len, hashes))
    assert 228 == sum(hashed.startswith("$P$B") for hashed in hashes)
    assert len(set(hashes)) == len(hashes)


def test_phpass():
    """
    The hash is what PasswordHash(8, true) of WordPress 6.1.9 made of it.
    """
    password = "long-passphrase " * 10 + "end"

    hashed = _legacy.phpass(password, "8ikahRIe")

    assert "$P$B8ikahRIe.O9nLq7lO0Zeu1wSYIyBs." == hashed


def test_md5():
    """
    The hash is that of RFC 1321, A.5.
    """
    assert "900150983cd24fb0d6963f7d28e17f72" == _legacy.md5("abc")


# --- The command line ------------------------------------------------------------


def test_keep_twice(quick, tmp_path, capsys):
    """
    A demo does not overwrite the files of another.
    """
    assert 0 == main(["demo", "--keep", str(tmp_path)])
    before = (tmp_path / "users.db").read_bytes()

    assert 2 == main(["demo", "--keep", str(tmp_path)])

    assert "legacy.db, users.db, migratekit.log" in capsys.readouterr().out
    assert before == (tmp_path / "users.db").read_bytes()


def test_keep_nowhere(tmp_path, capsys):
    """
    A folder that cannot be made is said to be so.
    """
    (tmp_path / "file").touch()

    code = main(["demo", "--keep", str(tmp_path / "file" / "folder")])

    assert 2 == code
    assert "cannot be made" in capsys.readouterr().out


def test_extras_missing(monkeypatch, capsys):
    """
    Without the extras, the command line says what is missing.
    """
    monkeypatch.setitem(sys.modules, "migratekit.demo", None)

    assert 2 == main(["demo"])
    assert 'pip install "migratekit[sql,passlib]"' in capsys.readouterr().err


@pytest.mark.parametrize(("code", "arguments"), [(2, []), (2, ["x"]), (0, ["--help"])])
def test_usage(code, arguments, monkeypatch, capsys):
    """
    ``python -m migratekit`` explains itself.
    """
    monkeypatch.setattr(sys, "argv", ["migratekit", *arguments])

    with pytest.raises(SystemExit) as caught:
        runpy.run_module("migratekit", run_name="__main__")

    assert code == caught.value.code
    assert "demo" in "".join(capsys.readouterr())
