"""
``migratekit preflight``.
"""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from cli_terminal import Terminal, piped
from world import LegacySite

from migratekit import Connection
from migratekit.cli import main
from migratekit.models import ImportRecord
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.testing import CHEAPEST


ODD = (
    (1, "Ada@Example.com", "ada", "Ada", "pw"),
    (2, "bob@example.com", "a@b", "Bob", "pw"),
    (3, "ada@example.com", None, "Eve", None),
    (4, "dan@example.com", None, "Dan", "pw"),
)
APPS = ("connection", "async_connection", "make_in_loop")


@pytest.fixture(name="odd")
def _odd(shop):
    """
    A shop whose customers are not as they should be.
    """
    Path("legacy.db").unlink()
    shop.module.make_legacy(ODD)
    return shop


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*.db*")
    }


def cells(path):
    with Path(path).open(newline="") as file:
        return list(csv.reader(file))


def test_fine(shop, capsys):
    """
    Of a shop without a flaw, it says how many will move, and finds nothing.
    """
    assert 0 == shop.run("preflight")

    figures, formats, found = capsys.readouterr().out.split("\n\n")
    assert [
        ["result", "number"],
        ["users", "3"],
        ["would move by a login", "3"],
        ["would move by an import", "3"],
        ["moved before", "0"],
        ["conflicts", "0"],
        ["not valid", "0"],
        ["weak hash", "3"],
    ] == [line.rsplit(None, 1) for line in figures.splitlines()]
    assert ["raw_sha1", "3", "3", "0", "0"] == formats.splitlines()[1].split()
    assert "Nothing was found.\n" == found


@pytest.mark.parametrize("app", APPS)
def test_another_source(shop, capsys, app):
    """
    Nobody would move into the store of another source, however fine they are.
    """
    shop.connection.store.bind_source("blog")

    assert 2 == shop.run("preflight", app=app)

    assert "'blog', not to 'shop'" in capsys.readouterr().err


class Mute(SQLStore):
    """
    A store that cannot tell which source it belongs to.
    """

    bound_source = None


def test_store_cannot_tell(shop, capsys):
    """
    A store that cannot tell whose it is is taken for the connection's own.
    """
    shop.connection.store.bind_source("blog")
    shop.connection.store.__class__ = Mute

    assert 0 == shop.run("preflight")

    assert "Nothing was found." in capsys.readouterr().out


@pytest.mark.parametrize("app", APPS)
def test_findings(odd, capsys, app):
    """
    What was found is counted and shown, whatever the kind of the connection; and not a
    byte of any database is another.
    """
    before = digests(odd.folder)

    assert 1 == odd.run("preflight", app=app)

    assert before == digests(odd.folder)
    out = capsys.readouterr().out
    *_, codes, rows = out.strip().split("\n\n")
    assert ["CONFLICT_EMAIL 1", "NOT_PASSED 1", "SHARED_EMAIL 1"] == [
        " ".join(line.split()) for line in codes.splitlines()[1:]
    ]
    assert ["2", "3", "1"] == [line.split()[1] for line in rows.splitlines()[1:]]
    assert "would move by a login         1" in out
    assert hashlib.sha1(b"pw").hexdigest() not in out


def test_csv(odd, capsys):
    """
    All findings go into a file, for its owner alone, and no formula among them.
    """
    odd.module.SOURCE.close()
    Path("legacy.db").unlink()
    odd.module.make_legacy([*ODD, ("=1+1", "nobody", None, None, None)])

    assert 1 == odd.run("preflight", "--csv", "found.csv")

    header, *rows = cells("found.csv")
    assert ["line", "user_id", "code", "field", "message"] == header
    assert [
        ["2", "2", "NOT_PASSED", "username"],
        ["5", "'=1+1", "FORMAT", "email"],
        ["3", "3", "CONFLICT_EMAIL", "email"],
        ["1", "1", "SHARED_EMAIL", "email"],
    ] == [row[:4] for row in rows]
    assert capsys.readouterr().out.endswith("\n\n4 findings; see found.csv.\n")
    assert 0o600 == Path("found.csv").stat().st_mode & 0o777
    assert hashlib.sha1(b"pw").hexdigest() not in Path("found.csv").read_text()


def test_json(odd, capsys):
    """
    The same for programs.
    """
    assert 1 == odd.run("preflight", "--json")

    report = json.loads(capsys.readouterr().out)
    assert (4, 1, 2) == (
        report["users"],
        report["movable_by_login"],
        report["movable_by_import"],
    )
    assert {"CONFLICT_EMAIL": 1, "NOT_PASSED": 1, "SHARED_EMAIL": 1} == report["codes"]
    assert ["2", "3", "1"] == [finding["user_id"] for finding in report["findings"]]
    assert [{"format": "raw_sha1", "users": 3}] == [
        {name: kind[name] for name in ("format", "users")} for kind in report["formats"]
    ]


