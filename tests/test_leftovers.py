"""
What becomes of whoever has not moved when the source goes, and taking it back.
"""

import pytest
from world import AsyncListingSite, ListingSite

from migratekit import MigrationPolicy, _ending
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    CutOverRefusedError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.events import (
    CutOver,
    LeftoversKept,
    LoginRefused,
    ReservationsLifted,
    UserMigrated,
    UsersImported,
)
from migratekit.finish import Leftovers
from migratekit.imports import codes
from migratekit.models import (
    ImportRecord,
    KeyKind,
    LedgerKey,
    LegacyUser,
    Origin,
    RowError,
    StoredHash,
)
from migratekit.sources import NoopSource
from migratekit.testing import CHEAPEST


ADA, BOB, CYD = "ada@example.com", "bob@example.com", "cyd@example.com"
UNREAD = RowError(9, codes.FORMAT, None, "The row cannot be read.")


@pytest.fixture(name="town")
def _town(scene):
    """
    A scene whose site lists Ada, Bob and Cyd.
    """
    return settled(scene)


@pytest.fixture(name="village")
def _village(memory):
    """
    The same behind one door.
    """
    return settled(memory)


def settled(scene):
    scene.site = ListingSite()
    scene.site.add("1", "Ada@Example.com", "adas", username="Ada")
    scene.site.add("2", BOB, "bobs", profile={"name": "Bob"}, email_verified=True)
    scene.site.add("3", CYD, "cyds", blocked=True)
    scene.connection = scene.connect()
    return scene


def row_of(scene, kind, value):
    return scene.side.retired(LedgerKey(kind, value))


def reserved(scene):
    return {(row.key.kind.value, row.key.value) for row in reservations(scene)}


def reservations(scene):
    return scene.side.reservations(None, 1000)


def down(*args):
    raise OSError("hunter2")


# --- Loading ---------------------------------------------------------------------------


def test_load(town):
    """
    Who has not moved is stored as they are, without a password.
    """
    ada = town.connection.authenticate(ADA, "adas").user
    town.events.clear()

    after = town.connection.cut_over(force=True)

    assert ada == town.find(ADA).user
    record = town.find(BOB)
    assert record.password_hash is None
    assert (Origin.IMPORT, "shop|2") == (record.user.origin, record.user.legacy_id)
    assert ({"name": "Bob"}, True) == (record.user.profile, record.user.email_verified)
    assert town.find(CYD).user.blocked
    assert set() == reserved(town)
    assert [
        UsersImported(inserted=2, already_migrated=1, conflicts=0, invalid=0),
        LeftoversKept(loaded=2, reserved=0, unreadable=0),
        CutOver(remaining=2),
    ] == town.events
    assert ada == after.authenticate(ADA, "adas").user


def test_loaded_must_reset(town):
    """
    Nobody vouches for them any more: they are refused, and let in by a mailed link.
    """
    after = town.connection.cut_over(force=True)
    town.site.calls.clear()

    with town.refused(InvalidCredentialsError):
        after.authenticate(BOB, "bobs")
    assert "cut_over" == town.told(LoginRefused)[-1].reason
    with town.refused(UserExistsError):
        after.sign_up(BOB, "mine now")
    change = after.start_password_change(BOB)
    after.finish_password_change(change.token, "new")

    assert after.authenticate(BOB, "new").user.id == town.find(BOB).user.id
    assert [Origin.IMPORT] == [event.origin for event in town.told(UserMigrated)]
    assert [] == town.site.calls


