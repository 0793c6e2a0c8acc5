"""
Runs a flow over all users for either kind of connection.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from migratekit._desks import AsyncDesk, Desk
from migratekit._flows.context import Context
from migratekit._run import Flow
from migratekit.async_connection import AsyncConnection
from migratekit.connection import Connection


T = TypeVar("T")
EitherConnection: TypeAlias = Connection | AsyncConnection
Survey: TypeAlias = Callable[[Context, Any], Flow[T]]


def surveyed(
    connection: EitherConnection, survey: Survey[T], **parts: Any
) -> T | Awaitable[T]:
    """
    Return what *survey* finds; of an async connection, what has to be awaited for it.

    Args:
        connection: Whose users.
        survey: A flow of a context and a desk.
        parts: What the desk is made of.
    """
    if isinstance(connection, AsyncConnection):
        return _awaited(connection, survey, AsyncDesk(**parts))
    desk = Desk(**parts)
    with desk.heard():
        return connection._run(survey, desk)  # noqa: SLF001 -- not for others


async def _awaited(
    connection: AsyncConnection, survey: Survey[T], desk: AsyncDesk
) -> T:
    with desk.heard():
        try:
            return await connection._run(survey, desk)  # noqa: SLF001
        finally:
            await desk.close()
