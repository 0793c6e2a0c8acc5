"""
One connection to a directory at a time, with a deadline, a bound, and TLS.

The protocol is the library's, which does no input and output; every byte that comes and
goes is counted and timed here.
"""

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import attrs
import sansldap

from migratekit.errors import ContractError, LegacyUnavailableError
from migratekit.sources.ldap._terms import Server


Message = TypeVar("Message", bound=sansldap.LDAPMessage)

_ANSWER_BYTES: Final = 1 << 20
# What is taken apart between two looks at the clock: 14 bytes may be a message, and
# each takes some 20 microseconds.
AT_ONCE: Final = 2048
_START_TLS: Final = "1.3.6.1.4.1.1466.20037"
_WHO_AM_I: Final = "1.3.6.1.4.1.4203.1.11.3"

# Compared as numbers only: the library's members for codes that it does not know are
# all equal to SUCCESS.
SUCCESS: Final = 0
PROTOCOL_ERROR: Final = 2
SIZE_LIMIT: Final = 4
NO_SUCH_OBJECT: Final = 32
INAPPROPRIATE_AUTHENTICATION: Final = 48
INVALID_CREDENTIALS: Final = 49


@attrs.frozen
class Outcome:
    """
    How an operation ended.
    """

    code: int
    text: str = attrs.field(repr=False)


@attrs.frozen
class Entry:
    """
    An entry of a directory, with its attributes by lower-case name.
    """

    dn: str
    attributes: dict[str, tuple[bytes, ...]] = attrs.field(repr=False)


@attrs.frozen
class Limits:
    """
    How long may be waited, in seconds.
    """

    connect: float
    receive: float
    total: float


@attrs.frozen
class Directory:
    """
    The servers of a directory.

    Args:
        servers: In the order in which they are tried.
        context: How certificates are verified.
        plain: Whether ``ldap://`` goes without TLS.
        limits: How long may be waited.
    """

    servers: tuple[Server, ...]
    context: ssl.SSLContext
    plain: bool
    limits: Limits

    def deadline(self) -> float:
        """
        Return when a question that is asked now must have been answered.
        """
        return time.monotonic() + self.limits.total

    @contextmanager
    def session(
        self, deadline: float, server: Server | None = None
    ) -> Iterator["Session"]:
        """
        Give a new connection to the first server that lets us connect, or to *server*.
        """
        reached, connection = self._connected(deadline, server)
        session = Session(reached, connection, deadline, self.limits)
        try:
            if reached.scheme == "ldaps":
                session.encrypt(self.context)
            elif not self.plain:
                session.start_tls(self.context)
            yield session
        finally:
            session.close()

    def _connected(
        self, deadline: float, server: Server | None
    ) -> tuple[Server, socket.socket]:
        failure = "no server"
        for one in (server,) if server else self.servers:
            try:
                return one, _opened(one, deadline, self.limits)
            except OSError as exc:
                failure = type(exc).__name__
        raise LegacyUnavailableError(failure)


def _opened(server: Server, deadline: float, limits: Limits) -> socket.socket:
    until = min(deadline, time.monotonic() + limits.connect)
    found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    failure: OSError = TimeoutError()
    for family, kind, protocol, _, address in found:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(until))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as exc:
            connection.close()
            failure = exc
        else:
            return connection
    raise failure


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class Session:
    """
    One connection.  Raises whatever goes wrong; whoever asks turns it into an outage.
    """

    def __init__(
        self,
        server: Server,
        connection: socket.socket,
        deadline: float,
        limits: Limits,
    ) -> None:
        self.server = server
        self._connection = connection
        self._deadline = deadline
        self._limits = limits
        self._client = sansldap.LDAPClient()
        self._bytes = 0

    def encrypt(self, context: ssl.SSLContext) -> None:
        """
        Speak TLS from now on.
        """
        self._connection.settimeout(_left(self._until()))
        self._connection = context.wrap_socket(
            self._connection, server_hostname=self.server.host
        )
        # Whatever came before, unencrypted, is not heard any more.
        self._client = sansldap.LDAPClient()

    def start_tls(self, context: ssl.SSLContext) -> None:
        """
        Ask the server to speak TLS, and insist.
        """
        self._client.extended_request(_START_TLS)
        answer = self._answer(sansldap.ExtendedResponse)
        if answer.result.result_code.value != SUCCESS:
            raise LegacyUnavailableError("the server refused StartTLS")
        self.encrypt(context)

    def bind(self, dn: str, password: str) -> Outcome:
        """
        Try to become *dn*, and return what the server said.

        Raises:
            migratekit.errors.ContractError:
                If the name or the password is empty, for then a server may say yes to
                nobody in particular.
        """
        if not dn or not password:
            raise ContractError("A bind needs a name and a password.")
        self._client.bind_simple(dn, password)
        result = self._answer(sansldap.BindResponse).result
        return Outcome(result.result_code.value, result.diagnostics_message)

    def who_am_i(self) -> str | None:
        """
        Return whom the server takes us for, or None if it does not know the question.
        """
        self._client.extended_request(_WHO_AM_I)
        answer = self._answer(sansldap.ExtendedResponse)
        code = answer.result.result_code.value
        if code == PROTOCOL_ERROR:
            return None
        if code != SUCCESS:
            raise LegacyUnavailableError(f"the server says {code} to 'who am I?'")
        return (answer.value or b"").decode()

    def search(
        self,
        where: str,
        scope: sansldap.SearchScope,
        what: sansldap.LDAPFilter,
        attributes: Sequence[str],
    ) -> tuple[Outcome, list[Entry]]:
        """
        Return up to two entries.  References to other servers are not followed.
        """
        self._client.search_request(
            where,
            scope,
            size_limit=2,
            time_limit=max(1, int(self._limits.receive)),
            filter=what,
            attributes=list(attributes),
        )
        entries: list[Entry] = []
        messages = self._messages()
        while len(entries) <= 2:
            message = next(messages)
            if isinstance(message, sansldap.SearchResultDone):
                result = message.result
                outcome = Outcome(result.result_code.value, result.diagnostics_message)
                return outcome, entries
            if isinstance(message, sansldap.SearchResultEntry):
                entries.append(_entry(message))
            elif not isinstance(message, sansldap.SearchResultReference):
                break
        raise LegacyUnavailableError("the answer to a search makes no sense")

    def close(self) -> None:
        """
        Hang up.
        """
        self._connection.close()

    def _answer(self, kind: type[Message]) -> Message:
        message = next(self._messages())
        if not isinstance(message, kind):
            raise LegacyUnavailableError("an answer makes no sense")
        return message

    def _messages(self) -> Iterator[Any]:
        until = self._until()
        self._connection.settimeout(_left(until))
        self._connection.sendall(self._client.data_to_send())
        while True:
            self._connection.settimeout(_left(until))
            data = self._connection.recv(AT_ONCE)
            if not data:
                raise LegacyUnavailableError("the server hung up")
            self._bytes += len(data)
            if self._bytes > _ANSWER_BYTES:
                raise LegacyUnavailableError("the answer is too long", answered=True)
            yield from self._client.receive(data)

    def _until(self) -> float:
        return min(self._deadline, time.monotonic() + self._limits.receive)


def _entry(message: sansldap.SearchResultEntry) -> Entry:
    attributes = {one.name.lower(): tuple(one.values) for one in message.attributes}
    return Entry(message.object_name, attributes)
