"""
A whole migration by the command line: of 1,000 users, or of as many as
``MIGRATEKIT_CLI_USERS`` says.
"""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import attrs
import pytest
from cli_terminal import Terminal, environment
from sqlalchemy import create_engine

from migratekit import Connection, MigrationPolicy
from migratekit.cli import main
from migratekit.models import NewUser
from migratekit.stores.sql import SQLStore, metadata
from migratekit.validation import canonical


FEW = 1000
USERS = int(os.environ.get("MIGRATEKIT_CLI_USERS", FEW))
MEGABYTES = 120  # that any command may take, however many users there are
# What a process inherits counts in `ru_maxrss`, too.
MEASURED = """
import atexit, pathlib, re, runpy

def measure():
    status = pathlib.Path("/proc/self/status").read_text()
    pathlib.Path("peak").write_text(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])

atexit.register(measure)
runpy.run_module("migratekit", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(name="variables", params=["sqlite", "postgresql"])
def _variables(request, shop):
    """
    The environment of a shop with many customers, and a new store of each kind.

    None for a short run, which need not be in processes of its own.
    """
    Path("legacy.db").unlink()
    shop.module.make_legacy(
        (number, f"User{number}@example.com", None, f"Name {number}", f"secret{number}")
        for number in range(USERS)
    )
    if request.param == "sqlite":
        yield environment() if USERS > FEW else None
        return
    url = os.environ.get("MIGRATEKIT_TEST_POSTGRESQL")
    if url is None:
        pytest.skip("MIGRATEKIT_TEST_POSTGRESQL is not set: no server to test against")
    url = f"postgresql+psycopg://{url.partition('://')[2]}"
    engine = create_engine(url, hide_parameters=True)
    metadata.drop_all(engine)
    with SQLStore(engine) as store:
        store.create_schema()
    yield environment(SHOP_STORE=url)
    metadata.drop_all(engine)
    engine.dispose()


def ran(variables, *arguments):
    """
    Run a command to its end, and return its code and what it printed.
    """
    began = time.monotonic()
    arguments = ("--app", "shop:connection", *arguments)
    with Path("out").open("w") as out:
        if variables is None:
            with redirect_stdout(out):
                code = main(arguments)
        else:
            code = measured(variables, arguments, out)
    took = time.monotonic() - began
    print(f"{took:.1f} s: {' '.join(arguments[2:])}")
    return code, Path("out").read_text()


def measured(variables, arguments, out):
    """
    Run it in a process of its own, which must not take much memory.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments],
        check=False,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        env=variables,
    )
    megabytes = int(Path("peak").read_text()) / 1024
    print(f"{megabytes:.0f} MB, ", end="")
    assert "Traceback" not in done.stderr, done.stderr
    assert megabytes < MEGABYTES
    return done.returncode


