"""
``migratekit status``.
"""

import datetime as dt
import json
import math
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from cli_terminal import Terminal, environment
from overviews import CURRENT, TODAY, Bare, connection_with, overview

from migratekit.cli import _watch
from migratekit.cli._status_json import status_object
from migratekit.cli._status_text import status_lines
from migratekit.cli._tables import to_json, width_of
from migratekit.errors import ConfigurationError, InvalidCredentialsError
from migratekit.overview import overview_of
from migratekit.recorder import StatisticsRecorder
from migratekit.stores.sql import SQLStore
from migratekit.testing import VirtualClock


STATUS = ("--app", "shop:connection", "status")


@pytest.fixture(name="moved")
def _moved(shop):
    """
    A shop of which one customer has moved, and was recorded doing so.
    """
    recorder = StatisticsRecorder(shop.connection.store)
    for password in ("correct horse", "wrong"):
        with suppress(InvalidCredentialsError):
            shop.connection.authenticate("ada@example.com", password)
    recorder.close()
    return shop


@pytest.mark.parametrize("app", ["connection", "async_connection", "make_in_loop"])
def test_text(moved, capsys, app):
    """
    It is told how far it is, whatever the kind of the connection.
    """
    assert 0 == moved.run("status", app=app)

    out = capsys.readouterr().out
    assert "1 of 3 users moved (33.3%).\n" in out
    assert re.search(r"^moved by a login +1$", out, re.MULTILINE)
    assert re.search(r"^in the way: 2 users have not moved\.$", out, re.MULTILINE)


def test_bare(folder, shop, capsys):
    """
    What is empty is told as well.
    """
    assert 0 == shop.run("status", app="bare")

    out = capsys.readouterr().out
    assert "Cut over: nobody has moved, and the old system is asked no more." in out
    assert "nothing was recorded" in out


@pytest.mark.parametrize("command", [["status"], ["report", "report.html"]])
def test_another_source(shop, capsys, command):
    """
    How many of another source have moved says nothing of this one's users.
    """
    shop.connection.store.bind_source("blog")

    assert 2 == shop.run(*command)

    assert "'blog', not to 'shop'" in capsys.readouterr().err
    assert not Path("report.html").exists()


def test_json(moved, capsys):
    """
    A program gets the same figures, as `progress()` gives them.
    """
    assert 0 == moved.run("status", "--json")

    told = json.loads(capsys.readouterr().out)
    progress = moved.connection.progress()
    assert progress.moved == told["progress"]["moved"]
    assert progress.remaining == told["progress"]["remaining"]
    assert progress.by_origin == told["progress"]["by_origin"]
    assert progress.by_format == told["progress"]["by_format"]
    assert {str(day): n for day, n in progress.by_day.items()} == told["progress"][
        "by_day"
    ]
    assert "shop" == told["source_name"]


def test_days(shop, capsys):
    """
    How many days are looked at can be chosen, within reason.
    """
    assert 0 == shop.run("status", "--json", "--days", "14")

    told = json.loads(capsys.readouterr().out)
    today = dt.date.fromisoformat(told["made_at"][:10])
    since = dt.date.fromisoformat(told["statistics"]["since"])
    assert 14 == (today - since).days + 1
    for days in ("13", "3661", "x", "٣٠", "1" * 5000):
        with pytest.raises(SystemExit):
            shop.run("status", "--days", days)
        assert "is no number of 14 to 3660 days" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "0.9", "86401", "nan", "x"])
def test_seconds(shop, capsys, seconds):
    """
    Nobody watches all the time, or once in a blue moon.
    """
    with pytest.raises(SystemExit):
        shop.run("status", "--watch", seconds)

    assert "is no number of 1 to 86400 seconds" in capsys.readouterr().err


def test_no_tables(shop, capsys):
    """
    A store without its tables is refused in a sentence.
    """
    shop.module.close()
    for path in shop.folder.glob("users.db*"):
        path.unlink()

    assert 2 == shop.run("status")
    assert "The store has no tables yet" in capsys.readouterr().err


# --- The text --------------------------------------------------------------------


def recorded():
    """
    Return what may have been recorded.
    """
    return [
        (0, "login.succeeded", 70),
        (0, "login.moved", 7),
        (0, "login.refused.wrong_password", 9),
        (1, "login.refused.wrong_password", 1),
        (1, "login.refused.\x1b[2J", 3),
        (1, "source.calls", 1200),
        (1, "source.failures", 2),
        (1, "source.milliseconds", 120_000),
        (1, "source.within.300", 1198),
        (1, "source.within.more", 2),
        (2, "rehearsal.would_move", 3),
        (2, "rehearsal.invalid", 1),
        (2, "rehearsal.invalid.odd", 1),
        (2, "rehearsal.must_change", 1),
    ]


