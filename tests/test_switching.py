"""
From strategy version 1 to 2, with users already stored.
"""

import inspect
from contextlib import suppress

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import LegacySite, connect, email

from migratekit import AsyncConnection, MigrationPolicy, Validator
from migratekit.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    MigrateKitError,
    StaleRecordError,
    StoreUnavailableError,
    SwitchRefusedError,
    Violation,
)
from migratekit.events import StrategySwitched
from migratekit.models import (
    Identifier,
    ImportRecord,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    User,
)
from migratekit.preflight import StoredReport, preflight_stored
from migratekit.stores.memory import MemoryStore
from migratekit.switching import SwitchReport, switch_strategy
from migratekit.testing import CHEAPEST


V1 = MigrationPolicy(strategy_version=1)
ADA = "ada@example.com"
OLD_ADA = "Ada@Example.com"
PASSWORD = "correct horse"


def called(connection, ask, **more):
    """
    Return what *ask* says of a connection, through either kind of door.
    """
    inner = getattr(connection, "_connection", connection)
    answer = ask(inner, **more)
    if inspect.isawaitable(answer):
        return connection._runner.run(answer)
    return answer


def switch(connection, **more):
    return called(connection, switch_strategy, **more)


def survey(connection, **more):
    return called(connection, preflight_stored, **more)


def put(store, user_id, email, username=None, **more):
    """
    Store a user as version 1 would.
    """
    fields = {"origin": Origin.ADMIN, **more}
    user = User(id=user_id, email=email, username=username, **fields)
    return store.create(NewUser(user, fields.pop("password_hash", None))).user


def told(findings):
    return [(finding.user_id, finding.code, finding.field) for finding in findings]


# --- Who stands in the way ---------------------------------------------------------


def test_nobody(scene):
    """
    Without users nothing stands against it, and nothing is written.
    """
    assert StoredReport() == survey(scene.connection)
    assert SwitchReport() == switch(scene.connection)


def test_survey(scene):
    """
    Who would collide or be invalid is told; who is only spelt otherwise is counted.
    """
    for number, (address, name) in enumerate(
        [
            (ADA, "ada"),
            ("ADA@example.com", None),
            ("bob@example.com", "ADA"),
            (None, "cyd"),
            ("nobody", None),
            ("Dan@example.com", "\N{KELVIN SIGN}"),
            ("eve@example.com", "a@b"),
            ("Fay@Example.com", "Fay"),
        ]
    ):
        put(scene.side, f"u{number}", address, name)
    stored, findings = scene.snapshot(), []

    report = survey(scene.connect(policy=V1), on_finding=findings.append)

    assert [
        ("u3", "OBJECT_REQUIRED", "email"),
        ("u4", "FORMAT", "email"),
        ("u5", "FORMAT", "username"),
        ("u6", "NOT_PASSED", "username"),
        ("u0", "SHARED_EMAIL", "email"),
        ("u1", "SHARED_EMAIL", "email"),
        ("u0", "SHARED_USERNAME", "username"),
        ("u2", "SHARED_USERNAME", "username"),
    ] == told(report.findings)
    assert list(report.findings) == findings
    assert "The user u1 has it, too, in another spelling." == findings[4].message
    assert (8, 4) == (report.users, report.differing)
    assert 8 == sum(report.codes.values())
    assert stored == scene.snapshot()


def test_three_alike(scene):
    """
    Of three who would be the same, each is told.
    """
    for number, address in enumerate((ADA, "ADA@example.com", OLD_ADA)):
        put(scene.side, f"u{number}", address)

    report = survey(scene.connection)

    assert ["u0", "u1", "u2"] == [finding.user_id for finding in report.findings]


def test_policy(scene):
    """
    The options of version 2 count, and the application's own rules.
    """
    put(scene.side, "u1", ADA)
    policy = MigrationPolicy(strategy_version=1, requires_username=True)
    validator = Validator(rules=[lambda user: [Violation("too_old", "name", "Old.")]])

    report = survey(scene.connect(policy=policy, validator=validator))

    assert [
        ("u1", "OBJECT_REQUIRED", "username"),
        ("u1", "TOO_OLD", "name"),
    ] == told(report.findings)


def test_reserved_for_others(scene):
    """
    Whoever would get what is reserved for somebody else collides.
    """
    keys = [LedgerKey("email", ADA), LedgerKey("username", "bob")]
    scene.side.reserve(keys, "shop|9")
    put(scene.side, "u1", OLD_ADA)
    put(scene.side, "u2", None, "Bob", legacy_id="shop|8", origin=Origin.IMPORT)

    report = survey(scene.connection)

    assert ("u1", "CONFLICT_EMAIL", "email") == told(report.findings)[0]
    assert "It is reserved for shop|9." == report.findings[0].message
    assert ("u2", "CONFLICT_USERNAME", "username") in told(report.findings)


