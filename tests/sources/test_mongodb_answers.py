"""
The MongoDB sources and what a server may answer.

Commands are received, and answers played, by MockupDB where it can; what comes byte by
byte or is cut off, by sockets.
"""

import asyncio
import contextlib
import datetime as dt
import gc
import importlib
import logging
import sys
import time
import traceback
import uuid
import warnings

import attrs
import bson
import faults
import ldap_peers
import mockupdb
import mongo_peers as peers
import pymongo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mongo_peers import found

from migratekit.errors import (
    AmbiguousUserError,
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    UnusableHashError,
)
from migratekit.sources.mongodb import AsyncMongoSource, MongoSource
from migratekit.testing.sources import KnownUser, LegacySourceContract
from migratekit.validation import canonical, loosely


@attrs.frozen
class Backwards:
    """
    A format for tests: the password, read backwards.
    """

    def verify(self, password, stored):
        return stored.text == password[::-1]


FIELDS = {"email": "email", "login": "username", "hash": "password_hash"}
ANN = {
    "_id": 1,
    "email": "Ann@Example.com",
    "login": "Ann",
    "hash": "esroh tcerroc",
    "banned": False,
}
BOB = {"_id": 2, "login": "bob", "hash": "elpats yrettab", "banned": True}
HURRY = {
    "serverSelectionTimeoutMS": 300,
    "connectTimeoutMS": 300,
    "socketTimeoutMS": 300,
}


def options(**more):
    return {"fields": FIELDS, "format": Backwards(), "deadline": 0.4, **more}


def source_of(url, **more):
    return MongoSource.connect(
        url, "shop", "users", client_options=HURRY, **options(**more)
    )


def database(*documents):
    """
    Return what a server with *documents* answers: its collation sees few differences.
    """

    def answer(body):
        if "aggregate" in body:
            return found({"_id": 1, "n": len(documents)})
        ((path, wanted),) = body["filter"].items()
        assert {"$in"} == set(wanted)
        assert {"locale": "en", "strength": 2} == body["collation"]
        alike = {loosely(text) for text in wanted["$in"]}
        matching = [one for one in documents if loosely(one.get(path, "")) in alike]
        return found(*matching)

    return answer


class TestCollation(LegacySourceContract):
    known = (
        KnownUser("Ann@Example.com", "correct horse", user_id="1"),
        KnownUser("bob", "battery staple", user_id="2", blocked=True),
    )
    secrets = ("esroh", "s3cret")

    @contextlib.contextmanager
    def open_source(self):
        with peers.serve(database(ANN, BOB)) as server:
            more = {"fields": {**FIELDS, "banned": "blocked"}, "deadline": 5}
            with source_of(server.url, **more) as source:
                yield source


@pytest.fixture(name="mockup")
def _mockup():
    server = mockupdb.MockupDB(auto_ismaster={"maxWireVersion": 21})
    server.run()
    yield server
    server.stop()


def test_question(mockup):
    """
    What is asked has two texts, the mapped fields, and no more than two answers.
    """
    fields = {
        **FIELDS,
        "emails.0.address": "email",
        "profile.first": "given_name",
        "services.salt": "password_salt",
    }
    del fields["email"]
    with source_of(mockup.uri, fields=fields, only={"alive": True}) as source:
        with mockupdb.going(source.get_user, " Ann@Exämple.COM ") as future:
            request = mockup.receives("find", "users")
            request.ok(found())
        assert None is future()

    body = request.doc
    wanted = {"$in": ["ann@xn--exmple-cua.com", "Ann@Exämple.COM"]}
    assert {"$and": [{"emails.0.address": wanted}, {"alive": True}]} == body["filter"]
    assert {
        "_id": True,
        "login": True,
        "hash": True,
        "emails": True,
        "profile.first": True,
        "services.salt": True,
    } == body["projection"]
    assert 2 == body["limit"]
    assert {"locale": "en", "strength": 2} == body["collation"]
    assert 0 < body["maxTimeMS"] <= 400


