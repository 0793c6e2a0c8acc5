import asyncio
import importlib.util
import logging
import re
import sqlite3
import sys
import uuid
from contextlib import closing, contextmanager

import attrs
import pytest
import sqlalchemy as sa

from migratekit import _engine
from migratekit.errors import (
    AmbiguousUserError,
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    UnusableHashError,
)
from migratekit.models import ImportRecord, LegacyUser, RowError, StoredHash
from migratekit.protocols import CountableSource, WalkableSource
from migratekit.sources import _database, sql
from migratekit.sources.sql import CountingSQLSource, ListingSQLSource, SQLSource
from migratekit.testing.sources import KnownUser, LegacySourceContract


SCHEMA = """
    CREATE TABLE users (
        id INTEGER PRIMARY KEY, email TEXT, login TEXT, name TEXT, locked TEXT,
        hash TEXT, prefs TEXT
    );
    INSERT INTO users VALUES
        (1, 'Ann@Example.com', 'Ann', 'Ann', '0', 'esroh tcerroc', '{"theme": 1}'),
        (2, 'bob@example.com', 'bob', 'Bob', '1', 'elpats yrettab', NULL),
        (3, 'ü@example.com', 'uwe', 'Uwe', '0', 'nekorb yltrap', NULL),
        (4, 'nil@example.com', 'nil', 'Nil', '0', NULL, NULL),
        (5, 'two@example.com', 'two', 'Two', '0', 'drowssap emas', NULL),
        (6, 'two@example.com', 'two', 'Two', '0', 'drowssap emas', NULL);
"""
QUERY = """
    SELECT id AS user_id, email, login, name, locked, hash AS password_hash, prefs
    FROM users WHERE lower(email) = :canonical OR lower(login) = :canonical
"""
COLUMNS = {"LOGIN": "username", "locked": "blocked", "prefs": "user_metadata"}
KNOWN = (
    KnownUser("Ann@Example.com", "correct horse", user_id="1"),
    KnownUser("bob", "battery staple", user_id="2", blocked=True),
)


@attrs.frozen
class Backwards:
    """
    A format for tests: the password, read backwards.
    """

    def verify(self, password, stored):
        if stored.text == "broken":
            raise UnusableHashError("…", "it is broken")
        return stored.text == password[::-1]


@pytest.fixture(name="path")
def _path(tmp_path):
    path = tmp_path / "a legacy#%41?.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
    return path


def url_of(path):
    return sa.URL.create("sqlite", database=str(path))


def source_of(path, query=QUERY, columns=COLUMNS):
    return SQLSource(url_of(path), query, format=Backwards(), columns=columns)


class TestSQLSource(LegacySourceContract):
    known = KNOWN
    secrets = ("esroh tcerroc", "elpats yrettab")

    @pytest.fixture(autouse=True)
    def _legacy(self, path):
        self.path = path

    @contextmanager
    def open_source(self):
        with source_of(self.path) as source:
            yield source


class TestCountingSQLSource(TestSQLSource):
    @contextmanager
    def open_source(self):
        with source_of(self.path) as source:
            yield source.with_count("SELECT count(*) FROM users")


class TestEngine(TestSQLSource):
    @contextmanager
    def open_source(self):
        engine = sa.create_engine(url_of(self.path), hide_parameters=True)
        yield SQLSource(engine, QUERY, format=Backwards(), columns=COLUMNS)
        engine.dispose()


def test_user(path):
    """
    The user is what the row says.
    """
    user = source_of(path).login("ann", "correct horse")

    expected = LegacyUser(
        user_id="1",
        email="Ann@Example.com",
        username="Ann",
        profile={"name": "Ann"},
        user_metadata={"theme": 1},
    )
    assert expected == user


def test_parameters(path):
    """
    The query gets what was typed, trimmed, and its canonical form.
    """
    query = "SELECT 1 AS user_id, :identifier AS email, :canonical AS username"

    user = source_of(path, query, None).get_user("  Ann@EXAMPLE.com\t".rstrip("\t"))

    assert "Ann@EXAMPLE.com" == user.email
    assert "ann@example.com" == user.username


def test_canonical_is_nfc(path):
    """
    A database that compares bytes finds an address that was typed in another form.
    """
    assert (
        source_of(path).get_user("U\N{COMBINING DIAERESIS}@EXAMPLE.com").user_id == "3"
    )