def test_reserved_for_oneself(scene):
    """
    What is reserved for the very same user is theirs.
    """
    scene.side.reserve([LedgerKey("email", ADA)], "shop|1")
    put(scene.side, "u1", OLD_ADA, legacy_id="shop|1", origin=Origin.IMPORT)

    assert {} == survey(scene.connection).codes
    assert SwitchReport(users=1, rewritten=1) == switch(scene.connection)
    assert scene.find(ADA) is not None


def test_refused(scene):
    """
    While anything stands against it, nothing is written.
    """
    put(scene.side, "u1", ADA)
    put(scene.side, "u2", OLD_ADA)
    put(scene.side, "u3", "Cyd@example.com")
    connection, findings = scene.connect(policy=V1), []

    for dry_run in (False, True):
        with scene.refused(SwitchRefusedError) as caught:
            switch(connection, dry_run=dry_run, on_finding=findings.append)
        assert 2 == caught.value.findings
    assert 4 == len(findings)
    assert [] == scene.told(StrategySwitched)


# --- What it writes ----------------------------------------------------------------


@pytest.fixture(name="shop")
def _shop(scene):
    """
    A scene of version 1: stored users, deleted ones, and reserved keys.
    """
    scene.site.add("1", OLD_ADA, PASSWORD, username="Ada")
    scene.site.add("2", "Bob@example.com", PASSWORD)
    old = scene.beside(policy=V1)
    old.authenticate(OLD_ADA, PASSWORD)
    old.delete_user(old.authenticate("Bob@example.com", PASSWORD).user.id)
    old.create_user("cyd@example.com", password=PASSWORD, username=" Cyd ")
    old.create_user("Dan@Example.com")
    keys = [LedgerKey("email", "Eve@x.com"), LedgerKey("username", "Eve")]
    scene.side.reserve([*keys, LedgerKey("legacy_id", "shop|5")], "shop|5")
    scene.side.reserve([LedgerKey("email", "fay@x.com")], "shop|6")
    scene.side.reserve([LedgerKey("username", "\N{KELVIN SIGN}")], "shop|6")
    return scene


def test_rewritten(shop):
    """
    Users get the form of version 2 and keep everything else; the ledger keeps its rows.
    """
    record = shop.side.find(email(OLD_ADA))

    report = switch(shop.connect(policy=V1))

    assert SwitchReport(users=3, rewritten=3, reserved=2) == report
    after = shop.find(ADA)
    expected = attrs.evolve(
        record.user, email=ADA, username="ada", updated_at=after.user.updated_at
    )
    assert expected == after.user
    assert (record.password_hash, record.version + 1) == (
        after.password_hash,
        after.version,
    )
    for key in (("email", OLD_ADA), ("email", ADA), ("username", "Ada")):
        assert shop.is_retired(*key)
    assert "cyd" == shop.find("cyd@example.com").user.username
    assert [] == list(shop.side.check())
    assert [StrategySwitched(rewritten=3, reserved=2, left=0)] == shop.told(
        StrategySwitched
    )


def test_reserved(shop):
    """
    What was reserved is reserved in the form of version 2, too, for the same user.
    """
    switch(shop.connect(policy=V1))

    rows = {
        (row.key.kind.value, row.key.value, row.legacy_id)
        for row in shop.side.reservations(None, 100)
    }
    assert {
        ("email", "Eve@x.com", "shop|5"),
        ("email", "eve@x.com", "shop|5"),
        ("email", "fay@x.com", "shop|6"),
        ("legacy_id", "shop|5", "shop|5"),
        ("username", "Eve", "shop|5"),
        ("username", "eve", "shop|5"),
        ("username", "\N{KELVIN SIGN}", "shop|6"),
    } == rows


def test_reserved_and_used(scene):
    """
    What somebody used once in the form of version 2 is not reserved for another one.
    """
    user = put(scene.side, "u1", ADA)
    scene.side.reserve([LedgerKey("email", OLD_ADA)], "shop|5")
    scene.beside().delete_user(user.id)

    assert 0 == switch(scene.connection).reserved


def test_again(shop):
    """
    Once more writes nothing.
    """
    switch(shop.connect(policy=V1))
    stored = shop.snapshot()

    report = switch(shop.connection)

    assert SwitchReport(users=3) == report
    assert stored == shop.snapshot()
    assert 1 == len(shop.told(StrategySwitched))


