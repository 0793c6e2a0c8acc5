"""
What a command is, and what it is given when it runs.
"""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Final

import attrs

from migratekit.cli._console import Console
from migratekit.cli._errors import CommandError
from migratekit.errors import ConfigurationError


if TYPE_CHECKING:
    from migratekit.cli._application import Application, Storage


_STORE_ALONE: Final = (
    "The store alone is enough for this command: name that, as in --app "
    "myshop.auth:store."
)


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


@attrs.frozen(kw_only=True)
class Command:
    """
    A command of the command line.

    Args:
        name: What is typed.
        help: What it is for, in half a line.
        description: The same in a sentence or two, for ``--help`` of the command.
        run: Does it, and returns the exit code.
        add_arguments: Declares what may stand behind the name.
    """

    name: str
    help: str
    description: str
    run: "Callable[[Call], int]"
    add_arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments


class Call:
    """
    One use of a command.

    Args:
        options: What was typed.
        console: Where to write.
        stack: Closes in the end what the command opens.
    """

    def __init__(
        self, options: argparse.Namespace, console: Console, stack: ExitStack
    ) -> None:
        self.options = options
        self.console = console
        self.stack = stack

    @cached_property
    def application(self) -> "Application":
        """
        The application whose connection the command works on, loaded when needed.

        Raises:
            migratekit.cli._errors.CommandError: If none was named, or it is broken.
        """
        # Many uses need none, and asyncio with it.
        from migratekit.cli._application import load  # noqa: PLC0415

        return self.stack.enter_context(load(self._app))

    @cached_property
    def storage(self) -> "Storage":
        """
        The store that the command works on: that of the application's connection, or
        one that was named itself.

        Raises:
            migratekit.cli._errors.CommandError: If none was named, or it is broken.
        """
        from migratekit.cli._application import load_storage  # noqa: PLC0415

        try:
            storage = load_storage(self._app)
        except CommandError as error:
            # Who follows settings cannot be made before there are any.
            if not isinstance(error.__cause__, ConfigurationError):
                raise
            raise CommandError(f"{error}  {_STORE_ALONE}") from error.__cause__
        return self.stack.enter_context(storage)

    @property
    def _app(self) -> str:
        app: str | None = self.options.app
        if not app:
            raise CommandError(
                "Which application?  Name its connection, as in --app "
                "myshop.auth:connection, or in the variable MIGRATEKIT_APP."
            )
        return app
