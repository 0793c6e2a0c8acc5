"""
Who is stored, how far a migration is, and whether it may end.
"""

import datetime as dt

import pytest

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    CutOverRefusedError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    LookupUnsupportedError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.events import CutOver, LoginRefused
from migratekit.models import (
    Figures,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    Progress,
    User,
)
from migratekit.sources.functions import FunctionSource


ADA = "ada@example.com"


@pytest.fixture(name="ada")
def _ada(scene):
    return scene.site.add("1", "Ada@Example.com", "pw", username="Ada")


def down(*args):
    raise OSError("gone away")


# --- get_user --------------------------------------------------------------------------


def test_get_user(scene, ada):
    """
    A stored user is the store's, anybody else the source's; nothing is written.
    """
    stored = scene.snapshot()

    assert ada == scene.connection.get_user(" ADA@example.com")
    assert ada == scene.connection.get_user("aDA")
    assert scene.connection.get_user("nobody") is None
    assert stored == scene.snapshot()
    scene.connection.authenticate(ADA, "pw")
    scene.site.calls.clear()
    assert scene.find(ADA).user == scene.connection.get_user("aDA")
    assert [] == scene.site.calls
    assert [] == scene.events[2:]


def test_get_user_retired(scene, ada):
    """
    A retired identifier is nobody's, by whatever name the source knows them.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(user.id)
    scene.site.change("1", email="lovelace@example.com")
    scene.site.calls.clear()

    assert scene.connection.get_user(ADA) is None
    assert [] == scene.site.calls
    assert scene.connection.get_user("lovelace@example.com") is None


def test_get_user_reserved(scene, ada):
    """
    A reserved identifier is nobody's.
    """
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, ADA)], "shop|1")

    assert scene.connection.get_user(ADA) is None


def test_get_user_preloaded(scene, ada):
    """
    A pre-loaded user is the store's.
    """
    assert scene.preload("1", ADA) == scene.connection.get_user(ADA)


@pytest.mark.parametrize(
    ("call", "skip"), [("retired", 0), ("find", 0), ("retired", 1)]
)
def test_get_user_race(scene, ada, call, skip):
    """
    Somebody who moves while they are looked for is found.
    """
    other = scene.beside()
    scene.store.before(call, lambda: other.authenticate(ADA, "pw"), skip=skip)

    assert scene.find(ADA) is None
    assert "shop|1" == scene.connection.get_user(ADA).legacy_id


def test_get_user_failures(scene, ada):
    """
    Who could not ask does not know.
    """
    person = scene.site.people["1"]

    scene.store.before("find", down)
    with scene.refused(StoreUnavailableError):
        scene.connection.get_user(ADA)
    scene.site.down = True
    with scene.refused(LegacyUnavailableError):
        scene.connection.get_user(ADA)
    scene.site.get_user = lambda identifier, /: person
    with scene.refused(ContractError):
        scene.connection.get_user("bob@example.com")
    scene.site.get_user = lambda identifier, /: True
    with scene.refused(ContractError):
        scene.connection.get_user(ADA)
    source = FunctionSource(lambda identifier, password: None)
    with scene.refused(LookupUnsupportedError):
        scene.connect(source=source).get_user(ADA)


# --- users -----------------------------------------------------------------------------


def add_users(scene, count):
    for number in range(count):
        user = User(
            id=f"{number:04}",
            origin=Origin.IMPORT,
            email=f"{number}@example.com",
            legacy_id=f"shop|{number}",
            migrated_at=dt.datetime(2030, 1, 1, number % 24, tzinfo=dt.UTC),
        )
        scene.side.create(NewUser(user, None))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_pages(scene, monkeypatch, count):
    """
    All users come in the order of their ids, page by page, each once.
    """
    monkeypatch.setattr("migratekit._flows.figures.PAGE", 2)
    add_users(scene, count)

    users = list(scene.connection.users())

    assert [f"{number:04}" for number in range(count)] == [user.id for user in users]
    assert count // 2 + 1 == scene.store.count("list_users")


def test_users_are_listed_lazily(memory, monkeypatch):
    """
    A page is asked for when it is needed.
    """
    monkeypatch.setattr("migratekit._flows.figures.PAGE", 2)
    add_users(memory, 6)

    users = memory.connection.users()

    assert 0 == memory.store.count("list_users")
    assert "0000" == next(users).id
    assert 1 == memory.store.count("list_users")


def test_users_by_origin(scene, ada):
    """
    Users may be listed by their origin, and since when they moved.
    """
    scene.connection.sign_up("bob@example.com", "pw")
    scene.clock.advance(3600)
    moved = scene.connection.authenticate(ADA, "pw").user
    now = scene.clock.now()
    second = dt.timedelta(seconds=1)
    connection = scene.connection

    assert 2 == len(list(connection.users()))
    assert [moved] == list(connection.users(origin=Origin.LOGIN))
    assert [moved] == list(connection.users(origin="login"))
    assert [moved] == list(connection.users(migrated_since=now))
    assert [moved] == list(connection.users(migrated_since=now - second))
    assert [] == list(connection.users(migrated_since=now + second))
    assert [] == list(connection.users(origin=Origin.SIGN_UP, migrated_since=now))


def test_users_of_no_origin(scene):
    """
    An origin that there is not is refused.
    """
    with scene.refused(ValueError):
        list(scene.connection.users(origin="birth"))


@pytest.mark.parametrize("page", [None, 5, ["a user"], "stored"])
def test_users_of_a_broken_store(memory, page):
    """
    A store that lists anything but users is told so: records would show hashes.
    """
    memory.connection.sign_up("bob@example.com", "pw")
    answer = [memory.find("bob@example.com")] if page == "stored" else page
    memory.store.list_users = lambda *asked: answer

    with memory.refused(ContractError):
        list(memory.connection.users())


def test_users_since_some_time(scene):
    """
    A time without a zone is refused.
    """
    with scene.refused(TypeError):
        list(scene.connection.users(migrated_since=dt.datetime(2030, 1, 1)))  # noqa: DTZ001


# --- progress --------------------------------------------------------------------------


def test_progress(scene, ada):
    """
    It counts the stored by origin, those who ever moved, and those who have not.
    """
    scene.site.add("2", "bob@example.com", "pw")
    scene.site.add("3", "cyd@example.com", "pw")
    scene.connection.sign_up("dan@example.com", "pw")
    scene.connection.authenticate(ADA, "pw")
    gone = scene.connection.authenticate("bob@example.com", "pw").user
    scene.connection.delete_user(gone.id)

    assert (
        Progress(
            total=2,
            by_origin={
                Origin.LOGIN: 1,
                Origin.PASSWORD_CHANGE: 0,
                Origin.SIGN_UP: 1,
                Origin.IMPORT: 0,
                Origin.ADMIN: 0,
            },
            moved=2,
            remaining=1,
            by_day={scene.clock.now().date(): 2},
            by_format={"argon2id m=8,t=1,p=1": 2},
        )
        == scene.connection.progress()
    )


def test_progress_in_order(scene, ada):
    """
    Days come in their order, formats by their frequency.
    """
    texts = [None, "plain", "plain", "$mk$v=1$f=shop$eA", "$mk$v=1$f=eshop$eA"]
    now = scene.clock.now()
    for number, text in enumerate(texts):
        user = User(
            id=f"{number}",
            origin=Origin.IMPORT,
            email=f"{number}@example.com",
            legacy_id=f"shop|{number + 10}",
            migrated_at=now - dt.timedelta(days=number % 3),
        )
        scene.side.create(NewUser(user, text))

    progress = scene.connection.progress()

    today = now.date()
    days = {today - dt.timedelta(2): 1, today - dt.timedelta(1): 2, today: 2}
    assert [*days.items()] == [*progress.by_day.items()]
    formats = {"other": 2, "eshop": 1, "none": 1, "shop": 1}
    assert [*formats.items()] == [*progress.by_format.items()]
    assert 5 == progress.moved == progress.total


def test_progress_of_a_modest_store(memory):
    """
    A store that counts neither days nor formats is asked no more.
    """
    memory.store.figures = lambda: Figures({Origin.LOGIN: 3}, 2)

    progress = memory.connection.progress()

    assert (3, 2, {}, {}) == (
        progress.total,
        progress.moved,
        progress.by_day,
        progress.by_format,
    )


def test_progress_without_a_count(scene, ada):
    """
    Where the source cannot count or does not answer, nobody knows how many remain.
    """
    uncounted = FunctionSource(scene.site.login, scene.site.get_user)

    assert scene.connect(source=uncounted).progress().remaining is None
    scene.site.down = True
    assert scene.connection.progress().remaining is None


def test_progress_of_a_shrunk_source(scene, ada):
    """
    A source that lost users does not have less than none remaining.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.people.clear()

    assert 0 == scene.connection.progress().remaining