def text_of(seen, width=None):
    return "\n".join(status_lines(seen, width))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("login.moved", "–"),
        ("login.refused.unknown_or_wrong", "–"),
        ("login.succeeded", "0"),
        ("login.refused.wrong_password", "0"),
    ],
)
def test_untold(name, told):
    """
    What a process took along of a day on which the old system was asked is no zero.
    """
    seen = overview({0: 1}, tallies=[(0, name, 1), (1, "source.calls", 7)])

    days = text_of(seen).partition("By day")[2].splitlines()[1:4]

    assert [told, "7", "0"] == [day.split()[-2] for day in days]


def test_whole():
    """
    All that an operator sees has its lines.
    """
    by_day = dict.fromkeys(range(1, 15), 10)
    seen = overview(
        by_day,
        known=200,
        by_format={CURRENT: 100, "raw_md5": 30, "none": 10},
        tallies=recorded(),
    )

    text = text_of(seen)

    for line in (
        "Migration of shop, 1 Jan 2030, 00:00 UTC",
        "140 of 200 users moved (70.0%).",
        "[############################------------] 60 users left",
        "1 Jan 2030        0      70        9                 –       –",
        "31 Dec 2029      10       0        4             1,200       2",
        "refused: wrong password      9       10",
        "refused: \\x1b[2J             0        3",
        "asked           0     1,200",
        "on average      –    100 ms",
        "95% in          –  < 300 ms",
        "raw_md5                  30  to be upgraded",
        "no password              10  no password yet",
        "profile not valid                              1\n  profile not valid: odd ",
        "would have to change the password first        1",
        "3 of 3 conditions not met.",
    ):
        assert line in text, text
    assert "all would have moved about 7 Jan 2030" in text


def test_of_little():
    """
    What the store cannot tell is said to be so, and has no lines.
    """
    text = text_of(overview_of(connection_with(Bare()), clock=VirtualClock()))

    assert text == (
        "Migration of shop, 1 Jan 2030, 00:00 UTC\n"
        "This store cannot count its users.\n"
        "No forecast: how many users remain is not known.\n"
        "\n"
        "Logins: this store keeps no statistics.\n"
        "\n"
        "3 of 3 conditions not known.\n"
        "not known: Nobody can tell how many users remain: the old system cannot count "
        "them or did not answer, or the store cannot.\n"
        "not known: The store cannot tell which hashes it holds.\n"
        "not known: Nobody has recorded for 7 days how often the old system is asked."
    )


def test_after():
    """
    After the cut-over it is told who misses the old system.
    """
    asked = [(back, "after_cut_over.asked", 2, "ada") for back in range(9)]
    text = text_of(overview({30: 5}, cut_over=True, tallies=asked))

    assert "1 Jan 2030               2              1" in text
    assert "26 Dec 2029" in text
    assert "24 Dec 2029              2" not in text
    assert "30 days                 18              1" in text
    assert "conditions" not in text
    both = text_of(overview({}, tallies=[*asked, (1, "source.calls", 1)]))
    assert re.search(r"99% in.*\n\nWould have asked it", both)


def test_asked_by():
    """
    What would have asked is told as well.
    """
    tallies = [(0, "after_cut_over.asked", 7), (0, "after_cut_over.asked.sign_up", 5)]
    seen = overview({30: 5}, cut_over=True, tallies=tallies)

    text = text_of(seen)
    assert re.search(
        r"^30 days +7 +–\n  by a sign-up +5\n  by a login +2$", text, re.MULTILINE
    )
    told = json.loads(to_json(status_object(seen)))
    assert {"sign_up": 5, "login": 2} == told["statistics"]["would_have_asked_by"]


def test_nobody_asked():
    """
    That nobody misses it is told, too.
    """
    seen = overview({30: 5}, cut_over=True, tallies=[(0, "login.succeeded", 1)])

    assert re.search(r"^30 days +0 +–$", text_of(seen), re.MULTILINE)


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_width(width):
    """
    Sentences are broken, and tables are cut, where the terminal ends.
    """
    seen = overview({0: 1}, known=90, by_format={"x" * 70: 1}, tallies=recorded())

    lines = status_lines(seen, width)

    assert max(map(width_of, lines)) <= width
    assert any(line.endswith("…") for line in lines)
    assert "89 users have not moved." in " ".join(lines)


@pytest.mark.parametrize(
    ("by_day", "known", "bar"),
    [
        ({0: 999}, 1000, "#" * 39 + "-"),
        ({0: 1000}, 1000, "#" * 40),
        ({}, 1000, "-" * 40),
    ],
)
def test_bar(by_day, known, bar):
    """
    The bar is full when nobody remains, and not before.
    """
    assert f"[{bar}] " in text_of(overview(by_day, known=known))


# --- JSON ------------------------------------------------------------------------


