"""
``migratekit import``.
"""

import json
import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_terminal import Terminal, piped

from migratekit.cli import _files, import_users, main
from migratekit.cli._application import load
from migratekit.cli._dry_run import dry
from migratekit.errors import ContractError, StoreUnavailableError
from migratekit.models import KeyKind, LedgerKey
from migratekit.passwords import Argon2Hasher
from migratekit.stores.sql import SQLStore


SHA1 = "c3499c2729730a7f807efb8676a92dcb6f8a3f8f"  # of "example"


def lines(*rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def people(number, start=1):
    return [
        {"user_id": at, "email": f"user{at}@example.com"}
        for at in range(start, start + number)
    ]


@pytest.fixture(name="file")
def _file(shop):
    """
    A file of users, one of whom has a hash.
    """
    path = shop.folder / "users.jsonl"
    hashed = {"user_id": 10, "email": "Joe@Example.com", "password_hash": SHA1}
    path.write_text(lines(*people(3, start=20), hashed))
    return path


def report(capsys):
    return json.loads(capsys.readouterr().out)


def emails(shop):
    return {user.email for user in shop.connection.users()}


@pytest.mark.parametrize("app", ["connection", "async_connection", "make_in_loop"])
def test_stored(shop, file, capsys, app):
    """
    Users are stored, with their hashes, whatever the kind of the connection.
    """
    assert 0 == shop.run("import", "users.jsonl", "--json", app=app)

    assert {
        "inserted": 4,
        "already_migrated": 0,
        "conflicts": 0,
        "invalid": 0,
        "codes": {},
        "total": 4,
        "dry_run": False,
        "interrupted": False,
    } == report(capsys)
    result = shop.connection.authenticate("joe@example.com", "example")
    assert "import" == result.user.origin


def test_again(shop, file, capsys):
    """
    Whoever has moved stays as they are, and that is no failure.
    """
    shop.run("import", "users.jsonl")

    assert 0 == shop.run("import", "users.jsonl")

    assert "had moved before       4\n" in capsys.readouterr().out


def test_table(shop, file, capsys):
    """
    The result is a table that says what is wrong as well.
    """
    file.write_text(
        lines(
            {"user_id": 1, "email": "nobody"},
            {"user_id": 2, "email": "ada@example.com"},
            {"user_id": 3, "email": "Ada@example.com"},
            {"user_id": 4, "email": "\x1b[2J"},
        )
    )

    assert 1 == shop.run("import", "users.jsonl")

    out, err = capsys.readouterr()
    assert (
        "result            number\n"
        "rows                   4\n"
        "stored                 1\n"
        "had moved before       0\n"
        "conflicts              1\n"
        "not valid              2\n"
        "CONFLICT_EMAIL         1\n"
        "FORMAT                 2\n"
    ) == out
    assert (
        "row 1: email: The e-mail address is not valid. (FORMAT)\n"
        "row 3: email: Another user has this e-mail address. (CONFLICT_EMAIL)\n"
        "row 4: email: The e-mail address is not valid. (FORMAT)\n"
    ) == err


def test_conflict(shop, file):
    """
    A conflict is a failure, too.
    """
    rows = [{"user_id": at, "email": "ada@example.com"} for at in (1, 2)]
    file.write_text(lines(*rows))

    assert 1 == shop.run("import", "users.jsonl")


def test_row_as_a_whole(shop, file, capsys):
    """
    What is wrong with a whole row is no field's.
    """
    file.write_text("{\n")

    assert 1 == shop.run("import", "users.jsonl")

    assert "row 1: This is no JSON. (INVALID_JSON)\n" == capsys.readouterr().err


def test_many_errors(shop, file, capsys):
    """
    The first ten errors are told, and where the rest would be.
    """
    file.write_text("{\n" * 12)

    assert 1 == shop.run("import", "users.jsonl")

    *told, more = capsys.readouterr().err.splitlines()
    assert 10 == len(told)
    assert "2 more; --errors FILE writes all of them." == more


def test_errors_file(shop, file, capsys):
    """
    A file for its owner alone has them all, and whose they are where that could be read.
    """
    rows = [{"user_id": at, "email": "nobody"} for at in range(12)]
    file.write_text(lines(*rows, {"email": "ada@example.com"}))

    assert 1 == shop.run("import", "users.jsonl", "--errors", "errors.csv")

    assert "" == capsys.readouterr().err
    head, *told, last = shop.folder.joinpath("errors.csv").read_text().splitlines()
    assert "line,user_id,code,field,message" == head
    assert [f"{at + 1},{at},FORMAT,email" for at in range(12)] == [
        line.rpartition(",")[0] for line in told
    ]
    assert last.startswith("13,,OBJECT_REQUIRED,user_id,")
    assert 0o600 == shop.folder.joinpath("errors.csv").stat().st_mode & 0o777


@pytest.mark.parametrize("name", ["users.jsonl", "./users.jsonl"])
def test_errors_over_file(shop, file, capsys, name):
    """
    The file that is read is not written over.
    """
    before = file.read_text()

    assert 2 == shop.run("import", "users.jsonl", "--errors", name)

    assert "is what is read" in capsys.readouterr().err
    assert before == file.read_text()


def test_errors_nowhere(shop, file, capsys):
    """
    A file for errors that cannot be made is told before anybody is stored.
    """
    assert 2 == shop.run("import", "users.jsonl", "--errors", "no/errors.csv")

    assert "no/errors.csv cannot be used: No such file" in capsys.readouterr().err
    assert set() == emails(shop)


# --- Files -----------------------------------------------------------------------


ADA = {"user_id": 1, "email": "ada@example.com"}


@pytest.mark.parametrize(
    ("name", "text", "options"),
    [
        ("a.jsonl", lines(ADA), []),
        ("a.NDJSON", lines(ADA), []),
        ("a.json", json.dumps([ADA]), []),
        ("a.json", lines(ADA), []),
        ("a.json", "", []),
        ("a.csv", "user_id,email\n1,ada@example.com\n", []),
        ("a.tsv", "user_id\temail\n1\tada@example.com\n", []),
        ("a.csv", "user_id;email\n1;ada@example.com\n", ["--delimiter", ";"]),
        (
            "a.csv",
            "Key,Mail\n1,ada@example.com\n",
            ["--column", "key=user_id", "--column", "mail=email"],
        ),
        ("a.csv", "key,email\n1,ada@example.com\n", ["--id-field", "key"]),
        (
            "a.jsonl",
            lines({"uuid": 1, "email": "ada@example.com"}),
            ["--id-field", "uuid"],
        ),
        ("a.txt", "user_id,email\n1,ada@example.com\n", ["--format", "csv"]),
        ("a.csv", lines(ADA), ["--format", "jsonl"]),
    ],
)
def test_formats(shop, capsys, name, text, options):
    """
    The name of a file tells what it is, or an option does.
    """
    shop.folder.joinpath(name).write_text(text)

    code = shop.run("import", name, *options)

    assert (0, {"ada@example.com"}) == (code, emails(shop)) or not text


def test_auth0(shop):
    """
    Hashes may be described as Auth0 describes them.
    """
    custom = {"algorithm": "sha1", "hash": {"value": SHA1, "encoding": "hex"}}
    row = {"user_id": 1, "email": "joe@example.com", "custom_password_hash": custom}
    shop.folder.joinpath("auth0.py").write_text(
        "from shop import *\n"
        "from migratekit.imports import auth0_format\n"
        "OPTIONS['hasher'] = LegacyHasher(CHEAPEST, auth0_format())\n"
        "connection = make_connection()\n"
    )
    shop.folder.joinpath("users.json").write_text(json.dumps([row]))

    assert 0 == main(["--app", "auth0:connection", "import", "users.json"])

    auth0 = sys.modules["auth0"].connection
    assert auth0.authenticate("joe@example.com", "example").user.origin == "import"
    auth0.store.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.jsonl"], "nothing.jsonl cannot be used: No such file or directory."),
        (["."], "cannot be used: Is a directory."),
        (["users.txt"], "Name it: --format jsonl, json or csv."),
        (["-"], "Name it: --format jsonl, json or csv."),
        (["users.jsonl", "--delimiter", ";"], "--column and --delimiter are for CSV."),
        (["users.jsonl", "--processes", "2"], "add --wrap"),
        (["users.csv", "--column", "x=nothing"], "'nothing' is nothing a column can"),
    ],
)
def test_wrong_call(shop, file, capsys, monkeypatch, arguments, said):
    """
    What cannot be done is said in a sentence, before anybody is stored.
    """
    for name in ("users.txt", "users.csv"):
        shop.folder.joinpath(name).write_text("user_id,email\n1,ada@example.com\n")
    with file.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)

        assert 2 == shop.run("import", *arguments)

    assert said in capsys.readouterr().err
    assert set() == emails(shop)


