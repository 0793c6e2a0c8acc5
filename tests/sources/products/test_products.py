"""
Every product against its own schema: in SQLite, and on the servers it runs on.

The servers are named by the environment, as URLs of SQLAlchemy:
``MIGRATEKIT_TEST_POSTGRESQL`` and ``MIGRATEKIT_TEST_MARIADB``.
"""

import contextlib
import functools
import os
import uuid

import attrs
import pytest
import sqlalchemy as sa
from product_case import Case, Somebody
from product_cases_other import CASES as OTHER_CASES
from product_cases_php import CASES as PHP_CASES
from product_grants import grants_of

from migratekit import Connection
from migratekit.errors import (
    AccountBlockedError,
    ContractError,
    LegacyUnavailableError,
)
from migratekit.models import LegacyUser
from migratekit.passwords import Argon2Hasher
from migratekit.policy import MigrationPolicy
from migratekit.sources import products
from migratekit.stores.memory import MemoryStore
from migratekit.testing.sources import KnownUser, LegacySourceContract


CHEAP = Argon2Hasher(memory_cost=8, time_cost=1, parallelism=1)
CASES = (*PHP_CASES, *OTHER_CASES)
SERVERS = {
    "mysql": "MIGRATEKIT_TEST_MARIADB",
    "postgresql": "MIGRATEKIT_TEST_POSTGRESQL",
}
FIELDS = [field.name for field in attrs.fields(LegacyUser)]
PLACES = [(case, "sqlite") for case in CASES] + [
    (case, backend) for case in CASES if case.grants for backend in case.ddl
]


@attrs.frozen
class Peer:
    """
    A database with the tables of a product in it.
    """

    case: Case
    backend: str
    owner: sa.Engine
    reader: sa.Engine

    def open(self):
        return self.case.make(self.reader)

    def insert(self, rows):
        quote = self.owner.dialect.identifier_preparer.quote_identifier
        with self.owner.begin() as connection:
            for name, row in rows:
                upper = self.backend == "mysql" and self.case.upper
                parts = (name.upper() if upper else name).split(".")
                table = ".".join(map(quote, parts))
                columns = ", ".join(map(quote, row))
                values = ", ".join(f":v{number}" for number in range(len(row)))
                connection.execute(
                    sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"),
                    {f"v{number}": value for number, value in enumerate(row.values())},
                )


def _create(peer):
    schema = peer.case.schema
    with peer.owner.begin() as connection:
        if schema and peer.backend == "postgresql":
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        # An index of an attached SQLite database has its schema, its table none.
        names = {"{schema}": "", "{table}": f"{schema}.users"}
        if peer.backend == "sqlite":
            names = {"{schema}": f"{schema}.", "{table}": "users"}
        for text in peer.case.statements(peer.backend):
            statement = functools.reduce(
                lambda done, pair: done.replace(*pair), names.items(), text
            )
            connection.exec_driver_sql(statement)
    peer.insert(peer.case.rows())


@contextlib.contextmanager
def _in_sqlite(case, folder):
    engine = sa.create_engine(f"sqlite:///{folder / 'legacy.db'}", hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _attach(connection, _):
        connection.execute("PRAGMA synchronous = OFF").close()
        if case.schema:
            path = folder / "schema.db"
            connection.execute(f"ATTACH '{path}' AS {case.schema}").close()

    yield Peer(case, "sqlite", engine, engine)
    engine.dispose()


@contextlib.contextmanager
def _on_server(case, backend):
    if SERVERS[backend] not in os.environ:
        pytest.skip(f"{SERVERS[backend]} is not set")
    url = sa.make_url(os.environ[SERVERS[backend]])
    name = f"mk_{uuid.uuid4().hex[:20]}"
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    owner = sa.create_engine(url.set(database=name), hide_parameters=True)
    reading = url.set(database=name, username=f"r_{name}", password="reading")
    reader = sa.create_engine(reading, hide_parameters=True)
    with admin.connect() as connection:
        charset = " CHARACTER SET utf8mb4" if backend == "mysql" else ""
        connection.exec_driver_sql(f"CREATE DATABASE {name}{charset}")
    try:
        yield Peer(case, backend, owner, reader)
    finally:
        reader.dispose()
        with owner.begin() as connection:
            if backend == "postgresql":
                connection.exec_driver_sql(f"DROP OWNED BY r_{name}")
        owner.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}")
            host = "@'%%'" if backend == "mysql" else ""
            connection.exec_driver_sql(f"DROP USER IF EXISTS r_{name}{host}")
        admin.dispose()


