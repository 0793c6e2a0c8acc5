"""
From strategy version 1 to 2, with users already stored.
"""

from collections.abc import Awaitable
from typing import overload

from migratekit._desks import Deploy, OnFinding, OnProgress
from migratekit._findings import SwitchReport
from migratekit._flows.switching import plan_switch, switch
from migratekit._surveying import surveyed
from migratekit.async_connection import AsyncConnection
from migratekit.connection import Connection


__all__ = ["SwitchReport", "switch_strategy"]


@overload
def switch_strategy(
    connection: Connection,
    *,
    dry_run: bool = ...,
    deploy: Deploy | None = ...,
    on_finding: OnFinding | None = ...,
    progress: OnProgress | None = ...,
) -> SwitchReport: ...


@overload
def switch_strategy(
    connection: AsyncConnection,
    *,
    dry_run: bool = ...,
    deploy: Deploy | None = ...,
    on_finding: OnFinding | None = ...,
    progress: OnProgress | None = ...,
) -> Awaitable[SwitchReport]: ...


def switch_strategy(
    connection: Connection | AsyncConnection,
    *,
    dry_run: bool = False,
    deploy: Deploy | None = None,
    on_finding: OnFinding | None = None,
    progress: OnProgress | None = None,
) -> SwitchReport | Awaitable[SwitchReport]:
    """
    Write all stored users in the form of strategy version 2, and reserve in it what is
    reserved.

    Call it while the connections still have version 1, and once more when the last of
    them has version 2.  Between the two, whoever is written in another form and types
    the old one is refused.  It may run beside logins, be killed at any point and be run
    again: whoever is in the form of version 2 stays as they are.

    Args:
        connection: Of an `AsyncConnection`, the result must be awaited.
        dry_run: Find out what would be done, and write nothing.

        deploy:
            Has all connections compare by version 2, and returns when they do: it is
            called once everybody is written so, and everybody is gone through again
            behind it.  Without it, that is the caller's to do.

        on_finding: Is told everything that is in the way.
        progress:
            Is told, now and then, how many times all users were begun with, and how
            many are done since.

    With an `AsyncConnection`, the last three may be coroutine functions.

    Raises:
        migratekit.errors.SwitchRefusedError:
            If some would collide or be invalid; nothing was written.

        migratekit.errors.ConfigurationError:
            If the store cannot list its users, or this is a rehearsal.

        migratekit.errors.StaleRecordError:
            If others wrote the same user all the time; run it again.

        migratekit.errors.StoreUnavailableError:
            If the store did not answer; run it again.
    """
    return surveyed(
        connection,
        plan_switch if dry_run else switch,
        deploy=deploy,
        on_finding=on_finding,
        progress=progress,
    )
