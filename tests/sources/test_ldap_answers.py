"""
The LDAP sources and what servers may answer: Active Directory's words, nonsense, and
nothing at all.
"""

import contextlib
import datetime as dt
import importlib
import socket
import ssl
import sys
import time
import uuid

import attrs
import faults
import ldap_peers as peers
import pytest
import sansldap
from ldap_peers import bind_response, done, entry, extended_response, reference

from migratekit.errors import (
    AmbiguousUserError,
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.models import LegacyUser
from migratekit.sources._likeness import loosely
from migratekit.sources.ldap import BindPatternSource, LDAPSource, active_directory
from migratekit.testing.sources import KnownUser, LegacySourceContract


BASE = "DC=corp,DC=example,DC=com"
SERVICE = f"CN=reader,OU=Service,{BASE}"
SERVICE_PASSWORD = "the reader's s3cret"
GUID = uuid.UUID("8d5f3c1e-2b4a-4c6d-9e8f-0a1b2c3d4e5f")
HURRY = {"connect_timeout": 0.3, "receive_timeout": 0.3, "deadline": 0.4}

SEARCH = sansldap.SearchRequest
BIND = sansldap.BindRequest


def said(code, dsid="0C09044E"):
    """
    Return the words of a domain controller, as they come over the wire.
    """
    return (
        f"80090308: LdapErr: DSID-{dsid}, comment: AcceptSecurityContext error, "
        f"data {code}, v2580\0"
    )


@attrs.frozen
class Account:
    """
    An account of an Active Directory.
    """

    name: str
    mail: str
    password: str
    guid: uuid.UUID = GUID
    control: int = 512
    computed: int | None = 0
    expires: int = 0x7FFFFFFFFFFFFFFF
    set_at: int | None = 133_000_000_000_000_000
    code: str = ""
    more: dict = attrs.field(factory=dict)

    @property
    def dn(self):
        return f"CN={self.name},OU=People,{BASE}"

    @property
    def entry(self):
        numbers = {
            "userAccountControl": self.control,
            "msDS_User_Account_Control_Computed": self.computed,
            "accountExpires": self.expires,
            "pwdLastSet": self.set_at,
        }
        return entry(
            self.dn,
            objectGUID=[self.guid.bytes_le],
            sAMAccountName=[self.name],
            mail=[self.mail] if self.mail else [],
            displayName=[self.name.title()],
            whenCreated=["20200102030405.0Z"],
            **{k: [str(v)] for k, v in numbers.items() if v is not None},
            **self.more,
        )


def values_of(filter_):
    """
    Return the values that a filter looks for.
    """
    if isinstance(filter_, sansldap.FilterEquality):
        yield filter_.attribute, filter_.value.decode()
    for inner in getattr(filter_, "filters", ()):
        yield from values_of(inner)


def domain(*accounts):
    """
    Return what a domain controller with *accounts* answers.
    """

    def answer(request, bound):
        if isinstance(request, SEARCH):
            assert SERVICE == bound
            wanted = dict(values_of(request.filter))
            found = [
                # Active Directory does not tell accents apart.
                one.entry
                for one in accounts
                if loosely(wanted["mail"]) == loosely(one.mail)
                or loosely(wanted["sAMAccountName"]) == loosely(one.name)
            ]
            return [*found, reference(f"ldaps://x/{BASE}"), done()]
        if isinstance(request, BIND):
            return [bind_response(*bind(request.name, request.authentication.password))]
        if isinstance(request, sansldap.ExtendedRequest):
            names = {one.dn: one.name for one in accounts}
            return [extended_response(0, f"u:CORP\\{names[bound]}")]
        return []

    def bind(name, password):
        if name == SERVICE:
            return (0,) if password == SERVICE_PASSWORD else (49, said("52e"))
        account = {one.dn: one for one in accounts}[name]
        if account.code == "775":
            return 49, said("775")
        if password != account.password:
            return 49, said("52e")
        return (49, said(account.code)) if account.code else (0,)

    return answer


ANN = Account("ann", "Ann@Example.com", "correct horse")
BOB = Account(
    "bob", "bob@example.com", "battery staple", uuid.uuid4(), control=514, code="533"
)


@pytest.fixture(name="tls", scope="module")
def _tls():
    return peers.certificates()


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


class TestActiveDirectory(LegacySourceContract):
    known = (
        KnownUser("Ann@Example.com", "correct horse", user_id=str(GUID)),
        KnownUser("bob", "battery staple", blocked=True),
    )
    secrets = (SERVICE_PASSWORD,)

    @pytest.fixture(autouse=True)
    def _certificates(self, tls):
        self.tls = tls

    @contextlib.contextmanager
    def open_source(self):
        unhurried = dict.fromkeys(HURRY, 5)
        with asked(self.tls, domain(ANN, BOB), **unhurried) as source:
            yield source


def test_user(tls):
    """
    The id is the GUID, in the order of bytes that Active Directory has.
    """
    with asked(tls, domain(ANN)) as source:
        user = source.login("ann", "correct horse")

    expected = LegacyUser(
        user_id=str(GUID),
        email="Ann@Example.com",
        username="ann",
        profile={"name": "Ann"},
        created_at=dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    )
    assert expected == user


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("52e", None),
        ("525", None),
        ("530", (True, False)),
        ("531", (True, False)),
        ("532", (False, True)),
        ("533", (True, False)),
        ("701", (True, False)),
        ("773", (False, True)),
        ("775", None),
        ("52f", None),
        ("0", None),
        ("5333", None),
    ],
)
def test_sub_codes(tls, code, expected):
    """
    Each sub-code is no, blocked or must change; those that are unknown are no.
    """
    account = attrs.evolve(ANN, code=code)

    with asked(tls, domain(account)) as source:
        right = source.login("ann", "correct horse")
        wrong = source.login("ann", "wrong")

    assert None is wrong
    found = right and (right.blocked, right.must_change_password)
    assert expected == found


