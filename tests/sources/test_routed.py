"""
Several sources behind one.
"""

import asyncio
from contextlib import asynccontextmanager, contextmanager

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit import Connection
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    LookupUnsupportedError,
)
from migratekit.models import ImportRecord, LegacyUser, RowError
from migratekit.protocols import CountableSource, WalkableSource
from migratekit.sources import NoopSource
from migratekit.sources.functions import FunctionSource
from migratekit.sources.routed import AsyncRoutedSource, Route, RoutedSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, KnownUser, LegacySourceContract, VirtualClock


@attrs.define
class Site:
    """
    A legacy site over a dict of passwords by e-mail; *calls* has what it was asked.
    """

    passwords: dict = attrs.field(repr=False)
    ids: dict = attrs.field(factory=dict)
    down: bool = False
    calls: list = attrs.field(factory=list)

    def login(self, identifier, password, /):
        self.calls.append("login")
        user = self._find(identifier)
        right = user is not None and self.passwords[user.email] == password
        return user if right else None

    def get_user(self, identifier, /):
        self.calls.append("get_user")
        return self._find(identifier)

    def _find(self, identifier):
        if self.down:
            raise LegacyUnavailableError("down")
        email = identifier.strip().lower()
        if email not in self.passwords:
            return None
        return LegacyUser(user_id=self.ids.get(email, "1"), email=email)


@attrs.define
class ListingSite(Site):
    """
    A site that can count and list.
    """

    def count(self):
        return len(self.passwords)

    def iter_users(self):
        for number, email in enumerate(self.passwords, start=1):
            yield ImportRecord(user_id=str(number), email=email, line=number)
        yield RowError(number + 1, "FORMAT", "email", "…")


@attrs.define
class AsyncSite:
    """
    A site with coroutines.
    """

    site: object

    async def login(self, identifier, password, /):
        return self.site.login(identifier, password)

    async def get_user(self, identifier, /):
        return self.site.get_user(identifier)

    async def count(self):
        return self.site.count()

    async def iter_users(self):
        for row in self.site.iter_users():
            yield row


def is_german(identifier):
    return identifier.endswith(".de")


@pytest.fixture(name="shop")
def _shop():
    return Site({"ada@x.de": "shop", "bob@x.com": "shop"})


@pytest.fixture(name="forum")
def _forum():
    return Site({"ada@x.de": "forum", "cyd@x.com": "forum"})


@pytest.fixture(
    name="routed", params=["sync", "async sources", "sync sources in a loop", "mixed"]
)
def _routed(request, shop, forum):
    """
    A source of both, asked like a sync one; the shop is for Germans only.
    """
    if request.param == "sync":
        return RoutedSource([Route("shop", shop, is_german), Route("forum", forum)])
    first = shop if "sync sources" in request.param else AsyncSite(shop)
    second = AsyncSite(forum) if request.param == "async sources" else forum
    routed = AsyncRoutedSource(
        [Route("shop", first, is_german), Route("forum", second)]
    )
    return FunctionSource(
        lambda *args: asyncio.run(routed.login(*args)),
        lambda *args: asyncio.run(routed.get_user(*args)),
    )


# --- Who decides -------------------------------------------------------------------


def test_first_who_knows(routed, shop, forum):
    """
    The first source that knows a user decides; no other is asked for the password.
    """
    assert "shop:1" == routed.login("ada@x.de", "shop").user_id
    assert routed.login("ada@x.de", "forum") is None
    assert ["get_user", "login"] * 2 == shop.calls
    assert [] == forum.calls


def test_routed_away(routed, shop, forum):
    """
    A source is not asked about an identifier that it does not accept.
    """
    assert routed.login("bob@x.com", "shop") is None
    assert routed.get_user("bob@x.com") is None
    assert [] == shop.calls
    assert "forum:1" == routed.login("cyd@x.com", "forum").user_id
    assert "forum:1" == routed.get_user("cyd@x.com").user_id


def test_unknown_to_the_first(routed, shop, forum):
    """
    Whom the first source does not know, the next is asked about.
    """
    forum.passwords["eve@x.de"] = "forum"

    assert "forum:1" == routed.login("eve@x.de", "forum").user_id
    assert "forum:1" == routed.get_user("eve@x.de").user_id
    assert ["get_user", "get_user"] == shop.calls
    assert "shop:1" == routed.get_user("ada@x.de").user_id


