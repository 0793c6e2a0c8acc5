"""
Plays one scenario against sync and async adapters alike.
"""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
)
from typing import Any, TypeVar, cast


T = TypeVar("T")
Opening = AbstractContextManager[T] | AbstractAsyncContextManager[T]


async def settle(answer: Awaitable[T] | T) -> T:
    """
    Return *answer*, awaited if it has to be.
    """
    if inspect.isawaitable(answer):
        return cast("T", await answer)
    return answer


@asynccontextmanager
async def entered(opening: Opening[T]) -> AsyncIterator[T]:
    """
    Enter a context manager of either kind.
    """
    if isinstance(opening, AbstractAsyncContextManager):
        async with opening as value:
            yield value
    else:
        with opening as value:
            yield value


def scenario(
    test: Callable[[Any, Any], Awaitable[None]],
) -> Callable[[Any], None]:
    """
    Make a test of a coroutine that takes the contract's adapter.

    The contract's ``_open()`` gives the context manager that makes the adapter.
    """

    async def play(contract: Any) -> None:
        async with entered(contract._open()) as adapter:  # noqa: SLF001
            await test(contract, adapter)

    @functools.wraps(test)
    def run(self: Any) -> None:
        asyncio.run(play(self))

    # Without it, pytest would take the adapter for a fixture.
    del run.__dict__["__wrapped__"]
    return run
