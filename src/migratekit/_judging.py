"""
What there is to say of a stored hash without its password.
"""

from typing import Final

import attrs

from migratekit.errors import UnusableHashError
from migratekit.formats.costs import cost_of
from migratekit.formats.format import Format, LegacyFormat, is_marker
from migratekit.formats.format_list import (
    FormatList,
    inspect,
)
from migratekit.formats.scheme import quick_of
from migratekit.models import StoredHash
from migratekit.passwords import format_of
from migratekit.protocols import ImportingHasher, PasswordHasher, WrappingHasher


LOCKED: Final = "mark of a locked account"
_TAKES_NONE: Final = "the connection's hasher takes no legacy hashes"


@attrs.frozen
class Verdict:
    """
    What a connection's hasher and its source's format say of a hash.

    Args:
        label: Its format and cost, or what it looks like; nothing of its digest.
        weak: Whether it is quick to guess, as far as is known.
        over_ceiling: Whether it costs more than is allowed.
        unimportable: Why an import cannot use it, or None.
        unverifiable: Why the source cannot use it; None if it can, or does not tell.
        is_vouched_for: Whether the source tells that it can use it.
    """

    label: str
    weak: bool
    over_ceiling: bool
    unimportable: str | None
    unverifiable: str | None
    is_vouched_for: bool


def judge(
    hasher: PasswordHasher, theirs: LegacyFormat | None, stored: StoredHash
) -> Verdict:
    """
    Return what *hasher*, and *theirs* if it is given, say of *stored*.

    Computes no hash.
    """
    text, ours = _admitted(hasher, stored)
    chosen, weak, other = _read(theirs, stored)
    if chosen is None and text is not None and isinstance(hasher, WrappingHasher):
        weak = hasher.wrapping(stored) is not None
    return Verdict(
        label=_label(text, chosen, ours or other, stored),
        weak=weak,
        over_ceiling=any(e is not None and e.over_ceiling for e in (ours, other)),
        unimportable=_unimportable(text, ours),
        unverifiable=None if other is None else other.detail,
        is_vouched_for=chosen is not None,
    )


def _admitted(
    hasher: PasswordHasher, stored: StoredHash
) -> tuple[str | None, UnusableHashError | None]:
    """
    Return what an import would store for *stored*, or why it would not.
    """
    if not isinstance(hasher, ImportingHasher):
        return None, None
    try:
        return hasher.admit(stored), None
    except UnusableHashError as error:
        # Without the frames that have seen the hash.
        return None, error.with_traceback(None)


def _read(
    theirs: LegacyFormat | None, stored: StoredHash
) -> tuple[LegacyFormat | None, bool, UnusableHashError | None]:
    """
    Return which format verifies *stored* and whether it is weak, or why none does.
    """
    chosen = theirs.chosen(stored) if isinstance(theirs, FormatList) else theirs
    try:
        if isinstance(chosen, Format):
            derivation = chosen.derivation(stored)
            if derivation is not None:
                return chosen, derivation.weak, None
        elif theirs is not None:
            inspect(chosen or theirs, stored)
    except UnusableHashError as error:
        return None, False, error.with_traceback(None)
    return chosen, quick_of(chosen) is True, None


def _unimportable(text: str | None, error: UnusableHashError | None) -> str | None:
    if text is not None:
        return None
    return _TAKES_NONE if error is None else error.detail


def _label(
    text: str | None,
    chosen: LegacyFormat | None,
    error: UnusableHashError | None,
    stored: StoredHash,
) -> str:
    if text is not None:
        name = format_of(text)
    elif chosen is not None:
        name = chosen.name
    elif is_marker(stored.text):
        return LOCKED
    else:
        return "of an unknown kind" if error is None else error.masked
    cost = cost_of(stored.text)
    return name if cost in name else f"{name} {cost}"