def test_load_what_cannot_be(town):
    """
    Who cannot be stored is reserved: under their names, nobody can sign up or log in.
    """
    town.site.change("2", email="bob@-", username="bob")
    town.site.change("3", username="c@d.com")

    after = town.connection.cut_over(force=True)

    assert town.find(ADA).user
    assert {
        ("email", "bob@-"),
        ("email", CYD),
        ("legacy_id", "shop|2"),
        ("legacy_id", "shop|3"),
        ("username", "bob"),
    } == reserved(town)
    with town.refused(UserExistsError):
        after.sign_up(CYD, "mine now")
    with town.refused(UserExistsError):
        after.sign_up("eve@example.com", "mine now", username="Bob")
    with town.refused(InvalidCredentialsError):
        after.authenticate(CYD, "cyds")
    assert after.start_password_change(CYD) is None
    assert [LeftoversKept(loaded=1, reserved=2, unreadable=0)] == town.told(
        LeftoversKept
    )


def test_load_two_with_one_address(town):
    """
    Of two who share an e-mail, the first is stored, and the other reserved.
    """
    town.site.change("2", email=ADA, username="bob")

    town.connection.cut_over(force=True)

    assert "shop|1" == town.find(ADA).user.legacy_id
    assert {("legacy_id", "shop|2"), ("username", "bob")} == reserved(town)


def test_load_somebody_elses(town):
    """
    Whose e-mail a stranger has got leaves it to them, and the rest is reserved.
    """
    person = town.site.people.pop("2")
    stranger = town.connection.sign_up(BOB, "strangers")
    town.site.people["2"] = person

    after = town.connection.cut_over(force=True)

    assert stranger == after.authenticate(BOB, "strangers").user
    assert {("legacy_id", "shop|2")} == reserved(town)


def test_moved_and_renamed(town):
    """
    What the source knows somebody by who has moved is for nobody but them.
    """
    ada = town.connection.authenticate(ADA, "adas").user
    town.site.change("1", email="Countess@example.com")

    after = town.connection.cut_over(force=True)

    key = LedgerKey(KeyKind.EMAIL, "countess@example.com")
    assert "reserved" == town.side.retired(key).reason
    with town.refused(UserExistsError):
        after.sign_up("countess@example.com", "mine now")
    with town.refused(UserExistsError):
        after.change_email(town.find(BOB).user.id, "countess@example.com")
    assert after.change_email(ada.id, "countess@example.com")
    assert "used" == town.side.retired(key).reason


# --- Reserving -------------------------------------------------------------------------


def test_reserve(town):
    """
    Who has not moved is not stored, and nobody gets what they are known by.
    """
    ada = town.connection.authenticate(ADA, "adas").user

    after = town.connection.cut_over(force=True, leftovers="reserve")

    assert [ada] == list(after.users())
    assert {
        ("email", BOB),
        ("email", CYD),
        ("legacy_id", "shop|2"),
        ("legacy_id", "shop|3"),
    } == reserved(town)
    for call in (
        lambda: after.sign_up(BOB, "mine now"),
        lambda: after.create_user(BOB),
        lambda: after.change_email(ada.id, BOB),
    ):
        with town.refused(UserExistsError):
            call()
    with town.refused(InvalidCredentialsError):
        after.authenticate(BOB, "bobs")
    assert after.start_password_change(BOB) is None
    assert [LeftoversKept(loaded=0, reserved=2, unreadable=0)] == town.told(
        LeftoversKept
    )


def test_reserved_in_the_log(town):
    """
    Of a refusal the log says "cut over" for who was left behind by it, and nobody else.
    """
    ada = town.connection.authenticate(ADA, "adas").user
    town.connection.delete_user(ada.id)

    def reason(connection, identifier):
        with town.refused(InvalidCredentialsError) as caught:
            connection.authenticate(identifier, "pw")
        return caught.value.reason

    town.side.reserve([LedgerKey(KeyKind.EMAIL, BOB)], "shop|2")
    assert "retired" == reason(town.connection, BOB)
    after = town.connection.cut_over(force=True, leftovers="reserve")
    assert "cut_over" == reason(after, BOB)
    assert "retired" == reason(after, ADA)


def test_import_lifts(town):
    """
    An import of the same person lifts their reservation.
    """
    after = town.connection.cut_over(force=True, leftovers="reserve")

    report = after.import_users([ImportRecord(user_id="2", email=BOB)])

    assert 1 == report.inserted
    assert "used" == row_of(town, "email", BOB).reason
    assert after.start_password_change(BOB)


