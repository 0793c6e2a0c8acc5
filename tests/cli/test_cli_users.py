"""
``migratekit users``.
"""

import csv
import datetime as dt
import io
import json
import time

import pytest
from cli_terminal import Terminal

from migratekit.cli._console import Console


@pytest.fixture(name="moved")
def _moved(shop):
    """
    A shop of which one customer has logged in, and two were imported.
    """
    shop.connection.authenticate("ada@example.com", "correct horse")
    shop.connection.import_users(shop.module.SOURCE.iter_users())
    return shop


@pytest.mark.parametrize("app", ["connection", "async_connection", "make_in_loop"])
def test_all(moved, capsys, app):
    """
    All stored users are listed, whatever the kind of the connection.
    """
    assert 0 == moved.run("users", "--json", app=app)

    users = json.loads(capsys.readouterr().out)
    assert {
        ("ada@example.com", "ada", "login", "shop|1"),
        ("bob@example.com", None, "import", "shop|2"),
        ("eve@example.com", None, "import", "shop|3"),
    } == {
        (user["email"], user["username"], user["origin"], user["legacy_id"])
        for user in users
    }
    assert sorted(user["id"] for user in users) == [user["id"] for user in users]


def test_origin(moved, capsys):
    """
    Those of one origin can be listed alone.
    """
    assert 0 == moved.run("users", "--csv", "--origin", "login")

    header, ada = csv.reader(io.StringIO(capsys.readouterr().out))
    assert "ada@example.com" == dict(zip(header, ada, strict=True))["email"]


@pytest.mark.parametrize(("since", "number"), [(-1, 3), (1, 0)])
def test_since(moved, capsys, since, number):
    """
    So can those who have moved since then.
    """
    then = dt.datetime.now(dt.UTC) + dt.timedelta(hours=since)

    assert 0 == moved.run("users", "--json", "--since", then.isoformat())

    assert number == len(json.loads(capsys.readouterr().out))


def test_dates(shop, monkeypatch):
    """
    A date without a time zone is one in UTC, wherever the machine is.
    """
    asked = []
    kind = type(shop.connection)
    with monkeypatch.context() as patched:
        patched.setattr(kind, "users", lambda self, **terms: asked.append(terms) or [])
        patched.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        shop.run("users", "--since", "2026-05-31")
        shop.run("users", "--since", "2026-05-31T02:00+02:00")
    time.tzset()

    midnight = dt.datetime(2026, 5, 31, tzinfo=dt.UTC)
    assert [midnight, midnight] == [terms["migrated_since"] for terms in asked]


def test_no_date(shop, capsys):
    """
    What is no date is refused with an example of one.
    """
    with pytest.raises(SystemExit) as caught:
        shop.run("users", "--since", "May")

    assert 2 == caught.value.code
    assert "'May' is no date such as 2026-05-31" in capsys.readouterr().err


def test_no_tables(shop, capsys):
    """
    A store without its tables is refused in a sentence.
    """
    shop.module.close()
    for path in shop.folder.glob("users.db*"):
        path.unlink()

    assert 2 == shop.run("users")
    assert "The store has no tables yet" in capsys.readouterr().err


def test_terminal(moved):
    """
    In a terminal the table fits, and ends with the number of users.
    """
    with Terminal("--app", "shop:connection", "users", columns=90) as terminal:
        assert 0 == terminal.finish()

    head, *users, number, end = terminal.lines
    assert ("3 users", "") == (number, end)
    assert head.startswith("migrated at")
    assert 3 == len(users)
    assert max(map(len, terminal.lines)) <= 90


def test_one(moved, capsys, monkeypatch):
    """
    One is one, and is told to whoever watches.
    """
    monkeypatch.setattr(Console, "is_watched", True)

    moved.run("users", "--origin", "login")

    assert "1 user\n" == capsys.readouterr().err


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_nobody(shop, capsys, form):
    """
    People are told that it is nobody, and programs get none.
    """
    assert 0 == shop.run("users", *form)

    assert ("" if form else "Nobody.\n") == capsys.readouterr().err
