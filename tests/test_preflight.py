"""
What would become of all users: what preflight says, and what then comes of them.
"""

import hashlib
import inspect
import threading

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from world import LegacySite, connect

from migratekit import AsyncConnection, MigrationPolicy, Validator
from migratekit._fingerprints import Fingerprints
from migratekit.errors import (
    AmbiguousUserError,
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    LookupUnsupportedError,
    MigrateKitError,
    PasswordChangeRequiredError,
    StoreUnavailableError,
    Violation,
)
from migratekit.formats import Format, presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.imports import RowError
from migratekit.models import (
    ImportRecord,
    KeyKind,
    LedgerKey,
    LegacyUser,
    Origin,
    StoredHash,
)
from migratekit.preflight import HashFigures, PreflightReport, preflight
from migratekit.sources import NoopSource
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST


ADA, BOB = "ada@example.com", "bob@example.com"
HASHER = LegacyHasher(CHEAPEST, presets.raw_sha1())


def hashed(password):
    return StoredHash(hashlib.sha1(password.encode()).hexdigest())


def person(number, email=None, **more):
    email = f"user{number}@example.com" if email is None else email
    return ImportRecord(user_id=str(number), email=email, **more)


def surveyed(connection, rows, **more):
    """
    Return what a preflight says about *rows*, through either kind of door.
    """
    inner = getattr(connection, "_connection", connection)
    report = preflight(inner, rows=lambda: rows, **more)
    if inspect.isawaitable(report):
        return connection._runner.run(report)
    return report


def told(report):
    return [
        (finding.line, finding.user_id, finding.code, finding.field)
        for finding in report.findings
    ]


def figures(report):
    names = ("movable_by_import", "moved", "repeated", "conflicts", "invalid")
    return tuple(getattr(report, name) for name in names)


# --- What is found -----------------------------------------------------------------


def test_nobody(scene):
    """
    Without users there is nothing to say.
    """
    assert PreflightReport() == surveyed(scene.connection, [])


def test_fine(scene):
    """
    Whoever can move is counted, and nothing else; and nothing is written.
    """
    stored = scene.snapshot()
    rows = [person(1, " Ada@Example.COM", username="Ada"), person(2, blocked=True)]

    report = surveyed(scene.connection, rows)

    expected = PreflightReport(
        users=2, movable_by_import=2, movable_by_login=1, blocked=1, without_hash=2
    )
    assert expected == report
    assert stored == scene.snapshot()
    assert 0 == scene.store.count("create", "create_many", "replace", "bind_source")
    assert [] == scene.site.calls == scene.events


def test_invalid(scene):
    """
    Every violation is told, of every row, with the words of an import.
    """
    connection = scene.connect(policy=MigrationPolicy(requires_username=True))
    rows = [
        person(1, "nobody", username="a@b"),
        RowError(2, "FORMAT", "blocked", "…"),
        person("\n", BOB, username="ok"),
        person(4),
    ]

    report = surveyed(connection, rows)

    assert [
        (1, "1", "FORMAT", "email"),
        (1, "1", "NOT_PASSED", "username"),
        (2, None, "FORMAT", "blocked"),
        (3, "\n", "FORMAT", "user_id"),
        (4, "4", "OBJECT_REQUIRED", "username"),
    ] == told(report)
    assert {"FORMAT": 3, "NOT_PASSED": 1, "OBJECT_REQUIRED": 1} == report.codes
    assert (4, (0, 0, 0, 0, 4)) == (report.users, figures(report))


def test_rules(scene):
    """
    Rules of the application's own are asked, too.
    """
    validator = Validator(rules=[lambda user: [Violation("too_old", "name", "Old.")]])

    report = surveyed(scene.connect(validator=validator), [person(1)])

    assert [(1, "1", "TOO_OLD", "name")] == told(report)


