"""
What may go wrong between a source and its system, played by real sockets on loopback.

`peer()` is a TCP server of any protocol, `http_peer()` one of HTTP.  The faults are data:
each says what a source must answer.  None of them is ever a login.
"""

import asyncio
import contextlib
import inspect
import itertools
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping

import attrs

from migratekit.errors import ContractError, LegacyUnavailableError
from migratekit.models import LegacyUser


HOST = "127.0.0.1"
TICK = 0.02
"""Seconds between two bytes of a trickle; a deadline of 0.3 s is then 15 bytes away."""


@attrs.frozen(eq=False)
class Peer:
    """
    A server, as a test sees it.
    """

    port: int
    scheme: str = "tcp"
    requests: list = attrs.field(factory=list)
    stop: threading.Event = attrs.field(factory=threading.Event)

    @property
    def url(self):
        """
        Where the server is, without a slash at the end.
        """
        return f"{self.scheme}://{HOST}:{self.port}"


Play = Callable[[socket.socket, Peer], None]


@contextlib.contextmanager
def peer(play: Play | None, *, tls: ssl.SSLContext | None = None, scheme: str = "tcp"):
    """
    Give a `Peer` that plays *play* with everybody who connects; None refuses them.

    Args:
        play: Takes the connection and the peer; it is closed when that returns.
        tls: What to speak TLS with.
        scheme: What `Peer.url` begins with.
    """
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        server = Peer(listener.getsockname()[1], scheme)
        if play is None:
            # Bound, so that nobody else takes the port, and not listening.
            yield server
            return
        listener.listen()
        threads = []

        def serve(connection):
            with contextlib.suppress(OSError), connection:
                connection.settimeout(10)
                if tls is None:
                    play(connection, server)
                else:
                    with tls.wrap_socket(connection, server_side=True) as secured:
                        play(secured, server)

        def accept():
            while True:
                connection, _ = listener.accept()
                if server.stop.is_set():
                    connection.close()
                    return
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield server
        finally:
            server.stop.set()
            # Nothing else wakes up accept() everywhere.
            socket.create_connection((HOST, server.port)).close()
            acceptor.join()
            for thread in threads:
                thread.join()


# --- What a peer of any protocol may do -----------------------------------------------


def hang(connection, server):
    """
    Take the request, and never answer.
    """
    while not server.stop.is_set():
        connection.settimeout(TICK)
        with contextlib.suppress(TimeoutError):
            if not connection.recv(65536):
                return


def close(connection, server):
    """
    Take the request, and hang up.
    """
    connection.recv(65536)


def reset(connection, server):
    """
    Take the request, and break the connection.
    """
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_at_once(connection, server):
    """
    Break the connection without a look at the request.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(answer: bytes) -> Play:
    """
    Return a play that answers with *answer*, whole or half, and hangs up.
    """

    def play(connection, server):
        connection.recv(65536)
        connection.sendall(answer)

    return play


def trickles(answer: bytes, then: bytes = b"x") -> Play:
    """
    Return a play that gives *answer* byte by byte, and *then* again and again.
    """

    def play(connection, server):
        connection.recv(65536)
        for byte in itertools.chain(answer, itertools.cycle(then)):
            connection.sendall(bytes([byte]))
            if server.stop.wait(TICK):
                return

    return play


def floods(answer: bytes, then: bytes = b"x" * 65536) -> Play:
    """
    Return a play that gives *answer*, and *then* as fast as it is read, without an end.
    """

    def play(connection, server):
        connection.recv(65536)
        connection.sendall(answer)
        while not server.stop.is_set():
            connection.sendall(then)

    return play


NONSENSE = (0, -1, None, True, "x", float("nan"), float("inf"))
"""What is no number of seconds to wait."""

GARBAGE = bytes(range(255, 127, -1)) + b"\r\n\r\n" + bytes(64)


# --- What is expected -----------------------------------------------------------------

UNAVAILABLE = LegacyUnavailableError
CONTRACT = ContractError
NO = None


@attrs.frozen
class Fault:
    """
    Something that goes wrong, and what every source must answer.

    Args:
        name: For people.
        play: What the peer does; None if nobody listens.
        expected: `UNAVAILABLE`, `CONTRACT` or `NO`.  Nothing else is possible.
        slow: Whether it lasts until the source's own deadline.
    """

    name: str
    play: Play | None = attrs.field(repr=False)
    expected: type[Exception] | None = attrs.field(
        default=UNAVAILABLE,
        validator=attrs.validators.in_((UNAVAILABLE, CONTRACT, NO)),
    )
    slow: bool = False


TCP_FAULTS = (
    Fault("connection refused", None),
    Fault("reset at once", reset_at_once),
    Fault("reset after the request", reset),
    Fault("closed without an answer", close),
    Fault("never an answer", hang, slow=True),
    Fault("garbage", says(GARBAGE)),
    Fault("garbage, a byte a second", trickles(GARBAGE), slow=True),
    Fault("garbage without an end", floods(GARBAGE)),
)
"""For a source of any protocol."""


def outcome(ask: Callable, *arguments):
    """
    Return what *ask* ends in: the type of its exception, None, or what it returned.

    Coroutine functions are awaited in a loop of their own.
    """
    try:
        if inspect.iscoroutinefunction(ask):
            return asyncio.run(ask(*arguments))
        return ask(*arguments)
    except Exception as exc:
        return type(exc)


def assert_as_declared(fault: Fault, login: Callable, *arguments) -> None:
    """
    Fail unless *login* answers *fault* as its table says.
    """
    found = outcome(login, *arguments)

    assert not isinstance(found, LegacyUser), f"{fault.name} is a login"
    assert fault.expected == found, fault.name


# --- HTTP -----------------------------------------------------------------------------


@attrs.frozen
class Request:
    """
    What a client sent.  Names of headers are in lower case.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def json(self):
        return json.loads(self.body)


