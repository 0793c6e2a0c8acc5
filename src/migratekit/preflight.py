"""
What would become of all users, found out before any of them moves.

Nothing is written.
"""

from collections.abc import Awaitable
from functools import partial
from typing import overload

from migratekit._desks import OnFinding, OnProgress, Rows
from migratekit._findings import (
    Finding,
    HashFigures,
    PreflightReport,
    StoredReport,
)
from migratekit._flows import preflight as flows
from migratekit._flows.stored import survey_stored
from migratekit._surveying import surveyed
from migratekit.async_connection import AsyncConnection
from migratekit.connection import Connection
from migratekit.errors import ConfigurationError
from migratekit.protocols import WalkableSource


__all__ = [
    "Finding",
    "HashFigures",
    "PreflightReport",
    "StoredReport",
    "preflight",
    "preflight_stored",
]


@overload
def preflight(
    connection: Connection,
    *,
    rows: Rows | None = ...,
    on_finding: OnFinding | None = ...,
    progress: OnProgress | None = ...,
) -> PreflightReport: ...


@overload
def preflight(
    connection: AsyncConnection,
    *,
    rows: Rows | None = ...,
    on_finding: OnFinding | None = ...,
    progress: OnProgress | None = ...,
) -> Awaitable[PreflightReport]: ...


def preflight(
    connection: Connection | AsyncConnection,
    *,
    rows: Rows | None = None,
    on_finding: OnFinding | None = None,
    progress: OnProgress | None = None,
) -> PreflightReport | Awaitable[PreflightReport]:
    """
    Look at all users of the source, and return what would become of them.

    They are judged as a login and an import judge them: by the connection's policy,
    validator and hasher, by the format of the source if it has an attribute ``format``,
    by the store and its ledger, and by one another.  They are read once, and once more
    if two seem to want the same.  In memory are 8 bytes for each key of each user, and
    the keys that are wanted twice.  Whoever is listed otherwise than people type it is
    looked up in the source, which may not find them.

    Args:
        connection: Of an `AsyncConnection`, the result must be awaited.

        rows:
            Gives all users as ``import_users()`` takes them, each time that it is
            called; by default the ``iter_users()`` of the source.

        on_finding: Is told everything that was found.
        progress:
            Is told, now and then, which reading this is, 1 or 2, and how many users
            were read.

    With an `AsyncConnection`, the last three may be async.

    Raises:
        migratekit.errors.ConfigurationError: If the source cannot list its users.
        migratekit.errors.LegacyUnavailableError: If it did not answer.
        migratekit.errors.StoreUnavailableError: If the store did not answer.
        migratekit.errors.ContractError: If the source lists something else than users.
    """
    return surveyed(
        connection,
        partial(flows.preflight, is_listing=rows is None),
        rows=rows or _listing(connection.source),
        on_finding=on_finding,
        progress=progress,
    )


@overload
def preflight_stored(
    connection: Connection,
    *,
    on_finding: OnFinding | None = ...,
    progress: OnProgress | None = ...,
) -> StoredReport: ...


@overload
def preflight_stored(
    connection: AsyncConnection,
    *,
    on_finding: OnFinding | None = ...,
    progress: OnProgress | None = ...,
) -> Awaitable[StoredReport]: ...


def preflight_stored(
    connection: Connection | AsyncConnection,
    *,
    on_finding: OnFinding | None = None,
    progress: OnProgress | None = None,
) -> StoredReport | Awaitable[StoredReport]:
    """
    Look at all stored users, and return who could not be compared by strategy version
    2: whoever would have the e-mail or username of another one, or be invalid.

    Validated by the connection's policy and validator, as if the policy had that
    version.  See `preflight()` for the arguments.

    Raises:
        migratekit.errors.ConfigurationError: If the store cannot list its users.
        migratekit.errors.StoreUnavailableError: If the store did not answer.
    """
    return surveyed(connection, survey_stored, on_finding=on_finding, progress=progress)


def _listing(source: object) -> Rows:
    if isinstance(source, WalkableSource):
        return source.iter_users
    raise ConfigurationError(
        f"The source, {type(source).__name__}, cannot list its users.  For one in SQL, "
        "say how: with_listing()."
    )
