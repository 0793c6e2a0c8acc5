"""
Settings that are followed: what is in force, for how long, and who looks after it.
"""

import gc
import logging
import threading

import attrs
import pytest
from forks import forked, needs_fork
from management_stores import LONG, FaultyStore, threads, wait_until

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    StoreUnavailableError,
)
from migratekit.management import Management
from migratekit.stores.sql import SQLStore
from migratekit.testing import VirtualClock


SHOP = "con_shop"


def logged(caplog):
    return [record.getMessage() for record in caplog.records]


# --- What is in force ------------------------------------------------------------------


def test_first(live, faulty):
    """
    The first question is for the store, and the next ones are not.
    """
    faulty.looks = 0

    first = live.current()

    assert first is live.current()
    assert (SHOP, 1, False) == (first.connection_id, first.version, first.cut_over)
    assert 1 == live.version
    assert 1 == faulty.looks
    assert (SHOP, faulty, 3600) == (live.connection_id, live.store, live.interval)


def test_values(live, faulty):
    """
    What is stored as JSON is there as a policy has it; what is not stored is not.
    """
    faulty.put(
        options={
            "token_lifetime": 60,
            "username_length": [3, 15],
            "failure_floor": 1,
            "cut_over": True,
        }
    )

    settings = live.current()

    assert {"token_lifetime", "username_length", "failure_floor"} == {*settings.options}
    assert 60 == settings.options["token_lifetime"].total_seconds()
    assert (3, 15) == settings.options["username_length"]
    assert settings.cut_over


def test_refresh(live, faulty):
    """
    A look into the store finds what is new, and keeps the object of what is not.
    """
    first = live.current()

    assert live.refresh()
    assert first is live.current()
    faulty.set(cut_over=True)
    assert live.refresh()

    assert (2, True) == (live.version, live.current().cut_over)
    assert "<LiveSettings con_shop, version 2>" == repr(live)


def test_restored(live, faulty):
    """
    A store that was put back to an older version is followed there.
    """
    old = faulty.settings_history(SHOP)
    faulty.set(cut_over=True)
    assert live.current().cut_over

    faulty._settings[SHOP] = old
    assert live.refresh()

    assert (1, False) == (live.version, live.current().cut_over)


def test_age(live, faulty, clock):
    """
    The age is the time since it was last known what is in force.
    """
    assert 0 == live.age()
    clock.advance(5)
    assert 5 == live.age()
    faulty.error = OSError()
    assert not live.refresh()
    assert 5 == live.age()
    faulty.error = None
    faulty.set(of_tomorrow=1)
    assert not live.refresh()
    assert 5 == live.age()
    faulty.put(options={})
    assert live.refresh()
    assert 0 == live.age()


# --- What cannot be followed -----------------------------------------------------------


def test_none_at_first(faulty, clock):
    """
    Who has no settings at first is told so.
    """
    live = Management(faulty, clock=clock).live("con_other")

    for call in (live.current, live.age, lambda: live.version):
        with pytest.raises(ConfigurationError) as caught:
            call()
        assert (
            "The settings con_other: there are none: create them first.  What is "
            "missing is made by the store alone: migratekit --app myshop.auth:store "
            "schema create, and then settings create con_other strategy_version=2."
        ) == str(caught.value)
    assert "<LiveSettings con_other, version none>" == repr(live)


def test_deleted_at_first(live, faulty):
    """
    So is who comes when they were deleted.
    """
    faulty.put(action="delete", options=None)

    with pytest.raises(ConfigurationError, match="they were deleted"):
        live.current()


def test_away_at_first(live, faulty):
    """
    And who cannot read them; the next one may.
    """
    faulty.error = OSError()
    with pytest.raises(StoreUnavailableError):
        live.current()
    faulty.error = None

    assert 1 == live.version


def test_no_change(live, faulty, monkeypatch):
    """
    A store that gives what is no change breaks its contract.
    """
    monkeypatch.setattr(FaultyStore, "settings", lambda self, connection_id: {})

    with pytest.raises(ContractError):
        live.current()


BROKEN = {
    "away": lambda store: setattr(store, "error", OSError("secret")),
    "unknown": lambda store: store.set(cut_over=True, of_tomorrow=1),
    "kind": lambda store: store.set(cut_over=True, legacy_calls="4"),
    "pair": lambda store: store.set(cut_over=True, username_length=5),
    "value": lambda store: store.set(cut_over=True, legacy_calls=0),
    "deleted": lambda store: store.put(action="delete", options=None),
    "gone": lambda store: store._settings.clear(),
}
WORDS = {
    "away": "could not be asked",
    "unknown": "no option of_tomorrow",
    "kind": "legacy_calls must be a whole number",
    "pair": "username_length must be a list",
    "value": "legacy_calls must be 1 to",
    "deleted": "they were deleted",
    "gone": "there are none",
}


