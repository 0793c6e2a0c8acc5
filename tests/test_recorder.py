"""
The recorder: adds up events in memory, and writes the sums now and then.
"""

import datetime as dt
import inspect
import logging
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from forks import forked, needs_fork
from hypothesis import given, settings
from hypothesis import strategies as st

import migratekit
from migratekit import MigrationPolicy, errors, recorder
from migratekit._flows.refusals import reason_of
from migratekit.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    MigrateKitError,
    StoreUnavailableError,
)
from migratekit.events import (
    LoginRefused,
    LoginSucceeded,
    MigrationRehearsed,
    SourceAsked,
    SourceMissed,
    UserDeleted,
)
from migratekit.recorder import StatisticsRecorder
from migratekit.sketch import Sketch
from migratekit.statistics import StatisticsStore
from migratekit.stores.memory import MemoryStore
from migratekit.testing import VirtualClock


ADA = "ada@example.com"
LONG = 20.0  # Longer than anything here takes; nobody waits for it.
DAY = dt.date(2030, 1, 1)
LOGIN = LoginSucceeded(user_id="7", migrated=False)


class Store(MemoryStore):
    """
    A store that fails if it is told to; *writes* counts, and *written* is set then.
    """

    def __init__(self):
        super().__init__()
        self.error = None
        self.writes = 0
        self.written = threading.Event()

    def add_tallies(self, tallies, /):
        self.writes += 1
        self.written.set()
        if self.error is not None:
            raise self.error
        super().add_tallies(tallies)

    def counts(self, day=None):
        tallies = self.tallies(None)
        return {t.name: t.count for t in tallies if day in {None, t.day}}


class AsyncStore:
    async def add_tallies(self, tallies, /):
        pass

    async def tallies(self, since, /):
        pass


@pytest.fixture(name="store")
def _store():
    return Store()


@pytest.fixture(name="clock")
def _clock():
    return VirtualClock()


@pytest.fixture(name="make")
def _make(store, clock):
    """
    Makes recorders that are closed in the end.
    """
    made = []

    def make(**more):
        made.append(StatisticsRecorder(more.pop("store", store), clock=clock, **more))
        return made[-1]

    yield make
    store.error = None
    for each in made:
        each.close()


@pytest.fixture(name="record")
def _record(make):
    """
    A recorder that writes when it is told to.
    """
    return make(interval=3600)


def await_end(writer):
    """
    Wait for a thread, if it has not ended already.
    """
    if writer is not None:
        writer.join(LONG)


def refused(reason, identifier=ADA):
    return LoginRefused(identifier=identifier, reason=reason)


def missed(operation, identifier=ADA):
    return SourceMissed(identifier=identifier, operation=operation)


# --- What is counted -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (LOGIN, {"login.succeeded": 1}),
        (
            LoginSucceeded(user_id="7", migrated=True),
            {"login.succeeded": 1, "login.moved": 1},
        ),
        (refused("wrong_password"), {"login.refused.wrong_password": 1}),
        (refused("not on Sundays"), {"login.refused.other": 1}),
        (refused("a.b\nc"), {"login.refused.other": 1}),
        (
            refused("cut_over"),
            {"login.refused.cut_over": 1, "after_cut_over.asked": 1},
        ),
        (
            missed("sign_up"),
            {"after_cut_over.asked": 1, "after_cut_over.asked.sign_up": 1},
        ),
        (
            MigrationRehearsed(legacy_id="shop|1", outcome="would_move", codes=()),
            {"rehearsal.would_move": 1},
        ),
        (
            MigrationRehearsed(
                legacy_id="shop|1",
                outcome="invalid",
                codes=("email_missing", "my rule\n", "", "x" * 33, "x" * 32),
            ),
            {
                "rehearsal.invalid": 1,
                "rehearsal.invalid.email_missing": 1,
                "rehearsal.invalid.other": 3,
                f"rehearsal.invalid.{'x' * 32}": 1,
            },
        ),
        (
            SourceAsked(
                part="shop",
                calls=9,
                failures=2,
                seconds=1.2345,
                within=(1, 0, 2, 0, 3, 0, 4),
            ),
            {
                "source.calls": 9,
                "source.failures": 2,
                "source.milliseconds": 1234,
                "source.within.10": 1,
                "source.within.100": 2,
                "source.within.1000": 3,
                "source.within.more": 4,
            },
        ),
        (UserDeleted(user_id="7"), {}),
    ],
)
def test_counts(store, record, event, expected):
    """
    An event adds to the sums that it is about; most add to none.
    """
    record(event)
    record.flush()

    assert expected == store.counts()


