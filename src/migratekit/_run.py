"""
The two loops that answer a flow's steps: in this thread, or in an event loop.

An adapter's exception reaches a flow as an error of ours, without traceback, cause or
context, because any of them may hold a password.
"""

import inspect
from collections.abc import Coroutine
from typing import Any, TypeAlias, TypeVar

import attrs

from migratekit._fields import Shown
from migratekit._steps import Failed, Ports, Step
from migratekit.errors import ContractError, MigrateKitError
from migratekit.hashing import Lane


T = TypeVar("T")
Flow: TypeAlias = Coroutine[Step[Any], Any, T]


@attrs.frozen(repr=False)
class Refused(Shown):
    """
    What a flow gives instead of its result.
    """

    error: MigrateKitError


@attrs.frozen(repr=False)
class _Answer(Shown):
    """
    What a step got: a value, or an error for the flow.
    """

    value: Any = attrs.field(default=None, repr=False)
    error: MigrateKitError | None = None


def run(flow: Flow[T], ports: Ports) -> T | Refused:
    """
    Answer the steps of *flow* in the calling thread.
    """
    answer = _Answer()
    try:
        while True:
            step = _resume(flow, answer)
            if not isinstance(step, Step):
                return step
            answer = _in_turn(step, ports)
            if inspect.isawaitable(answer.value):
                _discard(answer.value)
                answer = _failed(step, ContractError(_ASYNC_ADAPTER))
            else:
                answer = _checked(step, answer)
    finally:
        flow.close()


async def arun(flow: Flow[T], ports: Ports) -> T | Refused:
    """
    Answer the steps of *flow* in the running event loop.

    What blocks runs in a worker thread.
    """
    answer = _Answer()
    try:
        while True:
            step = _resume(flow, answer)
            if not isinstance(step, Step):
                return step
            answer = await _in_loop(step, ports)
            answer = _checked(step, answer)
    finally:
        flow.close()


_ASYNC_ADAPTER = "An async adapter stands behind a sync Connection."


def _resume(flow: Flow[T], answer: _Answer) -> Step[Any] | T | Refused:
    """
    Give *answer* to the flow, and return its next step or how it ended.
    """
    try:
        error = answer.error
        return flow.send(answer.value if error is None else Failed(error))
    except StopIteration as stop:
        result: T | Refused = stop.value
        return result
    except MigrateKitError as error:
        return Refused(error)


def _performed(step: Step[Any], ports: Ports) -> _Answer:
    # A returned failure, not a raised one: a future cannot hold a StopIteration.
    try:
        return _Answer(step.perform(ports))
    except Exception as exc:  # noqa: BLE001 -- whatever an adapter raises
        return _failed(step, exc)


def _placed(step: Step[Any], ports: Ports) -> Lane | None:
    """
    Return where *step* waits for its turn; its flow has a place there, and only there.
    """
    if step.outside:
        ports.place.step_aside()
    lane = step.lane(ports)
    if lane is not None:
        ports.place.come_back(behind=lane.behind)
    return lane


def _in_turn(step: Step[Any], ports: Ports) -> _Answer:
    lane = _placed(step, ports)
    if lane is None:
        return _performed(step, ports)
    return lane.run(_performed, step, ports)


async def _in_loop(step: Step[Any], ports: Ports) -> _Answer:
    # A quarter of the time that `import migratekit` would take.
    import asyncio  # noqa: PLC0415

    lane = _placed(step, ports)
    if lane is not None:
        answer = await lane.arun(_performed, step, ports)
    elif step.blocks(ports):
        answer = await asyncio.to_thread(_performed, step, ports)
    else:
        answer = _performed(step, ports)
    return await _awaited(step, answer) if inspect.isawaitable(answer.value) else answer


async def _awaited(step: Step[Any], answer: _Answer) -> _Answer:
    try:
        return _Answer(await answer.value)
    except Exception as exc:  # noqa: BLE001 -- whatever an adapter raises
        return _failed(step, exc)


def _checked(step: Step[Any], answer: _Answer) -> _Answer:
    if answer.error is not None:
        return answer
    try:
        return _Answer(step.check(answer.value))
    except MigrateKitError as error:
        return _failed(step, error)


def _failed(step: Step[Any], exc: Exception) -> _Answer:
    error = step.failure(exc)
    return _Answer(error=None if error is None else scrubbed(error))


def scrubbed(error: MigrateKitError) -> MigrateKitError:
    """
    Return *error* without whatever may show a value of somebody's frame.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _discard(awaitable: Any) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()
