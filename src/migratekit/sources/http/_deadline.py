"""
A network whose every step ends by one deadline.
"""

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import attrs

from migratekit.sources.http._client import httpcore


@attrs.frozen
class Deadline:
    """
    A moment of `time.monotonic()`.
    """

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """
        Return the one that many seconds from now.
        """
        return cls(time.monotonic() + seconds)

    def within(self, timeout: float | None, /) -> float:
        """
        Return how long to wait for one step: *timeout*, if there is that much left.

        Raises:
            httpcore.TimeoutException: If nothing is left.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if timeout is None else min(left, timeout)


@attrs.frozen(eq=False)
class _TimedStream(httpcore.NetworkStream):
    """
    Without it every byte would have a timeout of its own.
    """

    _stream: httpcore.NetworkStream
    _deadline: Deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.within(timeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@attrs.frozen(eq=False)
class TimedNetwork(httpcore.NetworkBackend):
    """
    Connects, reads and writes until *deadline*.

    Looking a name up is the operating system's, and takes as long as that takes.
    """

    deadline: Deadline
    _network: httpcore.NetworkBackend = attrs.field(factory=httpcore.SyncBackend)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """
        Connect to the first address that answers; *timeout* is for all of them.
        """
        connecting = Deadline.after(self.deadline.within(timeout))
        failure: Exception | None = None
        for address in _addresses(host, port):
            try:
                stream = self._network.connect_tcp(
                    address, port, connecting.within(None), local_address
                )
            except (httpcore.ConnectError, httpcore.TimeoutException) as exc:
                failure = exc
            else:
                return _TimedStream(stream, self.deadline)
        raise failure or httpcore.ConnectError


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
