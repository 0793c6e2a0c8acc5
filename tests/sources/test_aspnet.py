"""
The tables of ASP.NET, as its own scripts make them, in the databases at hand.
"""

import base64
import datetime as dt
import hashlib
import hmac
import os
import uuid
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from products.product_grants import grants_of

from migratekit import Connection
from migratekit.errors import (
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    UnusableHashError,
)
from migratekit.events import LoginRefused
from migratekit.models import ImportRecord
from migratekit.sources import aspnet
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, KnownUser, LegacySourceContract, VirtualClock


PASSWORD = "correct horse ü"
SALT = bytes(range(16))
LATER = dt.datetime(2999, 1, 1, tzinfo=dt.UTC)
SINCE = dt.datetime(2009, 8, 7, 6, 5, 4, tzinfo=dt.UTC)
ID = uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
OTHER_ID = uuid.UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
APPLICATION = uuid.UUID(int=1)
SERVERS = ("MIGRATEKIT_TEST_POSTGRESQL", "MIGRATEKIT_TEST_MARIADB")


def encoded(data):
    return base64.b64encode(data).decode()


def salted(password, algorithm="sha1"):
    text = SALT + password.encode("utf-16-le")
    return encoded(hashlib.new(algorithm, text).digest())


def keyed(password):
    return encoded(hmac.digest(SALT * 4, password.encode("utf-16-le"), "sha256"))


def derived(password):
    key = hashlib.pbkdf2_hmac("sha1", password.encode(), SALT, 1000, 32)
    return encoded(b"\0" + SALT + key)


class HASHES:
    """
    One password, as each of them stores it.
    """

    salt = encoded(SALT)
    salted = salted(PASSWORD)
    keyed = keyed(PASSWORD)
    derived = derived(PASSWORD)


METADATA = sa.MetaData()


def table(name, *columns):
    """
    Return a table with the columns of Microsoft's script that anybody reads.
    """
    guid = sa.String(36).with_variant(sa.Uuid(), "postgresql")
    kinds = {
        "Id": guid,
        "ApplicationId": guid,
        "UserId": guid,
        "ProfileId": sa.Integer(),
        "PasswordFormat": sa.Integer(),
        "CreateDate": sa.DateTime(),
        "LockoutEnd": sa.DateTime(timezone=True),
        "LockoutEndDateUtc": sa.DateTime(),
    }
    flags = ("Is", "EmailConfirmed", "LockoutEnabled")
    return sa.Table(
        name,
        METADATA,
        *(
            sa.Column(
                column,
                kinds.get(
                    column,
                    sa.Boolean() if column.startswith(flags) else sa.String(256),
                ),
            )
            for column in columns
        ),
    )


MEMBER = [
    "ApplicationId",
    "UserId",
    "Password",
    "PasswordFormat",
    "PasswordSalt",
    "Email",
    "IsApproved",
    "IsLockedOut",
    "CreateDate",
]
OLD_APPLICATIONS = table(
    "aspnet_Applications", "ApplicationId", "ApplicationName", "LoweredApplicationName"
)
OLD_USERS = table(
    "aspnet_Users", "ApplicationId", "UserId", "UserName", "LoweredUserName"
)
OLD_MEMBERS = table("aspnet_Membership", *MEMBER, "LoweredEmail")
APPLICATIONS = table("Applications", "ApplicationId", "ApplicationName")
USERS = table("Users", "ApplicationId", "UserId", "UserName")
MEMBERS = table("Memberships", *MEMBER)
PAGES = sa.Table(
    "webpages_Membership",
    METADATA,
    sa.Column("UserId", sa.Integer),
    sa.Column("CreateDate", sa.DateTime),
    sa.Column("IsConfirmed", sa.Boolean),
    sa.Column("Password", sa.String(128)),
)
PROFILE = sa.Table(
    "UserProfile",
    METADATA,
    sa.Column("UserId", sa.Integer),
    sa.Column("UserName", sa.String(56)),
)
PROFILES = table("Profiles", "ProfileId", "Login", "Mail")
CORE = table(
    "AspNetUsers",
    "Id",
    "UserName",
    "NormalizedUserName",
    "Email",
    "NormalizedEmail",
    "EmailConfirmed",
    "PasswordHash",
    "LockoutEnd",
    "LockoutEndDateUtc",
    "LockoutEnabled",
)


