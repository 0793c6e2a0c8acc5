"""
The laws of the flows, whatever the world answers.

Hypothesis plays the world: it answers every step with any reply or fault that the step's
own checks let through.
"""

import datetime as dt
import math
import os

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import (
    EMAILS,
    MOMENT,
    emails,
    legacy_users,
    passwords,
    records,
    typed,
    usernames,
)

from migratekit import Authenticated, MigrationPolicy, User, Validator
from migratekit._flows import accounts, login, reset, sign_up
from migratekit._flows import passwords as password_flows
from migratekit._flows.context import Context, Credentials, Secret
from migratekit._run import Refused
from migratekit._signing import TokenSigner
from migratekit._steps import (
    AskLogin,
    AskRule,
    AskUser,
    BindSource,
    CheckRetired,
    CreateUser,
    DeleteUser,
    EnterQueue,
    FindUser,
    Ports,
    ReleaseAttempt,
    ReplaceUser,
    ReserveAttempt,
    ResetAttempts,
    Tell,
    VerifyPassword,
    WaitUntil,
)
from migratekit._tokens import Claims, Sealed
from migratekit.errors import (
    AccessDeniedError,
    AccountBlockedError,
    AlreadyMigratedError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    MigrateKitError,
    OverloadedError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
    StaleRecordError,
    StoreUnavailableError,
    TooManyAttemptsError,
    UnusableHashError,
    UserExistsError,
    Violation,
)
from migratekit.events import (
    LoginRefused,
    LoginSucceeded,
    MigrationRehearsed,
    SourceResumed,
)
from migratekit.models import KeyKind, LegacyUser, Record, Retirement
from migratekit.throttle import AttemptKind


SIGNER = TokenSigner(Sealed("a secret key of the tests"))
PORTS = Ports(None, None, None, Validator(), None, None, "$decoy$", None)
STORE_DOWN = st.builds(StoreUnavailableError, st.just("down"))
WRITES = (CreateUser, ReplaceUser, DeleteUser)


@attrs.frozen
class Trace:
    """
    What a flow asked, what it was told, and what came of it.
    """

    steps: list
    result: object

    def of(self, *kinds):
        return [
            (step, answer) for step, answer in self.steps if isinstance(step, kinds)
        ]

    def told(self, kind):
        return [step.event for step, _ in self.of(Tell) if isinstance(step.event, kind)]

    @property
    def overloaded(self):
        """
        Whether there was no place in the queue; then nobody may have been asked.
        """
        error = getattr(self.result, "error", None)
        if not isinstance(error, OverloadedError):
            return False
        assert {EnterQueue, Tell} >= {type(step) for step, _ in self.steps}
        return True