def test_dry_run(shop):
    """
    A dry run tells what would be done, and does nothing.
    """
    stored = shop.snapshot()

    report = switch(shop.connect(policy=V1), dry_run=True)

    assert SwitchReport(users=3, rewritten=3, reserved=2) == report
    assert stored == shop.snapshot()
    assert [] == shop.told(StrategySwitched)


def test_many(memory):
    """
    Users and reservations come page by page.
    """
    for number in range(1001):
        put(memory.side, f"u{number:04}", f"U{number}@example.com")
        memory.side.reserve([LedgerKey("username", f"N{number}")], "shop|1")
    progress = []

    report = switch(
        memory.connect(policy=V1), progress=lambda *done: progress.append(done)
    )

    assert SwitchReport(users=1001, rewritten=1001, reserved=1001) == report
    assert [500, 1000, 1001] * 3 == [done for _, done in progress]
    assert [1, 2, 3] == sorted({walk for walk, _ in progress})


class Bare:
    """
    A store that lists its users, and cannot reserve.
    """

    def __init__(self, inner):
        for name in (
            *("find", "get", "create", "replace", "delete", "retired"),
            "list_users",
        ):
            setattr(self, name, getattr(inner, name))


def test_no_reservations(memory):
    """
    A store that reserves nothing has nothing to reserve.
    """
    put(memory.side, "u1", OLD_ADA)

    report = switch(memory.connect(policy=V1, store=Bare(memory.side)))

    assert SwitchReport(users=1, rewritten=1) == report


def test_no_list(memory):
    """
    A store that cannot list its users cannot be switched.
    """
    store = Bare(memory.side)
    del store.list_users

    with pytest.raises(ConfigurationError, match="ListableStore"):
        switch(memory.connect(store=store))


def test_rehearsal(shop):
    """
    In a rehearsal nothing is written.
    """
    connection = shop.connect(policy=attrs.evolve(V1, rehearse=True))

    with shop.refused(ConfigurationError):
        switch(connection)
    assert 3 == switch(connection, dry_run=True).rewritten


# --- What a login sees -------------------------------------------------------------


def outcome(connection, identifier):
    try:
        return connection.authenticate(identifier, PASSWORD).user.email
    except InvalidCredentialsError as error:
        return error.reason


def test_logins_before(shop):
    """
    Version 1 finds a user by the stored form; version 2 by none, and asks in vain.
    """
    old, new = shop.connect(policy=V1), shop.connect()
    shop.site.calls.clear()

    assert OLD_ADA == outcome(old, OLD_ADA)
    assert [] == shop.site.calls
    # An unknown identifier to version 1, by which the source knows who has moved.
    assert "retired" == outcome(old, ADA)
    assert ["retired", "retired"] == [outcome(new, each) for each in (OLD_ADA, ADA)]
    assert 3 == sum(name == "login" for name, _ in shop.site.calls)


def test_logins_between(shop):
    """
    Once a user is rewritten, version 1 finds them by the new form alone, and whoever
    types the old one is refused without a question to the source.
    """
    switch(shop.connect(policy=V1))
    shop.site.calls.clear()
    old, new = shop.connect(policy=V1), shop.connect()

    assert ADA == outcome(old, ADA)
    assert "retired" == outcome(old, OLD_ADA)
    assert [ADA, ADA, ADA] == [
        outcome(new, each) for each in (OLD_ADA, ADA, "ADA@example.COM")
    ]
    assert [ADA, ADA] == [outcome(new, each) for each in ("ada", "Ada")]
    assert [] == shop.site.calls


def test_too_early(shop):
    """
    With version 2 before the rewriting, people sign up whom it then collides with.
    """
    shop.connect().sign_up("dan@example.com", PASSWORD)

    with shop.refused(SwitchRefusedError):
        switch(shop.connect())


def test_deleted(shop):
    """
    Who was deleted in version 1 does not come back in version 2, by any spelling.
    """
    switch(shop.connect(policy=V1))

    new = shop.connect()

    for spelling in ("Bob@example.com", "bob@example.com"):
        assert "retired" == outcome(new, spelling)
    row = ImportRecord(user_id="2", email="bob@example.com")
    assert 1 == new.import_users([row]).already_migrated


def test_reserved_sign_up(shop):
    """
    What was reserved in version 1 nobody can register in version 2.
    """
    switch(shop.connect(policy=V1))

    with pytest.raises(MigrateKitError) as caught:
        shop.connect().sign_up("EVE@x.com", PASSWORD)

    assert 409 == caught.value.status_hint


