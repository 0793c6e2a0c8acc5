"""
Many users at once: what is stored, what is not, and what is said about it.
"""

import datetime as dt
import hashlib
import threading
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import permutations

import attrs
import pytest

from migratekit.errors import (
    AccountBlockedError,
    AlreadyMigratedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    PasswordChangeRequiredError,
    StoreUnavailableError,
    UserExistsError,
)
from migratekit.events import UsersImported
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.imports import ImportReport, RowError
from migratekit.models import ImportRecord, LedgerKey, Origin, StoredHash
from migratekit.policy import MigrationPolicy
from migratekit.sources import NoopSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


ADA = "ada@example.com"
BOB = "bob@example.com"
MD5 = hashlib.md5(b"pw").hexdigest()
HASHER = LegacyHasher(CHEAPEST, presets.recipe("md5($pass)"))


def person(number, email=None, **more):
    email = f"user{number}@example.com" if email is None else email
    return ImportRecord(user_id=str(number), email=email, **more)


def figures(report):
    return (
        report.inserted,
        report.already_migrated,
        report.conflicts,
        report.invalid,
    )


def told(report):
    return [(error.line, error.code, error.field) for error in report.errors]


# --- What is stored ----------------------------------------------------------------


def test_stored(scene):
    """
    A row becomes a user in canonical form, with everything on the list.
    """
    created = dt.datetime(2014, 5, 6, 7, 8, tzinfo=dt.UTC)
    row = person(
        1,
        " Ada@Example.COM",
        email_verified=True,
        username="Ada",
        blocked=True,
        must_change_password=True,
        profile={"name": "Ada"},
        user_metadata={"theme": "dark"},
        app_metadata={"plan": "gold"},
        created_at=created,
    )

    report = scene.connection.import_users([row])

    assert ImportReport(inserted=1) == report
    user = scene.find(ADA).user
    assert (ADA, "ada", Origin.IMPORT, "shop|1") == (
        user.email,
        user.username,
        user.origin,
        user.legacy_id,
    )
    same = (
        "email_verified",
        "blocked",
        "must_change_password",
        "profile",
        "user_metadata",
        "app_metadata",
        "created_at",
    )
    assert {name: getattr(row, name) for name in same} == {
        name: getattr(user, name) for name in same
    }
    assert scene.clock.now() >= user.migrated_at
    assert scene.find(ADA).password_hash is None
    for key in (("legacy_id", "shop|1"), ("email", ADA), ("username", "ada")):
        assert scene.is_retired(*key)


def test_ids(scene):
    """
    Everybody gets a random UUID of version 4.
    """
    scene.connection.import_users(map(person, range(300)))

    ids = {user.id for user in scene.connection.users()}
    parsed = {uuid.UUID(user_id) for user_id in ids}
    assert (300, ids) == (len(parsed), set(map(str, parsed)))
    assert {4} == {one.version for one in parsed}
    drawn = [*zip(*(f"{one.int:032x}" for one in parsed), strict=True)]
    alphabets = ["".join(sorted({*digits})) for digits in drawn]
    assert {12: "4", 16: "89ab"} == {
        place: digits
        for place, digits in enumerate(alphabets)
        if digits != "0123456789abcdef"
    }
    pairs = permutations((digits for digits in drawn if len({*digits}) > 1), 2)
    # Where one digit follows from another, there are no more pairs than digits.
    assert 16 < min(len({*zip(*pair, strict=True)}) for pair in pairs)


def test_hash(scene):
    """
    A user with a legacy hash logs in without the source, which is never asked again.
    """
    connection = scene.connect(hasher=HASHER)

    connection.import_users([person(1, ADA, password=StoredHash(MD5))])
    scene.site.down = True
    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")
    login = connection.authenticate(ADA, "pw")

    assert (False, Origin.IMPORT) == (login.migrated, login.user.origin)
    assert scene.find(ADA).password_hash.startswith("$argon2id$")
    assert [] == scene.site.calls
    assert connection.authenticate(ADA, "pw").user.id == login.user.id


