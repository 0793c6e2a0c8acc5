"""
What a throttle is, what it counts, and by which rules.
"""

import enum
import math
from typing import Final, Protocol

import attrs

from migratekit._fields import Shown
from migratekit.errors import ConfigurationError


_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_YEAR: Final = 365 * _DAY


class AttemptKind(enum.StrEnum):
    """
    What an `AttemptKey` is the value of.

    Identifiers that look alike are one, but for the ``stranger``.
    ``stranger`` is an identifier in the place of the user's id that it has not got, so
    that unknown identifiers are counted in the same way as known ones.  ``request`` is
    an identifier for which a password-change token was asked for.
    """

    IDENTIFIER = "identifier"
    USER = "user"
    STRANGER = "stranger"
    CLIENT = "client"
    REQUEST = "request"


@attrs.frozen(repr=False)
class AttemptKey(Shown):
    """
    What attempts are counted by.
    """

    kind: AttemptKind
    value: str


class Throttle(Protocol):
    """
    Counts failed attempts, and says how long to wait before the next one.

    Every method may be called by many threads and processes at once.  Whatever one
    raises is taken for `migratekit.errors.StoreUnavailableError`.

    An async connection calls them in a thread; but if the throttle has an attribute
    ``in_memory`` that is True, in the event loop itself, which they must not hold up.
    """

    def reserve(self, key: AttemptKey, /) -> float | None:
        """
        Return None if an attempt may be made now, and count it as a failure already.

        Else count nothing and return the seconds to wait, or infinity if only `reset()`
        helps.  Counting and deciding are one: attempts made at the same time cannot
        all be let pass.
        """

    def release(self, key: AttemptKey, /) -> None:
        """
        Take back an attempt that was reserved and turned out to be no failure.
        """

    def reset(self, key: AttemptKey, /) -> None:
        """
        Forget all failures.
        """


class AsyncThrottle(Protocol):
    """
    `Throttle` with coroutines.
    """

    async def reserve(self, key: AttemptKey, /) -> float | None:
        """
        See `Throttle.reserve()`.
        """

    async def release(self, key: AttemptKey, /) -> None:
        """
        See `Throttle.release()`.
        """

    async def reset(self, key: AttemptKey, /) -> None:
        """
        See `Throttle.reset()`.
        """


@attrs.frozen(kw_only=True, repr=False)
class ThrottleRules(Shown):
    """
    How many failures are free, and what the others cost.

    Args:
        free: How many failures of a user or identifier cost no waiting.

        first_delay: Seconds to wait after the last free failure; doubles with each one.
        longest_delay: What it doubles to.

        disable_after:
            How many failures in a row end it, until the password is reset or changed.
            Not set, because anybody could lock out anybody with it.

        forget_after:
            Seconds after which the failures of a user or identifier are forgotten,
            counted from the first; by default a day, or a year with *disable_after*.

        client_free: How many failures of one client cost no waiting.

        client_forget_after:
            Seconds after which the failures of a client are forgotten, counted from
            the first.

    Raises:
        migratekit.errors.ConfigurationError: If an option has no such value.
    """

    free: int = 10
    first_delay: float = 30
    longest_delay: float = _HOUR
    disable_after: int | None = None
    forget_after: float = attrs.field()
    client_free: int = 100
    client_forget_after: float = _HOUR

    @forget_after.default
    def _default_forget_after(self) -> float:
        return _DAY if self.disable_after is None else _YEAR

    def __attrs_post_init__(self) -> None:
        for name in ("free", "client_free"):
            number = getattr(self, name)
            if type(number) is not int or number < 1:
                raise ConfigurationError(f"{name} must be a whole number from 1 on.")
        for name in (
            "first_delay",
            "longest_delay",
            "forget_after",
            "client_forget_after",
        ):
            seconds = getattr(self, name)
            if type(seconds) not in {int, float} or not 1 <= seconds < math.inf:
                raise ConfigurationError(f"{name} must be at least 1 second.")
        if self.longest_delay < self.first_delay:
            raise ConfigurationError("longest_delay must not be below first_delay.")
        after = self.disable_after
        if after is not None and (type(after) is not int or after <= self.free):
            raise ConfigurationError("disable_after must be a whole number above free.")

    def free_of(self, kind: AttemptKind) -> int:
        """
        Return how many failures cost no waiting.
        """
        return self.client_free if kind is AttemptKind.CLIENT else self.free

    def kept(self, kind: AttemptKind) -> float:
        """
        Return for how many seconds failures are counted.
        """
        if kind is AttemptKind.CLIENT:
            return self.client_forget_after
        return self.forget_after

    def delay(self, kind: AttemptKind, failures: int) -> float:
        """
        Return how many seconds must pass after the last of *failures*.
        """
        doublings = failures - self.free_of(kind)
        if doublings < 0:
            return 0.0
        # More would be no float any more, and no longer either.
        return min(self.longest_delay, self.first_delay * 2.0 ** min(doublings, 64))

    def disables(self, kind: AttemptKind, failures: int) -> bool:
        """
        Return whether nothing but a reset helps after so many *failures*.
        """
        # Never a client, who may be many, nor requests, which lead to the reset.
        if kind in {AttemptKind.CLIENT, AttemptKind.REQUEST}:
            return False
        return self.disable_after is not None and failures >= self.disable_after
