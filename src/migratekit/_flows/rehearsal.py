"""
What would have come of a login, had anything been stored.
"""

from migratekit._flows.context import Asked, Context, Credentials, tell
from migratekit._flows.drift import look_for_drift
from migratekit._flows.preparation import to_create, to_replace
from migratekit._flows.profiles import draft
from migratekit._flows.proof import InSource, Preloaded
from migratekit._flows.refusals import Refusal, reason_of
from migratekit.errors import (
    AccountBlockedError,
    MigrateKitError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
    Violation,
)
from migratekit.events import MigrationRehearsed, Rehearsed
from migratekit.models import NewUser, Origin, Record, User
from migratekit.validation import taken


async def rehearse(
    ctx: Context, asked: Asked, attempt: Credentials, proof: Preloaded | InSource
) -> User:
    """
    Do all that a move takes, but for storing anything, and tell what comes of it.

    Whatever that is, it changes nothing for whoever logs in.  Return the user whom the
    rules would see: the one to be stored, or as they are where they are not fit for it.
    """
    legacy_id = ctx.legacy_id(proof.legacy)
    prepared: NewUser | Record | Refusal | None
    try:
        if isinstance(proof, Preloaded):
            prepared = await to_replace(ctx, asked, attempt, proof)
        else:
            prepared = await to_create(ctx, asked, attempt, proof.legacy)
    except MigrateKitError as error:
        prepared = Refusal(error)
    outcome, codes = _judged(asked, prepared)
    await tell(
        ctx, MigrationRehearsed(legacy_id=legacy_id, outcome=outcome, codes=codes)
    )
    if outcome == "would_move":
        await look_for_drift(ctx, asked, proof.legacy, legacy_id)
    if isinstance(prepared, NewUser | Record):
        return prepared.user
    if isinstance(proof, Preloaded):
        return proof.record.user
    return await draft(ctx, proof.legacy, Origin.LOGIN)


def _judged(
    asked: Asked, prepared: NewUser | Record | Refusal | None
) -> tuple[Rehearsed, tuple[str, ...]]:
    if prepared is None:
        return "taken", _codes([taken(asked.key.kind.value)])
    if not isinstance(prepared, Refusal):
        return "would_move", ()
    match prepared.error:
        case AccountBlockedError():
            return "blocked", ()
        case ProfileInvalidError(violations=violations):
            of_others = {taken("email"), taken("username")}
            only_taken = of_others.issuperset(violations)
            return "taken" if only_taken else "invalid", _codes(violations)
        case PasswordRejectedError(violations=violations):
            return "weak_password", _codes(violations)
        case PasswordChangeRequiredError():
            codes = _codes(prepared.violations)
            return "weak_password" if codes else "must_change", codes
    return "failed", (reason_of(prepared.error),)


def _codes(violations: "list[Violation] | tuple[Violation, ...]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(violation.code for violation in violations))
