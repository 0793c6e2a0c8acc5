"""
Whose password is known, and how a command gets to know it.
"""

import getpass
import sys

import attrs

from migratekit.cli._command import Call
from migratekit.cli._errors import CommandError
from migratekit.events import one_line


@attrs.frozen
class KnownUser:
    """
    Somebody of the source whose password is known.
    """

    identifier: str
    password: str = attrs.field(repr=False)


def password_of(call: Call, identifier: str) -> str:
    """
    Return the password of *identifier*, as it is typed at a terminal, or stands in the
    next line of the standard input with ``--password-stdin``.

    Raises:
        migratekit.cli._errors.CommandError: If there is none.
    """
    name = one_line(identifier)
    if call.options.password_stdin:
        password = _next_line()
    elif sys.stdin.isatty():
        password = _typed(call, f"Password of {name}: ")
    else:
        raise CommandError(
            "There is no terminal to ask for the password: add --password-stdin."
        )
    if not password:
        raise CommandError(f"There is no password of {name}.")
    return password


def _next_line() -> str:
    try:
        return sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        pass
    # The error would show a part of it.
    raise CommandError(
        f"The password is not in the encoding of the standard input: give it in "
        f"{sys.stdin.encoding}."
    )


def _typed(call: Call, question: str) -> str:
    try:
        return getpass.getpass(question)
    except (EOFError, KeyboardInterrupt) as ended:
        # Behind the question, where the terminal shows nothing of what was typed.
        call.console.say("")
        if isinstance(ended, KeyboardInterrupt):
            raise
    return ""