@pytest.mark.parametrize(
    "identifier", ["", " ", "a\0b", "a\nb", "\ud800", "x" * 321, "\N{KELVIN SIGN}"]
)
def test_no_identifier(identifier):
    """
    Nobody is known by what is no identifier, and the database is not asked.
    """
    source = source_of("/nowhere/legacy.db")

    assert None is source.get_user(identifier)
    assert None is source.login(identifier, "correct horse")


@pytest.mark.parametrize("password", ["", "a\0b", "\ud800", "x" * 4097, None, 1])
def test_no_password(password):
    """
    Nobody logs in by what is no password, and the database is not asked.
    """
    source = source_of("/nowhere/legacy.db")

    assert None is source.login("ann", password)


def test_as_typed(path):
    """
    Without :canonical an identifier need not have that form.
    """
    query = "SELECT 1 AS user_id, :identifier AS email"

    user = source_of(path, query, None).get_user("\N{KELVIN SIGN}")

    assert "\N{KELVIN SIGN}" == user.email


def test_no_hash(path):
    """
    Somebody without a hash cannot log in, but can be looked up.
    """
    source = source_of(path)

    assert None is source.login("nil", "None")
    assert "4" == source.get_user("nil").user_id


def test_two_rows(path):
    """
    Of two rows neither is chosen.
    """
    source = source_of(path)

    with pytest.raises(AmbiguousUserError):
        source.login("two", "same password")
    with pytest.raises(AmbiguousUserError):
        source.get_user("two")


def test_lookalike(path):
    """
    A row that only looks like what was typed is nobody's, as with an exact query.
    """
    query = f"{QUERY.partition('WHERE')[0]} WHERE id = 3 AND :canonical <> ''"

    with source_of(path, query) as source:
        for identifier in ("u@example.com", "Ú@example.com", "UWÉ"):
            assert source.get_user(identifier) is None
            assert source.login(identifier, "partly broken") is None
        for identifier in ("Ü@example.com", "uwe"):
            assert "3" == source.get_user(identifier).user_id
            assert "3" == source.login(identifier, "partly broken").user_id


def test_somebody_else(path):
    """
    A row of somebody else altogether is given: a connection refuses it, and says so.
    """
    query = f"{QUERY.partition('WHERE')[0]} WHERE id = 3 AND :canonical <> ''"

    with source_of(path, query) as source:
        assert "3" == source.get_user("zoe@example.com").user_id


@pytest.mark.parametrize("password", ["partly broken", "a guess"])
def test_somebody_else_logs_in(path, password):
    """
    Whose row it is matters before their password: no answer tells whether it is right.
    """
    query = f"{QUERY.partition('WHERE')[0]} WHERE id = 3 AND :canonical <> ''"

    with source_of(path, query) as source, pytest.raises(ContractError):
        source.login("zoe@example.com", password)


def test_nothing_to_look_like(path):
    """
    A SELECT that gives neither e-mail nor username goes on working.
    """
    query = "SELECT id AS user_id FROM users WHERE lower(email) = :canonical"

    with source_of(path, query, columns=None) as source:
        assert "1" == source.get_user("ann@example.com").user_id


def test_truthy_is_not_true(path):
    """
    A format that answers anything but True lets nobody in.
    """

    class Careless:
        def verify(self, password, stored):
            return "yes"

    source = SQLSource(url_of(path), QUERY, format=Careless(), columns=COLUMNS)

    assert None is source.login("ann", "correct horse")


def test_unusable_hash(path):
    """
    A hash that can never be verified is neither a no nor an outage.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE users SET hash = 'broken' WHERE id = 1")
        connection.commit()

    with pytest.raises(UnusableHashError):
        source_of(path).login("ann", "correct horse")


def test_wrong_password_says_nothing_of_the_row(path):
    """
    Whether a row can be read is no business of who does not know the password.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE users SET locked = 'perhaps' WHERE id = 1")
        connection.commit()
    source = source_of(path)

    assert None is source.login("ann", "wrong")
    with pytest.raises(ContractError):
        source.login("ann", "correct horse")


def test_missing_file(tmp_path):
    """
    A database that is not there is an outage, and is not made.
    """
    source = source_of(tmp_path / "legacy.db")

    with pytest.raises(LegacyUnavailableError, match=r" SQLITE_CANTOPEN\.") as caught:
        source.get_user("ann")

    assert caught.value.__context__ is None
    assert [] == list(tmp_path.iterdir())


