"""
One login: in the store, or from the source into the store.
"""

import attrs

from migratekit._flows.attempts import Hold, attempt_proof
from migratekit._flows.change_tokens import demand_change
from migratekit._flows.context import (
    ATTEMPTS,
    Asked,
    Context,
    Credentials,
    asked_for,
    tell,
)
from migratekit._flows.drift import look_for_drift
from migratekit._flows.preparation import to_create, to_replace
from migratekit._flows.profiles import (
    check_loss,
)
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
from migratekit._flows.rehearsal import rehearse
from migratekit._flows.rules import denied
from migratekit._flows.writes import create, replace
from migratekit._run import Refused
from migratekit._steps import FindUser, HashPassword, NeedsUpgrade, ReadClock, ReadDate
from migratekit.errors import (
    AccountBlockedError,
    AlreadyMigratedError,
    MigrateKitError,
    PasswordChangeRequiredError,
    StaleRecordError,
    UserExistsError,
)
from migratekit.events import (
    LoginSucceeded,
    PasswordRehashed,
    RehashFailed,
    UserMigrated,
)
from migratekit.models import Authenticated, LegacyUser, Record, User


async def authenticate(ctx: Context, attempt: Credentials) -> Authenticated | Refused:
    """
    Decide one login, and answer every failure alike.
    """
    await enter_queue(ctx, attempt)
    began = await ReadClock()
    asked = asked_for(ctx, attempt.identifier)

    async def decide(asked: Asked, hold: Hold) -> Authenticated | Refusal:
        return await _decide(ctx, asked, attempt, hold)

    outcome = await attempt_proof(ctx, asked, attempt, decide)
    if isinstance(outcome, Refusal):
        await finish_refusal(ctx, attempt, asked, outcome)
        await wait_for_floor(ctx, began)
        return Refused(outcome.error)

    await tell(ctx, _success(ctx, outcome))
    return outcome


async def _decide(
    ctx: Context, asked: Asked, attempt: Credentials, hold: Hold
) -> Authenticated | Refusal:
    outcome = await prove(ctx, asked, attempt, hold)
    if isinstance(outcome, Refusal):
        return outcome
    return await _admit(ctx, asked, attempt, outcome)


async def _admit(
    ctx: Context, asked: Asked, attempt: Credentials, proof: Proof
) -> Authenticated | Refusal:
    if isinstance(proof, InStore):
        return await _enter(ctx, asked, attempt, proof.record)
    if ctx.policy.rehearse:
        return await _rehearse(ctx, asked, attempt, proof)
    if isinstance(proof, Preloaded):
        return await _settle(ctx, asked, attempt, proof)
    if ctx.policy.import_mode:
        return await _move(ctx, asked, attempt, proof.legacy)
    return await _answer_from_source(ctx, proof.legacy)


async def _rehearse(
    ctx: Context, asked: Asked, attempt: Credentials, proof: Preloaded | InSource
) -> Authenticated | Refusal:
    """
    Let somebody in who might have moved, and stays as they are.

    The rules are asked about the login that would have moved them.
    """
    user = await rehearse(ctx, asked, attempt, proof)
    refusal = _refused_by_source(proof.legacy)
    holder: User | LegacyUser = proof.legacy
    if isinstance(proof, Preloaded):
        refusal = await _judge(ctx, asked, proof.record) or refusal
        holder = proof.record.user
    refusal = refusal or await denied(ctx, Authenticated(user, migrated=True))
    return refusal or Authenticated(holder, migrated=False)


async def _enter(
    ctx: Context, asked: Asked, attempt: Credentials, record: Record
) -> Authenticated | Refusal:
    """
    Let somebody in whose stored hash has matched.
    """
    refusal = await _judge(ctx, asked, record)
    if refusal is not None:
        return refusal
    if ctx.policy.rehearse:
        return await _welcome(ctx, record.user, migrated=False)
    if await NeedsUpgrade(str(record.password_hash)) is True:
        renewed = await _rehash(ctx, asked, attempt, record)
        if isinstance(renewed, Refusal):
            return renewed
        record = renewed
    return await _welcome(ctx, record.user, migrated=False)


async def _judge(ctx: Context, asked: Asked, record: Record) -> Refusal | None:
    if record.user.blocked:
        return Refusal(AccountBlockedError())
    if record.user.must_change_password:
        return Refusal(await demand_change(ctx, asked, record))
    return None


