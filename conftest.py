"""
Runs the code of README and docs, and sees to it that required servers are there.
"""

import os
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser


def _enter_folder(namespace: dict[str, Any]) -> None:
    """
    Let a page's code make its files in a folder of its own.
    """
    namespace["_folder"] = TemporaryDirectory()
    namespace["_back"] = Path.cwd()
    os.chdir(namespace["_folder"].name)


def _leave_folder(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_back"])
    namespace["_folder"].cleanup()


pytest_plugins = ["tally"]
pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md"],
    # tests/cli/test_cli_docs.py does, with the commands that are between.
    excludes=["docs/plan-a-migration.md"],
    setup=_enter_folder,
    teardown=_leave_folder,
).pytest()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """
    Keep the code blocks of a page on one worker, because each needs those before it.
    """
    # Not at the top, because the tests run without pytest-xdist, too.
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415

    class ByPage(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            page = nodeid.partition("::")[0]
            return page if page.endswith(".md") else nodeid

        def mark_test_complete(
            self, node: Any, item_index: int, duration: float = 0
        ) -> None:
            super().mark_test_complete(node, item_index, duration)
            # What is done is counted again after every test: 20,000 would take minutes.
            given = self.assigned_work[node]
            scope = self._split_scope(self.registered_collections[node][item_index])
            if all(given[scope].values()):
                del given[scope]

    return ByPage(config, log)


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """
    Keep hashes out of the names of tests: a fresh salt is another name on each worker.
    """
    return argname if isinstance(val, str) and "$" in val else None


def _required(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """
    Return whether *report* is of a skip for want of a server that is required.
    """
    return (
        bool(os.environ.get("MIGRATEKIT_REQUIRE_SERVICES"))
        and report.skipped
        and "MIGRATEKIT_TEST_" in str(report.longrepr)
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """
    Fail a test that was skipped for want of a server, where servers are required.
    """
    report = yield
    if _required(report):
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """
    Fail a module that was skipped for want of a server, where servers are required.
    """
    report = yield
    if _required(report):
        report.outcome = "failed"
        report.longrepr = str(report.longrepr)
    return report
