"""
The values that the rest of the package talks about.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from migratekit._fields import (
    Shown,
    flag,
    json_object,
    optional_aware,
    optional_text,
    text,
)


_Nested: TypeAlias = "list[JSON] | tuple[JSON, ...] | Mapping[str, JSON]"
JSON: TypeAlias = "bool | int | float | str | _Nested | None"


class Origin(enum.StrEnum):
    """
    How a stored user came to be.
    """

    LOGIN = "login"
    PASSWORD_CHANGE = "password_change"  # noqa: S105
    SIGN_UP = "sign_up"
    IMPORT = "import"
    ADMIN = "admin"


class KeyKind(enum.StrEnum):
    """
    What a `LedgerKey` is the value of.
    """

    EMAIL = "email"
    USERNAME = "username"
    LEGACY_ID = "legacy_id"


def _json_object(value: Mapping[str, JSON]) -> dict[str, JSON]:
    copied: dict[str, JSON] = json_object(value)
    return copied


def _kind(value: KeyKind | str) -> KeyKind:
    # An import makes millions of them.
    return value if type(value) is KeyKind else KeyKind(value)


def _origin(value: Origin | str) -> Origin:
    return value if type(value) is Origin else Origin(value)


@attrs.frozen(repr=False)
class Identifier(Shown):
    """
    An e-mail or a username in canonical form.

    Made from what was typed by `migratekit.validation.canonical()` only; a store may
    take it as it is.
    """

    kind: Literal[KeyKind.EMAIL, KeyKind.USERNAME]
    value: str


@attrs.frozen(repr=False)
class LedgerKey(Shown):
    """
    Something that belongs to one person for good.
    """

    kind: KeyKind = attrs.field(converter=_kind)
    value: str


@attrs.frozen(repr=False)
class Retirement(Shown):
    """
    The ledger's row of a key.

    *legacy_id* is the user of the source that the key belongs to, if any.
    """

    key: LedgerKey
    reason: Literal["used", "reserved"]
    legacy_id: str | None


@attrs.frozen(kw_only=True, repr=False)
class _Person(Shown):
    """
    What the source and the store both know of a user.
    """

    email: str | None = attrs.field(validator=optional_text)
    email_verified: bool = attrs.field(default=False, validator=flag)
    username: str | None = attrs.field(default=None, validator=optional_text)
    blocked: bool = attrs.field(default=False, validator=flag)
    must_change_password: bool = attrs.field(default=False, validator=flag)
    profile: dict[str, JSON] = attrs.field(
        factory=dict, converter=_json_object, repr=False, hash=False
    )
    user_metadata: dict[str, JSON] = attrs.field(
        factory=dict, converter=_json_object, repr=False, hash=False
    )
    app_metadata: dict[str, JSON] = attrs.field(
        factory=dict, converter=_json_object, repr=False, hash=False
    )
    created_at: dt.datetime | None = attrs.field(default=None, validator=optional_aware)


@attrs.frozen(kw_only=True, repr=False)
class LegacyUser(_Person):
    """
    A user as the legacy source knows them.

    Args:
        user_id:
            The source's own stable id, as text of 1 to 255 characters, without a
            prefix.

        email:
            As the source spells it, or None if it has none.

        email_verified:
            Whether the *source* has proved that the address is theirs.

        username:
            As the source spells it, or None.

        blocked:
            Whether the source would let nobody in.

        must_change_password:
            Whether the password was right but must be changed first.

        profile:
            Any of ``name``, ``given_name``, ``family_name``, ``nickname``,
            ``picture``, and free keys; JSON values.

        user_metadata:
            JSON that the user may edit.

        app_metadata:
            JSON that the user may not edit.

        created_at:
            When the source got to know them; with a time zone.

    Raises:
        TypeError: If a value has another type.
    """

    user_id: str = attrs.field(validator=text)


@attrs.frozen(kw_only=True, repr=False)
class User(_Person):
    """
    A user of the new store.

    Has what `LegacyUser` has, and:

    Args:
        id:
            The store's own id; a UUID as text.

        origin:
            How the user came to be.

        legacy_id:
            ``source_name|user_id`` for whoever came from the source, else None.

        migrated_at:
            When a user with a legacy id was moved, else None.  UTC.

        updated_at:
            When the record was last written.  UTC.
    """

    id: str = attrs.field(validator=text)
    origin: Origin = attrs.field(converter=_origin)
    legacy_id: str | None = attrs.field(default=None, validator=optional_text)
    migrated_at: dt.datetime | None = attrs.field(
        default=None, validator=optional_aware
    )
    updated_at: dt.datetime | None = attrs.field(default=None, validator=optional_aware)


def identifiers(user: User) -> tuple[Identifier, ...]:
    """
    Return the canonical identifiers of *user*, who is in canonical form.
    """
    email = Identifier(KeyKind.EMAIL, user.email) if user.email else None
    username = Identifier(KeyKind.USERNAME, user.username) if user.username else None
    return tuple(key for key in (email, username) if key is not None)


_KINDS = (KeyKind.LEGACY_ID, KeyKind.EMAIL, KeyKind.USERNAME)


def ledger_keys(user: User) -> tuple[LedgerKey, ...]:
    """
    Return the keys that the ledger must hold for *user*.
    """
    values = (user.legacy_id, user.email, user.username)
    return tuple(
        [
            LedgerKey(kind, value)
            for kind, value in zip(_KINDS, values, strict=True)
            if value is not None
        ]
    )


@attrs.frozen(repr=False)
class NewUser(Shown):
    """
    A user about to be stored, and the hash of their password.

    *user* is in canonical form and has its id already, so that a commit whose outcome
    is unknown can be read back.
    """

    user: User
    password_hash: str | None = attrs.field(repr=False)


@attrs.frozen(repr=False)
class Record(Shown):
    """
    A stored user with what never leaves the front door.

    *version* grows by one with every write.
    """

    user: User
    password_hash: str | None = attrs.field(repr=False)
    version: int


@attrs.frozen(repr=False)
class StoredHash(Shown):
    """
    A legacy hash, with what stands beside it in its row.

    Args:
        text: The hash itself.
        salt: The salt column, if there is one; text or bytes.
        salt2: A second salt column.
        username: The user name as it was when the hash was made.
        format: The name of the format, where several are mixed.
    """

    text: str = attrs.field(repr=False, validator=text)
    salt: str | bytes | None = attrs.field(default=None, kw_only=True, repr=False)
    salt2: str | bytes | None = attrs.field(default=None, kw_only=True, repr=False)
    username: str | None = attrs.field(default=None, kw_only=True)
    format: str | None = attrs.field(default=None, kw_only=True)


@attrs.frozen(kw_only=True, repr=False)
class ImportRecord(LegacyUser):
    """
    A `LegacyUser` to be imported, with their hash.

    Args:
        password:
            The legacy hash; None for a user whom the source vouches for at their first
            login, or who has to reset.

        line:
            Where the record stands in its file, counted from 1; None for one that
            stands in none.

    Raises:
        TypeError: If a value has another type.
    """

    password: StoredHash | None = attrs.field(
        default=None,
        repr=False,
        validator=attrs.validators.optional(attrs.validators.instance_of(StoredHash)),
    )
    line: int | None = None


@attrs.frozen(repr=False)
class RowError(Shown):
    """
    Why a row was not imported; nothing of its hash.

    Args:
        line: Where the row stands, counted from 1.

        code:
            What is wrong, in capitals, as in ``CONFLICT_EMAIL``; see
            `migratekit.imports.codes` for all of them.

        field: The field it is about, or None for the row as a whole.
        message: The same in words.
        user_id: Whose row it is in the source, if it could be read.
    """

    line: int
    code: str
    field: str | None
    message: str
    user_id: str | None = None


@attrs.frozen(repr=False)
class Authenticated(Shown):
    """
    Somebody who proved who they are.

    Args:
        user:
            The stored `User`; with ``import_mode`` off or ``rehearse`` on, for somebody
            who has not moved, the source's `LegacyUser`.

        migrated:
            Whether this very login moved them into the store.
    """

    user: User | LegacyUser
    migrated: bool


@attrs.frozen(repr=False)
class PasswordChange(Shown):
    """
    What a password reset needs: mail *token* to *email*, and to no other address.
    """

    token: str = attrs.field(repr=False)
    email: str
    expires_at: dt.datetime


@attrs.frozen(repr=False)
class Figures(Shown):
    """
    What a store can count.

    Args:
        by_origin: Number of stored users by origin.
        moved: Number of legacy ids in the ledger that are *used*.
        by_day: The same number by the day, in UTC, on which they moved.
        by_format: Number of stored users by `migratekit.passwords.format_of()`.
    """

    by_origin: dict[Origin, int]
    moved: int
    by_day: dict[dt.date, int] = attrs.field(factory=dict)
    by_format: dict[str, int] = attrs.field(factory=dict)


@attrs.frozen(repr=False)
class Progress(Shown):
    """
    How far a migration is.

    Args:
        total: Number of stored users.
        by_origin: Their number by origin; every origin is there.
        moved: How many users of the source ever moved, deleted ones included.
        remaining: How many have not, or None where the source cannot count.
        by_day: *moved* by the day, in UTC, in order; days without any are left out.
        by_format: *total* by the format of the stored hash, most frequent first.
    """

    total: int
    by_origin: dict[Origin, int]
    moved: int
    remaining: int | None
    by_day: dict[dt.date, int] = attrs.field(factory=dict)
    by_format: dict[str, int] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True, repr=False)
class SourceHealth(Shown):
    """
    How a legacy source, or a part of it, is doing.

    Args:
        part: Which part; empty for a source that is asked as a whole.

        circuit:
            ``closed`` while it is asked, ``open`` while it is left alone after
            failures, ``half_open`` when the next call will try it.

        calls: How many calls are under way, abandoned ones included.
        abandoned: How many of them have outlived their deadline.
        failures: How many calls have failed in a row.
        retry_after: Seconds until it is asked again; 0 if it is.
    """

    part: str
    circuit: Literal["closed", "open", "half_open"]
    calls: int
    abandoned: int
    failures: int
    retry_after: float


@attrs.frozen(repr=False)
class Disagreement(Shown):
    """
    Where a store's ledger and its users do not agree.

    Args:
        user_id: The id of the stored user it is about, or None.
        key: The key it is about.
        problem:
            ``not_in_ledger`` (a user has the key, the ledger has no row), ``reserved``
            (a user has the key, the row says *reserved*) or ``other_owner`` (the row of
            a legacy id names another legacy id).
    """

    user_id: str | None
    key: LedgerKey
    problem: str