def test_blocked_and_must_change(scene):
    """
    Whoever was blocked or had to change the password still is and has to.
    """
    connection = scene.connect(hasher=HASHER)
    connection.import_users(
        [
            person(1, ADA, password=StoredHash(MD5), blocked=True),
            person(2, BOB, password=StoredHash(MD5), must_change_password=True),
        ]
    )

    with pytest.raises(AccountBlockedError):
        connection.authenticate(ADA, "pw")
    with pytest.raises(PasswordChangeRequiredError):
        connection.authenticate(BOB, "pw")


def test_preloaded(scene):
    """
    A user without a hash is vouched for by the source, once.
    """
    scene.site.add("1", ADA, "pw")
    scene.connection.import_users([person(1, ADA)])

    assert scene.connection.authenticate(ADA, "pw").migrated
    scene.site.down = True
    assert not scene.connection.authenticate(ADA, "pw").migrated


def test_twice(scene):
    """
    Importing the same rows again changes nothing.
    """
    rows = [person(number, username=f"name{number}") for number in range(5)]
    scene.connection.import_users(rows, chunk_size=2)
    stored = scene.snapshot()

    report = scene.connection.import_users(rows, chunk_size=3)

    assert ImportReport(already_migrated=5) == report
    assert stored == scene.snapshot()


def test_beside_logins(scene):
    """
    Whoever moved by a login stays as they are; whoever was imported does not move again.
    """
    scene.site.add("1", ADA, "pw")
    login = scene.connection.authenticate(ADA, "pw")
    stored = scene.find(ADA)

    report = scene.connection.import_users([person(1, "other@example.com"), person(2)])

    assert (1, 1, 0, 0) == figures(report)
    assert stored == scene.find(ADA)
    assert login.user == stored.user


def test_same_person_twice(scene):
    """
    The first row of a legacy id counts, in one chunk and across chunks.
    """
    rows = [person(1, ADA), person(1, BOB), person(2), person(1, BOB)]

    report = scene.connection.import_users(rows, chunk_size=3)

    assert (2, 2, 0, 0) == figures(report)
    assert scene.find(BOB) is None


def test_deleted(scene):
    """
    An import does not bring a deleted user back, unless they are readmitted.
    """
    scene.connection.import_users([person(1, ADA)])
    scene.connection.delete_user(scene.find(ADA).user.id)

    assert (0, 1, 0, 0) == figures(scene.connection.import_users([person(1, ADA)]))
    assert scene.find(ADA) is None
    scene.connection.readmit("shop|1")
    assert (1, 0, 0, 0) == figures(scene.connection.import_users([person(1, ADA)]))


def test_reservation(scene):
    """
    A row lifts the reservation of its own legacy id, and of no other.
    """
    keys = [LedgerKey("legacy_id", "shop|1"), LedgerKey("email", ADA)]
    scene.side.reserve(keys, "shop|1")

    stranger = scene.connection.import_users([person(2, ADA)])
    owner = scene.connection.import_users([person(1, ADA)])

    assert (0, 0, 1, 0) == figures(stranger)
    assert (1, 0, 0, 0) == figures(owner)
    assert "used" == scene.side.retired(keys[1]).reason


def test_strategy_version_1(scene):
    """
    Version 1 keeps identifiers as they are, and wants only that there is one.
    """
    policy = MigrationPolicy(strategy_version=1)
    rows = [person(1, "Ada@Example.com"), person(2, "no address"), person(3, "")]

    report = scene.connect(policy=policy).import_users(rows)

    assert (2, 0, 0, 1) == figures(report)
    assert [(3, "OBJECT_REQUIRED", "email")] == told(report)


# --- What is not -------------------------------------------------------------------