def test_file_moved_away(path):
    """
    A database that is switched off is an outage at once, and over when it is back.
    """
    source = source_of(path)
    source.get_user("ann")

    path.rename(path.with_name("away"))
    with pytest.raises(LegacyUnavailableError):
        source.get_user("ann")
    path.with_name("away").rename(path)

    assert "1" == source.get_user("ann").user_id


def test_writes_nothing(path):
    """
    Not even a query that writes gets through.
    """
    before = path.read_bytes()
    query = "UPDATE users SET hash = :canonical RETURNING id AS user_id, email"

    with pytest.raises(LegacyUnavailableError):
        source_of(path, query, None).get_user("ann")

    assert before == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_transaction_ends(path):
    """
    With an engine that can write, what the query wrote is rolled back.
    """
    engine = sa.create_engine(url_of(path), hide_parameters=True)
    query = "UPDATE users SET name = :canonical WHERE id = 1 RETURNING id AS user_id"

    source = SQLSource(engine, query, format=Backwards())

    assert "1" == source.get_user("changed").user_id
    with closing(sqlite3.connect(path)) as connection:
        names = list(connection.execute("SELECT name FROM users WHERE id = 1"))
    assert [("Ann",)] == names
    engine.dispose()


def test_file_url(path):
    """
    A SQLite URI may be given, and is opened read-only too.
    """
    plain = path.rename(path.with_name("legacy.db"))
    source = source_of_url(f"sqlite:///file:{plain}?mode=rwc&uri=true")

    assert "1" == source.get_user("ann").user_id

    plain.rename(path)
    with pytest.raises(LegacyUnavailableError):
        source.get_user("ann")
    assert [path] == list(path.parent.iterdir())


def source_of_url(url, query=QUERY):
    return SQLSource(url, query, format=Backwards(), columns=COLUMNS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "legacy.db",
        "nothing://reader:s3cret@legacy/shop",
        "mysql:no",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite+aiosqlite:///legacy.db",
        None,
        sqlite3,
    ],
)
def test_bad_url(url):
    """
    A URL that cannot be one is refused at once, and not quoted.
    """
    with pytest.raises(ConfigurationError) as caught:
        source_of_url(url)

    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_engine_that_tells():
    """
    An engine that prints parameters in errors and logs is refused.
    """
    with pytest.raises(ConfigurationError, match="hide_parameters"):
        source_of_url(sa.create_engine("sqlite://"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS user_id",
        "SELECT 1 AS user_id FROM users WHERE email = :email",
        "SELECT 1 AS user_id FROM users WHERE email = :identifier AND site = :site",
        "SELECT 1 AS user_id FROM users WHERE email = '\\:identifier'",
        "SELECT 1 AS user_id FROM users WHERE email = '{identifier}'",
        None,
        sa.text("SELECT 1 AS user_id WHERE 'x' = :canonical"),
    ],
)
def test_bad_query(query):
    """
    A query without the identifier, or with other parameters, is refused at once.
    """
    with pytest.raises(ConfigurationError):
        source_of("legacy.db", query)


def test_bad_columns():
    """
    A column that is mapped to nothing is refused at once.
    """
    with pytest.raises(ConfigurationError):
        source_of("legacy.db", columns={"x": "passwort"})


def test_count(path):
    """
    A source that was told how counts; any other cannot.
    """
    source = source_of(path)

    counting = source.with_count("SELECT count(*) FROM users WHERE hash IS NOT NULL")

    assert not isinstance(source, CountableSource)
    assert isinstance(counting, CountableSource)
    assert 5 == counting.count()


def test_count_with_parameters():
    """
    A counting query has no parameters.
    """
    with pytest.raises(ConfigurationError):
        source_of("legacy.db").with_count("SELECT count(*) FROM x WHERE y = :canonical")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM users",
        "SELECT id FROM users WHERE 0",
        "SELECT 1, 2",
        "SELECT -1",
        "SELECT 1.5",
        "SELECT 'many'",
        "SELECT NULL",
    ],
)
def test_bad_count(path, query):
    """
    Anything but one number is no count.
    """
    with pytest.raises(ContractError):
        source_of(path).with_count(query).count()


