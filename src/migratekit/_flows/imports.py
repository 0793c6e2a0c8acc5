"""
Many users at once, out of a file or a source.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs

from migratekit._flows.context import Context, tell
from migratekit._flows.profiles import drafted
from migratekit._steps import (
    BindSource,
    CanCreateMany,
    Created,
    CreateMany,
    CreateUser,
    ReadDate,
)
from migratekit._steps.imports import AdmitAll, ExamineAll, MakeIds, Wrapping
from migratekit.errors import (
    AlreadyMigratedError,
    ContractError,
    UnusableHashError,
    UserExistsError,
)
from migratekit.events import UsersImported
from migratekit.imports import codes
from migratekit.imports.report import ImportReport, RowError
from migratekit.models import ImportRecord, NewUser, Origin, User
from migratekit.validation import is_possible_user_id


__all__ = ["Chunk", "ImportReport", "Outcome", "Wrapping", "begin", "import_chunk"]

Conflict: TypeAlias = AlreadyMigratedError | UserExistsError
# By the position of a row in its chunk.
Users: TypeAlias = Mapping[int, User]
Problems: TypeAlias = Mapping[int, Sequence[RowError]]


@attrs.frozen
class Chunk:
    """
    Some rows of an import; *first* is the number of the first one.
    """

    rows: Sequence[ImportRecord | RowError] = attrs.field(repr=False)
    first: int

    def line(self, position: int) -> int:
        """
        Return where a row stands: in its file, or else among all rows.
        """
        line = self.rows[position].line
        return self.first + position if line is None else line


@attrs.frozen
class Outcome:
    """
    What became of a chunk; *conflict* is the first one.
    """

    report: ImportReport
    conflict: Conflict | None


async def begin(ctx: Context) -> None:
    """
    Make sure that users of this source may be stored at all.
    """
    ctx.check_moves()
    await BindSource(ctx.source_name)


async def import_chunk(
    ctx: Context, chunk: Chunk, wrapping: Wrapping | None
) -> Outcome:
    """
    Store those who may be, and tell what became of the others.
    """
    # Again: the settings may have changed in the midst of an import.
    ctx.check_moves()
    rows = dict(enumerate(chunk.rows))
    records = {p: row for p, row in rows.items() if isinstance(row, ImportRecord)}
    unread = {p: [row] for p, row in rows.items() if isinstance(row, RowError)}
    if len(records) + len(unread) < len(rows):
        raise ContractError("A row of an import is no ImportRecord.")

    everybody, misfits = await examined(ctx, chunk, records)
    users = {p: user for p, user in everybody.items() if p not in misfits}
    new, unusable = await _admitted(chunk, records, users, wrapping)
    outcomes = zip(new, await _create([*new.values()]), strict=True)
    refused = {p: error for p, error in outcomes if error is not None}
    conflicts = {
        p: error for p, error in refused.items() if not _has_moved(new[p].user, error)
    }

    clashes = {p: [_clash(chunk.line(p), error)] for p, error in conflicts.items()}
    problems: Problems = {**unread, **misfits, **unusable, **clashes}
    errors = tuple(
        attrs.evolve(error, user_id=records[p].user_id) if p in records else error
        for p in sorted(problems)
        for error in problems[p]
    )
    report = ImportReport(
        inserted=len(new) - len(refused),
        already_migrated=len(refused) - len(conflicts),
        conflicts=len(conflicts),
        invalid=len(problems) - len(conflicts),
        codes=dict(Counter(error.code for error in errors)),
        errors=errors,
    )
    await tell(
        ctx,
        UsersImported(
            inserted=report.inserted,
            already_migrated=report.already_migrated,
            conflicts=report.conflicts,
            invalid=report.invalid,
        ),
    )
    return Outcome(report, next(iter(conflicts.values()), None))


async def examined(
    ctx: Context, chunk: Chunk, records: Mapping[int, ImportRecord]
) -> tuple[Users, Problems]:
    """
    Return all users in canonical form, and what is wrong with some of them.
    """
    now = await ReadDate()
    ids = await MakeIds(len(records))
    drafts = [
        drafted(
            ctx,
            record,
            Origin.IMPORT,
            user_id,
            now,
            must_change=record.must_change_password,
        )
        for record, user_id in zip(records.values(), ids, strict=True)
    ]
    answers = await ExamineAll(drafts, ctx.policy)
    users: dict[int, User] = {}
    problems: dict[int, list[RowError]] = {}
    for (position, record), answer in zip(records.items(), answers, strict=True):
        users[position] = answer.user
        impossible = _impossible(record)
        if answer.violations or impossible:
            line = chunk.line(position)
            problems[position] = [
                *(codes.violation_error(line, it) for it in answer.violations),
                *(codes.row_error(line, codes.FORMAT, field) for field in impossible),
            ]
    return users, problems


async def _admitted(
    chunk: Chunk,
    records: Mapping[int, ImportRecord],
    users: Users,
    wrapping: Wrapping | None,
) -> tuple[Mapping[int, NewUser], Problems]:
    """
    Return the users with what is stored for their hashes, and whose is unusable.
    """
    hashes = {
        position: password
        for position in users
        if (password := records[position].password) is not None
    }
    answers = await AdmitAll([*hashes.values()], wrapping) if hashes else ()
    admitted = dict(zip(hashes, answers, strict=True))
    problems = {
        position: [
            codes.row_error(chunk.line(position), codes.INVALID_HASH, "password_hash")
        ]
        for position, answer in admitted.items()
        if isinstance(answer, UnusableHashError)
    }
    new = {
        position: NewUser(user, answer)
        for position, user in users.items()
        if not isinstance(answer := admitted.get(position), UnusableHashError)
    }
    return new, problems


async def _create(new: Sequence[NewUser]) -> Sequence[Created]:
    if not new:
        return ()
    if await CanCreateMany():
        return await CreateMany(new)
    return [await _create_one(user) for user in new]


async def _create_one(new: NewUser) -> Created:
    try:
        await CreateUser(new)
    except (AlreadyMigratedError, UserExistsError) as error:
        return error
    return None


def _has_moved(user: User, error: Created) -> bool:
    """
    Return whether *error* says that this very user had been moved before.
    """
    return isinstance(error, AlreadyMigratedError) and error.legacy_id == user.legacy_id


def _clash(line: int, error: Conflict) -> RowError:
    """
    Return the error of a row that wants what another user has, or had.
    """
    if isinstance(error, UserExistsError):
        code = codes.OF_FIELD.get(error.field, codes.CONFLICT)
        return codes.row_error(line, code, error.field)
    return codes.row_error(line, codes.CONFLICT, None)


def _impossible(record: ImportRecord) -> list[str]:
    """
    Return the fields that a source could not have given, either.
    """
    fields = [] if is_possible_user_id(record.user_id) else ["user_id"]
    created = record.created_at
    try:
        if created is not None and created.tzinfo is not dt.UTC:
            created.astimezone(dt.UTC)
    except OverflowError:
        fields.append("created_at")
    return fields
