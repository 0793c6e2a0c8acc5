"""
What is said when a command cannot do what it was asked for.
"""

from migratekit._steps.step import whereabouts
from migratekit.errors import ConfigurationError, MigrateKitError
from migratekit.events import one_line


class CommandError(Exception):
    """
    A command ends here.  The text is one sentence, and what to do about it.

    *code* is the exit code: 2 for a wrong call, 1 for a finding or a refusal.
    """

    def __init__(self, text: str, *, code: int = 2) -> None:
        super().__init__(text)
        self.code = code


def sentence(error: Exception) -> str:
    """
    Return what to tell an operator about *error*.

    The texts of our own errors hold no secret; those of others are not shown.
    """
    if isinstance(error, CommandError | MigrateKitError):
        return one_line(error)
    return (
        f"This was not expected: {whereabouts(error)}.  "
        "Run it again with --traceback to see all of it."
    )


def exit_code(error: Exception) -> int:
    """
    Return the exit code for *error*.
    """
    if isinstance(error, CommandError):
        return error.code
    return 2 if isinstance(error, ConfigurationError) else 1