@pytest.mark.parametrize("answer", ["5", 5.0, b"5", object(), -1])
def test_progress_of_nonsense(scene, answer):
    """
    A number of users is an int, and not below zero; else nothing is cut over.
    """
    scene.site.count = lambda: answer

    with scene.refused(ContractError):
        scene.connection.progress()
    with scene.refused(ContractError):
        scene.connection.cut_over()


def test_progress_and_a_silent_store(scene):
    """
    A store that does not answer is an outage.
    """
    scene.store.before("figures", down)

    with scene.refused(StoreUnavailableError):
        scene.connection.progress()


def test_figures_of_nonsense(memory):
    """
    A store's figures are `Figures`.
    """
    memory.store.figures = lambda: 5

    with memory.refused(ContractError):
        memory.connection.progress()


class Plain:
    """
    A store with nothing but what it must have, and a source without a count.
    """

    def __init__(self, store):
        for name in ("find", "get", "create", "replace", "delete", "retired"):
            setattr(self, name, getattr(store, name))


def test_plain_store(memory):
    """
    A store without an ability says which; logging in needs none.
    """
    memory.site.add("1", ADA, "pw")
    connection = memory.connect(store=Plain(memory.side))

    user = connection.authenticate(ADA, "pw").user

    with memory.refused(ConfigurationError) as caught:
        connection.progress()
    assert "Plain is no CountableStore" in str(caught.value)
    with memory.refused(ConfigurationError):
        list(connection.users())
    connection.delete_user(user.id)
    with memory.refused(ConfigurationError):
        connection.readmit("shop|1")


