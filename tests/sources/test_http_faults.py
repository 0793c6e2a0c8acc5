"""
Whatever goes wrong on the network: no source that speaks HTTP takes it for a login.
"""

import asyncio
import inspect
import itertools
import logging
import re
import socket
import ssl
import time
import traceback
from pathlib import Path

import attrs
import httpcore
import pytest
import services
from faults import (
    HOST,
    INJECTIONS,
    NO,
    TRAP,
    UNAVAILABLE,
    Authority,
    Fault,
    Reply,
    as_json,
    assert_as_declared,
    hang,
    http_faults,
    http_peer,
    outcome,
    peer,
    plays,
    says,
    trickles,
)
from services import ANN

from migratekit import AsyncConnection, Connection
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.models import LegacyUser
from migratekit.sources import firebase, http, oauth
from migratekit.sources.http import _deadline
from migratekit.sources.http._deadline import Deadline, TimedNetwork
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


AUTHORITY = Authority.make()
STRANGER = Authority.make()


@attrs.frozen
class Kind:
    """
    A kind of source, and the service it is made for.
    """

    app: object
    source: object
    async_source: object
    make: object

    def sources(self, url, **options):
        yield self.make(self.source, url, options)
        yield self.make(self.async_source, url, options)


def _plain(path, **fixed):
    return lambda kind, url, options: kind(url + path, **fixed, **options)


def _looked_up(kind, url, options):
    return kind(f"{url}/hook", **options).with_lookup(services.OtherSource())


KINDS = {
    "basic": Kind(
        services.basic_auth(),
        http.BasicAuthSource,
        http.AsyncBasicAuthSource,
        _plain("/me"),
    ),
    "json": Kind(
        services.json_service,
        http.JSONSource,
        http.AsyncJSONSource,
        _plain("/login", bearer=services.TOKEN, denied=[401]),
    ),
    "keycloak": Kind(
        services.keycloak_endpoint,
        http.KeycloakSource,
        http.AsyncKeycloakSource,
        _plain("/legacy"),
    ),
    "fusionauth": Kind(
        services.fusionauth_connector,
        http.FusionAuthSource,
        http.AsyncFusionAuthSource,
        _plain("/connector"),
    ),
    "kratos": Kind(
        services.kratos_hook, http.KratosSource, http.AsyncKratosSource, _looked_up
    ),
    "okta": Kind(services.okta_hook, http.OktaSource, http.AsyncOktaSource, _looked_up),
    "oauth": Kind(
        services.oauth_provider,
        oauth.PasswordGrantSource,
        oauth.AsyncPasswordGrantSource,
        lambda kind, url, options: kind(
            f"{url}/token", f"{url}/userinfo", *services.CLIENT, **options
        ),
    ),
    "firebase": Kind(
        services.firebase_service,
        firebase.FirebaseSource,
        firebase.AsyncFirebaseSource,
        lambda kind, url, options: kind(services.FIREBASE_KEY, base_url=url, **options),
    ),
}


