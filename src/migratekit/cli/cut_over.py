"""
``migratekit cut-over``: the end, and the way back.
"""

import argparse
from typing import Final

from migratekit.cli._command import Call, Command
from migratekit.cli._errors import CommandError, sentence
from migratekit.cli._findings import tell
from migratekit.cli._fleet import Fleet
from migratekit.cli._gate import findings_of
from migratekit.cli._meter import Meter
from migratekit.cli._question import UNCHANGED, is_confirmed
from migratekit.cli._signals import Interruption
from migratekit.errors import LegacyUnavailableError, StoreUnavailableError
from migratekit.events import one_line
from migratekit.finish import KEEPINGS, Gate, Leftovers
from migratekit.protocols import ReservingStore, WalkableSource
from migratekit.sources import NoopSource


_QUIET_DAYS: Final = 7
_MOST_SHOWN: Final = 10
_PAGE: Final = 1000
_AGAIN: Final = "Run the same command again to go on."


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--force", action="store_true", help="whatever stands in the way"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what would happen, change nothing"
    )
    parser.add_argument(
        "--leftovers",
        choices=KEEPINGS,
        help="what becomes of those who have not moved: stored without a password, "
        "which is the default; kept from being registered by others; or nothing",
    )
    parser.add_argument(
        "--quiet-days",
        type=_days,
        metavar="N",
        help="for how many days nobody should have asked the source; "
        f"{_QUIET_DAYS} by default, and 0 if it does not matter",
    )
    parser.add_argument(
        "--undo",
        action="store_true",
        help="bring the source back, and let those who were reserved move again",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask before it")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 3:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 to 999 days")
    return int(text)


def _run(call: Call) -> int:
    return _undo(call) if call.options.undo else _cut_over(call)


def _cut_over(call: Call) -> int:
    options, console, application = call.options, call.console, call.application
    connection = application.connection
    fleet = Fleet.of(connection)
    if connection.is_cut_over:
        console.print("It is cut over already: nobody asks the source.")
        return 0
    days = _QUIET_DAYS if options.quiet_days is None else options.quiet_days
    gate = application.wait(connection.gate(quiet_days=days))
    tell(console, findings_of(gate), as_json=False)
    plan = _plan(call, fleet)
    if options.dry_run:
        console.print(f"\n{plan}")
        return 0 if gate.is_met else 1
    console.flush()
    if not gate.is_met and not options.force:
        console.say(f"{UNCHANGED}  --force cuts over all the same.")
        return 1
    if not is_confirmed(call, plan, "Cut over?"):
        return 1
    kept = _keep(call, gate) if _keeping(call) is not None else Leftovers()
    if kept.unreadable and not options.force:
        console.say(
            f"{kept.unreadable:,} can be neither stored nor reserved, so that it was "
            "not cut over.  --force cuts over all the same."
        )
        return 1
    if fleet is None:
        _tell_what_to_change(call)
    else:
        _switch(call, fleet)
    return 0


def _switch(call: Call, fleet: Fleet) -> None:
    """
    Have all workers leave the source alone.
    """
    try:
        version = fleet.tell(cut_over=True)
    except StoreUnavailableError as error:
        raise CommandError(
            f"{sentence(error)}  It is not cut over.  {_AGAIN}", code=1
        ) from error
    if not call.application.connection.is_cut_over:
        raise _not_followed(fleet, version)
    call.console.print(
        f"Cut over, by version {version} of the settings {fleet.name}: within seconds "
        "no worker asks the source any more."
    )


def _keeping(call: Call) -> str | None:
    """
    Return how those are kept who have not moved, if they are.
    """
    leftovers = call.options.leftovers or "load"
    lists = isinstance(call.application.connection.source, WalkableSource)
    return leftovers if lists and leftovers != "leave" else None


def _plan(call: Call, fleet: Fleet | None) -> str:
    """
    Return what is done, in sentences.
    """
    whom = {
        "load": "Who has not moved is stored without a password, and must reset it.  "
        "Who cannot be stored is reserved: nobody else can register what they are "
        "known by.",
        "reserve": "Who has not moved is reserved: they can neither log in nor reset, "
        "and nobody else can register what they are known by.",
        None: "Nothing is done about those who have not moved: they can neither log in "
        "nor reset, and anybody can register with their e-mail.",
    }[_keeping(call)]
    if fleet is not None:
        return (
            f"{whom}\nThen the settings {fleet.name} say that it is cut over: within "
            "seconds no worker asks the source any more."
        )
    return (
        f"{whom}\nYour application follows no settings in its store: it goes on to ask "
        "the source until you change its code."
    )


class _StoppedError(Exception):
    """
    Somebody has interrupted, and a chunk has ended.
    """


