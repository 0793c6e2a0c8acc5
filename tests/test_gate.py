"""
Whether the source may go, and what stands in the way.
"""

import datetime as dt
import sys
from pathlib import Path

import pytest
from world import ListingSite

from migratekit import MigrationPolicy
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    StoreUnavailableError,
)
from migratekit.formats.hasher import LegacyHasher
from migratekit.formats.presets.guessing import is_slow
from migratekit.passwords import format_of
from migratekit.sources import NoopSource
from migratekit.sources.functions import FunctionSource
from migratekit.statistics import Tally
from migratekit.testing import CHEAPEST


ADA, BOB = "ada@example.com", "bob@example.com"
WEAK = "$mk$v=1$f=raw_md5$x"


@pytest.fixture(name="town")
def _town(scene):
    """
    A scene whose site lists Ada and Bob, who have moved.
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
    scene.connection = scene.connect()
    for number, email in (("1", ADA), ("2", BOB)):
        scene.site.add(number, email, "pw")
        scene.connection.authenticate(email, "pw")
    scene.side.add_tallies([Tally(dt.date(2020, 1, 1), "login.succeeded", 1)])
    return scene


def count(scene, days, **counts):
    """
    Keep *counts* of so many days ago.
    """
    day = scene.clock.now().date() - dt.timedelta(days=days)
    scene.side.add_tallies(
        Tally(day, name.replace("_", ".", 1), number) for name, number in counts.items()
    )


def told(reasons):
    return [(reason.code, reason.number) for reason in reasons]


def test_met(town):
    """
    If all have moved, all hashes are strong, and nobody asks, the source may go.
    """
    stored = town.snapshot()
    town.site.calls.clear()

    gate = town.connection.gate()

    assert gate.is_met
    assert ((), ()) == (gate.reasons, gate.warnings)
    assert (2, 2, 0, {}) == (gate.known, gate.moved, gate.remaining, gate.weak_formats)
    assert (7, 0, 0) == (gate.quiet_days, gate.asked, gate.moved_lately)
    assert stored == town.snapshot()
    assert [] == town.site.calls


# --- Who remains -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 user has not moved yet."), (1200, "1,200 users have not moved yet.")],
)
def test_users_remain(town, number, text):
    """
    Users who have not moved are in the way.
    """
    for at in range(number):
        town.site.add(f"new-{at}", f"{at}@example.com", "pw")

    gate = town.connection.gate()

    assert not gate.is_met
    assert (number, [("users_remain", number)]) == (gate.remaining, told(gate.reasons))
    assert text == gate.reasons[0].message


def test_source_unavailable(town):
    """
    So is a source that could tell, and does not answer.
    """
    town.site.down = True

    gate = town.connection.gate()

    assert [("source_unavailable", None)] == told(gate.reasons)
    assert (None, None, 2) == (gate.known, gate.remaining, gate.moved)
    assert () == gate.warnings


def test_source_that_tells_nothing(scene):
    """
    What a source cannot tell is a warning.
    """
    scene.side.add_tallies([Tally(dt.date(2020, 1, 1), "login.succeeded", 1)])
    source = FunctionSource(scene.site.login, scene.site.get_user)

    gate = scene.connect(source=source).gate()

    assert gate.is_met
    assert [("source_cannot_count", None), ("source_cannot_list", None)] == told(
        gate.warnings
    )


def test_store_that_cannot_count(village):
    """
    What a store cannot tell is one, too.
    """

    class Bare:
        """
        A store with what it must have.
        """

    for name in ("find", "get", "create", "replace", "delete", "retired"):
        setattr(Bare, name, staticmethod(getattr(village.side, name)))

    gate = village.connect(store=Bare()).gate()

    assert [("store_cannot_count", None), ("calls_not_counted", None)] == told(
        gate.warnings
    )
    assert (None, None, None) == (gate.moved, gate.remaining, gate.asked)


def test_silent_store(town):
    """
    A store that does not answer is an outage.
    """

    def down():
        raise OSError

    for name in ("figures", "tallies"):
        town.store.before(name, down)
        with town.refused(StoreUnavailableError):
            town.connection.gate()


# --- Hashes ----------------------------------------------------------------------------


def test_weak_hashes(town):
    """
    Hashes that are quick to guess are in the way, and so is what may be.
    """
    town.store_user("eve@example.com", WEAK)
    town.overwrite(ADA, password_hash=WEAK)
    town.overwrite(BOB, password_hash="of no known kind")

    gate = town.connection.gate()

    assert {"raw_md5": 2, "other": 1} == gate.weak_formats
    assert ["raw_md5", "other"] == list(gate.weak_formats)
    assert [("weak_hashes", 3)] == told(gate.reasons)
    assert (
        "3 stored hashes are quick to guess, or may be: raw_md5 (2), other (1)."
        == gate.reasons[0].message
    )


@pytest.mark.parametrize(
    "password_hash",
    [
        "$2b$12$abcdefghijklmnopqrstuv",
        "$6$salt$digest",
        "$mk$v=1$f=raw_md5,w=1$x",
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
    ],
)
def test_strong_hashes(village, password_hash):
    """
    What was made to be slow is not, nor what is wrapped, nor who has no hash.
    """
    village.overwrite(ADA, password_hash=password_hash)
    village.preload("3", "cyd@example.com")

    assert village.connection.gate().is_met


def test_one_weak_hash(village):
    """
    One is one.
    """
    village.overwrite(ADA, password_hash=WEAK)

    (reason,) = village.connection.gate().reasons

    assert "1 stored hash is quick to guess, or may be: raw_md5 (1)." == reason.message


def test_slow_formats(monkeypatch):
    """
    No hash that an import would wrap has a label that is called slow.
    """
    monkeypatch.syspath_prepend(Path(__file__).parent / "formats")
    from vectors import load

    seen, quick = set(), set()
    for vector in load("public.jsonl"):
        if vector.expect != "match":
            continue
        hasher = LegacyHasher(CHEAPEST, vector.legacy_format)
        label = format_of(hasher.admit(vector.stored))
        if hasher.wrapping(vector.stored) is None:
            seen.add(label)
        else:
            quick.add(label)
            assert not is_slow(label), vector
    sys.modules.pop("vectors")

    slow = {label for label in seen if is_slow(label)}
    assert {"bcrypt", "sha512_crypt", "yescrypt"} < slow
    assert {"django(argon2)", "nextcloud(bcrypt)", "werkzeug(scrypt)"} < slow
    assert {"django", "ldap_crypt", "phpass"} < quick


# --- Who asks --------------------------------------------------------------------------


def test_source_asked(town):
    """
    A source that was asked lately is in the way.
    """
    count(town, 0, source_calls=2, login_moved=1, source_failures=9)
    count(town, 6, source_calls=1300, login_moved=1)
    count(town, 7, source_calls=50, login_moved=50)

    gate = town.connection.gate()

    assert (1302, 2) == (gate.asked, gate.moved_lately)
    assert [("source_asked", 1302)] == told(gate.reasons)
    assert (
        "The source was asked 1,302 times in the last 7 days, and 2 users moved by that."
        == gate.reasons[0].message
    )


def test_asked_once(village):
    """
    Once is once, and a day is a day.
    """
    count(village, 0, source_calls=1, login_moved=1)
    count(village, 1, source_calls=1, login_moved=1)

    (reason,) = village.connection.gate(quiet_days=1).reasons

    assert (
        "The source was asked once today, and 1 user moved by that." == reason.message
    )


def test_calls_that_nobody_told(village):
    """
    A login that asked the source counts, also if its process ended with the calls.
    """
    refused = {"login_refused.unknown_or_wrong": 2, "login_refused.wrong_password": 9}
    count(village, 0, source_calls=1, login_moved=3, **refused)
    count(village, 7, login_moved=50)

    gate = village.connection.gate()

    assert (5, [("source_asked", 5)]) == (gate.asked, told(gate.reasons))


def test_whatever_was_asked(village):
    """
    If it does not matter, nobody looks.
    """
    count(village, 0, source_calls=2)

    gate = village.connection.gate(quiet_days=0)

    assert gate.is_met
    assert (0, None, None) == (gate.quiet_days, gate.asked, gate.moved_lately)


def test_not_counted(scene):
    """
    Where nobody counts, that is a warning.
    """
    scene.site = ListingSite()

    gate = scene.connect().gate()

    assert (None, None) == (gate.asked, gate.moved_lately)
    assert [("calls_not_counted", None)] == told(gate.warnings)
    assert gate.is_met
    assert () == scene.connect().gate(quiet_days=0).warnings


@pytest.mark.parametrize(("days", "warned"), [(28, True), (29, False)])
def test_counted_since(memory, days, warned):
    """
    So it is where somebody has begun to count only lately, and nobody was asked since.
    """
    memory.site = ListingSite()
    count(memory, days, login_succeeded=1)

    gate = memory.connect().gate(quiet_days=30)

    assert warned == (["calls_counted_since"] == [w.code for w in gate.warnings])
    assert (None if warned else 0) == gate.asked
    assert gate.is_met


def test_asked_since(memory):
    """
    That it was asked is known all the same, and for how many days it is.
    """
    memory.site = ListingSite()
    count(memory, 2, source_calls=3)

    gate = memory.connect().gate()

    day = memory.clock.now().date() - dt.timedelta(days=2)
    assert (3, [("source_asked", 3)]) == (gate.asked, told(gate.reasons))
    (warning,) = gate.warnings
    assert (
        f"How often the source is asked is recorded only since {day}, for 3 of 7 days: "
        "nobody knows how often before." == warning.message
    )


@pytest.mark.parametrize(
    ("days", "looks"),
    [((0, 6, 37, 400), 1), ((0, 6, 400), 1), ((0, 37, 400), 1), ((0, 38, 400), 2)],
)
def test_what_is_read(memory, days, looks):
    """
    Of years of counting only the last month is read, unless nobody counted in it.
    """
    memory.site = ListingSite()
    for each in days:
        count(memory, each, source_calls=1)
    tallies, read = memory.side.tallies, []
    memory.side.tallies = lambda since: read.append(since) or tallies(since)

    gate = memory.connect().gate(quiet_days=7)

    today = memory.clock.now().date()
    month = today - dt.timedelta(days=6 + 31)
    assert [month, None][:looks] == read
    assert sum(each < 7 for each in days) == gate.asked
    assert () == gate.warnings


@pytest.mark.parametrize("days", [-1, 3661, 1.0, "7", None, True])
def test_no_days(village, days):
    """
    A number of days is a whole number.
    """
    with village.refused(ConfigurationError):
        village.connection.gate(quiet_days=days)


def test_nonsense_tallies(village):
    """
    What is kept of a day is a `Tally`.
    """
    village.side.tallies = lambda since: [("source.calls", 3)]

    with village.refused(ContractError):
        village.connection.gate()


# --- Where the source is gone, or never asked ------------------------------------------


def test_after_the_cut_over(town):
    """
    Where there is no source, neither what it cannot do nor that it was asked matters.
    """
    count(town, 0, source_calls=2)

    for connection in (
        town.connection.cut_over(),
        town.connect(source=NoopSource()),
    ):
        gate = connection.gate()
        assert ((), (), 0) == (gate.reasons, gate.warnings, gate.remaining)


def test_rehearsal(village):
    """
    It may be looked at in a rehearsal.
    """
    assert village.connect(policy=MigrationPolicy(rehearse=True)).gate().is_met