def exchanges(kind):
    """
    Return what the service answers in the course of a login.
    """
    replies = []

    def app(request):
        replies.append(kind.app(request))
        return replies[-1]

    with http_peer(app) as server:
        for source in kind.sources(server.url):
            assert isinstance(
                outcome(source.login, ANN.email, ANN.password), LegacyUser
            )
    return replies[: len(replies) // 2]


def after(number, app, play):
    """
    Return a play that answers *number* requests with *app*, and then plays *play*.
    """
    if not number:
        return play
    connections = itertools.count()

    def staged(connection, server):
        whole = next(connections) % (number + 1) < number
        (plays(app) if whole else play)(connection, server)

    return staged


@pytest.mark.parametrize("name", KINDS)
def test_fault(name):
    """
    Each fault ends as its table says, at each request of a login, sync and async.
    """
    kind = KINDS[name]
    for stage, yes in enumerate(exchanges(kind)):
        for fault in http_faults(yes if yes.body else as_json({})):
            # What is slow has a test of its own, and nobody is refused later on.
            if fault.slow or (stage and fault.play is None):
                continue
            # To Keycloak's plug-in, 200 is a yes without another word.
            if not yes.body and fault.name == "an empty body":
                continue
            with peer(after(stage, kind.app, fault.play), scheme="http") as server:
                for source in kind.sources(server.url):
                    assert_as_declared(fault, source.login, ANN.email, ANN.password)
            assert not [it for it in server.requests if TRAP == it.path]


SLOW = tuple(fault for fault in http_faults(as_json(ANN.json)) if fault.slow)


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_slow_fault(fault):
    """
    What never ends, or a byte a second, ends by the source's deadline.
    """
    with peer(fault.play, scheme="http") as server:
        for source in KINDS["json"].sources(server.url, deadline=0.15):
            begun = time.monotonic()

            assert_as_declared(fault, source.login, ANN.email, ANN.password)

            assert 0.1 < time.monotonic() - begun < 3


def test_slow_tls():
    """
    The same under TLS.
    """
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    tls, trust = AUTHORITY.server(), AUTHORITY.trusting()
    with peer(trickles(head, b" "), tls=tls, scheme="https") as server:
        for source in KINDS["json"].sources(server.url, tls=trust, deadline=0.3):
            begun = time.monotonic()

            assert UNAVAILABLE is outcome(source.login, ANN.email, ANN.password)

            assert 0.2 < time.monotonic() - begun < 3


def test_slow_handshake():
    """
    A handshake that is a byte a second ends by the source's deadline for connections.
    """
    with peer(trickles(b"\x16\x03\x03\x40\x00"), scheme="https") as server:
        for source in KINDS["json"].sources(server.url, connect_deadline=0.2):
            begun = time.monotonic()

            assert UNAVAILABLE is outcome(source.login, ANN.email, ANN.password)

            assert time.monotonic() - begun < 3


def test_deadline():
    """
    A step has what is left, or less, or nothing.
    """
    deadline = Deadline.after(60)

    assert 0.1 == deadline.within(0.1)
    assert 59 < deadline.within(None) <= 60
    assert 59 < deadline.within(100) <= 60
    for timeout in (None, 5):
        with pytest.raises(httpcore.TimeoutException):
            Deadline(time.monotonic()).within(timeout)


def test_one_deadline():
    """
    The second request of a login has only the time that the first has left.
    """
    kind = KINDS["keycloak"]

    def slowly(connection, server):
        server.stop.wait(0.2)
        plays(kind.app)(connection, server)

    with peer(slowly, scheme="http") as server:
        for source in kind.sources(server.url, deadline=0.3):
            assert UNAVAILABLE is outcome(source.login, ANN.email, ANN.password)


@pytest.mark.parametrize("name", ["json", "keycloak"])
def test_fault_of_lookup(name):
    """
    A look-up fails as a login does: what is not a user is no "nobody".
    """
    kind = KINDS[name]
    yes = as_json(ANN.json)
    for fault in http_faults(yes):
        if fault.slow:
            continue
        with peer(fault.play, scheme="http") as server:
            options = {"get_user_url": f"{server.url}/users/{{identifier}}"}
            for source in kind.sources(
                server.url, **(options if name == "json" else {})
            ):
                assert_as_declared(fault, source.get_user, ANN.email)


@pytest.mark.parametrize("name", KINDS)
def test_injection(name):
    """
    Nobody logs in by an identifier or a password that means something elsewhere.
    """
    kind = KINDS[name]
    fault = Fault("injection", None, NO)
    with http_peer(kind.app) as server:
        for source in kind.sources(server.url):
            for text in INJECTIONS:
                assert_as_declared(fault, source.login, text, ANN.password)
                assert_as_declared(fault, source.login, ANN.email, text)
    for request in server.requests:
        assert "x-admin" not in request.headers
        assert not {".", ".."} & {*request.path.split("/")}


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("another authority", STRANGER.server()),
        ("expired", AUTHORITY.expired()),
        ("another name", AUTHORITY.server("legacy.example.com")),
        ("client certificate", AUTHORITY.asking()),
    ],
)
def test_tls(name, context):
    """
    A certificate that is not to be trusted is an outage, and nothing is sent.
    """
    kind = KINDS["json"]
    fault = Fault(name, None)
    with http_peer(kind.app, tls=context) as server:
        for source in kind.sources(server.url, tls=AUTHORITY.trusting()):
            assert_as_declared(fault, source.login, ANN.email, ANN.password)

    assert [] == server.requests