def test_conflicts(scene):
    """
    A row that wants what another user has is told by line, code and field.
    """
    scene.connection.sign_up(ADA, "new password", username="ada")
    rows = [
        person(1, ADA),
        person(2, username="Ada"),
        person(3),
        person(4, "user3@example.com"),
        person(5, BOB, line=77),
    ]
    scene.connection.import_users([person(6, BOB)])

    report = scene.connection.import_users(rows)

    assert (1, 0, 4, 0) == figures(report)
    assert [
        (1, "CONFLICT_EMAIL", "email"),
        (2, "CONFLICT_USERNAME", "username"),
        (4, "CONFLICT_EMAIL", "email"),
        (77, "CONFLICT_EMAIL", "email"),
    ] == told(report)
    assert {"CONFLICT_EMAIL": 3, "CONFLICT_USERNAME": 1} == report.codes


def test_former_address(scene):
    """
    An address that somebody else moved with is not free for another row.
    """
    scene.connection.import_users([person(1, ADA)])
    scene.connection.change_email(scene.find(ADA).user.id, BOB)

    report = scene.connection.import_users([person(2, ADA)])

    assert (0, 0, 1, 0) == figures(report)
    assert [(1, "CONFLICT", None)] == told(report)


def test_conflict_raised(scene):
    """
    With on_conflict="raise", the import ends behind the chunk of the first conflict.
    """
    rows = [person(1), person(2, "user1@example.com"), person(3), person(4)]
    reports = []

    with pytest.raises(UserExistsError) as caught:
        scene.connection.import_users(
            rows, on_conflict="raise", chunk_size=3, progress=reports.append
        )

    assert "email" == caught.value.field
    assert [(2, 0, 1, 0)] == list(map(figures, reports))
    assert scene.find("user3@example.com") is not None
    assert scene.find("user4@example.com") is None


def test_former_address_raised(scene):
    """
    With on_conflict="raise", so it does for what nobody has any more.
    """
    scene.connection.import_users([person(1, ADA)])
    scene.connection.delete_user(scene.find(ADA).user.id)

    with pytest.raises(AlreadyMigratedError) as caught:
        scene.connection.import_users([person(2, ADA)], on_conflict="raise")

    assert "shop|1" == caught.value.legacy_id


def test_invalid(scene):
    """
    All that is wrong with a row is told at once, and the others are stored.
    """
    policy = MigrationPolicy(requires_username=True)
    rows = [
        person(1, "nobody"),
        person(2, username="b@c"),
        person("", "c@example.com", username="c"),
        person("4\n", "d@example.com", username="d"),
        person("x" * 256, "e@example.com", username="e"),
        person(6, username="f", created_at=dt.datetime.min.replace(tzinfo=_EAST)),
        RowError(99, "INVALID_TYPE", "email", "…"),
        person(8, username="g"),
    ]

    report = scene.connect(policy=policy).import_users(rows)

    assert (1, 0, 0, 7) == figures(report)
    assert [
        (1, "FORMAT", "email"),
        (1, "OBJECT_REQUIRED", "username"),
        (2, "NOT_PASSED", "username"),
        (3, "FORMAT", "user_id"),
        (4, "FORMAT", "user_id"),
        (5, "FORMAT", "user_id"),
        (6, "FORMAT", "created_at"),
        (99, "INVALID_TYPE", "email"),
    ] == told(report)
    assert scene.find("g") is not None


_EAST = dt.timezone(dt.timedelta(hours=14))


def test_unusable_hash(scene):
    """
    A hash that can never be verified keeps its row out, and is not told.
    """
    connection = scene.connect(hasher=HASHER)
    rows = [person(1, password=StoredHash("$oops$")), person(2)]

    report = connection.import_users(rows)

    assert (1, 0, 0, 1) == figures(report)
    assert [(1, "INVALID_HASH", "password_hash")] == told(report)
    assert "oops" not in repr((report, rows))


def test_lone_surrogate(scene):
    """
    What has no UTF-8 in a column that nobody needs keeps its own row out, and no other.
    """
    connection = scene.connect(hasher=LegacyHasher(CHEAPEST, presets.phpass()))
    text = "$P$5saltsalt" + "." * 22
    columns = {"salt": "\ud800"}, {"salt2": "\ud800"}, {"username": "\ud800"}
    rows = [
        person(number, password=StoredHash(text, **more))
        for number, more in enumerate((*columns, {}), 1)
    ]

    report = connection.import_users(rows)

    assert (1, 0, 0, 3) == figures(report)
    assert [(n, "INVALID_HASH", "password_hash") for n in (1, 2, 3)] == told(report)


