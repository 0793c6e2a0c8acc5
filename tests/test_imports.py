"""
What ``import migratekit`` costs, and what it does without.
"""

import json
import subprocess
import sys

import pytest

import migratekit
from migratekit import _flows


HEAVY = (
    "aiosqlite",
    "asyncio",
    "email_validator",
    "httpcore",
    "idna",
    "itsdangerous",
    "passlib",
    "pytest",
    "sqlalchemy",
)


def modules_after(statement):
    """
    Return what a fresh interpreter has imported after *statement*.
    """
    code = f"import json, sys; {statement}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    return set(json.loads(done.stdout))


def test_light():
    """
    Neither the heavy libraries nor any adapter are imported with the package.
    """
    before = modules_after("import attrs, argon2")

    added = modules_after("import attrs, argon2, migratekit") - before

    assert set() == added & set(HEAVY)
    adapters = {
        name
        for name in added
        if name.startswith(("migratekit.stores.", "migratekit.sources."))
    }
    assert set() == adapters


def test_formats_without_passlib():
    """
    The formats are there before passlib is.
    """
    added = modules_after("import migratekit.formats")

    assert set() == added & {"passlib", "sqlalchemy"}


@pytest.mark.parametrize(
    ("module", "missing", "extra"),
    [
        ("migratekit.stores.sql", "sqlalchemy", "sql"),
        ("migratekit.stores.async_sql", "sqlalchemy", "async"),
        ("migratekit.sources.sql", "sqlalchemy", "sql"),
        ("migratekit.sources.aspnet", "sqlalchemy", "sql"),
        ("migratekit.sources.databases", "sqlalchemy", "sql"),
        ("migratekit.sources.products", "sqlalchemy", "sql"),
        ("migratekit.sources.mongodb", "pymongo", "mongodb"),
        ("migratekit.sources.ldap", "sansldap", "ldap"),
        ("migratekit.sources.cognito", "boto3", "cognito"),
        ("migratekit.sources.http", "httpcore", "http"),
        ("migratekit.sources.oauth", "httpcore", "http"),
        ("migratekit.sources.firebase", "httpcore", "http"),
    ],
)
def test_missing_extra(module, missing, extra):
    """
    An adapter whose library is missing names the extra that mends it.
    """
    code = f"import sys; sys.modules[{missing!r}] = None; import {module}"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, text=True
    )

    assert 1 == done.returncode
    assert f'pip install "migratekit[{extra}]"' in done.stderr


@pytest.mark.parametrize("package", [migratekit, _flows])
def test_unknown_name(package):
    """
    What is imported when it is asked for hides no mistake.
    """
    with pytest.raises(AttributeError, match=r"module 'migratekit.*'nonsense'"):
        _ = package.nonsense


def test_later():
    """
    A login imports neither the flows of other operations nor the async door.
    """
    code = """
import sys
from migratekit import Connection
from migratekit.sources import NoopSource
from migratekit.stores.memory import MemoryStore

door = Connection(MemoryStore(), NoopSource())
later = {"accounts", "figures", "passwords", "reset", "sign_up"}
loaded = {name.rpartition(".")[2] for name in sys.modules if "._flows." in name}
assert not later & loaded, later & loaded
door.progress()
from migratekit import AsyncConnection
"""

    subprocess.run([sys.executable, "-c", code], check=True)
