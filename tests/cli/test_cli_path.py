"""
A whole migration, from the first look to the switch-off, as an operator drives it.
"""

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from cli_terminal import environment, piped

from migratekit.demo import _legacy
from migratekit.management import Management
from migratekit.stores.sql import SQLStore, metadata


HERE = Path(__file__).parent
WORKERS = 2
SECONDS = (
    10  # within which the source is left alone; a loaded machine needs some of them
)


class Blog:
    """
    A blog with some hundred users, its workers, and the command line on it.

    *outcomes* counts what came of all logins so far, in one word each.
    """

    def __init__(self, people, variables, urls, leftovers):
        sound = people.sound
        self.people = people
        self.imported, self.live, self.late = sound[:100], sound[100:200], sound[200:]
        self.variables = variables
        self.legacy, self.store = urls
        self.leftovers = leftovers
        self.management = Management(self.store, actor="ops@example.org")
        self.outcomes = Counter()
        self.asked = [0] * WORKERS
        self.last_asked = 0.0
        self._workers = []

    def run(self, *arguments, app="make_connection", code=0):
        """
        Run a command in a process of its own, and return what it printed.
        """
        done = piped("--app", f"blog:{app}", *arguments, **self.variables)
        assert code == done.returncode, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def start(self, stack):
        """
        Start the workers, which begin as soon as they are told something.
        """
        for _ in range(WORKERS):
            worker = subprocess.Popen(
                [sys.executable, HERE / "cli_worker.py"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment(PYTHONPATH=_python_path(), **self.variables),
            )
            self._workers.append(worker)
            stack.enter_context(worker)
            stack.callback(worker.kill)

    def tell(self, command, *arguments):
        """
        Tell each worker the same, or each its own of a list.
        """
        lists = arguments if isinstance(arguments[0], list) else [arguments] * WORKERS
        for worker, each in zip(self._workers, lists, strict=True):
            worker.stdin.write(json.dumps([command, *each]) + "\n")
            worker.stdin.flush()

    def hear(self):
        """
        Return the answers of all workers to the last command.
        """
        heard = [json.loads(worker.stdout.readline()) for worker in self._workers]
        answers, self.asked, last = map(list, zip(*heard, strict=True))
        self.last_asked = max(last)
        return answers

    def log_in(self, *lists, meanwhile=None):
        """
        Let the workers log people in, each those of its list, and count the outcomes.
        """
        self.tell("log_in", *map(list, lists))
        if meanwhile is not None:
            meanwhile()
        outcomes = Counter(outcome for each in self.hear() for outcome in each)
        self.outcomes += outcomes
        return outcomes

    def end(self):
        """
        Have the workers end as they would at a restart.
        """
        for worker in self._workers:
            worker.stdin.close()
        assert [0] * WORKERS == [worker.wait(60) for worker in self._workers]


def _python_path():
    # The blog is in the current folder, and not beside the script of the workers.
    return os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])


@pytest.fixture(name="blog", params=["sqlite", "postgresql"])
def _blog(request, folder, monkeypatch):
    """
    A `Blog` of which nobody has moved.
    """
    monkeypatch.setattr(_legacy, "_ROUNDS", 7)  # phpass's own minimum
    people = _legacy.make_site(folder / "wordpress.db")
    shutil.copy(HERE / "cli_blog.py", folder / "blog.py")
    urls = ["sqlite:///wordpress.db", "sqlite:///users.db?timeout=60"]
    variables = {}
    if request.param == "postgresql":
        url = os.environ.get("MIGRATEKIT_TEST_POSTGRESQL")
        if url is None:
            pytest.skip("MIGRATEKIT_TEST_POSTGRESQL is not set: no server to test on")
        urls = [f"postgresql+psycopg://{url.partition('://')[2]}"] * 2
        variables = {"BLOG_LEGACY": urls[0], "BLOG_STORE": urls[0]}
    legacy = sa.create_engine(urls[0])
    if variables:
        _clear(legacy)
        _copy_site(folder / "wordpress.db", legacy)
    with SQLStore(urls[1]) as store:
        leftovers = "reserve" if variables else "load"
        yield Blog(people, variables, (legacy, store), leftovers)
    if variables:
        _clear(legacy)
    legacy.dispose()