def test_exact_question(mockup):
    """
    Without a collation the plain index does.
    """
    with source_of(mockup.uri, any_letter_case=False) as source:
        with mockupdb.going(source.login, "bob", "battery staple") as future:
            request = mockup.receives("find", "users")
            request.ok(found({**BOB, "login": "bob"}))
        assert "2" == future().user_id

    assert {"login": {"$in": ["bob"]}} == request.doc["filter"]
    assert "collation" not in request.doc


@pytest.mark.parametrize(
    ("identifier", "password"),
    [
        ({"$ne": None}, "x"),
        ({"$gt": ""}, "x"),
        (["ann"], "x"),
        (b"ann", "x"),
        (None, "x"),
        ("", "x"),
        ("a\0b", "x"),
        ("\ud800", "x"),
        ("x" * 321, "x"),
        ("ann", {"$ne": None}),
        ("ann", ""),
        ("ann", None),
        ("ann", b"x"),
        ("ann", "a\0b"),
    ],
)
def test_no_text(identifier, password):
    """
    Operators are no text, and the database is not asked.
    """

    async def log_in():
        async with AsyncMongoSource.connect(
            "mongodb://nowhere.invalid", "shop", "users", **options()
        ) as source:
            if password == "x":
                assert None is await source.get_user(identifier)
            return await source.login(identifier, password)

    with source_of("mongodb://nowhere.invalid") as source:
        assert None is source.login(identifier, password)
        if password == "x":
            assert None is source.get_user(identifier)
    assert None is asyncio.run(log_in())


def test_text_like_operators(mockup):
    """
    A text that looks like an operator is a text.
    """
    with source_of(mockup.uri) as source:
        with mockupdb.going(source.get_user, '{"$ne": null}') as future:
            request = mockup.receives("find", "users")
            request.ok(found())
        assert None is future()

    assert {"login": {"$in": ['{"$ne": null}']}} == request.doc["filter"]


@given(st.text())
def test_question_of_anything(text):
    """
    Whatever is typed, two texts at most are looked for in one field.
    """
    client = pymongo.MongoClient("mongodb://nowhere.invalid", connect=False)
    with client, contextlib.suppress(ValueError):
        source = MongoSource(client.shop.users, **options(only={"alive": True}))
        question = source._question(text)
        form = canonical(text).value

        wanted, only = question["filter"]["$and"]
        assert {"alive": True} == only
        (path,) = wanted
        assert ("email" if "@" in form else "login") == path
        assert {"$in"} == set(wanted[path])
        assert {form, text.strip()} == set(wanted[path]["$in"])
        return
    assert None is question


def test_no_field_for_it():
    """
    Where usernames are not mapped, nobody is known by one.
    """
    fields = {"email": "email", "hash": "password_hash"}

    with source_of("mongodb://nowhere.invalid", fields=fields) as source:
        assert None is source.get_user("ann")


# --- What documents mean --------------------------------------------------------------


def asked(document, fields, **more):
    """
    Return what ``get_user`` and ``login`` make of *document*.
    """
    fields = {**FIELDS, **fields}
    document = {**ANN, **document}
    with (
        peers.serve(lambda body: found(document)) as server,
        source_of(server.url, fields=fields, **more) as source,
    ):
        user = source.get_user("ann")
        assert user == source.login("ann", "correct horse")
        return user


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("1", 1),
        ("1", bson.Int64(1)),
        ("7", 7.0),
        ("x", "x"),
        ("5f5f5f5f5f5f5f5f5f5f5f5f", bson.ObjectId(b"_" * 12)),
        (
            "00000000-0000-0000-0000-000000000005",
            bson.Binary.from_uuid(uuid.UUID(int=5)),
        ),
        ("12", bson.Decimal128("12")),
        ("abc", b"abc"),
        ("abc", bson.Binary(b"abc", 0)),
    ],
)
def test_ids(expected, value):
    """
    Ids are text, whatever their type.
    """
    assert expected == asked({"_id": value}, {}).user_id


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        2.0**53,
        float("nan"),
        True,
        {"a": 1},
        [1],
        bson.Binary(b"x" * 16, 3),
        bson.Binary(b"\xff", 0),
        bson.Decimal128("NaN"),
        bson.Decimal128("1.5"),
        bson.Regex("x"),
        bson.MinKey(),
        bson.Timestamp(1, 1),
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    ],
)
def test_no_ids(value):
    """
    What is no id breaks the contract.
    """
    with pytest.raises(ContractError):
        asked({"_id": value}, {})


