"""
A source that asks a collection of MongoDB.

Needs ``pip install "migratekit[mongodb]"``.
"""

import asyncio
import contextlib
import logging
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextvars import ContextVar
from itertools import count, islice
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import attrs

from migratekit import formats
from migratekit.errors import (
    AmbiguousUserError,
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
)
from migratekit.models import ImportRecord, LegacyUser, RowError
from migratekit.sources._likeness import is_asked
from migratekit.sources._limits import positive
from migratekit.sources._rows import Row, hash_of, record_of, unreadable, user_of
from migratekit.validation import canonical, is_possible_password


try:
    import pymongo
except ImportError:
    raise ImportError('PyMongo is missing: pip install "migratekit[mongodb]"') from None

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.collection import Collection

from migratekit.sources._documents import BinaryHash, Fields, fields_of


T = TypeVar("T")
Document = Mapping[str, Any]

_BATCH: Final = 100
# Letter case does not count, accents do.
_ANY_LETTER_CASE: Final = {"locale": "en", "strength": 2}
# Nothing is tried twice, and no address is waited for.
_PATIENCE: Final[dict[str, Any]] = {
    "appname": "migratekit",
    "connectTimeoutMS": 2000,
    "serverSelectionTimeoutMS": 2000,
    "socketTimeoutMS": 5000,
    "retryReads": False,
    "retryWrites": False,
    "tz_aware": True,
}

_asking: ContextVar[bool] = ContextVar("_asking", default=False)


def _is_not_ours(_: logging.LogRecord) -> bool:
    # PyMongo logs commands and their answers, hashes included, at DEBUG.
    return not _asking.get()


logging.getLogger("pymongo.command").addFilter(_is_not_ours)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """
    Give a block *seconds*, all attempts and answers included, and log none of it.
    """
    token = _asking.set(True)
    try:
        with pymongo.timeout(seconds):
            yield
    finally:
        _asking.reset(token)


def _failed(exc: Exception) -> LegacyUnavailableError:
    return LegacyUnavailableError(type(exc).__name__)


def _read(call: Callable[[], T], seconds: float) -> T:
    try:
        with _limited(seconds):
            return call()
    except Exception as exc:  # noqa: BLE001 -- a driver raises what it likes
        error = _failed(exc)
    # No frame that has seen a document is in the traceback of this one.
    raise error


def _client(kind: Callable[..., T], url: str, options: Mapping[str, Any]) -> T:
    if type(url) is not str:
        raise ConfigurationError("The URL must be text.")
    try:
        return kind(url, **{**_PATIENCE, **options})
    except Exception as exc:  # noqa: BLE001 -- of several packages
        failure = type(exc).__name__
    # Not what it says, for that may be the URL.
    raise ConfigurationError(f"PyMongo refuses this URL or an option: {failure}.")


@attrs.frozen(repr=False, eq=False)
class _Mongo:
    """
    What is asked, and what the answers mean; nobody is asked here.
    """

    _collection: Any = attrs.field(alias="collection")
    _fields: Mapping[str, str] = attrs.field(
        alias="fields", kw_only=True, converter=dict
    )
    format: formats.LegacyFormat = attrs.field(converter=formats.resolve, kw_only=True)
    _only: Document = attrs.field(
        factory=dict, converter=dict, alias="only", kw_only=True
    )
    _any_case: bool = attrs.field(default=True, alias="any_letter_case", kw_only=True)
    _binary_hash: BinaryHash = attrs.field(
        default="text", alias="binary_hash", kw_only=True
    )
    _deadline: float = attrs.field(
        default=5.0, validator=positive, alias="deadline", kw_only=True
    )
    _owned: bool = attrs.field(default=False, init=False)
    _meaning: Fields = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        meaning = fields_of(self._fields, self._binary_hash)
        object.__setattr__(self, "_meaning", meaning)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._collection.full_name!r})"

    def _question(self, identifier: object) -> dict[str, Any] | None:
        """
        Return what ``find()`` is given, or None if nobody is known by *identifier*.
        """
        try:
            typed = canonical(identifier, strategy_version=1).value
            form = canonical(identifier).value
        except ValueError:
            return None
        paths = self._meaning.paths("email" if "@" in form else "username")
        if not paths:
            return None
        # Two texts at most, never an operator.
        wanted = {paths[0]: {"$in": [form, typed] if typed != form else [form]}}
        question: dict[str, Any] = {
            "filter": {"$and": [wanted, self._only]} if self._only else wanted,
            "projection": self._meaning.projection,
            "limit": 2,
        }
        if self._any_case:
            question["collation"] = _ANY_LETTER_CASE
        return question

    def _row(self, documents: Sequence[Document]) -> Row | None:
        if len(documents) > 1:
            raise AmbiguousUserError("More than one document was found.")
        return self._meaning.row(documents[0]) if documents else None

    def _found(
        self, documents: Sequence[Document], identifier: str
    ) -> LegacyUser | None:
        row = self._row(documents)
        user = None if row is None else user_of(row)
        return user if user is not None and is_asked(user, identifier) else None

    def _verified(
        self, documents: Sequence[Document], identifier: str, password: str
    ) -> LegacyUser | None:
        row = self._row(documents)
        stored = None if row is None else hash_of(row)
        if row is None or stored is None:
            return None
        user = user_of(row)
        if not is_asked(user, identifier):
            return None
        return user if formats.verify(self.format, password, stored) else None

    def _record(self, document: Document, number: int) -> ImportRecord | RowError:
        try:
            row = self._meaning.row(document)
        except ContractError as error:
            return unreadable(error, number)
        return record_of(row, number)

    def _own(self) -> Self:
        object.__setattr__(self, "_owned", True)
        return self