@pytest.mark.parametrize("name", KINDS)
def test_tls_of_the_system(name):
    """
    Without a context of one's own, the operating system's authorities are trusted.
    """
    kind = KINDS[name]
    with http_peer(kind.app, tls=AUTHORITY.server()) as server:
        for source in kind.sources(server.url):
            with pytest.raises(LegacyUnavailableError, match="not trusted"):
                _raise(source.login)

    assert [] == server.requests


def _raise(login):
    if inspect.iscoroutinefunction(login):
        asyncio.run(login(ANN.email, ANN.password))
    else:
        login(ANN.email, ANN.password)


def test_trusted_tls():
    """
    A private authority and a client certificate do.
    """
    kind = KINDS["json"]
    for server_tls, client_tls in [
        (AUTHORITY.server(), AUTHORITY.trusting()),
        (AUTHORITY.asking(), AUTHORITY.trusting(client="app@example.com")),
    ]:
        with http_peer(kind.app, tls=server_tls) as server:
            for source in kind.sources(server.url, tls=client_tls):
                assert outcome(source.login, ANN.email, ANN.password) == ANN.user


def test_no_tls_there():
    """
    A server that does not speak TLS is not asked without.
    """
    kind = KINDS["json"]
    with peer(says(b"HTTP/1.1 401 No\r\n\r\n"), scheme="https") as server:
        for source in kind.sources(server.url):
            assert UNAVAILABLE is outcome(source.login, ANN.email, ANN.password)


def _unverifying():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    yield context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    yield context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_OPTIONAL
    yield context
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_OPTIONAL
    yield context
    yield False
    yield True
    yield "/etc/ssl"


@pytest.mark.parametrize("tls", [*_unverifying()])
def test_verification_stays_on(tls):
    """
    Verification cannot be switched off.
    """
    with pytest.raises(ConfigurationError, match="tls must"):
        http.JSONSource("https://legacy.example.com/login", tls=tls)


def test_verification_switched_off_later():
    """
    Nor can it be switched off once the source is made.
    """
    context = AUTHORITY.trusting()
    with http_peer(services.json_service, tls=STRANGER.server()) as server:
        sources = [*KINDS["json"].sources(server.url, tls=context)]
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

        for source in sources:
            assert ConfigurationError is outcome(source.login, ANN.email, ANN.password)

    assert [] == server.requests


def test_cookies():
    """
    What one user's answer sets is not sent with the next user's question.
    """

    def app(request):
        reply = services.basic_auth()(request)
        return attrs.evolve(reply, headers={"Set-Cookie": "session=anns; Path=/"})

    with http_peer(app) as server:
        for source in KINDS["basic"].sources(server.url):
            outcome(source.login, ANN.email, ANN.password)
            outcome(source.login, ANN.email, "wrong")

    assert 4 == len(server.requests)
    assert not [it for it in server.requests if "cookie" in it.headers]


def test_environment(monkeypatch):
    """
    Neither a proxy nor a .netrc of the environment is used.
    """
    kind = KINDS["json"]
    with http_peer(lambda request: Reply(500)) as proxy, http_peer(kind.app) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for source in kind.sources(server.url):
            assert outcome(source.login, ANN.email, ANN.password) == ANN.user

    assert [] == proxy.requests


def test_proxy():
    """
    A proxy that is asked for is used; a password in the clear has to be allowed then.
    """
    kind = KINDS["json"]
    with http_peer(kind.app) as proxy:
        options = {"proxy": proxy.url, "passwords_in_the_clear": True}
        for source in kind.sources("http://legacy.example.com", **options):
            assert outcome(source.login, ANN.email, ANN.password) == ANN.user

    assert "http://legacy.example.com:80/login" == proxy.requests[0].target
    assert "legacy.example.com" == proxy.requests[0].headers["host"]
    with pytest.raises(ConfigurationError, match="in the clear"):
        http.JSONSource("http://127.0.0.1/login", proxy="http://proxy.example.com")


