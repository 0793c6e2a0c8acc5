"""
Throttles that many processes share, over the storages of the library limits.

Needs ``pip install "migratekit[limits]"`` and the client of the storage, such as redis.

A key has three counters.  *first* counts attempts until `free` of them have failed.
*level* is 1 from then on, and one more for each failure since.  *gate* is there while
nobody may try, and whoever counts it up to 1 has opened it for themselves alone: that
makes counting and deciding one, with nothing but an atomic increment.
"""

import hashlib
import hmac
import math
import time
from collections.abc import Generator
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from migratekit._signing import usable_keys
from migratekit._tokens import Sealed, SecretKey
from migratekit.errors import ConfigurationError
from migratekit.throttle import AttemptKey, AttemptKind, ThrottleRules


try:
    from limits.aio.storage import Storage as AsyncStorage
    from limits.storage import Storage
except ImportError:
    raise ImportError('limits is missing: pip install "migratekit[limits]"') from None


T = TypeVar("T")
# Yields the name of a storage's method and its arguments, and is sent the answer.
Talk: TypeAlias = Generator[tuple[str, tuple[Any, ...]], Any, T]

_RULES: Final = ThrottleRules()


class LimitsThrottle:
    """
    A `migratekit.throttle.Throttle` over a ``limits.storage.Storage``.

    For Redis, Valkey and MongoDB.  Not for Memcached, which cannot count down, and not
    for the memory storage between threads, which may lose counts:
    `migratekit.throttles.memory.MemoryThrottle` does not.

    The storage sees no identifiers, only digests of them.

    Args:
        storage: Such as ``limits.storage.storage_from_string("redis://localhost")``.
        rules: How many failures are free, and what the others cost.

        secret_key:
            Makes the digests: at least 16 bytes, the same in all processes.  Without
            one they are plain SHA-256, and whoever reads the storage can find out by
            trying whether an address is among them.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """

    def __init__(
        self,
        storage: Storage,
        rules: ThrottleRules = _RULES,
        *,
        secret_key: SecretKey | None = None,
    ) -> None:
        sealed = None if secret_key is None else Sealed(secret_key)
        del secret_key
        if not isinstance(storage, Storage):
            raise ConfigurationError("The storage must be a limits.storage.Storage.")
        self._storage = storage
        self._book = _Book(rules, sealed)

    def __repr__(self) -> str:
        return f"<LimitsThrottle over {type(self._storage).__name__}>"

    def reserve(self, key: AttemptKey, /) -> float | None:
        """
        See `migratekit.throttle.Throttle.reserve()`.
        """
        return self._ask(self._book.reserve(key))

    def release(self, key: AttemptKey, /) -> None:
        """
        See `migratekit.throttle.Throttle.release()`.
        """
        self._ask(self._book.release(key))

    def reset(self, key: AttemptKey, /) -> None:
        """
        See `migratekit.throttle.Throttle.reset()`.
        """
        self._ask(self._book.reset(key))

    def _ask(self, talk: Talk[T]) -> T:
        answer = None
        while True:
            try:
                method, arguments = talk.send(answer)
            except StopIteration as stop:
                result: T = stop.value
                return result
            answer = getattr(self._storage, method)(*arguments)


class AsyncLimitsThrottle:
    """
    `LimitsThrottle` with coroutines, over a ``limits.aio.storage.Storage``.
    """

    def __init__(
        self,
        storage: AsyncStorage,
        rules: ThrottleRules = _RULES,
        *,
        secret_key: SecretKey | None = None,
    ) -> None:
        sealed = None if secret_key is None else Sealed(secret_key)
        del secret_key
        if not isinstance(storage, AsyncStorage):
            raise ConfigurationError(
                "The storage must be a limits.aio.storage.Storage."
            )
        self._storage = storage
        self._book = _Book(rules, sealed)

    def __repr__(self) -> str:
        return f"<AsyncLimitsThrottle over {type(self._storage).__name__}>"

    async def reserve(self, key: AttemptKey, /) -> float | None:
        """
        See `migratekit.throttle.Throttle.reserve()`.
        """
        return await self._ask(self._book.reserve(key))

    async def release(self, key: AttemptKey, /) -> None:
        """
        See `migratekit.throttle.Throttle.release()`.
        """
        await self._ask(self._book.release(key))

    async def reset(self, key: AttemptKey, /) -> None:
        """
        See `migratekit.throttle.Throttle.reset()`.
        """
        await self._ask(self._book.reset(key))

    async def _ask(self, talk: Talk[T]) -> T:
        answer = None
        while True:
            try:
                method, arguments = talk.send(answer)
            except StopIteration as stop:
                result: T = stop.value
                return result
            answer = await getattr(self._storage, method)(*arguments)


