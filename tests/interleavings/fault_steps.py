"""
Lets one step of an operation fail, in each of the ways in which it may.
"""

import asyncio
import functools
import itertools
from unittest import mock

import attrs
from interleaving_operations import Call, ChangeSite, TakeDoor
from interleaving_scheduler import access_of, result_of
from world import ENDING, READS, WRITES

from migratekit._run import _Answer, _checked, _failed, _performed, _resume, arun, run
from migratekit._steps import AskLogin, AskUser, MakeId, Step


# Names of faults.
BEFORE, AFTER, TIMEOUT = "exception before", "exception after", "timeout"
CLOSED, CLOSED_AFTER = "GeneratorExit before", "GeneratorExit after"
CANCELLED, CANCELLED_AFTER = "cancellation before", "cancellation after"


@attrs.frozen
class Left:
    """
    What an operation gave, if it gave anything, and what it left.
    """

    result: object
    state: tuple
    step: object = None

    def is_like(self, other):
        return (self.result, self.state) == (other.result, other.state)


# In place of a result: the flow was ended from outside, or would not be ended.
ENDED, WENT_ON = "ended", "went on"


def is_refused(result):
    """
    Return whether what `result_of()` gave is an error.
    """
    return isinstance(result, tuple) and str(result[0]).endswith("Error")


def call_on(stage):
    """
    Return a call of an operation by whoever comes next.
    """
    return Call(stage, stage.door, stage.target or "new-0")


_numbers = itertools.count()


def _make_id(step, ports):
    # All are seen as the same one.
    return f"new-0.{next(_numbers)}"


known_ids = functools.partial(mock.patch.object, MakeId, "perform", _make_id)


def clean(stage, operation):
    """
    Play *operation* from where the stage stands, with no fault.
    """
    call = call_on(stage)
    with known_ids():
        result = run(operation.flow(call), call.door._ports)
    return Left(result_of(result, stage.connected), stage.state())


def steps_of(stage, operation):
    """
    Return all steps that *operation* takes from the start state.
    """
    stage.reset()
    steps = []

    def note(step, ports):
        steps.append(step)
        return _performed(step, ports)

    with mock.patch("migratekit._run._performed", note):
        clean(stage, operation)
    return steps


def is_call(step):
    """
    Return whether an adapter is called for *step*.
    """
    if isinstance(step, AskLogin | AskUser):
        return True
    return (step.port or "").startswith(("store.", "source."))


def faults_of(step):
    """
    Return in which ways *step* may fail.
    """
    if isinstance(step, TakeDoor | ChangeSite):
        return
    access = access_of(step)
    yield from (BEFORE, CLOSED)
    if "store" in access.writes:
        yield from (AFTER, CLOSED_AFTER)
    if "source" in access.reads:
        yield TIMEOUT
    if is_call(step):
        yield from (CANCELLED, CANCELLED_AFTER)


def interrupted(stage, operation, position, fault):
    """
    Play *operation* with a fault at the step of *position*.
    """
    stage.reset()
    call = call_on(stage)
    with known_ids():
        return _interrupted(
            stage, operation.flow(call), call.door._ports, position, fault
        )


def _interrupted(stage, flow, ports, position, fault):
    answer = _Answer()
    for number in range(position + 1):
        step = _resume(flow, answer)
        if number < position:
            answer = _checked(step, _performed(step, ports))
    if fault in {AFTER, CLOSED_AFTER}:
        _performed(step, ports)
    if fault in {CLOSED, CLOSED_AFTER}:
        return Left(_close(flow), stage.state(), step)
    cause = TimeoutError() if fault == TIMEOUT else RuntimeError("a fault")
    answer = _failed(step, cause)
    while True:
        result = _resume(flow, answer)
        if not isinstance(result, Step):
            return Left(result_of(result, stage.connected), stage.state(), step)
        answer = _checked(result, _performed(result, ports))


def _close(flow):
    try:
        flow.close()
    except RuntimeError:
        return WENT_ON
    return ENDED


class Cancelling:
    """
    An async adapter that cancels whoever makes a certain call, before it or after.
    """

    def __init__(self, inner, countdown):
        self.inner = inner
        self.countdown = countdown


@attrs.define
class Countdown:
    """
    Which call is cancelled; the store's and the source's are counted as one.
    """

    left: int
    fault: str

    async def pass_by(self, fault):
        if fault == CANCELLED:
            self.left -= 1
        if self.left == 0 and fault == self.fault:
            asyncio.current_task().cancel()
            await asyncio.sleep(0)


def _async(name):
    async def call(self, *args):
        await self.countdown.pass_by(CANCELLED)
        try:
            return getattr(self.inner, name)(*args)
        finally:
            await self.countdown.pass_by(CANCELLED_AFTER)

    return call


class CancellingStore(Cancelling):
    """
    A store that cancels.
    """


class CancellingSource(Cancelling):
    """
    A source that cancels.
    """


for _name in (*READS, *WRITES, *ENDING, "list_users", "figures"):
    setattr(CancellingStore, _name, _async(_name))
for _name in ("login", "get_user", "count"):
    setattr(CancellingSource, _name, _async(_name))


def cancelled(stage, operation, calls, fault, runner):
    """
    Play *operation* in an event loop, and cancel it at its so many-th call.
    """
    stage.reset()
    call = call_on(stage)
    countdown = Countdown(calls, fault)
    ports = attrs.evolve(
        call.door._ports,
        store=CancellingStore(stage.home.store, countdown),
        source=CancellingSource(call.door._ports.source, countdown),
    )

    async def play():
        try:
            return await arun(operation.flow(call), ports)
        except asyncio.CancelledError:
            asyncio.current_task().uncancel()
            return ENDED
        except RuntimeError:
            return WENT_ON

    with known_ids():
        result = runner.run(play())
    assert result in {ENDED, WENT_ON}, f"Not cancelled: {operation.name}, call {calls}."
    return Left(result, stage.state())
