"""
What a directory may answer: somebody else, several, nonsense, and errors.
"""

import faults
import ldap_peers as peers
import pytest
import sansldap
from ldap_directories import (
    BIND,
    PERSON,
    PERSON_DN,
    SEARCH,
    asked,
    directory,
    pattern,
    standard,
)
from ldap_peers import bind_response, done, entry, extended_response

from migratekit.errors import (
    AmbiguousUserError,
    ContractError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)


def test_by_the_standards(tls):
    """
    The answers of these tests are those of a login, but for what each changes.
    """
    for make in (standard, pattern):
        with asked(tls, directory(), make) as source:
            assert "1" == source.login("ann", "correct horse").user_id


@pytest.mark.parametrize("make", [standard, pattern])
@pytest.mark.parametrize(
    "who",
    [
        "",
        "dn:",
        "u:ann",
        "ann",
        PERSON_DN,
        "dn:uid=bob,ou=people,dc=example,dc=com",
        "dn:ou=people,dc=example,dc=com",
        "dn:uid=ann",
        "dn:uid=ann,ou=people,dc=example,dc=com,",
        "dn:uid=ann,,ou=people,dc=example,dc=com",
        "dn:uid=ann+cn=x,ou=people,dc=example,dc=com",
        "dn:uid,ou=people,dc=example,dc=com",
    ],
)
def test_somebody_else_after_the_bind(tls, make, who):
    """
    A yes to a bind that leaves us nobody, or somebody else, is no login.
    """
    with asked(tls, directory(who=who), make) as source, pytest.raises(ContractError):
        source.login("ann", "correct horse")


@pytest.mark.parametrize(
    "who",
    [
        "DN: UID = Ann , OU=People,dc=example,dc=com",
        "dn:uid=\\61\\6e\\6e,ou=people,dc=example,dc=com",
        "dn:uid=a\\nn,ou=people,dc=example,dc=com",
    ],
)
def test_same_name_in_other_words(tls, who):
    """
    A name may be spelled in several ways.
    """
    with asked(tls, directory(who=who), standard) as source:
        assert source.login("ann", "correct horse")


def test_cannot_say_who(tls):
    """
    A server that does not know the question is believed; any other no is not.
    """
    with asked(tls, directory(code=2), standard) as source:
        assert source.login("ann", "correct horse")
    for code in (1, 8, 50, 53, 4096):
        with (
            asked(tls, directory(code=code), standard) as source,
            pytest.raises(LegacyUnavailableError),
        ):
            source.login("ann", "correct horse")


@pytest.mark.parametrize("code", [49, 48, 32])
@pytest.mark.parametrize("make", [standard, pattern])
def test_bind_says_no(tls, code, make):
    """
    Wrong credentials, no password and no entry are a no.
    """
    with asked(tls, directory(bind=code), make) as source:
        assert None is source.login("ann", "correct horse")


@pytest.mark.parametrize("make", [standard, pattern])
@pytest.mark.parametrize(
    "code", [1, 2, 3, 7, 8, 10, 11, 13, 14, 19, 34, 50, 51, 52, 53, 80, 128, 256, 4096]
)
def test_bind_says_something_else(tls, make, code):
    """
    Any other code is neither yes nor no; codes that nobody knows are not success.
    """
    with (
        asked(tls, directory(bind=code), make) as source,
        pytest.raises(LegacyUnavailableError),
    ):
        source.login("ann", "correct horse")


@pytest.mark.parametrize("found", [(), (PERSON,)])
@pytest.mark.parametrize("code", [1, 2, 3, 4, 10, 11, 32, 50, 51, 52, 53, 4096])
def test_search_says_something_else(tls, code, found):
    """
    A search that did not end well is an outage, never "nobody".
    """
    with asked(tls, directory(found, end=code), standard) as source:
        for ask in (source.login, source.get_user):
            with pytest.raises(LegacyUnavailableError):
                ask(*("ann", "correct horse")[: 2 if ask == source.login else 1])


@pytest.mark.parametrize("code", [0, 4])
def test_two_entries(tls, code):
    """
    Two entries are a broken filter, and three a server that does not listen.
    """
    with (
        asked(tls, directory((PERSON, PERSON), end=code), standard) as source,
        pytest.raises(AmbiguousUserError),
    ):
        source.login("ann", "correct horse")
    with (
        asked(tls, directory((PERSON,) * 3, end=code), standard) as source,
        pytest.raises(LegacyUnavailableError),
    ):
        source.login("ann", "correct horse")


@pytest.mark.parametrize(
    "wrong",
    [
        entry(PERSON_DN, entryUUID=["2"], uid=["bob"], mail=["bob@example.com"]),
        entry(PERSON_DN, entryUUID=["2"]),
        entry(PERSON_DN, uid=["ann"]),
        entry(PERSON_DN, entryUUID=[], uid=["ann"]),
        entry(PERSON_DN),
        entry("", entryUUID=["1"], uid=["ann"]),
        entry(PERSON_DN, entryUUID=[b"\xff\xfe"], uid=["ann"]),
        entry(PERSON_DN, entryUUID=["1"], uid=["ann"], createTimestamp=["yesterday"]),
        entry(
            PERSON_DN, entryUUID=["1"], uid=["ann"], createTimestamp=["20209999999999Z"]
        ),
        entry(PERSON_DN, entryUUID=["1"], uid=["\0"]),
    ],
)
def test_entry_of_somebody_else(tls, wrong):
    """
    An entry of somebody else, or one that cannot be read, is a broken contract.
    """
    with (
        asked(tls, directory((wrong,)), standard) as source,
        pytest.raises(ContractError),
    ):
        source.login("ann", "correct horse")


