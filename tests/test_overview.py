"""
How far a migration is and how it goes, as one value.
"""

import asyncio
import datetime as dt
import math
from typing import get_args

import pytest
from overviews import (
    CURRENT,
    DAY,
    TODAY,
    Bare,
    Counted,
    Counting,
    connection_with,
    figures,
    overview,
    sketch,
    tally,
)

from migratekit import AsyncConnection, events
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    StoreUnavailableError,
)
from migratekit.formats import presets
from migratekit.formats.hasher import LegacyHasher
from migratekit.models import Origin
from migratekit.overview import (
    Asked,
    Logins,
    Pace,
    SourceCalls,
    StoredFormat,
    async_overview_of,
    overview_of,
)
from migratekit.overview import _words as words
from migratekit.passwords import OWASP_MINIMUM, Argon2Hasher, format_of
from migratekit.recorder import StatisticsRecorder
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock


# --- Collecting ------------------------------------------------------------------


def test_whole(scene):
    """
    The figures are those of `progress()`, and of what a recorder has written.
    """
    scene.site.add("1", "ada@example.com", "pw")
    store = MemoryStore()
    recorder = StatisticsRecorder(store, clock=scene.clock)
    connection = connection_with(store, scene.site, listeners=[recorder])
    connection.authenticate("ada@example.com", "pw")
    recorder.flush()

    seen = overview_of(connection, clock=scene.clock)

    assert connection.progress() == seen.progress
    assert {scene.clock.now().date(): Logins(1, 1)} == seen.statistics.logins
    assert ("shop", False) == (seen.source_name, seen.is_cut_over)
    assert scene.clock.now() == seen.made_at
    assert (StoredFormat(CURRENT, 1, "current"),) == seen.formats


@pytest.mark.parametrize("is_async", [False, True])
def test_async(runner, tmp_path, is_async):
    """
    An async connection is told of in the same way, whatever its store is.
    """
    store = MemoryStore()
    if is_async:
        store = AsyncSQLStore(f"sqlite+aiosqlite:///{tmp_path}/users.db")
        runner.run(store.create_schema())
        runner.run(store.add_tallies([tally(0, "login.succeeded", 3)]))
    else:
        store.add_tallies([tally(0, "login.succeeded", 3)])
    connection = AsyncConnection(store, Counted(7), hasher=CHEAPEST)

    seen = runner.run(async_overview_of(connection, clock=VirtualClock()))

    assert (0, 7) == (seen.progress.moved, seen.progress.remaining)
    assert {TODAY: Logins(3)} == seen.statistics.logins
    if is_async:
        runner.run(store.close())


class AsyncBare:
    async def find(self, *args):
        return None

    get = create = replace = delete = retired = find


def test_bare():
    """
    What a store cannot tell is None.
    """
    seen = overview_of(connection_with(Bare()))

    assert (None, None, None) == (seen.progress, seen.formats, seen.statistics)
    assert (None, None, None) == (seen.expected, seen.finish, seen.outdated)
    assert {"unknown"} == {condition.state for condition in seen.conditions}
    connection = AsyncConnection(AsyncBare(), Counted(None), hasher=CHEAPEST)
    assert asyncio.run(async_overview_of(connection)).statistics is None


class Broken(MemoryStore):
    """
    A store whose tallies fail.
    """

    error = OSError("hunter2")

    def tallies(self, since, /):
        raise self.error


class AsyncBroken(AsyncBare):
    async def add_tallies(self, tallies, /): ...

    async def tallies(self, since, /):
        raise OSError("hunter2")


def test_unavailable():
    """
    A store that does not answer is told in our words.
    """
    connection = AsyncConnection(AsyncBroken(), Counted(None), hasher=CHEAPEST)

    with pytest.raises(StoreUnavailableError) as caught:
        overview_of(connection_with(Broken()))
    with pytest.raises(StoreUnavailableError) as also:
        asyncio.run(async_overview_of(connection))

    assert "hunter2" not in f"{caught.value}{also.value}"


def test_own_error():
    """
    What a store says in our words already stays as it is.
    """
    store = Broken()
    store.error = ConfigurationError("No tables.")

    with pytest.raises(ConfigurationError, match="No tables"):
        overview_of(connection_with(store))