def test_count_is_unavailable(tmp_path):
    """
    A count that cannot be made is not 0.
    """
    source = source_of(tmp_path / "legacy.db").with_count("SELECT count(*) FROM users")

    with pytest.raises(LegacyUnavailableError):
        source.count()


LISTING = """
    SELECT id AS user_id, email, login, name, locked, hash AS password_hash, prefs
    FROM users ORDER BY id
"""


def test_listing(path):
    """
    A source that is given a listing query yields everybody, with their hashes.
    """
    source = source_of(path)
    listing = source.with_listing(LISTING)

    assert not isinstance(source, WalkableSource)
    assert isinstance(listing, WalkableSource)
    assert not isinstance(listing, CountableSource)
    people = list(listing.iter_users())
    assert [1, 2, 3, 4, 5, 6] == [person.line for person in people]
    assert (
        ImportRecord(
            user_id="1",
            email="Ann@Example.com",
            username="Ann",
            profile={"name": "Ann"},
            user_metadata={"theme": 1},
            password=StoredHash("esroh tcerroc"),
            line=1,
        )
        == people[0]
    )
    assert people[1].blocked
    assert people[3].password is None
    assert "esroh" not in repr(people)


def test_listing_and_count(path):
    """
    Both abilities go together, in whatever order they are given, and the rest stays.
    """
    count = "SELECT count(*) FROM users"

    for source in (
        source_of(path).with_listing(LISTING).with_count(count),
        source_of(path).with_count(count).with_listing(LISTING),
    ):
        assert isinstance(source, WalkableSource)
        assert isinstance(source, CountableSource)
        assert source.count() == len(list(source.iter_users()))
        assert source.login("ann", "correct horse") is not None


def test_listing_without_hashes(path):
    """
    Where the listing has no hashes, users have none.
    """
    source = SQLSource(
        url_of(path), "SELECT id FROM users WHERE :canonical", format=Backwards()
    )

    listing = source.with_listing("SELECT id AS user_id, email FROM users")

    assert {None} == {person.password for person in listing.iter_users()}


def test_listing_with_unreadable_rows(path):
    """
    A row that cannot be read is told with its number, and the others are yielded.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "UPDATE users SET locked = 'perhaps' WHERE id = 2;"
            "UPDATE users SET hash = x'ff' WHERE id = 4;"
        )

    people = list(source_of(path).with_listing(LISTING).iter_users())

    assert [
        RowError(2, "INVALID_TYPE", None, "A str cannot be read as blocked."),
        RowError(4, "INVALID_HASH", "password_hash", "The hash can never be verified."),
    ] == [person for person in people if isinstance(person, RowError)]
    assert ["1", "3", "5", "6"] == [
        person.user_id for person in people if isinstance(person, ImportRecord)
    ]


def test_long_listing(path):
    """
    Rows are fetched some hundreds at a time.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM users")
        connection.executemany(
            "INSERT INTO users (id, email) VALUES (?, ?)",
            ((number, f"{number}@example.com") for number in range(1100)),
        )

    people = source_of(path).with_listing(LISTING).iter_users()

    assert [*map(str, range(1100))] == [person.user_id for person in people]


def test_abandoned_listing(path):
    """
    A listing that nobody reads to its end gives its connection back.
    """
    engine = sa.create_engine(url_of(path), hide_parameters=True, pool_size=1)
    source = SQLSource(engine, QUERY, format=Backwards(), columns=COLUMNS)

    people = source.with_listing(LISTING).iter_users()
    next(people)
    people.close()

    assert 0 == engine.pool.checkedout()
    engine.dispose()


@pytest.mark.parametrize(
    "query", ["SELECT email FROM users", "SELECT email FROM users WHERE 0"]
)
def test_listing_without_ids(path, query):
    """
    A listing without ids is a mistake, also while there is nobody to list.
    """
    source = SQLSource(url_of(path), QUERY, format=Backwards())

    with pytest.raises(ContractError, match="user_id"):
        list(source.with_listing(query).iter_users())


def test_listing_with_parameters():
    """
    A listing query has no parameters.
    """
    with pytest.raises(ConfigurationError):
        source_of("legacy.db").with_listing("SELECT * FROM x WHERE y = :canonical")


def test_listing_is_unavailable(tmp_path):
    """
    A database that cannot be asked is not an empty one.
    """
    source = source_of(tmp_path / "legacy.db").with_listing(LISTING)

    with pytest.raises(LegacyUnavailableError):
        list(source.iter_users())


