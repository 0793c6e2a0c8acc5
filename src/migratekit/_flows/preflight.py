"""
What would become of all users of the source, found out without writing anything.

All of them are read once.  Of each key of theirs a fingerprint is kept, and where two
are alike, all are read once more: then the keys themselves are compared, of these
alone, in the order in which an import would store them.
"""

from collections import Counter
from collections.abc import Sequence

import attrs

from migratekit._findings import (
    Finding,
    HashFigures,
    PreflightReport,
)
from migratekit._fingerprints import Fingerprints
from migratekit._flows.cases import Case, cases, look_for, look_into, records_of
from migratekit._flows.context import Context
from migratekit._flows.findings import Found
from migratekit._flows.imports import Chunk
from migratekit._flows.twins import Twins
from migratekit._judging import Verdict
from migratekit._steps.surveys import (
    Advance,
    BeginWalk,
    Desk,
    TakeRows,
    TellsHashes,
)
from migratekit.errors import ContractError
from migratekit.models import RowError, ledger_keys


# Whoever can write hashes could otherwise fill the memory with kinds of them.
_MOST_KINDS = 100
_OTHER_KINDS = "other kinds"


@attrs.define(eq=False)
class _Kind:
    """
    How many hashes there are of one kind.
    """

    users: int = 0
    weak: int = 0
    unimportable: int = 0
    unverifiable: int = 0


@attrs.define(eq=False)
class _Survey:
    """
    What is known of the users so far.
    """

    ctx: Context
    desk: Desk
    is_listing: bool
    tells_hashes: bool
    # By the fields of a PreflightReport.
    figures: Counter[str] = attrs.field(factory=Counter)
    hashless: int = 0
    kinds: dict[str, _Kind] = attrs.field(factory=dict)
    fingerprints: Fingerprints = attrs.field(factory=Fingerprints)
    found: Found = attrs.field(init=False)

    @found.default
    def _nothing_yet(self) -> Found:
        return Found(self.desk)

    @property
    def shuns_hashless(self) -> bool:
        """
        Whether whoever has no hash cannot log in: a source that lists hashes at all,
        and tells how it verifies them, has nothing else to verify by.
        """
        return self.tells_hashes and bool(self.kinds)

    def may_log_in(self, case: Case) -> bool:
        """
        Return whether a login would store a user, once all are read.
        """
        if case.verdict is None and self.shuns_hashless:
            return False
        return case.may_log_in

    def count(self, case: Case) -> None:
        """
        Count a user who was looked into.
        """
        record, figures = case.record, self.figures
        figures["blocked"] += record.blocked
        figures["must_change"] += record.must_change_password
        if case.verdict is None:
            figures["without_hash"] += 1
            self.hashless += case.may_log_in
        else:
            self._count_hash(case.verdict)
        figures["movable_by_login"] += case.may_log_in
        figures[case.outcome] += 1

    def _count_hash(self, verdict: Verdict) -> None:
        label = verdict.label
        if label not in self.kinds and len(self.kinds) >= _MOST_KINDS:
            label = _OTHER_KINDS
        kind = self.kinds.setdefault(label, _Kind())
        kind.users += 1
        kind.weak += verdict.weak
        kind.unimportable += verdict.unimportable is not None
        kind.unverifiable += verdict.unverifiable is not None
        self.figures["weak"] += verdict.weak
        self.figures["over_ceiling"] += verdict.over_ceiling
        usable = verdict.unimportable is None or verdict.is_vouched_for
        self.figures["unusable"] += not usable

    def report(self, twins: Twins) -> PreflightReport:
        """
        Return what was found.
        """
        figures = self.figures.copy()
        figures.update(twins.figures)
        if self.shuns_hashless:
            figures["movable_by_login"] -= self.hashless
        # Who has moved since the first reading was counted then.
        figures = +figures
        kinds = sorted(self.kinds.items(), key=lambda item: (-item[1].users, item[0]))
        return PreflightReport(
            **figures,
            formats=tuple(
                HashFigures(format=label, **attrs.asdict(kind)) for label, kind in kinds
            ),
            codes=dict(self.found.codes),
            findings=tuple(self.found.first),
        )


async def preflight(
    ctx: Context, desk: Desk, *, is_listing: bool = True
) -> PreflightReport:
    """
    Find out what would become of all users whom *desk* gives.

    Args:
        ctx: Whose users.
        desk: Where they come from.
        is_listing: Whether it is the source that lists them, and so has to find them.
    """
    survey = _Survey(ctx, desk, is_listing, await TellsHashes())
    twins = Twins()
    await BeginWalk(desk)
    while rows := await TakeRows(desk):
        await _look_at(survey, Chunk(rows, survey.figures["users"] + 1))
        await Advance(desk, len(rows))

    repeated = survey.fingerprints.repeated()
    if repeated:
        read = 0
        await BeginWalk(desk)
        while rows := await TakeRows(desk):
            await _compare(survey, Chunk(rows, read + 1), repeated, twins)
            read += len(rows)
            await Advance(desk, len(rows))
    return survey.report(twins)


async def _look_at(survey: _Survey, chunk: Chunk) -> None:
    unread = _unread(chunk)
    if len(unread) + len(records_of(chunk)) < len(chunk.rows):
        raise ContractError("The source listed what is no ImportRecord.")
    survey.figures["users"] += len(chunk.rows)
    survey.figures["invalid"] += len(unread)

    found = await cases(survey.ctx, chunk)
    await _look_into(survey, [*found.values()])
    for case in found.values():
        survey.count(case)
        for key in ledger_keys(case.user):
            survey.fingerprints.add(key)
    told = {p: [*case.findings()] for p, case in found.items()} | unread
    await survey.found.tell([finding for p in sorted(told) for finding in told[p]])


async def _look_into(survey: _Survey, wanted: Sequence[Case]) -> None:
    await look_into(wanted)
    if survey.is_listing:
        await look_for(wanted)


async def _compare(
    survey: _Survey, chunk: Chunk, repeated: frozenset[int], twins: Twins
) -> None:
    """
    Find out which of the keys that seem to be *repeated* are the same.
    """
    number_of = survey.fingerprints.of
    suspects = [
        (case, keys)
        for case in (await cases(survey.ctx, chunk)).values()
        if (keys := [k for k in ledger_keys(case.user) if number_of(k) in repeated])
    ]
    await _look_into(survey, [case for case, _ in suspects])
    await survey.found.tell(
        [
            finding
            for case, keys in suspects
            for finding in twins.add(case, keys, may_log_in=survey.may_log_in(case))
        ]
    )


def _unread(chunk: Chunk) -> dict[int, list[Finding]]:
    """
    Return why the other rows of *chunk* could not be read.
    """
    return {
        position: [
            Finding(
                line=chunk.line(position),
                user_id=None,
                code=row.code,
                field=row.field,
                message=row.message,
            )
        ]
        for position, row in enumerate(chunk.rows)
        if isinstance(row, RowError)
    }
