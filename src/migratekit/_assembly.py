"""
Puts the parts of a connection together, and says early what does not fit.
"""

import datetime as dt
import inspect
import os
import re
import time
from collections.abc import Awaitable, Iterable
from typing import TypeVar

import attrs

from migratekit._circuit import Limits
from migratekit._flows.context import Context
from migratekit._guard import AsyncGuard, Guard, Unguarded
from migratekit._steps import Ports
from migratekit._tokens import Sealed, Signer
from migratekit.errors import ConfigurationError
from migratekit.hashing import HashQueue
from migratekit.policy import MigrationPolicy
from migratekit.protocols import (
    AsyncLegacySource,
    AsyncUserStore,
    Clock,
    EventSink,
    LegacySource,
    PasswordHasher,
    Rule,
    UserStore,
)
from migratekit.sources import NoopSource
from migratekit.throttle import AsyncThrottle, Throttle
from migratekit.throttles.memory import MemoryThrottle
from migratekit.validation import Validator


T = TypeVar("T")

_STORE_METHODS = ("find", "get", "create", "replace", "delete", "retired")
_SOURCE_METHODS = ("login", "get_user")
_HASHER_METHODS = ("hash", "verify", "needs_rehash")
_CLOCK_METHODS = ("now", "monotonic", "sleep")
_THROTTLE_METHODS = ("reserve", "release", "reset")


class SystemClock:
    """
    The machine's clock.
    """

    def now(self) -> dt.datetime:
        """
        Return the time of day in UTC.
        """
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """
        Return seconds that never go back.
        """
        return time.monotonic()

    def sleep(self, seconds: float, /) -> Awaitable[None] | None:
        """
        Sleep.
        """
        time.sleep(seconds)
        return None


class AsyncSystemClock(SystemClock):
    """
    The machine's clock, for an event loop.
    """

    async def sleep(self, seconds: float, /) -> None:
        """
        Sleep, and let others run.
        """
        # A quarter of the time that `import migratekit` would take.
        import asyncio  # noqa: PLC0415

        await asyncio.sleep(seconds)


def assemble(
    store: UserStore | AsyncUserStore,
    source: LegacySource | AsyncLegacySource,
    *,
    source_name: str,
    policy: MigrationPolicy,
    validator: Validator,
    hasher: PasswordHasher,
    rules: Iterable[Rule],
    listeners: Iterable[EventSink],
    secret_key: Sealed | None,
    clock: Clock,
    guard: type[Guard | AsyncGuard],
    hash_queue: HashQueue,
    throttle: Throttle | AsyncThrottle | None,
) -> tuple[Context, Ports]:
    """
    Return what the flows decide by, and whom they ask.

    Raises:
        migratekit.errors.ConfigurationError: If a part does not fit.
    """
    named = type(source_name) is str
    if not named or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", source_name):
        raise ConfigurationError(
            "source_name must be 1 to 64 letters, digits, dots, dashes or underscores."
        )
    if not isinstance(policy, MigrationPolicy) or not isinstance(validator, Validator):
        raise ConfigurationError(
            "The policy must be a MigrationPolicy, and the validator a Validator."
        )
    if not isinstance(hash_queue, HashQueue):
        raise ConfigurationError("The hash_queue must be a HashQueue.")
    _need(store, "store", _STORE_METHODS)
    _need(source, "source", _SOURCE_METHODS)
    _need(hasher, "hasher", _HASHER_METHODS)
    _need(clock, "clock", _CLOCK_METHODS)
    _need_sync(hasher, "hasher", _HASHER_METHODS)
    if throttle is None:
        throttle = MemoryThrottle(clock=clock)
    _need(throttle, "throttle", _THROTTLE_METHODS)
    context = Context(
        policy=policy,
        source_name=source_name,
        rules=_callables(rules, "rules"),
        listeners=_callables(listeners, "listeners"),
        signer=None if secret_key is None else _signer(secret_key),
    )
    decoy = hasher.hash(os.urandom(16).hex())
    if not isinstance(decoy, str):
        raise ConfigurationError("The hasher's hash() must return a str.")
    ports = Ports(
        store=store,
        source=source,
        hasher=hasher,
        validator=validator,
        clock=clock,
        guard=_guard_of(guard, source, policy, clock),
        decoy=decoy,
        hash_queue=hash_queue,
        throttle=throttle,
    )
    return context, ports