def test_reserve_in_version_1(village):
    """
    In version 1, names are reserved as the source spells them.
    """
    village.site.add("4", None, "dans", username="Dan")
    policy = MigrationPolicy(strategy_version=1)

    village.connect(policy=policy).keep_leftovers("reserve")

    assert {
        ("email", "Ada@Example.com"),
        ("username", "Ada"),
        ("username", "Dan"),
        ("legacy_id", "shop|4"),
    } <= reserved(village)


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "bob"), ("username", "bob@example.com"), ("email", "a\0@b.c")],
)
def test_reserve_no_identifier(village, field, value):
    """
    What is no e-mail or no username is not reserved as the one that it would be.
    """
    village.site.people = {
        "2": LegacyUser(user_id="2", **{"email": None, field: value})
    }

    village.connection.keep_leftovers("reserve")

    assert {("legacy_id", "shop|2")} == reserved(village)


# --- Leaving, and sources that cannot list ---------------------------------------------


def test_leave(town):
    """
    If they are left, nobody is written, and their names are anybody's.
    """
    stored = town.snapshot()

    after = town.connection.cut_over(force=True, leftovers="leave")

    assert stored == town.snapshot()
    assert BOB == after.sign_up(BOB, "mine now").email


@pytest.mark.parametrize("leftovers", ["load", "reserve", "leave"])
def test_refused_while_users_remain(town, leftovers):
    """
    While users remain, only force cuts over, also if they could be kept.
    """
    with town.refused(CutOverRefusedError) as caught:
        town.connection.cut_over(leftovers=leftovers)

    assert 3 == caught.value.remaining
    assert [] == town.events


def test_nobody_remains(town):
    """
    Who is stored when all have moved stays so, and nothing is reserved.
    """
    for email, password in ((ADA, "adas"), (BOB, "bobs")):
        town.connection.authenticate(email, password)
    town.site.people.pop("3")
    stored = town.snapshot()

    town.connection.cut_over()

    assert stored == town.snapshot()


def test_uncounted(village):
    """
    A source that cannot count needs no force, and whoever it lists is loaded.
    """
    site = village.site

    class Uncounting:
        login, get_user, iter_users = site.login, site.get_user, site.iter_users

    village.connect(source=Uncounting()).cut_over()

    assert 3 == village.side.figures().moved
    assert [CutOver(remaining=None)] == village.told(CutOver)


def test_listing_nobody_counts_on(village):
    """
    A source that has lost some of those who moved counts too low; what it lists counts.
    """
    village.connection.authenticate(ADA, "adas")
    village.connection.authenticate(BOB, "bobs")
    village.site.people.pop("1")
    village.site.people.pop("2")

    village.connection.cut_over()

    assert village.find(CYD).user.blocked


def test_source_that_cannot_list(scene):
    """
    By default nothing is done about whoever it knows; to reserve them is refused.
    """
    scene.site.add("2", BOB, "bobs")
    stored = scene.snapshot()

    assert scene.connection.cut_over(force=True)

    assert stored == scene.snapshot()
    for call in (
        lambda: scene.connection.cut_over(force=True, leftovers="reserve"),
        lambda: scene.connection.keep_leftovers("load"),
        lambda: scene.connection.keep_leftovers("reserve"),
    ):
        with scene.refused(ConfigurationError) as caught:
            call()
        assert "cannot list its users" in str(caught.value)


@pytest.mark.parametrize("leftovers", ["load", "reserve", "leave"])
def test_cut_over_again(town, leftovers):
    """
    A connection without its source may be cut over again, and keeps nobody.
    """
    after = town.connection.cut_over(force=True)
    stored = town.snapshot()

    assert after.cut_over(leftovers=leftovers)

    assert stored == town.snapshot()