def test_outage(routed, shop, forum):
    """
    An outage is one for the identifiers that the source is asked about, and no others.
    """
    shop.down = True

    for ask in (
        lambda: routed.login("ada@x.de", "forum"),
        lambda: routed.get_user("ada@x.de"),
    ):
        with pytest.raises(LegacyUnavailableError):
            ask()
    assert routed.login("cyd@x.com", "forum") is not None
    shop.down, forum.down = False, True
    assert routed.login("ada@x.de", "shop") is not None
    with pytest.raises(LegacyUnavailableError):
        routed.login("cyd@x.com", "forum")


def test_nobody_accepts(shop):
    """
    What no route accepts is nobody's.
    """
    source = RoutedSource([Route("shop", shop, is_german)])

    assert source.login("bob@x.com", "shop") is None
    assert source.get_user("bob@x.com") is None
    assert [] == shop.calls


def test_nobody_accepts_in_a_loop(shop):
    """
    Nor behind an async connection.
    """
    source = AsyncRoutedSource([Route("shop", shop, is_german)])

    assert asyncio.run(source.login("bob@x.com", "shop")) is None
    assert asyncio.run(source.get_user("bob@x.com")) is None


def test_source_without_look_up(shop):
    """
    A source that cannot look up must be the last one: it cannot say "not mine".
    """
    mute = FunctionSource(shop.login)
    last = Site({"ada@x.de": "last", "zoe@x.de": "last"})

    source = RoutedSource([Route("mute", mute), Route("last", last)])
    for identifier in ("ada@x.de", "zoe@x.de"):
        with pytest.raises(LookupUnsupportedError):
            source.login(identifier, "last")
        with pytest.raises(LookupUnsupportedError):
            source.get_user(identifier)
    assert [] == last.calls

    source = RoutedSource([Route("last", last), Route("mute", mute)])
    assert "mute:1" == source.login("bob@x.com", "shop").user_id
    assert "last:1" == source.login("zoe@x.de", "last").user_id


@pytest.mark.parametrize("answer", [None, 1, "yes", OSError("gone"), KeyError("x")])
def test_predicate_that_fails(shop, answer):
    """
    A predicate that raises, or says neither yes nor no, is an outage.
    """

    def accepts(identifier):
        if isinstance(answer, Exception):
            raise answer
        return answer

    source = RoutedSource([Route("shop", shop, accepts)])

    with pytest.raises(LegacyUnavailableError) as caught:
        source.login("ada@x.de", "shop")
    assert caught.value.__context__ is None
    with pytest.raises(LegacyUnavailableError):
        source.get_user("ada@x.de")


@given(
    sites=st.lists(
        st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")),
        min_size=1,
        max_size=4,
    ),
    accepted=st.lists(st.sets(st.sampled_from("abc")), min_size=4, max_size=4),
    identifier=st.sampled_from("abc"),
    password=st.sampled_from("xy"),
)
def test_model(sites, accepted, identifier, password):
    """
    A login is that of the first accepting site that knows the user, and of no other.
    """
    named = [
        (f"s{number}", Site(dict(site)), accepted[number])
        for number, site in enumerate(sites)
    ]
    source = RoutedSource(
        [Route(name, site, whom.__contains__) for name, site, whom in named]
    )
    owner = next(
        (
            (name, site)
            for name, site, whom in named
            if identifier in whom and identifier in site.passwords
        ),
        None,
    )

    found = source.get_user(identifier)
    login = source.login(identifier, password)

    assert (owner and f"{owner[0]}:1") == (found and found.user_id)
    right = owner is not None and owner[1].passwords[identifier] == password
    assert right == (login is not None)
    assert sum(site.calls.count("login") for _, site, _ in named) <= 1


def test_whole_way(shop, forum):
    """
    Two people with one number in two sites are two people; a wrong type is found out.
    """
    source = RoutedSource([Route("shop", shop, is_german), Route("forum", forum)])
    connection = Connection(
        MemoryStore(), source, hasher=CHEAPEST, clock=VirtualClock(), listeners=()
    )

    assert "legacy|shop:1" == connection.authenticate("ada@x.de", "shop").user.legacy_id
    assert (
        "legacy|forum:1" == connection.authenticate("cyd@x.com", "forum").user.legacy_id
    )
    odd = FunctionSource(lambda *_: True, lambda *_: True)
    connection = Connection(
        MemoryStore(),
        RoutedSource([Route("odd", odd)]),
        hasher=CHEAPEST,
        clock=VirtualClock(),
        listeners=(),
    )
    with pytest.raises(ContractError):
        connection.authenticate("ada@x.de", "x")