@attrs.frozen
class Reply:
    """
    What the server answers.
    """

    status: int = 200
    body: bytes = attrs.field(
        default=b"", converter=lambda it: it.encode() if isinstance(it, str) else it
    )
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def encoded(self):
        headers = {
            "Content-Length": str(len(self.body)),
            "Connection": "close",
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} Whatever"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


def as_json(data, status=200, **headers) -> Reply:
    """
    Return a reply of *data* as JSON.
    """
    kind = {"Content-Type": "application/json"}
    return Reply(status, json.dumps(data), kind | headers)


App = Callable[[Request], Reply]


def plays(app: App) -> Play:
    """
    Return the play of an HTTP server that answers one request with *app*.
    """

    def play(connection, server):
        with connection.makefile("rb") as lines:
            method, target, _ = lines.readline().decode("latin-1").split(" ", 2)
            headers = {}
            while line := lines.readline().decode("latin-1").rstrip("\r\n"):
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = lines.read(int(headers.get("content-length", 0)))
        request = Request(method, target, headers, body)
        server.requests.append(request)
        connection.sendall(app(request).encoded())

    return play


@contextlib.contextmanager
def http_peer(app: App, *, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """
    Give a `Peer` that answers every request with *app*.
    """
    scheme = "http" if tls is None else "https"
    with peer(plays(app), tls=tls, scheme=scheme) as server:
        yield server


TRAP = "/trap"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _redirecting(status: int, yes: Reply) -> Play:
    def app(request):
        if request.path == TRAP:
            return yes
        return Reply(status, yes.body, {"Location": TRAP})

    return plays(app)


def _always(reply: Reply) -> Play:
    return plays(lambda request: reply)


def http_faults(yes: Reply) -> tuple[Fault, ...]:
    """
    Return what may go wrong over HTTP, for a source to which *yes* is a yes.

    Every answer has as much of the yes in it as it can: what is taken for one by
    mistake is one.
    """
    body = yes.body
    declared = f"Content-Length: {len(body) + 1}\r\n\r\n".encode()
    exact = f"Content-Length: {len(body)}\r\n\r\n".encode()
    statuses = (201, 202, 203, 204, 206, 300, 304, 305, 402, 407, 408, 409, 410)
    statuses += (418, 421, 425, 429, 451, 500, 501, 502, 503, 504, 511, 599, 999)
    return (
        *TCP_FAULTS,
        Fault("a status a byte a second", trickles(_HEAD + exact + body), slow=True),
        Fault("headers a byte a second", trickles(_HEAD + b"X: "), slow=True),
        Fault("headers without an end", floods(_HEAD + b"X: ")),
        Fault("headers by the thousand", floods(_HEAD, b"X: y\r\n" * 4096)),
        Fault(
            "100 without an end",
            floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            slow=True,
        ),
        Fault(
            "a body a byte a second",
            _then_trickles(_HEAD + exact, body[:-1]),
            slow=True,
        ),
        Fault(
            "blanks a byte a second", _then_trickles(_HEAD + b"\r\n", b" "), slow=True
        ),
        Fault("a body that is cut", says(_HEAD + declared + body)),
        Fault("half a body", says(_HEAD + exact + body[: len(body) // 2])),
        Fault("a reset in the body", _says_and_resets(_HEAD + declared + body)),
        Fault("a body without an end", floods(_HEAD + b"\r\n" + body, b" " * 65536)),
        Fault("a huge body", _always(Reply(200, body + b" " * 3_000_000))),
        Fault("a huge length", says(_HEAD + b"Content-Length: 99999999999\r\n\r\n")),
        Fault("two lengths", says(_HEAD + b"Content-Length: 1\r\n" + exact + body)),
        Fault("no HTTP", says(body)),
        Fault("HTML with 200", _always(Reply(200, "<!doctype html><p>Log in!</p>"))),
        Fault("an empty body", _always(Reply(200, b""))),
        Fault("invalid JSON", _always(Reply(200, body[:-1]))),
        Fault("more than JSON", _always(Reply(200, body + body))),
        Fault("NaN in JSON", _always(Reply(200, b'{"a":NaN,' + body[1:]))),
        Fault("a key twice", _always(Reply(200, b'{"a":1,"a":2,' + body[1:]))),
        Fault("a lone surrogate", _always(Reply(200, b'{"a":"\\ud800",' + body[1:]))),
        Fault(
            "deep JSON",
            _always(Reply(200, b'{"a":' + b"[" * 99_999 + b"]" * 99_999 + b"}")),
        ),
        Fault("a huge number", _always(Reply(200, b'{"a":' + b"9" * 9999 + b"}"))),
        Fault("a list", _always(Reply(200, b"[" + body + b"]"))),
        *(
            Fault(f"JSON {word}", _always(Reply(200, word)))
            for word in ("true", "1", "null", '"password_match"', "[]")
        ),
        Fault("no UTF-8", _always(Reply(200, b'{"a":"\xe4",' + body[1:]))),
        Fault(
            "UTF-16",
            _always(Reply(200, body.decode().encode("utf-16"))),
        ),
        Fault(
            "a wrong charset",
            _always(
                Reply(
                    200,
                    b'{"a":"\xc3\xa4",' + body[1:],
                    {"Content-Type": "application/json; charset=iso-8859-1"},
                )
            ),
        ),
        Fault(
            "a compressed body",
            _always(Reply(200, body, {"Content-Encoding": "gzip"})),
        ),
        *(Fault(f"status {it}", _always(Reply(it, yes.body))) for it in statuses),
        *(
            Fault(f"redirect {it}", _redirecting(it, yes))
            for it in (301, 302, 303, 307, 308)
        ),
    )


def _then_trickles(head: bytes, then: bytes) -> Play:
    def play(connection, server):
        connection.recv(65536)
        connection.sendall(head)
        for byte in itertools.cycle(then):
            connection.sendall(bytes([byte]))
            if server.stop.wait(TICK):
                return

    return play


def _says_and_resets(answer: bytes) -> Play:
    def play(connection, server):
        connection.recv(65536)
        connection.sendall(answer)
        reset_at_once(connection, server)

    return play


# --- TLS ------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Authority:
    """
    A certificate authority of one test run.
    """

    _ca: object

    @classmethod
    def make(cls) -> "Authority":
        import trustme

        return cls(trustme.CA())

    def pem(self) -> bytes:
        """
        Return its own certificate.
        """
        return self._ca.cert_pem.bytes()

    def server(self, *names: str) -> ssl.SSLContext:
        """
        Return what a server speaks TLS with that is called *names*.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names or (HOST,)).configure_cert(context)
        return context

    def expired(self) -> ssl.SSLContext:
        """
        Return the same with a certificate of long ago.
        """
        import datetime as dt

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        end = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        self._ca.issue_cert(HOST, not_after=end).configure_cert(context)
        return context

    def asking(self) -> ssl.SSLContext:
        """
        Return a server's context that demands a certificate of the client.
        """
        context = self.server()
        self._ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def trusting(self, *, client: str | None = None) -> ssl.SSLContext:
        """
        Return a client's context that trusts this authority and nobody else.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._ca.configure_trust(context)
        if client is not None:
            self._ca.issue_cert(client).configure_cert(context)
        return context


# --- Identifiers and passwords that mean something somewhere ---------------------------

INJECTIONS = (
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "ann@example.com' --",
    "*",
    "*)(uid=*",
    "ann)(|(uid=*)",
    "cn=admin,dc=example",
    "ann,dc=example",
    '{"$ne": null}',
    '{"$gt": ""}',
    "$where",
    "[$ne]=1",
    "..",
    ".",
    "../ann@example.com",
    "x/../ann@example.com",
    "%2e%2e%2fann@example.com",
    "ann@example.com/admin",
    "ann@example.com?admin=1",
    "ann@example.com#admin",
    "ann@example.com;admin=1",
    "ann@example.com&admin=1",
    "ann@example.com%00",
    "ann@example.com:x",
    "//example.org/ann",
    "\\\\example.org\\ann",
    "ann@example.com\r\nX-Admin: 1",
    "ann@example.com\n\nGET / HTTP/1.1",
    "ann@example.com\u2028X-Admin: 1",
    "ann@example.com\u010d\u010aX-Admin: 1",
    "ann@example.com\0",
    "\ud800",
    "{{7*7}}",
    "${jndi:ldap://example.org}",
    "a" * 5000,
)
"""For identifiers and for passwords: what is nobody's must stay nobody's."""