# --- cut_over --------------------------------------------------------------------------


def test_cut_over(scene, ada):
    """
    When all have moved, the source may go; who is stored does not notice.
    """
    user = scene.connection.authenticate(ADA, "pw").user

    after = scene.connection.cut_over()

    scene.site.down = True
    scene.site.calls.clear()
    assert user == after.authenticate(ADA, "pw").user
    for identifier in ("bob@example.com", "bob"):
        with scene.refused(InvalidCredentialsError):
            after.authenticate(identifier, "pw")
        assert after.get_user(identifier) is None
        assert after.start_password_change(identifier) is None
    assert "bob@example.com" == after.sign_up("bob@example.com", "pw").email
    assert [] == scene.site.calls
    assert [CutOver(remaining=0)] == scene.told(CutOver)
    assert 0 == after.progress().remaining
    assert after.cut_over()


def test_cut_over_while_users_remain(scene, ada):
    """
    While users remain, only force cuts over; the connection stays as it is.
    """
    with scene.refused(CutOverRefusedError) as caught:
        scene.connection.cut_over()
    after = scene.connection.cut_over(force=True)

    assert 1 == caught.value.remaining
    assert [CutOver(remaining=1)] == scene.told(CutOver)
    with scene.refused(InvalidCredentialsError):
        after.authenticate(ADA, "pw")
    assert scene.connection.authenticate(ADA, "pw").migrated


def test_cut_over_keeps_the_ledger(scene, ada):
    """
    After it, a deleted user is still one who moved, and a reserved e-mail is reserved.
    """
    user = scene.connection.authenticate(ADA, "pw").user
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, "bob@example.com")], "shop|2")
    after = scene.connection.cut_over()
    after.delete_user(user.id)

    with scene.refused(InvalidCredentialsError):
        after.authenticate(ADA, "pw")
    with scene.refused(UserExistsError):
        after.sign_up("bob@example.com", "pw")


def test_cut_over_preloaded(scene, ada):
    """
    Who is stored without a password must reset it then.
    """
    scene.preload("1", ADA)
    after = scene.connection.cut_over()

    with scene.refused(InvalidCredentialsError):
        after.authenticate(ADA, "pw")
    change = after.start_password_change(ADA)
    after.finish_password_change(change.token, "new")
    assert after.authenticate(ADA, "new")


def test_refused_since_the_cut_over(scene, ada):
    """
    Whoever is refused only because nobody can ask any more is told apart in the log.
    """
    scene.connection.authenticate(ADA, "pw")
    scene.site.add("2", "bob@example.com", "pw")
    scene.preload("2", "bob@example.com")
    deleted = scene.connection.sign_up("cyd@example.com", "pw").id
    scene.connection.delete_user(deleted)
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, "eve@example.com")], "shop|3")
    after = scene.connection.cut_over(force=True)
    scene.events.clear()

    for name in ("ada", "bob", "cyd", "dan", "eve"):
        with scene.refused(InvalidCredentialsError):
            after.authenticate(f"{name}@example.com", "wrong")

    assert ["wrong_password", "cut_over", "retired", "cut_over", "cut_over"] == [
        event.reason for event in scene.told(LoginRefused)
    ]


def test_cut_over_in_an_outage(scene, ada):
    """
    A source that does not say how many remain keeps us, unless forced.
    """
    scene.site.down = True

    with scene.refused(LegacyUnavailableError):
        scene.connection.cut_over()

    assert scene.connection.cut_over(force=True)
    assert [CutOver(remaining=None)] == scene.told(CutOver)


def test_cut_over_without_a_count(scene, ada):
    """
    A source that cannot count is cut over with a warning.
    """
    source = FunctionSource(scene.site.login, scene.site.get_user)

    assert scene.connect(source=source).cut_over()

    assert [CutOver(remaining=None)] == scene.told(CutOver)


def test_cut_over_of_a_plain_store(memory):
    """
    A store that cannot count keeps us, unless forced.
    """
    connection = memory.connect(store=Plain(memory.side))

    with memory.refused(ConfigurationError):
        connection.cut_over()

    assert connection.cut_over(force=True)
    assert [CutOver(remaining=None)] == memory.told(CutOver)


def test_cut_over_keeps_everything_else(scene, ada):
    """
    Policy, rules, listeners, key and clock stay.
    """
    token = scene.connect().start_password_change(ADA).token
    scene.connection.finish_password_change(token, "new")
    connection = scene.connect(rules=[lambda login: "closed"])
    after = connection.cut_over()

    assert type(connection) is type(after)
    if scene.runner is None:
        assert connection._context is after._context
        assert connection._ports.clock is after._ports.clock
        assert connection != after
