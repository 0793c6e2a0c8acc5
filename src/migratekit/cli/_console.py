"""
Where commands write: results to the standard output, everything else beside it.
"""

import io
import os
import shutil
import sys
import traceback
from contextlib import suppress
from typing import TextIO


class Console:
    """
    The terminal, or what stands in its place, as it is when this is made.
    """

    def __init__(self) -> None:
        # There is none where the shell has closed it.
        self._out: TextIO = sys.stdout or io.StringIO()
        self._err: TextIO = sys.stderr or io.StringIO()
        self._shown = 0

    @property
    def width(self) -> int | None:
        """
        How many characters a line of results may have; None where nobody looks at it.
        """
        if not self._out.isatty():
            return None
        return shutil.get_terminal_size().columns

    @property
    def is_watched(self) -> bool:
        """
        Whether somebody sees what is said beside the results.
        """
        return self._err.isatty()

    def write(self, text: str) -> None:
        """
        Write *text* as a result, as it is.

        Raises:
            BrokenPipeError: If nobody reads it any more.
        """
        self._clear()
        self._out.write(_encodable(text, self._out))

    def print(self, text: str = "") -> None:
        """
        Write a line of results.
        """
        self.write(f"{text}\n")

    def say(self, text: str) -> None:
        """
        Write a line that is no result.
        """
        self._clear()
        self._tell(f"{text}\n")

    def interject(self, text: str) -> None:
        """
        Write a line that is no result from a signal's handler, which may come while
        something else is written.
        """
        try:
            number = self._err.fileno()
        except (OSError, ValueError):
            # It is no file, or closed.
            self.say(text)
            return
        line = f"{self._blank()}{_encodable(text, self._err)}{os.linesep}"
        with suppress(OSError):
            # Behind the stream's back, which takes nothing while it is busy.
            os.write(number, line.encode(self._err.encoding or "utf-8"))

    def show(self, text: str) -> None:
        """
        Show how things stand on a line of its own, which the next one overwrites.

        Nothing is shown where nobody watches.
        """
        if not self.is_watched:
            return
        # The last column stays free, because some terminals go on to the next line.
        text = text[: shutil.get_terminal_size().columns - 1]
        line = f"\r{text.ljust(self._shown)}"
        # First, so that whoever interjects knows what to overwrite.
        self._shown = len(text)
        self._tell(line)

    def _clear(self) -> None:
        if self._shown:
            self._tell(self._blank())

    def _blank(self) -> str:
        """
        Return what overwrites what is shown.
        """
        shown, self._shown = self._shown, 0
        return f"\r{' ' * shown}\r" if shown else ""

    def _tell(self, text: str) -> None:
        # Whoever has closed it does not want to know.
        with suppress(OSError, RuntimeError, ValueError):
            self._err.write(_encodable(text, self._err))
            self._err.flush()

    def show_traceback(self, error: Exception) -> None:
        """
        Write where *error* comes from.
        """
        self.say("".join(traceback.format_exception(error)))

    def flush(self) -> None:
        """
        Have everything arrive.
        """
        self._out.flush()

    def abandon(self) -> None:
        """
        Write no more, also not when the interpreter ends.
        """
        with suppress(OSError, ValueError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._out.fileno())
            os.close(nothing)


def _encodable(text: str, stream: TextIO) -> str:
    """
    Return *text* with escapes for what *stream* cannot encode.
    """
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
