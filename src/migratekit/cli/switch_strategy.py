"""
``migratekit switch-strategy``: from strategy version 1 to 2.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs

from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError, sentence
from migratekit.cli._fleet import keeper_of
from migratekit.cli._surveys import (
    add_forms,
    finding_file,
    print_figures,
    print_findings,
    progress,
)
from migratekit.cli._tables import to_json
from migratekit.errors import (
    StaleRecordError,
    StoreUnavailableError,
    SwitchRefusedError,
)
from migratekit.events import one_line
from migratekit.management import Management
from migratekit.preflight import Finding
from migratekit.switching import SwitchReport, switch_strategy


_KEPT = 1000
_AGAIN = "Run the same command again to go on: whoever is rewritten stays so."


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what would be done, write nothing"
    )
    parser.add_argument(
        "--settings",
        metavar="ID",
        help="change strategy_version in these settings of the store, once all users "
        "are rewritten, and go through them again",
    )
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="with --settings: how long it takes until every process follows them; 10",
    )
    add_forms(parser)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 to 3600 seconds")
    return seconds


class _Noted:
    """
    Counts findings, keeps the first, and passes all of them on.
    """

    def __init__(self, note: Callable[[Finding], None] | None) -> None:
        self._note = note
        self.codes: Counter[str] = Counter()
        self.first: list[Finding] = []

    def __call__(self, finding: Finding) -> None:
        self.codes[finding.code] += 1
        if len(self.first) < _KEPT:
            self.first.append(finding)
        if self._note is not None:
            self._note(finding)


def _run(call: Call) -> int:
    options, console = call.options, call.console
    deploy = None
    if options.settings is not None:
        deploy = _deployment(call, options.settings)
    with finding_file(options.csv) as note:
        noted = _Noted(note)
        report = _switched(call, noted, deploy)
    if options.json:
        figures = {} if report is None else attrs.asdict(report)
        refused = {"refused": report is None, "dry_run": options.dry_run}
        told = [attrs.asdict(finding) for finding in noted.first]
        findings = {"codes": noted.codes, "findings": told}
        console.print(to_json(figures | refused | findings, indent=2))
    elif report is None:
        print_findings(call, noted.codes, noted.first)
        console.flush()
        console.say("Nothing was written: see to these users first.")
    else:
        _tell(call, report, noted)
    return 1 if report is None or report.left else 0


def _switched(
    call: Call, noted: _Noted, deploy: Callable[[], None] | None
) -> SwitchReport | None:
    """
    Return what was done, or None if something stood against it.
    """
    application = call.application
    try:
        report: SwitchReport = application.wait(
            switch_strategy(
                application.connection,
                dry_run=call.options.dry_run,
                deploy=deploy,
                on_finding=noted,
                progress=progress(call.console, "stored users", None),
            )
        )
    except SwitchRefusedError:
        return None
    except (StaleRecordError, StoreUnavailableError) as error:
        raise CommandError(f"{sentence(error)}  {_AGAIN}", code=1) from error
    except KeyboardInterrupt:
        raise CommandError(f"Broken off.  {_AGAIN}", code=130) from None
    return report


def _deployment(call: Call, connection_id: str) -> Callable[[], None]:
    """
    Return what changes the settings, after a look whether it can.
    """
    store: Any = keeper_of(call.application)
    management = Management(store)
    if management.get(connection_id) is None:
        raise CommandError(f"There are no settings {one_line(connection_id)}.")

    def deploy() -> None:
        change = {"options": {"strategy_version": 2}}
        management.update(connection_id, change, partial=True, switched=True)
        call.console.say("The settings were changed.  Waiting until all follow them.")
        time.sleep(call.options.wait)

    return deploy


def _tell(call: Call, report: SwitchReport, noted: _Noted) -> None:
    console, options = call.console, call.options
    would = "would be " if options.dry_run else ""
    results = [
        ("stored users", report.users),
        (f"{would}rewritten", report.rewritten),
        (f"keys {would}reserved, too", report.reserved),
        ("left", report.left),
    ]
    print_figures(console, ("result", "number"), results)
    if report.left:
        print_findings(call, noted.codes, noted.first)
    console.flush()
    console.say(_next_step(call, report))


def _next_step(call: Call, report: SwitchReport) -> str:
    """
    Return what to do next.
    """
    if call.options.dry_run:
        return "Nothing was written."
    if report.left:
        return "See to those who are left, and run it again."
    if call.options.settings is not None:
        return "Done: all users and the settings have strategy version 2."
    if call.application.connection.policy.strategy_version == 1:
        return (
            "Now give all connections strategy_version=2, at once; and when the last "
            "process has it, run this again."
        )
    return "Done: all users are in the form of strategy version 2."


COMMAND = Command(
    name="switch-strategy",
    help="bring the stored users from strategy version 1 to 2",
    description="Write all stored users in the form of strategy version 2.  It may run "
    "beside logins, be interrupted and be run again.  First see migratekit preflight "
    "--stored.",
    run=_run,
    add_arguments=_add_arguments,
)
