"""
The queries for Oracle and SQL Server, in H2's modes of these two.

There is no server of either to test with.  H2 understands much of what they do:
identifiers in brackets, functions, types.  It is in ``MIGRATEKIT_TEST_H2``, the path of
its jar, and ``nox -s h2`` runs these tests.
"""

import os
import uuid
import warnings
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.mssql.base import MSDialect
from sqlalchemy.dialects.oracle.base import OracleDialect
from test_aspnet import HASHES
from test_aspnet import PASSWORD as ASPNET_PASSWORD
from test_databases import HASH, PASSWORD

from migratekit.models import ImportRecord
from migratekit.sources import aspnet, databases
from migratekit.testing import KnownUser, LegacySourceContract


VARIABLE = "MIGRATEKIT_TEST_H2"
_BIGINT = -5  # of java.sql.Types
# Of the bridge to Java itself, which calls old names of its own library.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:jaydebeapi")

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


class _OverJDBC:
    """
    A dialect whose statements go to H2; nothing else of it is asked.
    """

    driver = "h2"
    default_paramstyle = "qmark"

    @classmethod
    def import_dbapi(cls):
        with warnings.catch_warnings():
            # Its source has escapes that Python does not like any more.
            warnings.simplefilter("ignore")
            import jaydebeapi
            import jpype.config

        # Else the end of the process may wait for Java's threads for ever.
        jpype.config.destroy_jvm = False
        return jaydebeapi

    def initialize(self, connection):
        pass

    def create_connect_args(self, url):
        mode = {"mssql": "MSSQLServer", "oracle": "Oracle"}[self.name]
        options = f"MODE={mode};DB_CLOSE_DELAY=-1"
        if mode == "MSSQLServer":
            # As its default collation and its names are.
            options += ";IGNORECASE=TRUE;CASE_INSENSITIVE_IDENTIFIERS=TRUE"
            options += ";DATABASE_TO_UPPER=FALSE"
        where = f"jdbc:h2:mem:{url.database};{options}"
        return ("org.h2.Driver", where, ["sa", ""], os.environ[VARIABLE]), {}

    def get_default_isolation_level(self, connection):
        return None

    def on_connect(self):
        def prepare(connection):
            connection.jconn.setAutoCommit(False)
            # The bridge leaves a BIGINT a number of Java's.
            connection._converters[_BIGINT] = lambda rows, at: int(rows.getLong(at))

        return prepare


class SQLServer(_OverJDBC, MSDialect):
    supports_statement_cache = False


class Oracle(_OverJDBC, OracleDialect):
    supports_statement_cache = False

    def do_ping(self, connection):
        return True


sa.dialects.registry.register("mssql.h2", __name__, "SQLServer")
sa.dialects.registry.register("oracle.h2", __name__, "Oracle")


@pytest.fixture(name="connect")
def _connect():
    """
    Give a function that makes an engine with the tables of a script in it.
    """
    if VARIABLE not in os.environ:
        if os.environ.get("MIGRATEKIT_REQUIRE_H2"):
            pytest.fail(f"{VARIABLE} is not set")
        pytest.skip(f"{VARIABLE} is not set: no H2 to test with")
    engines = []

    def connect(backend, script):
        url = f"{backend}+h2:///{uuid.uuid4().hex}"
        engine = sa.create_engine(url, hide_parameters=True)
        engines.append(engine)
        with engine.begin() as connection:
            for statement in script.split(";"):
                if statement.strip():
                    connection.exec_driver_sql(statement)
        return engine

    yield connect
    for engine in engines:
        engine.dispose()