class World:
    """
    Answers steps with what Hypothesis draws.

    A calm one has no faults and few surprises; otherwise hardly a flow would get as far
    as to write anything.
    """

    def __init__(self, draw, *, known=None):
        self.draw = draw
        self.calm = draw(st.booleans())
        self.known = known
        self.clock = 0.0

    def play(self, flow):
        steps, answer = [], None
        for _ in range(300):
            try:
                if isinstance(answer, MigrateKitError):
                    step = flow.throw(answer)
                else:
                    step = flow.send(answer)
            except StopIteration as stop:
                return Trace(steps, stop.value)
            except MigrateKitError as error:
                return Trace(steps, Refused(error))
            answer = self.answer(step)
            if not isinstance(answer, MigrateKitError):
                answer = step.check(answer)
            steps.append((step, answer))
        pytest.fail("The flow does not end.")

    def answer(self, step):
        return getattr(self, type(step).__name__)(step)

    def rarely(self, fault):
        if self.calm or self.draw(st.integers(0, 9)):
            return None
        return self.draw(fault)

    def mostly(self, usual, other):
        if self.calm or self.draw(st.integers(0, 3)):
            return self.draw(usual)
        return self.draw(other)

    def FindUser(self, step):
        fault = self.rarely(STORE_DOWN)
        found = st.none() | records(identifier=step.identifier)
        return fault or self.draw(found)

    def GetUser(self, step):
        fault = self.rarely(STORE_DOWN)
        if step.user_id == "fresh":
            # Nobody else has the id of the user that was just created.
            return fault or self.draw(st.sampled_from((None, self.created)))
        if self.known is not None and self.draw(st.booleans()):
            return self.known
        return fault or self.draw(st.none() | records(user_id=step.user_id))

    def CheckRetired(self, step):
        fault = self.rarely(STORE_DOWN)
        rows = st.builds(
            Retirement,
            st.just(step.key),
            st.sampled_from(("used", "reserved")),
            st.sampled_from((None, "shop|1", "shop|2")),
        )
        return fault or self.mostly(st.none(), rows)

    def CreateUser(self, step):
        self.created = Record(step.new.user, step.new.password_hash, 1)
        stored = st.just(self.created)
        faults = (
            STORE_DOWN
            | st.builds(UserExistsError, st.sampled_from(("email", "username")))
            | st.builds(AlreadyMigratedError, st.none())
        )
        return self.mostly(stored, faults)

    def ReplaceUser(self, step):
        next_version = attrs.evolve(step.new, version=step.old.version + 1)
        faults = STORE_DOWN | st.builds(StaleRecordError)
        return self.mostly(st.just(next_version), faults)

    def DeleteUser(self, step):
        return self.draw(st.none() | STORE_DOWN | st.builds(StaleRecordError))

    def BindSource(self, step):
        return self.rarely(STORE_DOWN)

    def AskLogin(self, step):
        faults = st.builds(LegacyUnavailableError) | st.builds(
            UnusableHashError, st.just("…"), st.just("")
        )
        people = legacy_users.map(lambda user: self.named(user, step.identifier))
        return self.rarely(faults) or self.mostly(people, st.none() | legacy_users)

    def TakeNews(self, step):
        return self.draw(st.sampled_from(((), (SourceResumed(part=""),))))

    def IsCutOver(self, step):
        return self.draw(st.booleans())

    def AskUser(self, step):
        people = legacy_users.map(lambda user: self.named(user, step.identifier))
        fault = self.rarely(st.builds(LegacyUnavailableError))
        return fault or self.draw(st.none() | people)

    def named(self, user, identifier):
        field = "email" if "@" in identifier else "username"
        return attrs.evolve(user, **{field: identifier})

    def EnterQueue(self, step):
        return self.rarely(st.builds(OverloadedError))

    def LeaveQueue(self, step):
        return None

    def HashPassword(self, step):
        return f"$new$of {step.password}"

    def VerifyPassword(self, step):
        if step.encoded is None:
            return False
        unusable = st.builds(UnusableHashError, st.just("…"), st.just(""))
        return self.draw(st.sampled_from((True, True, False)) | unusable)

    def NeedsRehash(self, step):
        return not step.encoded.startswith("$new$")

    def NeedsUpgrade(self, step):
        return self.NeedsRehash(step)

    def Examine(self, step):
        return step.perform(PORTS)

    def CheckPassword(self, step):
        return tuple(step.password_check(step.password))

    def ReadClock(self, step):
        self.clock += self.draw(st.sampled_from((0.0, 0.01, 1.0)))
        return self.clock

    def ReadDate(self, step):
        return MOMENT

    def WaitUntil(self, step):
        self.clock = max(self.clock, step.moment)

    def MakeId(self, step):
        return "fresh"

    def Tell(self, step):
        return None

    def ReserveAttempt(self, step):
        wait = st.sampled_from((0, 1.5, math.inf))
        return self.rarely(wait | STORE_DOWN)

    def ReleaseAttempt(self, step):
        return self.rarely(STORE_DOWN)

    def ResetAttempts(self, step):
        return self.rarely(STORE_DOWN)

    def AskRule(self, step):
        return self.draw(
            st.none() | st.just("no") | st.builds(ContractError, st.just("rule"))
        )


def play(ctx, data, flow, **more):
    """
    Play *flow*; in a rehearsal, whatever happens, nothing is written.
    """
    trace = World(data.draw, **more).play(flow)
    assert not ctx.policy.rehearse or trace.of(BindSource, *WRITES) == []
    return trace


def weak(password):
    return [Violation("weak", "password", "")] if password == "one" else []


def policy_of(mode, **more):
    return MigrationPolicy(
        import_mode=mode != "off", rehearse=mode == "rehearse", **more
    )