@pytest.mark.parametrize("kind", [CountingSQLSource, ListingSQLSource])
def test_ability_without_a_query(path, kind):
    """
    An ability comes from its method, and from nowhere else.
    """
    source = kind(url_of(path), QUERY, format=Backwards(), columns=COLUMNS)

    with pytest.raises(ConfigurationError, match="with_"):
        list(getattr(source, "iter_users", lambda: [source.count()])())


def test_close():
    """
    Closing is for engines of ours only.
    """
    engine = sa.create_engine(
        "sqlite://", hide_parameters=True, poolclass=sa.StaticPool
    )
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE kept (x)"))

    with source_of_url(engine):
        pass

    with engine.connect() as connection:
        assert [] == connection.execute(sa.text("SELECT * FROM kept")).all()
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "mssql+pyodbc://reader:s3cret@legacy/shop?odbc_connect=PWD%3Ds3cret",
        "postgresql+psycopg://reader:s3cret@legacy/shop?password=s3cret",
    ],
)
def test_repr(url):
    """
    The repr says which database it is, but no password.
    """
    database = _database.LegacyDatabase(FakeEngine(sa.make_url(url)), owned=True)
    source = source_of_url(database)

    assert "legacy/shop" in repr(source)
    assert "s3cret" not in repr(source)
    assert "s3cret" not in repr(database)


@attrs.frozen
class FakeEngine:
    url: sa.URL


def test_log(path, caplog):
    """
    Nothing secret is logged, whatever level is on.
    """
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "sqlalchemy")
    loud = sa.create_engine(url_of(path), hide_parameters=True, echo="debug")

    for source in (source_of(path), source_of_url(loud)):
        source.login("ann", "correct horse")
        source.login("ann", "wrong password")
        source.get_user("bob")

    loud.dispose()
    assert "FROM users" in caplog.text
    for word in ("esroh", "correct", "wrong", "Ann@", "bob"):
        assert word not in caplog.text


def test_engine_keeps_its_own_log(path, caplog):
    """
    An application's engine goes on logging what it did before.
    """
    caplog.set_level(logging.DEBUG, "sqlalchemy")
    engine = sa.create_engine(url_of(path), hide_parameters=True)
    source_of_url(engine)

    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 'a row'")).all()

    engine.dispose()
    assert "Row ('a row',)" in caplog.text


def test_driver_errors(path, monkeypatch):
    """
    Whatever a driver raises is an outage, and is not quoted.
    """

    class Raising:
        def __init__(self, exc):
            self.exc = exc

        def connect(self):
            raise self.exc

    for exc in (OSError("s3cret"), RuntimeError("s3cret"), sa.exc.TimeoutError()):
        database = _database.LegacyDatabase(Raising(exc), owned=False)

        with pytest.raises(LegacyUnavailableError, match=type(exc).__name__) as caught:
            database.read(sa.text("SELECT 1"), {})

        assert "s3cret" not in str(caught.value)
        assert caught.value.__context__ is None


def test_async_connection_may_ask(path):
    """
    The source may be asked in other threads than it was made in.
    """

    async def ask():
        source = source_of(path)
        return await asyncio.gather(
            *(asyncio.to_thread(source.get_user, "ann") for _ in range(4))
        )

    users = asyncio.run(ask())

    assert ["1"] * 4 == [user.user_id for user in users]


@pytest.mark.parametrize("module", [_engine, _database, sql])
def test_without_sqlalchemy(module, monkeypatch):
    """
    Without SQLAlchemy the error says which extra is missing.
    """
    name = f"again_{uuid.uuid4().hex}"
    spec = importlib.util.spec_from_file_location(name, module.__file__)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)

    with pytest.raises(ImportError, match=re.escape('"migratekit[sql]"')):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_missing_driver():
    """
    A driver that is not installed is an ImportError, as anywhere else.
    """
    with pytest.raises(ImportError):
        _engine.make_engine("sqlite+pysqlcipher://reader:s3cret@/legacy.db")


def test_engine_of_a_url():
    """
    An engine that is made for a URL keeps secrets.
    """
    engine = _engine.checked_engine("sqlite://")

    assert engine.hide_parameters
    assert "migratekit" == engine.logging_name