@pytest.mark.parametrize("how", BROKEN)
def test_kept(live, faulty, caplog, how):
    """
    What cannot be read, or means nothing, changes nothing, and is logged once.
    """
    before = live.current()
    saved = faulty.settings_history(SHOP)
    BROKEN[how](faulty)

    assert not live.refresh()
    assert not live.refresh()

    assert before is live.current()
    (line,) = logged(caplog)
    assert line.startswith("The settings con_shop stay as they are: ")
    assert WORDS[how] in line
    assert "secret" not in caplog.text
    assert logging.ERROR == caplog.records[0].levelno

    faulty.error = None
    faulty._settings[SHOP] = saved
    assert live.refresh()
    assert ["The settings con_shop are followed again"] == logged(caplog)[1:]


def test_one_outage(live, faulty, caplog):
    """
    An outage is one, whichever errors it raises; other settings that mean nothing are
    another matter.
    """
    live.current()
    for error in (OSError(), TimeoutError(), StoreUnavailableError("down")):
        faulty.error = error
        live.refresh()
    faulty.error = None
    for value in (0, -1, -1, "4"):
        faulty.set(legacy_calls=value)
        live.refresh()

    outage, range_, kind = logged(caplog)
    assert "could not be asked" in outage
    assert "must be 1 to" in range_
    assert "must be a whole number" in kind


def test_broken_log(live, faulty, monkeypatch):
    """
    A handler of logs that fails keeps nobody from following.
    """

    class Broken(logging.Handler):
        def emit(self, record):
            raise LookupError

    monkeypatch.setattr(logging.getLogger("migratekit"), "handlers", [Broken()])
    live.current()
    faulty.error = OSError()
    assert not live.refresh()
    faulty.error = None
    faulty.set(cut_over=True)

    assert live.refresh()
    assert live.current().cut_over


@pytest.mark.parametrize(
    "interval", [0, -1, 3601, float("nan"), float("inf"), True, "2", None]
)
def test_interval(faulty, interval):
    """
    The interval is a number of seconds, up to an hour.
    """
    with pytest.raises(ConfigurationError, match="interval"):
        Management(faulty).live(SHOP, interval=interval)


# --- The thread ------------------------------------------------------------------------


@pytest.fixture(name="real")
def _real(faulty):
    """
    Settings that are followed with the machine's clock, a thousand times a second.
    """
    management = Management(faulty, actor="ops")
    management.create(SHOP, {"options": {"strategy_version": 2}})
    live = management.live(SHOP, interval=0.001)
    yield live
    live.close()
    wait_until(lambda: not threads())


def test_thread(real, faulty):
    """
    From the first operation on, one thread finds what is new.
    """
    first = real.current()
    assert [] == threads()

    assert first is real.current()
    (thread,) = threads()
    assert thread.daemon
    faulty.set(cut_over=True)
    wait_until(lambda: real.current().cut_over)

    assert [thread] == threads()


def test_close(real, faulty):
    """
    Once they are closed, the last settings stay in force, and no thread is left.
    """
    real.current()
    real.current()
    real.close()
    wait_until(lambda: not threads())

    faulty.set(cut_over=True)
    assert not real.current().cut_over
    assert [] == threads()
    real._begin_anew()
    assert not real.current().cut_over
    assert [] == threads()


def test_close_waits(real, faulty):
    """
    When they are closed, nobody looks into the store any more.
    """
    began, may_end, look = threading.Event(), threading.Event(), faulty.settings

    def wait(connection_id):
        began.set()
        may_end.wait(LONG)
        return look(connection_id)

    real.current()
    faulty.settings = wait
    real.current()
    assert began.wait(LONG)
    closer = threading.Thread(target=real.close)
    closer.start()
    closer.join(0.05)
    assert closer.is_alive()
    may_end.set()
    closer.join(LONG)

    assert [] == threads()


def test_closed_first(real):
    """
    Who is closed at once looks once.
    """
    real.close()

    assert real.current() is real.current()
    assert [] == threads()


def test_dropped(faulty):
    """
    The thread ends when nobody has the settings any more.
    """
    management = Management(faulty)
    management.create(SHOP, {"options": {"strategy_version": 2}})
    live = management.live(SHOP, interval=0.001)
    live.current()
    live.current()
    assert 1 == len(threads())

    del live
    gc.collect()

    wait_until(lambda: not threads())