def test_sums(store, record):
    """
    Sums add up, also over several writes.
    """
    for _ in range(3):
        record(LOGIN)
    record.flush()
    record(LOGIN)
    record.flush()

    assert {"login.succeeded": 4} == store.counts()


def test_same_code(store, record):
    """
    A code that was met before adds to its sum.
    """
    rehearsed = MigrationRehearsed(
        legacy_id="shop|1", outcome="taken", codes=("email_taken",)
    )
    for _ in range(2):
        record(rehearsed)
    record.flush()

    assert {"rehearsal.taken": 2, "rehearsal.taken.email_taken": 2} == store.counts()


def test_days(store, record, clock):
    """
    What happens counts for its day in UTC, whenever it is written.
    """
    clock.advance(86_399)
    record(LOGIN)
    clock.advance(1)
    record(LOGIN)
    record(LOGIN)
    record.flush()

    assert {"login.succeeded": 1} == store.counts(DAY)
    assert {"login.succeeded": 2} == store.counts(DAY + dt.timedelta(days=1))


def test_zone(store, clock):
    """
    A clock of another zone makes no difference.
    """
    east = dt.timezone(dt.timedelta(hours=5))

    class Clock(VirtualClock):
        def now(self):
            return dt.datetime(2030, 1, 2, 1, tzinfo=east)

    record = StatisticsRecorder(store, clock=Clock(), interval=3600)
    record(LOGIN)
    record.close()

    assert {"login.succeeded": 1} == store.counts(DAY)


def test_people(store, record):
    """
    How many different people would have been asked about is told; case, blanks, and
    what they try make nobody another.
    """
    for identifier in (ADA, "ADA@example.com", f" {ADA}", "bob", None):
        record(refused("cut_over", identifier))
    record.flush()
    for identifier in ("bob", "cyd"):
        record(refused("cut_over", identifier))
    record(missed("get_user", "Cyd"))
    record.flush()

    (tally,) = [t for t in store.tallies(None) if t.name == "after_cut_over.asked"]
    assert (8, 4) == (tally.count, Sketch.from_text(tally.people).estimate())
    assert "ada" not in repr(tally)


def test_many_codes(store, record):
    """
    An application whose codes are never the same does not fill the store.
    """
    for number in range(500):
        record(
            MigrationRehearsed(
                legacy_id="shop|1", outcome="invalid", codes=(f"code-{number}",)
            )
        )
    record.flush()

    counts = store.counts()
    assert 102 == len(counts)
    assert 400 == counts["rehearsal.invalid.other"]


def test_reasons():
    """
    All reasons that the library gives have a name of their own.
    """
    flows = Path(migratekit.__file__).parent.joinpath("_flows").glob("*.py")
    text = "".join(path.read_text("utf-8") for path in flows)
    words = set(re.findall(r'wrong\(\s*"(\w+)"', text)) | {"rule_failed"}
    words |= set(re.findall(r'reason = "(\w+)" if .* else "(\w+)"', text)[0])
    # Those have a reason of their own, or no login ends in them.
    never = {
        errors.AccessDeniedError,
        errors.AlreadyMigratedError,
        errors.CutOverRefusedError,
        errors.InvalidCredentialsError,
        errors.InvalidTokenError,
        errors.SwitchRefusedError,
        errors.UserExistsError,
        errors.UserNotFoundError,
    }
    kinds = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, MigrateKitError) and kind is not MigrateKitError
    }
    words |= {reason_of(kind.__new__(kind)) for kind in kinds - never}

    assert words == recorder._REASONS