@pytest.mark.parametrize("leftovers", [None, "", "Load", ["load"], True])
def test_what_else(village, leftovers):
    """
    There is nothing else that can be done about them.
    """
    for call in (village.connection.cut_over, village.connection.keep_leftovers):
        with village.refused(ConfigurationError) as caught:
            call(leftovers=leftovers)
        assert "leftovers must be" in str(caught.value)
    with village.refused(ConfigurationError):
        village.connection.keep_leftovers("leave")


def test_import_mode_off(village):
    """
    With ``import_mode`` off nobody is loaded; they can be reserved.
    """
    connection = village.connect(policy=MigrationPolicy(import_mode=False))

    with village.refused(ConfigurationError):
        connection.cut_over(force=True)

    assert connection.cut_over(force=True, leftovers="reserve")


class Bare:
    """
    A store with the methods that are named, and what it must have.
    """

    def __init__(self, store, *names):
        always = ("find", "get", "create", "replace", "delete", "retired", "figures")
        for name in (*always, *names):
            setattr(self, name, getattr(store, name))


def test_store_that_cannot_reserve(village):
    """
    Where nobody can be reserved, that is told before anybody is loaded.
    """
    connection = village.connect(store=Bare(village.side))

    for leftovers in ("load", "reserve"):
        with village.refused(ConfigurationError) as caught:
            connection.cut_over(force=True, leftovers=leftovers)
        assert "Bare is no ReservingStore" in str(caught.value)
    assert connection.cut_over(force=True, leftovers="leave")


@pytest.mark.parametrize("leftovers", ["load", "reserve"])
def test_one_by_one(village, leftovers):
    """
    A store that reserves and creates one by one is good enough.
    """
    village.site.change("3", username="c@d.com")
    names = ("reserve", "reservations", "lift_reservations")
    connection = village.connect(store=Bare(village.side, *names))

    kept = connection.keep_leftovers(leftovers)

    loaded = 2 if leftovers == "load" else 0
    assert (loaded, 3 - loaded) == (kept.loaded, kept.reserved)
    assert ("email", CYD) in reserved(village)


# --- While it is under way -------------------------------------------------------------


def test_keep_alone(town):
    """
    While the source is still there, it vouches for who is loaded.
    """
    kept = town.connection.keep_leftovers()

    assert Leftovers(rows=6, loaded=3) == kept
    result = town.connection.authenticate(ADA, "adas")
    assert result.migrated
    assert Origin.IMPORT == result.user.origin
    with town.refused(InvalidCredentialsError):
        town.connection.authenticate(BOB, "wrong")


def test_again(town):
    """
    Done again, it changes nothing.
    """
    town.site.change("3", username="c@d.com")
    town.connection.keep_leftovers()
    stored = town.snapshot()

    kept = town.connection.keep_leftovers()

    assert (0, 1) == (kept.loaded, kept.reserved)
    assert stored == town.snapshot()


def test_reserve_then_load(town):
    """
    Who was reserved may still be loaded.
    """
    assert 3 == town.connection.keep_leftovers("reserve").reserved

    kept = town.connection.keep_leftovers("load")

    assert (3, 0) == (kept.loaded, kept.reserved)
    assert set() == reserved(town)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_login_meanwhile(town, number):
    """
    Somebody who logs in while users are loaded moves, whoever was first.
    """
    town.site.acts[number] = lambda: town.beside().authenticate(BOB, "bobs")

    after = town.connection.cut_over(force=True)

    assert after.authenticate(BOB, "bobs").user.legacy_id == "shop|2"
    assert town.find(ADA).password_hash is None


def test_outage_in_the_middle(town, monkeypatch):
    """
    What was loaded before the source broke off is whole; once more does the rest.
    """
    monkeypatch.setattr(_ending, "_CHUNK", 1)
    town.site.acts[2] = down

    with pytest.raises(LegacyUnavailableError) as caught:
        town.connection.cut_over(force=True)

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert [] == town.told(CutOver)
    assert town.find(BOB).password_hash is None
    assert town.find(CYD) is None
    after = town.connection.cut_over(force=True)
    assert town.find(CYD).user.blocked
    with town.refused(InvalidCredentialsError):
        after.authenticate(BOB, "bobs")


