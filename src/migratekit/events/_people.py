"""
What happened to somebody.
"""

from typing import Literal, TypeAlias

import attrs

from migratekit.events._event import ERROR, WARNING, Event, printable
from migratekit.models import Origin


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginSucceeded(Event):
    """
    Somebody was let in.

    *user_id* is the store's id; for whoever was answered by the source, the legacy id.
    """

    user_id: str
    migrated: bool


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LoginRefused(Event):
    """
    Somebody was not let in.

    *reason* is for logs only; *identifier* is what was typed, see `printable()`.
    """

    level = WARNING

    identifier: str = attrs.field(converter=printable)
    reason: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserMigrated(Event):
    """
    A user of the source was stored.
    """

    user_id: str
    legacy_id: str
    origin: Origin


# What would have come of a login.
Rehearsed: TypeAlias = Literal[
    "would_move",
    "blocked",
    "invalid",
    "taken",
    "must_change",
    "weak_password",
    "failed",
]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class MigrationRehearsed(Event):
    """
    Somebody gave the right password who has not moved, with ``rehearse`` on.

    *outcome* is what would have come of it: ``would_move``; or why not.  It is
    ``blocked``; ``invalid`` or ``taken`` because of the profile; ``must_change`` or
    ``weak_password`` because of the password; or ``failed``, because somebody could not
    be asked.  *codes* are those of the violations, or the word for the failure.
    """

    legacy_id: str
    outcome: Rehearsed
    codes: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UsersImported(Event):
    """
    A chunk of an import was dealt with; see `migratekit.imports.ImportReport`.
    """

    inserted: int
    already_migrated: int
    conflicts: int
    invalid: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PasswordRehashed(Event):
    """
    A stored hash was renewed at the current parameters.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RehashFailed(Event):
    """
    A stored hash is still the old one: the new one could not be written.
    """

    level = ERROR

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserSignedUp(Event):
    """
    A new user was stored, by themselves or by an administrator.
    """

    user_id: str
    origin: Origin


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PasswordChangeStarted(Event):
    """
    A token for a password change was made.

    *user_id* is the store's id, or the legacy id of a user who has not moved.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PasswordChanged(Event):
    """
    A stored user has a new password.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class IdentifierChanged(Event):
    """
    A stored user has a new e-mail or username; *field* says which.
    """

    user_id: str
    field: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserBlocked(Event):
    """
    A user was blocked.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserUnblocked(Event):
    """
    A user was unblocked.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserDeleted(Event):
    """
    A user was deleted.  The ledger remembers that they moved.
    """

    user_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UserReadmitted(Event):
    """
    The ledger has forgotten that a user of the source moved.
    """

    level = WARNING

    legacy_id: str


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProfileDrift(Event):
    """
    ``login`` and ``get_user`` of the source do not agree on *fields*.
    """

    level = WARNING

    user_id: str
    fields: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class RuleFailed(Event):
    """
    A rule raised, or gave an answer that is none.  The login was denied.

    *detail* is where.
    """

    level = ERROR

    detail: str