# --- Beside others -----------------------------------------------------------------


def test_login_in_between(shop):
    """
    A user whom somebody else writes meanwhile is read again, and keeps what they wrote.
    """
    users = shop.side.list_users(None, 100, None, None)

    def block_all():
        for user in users:
            shop.beside().block(user.id)

    shop.store.before("replace", block_all)

    report = switch(shop.connect(policy=V1))

    assert (3, 0) == (report.rewritten, report.left)
    after = shop.side.list_users(None, 100, None, None)
    assert [True] * 3 == [user.blocked for user in after]
    assert {ADA, "cyd@example.com", "dan@example.com"} == {user.email for user in after}


def test_always_outrun(shop):
    """
    Whoever is written all the time stops it; the next run goes on.
    """

    def write_all():
        for user in shop.side.list_users(None, 100, None, None):
            old = shop.side.get(user.id)
            shop.side.replace(old, old)

    for _ in range(8):
        shop.store.before("replace", write_all)

    with pytest.raises(StaleRecordError):
        switch(shop.connect(policy=V1))
    assert 0 == switch(shop.connect(policy=V1)).left


def test_gone(shop):
    """
    Users who are deleted or renamed after they were listed are left alone.
    """
    users = shop.side.list_users(None, 100, None, None)

    def remove_two():
        shop.beside(policy=V1).delete_user(users[0].id)
        old = shop.side.get(users[1].id)
        user = attrs.evolve(old.user, email="new@example.com", username=None)
        shop.side.replace(old, attrs.evolve(old, user=user))

    shop.store.before("get", remove_two)

    report = switch(shop.connect(policy=V1))

    assert (1, 0) == (report.rewritten, report.left)


def test_left(shop):
    """
    Who gets in the way after the beginning is told, the others are rewritten, and
    nothing is deployed.
    """
    users = shop.side.list_users(None, 100, None, None)
    renamed = next(user for user in users if user.username is None)

    def get_in_the_way():
        put(shop.side, "x1", ADA)
        old = shop.side.get(renamed.id)
        user = attrs.evolve(old.user, email="No Body@")
        shop.side.replace(old, attrs.evolve(old, user=user))

    shop.store.before("get", get_in_the_way)
    deployed, findings = [], []

    report = switch(
        shop.connect(policy=V1),
        deploy=lambda: deployed.append(True),
        on_finding=findings.append,
    )

    assert (1, 2, []) == (report.rewritten, report.left, deployed)
    assert {"CONFLICT_EMAIL", "FORMAT"} == {finding.code for finding in findings}
    assert tuple(findings) == report.findings
    assert 2 == shop.told(StrategySwitched)[0].left


def test_deploy(shop):
    """
    Behind the deployment everybody is gone through again.
    """

    def deploy():
        assert shop.find(ADA) is not None
        shop.beside(policy=V1).create_user("Late@example.com")
        shop.side.reserve([LedgerKey("email", "Later@x.com")], "shop|7")

    report = switch(shop.connect(policy=V1), deploy=deploy)

    assert SwitchReport(users=4, rewritten=4, reserved=3) == report
    assert shop.find("late@example.com") is not None


def test_deploy_fails(shop):
    """
    What the deployment raises arrives as it is, behind what was written.
    """

    def deploy():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        switch(shop.connect(policy=V1), deploy=deploy)
    assert shop.find(ADA) is not None


def test_async_deploy(runner):
    """
    Behind an async connection it may be a coroutine function.
    """
    deployed = []

    async def deploy():
        deployed.append(True)

    connection = AsyncConnection(
        MemoryStore(), LegacySite(), hasher=CHEAPEST, listeners=()
    )

    async def work():
        return await switch_strategy(connection, deploy=deploy)

    assert SwitchReport() == runner.run(work())
    assert [True] == deployed


# --- Killed at any point -----------------------------------------------------------


class KilledError(BaseException):
    """
    The process is gone.
    """


def copy_of(store):
    copied = MemoryStore()
    for name, value in vars(store).items():
        if isinstance(value, dict):
            setattr(copied, name, dict(value))
    return copied


def contents(store):
    return {name: value for name, value in vars(store).items() if name != "_lock"}


@pytest.fixture(name="past", scope="module")
def _past():
    """
    A store of version 1 with users and reservations.
    """
    store = MemoryStore()
    for number in range(4):
        put(store, f"u{number}", f"U{number}@Example.com", f"N{number}")
    put(store, "u4", "fine@example.com")
    for number in range(3):
        store.reserve([LedgerKey("email", f"R{number}@x.com")], f"shop|{number}")
    return store