policies = st.builds(
    policy_of,
    mode=st.sampled_from(("on", "on", "on", "on", "off", "rehearse")),
    strategy_version=st.sampled_from((2, 2, 1)),
    password_check=st.sampled_from((None, weak)),
    weak_legacy_password=st.sampled_from(("admit", "must_change", "refuse")),
    detect_drift=st.booleans(),
)
contexts = st.builds(
    Context,
    policy=policies,
    source_name=st.just("shop"),
    rules=st.sampled_from(((), (lambda login: None,))),
    listeners=st.just((lambda event: None,)),
    signer=st.sampled_from((SIGNER, None)),
)
data = st.data()
clients = st.sampled_from((None, "192.0.2.1"))
attempts = st.builds(Credentials, typed, st.builds(Secret, passwords), clients)
many = settings(
    max_examples=150 * int(os.environ.get("MIGRATEKIT_EXAMPLES", "1")), deadline=None
)


def vouched(trace):
    """
    Return whom the source's ``login`` said yes to.
    """
    return [a for _, a in trace.of(AskLogin) if isinstance(a, LegacyUser)]


def matched(trace):
    """
    Return the hashes that a password was found to be of.
    """
    return [step.encoded for step, answer in trace.of(VerifyPassword) if answer is True]


def is_permitted(trace, record):
    """
    Return whether the password was found to be the one of *record*.
    """
    if record.password_hash is not None:
        return record.password_hash in matched(trace)
    return [f"shop|{legacy.user_id}" for legacy in vouched(trace)] == [
        record.user.legacy_id
    ]


def counts(trace):
    return [answer for _, answer in trace.of(ReserveAttempt)]


def names(user):
    return [name.strip().lower() for name in (user.email, user.username) if name]


PROVEN = (
    AccessDeniedError,
    AccountBlockedError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
)


def check_throttle(trace, attempt):
    """
    Nobody is asked before the attempt is counted; what was no failure is taken back.
    """
    counted, denied = [], False
    for step, answer in trace.steps:
        if isinstance(step, ReserveAttempt):
            assert not denied
            denied = answer is not None
            counted += [] if denied else [step.key]
        kinds = [key.kind for key in counted]
        if isinstance(step, (FindUser, AskLogin, VerifyPassword, *WRITES)):
            assert not denied
            assert ["identifier"] == kinds[:1]
            assert attempt.client is None or ["client"] == kinds[1:2]
        guesses = isinstance(step, VerifyPassword) and step.encoded is not None
        if isinstance(step, AskLogin) or guesses:
            assert {"user", "stranger"} & {*kinds}
    people = [key for key in counted if key.kind is not AttemptKind.CLIENT]
    clients = [key for key in counted if key.kind is AttemptKind.CLIENT]
    released = [step.key for step, _ in trace.of(ReleaseAttempt)]
    reset = [step.key for step, _ in trace.of(ResetAttempts)]
    error = getattr(trace.result, "error", None)
    if error is None or isinstance(error, PROVEN):
        assert (clients, people) == (released, reset)
    elif isinstance(error, InvalidCredentialsError):
        assert [] == released == reset
    else:
        assert (counted, []) == (released, reset)
        assert denied or not isinstance(error, TooManyAttemptsError)
    if denied:
        assert isinstance(error, StoreUnavailableError | TooManyAttemptsError)


@many
@given(data, contexts, attempts)
def test_login(data, ctx, attempt):
    """
    A login writes and lets in only after a yes, for the one who was vouched for.
    """
    trace = play(ctx, data, login.authenticate(ctx, attempt))

    check_throttle(trace, attempt)
    assert len(trace.of(AskLogin)) <= 1
    assert len(trace.told(MigrationRehearsed)) <= ctx.policy.rehearse
    if trace.told(MigrationRehearsed):
        for step, _ in trace.of(AskRule):
            assert step.login.migrated
            assert isinstance(step.login.user, User)
    for position, (step, _) in enumerate(trace.steps):
        before = Trace(trace.steps[:position], None)
        if isinstance(step, CreateUser):
            (legacy,) = vouched(before)
            assert f"shop|{legacy.user_id}" == step.new.user.legacy_id
            assert f"$new$of {attempt.password.value}" == step.new.password_hash
            assert legacy.email_verified == step.new.user.email_verified
            assert not legacy.blocked
            assert not legacy.must_change_password
            assert legacy.profile == step.new.user.profile
            assert ctx.policy.import_mode
            # Whoever the source knows by the other identifier is the same person.
            for _, other in before.of(AskUser):
                assert other is None or other.user_id == legacy.user_id
        if isinstance(step, ReplaceUser):
            assert is_permitted(before, step.old)
            assert f"$new$of {attempt.password.value}" == step.new.password_hash
            kept = attrs.evolve(
                step.new.user,
                updated_at=step.old.user.updated_at,
                migrated_at=step.old.user.migrated_at,
            )
            assert step.old.user == kept
        if isinstance(step, AskLogin):
            (first, *_) = [answer for _, answer in before.of(FindUser)]
            assert first is None or first.password_hash is None
            if first is None:
                rows = [answer for _, answer in before.of(CheckRetired)]
                assert rows == [None] or before.of(FindUser)[-1][1] is not None
    if isinstance(trace.result, Authenticated):
        check_success(ctx, trace)
        assert attempt.identifier.strip().lower() in names(trace.result.user)
    else:
        check_refusal(trace)


