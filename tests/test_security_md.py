"""
What is said of security names tests that there are.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest


ROOT = Path(__file__).parent.parent
PAGES = ("SECURITY.md", "docs/what-attackers-try.md")
# How many requirements ASVS 5.0.0 has in each section that is gone through.
SECTIONS = {
    "2.2": 3,
    "2.3": 5,
    "2.4": 2,
    "6.1": 3,
    "6.2": 12,
    "6.3": 8,
    "6.4": 6,
    "6.5": 8,
    "6.8": 4,
    "11.2": 5,
    "11.4": 4,
    "11.5": 2,
    "13.1": 4,
    "14.2": 8,
    "15.3": 7,
    "15.4": 4,
    "16.2": 5,
    "16.3": 4,
    "16.4": 3,
    "16.5": 4,
}


def named(text):
    """
    Return the tests that *text* names, as files and functions.
    """
    return re.findall(r"`([\w/]+\.py)::(\w+)`", text)


def rows(text):
    """
    Return the cells of the rows of all tables in *text*, but for their headings.
    """
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [
        row
        for row, after in zip(cells, [*cells[1:], [""]], strict=True)
        if "---" not in row and "---" not in after
    ]


def requirements():
    """
    Return where each requirement of the table is shown, by its number.
    """
    table = rows(ROOT.joinpath("SECURITY.md").read_text())
    return {row[0]: row[2] for row in table if re.fullmatch(r"\d+\.\d+\.\d+", row[0])}


@pytest.mark.parametrize("page", PAGES)
def test_named(page):
    """
    Every test that a page names is there, and no name is written in another way.
    """
    text = ROOT.joinpath(page).read_text()
    missing = set()
    for file, name in named(text):
        path = ROOT / "tests" / file
        tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if name not in tests:
            missing.add(f"{file}::{name}")

    assert set() == missing
    assert text.count("::test_") == len(named(text)) > 50


def test_whole():
    """
    Every requirement of the sections is there once, in order.
    """
    numbers = [tuple(map(int, number.split("."))) for number in requirements()]
    table = ROOT.joinpath("SECURITY.md").read_text()

    sections = Counter(f"{chapter}.{section}" for chapter, section, _ in numbers)
    assert SECTIONS == sections
    assert sorted(numbers) == numbers
    assert len(numbers) == len(re.findall(r"^\| \d", table, re.MULTILINE))
    for section, count in SECTIONS.items():
        assert {f"{section}.{n + 1}" for n in range(count)} <= {*requirements()}


def test_shown():
    """
    Each is shown by a test or a page, or it is plainly the application's business.
    """
    unclear = {
        number: where
        for number, where in requirements().items()
        if not (named(where) or where.startswith("*yours*") or "](docs/" in where)
    }

    assert {} == unclear


def test_every_threat():
    """
    Each threat has the test that shows what becomes of it.
    """
    threats = rows(ROOT.joinpath("docs/what-attackers-try.md").read_text())

    assert len(threats) > 40
    assert [] == [row[0] for row in threats if not named(row[-1])]


def test_links():
    """
    Every page that SECURITY.md links to is there.
    """
    links = re.findall(r"\]\(([^)#]+)", ROOT.joinpath("SECURITY.md").read_text())

    assert links
    assert [] == [link for link in links if not ROOT.joinpath(link).exists()]