async def _rehash(
    ctx: Context, asked: Asked, attempt: Credentials, record: Record
) -> Record | Refusal:
    """
    Renew the hash; if that fails, the old one stays and the login is a success.
    """
    user = attrs.evolve(record.user, updated_at=await ReadDate())
    try:
        fresh = Record(user, await HashPassword(attempt.password.value), record.version)
        renewed = await replace(record, fresh)
    except StaleRecordError:
        return await _read_again(ctx, asked, attempt, record)
    except MigrateKitError:
        await tell(ctx, RehashFailed(user_id=user.id))
        return record
    await tell(ctx, PasswordRehashed(user_id=user.id))
    return renewed


async def _read_again(
    ctx: Context, asked: Asked, attempt: Credentials, verified: Record
) -> Record | Refusal:
    """
    Judge the record that somebody else has just written.
    """
    record = await FindUser(asked.key)
    if record is None or record.password_hash is None:
        return wrong("gone", reads=2)
    if record.password_hash != verified.password_hash:
        proof = await verify(attempt, record, reads=2)
        if isinstance(proof, Refusal):
            return proof
    return await _judge(ctx, asked, record) or record


async def _settle(
    ctx: Context, asked: Asked, attempt: Credentials, proof: Preloaded
) -> Authenticated | Refusal:
    """
    Give a pre-loaded user the hash of the password that the source vouched for.
    """
    for _ in range(ATTEMPTS):
        new = await to_replace(ctx, asked, attempt, proof)
        if isinstance(new, Refusal):
            return new
        try:
            record = await replace(proof.record, new)
        except StaleRecordError:
            again = await prove_again(ctx, asked, attempt, proof.legacy)
            if not isinstance(again, Preloaded):
                return await _admit_again(ctx, asked, attempt, again)
            proof = again
        else:
            return await _moved(ctx, asked, proof.legacy, record)
    return Refusal(StaleRecordError())


async def _move(
    ctx: Context, asked: Asked, attempt: Credentials, legacy: LegacyUser
) -> Authenticated | Refusal:
    """
    Store a user of the source.
    """
    new = await to_create(ctx, asked, attempt, legacy)
    if isinstance(new, Refusal):
        return new
    if new is None:
        again = await prove_again(ctx, asked, attempt, legacy)
        return await _admit_again(ctx, asked, attempt, again)
    try:
        record = await create(ctx, new)
    except (AlreadyMigratedError, UserExistsError):
        await check_loss(asked, new.user)
        again = await prove_again(ctx, asked, attempt, legacy)
        return await _admit_again(ctx, asked, attempt, again)
    return await _moved(ctx, asked, legacy, record)


async def _admit_again(
    ctx: Context, asked: Asked, attempt: Credentials, proof: Proof | Refusal
) -> Authenticated | Refusal:
    if isinstance(proof, Refusal):
        return proof
    return await _admit(ctx, asked, attempt, proof)


async def _moved(
    ctx: Context, asked: Asked, legacy: LegacyUser, record: Record
) -> Authenticated | Refusal:
    user = record.user
    legacy_id = ctx.legacy_id(legacy)
    await tell(
        ctx, UserMigrated(user_id=user.id, legacy_id=legacy_id, origin=user.origin)
    )
    await look_for_drift(ctx, asked, legacy, user.id)
    return await _welcome(ctx, user, migrated=True)


async def _answer_from_source(
    ctx: Context, legacy: LegacyUser
) -> Authenticated | Refusal:
    refusal = _refused_by_source(legacy)
    return refusal or await _welcome(ctx, legacy, migrated=False)


def _refused_by_source(legacy: LegacyUser) -> Refusal | None:
    if legacy.blocked:
        return Refusal(AccountBlockedError())
    if legacy.must_change_password:
        return Refusal(PasswordChangeRequiredError(None))
    return None


async def _welcome(
    ctx: Context, user: User | LegacyUser, *, migrated: bool
) -> Authenticated | Refusal:
    login = Authenticated(user, migrated)
    return await denied(ctx, login) or login


def _success(ctx: Context, login: Authenticated) -> LoginSucceeded:
    user = login.user
    user_id = user.id if isinstance(user, User) else ctx.legacy_id(user)
    return LoginSucceeded(user_id=user_id, migrated=login.migrated)
