"""
``migratekit rehearse``: what would come of logins, before anybody moves.
"""

import argparse
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import attrs

from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError
from migratekit.cli._files import UserFile
from migratekit.cli._findings import Finding, show
from migratekit.cli._meter import Meter
from migratekit.cli._overview import add_days, overview_for
from migratekit.cli._passwords import KnownUser, password_of
from migratekit.cli._signals import Interruption
from migratekit.cli._tables import to_json
from migratekit.cli.schema import MEND_TABLES, problem_of
from migratekit.events import one_line
from migratekit.imports import RowError


if TYPE_CHECKING:
    from migratekit.cli._logins import Line
    from migratekit.cli._rehearsal import Rehearsal


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "identifiers",
        nargs="*",
        metavar="IDENTIFIER",
        help="whose login to rehearse, after asking for the password; without any, and "
        "without --logins, tell what was recorded of the application's own rehearsal",
    )
    parser.add_argument(
        "--logins",
        metavar="FILE",
        help="rehearse all logins of a file: JSON lines, or CSV with a header, of "
        "identifier and password; - is stdin",
    )
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="take the passwords from the standard input, one from each line, in the "
        "order of the identifiers",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_days(parser)


def _run(call: Call) -> int:
    options = call.options
    if options.logins is not None and (options.identifiers or options.password_stdin):
        raise CommandError(
            "A file of --logins has identifiers and passwords: name no others."
        )
    if options.logins is not None or options.identifiers:
        if options.days is not None:
            raise CommandError("--days is for what was recorded: leave it out.")
        return _rehearse(call)
    if options.password_stdin:
        raise CommandError("Whose password?  Name an identifier.")
    return _look_back(call)


# --- Logins ----------------------------------------------------------------------


def _rehearse(call: Call) -> int:
    # Other commands need none of these.
    from migratekit.cli._rehearsal import Rehearsal  # noqa: PLC0415

    application, console = call.application, call.console
    rehearsal = Rehearsal(application)
    problem = problem_of(application)
    if problem is not None:
        raise CommandError(f"{problem}  {MEND_TABLES}", code=1)
    application.bound_source()
    if not application.connection.policy.import_mode:
        console.say("import_mode is off: this is what would happen if it were on.")
    told = _Told(call)
    interruption = Interruption(console, "Ending behind this login.")
    # At a question nobody has to wait for a login to end.
    with nullcontext() if call.options.logins is None else interruption:
        try:
            _rehearse_all(call, rehearsal, told, interruption)
        except KeyboardInterrupt:
            told.was_interrupted = True
    if told.was_interrupted:
        told.end()
        console.flush()
        console.say("Interrupted.")
        return interruption.code
    if not told.number:
        raise CommandError("There is nobody in the file of logins.")
    return told.end()


def _rehearse_all(
    call: Call, rehearsal: "Rehearsal", told: "_Told", interruption: Interruption
) -> None:
    from migratekit.cli._verdicts import Judge  # noqa: PLC0415

    judge = Judge.of(call.application.connection)
    for number, user in _logins(call, told):
        if interruption:
            told.was_interrupted = True
            return
        if isinstance(user, RowError):
            told.tell(_unreadable(user), line=number)
            continue
        verdict = rehearsal.log_in(user)
        finding = judge.finding(one_line(user.identifier), verdict)
        told.tell(
            finding,
            line=number,
            identifier=user.identifier,
            codes=verdict.codes,
            legacy_id=verdict.legacy_id,
        )


def _logins(call: Call, told: "_Told") -> "Iterator[Line | tuple[None, KnownUser]]":
    options = call.options
    if options.logins is None:
        for identifier in options.identifiers:
            yield None, KnownUser(identifier, password_of(call, identifier))
        return
    # Others need no readers.
    from migratekit.cli._logins import logins_in  # noqa: PLC0415

    file = UserFile(options.logins, call.stack)
    meter = Meter(call.console, "logins")
    for line in logins_in(file):
        yield line
        if options.json:
            meter.update(told.number, file.share())


def _unreadable(error: RowError) -> Finding:
    field = f" {error.field}:" if error.field else ""
    text = one_line(f"line {error.line}:{field} {error.message} ({error.code})")
    return Finding("wrong", "unreadable", text, "Mend the file.")


class _Told:
    """
    What was told so far.
    """

    was_interrupted = False

    def __init__(self, call: Call) -> None:
        self._console = call.console
        self._as_json: bool = call.options.json
        self._logins: list[dict[str, Any]] = []
        self._levels: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()

    @property
    def number(self) -> int:
        """
        How many logins, or lines that are none, there were.
        """
        return self._levels.total()

    def tell(self, finding: Finding, **about: Any) -> None:
        """
        Tell what would come of a login, with what programs want to know *about* it.
        """
        self._levels[finding.level] += 1
        self._outcomes[finding.about] += 1
        if self._as_json:
            fields = {"identifier": None, "codes": (), "legacy_id": None, **about}
            fields |= attrs.asdict(finding)
            self._logins.append({"outcome": fields.pop("about"), **fields})
            return
        show(self._console, finding)

    def end(self) -> int:
        """
        Tell what came of all, and return the exit code: 1 if somebody would not get in.
        """
        wrong = self._levels["wrong"]
        if self._as_json:
            whole = {
                "ok": not wrong,
                "interrupted": self.was_interrupted,
                "outcomes": self._outcomes,
                "logins": self._logins,
            }
            self._console.print(to_json(whole, indent=2))
        elif self.number:
            self._console.print(f"\n{self._summary()}  Nothing was stored.")
        return 1 if wrong else 0

    def _summary(self) -> str:
        unreadable = self._outcomes["unreadable"]
        number = self.number - unreadable
        wrong = self._levels["wrong"] - unreadable
        logins = "1 login" if number == 1 else f"{number:,} logins"
        kept_out = f"{wrong:,}" if wrong else "nobody"
        skipped = f"  {unreadable:,} not readable." if unreadable else ""
        return f"{logins}; {kept_out} would be kept out.{skipped}"


# --- What was recorded -----------------------------------------------------------


def _look_back(call: Call) -> int:
    # Other commands need none of this.
    from migratekit.cli._rehearsed import Rehearsed  # noqa: PLC0415

    console = call.console
    rehearsed = Rehearsed(call.application.connection, overview_for(call))
    if call.options.json:
        console.print(to_json(rehearsed.as_object(), indent=2))
        return 0
    headline, width = rehearsed.headline, console.width
    for line in [headline] if width is None else textwrap.wrap(headline, width):
        console.print(line)
    for finding in rehearsed.findings():
        show(console, finding)
    return 0


COMMAND = Command(
    name="rehearse",
    help="what would come of logins",
    description="Log people in on the application's own connection, tell what would "
    "have come of it, and store nothing; or tell what came of the logins that the "
    "application itself has rehearsed.",
    run=_run,
    add_arguments=_add_arguments,
)