def test_version_1(scene):
    """
    With strategy version 1, letter case tells people apart, and nothing is validated.
    """
    connection = scene.connect(policy=MigrationPolicy(strategy_version=1))
    rows = [person(1, "Ada@x"), person(2, "ada@x"), person(3, "ada@x ")]

    report = surveyed(connection, rows)

    assert [
        (3, "3", "CONFLICT_EMAIL", "email"),
        (2, "2", "SHARED_EMAIL", "email"),
    ] == told(report)


def test_twins(scene):
    """
    Who wants the same is told, the first of them as well, and who else it is.
    """
    rows = [
        person(1, "Ada@example.com", username="x"),
        person(2, username="X"),
        person(3, ADA),
        person(4, ADA, username="y"),
        person(5, username="Y"),
    ]

    report = surveyed(scene.connection, rows)

    assert [
        (2, "CONFLICT_USERNAME", "Another user has this username: row 1."),
        (1, "SHARED_USERNAME", "Row 2 has it, too."),
        (3, "CONFLICT_EMAIL", "Another user has this e-mail address: row 1."),
        (1, "SHARED_EMAIL", "Row 3 has it, too."),
        (4, "CONFLICT_EMAIL", "Another user has this e-mail address: row 1."),
        (4, "SHARED_USERNAME", "Row 5 has it, too."),
        (5, "SHARED_USERNAME", "Row 4 has it, too."),
    ] == [(finding.line, finding.code, finding.message) for finding in report.findings]
    # Whoever is refused leaves a username to the next; but no login can tell them apart.
    assert (2, 0, 0, 3, 0) == figures(report)
    assert 0 == report.movable_by_login


def test_repeated(scene):
    """
    One user who is listed twice is one user.
    """
    rows = [person(1, ADA, username="ada"), person(2), person(1, ADA, username="ada")]

    report = surveyed(scene.connection, rows)

    assert [(3, "1", "REPEATED_ID", "user_id")] == told(report)
    assert (2, 0, 1, 0, 0) == figures(report)
    assert 2 == report.movable_by_login


def test_invalid_twin(scene):
    """
    Whoever an import would not store gets in nobody's way there, but at a login.
    """
    rows = [person(1, ADA, username="a@b"), person(2, ADA)]

    report = surveyed(scene.connection, rows)

    assert [
        (1, "1", "NOT_PASSED", "username"),
        (1, "1", "SHARED_EMAIL", "email"),
        (2, "2", "SHARED_EMAIL", "email"),
    ] == told(report)
    assert (1, 0, 0, 0, 1) == figures(report)
    assert 0 == report.movable_by_login


def test_moved(scene):
    """
    Whoever has moved is counted, and no more.
    """
    scene.connection.import_users([person(1, ADA)])

    report = surveyed(scene.connection, [person(1, ADA), person(2), person(3, BOB)])

    assert [] == told(report)
    assert (2, 1, 0, 0, 0) == figures(report)


def test_collisions(scene):
    """
    What stored users have, or anybody had, is told, and of stored ones who it is.
    """
    scene.connection.import_users([person(1, ADA, username="ada"), person(2, BOB)])
    scene.beside().delete_user(scene.find(BOB).user.id)
    scene.side.reserve([LedgerKey(KeyKind.USERNAME, "cyd")], "shop|3")
    rows = [
        person(3, ADA, username="cyd"),
        person(4, "BOB@example.com", username="Ada"),
        person(5, username="CYD"),
        person(6, username="ada"),
    ]

    report = surveyed(scene.connection, rows)

    assert [
        (1, "3", "CONFLICT_EMAIL", "email"),
        (2, "4", "CONFLICT", "email"),
        (2, "4", "CONFLICT_USERNAME", "username"),
        (3, "5", "CONFLICT", "username"),
        (4, "6", "CONFLICT_USERNAME", "username"),
        (1, "3", "SHARED_USERNAME", "username"),
    ] == told(report)
    assert (0, 0, 0, 4, 0) == figures(report)
    ada = scene.find(ADA).user.id
    assert report.findings[0].message == (
        f"Another user has this e-mail address: the stored user {ada}."
    )


