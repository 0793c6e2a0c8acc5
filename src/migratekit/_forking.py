"""
What begins anew in a forked process, which has none of its parent's threads.
"""

import contextlib
import os
import weakref
from collections.abc import Callable
from typing import Any, Final, TypeVar


T = TypeVar("T")

_KNOWN: Final[weakref.WeakKeyDictionary[Any, Callable[[Any], object]]] = (
    weakref.WeakKeyDictionary()
)


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


def _begin_anew() -> None:
    # Calls all of them, whoever fails, and Python prints that.
    with contextlib.ExitStack() as all_of_them:
        for thing, begin_anew in list(_KNOWN.items()):
            all_of_them.callback(begin_anew, thing)


if hasattr(os, "register_at_fork"):  # pragma: no branch -- where there is a fork
    os.register_at_fork(after_in_child=_begin_anew)