@pytest.mark.parametrize("answer", [["x"], [tally(0, "after_cut_over.asked", 1)]])
def test_contract(answer):
    """
    What is no tally, or holds no sketch, is refused.
    """
    if answer != ["x"]:
        object.__setattr__(answer[0], "people", "no sketch")
    store = MemoryStore()
    store.tallies = lambda since, /: answer

    with pytest.raises(ContractError):
        overview_of(connection_with(store), clock=VirtualClock())


@pytest.mark.parametrize("days", [13, 3661, 30.0, True])
def test_days(days):
    """
    Not every number of days can be asked for.
    """
    with pytest.raises(ValueError, match="14 to 3,660"):
        overview_of(connection_with(MemoryStore()), days=days)


def test_source_is_away():
    """
    A source that does not answer keeps nobody from the rest.
    """

    class Away(Counted):
        def count(self):
            raise LegacyUnavailableError

    seen = overview_of(connection_with(MemoryStore(), Away(None)))

    assert seen.progress.remaining is None
    assert seen.expected is None


# --- What was recorded -----------------------------------------------------------


def test_logins():
    """
    Logins are added up by day, and of several days.
    """
    seen = overview(
        {},
        tallies=[
            (0, "login.succeeded", 5),
            (0, "login.moved", 2),
            (0, "login.refused.wrong_password", 1),
            (1, "login.refused.wrong_password", 3),
            (1, "login.refused.own", 4),
            (1, "something.else", 9),
            (29, "login.succeeded", 7),
            (30, "login.succeeded", 99),
            (-1, "login.succeeded", 99),
        ],
    ).statistics

    assert [TODAY - 29 * DAY, TODAY - DAY, TODAY] == [*seen.logins]
    assert Logins(5, 2, {"wrong_password": 4, "own": 4}) == seen.logins_since(
        TODAY - DAY
    )
    assert 13 == seen.logins_since(TODAY - DAY).total
    assert 12 == seen.logins_since(seen.since).succeeded
    assert (TODAY - 29 * DAY, TODAY - 29 * DAY) == (seen.since, seen.first_day)


def test_source():
    """
    So are the calls of the source.
    """
    seen = overview(
        {},
        tallies=[
            (0, "source.calls", 3),
            (0, "source.milliseconds", 450),
            (0, "source.within.100", 2),
            (0, "source.within.300", 1),
            (2, "source.calls", 1),
            (2, "source.failures", 1),
            (2, "source.within.more", 1),
            (3, "login.succeeded", 1),
        ],
    ).statistics

    assert SourceCalls(3, 0, 450, (0, 0, 2, 1, 0, 0, 0)) == seen.source_since(TODAY)
    assert SourceCalls(4, 1, 450, (0, 0, 2, 1, 0, 0, 1)) == seen.source_since(
        seen.since
    )
    assert SourceCalls() == seen.source_since(TODAY + DAY)
    assert [TODAY - 2 * DAY, TODAY] == [*seen.source]
    assert TODAY == seen.last_asked


@pytest.mark.parametrize(
    ("within", "share", "limit"),
    [
        ((0,) * 7, 0.5, None),
        ((1, 0, 0, 0, 0, 0, 0), 0.5, 10),
        ((50, 0, 45, 4, 0, 0, 1), 0.5, 10),
        ((50, 0, 45, 4, 0, 0, 1), 0.95, 100),
        ((50, 0, 45, 4, 0, 0, 1), 0.99, 300),
        ((50, 0, 45, 4, 0, 0, 1), 1.0, math.inf),
        ((0, 0, 0, 0, 0, 0, 1), 0.01, math.inf),
    ],
)
def test_limit(within, share, limit):
    """
    A share of all calls took no longer than the upper end of a step.
    """
    assert limit == SourceCalls(within=within).limit(share)


def test_asked():
    """
    Whoever comes on two days is one of the people, and two of the times.
    """
    seen = overview(
        {},
        cut_over=True,
        tallies=[
            (0, "after_cut_over.asked", 3, "ada", "bob"),
            (1, "after_cut_over.asked", 2, "ada"),
            (2, "after_cut_over.asked", 1),
        ],
    ).statistics

    assert Asked(6, 2) == seen.asked_in_all
    assert {"login": 6} == seen.asked_by
    assert [Asked(1), Asked(2, 1), Asked(3, 2)] == [*seen.asked.values()]