def test_hasher_without_hashes(scene):
    """
    A hasher that takes no legacy hashes is a mistake of the configuration.
    """

    class Plain:
        hash = staticmethod(CHEAPEST.hash)
        verify = staticmethod(CHEAPEST.verify)
        needs_rehash = staticmethod(CHEAPEST.needs_rehash)

    connection = scene.connect(hasher=Plain())

    with pytest.raises(ConfigurationError, match="Plain takes no legacy hashes"):
        connection.import_users([person(1, password=StoredHash(MD5))])
    assert (1, 0, 0, 0) == figures(connection.import_users([person(1)]))


def test_import_mode_off(scene):
    """
    With import_mode off nobody is imported.
    """
    connection = scene.connect(policy=MigrationPolicy(import_mode=False))
    stored = scene.snapshot()

    with pytest.raises(ConfigurationError, match="import_mode"):
        connection.import_users([person(1)])
    assert stored == scene.snapshot()


def test_other_source(scene):
    """
    A store that belongs to another source takes no row.
    """
    stored = scene.snapshot()

    with pytest.raises(ConfigurationError, match="shop"):
        scene.connect(source_name="forum").import_users([person(1)])
    assert stored == scene.snapshot()


def test_after_the_cut_over(scene):
    """
    Leftovers can be imported after the source is gone.
    """
    connection = scene.connect(source=NoopSource())

    assert (1, 0, 0, 0) == figures(connection.import_users([person(1, ADA)]))


@pytest.mark.parametrize(
    "options",
    [
        {"on_conflict": "update"},
        {"chunk_size": 0},
        {"chunk_size": True},
        {"chunk_size": 10.0},
        {"executor": object()},
    ],
)
def test_options(scene, options):
    """
    An option that cannot be used is refused before anything is read.
    """
    with pytest.raises(ConfigurationError):
        scene.connection.import_users(iter_nothing(), **options)


def iter_nothing():
    pytest.fail("A row was read.")
    yield


@pytest.mark.parametrize("row", [{"user_id": "1"}, None, "row"])
def test_no_record(scene, row):
    """
    What is no record stops the import, and its chunk is not stored.
    """
    with pytest.raises(ContractError):
        scene.connection.import_users([person(1), row])
    assert scene.find("user1@example.com") is None


# --- In chunks ---------------------------------------------------------------------


def test_progress(scene):
    """
    Behind every chunk the report so far is told, and its errors.
    """
    rows = [person(1), person(2, "bad"), person(3), person(4), person(5, "worse")]
    reports, errors = [], []

    report = scene.connection.import_users(
        rows, chunk_size=2, progress=reports.append, on_error=errors.append
    )

    assert [(1, 0, 0, 1), (3, 0, 0, 1), (3, 0, 0, 2)] == list(map(figures, reports))
    assert report == reports[-1]
    assert [2, 5] == [error.line for error in errors]
    assert [2, 4, 5] == [report.total for report in reports]
    assert [
        UsersImported(inserted=1, already_migrated=0, conflicts=0, invalid=1),
        UsersImported(inserted=2, already_migrated=0, conflicts=0, invalid=0),
        UsersImported(inserted=0, already_migrated=0, conflicts=0, invalid=1),
    ] == scene.told(UsersImported)


def test_read_as_needed(scene):
    """
    No more than a chunk is read ahead.
    """
    read = []

    def rows():
        for number in range(7):
            read.append(number)
            yield person(number)

    seen = []
    scene.connection.import_users(
        rows(), chunk_size=3, progress=lambda report: seen.append(len(read))
    )

    assert [3, 6, 7] == seen


def test_nothing(scene):
    """
    An empty file is a short import.
    """
    assert ImportReport() == scene.connection.import_users([])


