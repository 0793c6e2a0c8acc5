"""
What tests of several sources need.
"""

import gc
import sys

import ldap_peers
import pytest


@pytest.fixture(name="untidy")
def _untidy(monkeypatch):
    """
    A driver may leave a socket to the garbage collector.
    """
    # Whatever was there before need not be looked at for every single test.
    gc.freeze()
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    yield
    gc.collect()


@pytest.fixture(name="tls", scope="module")
def _tls():
    """
    The CA of an LDAP server, and a context that trusts it and nobody else.
    """
    return ldap_peers.certificates()
