"""
Calls of a source that are under way: in a thread, or in a task.
"""

import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from migratekit._circuit import Circuit, Entry
from migratekit._fields import json_object
from migratekit.errors import LegacyUnavailableError, MigrateKitError


if TYPE_CHECKING:
    import asyncio

Ask = Callable[..., Any]


class _Call:
    """
    A call that has a place in a circuit until it ends.
    """

    def __init__(
        self, circuit: Circuit, entry: Entry, ask: Ask, arguments: tuple[str, ...]
    ) -> None:
        self.answer: Any = None
        self.error: BaseException | None = None
        self._circuit = circuit
        self._entry = entry
        self._work = (ask, arguments)
        self._lock = threading.Lock()
        self._abandoned = False
        self._ended = False

    def abandon(self) -> bool:
        """
        Wait no more; return False if it has just ended.
        """
        with self._lock:
            if self._ended:
                return False
            self._abandoned = True
            self._circuit.abandon()
        return True

    def outcome(self) -> Any:
        """
        Return the answer, or raise what was raised.
        """
        if self.error is not None:
            raise self.error
        return self.answer

    def _end(self) -> None:
        with self._lock:
            self._ended = True
        # Before anybody else gets the place.
        if not self._abandoned:
            _judge(self._circuit, self._entry, self.error)
        self._circuit.leave(abandoned=self._abandoned)


class ThreadCall(_Call):
    """
    A call of a plain function, in a daemon thread.
    """

    def start(self, wake: Callable[[], object]) -> None:
        """
        Begin, and call *wake* in the end.
        """
        work = partial(self._run, contextvars.copy_context(), wake)
        thread = threading.Thread(target=work, name="migratekit-source", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._circuit.withdraw(self._entry)
            self._circuit.leave()
        else:
            return
        raise LegacyUnavailableError("there is no thread left to ask it in")

    def _run(self, context: contextvars.Context, wake: Callable[[], object]) -> None:
        ask, arguments = self._work
        try:
            self._circuit.begin(self._entry)
            self.answer = context.run(ask, *arguments)
        except BaseException as exc:  # noqa: BLE001 -- it is raised where it was asked
            self.error = exc
        self._returned(wake, context)

    def _returned(
        self, wake: Callable[[], object], context: contextvars.Context
    ) -> None:
        del context
        self._end()
        wake()


class TaskCall(_Call):
    """
    A call of a coroutine function, in a task.
    """

    _task: "asyncio.Task[_Outcome] | None" = None

    def start(self, wake: Callable[[], object]) -> None:
        """
        Begin, and call *wake* in the end.
        """
        self._follow(self._ask, wake)

    async def _ask(self) -> Any:
        ask, arguments = self._work
        self._circuit.begin(self._entry)
        return await ask(*arguments)

    def abandon(self) -> bool:
        """
        Wait no more, and cancel; return False if it has just ended.
        """
        waits = super().abandon()
        if self._task is not None:
            self._task.cancel()
        return waits

    def _follow(
        self, ask: Callable[[], Awaitable[Any]], wake: Callable[[], object]
    ) -> None:
        # A quarter of the time that `import migratekit` would take.
        import asyncio  # noqa: PLC0415

        self._task = asyncio.ensure_future(self._awaited(ask))
        # Also of a task that is cancelled before it has begun.
        self._task.add_done_callback(partial(self._take, wake))

    async def _awaited(self, ask: Callable[[], Awaitable[Any]]) -> "_Outcome":
        try:
            return _Outcome(await ask())
        except Exception as exc:  # noqa: BLE001 -- it is raised where it was asked
            return _Outcome(error=exc)

    def _take(self, wake: Callable[[], object], task: "asyncio.Task[_Outcome]") -> None:
        if task.cancelled():
            self.error = LegacyUnavailableError("the call was cancelled")
        elif task.exception() is not None:
            self.error = task.exception()
        else:
            self.answer, self.error = task.result().value, task.result().error
        self._end()
        wake()


class MixedCall(ThreadCall, TaskCall):
    """
    A call of a plain function, in a thread, and of what it gives if that has to be
    awaited, as a coroutine behind a decorator: in a task.  It ends when both have.
    """

    def start(self, wake: Callable[[], object]) -> None:
        """
        Begin, and call *wake* in the end.
        """
        import asyncio  # noqa: PLC0415 -- see above

        self._loop = asyncio.get_running_loop()
        super().start(wake)

    def _returned(
        self, wake: Callable[[], object], context: contextvars.Context
    ) -> None:
        if not inspect.isawaitable(self.answer):
            super()._returned(wake, context)
            return
        try:
            self._loop.call_soon_threadsafe(self._go_on, wake, context=context)
        except RuntimeError:
            # The loop is closed by now, and nobody waits any more.
            self._drop(wake)

    def _go_on(self, wake: Callable[[], object]) -> None:
        # Called in the loop, as `abandon()` is.
        if self._abandoned:
            self._drop(wake)
            return
        self._given, self.answer = self.answer, None
        self._follow(lambda: self._given, wake)

    def _take(self, wake: Callable[[], object], task: "asyncio.Task[_Outcome]") -> None:
        # One that is cancelled before it has begun would warn that nobody awaited it.
        _close(self._given)
        super()._take(wake, task)

    def _drop(self, wake: Callable[[], object]) -> None:
        _close(self.answer)
        self.answer = None
        self._end()
        wake()


def _close(answer: object) -> None:
    if inspect.iscoroutine(answer):
        answer.close()


@attrs.frozen
class _Outcome:
    """
    How a call ended.  In its debug mode asyncio shows what a task returns and raises.
    """

    value: Any = attrs.field(default=None, repr=False)
    error: Exception | None = attrs.field(default=None, repr=False)


def _judge(circuit: Circuit, entry: Entry, error: BaseException | None) -> None:
    """
    Note whether the source could be asked.
    """
    if error is None or _is_answer(error):
        circuit.succeed(entry)
    else:
        circuit.fail(entry)


def _is_answer(error: BaseException) -> bool:
    """
    Return whether *error* says anything but that the source could not be asked.
    """
    if isinstance(error, LegacyUnavailableError):
        return error.answered
    return isinstance(error, MigrateKitError) or _is_about_a_value(error)


def _is_about_a_value(error: BaseException) -> bool:
    """
    Return whether a value of one user made no `migratekit.LegacyUser`: the source has
    found it, and the next user's may be fine.
    """
    traceback, module = error.__traceback__, None
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__")
        traceback = traceback.tb_next
    return module == json_object.__module__