def test_entry_without_a_name(tls):
    """
    Nobody is bound by the empty name, which would be everybody's.
    """
    authority, context = tls
    requests = []
    root = entry("", entryUUID=["1"], uid=["ann"])

    with peers.serve(
        directory((root,), code=2), authority, requests=requests
    ) as server:
        source = standard(server.url, context)
        assert ContractError is faults.outcome(source.login, "ann", "correct horse")

    assert not [one for one in requests if isinstance(one, BIND)]


def test_password_is_for_its_owner_only(tls):
    """
    The password is not shown to an entry of somebody else.
    """
    authority, context = tls
    requests = []
    other = entry("uid=x", entryUUID=["2"], uid=["bob"])

    with peers.serve(directory((other,)), authority, requests=requests) as server:
        with pytest.raises(ContractError):
            standard(server.url, context).login("ann", "correct horse")
        lookalike = entry("uid=x", entryUUID=["2"], uid=["änn"])
    with peers.serve(directory((lookalike,)), authority, requests=requests) as server:
        assert None is standard(server.url, context).login("ann", "correct horse")

    assert not [one for one in requests if isinstance(one, BIND)]


@pytest.mark.parametrize("code", [0, 32])
def test_entry_that_may_not_be_read(tls, code):
    """
    Where users may not read their own entry, another source must say who they are.
    """
    with asked(tls, directory((), end=code), pattern) as source:
        with pytest.raises(LookupUnsupportedError):
            source.login("ann", "correct horse")
        with asked(tls, directory(), standard) as other:
            user = source.with_lookup(other).login("ann", "correct horse")

    assert "1" == user.user_id


@pytest.mark.parametrize("typed", ["\N{FULLWIDTH LATIN SMALL LETTER A}nn", "änn"])
def test_vouched_lookalike(tls, typed):
    """
    Where nobody says whose password it was, no look-alike's name is vouched for.
    """
    with asked(tls, directory((), code=2), pattern) as source:
        assert None is source.login(typed, "correct horse")


def test_lookup_unsupported():
    """
    Without an account that may look, nobody can be looked up.
    """
    with pytest.raises(LookupUnsupportedError):
        pattern("ldaps://nowhere.invalid", None).get_user("ann")


def test_lookalike_by_pattern(tls):
    """
    A server that takes a look-alike's name for ours hands out nobody.
    """
    answer = directory(who="dn:uid=\\c3\\a4nn,ou=people,dc=example,dc=com")
    with asked(tls, answer, pattern) as source:
        assert None is source.login("änn", "correct horse")


WHO = sansldap.ExtendedRequest
ODD_ANSWERS = (
    [done()],
    [bind_response(0)],
    [extended_response(0, f"dn:{PERSON_DN}")],
    [PERSON],
    [peers.ber(0x79)],
    [b"\x02\x01\x05"],
    [peers.ber(0x61, b"\x0a\x01\x00")],
    [peers.result(0x78, 52) + b"\x8a\x161.3.6.1.4.1.1466.20036"],
)
RIGHT = {BIND: ODD_ANSWERS[1], WHO: ODD_ANSWERS[2], SEARCH: ODD_ANSWERS[0]}


@pytest.mark.parametrize("make", [standard, pattern])
@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (kind, answer)
        for kind in (BIND, SEARCH, WHO)
        for answer in ODD_ANSWERS
        if answer is not RIGHT[kind]
    ],
)
def test_other_answer(tls, make, kind, answer):
    """
    The answer to another question is none; neither is half an answer, or a goodbye.
    """

    def instead(request, bound):
        if isinstance(request, kind):
            return answer
        return directory()(request, bound)

    with asked(tls, instead, make) as source, pytest.raises(LegacyUnavailableError):
        source.login("ann", "correct horse")


def test_other_number(tls):
    """
    An answer with the number of another question is none.
    """
    authority, context = tls

    def play(connection, server):
        connection.recv(65536)
        connection.sendall(peers.message(77, done()))

    with (
        faults.peer(
            play, tls=peers.server_context(authority), scheme="ldaps"
        ) as server,
        pytest.raises(LegacyUnavailableError),
    ):
        standard(server.url, context).get_user("ann")


@pytest.mark.parametrize("size", [1 << 21])
def test_oversized_answer(tls, size):
    """
    What is read is bounded.
    """
    big = entry(PERSON_DN, entryUUID=["1"], uid=["ann"], cn=["x" * size])

    with (
        asked(
            tls, directory((big,)), standard, deadline=5, receive_timeout=5
        ) as source,
        pytest.raises(LegacyUnavailableError, match="too long"),
    ):
        source.login("ann", "correct horse")