# --- Counting and listing ----------------------------------------------------------


def test_abilities():
    """
    A routed source can do what all its sources can.
    """
    able, unable = ListingSite({"a@x.de": "pw"}), Site({})
    counting = attrs.make_class(
        "Counting", [], bases=(Site,), class_body={"count": lambda self: 2}
    )({})
    listing = attrs.make_class(
        "Listing", [], bases=(Site,), class_body={"iter_users": lambda self: iter(())}
    )({})

    for kind in (RoutedSource, AsyncRoutedSource):
        for sources, countable, walkable in (
            ((able, able), True, True),
            ((able, counting), True, False),
            ((listing, able), False, True),
            ((able, unable), False, False),
            ((counting, listing), False, False),
        ):
            routes = [Route(f"s{n}", source) for n, source in enumerate(sources)]
            routed = kind(routes)
            assert countable == isinstance(routed, CountableSource)
            assert walkable == isinstance(routed, WalkableSource)
            assert isinstance(routed, kind)


@pytest.mark.parametrize("asynchronous", [True, False])
def test_all_users(asynchronous):
    """
    All users of all sources are counted, and listed by their new ids and numbers.
    """
    shop = ListingSite({"a@x.de": "", "b@x.de": ""}, ids={"b@x.de": "2"})
    forum = ListingSite({"c@x.de": ""})

    async def listed():
        routed = AsyncRoutedSource(
            [Route("shop", AsyncSite(shop)), Route("forum", forum)]
        )
        return await routed.count(), [row async for row in routed.iter_users()]

    if asynchronous:
        count, rows = asyncio.run(listed())
    else:
        routed = RoutedSource([Route("shop", shop), Route("forum", forum)])
        count, rows = routed.count(), list(routed.iter_users())

    assert 3 == count
    assert [1, 2, 3, 4, 5] == [row.line for row in rows]
    assert ["shop:1", "shop:2", None, "forum:1", None] == [
        getattr(row, "user_id", None) for row in rows
    ]


# --- What cannot be used -----------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda kind: kind([]),
        lambda kind: kind(()),
        lambda kind: kind(None),
        lambda kind: kind([NoopSource()]),
        lambda kind: kind([Route("a", NoopSource()), Route("a", NoopSource())]),
        lambda kind: kind(route for route in [Route("a", NoopSource())]),
        lambda _: Route("", NoopSource()),
        lambda _: Route("a:b", NoopSource()),
        lambda _: Route("x" * 65, NoopSource()),
        lambda _: Route(None, NoopSource()),
        lambda _: Route("a", NoopSource(), "all"),
        lambda _: Route("a", NoopSource(), AsyncSite(None).get_user),
    ],
)
@pytest.mark.parametrize("kind", [RoutedSource, AsyncRoutedSource])
def test_configuration(kind, make):
    """
    What is no route, or no list of different ones, is refused.
    """
    with pytest.raises(ConfigurationError):
        make(kind)


def test_async_source_in_a_sync_one(shop):
    """
    An async source stands behind an async one only.
    """
    with pytest.raises(ConfigurationError, match="AsyncRoutedSource"):
        RoutedSource([Route("shop", AsyncSite(shop))])


# --- The contract ------------------------------------------------------------------

KNOWN = (
    KnownUser("ann@x.de", "correct horse", user_id="shop:7"),
    KnownUser("bob@x.com", "battery staple", user_id="forum:8"),
)


def _people():
    shop = Site({"ann@x.de": "correct horse"}, ids={"ann@x.de": "7"})
    forum = Site({"bob@x.com": "battery staple"}, ids={"bob@x.com": "8"})
    return shop, forum


class TestRouted(LegacySourceContract):
    known = KNOWN

    @contextmanager
    def open_source(self):
        shop, forum = _people()
        yield RoutedSource([Route("shop", shop), Route("forum", forum)])


class TestAsyncRouted(LegacySourceContract):
    known = KNOWN

    @asynccontextmanager
    async def open_source(self):
        shop, forum = _people()
        yield AsyncRoutedSource([Route("shop", AsyncSite(shop)), Route("forum", forum)])
