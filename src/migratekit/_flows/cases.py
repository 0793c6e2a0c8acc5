"""
One user of the source, and everything that there is to say of them.
"""

from collections.abc import Iterator, Mapping, Sequence

import attrs

from migratekit._findings import OF_UNFOUND, UNVERIFIABLE_HASH, Finding
from migratekit._flows.context import Context
from migratekit._flows.imports import Chunk, examined
from migratekit._judging import Verdict
from migratekit._steps import AskUser, CheckRetired, FindUser
from migratekit._steps.surveys import CheckAllRetired, JudgeAll, LooksUpMany
from migratekit.errors import ContractError, LookupUnsupportedError
from migratekit.imports import codes
from migratekit.models import (
    Identifier,
    ImportRecord,
    LedgerKey,
    Retirement,
    RowError,
    User,
    identifiers,
    ledger_keys,
)
from migratekit.validation import as_typed


@attrs.define(eq=False)
class Case:
    """
    A user of the source.

    Args:
        line: Where they were listed.
        record: What was listed.
        user: The same in canonical form.
        problems: What validation says.
        verdict: What there is to say of the hash, if there is one.
        conflicts: What others have in the store, or had.
        moved: Whether they are there already.
        reserved: What is kept for them, by which no login lets them in.
        unfound: The fields by which the source does not find them.
    """

    line: int
    record: ImportRecord
    user: User
    problems: Sequence[RowError]
    verdict: Verdict | None = None
    conflicts: list[Finding] = attrs.field(factory=list)
    moved: bool = False
    reserved: set[LedgerKey] = attrs.field(factory=set)
    unfound: list[str] = attrs.field(factory=list)

    @property
    def is_valid(self) -> bool:
        """
        Whether an import would try to store them.
        """
        return not self.problems and self._refusal() is None

    @property
    def outcome(self) -> str:
        """
        What an import would count them as, by the fields of a
        `migratekit.preflight.PreflightReport`, as far as they alone can tell.
        """
        if not self.is_valid:
            return "invalid"
        if self.moved:
            return "moved"
        return "conflicts" if self.conflicts else "movable_by_import"

    @property
    def may_log_in(self) -> bool:
        """
        Whether a login would store them, as far as they alone can tell.
        """
        if self.problems or self.conflicts or self.moved or self.record.blocked:
            return False
        legacy_key, *keys = ledger_keys(self.user)
        if legacy_key in self.reserved or self.reserved.issuperset(keys):
            return False
        if len(self.unfound) == len(keys):
            return False
        return self.verdict is None or self.verdict.unverifiable is None

    def findings(self) -> Iterator[Finding]:
        """
        Yield what is wrong with them.
        """
        for problem in self.problems:
            yield self.finding(problem.code, problem.field, problem.message)
        refusal, verdict = self._refusal(), self.verdict
        if verdict is not None and refusal is not None:
            text = f"No import can use the hash: {refusal}."
            if verdict.is_vouched_for:
                text += "  A login can."
            yield self.finding(codes.INVALID_HASH, "password_hash", text)
        if verdict is not None and verdict.unverifiable is not None:
            text = f"No login can use the hash: {verdict.unverifiable}."
            yield self.finding(UNVERIFIABLE_HASH, "password_hash", text)
        for field in self.unfound:
            text = (
                "The source does not find them by it as people type it: there are "
                "blanks around it, or letters of another form."
            )
            yield self.finding(OF_UNFOUND[field], field, text)
        yield from self.conflicts

    def finding(self, code: str, field: str | None, message: str) -> Finding:
        """
        Return something that is wrong with them.
        """
        return Finding(
            line=self.line,
            user_id=self.record.user_id,
            code=code,
            field=field,
            message=message,
        )

    def _refusal(self) -> str | None:
        return None if self.verdict is None else self.verdict.unimportable


def records_of(chunk: Chunk) -> Mapping[int, ImportRecord]:
    """
    Return the rows of *chunk* that could be read, by their positions.
    """
    rows = enumerate(chunk.rows)
    return {p: row for p, row in rows if isinstance(row, ImportRecord)}


async def cases(ctx: Context, chunk: Chunk) -> Mapping[int, Case]:
    """
    Return the users of *chunk*, by their positions; validated, and no more.
    """
    records = records_of(chunk)
    users, problems = await examined(ctx, chunk, records)
    return {
        p: Case(chunk.line(p), record, users[p], problems.get(p, ()))
        for p, record in records.items()
    }


async def look_into(wanted: Sequence[Case]) -> None:
    """
    Find out what there is to say of the hashes of some, and what is in their way.
    """
    hashes = [
        (case, case.record.password)
        for case in wanted
        if case.record.password is not None
    ]
    verdicts = await JudgeAll([stored for _, stored in hashes]) if hashes else ()
    for (case, _), verdict in zip(hashes, verdicts, strict=True):
        case.verdict = verdict
    # Whom no import would try to store, it does not look up.
    await _look_up([case for case in wanted if not case.problems])


async def look_for(wanted: Sequence[Case]) -> None:
    """
    Find out whom the source does not find by what they type, if that is not just what
    it has listed.
    """
    for case in wanted:
        if case.problems or case.moved:
            continue
        for identifier in identifiers(case.user):
            field = identifier.kind.value
            listed: str = getattr(case.record, field)
            typed = as_typed(listed)
            if typed != listed and not await _finds(case, typed):
                case.unfound.append(field)


async def _finds(case: Case, typed: str) -> bool:
    try:
        legacy = await AskUser(typed)
    except (ContractError, LookupUnsupportedError):
        # It cannot tell; or several have it, and that is found elsewhere.
        return True
    return legacy is not None and legacy.user_id == case.record.user_id


async def _look_up(wanted: Sequence[Case]) -> None:
    """
    Find out who has moved, and what is in the way of the others in the store.

    What is not in the ledger no stored user has.
    """
    own_keys = [ledger_keys(case.user)[0] for case in wanted]
    for case, row in zip(wanted, await _retirements(own_keys), strict=True):
        case.moved = _is_of_others(case, row)

    asked = [
        (case, identifier)
        for case in wanted
        if not case.moved
        for identifier in identifiers(case.user)
    ]
    rows = await _retirements([_key_of(identifier) for _, identifier in asked])
    for (case, identifier), row in zip(asked, rows, strict=True):
        if _is_of_others(case, row):
            case.conflicts.append(await _conflict(case, identifier))


def _is_of_others(case: Case, row: Retirement | None) -> bool:
    """
    Return whether *row* is there, and not only kept for them themselves.
    """
    if row is None:
        return False
    if row.reason == "reserved" and row.legacy_id == case.user.legacy_id:
        case.reserved.add(row.key)
        return False
    return True


async def _retirements(keys: Sequence[LedgerKey]) -> Sequence[Retirement | None]:
    if await LooksUpMany():
        return await CheckAllRetired(keys)
    return [await CheckRetired(key) for key in keys]


async def _conflict(case: Case, identifier: Identifier) -> Finding:
    record, field = await FindUser(identifier), identifier.kind.value
    if record is None:
        return case.finding(codes.CONFLICT, field, codes.MESSAGES[codes.CONFLICT])
    code = codes.OF_FIELD[field]
    return case.finding(code, field, about(code, f"the stored user {record.user.id}"))


def _key_of(identifier: Identifier) -> LedgerKey:
    """
    Return the ledger's key of an identifier.
    """
    return LedgerKey(identifier.kind, identifier.value)


def about(code: str, whom: str) -> str:
    """
    Return the message of *code*, and whom it is about.
    """
    return f"{codes.MESSAGES[code].rstrip('.')}: {whom}."