def test_stopped_by_the_caller(scene):
    """
    Whatever a callback or the rows raise ends the import as it is; chunks stay whole.
    """

    def rows():
        yield from (person(1), person(2), person(3))
        raise ValueError("torn file")

    def stop(report):
        raise KeyError("enough")

    with pytest.raises(ValueError, match="torn file"):
        scene.connection.import_users(rows(), chunk_size=2)
    assert scene.find("user2@example.com") is not None
    assert scene.find("user3@example.com") is None
    with pytest.raises(KeyError):
        scene.connection.import_users(
            [person(3), person(4)], chunk_size=1, progress=stop
        )
    assert scene.find("user3@example.com") is not None
    assert scene.find("user4@example.com") is None


def test_outage(scene):
    """
    An outage ends the import; running it again finishes the job.
    """
    rows = [person(number) for number in range(6)]

    def fail():
        raise OSError("gone away")

    scene.store.before("create_many", fail, skip=1)
    with pytest.raises(StoreUnavailableError):
        scene.connection.import_users(rows, chunk_size=2)

    assert (4, 2, 0, 0) == figures(scene.connection.import_users(rows, chunk_size=2))


def test_lost_answer(scene):
    """
    A chunk whose outcome nobody knows is found stored by the next run.
    """
    rows = [person(number) for number in range(4)]

    def fail():
        raise OSError("gone away")

    scene.store.after("create_many", fail)
    with pytest.raises(StoreUnavailableError):
        scene.connection.import_users(rows, chunk_size=2)

    assert (2, 2, 0, 0) == figures(scene.connection.import_users(rows, chunk_size=2))


def test_many_errors(memory):
    """
    The report keeps the first thousand errors; all are counted, and all are told.
    """
    rows = [person(number, "bad") for number in range(1200)]
    errors = []

    report = memory.connection.import_users(
        rows, chunk_size=500, on_error=errors.append
    )

    assert 1200 == report.codes["FORMAT"] == len(errors)
    assert errors[:1000] == list(report.errors)


def test_store_without_bulk(scene):
    """
    A store that cannot take many at once is given one after the other.
    """

    class OneByOne(type(scene.store)):
        create_many = None

    store = OneByOne(scene.store.inner)
    rows = [person(1, ADA), person(2, ADA), person(1, ADA), person(3)]

    report = scene.connect(store=store).import_users(rows)

    assert (2, 1, 1, 0) == figures(report)
    assert 4 == store.count("create")


@pytest.mark.parametrize("answer", [None, [], [None, None], ["stored"]])
def test_store_breaks_its_word(memory, answer):
    """
    A store that does not tell what became of every row is found out.
    """

    class Store(MemoryStore):
        def create_many(self, new, /):
            return answer

    with pytest.raises(ContractError):
        memory.connect(store=Store()).import_users([person(1)])


# --- Wrapping ----------------------------------------------------------------------


def test_wrapped(scene):
    """
    With wrap=True no weak hash is stored; the first login unwraps it.
    """
    connection = scene.connect(hasher=HASHER)

    report = connection.import_users(
        [person(1, ADA, password=StoredHash(MD5))], wrap=True
    )

    assert (1, 0, 0, 0) == figures(report)
    assert MD5 not in scene.find(ADA).password_hash
    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, MD5)
    connection.authenticate(ADA, "pw")
    assert scene.find(ADA).password_hash.startswith("$argon2id$")


def test_wrapped_by_an_executor(scene):
    """
    An executor does the work; strong hashes and unusable ones are none of its.
    """
    formats = [presets.recipe("md5($pass)"), presets.bcrypt()]
    strong = "$2b$04$abcdefghijklmnopqrstuuR7D1rwuHVDdkrvlhfW3Iaah8Slmbv7m"
    hasher = LegacyHasher(CHEAPEST, _list_of(formats))
    rows = [person(n, password=StoredHash(MD5)) for n in range(20)]
    rows += [person(20, password=StoredHash(strong)), person(21)]
    rows += [person(22, password=StoredHash("?"))]

    with ThreadPoolExecutor(2) as executor:
        report = scene.connect(hasher=hasher).import_users(
            rows, wrap=True, executor=executor
        )

    assert (22, 0, 0, 1) == figures(report)
    for number in range(20):
        assert MD5 not in scene.find(f"user{number}@example.com").password_hash
    assert scene.connect(hasher=hasher).authenticate("user19@example.com", "pw")


