"""
The application whose connection a command works on.
"""

import asyncio
import importlib
import inspect
import sys
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import (
    Any,
    Final,
    NoReturn,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    runtime_checkable,
)

from migratekit import AsyncConnection, AsyncUserStore, Connection, UserStore
from migratekit.cli._errors import CommandError
from migratekit.errors import (
    ContractError,
    LegacyUnavailableError,
    StoreUnavailableError,
)
from migratekit.events import one_line
from migratekit.models import LedgerKey, Retirement
from migratekit.protocols import BoundStore, LookupStore
from migratekit.stores._rules import check_source


T = TypeVar("T")
S = TypeVar("S", bound="Storage")
EitherConnection: TypeAlias = Connection | AsyncConnection

_AT_ONCE: Final = 500
# What is no mistake of whoever has called, and may be over soon.
_OUTAGES: Final = (StoreUnavailableError, LegacyUnavailableError)


@runtime_checkable
class Tables(Protocol):
    """
    A store that makes its own tables.
    """

    def retired(
        self, key: LedgerKey, /
    ) -> Awaitable[Retirement | None] | Retirement | None: ...

    def create_schema(self) -> Awaitable[None] | None: ...

    def schema_version(self) -> Awaitable[int | None] | int | None: ...


class Storage:
    """
    A store of an application, sync or async.

    What its methods return goes through `wait()`, so that commands need not know which
    of the two it is.

    *is_ours* is whether it was made for this command alone, and is closed behind it.
    """

    def __init__(
        self, store: UserStore | AsyncUserStore | Tables, runner: asyncio.Runner
    ) -> None:
        self.store = store
        self.is_ours = False
        self._runner = runner

    @property
    def tables(self) -> Tables:
        """
        The store, if it has tables.

        Raises:
            migratekit.cli._errors.CommandError: If it has none.
        """
        if isinstance(self.store, Tables):
            return self.store
        kind = type(self.store).__name__
        raise CommandError(f"The store, {kind}, has no tables of ours.")

    def wait(self, answer: T | Awaitable[T]) -> T:
        """
        Return *answer*, awaited if it has to be.
        """
        if isinstance(answer, Awaitable):
            awaited: T = self._runner.run(_awaited(answer))
            return awaited
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for part in self._parts_to_close():
            with suppress(Exception):
                self.wait(getattr(part, "close", _nothing)())
        self._runner.close()

    def _parts_to_close(self) -> tuple[object, ...]:
        # What lives in the event loop must not outlive it.
        in_loop = inspect.iscoroutinefunction(getattr(self.store, "close", None))
        return (self.store,) if in_loop or self.is_ours else ()


class Application(Storage):
    """
    An application's connection, sync or async.

    What its methods return goes through `wait()` or `iterate()`.
    """

    def __init__(self, connection: EitherConnection, runner: asyncio.Runner) -> None:
        super().__init__(connection.store, runner)
        self.connection = connection

    def iterate(self, items: Iterable[T] | AsyncIterable[T]) -> Iterator[T]:
        """
        Iterate over *items*, some hundreds at a time if they are async.
        """
        if not isinstance(items, AsyncIterable):
            yield from items
            return
        iterator = aiter(items)
        while taken := self._runner.run(_taken(iterator)):
            yield from taken

    def retired(self, keys: Sequence[LedgerKey]) -> list[Retirement | None]:
        """
        Return the ledger's rows of *keys*, looked up some at a time where it can be.

        Raises:
            migratekit.errors.ContractError: If the store does not tell of each.
        """
        store = self.connection.store
        if not isinstance(store, LookupStore):
            return [self.wait(store.retired(key)) for key in keys]
        rows: list[Retirement | None] = []
        for start in range(0, len(keys), _AT_ONCE):
            rows += self.wait(store.retired_many(keys[start : start + _AT_ONCE]))
        if len(rows) != len(keys):
            raise ContractError("The store did not tell of every key it was asked for.")
        return rows

    def bound_source(self) -> str | None:
        """
        Return which source the store is bound to; None for none, or if it cannot tell.

        Raises:
            migratekit.errors.ConfigurationError:
                If it is another than the connection's, so that nobody could move.
        """
        store = self.connection.store
        if not isinstance(store, BoundStore):
            return None
        bound: str | None = self.wait(store.bound_source())
        if bound is not None:
            check_source(bound, self.connection.source_name)
        return bound

    def _parts_to_close(self) -> tuple[object, ...]:
        connection = self.connection
        parts = connection.store, connection.source
        if self.is_ours:
            # First what looks into the store.
            return connection.settings, *parts
        return parts if isinstance(connection, AsyncConnection) else ()


