"""
All refusals of wrong credentials do the same work and take the same time.
"""

import logging

import attrs
import pytest
from test_bad_input import CountingHasher
from world import READS, is_floor

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccountBlockedError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    StoreUnavailableError,
    UnusableHashError,
)
from migratekit.events import FloorExceeded, log_event
from migratekit.models import KeyKind, LedgerKey
from migratekit.passwords import Argon2Hasher
from migratekit.sources import NoopSource
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle


ADA = "ada@example.com"
DENSE = Argon2Hasher(memory_cost=16, time_cost=1, parallelism=1)


class Hasher(CountingHasher):
    """
    Tells apart what is computed at current parameters, and what is not.
    """

    def verify(self, password, encoded, /):
        current = not CHEAPEST.needs_rehash(encoded)
        self.calls.append("current" if current else "other")
        return CHEAPEST.verify(password, encoded)

    def hash(self, password, /):
        self.calls.append("current")
        return CHEAPEST.hash(password)


class CountingThrottle:
    """
    Denies nothing, and counts.
    """

    def __init__(self):
        self.calls = []

    def reserve(self, key, /):
        self.calls.append("reserve")

    def release(self, key, /):
        self.calls.append("release")

    def reset(self, key, /):
        self.calls.append("reset")


def unknown(scene):
    return "nobody@example.com"


def unknown_name(scene):
    return "nobody"


def wrong_in_source(scene):
    scene.site.add("1", ADA, "pw")
    return ADA


def unusable_in_source(scene):
    def login(identifier, password, /):
        raise UnusableHashError("…", "it is cut")

    scene.site.login = login
    return ADA


def stored(scene):
    scene.store_user(ADA, CHEAPEST.hash("pw"))
    return ADA


def stored_blocked(scene):
    scene.store_user(ADA, CHEAPEST.hash("pw"), blocked=True)
    return ADA


def stored_must_change(scene):
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)
    return ADA


def stored_other_cost(scene):
    scene.store_user(ADA, DENSE.hash("pw"))
    return ADA


def stored_unusable(scene):
    scene.store_user(ADA, "$2b$12$cut")
    return ADA


def stored_without_password(scene):
    scene.store_user(ADA, None)
    return ADA


def preloaded(scene):
    scene.site.add("1", ADA, "pw")
    scene.preload("1", ADA)
    return ADA


def preloaded_unusable(scene):
    scene.preload("1", ADA)
    return unusable_in_source(scene)


def retired(scene):
    scene.site.add("1", ADA, "pw")
    user = scene.connection.authenticate(ADA, "pw").user
    scene.connection.delete_user(user.id)
    return ADA


def reserved(scene):
    scene.side.reserve([LedgerKey(KeyKind.EMAIL, ADA)], "shop|1")
    return ADA


def migrated(scene):
    scene.site.add("1", ADA, "pw")
    scene.connection.authenticate(ADA, "pw")
    return ADA


def moved_elsewhere(scene):
    migrated(scene)
    scene.site.change("1", email="lovelace@example.com")
    scene.site.passwords["1"] = "wrong"  # The source says yes, the ledger no.
    return "lovelace@example.com"


def moved_since_the_first_look(scene):
    scene.store.before("retired", lambda: stored(scene))
    return ADA


def moved_while_the_source_says_no(scene):
    scene.site.login = lambda identifier, password, /: stored(scene) and None
    return ADA


def moved_while_the_source_says_yes(scene):
    scene.site.add("1", ADA, "wrong")

    def move():
        scene.store_user(ADA, CHEAPEST.hash("pw"), legacy_id="shop|1")

    scene.store.before("retired", move, skip=1)
    return ADA


def succeeded_while_the_source_says_yes(scene):
    scene.site.add("1", ADA, "wrong")

    def succeed():
        scene.preload("1", "lovelace@example.com")
        scene.preload("2", ADA)

    scene.store.before("retired", succeed, skip=1)
    return ADA