def _clear(engine):
    metadata.drop_all(engine)
    with engine.begin() as connection:
        for name in ("wp_users", "wp_usermeta"):
            connection.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))


def _copy_site(path, engine):
    with closing(sqlite3.connect(path)) as site, engine.begin() as connection:
        for table in ("wp_users", "wp_usermeta"):
            rows = site.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in rows.description]
            kinds = [
                "INTEGER" if name in {"ID", "user_id"} else "TEXT" for name in names
            ]
            columns = ", ".join(map(" ".join, zip(names, kinds, strict=True)))
            connection.execute(sa.text(f"CREATE TABLE {table} ({columns})"))
            values = ", ".join(f":{name}" for name in names)
            connection.execute(
                sa.text(f"INSERT INTO {table} VALUES ({values})"),
                [dict(zip(names, map(_text, names, row), strict=True)) for row in rows],
            )


def _text(name, value):
    return value if name in {"ID", "user_id"} else str(value)


def rows_in(file):
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


def logins(people, password=None):
    return [(each.email, password or each.password) for each in people]


def test_path(blog):
    """
    Everybody who can moves, the workers leave the source alone within seconds of a
    command, what is left is listed, and the figures are what happened.
    """
    options = {"strategy_version": 2, "failure_floor": 0, "rehearse": True}
    blog.store.create_schema()
    blog.management.create("blog", {"options": options})

    with ExitStack() as stack:
        blog.start(stack)
        look(blog)
        try_some(blog)
        rehearse(blog)
        import_some(blog)
        move(blog)
        cut_over(blog)
        go_on(blog)
        blog.end()
        compare(blog)


def look(blog):
    """
    The look at all users finds those whom the demo's site has planted.
    """
    found = json.loads(blog.run("preflight", "--json", code=1))

    assert (304, 302, 300) == tuple(
        found[name] for name in ("users", "movable_by_import", "movable_by_login")
    )
    assert {"CONFLICT_EMAIL": 1, "FORMAT": 1, "SHARED_EMAIL": 1} == found["codes"]


