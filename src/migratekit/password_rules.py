"""
What a new password must be like.
"""

import functools
import gzip
import inspect
import os
from collections.abc import Awaitable, Generator, Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from migratekit.errors import ConfigurationError, Violation
from migratekit.passwords import normal_form
from migratekit.policy import PasswordCheck


# NIST SP 800-63B-4, 3.1.1.2: never less, also beside a second factor; the bundled list
# has nothing shorter.  And 64 characters must always be enough.
_SHORTEST_MINIMUM: Final = 8
_LONGEST_MINIMUM: Final = 64

_Path: TypeAlias = str | os.PathLike[str]


@functools.cache
def common_passwords() -> frozenset[str]:
    """
    Return the bundled list: 11,703 common passwords of at least 8 characters, in lower
    case.

    It is read at the first call.
    """
    packed = resources.files("migratekit").joinpath("common-passwords.txt.gz")
    return frozenset(gzip.decompress(packed.read_bytes()).decode().split("\n"))


def _folded(password: str) -> str:
    return normal_form(normal_form(password).casefold())


def _listed(common: bool | _Path | Iterable[str]) -> bool | frozenset[str]:
    if isinstance(common, bool):
        return common
    if isinstance(common, str | os.PathLike):
        path = Path(common)
        try:
            # Some editors put a byte order mark in front of the first password.
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, ValueError):
            raise ConfigurationError(
                f"The common passwords cannot be read from {path}."
            ) from None
        common = filter(None, lines)
    words = tuple(common) if isinstance(common, Iterable) else ()
    if not words or not all(isinstance(word, str) for word in words):
        raise ConfigurationError(
            "common must be True, False, or a path or an iterable of passwords."
        )
    return frozenset(map(_folded, words))


@attrs.frozen(kw_only=True)
class PasswordRules:
    """
    A `password_check` for a policy, as NIST SP 800-63B-4 and OWASP ASVS 5.0 demand it.

    A password is long enough, is not among the common ones, and satisfies the
    application; of what characters it is made is its owner's business.  The violations
    are ``password_too_short``, ``password_too_common`` and the application's own.

    Args:
        minimum_length:
            Least number of code points of the NFC form, 8 to 64; 15 is recommended,
            and what NIST demands where the password is the only factor.

        common:
            Passwords to refuse, in any letter case and as a whole: True for
            `common_passwords()`, False for none, or a list of your own in its place,
            which is an iterable or the path of a file in UTF-8 with one on each line.

        also:
            A check of the application's own, which gives further violations.  May be a
            coroutine function behind an `AsyncConnection`.

    Raises:
        migratekit.errors.ConfigurationError:
            If an option has no such value, or the file cannot be read.
    """

    minimum_length: int = 8
    common: bool | frozenset[str] = attrs.field(
        default=True, converter=_listed, repr=False
    )
    also: PasswordCheck | None = None

    def __attrs_post_init__(self) -> None:
        shortest, longest = _SHORTEST_MINIMUM, _LONGEST_MINIMUM
        minimum = self.minimum_length
        if type(minimum) is not int or not shortest <= minimum <= longest:
            raise ConfigurationError(
                f"minimum_length must be {shortest} to {longest} characters."
            )
        if self.also is not None and not callable(self.also):
            raise ConfigurationError("also must be a callable.")

    def __call__(
        self, password: str, /
    ) -> tuple[Violation, ...] | Awaitable[tuple[Violation, ...]]:
        """
        Return all violations of *password*, or what has to be awaited for them if
        *also* has to be.
        """
        ours = tuple(self._violations(password))
        if self.also is None:
            return ours
        theirs = self.also(password)
        if inspect.isawaitable(theirs):
            return _Joined(ours, theirs)
        return (*ours, *theirs)

    def _violations(self, password: str) -> Iterator[Violation]:
        if len(normal_form(password)) < self.minimum_length:
            yield Violation(
                "password_too_short",
                "password",
                f"The password needs at least {self.minimum_length} characters.",
            )
        elif _folded(password) in self._refused():
            yield Violation(
                "password_too_common",
                "password",
                "Many people have this password, so it is among the first to be tried.",
            )

    def _refused(self) -> frozenset[str]:
        if isinstance(self.common, frozenset):
            return self.common
        return common_passwords() if self.common else frozenset()


@attrs.frozen
class _Joined:
    """
    Our violations, and those that are still to be awaited.
    """

    ours: tuple[Violation, ...]
    theirs: Awaitable[Iterable[Violation]] = attrs.field(repr=False)

    def __await__(self) -> Generator[Any, Any, tuple[Violation, ...]]:
        theirs = yield from self.theirs.__await__()
        return (*self.ours, *theirs)

    def close(self) -> None:
        """
        Give up what nobody is going to await, as a coroutine can be.
        """
        close = getattr(self.theirs, "close", None)
        if close is not None:
            close()
