"""
The documentation is whole.
"""

import ast
import re
from pathlib import Path

import pytest


ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "migratekit"
PAGES = sorted(ROOT.glob("docs/*.md"))
OURS = ("src", "tests", "docs", "benchmarks", "tools", ".ci")


def test_index():
    """
    Every page is reached from the index.
    """
    index = ROOT.joinpath("docs/index.md").read_text()
    trees = re.findall(r"```\{toctree\}(.*?)```", index, re.DOTALL)
    entries = re.findall(r"^[a-z][a-z*-]*$", "".join(trees), re.MULTILINE)

    reached = {path.stem for entry in entries for path in ROOT.glob(f"docs/{entry}.md")}

    assert {page.stem for page in PAGES} - {"index"} == reached


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_links(name):
    """
    Every file that README and changelog link to is there.
    """
    links = re.findall(r"\]\((?!https?:)([^)#]+)", ROOT.joinpath(name).read_text())

    assert [] == [link for link in links if not ROOT.joinpath(link).exists()]


def test_readme():
    """
    The README fits on a screen or two, and has both commands.
    """
    readme = ROOT.joinpath("README.md").read_text()

    assert len(readme.splitlines()) <= 120
    assert (
        "python3 -m venv .venv && . .venv/bin/activate && "
        'python -m pip install -e ".[sql,passlib]" && python -m migratekit demo'
    ) in readme
    assert "python -m pip install nox uv && nox" in readme


def test_changelog():
    """
    The changelog names every public method of a connection.
    """
    changelog = ROOT.joinpath("CHANGELOG.md").read_text()
    source = PACKAGE.joinpath("connection.py").read_text()

    methods = set(re.findall(r"^    def ([a-z]\w*)\(", source, re.MULTILINE))

    assert set() == {name for name in methods if f"{name}()" not in changelog}


def public_modules():
    """
    Yield the name and tree of every module whose names are for others.

    What makes up `migratekit.formats` is reached through it and its presets.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        private = re.search(r"\._|\.demo\b|\.cli\b|\.formats\.(?!presets$)", name)
        if not private:
            yield name, ast.parse(path.read_text())


def public_names(tree):
    """
    Return what a module lists as public, or else the classes and functions in it.
    """
    for node in tree.body:
        if isinstance(node, ast.Assign) and "__all__" == ast.unparse(node.targets[0]):
            return set(ast.literal_eval(node.value))
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return {
        node.name
        for node in tree.body
        if isinstance(node, kinds) and not node.name.startswith("_")
    }


def documented():
    """
    Return what the pages generate from docstrings: names, or modules as a whole.
    """
    found = set()
    for page in PAGES:
        directive = re.compile(
            r"^ *(?:\.\. |```+\{)auto(?P<kind>module|class|function|data)(?:::|\}) *"
            r"(?P<name>\S+)(?P<options>(?:\n *:.*)*)",
            re.MULTILINE,
        )
        for match in directive.finditer(page.read_text()):
            listed = re.search(r":members: (.+)", match["options"])
            names = listed[1].split(", ") if listed else []
            found |= {f"{match['name']}.{name}" for name in names} or {match["name"]}
    return found


def test_reference():
    """
    Every public name has its docstring on a page.
    """
    pages = documented()
    names = {module: public_names(tree) for module, tree in public_modules()}
    shown = {
        name
        for module, public in names.items()
        for name in public
        if {module, f"{module}.{name}", f"migratekit.{name}"} & pages
    }

    missing = {
        f"{module}.{name}"
        for module, public in names.items()
        for name in public - shown
        if f"{module}.{name}" not in names
    }

    assert set() == missing


def test_no_place():
    """
    No file names the machine that it was written on, or where its packages came from.
    """
    # In pieces, so that this file is none of them.
    places = [
        "/" + "work/",
        "/" + "tmp/venv",
        "/" + "root/",
        ".." + "/shared",
        "/" + "opt/pypi",
        "DESIGN" + ".md",
    ]
    files = [path for name in OURS for path in ROOT.joinpath(name).rglob("*")]
    # The root by its own kinds of file: coverage leaves its data there, with full paths.
    ours = [path for kind in ("md", "toml", "py") for path in ROOT.glob(f"*.{kind}")]
    texts = {
        path: path.read_text(errors="replace")
        for path in [*files, *ours, ROOT / "LICENSE", ROOT / ".gitignore"]
        if path.is_file()
        and not {"_build", "__pycache__", ".hypothesis"} & {*path.parts}
        and not path.match("benchmarks/*.json")
    }

    assert len(texts) > len(PAGES)
    assert set() == {
        f"{path.relative_to(ROOT)}: {place}"
        for path, text in texts.items()
        for place in places
        if place in text
    }
