"""
The MongoDB sources against a real server of the protocol, NX-27017 from PyPI.

It takes no notice of collations, so that what is stored here is in lower case, and gives
no part of an embedded document; both are played in `test_mongodb_answers`.
"""

import asyncio
import contextlib
import datetime as dt
import uuid

import bson
import mongo_peers as peers
import pymongo
import pytest

from migratekit import Connection
from migratekit.errors import InvalidCredentialsError
from migratekit.formats import presets
from migratekit.models import LegacyUser
from migratekit.protocols import CountableSource, WalkableSource
from migratekit.sources.mongodb import AsyncMongoSource, MongoSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.testing.sources import KnownUser, LegacySourceContract


FIELDS = {
    "email": "email",
    "login": "username",
    "name": "name",
    "banned": "blocked",
    "hash": "password_hash",
    "prefs": "user_metadata",
    "since": "created_at",
}
SINCE = dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
OID = bson.ObjectId("5f5f5f5f5f5f5f5f5f5f5f5f")


def digest(password):
    import bcrypt

    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def documents():
    return [
        {
            "_id": OID,
            "email": "ann@example.com",
            "login": "ann",
            "name": "Ann",
            "banned": False,
            "hash": digest("correct horse"),
            "prefs": {"theme": 1, "tags": ["a"]},
            "since": SINCE,
            "secret": "never read",
        },
        {
            "_id": 7,
            "email": "bob@example.com",
            "login": "bob",
            "banned": True,
            "hash": digest("battery staple"),
        },
        {"_id": "nil", "email": "nil@example.com", "login": None, "hash": None},
        {"_id": uuid.UUID(int=5).hex, "email": "two@example.com", "hash": "x"},
        {"_id": 6, "email": "two@example.com", "hash": "x"},
    ]


@pytest.fixture(name="url", scope="module")
def _url(tmp_path_factory):
    with peers.nx(tmp_path_factory.mktemp("nx")) as url:
        with pymongo.MongoClient(url) as client:
            client.shop.users.insert_many(documents())
        yield url


def options(**more):
    return {"fields": FIELDS, "format": presets.bcrypt(), **more}


class TestMongoSource(LegacySourceContract):
    known = (
        KnownUser("Ann@Example.com", "correct horse", user_id=str(OID)),
        KnownUser("bob", "battery staple", user_id="7", blocked=True),
    )
    secrets = ("$2b$",)

    @pytest.fixture(autouse=True)
    def _server(self, url):
        self.url = url

    @contextlib.contextmanager
    def open_source(self):
        with MongoSource.connect(self.url, "shop", "users", **options()) as source:
            yield source


class TestCollection(TestMongoSource):
    @contextlib.contextmanager
    def open_source(self):
        with pymongo.MongoClient(self.url) as client:
            with MongoSource(client.shop.users, **options()) as source:
                yield source
            client.admin.command("ping")


class TestAsyncMongoSource(TestMongoSource):
    @contextlib.asynccontextmanager
    async def open_source(self):
        async with AsyncMongoSource.connect(
            self.url, "shop", "users", **options()
        ) as source:
            yield source


class TestAsyncCollection(TestAsyncMongoSource):
    @contextlib.asynccontextmanager
    async def open_source(self):
        async with pymongo.AsyncMongoClient(self.url) as client:
            async with AsyncMongoSource(client.shop.users, **options()) as source:
                yield source
            await client.admin.command("ping")


@pytest.fixture(name="source")
def _source(url):
    with MongoSource.connect(url, "shop", "users", **options()) as source:
        yield source


def test_user(source):
    """
    The user is what the document says.
    """
    expected = LegacyUser(
        user_id=str(OID),
        email="ann@example.com",
        username="ann",
        profile={"name": "Ann"},
        user_metadata={"theme": 1, "tags": ["a"]},
        created_at=SINCE,
    )
    assert expected == source.login("ann", "correct horse")


def test_no_hash(source):
    """
    Somebody without a hash cannot log in, but can be looked up.
    """
    assert None is source.login("nil@example.com", "None")
    assert "nil" == source.get_user("nil@example.com").user_id


def test_count(url):
    """
    Users are counted by the filter that they must pass.
    """
    only = {"banned": {"$ne": True}}

    for expected, more in ((5, {}), (4, {"only": only})):
        with MongoSource.connect(url, "shop", "users", **options(**more)) as source:
            assert isinstance(source, CountableSource)
            assert expected == source.count()


def test_only(url):
    """
    Whoever does not pass the filter is nobody.
    """
    more = {"only": {"banned": False}}

    with MongoSource.connect(url, "shop", "users", **options(**more)) as source:
        assert source.login("ann", "correct horse")
        assert None is source.login("bob", "battery staple")
        assert None is source.get_user("bob@example.com")


def test_walk(source, url):
    """
    All users come with their hashes, in both ways.
    """

    async def walked():
        async with AsyncMongoSource.connect(
            url, "shop", "users", **options()
        ) as source:
            assert isinstance(source, WalkableSource)
            return [record async for record in source.iter_users()]

    records = list(source.iter_users())

    assert isinstance(source, WalkableSource)
    assert 5 == len(records)
    by_id = {record.user_id: record for record in records}
    assert by_id[str(OID)].password.text.startswith("$2b$04$")
    assert {"name": "Ann"} == by_id[str(OID)].profile
    assert None is by_id["nil"].password
    assert records == asyncio.run(walked())


def test_walk_is_lazy(url):
    """
    Users are read as they are asked for, batch after batch.
    """
    with pymongo.MongoClient(url) as client:
        many = [
            {"_id": n, "email": f"{n}@example.com", "hash": "x"} for n in range(250)
        ]
        client.shop.many.insert_many(many)
        source = MongoSource(client.shop.many, **options())
        walk = source.iter_users()
        assert "0" == next(walk).user_id
        assert 249 == len(list(walk))


def test_walk_past_what_cannot_be_read(url):
    """
    A document that cannot be read is told with its number, and the others are yielded.
    """

    async def walked():
        async with AsyncMongoSource.connect(url, "shop", "torn", **options()) as source:
            return [record async for record in source.iter_users()]

    documents = [
        {"_id": 1, "email": "a@example.com", "hash": "x"},
        {"_id": 2, "email": {"of": "bob"}, "hash": "x"},
        {"_id": 3, "email": "c@example.com", "hash": ["x"]},
        {"_id": 4, "email": "d@example.com", "hash": "x"},
    ]
    with pymongo.MongoClient(url) as client:
        client.shop.torn.drop()
        client.shop.torn.insert_many(documents)
        people = list(MongoSource(client.shop.torn, **options()).iter_users())

    assert ["1", None, None, "4"] == [getattr(one, "user_id", None) for one in people]
    assert [(2, "INVALID_TYPE"), (3, "INVALID_HASH")] == [
        (one.line, one.code) for one in people[1:3]
    ]
    assert people == asyncio.run(walked())


def test_migrates(source):
    """
    A user moves at their first login, and the database is not asked again.
    """
    connection = Connection(
        MemoryStore(), source, source_name="shop", hasher=CHEAPEST, clock=VirtualClock()
    )

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate("ann@example.com", "wrong")
    first = connection.authenticate("ann@example.com", "correct horse")

    assert first.migrated
    assert f"shop|{OID}" == first.user.legacy_id
    assert 4 == connection.progress().remaining