def _list_of(formats):
    from migratekit.formats import FormatList

    return FormatList(formats)


def test_broken_executor(scene):
    """
    An executor that breaks stores nothing of its chunk.
    """

    class Broken:
        def submit(self, *args):
            future = Future()
            future.set_exception(OSError("a worker died"))
            return future

    stored = scene.snapshot()

    with pytest.raises(ContractError):
        scene.connect(hasher=HASHER).import_users(
            [person(1, password=StoredHash(MD5))], wrap=True, executor=Broken()
        )
    assert stored == scene.snapshot()


def test_hasher_without_wrapping(scene):
    """
    A hasher that cannot wrap is a mistake of the configuration.
    """

    @attrs.frozen
    class Sealing:
        hash = staticmethod(HASHER.hash)
        verify = staticmethod(HASHER.verify)
        needs_rehash = staticmethod(HASHER.needs_rehash)
        admit = staticmethod(HASHER.admit)

    with pytest.raises(ConfigurationError, match="Sealing cannot wrap"):
        scene.connect(hasher=Sealing()).import_users(
            [person(1, password=StoredHash(MD5))], wrap=True
        )


# --- Sync and async ----------------------------------------------------------------


def test_async_records(scene):
    """
    An async connection takes rows from an async iterator, and awaits its callbacks.
    """
    if scene.runner is None:
        pytest.skip("A sync connection awaits nothing.")

    async def rows():
        for number in range(5):
            yield person(number, "bad" if number == 3 else None)

    reports, errors = [], []

    async def progress(report):
        reports.append(figures(report))

    async def on_error(error):
        errors.append(error.line)

    scene.connection.import_users(
        rows(), chunk_size=2, progress=progress, on_error=on_error
    )

    assert [(2, 0, 0, 0), (3, 0, 0, 1), (4, 0, 0, 1)] == reports
    assert [4] == errors


def test_whole_chunks_of_async_records(scene):
    """
    Rows that fill their chunks leave no empty one behind.
    """
    if scene.runner is None:
        pytest.skip("A sync connection awaits nothing.")

    async def rows():
        for number in range(4):
            yield person(number)

    reports = []
    scene.connection.import_users(rows(), chunk_size=2, progress=reports.append)

    assert [2, 4] == [report.total for report in reports]


def test_one_reader(scene):
    """
    Behind an async connection one thread reads the rows, and it is not the loop's.
    """
    if scene.runner is None:
        pytest.skip("A sync connection reads in its own thread.")
    threads = set()

    def rows():
        for number in range(6):
            threads.add(threading.get_ident())
            yield person(number)

    scene.connection.import_users(rows(), chunk_size=2)

    assert 1 == len(threads)
    assert threading.get_ident() not in threads


def test_reader_is_closed(scene):
    """
    Whoever ends an import early has the rows closed, in the thread that read them.
    """
    if scene.runner is None:
        pytest.skip("A sync connection reads in its own thread.")
    closed, threads = threading.Event(), []

    def rows():
        threads.append(threading.get_ident())
        try:
            yield from (person(1), person(2), person(3))
        finally:
            threads.append(threading.get_ident())
            closed.set()

    def stop(report):
        raise KeyError("enough")

    with pytest.raises(KeyError):
        scene.connection.import_users(rows(), chunk_size=1, progress=stop)

    assert closed.wait(5)
    assert threads[0] == threads[1]


@pytest.mark.parametrize("name", ["progress", "on_error"])
def test_coroutine_callback(memory, name):
    """
    A sync connection refuses a callback that would have to be awaited.
    """

    async def callback(_):
        pytest.fail("It was called.")

    with pytest.raises(ConfigurationError, match="AsyncConnection"):
        memory.connection.import_users([person(1)], **{name: callback})