class Deadly:
    """
    A store that kills whoever asks it at a certain moment, before or after it has done.
    """

    def __init__(self, store, moment, *, done):
        self.calls = 0
        for name in dir(store):
            if not name.startswith("_"):
                setattr(self, name, self._call(getattr(store, name), moment, done))

    def _call(self, method, moment, done):
        def call(*arguments):
            self.calls += 1
            if self.calls == moment and not done:
                raise KilledError
            answer = method(*arguments)
            if self.calls == moment:
                raise KilledError
            return answer

        return call


@pytest.mark.parametrize("done", [False, True])
def test_killed(past, done):
    """
    Killed before or after any question to the store, it ends the same once run again.
    """
    reference = copy_of(past)
    clock = connect(reference, LegacySite(), policy=V1)._ports.clock
    options = {"policy": V1, "clock": clock}
    switch_strategy(connect(reference, LegacySite(), **options))
    assert 4 == sum(record.version == 2 for record in reference._records.values())

    moment, kills = 0, 0
    while moment == kills:
        moment += 1
        store = copy_of(past)
        with suppress(KilledError):
            deadly = Deadly(store, moment, done=done)
            switch_strategy(connect(deadly, LegacySite(), **options))
            break
        kills += 1
        switch_strategy(connect(store, LegacySite(), **options))
        assert [] == list(store.check())
        assert contents(reference)["_records"] == contents(store)["_records"]
        assert contents(reference)["_ledger"] == contents(store)["_ledger"]
    assert kills > 20


def test_outage(shop):
    """
    A store that breaks off ends it; the next run goes on.
    """

    def fail():
        raise OSError

    shop.store.before("replace", fail, skip=1)

    with pytest.raises(StoreUnavailableError):
        switch(shop.connect(policy=V1))
    assert 2 == switch(shop.connect(policy=V1)).rewritten
    assert shop.find(ADA) is not None


def test_outage_behind_the_write(shop):
    """
    A write that was done all the same is found to be.
    """

    def fail():
        raise OSError

    shop.store.after("replace", fail)

    assert 3 == switch(shop.connect(policy=V1)).rewritten


# --- Whatever is stored ------------------------------------------------------------


addresses = st.sampled_from(
    (ADA, OLD_ADA, "ADA@example.com ", "B@x.com", "b@x.com", "c@x.com", "nobody", None)
)
names = st.sampled_from(("ada", "Ada", "b", "B", "c", None))


@given(
    st.lists(st.tuples(addresses, names), max_size=5),
    st.lists(st.tuples(addresses.filter(bool), st.sampled_from("ab")), max_size=2),
)
@settings(max_examples=150)
def test_all_or_nobody(people, reserved):
    """
    Either it refuses and writes nothing, or version 2 finds everybody; both by what
    a survey says, and whoever is told would indeed be refused.
    """
    store = MemoryStore()
    for address, person in reserved:
        store.reserve([LedgerKey("email", address)], f"shop|{person}")
    for number, (address, name) in enumerate(people):
        with suppress(MigrateKitError):
            connect(store, LegacySite(), policy=V1)._ports.store.create(
                NewUser(
                    User(
                        id=f"u{number}",
                        origin=Origin.ADMIN,
                        email=address and address.strip(),
                        username=name,
                    ),
                    None,
                )
            )
    before, connection = repr(contents(store)), connect(store, LegacySite(), policy=V1)

    report = preflight_stored(connection)

    assert before == repr(contents(store))
    forms = [
        (user.email and user.email.lower(), user.username and user.username.lower())
        for user in store.list_users(None, 100, None, None)
    ]
    refused = any(form is None or form == "nobody" for form, _ in forms)
    for column in zip(*forms, strict=True) if forms else ():
        there = [form for form in column if form is not None]
        refused = refused or len(set(there)) < len(there)
    lower = {address.strip().lower() for address, _ in reserved}
    free = {row.key.value for row in store.reservations(None, 100)}
    clash = any(
        user.email and user.email != user.email.lower() and user.email.lower() in free
        for user in store.list_users(None, 100, None, None)
    )
    assert (refused or clash) == bool(report.codes)
    if report.codes:
        with pytest.raises(SwitchRefusedError):
            switch_strategy(connection)
        assert before == repr(contents(store))
        return
    switch_strategy(connection)
    for form, name in forms:
        assert store.find(Identifier(KeyKind.EMAIL, form)).user.username == name
    assert {
        address for address in lower if store.retired(LedgerKey("email", address))
    } == lower
    assert [] == list(store.check())
