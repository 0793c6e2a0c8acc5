"""
The how-tos of products, and the table of all sources: their code runs, and what they
name is there.
"""

import ast
import importlib
import re
import sys

import pytest
from product_cases_other import CASES as OTHER_CASES
from product_cases_php import CASES as PHP_CASES
from product_grants import DOCS

from migratekit.sources import products
from migratekit.sources.sql import WalkableSQLSource


ROOT = DOCS.parent
SOURCES = ROOT / "src" / "migratekit" / "sources"
FUNCTIONS = {name for name in products.__all__ if name.islower()}
PAGES = sorted(
    page
    for page in DOCS.glob("howto-from-*.md")
    if "howto-from-products`" in page.read_text()
)
CODE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SERVER = re.compile(r'"(?:mysql|postgresql)\+[a-z]+://[^"]*"')
ROW = re.compile(r"^\| [^-].*\|$", re.MULTILINE)
NAMED = re.compile(r"`([^`]+)`")


def _rows():
    """
    Return the rows of the table of all sources: system, call, test, peer, page.
    """
    found = []
    for line in ROW.findall((DOCS / "sources.md").read_text()):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 5 and cells[1] != "call":
            found.append(cells)
    return found


ROWS = _rows()
IDS = [row[0] for row in ROWS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code(page):
    """
    What the page tells the reader to paste makes a source, on whatever database.
    """
    names = {}
    for code in CODE.findall(page.read_text()):
        exec(SERVER.sub('"sqlite:///copy.db"', code), names)

    made = [value for value in names.values() if isinstance(value, WalkableSQLSource)]
    assert made


def test_pages():
    """
    Every product has a page, which the page of all products links.
    """
    overview = (DOCS / "howto-from-products.md").read_text()
    shown = set()
    for page in PAGES:
        assert f"{{doc}}`{page.stem}`" in overview
        shown |= set(re.findall(r"products\.(\w+)\(", page.read_text()))

    assert shown == FUNCTIONS
    assert {name for name in FUNCTIONS if f"`{name}()`" in overview} == FUNCTIONS


def _defined(path):
    """
    Return what the module or package at *path* defines or passes on.
    """
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
            if isinstance(node, ast.ClassDef):
                names |= {
                    f"{node.name}.{item.name}"
                    for item in node.body
                    if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
                }
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_call(row):
    """
    Every row names functions or classes that are there, and public.
    """
    for call in NAMED.findall(row[1]):
        module, _, name = call.partition(".")
        path = SOURCES / f"{module}.py"
        if not path.exists():
            path = SOURCES / module / "__init__.py"

        assert not name.startswith("_")
        assert name in _defined(path), call


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_proof(row):
    """
    Every row names tests that are there.
    """
    tests = NAMED.findall(row[2])
    assert tests
    for test in tests:
        file, _, name = test.partition("::")
        assert name in _defined(ROOT / "tests" / "sources" / file), test


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_page(row):
    """
    Every row names a page that is there and shows the first call.
    """
    (page,) = re.findall(r"\{doc\}`([^`]+)`", row[4])
    text = (DOCS / f"{page}.md").read_text()

    assert NAMED.findall(row[1])[0].rpartition(".")[2] in text


def test_all_products():
    """
    Every product is in the table, with the servers that its tests run on.
    """
    wanted = {
        name: {
            {"mysql": "MariaDB", "postgresql": "PostgreSQL"}[backend]
            for case in (*PHP_CASES, *OTHER_CASES)
            if case.name == name and case.grants
            for backend in case.ddl
        }
        for name in FUNCTIONS
    }
    claimed = {
        call.removeprefix("products."): {
            server for server in ("MariaDB", "PostgreSQL") if server in row[3]
        }
        for row in ROWS
        for call in NAMED.findall(row[1])
        if call.startswith("products.")
    }

    assert wanted == claimed


def test_without_sqlalchemy(monkeypatch):
    """
    Without SQLAlchemy the error says what to install.
    """
    name = "migratekit.sources._database"
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.delitem(sys.modules, name)

    with pytest.raises(ImportError, match=r"migratekit\[sql\]"):
        importlib.import_module(name)
