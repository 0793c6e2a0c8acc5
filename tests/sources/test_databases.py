"""
The usual table of users in the usual databases.
"""

import os
import uuid
from contextlib import contextmanager

import bcrypt
import pytest
import sqlalchemy as sa
from products.product_grants import grants_of

from migratekit.errors import (
    ConfigurationError,
    UnusableHashError,
)
from migratekit.formats import presets
from migratekit.models import LegacyUser
from migratekit.sources import databases
from migratekit.testing import KnownUser, LegacySourceContract


PASSWORD = "correct horse"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
COLUMNS = {
    "username": "login",
    "blocked": "is_locked",
    "email_verified": "verified",
    "name": "full_name",
    "created_at": "since",
}
MAKERS = {
    "mysql": ("mysql+pymysql", databases.mysql),
    "postgresql": ("postgresql+psycopg", databases.postgresql),
    "oracle": ("oracle+oracledb", databases.oracle),
    "sql_server": ("mssql+pymssql", databases.sql_server),
    "azure_sql": ("mssql+pymssql", databases.azure_sql),
}
SERVERS = {
    "mysql": "MIGRATEKIT_TEST_MARIADB",
    "postgresql": "MIGRATEKIT_TEST_POSTGRESQL",
}
METADATA = sa.MetaData()
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(200)),
    sa.Column("password", sa.String(200)),
    sa.Column("login", sa.String(200)),
    sa.Column("is_locked", sa.Boolean),
    sa.Column("verified", sa.Boolean),
    sa.Column("full_name", sa.String(200)),
    sa.Column("since", sa.DateTime),
)
ROWS = [
    {
        "id": 1,
        "email": "Ada@Example.com",
        "password": HASH,
        "login": "Ada",
        "is_locked": False,
        "verified": True,
        "full_name": "Ada L.",
        "since": sa.func.current_timestamp(),
    },
    {
        "id": 2,
        "email": "bob@example.com",
        "password": HASH,
        "login": "ada@example.com",
        "is_locked": True,
        "verified": False,
        "full_name": None,
        "since": None,
    },
]


class Legacy:
    """
    A database with the table, and an account that may read it.
    """

    def __init__(self, name, owner, reader):
        self.make = MAKERS[name][1]
        self.owner = owner
        self.reader = reader

    def source(self, **table):
        return self.make(self.reader, **{**COLUMNS, **table})


@pytest.fixture(name="legacy", scope="module", params=["sqlite", *SERVERS])
def _legacy(request, tmp_path_factory):
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("databases") / "legacy.db"
        owner = sa.create_engine(f"sqlite:///{path}", hide_parameters=True)
        _fill(owner)
        yield Legacy("mysql", owner, owner.url)
        owner.dispose()
        return
    with _on_server(request.param) as legacy:
        yield legacy


def _fill(engine):
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for row in ROWS:
            connection.execute(sa.insert(USERS).values(**row))


@contextmanager
def _on_server(name):
    """
    Make a database, and in it the account that the how-to says to make.
    """
    if SERVERS[name] not in os.environ:
        pytest.skip(f"{SERVERS[name]} is not set")
    url = sa.make_url(os.environ[SERVERS[name]])
    database, reader = f"mk_{uuid.uuid4().hex[:20]}", f"r_{uuid.uuid4().hex[:12]}"
    host = "@'%%'" if name == "mysql" else ""
    # An old table has an old encoding.
    charset = " CHARACTER SET latin1" if name == "mysql" else ""
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {database}{charset}")
    owner = sa.create_engine(url.set(database=database), hide_parameters=True)
    _fill(owner)
    with owner.begin() as connection:
        for statement in grants_of("users table", name):
            text = statement.replace("legacy", database).replace("reader", reader)
            connection.execute(sa.text(text.replace("choose one", "reading")))
    yield Legacy(name, owner, owner.url.set(username=reader, password="reading"))
    with owner.begin() as connection:
        if name == "postgresql":
            connection.exec_driver_sql(f"DROP OWNED BY {reader}")
        connection.exec_driver_sql(f"DROP USER {reader}{host}")
    owner.dispose()
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {database}")
    admin.dispose()


class TestUsersTable(LegacySourceContract):
    known = (
        KnownUser("ada@example.com", PASSWORD, user_id="1"),
        KnownUser("bob@example.com", PASSWORD, user_id="2", blocked=True),
    )
    secrets = (HASH,)

    @pytest.fixture(autouse=True)
    def _use(self, legacy):
        self.legacy = legacy

    @contextmanager
    def open_source(self):
        with self.legacy.source() as source:
            yield source


def test_user(legacy):
    """
    The columns arrive as what they are said to be.
    """
    with legacy.source() as source:
        ada = source.login("aDa", PASSWORD)
        listed = list(source.iter_users())

        assert ("1", "Ada@Example.com", "Ada", True, False, {"name": "Ada L."}) == (
            ada.user_id,
            ada.email,
            ada.username,
            ada.email_verified,
            ada.blocked,
            ada.profile,
        )
        assert ada.created_at is not None
        assert 2 == source.count() == len(listed)
        assert {HASH} == {person.password.text for person in listed}


