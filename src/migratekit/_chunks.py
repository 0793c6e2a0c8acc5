"""
Reading what may be sync or async, some of it at a time.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from itertools import islice
from typing import TypeVar


T = TypeVar("T")


async def chunks(
    records: Iterable[T] | AsyncIterable[T], size: int
) -> AsyncGenerator[list[T], None]:
    """
    Yield lists of *size* records; the last may be shorter, and none is empty.

    What is sync is read in a thread of its own, the same one from the first record to
    the last: a cursor may refuse another.
    """
    if isinstance(records, AsyncIterable):
        chunk: list[T] = []
        async for record in records:
            chunk.append(record)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk
        return

    import asyncio  # noqa: PLC0415 -- a quarter of what `import migratekit` would take
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    reader = ThreadPoolExecutor(1, thread_name_prefix="migratekit-reader")
    loop = asyncio.get_running_loop()
    rows: Iterator[T] = iter(())
    try:
        rows = await loop.run_in_executor(reader, iter, records)
        while chunk := await loop.run_in_executor(
            reader, lambda: [*islice(rows, size)]
        ):
            yield chunk
    finally:
        # Behind what it may still be reading, for which nobody waits.
        reader.submit(getattr(rows, "close", lambda: None))
        reader.shutdown(wait=False)
