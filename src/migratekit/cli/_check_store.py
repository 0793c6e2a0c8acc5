"""
What can be found out about a store, and about what the application decided.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Final

from migratekit._steps.step import whereabouts
from migratekit.cli._application import Application
from migratekit.cli._findings import Finding
from migratekit.cli.schema import MEND_TABLES, problem_of
from migratekit.errors import ConfigurationError, MigrateKitError
from migratekit.events import one_line
from migratekit.models import Disagreement
from migratekit.passwords import format_of
from migratekit.protocols import BoundStore, CheckableStore


_MOST_SHOWN: Final = 5
_ARGON2: Final = re.compile(r"argon2id m=(\d+),t=(\d+),p=\d+")
# OWASP's cheat sheet has five settings of the same strength: less memory, more passes.
_MEMORY_AND_PASSES: Final = ((47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5))
_SLOW: Final = 1.0


def check_store(application: Application) -> Iterator[Finding]:
    """
    Yield what is found out about the application's store.
    """
    try:
        problem = problem_of(application)
    except Exception as error:  # noqa: BLE001 -- a store may raise anything
        yield _failure("store", error)
        return
    if problem is not None:
        yield Finding(
            "wrong",
            "store.schema",
            problem,
            MEND_TABLES,
        )
        return
    yield Finding(
        "ok", "store.schema", "The store answers, and its tables are current."
    )
    yield from _owner(application)
    yield from _agreement(application)


def _owner(application: Application) -> Iterator[Finding]:
    about = "store.source_name"
    if not isinstance(application.connection.store, BoundStore):
        return
    name = application.connection.source_name
    try:
        bound = application.bound_source()
    except ConfigurationError as error:
        yield Finding(
            "wrong",
            about,
            f"{one_line(error)}  Nobody can move.",
            "Give the connection the source_name that its store knows, or a store of "
            "its own.",
        )
    except Exception as error:  # noqa: BLE001 -- a store may raise anything
        yield _failure(about, error)
    else:
        yield (
            Finding("ok", about, f"The store belongs to the source {name!r}.")
            if bound
            else Finding(
                "note",
                about,
                "The store belongs to no source yet: the first user who moves binds it "
                f"to {name!r}, for good.",
            )
        )


def _agreement(application: Application) -> Iterator[Finding]:
    store, about = application.connection.store, "store.check"
    if not isinstance(store, CheckableStore):
        yield Finding("note", about, f"{type(store).__name__} cannot check its ledger.")
        return
    try:
        found = application.wait(store.check())
    except Exception as error:  # noqa: BLE001 -- a store may raise anything
        yield _failure(about, error)
        return
    if not found:
        yield Finding("ok", about, "The ledger of the store and its users agree.")
        return
    shown = "; ".join(map(_shown, found[:_MOST_SHOWN]))
    more = "" if len(found) <= _MOST_SHOWN else "; and more"
    yield Finding(
        "wrong",
        about,
        f"The ledger of the store and its users disagree in {len(found):,} places: "
        f"{shown}{more}.",
        "Something else than migratekit has written to its tables, or you have found a "
        "bug.  Restore them from a backup, or report it.",
    )


def _failure(about: str, error: Exception) -> Finding:
    known = isinstance(error, MigrateKitError)
    return Finding(
        "wrong",
        about,
        one_line(error) if known else f"The store failed: {whereabouts(error)}.",
        "See that it runs and can be reached from here.",
    )


def _shown(found: Disagreement) -> str:
    return f"{one_line(found.key.value)} ({found.key.kind}): {found.problem}"


def check_settings(application: Application) -> Iterator[Finding]:
    """
    Yield what is found out about what the application decided.
    """
    connection = application.connection
    if connection.has_secret_key:
        yield Finding("ok", "secret_key", "There is a secret_key.")
    else:
        yield Finding(
            "wrong",
            "secret_key",
            "There is no secret_key, so that nobody can reset a password, and whoever "
            "must change theirs cannot get in.",
            "Give the connection one, of 16 random bytes or more, and keep it.",
        )
    policy = connection.policy
    if policy.rehearse or not policy.import_mode:
        which = "rehearse is on" if policy.rehearse else "import_mode is off"
        yield Finding("note", "policy.import_mode", f"Nobody is moved: {which}.")
    if policy.password_check is None:
        yield Finding(
            "note",
            "policy.password_check",
            "There is no password_check, so that every password will do, an old one "
            "and a new one.",
            "PasswordRules of migratekit.password_rules is one.",
        )
    yield from _hashes(connection.hasher.hash)


def _hashes(make: Callable[[str], str]) -> Iterator[Finding]:
    about = "hasher"
    began = time.perf_counter()
    label = format_of(make(secrets.token_hex()))
    took = time.perf_counter() - began
    match = _ARGON2.fullmatch(label)
    if match is None:
        yield Finding(
            "note",
            about,
            f"New hashes are {label}, of which this command cannot judge the strength.",
            "The default, argon2id, is what OWASP recommends.",
        )
        return
    memory, passes = int(match[1]), int(match[2])
    if not any(memory >= m and passes >= t for m, t in _MEMORY_AND_PASSES):
        yield Finding(
            "wrong",
            about,
            f"New hashes are {label}, which is weaker than OWASP's minimum.",
            "Use the default hasher, or migratekit.passwords.OWASP_MINIMUM.",
        )
    elif took > _SLOW:
        yield Finding(
            "note",
            about,
            f"New hashes are {label}, and one takes {took:.1f} s on this machine.",
            "On a small machine, migratekit.passwords.OWASP_MINIMUM takes a tenth.",
        )
    else:
        yield Finding(
            "ok", about, f"New hashes are {label}; one takes {took:.2f} s here."
        )
