"""
What a look at all users has found, before any of them is touched.
"""

from typing import Final

import attrs


UNVERIFIABLE_HASH: Final = "UNVERIFIABLE_HASH"
REPEATED_ID: Final = "REPEATED_ID"
SHARED_EMAIL: Final = "SHARED_EMAIL"
SHARED_USERNAME: Final = "SHARED_USERNAME"

UNFOUND_EMAIL: Final = "UNFOUND_EMAIL"
UNFOUND_USERNAME: Final = "UNFOUND_USERNAME"

# That the source does not find a user by one of them.
OF_UNFOUND: Final = {"email": UNFOUND_EMAIL, "username": UNFOUND_USERNAME}
# That two users have one of them.
OF_SHARED: Final = {"email": SHARED_EMAIL, "username": SHARED_USERNAME}

MOST_FINDINGS: Final = 1000


@attrs.frozen(kw_only=True)
class Finding:
    """
    Something that keeps a user from moving, or from being found; nothing of a hash.

    Args:
        line: Where the user stands in the source's list, counted from 1, or None.
        user_id: The user's id, of the source or of the store; None if it is unknown.
        code: What it is, in capitals, as in ``CONFLICT_EMAIL``.
        field: The field it is about, or None.
        message: The same in words.
    """

    line: int | None
    user_id: str | None
    code: str
    field: str | None
    message: str


@attrs.frozen(kw_only=True)
class HashFigures:
    """
    How many users have a hash of one kind.

    Args:
        format: The name of the format and what a hash costs, or what it looks like.
        users: How many there are.
        weak: How many of them are quick to guess.
        unimportable: How many of them the connection's hasher cannot verify.
        unverifiable: How many of them the source cannot verify, as far as it can tell.
    """

    format: str
    users: int = 0
    weak: int = 0
    unimportable: int = 0
    unverifiable: int = 0


@attrs.frozen(kw_only=True)
class PreflightReport:
    """
    What would become of the users of a source.

    *users* is the sum of *movable_by_import*, *moved*, *repeated*, *conflicts* and
    *invalid*, which are what an import would count.

    Args:
        users: Number of users that the source has listed.
        movable_by_import: How many ``import_users()`` would store.

        movable_by_login:
            How many would be stored at their next login, if they know their password.

        moved: How many have moved before.
        repeated: How many were listed before, by the same id.
        conflicts: How many want an e-mail or username that somebody else has or had.
        invalid: How many an import would not store as they are.
        blocked: How many a login moves only once they are unblocked.
        must_change: How many a login moves only with a new password.
        without_hash: How many are listed without one.
        weak: How many have a hash that is quick to guess.
        over_ceiling: How many have a hash that costs more than is allowed.
        unusable: How many have a hash that neither an import nor the source can use.
        formats: The kinds of hashes, the most frequent first.
        codes: Number of findings by code; a user may have several.
        findings: The first findings, at most 1,000.
    """

    users: int = 0
    movable_by_import: int = 0
    movable_by_login: int = 0
    moved: int = 0
    repeated: int = 0
    conflicts: int = 0
    invalid: int = 0
    blocked: int = 0
    must_change: int = 0
    without_hash: int = 0
    weak: int = 0
    over_ceiling: int = 0
    unusable: int = 0
    formats: tuple[HashFigures, ...] = ()
    codes: dict[str, int] = attrs.field(factory=dict)
    findings: tuple[Finding, ...] = ()


@attrs.frozen(kw_only=True)
class StoredReport:
    """
    Whether all stored users can be compared by strategy version 2.

    Args:
        users: Number of stored users.
        differing: How many are stored in another form than version 2 has.
        codes: Number of findings by code; a user may have several.
        findings: The first findings, at most 1,000.
    """

    users: int = 0
    differing: int = 0
    codes: dict[str, int] = attrs.field(factory=dict)
    findings: tuple[Finding, ...] = ()


@attrs.frozen(kw_only=True)
class SwitchReport:
    """
    What a switch of the strategy version has done.

    Args:
        users: Number of stored users that were looked at.
        rewritten: How many were written in the form of version 2.
        reserved: How many keys were reserved in that form, too.

        left:
            How many could not be written, because somebody has got in the way since
            the switch began.  Then it is not finished: see to them and run it again.

        findings: What was in the way of these, at most 1,000.
    """

    users: int = 0
    rewritten: int = 0
    reserved: int = 0
    left: int = 0
    findings: tuple[Finding, ...] = ()
