"""
One exchange after another, each over a connection of its own, until a deadline.

No cookie, no redirect, no proxy and no retry is in here, because there is no code for
them, but for a proxy that is asked for.
"""

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final, Generic, Protocol

import attrs

from migratekit.errors import LegacyUnavailableError
from migratekit.sources.http._client import httpcore
from migratekit.sources.http._deadline import Deadline, TimedNetwork
from migratekit.sources.http._questions import (
    Answer,
    Dialogue,
    Headers,
    Place,
    Question,
    R,
)


class Terms(Protocol):
    """
    What is needed of a source's options.
    """

    @property
    def deadline(self) -> float:
        """
        Seconds for the whole dialogue.
        """

    @property
    def connect_deadline(self) -> float:
        """
        Seconds of these for a connection.
        """

    @property
    def max_bytes(self) -> int:
        """
        The longest body.
        """

    @property
    def proxy(self) -> Place | None:
        """
        The proxy to go through.
        """

    def headers_for(self, question: Question, /) -> Headers:
        """
        Return the headers to send.
        """

    def trusted(self) -> ssl.SSLContext:
        """
        Return what verifies certificates.
        """


# One person's profile may be, which is nobody else's trouble.
_TOO_LONG: Final = "its answer is too long"


def talk(terms: Terms, dialogue: Dialogue[R]) -> R:
    """
    Return what *dialogue* ends in.

    Raises:
        migratekit.errors.LegacyUnavailableError: If a question got no answer.
        migratekit.errors.ConfigurationError: If nothing verifies certificates now.
    """
    terms.trusted()
    deadline = Deadline.after(terms.deadline)
    with contextlib.closing(dialogue):
        step = _next(dialogue, None)
        while isinstance(step, Question):
            answer = _asked(terms, step, deadline)
            if isinstance(answer, str):
                raise LegacyUnavailableError(answer, answered=answer == _TOO_LONG)
            step = _next(dialogue, answer)
        return step.value


async def atalk(terms: Terms, dialogue: Dialogue[R]) -> R:
    """
    Return what *dialogue* ends in.

    Raises:
        migratekit.errors.LegacyUnavailableError: If a question got no answer.
        migratekit.errors.ConfigurationError: If nothing verifies certificates now.
    """
    terms.trusted()
    moment = asyncio.get_running_loop().time() + terms.deadline
    with contextlib.closing(dialogue):
        step = _next(dialogue, None)
        while isinstance(step, Question):
            answer = await _aasked(terms, step, moment)
            if isinstance(answer, str):
                raise LegacyUnavailableError(answer, answered=answer == _TOO_LONG)
            step = _next(dialogue, answer)
        return step.value


@attrs.frozen
class _End(Generic[R]):
    value: R


def _next(dialogue: Dialogue[R], answer: Answer | None) -> Question | _End[R]:
    try:
        return next(dialogue) if answer is None else dialogue.send(answer)
    except StopIteration as stop:
        return _End(stop.value)


# A failure is returned as text, so that no error has a frame of the request in it.


def _asked(terms: Terms, question: Question, deadline: Deadline) -> Answer | str:
    try:
        with _silence(), _pool(terms, deadline) as pool:
            request = _request(terms, question)
            with contextlib.closing(pool.handle_request(request)) as response:
                reading = _Reading(terms.max_bytes)
                for chunk in response.iter_stream():
                    reading.add(chunk)
                return _answer(response, reading)
    except Exception as exc:  # noqa: BLE001 -- whatever may go wrong on a network
        return _failure(exc)


async def _aasked(terms: Terms, question: Question, moment: float) -> Answer | str:
    try:
        with _silence():
            async with asyncio.timeout_at(moment), _apool(terms) as pool:
                request = _request(terms, question)
                response = await pool.handle_async_request(request)
                async with contextlib.aclosing(response):
                    reading = _Reading(terms.max_bytes)
                    async for chunk in response.aiter_stream():
                        reading.add(chunk)
                    return _answer(response, reading)
    except Exception as exc:  # noqa: BLE001 -- whatever may go wrong on a network
        return _failure(exc)


def _pool(terms: Terms, deadline: Deadline) -> httpcore.ConnectionPool:
    common: dict[str, Any] = {
        "ssl_context": terms.trusted(),
        "network_backend": TimedNetwork(deadline),
    }
    if terms.proxy is None:
        return httpcore.ConnectionPool(**common)
    return httpcore.HTTPProxy(_url(terms.proxy), **common)


def _apool(terms: Terms) -> httpcore.AsyncConnectionPool:
    if terms.proxy is None:
        return httpcore.AsyncConnectionPool(ssl_context=terms.trusted())
    return httpcore.AsyncHTTPProxy(_url(terms.proxy), ssl_context=terms.trusted())


def _url(place: Place) -> httpcore.URL:
    return httpcore.URL(
        scheme=place.scheme, host=place.host, port=place.port, target=place.target
    )


def _request(terms: Terms, question: Question) -> httpcore.Request:
    headers = [
        (b"Host", question.place.authority.encode()),
        (b"Accept", b"application/json"),
        (b"Accept-Encoding", b"identity"),
        (b"User-Agent", b"migratekit"),
        (b"Connection", b"close"),
        *terms.headers_for(question),
    ]
    if question.method != "GET":
        headers.append((b"Content-Length", str(len(question.body)).encode()))
    timeout = dict.fromkeys(("read", "write", "pool"), terms.deadline)
    return httpcore.Request(
        question.method,
        _url(question.place),
        headers=headers,
        content=question.body,
        extensions={"timeout": timeout | {"connect": terms.connect_deadline}},
    )


class _TooMuchError(Exception):
    pass


@attrs.define
class _Reading:
    """
    A body that is not all here yet.
    """

    limit: int
    body: bytearray = attrs.field(factory=bytearray, repr=False)

    def add(self, chunk: bytes) -> None:
        self.body += chunk
        if len(self.body) > self.limit:
            raise _TooMuchError


_CHARSET: Final = re.compile(rb"charset\s*=\s*\"?([^\s\";,]+)", re.IGNORECASE)


class _EncodedError(Exception):
    pass


def _answer(response: httpcore.Response, reading: _Reading) -> Answer:
    charset = None
    for name, value in response.headers:
        if name.lower() == b"content-encoding" and value.lower() != b"identity":
            raise _EncodedError
        if name.lower() == b"content-type" and (found := _CHARSET.search(value)):
            charset = found[1].decode("latin-1").lower()
    return Answer(response.status, bytes(reading.body), charset)


def _failure(exc: BaseException) -> str:
    """
    Return what to say of *exc*, which may quote what was sent or received.
    """
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its TLS certificate is not trusted"
        cause = cause.__cause__ or cause.__context__
    if isinstance(exc, TimeoutError | httpcore.TimeoutException):
        return "it did not answer in time"
    if isinstance(exc, _TooMuchError):
        return _TOO_LONG
    if isinstance(exc, _EncodedError):
        return "its answer is compressed, which nobody asked for"
    return type(exc).__name__


_silent: Final = ContextVar("_silent", default=False)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """
    Keep what the client logs for debugging to itself: it has the server's cookies.
    """
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _silent.get()


for _name in ("connection", "http11", "proxy"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_is_not_ours)
