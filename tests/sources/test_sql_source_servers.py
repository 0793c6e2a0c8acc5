"""
SQLSource against real servers.

They are named by the environment, as URLs of SQLAlchemy:
``MIGRATEKIT_TEST_POSTGRESQL`` and ``MIGRATEKIT_TEST_MARIADB``.
"""

import contextlib
import os
import uuid

import attrs
import pytest
import sqlalchemy as sa

from migratekit.errors import LegacyUnavailableError
from migratekit.sources import _database
from migratekit.sources.sql import SQLSource
from migratekit.testing.sources import KnownUser, LegacySourceContract


@attrs.frozen
class Backwards:
    """
    A format for tests: the password, read backwards.
    """

    def verify(self, password, stored):
        return stored.text == password[::-1]


BINARY = " COLLATE utf8mb4_bin"
USERS = [
    ("Ann@Example.com", "Ann", False, "esroh tcerroc", '{"theme": 1}'),
    ("bob@example.com", "bob", True, "elpats yrettab", None),
]


@pytest.fixture(
    name="legacy", params=["MIGRATEKIT_TEST_POSTGRESQL", "MIGRATEKIT_TEST_MARIADB"]
)
def _legacy(request):
    if request.param not in os.environ:
        pytest.skip(f"{request.param} is not set")
    engine = sa.create_engine(os.environ[request.param], hide_parameters=True)
    flag = sa.Boolean() if engine.dialect.name == "postgresql" else BIT()
    key = sa.Uuid() if engine.dialect.name == "postgresql" else sa.Integer()
    users = sa.Table(
        f"legacy_{uuid.uuid4().hex}",
        sa.MetaData(),
        sa.Column("ID", key, primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(100)),
        sa.Column("login", sa.String(100)),
        sa.Column("locked", flag),
        sa.Column("hash", sa.LargeBinary),
        sa.Column("prefs", sa.JSON(none_as_null=True)),
        sa.Column("since", sa.DateTime),
    )
    users.create(engine)
    values = "VALUES (:id, :email, :login, :locked, :hash, :prefs, '2020-01-01')"
    with engine.begin() as connection:
        for number, (email, login, locked, password, prefs) in enumerate(USERS):
            connection.execute(
                sa.text(f"INSERT INTO {users.name} {values}"),
                {
                    "id": uuid.UUID(int=number) if key.__class__ is sa.Uuid else number,
                    "email": email,
                    "login": login,
                    "locked": locked,
                    "hash": password.encode(),
                    "prefs": prefs,
                },
            )
    with _reading(engine, users) as reader:
        yield Legacy(engine, reader, users)
    users.drop(engine)
    engine.dispose()


@contextlib.contextmanager
def _reading(owner, users):
    """
    Give an engine of an account that may read the table, and nothing else.
    """
    name = f"r{uuid.uuid4().hex[:12]}"
    postgresql = owner.dialect.name == "postgresql"
    who = name if postgresql else f"{name}@'%%'"
    kind = "LOGIN PASSWORD" if postgresql else "IDENTIFIED BY"
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE USER {who} {kind} 'reading'")
        connection.exec_driver_sql(f"GRANT SELECT ON {users.name} TO {who}")
    url = owner.url.set(username=name, password="reading")
    reader = sa.create_engine(url, hide_parameters=True)
    yield reader
    reader.dispose()
    with owner.begin() as connection:
        if postgresql:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
        connection.exec_driver_sql(f"DROP USER {who}")


class BIT(sa.types.UserDefinedType):
    """
    MySQL's type for flags, which drivers give as bytes.
    """

    def get_col_spec(self):
        return "BIT(1)"


@attrs.frozen
class Legacy:
    engine: sa.Engine
    reader: sa.Engine
    users: sa.Table

    def source(self, where=None, query=None):
        where = where or self.reader.url
        query = query or (
            "SELECT {id} AS user_id, email, login, locked, hash, prefs, since, "
            f"'50%% :-)' AS nickname FROM {self.users.name} "
            "WHERE {email} = :canonical OR {login} = lower(:identifier)"
        )
        # The default collation of MySQL takes á for a.
        exact = "" if self.engine.dialect.name == "postgresql" else BINARY
        columns = {
            "login": "username",
            "locked": "blocked",
            "hash": "password_hash",
            "prefs": "user_metadata",
            "since": "created_at",
        }
        quote = self.engine.dialect.identifier_preparer.quote
        names = {
            "{id}": quote("ID"),
            "{email}": f"lower(email){exact}",
            "{login}": f"lower(login){exact}",
        }
        for name, text in names.items():
            query = query.replace(name, text)
        return SQLSource(
            where,
            query,
            format=Backwards(),
            columns=columns,
        )

    def rows(self):
        with self.engine.connect() as connection:
            query = sa.select(self.users).order_by(self.users.c.email)
            return connection.execute(query).all()


class TestServer(LegacySourceContract):
    known = (
        KnownUser("Ann@Example.com", "correct horse"),
        KnownUser("bob", "battery staple", blocked=True),
    )
    secrets = ("esroh tcerroc",)

    @pytest.fixture(autouse=True)
    def _use(self, legacy):
        self.legacy = legacy

    @contextlib.contextmanager
    def open_source(self):
        with self.legacy.source() as source:
            yield source.with_count(f"SELECT count(*) FROM {self.legacy.users.name}")