@pytest.fixture(
    name="peer",
    scope="module",
    params=PLACES,
    ids=[f"{case}-{backend}" for case, backend in PLACES],
)
def _peer(request, tmp_path_factory):
    case, backend = request.param
    if backend == "sqlite":
        place = _in_sqlite(case, tmp_path_factory.mktemp("legacy"))
    else:
        place = _on_server(case, backend)
    with place as peer:
        _create(peer)
        if backend != "sqlite":
            _grant(peer)
        yield peer


def _grant(peer):
    """
    Make the reader as the how-to of the product says.
    """
    name = peer.owner.url.database
    with peer.owner.begin() as connection:
        for text in grants_of(peer.case.grants, peer.backend):
            statement = text.replace("legacy", name).replace("reader", f"r_{name}")
            statement = statement.replace("choose one", "reading")
            connection.execute(sa.text(statement))


class TestProduct(LegacySourceContract):
    """
    Every product keeps the promises of a source.
    """

    @pytest.fixture(autouse=True)
    def _use(self, peer):
        self.peer = peer
        bob = next(other for other in peer.case.others if other.label == "bob")
        self.known = (
            KnownUser(
                "Ada@Example.com" if peer.case.ada.get("email", "") == "" else "Ada",
                "correct horse",
                blocked=False,
            ),
            KnownUser(
                "bob" if peer.case.username else "bob@example.com",
                bob.password,
                blocked=bool(bob.expected.get("blocked")),
            ),
        )

    def open_source(self):
        return self.peer.open()


def _like(expected, user):
    found = {
        key: getattr(user, key).isoformat()
        if key == "created_at" and user.created_at
        else getattr(user, key)
        for key in expected
    }
    return expected == found


def _identifiers(peer, label):
    found = []
    if peer.case.username:
        found.append(label)
    if peer.case.ada.get("email", "") == "":
        found.append(f"{label}@example.com")
    return found


def test_ada(peer):
    """
    An ordinary user arrives with everything that is known of them.
    """
    with peer.open() as source:
        for identifier in _identifiers(peer, "ADA"):
            assert _like(peer.case.ada, source.get_user(identifier))


def test_others(peer):
    """
    Blocked, deleted, unverified users and all others are what the product means.
    """
    with peer.open() as source:
        for other in peer.case.others:
            _check(peer, source, other)


def _check(peer, source, other: Somebody):
    for identifier in _identifiers(peer, other.label):
        if "@" in identifier and (other.expected or {}).get("email", "") is None:
            assert None is source.get_user(identifier)
            continue
        if "@" not in identifier and (other.expected or {}).get("username", "") is None:
            assert None is source.get_user(identifier)
            continue
        user = source.get_user(identifier)
        by_password = source.login(identifier, other.password)
        if other.expected is None:
            assert (None, None) == (user, by_password), other
            continue
        assert _like(other.expected, user), other
        assert (user if other.logs_in else None) == by_password, other


def test_stored_hashes(peer):
    """
    What the product stored over the years is verified.
    """
    with peer.open() as source:
        for number, (_, password) in enumerate(peer.case.vectors):
            identifier = f"elder{number}@example.com"

            assert source.login(identifier, password) is not None
            assert None is source.login(identifier, f"{password}?")


def test_username_like_an_email(peer):
    """
    Whoever took the e-mail of another for a username is not found by it.
    """
    with peer.open() as source:
        if not peer.case.username:
            return
        assert None is source.login("ada@example.com", "mine!")
        if peer.case.ada.get("email", "") == "":
            mallory = source.login("mallory@example.com", "mine!")

            assert None is mallory.username


def test_beyond_the_encoding(peer):
    """
    An identifier that a column cannot hold is nobody's, and no outage.
    """
    with peer.open() as source:
        for identifier in ("日本", "日本@example.com", "\N{FOX FACE}@example.com"):
            assert None is source.get_user(identifier)


def test_count(peer):
    """
    Everybody who could move is counted, and nobody else.
    """
    nobodies = sum(other.expected is None for other in peer.case.others)
    everybody = 1 + peer.case.username + len(peer.case.others) + len(peer.case.vectors)

    with peer.open() as source:
        assert everybody - nobodies == source.count()


