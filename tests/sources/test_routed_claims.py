"""
Whose e-mail a user brings along is decided by the routes, too.
"""

import asyncio

import attrs
import pytest

from migratekit.errors import ConfigurationError, ContractError
from migratekit.models import ImportRecord, LegacyUser, RowError
from migratekit.sources.functions import FunctionSource
from migratekit.sources.routed import AsyncRoutedSource, Route, RoutedSource


CEO = LegacyUser(user_id="1", email="ceo@x.de")
MALLORY = LegacyUser(user_id="9", email="ceo@x.de", username="mallory")
BOB = LegacyUser(user_id="8", email="bob@x.com", username="bob")


@attrs.frozen
class Site:
    people: tuple

    def login(self, identifier, password, /):
        return self.get_user(identifier) if password == "right" else None

    def get_user(self, identifier, /):
        for user in self.people:
            if identifier in {user.email, user.username}:
                return user
        return None


@pytest.fixture(name="ask", params=["sync", "async"])
def _ask(request):
    def ask(method, *args, accepts=None):
        routes = [
            Route("staff", Site((CEO,)), accepts),
            Route("shop", Site((MALLORY, BOB))),
        ]
        if request.param == "sync":
            return getattr(RoutedSource(routes), method)(*args)
        return asyncio.run(getattr(AsyncRoutedSource(routes), method)(*args))

    return ask


@pytest.mark.parametrize("accepts", [None, lambda name: name.endswith("@x.de")])
@pytest.mark.parametrize(
    "call", [("login", "mallory", "right"), ("get_user", "mallory")]
)
def test_someone_elses_email(ask, call, accepts):
    """
    Nobody gets the e-mail of somebody of an earlier route by coming by a username.
    """
    with pytest.raises(ContractError):
        ask(*call, accepts=accepts)


def test_own_email(ask):
    """
    Whose e-mail no earlier route knows is let in; a wrong password stays a no.
    """
    assert "shop:8" == ask("login", "bob", "right").user_id
    assert "shop:8" == ask("get_user", "bob@x.com").user_id
    assert "staff:1" == ask("login", "ceo@x.de", "right").user_id
    assert ask("login", "mallory", "wrong") is None


@pytest.mark.parametrize(
    "call", [("login", "mallory", "right"), ("get_user", "mallory")]
)
def test_email_that_a_later_route_decides_on(call):
    """
    Whose e-mail only a later route knows does not bring it along from an earlier one.
    """

    @attrs.frozen
    class Directory(Site):
        def get_user(self, identifier, /):
            found = super().get_user(identifier)
            return found if found is not None and found.username == identifier else None

    routes = [Route("staff", Directory((MALLORY,))), Route("shop", Site((CEO,)))]

    with pytest.raises(ContractError):
        getattr(RoutedSource(routes), call[0])(*call[1:])
    with pytest.raises(ContractError):
        asyncio.run(getattr(AsyncRoutedSource(routes), call[0])(*call[1:]))


@pytest.mark.parametrize("typed", ["ceo@X.DE", " ceo@x.de", "CEO@x.de"])
def test_spelling(typed):
    """
    A route is chosen by the canonical form, however an identifier was typed.
    """
    asked = []

    def accepts(identifier):
        asked.append(identifier)
        return identifier.endswith("@x.de")

    routes = [Route("staff", Site(()), accepts), Route("shop", Site((MALLORY,)))]

    RoutedSource(routes[:1]).get_user(typed)

    assert ["ceo@x.de"] == asked


def test_name_of_nobody():
    """
    A name that no route accepts is nobody's, and so is one that none of them knows.
    """
    source = RoutedSource(
        [
            Route("staff", Site((CEO,)), lambda name: name != "bob"),
            Route("shop", Site((MALLORY, BOB)), lambda name: name == "bob@x.com"),
        ]
    )

    assert "shop:8" == source.login("bob@x.com", "right").user_id


def test_half_async():
    """
    A source with one coroutine is an async one.
    """

    async def get_user(identifier):
        return None

    with pytest.raises(ConfigurationError):
        RoutedSource([Route("a", FunctionSource(lambda *_: None, get_user))])


@attrs.frozen
class ListingSite(Site):
    """
    A site that can list.
    """

    def iter_users(self):
        for user in self.people:
            yield ImportRecord(**attrs.asdict(user, recurse=False))


@pytest.mark.parametrize("accepts", [None, lambda name: name.endswith("@x.de")])
@pytest.mark.parametrize("first", ["staff", "shop"])
def test_listing(first, accepts):
    """
    A listing gives nobody an address that another route decides on.
    """
    staff = Route("staff", ListingSite((CEO,)), accepts)
    shop = Route(
        "shop",
        ListingSite((MALLORY, BOB)),
        None if accepts is None else lambda name: not name.endswith("@x.de"),
    )
    routes = [staff, shop] if first == "staff" else [shop, staff]

    async def listed():
        return [row async for row in AsyncRoutedSource(routes).iter_users()]

    rows = list(RoutedSource(routes).iter_users())

    assert rows == asyncio.run(listed())
    users = {row.email: row.user_id for row in rows if isinstance(row, ImportRecord)}
    errors = [(row.line, row.code) for row in rows if isinstance(row, RowError)]
    place = 2 if first == "staff" else 1
    if accepts is None and first == "shop":
        # The shop is asked first about everybody, and knows the address.
        assert {"ceo@x.de": "shop:9", "bob@x.com": "shop:8"} == users
        assert [(3, "CONFLICT")] == errors
    else:
        assert {"ceo@x.de": "staff:1", "bob@x.com": "shop:8"} == users
        assert [(place, "CONFLICT")] == errors