class TestServerEngine(TestServer):
    @contextlib.contextmanager
    def open_source(self):
        with self.legacy.source(self.legacy.reader) as source:
            yield source


def test_values(legacy):
    """
    What real drivers give is understood, a percent sign in the query too.
    """
    with legacy.source() as source:
        user = source.get_user("ANN")

    assert {"theme": 1} == user.user_metadata
    assert "2020-01-01T00:00:00+00:00" == user.created_at.isoformat()
    assert "50%% :-)" == user.profile["nickname"]


def test_collation(legacy):
    """
    Whom a collation takes for somebody else is not that person.
    """
    query = (
        "SELECT {id} AS user_id, email, login, locked, hash, prefs, since "
        f"FROM {legacy.users.name} WHERE lower(email) = :canonical"
    )

    with legacy.source(query=query) as source:
        assert source.get_user("ánn@example.com") is None
        assert source.login("ánn@example.com", "correct horse") is None
        assert source.login("ANN@example.com", "correct horse") is not None


def test_letter_that_the_column_has_not(legacy):
    """
    Whoever types it has the database as well as before, for all others.
    """
    if legacy.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL has one encoding for all columns")
    query = (
        "SELECT {id} AS user_id, email, hash "
        f"FROM {legacy.users.name} WHERE CONVERT(email USING latin1) = :canonical"
    )

    with legacy.source(query=query) as source:
        with pytest.raises(LegacyUnavailableError) as caught:
            source.get_user("жanna@example.com")
        assert caught.value.answered


@pytest.mark.parametrize("own", [True, False])
def test_writes_nothing(legacy, own):
    """
    The server itself refuses a write, even of the owner, and the connection is free
    again afterwards.
    """
    query = f"UPDATE {legacy.users.name} SET login = :canonical"
    if legacy.engine.dialect.name == "postgresql":
        query += ' RETURNING "ID" AS user_id'
    before = legacy.rows()

    where = legacy.engine.url if own else legacy.engine
    with (
        legacy.source(where, query) as source,
        pytest.raises(LegacyUnavailableError) as caught,
    ):
        source.get_user("mallory")

    # It would be this one if the statement had run.
    assert "ResourceClosedError" not in str(caught.value)
    assert before == legacy.rows()
    with legacy.engine.begin() as connection:
        connection.execute(legacy.users.update().values(login="free"))


def test_listing(legacy):
    """
    All rows are listed, in a transaction that may only read and ends when nobody wants
    more.
    """
    quote = legacy.engine.dialect.identifier_preparer.quote
    listing = (
        f"SELECT {quote('ID')} AS user_id, email, login, locked, hash, prefs, since "
        f"FROM {legacy.users.name} ORDER BY email"
    )
    emails = [email for email, *_ in USERS]

    with legacy.source() as source:
        listed = list(source.with_listing(listing).iter_users())
        begun = source.with_listing(listing).iter_users()
        next(begun)
        begun.close()

    assert sorted(emails) == sorted(person.email for person in listed)
    assert {password for *_, password, _ in USERS} == {
        person.password.text for person in listed
    }
    with legacy.engine.begin() as connection:
        connection.execute(legacy.users.update().values(login="free"))


def test_row_error(legacy):
    """
    A query that the server cannot run is an outage.
    """
    query = "SELECT user_id FROM nowhere WHERE x = :canonical"

    with legacy.source(query=query) as source, pytest.raises(LegacyUnavailableError):
        source.get_user("ann")


@attrs.define
class FakeConnection:
    """
    Notes what it is told.
    """

    name: str
    server_version_info: tuple | None = None
    told: list = attrs.Factory(list)

    @property
    def dialect(self):
        return self

    def execution_options(self, **options):
        self.told.append(options)

    def exec_driver_sql(self, statement):
        self.told.append(statement)

    def rollback(self):
        self.told.append("ROLLBACK")


@pytest.mark.parametrize(
    ("expected", "connection"),
    [
        ([{"postgresql_readonly": True}], FakeConnection("postgresql", (18,))),
        (["SET TRANSACTION READ ONLY"], FakeConnection("mysql", (5, 6, 5))),
        (["SET TRANSACTION READ ONLY"], FakeConnection("mariadb", (10, 11))),
        ([], FakeConnection("mysql", (5, 5, 62))),
        ([], FakeConnection("sqlite", (3, 45))),
        ([], FakeConnection("mssql")),
    ],
)
def test_read_only_where_there_is_such(expected, connection):
    """
    Servers that know read-only transactions are told; older ones are not confused.
    """
    _database._begin_read_only(connection)

    assert expected == connection.told


@pytest.mark.parametrize("name", ["mysql", "mariadb", "postgresql", "sqlite"])
def test_patience_where_there_is_such(name):
    """
    Servers that give up on a slow reader are told not to, outside the transaction.
    """
    connection = FakeConnection(name)

    _database._be_patient(connection)

    patient = ["SET SESSION net_write_timeout = 86400", "ROLLBACK"]
    assert (patient if name in {"mysql", "mariadb"} else []) == connection.told