def test_listing(peer):
    """
    Everybody who could move is listed, as they are found, with the hash they have.
    """
    with peer.open() as source:
        listed = list(source.iter_users())

        assert source.count() == len(listed)
        for record in listed:
            name = record.email or record.username
            if name is None:
                continue  # Somebody who took an e-mail for a name, and has none.
            user = source.get_user(name)
            assert {f: getattr(record, f) for f in FIELDS} == {
                f: getattr(user, f) for f in FIELDS
            }
            if name.lower().startswith("ada"):
                assert record.password is not None


def test_writes_nothing(peer):
    """
    The account of the how-to can read, and change nothing.
    """
    if peer.backend == "sqlite":
        return
    table, row = next(peer.case.rows_of(5000, "x", "x@y.z", peer.case.hashed("x")))
    stranger = attrs.evolve(peer, owner=peer.reader)

    with pytest.raises(sa.exc.DBAPIError):
        stranger.insert([(table, row)])


def test_two_with_one_email(peer):
    """
    Of two users with one e-mail none is chosen.
    """
    if not peer.case.twice:
        return
    rows = [
        *peer.case.rows_of(7001, "one", "Twice@example.com", peer.case.hashed("p")),
        *peer.case.rows_of(7002, "two", "twice@example.com", peer.case.hashed("p")),
    ]
    peer.insert(rows)

    with peer.open() as source, pytest.raises(ContractError):
        source.login("twice@example.com", "p")


@pytest.mark.parametrize("zone", ["+00:00", "-11:00", "+13:00"])
def test_time_zone(peer, zone):
    """
    A lock of an hour is one in every time zone of the session.
    """
    if peer.backend != "mysql" or str(peer.case) != "magento2":
        return
    with peer.owner.begin() as connection:
        for sign, label in (("+", "confirmed"), ("-", "nullname")):
            connection.execute(
                sa.text(
                    "UPDATE customer_entity SET lock_expires = CURRENT_TIMESTAMP"
                    f" {sign} INTERVAL 1 HOUR WHERE email = '{label}@example.com'"
                )
            )
    engine = sa.create_engine(
        peer.reader.url,
        connect_args={"init_command": f"SET time_zone = '{zone}'"},
        hide_parameters=True,
    )
    with peer.case.make(engine) as source:
        assert source.get_user("confirmed@example.com").blocked
        assert not source.get_user("nullname@example.com").blocked
    engine.dispose()


def test_index(peer):
    """
    Where the schema of a product has an index that folds letter case, it is used.
    """
    if peer.backend != "mysql" or peer.case.name != "wordpress":
        return
    with peer.open() as source, peer.owner.connect() as connection:
        text = f"EXPLAIN {source._query.statement.text}"
        for identifier in ("ada", "ada@example.com"):
            values = {"canonical": identifier, "identifier": identifier}
            plan = connection.execute(sa.text(text), values).mappings().one()

            assert "index_merge" == plan["type"]


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("case", [PHP_CASES[0], PHP_CASES[8]], ids=str)
def test_migration(case, backend, tmp_path):
    """
    Users move out of a product, blocked ones do not, and progress() knows how many.
    """
    with _in_sqlite(case, tmp_path) as peer:
        _create(peer)
        with peer.open() as source:
            policy = MigrationPolicy(failure_floor=0)
            connection = Connection(MemoryStore(), source, hasher=CHEAP, policy=policy)
            before = connection.progress().remaining

            assert connection.authenticate("ada@example.com", "correct horse").migrated
            if case.name == "phpbb":
                with pytest.raises(AccountBlockedError):
                    connection.authenticate("bob", "secret of somebody")
            assert before - 1 == connection.progress().remaining


def test_url(tmp_path):
    """
    A product is opened by a URL, too, and says where it is without its parameters.
    """
    with _in_sqlite(PHP_CASES[0], tmp_path) as peer:
        _create(peer)
    with products.wordpress(f"sqlite:///{tmp_path / 'legacy.db'}") as source:
        assert "Ada" == source.login("ada", "correct horse").username
        assert "legacy.db" in repr(source)


def test_no_table(tmp_path):
    """
    Tables that are not there are an outage, not nobody.
    """
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'x.db'}", hide_parameters=True)
    with products.wordpress(engine) as source:
        with pytest.raises(LegacyUnavailableError):
            source.get_user("ada")
        with pytest.raises(LegacyUnavailableError):
            source.count()
    engine.dispose()