def test_proxy_refuses():
    """
    A proxy that opens no tunnel is an outage, also with a status that would be a no.
    """
    with http_peer(lambda request: Reply(401)) as proxy:
        options = {"proxy": proxy.url}
        for source in KINDS["json"].sources("https://legacy.example.com", **options):
            assert UNAVAILABLE is outcome(source.login, ANN.email, ANN.password)

    assert ["CONNECT", "CONNECT"] == [it.method for it in proxy.requests]


def test_unknown_host(monkeypatch):
    """
    A host that nobody knows is an outage.
    """

    def unknown(*arguments, **options):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for source in KINDS["json"].sources("https://legacy.invalid"):
        assert UNAVAILABLE is outcome(source.login, ANN.email, ANN.password)


def test_several_addresses(monkeypatch):
    """
    If the first address of a host refuses, the next one is tried.
    """
    found = ["127.0.0.2", HOST]
    monkeypatch.setattr(_deadline, "_addresses", lambda host, port: found)
    with http_peer(services.json_service) as server:
        source = KINDS["json"].make(http.JSONSource, server.url, {})

        assert ANN.user == source.login(ANN.email, ANN.password)
        found.clear()
        assert UNAVAILABLE is outcome(source.login, ANN.email, ANN.password)


class Unreachable(httpcore.NetworkBackend):
    """
    A network that swallows every attempt to connect.
    """

    def __init__(self):
        self.waited = []

    def connect_tcp(self, host, port, timeout, local_address):
        self.waited.append(timeout)
        time.sleep(timeout / 2)
        raise httpcore.ConnectTimeout


def test_addresses_share_a_deadline(monkeypatch):
    """
    All addresses of a host together have one deadline for a connection.
    """
    monkeypatch.setattr(_deadline, "_addresses", lambda host, port: [HOST] * 1000)
    unreachable = Unreachable()
    network = TimedNetwork(Deadline.after(5), unreachable)
    begun = time.monotonic()

    with pytest.raises(httpcore.TimeoutException):
        network.connect_tcp("legacy.example.com", 443, 0.1)

    assert time.monotonic() - begun < 3
    assert max(unreachable.waited) <= 0.1


def test_headers():
    """
    What is sent with a question, and that nothing else is.
    """
    with http_peer(services.basic_auth()) as server:
        for source in KINDS["basic"].sources(
            server.url, headers={"X-App": "shop"}, denied=[401]
        ):
            assert ANN.user == outcome(source.login, ANN.email, ANN.password)

    expected = {
        "host": server.url.removeprefix("http://"),
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "migratekit",
        "connection": "close",
        "x-app": "shop",
    }
    for request in server.requests:
        assert request.headers.pop("authorization").startswith("Basic ")
        assert expected == request.headers


SECRETS = (ANN.password, "correct horse", services.TOKEN, services.FIREBASE_KEY)
SECRETS += (services.CLIENT[1], "token-", "anns-session")


@pytest.mark.parametrize("name", KINDS)
def test_logs(name, caplog):
    """
    At DEBUG, no logger of any library says a secret of the user, the source or the
    server.
    """
    kind = KINDS[name]
    caplog.set_level(logging.DEBUG)
    for logger in ("httpcore.http11", "httpcore.connection", "httpcore.proxy", "httpx"):
        logging.getLogger(logger).setLevel(logging.DEBUG)

    def app(request):
        reply = kind.app(request)
        return attrs.evolve(reply, headers={"Set-Cookie": "anns-session=1"})

    with http_peer(app) as server:
        for source in kind.sources(server.url):
            outcome(source.login, ANN.email, ANN.password)
            outcome(source.login, ANN.email, "wrong")
    with peer(says(b"HTTP/1.1 200 anns-session\r\nanns-session\r\n")) as server:
        for source in kind.sources(server.url.replace("tcp", "http")):
            outcome(source.login, ANN.email, ANN.password)

    assert not [secret for secret in SECRETS if secret in caplog.text]


def test_logs_of_others(caplog):
    """
    What others do with the same client is logged as ever.
    """
    caplog.set_level(logging.DEBUG, "httpcore")
    with http_peer(lambda request: Reply(204)) as server:
        httpcore.request("GET", server.url)

    assert "receive_response_headers.complete" in caplog.text