class Bare:
    """
    A store that can do no more than it must.
    """

    def __init__(self, inner):
        for name in ("find", "get", "create", "replace", "delete", "retired"):
            setattr(self, name, getattr(inner, name))


def test_bare_store(memory):
    """
    A store that looks nothing up at once is asked one by one.
    """
    memory.connection.import_users([person(1, ADA)])
    connection = memory.connect(store=Bare(memory.side))

    report = surveyed(connection, [person(1, ADA), person(2, ADA), person(3)])

    assert [(2, "2", "CONFLICT_EMAIL", "email")] == told(report)
    assert (1, 1, 0, 1, 0) == figures(report)


def test_short_answer(memory, monkeypatch):
    """
    A store that does not tell of every key breaks its promise.
    """
    monkeypatch.setattr(memory.side, "retired_many", lambda keys: [])

    with pytest.raises(ContractError, match="every key"):
        surveyed(memory.connection, [person(1)])


def test_twin_of_who_moved(scene):
    """
    A user who has moved is no finding, but the one who shares an address with them is.
    """
    scene.connection.import_users([person(1, ADA)])
    rows = [person(1, "new@example.com"), person(2, "new@example.com"), person(3, ADA)]

    report = surveyed(scene.connection, rows)

    assert [
        (3, "3", "CONFLICT_EMAIL", "email"),
        (2, "2", "SHARED_EMAIL", "email"),
    ] == told(report)
    assert (1, 1, 0, 1, 0) == figures(report)
    assert 0 == report.movable_by_login


# --- Hashes ------------------------------------------------------------------------


@attrs.define
class Listing:
    """
    A source that lists rows, and tells how it verifies their hashes.
    """

    rows: list
    format: object = None
    error: Exception | None = None

    def login(self, identifier, password, /):
        raise NotImplementedError

    def get_user(self, identifier, /):
        raise LookupUnsupportedError

    def iter_users(self):
        yield from self.rows
        if self.error is not None:
            raise self.error


def listed(rows, hasher=HASHER, theirs=None, **more):
    return connect(MemoryStore(), Listing(rows, theirs), hasher=hasher, **more)


SHA1 = hashed("pw")
MD5 = StoredHash(hashlib.md5(b"pw").hexdigest())
BCRYPT = StoredHash("$2b$31$" + "a" * 53)
OURS = StoredHash(CHEAPEST.hash("pw"))
LOCKED = StoredHash("!")


def test_hashes():
    """
    Hashes are counted by their formats and costs; whoever has an unusable one is told.
    """
    hasher = LegacyHasher(CHEAPEST, presets.bcrypt())
    hashes = [SHA1, BCRYPT, OURS, LOCKED, None]
    rows = [person(n, password=stored) for n, stored in enumerate(hashes, 1)]

    report = preflight(listed(rows, hasher))

    unimportable = {"users": 1, "unimportable": 1}
    assert (
        HashFigures(format="$2b$…", **unimportable),
        HashFigures(format="argon2id m=8,t=1,p=1", users=1),
        HashFigures(format="mark of a locked account", **unimportable),
        HashFigures(format="of 40 hexadecimal digits", **unimportable),
    ) == report.formats
    assert [
        (1, "1", "INVALID_HASH", "password_hash"),
        (2, "2", "INVALID_HASH", "password_hash"),
        (4, "4", "INVALID_HASH", "password_hash"),
    ] == told(report)
    assert "No import can use the hash: its cost is over the ceiling." == (
        report.findings[1].message
    )
    assert (2, 0, 0, 0, 3) == figures(report)
    assert (1, 1, 3) == (report.without_hash, report.over_ceiling, report.unusable)
    assert "pw" not in repr(report)
    assert SHA1.text not in repr(report)


