"""
``migratekit preflight``: what would become of all users.
"""

import argparse
from typing import Final

import attrs

from migratekit.cli._command import Call, Command
from migratekit.cli._surveys import (
    add_forms,
    count,
    finding_file,
    print_figures,
    print_findings,
    progress,
)
from migratekit.cli._tables import Column, to_json, write_rows
from migratekit.preflight import (
    HashFigures,
    PreflightReport,
    StoredReport,
    preflight,
    preflight_stored,
)


_FORMATS: Final[tuple[Column[HashFigures], ...]] = (
    Column("format", lambda kind: kind.format),
    Column("users", lambda kind: kind.users),
    Column("weak", lambda kind: kind.weak),
    Column("no import", lambda kind: kind.unimportable),
    Column("no login", lambda kind: kind.unverifiable),
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stored",
        action="store_true",
        help="look at the stored users instead: who could not be compared by strategy "
        "version 2",
    )
    add_forms(parser)


def _run(call: Call) -> int:
    return _run_stored(call) if call.options.stored else _run_source(call)


def _run_source(call: Call) -> int:
    application, console = call.application, call.console
    application.bound_source()
    with finding_file(call.options.csv) as note:
        report = application.wait(
            preflight(
                application.connection,
                on_finding=note,
                progress=progress(console, "users", count(application)),
            )
        )
    if call.options.json:
        console.print(to_json(attrs.asdict(report), indent=2))
    else:
        print_figures(console, ("result", "number"), _results(report))
        if report.formats:
            console.print()
            write_rows(console, _FORMATS, report.formats, "text")
        print_findings(call, report.codes, report.findings)
    return 1 if report.codes else 0


def _results(report: PreflightReport) -> list[tuple[str, int]]:
    rare = [
        ("listed twice", report.repeated),
        ("blocked", report.blocked),
        ("must change the password", report.must_change),
        ("without a hash", report.without_hash),
        ("weak hash", report.weak),
        ("hash over a ceiling", report.over_ceiling),
        ("hash that nobody can use", report.unusable),
    ]
    return [
        ("users", report.users),
        ("would move by a login", report.movable_by_login),
        ("would move by an import", report.movable_by_import),
        ("moved before", report.moved),
        ("conflicts", report.conflicts),
        ("not valid", report.invalid),
        *(row for row in rare if row[1]),
    ]


def _run_stored(call: Call) -> int:
    application, console = call.application, call.console
    with finding_file(call.options.csv) as note:
        report: StoredReport = application.wait(
            preflight_stored(
                application.connection,
                on_finding=note,
                progress=progress(console, "stored users", None),
            )
        )
    if call.options.json:
        console.print(to_json(attrs.asdict(report), indent=2))
    else:
        results = [
            ("stored users", report.users),
            ("spelt otherwise in version 2", report.differing),
        ]
        print_figures(console, ("result", "number"), results)
        print_findings(call, report.codes, report.findings)
    return 1 if report.codes else 0


COMMAND = Command(
    name="preflight",
    help="what would become of all users",
    description="Read all users of the source and tell what a login or an import would "
    "say of them, or, with --stored, whether the stored ones fit strategy version 2.  "
    "Nothing is written.",
    run=_run,
    add_arguments=_add_arguments,
)
