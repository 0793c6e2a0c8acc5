"""
What begins anew in a forked process, which has none of its parent's threads.
"""

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Final, TypeVar


T = TypeVar("T")

_LONGEST_WAIT: Final = 1.0

_KNOWN: Final[weakref.WeakKeyDictionary[Any, Callable[[Any], object]]] = (
    weakref.WeakKeyDictionary()
)
_READERS: Final[weakref.WeakKeyDictionary[Any, Callable[[Any], threading.Lock]]] = (
    weakref.WeakKeyDictionary()
)


class _Held(threading.local):
    """
    What the thread that forks keeps others from meanwhile.
    """

    def __init__(self) -> None:
        self.locks: list[threading.Lock] = []


_HELD: Final = _Held()


def when_forked(thing: T, begin_anew: Callable[[T], object]) -> None:
    """
    Have *thing* begin anew in every process that is forked off while it lives.

    Args:
        thing: Is not kept alive by this.
        begin_anew:
            Is called with *thing* in the child, where locks may be held by threads that
            are not there; must not keep *thing* alive either.
    """
    _KNOWN[thing] = begin_anew


def not_forked_amid(thing: T, lock: Callable[[T], threading.Lock]) -> None:
    """
    Have forks wait, for a second at most, while *thing* uses a store in its own thread.

    A process that is forked off in the midst of a read of SQLite believes for good that
    it reads itself, and cannot write (https://www.sqlite.org/howtocorrupt.html, 2.6).

    Args:
        thing: Is not kept alive by this.
        lock:
            Gives what *thing* holds meanwhile, and makes anew in a forked process; must
            not keep *thing* alive either.
    """
    _READERS[thing] = lock


def _keep_still() -> None:
    until = time.monotonic() + _LONGEST_WAIT
    for thing, lock_of in list(_READERS.items()):
        lock = lock_of(thing)
        if lock.acquire(timeout=max(0.0, until - time.monotonic())):
            _HELD.locks.append(lock)


def _go_on() -> None:
    while _HELD.locks:
        _HELD.locks.pop().release()


def _begin_anew() -> None:
    _go_on()
    # Calls all of them, whoever fails, and Python prints that.
    with contextlib.ExitStack() as all_of_them:
        for thing, begin_anew in list(_KNOWN.items()):
            all_of_them.callback(begin_anew, thing)


if hasattr(os, "register_at_fork"):  # pragma: no branch -- where there is a fork
    os.register_at_fork(
        before=_keep_still, after_in_parent=_go_on, after_in_child=_begin_anew
    )
