"""
Changes the library in one small way after another, and lists what no test noticed.

``nox -s mutants -- proof layout --workers 2``
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from mutant_subjects import SUBJECTS, Subject


ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build" / "mutants"
KNOWN = Path(__file__).parent / "survivors.toml"
# What the tests read, besides src and tests.
COPIED = ("conftest.py", "README.md")
SETTINGS = {
    "source_paths": ["src"],
    "also_copy": list(COPIED),
    # What an error says is for people; that it is raised is tested.
    "do_not_mutate_patterns": [r"\braise [\w.]+\("],
    "track_dependencies": False,
    "use_git_change_detection": False,
    # What the tests have cached without a mutant must not answer for one.
    "process_isolation": "forkserver",
}
PYTEST = (
    *("-p", "no:xdist", "-p", "no:cacheprovider"),
    # The same examples for each mutant, and each time.
    "--hypothesis-seed=0",
)
_BROKEN = 255
# What mutmut writes down of pytest's exit; all others count as killed.
CODES = {
    0: "survived",
    5: "untested",
    33: "untested",
    # Such as a test whose name is another one in each process.
    _BROKEN: "broken",
    None: "unfinished",
}
_CODES = "exit_code_by_key"
ALIVE = ("survived", "untested", "broken")
FATES = ("killed", *ALIVE, "unfinished")


@attrs.frozen(order=True)
class Change:
    """
    How a mutant differs from the library, in words that outlast other changes.
    """

    file: str
    function: str
    old: str
    new: str


@attrs.frozen
class Mutant:
    """
    A function that was changed, and what became of it.
    """

    file: str
    name: str
    fate: str

    @property
    def function(self) -> str:
        """
        The function as people write it: ``Layout.read``.
        """
        mangled = self.name.rpartition(".")[2].partition("__mutmut_")[0]
        return mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Print what became of the mutants, and return how many are alive for no reason.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    names = [subject.name for subject in SUBJECTS]
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(names)}")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument(
        "--resume", action="store_true", help="go on where a run was stopped"
    )
    parser.add_argument(
        "--again", action="store_true", help="only what was alive the last time"
    )
    options = parser.parse_args(arguments)
    unknown = {*options.subjects} - {*names}
    if unknown:
        parser.error(f"no subjects: {', '.join(sorted(unknown))}")

    reasons = known()
    unexpected = 0
    for subject in SUBJECTS:
        if options.subjects and subject.name not in options.subjects:
            continue
        folder = BUILD / subject.name
        began = time.perf_counter()
        prepare(subject, folder, fresh=not options.resume and not options.again)
        if options.again:
            forget(subject, folder)
        run(folder, options.workers)
        retry(subject, folder)
        seconds = time.perf_counter() - began
        unexpected += report(subject, folder, reasons, seconds)
    return min(unexpected, 100)


def prepare(subject: Subject, folder: Path, *, fresh: bool) -> None:
    """
    Make the folder in which mutmut runs: the project, with a configuration for it.
    """
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("src", "tests", *COPIED):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT / name)
    # Which tests call what is found out anew.
    (folder / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    (folder / "pyproject.toml").write_text(_configuration(subject), "utf-8")


def _configuration(subject: Subject) -> str:
    settings = SETTINGS | {
        "only_mutate": [f"src/migratekit/{file}" for file in subject.files],
        "pytest_add_cli_args": [*PYTEST, "-k", subject.only],
        "pytest_add_cli_args_test_selection": [
            f"tests/{test}" for test in subject.tests
        ],
    }
    ours = (ROOT / "pyproject.toml").read_text("utf-8")
    # Of JSON, these values are TOML, too.
    lines = (f"{name} = {json.dumps(value)}" for name, value in settings.items())
    return "\n".join((ours, "[tool.mutmut]", *lines, ""))


def run(folder: Path, workers: int) -> None:
    """
    Let mutmut try out the mutants that it has not tried yet.

    Raises:
        SystemExit: If the tests fail without a mutant.
    """
    command = ["mutmut", "run", "--max-children", str(workers)]
    log = folder / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(
            command,
            cwd=folder,
            env=_environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"mutmut broke down, see {log}:\n{log.read_text()[-2000:]}")


def retry(subject: Subject, folder: Path) -> None:
    """
    Run the tests alone for every mutant for which mutmut could not run them.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", *PYTEST, "-k", subject.only]
    for path in (_written(folder, file) for file in subject.files):
        written = _read(path)
        codes = written[_CODES]
        for name in [name for name, code in codes.items() if code == _BROKEN]:
            done = subprocess.run(
                [*command, *(f"tests/{test}" for test in subject.tests)],
                cwd=folder / "mutants",
                env=_environment() | {"MUTANT_UNDER_TEST": name, "PYTHONPATH": "src"},
                stdout=subprocess.DEVNULL,
                check=False,
            )
            codes[name] = done.returncode
        path.write_text(json.dumps(written), "utf-8")