def test_asked_by():
    """
    What would have asked is told, the most frequent first; what nothing else explains
    were logins.
    """
    seen = overview(
        {},
        cut_over=True,
        tallies=[
            (0, "after_cut_over.asked", 9, "ada"),
            (0, "after_cut_over.asked.sign_up", 5),
            (1, "after_cut_over.asked", 3),
            (1, "after_cut_over.asked.start_password_change", 2),
            (2, "after_cut_over.asked.get_user", 1),
        ],
    ).statistics

    assert [
        ("sign_up", 5),
        ("login", 4),
        ("start_password_change", 2),
        ("get_user", 1),
    ] == [*seen.asked_by.items()]
    assert {*get_args(events.Operation), "login"} == set(words._OPERATIONS)


def test_nobody_asked():
    """
    Of nobody, there is no number of people.
    """
    seen = overview({}, tallies=[(0, "login.succeeded", 1)]).statistics

    assert (Asked(), {}, {}) == (seen.asked_in_all, seen.asked, seen.asked_by)
    assert seen.last_asked is None


def test_rehearsed():
    """
    Outcomes of a rehearsal are added up, and their codes apart from them.
    """
    seen = overview(
        {},
        tallies=[
            (0, "rehearsal.taken", 1),
            (0, "rehearsal.would_move", 5),
            (3, "rehearsal.would_move", 1),
            (3, "rehearsal.invalid", 2),
            (3, "rehearsal.invalid.username_is_email", 2),
        ],
    ).statistics

    assert [("would_move", 6), ("invalid", 2), ("taken", 1)] == [
        *seen.rehearsed.items()
    ]
    assert {"invalid.username_is_email": 2} == seen.rehearsed_codes


def test_nothing_recorded():
    """
    A store in which nothing was recorded has no first day.
    """
    assert overview({}).statistics.first_day is None


def test_no_names():
    """
    The people are a number; nothing shows the sketch.
    """
    seen = overview({}, tallies=[(0, "after_cut_over.asked", 1, "ada")])

    assert sketch(["ada"]) not in repr(seen)


# --- The pace --------------------------------------------------------------------


def steady(days, number=10):
    return dict.fromkeys(range(1, days + 1), number)


def test_pace():
    """
    The pace is the mean of the last whole days but for the busiest of them.
    """
    by_day = {0: 1000, **steady(13), 3: 500, 14: 40}

    seen = overview(by_day, known=2660)

    week, fortnight = seen.paces
    assert Pace(7, 560, 10.0, TODAY + 100 * DAY) == week
    # 500 is left out, 40 is not.
    assert (14, 660, 160 / 13) == (fortnight.days, fortnight.moved, fortnight.per_day)
    assert (fortnight.finish, week.finish) == seen.finish
    assert TODAY + math.ceil(1000 / (160 / 13)) * DAY == fortnight.finish


@pytest.mark.parametrize(
    ("by_day", "windows"),
    [
        ({}, []),
        (steady(6), []),
        (steady(7), [7]),
        (steady(13), [7]),
        ({14: 1}, [7, 14]),
    ],
)
def test_windows(by_day, windows):
    """
    Nobody tells the pace of days before the migration.
    """
    assert windows == [pace.days for pace in overview(by_day, known=999).paces]


@pytest.mark.parametrize(
    ("by_day", "known"),
    [
        (steady(20), None),
        (steady(20), 200),
        # The last user who moved did so before the week.
        ({**dict.fromkeys(range(8, 20), 5)}, 1000),
        # Ten years and a day.
        (steady(20, 1), 20 + 3651),
    ],
)
def test_no_finish(by_day, known):
    """
    Where it makes no sense, no day is named.
    """
    seen = overview(by_day, known=known)

    assert 2 == len(seen.paces)
    assert seen.finish is None


def test_furthest():
    """
    Ten years can be told.
    """
    seen = overview(steady(20, 1), known=20 + 3650)

    assert (TODAY + 3650 * DAY,) * 2 == seen.finish


def test_cut_over():
    """
    After the cut-over nobody is expected any more.
    """
    seen = overview(steady(20), cut_over=True)

    assert (True, None, None, ()) == (
        seen.is_cut_over,
        seen.expected,
        seen.finish,
        seen.conditions,
    )


# --- Formats ---------------------------------------------------------------------


class Weird:
    """
    A hasher of another make.
    """

    def __init__(self, text):
        self._text = text

    def hash(self, password, /):
        return self._text

    def verify(self, password, encoded, /):
        return False

    def needs_rehash(self, encoded, /):
        return encoded != self._text


BCRYPT = "$2b$12$" + "." * 53


