"""
Ctrl-C, where something must be brought to an end before it is obeyed.
"""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Final, Self

from migratekit.cli._console import Console


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """
    Takes note of the first Ctrl-C, or of a polite kill, and obeys the second at once.

    Args:
        console: Where to say so.
        promise: What happens now.
    """

    def __init__(self, console: Console, promise: str) -> None:
        self._console = console
        self._promise = promise
        self._before: dict[signal.Signals, Any] = {}
        self._signal: int | None = None

    def __bool__(self) -> bool:
        return self._signal is not None

    @property
    def code(self) -> int:
        """
        The exit code that a shell expects of whoever was interrupted.
        """
        return 128 + (self._signal or signal.SIGINT)

    def __enter__(self) -> Self:
        # Elsewhere, whoever started the thread has to see to it.
        if threading.current_thread() is threading.main_thread():
            self._before = {
                number: signal.signal(number, self._take) for number in _SIGNALS
            }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = number
        self._console.interject(f"{self._promise}  Ctrl-C again breaks off at once.")


def ignore_interrupts() -> None:
    """
    Leave Ctrl-C to the process that started this one.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
