"""
What is said beside the results, and what is shown meanwhile.
"""

import io
import os
import signal
import sys
import threading

import pytest

from migratekit.cli import _console
from migratekit.cli._console import Console
from migratekit.cli._errors import CommandError
from migratekit.cli._meter import Meter, spell
from migratekit.cli._signals import Interruption, ignore_interrupts
from migratekit.cli._whole_file import whole_file


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(name="watched")
def _watched(monkeypatch):
    """
    Gives a function that gives a console on a terminal, 40 columns wide.
    """
    size = os.terminal_size((40, 24))
    monkeypatch.setattr(_console.shutil, "get_terminal_size", lambda: size)

    def make():
        # Not earlier: between setting up and calling a test, pytest sets them back.
        screen = Screen()
        monkeypatch.setattr(sys, "stderr", screen)
        monkeypatch.setattr(sys, "stdout", screen)
        return Console(), screen

    return make


def test_overwritten(watched):
    """
    A line that is shown is written over, by a shorter one as well, and by results.
    """
    console, screen = watched()

    console.show("a long line")
    console.show("short")
    console.say("said")
    console.show("again")
    console.print("result")

    assert [
        "",
        "a long line",
        "short      ",
        "     ",
        "said\n",
        "again",
        "     ",
        "result\n",
    ] == screen.getvalue().split("\r")


def test_width(watched):
    """
    No line is longer than the terminal is wide.
    """
    console, screen = watched()

    console.show("x" * 100)

    assert "\r" + "x" * 39 == screen.getvalue()


def test_unwatched(capsys):
    """
    Where nobody watches, nothing is shown.
    """
    Console().show("x")

    assert ("", "") == capsys.readouterr()


class Shown:
    def __init__(self):
        self.lines = []

    def show(self, text):
        self.lines.append(text)


def metered(*steps):
    """
    Return what a meter shows of steps of seconds, number and share.
    """
    console = Shown()
    times = iter([100.0, *(100.0 + seconds for seconds, *_ in steps)])
    meter = Meter(console, "rows", now=lambda: next(times))
    for _, *step in steps:
        meter.update(*step)
    return console.lines


def test_meter():
    """
    A meter shows the share, the number, the rate and how long it will take.
    """
    assert [
        "[#####---------------]  25%  1,000 rows  500/s  6 s left",
        "[####################] 100%  4,000 rows  500/s  0 s left",
    ] == metered((2, 1000, 0.25), (8, 4000, 1.0))


@pytest.mark.parametrize("share", [None, 0.0])
def test_meter_without_end(share):
    """
    Where nobody knows the end, it shows the number and the rate.
    """
    assert ["0 rows", "30 rows  10/s"] == metered((0, 0, share), (3, 30, share))


def test_meter_rests():
    """
    Nobody can read more than ten lines a second.
    """
    assert 2 == len(metered((1, 1), (1.05, 2), (1.09, 3), (1.2, 4)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min 00 s"),
        (3599.4, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (36061, "10 h 01 min"),
    ],
)
def test_spell(seconds, text):
    """
    Times are told as precisely as anybody needs them.
    """
    assert text == spell(seconds)


# --- Ctrl-C ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_interruption(capsys, number, code):
    """
    The first Ctrl-C is noted and answered, the second obeyed; then all is as before.
    """
    before = signal.getsignal(number)

    with Interruption(Console(), "Ending.") as interruption:
        assert not interruption
        signal.raise_signal(number)
        assert interruption
        assert code == interruption.code
        assert "Ending.  Ctrl-C again breaks off at once.\n" == capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)

    assert before is signal.getsignal(number)


class Busy(io.FileIO):
    """
    A terminal at which somebody types Ctrl-C in the very moment of its first line.
    """

    typed = False

    def isatty(self):
        return True

    def write(self, data):
        written = super().write(data)
        if not self.typed:
            self.typed = True
            signal.raise_signal(signal.SIGINT)
        return written


def test_interrupted_line(tmp_path, monkeypatch):
    """
    It is answered, too, if it comes while something is written.
    """
    size = os.terminal_size((40, 24))
    monkeypatch.setattr(_console.shutil, "get_terminal_size", lambda: size)
    path = tmp_path / "screen"
    buffer = io.BufferedWriter(Busy(path, "w"))
    with io.TextIOWrapper(buffer, line_buffering=True) as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        console = Console()
        with Interruption(console, "Ending.") as interruption:
            console.show("10 rows")
            console.say("Ended.")

    assert interruption
    assert [
        "",
        "10 rows",
        "       ",
        "Ending.  Ctrl-C again breaks off at once.\nEnded.\n",
    ] == path.read_bytes().decode().split("\r")


def test_interrupted_without_a_screen(tmp_path, monkeypatch):
    """
    Whoever has closed the terminal gets no answer.
    """
    with (tmp_path / "screen").open("w") as screen:
        monkeypatch.setattr(sys, "stderr", screen)
        console = Console()
        monkeypatch.setattr(os, "write", _closed)
        with Interruption(console, "Ending.") as interruption:
            signal.raise_signal(signal.SIGINT)

    assert interruption


def _closed(number, data):
    raise BrokenPipeError


@pytest.mark.parametrize("how", ["none", "closed"])
def test_nobody_listens(monkeypatch, how):
    """
    Nothing fails where there is no standard error, or no more.
    """
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen if how == "closed" else None)
    console = Console()
    screen.close()

    console.interject("one")
    console.say("two")


def test_other_thread():
    """
    In another thread, signals are left alone.
    """
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with Interruption(Console(), "Ending.") as interruption:
            seen.append((signal.getsignal(signal.SIGINT), bool(interruption)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert [(before, False)] == seen


def test_ignore_interrupts(monkeypatch):
    """
    A worker leaves Ctrl-C to whoever started it.
    """
    set_ = []
    monkeypatch.setattr(signal, "signal", lambda *args: set_.append(args))

    ignore_interrupts()

    assert [(signal.SIGINT, signal.SIG_IGN)] == set_


# --- Files -----------------------------------------------------------------------


def test_whole_file(tmp_path):
    """
    A file takes the place of an older one once it is whole, for its owner alone.
    """
    path = tmp_path / "file"
    path.write_text("old")

    with whole_file(str(path)) as out:
        out.write("new")
        assert "old" == path.read_text()
        assert 2 == len(list(tmp_path.iterdir()))

    assert "new" == path.read_text()
    assert [path] == list(tmp_path.iterdir())
    assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, ConnectionError])
def test_half_a_file(tmp_path, error):
    """
    What breaks off leaves nothing, and is told as what it is.
    """

    def write():
        with whole_file(str(tmp_path / "file")) as out:
            out.write("half")
            raise error

    with pytest.raises(error):
        write()

    assert [] == list(tmp_path.iterdir())


def test_nowhere(tmp_path):
    """
    A file that cannot be made is said to be so.
    """
    with (
        pytest.raises(CommandError, match=r"cannot be written: No such file or dir"),
        whole_file(str(tmp_path / "no" / "file")),
    ):
        raise AssertionError


def test_full(tmp_path, monkeypatch):
    """
    So is one that cannot be written to the end.
    """

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    with (
        pytest.raises(CommandError, match=r"cannot be written: No space left"),
        whole_file(str(tmp_path / "file")) as out,
    ):
        out.write("much")

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["folder", "/dev/null"])
def test_no_file(tmp_path, name):
    """
    What is no file is not replaced by one.
    """
    path = tmp_path / name
    if name == "folder":
        path.mkdir()

    with (
        pytest.raises(CommandError, match="is there already, and is no file"),
        whole_file(str(path)),
    ):
        raise AssertionError
