"""
A client of Amazon that waits until a deadline, reads up to a length, and logs nothing.

The requests are made and signed by botocore, and the answers understood by it.  In
between they go over the transport of our other web services.
"""

import functools
import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import attrs
import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from migratekit.errors import ConfigurationError, LegacyUnavailableError
from migratekit.sources.http._answers import object_of
from migratekit.sources.http._questions import (
    Answer,
    Dialogue,
    Headers,
    Place,
    Question,
    place_of,
)
from migratekit.sources.http._transport import talk


_CONNECT: Final = 2.0
_ANSWER_BYTES: Final = 2**20
# What the transport sets itself; none of them is signed.
_NOT_SENT: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "user-agent"}
)

_until: ContextVar[float | None] = ContextVar("_until", default=None)


def _is_not_ours(_: logging.LogRecord) -> bool:
    # botocore logs requests and answers, passwords and tokens included, at DEBUG.
    return _until.get() is None


@functools.cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@attrs.frozen
class _Terms:
    deadline: float
    connect_deadline: float = _CONNECT
    max_bytes: int = _ANSWER_BYTES
    proxy: Place | None = None

    def headers_for(self, question: Question, /) -> Headers:
        return question.headers

    def trusted(self) -> ssl.SSLContext:
        return _trust()


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _asking(request: AWSPreparedRequest) -> Dialogue[Answer]:
    headers = tuple(
        (name.encode(), _bytes(value))
        for name, value in request.headers.items()
        if name.lower() not in _NOT_SENT
    )
    place = place_of(request.url)
    return (yield Question("POST", place, headers, _bytes(request.body or b"")))


@attrs.frozen
class _Body:
    content: bytes = attrs.field(repr=False)

    def stream(self) -> Iterator[bytes]:
        yield self.content


def _send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """
    Answer a request in botocore's place.

    Raises:
        migratekit.errors.LegacyUnavailableError: If there is no answer that is one.
    """
    until = _until.get() or 0.0
    left = until - time.monotonic()
    if left <= 0:
        raise LegacyUnavailableError("it did not answer in time")
    answer = talk(_Terms(left), _asking(request))
    if answer.status < 400 and answer.status != 200:
        raise LegacyUnavailableError(f"it answered with status {answer.status}")
    object_of(answer)
    return AWSResponse(request.url, answer.status, {}, _Body(answer.body))


def client_of(
    service: str,
    session: boto3.Session | None,
    region: str | None,
    endpoint_url: str | None,
) -> Any:
    """
    Return a client of *service*.

    Raises:
        migratekit.errors.ConfigurationError: If there can be none.
    """
    if endpoint_url is not None and not place_of(endpoint_url).is_private:
        raise ConfigurationError("An endpoint must be https://….")
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, proxies={})
    try:
        made = (session or boto3.Session()).client(
            service, region_name=region, endpoint_url=endpoint_url, config=config
        )
    except Exception as exc:  # noqa: BLE001 -- botocore raises what it likes
        failure = type(exc).__name__
    else:
        made.meta.events.register("before-send", _send)
        _quieten()
        return made
    raise ConfigurationError(f"boto3 refuses the settings: {failure}.")


def _quieten() -> None:
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("botocore") and isinstance(logger, logging.Logger):
            logger.addFilter(_is_not_ours)  # which is added once only


@contextmanager
def answered_by(until: float) -> Iterator[None]:
    """
    Have all answers by *until*, in the terms of `time.monotonic()`.
    """
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)