def test_weak():
    """
    What is quick to guess is counted.
    """
    report = preflight(listed([person(1, password=SHA1), person(2, password=OURS)]))

    assert (
        HashFigures(format="argon2id m=8,t=1,p=1", users=1),
        HashFigures(format="raw_sha1", users=1, weak=1),
    ) == report.formats
    assert 1 == report.weak


def test_hashes_of_the_source():
    """
    What the source verifies itself moves by a login, and what the hasher, by an import.
    """
    rows = [person(n, password=stored) for n, stored in enumerate((MD5, SHA1, LOCKED))]

    report = preflight(listed(rows, theirs=presets.raw_md5()))

    assert [
        (1, "0", "INVALID_HASH", "password_hash"),
        (2, "1", "UNVERIFIABLE_HASH", "password_hash"),
        (3, "2", "INVALID_HASH", "password_hash"),
        (3, "2", "UNVERIFIABLE_HASH", "password_hash"),
    ] == told(report)
    assert report.findings[0].message.endswith(".  A login can.")
    assert "No login can use the hash: its digest is cut, or of another format." == (
        report.findings[1].message
    )
    assert (1, 1, 1) == (
        report.movable_by_login,
        report.movable_by_import,
        report.unusable,
    )
    assert {
        "raw_md5": (1, 1, 1, 0),
        "raw_sha1": (1, 1, 0, 1),
        "mark of a locked account": (1, 0, 1, 1),
    } == {
        kind.format: (kind.users, kind.weak, kind.unimportable, kind.unverifiable)
        for kind in report.formats
    }


def test_no_hash_no_login():
    """
    A source that verifies by hashes that it lists lets nobody in without one.
    """
    rows = [person(1, password=MD5), person(2)]

    report = preflight(listed(rows, CHEAPEST, presets.raw_md5()))
    others = preflight(listed(rows, CHEAPEST))
    silent = preflight(listed(rows[1:], CHEAPEST, presets.raw_md5()))

    assert 1 == report.movable_by_login
    assert 2 == others.movable_by_login
    assert 1 == silent.movable_by_login


def test_no_hash_twins():
    """
    Whoever cannot log in for want of a hash is not subtracted twice.
    """
    rows = [person(1, password=MD5), person(2, ADA), person(3, ADA)]

    report = preflight(listed(rows, HASHER, presets.raw_md5()))

    assert 1 == report.movable_by_login


class Plain:
    """
    A hasher that takes no legacy hashes.
    """

    hash, verify, needs_rehash = CHEAPEST.hash, CHEAPEST.verify, CHEAPEST.needs_rehash


@attrs.frozen
class Foreign:
    """
    A format of another make.
    """

    name: str = "foreign"

    def identify(self, stored, /):
        return len(stored.text) == 40

    def verify(self, password, stored, /):
        raise NotImplementedError


@attrs.frozen
class Saying(Foreign):
    """
    One that says whether its hashes are quick to guess.
    """

    quick: bool | None = True


@attrs.frozen
class Odd:
    """
    A scheme that gives a bare function, and says the same.
    """

    quick: bool | None

    def read(self, stored, ceilings, /):
        return bytes.isalpha


def test_plain_hasher():
    """
    With a hasher that takes no legacy hashes, only the source can use them.
    """
    rows = [person(1, password=SHA1), person(2, password=MD5)]

    report = preflight(listed(rows, Plain(), Foreign()))

    assert "No import can use the hash: the connection's hasher takes no legacy " in (
        report.findings[0].message
    )
    assert [("foreign", 0), ("of 32 hexadecimal digits", 1)] == [
        (kind.format, kind.unverifiable) for kind in report.formats
    ]
    assert (1, 0) == (report.movable_by_login, report.movable_by_import)


