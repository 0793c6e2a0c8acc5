"""
Several sources behind one: which of them is asked is decided by the identifier.
"""

import asyncio
import contextlib
import inspect
import itertools
import re
from collections.abc import (
    AsyncIterator,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any, Final, Self, cast

import attrs

from migratekit._chunks import chunks
from migratekit.errors import (
    ConfigurationError,
    ContractError,
)
from migratekit.models import ImportRecord, LegacyUser, RowError
from migratekit.protocols import (
    AsyncLegacySource,
    CountableSource,
    LegacySource,
    WalkableSource,
)
from migratekit.sources._routes import (
    CLAIMED,
    accepting,
    is_same,
    named,
    numbered,
    rivals,
)


_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_ROWS_AT_ONCE: Final = 500


def _name(_: object, __: "attrs.Attribute[str]", value: object) -> None:
    if type(value) is not str or not _NAME.fullmatch(value):
        raise ConfigurationError(
            "A route has a name of letters, digits, dots, dashes or underscores."
        )


def _predicate(_: object, __: "attrs.Attribute[Any]", value: object) -> None:
    if value is not None and not callable(value):
        raise ConfigurationError("What a route accepts is told by a callable, or None.")
    if inspect.iscoroutinefunction(value):
        raise ConfigurationError("What a route accepts must not have to be awaited.")


@attrs.frozen
class Route:
    """
    A source, and whom it is asked about.

    Args:
        name:
            Goes in front of its ids, ``name:id``, for good: 1 to 64 letters, digits,
            dots, dashes or underscores.

        source: Whom to ask.

        accepts:
            Takes an identifier in the form of `migratekit.validation.canonical()`, and
            returns whether this source is asked about it.  Without one, it is asked
            about all.

    Raises:
        migratekit.errors.ConfigurationError: If one of them cannot be used.
    """

    name: str = attrs.field(validator=_name)
    source: LegacySource | AsyncLegacySource
    accepts: Callable[[str], bool] | None = attrs.field(
        default=None, validator=_predicate, repr=False
    )


def _routes(routes: Sequence[Route]) -> tuple[Route, ...]:
    if not isinstance(routes, Sequence) or not routes:
        raise ConfigurationError("A list of routes is needed, with at least one.")
    if not all(isinstance(route, Route) for route in routes):
        raise ConfigurationError("What is in the list must be a Route.")
    if len({route.name for route in routes}) < len(routes):
        raise ConfigurationError("The routes need different names.")
    return tuple(routes)


def _sync(_: object, __: "attrs.Attribute[Any]", routes: tuple[Route, ...]) -> None:
    for route in routes:
        methods = (route.source.login, route.source.get_user)
        if any(map(inspect.iscoroutinefunction, methods)):
            raise ConfigurationError(
                f"The source of the route {route.name} is an async one: use "
                "AsyncRoutedSource."
            )


@attrs.frozen(eq=False)
class RoutedSource:
    """
    A `migratekit.protocols.LegacySource` that asks other ones.

    Of the routes that accept an identifier, the first whose source knows the user
    decides, and no other is asked for the password.  So every one of them but the last
    must be able to look a user up: a source that only knows passwords cannot tell
    "wrong" from "unknown", and behind the next route another person may have the same
    e-mail.  For the same reason a user is refused who has an e-mail or username that
    another route decides on.

    An outage of a source is an outage for the identifiers that it is asked about, and
    for no others.  Where all sources can count, or list, this one can.

    Args:
        routes: Several `Route`, of different names, in their order.

    Raises:
        migratekit.errors.ConfigurationError:
            If there is none, two have the same name, or a source is an async one.
    """

    routes: tuple[Route, ...] = attrs.field(converter=_routes, validator=_sync)

    def __new__(cls, routes: Sequence[Route]) -> Self:
        """
        Return one with the abilities that all sources have.
        """
        made: Self = _able(routes, _KINDS)
        return made

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, else None.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If a source that has a say did not answer.

            migratekit.errors.LookupUnsupportedError:
                If a source that is not the last to be asked cannot look up.

            migratekit.errors.ContractError:
                If another route decides on the user's e-mail or username.
        """
        routes = accepting(self.routes, identifier)
        for route in routes[:-1]:
            if route.source.get_user(identifier) is not None:
                user = route.source.login(identifier, password)
                return self._own(route, user, identifier)
        for route in routes[-1:]:
            user = route.source.login(identifier, password)
            return self._own(route, user, identifier)
        return None

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user whom the first source knows.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If a source that has a say did not answer.

            migratekit.errors.LookupUnsupportedError: If one of them cannot look up.
            migratekit.errors.ContractError:
                If another route decides on the user's e-mail or username.
        """
        for route in accepting(self.routes, identifier):
            user = route.source.get_user(identifier)
            if user is not None:
                return self._own(route, user, identifier)
        return None

    def part_of(self, identifier: str, /) -> str:
        """
        Return the names of the routes that accept *identifier*.

        Raises:
            migratekit.errors.LegacyUnavailableError: If a predicate failed.
        """
        return "+".join(route.name for route in accepting(self.routes, identifier))

    def _own(self, route: Route, answer: Any, identifier: str) -> LegacyUser | None:
        if self._is_claimed(route, answer, identifier):
            raise ContractError(CLAIMED)
        return named(route, answer)

    def _is_claimed(
        self, route: Route, answer: Any, identifier: str | None = None
    ) -> bool:
        for name, others in rivals(self.routes, route, answer, identifier):
            for other in others:
                found = other.source.get_user(name)
                if found is not None:
                    if not is_same(other, found, route, answer):
                        return True
                    break
        return False


class CountingRoutedSource(RoutedSource):
    """
    A `RoutedSource` that can count.
    """

    __slots__ = ()

    def count(self) -> int:
        """
        Return the number of users of all sources, whatever the routes accept.

        Raises:
            migratekit.errors.LegacyUnavailableError: If one did not answer.
        """
        return sum(_countable(route).count() for route in self.routes)


class ListingRoutedSource(RoutedSource):
    """
    A `RoutedSource` that can list.
    """

    __slots__ = ()

    def iter_users(self) -> Iterator[ImportRecord | RowError]:
        """
        Yield the users of all sources, one source after the other.

        They are numbered from the first to the last.  Whoever has an e-mail or username
        that another route decides on is a `migratekit.models.RowError`.

        Raises:
            migratekit.errors.LegacyUnavailableError: If one did not answer.
        """
        numbers = itertools.count(1)
        for route in self.routes:
            for row in _walkable(route).iter_users():
                theirs = self._is_claimed(route, row)
                yield numbered(route, row, next(numbers), theirs=theirs)


class WalkableRoutedSource(CountingRoutedSource, ListingRoutedSource):
    """
    A `RoutedSource` that can count and list.
    """

    __slots__ = ()


@attrs.frozen(eq=False)
class AsyncRoutedSource:
    """
    `RoutedSource` with coroutines.  Its sources may be sync or async, in any mix; what
    is sync is asked in a thread.
    """

    routes: tuple[Route, ...] = attrs.field(converter=_routes)

    def __new__(cls, routes: Sequence[Route]) -> Self:
        """
        Return one with the abilities that all sources have.
        """
        made: Self = _able(routes, _ASYNC_KINDS)
        return made

    async def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        See `RoutedSource.login()`.
        """
        routes = accepting(self.routes, identifier)
        for route in routes[:-1]:
            if await _asked(route.source.get_user, identifier) is not None:
                answer = await _asked(route.source.login, identifier, password)
                return await self._own(route, answer, identifier)
        for route in routes[-1:]:
            answer = await _asked(route.source.login, identifier, password)
            return await self._own(route, answer, identifier)
        return None

    async def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See `RoutedSource.get_user()`.
        """
        for route in accepting(self.routes, identifier):
            user = await _asked(route.source.get_user, identifier)
            if user is not None:
                return await self._own(route, user, identifier)
        return None

    def part_of(self, identifier: str, /) -> str:
        """
        See `RoutedSource.part_of()`.
        """
        return "+".join(route.name for route in accepting(self.routes, identifier))

    async def _own(
        self, route: Route, answer: Any, identifier: str
    ) -> LegacyUser | None:
        if await self._is_claimed(route, answer, identifier):
            raise ContractError(CLAIMED)
        return named(route, answer)

    async def _is_claimed(
        self, route: Route, answer: Any, identifier: str | None = None
    ) -> bool:
        for name, others in rivals(self.routes, route, answer, identifier):
            for other in others:
                found = await _asked(other.source.get_user, name)
                if found is not None:
                    if not is_same(other, found, route, answer):
                        return True
                    break
        return False


class AsyncCountingRoutedSource(AsyncRoutedSource):
    """
    An `AsyncRoutedSource` that can count.
    """

    __slots__ = ()

    async def count(self) -> int:
        """
        See `CountingRoutedSource.count()`.
        """
        numbers = [await _asked(_countable(route).count) for route in self.routes]
        return sum(numbers)


class AsyncListingRoutedSource(AsyncRoutedSource):
    """
    An `AsyncRoutedSource` that can list.
    """

    __slots__ = ()

    async def iter_users(self) -> AsyncIterator[ImportRecord | RowError]:
        """
        See `ListingRoutedSource.iter_users()`.
        """
        numbers = itertools.count(1)
        for route in self.routes:
            listed = chunks(_walkable(route).iter_users(), _ROWS_AT_ONCE)
            async with contextlib.aclosing(listed) as parts:
                async for part in parts:
                    for row in part:
                        theirs = await self._is_claimed(route, row)
                        yield numbered(route, row, next(numbers), theirs=theirs)


class AsyncWalkableRoutedSource(AsyncCountingRoutedSource, AsyncListingRoutedSource):
    """
    An `AsyncRoutedSource` that can count and list.
    """

    __slots__ = ()


# By whether all sources can count, and whether all can list.
_KINDS: Final = {
    (False, False): RoutedSource,
    (True, False): CountingRoutedSource,
    (False, True): ListingRoutedSource,
    (True, True): WalkableRoutedSource,
}
_ASYNC_KINDS: Final = {
    (False, False): AsyncRoutedSource,
    (True, False): AsyncCountingRoutedSource,
    (False, True): AsyncListingRoutedSource,
    (True, True): AsyncWalkableRoutedSource,
}


def _able(routes: Sequence[Route], kinds: Mapping[Any, type]) -> Any:
    sources = [route.source for route in _routes(routes)]
    countable = all(isinstance(source, CountableSource) for source in sources)
    walkable = all(isinstance(source, WalkableSource) for source in sources)
    return object.__new__(kinds[countable, walkable])


def _countable(route: Route) -> CountableSource:
    # That it is one, its kind says.
    return cast("CountableSource", route.source)


def _walkable(route: Route) -> WalkableSource:
    return cast("WalkableSource", route.source)


async def _asked(method: Callable[..., Any], *arguments: Any) -> Any:
    if inspect.iscoroutinefunction(method):
        return await method(*arguments)
    return await asyncio.to_thread(method, *arguments)