def test_id_of_another_field():
    """
    The id need not be ``_id``.
    """
    assert "x" == asked({"_id": 9, "number": "x"}, {"number": "user_id"}).user_id


def test_values():
    """
    Types of BSON become JSON where JSON is, also deep inside.
    """
    since = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    prefs = {
        "theme": 1,
        "half": 0.5,
        "none": None,
        "on": True,
        "since": since,
        "ids": [bson.ObjectId(b"_" * 12), bson.Binary.from_uuid(uuid.UUID(int=5))],
        "sum": bson.Decimal128("1.50"),
        "odd": bson.Decimal128("NaN"),
        "deep": {"list": [{"a": "b"}]},
        "raw": b"text",
    }
    document = {"prefs": prefs, "at": since, "ok": "yes", "p": {"n": "Ann"}}
    fields = {
        "prefs": "user_metadata",
        "at": "created_at",
        "ok": "email_verified",
        "p.n": "name",
        "p.x.y": "nickname",
        "hash.x": "picture",
    }

    user = asked(document, fields)

    assert {
        "theme": 1,
        "half": 0.5,
        "none": None,
        "on": True,
        "since": "2020-01-02T00:00:00+00:00",
        "ids": ["5f5f5f5f5f5f5f5f5f5f5f5f", "00000000-0000-0000-0000-000000000005"],
        "sum": "1.50",
        "odd": "NaN",
        "deep": {"list": [{"a": "b"}]},
        "raw": "text",
    } == user.user_metadata
    assert since == user.created_at
    assert user.email_verified
    assert {"name": "Ann"} == user.profile


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("blocked", "perhaps"),
        ("blocked", 2),
        ("email", ["ann@example.com"]),
        ("email", {"$ne": 1}),
        ("created_at", "yesterday"),
        ("user_metadata", "{"),
        ("user_metadata", [1]),
        ("user_metadata", {"a": float("inf")}),
        ("user_metadata", {"a": bson.Regex("x")}),
        ("user_metadata", {"a": b"\xff"}),
        ("profile", 1),
    ],
)
def test_values_of_another_kind(target, value):
    """
    A value that cannot be read breaks the contract.
    """
    fields = {"x": target}
    if target == "email":
        fields = {"x": "profile.x", "email": "email"}
        with pytest.raises(ContractError):
            asked({"email": value}, {})
        return
    with pytest.raises(ContractError):
        asked({"x": value}, fields)


def test_place_in_a_list():
    """
    The e-mail may be the first of a list, as Meteor has it.
    """
    fields = {
        "emails.0.address": "email",
        "emails.9.address": "profile.other",
        "services.password": "password_hash",
    }
    document = {
        "_id": "x",
        "emails": [{"address": "ann@example.com"}],
        "services": {"password": "esroh tcerroc"},
    }

    with (
        peers.serve(lambda body: found(document)) as server,
        source_of(server.url, fields=fields) as source,
    ):
        user = source.login("ann@example.com", "correct horse")

    assert "ann@example.com" == user.email
    assert {} == user.profile


@attrs.define
class Notes:
    """
    A format that notes what it is given.
    """

    stored: list = attrs.field(factory=list)
    name = "new"

    def verify(self, password, stored):
        self.stored.append(stored)
        return True


