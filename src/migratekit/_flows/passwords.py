"""
A password change by somebody who knows the old one, or by an administrator.
"""

from migratekit._flows.accounts import edit
from migratekit._flows.attempts import Hold, attempt_proof, forget_failures
from migratekit._flows.context import (
    ATTEMPTS,
    Asked,
    Context,
    Credentials,
    Secret,
    asked_for,
)
from migratekit._flows.profiles import check_new_password
from migratekit._flows.proof import (
    InSource,
    InStore,
    Preloaded,
    Proof,
    prove,
    prove_again,
    verify,
)
from migratekit._flows.refusals import (
    Refusal,
    enter_queue,
    finish_refusal,
    wait_for_floor,
    wrong,
)
from migratekit._flows.reset import set_hash, store_legacy
from migratekit._run import Refused
from migratekit._steps import FindUser, ReadClock
from migratekit.errors import (
    AccountBlockedError,
    StaleRecordError,
)
from migratekit.models import Record, User


async def change_password(
    ctx: Context, attempt: Credentials, password: Secret
) -> User | Refused:
    """
    Set a new password for whoever proves the old one; failures look like a login's.

    A user who has not moved is moved, with the new password.
    """
    await enter_queue(ctx, attempt)
    began = await ReadClock()
    asked = asked_for(ctx, attempt.identifier)

    async def decide(asked: Asked, hold: Hold) -> User | Refusal:
        return await _decide(ctx, asked, attempt, hold, password)

    outcome = await attempt_proof(ctx, asked, attempt, decide)
    if isinstance(outcome, User):
        return outcome
    await finish_refusal(ctx, attempt, asked, outcome)
    await wait_for_floor(ctx, began)
    return Refused(outcome.error)


async def _decide(
    ctx: Context, asked: Asked, attempt: Credentials, hold: Hold, password: Secret
) -> User | Refusal:
    ctx.check_writes()
    proof = await prove(ctx, asked, attempt, hold)
    for _ in range(ATTEMPTS):
        if isinstance(proof, Refusal):
            return proof
        if _is_blocked(proof):
            return Refusal(AccountBlockedError())
        user = await _change(ctx, asked, proof, password)
        if user is not None:
            return user
        proof = await _prove_anew(ctx, asked, attempt, proof)
    return Refusal(StaleRecordError())


def _is_blocked(proof: Proof) -> bool:
    if isinstance(proof, InStore):
        return proof.record.user.blocked
    if isinstance(proof, Preloaded):
        return proof.record.user.blocked or proof.legacy.blocked
    return proof.legacy.blocked


async def _change(
    ctx: Context, asked: Asked, proof: Proof, password: Secret
) -> User | None:
    """
    Return the changed user, or None if the record has changed since the proof.
    """
    if isinstance(proof, InSource):
        ctx.check_moves()
        return await store_legacy(ctx, asked, proof.legacy, password)
    await check_new_password(ctx, password)
    try:
        return (await set_hash(ctx, proof.record, password)).user
    except StaleRecordError:
        return None


async def _prove_anew(
    ctx: Context, asked: Asked, attempt: Credentials, proof: Proof
) -> Proof | Refusal:
    if not isinstance(proof, InStore):
        return await prove_again(ctx, asked, attempt, proof.legacy)
    record = await FindUser(asked.key)
    if record is None or record.password_hash is None:
        return wrong("gone", reads=4)
    return await verify(attempt, record, reads=4)


async def set_password(ctx: Context, user_id: str, password: Secret) -> User:
    """
    Set a new password, whatever the old one was.
    """
    ctx.check_writes()
    await check_new_password(ctx, password)

    async def change(old: Record) -> Record:
        return await set_hash(ctx, old, password)

    user = (await edit(ctx, user_id, change)).user
    await forget_failures(ctx, user)
    return user