def try_some(blog):
    """
    Those whose password the operator knows are tried by hand, which counts for nothing.
    """
    broken, blocked = blog.people.broken, blog.people.blocked
    known = [
        *logins(blog.live[:3]),
        (broken.login, broken.password),
        *logins([blocked]),
        *logins(blog.late[:1], "guess"),
    ]
    with Path("known.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("identifier", "password"), *known])

    told = json.loads(blog.run("rehearse", "--logins", "known.csv", "--json", code=1))

    assert {"would_move": 3, "invalid": 1, "blocked": 1, "refused": 1} == told[
        "outcomes"
    ]
    assert 0 == blog.store.figures().moved
    assert [] == [*blog.store.tallies(None)]


def rehearse(blog):
    """
    In all workers a rehearsal lets people in, and stores nobody.
    """
    some = logins(blog.live[:20])
    broken = [(blog.people.broken.login, blog.people.broken.password)]
    blocked = logins([blog.people.blocked])

    outcomes = blog.log_in(
        some + broken,
        some + blocked,
        meanwhile=lambda: blog.run("export-remaining", "all.jsonl", "--with-hashes"),
    )

    assert {"as_ever": 41, "account_blocked": 1} == outcomes
    assert 0 == blog.store.figures().moved
    blog.management.update("blog", {"options": {"rehearse": False}}, partial=True)
    blog.tell("follow", 2)
    assert [2] * WORKERS == blog.hear()


def import_some(blog):
    """
    A third of the users is imported with their hashes, from a file of all.
    """
    rows = rows_in("all.jsonl")
    assert 304 == len(rows)
    chosen = {str(person.number) for person in blog.imported}
    lines = [json.dumps(row) for row in rows if row["user_id"] in chosen]
    Path("first.jsonl").write_text("\n".join(lines))

    report = json.loads(blog.run("import", "first.jsonl", "--json"))

    assert (100, 100) == (report["total"], report["inserted"])


def move(blog):
    """
    Another third logs in, some of them at both workers at once, and moves once.
    """
    live, imported = logins(blog.live), logins(blog.imported[:20])
    first, both, second = live[:30], live[30:70], live[70:]
    guesses = logins(blog.late[:10], "guess")

    outcomes = blog.log_in(
        both + first + imported,
        both + second + guesses,
        meanwhile=lambda: refuse_to_cut_over(blog),
    )

    assert {"moved": 100, "back": 60, "unknown_or_wrong": 10} == outcomes


def refuse_to_cut_over(blog):
    """
    While users remain, nothing is cut over without force.
    """
    out = blog.run("cut-over", code=1)

    assert "users have not moved yet." in out
    assert not blog.management.get("blog").options["cut_over"]


def cut_over(blog):
    """
    The workers hear of it within seconds, and ask the source no more.
    """
    blog.tell("strangers_until", "cut_over")
    blog.run("cut-over", "--force", "--leftovers", blog.leftovers)
    finished = time.time()

    for outcomes in blog.hear():
        assert {"unknown_or_wrong", "cut_over"} == set(outcomes)
        blog.outcomes.update(outcomes)
    assert finished + SECONDS > blog.last_asked


def go_on(blog):
    """
    Everybody who has moved logs in as ever, also without the old database.
    """
    asked = blog.asked
    moved = logins([*blog.imported, *blog.live][::4])
    late = logins(blog.late[:5])

    outcomes = blog.log_in(
        moved[:20], moved[20:40] + late, meanwhile=lambda: list_leftovers(blog)
    )
    with blog.legacy.begin() as connection:
        connection.execute(sa.text("DROP TABLE wp_users"))
    outcomes += blog.log_in(moved[40:], late)

    assert {"back": 50, "cut_over": 10} == outcomes
    assert asked == blog.asked


def list_leftovers(blog):
    """
    All who are not in the new store are listed, and nobody else.
    """
    blog.run("export-remaining", "left.jsonl")

    people = blog.people
    left = {people.twins[1], people.broken}
    if blog.leftovers == "reserve":
        left |= {*blog.late, people.twins[0], people.blocked}
    assert {str(person.number) for person in left} == {
        row["user_id"] for row in rows_in("left.jsonl")
    }


def compare(blog):
    """
    What is stored, counted and told is what happened.
    """
    with ThreadPoolExecutor() as executor:
        executor.submit(blog.run, "report", "report.html")
        status = json.loads(blog.run("status", "--json"))
        rehearsed = json.loads(blog.run("rehearse", "--json"))

    assert status["is_cut_over"]
    progress, told = status["progress"], status["statistics"]
    loaded = 102 if blog.leftovers == "load" else 0
    assert {"login": 100, "import": 100 + loaded} == {
        origin: number for origin, number in progress["by_origin"].items() if number
    }
    assert 200 + loaded == progress["moved"] == progress["total"]
    logins, refused = Counter(), Counter()
    for day in told["logins"].values():
        logins.update(succeeded=day["succeeded"], moved=day["moved"])
        refused.update(day["refused"])
    happened = blog.outcomes
    let_in = {"moved", "back", "as_ever"}
    assert {"moved": 100, "succeeded": sum(happened[each] for each in let_in)} == logins
    assert refused == Counter(
        {each: number for each, number in happened.items() if each not in let_in}
    )
    assert sum(blog.asked) == told["source_in_all"]["calls"]
    assert 0 == told["source_in_all"]["failures"]
    assert {"would_move": 40, "invalid": 1, "blocked": 1} == told["rehearsed"]
    assert told["rehearsed"] == rehearsed["outcomes"]
    assert (42, 2) == (rehearsed["logins"], rehearsed["kept_out"])
    asked = told["would_have_asked_in_all"]
    # A stranger at each worker, and five leftovers, each of them twice.
    assert happened["cut_over"] == 12 == asked["times"]
    assert 5 <= asked["people"] <= 9  # 7, but it is a sketch
    assert f">{progress['total']}<" in Path("report.html").read_text()