@pytest.mark.parametrize(
    ("expected", "binary_hash", "value"),
    [
        ("text", "text", "text"),
        ("text", "text", b"text"),
        ("text", "hex", "text"),
        ("00ff", "hex", b"\x00\xff"),
        ("AP8=", "base64", bson.Binary(b"\x00\xff", 5)),
    ],
)
def test_hashes(expected, binary_hash, value):
    """
    A hash is text, or bytes written as the format reads them.
    """
    format_ = Notes()
    fields = {"salt": "password_salt", "kind": "password_format"}
    document = {"hash": value, "salt": b"\xfe", "kind": "new"}

    asked(document, fields, format=format_, binary_hash=binary_hash)

    assert [expected] == [one.text for one in format_.stored]
    assert b"\xfe" == format_.stored[0].salt
    assert "new" == format_.stored[0].format
    with pytest.raises(UnusableHashError):
        asked(document | {"kind": "old"}, fields, format=format_)
    assert 1 == len(format_.stored)


@pytest.mark.parametrize("value", [b"\x00\xff", 1.5, {"$ne": 1}, ["x"]])
def test_unusable_hash(value):
    """
    A hash that is not text can never be verified.
    """
    with pytest.raises(UnusableHashError):
        asked({"hash": value}, {})


@pytest.mark.parametrize("value", ["yes", 1, None, {}])
def test_verified_is_true(value):
    """
    Only True is a yes of a format.
    """

    class Odd:
        def verify(self, password, stored):
            return value

    with (
        peers.serve(lambda body: found(ANN)) as server,
        source_of(server.url, format=Odd()) as source,
    ):
        assert None is source.login("ann", "correct horse")


@pytest.mark.parametrize(
    ("expected", "documents"),
    [
        (None, []),
        (None, [{**ANN, "hash": None}]),
        (None, [{key: ANN[key] for key in ("_id", "login")}]),
        (None, [{**ANN, "login": "Änn"}]),
        (None, [{**ANN, "login": "Ａnn"}]),
        (ContractError, [{**ANN, "login": "bob"}]),
        (ContractError, [{**ANN, "login": None}]),
        (ContractError, [{**ANN, "login": ""}]),
        (ContractError, [{**ANN, "login": "a\0b"}]),
        (ContractError, [{**ANN, "_id": None}]),
        (ContractError, [{}]),
        (AmbiguousUserError, [ANN, ANN]),
        (AmbiguousUserError, [ANN, BOB]),
        (AmbiguousUserError, [BOB, ANN, ANN, ANN]),
    ],
)
def test_documents(expected, documents):
    """
    One document of the right user is a login, and nothing else.
    """
    with (
        peers.serve(lambda body: found(*documents)) as server,
        source_of(server.url) as source,
    ):
        result = faults.outcome(source.login, "ann", "correct horse")

    assert expected == result


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": 0, "code": 13, "errmsg": "not authorized: s3cret"},
        {"ok": 0, "code": 50, "errmsg": "operation exceeded time limit"},
        {"ok": 0, "code": 11600, "errmsg": "interrupted at shutdown"},
        {"ok": 0},
        {},
        {"ok": 1, "cursor": None},
        {"ok": 1, "cursor": {"id": 0, "ns": "shop.users"}},
        {"ok": 1, "cursor": {"id": 0, "ns": "shop.users", "firstBatch": 1}},
    ],
)
def test_answers_that_are_none(answer):
    """
    An error, and what is no answer, is an outage.
    """
    with peers.serve(lambda body: answer) as server, source_of(server.url) as source:
        for ask in (
            lambda: source.login("ann", "correct horse"),
            lambda: source.get_user("ann"),
            source.count,
            lambda: list(source.iter_users()),
        ):
            with pytest.raises(LegacyUnavailableError) as caught:
                ask()
            assert "s3cret" not in repr(caught.value)
            assert None is caught.value.__context__


# --- Faults ---------------------------------------------------------------------------


def ask_async(url, method, *arguments):
    async def ask():
        async with AsyncMongoSource.connect(
            url, "shop", "users", client_options=HURRY, **options()
        ) as source:
            return await getattr(source, method)(*arguments)

    return asyncio.run(ask())