def _keep(call: Call, gate: Gate) -> Leftovers:
    application, console = call.application, call.console
    passes = 2 if _keeping(call) == "load" else 1
    total = gate.known and gate.known * passes
    meter = Meter(console, "rows")
    with Interruption(console, "Ending behind this chunk.") as interruption:

        def show(kept: Leftovers) -> None:
            meter.update(kept.rows, min(1.0, kept.rows / total) if total else None)
            if interruption:
                raise _StoppedError

        try:
            kept = application.wait(
                application.connection.keep_leftovers(
                    "load" if passes == 2 else "reserve", progress=show
                )
            )
        except (_StoppedError, KeyboardInterrupt):
            raise CommandError(
                f"Interrupted, and not cut over.  {_AGAIN}", code=interruption.code
            ) from None
        except (LegacyUnavailableError, StoreUnavailableError) as error:
            raise CommandError(
                f"{sentence(error)}  It is not cut over.  {_AGAIN}", code=1
            ) from error
    _tell_kept(call, kept)
    return kept


def _tell_kept(call: Call, kept: Leftovers) -> None:
    console = call.console
    for error in kept.errors[:_MOST_SHOWN]:
        field = f" {error.field}:" if error.field else ""
        console.say(
            one_line(f"row {error.line}:{field} {error.message} ({error.code})")
        )
    if len(kept.errors) > _MOST_SHOWN:
        console.say("And more: migratekit preflight tells all of them.")
    console.print(
        f"{_users(kept.loaded)} stored without a password, {kept.reserved:,} reserved."
    )
    console.flush()


def _tell_what_to_change(call: Call) -> None:
    connection = call.application.connection
    kind, source = type(connection).__name__, type(connection.source).__name__
    call.console.print(
        f"""
Nobody has stopped asking the source.  Change the code of {one_line(call.options.app)}:

    from migratekit.sources import NoopSource

    connection = {kind}(
        store,
        NoopSource(),  # in the place of the {source}
        source_name={connection.source_name!r},
        ...  # and everything else as it is
    )

Until that is deployed everywhere, the source is asked as ever.  Who was stored without
a password is let in by it; who was reserved is not."""
    )


def _undo(call: Call) -> int:
    options, console, application = call.options, call.console, call.application
    if options.leftovers is not None or options.quiet_days is not None:
        raise CommandError("--undo takes neither --leftovers nor --quiet-days.")
    connection = application.connection
    if isinstance(connection.source, NoopSource):
        raise CommandError(
            "The code of your application has no source.  Put it back, deploy that, "
            "and run this again; until then, what is reserved stays so.",
            code=1,
        )
    fleet, reserved = Fleet.of(connection), _reserved(call)
    plan = _plan_of_undoing(fleet, reserved)
    if options.dry_run:
        console.print(plan)
        return 0
    if not is_confirmed(call, plan, "Undo the cut-over?"):
        return 1
    if fleet is not None:
        _bring_back(call, fleet)
    lifted = application.wait(connection.lift_reservations()) if reserved else 0
    console.print(f"{_free_again(lifted)}.")
    return 0


def _plan_of_undoing(fleet: Fleet | None, reserved: int) -> str:
    back = (
        "The source must be back in all processes of the application by now."
        if fleet is None
        else f"The settings {fleet.name} say that the source is there again."
    )
    return (
        f"{back}\n{_free_again(reserved)}, for the source to answer for.  Who "
        "was stored without a password logs in by the one that the source knows."
    )


def _bring_back(call: Call, fleet: Fleet) -> None:
    """
    Have all workers ask the source again.
    """
    version = fleet.tell(cut_over=False)
    if call.application.connection.is_cut_over:
        raise _not_followed(fleet, version)
    # A worker that does not ask yet would give away what is free.
    call.console.say("Waiting until all workers ask the source again.")
    try:
        fleet.settle()
    except KeyboardInterrupt:
        raise CommandError(
            f"Interrupted; the reservations are not lifted yet.  {_AGAIN}", code=130
        ) from None
    call.console.print(
        f"Version {version} of the settings {fleet.name}: all workers ask the source "
        "again."
    )


def _not_followed(fleet: Fleet, version: int) -> CommandError:
    return CommandError(
        f"This process does not follow version {version} of the settings "
        f"{fleet.name}, and nor may others: see the log.",
        code=1,
    )


def _reserved(call: Call) -> int:
    """
    Return how many keys are reserved.
    """
    application = call.application
    store = application.connection.store
    number, after = 0, None
    while isinstance(store, ReservingStore):
        page = application.wait(store.reservations(after, _PAGE))
        if not page:
            break
        number += len(page)
        after = page[-1].key
    return number


def _free_again(number: int) -> str:
    if number == 1:
        return "1 reserved e-mail, username or id is free again"
    return f"{number:,} reserved e-mails, usernames and ids are free again"


def _users(number: int) -> str:
    return "1 user was" if number == 1 else f"{number:,} users were"


COMMAND = Command(
    name="cut-over",
    help="end the migration, or take that back",
    description="See whether the old system may go, keep what belongs to those who "
    "have not moved, and have a running application stop asking it.",
    run=_run,
    add_arguments=_add_arguments,
)
