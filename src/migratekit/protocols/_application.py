"""
The application's own say: events, rules and the time.
"""

import datetime as dt
from collections.abc import Awaitable
from typing import Protocol

from migratekit.events import Event
from migratekit.models import Authenticated


class EventSink(Protocol):
    """
    Is told what happened, after it has happened.

    May be a coroutine function behind an `AsyncConnection`.
    """

    def __call__(self, event: Event, /) -> Awaitable[None] | None:
        """
        Take note of *event*.  An exception is logged and changes nothing.
        """


class Rule(Protocol):
    """
    The application's own say in who is let in, after the right password.

    Runs at first and later logins alike.  May be a coroutine function behind an
    `AsyncConnection`.

    With ``rehearse`` on it sees the login of somebody who has not moved as if they had:
    the `User` to be stored, and that they have migrated.
    """

    def __call__(self, login: Authenticated, /) -> Awaitable[str | None] | str | None:
        """
        Return None to let them in, or the reason not to.

        An exception, and any other answer, denies.
        """


class Clock(Protocol):
    """
    Tells the time and lets it pass.
    """

    def now(self) -> dt.datetime:
        """
        Return the time of day, in UTC, with its time zone.
        """

    def monotonic(self) -> float:
        """
        Return seconds that never go back.
        """

    def sleep(self, seconds: float, /) -> Awaitable[None] | None:
        """
        Let *seconds* pass.
        """
