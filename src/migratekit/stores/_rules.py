"""
What the ledger permits and what can be stored at all; the same for every store of ours.
"""

import datetime as dt
from collections.abc import Collection, Mapping

from migratekit.errors import (
    AlreadyMigratedError,
    ConfigurationError,
    ContractError,
    UserExistsError,
)
from migratekit.models import (
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.settings import SettingsChange
from migratekit.statistics import Tally


ID_CHARACTERS = 36  # a UUID as text
IDENTIFIER_CHARACTERS = 320
# A source_name of up to 64 characters, the separator, and a user_id of up to 255.
LEGACY_ID_CHARACTERS = 330
HASH_FORMAT_CHARACTERS = 64  # see migratekit.passwords.format_of()
SETTINGS_ID_CHARACTERS = 64
ACTOR_CHARACTERS = 255
TALLY_CHARACTERS = 64
MOST_COUNTED = 2**40  # So many of them can be added up.
MOST_DISAGREEMENTS = 1000  # that check() tells of

_CHARACTERS = {
    KeyKind.EMAIL: IDENTIFIER_CHARACTERS,
    KeyKind.USERNAME: IDENTIFIER_CHARACTERS,
    KeyKind.LEGACY_ID: LEGACY_ID_CHARACTERS,
}
# These come out of the source, where a retired key is one of somebody who has moved.
_MOVING = frozenset({Origin.LOGIN, Origin.PASSWORD_CHANGE, Origin.IMPORT})


def is_storable(text: str) -> bool:
    """
    Return whether every database can hold *text*: no NUL, no lone surrogate.
    """
    if not text.isascii():
        try:
            # Of all characters, only surrogates have no UTF-8.
            text.encode()
        except UnicodeEncodeError:
            return False
    return "\0" not in text


def check_new(new: NewUser) -> tuple[LedgerKey, ...]:
    """
    Refuse what some database cannot hold, before any is asked.

    Returns:
        The keys of the user.

    Raises:
        migratekit.errors.ContractError:
            If a text is too long or has a character that cannot be stored, or a time
            is none in UTC.
    """
    user = new.user
    _check_text("id", user.id, ID_CHARACTERS)
    keys = ledger_keys(user)
    for key in keys:
        check_key(key)
    for moment in (user.created_at, user.migrated_at, user.updated_at):
        _check_moment(moment)
    if new.password_hash is not None and not is_storable(new.password_hash):
        raise ContractError("The hash has characters that cannot be stored.")
    return keys


def check_successor(old: Record, new: Record) -> None:
    """
    Refuse to make one person's record another's.

    Raises:
        migratekit.errors.ContractError:
            If the ids or legacy ids differ, or *new* cannot be stored.
    """
    if (old.user.id, old.user.legacy_id) != (new.user.id, new.user.legacy_id):
        raise ContractError("A record never changes its id or legacy id.")
    check_new(NewUser(new.user, new.password_hash))


def check_key(key: LedgerKey) -> None:
    """
    Refuse a key that some database cannot hold.

    Raises:
        migratekit.errors.ContractError: If it is so.
    """
    _check_text(key.kind, key.value, _CHARACTERS[key.kind])


def check_reservation(row: Retirement) -> None:
    """
    Refuse to reserve what some database cannot hold, or for nobody.

    Raises:
        migratekit.errors.ContractError: If it is so.
    """
    if row.reason != "reserved" or row.legacy_id is None:
        raise ContractError("A key is reserved for a legacy id.")
    check_key(row.key)
    check_key(LedgerKey(KeyKind.LEGACY_ID, row.legacy_id))


def check_settings(change: SettingsChange) -> None:
    """
    Refuse a change of settings that some database cannot hold.

    Raises:
        migratekit.errors.ContractError: If it is so.
    """
    _check_name("connection id", change.connection_id, SETTINGS_ID_CHARACTERS)
    _check_text("actor", change.actor, ACTOR_CHARACTERS)
    _check_moment(change.changed_at)


def check_tally(tally: Tally) -> None:
    """
    Refuse a tally that some database cannot hold.

    Raises:
        migratekit.errors.ContractError: If it is so.
    """
    _check_name("name of a tally", tally.name, TALLY_CHARACTERS)
    if not 0 <= tally.count <= MOST_COUNTED:
        raise ContractError(f"The count of a tally must be 0 to {MOST_COUNTED}.")


def retired_at(user: User) -> dt.datetime:
    """
    Return the moment at which the keys of *user* come into the ledger.
    """
    return user.updated_at or user.migrated_at or dt.datetime.now(dt.UTC)


def check_create(
    user: User,
    stored: Collection[KeyKind],
    retired: Mapping[KeyKind, Retirement],
) -> None:
    """
    Raise what keeps *user* from being created, if anything does.

    Args:
        user: Who is to be stored.
        stored: Which of e-mail and username a stored user has.
        retired: The ledger's rows of the user's keys.

    Raises:
        migratekit.errors.AlreadyMigratedError: See `UserStore.create()`.
        migratekit.errors.UserExistsError: See `UserStore.create()`.
    """
    moving = user.origin in _MOVING
    in_the_way = {
        kind: row
        for kind, row in retired.items()
        if not (moving and _is_own_reservation(row, user))
    }
    if KeyKind.LEGACY_ID in in_the_way:
        raise AlreadyMigratedError(in_the_way[KeyKind.LEGACY_ID].legacy_id)
    check_replace(user, stored, {} if moving else in_the_way)
    if moving and in_the_way:
        raise AlreadyMigratedError(next(iter(in_the_way.values())).legacy_id)


def check_replace(
    user: User, stored: Collection[KeyKind], retired: Mapping[KeyKind, Retirement]
) -> None:
    """
    Raise what keeps a user from having an e-mail or username, if anything does.

    Args:
        user: Who is to have it.
        stored: Which of the two another stored user has.
        retired: The ledger's rows of the two.

    Raises:
        migratekit.errors.UserExistsError: See `UserStore.replace()`.
    """
    for kind in (KeyKind.EMAIL, KeyKind.USERNAME):
        if kind in stored:
            raise UserExistsError(kind.value)
    for kind in (KeyKind.EMAIL, KeyKind.USERNAME):
        row = retired.get(kind)
        if row is None or row.reason != "reserved":
            continue
        if not _is_own_reservation(row, user):
            raise UserExistsError(kind.value)


def check_source(bound: str | None, source_name: str) -> None:
    """
    Refuse users of another source than the one that a store is *bound* to.

    Raises:
        migratekit.errors.ConfigurationError: If it is another.
    """
    if bound != source_name:
        raise ConfigurationError(
            f"This store belongs to the source {bound!r}, not to {source_name!r}."
        )


def _is_own_reservation(row: Retirement, user: User) -> bool:
    return (
        row.reason == "reserved"
        and row.legacy_id is not None
        and row.legacy_id == user.legacy_id
    )


def _check_name(name: str, value: str, characters: int) -> None:
    _check_text(name, value, characters)
    # To some collations, binary ones included, trailing blanks are nothing.
    if value != value.strip():
        raise ContractError(f"The {name} must have no blanks around.")


def _check_text(name: str, value: str, characters: int) -> None:
    if not 0 < len(value) <= characters:
        raise ContractError(f"The {name} must have 1 to {characters} characters.")
    if not is_storable(value):
        raise ContractError(f"The {name} has characters that cannot be stored.")


def _check_moment(moment: dt.datetime | None) -> None:
    try:
        if moment is not None and moment.tzinfo is not dt.UTC:
            moment.astimezone(dt.UTC)
    except OverflowError:
        raise ContractError(
            "A time is before the year 1 or after the year 9999 in UTC."
        ) from None
