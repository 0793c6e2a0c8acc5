"""
The clock, fresh ids, the listeners and the rules.
"""

import datetime as dt
import inspect
import os
from collections.abc import Awaitable
from typing import Any

import attrs

from migratekit._steps.step import Ports, Step, expect, whereabouts
from migratekit.errors import AccessDeniedError, MigrateKitError
from migratekit.events import Event
from migratekit.models import Authenticated
from migratekit.protocols import EventSink, Rule


_JITTER = 0.02  # seconds


@attrs.frozen(eq=False, repr=False)
class ReadClock(Step[float]):
    def perform(self, ports: Ports) -> float:
        return ports.clock.monotonic()


@attrs.frozen(eq=False, repr=False)
class ReadDate(Step[dt.datetime]):
    def perform(self, ports: Ports) -> dt.datetime:
        return ports.clock.now()


@attrs.frozen(eq=False, repr=False)
class WaitUntil(Step[None]):
    """
    Waits until *moment* of the monotonic clock, and up to 20 ms longer.
    """

    port = "clock.sleep"

    moment: float

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        jitter = _JITTER * os.urandom(1)[0] / 255
        left = self.moment - ports.clock.monotonic()
        return ports.clock.sleep(max(0.0, left) + jitter)


@attrs.frozen(eq=False, repr=False)
class MakeId(Step[str]):
    def perform(self, ports: Ports) -> str:
        return _random_uuid()


@attrs.frozen(eq=False, repr=False)
class Tell(Step[None]):
    listener: EventSink
    event: Event

    def blocks(self, ports: Ports) -> bool:
        return not inspect.iscoroutinefunction(self.listener)

    def perform(self, ports: Ports) -> Awaitable[None] | None:
        return self.listener(self.event)

    def check(self, answer: Any) -> None:
        """
        Take whatever a listener returns.
        """

    def failure(self, exc: Exception) -> MigrateKitError | None:
        log_listener_failure(self.event, whereabouts(exc))
        return None


@attrs.frozen(eq=False, repr=False)
class AskRule(Step[str | None]):
    rule: Rule
    login: Authenticated

    def blocks(self, ports: Ports) -> bool:
        return not inspect.iscoroutinefunction(self.rule)

    def perform(self, ports: Ports) -> Awaitable[str | None] | str | None:
        return self.rule(self.login)

    def check(self, answer: Any) -> str | None:
        return None if answer is None else expect(answer, str, self)

    def failure(self, exc: Exception) -> MigrateKitError | None:
        if isinstance(exc, AccessDeniedError):
            return exc
        return super().failure(exc)


def _random_uuid() -> str:
    """
    Return a UUID of version 4 (RFC 9562, section 5.4) as text.

    It is what ``str(uuid.uuid4())`` gives, in less than half of the time: an import
    makes millions of them.
    """
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) % 4]
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
        f"-{variant}{digits[17:20]}-{digits[20:]}"
    )


def log_listener_failure(event: Event, detail: str) -> None:
    """
    Log that a listener failed at *detail*, so that nothing else has to.
    """
    import logging  # noqa: PLC0415 -- longer than all the events

    told = "A listener failed to take %s: %s"
    logging.getLogger("migratekit").error(told, type(event).__name__, detail)