class Legacy:
    """
    The tables in one database.
    """

    def __init__(self, url):
        self.url = url
        self.readers = {}
        self.engine = sa.create_engine(url, hide_parameters=True)
        METADATA.drop_all(self.engine)
        METADATA.create_all(self.engine)

    def empty(self):
        with self.engine.begin() as connection:
            for each in METADATA.sorted_tables:
                connection.execute(sa.delete(each))

    def add(self, into, **values):
        for name, value in values.items():
            if isinstance(value, uuid.UUID) and self.engine.name != "postgresql":
                values[name] = str(value)
            if isinstance(value, dt.datetime) and not into.c[name].type.timezone:
                values[name] = value.replace(tzinfo=None)
        with self.engine.begin() as connection:
            connection.execute(sa.insert(into).values(**values))

    def change(self, where, **values):
        with self.engine.begin() as connection:
            connection.execute(sa.update(where).values(**values))

    def close(self):
        for reader in self.readers.values():
            self.drop(reader.username)
        METADATA.drop_all(self.engine)
        self.engine.dispose()

    # --- Accounts -------------------------------------------------------------------

    def reader(self, provider):
        """
        Return the URL of the account that the how-to says to make for a provider.
        """
        if self.engine.name == "sqlite":
            return self.url
        if provider not in self.readers:
            self.readers[provider] = self.make_reader(provider)
        return self.readers[provider]

    def make_reader(self, provider):
        name, database = f"r{uuid.uuid4().hex[:12]}", self.engine.url.database
        backend = self.engine.name.replace("mariadb", "mysql")
        with self.engine.begin() as connection:
            for statement in grants_of(f"aspnet {provider}", backend):
                text = statement.replace("legacy", database).replace("reader", name)
                connection.execute(sa.text(text.replace("choose one", "reading")))
        return self.engine.url.set(username=name, password="reading")

    def drop(self, name):
        with self.engine.begin() as connection:
            if self.engine.name == "postgresql":
                connection.execute(sa.text(f"DROP OWNED BY {name}"))
                connection.execute(sa.text(f"DROP USER {name}"))
            else:
                connection.execute(sa.text(f"DROP USER {name}@'%'"))

    # --- One user each --------------------------------------------------------------

    def add_member(self, *, universal, user_id=ID, application="/", **changes):
        users, members = (USERS, MEMBERS) if universal else (OLD_USERS, OLD_MEMBERS)
        application_id = APPLICATION if application == "/" else uuid.uuid4()
        name = changes.pop("UserName", "Ada")
        values = {
            "ApplicationId": application_id,
            "UserId": user_id,
            "Password": keyed(PASSWORD) if universal else salted(PASSWORD),
            "PasswordFormat": 1,
            "PasswordSalt": encoded(SALT),
            "Email": "Ada@Example.com",
            "IsApproved": True,
            "IsLockedOut": False,
            "CreateDate": SINCE,
            **changes,
        }
        user = {"ApplicationId": application_id, "UserId": user_id, "UserName": name}
        known = {"ApplicationId": application_id, "ApplicationName": application}
        if not universal:
            user["LoweredUserName"] = name.lower()
            values["LoweredEmail"] = values["Email"] and values["Email"].lower()
            known["LoweredApplicationName"] = application.lower()
        self.add(APPLICATIONS if universal else OLD_APPLICATIONS, **known)
        self.add(users, **user)
        self.add(members, **values)

    def add_page(
        self,
        *,
        number=7,
        login="Ada@Example.com",
        confirmed=True,
        mail=None,
        usual=False,
    ):
        self.add(
            PAGES,
            UserId=number,
            CreateDate=SINCE,
            IsConfirmed=confirmed,
            Password=derived(PASSWORD),
        )
        if usual:
            self.add(PROFILE, UserId=number, UserName=login)
        else:
            self.add(PROFILES, ProfileId=number, Login=login, Mail=mail)

    def add_identity(self, *, user_id=ID, **changes):
        values = {
            "Id": user_id,
            "UserName": "Ada",
            "Email": "Ada@Example.com",
            "EmailConfirmed": True,
            "PasswordHash": derived(PASSWORD),
            "LockoutEnd": None,
            "LockoutEndDateUtc": None,
            "LockoutEnabled": True,
            **changes,
        }
        for name in ("UserName", "Email"):
            values[f"Normalized{name}"] = values[name] and values[name].upper()
        self.add(CORE, **values)


@pytest.fixture(name="tables", scope="module", params=["sqlite", *SERVERS])
def _tables(request, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('aspnet') / 'legacy.db'}"
    if request.param != "sqlite":
        if request.param not in os.environ:
            pytest.skip(f"{request.param} is not set")
        url = os.environ[request.param]
    legacy = Legacy(url)
    yield legacy
    legacy.close()