def _environment() -> dict[str, str]:
    # The path of a developer would have the library itself come before its mutants.
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def mutants(subject: Subject, folder: Path) -> list[Mutant]:
    """
    Return what mutmut has written down.
    """
    return [
        Mutant(file, name, CODES.get(code, "killed"))
        for file in subject.files
        for name, code in _read(_written(folder, file))[_CODES].items()
    ]


def forget(subject: Subject, folder: Path) -> None:
    """
    Let the mutants that were alive count as never tried.
    """
    for path in (_written(folder, file) for file in subject.files):
        if path.exists():
            written = _read(path)
            for name, code in written[_CODES].items():
                if code in CODES:
                    written[_CODES][name] = None
            path.write_text(json.dumps(written), "utf-8")


def _written(folder: Path, file: str) -> Path:
    return folder / "mutants" / "src" / "migratekit" / f"{file}.meta"


def _read(path: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return written


def known() -> dict[Change, str]:
    """
    Return the survivors that are to be expected, each with its reason.
    """
    reasons = {}
    for reason in tomllib.loads(KNOWN.read_text("utf-8"))["reason"]:
        for file, function, old, new in reason["changes"]:
            reasons[Change(file, function, old, new)] = reason["why"]
    return reasons


def change(mutant: Mutant, folder: Path) -> Change:
    """
    Return how *mutant* differs from the library.
    """
    # Only who runs the session has it.
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    with contextlib.chdir(folder):
        diff = get_diff_for_mutant(mutant.name, path=f"src/migratekit/{mutant.file}")
    return Change(mutant.file, mutant.function, *difference(diff))


def difference(diff: str) -> tuple[str, str]:
    """
    Return what a unified *diff* removes and what it adds, each in one line.
    """
    # The names of the files come before the first @@.
    lines = diff.partition("\n@@")[2].splitlines()[1:]
    sides = ("-", "+")
    removed, added = (
        " ".join(line[1:].strip() for line in lines if line.startswith(side))
        for side in sides
    )
    return removed, added


def report(
    subject: Subject, folder: Path, reasons: dict[Change, str], seconds: float
) -> int:
    """
    Print what became of the mutants of *subject*, and return how many surprise.
    """
    found = mutants(subject, folder)
    for file in subject.files:
        fates = Counter(mutant.fate for mutant in found if mutant.file == file)
        figures = ", ".join(f"{fates[fate]} {fate}" for fate in FATES if fates[fate])
        print(f"{file}: {fates.total()} mutants, {figures}")
    print(f"{subject.name}: {seconds:.0f} s", flush=True)

    alive = {change(m, folder): m for m in found if m.fate in ALIVE}
    expected = {change for change in reasons if change.file in subject.files}
    for made in sorted(alive.keys() - expected):
        _print(f"{alive[made].fate} ({alive[made].name})", made)
    for made in sorted(expected - alive.keys()):
        _print("known as a survivor, and is none", made)
    return len(alive.keys() ^ expected)


def _print(what: str, made: Change) -> None:
    print(f"\n{made.file} {made.function}: {what}", flush=True)
    print(f"  - {made.old}\n  + {made.new}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
