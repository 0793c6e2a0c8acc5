"""
Whether all stored users can be compared by strategy version 2.
"""

from collections.abc import Iterator, Sequence

import attrs

from migratekit._findings import OF_SHARED, Finding, StoredReport
from migratekit._fingerprints import Fingerprints
from migratekit._flows.context import Context
from migratekit._flows.figures import list_users
from migratekit._flows.findings import Found
from migratekit._steps import CheckRetired
from migratekit._steps.imports import ExamineAll
from migratekit._steps.surveys import Advance, BeginWalk, Desk
from migratekit.errors import Violation
from migratekit.imports import codes
from migratekit.models import LedgerKey, Retirement, User, identifiers
from migratekit.policy import MigrationPolicy


@attrs.frozen(eq=False)
class Pair:
    """
    A stored user as they are, and as they are in the form of version 2.
    """

    before: User
    after: User
    violations: Sequence[Violation] = ()

    @property
    def differs(self) -> bool:
        """
        Whether they are stored in another form.
        """
        return _spelling(self.before) != _spelling(self.after)

    @property
    def keys(self) -> tuple[LedgerKey, ...]:
        """
        What they are found by in version 2.
        """
        return _keys(self.after)

    @property
    def new_keys(self) -> tuple[LedgerKey, ...]:
        """
        What of that they are not found by yet.
        """
        old = _keys(self.before)
        return tuple(key for key in self.keys if key not in old)

    def misfits(self) -> Iterator[Finding]:
        """
        Yield why they may not be stored so.
        """
        for violation in self.violations:
            code = codes.code_of(violation.code)
            yield self.finding(code, violation.field, violation.message)

    def finding(self, code: str, field: str, message: str) -> Finding:
        """
        Return something that is wrong with them.
        """
        return _finding(self.before.id, code, field, message)


def _finding(user_id: str, code: str, field: str, message: str) -> Finding:
    return Finding(line=None, user_id=user_id, code=code, field=field, message=message)


def _spelling(user: User) -> tuple[str | None, str | None]:
    return user.email, user.username


def _keys(user: User) -> tuple[LedgerKey, ...]:
    return tuple(LedgerKey(key.kind, key.value) for key in identifiers(user))


@attrs.define(eq=False)
class Pages:
    """
    All stored users, in the order of their ids.
    """

    ctx: Context
    _after: str | None = None

    async def take(self) -> Sequence[Pair]:
        """
        Return the next ones, or none at the end.
        """
        page = await list_users(self.ctx, self._after, None, None)
        if not page:
            return ()
        self._after = page[-1].id
        answers = await ExamineAll(page, version_2(self.ctx))
        return [
            Pair(user, answer.user, answer.violations)
            for user, answer in zip(page, answers, strict=True)
        ]


def version_2(ctx: Context) -> MigrationPolicy:
    """
    Return the policy as it would be with strategy version 2.
    """
    return attrs.evolve(ctx.policy, strategy_version=2)


async def survey_stored(ctx: Context, desk: Desk) -> StoredReport:
    """
    Find out who would collide or be invalid.  Writes nothing.
    """
    found, fingerprints = Found(desk), Fingerprints()
    users = differing = 0
    pages = Pages(ctx)
    await BeginWalk(desk)
    while page := await pages.take():
        for pair in page:
            differing += pair.differs
            await found.tell([*pair.misfits(), *await _reserved(pair)])
            for key in pair.keys:
                fingerprints.add(key)
        users += len(page)
        await Advance(desk, len(page))

    repeated = fingerprints.repeated()
    if repeated:
        holders: dict[LedgerKey, _Holder] = {}
        pages = Pages(ctx)
        await BeginWalk(desk)
        while page := await pages.take():
            for pair in page:
                keys = [key for key in pair.keys if fingerprints.of(key) in repeated]
                await found.tell([*_shared(pair, keys, holders)])
            await Advance(desk, len(page))
    return StoredReport(
        users=users,
        differing=differing,
        codes=dict(found.codes),
        findings=tuple(found.first),
    )


async def _reserved(pair: Pair) -> list[Finding]:
    """
    Return what of a user's keys is reserved for somebody else.
    """
    found = []
    for key in pair.new_keys:
        row = await CheckRetired(key)
        if row is not None and _is_others(row, pair.before):
            code, field = codes.OF_FIELD[key.kind.value], key.kind.value
            text = f"It is reserved for {row.legacy_id}."
            found.append(pair.finding(code, field, text))
    return found


def _is_others(row: Retirement, user: User) -> bool:
    return row.reason == "reserved" and row.legacy_id != user.legacy_id


@attrs.define(eq=False)
class _Holder:
    """
    The first of those who have a key.
    """

    user_id: str
    told: bool = False


def _shared(
    pair: Pair, keys: Sequence[LedgerKey], holders: dict[LedgerKey, _Holder]
) -> Iterator[Finding]:
    """
    Yield who has the same key in version 2.
    """
    for key in keys:
        own_id = pair.before.id
        first = holders.setdefault(key, _Holder(own_id))
        if first.user_id == own_id:
            continue
        if not first.told:
            first.told = True
            yield _with_twin(first.user_id, key, own_id)
        yield _with_twin(own_id, key, first.user_id)


def _with_twin(user_id: str, key: LedgerKey, other_id: str) -> Finding:
    field = key.kind.value
    text = f"The user {other_id} has it, too, in another spelling."
    return _finding(user_id, OF_SHARED[field], field, text)