@pytest.mark.parametrize(
    "words",
    [
        "data 533",
        "no such user: data 773, v1",
        said("533") + "more",
        "x" + said("533"),
        "80090308: LdapErr: DSID-0C0, comment: other error, data 533, v1",
        "",
    ],
)
def test_other_words(tls, words):
    """
    A sub-code counts in the words of a domain controller only.
    """

    def answer(request, bound):
        if isinstance(request, BIND) and request.name != SERVICE:
            return [bind_response(49, words)]
        return domain(ANN)(request, bound)

    with asked(tls, answer) as source:
        assert None is source.login("ann", "correct horse")


def test_sub_codes_of_others(tls):
    """
    Elsewhere the words of an error mean nothing.
    """

    def answer(request, bound):
        if isinstance(request, BIND):
            return [bind_response(49, said("773"))]
        return [PERSON, done()]

    with asked(tls, answer, standard) as source:
        assert None is source.login("ann", "correct horse")


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ((False, False), {}),
        ((False, False), {"computed": None, "set_at": None}),
        ((True, False), {"control": 514}),
        ((True, False), {"expires": 132_000_000_000_000_000}),
        ((False, False), {"expires": 0}),
        ((False, False), {"expires": 0x7FFFFFFFFFFFFFFE}),
        ((False, False), {"expires": 200_000_000_000_000_000}),
        ((False, True), {"set_at": 0}),
        ((False, True), {"computed": 0x800000}),
        ((False, True), {"control": 0x800200}),
        ((False, False), {"computed": 0x10}),
        ((False, False), {"computed": "many"}),
    ],
)
def test_flags(tls, expected, changes):
    """
    The account's flags say what the sub-codes would; a lock-out passes.
    """
    with asked(tls, domain(attrs.evolve(ANN, **changes))) as source:
        user = source.get_user("ann")

    assert expected == (user.blocked, user.must_change_password)


def test_service_account_refused(tls):
    """
    An account that may not look up is an outage: nobody is unknown for it.
    """
    with asked(tls, domain(ANN), bind_password="wrong") as source:
        with pytest.raises(LegacyUnavailableError, match="49"):
            source.login("ann", "correct horse")
        with pytest.raises(LegacyUnavailableError, match="49"):
            source.get_user("nobody")


def test_by_principal_name(tls):
    """
    The e-mail may be the principal name, and the account name be left out.
    """
    account = attrs.evolve(ANN, more={"userPrincipalName": ["ann@corp.example.com"]})
    asked_for = []

    def answer(request, bound):
        if isinstance(request, SEARCH):
            asked_for.append(dict(values_of(request.filter)))
            return [account.entry, done()]
        return domain(account)(request, bound)

    options = {"email": "userPrincipalName", "username": None, "attributes": {}}
    with asked(tls, answer, **options) as source:
        user = source.login("Ann@Corp.example.com", "correct horse")

    assert "ann@corp.example.com" == user.email
    assert None is user.username
    assert [
        {
            "objectCategory": "person",
            "objectClass": "user",
            "userPrincipalName": "ann@corp.example.com",
        }
    ] == asked_for


# --- A directory by the standards -----------------------------------------------------

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


def test_identity_in_active_directory(tls):
    """
    A domain controller must name the account, too.
    """
    for who in ("", "u:", "u:CORP\\", "u:CORP\\bob", f"dn:{ANN.dn}", "ann"):

        def answer(request, bound, who=who):
            if isinstance(request, sansldap.ExtendedRequest):
                return [extended_response(0, who)]
            return domain(ANN)(request, bound)

        with asked(tls, answer) as source, pytest.raises(ContractError):
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


# --- Faults ---------------------------------------------------------------------------

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


# --- TLS ------------------------------------------------------------------------------


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


# --- Settings -------------------------------------------------------------------------


def unverified(name, value):
    context = ssl.create_default_context()
    context.check_hostname = False
    setattr(context, name, value)
    return context


