"""
What an application decides about its migration.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal

import attrs

from migratekit._fields import Shown
from migratekit.errors import ConfigurationError, Violation


_NOTHING = dt.timedelta(0)
_YEAR = dt.timedelta(days=366)
_FLAGS = (
    "import_mode",
    "requires_username",
    "allow_sign_up",
    "detect_drift",
    "rehearse",
)
# What the numbers may be: seconds, or how many.
_NUMBERS = (
    ("legacy_deadline", {int, float}, 0.001, 600),
    ("legacy_calls", {int}, 1, 10_000),
    ("legacy_failures", {int}, 1, 10_000),
    ("legacy_pause", {int, float}, 0, 86_400),
    ("failure_floor", {int, float}, 0, 60),
)

PasswordCheck = Callable[[str], Iterable[Violation] | Awaitable[Iterable[Violation]]]


@attrs.frozen(kw_only=True, repr=False)
class MigrationPolicy(Shown):
    """
    Options of a connection.  To change one, make a new policy: `attrs.evolve()`.

    Args:
        import_mode:
            On: users move into the store.  Off: nobody further is moved; whoever is
            neither stored nor retired is answered by the source, and nothing is
            written.

        strategy_version:
            2 validates users before they are stored and compares identifiers
            trimmed, in NFC and lower case.  1 does neither.

        requires_username:
            Whether a username must be set (version 2).

        username_length:
            Least and greatest number of characters of a username (version 2).

        password_check:
            Gives the violations of a password; none if it is good enough.
            `migratekit.password_rules.PasswordRules` is one.

        weak_legacy_password:
            What a right legacy password with violations gets: ``admit`` lets them in,
            ``must_change`` demands a better one first, ``refuse`` raises
            `migratekit.errors.PasswordRejectedError`.

        allow_sign_up:
            Whether people may register themselves.

        detect_drift:
            Whether ``get_user`` is asked once after a first login, to compare.

        rehearse:
            Whether logins do everything but store anything: the source answers as with
            *import_mode* off, and `migratekit.events.MigrationRehearsed` tells who
            would have moved.  Whatever else would write raises.

        token_lifetime:
            How long a password-change token is good for; at most 366 days.

        legacy_deadline:
            Seconds for one whole call of the source.

        legacy_calls:
            How many calls of the source may be under way at once.

        legacy_failures:
            After how many failures in a row the source is left alone.

        legacy_pause:
            For how many seconds it is left alone then.

        failure_floor:
            Seconds before any failed login, sign-up or reset request is answered.
            Must exceed what the source takes plus one hash.

    Raises:
        migratekit.errors.ConfigurationError: If an option has no such value.
    """

    import_mode: bool = True
    strategy_version: Literal[1, 2] = 2
    requires_username: bool = False
    username_length: tuple[int, int] = (1, 128)
    password_check: PasswordCheck | None = None
    weak_legacy_password: Literal["admit", "must_change", "refuse"] = "must_change"  # noqa: S105
    allow_sign_up: bool = True
    detect_drift: bool = False
    rehearse: bool = False
    token_lifetime: dt.timedelta = dt.timedelta(minutes=30)
    legacy_deadline: float = 5.0
    legacy_calls: int = 32
    legacy_failures: int = 5
    legacy_pause: float = 30.0
    failure_floor: float = 0.25

    def __attrs_post_init__(self) -> None:
        self._check_flags()
        if self.strategy_version not in (1, 2):
            raise ConfigurationError("strategy_version must be 1 or 2.")
        if self.weak_legacy_password not in ("admit", "must_change", "refuse"):
            raise ConfigurationError(
                "weak_legacy_password must be admit, must_change or refuse."
            )
        if not _is_range(self.username_length):
            raise ConfigurationError("username_length must be within 1 and 320.")
        lifetime = self.token_lifetime
        if not isinstance(lifetime, dt.timedelta) or not _NOTHING < lifetime <= _YEAR:
            raise ConfigurationError(
                "token_lifetime must be a positive timedelta of at most 366 days."
            )
        for name, kinds, low, high in _NUMBERS:
            number = getattr(self, name)
            if type(number) not in kinds or not low <= number <= high:
                raise ConfigurationError(f"{name} must be {low:g} to {high:g}.")
        if self.password_check is not None and not callable(self.password_check):
            raise ConfigurationError("password_check must be a callable.")

    def _check_flags(self) -> None:
        for name in _FLAGS:
            if type(getattr(self, name)) is not bool:
                raise ConfigurationError(f"{name} must be True or False.")
        if self.rehearse and not self.import_mode:
            raise ConfigurationError("To rehearse, import_mode must be on.")


def _is_range(bounds: object) -> bool:
    match bounds:
        case (int(low), int(high)):
            return 1 <= low <= high <= 320
    return False
