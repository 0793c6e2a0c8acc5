"""
Shows a migration step by step: ``python -m migratekit demo``.
"""

import logging
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from migratekit.demo._legacy import make_site
from migratekit.demo._site import MisbehavedError, Site, open_connection
from migratekit.demo._steps import STEPS


_FILES = ("legacy.db", "users.db", "migratekit.log")


def run_demo(*, keep: Path | None = None, out: TextIO | None = None) -> int:
    """
    Make a legacy database, and move users out of it.

    Args:
        keep: The folder for the files; by default a temporary one that is removed.
        out: Where to tell about it; by default the standard output.

    Returns:
        The exit code: 0 if every step did what it should, 1 if one did not, 2 if the
        folder cannot be used.
    """
    out = sys.stdout if out is None else out
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="migratekit-") as folder:
            return _play(Path(folder), out)

    taken = [name for name in _FILES if (keep / name).exists()]
    if taken:
        print(f"{keep} has files of a demo already: {', '.join(taken)}.", file=out)
        return 2
    try:
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"{keep} cannot be made: {error.strerror}.", file=out)
        return 2
    code = _play(keep, out)
    print(f"The files are in {keep}.", file=out)
    return code


def _play(folder: Path, out: TextIO) -> int:
    legacy, store, log = (folder / name for name in _FILES)
    people = make_site(legacy)
    print(f"A WordPress-like site has {len(list(people))} users.", file=out)
    with (
        _logged_to(log),
        open_connection(legacy, store, secrets.token_hex()) as connection,
    ):
        site = Site(people, legacy, store, log, connection, out)
        for number, step in enumerate(STEPS, 1):
            title = f"{number}. {(step.__doc__ or '').strip()}"
            print(f"\n{title}", file=out)
            failure = _failure(step, site)
            if failure is not None:
                print(f"\nStep {title} ({step.__name__}): {failure}", file=out)
                return 1
    print(f"\nAll {len(STEPS)} steps did what they should.", file=out)
    return 0


def _failure(step: Callable[[Site], None], site: Site) -> str | None:
    try:
        step(site)
    except MisbehavedError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a step that breaks did not behave
        return f"{type(error).__name__}: {error}"
    return None


@contextmanager
def _logged_to(path: Path) -> Iterator[None]:
    """
    Have the library log to a file meanwhile, and not to the screen.
    """
    logger = logging.getLogger("migratekit")
    level, propagate = logger.level, logger.propagate
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
        handler.close()
