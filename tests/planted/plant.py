"""
Plants one bug after another in a copy of the library, and demands that tests notice.
"""

import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs
from bug import Bug
from bugs import BUGS


ROOT = Path(__file__).parent.parent.parent
# A test that breaks down in another way may only have noticed that a patch is bad.
KILLS = re.compile(r"AssertionError|assert |Failed: |migratekit\.errors\.\w+")


@attrs.frozen
class Outcome:
    """
    What became of a bug; *fault* says why it is not dead.
    """

    killed_by: tuple[str, ...]
    fault: str | None
    seconds: float


class Copy:
    """
    A copy of the library in *folder*, in which bugs are planted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._moments = itertools.count(1)
        self._src = shutil.copytree(ROOT / "src", folder / "src")

    def try_out(self, bug: Bug) -> Outcome:
        """
        Plant a bug, and return who has noticed it: each of its tests has to.
        """
        began = time.perf_counter()
        file = self._src / "migratekit" / bug.file
        healthy = file.read_text("utf-8")
        failed: dict[str, str] = {}
        try:
            self._write(file, bug.planted(healthy))
            failed = self.failures(bug.tests)
            fault = _fault(bug, failed)
        except ValueError as error:
            fault = str(error)
        self._write(file, healthy)
        return Outcome(tuple(failed), fault, time.perf_counter() - began)

    def failures(self, tests: Sequence[str]) -> dict[str, str]:
        """
        Run tests against the copy, and return how those failed that did.

        Raises:
            ValueError: If pytest could not run them.
        """
        report = self._folder / "report.xml"
        options = ["-q", "-n", "0", "-p", "no:cacheprovider", f"--junit-xml={report}"]
        if len(tests) == 1:
            options.append("-x")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode not in {0, 1}:
            raise ValueError(f"pytest broke down: {done.stdout[-2000:]}{done.stderr}")
        failed: dict[str, str] = {}
        for case in ET.parse(report).iter("testcase"):
            name = f"{case.get('classname')}.{str(case.get('name')).partition('[')[0]}"
            for problem in (*case.iter("failure"), *case.iter("error")):
                failed.setdefault(name, f"{problem.tag}: {problem.get('message')}")
        return failed

    def _write(self, file: Path, text: str) -> None:
        file.write_text(text, "utf-8")
        # What is compiled goes by the second; each text gets one of its own.
        moment = next(self._moments)
        os.utime(file, (moment, moment))

    def _environment(self) -> dict[str, str]:
        # What measures the coverage of this process would measure the copy, too.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("COV", "PYTEST_", "PYTHONDONTWRITEBYTECODE"))
        }
        return kept | {
            "PYTHONPATH": str(self._src),
            "PYTHONPYCACHEPREFIX": str(self._folder / "compiled"),
        }


def dotted(test: str) -> str:
    """
    Return the id of a test as reports have it.
    """
    return test.replace(".py::", ".").replace("::", ".").replace("/", ".")


def _fault(bug: Bug, failed: dict[str, str]) -> str | None:
    for test in map(dotted, bug.tests):
        if test not in failed:
            return f"{test} passes"
        tag, _, message = failed[test].partition(": ")
        if tag != "failure" or not KILLS.match(message):
            return f"{test} breaks down: {failed[test]}"
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Print what became of every bug, and return how many live.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only bugs named with one of these")
    words = parser.parse_args(arguments).words
    bugs = [bug for bug in BUGS if not words or any(word in bug.name for word in words)]

    alive = 0
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        broken = copy.failures([*dict.fromkeys(t for bug in bugs for t in bug.tests)])
        if broken:
            print("These fail without a bug:", *broken)
            return 1
        for bug in bugs:
            outcome = copy.try_out(bug)
            alive += outcome.fault is not None
            verdict = "" if outcome.fault is None else f"ALIVE: {outcome.fault} "
            killers = ", ".join(
                name.removeprefix("tests.") for name in outcome.killed_by
            )
            print(
                f"{bug.name:72}  {bug.law:>3}  {outcome.seconds:5.1f} s  "
                f"{verdict}{killers}",
                flush=True,
            )
    seconds = time.perf_counter() - began
    print(
        f"{len(bugs)} bugs, {len(bugs) - alive} killed, {alive} alive, {seconds:.0f} s"
    )
    return alive


if __name__ == "__main__":
    sys.exit(main())
