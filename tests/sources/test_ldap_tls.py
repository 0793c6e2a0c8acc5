"""
What is said to a directory before it has shown who it is, and what is heard of it.
"""

import ssl

import faults
import ldap_peers as peers
import pytest
from ldap_directories import BIND, PERSON, directory, pattern, standard
from ldap_peers import bind_response, done, extended_response

from migratekit.errors import ConfigurationError, LegacyUnavailableError


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_wrong_certificate(tls, scheme, wrong):
    """
    A certificate of somebody else is refused before anything is said.
    """
    authority, context = tls
    if wrong == "authority":
        other, _ = peers.certificates()
        server_side = peers.server_context(other)
    else:
        server_side = peers.server_context(authority, "ldap.example.com")
    requests = []
    inside = server_side if scheme == "ldaps" else None
    play = peers.directory(directory(), tls=server_side, requests=requests)

    with (
        faults.peer(play, tls=inside, scheme=scheme) as server,
        pytest.raises(LegacyUnavailableError, match="SSLCertVerificationError"),
    ):
        pattern(server.url, context).login("ann", "correct horse")

    assert not [one for one in requests if isinstance(one, BIND)]


def test_start_tls(tls):
    """
    Nothing but the wish for encryption is said unencrypted.
    """
    authority, context = tls
    requests = []
    play = peers.directory(
        directory(), tls=peers.server_context(authority), requests=requests
    )

    with faults.peer(play, scheme="ldap") as server:
        assert pattern(server.url, context).login("ann", "correct horse")

    assert "1.3.6.1.4.1.1466.20037" == requests[0].name
    assert isinstance(requests[1], BIND)


@pytest.mark.parametrize("code", [1, 2, 52, 53, 4096])
def test_start_tls_refused(tls, code):
    """
    A server that does not encrypt is told no password.
    """
    _, context = tls
    requests = []
    play = peers.directory(directory(code=code), requests=requests)

    with (
        faults.peer(play, scheme="ldap") as server,
        pytest.raises(LegacyUnavailableError, match="StartTLS"),
    ):
        pattern(server.url, context).login("ann", "correct horse")

    assert not [one for one in requests if isinstance(one, BIND)]


def test_answers_before_encryption(tls):
    """
    What somebody on the way puts behind the answer to StartTLS is not heard.
    """
    authority, context = tls
    forged = b"".join(
        peers.message(number, operation)
        for number in range(1, 5)
        for operation in (bind_response(0), PERSON, done())
    )

    def play(connection, server):
        connection.recv(65536)
        connection.sendall(peers.message(1, extended_response(0)) + forged)
        context = peers.server_context(authority)
        with context.wrap_socket(connection, server_side=True) as inside:
            peers.directory(directory(bind=49))(inside, server)

    with faults.peer(play, scheme="ldap") as server:
        source = pattern(server.url, context)
        assert faults.outcome(source.login, "ann", "correct horse") in {
            None,
            LegacyUnavailableError,
        }


@pytest.mark.parametrize("number", [1, 2])
def test_half_an_answer_before_encryption(tls, number):
    """
    Nor is half of a forged answer, which the first encrypted byte would complete.
    """
    authority, context = tls
    forged = peers.message(number, bind_response(0, "0"))
    assert b"0" == forged[-1:] == peers.message(1, bind_response(49))[:1]

    def play(connection, server):
        connection.recv(65536)
        start = peers.message(1, extended_response(0))
        connection.sendall(start + forged[:-1])
        encrypted = peers.server_context(authority)
        with encrypted.wrap_socket(connection, server_side=True) as inside:
            inside.recv(65536)
            answer = peers.message(1, bind_response(49))
            inside.sendall(answer[:1])
            server.stop.wait(0.05)
            inside.sendall(answer[1:])
            inside.recv(65536)

    with faults.peer(play, scheme="ldap") as server:
        assert None is pattern(server.url, context).login("ann", "correct horse")


def test_unencrypted(tls):
    """
    Without encryption only if it is said so, and never for ldaps.
    """
    _, context = tls
    requests = []
    play = peers.directory(directory(), requests=requests)
    plain = {"send_passwords_unencrypted": True}

    with faults.peer(play, scheme="ldap") as server:
        assert standard(server.url, context, **plain).login("ann", "correct horse")
        requests.clear()
        for truthy in (1, "yes"):
            source = standard(server.url, context, send_passwords_unencrypted=truthy)
            with pytest.raises(LegacyUnavailableError):
                source.login("ann", "correct horse")
    with (
        faults.peer(play, scheme="ldaps") as server,
        pytest.raises(LegacyUnavailableError),
    ):
        standard(server.url, context, **plain).login("ann", "correct horse")

    assert not [one for one in requests if isinstance(one, BIND)]


@pytest.mark.parametrize("make", [standard, pattern])
def test_context_that_verifies_no_longer(make):
    """
    A context that was changed since is noticed before anything is sent.
    """
    context, told = ssl.create_default_context(), []
    with faults.peer(lambda connection, server: told.append(server)) as server:
        source = make(f"ldap://{faults.HOST}:{server.port}", context)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

        assert ConfigurationError is faults.outcome(source.login, "ann", "secret")

    assert [] == told
