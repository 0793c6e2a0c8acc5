"""
What became of the rows of an import.
"""

from collections import Counter

import attrs

from migratekit.models import RowError


__all__ = ["MOST_ERRORS", "ImportReport", "RowError"]

MOST_ERRORS = 1000


@attrs.frozen(kw_only=True)
class ImportReport:
    """
    How far an import is, or how it ended.

    Args:
        inserted: Number of users who were stored.
        already_migrated: Number of rows whose legacy id had moved before.
        conflicts: Number of rows that want what another user has or had.
        invalid: Number of rows that may not be stored as they are.
        codes: Number of errors by code; a row may have several.
        errors: The first errors, at most 1,000.
    """

    inserted: int = 0
    already_migrated: int = 0
    conflicts: int = 0
    invalid: int = 0
    codes: dict[str, int] = attrs.field(factory=dict)
    errors: tuple[RowError, ...] = ()

    @property
    def total(self) -> int:
        """
        Number of rows that were read.
        """
        return self.inserted + self.already_migrated + self.conflicts + self.invalid

    def plus(self, other: "ImportReport") -> "ImportReport":
        """
        Return the report of both, this one's errors first.
        """
        return ImportReport(
            inserted=self.inserted + other.inserted,
            already_migrated=self.already_migrated + other.already_migrated,
            conflicts=self.conflicts + other.conflicts,
            invalid=self.invalid + other.invalid,
            codes=dict(Counter(self.codes) + Counter(other.codes)),
            errors=(self.errors + other.errors)[:MOST_ERRORS],
        )