# --- When it is written ----------------------------------------------------------------


def test_written_in_a_while(store, make):
    """
    What happens is written without anybody's doing, by a thread that ends when there is
    nothing left.
    """
    record = make(interval=0.01)

    for _ in range(2):
        store.written.clear()
        record(LOGIN)
        writer = record._writer
        assert store.written.wait(LONG)
        await_end(writer)

    assert {"login.succeeded": 2} == store.counts()
    assert None is record._writer


def test_not_in_a_login(store, record):
    """
    Whoever is told does not write.
    """
    for _ in range(1000):
        record(LOGIN)

    assert 0 == store.writes
    record.flush()
    assert 1 == store.writes


def test_nothing_happened(store, record):
    """
    Nothing is not written.
    """
    record.flush()

    assert 0 == store.writes


def test_daemon(record):
    """
    The thread keeps no process from ending, and there is one.
    """
    record(LOGIN)
    writer = record._writer
    record(LOGIN)

    assert writer.daemon
    assert writer is record._writer


def test_close(store, make):
    """
    To close writes what is left at once, and ends the thread.
    """
    record = make(interval=3600)
    record(LOGIN)
    writer = record._writer

    record.close()

    assert {"login.succeeded": 1} == store.counts()
    assert not writer.is_alive()
    record(LOGIN)
    assert writer is record._writer
    record.close()
    assert {"login.succeeded": 2} == store.counts()