@attrs.frozen
class _Counters:
    """
    The names that a key has in the storage, and what is to be known of its kind.
    """

    kind: AttemptKind
    first: str
    level: str
    gate: str
    kept: int


class _Book:
    """
    What is asked of a storage, sync or async.
    """

    def __init__(self, rules: ThrottleRules, sealed: Sealed | None) -> None:
        if not isinstance(rules, ThrottleRules):
            raise ConfigurationError("The rules must be ThrottleRules.")
        self._rules = rules
        self._keys = [b""] if sealed is None else usable_keys(sealed)
        if not self._keys:
            raise ConfigurationError("A secret_key has at least 16 bytes.")

    def reserve(self, key: AttemptKey) -> Talk[float | None]:
        """
        Count an attempt, or say how long to wait.
        """
        counters = self._counters(key)
        level = yield "get", (counters.level,)
        if level < 1:
            return (yield from self._reserve_free(counters))

        failures = self._rules.free_of(counters.kind) + level - 1
        if self._rules.disables(counters.kind, failures):
            return math.inf
        if not (yield from self._enter(counters, failures + 1)):
            return (yield from _wait(counters))
        yield "incr", (counters.level, counters.kept)
        return None

    def _reserve_free(self, counters: _Counters) -> Talk[float | None]:
        free = self._rules.free_of(counters.kind)
        attempts = yield "incr", (counters.first, counters.kept)
        if attempts < free:
            return None
        # Whoever is over the limit closes the gate as well: the one who reached it
        # may be slower, or may have died.
        if (yield from self._enter(counters, free)):
            yield "incr", (counters.level, counters.kept)
        if attempts == free:
            return None
        yield "incr", (counters.first, counters.kept, -1)
        return (yield from _wait(counters))

    def _enter(self, counters: _Counters, failures: int) -> Talk[bool]:
        """
        Close the gate for as long as so many *failures* cost, if it is open.
        """
        delay = math.ceil(self._rules.delay(counters.kind, failures))
        entered = yield "incr", (counters.gate, delay)
        return bool(entered == 1)

    def release(self, key: AttemptKey) -> Talk[None]:
        """
        Count one less, and open the gate that this one closed.
        """
        counters = self._counters(key)
        level = yield "get", (counters.level,)
        if level > 1:
            yield "incr", (counters.level, counters.kept, -1)
        else:
            if level == 1:
                yield "clear", (counters.level,)
            if (yield "get", (counters.first,)) > 0:
                yield "incr", (counters.first, counters.kept, -1)
        yield "clear", (counters.gate,)

    def reset(self, key: AttemptKey) -> Talk[None]:
        """
        Forget everything.
        """
        counters = self._counters(key)
        for name in (counters.first, counters.level, counters.gate):
            yield "clear", (name,)

    def _counters(self, key: AttemptKey) -> _Counters:
        text = f"{key.kind}:{key.value}".encode(errors="surrogatepass")
        secret = self._keys[0]
        digest = (
            hmac.new(secret, text, hashlib.sha256) if secret else hashlib.sha256(text)
        )
        name = f"migratekit:{key.kind}:{digest.hexdigest()}"
        return _Counters(
            key.kind,
            first=f"{name}:first",
            level=f"{name}:level",
            gate=f"{name}:gate",
            kept=math.ceil(self._rules.kept(key.kind)),
        )


def _wait(counters: _Counters) -> Talk[float]:
    # Storages count whole seconds, the last of which they may show as none.
    opens_at = yield "get_expiry", (counters.gate,)
    return max(1.0, float(opens_at) - time.time())