@pytest.mark.parametrize(("quick", "weak"), [(True, 1), (False, 0), (None, 0)])
def test_weak_for_the_source(quick, weak):
    """
    A format whose hashes cannot be wrapped says itself whether they are quick to guess.
    """
    for format_ in (Format("own", Odd(quick)), Saying(quick=quick)):
        report = preflight(listed([person(1, password=SHA1)], Plain(), format_))
        assert weak == report.weak


def test_plain_hasher_alone():
    """
    With nobody who knows hashes, their kind is not known.
    """
    report = preflight(listed([person(1, password=SHA1)], Plain()))

    assert ["of an unknown kind"] == [kind.format for kind in report.formats]


def test_kinds_are_few():
    """
    Whoever writes hashes of a thousand costs does not fill the table.
    """
    costs = (f"$argon2id$v=19$m={8 + n},t=1,p=1$" for n in range(200))
    tail = OURS.text.rpartition("p=1$")[2]
    rows = [person(n, password=StoredHash(cost + tail)) for n, cost in enumerate(costs)]

    report = preflight(listed(rows, CHEAPEST))

    assert 101 == len(report.formats)
    assert HashFigures(format="other kinds", users=100) == report.formats[0]


# --- How it is done ----------------------------------------------------------------


def test_source(scene):
    """
    The source lists the users, where nothing else is said.
    """
    report = preflight(listed([person(1)]))

    assert 1 == report.users


def test_no_list(memory):
    """
    A source that cannot list them is told so in a sentence.
    """
    for source in (LegacySite(), NoopSource()):
        with pytest.raises(ConfigurationError, match="cannot list its users"):
            preflight(connect(MemoryStore(), source))


def test_no_record(scene):
    """
    A source that lists anything else breaks its promise.
    """
    legacy = LegacyUser(user_id="1", email=ADA)

    with pytest.raises(ContractError, match="no ImportRecord"):
        surveyed(scene.connection, [legacy])


@pytest.mark.parametrize("kind", [LegacyUnavailableError, RuntimeError])
@pytest.mark.parametrize("number", [0, 3])
def test_source_fails(scene, kind, number, monkeypatch):
    """
    What the source raises arrives as it is.
    """
    monkeypatch.setattr("migratekit._desks.AT_ONCE", 2)
    source = Listing([person(n) for n in range(number)], error=kind("away"))

    with pytest.raises(kind) as caught:
        surveyed(scene.connect(), source.iter_users())

    assert source.error is caught.value


def test_store_fails(scene):
    """
    So does that the store is away.
    """

    def fail():
        raise OSError

    scene.store.before("retired_many", fail)

    with pytest.raises(StoreUnavailableError):
        surveyed(scene.connection, [person(1)])


def test_callbacks(scene, monkeypatch):
    """
    Findings are told as they come, and how far it is behind every chunk.
    """
    monkeypatch.setattr("migratekit._desks.AT_ONCE", 2)
    rows = [person(n, ADA if n in {0, 4} else None) for n in range(5)]
    findings, progress = [], []

    report = surveyed(
        scene.connection,
        rows,
        on_finding=findings.append,
        progress=lambda *done: progress.append(done),
    )

    assert [(1, 2), (1, 4), (1, 5), (2, 2), (2, 4), (2, 5)] == progress
    assert list(report.findings) == findings
    assert 2 == len(findings)


def test_most_findings(memory):
    """
    The report keeps the first thousand findings; all are counted and told.
    """
    findings = []
    rows = [person(n, f"nobody{n}") for n in range(1100)]

    report = surveyed(memory.connection, rows, on_finding=findings.append)

    assert 1100 == len(findings) == report.codes["FORMAT"]
    assert tuple(findings[:1000]) == report.findings


def test_callbacks_fail(scene):
    """
    What a callback raises ends it, and arrives as it is.
    """

    def fail(*_):
        raise KeyError("mine")

    for callback in ("on_finding", "progress"):
        with pytest.raises(KeyError, match="mine"):
            surveyed(scene.connection, [person(1, "nobody")], **{callback: fail})