def test_no_thread_left(store, record, monkeypatch):
    """
    Where no thread can be started, the next event tries again.
    """

    def start(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        record(LOGIN)
    assert None is record._writer
    record(LOGIN)

    assert record._writer.is_alive()
    record.flush()
    assert {"login.succeeded": 2} == store.counts()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_is_gone(store, record):
    """
    A thread that a store has ended is followed by another.
    """
    store.error = SystemExit()
    record._interval = 0.01
    record(LOGIN)
    record._writer.join(LONG)
    store.error = None
    store.written.clear()

    record(LOGIN)

    assert store.written.wait(LONG)
    record.close()
    assert {"login.succeeded": 2} == store.counts()


# --- A store that fails ------------------------------------------------------------------


def test_store_fails(store, record, clock):
    """
    What could not be written is kept, sketches too, and added to what comes.
    """
    record(LOGIN)
    record(refused("cut_over"))
    store.error = OSError("canary")
    with pytest.raises(StoreUnavailableError) as caught:
        record.flush()
    store.error = None
    clock.advance(86_400)
    record(LOGIN)
    record(refused("cut_over", "bob"))

    record.flush()

    assert "canary" not in str(caught.value)
    assert None is caught.value.__context__
    asked = {"login.refused.cut_over": 1, "after_cut_over.asked": 1}
    assert {"login.succeeded": 1, **asked} == store.counts(DAY)
    people = [Sketch.from_text(t.people) for t in store.tallies(None) if t.people]
    assert [1, 1] == [sketch.estimate() for sketch in people]


def test_store_fails_meanwhile(store, record):
    """
    What happens while a write fails is added to what was to be written.
    """
    record(LOGIN)
    record(refused("cut_over"))

    def fail(tallies, /):
        record(LOGIN)
        record(refused("cut_over", "bob"))
        raise OSError

    store.add_tallies = fail
    with pytest.raises(StoreUnavailableError):
        record.flush()
    del store.add_tallies
    record.flush()

    assert 2 == store.counts()["login.succeeded"]
    (people,) = [Sketch.from_text(t.people) for t in store.tallies(None) if t.people]
    assert 2 == people.estimate()


def test_interrupted(store, record):
    """
    Whoever interrupts a write loses nothing.
    """
    record(LOGIN)
    store.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        record.flush()
    store.error = None
    record.flush()

    assert {"login.succeeded": 1} == store.counts()


def test_bounded(store, record, clock):
    """
    Of a store that never answers, the last days are kept.
    """
    store.error = OSError()
    for _ in range(40):
        record(LOGIN)
        with pytest.raises(StoreUnavailableError):
            record.flush()
        clock.advance(86_400)
    store.error = None
    record.flush()

    days = [tally.day for tally in store.tallies(None)]
    assert [DAY + dt.timedelta(days=number) for number in range(9, 40)] == days


def test_thread_goes_on(store, make, caplog):
    """
    The thread logs that it could not write, without what was raised, and tries again.
    """
    store.error = OSError("canary")
    record = make(interval=0.01)
    record(LOGIN)
    writer = record._writer
    assert store.written.wait(LONG)
    store.written.clear()
    assert store.written.wait(LONG)
    store.error = None
    await_end(writer)

    assert {"login.succeeded": 1} == store.counts()
    assert logging.ERROR == caplog.records[0].levelno
    assert "The statistics could not be written" in caplog.text
    assert "OSError at test_recorder" in caplog.text
    assert "canary" not in caplog.text


# --- Threads, processes ------------------------------------------------------------------


@settings(max_examples=30)
@given(st.lists(st.sampled_from(("in", "out", "cut_over")), max_size=30))
def test_threads(happened):
    """
    Nothing is lost or counted twice, whoever tells and whoever writes meanwhile.
    """
    store = Store()
    record = StatisticsRecorder(store, interval=3600, clock=VirtualClock())
    events = {
        "in": LOGIN,
        "out": refused("wrong_password"),
        "cut_over": refused("cut_over"),
    }
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(record, events[word]) for word in happened]
        done += [pool.submit(record.flush) for _ in range(3)]
        for each in done:
            each.result(LONG)
    record.close()

    told = Counter(happened)
    counts = store.counts()
    assert told["in"] == counts.get("login.succeeded", 0)
    assert told["out"] == counts.get("login.refused.wrong_password", 0)
    assert told["cut_over"] == counts.get("after_cut_over.asked", 0)


@needs_fork
@pytest.mark.parametrize("closed", [False, True])
def test_fork(store, make, closed):
    """
    A forked process begins with nothing, and with a thread of its own.
    """
    record = make(interval=3600)
    record(LOGIN)
    if closed:
        record.close()
    written, parents = store.counts(), record._writer

    def begins_anew():
        record(LOGIN)
        assert (record._writer is None) == closed
        assert parents is None or parents is not record._writer
        record.flush()
        return store.counts() == {"login.succeeded": 1 + closed}

    assert forked(begins_anew)
    assert (parents, written) == (record._writer, store.counts())
    record.flush()
    assert {"login.succeeded": 1} == store.counts()


@needs_fork
def test_fork_amid_write(make):
    """
    No process is forked off in the midst of a write of the recorder's thread.
    """

    class Slow(Store):
        def add_tallies(self, tallies, /):
            super().add_tallies(tallies)
            time.sleep(0.1)
            whole.append(True)

    whole, slow = [], Slow()
    record = make(store=slow, interval=0.01)
    record(LOGIN)
    assert slow.written.wait(LONG)

    assert forked(lambda: whole == [True])


SCRIPT = """
import os, sys
from migratekit.events import LoginSucceeded
from migratekit.recorder import StatisticsRecorder

class Store:
    def add_tallies(self, tallies, /):
        told = [(tally.name, tally.count) for tally in tallies]
        print(role, told, flush=True)
        if role == sys.argv[1]:
            raise OSError("canary")

    def tallies(self, since, /):
        return []

role = "parent"
record = StatisticsRecorder(Store(), interval=3600)
for _ in range(2):
    record(LoginSucceeded(user_id="7", migrated=False))
child = os.fork()
if child == 0:
    role = "child"
    record(LoginSucceeded(user_id="7", migrated=True))
    sys.exit()
os.waitpid(child, 0)
"""


