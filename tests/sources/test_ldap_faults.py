"""
Directories that answer nothing, or too late, are an outage.
"""

import socket
import time

import faults
import ldap_peers as peers
import pytest
from ldap_directories import PERSON, asked, directory, pattern, standard
from ldap_peers import done

from migratekit.errors import LegacyUnavailableError


MODES = ("unencrypted", "StartTLS", "LDAPS", "in TLS")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", faults.TCP_FAULTS, ids=lambda fault: fault.name)
def test_faults(tls, fault, mode):
    """
    Whatever goes wrong before the first answer is an outage, in bounded time.
    """
    authority, context = tls
    plain = {"send_passwords_unencrypted": True} if mode == "unencrypted" else {}
    scheme = "ldaps" if mode in {"LDAPS", "in TLS"} else "ldap"
    inside = peers.server_context(authority) if mode == "in TLS" else None

    with faults.peer(fault.play, tls=inside, scheme=scheme) as server:
        source = standard(server.url, context, **plain)
        start = time.monotonic()
        faults.assert_as_declared(fault, source.login, "ann", "correct horse")
        faults.assert_as_declared(fault, source.get_user, "ann")

    assert 6 > time.monotonic() - start


@pytest.mark.parametrize("make", [standard, pattern])
@pytest.mark.parametrize("fault", faults.TCP_FAULTS[1:], ids=lambda fault: fault.name)
def test_faults_at_the_bind(tls, fault, make):
    """
    Whatever goes wrong where the password was to be checked is an outage.
    """
    authority, context = tls
    good = peers.directory(directory())
    plays = iter([good] if make is standard else [])

    def play(connection, server):
        next(plays, fault.play)(connection, server)

    with faults.peer(
        play, tls=peers.server_context(authority), scheme="ldaps"
    ) as server:
        source = make(server.url, context)
        faults.assert_as_declared(fault, source.login, "ann", "correct horse")


def test_trickle_of_an_answer(tls):
    """
    A right answer that comes a byte a second comes too late.
    """
    authority, context = tls
    answer = peers.message(1, PERSON) + peers.message(1, done())

    with faults.peer(
        faults.trickles(answer), tls=peers.server_context(authority), scheme="ldaps"
    ) as server:
        start = time.monotonic()
        with pytest.raises(LegacyUnavailableError, match="Timeout"):
            standard(server.url, context).get_user("ann")

    assert 6 > time.monotonic() - start


def test_deadline_is_for_everything(tls):
    """
    The deadline counts over all answers of a question.
    """

    def slow(request, bound):
        time.sleep(0.15)
        return directory()(request, bound)

    options = {"receive_timeout": 5, "deadline": 0.25}
    with (
        asked(tls, slow, standard, **options) as source,
        pytest.raises(LegacyUnavailableError, match="Timeout"),
    ):
        source.login("ann", "correct horse")


def test_no_time_left(tls):
    """
    When the time is over, nobody is asked.
    """
    with (
        asked(tls, directory(), standard, deadline=1e-9) as source,
        pytest.raises(LegacyUnavailableError, match="Timeout"),
    ):
        source.login("ann", "correct horse")


def test_several_addresses(monkeypatch, tls):
    """
    A host of several addresses is tried at each.
    """
    authority, context = tls
    closed = peers.free_port()
    found = socket.getaddrinfo

    def both(host, port, **options):
        return [*found(host, closed, **options), *found(host, port, **options)]

    with peers.serve(directory(), authority) as server:
        monkeypatch.setattr(socket, "getaddrinfo", both)
        assert standard(server.url, context).get_user("ann")
        monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [])
        with pytest.raises(LegacyUnavailableError):
            standard(server.url, context).get_user("ann")
        monkeypatch.undo()