def test_coroutines_with_sync_connection(memory):
    """
    Coroutine functions need an AsyncConnection, and so does an async list.
    """

    async def note(*_):
        raise NotImplementedError

    async def rows():
        yield person(1)

    with pytest.raises(ConfigurationError, match="use AsyncConnection"):
        surveyed(memory.connection, [], on_finding=note)
    with pytest.raises(ConfigurationError, match="use AsyncConnection"):
        surveyed(memory.connection, rows())


def test_async(runner):
    """
    An async connection takes async lists and callbacks.
    """
    findings, threads = [], set()

    async def note(finding):
        findings.append(finding)
        threads.add(threading.get_ident())

    async def rows():
        for number in (1, 2):
            yield person(number, ADA)

    connection = AsyncConnection(
        MemoryStore(), NoopSource(), hasher=CHEAPEST, listeners=()
    )

    async def survey():
        return await preflight(connection, rows=rows, on_finding=note)

    report = runner.run(survey())

    assert 2 == report.users == len(findings)
    assert {threading.get_ident()} == threads


# --- Against what really comes of them ---------------------------------------------


def copy_of(store):
    """
    Return a `MemoryStore` with the same in it.
    """
    copied = MemoryStore()
    for name, value in vars(store).items():
        if isinstance(value, dict):
            setattr(copied, name, dict(value))
    return copied


names = st.sampled_from(("ada", "Ada", "bob", "bob ", "c", "d@e", "\x00", "", None))
emails = st.sampled_from(
    (
        "ada@example.com",
        "Ada@Example.com ",
        "bob@example.com",
        "c@example.com",
        "K\N{KELVIN SIGN}@example.com",
        "nobody",
        None,
    )
)
hashes = st.sampled_from((SHA1, SHA1, MD5, LOCKED, None))
people = st.builds(
    ImportRecord,
    user_id=st.sampled_from(("1", "2", "3", "4", "")),
    email=emails,
    username=names,
    blocked=st.sampled_from((False, False, True)),
    must_change_password=st.sampled_from((False, False, True)),
    password=hashes,
)
unread = st.builds(RowError, st.just(1), st.just("FORMAT"), st.none(), st.just("…"))
keys = st.builds(LedgerKey, st.just("email"), st.just(ADA)) | st.builds(
    LedgerKey, st.just("username"), st.sampled_from(("ada", "bob"))
)


@st.composite
def worlds(draw):
    """
    A store with a past, and who is to come into it.
    """
    store = MemoryStore()
    version = draw(st.sampled_from((2, 2, 1)))
    policy = MigrationPolicy(strategy_version=version)
    connection = connect(store, NoopSource(), hasher=HASHER, policy=policy)
    for _ in range(draw(st.integers(0, 3))):
        match draw(st.integers(0, 2)):
            case 0:
                connection.import_users([draw(people)])
            case 1:
                signed = draw(st.sampled_from((ADA, BOB, "c@example.com")))
                name = draw(st.sampled_from((None, "ada", "c")))
                try:
                    connection.create_user(signed, username=name)
                except MigrateKitError:
                    continue
            case _:
                legacy_id = f"shop|{draw(st.integers(1, 4))}"
                own = LedgerKey(KeyKind.LEGACY_ID, legacy_id)
                store.reserve([draw(keys), own], legacy_id)
        if store._records and draw(st.booleans()):
            connection.delete_user(next(iter(store._records)))
    rows = draw(st.lists(people | unread, max_size=6))
    rows = [attrs.evolve(row, line=number) for number, row in enumerate(rows, start=1)]
    return store, policy, rows


# What stands against nobody's import.
NOTES = {"REPEATED_ID", "SHARED_EMAIL", "SHARED_USERNAME", "UNVERIFIABLE_HASH"}