def test_outage_while_reserving(town, monkeypatch):
    """
    If the store breaks off, the cut-over does; once more does the rest.
    """
    monkeypatch.setattr(_ending, "_CHUNK", 2)
    town.store.before("reserve_many", down, skip=1)

    with pytest.raises(StoreUnavailableError):
        town.connection.cut_over(force=True, leftovers="reserve")

    assert [] == town.told(CutOver)
    assert ("email", BOB) in reserved(town)
    assert ("email", CYD) not in reserved(town)
    assert town.connection.cut_over(force=True, leftovers="reserve")
    assert ("email", CYD) in reserved(town)


def test_outage_and_force(village):
    """
    A source that cannot be counted is cut over by force; one that cannot be listed is
    not, because that would make free what is somebody's.
    """
    village.site.down = True
    village.site.acts[0] = down

    with village.refused(LegacyUnavailableError):
        village.connection.cut_over(force=True)

    assert village.connection.cut_over(force=True, leftovers="leave")


@pytest.mark.parametrize("leftovers", ["load", "reserve"])
def test_progress(town, monkeypatch, leftovers):
    """
    How far it is is told behind every chunk, to whatever takes it.
    """
    monkeypatch.setattr(_ending, "_CHUNK", 2)
    told = []

    async def listen(kept):
        told.append(kept)

    progress = told.append if town.runner is None else listen
    town.connection.keep_leftovers(leftovers, progress=progress)

    rows = [2, 3, 5, 6] if leftovers == "load" else [2, 3]
    assert rows == [kept.rows for kept in told]
    assert (3 if leftovers == "load" else 0) == told[-1].loaded


def test_progress_in_a_loop(village):
    """
    A sync connection awaits nothing.
    """

    async def listen(kept):
        pass

    with village.refused(ConfigurationError):
        village.connection.keep_leftovers(progress=listen)


# --- What a source may list ------------------------------------------------------------


@pytest.mark.parametrize("leftovers", ["load", "reserve"])
def test_unreadable(town, leftovers):
    """
    Who can be neither loaded nor reserved keeps the source, unless it is forced.
    """
    town.site.people.clear()
    town.site.rows = [UNREAD, ImportRecord(user_id="x" * 256, email=CYD, line=7)]

    with pytest.raises(CutOverRefusedError) as caught:
        town.connection.cut_over(leftovers=leftovers)

    assert 2 == caught.value.remaining
    assert [] == town.told(CutOver)
    assert town.connection.cut_over(force=True, leftovers=leftovers)
    assert [LeftoversKept(loaded=0, reserved=0, unreadable=2)] * 2 == town.told(
        LeftoversKept
    )


@pytest.mark.parametrize("leftovers", ["load", "reserve"])
def test_errors(village, leftovers):
    """
    Why somebody was not loaded is told, or not even reserved.
    """
    village.site.change("3", username="c@d.com")
    nobody = ImportRecord(user_id="", email=CYD)
    village.site.rows = [UNREAD, nobody, nobody]

    kept = village.connection.keep_leftovers(leftovers)

    lines = {(error.line, error.field) for error in kept.errors}
    assert {(9, None), (5, "user_id"), (6, "user_id")} <= lines
    assert (leftovers == "load") == ((3, "username") in lines)
    assert 3 == kept.unreadable