def _guard_of(
    guard: type[Guard | AsyncGuard],
    source: LegacySource | AsyncLegacySource,
    policy: MigrationPolicy,
    clock: Clock,
) -> Guard | AsyncGuard | Unguarded:
    if isinstance(source, NoopSource):
        return Unguarded()
    return guard(source, limits_of(policy), clock)


def limits_of(policy: MigrationPolicy) -> Limits:
    """
    Return what a policy grants a source.
    """
    return Limits(
        deadline=policy.legacy_deadline,
        calls=policy.legacy_calls,
        failures=policy.legacy_failures,
        pause=policy.legacy_pause,
    )


def without_source(ports: Ports) -> Ports:
    """
    Return the same parts with nobody to ask.
    """
    return attrs.evolve(ports, source=NoopSource(), guard=Unguarded())


def refuse_async_parts(context: Context, ports: Ports) -> None:
    """
    Make sure that nothing has to be awaited, as far as that can be seen.

    Raises:
        migratekit.errors.ConfigurationError: If something has.
    """
    _need_sync(ports.store, "store", _STORE_METHODS)
    _need_sync(ports.source, "source", _SOURCE_METHODS)
    _need_sync(ports.clock, "clock", _CLOCK_METHODS)
    _need_sync(ports.throttle, "throttle", _THROTTLE_METHODS)
    check = context.policy.password_check
    # What PasswordRules asks besides.
    also = getattr(check, "also", None)
    for part in (*context.rules, *context.listeners, check, also):
        if inspect.iscoroutinefunction(part):
            raise ConfigurationError(
                f"{_name_of(part)} is a coroutine function: use AsyncConnection."
            )


def _callables(parts: Iterable[T], role: str) -> tuple[T, ...]:
    given = tuple(parts) if isinstance(parts, Iterable) else (None,)
    if not all(map(callable, given)):
        raise ConfigurationError(f"The {role} must be a list of callables.")
    return given


def _name_of(part: object) -> str:
    return getattr(part, "__name__", type(part).__name__)


def _signer(secret_key: Sealed) -> Signer:
    # Only connections with a key need hashlib, hmac and itsdangerous.
    from migratekit._signing import TokenSigner  # noqa: PLC0415

    return TokenSigner(secret_key)


def described(connection: object) -> str:
    """
    Return a connection's `repr`, also of one that is not finished.
    """
    ports = getattr(connection, "_ports", None)
    parts = "" if ports is None else f" from {ports.source!r} to {ports.store!r}"
    return f"<{type(connection).__name__}{parts}>"


def check_moment(moment: dt.datetime | None) -> None:
    """
    Refuse a time of day without a zone: it would be another one on another machine.

    Raises:
        TypeError: If it is one.
    """
    if moment is not None and moment.tzinfo is None:
        raise TypeError("migrated_since needs a time zone.")


def _need(part: object, role: str, methods: tuple[str, ...]) -> None:
    for name in methods:
        if isinstance(part, type) or not callable(getattr(part, name, None)):
            raise ConfigurationError(f"The {role} has no method {name}().")


def _need_sync(part: object, role: str, methods: tuple[str, ...]) -> None:
    for name in methods:
        if inspect.iscoroutinefunction(getattr(part, name)):
            raise ConfigurationError(
                f"The {role}'s {name}() is a coroutine function, which a sync "
                "Connection cannot await: use AsyncConnection."
                if role != "hasher"
                else f"The hasher's {name}() must not be a coroutine function."
            )