@pytest.fixture(name="legacy")
def _legacy(tables):
    tables.empty()
    return tables


def pages(url, **options):
    return aspnet.simple_membership(
        url, table="Profiles", user_id="ProfileId", user_name="Login", **options
    )


# --- The contract ------------------------------------------------------------------


class _Contract(LegacySourceContract):
    known = (KnownUser("Ada@Example.com", PASSWORD, user_id=str(ID)),)
    secrets = (salted(PASSWORD), keyed(PASSWORD), derived(PASSWORD))

    @pytest.fixture(autouse=True)
    def _use(self, legacy):
        self.legacy = legacy
        self.fill(legacy)

    @contextmanager
    def open_source(self):
        with self.make(self.legacy.reader(self.provider)) as source:
            yield source


class TestMembership(_Contract):
    provider = "membership"
    make = staticmethod(aspnet.membership)

    def fill(self, legacy):
        legacy.add_member(universal=False)


class TestUniversalProviders(_Contract):
    provider = "universal providers"
    make = staticmethod(aspnet.universal_providers)

    def fill(self, legacy):
        legacy.add_member(universal=True)


class TestSimpleMembership(_Contract):
    known = (KnownUser("Ada@Example.com", PASSWORD, user_id="7"),)
    provider = "simple membership"
    make = staticmethod(aspnet.simple_membership)

    def fill(self, legacy):
        legacy.add_page(usual=True)


class TestIdentity(_Contract):
    provider = "identity"
    make = staticmethod(aspnet.identity)

    def fill(self, legacy):
        legacy.add_identity()


class TestIdentity2(TestIdentity):
    provider = "identity 2"

    @staticmethod
    def make(url):
        return aspnet.identity(url, version="2")


# --- What arrives ------------------------------------------------------------------


@pytest.mark.parametrize("universal", [False, True])
def test_member(legacy, universal):
    """
    A member arrives with the id, both identifiers and the date, and can be listed.
    """
    make = aspnet.universal_providers if universal else aspnet.membership
    legacy.add_member(universal=universal)

    with make(legacy.url) as source:
        user = source.login("ada@example.com", PASSWORD)
        assert user == source.login("aDA", PASSWORD)
        [listed] = source.iter_users()

        assert (str(ID), "Ada@Example.com", "Ada", False, False) == (
            user.user_id,
            user.email,
            user.username,
            user.blocked,
            user.email_verified,
        )
        assert SINCE == user.created_at
        assert 1 == source.count()
    assert isinstance(listed, ImportRecord)
    assert ("aspnet_membership", encoded(SALT)) == (
        listed.password.format,
        listed.password.salt,
    )


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_algorithm(legacy, algorithm):
    """
    The digest is the one of Web.config.
    """
    legacy.add_member(universal=False, Password=salted(PASSWORD, algorithm))

    with aspnet.membership(legacy.url, algorithm=algorithm) as source:
        assert source.login("ada", PASSWORD) is not None
        assert source.login("ada", "wrong") is None


@pytest.mark.parametrize("universal", [False, True])
@pytest.mark.parametrize(
    "changes", [{"IsApproved": False}, {"IsLockedOut": True}, {"IsApproved": None}]
)
def test_blocked_member(legacy, universal, changes):
    """
    Whoever is not approved, or locked out, is blocked.
    """
    make = aspnet.universal_providers if universal else aspnet.membership
    legacy.add_member(universal=universal, **changes)

    with make(legacy.url) as source:
        assert source.login("ada", PASSWORD).blocked


def test_applications(legacy):
    """
    The users of another application with the same tables are nobody here.
    """
    legacy.add_member(universal=False)
    legacy.add_member(universal=False, user_id=OTHER_ID, application="/Shop")

    with aspnet.membership(legacy.url) as source:
        assert str(ID) == source.get_user("ada@example.com").user_id
        assert 1 == source.count()
    with aspnet.membership(legacy.url, application="/shop") as source:
        assert str(OTHER_ID) == source.get_user("ada@example.com").user_id


def test_clear_text(legacy):
    """
    Clear text is taken where it is switched on, and nowhere else.
    """
    legacy.add_member(universal=False, PasswordFormat=0, Password=PASSWORD)

    with aspnet.membership(legacy.url) as source, pytest.raises(UnusableHashError):
        source.login("ada", PASSWORD)
    with aspnet.membership(legacy.url, clear_text=True) as source:
        assert source.login("ada", PASSWORD) is not None
        assert source.login("ada", "wrong") is None


