"""
Active Directory, by its words and its flags.
"""

import contextlib
import datetime as dt
import uuid

import attrs
import pytest
import sansldap
from ldap_directories import (
    BASE,
    BIND,
    HURRY,
    PERSON,
    SEARCH,
    SERVICE,
    SERVICE_PASSWORD,
    asked,
    standard,
)
from ldap_peers import bind_response, done, entry, extended_response, reference

from migratekit.errors import ContractError, LegacyUnavailableError
from migratekit.models import LegacyUser
from migratekit.testing.sources import KnownUser, LegacySourceContract
from migratekit.validation import loosely


GUID = uuid.UUID("8d5f3c1e-2b4a-4c6d-9e8f-0a1b2c3d4e5f")


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