@pytest.fixture(name="tidy")
def _tidy():
    """
    Collect the socket that the asynchronous client leaves behind after a failure.

    It does so whatever the source does; here no traceback holds it any more.
    """
    gc.freeze()
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("at", ["greeting", "command"])
@pytest.mark.parametrize("fault", faults.TCP_FAULTS, ids=lambda fault: fault.name)
def test_faults(fault, at):
    """
    Whatever goes wrong is an outage, in bounded time.
    """
    if fault.play is not None:
        wrap = peers.at_the_command if at == "command" else peers.impatient
        fault = attrs.evolve(fault, play=wrap(fault))

    with faults.peer(fault.play, scheme="mongodb") as server:
        start = time.monotonic()
        with source_of(server.url) as source:
            faults.assert_as_declared(fault, source.login, "ann", "correct horse")
        faults.assert_as_declared(
            fault, ask_async, server.url, "login", "ann", "correct horse"
        )

    assert 8 > time.monotonic() - start


@pytest.mark.parametrize("kind", ["half", "trickle", "huge", "other"])
def test_half_answers(kind):
    """
    A right answer that is cut, too slow, too long or for another question is none.
    """

    def play(connection, server, number, body):
        answer = peers.op_msg(number, found(ANN))
        if kind == "half":
            connection.sendall(answer[:-7])
        elif kind == "trickle":
            for byte in answer:
                connection.sendall(bytes([byte]))
                if server.stop.wait(faults.TICK):
                    return
        elif kind == "huge":
            connection.sendall(b"\xff\xff\xff\x7f" + answer[4:])
        else:
            connection.sendall(peers.op_msg(number + 1, found(ANN)))

    with (
        faults.peer(peers.greets(play), scheme="mongodb") as server,
        source_of(server.url) as source,
    ):
        start = time.monotonic()
        with pytest.raises(LegacyUnavailableError):
            source.login("ann", "correct horse")

    assert 6 > time.monotonic() - start


@pytest.mark.parametrize("hangs_up", [True, False])
def test_hang_up_and_timeout(mockup, hangs_up):
    """
    A server that hangs up at the question, or never answers it, is an outage.
    """
    with source_of(mockup.uri) as source:
        with mockupdb.going(faults.outcome, source.login, "ann", "x") as future:
            request = mockup.receives("find", "users")
            if hangs_up:
                request.hangup()
        assert LegacyUnavailableError is future()


def test_asked_once():
    """
    A question that failed is not asked again.
    """

    def hang_up(connection, server, number, body):
        pass

    with faults.peer(peers.greets(hang_up), scheme="mongodb") as server:
        with source_of(server.url, deadline=5) as source:
            assert LegacyUnavailableError is faults.outcome(source.login, "ann", "x")

        assert 1 == len(server.requests)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("method", ["count", "get_user"])
def test_outage_of_async(method):
    """
    The asynchronous source has the same outages.
    """
    arguments = ("ann",) if method == "get_user" else ()

    with (
        faults.peer(None, scheme="mongodb") as server,
        pytest.raises(LegacyUnavailableError) as caught,
    ):
        ask_async(server.url, method, *arguments)

    assert None is caught.value.__context__


def test_outage_while_walking(mockup):
    """
    A server that is gone between two batches is an outage, not the end.
    """
    batch = [{**ANN, "_id": n} for n in range(100)]
    first = {"ok": 1, "cursor": {"id": 9, "ns": "shop.users", "firstBatch": batch}}

    with source_of(mockup.uri) as source:
        walk = source.iter_users()
        with mockupdb.going(next, walk) as future:
            mockup.receives("find", "users").ok(first)
        assert "0" == future().user_id
        with mockupdb.going(faults.outcome, list, walk) as future:
            mockup.receives().hangup()
        assert LegacyUnavailableError is future()


