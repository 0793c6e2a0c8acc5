"""
What is checked, and how.  ``nox`` alone is for every change; ``nox -l`` lists the rest.
"""

import os
import subprocess
import sys
from pathlib import Path

import nox


nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "typing", "tests", "docs"]
os.environ["UV_PYTHON_DOWNLOADS"] = "never"

PYPROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = ".[sql,passlib,async,http,ldap,mongodb,cognito,limits,testing]"
# A test that hangs shall say so itself, and not whoever waits for the whole run.
ALONE = ("pytest", "--timeout=900")
# One more than there are processors: a quarter of the time, a test waits for somebody.
PYTEST = (*ALONE, f"--numprocesses={(os.cpu_count() or 1) + 1}")
SERVERS = (
    "MIGRATEKIT_TEST_POSTGRESQL",
    "MIGRATEKIT_TEST_MARIADB",
    "MIGRATEKIT_TEST_REDIS",
    "MIGRATEKIT_TEST_CHROMIUM",
)


def _runs(version: str) -> bool:
    """
    Return whether there is a Python *version*; a shim that starts none is not one.
    """
    if version == OURS:
        return True
    try:
        done = subprocess.run(  # noqa: S603 -- a name from our own classifiers
            [f"python{version}", "-c", ""], capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
SUPPORTED = nox.project.python_versions(PYPROJECT)
PYTHONS = [version for version in SUPPORTED if _runs(version)]
MISSING = [version for version in SUPPORTED if version not in PYTHONS]
if not PYTHONS:
    raise SystemExit(f"No Python of {', '.join(SUPPORTED)} is here.")
MEASURED = OURS if OURS in PYTHONS else PYTHONS[0]


def _group(name: str) -> tuple[str, ...]:
    return tuple(nox.project.dependency_groups(PYPROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """
    Check the style of the code.
    """
    session.install(*_group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """
    Check the types, also of code that uses the library as an application does.
    """
    session.install("-e", EXTRAS, *_group("typing"))
    session.run("mypy")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """
    Run all tests that need no server, the code of README and docs included.
    """
    if MISSING:
        session.log("Skipped, because they are not here: %s", ", ".join(MISSING))
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"))
    session.run(*PYTEST, *session.posargs)


@nox.session(python=MEASURED)
def coverage(session: nox.Session) -> None:
    """
    Demand that the tests take every branch; to be watched, they need twice the time.
    """
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"))
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", *PYTEST, *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report")


@nox.session
def docs(session: nox.Session) -> None:
    """
    Build the documentation in docs/_build; a warning is an error.
    """
    session.install("-e", EXTRAS, *_group("docs"))
    # From scratch, because a warning is given only for what is read.
    session.run("sphinx-build", "-E", "-W", "--keep-going", "docs", "docs/_build")


@nox.session
def services(session: nox.Session) -> None:
    """
    Run the tests against the servers, and in the browser, that MIGRATEKIT_TEST_* name.
    """
    unset = [name for name in SERVERS if not os.environ.get(name)]
    if unset:
        session.error(f"Name the test servers and the browser: {', '.join(unset)}")
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"))
    session.env["MIGRATEKIT_REQUIRE_SERVICES"] = "1"
    paths = (
        "tests/stores",
        "tests/sources",
        "tests/storms",
        "tests/linearizability",
        "tests/throttles",
        "tests/management",
        "tests/cli/test_cli_schema.py",
        "tests/cli/test_cli_scale.py",
        "tests/cli/test_cli_fleet.py",
        "tests/cli/test_cli_path.py",
        "tests/report/test_report_browser.py",
    )
    other = "--ignore=tests/sources/test_h2.py"  # Has a session of its own.
    session.run(*ALONE, *paths, other, *session.posargs)


@nox.session
@nox.parametrize(
    "installed",
    [
        nox.param(("libpass>=1.9", "bcrypt>=5"), id="libpass-bcrypt5"),
        nox.param(("libpass>=1.9", "bcrypt>=4.3,<5"), id="libpass-bcrypt4"),
        nox.param(("passlib==1.7.4", "bcrypt>=4.3,<5"), id="passlib-bcrypt4"),
        nox.param(("passlib==1.7.4", "bcrypt>=5"), id="passlib-bcrypt5"),
    ],
)
def passlib(session: nox.Session, installed: tuple[str, ...]) -> None:
    """
    Run the tests of the formats over both passlibs and both generations of bcrypt.
    """
    extras = ".[sql,async,http,ldap,mongodb,cognito]"
    session.install("-e", extras, *_group("tests"), *_group("drivers"), *installed)
    session.env["MIGRATEKIT_VECTORS"] = "all"
    session.run(*PYTEST, "tests/formats", "tests/sources", *session.posargs)


@nox.session
def formats(session: nox.Session) -> None:
    """
    Run the tests of the formats alone, and wrap every vector.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    session.env["MIGRATEKIT_VECTORS"] = "all"
    session.run(*PYTEST, "tests/formats", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """
    Throw a million inputs at each parser and door, and as many hashes at the formats.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    session.run("python", "tests/fuzz/fuzz_targets.py", *session.posargs)
    if not session.posargs:
        session.run("python", "tests/fuzz/fuzz_formats.py")


@nox.session
def timing(session: nox.Session) -> None:
    """
    Time thousands of failing logins of every kind, and try to tell them apart.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    session.run("python", "tests/timing/timing_logins.py", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """
    Let thousands log in while the source hangs, dies and returns.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    session.run("python", "tests/load/load_outage.py", *session.posargs)


@nox.session
def laws(session: nox.Session) -> None:
    """
    Play the world, and the model against the stores, forty times as long.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    session.env["MIGRATEKIT_EXAMPLES"] = "40"
    session.run(
        *PYTEST, "tests/test_laws.py", "tests/test_machine.py", *session.posargs
    )


@nox.session
def planted(session: nox.Session) -> None:
    """
    Plant one bug after another; a test that is named for it must notice each.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    session.run("python", "tests/planted/plant.py", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """
    Change one small thing after another; every mutant must be noticed, or known.
    """
    session.install("-e", EXTRAS, *_group("tests"), *_group("mutants"))
    session.run("python", "tests/mutants/mutant_session.py", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """
    Measure, and write the figures to benchmarks/*.json.
    """
    session.install("-e", EXTRAS, *_group("drivers"))
    for script in sorted(Path("benchmarks").glob("*.py")):
        session.run("python", str(script), *session.posargs)


@nox.session
def races(session: nox.Session) -> None:
    """
    Let many want the same users at once: 10,000 first logins on each database.
    """
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"))
    session.env["MIGRATEKIT_RACES"] = "10000"
    session.env["MIGRATEKIT_REQUIRE_SERVICES"] = "1"
    session.run("pytest", "-s", "tests/storms/test_storm_races.py", *session.posargs)


@nox.session
def crashes(session: nox.Session) -> None:
    """
    Kill a process at every step, statement and commit of every operation.
    """
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"))
    session.env["MIGRATEKIT_CRASHES"] = "all"
    session.env["MIGRATEKIT_REQUIRE_SERVICES"] = "1"
    session.run("pytest", "-s", "tests/storms/test_storm_crashes.py", *session.posargs)


@nox.session
def linearizability(session: nox.Session) -> None:
    """
    Look for an order that explains what real processes and threads were answered.
    """
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"))
    script = "tests/linearizability/linear_session.py"
    session.run("python", script, *session.posargs)


# A Java machine in the process may keep it from ending, or abort it in the end.
_EXIT_AT_ONCE = """
import os, sys, pytest
code = pytest.main(["--timeout=900", *sys.argv[1:]])
sys.stdout.flush()
os._exit(code)
"""


@nox.session
def interleavings(session: nox.Session) -> None:
    """
    Play all pairs of operations in every order of their steps, and 10^6 of triples.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    script = "tests/interleavings/interleaving_session.py"
    session.run("python", script, *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """
    Let every step of every operation fail, in every way, over memory and SQLite.
    """
    session.install("-e", EXTRAS, *_group("tests"))
    session.run("python", "tests/interleavings/fault_session.py", *session.posargs)


@nox.session
def cli(session: nox.Session) -> None:
    """
    Move 100,000 users by the command line, or cut them off, and interrupt it.
    """
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"))
    session.env["MIGRATEKIT_CLI_USERS"] = "100000"
    session.run(*ALONE, "-s", "tests/cli/test_cli_scale.py", *session.posargs)


@nox.session
def h2(session: nox.Session) -> None:
    """
    Run the queries for Oracle and SQL Server in H2's modes of them; needs Java.
    """
    session.install("-e", EXTRAS, *_group("tests"), *_group("drivers"), *_group("h2"))
    jar = os.environ.get("MIGRATEKIT_TEST_H2", "/usr/share/java/h2.jar")
    session.env["MIGRATEKIT_TEST_H2"] = jar
    session.run(
        "python", "-c", _EXIT_AT_ONCE, "tests/sources/test_h2.py", *session.posargs
    )
