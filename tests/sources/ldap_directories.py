"""
LDAP sources, and what the directories that they ask answer.
"""

import contextlib

import ldap_peers as peers
import sansldap
from ldap_peers import bind_response, done, entry, extended_response

from migratekit.sources.ldap import BindPatternSource, LDAPSource, active_directory


BASE = "DC=corp,DC=example,DC=com"
SERVICE = f"CN=reader,OU=Service,{BASE}"
SERVICE_PASSWORD = "the reader's s3cret"
HURRY = {"connect_timeout": 0.3, "receive_timeout": 0.3, "deadline": 0.4}
SEARCH = sansldap.SearchRequest
BIND = sansldap.BindRequest


def source_of(url, context, **options):
    options = {
        "base_dn": BASE,
        "bind_dn": SERVICE,
        "bind_password": SERVICE_PASSWORD,
        "tls": context,
        **HURRY,
        **options,
    }
    return active_directory(url, **options)


@contextlib.contextmanager
def asked(tls, answer, make=source_of, **options):
    """
    Give a source that asks a server which says *answer*.
    """
    authority, context = tls
    with peers.serve(answer, authority) as server:
        yield make(server.url, context, **options)


PERSON_DN = "uid=ann,ou=people,dc=example,dc=com"
PERSON = entry(PERSON_DN, entryUUID=["1"], uid=["ann"], mail=["ann@example.com"])


def standard(url, context, **options):
    options = {"base_dn": "dc=example,dc=com", "tls": context, **HURRY, **options}
    return LDAPSource(url, **options)


def pattern(url, context, **options):
    return BindPatternSource(
        url, pattern=PERSON_DN.replace("ann", "{identifier}"), tls=context, **HURRY
    )


def directory(found=(PERSON,), bind=0, end=0, who=f"dn:{PERSON_DN}", code=0):
    """
    Return what a directory answers that lets everybody in.
    """

    def answer(request, bound):
        if isinstance(request, SEARCH):
            return [*found, done(end)]
        if isinstance(request, BIND):
            return [bind_response(bind)]
        return [extended_response(code, who)]

    return answer