USERS = f"""
CREATE TABLE users (
    id INTEGER PRIMARY KEY, email VARCHAR(200), password VARCHAR(200),
    login VARCHAR(200), locked INTEGER, since TIMESTAMP
);
INSERT INTO users VALUES
    (1, 'Ada@Example.com', '{HASH}', 'Ada', 0, TIMESTAMP '2020-01-02 03:04:05');
INSERT INTO users VALUES (2, 'bob@example.com', '{HASH}', 'ada@example.com', 1, NULL)
"""
MEMBERSHIP = f"""
CREATE TABLE aspnet_Applications (
    ApplicationId VARCHAR(36), LoweredApplicationName NVARCHAR(256)
);
CREATE TABLE aspnet_Users (
    UserId VARCHAR(36), UserName NVARCHAR(256), LoweredUserName NVARCHAR(256)
);
CREATE TABLE aspnet_Membership (
    ApplicationId VARCHAR(36), UserId VARCHAR(36), Password NVARCHAR(128),
    PasswordFormat INT, PasswordSalt NVARCHAR(128), Email NVARCHAR(256),
    LoweredEmail NVARCHAR(256), IsApproved BIT, IsLockedOut BIT, CreateDate DATETIME
);
INSERT INTO aspnet_Applications VALUES ('a', '/');
INSERT INTO aspnet_Users VALUES ('{ID}', 'Ada', 'ada');
INSERT INTO aspnet_Membership VALUES (
    'a', '{ID}', '{HASHES.salted}', 1, '{HASHES.salt}', 'Ada@Example.com',
    'ada@example.com', 1, 0, '2009-08-07 06:05:04'
)
"""
UNIVERSAL = f"""
CREATE TABLE Applications (ApplicationId VARCHAR(36), ApplicationName NVARCHAR(256));
CREATE TABLE Users (UserId VARCHAR(36), UserName NVARCHAR(256));
CREATE TABLE Memberships (
    ApplicationId VARCHAR(36), UserId VARCHAR(36), Password NVARCHAR(128),
    PasswordFormat INT, PasswordSalt NVARCHAR(128), Email NVARCHAR(256),
    IsApproved BIT, IsLockedOut BIT, CreateDate DATETIME
);
INSERT INTO Applications VALUES ('a', '/');
INSERT INTO Users VALUES ('{ID}', 'Ada');
INSERT INTO Memberships VALUES (
    'a', '{ID}', '{HASHES.keyed}', 1, '{HASHES.salt}', 'Ada@Example.com', 1, 0,
    '2009-08-07 06:05:04'
)
"""
SIMPLE = f"""
CREATE TABLE UserProfile (UserId INT, UserName NVARCHAR(56));
CREATE TABLE webpages_Membership (
    UserId INT, CreateDate DATETIME, IsConfirmed BIT, Password NVARCHAR(128)
);
INSERT INTO UserProfile VALUES (7, 'Ada@Example.com');
INSERT INTO webpages_Membership VALUES (7, '2012-01-02 03:04:05', 1, '{HASHES.derived}')
"""
# H2 does not know the functions for the time, and takes Java's for them.
IDENTITY = f"""
CREATE ALIAS SYSDATETIMEOFFSET FOR "java.time.OffsetDateTime.now()";
CREATE ALIAS SYSUTCDATETIME FOR "java.time.LocalDateTime.now()";
CREATE TABLE AspNetUsers (
    Id NVARCHAR(450), UserName NVARCHAR(256), NormalizedUserName NVARCHAR(256),
    Email NVARCHAR(256), NormalizedEmail NVARCHAR(256), EmailConfirmed BIT,
    PasswordHash NVARCHAR(512), LockoutEnd TIMESTAMP WITH TIME ZONE,
    LockoutEndDateUtc DATETIME, LockoutEnabled BIT
);
INSERT INTO AspNetUsers VALUES (
    '{ID}', 'Ada', 'ADA', 'Ada@Example.com', 'ADA@EXAMPLE.COM', 1, '{HASHES.derived}',
    NULL, NULL, 1
);
INSERT INTO AspNetUsers VALUES (
    'b', 'Bob', 'BOB', 'bob@example.com', 'BOB@EXAMPLE.COM', 0, '{HASHES.derived}',
    TIMESTAMP WITH TIME ZONE '2999-01-01 00:00:00+00:00', '2999-01-01 00:00:00', 1
)
"""


class _Contract(LegacySourceContract):
    script = ""
    backend = "mssql"

    @pytest.fixture(autouse=True)
    def _use(self, connect):
        self.connect = connect

    @contextmanager
    def open_source(self):
        with self.make(self.connect(self.backend, self.script)) as source:
            yield source

    def test_all(self):
        """
        Everybody is counted and listed, with their hashes.
        """
        with self.open_source() as source:
            listed = list(source.iter_users())

        assert len(listed) == len(self.known)
        assert all(isinstance(row, ImportRecord) and row.password for row in listed)


class TestSQLServer(_Contract):
    script = USERS
    known = (
        KnownUser("Ada@Example.com", PASSWORD, user_id="1"),
        KnownUser("bob@example.com", PASSWORD, user_id="2", blocked=True),
    )
    secrets = (HASH,)

    @staticmethod
    def make(engine):
        return databases.sql_server(
            engine, username="login", blocked="locked", created_at="since"
        )


class TestAzureSQL(TestSQLServer):
    @staticmethod
    def make(engine):
        return databases.azure_sql(
            engine, username="login", blocked="locked", created_at="since"
        )


class TestOracle(TestSQLServer):
    backend = "oracle"

    @staticmethod
    def make(engine):
        return databases.oracle(
            engine, username="login", blocked="locked", created_at="since"
        )


class TestMembership(_Contract):
    script = MEMBERSHIP
    known = (KnownUser("ADA@example.com", ASPNET_PASSWORD, user_id=ID),)
    make = staticmethod(aspnet.membership)


class TestUniversalProviders(_Contract):
    script = UNIVERSAL
    known = (KnownUser("ada", ASPNET_PASSWORD, user_id=ID),)
    make = staticmethod(aspnet.universal_providers)


class TestSimpleMembership(_Contract):
    script = SIMPLE
    known = (KnownUser("Ada@Example.com", ASPNET_PASSWORD, user_id="7"),)
    make = staticmethod(aspnet.simple_membership)


class TestIdentity(_Contract):
    script = IDENTITY
    known = (
        KnownUser("Ada@Example.com", ASPNET_PASSWORD, user_id=ID),
        KnownUser("bob", ASPNET_PASSWORD, user_id="b", blocked=True),
    )
    make = staticmethod(aspnet.identity)


class TestIdentity2(TestIdentity):
    @staticmethod
    def make(engine):
        return aspnet.identity(engine, version="2")