@pytest.mark.parametrize("leftovers", ["load", "reserve"])
def test_no_record(town, leftovers):
    """
    What is no record is the source's mistake.
    """
    town.site.rows = [LegacyUser(user_id="4", email="dan@example.com")]

    with pytest.raises(ContractError):
        town.connection.keep_leftovers(leftovers)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("hunter2"), LegacyUnavailableError),
        (LegacyUnavailableError("timeout"), LegacyUnavailableError),
        (ContractError("Odd."), ContractError),
        (UserExistsError("email"), ContractError),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_failing_source(town, error, expected, at_once):
    """
    Whatever a source raises is an outage, or its mistake.
    """

    def fail():
        raise error

    if at_once:
        town.site.iter_users = fail
        source = type("Source", (), {"iter_users": staticmethod(fail)})()
        source.login, source.get_user = town.source.login, town.source.get_user
        connection = town.connect(source=source)
    else:
        town.site.acts[1] = fail
        connection = town.connection

    with pytest.raises(expected) as caught:
        connection.keep_leftovers("reserve")

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_async_listing(village):
    """
    A sync connection cannot walk an async source.
    """

    class Source(AsyncListingSite):
        def login(self, identifier, password, /):
            return None

        def get_user(self, identifier, /):
            return None

    connection = village.connect(source=Source(village.site))

    with village.refused(ConfigurationError) as caught:
        connection.keep_leftovers()
    assert "use AsyncConnection" in str(caught.value)


def test_sync_listing_in_a_loop(scene):
    """
    An async connection walks a sync source, too.
    """
    settled(scene)

    kept = scene.connect(source=scene.site).keep_leftovers()

    assert 3 == kept.loaded


def test_hashes_are_not_kept(village):
    """
    The hashes that a source lists go nowhere, not even if the hasher would take them.
    """
    village.site.people.clear()
    stored = StoredHash(CHEAPEST.hash("pw"))
    village.site.rows = [ImportRecord(user_id="4", email=BOB, password=stored)]

    kept = village.connection.keep_leftovers()

    assert (1, ()) == (kept.loaded, kept.errors)
    assert village.find(BOB).password_hash is None


# --- Taking it back --------------------------------------------------------------------


def test_lift(town):
    """
    With the source back, who was reserved moves at their next login.
    """
    town.connection.cut_over(force=True, leftovers="reserve")
    town.events.clear()

    assert 7 == town.connection.lift_reservations()

    assert [ReservationsLifted(count=7)] == town.events
    assert set() == reserved(town)
    assert town.connection.authenticate(BOB, "bobs").migrated
    with town.refused(UserExistsError):
        town.connection.sign_up(ADA, "mine now")
    assert 0 == town.connection.lift_reservations()


def test_loaded_and_back(town):
    """
    With the source back, it vouches for who was loaded, once.
    """
    town.connection.cut_over(force=True)
    town.connection.lift_reservations()
    loaded = town.find(BOB).user

    result = town.connection.authenticate(BOB, "bobs")

    assert (loaded.id, True) == (result.user.id, result.migrated)
    town.site.calls.clear()
    assert not town.connection.authenticate(BOB, "bobs").migrated
    assert [] == town.site.calls


def test_reset_and_back(town):
    """
    Who has reset their password meanwhile keeps the new one.
    """
    after = town.connection.cut_over(force=True)
    change = after.start_password_change(BOB)
    after.finish_password_change(change.token, "new")
    town.connection.lift_reservations()

    assert not town.connection.authenticate(BOB, "new").migrated
    with town.refused(InvalidCredentialsError):
        town.connection.authenticate(BOB, "bobs")


def test_lift_without_source(town):
    """
    Where nobody knows who has what is reserved, only force makes it free.
    """
    after = town.connection.cut_over(force=True, leftovers="reserve")

    for connection in (after, town.connect(source=NoopSource())):
        with town.refused(ConfigurationError) as caught:
            connection.lift_reservations()
        assert "Bring the source back first" in str(caught.value)
    assert 7 == after.lift_reservations(force=True)
    assert BOB == after.sign_up(BOB, "mine now").email


def test_lift_nonsense(village):
    """
    A store that lifts fewer than none breaks its word.
    """
    village.side.lift_reservations = lambda: -1

    with village.refused(ContractError):
        village.connection.lift_reservations()
