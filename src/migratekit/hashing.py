"""
How many hashes are computed at a time, and how many callers may wait for theirs.
"""

import contextlib
import contextvars
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    Protocol,
    Self,
    TypeVar,
    runtime_checkable,
)

import attrs

from migratekit._forking import when_forked
from migratekit.errors import ConfigurationError, OverloadedError


if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["GILHoldingHasher", "HashQueue"]

T = TypeVar("T")

_MOST_AT_ONCE: Final = 4
_PLACES: Final = 64


@runtime_checkable
class GILHoldingHasher(Protocol):
    """
    A `migratekit.PasswordHasher` that computes some hashes in Python, and not in C
    without the interpreter's lock.
    """

    def holds_gil(self, encoded: str, /) -> bool:
        """
        Return whether ``verify`` keeps the lock while it computes.

        Of such hashes one is computed at a time: several are no faster, and each makes
        all other threads wait, an event loop's among them.  Computes nothing.
        """


class _Turns:
    """
    Lets *width* threads through at a time, in the order they came.
    """

    def __init__(self, width: int) -> None:
        self._lock = threading.Lock()
        self._free = width
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        turn = threading.Lock()
        turn.acquire()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:
            # A signal's handler may raise here, and the thread go on.
            self._give_up(turn)
            raise

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                # Handed on: whoever comes just now must not be faster.
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _give_up(self, turn: threading.Lock) -> None:
        with self._lock:
            waits = turn in self._waiting
            if waits:
                self._waiting.remove(turn)
        if not waits:
            self.__exit__()


class Lane:
    """
    Where a hash waits for its turn, and is computed.

    That is the thread that asks; for an event loop it is one of *width* threads of the
    lane's own, so that neither the loop nor those who share its threads have to wait.

    Of those in a lane with a *first* turn of its own, only so many wait for the turns
    that it shares with others.
    """

    def __init__(
        self,
        turns: _Turns,
        width: int,
        *,
        first: _Turns | None = None,
        behind: bool = False,
    ) -> None:
        self.behind = behind
        self._turns = turns
        self._first = first or contextlib.nullcontext()
        self._width = width
        self._lock = threading.Lock()
        self._workers: Executor | None = None

    def run(self, function: Callable[..., T], /, *args: Any) -> T:
        """
        Call *function* in this thread, when its turn has come.
        """
        with self._first, self._turns:
            return function(*args)

    async def arun(self, function: Callable[..., T], /, *args: Any) -> T:
        """
        Call *function* in a thread of the lane, when its turn has come.
        """
        # A quarter of the time that `import migratekit` would take.
        import asyncio  # noqa: PLC0415

        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._started(), context.run, self.run, function, *args
        )

    def _started(self) -> "Executor":
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        with self._lock:
            if self._workers is None:
                self._workers = ThreadPoolExecutor(
                    self._width, thread_name_prefix="migratekit-hash"
                )
            return self._workers


class _Room:
    """
    What a queue is in one process.
    """

    def __init__(self, at_once: int, places: int) -> None:
        turns = _Turns(at_once)
        self.lane = Lane(turns, at_once)
        # Two that hold the interpreter's lock are no faster than one after the other.
        self.lane_of_gil = Lane(turns, 1, first=_Turns(1))
        self.lane_behind = Lane(turns, at_once, first=_Turns(at_once), behind=True)
        self._places = places
        self._taken = self._behind = 0
        # A coroutine that is collected as garbage in the midst gives its place back.
        self._lock = threading.RLock()

    def take(self, *, both: bool) -> None:
        with self._lock:
            if self._taken >= self._places:
                raise OverloadedError
            if both and self._behind >= self._places:
                raise OverloadedError
            self._taken += 1

    def come_back(self, *, behind: bool) -> None:
        with self._lock:
            if behind:
                self._behind += 1
            else:
                self._taken += 1

    def leave(self, *, behind: bool) -> None:
        with self._lock:
            if behind:
                self._behind -= 1
            else:
                self._taken -= 1


class Place:
    """
    One caller's place in a queue; not taken at first.
    """

    def __init__(self, room: _Room) -> None:
        self._room = room
        self._state: Literal["none", "taken", "aside", "behind"] = "none"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    @property
    def is_aside(self) -> bool:
        """
        Whether the caller stepped aside, and has not come back.
        """
        return self._state == "aside"

    def take(self, *, both: bool = False) -> None:
        """
        Take the place.

        Args:
            both: Whether there must be one behind the source, too.

        Raises:
            migratekit.errors.OverloadedError: If there is none.
        """
        self._room.take(both=both)
        self._state = "taken"

    def give_back(self) -> None:
        """
        Give the place back, if it was taken.
        """
        self._leave_for("none")

    def step_aside(self) -> None:
        """
        Leave the place, if it was taken, to others for as long as nothing is hashed.
        """
        if self._state != "none":
            self._leave_for("aside")

    def come_back(self, *, behind: bool) -> None:
        """
        Take a place again after stepping aside, whether there is one or not.

        Whoever was let in once is not turned away behind a look-up.
        """
        if self._state == "aside":
            self._state = "behind" if behind else "taken"
            self._room.come_back(behind=behind)

    def _leave_for(self, state: Literal["none", "aside"]) -> None:
        left, self._state = self._state, state
        if left in {"taken", "behind"}:
            self._room.leave(behind=left == "behind")


def _few() -> int:
    return min(_MOST_AT_ONCE, os.cpu_count() or 1)


@attrs.frozen(kw_only=True, eq=False)
class HashQueue:
    """
    At most *at_once* hashes are computed at a time, for at most *places* callers.

    Connections with the same queue share both bounds, sync and async alike; those that
    are given none share one.  A forked process begins with an empty queue.

    A login takes its place before anybody is looked up, and keeps it to the end, but it
    leaves it before it asks the source: one that hangs keeps no stored user out.  Nor
    do those who move when it is back, however many: their new hashes have a queue of
    their own, and while somebody waits in both, turns are taken from both.

    Args:
        at_once:
            By default as many as there are processors, but at most 4.  Each takes the
            memory of a hash, which is 64 MiB with the default hasher.

        places:
            How many may compute or wait.  Whoever comes then is refused with
            `migratekit.errors.OverloadedError`; and whoever signs up, also while so
            many wait who were at the source.

    Raises:
        migratekit.errors.ConfigurationError: If a number is not positive.
    """

    at_once: int = attrs.field(factory=_few)
    places: int = _PLACES
    _room: _Room = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for number in (self.at_once, self.places):
            if type(number) is not int or number < 1:
                raise ConfigurationError(
                    "The numbers of a HashQueue are whole and at least 1."
                )
        self._open()
        when_forked(self, HashQueue._open)

    def lane(self, *, holds_gil: bool, behind: bool = False) -> Lane:
        """
        Return where a hash is computed.

        Args:
            holds_gil:
                Whether that keeps the interpreter's lock; of such, one is computed at a
                time.

            behind: Whether it is the new hash of somebody who was at the source.
        """
        if holds_gil:
            return self._room.lane_of_gil
        return self._room.lane_behind if behind else self._room.lane

    def place(self) -> Place:
        """
        Return a place that is yet to be taken.
        """
        return Place(self._room)

    def _open(self) -> None:
        # Also in a forked process: whoever had a place, and who would release a lock,
        # stayed with the parent.
        object.__setattr__(self, "_room", _Room(self.at_once, self.places))


SHARED: Final = HashQueue()