def test_object():
    """
    The whole of an overview is plain JSON, with nobody in it.
    """
    asked = [(0, "after_cut_over.asked", 2, "ada", "bob")]
    seen = overview({0: 3}, known=9, tallies=[*recorded(), *asked])

    told = json.loads(to_json(status_object(seen)))

    today = TODAY.isoformat()
    assert {"succeeded": 70, "moved": 7, "refused": {"wrong_password": 9}} == told[
        "statistics"
    ]["logins"][today]
    source = told["statistics"]["source_in_all"]
    assert (1200, 2, 300, 300, 300) == tuple(
        source[name] for name in ("calls", "failures", "p50", "p95", "p99")
    )
    assert 1198 == source["within"]["300"]
    assert {"times": 2, "people": 2} == told["statistics"]["would_have_asked_in_all"]
    assert {"invalid.odd": 1} == told["statistics"]["rehearsed_codes"]
    assert ["users_remain", "blocks", 6] == [
        told["conditions"][0][name] for name in ("code", "state", "number")
    ]
    assert "hll12" not in str(told)


def test_object_of_little():
    """
    What nobody can tell is null.
    """
    slow = [(0, "source.calls", 1), (0, "source.within.more", 1)]
    seen = overview(dict.fromkeys(range(1, 8), 1), known=20, tallies=slow)

    told = json.loads(to_json(status_object(seen)))

    assert told["statistics"]["source_in_all"]["p50"] is None
    assert math.isinf(seen.statistics.source_since(TODAY).limit(0.5))
    assert [seen.finish[0].isoformat()] * 2 == told["finish"]
    assert 7 == told["paces"][0]["moved"]


# --- Watching --------------------------------------------------------------------


class Interrupted:
    """
    A `time` in which somebody types Ctrl-C after some naps.
    """

    def __init__(self, naps):
        self.naps = naps
        self.slept = []

    def sleep(self, seconds):
        if len(self.slept) == self.naps:
            raise KeyboardInterrupt
        self.slept.append(seconds)


@pytest.fixture(name="nap")
def _nap(monkeypatch):
    nap = Interrupted(2)
    monkeypatch.setattr(_watch, "time", nap)
    return nap


def test_watch_piped(moved, capsys, nap):
    """
    In a pipe there is one after the other, without anything for a terminal.
    """
    assert 0 == moved.run("status", "--watch")

    out, err = capsys.readouterr()
    assert 3 == out.count("1 of 3 users moved")
    assert 3 == out.count("\n\nMigration of shop") + 1
    assert "\x1b" not in out
    assert ("", [10, 10]) == (err, nap.slept)


def test_watch_json(moved, capsys, nap):
    """
    So there is for programs, an object in each line.
    """
    assert 0 == moved.run("status", "--watch", "2.5", "--json")

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [1, 1, 1] == [each["progress"]["moved"] for each in told]
    assert [2.5, 2.5] == nap.slept


def test_watch_unavailable(moved, capsys, nap, monkeypatch):
    """
    A store that is away for a while ends nothing.
    """
    answers = [OSError("hunter2")]

    def tallies(self, since, /):
        if len(nap.slept) == 1:
            raise answers.pop()
        return []

    monkeypatch.setattr(SQLStore, "tallies", tallies)

    assert 0 == moved.run("status", "--watch")

    out = capsys.readouterr().out
    assert 2 == out.count("1 of 3 users moved")
    assert "The user store could not be asked: OSError" in out
    assert "Trying again." in out
    assert "hunter2" not in out


@pytest.mark.parametrize("error", [ConfigurationError("No."), OSError()])
def test_watch_broken(moved, capsys, nap, monkeypatch, error):
    """
    What is wrong from the beginning, or with the configuration, ends it.
    """

    def tallies(self, since, /):
        raise error

    monkeypatch.setattr(SQLStore, "tallies", tallies)

    assert 0 != moved.run("status", "--watch")
    assert "migratekit: " in capsys.readouterr().err


def test_watch_terminal(moved):
    """
    In a terminal it is drawn over, and Ctrl-C ends it and leaves the terminal as it was.
    """
    with Terminal(*STATUS, "--watch", "1", columns=70) as terminal:
        terminal.expect(r"1 of 3 users moved")
        terminal.expect(r"\x1b\[(\d+)A")
        terminal.interrupt()
        assert 0 == terminal.finish()

    drawn = re.split(r"\x1b\[\d+A", terminal.text)
    up = int(re.search(r"\x1b\[(\d+)A", terminal.text)[1])
    assert up == drawn[0].count("\n") <= 23
    assert re.search(r"… \d+ more lines", drawn[0])
    assert set(re.findall(r"\x1b\[\??\d*[A-Za-z]", terminal.text)) == {
        f"\x1b[{up}A",
        "\x1b[K",
        "\x1b[J",
    }
    assert terminal.text.endswith("^C\r\n")
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize(("room", "shown"), [(24, 23), (2, 2), (1, 2)])
def test_room(room, shown):
    """
    What does not fit is counted.
    """
    lines = _watch._as_many_as_fit([str(number) for number in range(50)], room)

    assert shown == len(lines)
    assert f"… {50 - shown + 1} more lines" in lines[-1]
    assert ["a", "b"] == _watch._as_many_as_fit(["a", "b"], 3)


def test_reader_goes_away(moved):
    """
    A reader may go away while it is watched.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "migratekit", *STATUS, "--watch", "1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()

        assert b"" == process.stderr.read()
    assert 141 == process.returncode