def check_success(ctx, trace):
    user = trace.result.user
    assert not user.blocked
    assert not user.must_change_password
    assert len(trace.told(LoginSucceeded)) == 1
    assert trace.told(LoginRefused) == []
    if isinstance(user, LegacyUser):
        assert ctx.policy.rehearse or not ctx.policy.import_mode
        assert [user] == vouched(trace)
        assert trace.of(*WRITES) == []
    elif trace.result.migrated:
        (legacy,) = vouched(trace)
        assert f"shop|{legacy.user_id}" == user.legacy_id
        assert trace.of(CreateUser, ReplaceUser)
    else:
        assert matched(trace) or (ctx.policy.rehearse and vouched(trace))
    assert [None] * len(ctx.rules) == [answer for _, answer in trace.of(AskRule)]


def check_refusal(trace):
    assert isinstance(trace.result, Refused)
    assert trace.overloaded == (trace.of(FindUser, WaitUntil) == [])
    assert trace.told(LoginSucceeded) == []
    assert len(trace.told(LoginRefused)) == 1
    if isinstance(trace.result.error, InvalidCredentialsError):
        current = [
            step
            for step, _ in trace.of(VerifyPassword)
            if step.encoded is None or step.encoded.startswith("$new$")
        ]
        assert current
        assert trace.of(WaitUntil)


@many
@given(
    data,
    contexts,
    st.builds(Secret, passwords),
    st.sampled_from(("reset", "must_change")),
)
def test_finish(data, ctx, password, purpose):
    """
    A token changes only the record it was made for, or creates whom it names.
    """
    ctx = attrs.evolve(ctx, signer=SIGNER)
    expires = int((MOMENT + dt.timedelta(minutes=1)).timestamp())
    claims = Claims(purpose=purpose, expires_at=expires)
    bound = data.draw(st.none() | records(user_id="u1"))
    if bound is not None:
        claims = attrs.evolve(claims, user_id="u1", state=SIGNER.state_of(bound))
    else:
        claims = attrs.evolve(claims, legacy_id="shop|1", identifier=EMAILS[0])
    token = Secret(SIGNER.sign(claims))

    trace = play(ctx, data, reset.finish(ctx, token, password), known=bound)

    for step, _ in trace.of(ReplaceUser):
        assert bound is not None
        assert (bound.version, bound.password_hash) == (
            step.old.version,
            step.old.password_hash,
        )
        assert step.old.user.blocked == step.new.user.blocked
        if purpose == "must_change":
            assert step.old.user.email_verified == step.new.user.email_verified
    for step, _ in trace.of(CreateUser):
        assert bound is None
        assert ctx.policy.import_mode
        legacy, *others = [answer for _, answer in trace.of(AskUser)]
        assert step.new.user.legacy_id == "shop|1"
        assert all(other is None or other.user_id == "1" for other in others)
        assert legacy.blocked == step.new.user.blocked
        verified = legacy.email_verified or purpose == "reset"
        assert verified == step.new.user.email_verified
    if isinstance(trace.result, User):
        assert trace.of(CreateUser, ReplaceUser)
    assert trace.overloaded == (trace.of(EnterQueue) == trace.steps != [])
    assert not (ctx.policy.password_check and password.value == "one") or not trace.of(
        CreateUser, ReplaceUser
    )