@needs_fork
@pytest.mark.parametrize("failing", ["nobody", "parent"])
def test_end_of_process(failing):
    """
    When a process ends, it writes what it has added up itself; a failure is logged.
    """
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, failing],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )

    assert [
        "child [('login.succeeded', 1), ('login.moved', 1)]",
        "parent [('login.succeeded', 2)]",
    ] == done.stdout.splitlines()
    assert (failing == "parent") == ("could not be written" in done.stderr)
    assert "canary" not in done.stderr


# --- Behind a connection -------------------------------------------------------------------


def test_connection(scene, store, record):
    """
    Behind a connection, all that an operator wants to know is told.
    """
    scene.site.add("1", ADA, "pw")
    scene.site.add("2", "bob@example.com", "pw")
    rehearsal = scene.connect(listeners=[record], policy=MigrationPolicy(rehearse=True))
    connection = scene.connect(listeners=[record])
    rehearsal.authenticate(ADA, "pw")
    connection.authenticate(ADA, "pw")
    scene.clock.advance(60)
    with pytest.raises(InvalidCredentialsError):
        connection.authenticate("bob@example.com", "wrong")
    after = connection.cut_over(force=True)
    for _ in range(2):
        with pytest.raises(InvalidCredentialsError):
            after.authenticate("bob@example.com", "pw")
    assert after.start_password_change("bob@example.com") is None
    after.sign_up("bob@example.com", "pw")
    record.flush()

    assert {
        "after_cut_over.asked": 4,
        "after_cut_over.asked.sign_up": 1,
        "after_cut_over.asked.start_password_change": 1,
        "login.moved": 1,
        "login.refused.cut_over": 2,
        "login.refused.unknown_or_wrong": 1,
        "login.succeeded": 2,
        "rehearsal.would_move": 1,
        "source.calls": 2,
        "source.within.10": 2,
    } == store.counts()


@pytest.mark.parametrize("store", [None, object(), AsyncStore()])
def test_impossible_store(store):
    """
    A store must be able to keep tallies, and be a sync one.
    """
    with pytest.raises(ConfigurationError, match=r"no StatisticsStore|a sync store"):
        StatisticsRecorder(store)


@pytest.mark.parametrize("interval", [0, -1, 86_401, float("nan"), "60", None, True])
def test_impossible_interval(store, interval):
    """
    An interval is a number of seconds.
    """
    with pytest.raises(ConfigurationError, match="interval"):
        StatisticsRecorder(store, interval=interval)


def test_sql(sql_store, async_sql_store, clock):
    """
    An SQL store takes the figures, and an async one cannot.
    """
    record = StatisticsRecorder(sql_store, interval=3600, clock=clock)
    clock.advance(86_400 * 900)
    for identifier in (ADA, "bob"):
        record(refused("cut_over", identifier))
    record.close()

    tallies = sql_store.tallies(clock.now().date())
    assert {"login.refused.cut_over": 2, "after_cut_over.asked": 2} == {
        tally.name: tally.count for tally in tallies
    }
    assert [2] == [Sketch.from_text(t.people).estimate() for t in tallies if t.people]
    with pytest.raises(ConfigurationError, match="a sync store"):
        StatisticsRecorder(async_sql_store)


def test_default_clock(store):
    """
    By default the day is the machine's, in UTC.
    """
    before = dt.datetime.now(dt.UTC).date()
    record = StatisticsRecorder(store)
    record(LOGIN)
    record.close()

    (tally,) = store.tallies(None)
    assert before <= tally.day <= dt.datetime.now(dt.UTC).date()


def test_protocol(store):
    """
    What these tests write to is what the library's stores are.
    """
    assert isinstance(store, StatisticsStore)
