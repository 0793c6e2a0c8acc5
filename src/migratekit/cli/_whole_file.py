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


@contextmanager
def whole_file(name: str, *, is_public: bool = False) -> Iterator[IO[str]]:
    """
    Give a file to write to that takes the place of *name* once it is whole.

    Only its owner may read it, unless it *is_public*.  Before that, and after an error,
    *name* is as it was.

    Raises:
        migratekit.cli._errors.CommandError: If it cannot be written.
    """
    path = Path(name)
    try:
        if path.exists() and not path.is_file():
            raise CommandError(f"{one_line(name)} is there already, and is no file.")
        number, made = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".part", dir=path.parent
        )
        part = Path(made)
        try:
            with open(number, "w", encoding="utf-8") as out:  # noqa: PTH123
                yield out
                out.flush()
                os.fsync(out.fileno())
            if is_public:
                part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(
            f"{one_line(name)} cannot be written: {error.strerror}."
        ) from error