def load(path: str) -> Application:
    """
    Return the application whose connection is at *path*: ``module:name``.

    The name may be dotted, and that of a function without arguments, or a coroutine
    function, that returns a connection.

    Raises:
        migratekit.cli._errors.CommandError: If there is none, or it cannot be had.
    """
    return _loaded(path, _of_connection)


def load_storage(path: str) -> Storage:
    """
    Return the application whose connection, or whose store, is at *path*.

    A connection that follows settings cannot be made before there are tables.

    Raises:
        migratekit.cli._errors.CommandError: If there is none, or it cannot be had.
    """
    return _loaded(path, _of_either)


def _loaded(path: str, of: Callable[[object, asyncio.Runner], S | None]) -> S:
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise CommandError(
            f"{one_line(path)!r} is no connection: it takes a module, a colon and a "
            "name, as in myshop.auth:connection."
        )
    found = _attribute(_imported(module), module, name)
    runner = asyncio.Runner()
    try:
        return _made(found, path, runner, of)
    except BaseException:
        runner.close()
        raise


def _imported(name: str) -> object:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        missing = getattr(error, "name", None) or ""
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(
            f"{missing}."
        ):
            raise CommandError(
                f"There is no module {one_line(missing)!r}, neither in this folder "
                "nor among what is installed in this environment."
            ) from error
        _blame("The application cannot be imported", name, error)


def _attribute(module: object, module_name: str, name: str) -> object:
    found = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise CommandError(
                f"{one_line(module_name)} has no {one_line(name)!r}."
            ) from error
    return found


def _of_connection(found: object, runner: asyncio.Runner) -> Application | None:
    if isinstance(found, EitherConnection):
        return Application(found, runner)
    return None


def _of_either(found: object, runner: asyncio.Runner) -> Storage | None:
    if isinstance(found, Tables) and not isinstance(found, type):
        return Storage(found, runner)
    return _of_connection(found, runner)


def _made(
    found: object,
    path: str,
    runner: asyncio.Runner,
    of: Callable[[object, asyncio.Runner], S | None],
) -> S:
    made = of(found, runner)
    if made is None and callable(found):
        try:
            found = found()
            if isinstance(found, Awaitable):
                found = runner.run(_awaited(found))
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- it is others' code
            what = f"{one_line(path)} made no connection"
            _blame(what, path.partition(":")[0], error)
        made = of(found, runner)
        if made is not None:
            made.is_ours = True
    if made is None:
        raise CommandError(
            f"{one_line(path)} is no Connection or AsyncConnection, and no function "
            f"that returns one: it gave {type(found).__name__}."
        )
    return made


def _blame(what: str, module: str, error: BaseException) -> NoReturn:
    """
    Raise a `CommandError` that tells the type of *error* and where it comes from.

    Its text may hold what the application keeps secret; that of our own errors does
    not.
    """
    detail = type(error).__name__ + _place(error, module)
    if type(error).__module__ == "migratekit.errors" or _is_our_extra(error):
        detail = f"{detail}: {one_line(error).rstrip('.')}"
    elif isinstance(error, ModuleNotFoundError):
        detail = f"{detail}, for want of the module {one_line(error.name)!r}"
    code = 1 if isinstance(error, _OUTAGES) else 2
    raise CommandError(
        f"{what}: {detail}.  --traceback shows all of it.", code=code
    ) from error


def _place(error: BaseException, module: str) -> str:
    """
    Return the last line of the application's own that *error* went through.
    """
    package = module.partition(".")[0]
    places: list[tuple[bool, str, int]] = []
    traceback = error.__traceback__
    while traceback is not None:
        code, name = traceback.tb_frame.f_code, _name_of(traceback)
        is_own = name.partition(".")[0] == package
        places.append((is_own, code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        places.append((True, error.filename, error.lineno))
    own = [place for place in places if place[0]] or places
    _, file, line = own[-1]
    with suppress(ValueError):
        file = str(Path(file).relative_to(Path.cwd()))
    return f" in {one_line(file)}, line {line}"


def _is_our_extra(error: BaseException) -> bool:
    """
    Return whether it is one of our modules that says what is to be installed.
    """
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    is_ours = traceback is not None and _name_of(traceback).startswith("migratekit.")
    return type(error) is ImportError and is_ours


def _name_of(traceback: TracebackType) -> str:
    name: str = traceback.tb_frame.f_globals.get("__name__", "")
    return name


async def _awaited(answer: Awaitable[T]) -> T:
    return await answer


async def _taken(iterator: AsyncIterator[T]) -> list[T]:
    taken: list[T] = []
    async for item in iterator:
        taken.append(item)
        if len(taken) == _AT_ONCE:
            break
    return taken


def _nothing() -> Any:
    return None