def test_many_at_once(real):
    """
    Many first operations start one thread.
    """
    real.current()
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        real.current()

    crowd = [threading.Thread(target=work) for _ in range(8)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()

    assert 1 == len(threads())


def test_idle(waiting, faulty, clock):
    """
    The first operation of a process that was idle does not go by what was long ago.
    """
    waiting.current()
    clock.advance(4000)
    faulty.set(cut_over=True)

    assert waiting.current().cut_over


def test_idle_and_away(faulty, clock, monkeypatch):
    """
    If the store does not answer meanwhile, it goes by that.
    """
    management = Management(faulty, clock=clock)
    management.create(SHOP, {"options": {"strategy_version": 2}})
    live = management.live(SHOP, interval=0.01)
    live.current()
    clock.advance(1)
    answer = threading.Event()
    looks = faulty.settings
    faulty.settings = lambda name: answer.wait(LONG) and looks(name)

    assert 1 == live.current().version

    answer.set()
    live.close()
    wait_until(lambda: not threads())


def test_no_thread(waiting, caplog, monkeypatch):
    """
    A process without another thread goes on with what it has, and says so once.
    """
    waiting.current()

    def start(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        assert 1 == waiting.current().version
        assert 1 == waiting.current().version

    (line,) = logged(caplog)
    assert line.endswith("as they are: there is no thread left to follow them in")
    assert 1 == waiting.current().version
    assert 1 == len(threads())


def test_interrupted(waiting, clock, monkeypatch):
    """
    Who is interrupted while the thread starts leaves one thread, not two.
    """
    waiting.current()
    clock.advance(4000)
    waited = threading.Event.wait

    def wait(event, timeout=None):
        # The thread's start waits as well, for as long as it takes.
        if timeout is None or threading.current_thread() is not threading.main_thread():
            return waited(event, timeout)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Event, "wait", wait)
        with pytest.raises(KeyboardInterrupt):
            waiting.current()
    waiting.current()

    assert 1 == len(threads())


@needs_fork
def test_thread_of_the_parent(waiting):
    """
    In a forked process the locks are new, and so is the thread.
    """
    waiting.current()
    waiting.current()
    (old,) = threads()
    waiting._reading.acquire()
    waiting._starting.acquire()

    def begins_anew():
        assert threads() == []
        assert waiting.current().version == 1
        (new,) = threads()
        return new is not old

    assert forked(begins_anew)
    assert [old] == threads()
    waiting._reading.release()
    waiting._starting.release()


@needs_fork
def test_fork(faulty, tmp_path):
    """
    A forked process follows by itself, whatever its parent was doing.
    """
    management = Management(faulty)
    management.create(SHOP, {"options": {"strategy_version": 2}})
    live = management.live(SHOP, interval=0.001)
    live.current()
    live._reading.acquire()

    def follows():
        faulty.set(cut_over=True)
        wait_until(lambda: live.current().cut_over)
        return len(threads()) == 1

    assert forked(follows)
    assert not live.current().cut_over
    live._reading.release()
    live.close()
    wait_until(lambda: not threads())


def test_order_of_answers(live, faulty, monkeypatch):
    """
    Of two looks at once, the later answer stays.
    """
    live.current()
    old = faulty.settings(SHOP)
    began, goes_on = threading.Event(), threading.Event()
    answers = iter([old])

    def slow(name):
        answer = next(answers, None)
        if answer is None:
            return FaultyStore.settings(faulty, name)
        began.set()
        assert goes_on.wait(LONG)
        return attrs.evolve(answer)

    faulty.settings = slow
    first = threading.Thread(target=live.refresh)
    first.start()
    assert began.wait(LONG)
    faulty.set(cut_over=True)
    second = threading.Thread(target=live.refresh)
    second.start()
    goes_on.set()
    first.join()
    second.join()

    assert 2 == live.version


def test_virtual(faulty):
    """
    The age is told by the management's clock.
    """
    clock = VirtualClock()
    management = Management(faulty, clock=clock)
    management.create(SHOP, {"options": {"strategy_version": 2}})
    live = management.live(SHOP)
    live.refresh()
    live.close()

    clock.advance(7)

    assert 7 == live.age()


@needs_fork
def test_fork_amid_read(tmp_path):
    """
    A process that is forked off while a thread reads SQLite can write to it.
    """
    store = SQLStore(f"sqlite:///{tmp_path}/users.db?timeout=0")
    store.create_schema()
    Management(store).create(SHOP, {"options": {"strategy_version": 2}})
    live = Management(store).live(SHOP, interval=0.001)
    live.current()
    live.current()

    def writes():
        management = Management(SQLStore(f"sqlite:///{tmp_path}/users.db?timeout=1"))
        management.update(SHOP, {"options": {"cut_over": False}}, partial=True)
        return True

    try:
        assert all(forked(writes) for _ in range(20))
    finally:
        live.close()
        store.close()
