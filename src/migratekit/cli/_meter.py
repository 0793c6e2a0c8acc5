"""
How far something is, how fast it goes, and when it will be done.
"""

import time
from collections.abc import Callable
from typing import Final

from migratekit.cli._console import Console


_BAR: Final = 20
_PAUSE: Final = 0.1


class Meter:
    """
    Shows how far something is, at most ten times a second.

    Args:
        console: Where to.
        things: What is counted.
        now: Gives seconds that never go back.
    """

    def __init__(
        self,
        console: Console,
        things: str,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._things = things
        self._now = now
        self._began = now()
        self._shown = -_PAUSE

    def update(self, done: int, share: float | None = None) -> None:
        """
        Show that *done* things are done, and that they are this *share* of all.
        """
        took = self._now() - self._began
        if took - self._shown < _PAUSE:
            return
        self._shown = took
        counted = f"{done:,} {self._things}"
        if took:
            counted += f"  {done / took:,.0f}/s"
        if not share:
            self._console.show(counted)
            return
        filled = "#" * round(share * _BAR)
        left = spell(took / share - took)
        self._console.show(
            f"[{filled.ljust(_BAR, '-')}] {share:4.0%}  {counted}  {left} left"
        )


def spell(seconds: float) -> str:
    """
    Return a number of seconds for people.
    """
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"
