"""
How many hashes are computed at a time, and how many callers may wait for theirs.
"""

import contextlib
import contextvars
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Protocol,
    Self,
    TypeVar,
    runtime_checkable,
)

import attrs

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
    """

    def __init__(
        self, turns: _Turns, width: int, *, first: _Turns | None = None
    ) -> None:
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
        self._places = places
        self._taken = 0
        # A coroutine that is collected as garbage in the midst gives its place back.
        self._lock = threading.RLock()

    def take(self) -> None:
        with self._lock:
            if self._taken >= self._places:
                raise OverloadedError
            self._taken += 1

    def come_back(self) -> None:
        with self._lock:
            self._taken += 1

    def leave(self) -> None:
        with self._lock:
            self._taken -= 1


class Place:
    """
    One caller's place in a queue; not taken at first.
    """

    def __init__(self, room: _Room) -> None:
        self._room = room
        self._taken = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """
        Take the place.

        Raises:
            migratekit.errors.OverloadedError: If there is none.
        """
        self._room.take()
        self._taken = True

    def give_back(self) -> None:
        """
        Give the place back, if it was taken.
        """
        if self._taken:
            self._taken = False
            self._room.leave()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """
        Leave the place, if it was taken, to others for as long as something else takes.
        """
        if not self._taken:
            yield
            return
        self._room.leave()
        try:
            yield
        finally:
            # Whoever was let in once is not turned away behind a look-up.
            self._room.come_back()


def _few() -> int:
    return min(_MOST_AT_ONCE, os.cpu_count() or 1)


@attrs.frozen(kw_only=True, eq=False)
class HashQueue:
    """
    At most *at_once* hashes are computed at a time, for at most *places* callers.

    Connections with the same queue share both bounds, sync and async alike; those that
    are given none share one.  A forked process begins with an empty queue.

    A login takes its place before anybody is looked up, and keeps it to the end, but
    for the time it waits for the source: one that hangs keeps no stored user out.

    Args:
        at_once:
            By default as many as there are processors, but at most 4.  Each takes the
            memory of a hash, which is 64 MiB with the default hasher.

        places:
            How many may compute or wait.  Whoever comes then is refused with
            `migratekit.errors.OverloadedError`.

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
        _QUEUES.add(self)

    def lane(self, *, holds_gil: bool) -> Lane:
        """
        Return where a hash is computed.

        Args:
            holds_gil:
                Whether that keeps the interpreter's lock; of such, one is computed at a
                time.
        """
        return self._room.lane_of_gil if holds_gil else self._room.lane

    def place(self) -> Place:
        """
        Return a place that is yet to be taken.
        """
        return Place(self._room)

    def _open(self) -> None:
        object.__setattr__(self, "_room", _Room(self.at_once, self.places))


_QUEUES: "Final[weakref.WeakSet[HashQueue]]" = weakref.WeakSet()
SHARED: Final = HashQueue()


def _open_anew() -> None:
    # Whoever had a place, and who would release a lock, stayed with the parent.
    for queue in list(_QUEUES):
        queue._open()  # noqa: SLF001


if hasattr(os, "register_at_fork"):  # pragma: no branch -- where there is a fork
    os.register_at_fork(after_in_child=_open_anew)