def test_name_like_an_address(legacy):
    """
    A username that is somebody's e-mail finds nobody, and is not copied.
    """
    with legacy.source() as source:
        assert "1" == source.get_user("ada@example.com").user_id
        assert source.get_user("bob@example.com").username is None


def test_few_columns(legacy):
    """
    A table may have no more than ids, e-mails and hashes.
    """
    bare = dict.fromkeys(COLUMNS)

    with legacy.source(**bare) as source:
        assert LegacyUser(user_id="1", email="Ada@Example.com") == source.login(
            "ADA@example.com", PASSWORD
        )
        assert source.get_user("ada") is None


def test_beyond_the_encoding(legacy):
    """
    An identifier that a column cannot hold is nobody's, and no outage.
    """
    with legacy.source() as source:
        for identifier in (
            "日本",
            "日本@example.com",
            "a\N{COMBINING ACUTE ACCENT}@b.c",
        ):
            assert None is source.get_user(identifier)


def test_column_that_tells_letter_case_apart(legacy):
    """
    A column that tells letter case apart finds everybody in any letter case all the same.
    """
    if legacy.owner.name != "mysql":
        pytest.skip("Its columns all compare in one way.")
    kind = "VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    with legacy.owner.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE exact LIKE users")
        connection.exec_driver_sql("INSERT INTO exact SELECT * FROM users")
        connection.exec_driver_sql(f"ALTER TABLE exact MODIFY email {kind}")
    source = legacy.make(legacy.owner, **{**COLUMNS, "table": "exact"})

    assert "1" == source.get_user("ada@EXAMPLE.com").user_id


def test_format(legacy):
    """
    The format is bcrypt unless another is named.
    """
    md5 = presets.recipe("md5($pass)")

    with legacy.source(format=md5) as source, pytest.raises(UnusableHashError):
        source.login("ada", PASSWORD)


def test_reads_only(legacy):
    """
    The account of the how-to can write nothing.
    """
    if legacy.owner.name == "sqlite":
        pytest.skip("SQLite has no accounts.")
    engine = sa.create_engine(legacy.reader, hide_parameters=True)

    for statement in (
        sa.update(USERS).values(login="x"),
        sa.delete(USERS),
        sa.insert(USERS).values(id=3),
    ):
        with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
            connection.execute(statement)
    engine.dispose()


# --- Every dialect -----------------------------------------------------------------


def queries(source):
    """
    Return the look-up, the listing and the count of a source as its dialect says them.
    """
    dialect = source._database.engine.dialect
    parts = (source._query, source._more.listing, source._more.count)
    return [str(part.statement.compile(dialect=dialect)) for part in parts]


@pytest.mark.parametrize(
    ("name", "table", "found"),
    [
        ("mysql", "`Users`", "Email IN (CONVERT((%(canonical)s) USING ascii), "),
        (
            "postgresql",
            '"Users"',
            'lower("Email") IN (%(canonical)s, lower(%(identifier)s))',
        ),
        ("oracle", '"Users"', 'lower("Email") IN (:canonical, lower(:identifier))'),
        ("sql_server", "[Users]", "[Email] IN (%(canonical)s, %(identifier)s)"),
        ("azure_sql", "[Users]", "[Email] IN (%(canonical)s, %(identifier)s)"),
    ],
)
def test_queries(name, table, found):
    """
    Names are quoted and letter case is disregarded as each database does it.
    """
    scheme, make = MAKERS[name]
    source = make(f"{scheme}://reader:secret@db/x", table="shop.Users", email="Email")

    look_up, listing, count = queries(source)

    assert f"FROM shop.{table}" in count
    assert f"FROM shop.{table}" in listing
    assert found in look_up.replace("`Email`", "Email")
    assert "WHERE" not in listing
    assert "secret" not in repr(source)
    source.close()


# --- What cannot be used -----------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda url: databases.mysql("postgresql+psycopg://db/x"),
        lambda url: databases.mysql("mysql+asyncmy://db/x"),
        lambda url: databases.mysql("mysql://db/x"),
        lambda url: databases.oracle(
            sa.create_engine("mysql+pymysql://db/x", hide_parameters=True)
        ),
        lambda url: databases.mysql(url, table="users; DROP TABLE users"),
        lambda url: databases.mysql(url, table="a.b.c"),
        lambda url: databases.mysql(url, table=None),
        lambda url: databases.mysql(url, email=None),
        lambda url: databases.mysql(url, email="e-mail"),
        lambda url: databases.mysql(url, username=""),
        lambda url: databases.mysql(url, mail="email"),
        lambda url: databases.mysql(url, format="nonsense"),
    ],
)
def test_arguments(make):
    """
    What is no name, another database or another driver is refused.
    """
    with pytest.raises(ConfigurationError):
        make("sqlite:///legacy.db")


def test_engine():
    """
    An engine of the application's is asked as it is, and stays its own.
    """
    engine = sa.create_engine(
        "mysql+pymysql://reader:secret@db/x", hide_parameters=True
    )

    source = databases.mysql(engine)

    assert "secret" not in repr(source)
    source.close()
    engine.dispose()
