"""
What stands between a connection and its source: a deadline, a bound on concurrent
calls, and a circuit breaker.

Nothing is asked twice: a second `login` would count as a second failed attempt there.
"""

import contextlib
import copy
import inspect
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Self

from migratekit._calls import Ask, MixedCall, TaskCall, ThreadCall
from migratekit._circuit import Circuit, Circuits, Entry, Limits
from migratekit.errors import LegacyUnavailableError
from migratekit.events import Event
from migratekit.models import SourceHealth
from migratekit.protocols import Clock


if TYPE_CHECKING:
    import asyncio

# Seconds from one who has waited in vain to the next.
_PACE: Final = 0.002


class Unguarded:
    """
    Lets every call through: what stands before a `migratekit.sources.NoopSource`.
    """

    def under(self, limits: Limits) -> Self:
        """
        Return the same: there is nothing to limit.
        """
        return self

    def call(self, ask: Ask, identifier: str, *arguments: str) -> Any:
        """
        Return what *ask* answers.
        """
        return ask(identifier, *arguments)

    def news(self) -> tuple[Event, ...]:
        """
        Return nothing: nothing happens.
        """
        return ()

    def health(self) -> tuple[SourceHealth, ...]:
        """
        Return nothing: nobody is asked.
        """
        return ()


class _Guard:
    """
    What both guards have: circuits, which they may share, and a deadline.
    """

    def __init__(self, source: object, limits: Limits, clock: Clock) -> None:
        self._circuits = Circuits(source, limits, clock)
        self._deadline = limits.deadline

    def under(self, limits: Limits) -> Self:
        """
        Return the guard of the same calls under other limits.

        The deadline is for who asks through what is returned, the rest for everybody.
        """
        other = copy.copy(self)
        other._deadline = limits.deadline  # noqa: SLF001
        self._circuits.limit(limits)
        return other

    def news(self) -> tuple[Event, ...]:
        """
        Return which parts were suspended or resumed since this was last asked, and now
        and then how they did.
        """
        return self._circuits.news()

    def health(self) -> tuple[SourceHealth, ...]:
        """
        Return how the parts are that were asked so far.
        """
        return self._circuits.health()


class Guard(_Guard):
    """
    Asks a sync source in a thread of its own, and does not wait longer than allowed.

    A call that outlives its deadline goes on by itself, and counts as one that is under
    way until it ends.  The thread is a daemon: it keeps no process from ending.
    """

    def call(self, ask: Ask, identifier: str, *arguments: str) -> Any:
        """
        Return what *ask* answers about *identifier*.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If it does not answer in time, or may not be asked now.
        """
        circuit = self._circuits.of(identifier)
        began = time.monotonic()
        entry = self._entered(circuit)
        call = ThreadCall(circuit, entry, ask, (identifier, *arguments))
        del identifier, arguments
        ended = threading.Event()
        call.start(ended.set)
        try:
            in_time = ended.wait(self._deadline - (time.monotonic() - began))
        except BaseException:
            call.abandon()
            circuit.withdraw(entry)
            raise
        if not in_time and call.abandon():
            raise _too_late(circuit, entry, self._deadline)
        return call.outcome()

    def _entered(self, circuit: Circuit) -> Entry:
        until = time.monotonic() + self._deadline
        in_time = False
        while True:
            freed = threading.Event()
            try:
                entry = circuit.enter(freed.set)
            except LegacyUnavailableError:
                if in_time:
                    circuit.pass_on()
                raise
            if entry is not None:
                return entry
            in_time = False
            try:
                in_time = freed.wait(max(0.0, until - time.monotonic()))
            finally:
                if not in_time:
                    circuit.wait_no_more(freed.set)
            if not in_time:
                raise LegacyUnavailableError("too many calls are under way")


class AsyncGuard(_Guard):
    """
    `Guard` for an event loop.  An async source is cancelled at its deadline.
    """

    async def call(self, ask: Ask, identifier: str, *arguments: str) -> Any:
        """
        See `Guard.call()`.
        """
        # A quarter of the time that `import migratekit` would take.
        import asyncio  # noqa: PLC0415

        circuit = self._circuits.of(identifier)
        began = time.monotonic()
        entry = await self._entered(circuit)
        kind = TaskCall if inspect.iscoroutinefunction(ask) else MixedCall
        call = kind(circuit, entry, ask, (identifier, *arguments))
        del identifier, arguments
        try:
            left = self._deadline - (time.monotonic() - began)
            async with asyncio.timeout(left):
                await _end_of(call)
        except asyncio.CancelledError:
            call.abandon()
            circuit.withdraw(entry)
            raise
        except TimeoutError:
            call.abandon()
            raise _too_late(circuit, entry, self._deadline) from None
        return call.outcome()

    async def _entered(self, circuit: Circuit) -> Entry:
        import asyncio  # noqa: PLC0415 -- see above

        until = time.monotonic() + self._deadline
        waited = False
        while True:
            freed = asyncio.Event()
            wake = _waking(freed)
            try:
                entry = circuit.enter(wake)
            except LegacyUnavailableError:
                if waited:
                    # Others are to have their turns of the loop between them.
                    asyncio.get_running_loop().call_later(_PACE, circuit.pass_on)
                raise
            if entry is not None:
                return entry
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    waited = await freed.wait()
            except TimeoutError:
                circuit.wait_no_more(wake)
                break
            except asyncio.CancelledError:
                circuit.wait_no_more(wake)
                raise
        raise LegacyUnavailableError("too many calls are under way")


def _waking(event: "asyncio.Event") -> Callable[[], None]:
    """
    Return what sets *event* from any thread.
    """
    import asyncio  # noqa: PLC0415 -- see above

    loop = asyncio.get_running_loop()

    def wake() -> None:
        # The loop may be closed by now; then nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(event.set)

    return wake


async def _end_of(call: TaskCall) -> None:
    import asyncio  # noqa: PLC0415 -- see above

    ended = asyncio.Event()
    call.start(_waking(ended))
    await ended.wait()


def _too_late(
    circuit: Circuit, entry: Entry, deadline: float
) -> LegacyUnavailableError:
    circuit.fail(entry)
    return LegacyUnavailableError(f"no answer within {deadline:g} seconds")