@pytest.mark.parametrize(
    ("urls", "options"),
    [
        ([], {}),
        ("", {}),
        (None, {}),
        ([None], {}),
        ("http://host", {}),
        ("ldap:host", {}),
        ("ldaps://", {}),
        ("ldaps://host:x", {}),
        ("ldaps://host:99999", {}),
        ("ldaps://host/dc=x", {}),
        ("ldaps://host?x", {}),
        ("ldaps://host#x", {}),
        ("ldaps://user:s3cret@host", {}),
        ("ldapi:///socket", {}),
        ("ldaps://host", {"tls": unverified("check_hostname", False)}),
        ("ldaps://host", {"tls": unverified("verify_mode", ssl.CERT_NONE)}),
        ("ldaps://host", {"tls": True}),
        *(
            ("ldaps://host", {name: nonsense})
            for name in ("connect_timeout", "receive_timeout", "deadline")
            for nonsense in faults.NONSENSE
        ),
        ("ldaps://host", {"base_dn": ""}),
        ("ldaps://host", {"bind_dn": "cn=x"}),
        ("ldaps://host", {"bind_password": "s3cret"}),
        ("ldaps://host", {"bind_dn": "cn=x", "bind_password": ""}),
        ("ldaps://host", {"bind_dn": "", "bind_password": "s3cret"}),
        ("ldaps://host", {"filter": "(mail=x)"}),
        ("ldaps://host", {"filter": "(&(mail={identifier})"}),
        ("ldaps://host", {"filter": "(mail={identifier}*)"}),
        ("ldaps://host", {"filter": "(mail=*{identifier}*)"}),
        ("ldaps://host", {"filter": "(mail>={identifier})"}),
        ("ldaps://host", {"filter": "(|(mail={identifier})(uid={other}))"}),
        ("ldaps://host", {"filter": "(|(mail={identifier})(uid=*{canonical}))"}),
        ("ldaps://host", {"filter": "({identifier}=x)"}),
        ("ldaps://host", {"filter": 1}),
        ("ldaps://host", {"attributes": {"mail": "email"}}),
        ("ldaps://host", {"attributes": {"entryUUID": "user_id"}}),
        ("ldaps://host", {"attributes": {"x": "user_id", "uid": "username", "y": "z"}}),
        (
            "ldaps://host",
            {
                "attributes": {
                    "x": "user_id",
                    "uid": "username",
                    "userPassword": "password_hash",
                }
            },
        ),
    ],
)
def test_settings(urls, options):
    """
    What cannot work is refused when the source is made, and shows no password.
    """
    with pytest.raises(ConfigurationError) as caught:
        LDAPSource(urls, **{"base_dn": "dc=example,dc=com", **options})

    assert "s3cret" not in repr(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "uid=x,dc=example",
        "uid={identifier}*{other},dc=x",
        "{identifier}",
        "{identifier}@example.com",
        "CORP\\{identifier}",
        "uid={identifier},,dc=x",
        "uid={identifier},dc",
        None,
    ],
)
def test_pattern_settings(text):
    """
    A pattern is a distinguished name.
    """
    with pytest.raises(ConfigurationError):
        BindPatternSource("ldaps://host", pattern=text)


def test_other_options():
    """
    A source can be made from another one.
    """
    one = pattern("ldaps://nowhere.invalid", None)
    other = standard("ldaps://nowhere.invalid", None, filter="(mail={identifier})")

    for source in (one, other):
        again = attrs.evolve(source, deadline=0.1)
        with pytest.raises(LegacyUnavailableError):
            again.login("ann", "correct horse")


def test_repr():
    """
    A source shows where it asks, and no account.
    """
    source = LDAPSource(
        ["ldaps://one", "ldap://[::1]:1389/"],
        base_dn="dc=x",
        bind_dn="cn=reader",
        bind_password="s3cret",
    )

    assert "LDAPSource('ldaps://one:636, ldap://[::1]:1389')" == repr(source)


@pytest.mark.parametrize(
    "identifier", ["", " ", "a\0b", "a\nb", "\ud800", "x" * 321, "\N{KELVIN SIGN}"]
)
def test_no_identifier(identifier):
    """
    Nobody is known by what is no identifier, and no server is asked.
    """
    for source in (
        standard("ldaps://nowhere.invalid", None),
        pattern("ldaps://nowhere.invalid", None),
    ):
        assert None is source.login(identifier, "correct horse")
    assert None is standard("ldaps://nowhere.invalid", None).get_user(identifier)


@pytest.mark.parametrize("password", ["", "a\0b", "\ud800", "x" * 4097, None, 1])
def test_no_password(password):
    """
    Nobody binds with what is no password, an empty one above all.
    """
    for source in (
        standard("ldaps://nowhere.invalid", None),
        pattern("ldaps://nowhere.invalid", None),
    ):
        assert None is source.login("ann", password)


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


def test_without_the_library(monkeypatch):
    """
    Without sansldap, the extra is named.
    """
    monkeypatch.setitem(sys.modules, "sansldap", None)
    monkeypatch.delitem(sys.modules, "migratekit.sources.ldap")

    with pytest.raises(ImportError, match=r"migratekit\[ldap\]"):
        importlib.import_module("migratekit.sources.ldap")