@pytest.mark.parametrize(
    "options",
    [["--chunk-size", "0"], ["--chunk-size", "x"], ["--column", "user_id"]],
)
def test_wrong_option(shop, file, capsys, options):
    """
    So is what no option can be.
    """
    with pytest.raises(SystemExit) as caught:
        shop.run("import", "users.jsonl", *options)

    assert 2 == caught.value.code
    assert options[0] in capsys.readouterr().err


def test_read_error(shop, file, capsys, monkeypatch):
    """
    A file that breaks in the middle is said to be so.
    """
    with file.open("rb") as opened:
        broken = SimpleNamespace(fileno=opened.fileno, read1=break_down)
        monkeypatch.setattr(_files, "_opened", lambda name, stack: broken)

        assert 2 == shop.run("import", "users.jsonl")

    assert "users.jsonl cannot be used: Input/output" in capsys.readouterr().err


def break_down(size):
    raise OSError(5, "Input/output error")


def test_stdin(shop):
    """
    Users may come out of a pipe.
    """
    done = piped(
        *("--app", "shop:connection", "import", "-", "--format", "jsonl"),
        stdin=lines(*people(3)),
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert 3 == len(emails(shop))


# --- Hashes ----------------------------------------------------------------------


@pytest.mark.parametrize("processes", [[], ["--processes", "1"]])
def test_wrap(shop, file, processes):
    """
    Weak hashes are wrapped, here or in other processes.
    """
    assert 0 == shop.run("import", "users.jsonl", "--wrap", *processes)

    formats = shop.connection.progress().by_format
    assert {"none": 3, "argon2id(raw_sha1)": 1} == formats


def test_no_hasher_for_it(shop, file, capsys):
    """
    A hasher that takes no legacy hashes is named, also by a dry run.
    """
    shop.folder.joinpath("plain.py").write_text(
        "from shop import *\n"
        "class Plain:\n"
        "    hash, verify = CHEAPEST.hash, CHEAPEST.verify\n"
        "    needs_rehash = CHEAPEST.needs_rehash\n"
        "connection = Connection(SQLStore(STORE), SOURCE, source_name='shop',\n"
        "                        hasher=Plain())\n"
    )
    for option in ([], ["--dry-run"]):
        assert 2 == main(
            ["--app", "plain:connection", "import", "users.jsonl", *option]
        )
        assert "Plain takes no legacy hashes" in capsys.readouterr().err
    sys.modules["plain"].connection.store.close()


# --- Without doing it ------------------------------------------------------------


@pytest.fixture(name="mixed")
def _mixed(shop):
    """
    A file with every kind of row, for a store in which some have moved.
    """
    shop.connection.authenticate("ada@example.com", "correct horse")
    shop.connection.sign_up("taken@example.com", "a fine password", username="taken")
    gone = shop.connection.sign_up("gone@example.com", "a fine password")
    shop.connection.delete_user(gone.id)
    keys = [
        LedgerKey(KeyKind.EMAIL, "reserved@example.com"),
        LedgerKey(KeyKind.LEGACY_ID, "shop|77"),
    ]
    shop.connection.store.reserve(keys, "shop|77")
    rows = [
        {"user_id": 1, "email": "taken@example.com"},
        {"user_id": 1, "email": "other@example.com"},
        {"user_id": 2, "email": "Taken@example.com"},
        {"user_id": 3, "email": "gone@example.com"},
        {"user_id": 4, "email": "fine@example.com", "password_hash": SHA1},
        {"user_id": 4, "email": "again@example.com"},
        {"user_id": 5, "email": "fine@example.com"},
        {"user_id": 6, "email": "six@example.com", "username": "Taken"},
        {"user_id": 7, "email": "reserved@example.com"},
        {"user_id": 77, "email": "reserved@example.com"},
        {"user_id": 8, "email": "nobody"},
        {"user_id": 9, "email": "nine@example.com", "password_hash": "$$"},
        {"email": "ten@example.com"},
    ]
    shop.folder.joinpath("users.jsonl").write_text(lines(*rows))
    return shop


def dump(shop):
    with closing(sqlite3.connect(shop.folder / "users.db")) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("app", ["connection", "async_connection"])
@pytest.mark.parametrize("options", [[], ["--wrap"], ["--chunk-size", "1"]])
def test_dry_run(mixed, capsys, app, options):
    """
    A dry run says what would happen, which then happens, and writes nothing.
    """
    before = dump(mixed)
    assert 1 == mixed.run(
        "import", "users.jsonl", "--json", "--dry-run", *options, app=app
    )
    told = capsys.readouterr()
    assert before == dump(mixed)

    assert 1 == mixed.run("import", "users.jsonl", "--json", *options, app=app)

    happened = capsys.readouterr()
    assert told.err == happened.err
    assert {**json.loads(told.out), "dry_run": False} == json.loads(happened.out)
    assert 2 == json.loads(happened.out)["inserted"]


def test_dry_run_looks_up_many(shop, file, monkeypatch):
    """
    It asks the store for a chunk of keys at once, and for users one by one only where
    it matters who has what.
    """
    store, asked = shop.connection.store, []
    for name in ("retired_many", "retired", "find"):
        method = getattr(type(store), name)
        monkeypatch.setattr(
            type(store),
            name,
            lambda self, what, name=name, method=method: (
                asked.append(name) or method(self, what)
            ),
        )

    assert 0 == shop.run("import", "users.jsonl", "--dry-run")
    assert ["retired_many"] == asked
    assert 0 == shop.run("import", "users.jsonl")
    asked.clear()
    assert 0 == shop.run("import", "users.jsonl", "--dry-run")
    assert ["retired_many"] == asked


def test_dry_run_tells(shop, file, capsys):
    """
    It says that nobody was stored.
    """
    assert 0 == shop.run("import", "users.jsonl", "--dry-run")

    assert "would be stored" in capsys.readouterr().out
    assert set() == emails(shop)


def test_dry_run_does_no_work(shop, file, monkeypatch):
    """
    It computes no hashes, which would take long.
    """
    assert shop.connection  # Loaded: making a connection computes a hash.
    hashed = []
    original = Argon2Hasher.hash
    monkeypatch.setattr(
        Argon2Hasher,
        "hash",
        lambda self, text: hashed.append(1) or original(self, text),
    )

    assert 0 == shop.run("import", "users.jsonl", "--dry-run", "--wrap")

    # That of the connection that a dry run makes.
    assert [1] == hashed


def test_dry_run_writes_nowhere(shop):
    """
    What the shadow of a store cannot do is a broken promise, and no write.
    """
    with load("shop:connection") as application, pytest.raises(ContractError):
        dry(application).sign_up("joe@example.com", "a fine password")


def test_dry_run_of_another_source(shop, file, capsys):
    """
    A store of another source is refused as by the import itself.
    """
    shop.connection.store.bind_source("blog")

    for options in (["--dry-run"], []):
        assert 2 == shop.run("import", "users.jsonl", *options)
        assert "'blog', not to 'shop'" in capsys.readouterr().err


# --- Breaking off ----------------------------------------------------------------


def test_interrupted(shop, file, capsys, monkeypatch):
    """
    Ctrl-C ends the import behind its chunk, and running it again does the rest.
    """
    file.write_text(lines(*people(10)))

    class Meter(import_users.Meter):
        def update(self, done, share):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(import_users, "Meter", Meter)
        assert 130 == shop.run("import", "users.jsonl", "--chunk-size", "4", "--json")

    out, err = capsys.readouterr()
    assert (4, True) == (json.loads(out)["inserted"], json.loads(out)["interrupted"])
    assert "Ending behind this chunk." in err
    assert "Run the same command again to go on" in err
    assert 4 == len(emails(shop))
    assert 0 == shop.run("import", "users.jsonl", "--json")
    assert 6 == report(capsys)["inserted"]


def test_interrupted_in_a_chunk(shop, file, capsys, monkeypatch):
    """
    What was read of a chunk is stored, too.
    """
    file.write_text(lines(*people(10)))

    def interrupted(*arguments):
        for number, row in enumerate(_files.rows_of(*arguments)):
            if number == 6:
                signal.raise_signal(signal.SIGINT)
            yield row

    monkeypatch.setattr(import_users, "rows_of", interrupted)

    assert 130 == shop.run("import", "users.jsonl", "--chunk-size", "4", "--json")
    assert 6 == report(capsys)["inserted"]


def test_interrupted_dry_run(shop, file, capsys, monkeypatch):
    """
    For a dry run there is nothing to go on with.
    """

    class Meter(import_users.Meter):
        def update(self, done, share):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(import_users, "Meter", Meter)

    assert 143 == shop.run("import", "users.jsonl", "--chunk-size", "2", "--dry-run")

    assert capsys.readouterr().err.endswith("Interrupted.\n")


def test_interrupted_behind_the_end(shop, file, monkeypatch):
    """
    Whoever interrupts when all is done has not interrupted anything.
    """

    class Meter(import_users.Meter):
        def update(self, done, share):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(import_users, "Meter", Meter)

    assert 0 == shop.run("import", "users.jsonl")


@pytest.mark.parametrize("app", ["connection", "async_connection"])
def test_broken_off(shop, file, capsys, monkeypatch, app):
    """
    A second Ctrl-C breaks off in the middle; whole chunks are stored.
    """
    file.write_text(lines(*people(10)))

    class Meter(import_users.Meter):
        def update(self, done, share):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(import_users, "Meter", Meter)

    assert 130 == shop.run("import", "users.jsonl", "--chunk-size", "4", app=app)

    assert "Broken off.  Run the same command again" in capsys.readouterr().err
    assert 4 == len(emails(shop))


def test_store_goes_away(shop, file, capsys, monkeypatch):
    """
    If the store breaks off, running the import again does the rest.
    """

    def fail(self, new):
        raise StoreUnavailableError("OperationalError")

    monkeypatch.setattr(SQLStore, "create_many", fail)

    assert 1 == shop.run("import", "users.jsonl")

    said = capsys.readouterr().err
    assert "could not be asked: OperationalError.  Run the same command again" in said


@pytest.fixture(name="importing")
def _importing(shop):
    """
    Gives a terminal in which ten users are stored, and more are waited for.
    """
    os.mkfifo(shop.folder / "pipe.jsonl")
    options = ("--app", "shop:connection", "import", "pipe.jsonl", "--chunk-size", "10")
    with Terminal(*options) as terminal, Path("pipe.jsonl").open("w") as pipe:
        pipe.write(lines(*people(10)))
        pipe.flush()
        terminal.expect("10 rows")
        yield terminal, pipe


def test_terminal(shop, importing):
    """
    In a terminal Ctrl-C ends an import behind its chunk.
    """
    terminal, pipe = importing

    terminal.interrupt_at_rest()
    terminal.expect(r"Ending behind this chunk\.  Ctrl-C again breaks off")
    pipe.write(lines(*people(3, start=11)))
    pipe.flush()

    assert 130 == terminal.finish()
    assert "Traceback" not in terminal.text
    assert "stored                10" in terminal.lines
    assert 10 == len(emails(shop))


def test_terminal_twice(shop, importing):
    """
    Pressed twice, it ends it where it stands.
    """
    terminal, _ = importing

    terminal.interrupt_at_rest()
    terminal.expect("Ending behind")
    terminal.interrupt_at_rest()

    assert 130 == terminal.finish()
    assert "Broken off.  Run the same command again" in terminal.text
    assert "Traceback" not in terminal.text
    assert 10 == len(emails(shop))


def test_bar(shop):
    """
    The bar knows how long the file is, and leaves nothing behind.
    """
    shop.folder.joinpath("users.jsonl").write_text(lines(*people(300)))
    options = (
        "--app",
        "shop:connection",
        "import",
        "users.jsonl",
        "--chunk-size",
        "10",
    )
    with Terminal(*options, columns=100) as terminal:
        assert 0 == terminal.finish()

    assert "%" in terminal.text
    assert "left" in terminal.text
    assert [line for line in terminal.lines if "%" in line] == []