@pytest.mark.parametrize(
    ("hasher", "name", "state"),
    [
        (CHEAPEST, CURRENT, "current"),
        (CHEAPEST, "argon2id v=16 m=8,t=1,p=1", "outdated"),
        (CHEAPEST, "argon2i m=8,t=1,p=1", "outdated"),
        # It is stronger: nobody makes it weaker.
        (CHEAPEST, "argon2id m=65536,t=3,p=4", "current"),
        (OWASP_MINIMUM, CURRENT, "outdated"),
        (CHEAPEST, "argon2id(raw_md5)", "outdated"),
        (CHEAPEST, "raw_md5", "outdated"),
        (CHEAPEST, "bcrypt", "outdated"),
        (CHEAPEST, "other", "outdated"),
        (CHEAPEST, "argon2id m=x", "outdated"),
        (CHEAPEST, "none", "no_password"),
        (LegacyHasher(CHEAPEST, presets.raw_md5()), CURRENT, "current"),
        (LegacyHasher(CHEAPEST, presets.raw_md5()), "raw_md5", "outdated"),
        (Weird(BCRYPT), "bcrypt", "current"),
        (Weird(BCRYPT), CURRENT, "outdated"),
        (Weird("?"), "other", "current"),
    ],
)
def test_formats(hasher, name, state):
    """
    A format is outdated if the next login renews a hash of it.
    """
    store = Counting(figures({}, {name: 3}))

    seen = overview_of(connection_with(store, hasher=hasher))

    assert (StoredFormat(name, 3, state),) == seen.formats
    assert (3 if state == "outdated" else 0) == seen.outdated


@pytest.mark.parametrize("hasher", [CHEAPEST, Argon2Hasher(memory_cost=64)])
def test_names(hasher):
    """
    What a hasher makes is current, by whatever name it is counted.
    """
    store = Counting(figures({}, {format_of(hasher.hash("pw")): 1}))

    assert (
        "current" == overview_of(connection_with(store, hasher=hasher)).formats[0].state
    )


# --- Conditions ------------------------------------------------------------------


def conditions(seen):
    return {each.code: (each.state, each.number) for each in seen.conditions}


QUIET = [(8, "source.calls", 1)]


def test_all_met():
    """
    The cut-over waits for nothing if all have moved and nobody asks.
    """
    seen = overview(steady(20), known=200, tallies=QUIET)

    assert {
        "users_remain": ("met", 0),
        "weak_hashes": ("met", 0),
        "source_asked": ("met", 0),
    } == conditions(seen)
    assert "Nothing is in the way of the cut-over." == words.gate(seen)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            1,
            (
                "1 user has not moved. "
                "1 stored hash is quick to guess, or may be; the next login of its owner "
                "renews it. "
                "The old system was asked once in the last 7 days."
            ),
        ),
        (
            2000,
            (
                "2,000 users have not moved. "
                "2,000 stored hashes are quick to guess, or may be; each is renewed by "
                "the next login of its owner. "
                "The old system was asked 2,000 times in the last 7 days."
            ),
        ),
    ],
)
def test_blocks(number, said):
    """
    What is in the way is said with its number.
    """
    seen = overview(
        {0: 5},
        known=5 + number,
        by_format={"raw_md5": number},
        tallies=[(6, "source.calls", number)],
    )

    assert {("blocks", number)} == {*conditions(seen).values()}
    assert said == " ".join(each.text for each in seen.conditions)
    assert "3 of 3 conditions not met." == words.gate(seen)


@pytest.mark.parametrize("label", ["raw_md5", "argon2id(raw_md5)", "bcrypt cost=10"])
def test_same_as_the_gate(label):
    """
    It waits for what the cut-over itself would be refused for.
    """
    store = Counting(figures({}, {label: 3}))
    connection = connection_with(store)

    weak = sum(connection.gate(quiet_days=0).weak_formats.values())

    assert weak == conditions(overview_of(connection))["weak_hashes"][1]


@pytest.mark.parametrize(
    ("tallies", "state"),
    [
        ([], "unknown"),
        ([(5, "login.succeeded", 1)], "unknown"),
        ([(6, "login.succeeded", 1)], "met"),
        ([(5, "source.calls", 1)], "blocks"),
        ([(7, "source.calls", 1)], "met"),
        ([(8, "source.calls", 1), (6, "login.moved", 1)], "blocks"),
        ([(6, "login.refused.unknown_or_wrong", 1)], "blocks"),
        ([(6, "login.refused.wrong_password", 1)], "met"),
    ],
)
def test_quiet(tallies, state):
    """
    That nobody asks is known only after a week of recording.
    """
    seen = overview({}, tallies=tallies)

    assert state == conditions(seen)["source_asked"][0]
    assert "not known" in words.gate(seen)