KINDS = [
    unknown,
    unknown_name,
    wrong_in_source,
    unusable_in_source,
    stored,
    stored_blocked,
    stored_must_change,
    stored_other_cost,
    stored_unusable,
    stored_without_password,
    preloaded,
    preloaded_unusable,
    retired,
    reserved,
    migrated,
    moved_elsewhere,
]
# What happens in the midst of a login: it is counted, and cannot be timed.
RACES = [
    moved_since_the_first_look,
    moved_while_the_source_says_no,
    moved_while_the_source_says_yes,
    succeeded_while_the_source_says_yes,
]


@pytest.fixture(name="work")
def _work(scene, caplog):
    """
    A callable that makes an attempt, and gives the work it took.
    """
    caplog.set_level(logging.DEBUG, "migratekit")

    def attempt(identifier, call="authenticate", **more):
        hasher, throttle = Hasher(), CountingThrottle()
        connection = scene.connect(
            hasher=hasher, listeners=[log_event], throttle=throttle, **more
        )
        for calls in (hasher.calls, scene.store.calls, caplog.records):
            calls.clear()
        scene.clock.slept = 0.0
        more = ["new"] if call == "change_password" else []
        with pytest.raises(InvalidCredentialsError):
            getattr(connection, call)(identifier, "wrong", *more, client="1.2.3.4")
        return {
            "current": hasher.calls.count("current"),
            "reads": scene.store.count(*READS),
            "others": len(scene.store.calls) - scene.store.count(*READS),
            "records": len(
                [r for r in caplog.records if r.name.startswith("migratekit")]
            ),
            "slept": scene.clock.slept,
            "throttle": throttle.calls,
            "other": hasher.calls.count("other"),
        }

    return attempt


@pytest.mark.parametrize("call", ["authenticate", "change_password"])
@pytest.mark.parametrize("kind", [*KINDS, *RACES], ids=lambda kind: kind.__name__)
def test_equal(scene, work, kind, call):
    """
    One hash at current parameters, four look-ups, three counts, one record, the floor.
    """
    done = work(kind(scene), call)

    assert 1 == done["current"]
    assert 4 == done["reads"]
    assert 0 == done["others"]
    assert ["reserve"] * 3 == done["throttle"]
    assert 1 == done["records"]
    assert is_floor(done["slept"])
    assert (kind in {stored_other_cost, stored_unusable}) == done["other"]


@pytest.mark.parametrize(
    "options",
    [{"source": NoopSource()}, {"policy": MigrationPolicy(rehearse=True)}],
    ids=lambda options: next(iter(options)),
)
@pytest.mark.parametrize(
    "kind",
    [unknown, wrong_in_source, stored_other_cost, preloaded, retired],
    ids=lambda kind: kind.__name__,
)
def test_equal_without_moving(scene, work, kind, options):
    """
    So they do when there is no source any more, and in a rehearsal.
    """
    done = work(kind(scene), **options)

    assert (1, 4, 0, 1) == tuple(
        done[count] for count in ("current", "reads", "others", "records")
    )
    assert is_floor(done["slept"])


def test_reads_are_of_the_same_kind(memory):
    """
    The look-ups that pad are `find`s of the same key: the same statement, the same row.
    """
    stored(memory)
    with pytest.raises(InvalidCredentialsError):
        memory.connection.authenticate(ADA, "wrong")

    assert {("find", ADA)} == {
        (name, args[0].value) for name, args in memory.store.calls
    }


def test_decoy_is_of_no_password(memory):
    """
    The decoy is a fresh hash at current parameters, and nobody's.
    """
    ports = [memory.connect(hasher=DENSE)._ports for _ in range(2)]

    assert ports[0].decoy != ports[1].decoy
    assert not DENSE.needs_rehash(ports[0].decoy)
    assert "decoy" not in repr(ports[0])


def test_password_is_compared(memory):
    """
    The decoy is compared with the typed password: in both of its forms if it has two.
    """
    seen = []

    class Noting(CountingHasher):
        def verify(self, password, encoded, /):
            seen.append(password)
            return super().verify(password, encoded)

    with pytest.raises(InvalidCredentialsError):
        memory.connect(hasher=Noting()).authenticate("nobody", "pâ\u0302ss")

    assert ["pâ\u0302ss"] == seen