@many
@given(data, contexts, typed, clients)
def test_start(data, ctx, identifier, client):
    """
    A request for a token writes nothing and always takes the floor.
    """
    trace = play(ctx, data, reset.start(ctx, identifier, client))

    assert trace.of(*WRITES) == []
    if trace.of(CheckRetired):
        assert [None] * (1 + (client is not None)) == counts(trace)
    assert len(trace.of(WaitUntil)) == 1
    assert len(trace.of(AskUser)) <= 2


@many
@given(data, contexts, emails, st.none() | usernames, st.booleans(), clients)
def test_sign_up(data, ctx, email, username, verified, client):
    """
    Nobody is signed up under a key that the source or the store knows, or is silent on.
    """
    application = sign_up.Application(
        email=email,
        username=username,
        email_verified=verified,
        profile={},
        password=Secret("two"),
        client=client,
    )

    trace = play(ctx, data, sign_up.sign_up(ctx, application))

    if trace.of(CheckRetired, FindUser):
        assert [None] * (client is not None) == counts(trace)
    for position, (step, _) in enumerate(trace.steps):
        if isinstance(step, CreateUser):
            before = Trace(trace.steps[:position], None)
            assert all(answer is None for _, answer in before.of(FindUser, AskUser))
            assert step.new.user.legacy_id is None
            for asked, row in before.of(CheckRetired):
                assert row is None or row.reason == "used"
                if row is None:
                    value = asked.key.value
                    assert value in [step.identifier for step, _ in before.of(AskUser)]
            kinds = {asked.key.kind for asked, _ in before.of(CheckRetired)}
            assert kinds == {KeyKind.EMAIL} | (
                {KeyKind.USERNAME} if username else set()
            )
    assert isinstance(trace.result, User) or trace.of(WaitUntil) or trace.overloaded


@many
@given(data, contexts, attempts, st.builds(Secret, passwords))
def test_change_password(data, ctx, attempt, password):
    """
    A password is changed only by whoever proves the old one.
    """
    trace = play(ctx, data, password_flows.change_password(ctx, attempt, password))

    check_throttle(trace, attempt)
    assert len(trace.of(AskLogin)) <= 1
    for position, (step, _) in enumerate(trace.steps):
        before = Trace(trace.steps[:position], None)
        if isinstance(step, CreateUser):
            (legacy,) = vouched(before)
            assert f"shop|{legacy.user_id}" == step.new.user.legacy_id
            assert not legacy.blocked
        if isinstance(step, ReplaceUser):
            assert is_permitted(before, step.old)
            assert not step.old.user.blocked
            assert step.old.user.email_verified == step.new.user.email_verified
        if isinstance(step, WRITES):
            assert f"$new$of {password.value}" == step.new.password_hash
    if isinstance(trace.result, User):
        assert trace.of(CreateUser, ReplaceUser)
    else:
        check_refusal(trace)


@many
@given(data, contexts, emails, st.booleans())
def test_change_email(data, ctx, email, verified):
    """
    Nobody gets an e-mail that the store, a reservation or the source keeps for another.
    """
    trace = play(
        ctx, data, accounts.change_email(ctx, "u1", email, email_verified=verified)
    )

    for position, (step, _) in enumerate(trace.steps):
        if isinstance(step, ReplaceUser):
            assert step.old.password_hash == step.new.password_hash
            assert step.old.user.blocked == step.new.user.blocked
            if step.old.user.email != step.new.user.email:
                check_kept_for_nobody(Trace(trace.steps[:position], None), step)


def check_kept_for_nobody(before, step):
    own = step.old.user.legacy_id
    _, row = before.of(CheckRetired)[-1]
    if row is None:
        _, legacy = before.of(AskUser)[-1]
        assert legacy is None or f"shop|{legacy.user_id}" == own
    else:
        assert row.reason == "used" or row.legacy_id == own


@many
@given(data, contexts, st.sampled_from((accounts.block, accounts.unblock)))
def test_block(data, ctx, operation):
    """
    Blocking changes nothing but the block.
    """
    trace = play(ctx, data, operation(ctx, "u1"))

    for step, _ in trace.of(ReplaceUser):
        kept = attrs.evolve(
            step.new.user,
            blocked=step.old.user.blocked,
            updated_at=step.old.user.updated_at,
        )
        assert step.old.user == kept
    if isinstance(trace.result, User):
        assert trace.result.blocked == (operation is accounts.block)