def test_walking_past_what_cannot_be_read(mockup):
    """
    A value that is nothing anybody could store is told with its number.
    """
    batch = [{**ANN, "email": bson.MinKey()}, ANN]
    last = {"ok": 1, "cursor": {"id": 0, "ns": "shop.users", "firstBatch": batch}}

    with (
        source_of(mockup.uri) as source,
        mockupdb.going(list, source.iter_users()) as future,
    ):
        mockup.receives("find", "users").ok(last)
        torn, ann = future()

    assert (1, "INVALID_TYPE") == (torn.line, torn.code)
    assert 2 == ann.line


def test_wrong_certificate():
    """
    A certificate of an authority that nobody knows is refused.
    """
    other, _ = ldap_peers.certificates()
    secured = ldap_peers.server_context(other)

    with faults.peer(
        peers.answers(lambda body: found(ANN)), tls=secured, scheme="mongodb"
    ) as server:
        with source_of(f"{server.url}/?tls=true") as source:
            outcome = faults.outcome(source.login, "ann", "correct horse")

        assert LegacyUnavailableError is outcome
        assert [] == server.requests


# --- Settings and secrets -------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"fields": {"email": "email"}},
        {"fields": {"hash": "password_hash"}},
        {"fields": {**FIELDS, "x": "nothing"}},
        {"fields": {**FIELDS, "x": "email"}},
        {"fields": {**FIELDS, "": "name"}},
        {"fields": {**FIELDS, "0.x": "name"}},
        {"fields": {**FIELDS, "$where": "name"}},
        {"binary_hash": "utf-16"},
        {"format": "no such format"},
        *({"deadline": nonsense} for nonsense in faults.NONSENSE),
    ],
)
def test_settings(more):
    """
    What cannot work is refused when the source is made.
    """
    with pymongo.MongoClient("mongodb://nowhere.invalid", connect=False) as client:
        assert ConfigurationError is faults.outcome(
            lambda: MongoSource(client.shop.users, **options(**more))
        )


@pytest.mark.parametrize("kind", [MongoSource, AsyncMongoSource])
@pytest.mark.parametrize(
    "url",
    [
        "http://reader:s3cret@host",
        "mongodb://reader:s3cret@@host",
        "mongodb://reader:s3cret@host:x",
        "mongodb://",
        None,
    ],
)
def test_urls(kind, url):
    """
    A URL that is none is refused, and not shown.
    """
    with pytest.raises(ConfigurationError) as caught:
        kind.connect(url, "shop", "users", **options())

    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_repr():
    """
    A source shows the collection, and neither host nor account.
    """
    url = "mongodb://reader:s3cret@nowhere.invalid"
    with source_of(url) as source:
        assert "MongoSource('shop.users')" == repr(source)


def test_patience():
    """
    A client of ours waits for nothing long and tries nothing twice.
    """
    with MongoSource.connect(
        "mongodb://nowhere.invalid", "shop", "users", **options()
    ) as source:
        found_ = source._collection.database.client.options

        assert not found_.retry_reads
        assert 2 == found_.server_selection_timeout
        assert 2 == found_.pool_options.connect_timeout
        assert 5 == found_.pool_options.socket_timeout


def test_no_traces(caplog):
    """
    The driver's log shows no document of ours, and keeps those of others.
    """
    caplog.set_level(logging.DEBUG)

    with (
        peers.serve(lambda body: found({**ANN, "n": 1})) as server,
        source_of(server.url) as source,
    ):
        assert source.login("ann", "correct horse")
        list(source.iter_users())
        source.count()
        assert "esroh" not in caplog.text
        assert "horse" not in caplog.text
        source._collection.find_one({"login": "other"})

    assert "other" in caplog.text


def test_without_the_library(monkeypatch):
    """
    Without PyMongo, the extra is named.
    """
    monkeypatch.setitem(sys.modules, "pymongo", None)
    monkeypatch.delitem(sys.modules, "migratekit.sources.mongodb")

    with pytest.raises(ImportError, match=r"migratekit\[mongodb\]"):
        importlib.import_module("migratekit.sources.mongodb")
