"""
What is asked before something is changed.
"""

import sys
from typing import Final

from migratekit.cli._command import Call


UNCHANGED: Final = "Nothing was changed."


def is_confirmed(call: Call, plan: str, question: str) -> bool:
    """
    Return whether to go on: tell the *plan* in a terminal, and ask, but for ``--yes``.
    """
    if call.options.yes or not sys.stdin.isatty():
        return True
    call.console.say(f"{plan}\n\n{question}  [y/N]")
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    call.console.say(UNCHANGED)
    return False