@pytest.mark.parametrize("name", KINDS)
def test_errors(name):
    """
    No error has a secret in its text, nor one of another library behind it.
    """
    kind = KINDS[name]

    def app(request):
        return Reply(500, ANN.password, {"X": "anns-session"})

    plays_ = [plays(app), says(b"HTTP/1.1 200 OK\r\nanns-session"), None]
    for play in plays_:
        with peer(play, scheme="http") as server:
            for source in kind.sources(server.url):
                with pytest.raises(LegacyUnavailableError) as caught:
                    _raise(source.login)
                error = caught.value
                assert error.__cause__ is None
                assert error.__context__ is None
                text = "".join(traceback.format_exception(error))
                assert not [secret for secret in SECRETS if secret in text]
                assert not [
                    frame.filename
                    for frame in traceback.extract_tb(error.__traceback__)
                    if "httpcore" in frame.filename or "h11" in frame.filename
                ]


@pytest.mark.parametrize("name", KINDS)
def test_repr(name):
    """
    A repr has the origin of the service, and nothing of its path, query and keys.
    """
    kind = KINDS[name]
    for source in kind.sources("https://legacy.example.com", account=None):
        text = repr(source)
        assert "https://legacy.example.com" in text
        for word in ("/me", "/login", "/hook", "/legacy'", "/connector", "/token"):
            assert f"com{word}" not in text
        assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("name", ["kratos", "okta"])
def test_hook_alone(name):
    """
    A hook that is given no look-ups says so before it asks anything.
    """
    kind = KINDS[name]
    with http_peer(kind.app) as server:
        for door in (kind.source, kind.async_source):
            source = door(f"{server.url}/hook")
            for method, arguments in [
                (source.login, (ANN.email, ANN.password)),
                (source.get_user, (ANN.email,)),
            ]:
                assert LookupUnsupportedError is outcome(method, *arguments)

    assert [] == server.requests


def test_cancelled():
    """
    A call that is cancelled ends at once, and closes its connection.
    """

    async def cancelled(source):
        task = asyncio.create_task(source.login(ANN.email, ANN.password))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with peer(hang, scheme="http") as server:
        source = http.AsyncBasicAuthSource(server.url)
        begun = time.monotonic()

        asyncio.run(cancelled(source))

        assert time.monotonic() - begun < 3


@pytest.mark.parametrize("name", ["basic", "json", "keycloak", "fusionauth", "oauth"])
def test_another_user(name):
    """
    An answer about somebody else lets nobody in: a connection breaks it off.
    """
    kind = KINDS[name]

    def app(request):
        reply = kind.app(request)
        return attrs.evolve(reply, body=reply.body.replace(b"nn@", b"my@"))

    with http_peer(app) as server:
        source, async_source = kind.sources(server.url)
        connection = Connection(MemoryStore(), source, hasher=CHEAPEST)
        async_connection = AsyncConnection(MemoryStore(), async_source, hasher=CHEAPEST)
        for door in (connection, async_connection):
            found = outcome(door.authenticate, ANN.email, ANN.password)
            assert ContractError is found, found


@pytest.mark.parametrize("name", KINDS)
def test_login(name):
    """
    Each kind of source moves a user, behind either connection.
    """
    kind = KINDS[name]
    with http_peer(kind.app) as server:
        source, async_source = kind.sources(server.url)
        connection = Connection(MemoryStore(), source, hasher=CHEAPEST)
        async_connection = AsyncConnection(MemoryStore(), async_source, hasher=CHEAPEST)
        for door in (connection, async_connection):
            assert outcome(door.authenticate, ANN.email, ANN.password).migrated
            asked = len(server.requests)
            assert not outcome(door.authenticate, ANN.email, ANN.password).migrated
            assert asked == len(server.requests)


def test_table():
    """
    The documentation has a row for every fault, and says what is expected.
    """
    page = Path(__file__).parents[2].joinpath("docs/source-faults.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", page, re.MULTILINE))
    words = {UNAVAILABLE: "`LegacyUnavailableError`", NO: "`None`"}

    faults = http_faults(as_json(ANN.json))

    shown = {fault.name: rows.get(fault.name) for fault in faults}
    assert {fault.name: words[fault.expected] for fault in faults} == shown