def _family(code):
    # One and the same conflict may be with somebody in the store, and with a row.
    return code.partition("_")[0] if code.startswith("CONFLICT") else code


def check_against_import(store, policy, rows):
    options = {"hasher": HASHER, "policy": policy}
    source = Listing(rows, presets.raw_sha1())
    before = {name: repr(value) for name, value in vars(store).items()}

    report = preflight(connect(store, source, **options))

    assert before == {name: repr(value) for name, value in vars(store).items()}
    imported = connect(copy_of(store), NoopSource(), **options).import_users(rows)
    assert (
        imported.inserted,
        imported.already_migrated,
        imported.conflicts,
        imported.invalid,
    ) == (
        report.movable_by_import,
        report.moved + report.repeated,
        report.conflicts,
        report.invalid,
    )
    assert len(rows) == report.users
    repeated = {f.line for f in report.findings if "REPEATED_ID" == f.code}
    ours = {
        (f.line, _family(f.code))
        for f in report.findings
        if f.code not in NOTES and f.line not in repeated
    }
    theirs = {(error.line, _family(error.code)) for error in imported.errors}
    assert theirs <= ours
    assert {line for line, _ in theirs} == {line for line, _ in ours}
    assert sum(report.codes.values()) == len(report.findings)


@given(worlds())
def test_import(world):
    """
    It says of whom an import would store, and of whom not, what the import then says.
    """
    check_against_import(*world)


@given(worlds())
@settings(max_examples=50)
def test_import_with_false_suspicions(world):
    """
    Fingerprints that are alike by chance change nothing.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fingerprints, "of", lambda self, key: len(key.value) % 3)
        check_against_import(*world)


class Site:
    """
    A legacy site over rows: verifies by hashes, and knows whom it cannot tell apart.
    """

    format = presets.raw_sha1()

    def __init__(self, rows):
        self.rows = [row for row in rows if isinstance(row, ImportRecord)]

    def login(self, identifier, password, /):
        row = self._find(identifier)
        if row is None or row.password is None:
            return None
        return self._user(row) if self.format.verify(password, row.password) else None

    def get_user(self, identifier, /):
        row = self._find(identifier)
        return None if row is None else self._user(row)

    def iter_users(self):
        return self.rows

    def _find(self, identifier):
        field = "email" if "@" in identifier else "username"
        found = [
            row
            for row in self.rows
            if (getattr(row, field) or "").strip().lower() == identifier.lower()
        ]
        if len({row.user_id for row in found}) > 1:
            raise AmbiguousUserError("Several.")
        return found[0] if found else None

    def _user(self, row):
        names = [field.name for field in attrs.fields(LegacyUser)]
        return LegacyUser(**{name: getattr(row, name) for name in names})


@given(worlds())
@settings(max_examples=60)
def test_logins(world):
    """
    It says how many a login would store, each of them alone; and then it does.
    """
    store, _, rows = world
    site = Site(rows)
    ids = [row.user_id for row in site.rows]
    # Who is listed twice may differ; and without any hash, it cannot know of hashes.
    assume(len(set(ids)) == len(ids))
    assume(any(row.password is not None for row in site.rows))

    report = preflight(connect(store, site, hasher=HASHER))

    moved = [row for row in site.rows if moves(store, site, row)]
    assert len(moved) == report.movable_by_login


def moves(store, site, row):
    """
    Return whether a login stores a user, by the e-mail or by the username.
    """
    for identifier in (row.email, row.username):
        connection = connect(copy_of(store), site, hasher=HASHER)
        try:
            login = connection.authenticate(identifier, "pw")
        except PasswordChangeRequiredError:
            # They move by it, if they are not there yet.
            if isinstance(connection.get_user(identifier), LegacyUser):
                return True
        except MigrateKitError:
            continue
        else:
            if login.migrated and Origin.LOGIN == login.user.origin:
                return True
    return False