@pytest.mark.parametrize("clear_text", [True, False])
def test_encrypted(legacy, clear_text):
    """
    What the machine key encrypts is refused, and said to be no usable hash.
    """
    events = []
    legacy.add_member(universal=False, PasswordFormat=2, Password=salted(PASSWORD))
    with aspnet.membership(legacy.url, clear_text=clear_text) as source:
        connection = Connection(
            MemoryStore(),
            source,
            hasher=CHEAPEST,
            listeners=[events.append],
            clock=VirtualClock(),
        )

        for password in (PASSWORD, salted(PASSWORD)):
            with pytest.raises(InvalidCredentialsError):
                connection.authenticate("ada", password)

    assert ["unusable_hash"] * 2 == [
        event.reason for event in events if isinstance(event, LoginRefused)
    ]


def test_hash_as_clear_text(legacy):
    """
    With clear text switched on, a stored hash is still not a password.
    """
    legacy.add_member(universal=False)

    with aspnet.membership(legacy.url, clear_text=True) as source:
        assert source.login("ada", salted(PASSWORD)) is None


def test_page(legacy):
    """
    A user name that is an e-mail is the e-mail; one that is none is the username.
    """
    legacy.add_page()
    legacy.add_page(number=8, login="Bob", confirmed=False)

    with pages(legacy.url) as source:
        ada = source.login("ada@example.com", PASSWORD)
        bob = source.login("bob", PASSWORD)

    assert ("7", "Ada@Example.com", None, False) == (
        ada.user_id,
        ada.email,
        ada.username,
        ada.blocked,
    )
    assert ("8", None, "Bob", True) == (
        bob.user_id,
        bob.email,
        bob.username,
        bob.blocked,
    )


def test_page_with_email(legacy):
    """
    Where there is a column of e-mails, it counts; without one in it, the user name.
    """
    legacy.add_page(login="Ada", mail="ada@example.com")
    legacy.add_page(number=8, login="bob@example.com", mail="robert@example.com")
    legacy.add_page(number=9, login="cyd@example.com")
    legacy.add_page(number=10, login="dan@example.com", mail="")

    with pages(legacy.url, email="Mail") as source:
        assert "7" == source.get_user("ADA@example.com").user_id
        assert "7" == source.get_user("ada").user_id
        assert source.get_user("bob@example.com") is None
        assert "robert@example.com" == source.get_user("robert@example.com").email
        assert "cyd@example.com" == source.get_user("cyd@example.com").email
        assert "dan@example.com" == source.get_user("Dan@example.com").email
        assert 4 == source.count() == len(list(source.iter_users()))


@pytest.mark.parametrize(
    ("changes", "version", "blocked"),
    [
        ({}, "core", False),
        ({"LockoutEnd": LATER}, "core", True),
        ({"LockoutEnd": SINCE}, "core", False),
        ({"LockoutEnd": LATER, "LockoutEnabled": False}, "core", False),
        ({"LockoutEndDateUtc": LATER}, "core", False),
        ({"LockoutEndDateUtc": LATER}, "2", True),
        ({"LockoutEndDateUtc": SINCE}, "2", False),
    ],
)
def test_locked_out(legacy, changes, version, blocked):
    """
    Whoever is locked out at this moment is blocked.
    """
    legacy.add_identity(**changes)

    with aspnet.identity(legacy.url, version=version) as source:
        assert blocked == source.get_user("ada@example.com").blocked


@pytest.mark.parametrize("confirmed", [True, False])
def test_confirmed(legacy, confirmed):
    """
    An e-mail is verified if Identity says so.
    """
    legacy.add_identity(EmailConfirmed=confirmed)

    with aspnet.identity(legacy.url) as source:
        assert confirmed == source.get_user("ada").email_verified


def test_without_hash(legacy):
    """
    A user of somebody else's login has no password here.
    """
    legacy.add_identity(PasswordHash=None)

    with aspnet.identity(legacy.url) as source:
        assert source.login("ada", PASSWORD) is None
        assert source.get_user("ada") is not None
        assert [None] == [person.password for person in source.iter_users()]


def test_name_like_an_address(legacy):
    """
    A user name that looks like another user's e-mail does not find its owner.
    """
    legacy.add_identity()
    legacy.add_identity(
        user_id=OTHER_ID, UserName="ada@example.com", Email="eve@example.com"
    )

    with aspnet.identity(legacy.url) as source:
        assert str(ID) == source.get_user("ada@example.com").user_id
        assert source.get_user("eve@example.com").username is None


