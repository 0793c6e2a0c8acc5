"""
What stands in the way of a cut-over, as findings.
"""

from collections.abc import Iterator
from typing import Final

from migratekit.cli._findings import Finding
from migratekit.finish import Gate


_ADVICE: Final = {
    "users_remain": "Let them log in, or import them with their hashes.  --force goes "
    "on without them, as --leftovers says.",
    "source_unavailable": "Try again when it is back.",
    "weak_hashes": "The next login of each user renews theirs.  The source is not "
    "needed for that: --force if you will not wait.",
    "source_asked": "Strangers and typing errors count as well: --quiet-days 0 leaves "
    "this out.",
    "source_cannot_count": "Compare migratekit users with what the old system says.",
    "source_cannot_list": "If you can have a list, import it first: migratekit import.",
}


def findings_of(gate: Gate) -> Iterator[Finding]:
    """
    Yield all that *gate* tells.
    """
    if gate.remaining == 0:
        users = "1 user" if gate.known == 1 else f"{gate.known:,} users"
        yield Finding("ok", "users_remain", f"Nobody remains of {users} of the source.")
    if gate.moved is not None and not gate.weak_formats:
        yield Finding("ok", "weak_hashes", "No stored hash is quick to guess.")
    if gate.asked == 0:
        days = "today" if gate.quiet_days == 1 else f"for {gate.quiet_days} days"
        yield Finding("ok", "source_asked", f"Nobody has asked the source {days}.")
    for reason in gate.reasons:
        yield Finding(
            "wrong", reason.code, reason.message, _ADVICE.get(reason.code, "")
        )
    for warning in gate.warnings:
        yield Finding(
            "note", warning.code, warning.message, _ADVICE.get(warning.code, "")
        )