class MongoSource(_Mongo):
    """
    Asks a collection of a synchronous PyMongo client.  Only reads.

    Args:
        collection:
            ``client["shop"]["users"]``.  Its client stays yours to close.

        fields:
            What a field means, by its dotted path: a field of
            `migratekit.models.LegacyUser`, ``profile.KEY``, or one of
            ``password_hash``, ``password_salt``, ``password_salt2``,
            ``password_username`` and ``password_format``.  ``_id`` is the ``user_id``,
            unless another field is.  A number in a path is a place in a list.  No
            other field is read.

        format:
            What the hashes are; see `migratekit.formats.resolve()`.

        only:
            A filter that users must pass besides, such as ``{"deleted": False}``.

        any_letter_case:
            Whether e-mails and usernames may be stored in upper case, too.  They are
            then compared with a collation, and the index must have it.  False compares
            exactly what was typed and its canonical form.

        binary_hash:
            What becomes of a hash that is stored as bytes: ``text`` if they are text,
            else ``hex`` or ``base64``, whatever *format* reads.

        deadline:
            Seconds for one question, however many attempts the client makes.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """

    __slots__ = ()

    _collection: "Collection[Document]"

    @classmethod
    def connect(
        cls,
        url: str,
        database: str,
        collection: str,
        *,
        client_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Self:
        """
        Return a source with a client of its own, which `close()` closes.

        The client waits 2 seconds for a server and 5 for an answer, and reads nothing
        twice; it does not connect yet.

        Args:
            url: ``mongodb://…`` or ``mongodb+srv://…``.
            database: The name of the database.
            collection: The name of the collection.
            client_options: What the client is given besides.
            options: What the source is given.

        Raises:
            migratekit.errors.ConfigurationError: If something cannot be used.
        """
        client = _client(pymongo.MongoClient, url, client_options or {})
        return cls(client[database][collection], **options)._own()  # noqa: SLF001

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, else None.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
            migratekit.errors.UnusableHashError: If the hash can never be verified.
            migratekit.errors.ContractError: If the document is not what it should be.
        """
        if not is_possible_password(password):
            return None
        question = self._question(identifier)
        if question is None:
            return None
        return self._verified(self._documents(question), identifier, password)

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user, or None if there is no document.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
            migratekit.errors.ContractError: If the document is not what it should be.
        """
        question = self._question(identifier)
        if question is None:
            return None
        return self._found(self._documents(question), identifier)

    def count(self) -> int:
        """
        Return the number of users.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
        """
        return _read(
            lambda: self._collection.count_documents(self._only), self._deadline
        )

    def iter_users(self) -> Iterator[ImportRecord | RowError]:
        """
        Yield all users with their hashes, in the order of their ``_id``.

        A document that cannot be read is a `migratekit.models.RowError` with its
        number, counted from 1.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
        """
        numbers = count(1)
        with self._collection.find(
            self._only, self._meaning.projection, batch_size=_BATCH
        ).sort("_id") as cursor:
            while documents := _read(
                lambda: list(islice(cursor, _BATCH)), self._deadline
            ):
                yield from map(self._record, documents, numbers)

    def close(self) -> None:
        """
        Close the client, unless it is not ours.
        """
        if self._owned:
            self._collection.database.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _documents(self, question: dict[str, Any]) -> list[Document]:
        def find() -> list[Document]:
            with self._collection.find(**question) as cursor:
                return list(islice(cursor, 3))

        return _read(find, self._deadline)


class AsyncMongoSource(_Mongo):
    """
    `MongoSource` for a collection of an ``AsyncMongoClient``.
    """

    __slots__ = ()

    _collection: "AsyncCollection[Document]"

    @classmethod
    def connect(
        cls,
        url: str,
        database: str,
        collection: str,
        *,
        client_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Self:
        """
        See `MongoSource.connect()`.
        """
        client = _client(pymongo.AsyncMongoClient, url, client_options or {})
        return cls(client[database][collection], **options)._own()  # noqa: SLF001

    async def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        See `MongoSource.login()`.  The hash is computed in a thread.
        """
        if not is_possible_password(password):
            return None
        question = self._question(identifier)
        if question is None:
            return None
        documents = await self._documents(question)
        return await asyncio.to_thread(self._verified, documents, identifier, password)

    async def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        See `MongoSource.get_user()`.
        """
        question = self._question(identifier)
        if question is None:
            return None
        return self._found(await self._documents(question), identifier)

    async def count(self) -> int:
        """
        See `MongoSource.count()`.
        """
        return await self._read(self._collection.count_documents(self._only))

    async def iter_users(self) -> AsyncIterator[ImportRecord | RowError]:
        """
        See `MongoSource.iter_users()`.
        """
        numbers = count(1)
        async with self._collection.find(
            self._only, self._meaning.projection, batch_size=_BATCH
        ).sort("_id") as cursor:
            while documents := await self._read(cursor.to_list(_BATCH)):
                for document in documents:
                    yield self._record(document, next(numbers))

    async def close(self) -> None:
        """
        Close the client, unless it is not ours.
        """
        if self._owned:
            await self._collection.database.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _documents(self, question: dict[str, Any]) -> list[Document]:
        async def find() -> list[Document]:
            async with self._collection.find(**question) as cursor:
                return await cursor.to_list(3)

        return await self._read(find())

    async def _read(self, answer: Awaitable[T]) -> T:
        try:
            with _limited(self._deadline):
                return await answer
        except Exception as exc:  # noqa: BLE001 -- a driver raises what it likes
            error = _failed(exc)
        raise error