def test_two_of_one_address(legacy):
    """
    Two users of one e-mail are nobody whom a login could be sure of.
    """
    legacy.add_member(universal=False)
    legacy.add_member(universal=False, user_id=OTHER_ID, UserName="Bob")

    with (
        aspnet.membership(legacy.url) as source,
        pytest.raises(ContractError),
    ):
        source.login("ada@example.com", PASSWORD)


def test_whole_way(legacy):
    """
    A member moves at the first login, and a blocked one is told so.
    """
    legacy.add_member(universal=False)
    with aspnet.membership(legacy.url) as source:
        connection = Connection(
            MemoryStore(), source, hasher=CHEAPEST, clock=VirtualClock(), listeners=()
        )
        legacy.change(OLD_MEMBERS, IsLockedOut=True)
        with pytest.raises(AccountBlockedError):
            connection.authenticate("ADA@example.com", PASSWORD)
        legacy.change(OLD_MEMBERS, IsLockedOut=False)

        assert connection.authenticate("ADA@example.com", PASSWORD).migrated
        assert 0 == connection.progress().remaining


@pytest.mark.parametrize(
    ("case", "read"),
    [
        (TestMembership, (OLD_MEMBERS, OLD_USERS, OLD_APPLICATIONS)),
        (TestUniversalProviders, (MEMBERS, USERS, APPLICATIONS)),
        (TestSimpleMembership, (PAGES, PROFILE)),
        (TestIdentity, (CORE,)),
        (TestIdentity2, (CORE,)),
    ],
)
def test_grants(legacy, case, read):
    """
    The account of the how-to is enough to log in and to list, and can write nothing.
    """
    if legacy.engine.name == "sqlite":
        pytest.skip("SQLite has no accounts.")
    case().fill(legacy)
    reader = legacy.reader(case.provider)
    engine = sa.create_engine(reader, hide_parameters=True)

    with case.make(reader) as source:
        assert source.login("ada@example.com", PASSWORD) is not None
        assert 1 == source.count() == len(list(source.iter_users()))
    for each in read:
        column = next(iter(each.c))
        for statement in (
            sa.update(each).values({column: column}),
            sa.delete(each),
            sa.insert(each).values({column: None}),
        ):
            with (
                pytest.raises(sa.exc.DBAPIError, match="denied"),
                engine.begin() as connection,
            ):
                connection.execute(statement)
    engine.dispose()


# --- What cannot be used -----------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda url: aspnet.membership(url, application="'; DROP TABLE x --"),
        lambda url: aspnet.membership(url, application=""),
        lambda url: aspnet.membership(url, application="a:identifier"),
        lambda url: aspnet.membership(url, application=None),
        lambda url: aspnet.membership(url, algorithm="md6"),
        lambda url: aspnet.membership(url, schema='dbo"."x'),
        lambda url: aspnet.universal_providers(url, application="ü"),
        lambda url: aspnet.simple_membership(url, table="User Profile"),
        lambda url: aspnet.simple_membership(url, email="Mail]"),
        lambda url: aspnet.simple_membership(url, user_id=7),
        lambda url: aspnet.identity(url, version="3"),
    ],
)
def test_arguments(make):
    """
    What could be no name, or no database of such tables, is refused.
    """
    with pytest.raises(ConfigurationError):
        make("sqlite:///legacy.db")


def test_other_database():
    """
    A database that never had such tables is refused, and the way out is told.
    """
    engine = sa.create_engine("sqlite://", hide_parameters=True)
    engine.dialect.name = "oracle"

    with pytest.raises(ConfigurationError, match="SELECT of your own"):
        aspnet.identity(engine)


@pytest.mark.parametrize(
    ("backend", "name", "moment"),
    [
        ("mssql+pymssql", "[dbo].[AspNetUsers] u", "SYSDATETIMEOFFSET()"),
        ("mysql+pymysql", "`dbo`.`AspNetUsers` u", "UTC_TIMESTAMP()"),
        ("postgresql+psycopg", '"dbo"."AspNetUsers" u', "CURRENT_TIMESTAMP"),
    ],
)
def test_spelling(backend, name, moment):
    """
    Names are quoted and the time is told as the database does.
    """
    engine = sa.create_mock_engine(f"{backend}://", lambda *_: None)
    spelt = aspnet._Spelling(
        aspnet.LegacyDatabase(engine, owned=False),
        aspnet._DIALECTS[engine.dialect.name],
        "dbo",
    )

    text = spelt.of("SELECT u.{Id} FROM {AspNetUsers} u WHERE <instant> > <now>")

    assert name in text
    assert moment in text
    assert "<" not in text
    assert "{" not in text
