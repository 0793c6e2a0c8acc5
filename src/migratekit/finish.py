"""
The end of a migration: what stands in its way, and what became of whoever remained.
"""

from typing import Final, Literal, TypeAlias

import attrs

from migratekit.models import RowError


# What becomes of those who have not moved.
Keeping: TypeAlias = Literal["load", "reserve", "leave"]
KEEPINGS: Final = ("load", "reserve", "leave")

MOST_ERRORS: Final = 1000


@attrs.frozen(kw_only=True)
class Reason:
    """
    Something to know before the source goes.

    Args:
        code:
            What it is.  In the way are ``users_remain``, ``source_unavailable``,
            ``weak_hashes`` and ``source_asked``; what cannot be told is
            ``source_cannot_count``, ``source_cannot_list``, ``store_cannot_count``,
            ``calls_not_counted`` and ``calls_counted_since``.

        message: The same in plain words, a sentence.
        number: How many, if it is about a number.
    """

    code: str
    message: str
    number: int | None = None


@attrs.frozen(kw_only=True)
class Gate:
    """
    Whether the source may go.

    Args:
        known: How many users the source has; None if it does not tell.
        moved: How many have moved; None if the store cannot count.
        remaining: How many have not; None where nobody can tell.

        weak_formats:
            How many hashes are stored of each format that is, or may be, quick to
            guess; see `migratekit.passwords.format_of()`.

        quiet_days:
            For how many days, in UTC and with today, nobody should have asked the
            source.

        asked:
            How often it was asked in these days; None if nobody has counted, or if it
            was not asked since somebody counts, which is for less than these days.

        moved_lately:
            How many moved by a login in these days; None if nobody has counted.

        reasons: What stands in the way.
        warnings: What cannot be told.
    """

    known: int | None
    moved: int | None
    remaining: int | None
    weak_formats: dict[str, int]
    quiet_days: int
    asked: int | None
    moved_lately: int | None
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]

    @property
    def is_met(self) -> bool:
        """
        Whether nothing stands in the way.
        """
        return not self.reasons


@attrs.frozen(kw_only=True)
class Leftovers:
    """
    What became of those who had not moved.

    Args:
        rows: Number of rows that the source has listed; twice, to load and to reserve.
        loaded: How many users were stored, without a password.
        reserved: How many users are not stored, and have their keys reserved by now.

        unreadable:
            How many could not even be reserved, because the source gave nothing that
            they could be known by.

        errors:
            Why somebody could not be stored, or not even reserved; at most 1,000.
    """

    rows: int = 0
    loaded: int = 0
    reserved: int = 0
    unreadable: int = 0
    errors: tuple[RowError, ...] = ()