def test_padding_fails(scene):
    """
    A store that fails while the work is made equal changes no answer.
    """

    def down():
        raise OSError

    stored(scene)
    scene.store.before("find", down, skip=1)

    with scene.refused(InvalidCredentialsError):
        scene.connection.authenticate(ADA, "wrong")

    assert is_floor(scene.clock.slept)


def test_jitter(memory):
    """
    Every answer is up to 20 ms later than the floor, never twice by the same.
    """
    waits = set()
    connection = memory.connect(throttle=NoThrottle())
    for _ in range(50):
        memory.clock.slept = 0.0
        with pytest.raises(InvalidCredentialsError):
            connection.authenticate("nobody", "wrong")
        waits.add(memory.clock.slept)

    assert len(waits) > 10
    assert all(map(is_floor, waits))


def slow_down(memory, seconds):
    login = memory.site.login

    def slow(identifier, password, /):
        memory.clock.advance(seconds)
        return login(identifier, password)

    memory.site.login = slow


def test_slow_source(memory):
    """
    What the source takes is part of the floor, not added to it.
    """
    slow_down(memory, 0.2)

    with pytest.raises(InvalidCredentialsError):
        memory.connection.authenticate(ADA, "wrong")

    assert 0.05 - 1e-9 <= memory.clock.slept <= 0.07 + 1e-9
    assert [] == memory.told(FloorExceeded)


def test_floor_exceeded(memory):
    """
    A refusal that took longer than the floor is told, in seconds.
    """
    slow_down(memory, 0.3)

    with pytest.raises(InvalidCredentialsError):
        memory.connection.authenticate(ADA, "wrong")

    (event,) = memory.told(FloorExceeded)
    assert (0.25, pytest.approx(0.3)) == (event.floor, event.took)
    assert memory.clock.slept <= 0.02 + 1e-9


def test_floor_of_the_policy(memory):
    """
    The policy sets the floor.
    """
    connection = memory.connect(policy=MigrationPolicy(failure_floor=2))

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")

    assert is_floor(memory.clock.slept, 2)


def test_no_floor(memory):
    """
    Without a floor nobody waits, and nothing is told.
    """
    slow_down(memory, 1)
    connection = memory.connect(policy=MigrationPolicy(failure_floor=0))

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")

    assert 0 == memory.clock.slept
    assert [] == memory.told(FloorExceeded)


@pytest.mark.parametrize("failure", ["blocked", "outage", "store"])
def test_floor_of_other_failures(scene, failure):
    """
    Failures that are no wrong credentials take the floor as well.
    """

    def down():
        raise OSError

    scene.site.add("1", ADA, "pw", blocked=failure == "blocked")
    scene.site.down = failure == "outage"
    if failure == "store":
        scene.store.before("find", down)
    kinds = {
        "blocked": AccountBlockedError,
        "outage": LegacyUnavailableError,
        "store": StoreUnavailableError,
    }

    with scene.refused(kinds[failure]):
        scene.connection.authenticate(ADA, "pw")

    assert is_floor(scene.clock.slept)


def test_success_does_not_wait(scene):
    """
    Whoever is let in is let in at once.
    """
    migrated(scene)
    scene.connection.authenticate(ADA, "pw")
    scene.connection.sign_up("bob@example.com", "pw")
    scene.connection.change_password(ADA, "pw", "new")

    assert 0 == scene.clock.slept


def test_broken_clock(memory):
    """
    A clock that cannot sleep lets nobody in.
    """

    class Broken:
        now = memory.clock.now
        monotonic = memory.clock.monotonic

        def sleep(self, seconds, /):
            raise OSError

    with memory.refused(ContractError):
        memory.connect(clock=Broken()).authenticate(ADA, "wrong")


def test_same_exception(memory):
    """
    But for the reason, which is for logs, the exceptions are equal.
    """
    seen = set()
    for kind in (unknown, stored):
        identifier = kind(memory)
        with pytest.raises(InvalidCredentialsError) as caught:
            memory.connection.authenticate(identifier, "wrong")
        error = caught.value
        seen.add((type(error), str(error), error.args, tuple(vars(error))))

    assert 1 == len(seen)
    assert not attrs.has(InvalidCredentialsError)