# --- Words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by_day", "known", "said"),
    [
        ({}, None, "Nobody has moved; how many remain is not known."),
        ({0: 1}, None, "1 user has moved; how many remain is not known."),
        ({0: 2000}, None, "2,000 users have moved; how many remain is not known."),
        ({}, 0, "Nobody has moved, and nobody is there to move."),
        ({}, 20, "Nobody has moved yet, of 20 users."),
        ({0: 1}, 1, "The only user has moved."),
        ({0: 2}, 2, "All 2 users have moved."),
        ({0: 1}, 20, "1 of 20 users moved (5.0%)."),
    ],
)
def test_headline(by_day, known, said):
    """
    How far it is, is a sentence.
    """
    assert said == words.headline(overview(by_day, known=known))


@pytest.mark.parametrize(
    ("by_day", "known", "said"),
    [
        ({}, None, "No forecast: how many users remain is not known."),
        ({0: 2}, 2, "Everybody has moved."),
        ({0: 2}, 3, "No forecast before users have moved for a week."),
        (steady(20, 1), 9999, "No forecast: at this pace it takes over ten years."),
        (
            {**dict.fromkeys(range(8, 20), 5)},
            1000,
            "No forecast: the last 7 days were too different from those before.",
        ),
        (
            steady(10),
            110,
            (
                "At the pace of the last 7 days all would have moved about 2 Jan 2030; "
                "hardly sooner, for those who come often move first."
            ),
        ),
        (
            {**steady(14, 10), **dict.fromkeys(range(1, 8), 20)},
            310,
            (
                "At the pace of the last 7 and 14 days all would have moved between 6 Jan "
                "2030 and 8 Jan 2030; hardly sooner, for those who come often move first."
            ),
        ),
    ],
)
def test_forecast(by_day, known, said):
    """
    When it may be done is a sentence, and so is why nobody knows.
    """
    assert said == words.forecast(overview(by_day, known=known))


def test_words_of_cut_over():
    """
    After the cut-over there is nothing to come.
    """
    seen = overview({0: 2}, cut_over=True)

    assert "Cut over: 2 users have moved, and the old system is asked no more." == (
        words.headline(seen)
    )
    assert "Nobody moves any more after the cut-over." == words.forecast(seen)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "–"),
        (0, 7, "0%"),
        (7, 7, "100%"),
        (1, 3, "33.3%"),
        (1, 10_000, "< 0.1%"),
        (9_999, 10_000, "> 99.9%"),
    ],
)
def test_percent(part, whole, said):
    """
    Only nothing is 0%, and only all is 100%.
    """
    assert said == words.percent(part, whole)


def test_every_word():
    """
    There are words for everything that we count ourselves.
    """
    from migratekit.recorder import _REASONS

    assert _REASONS - {"other"} == set(words._REASONS) - {"other"}
    assert set(Origin) == set(words.ORIGINS)
    assert ["up to 10 ms", "10 ms to 30 ms"] == words.steps()[:2]
    assert ["1 s to 3 s", "over 3 s"] == words.steps()[-2:]


def test_foreign():
    """
    Names that somebody else chose are cut, and stay on their line.
    """
    assert "a\\n\\u202eb" == words.reason("a\n\u202eb")
    assert "x" * 63 + "…" == words.reason("x" * 65)
    assert "profile not valid: odd" == words.rehearsed("invalid.odd")
    assert "odd" == words.rehearsed("odd")


def test_numbers():
    """
    Numbers are rounded to what somebody wants to know.
    """
    moment = dt.datetime(2030, 1, 2, 3, 4, tzinfo=dt.UTC)
    assert "2 Jan 2030, 03:04 UTC" == words.moment(moment)
    assert ["0", "1.7", "12", "1,234"] == [*map(words.per_day, (0.0, 1.7, 12.3, 1234))]
    assert ["–", "< 300 ms", "< 1 s", "> 3 s"] == [
        *map(words.milliseconds, (None, 300, 1000, math.inf))
    ]
    assert "–" == words.mean(SourceCalls())
    assert "150 ms" == words.mean(SourceCalls(calls=3, milliseconds=450))
