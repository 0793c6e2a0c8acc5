"""
The command line as a person uses it: in a terminal, and in a pipe.
"""

import fcntl
import io
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path


# What a shell does before it starts a program, so that Ctrl-C reaches it.
_LAUNCH = """
import fcntl, runpy, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("migratekit", run_name="__main__", alter_sys=True)
"""
# For a machine that has a lot to do.
TIMEOUT = 300
_NOT_OURS = ("COLUMNS", "LINES", "NO_COLOR", "MIGRATEKIT_APP")


def environment(**variables):
    own = {name: os.environ[name] for name in os.environ if name not in _NOT_OURS}
    return {**own, "TERM": "xterm", **variables}


def piped(*arguments, stdin="", **variables):
    """
    Run a command whose input and output are pipes, and return what came of it.
    """
    return subprocess.run(
        [sys.executable, "-m", "migratekit", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT,
        env=environment(**variables),
    )


def said(capsys):
    """
    Return the lines of results, and what was said beside them.
    """
    out, err = capsys.readouterr()
    return out.splitlines(), err


def type_in(monkeypatch, *lines):
    """
    Put lines, which may be bytes, into the standard input.
    """
    data = b"".join(
        (line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines
    )
    stdin = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)


class Terminal:
    """
    A terminal in which a command runs, and a person who types and reads.

    *text* is all that was shown so far.  With *out*, the results go into that file.
    """

    def __init__(self, *arguments, columns=80, out=None, **variables):
        self._master, slave = os.openpty()
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *arguments],
            stdin=slave,
            stdout=slave if out is None else out,
            stderr=slave,
            env=environment(**variables),
            start_new_session=True,
        )
        os.close(slave)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    @property
    def lines(self):
        """
        What is on the screen, when every line has overwritten what it overwrites.
        """
        lines = self.text.replace("\r\n", "\n").split("\n")
        return [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in lines]

    def type(self, text):
        os.write(self._master, text.encode())

    def interrupt(self):
        """
        Type Ctrl-C.
        """
        self.type("\x03")

    def interrupt_at_rest(self):
        """
        Type Ctrl-C once the program waits for something.

        In the moment before it does, Python would not hear of it until that comes.
        """
        until = time.monotonic() + TIMEOUT
        while self._is_busy() and time.monotonic() < until:
            time.sleep(0.001)
        self.interrupt()

    def _is_busy(self):
        stat = Path(f"/proc/{self._process.pid}/stat")
        if not stat.exists():
            # No Linux: it has the time of a nap.
            time.sleep(0.1)
            return False
        return stat.read_text().rpartition(")")[2].split()[0] not in {"S", "Z"}

    def expect(self, pattern, *, timeout=TIMEOUT):
        """
        Read until *pattern* was shown.
        """
        self._read_until(lambda: re.search(pattern, self.text), timeout)
        assert re.search(pattern, self.text), self.text

    def finish(self, *, timeout=TIMEOUT):
        """
        Read to the end, and return the exit code.
        """
        self._read_until(lambda: False, timeout)
        return self._process.wait(timeout)

    def _read_until(self, is_enough, timeout):
        until = time.monotonic() + timeout
        while not is_enough():
            left = until - time.monotonic()
            assert left > 0, f"Nothing more was shown: {self.text}"
            if not select.select([self._master], [], [], left)[0]:
                continue
            try:
                data = os.read(self._master, 65536)
            except OSError:  # Linux: the other end was closed.
                return
            if not data:
                return
            self.text += data.decode(errors="replace")