def test_migration(variables):
    """
    Everybody is exported, imported with an interruption, listed, and reported on.
    """
    code, _ = ran(variables, "export-remaining", "left.jsonl", "--with-hashes")
    assert 0 == code
    with Path("left.jsonl").open() as file:
        assert sum(1 for _ in file) == USERS

    assert (USERS, 0) == surveyed(variables)

    # Of all of them it would take as long as their logins.
    with Path("logins.csv").open("w") as file:
        file.write("identifier,password\n")
        file.writelines(
            f"user{number}@example.com,secret{number}\n" for number in range(FEW)
        )
    code, out = ran(variables, "rehearse", "--logins", "logins.csv", "--json")
    assert (0, {"would_move": FEW}) == (code, json.loads(out)["outcomes"])
    code, out = ran(variables, "rehearse")
    assert (0, True) == (code, out.startswith("No rehearsed login was recorded"))

    code, out = ran(variables, "import", "left.jsonl", "--dry-run", "--json")
    assert (0, USERS) == (code, json.loads(out)["inserted"])

    chunk = ("--chunk-size", str(max(1, USERS // 100)))
    options = ("--app", "shop:connection", "import", "left.jsonl", *chunk)
    with Terminal(*options, columns=100, **(variables or {})) as terminal:
        terminal.expect("[1-9]%")
        terminal.interrupt()
        # Of few, the last may be stored before anybody can press a key.
        assert terminal.finish() in ({130} if USERS > FEW else {0, 130})
    assert "Traceback" not in terminal.text

    code, out = ran(variables, "import", "left.jsonl", "--json")
    report = json.loads(out)
    assert (0, USERS) == (code, report["total"])
    assert report["inserted"] + report["already_migrated"] == USERS
    assert 0 < report["already_migrated"]
    assert USERS <= FEW or report["inserted"] > 0

    code, out = ran(variables, "users", "--json", "--origin", "import")
    users = json.loads(out)
    assert 0 == code
    assert {f"shop|{number}" for number in range(USERS)} == {
        user["legacy_id"] for user in users
    }
    code, out = ran(variables, "users")
    assert (0, USERS + 1) == (code, out.count("\n"))

    assert (0, USERS) == surveyed(variables)
    code, out = ran(variables, "preflight", "--stored", "--json")
    assert (0, USERS, 0) == (
        code,
        json.loads(out)["users"],
        json.loads(out)["differing"],
    )

    code, out = ran(variables, "export-remaining", "none.jsonl")
    assert (0, "") == (code, Path("none.jsonl").read_text())
    code, out = ran(variables, "check", "--json")
    wrong = [f for f in json.loads(out)["findings"] if f["level"] == "wrong"]
    # Its hashes are as cheap as those of all tests.
    assert {"hasher"} >= {f["about"] for f in wrong} - {"policy.failure_floor"}

    code, out = ran(variables, "status", "--json")
    progress = json.loads(out)["progress"]
    assert (0, USERS, 0) == (code, progress["moved"], progress["remaining"])

    code, _ = ran(variables, "report", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert (0, True) == (code, f'value="{USERS}" data-figure="moved"' in page)


def test_cut_over(variables):
    """
    Everybody is reserved, and set free again; then loaded, with an interruption.
    """
    code, out = ran(variables, "cut-over", "--force", "--leftovers", "reserve")
    assert (0, True) == (code, f" {USERS:,} reserved." in out)
    code, out = ran(variables, "cut-over", "--undo")
    assert (
        0,
        f"{2 * USERS:,} reserved e-mails, usernames and ids are free again.\n",
    ) == (code, out)

    if USERS > FEW:
        options = ("--app", "shop:connection", "cut-over", "--force", "--yes")
        with Terminal(*options, columns=100, **variables) as terminal:
            terminal.expect("[1-9]%")
            terminal.interrupt()
            assert 130 == terminal.finish()
        assert "Interrupted, and not cut over." in terminal.text
        code, out = ran(variables, "cut-over", "--force", "--dry-run")
        remaining = int(re.search(r"WRONG +([\d,]+) users", out)[1].replace(",", ""))
        assert (1, 0) == (code, remaining % 1000)
        assert 0 < remaining < USERS

    code, out = ran(variables, "cut-over", "--force")
    assert (0, True) == (code, "0 reserved." in out)
    code, out = ran(variables, "cut-over")
    assert (0, True) == (code, "Nobody remains" in out)


def surveyed(variables):
    """
    Return how many would move, and how many have moved.
    """
    code, out = ran(variables, "preflight", "--json")
    report = json.loads(out)
    assert (0, USERS, {}) == (code, report["users"], report["codes"])
    return report["movable_by_import"], report["moved"]


def test_switch(variables, shop):
    """
    All users are brought from strategy version 1 to 2, with a twin in the way at first.
    """
    url = (variables or {}).get("SHOP_STORE", shop.module.STORE)
    with SQLStore(url) as store:
        fill(store, shop)
        twin = store.find(canonical("User0@example.com", strategy_version=1))
        user = attrs.evolve(
            twin.user, id="twin", legacy_id=None, email="user0@example.com"
        )
        store.create(NewUser(user, None))

        assert (1, 2) == findings(variables)
        code, out = ran(variables, "switch-strategy", "--json")
        assert (1, True) == (code, json.loads(out)["refused"])
        store.delete(store.get("twin"))

    assert (0, 0) == findings(variables)
    code, out = ran(variables, "switch-strategy", "--json")
    assert (0, USERS // 100) == (code, json.loads(out)["rewritten"])
    code, out = ran(variables, "switch-strategy", "--json")
    assert (0, 0) == (code, json.loads(out)["rewritten"])


def fill(store, shop):
    """
    Store all customers as version 1 does, one in a hundred of them with a capital.
    """
    rows = (
        row if number % 100 == 0 else attrs.evolve(row, email=row.email.lower())
        for number, row in enumerate(shop.module.SOURCE.iter_users())
    )
    policy = MigrationPolicy(strategy_version=1)
    old = Connection(store, shop.module.SOURCE, **shop.module.OPTIONS, policy=policy)
    old.import_users(rows)


def findings(variables):
    code, out = ran(variables, "preflight", "--stored", "--json")
    return code, sum(json.loads(out)["codes"].values())
