"""
What the columns of a legacy row mean: an allow-list of targets, and strict conversions.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from migratekit._columns import (
    BYTES,
    HASH,
    PROFILE,
    USER,
    Converter,
    json_of,
    target_of,
    text_of,
)
from migratekit.errors import ConfigurationError, ContractError, UnusableHashError
from migratekit.imports import codes
from migratekit.models import ImportRecord, LegacyUser, RowError, StoredHash


@attrs.frozen
class Row:
    """
    A row by targets, with what is secret out of sight.
    """

    user: dict[str, Any] = attrs.field(repr=False)
    hash: dict[str, Any] = attrs.field(repr=False)


@attrs.frozen
class Columns:
    """
    Which column means what.

    *mapping* has targets by lower-case column name; a target that is not in it is given
    by the column of its own name.
    """

    mapping: dict[str, str]

    def targets(self, names: Iterable[str]) -> tuple[str | None, ...]:
        """
        Return what each column of a result means; None for one that is ignored.

        Raises:
            migratekit.errors.ContractError:
                If two columns mean the same, or a mapped one or the id is missing.
        """
        mapped = set(self.mapping.values())
        targets: list[str | None] = []
        for name in map(str.lower, names):
            target = self.mapping.get(name) or target_of(name)
            if name not in self.mapping and target in mapped:
                target = None
            if target is not None and target in targets:
                raise ContractError(f"Two columns of the query mean {target}.")
            targets.append(target)
        for target in ("user_id", *sorted(mapped)):
            if target not in targets:
                raise ContractError(f"The query returns no column for {target}.")
        return tuple(targets)


def columns_of(columns: Columns | Mapping[str, str] | None) -> Columns:
    """
    Return the columns that a user's mapping describes.

    Raises:
        migratekit.errors.ConfigurationError:
            If a target is not on the list, or something is there twice.
    """
    if isinstance(columns, Columns):
        return columns
    mapping: dict[str, str] = {}
    for column, name in (columns or {}).items():
        target = target_of(name) if isinstance(name, str) else None
        if target is None:
            raise ConfigurationError(f"{name!r} is nothing a column can mean.")
        if not isinstance(column, str):
            raise ConfigurationError("The name of a column is text.")
        if column.lower() in mapping or target in mapping.values():
            raise ConfigurationError(f"{column!r} or {name!r} is mapped twice.")
        mapping[column.lower()] = target
    return Columns(mapping)


def row_of(targets: Sequence[str | None], values: Iterable[Any]) -> Row:
    """
    Return the *values* that mean something.
    """
    found = {t: v for t, v in zip(targets, values, strict=True) if t is not None}
    secret = {target: found.pop(target) for target in HASH if target in found}
    return Row(found, secret)


def user_of(row: Row) -> LegacyUser:
    """
    Return the user of *row*.  NULL is as good as no column, but for the id.

    Raises:
        migratekit.errors.ContractError: If a value cannot be what it should.
    """
    fields: dict[str, Any] = {"email": None}
    extra: dict[str, Any] = {}
    for target, value in row.user.items():
        if value is None and target != "user_id":
            continue
        if target.startswith(PROFILE):
            extra[target.removeprefix(PROFILE)] = _converted(target, json_of, value)
        else:
            fields[target] = _converted(target, USER[target], value)
    fields["profile"] = {**fields.get("profile", {}), **extra}
    try:
        return LegacyUser(**fields)
    except (TypeError, RecursionError):
        pass
    raise ContractError("The profile or the metadata of a row is not JSON.")


def person_of(row: Row) -> LegacyUser:
    """
    Return no more of the user of *row* than who they are.

    Raises:
        migratekit.errors.ContractError: If that cannot be read.
    """
    named = ("user_id", "email", "username")
    return user_of(
        Row({name: row.user[name] for name in named if name in row.user}, {})
    )


def hash_of(row: Row) -> StoredHash | None:
    """
    Return the hash of *row*, or None if it is NULL.

    Raises:
        migratekit.errors.ContractError: If the query returns no hash.
        migratekit.errors.UnusableHashError: If it, or what belongs to it, is not text.
    """
    if "password_hash" not in row.hash:
        raise ContractError("The query returns no column for password_hash.")
    if row.hash["password_hash"] is None:
        return None
    found = row.hash.get
    try:
        return StoredHash(
            text_of(found("password_hash")),
            salt=_salt(found("password_salt")),
            salt2=_salt(found("password_salt2")),
            username=_optional(found("password_username")),
            format=_optional(found("password_format")),
        )
    except (TypeError, ValueError, ArithmeticError):
        pass
    raise UnusableHashError("…", "it, its salt, user name or format is not text")


def record_of(row: Row, number: int) -> ImportRecord | RowError:
    """
    Return the user of *row* with their hash, if it has any, or why it cannot be read.
    """
    try:
        user = user_of(row)
        stored = hash_of(row) if "password_hash" in row.hash else None
    except ContractError as error:
        return unreadable(error, number)
    except UnusableHashError:
        return codes.row_error(number, codes.INVALID_HASH, "password_hash")
    fields = attrs.asdict(user, recurse=False)
    return ImportRecord(**fields, password=stored, line=number)


def unreadable(error: ContractError, number: int) -> RowError:
    """
    Return *error* as that of one row of many.
    """
    return RowError(number, codes.INVALID_TYPE, None, str(error))


def _optional(value: object) -> str | None:
    return None if value is None else text_of(value)


def _salt(value: object) -> str | bytes | None:
    return bytes(value) if isinstance(value, BYTES) else _optional(value)


def _converted(target: str, convert: Converter, value: object) -> Any:
    try:
        return convert(value)
    except (TypeError, ValueError, ArithmeticError, OSError, RecursionError):
        pass
    raise ContractError(f"A {type(value).__name__} cannot be read as {target}.")
