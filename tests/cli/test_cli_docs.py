"""
The pages about the command line, and the command line.
"""

import importlib
import re
import shlex
import sqlite3
import weakref
from contextlib import closing, redirect_stdout
from itertools import groupby
from pathlib import Path

import pytest

from migratekit import passwords, recorder
from migratekit.cli import COMMANDS, main
from migratekit.cli._fleet import Fleet
from migratekit.cli._parser import make_parser
from migratekit.demo._legacy import md5
from migratekit.testing import CHEAPEST


ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
PLAN = ROOT / "docs/plan-a-migration.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PEOPLE = [
    (1, "ada", "Ada@Example.com", "correct horse"),
    (2, "bob", "bob@example.com", "battery staple"),
    (3, "cyd", "cyd@example.com", "tr0ub4dor&3"),
]
# What depends on how fast the machine is, or says whether something is in the way.
MAY_FIND = ("check", "cut-over --dry-run")
# What is no part of the plan.
ELSEWHERE = {"demo", "switch-strategy"}


def commands_in(text):
    """
    Yield the words of every command that is shown, and the file its output goes to.
    """
    for line in re.findall(r"^\$ migratekit ?(.*)$", text, re.MULTILINE):
        command, _, file = re.sub(r"<\S+|#.*", "", line).partition(">")
        yield shlex.split(command), file.strip()


def shown():
    return [
        pytest.param(words, id=f"{page.stem} {' '.join(words)}")
        for page in PAGES
        for _, block in BLOCK.findall(page.read_text())
        for words, _ in commands_in(block)
    ]


@pytest.mark.parametrize("words", shown())
def test_understood(words):
    """
    Every command on a page can be typed.
    """
    assert make_parser(COMMANDS).parse_args(words).command is not None


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_told(name):
    """
    Every command has a section of its own.
    """
    heading = re.compile(rf"^##+ .*`{name}`", re.MULTILINE)

    assert [] != [page.stem for page in PAGES if heading.search(page.read_text())]


def make_wordpress():
    """
    Make the copy that the plan works on, of which somebody will log in.
    """
    with closing(sqlite3.connect("wordpress.db")) as copy, copy:
        copy.execute(
            "CREATE TABLE wp_users (ID INTEGER, user_login TEXT, user_pass TEXT,"
            " user_email TEXT, user_registered TEXT, display_name TEXT)"
        )
        copy.executemany(
            "INSERT INTO wp_users VALUES (?, ?, ?, ?, '2012-03-04 05:06:07', ?)",
            [
                (number, login, md5(password), email, login.title())
                for number, login, email, password in PEOPLE
            ],
        )


@pytest.fixture(name="blog")
def _blog(folder, monkeypatch):
    """
    The application that the plan begins with, in a folder of its own.
    """
    recorders = weakref.WeakSet()
    monkeypatch.setattr(recorder, "_RECORDERS", recorders)
    monkeypatch.setattr(passwords, "RFC_9106_LOW_MEMORY", CHEAPEST)
    # Nobody else is there who would have to follow.
    monkeypatch.setattr(Fleet, "settle", lambda fleet: None)
    monkeypatch.setenv("MIGRATEKIT_APP", "blog:connection")
    monkeypatch.syspath_prepend(folder)
    make_wordpress()
    (_, application), *_ = BLOCK.findall(PLAN.read_text())
    Path("blog.py").write_text(application)
    blog = importlib.import_module("blog")
    with blog.store, blog.source:
        yield blog
        for each in list(recorders):
            each.close()


def run(words, file):
    if not file:
        return main(words)
    with Path(file).open("w") as out, redirect_stdout(out):
        return main(words)


def test_plan(blog):
    """
    The plan can be followed from top to bottom.
    """
    done = []
    for kind, block in BLOCK.findall(PLAN.read_text())[1:]:
        if kind == "python":
            exec(block, vars(blog))
            continue
        for words, file in commands_in(block):
            if words == ["users"]:
                assert blog.connection().authenticate("ada", "correct horse").migrated
            done.append(" ".join(words))
            code = run(words, file)
            assert code in ({0, 1} if done[-1].startswith(MAY_FIND) else {0}), done

    assert {command.name for command in COMMANDS} - ELSEWHERE <= {
        make_parser(COMMANDS).parse_args(words.split()).command.name for words in done
    }
    assert {"ada@example.com", "bob@example.com", "cyd@example.com"} == {
        user.email for user in blog.connection().users()
    }
    assert [False, True, False] == [
        cut_over
        for cut_over, _ in groupby(
            change.options["cut_over"] for change in blog.management.history("blog")
        )
    ]
