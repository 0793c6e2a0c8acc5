"""
Files that are there as a whole, or not at all.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from migratekit.cli._errors import CommandError
from migratekit.events import one_line


class PartFile:
    """
    A file that is not whole yet.
    """

    def __init__(self, out: IO[str], name: str) -> None:
        self._out = out
        self._name = name

    def write(self, text: str) -> None:
        """
        Write *text* behind what is there.

        Raises:
            migratekit.cli._errors.CommandError: If it cannot be written.
        """
        with _writing(self._name):
            self._out.write(text)

    def finish(self) -> None:
        """
        Have everything arrive on the disk, as `write()` does.
        """
        with _writing(self._name):
            self._out.flush()
            os.fsync(self._out.fileno())


@contextmanager
def whole_file(name: str, *, is_public: bool = False) -> Iterator[PartFile]:
    """
    Give a file to write to that takes the place of *name* once it is whole.

    Before that, and after an error, *name* is as it was.

    Args:
        name: What was typed.
        is_public: Whether others than its owner may read it.

    Raises:
        migratekit.cli._errors.CommandError: If it cannot be written.
    """
    path = Path(name)
    with _writing(name):
        if path.exists() and not path.is_file():
            raise CommandError(f"{one_line(name)} is there already, and is no file.")
        number, made = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".part", dir=path.parent
        )
    part = Path(made)
    try:
        with open(number, "w", encoding="utf-8") as out:  # noqa: PTH123
            file = PartFile(out, name)
            # What others raise meanwhile, also if it is an OSError, is theirs.
            yield file
            file.finish()
        with _writing(name):
            if is_public:
                part.chmod(0o644)
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{one_line(name)} cannot be written: {error.strerror}."
        ) from error
