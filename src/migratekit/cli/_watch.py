"""
Shows the same thing again and again, as it changes.
"""

import shutil
import time
from collections.abc import Callable
from typing import Final

from migratekit.cli._console import Console
from migratekit.cli._errors import sentence
from migratekit.errors import StoreUnavailableError


# Up so many lines, to the end of a line, and to that of the screen.  Nothing of it has
# to be undone, however this ends.
_UP: Final = "\x1b[{}A"
_CLEAR_LINE: Final = "\x1b[K"
_CLEAR_BELOW: Final = "\x1b[J"


def watch(console: Console, seconds: float, look: Callable[[], list[str]]) -> int:
    """
    Show the lines that *look* gives every few *seconds*, until Ctrl-C.

    In a terminal they overwrite those before them; elsewhere they follow them.  While
    the store does not answer, that is said instead, but for the first time.

    Returns:
        The exit code.
    """
    show = _following(console) if console.width is None else _overwriting(console)
    try:
        show(look())
        while True:
            time.sleep(seconds)
            try:
                lines = look()
            except StoreUnavailableError as error:
                lines = [f"{sentence(error)}  Trying again."]
            show(lines)
    except KeyboardInterrupt:
        if console.width is not None:
            # Behind the ^C that the terminal shows.
            console.print()
        return 0


def _following(console: Console) -> Callable[[list[str]], None]:
    def show(lines: list[str]) -> None:
        console.write("".join(f"{line}\n" for line in lines))
        console.flush()

    return show


def _overwriting(console: Console) -> Callable[[list[str]], None]:
    shown = 0

    def show(lines: list[str]) -> None:
        nonlocal shown
        lines = _as_many_as_fit(lines, shutil.get_terminal_size().lines)
        up = _UP.format(shown) if shown else ""
        text = "".join(f"{line}{_CLEAR_LINE}\n" for line in lines)
        # In one go, so that nobody sees half of it.
        console.write(f"{up}{text}{_CLEAR_BELOW}")
        console.flush()
        shown = len(lines)

    return show


def _as_many_as_fit(lines: list[str], room: int) -> list[str]:
    # The cursor stands on a line of its own below.
    room = max(2, room - 1)
    if len(lines) <= room:
        return lines
    left = len(lines) - room + 1
    return [*lines[: room - 1], f"… {left} more lines: there is no room for them."]