@pytest.fixture(name="site")
def _site(monkeypatch):
    """
    A source that lists what a test wants, and its application.
    """
    site = LegacySite()
    site.rows = []
    site.iter_users = lambda: iter(site.rows)
    connection = Connection(MemoryStore(), site, hasher=CHEAPEST, listeners=())
    monkeypatch.setattr("world.connection", connection, raising=False)
    return site


def run(*arguments):
    return main(["--app", "world:connection", *arguments])


def test_many_findings(site, capsys):
    """
    Of many findings the first are shown, and how many there are.
    """
    site.rows = [
        ImportRecord(user_id=str(number), email=f"nobody{number}")
        for number in range(1200)
    ]

    assert 1 == run("preflight")

    *_, rows, more = capsys.readouterr().out.split("\n\n")
    assert 11 == len(rows.splitlines())
    assert "1,190 more; --csv FILE writes all of them.\n" == more


def test_one_finding(site, capsys):
    """
    One is one.
    """
    site.rows = [ImportRecord(user_id="1", email="nobody")]

    run("preflight", "--csv", "found.csv")

    assert "1 finding; see found.csv.\n" in capsys.readouterr().out
    Path("found.csv").unlink()


def test_no_list(monkeypatch, capsys):
    """
    A source that cannot list its users is told so in a sentence.
    """
    connection = Connection(MemoryStore(), LegacySite(), hasher=CHEAPEST)
    monkeypatch.setattr("world.connection", connection, raising=False)

    assert 2 == run("preflight")

    assert "LegacySite, cannot list its users" in capsys.readouterr().err


def test_source_fails(site, folder, capsys):
    """
    A source that breaks off leaves no file.
    """

    def fail():
        yield ImportRecord(user_id="1", email="nobody")
        raise OSError("secret")

    site.iter_users = fail

    assert 1 == run("preflight", "--csv", "found.csv")

    assert [] == list(folder.iterdir())
    err = capsys.readouterr().err
    assert "This was not expected: OSError" in err
    assert "secret" not in err


def test_no_file(odd, capsys):
    """
    A file that cannot be written is told so in a sentence.
    """
    assert 2 == odd.run("preflight", "--csv", "nowhere/found.csv")

    assert "cannot be written: No such file or directory." in capsys.readouterr().err


def test_unusual_ids(site, capsys):
    """
    What is in the source's ids steers no terminal.
    """
    site.rows = [ImportRecord(user_id="\x1b[2J", email="a@example.com")]

    assert 1 == run("preflight")

    assert "\x1b" not in capsys.readouterr().out


def test_stored(odd, capsys):
    """
    With --stored it looks at the stored users, and not at the source.
    """
    odd.connection.import_users(
        [ImportRecord(user_id="1", email=" Ada@Example.com", username="ada")]
    )
    Path("legacy.db").unlink()
    before = digests(odd.folder)

    assert 0 == odd.run("preflight", "--stored")
    assert "stored users                       1" in capsys.readouterr().out
    assert 0 == odd.run("preflight", "--stored", "--json", app="async_connection")

    report = json.loads(capsys.readouterr().out)
    assert {"users": 1, "differing": 0, "codes": {}, "findings": []} == report
    assert before == digests(odd.folder)


def test_piped(odd):
    """
    In a pipe there is nothing but the results.
    """
    done = piped("--app", "shop:connection", "preflight", "--json")

    assert (1, "") == (done.returncode, done.stderr)
    assert 4 == json.loads(done.stdout)["users"]


def test_terminal(odd):
    """
    In a terminal the tables fit, behind a line that says how far it is.
    """
    with Terminal("--app", "shop:connection", "preflight", columns=60) as terminal:
        assert 1 == terminal.finish()

    assert "4 users" in terminal.text
    assert max(map(len, terminal.lines)) <= 60
    assert any(line.startswith("result") for line in terminal.lines)


def test_interrupted(odd):
    """
    Ctrl-C leaves no file behind.
    """
    Path("slow.py").write_text(
        "import shop, time\n"
        "from migratekit.models import ImportRecord\n"
        "class Slow:\n"
        "    def login(self, identifier, password): ...\n"
        "    def get_user(self, identifier): ...\n"
        "    def iter_users(self):\n"
        "        for number in range(10**6):\n"
        "            if number == 2000:\n"
        "                time.sleep(60)\n"
        "            yield ImportRecord(user_id=str(number), email='x')\n"
        "connection = shop.Connection(shop.MemoryStore(), Slow())\n"
    )
    options = ("--app", "slow:connection", "preflight", "--csv", "found.csv")
    with Terminal(*options) as terminal:
        terminal.expect("1,000 users")
        terminal.interrupt_at_rest()
        assert 130 == terminal.finish()

    assert "Traceback" not in terminal.text
    assert "Interrupted." in terminal.text
    assert [] == [path for path in odd.folder.iterdir() if "found" in path.name]
