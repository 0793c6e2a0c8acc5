"""
The layers of the package: imports point downward, and nowhere else.
"""

import ast
from pathlib import Path

import pytest

import migratekit


ROOT = Path(migratekit.__file__).parent
# From the top; modules of one line may import one another only within their package.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("demo",),
    ("report",),
    ("overview",),
    ("testing",),
    ("preflight", "switching"),
    ("_surveying",),
    ("__init__",),
    ("connection", "async_connection", "recorder"),
    ("_ending",),
    ("_migration",),
    ("_parts",),
    ("management",),
    ("_following",),
    ("_assembly",),
    ("_flows", "stores", "sources", "throttles"),
    ("_run",),
    ("_steps", "_engine"),
    ("_guard",),
    ("_calls",),
    ("_circuit",),
    ("_meter",),
    ("_signing",),
    ("_desks",),
    (
        "imports",
        "password_rules",
        "finish",
        "_findings",
        "_fingerprints",
        "_judging",
    ),
    ("_tokens", "formats", "passwords"),
    ("protocols", "validation", "throttle", "settings", "statistics"),
    ("policy", "audit", "_columns", "hashing"),
    ("events", "errors"),
    ("models", "_chunks", "sketch"),
    ("_fields", "_forking", "_faults"),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def all_imported_by(path):
    """
    Return the full names of what the module at *path* imports, wherever it does.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert 0 == node.level, f"{path} has a relative import."
            names = [node.module]
            if node.module == "migratekit":
                names = [f"migratekit.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from names


def imported_by(path):
    """
    Return the top-level parts of the package that the module at *path* imports.
    """
    for name in all_imported_by(path):
        package, _, rest = name.partition(".")
        if package == "migratekit":
            yield rest.partition(".")[0]


def part_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def is_face(name):
    """
    Return whether *name* is a class of the package's face, not a module.
    """
    return name not in RANK and name in migratekit.__all__


def test_downward():
    """
    Every import inside the package points to a lower layer or into its own package.
    """
    wrong = []
    for path in sorted(ROOT.rglob("*.py")):
        own = part_of(path)
        for other in imported_by(path):
            target = "__init__" if is_face(other) else other
            if target != own and RANK[target] <= RANK[own]:
                wrong.append(f"{path.relative_to(ROOT)} imports {other}")

    assert [] == wrong


def test_whole():
    """
    Every part of the package has its layer, and every layer its part.
    """
    parts = {part_of(path) for path in ROOT.rglob("*.py")}

    assert parts == set(RANK)


# What may be imported by what only decides: nothing that asks, waits or writes.
PURE = {
    "attrs",
    "collections",
    "contextlib",
    "datetime",
    "enum",
    "functools",
    "importlib",
    "itertools",
    "math",
    "re",
    "types",
    "typing",
}


@pytest.mark.parametrize("layer", ["_flows", "models", "policy", "protocols"])
def test_no_io(layer):
    """
    What only decides imports nothing that could ask, wait or write.
    """
    imported = {
        name.partition(".")[0]
        for path in ROOT.rglob("*.py")
        if part_of(path) == layer
        for name in all_imported_by(path)
    }

    assert set() == imported - PURE - {"migratekit"}


def test_size():
    """
    No module has more than about 400 lines.
    """
    long = {
        str(path.relative_to(ROOT)): lines
        for path in ROOT.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 460
    }

    assert {} == long


def test_names():
    """
    No module has a name that says nothing.
    """
    empty = {"utils", "helpers", "common", "base", "manager"}

    assert set() == {path.stem.strip("_") for path in ROOT.rglob("*.py")} & empty
