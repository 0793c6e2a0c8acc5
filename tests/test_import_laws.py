"""
The laws of an import, whatever the store, the validator and the hasher answer.
"""

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit import MigrationPolicy
from migratekit._flows.context import Context
from migratekit._flows.imports import Chunk, Wrapping, import_chunk
from migratekit._run import Refused
from migratekit._steps import CreateMany, CreateUser, Tell
from migratekit.errors import (
    AlreadyMigratedError,
    MigrateKitError,
    StoreUnavailableError,
    UnusableHashError,
    UserExistsError,
    Violation,
)
from migratekit.imports import RowError
from migratekit.models import ImportRecord, Origin, Record, StoredHash
from migratekit.validation import Examined


NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
CONTEXT = Context(
    policy=MigrationPolicy(),
    source_name="shop",
    rules=(),
    listeners=(lambda event: None,),
    signer=None,
)

records = st.builds(
    ImportRecord,
    user_id=st.text("ab", max_size=2),
    email=st.none() | st.sampled_from(("a@b.com", "c@d.com", "no address")),
    email_verified=st.booleans(),
    blocked=st.booleans(),
    must_change_password=st.booleans(),
    password=st.none() | st.builds(StoredHash, st.text("0f", max_size=3)),
    line=st.none() | st.integers(1, 3),
)
unread = st.builds(
    RowError, st.integers(1, 9), st.just("FORMAT"), st.none(), st.just("…")
)
outcomes = (
    st.none()
    | st.builds(AlreadyMigratedError, st.sampled_from((None, "shop|a", "shop|b")))
    | st.builds(UserExistsError, st.sampled_from(("email", "username", "legacy_id")))
)


@attrs.define
class World:
    """
    Answers the steps of an import with what Hypothesis draws.
    """

    draw: object
    bulk: bool
    valid: dict = attrs.field(factory=dict)
    hashes: dict = attrs.field(factory=dict)
    given: list = attrs.field(factory=list)
    told: list = attrs.field(factory=list)
    ids: int = 0

    def play(self, flow):
        answer = None
        while True:
            try:
                raising = isinstance(answer, MigrateKitError)
                step = flow.throw(answer) if raising else flow.send(answer)
            except StopIteration as stop:
                return stop.value
            except MigrateKitError as error:
                return Refused(error)
            answer = getattr(self, type(step).__name__)(step)

    def ReadDate(self, step):
        return NOW

    def MakeIds(self, step):
        first = self.ids + 1
        self.ids += step.number
        return tuple(f"fresh-{number}" for number in range(first, self.ids + 1))

    def ExamineAll(self, step):
        answers = []
        for user in step.users:
            self.valid[user.id] = self.draw(st.booleans())
            wrong = () if self.valid[user.id] else (Violation("email_x", "email", "…"),)
            answers.append(Examined(user, wrong))
        return tuple(answers)

    def AdmitAll(self, step):
        answers = []
        for stored in step.hashes:
            usable = self.draw(st.booleans())
            answers.append(
                f"$kept${stored.text}" if usable else UnusableHashError("…", "…")
            )
        return tuple(answers)

    def CanCreateMany(self, step):
        return self.bulk

    def CreateMany(self, step):
        self.given.extend((new, None) for new in step.new)
        if self.draw(st.integers(0, 9)) == 0:
            return StoreUnavailableError("down")
        answers = [self.draw(outcomes) for _ in step.new]
        self.given = list(zip(step.new, answers, strict=True))
        return answers

    def CreateUser(self, step):
        answer = self.draw(outcomes)
        self.given.append((step.new, answer))
        return answer or Record(step.new.user, step.new.password_hash, 1)

    def Tell(self, step):
        self.told.append(step.event)


@given(
    rows=st.lists(records | unread, max_size=6),
    bulk=st.booleans(),
    wrapping=st.none() | st.just(Wrapping(None)),
    data=st.data(),
)
def test_laws(rows, bulk, wrapping, data):
    """
    Every row is accounted for once; only what is valid, with a usable hash, is given to
    the store, as it stands in its row; and nothing is told before it is written.
    """
    world = World(data.draw, bulk)

    outcome = world.play(import_chunk(CONTEXT, Chunk(rows, 10), wrapping))

    by_id = {}
    for row in rows:
        if isinstance(row, ImportRecord):
            by_id.setdefault(f"shop|{row.user_id}", []).append(row)
    for new, _ in world.given:
        user = new.user
        assert Origin.IMPORT == user.origin
        assert world.valid[user.id]
        assert 0 < len(user.legacy_id) - len("shop|")
        text = None if new.password_hash is None else new.password_hash[6:]
        assert any(
            (user.email, user.email_verified, user.blocked, user.must_change_password)
            == (row.email, row.email_verified, row.blocked, row.must_change_password)
            and text == (None if row.password is None else row.password.text)
            for row in by_id[user.legacy_id]
        )
    if isinstance(outcome, Refused):
        assert isinstance(outcome.error, StoreUnavailableError)
        assert [] == world.told
        return
    report = outcome.report
    answers = [answer for _, answer in world.given]
    moved = [
        answer
        for new, answer in world.given
        if isinstance(answer, AlreadyMigratedError)
        and answer.legacy_id == new.user.legacy_id
    ]
    assert len(rows) == report.total
    assert answers.count(None) == report.inserted
    assert len(moved) == report.already_migrated
    assert len(rows) - len(answers) == report.invalid
    assert len(report.errors) >= report.invalid + report.conflicts
    assert sum(report.codes.values()) == len(report.errors)
    assert (outcome.conflict is None) == (report.conflicts == 0)
    assert [report.inserted] == [event.inserted for event in world.told]
    assert not any("$kept$" in repr(part) for part in (report, world.told, outcome))


@pytest.mark.parametrize("step", [CreateMany([]), CreateUser(None), Tell(None, None)])
def test_every_step_must_be_awaited(step):
    """
    A step of an import that nobody awaits is not true.
    """
    with pytest.raises(TypeError, match="not awaited"):
        bool(step)
