"""
Frameworks: Laravel, Rails and Devise, Django, Symfony, Flask-Security.

Their tables are the application's own, in part: columns that not everybody has are
arguments.
"""

import datetime as dt
from typing import Final

from migratekit.errors import ConfigurationError
from migratekit.formats import presets
from migratekit.sources._database import Where
from migratekit.sources.products._product import (
    BOTH,
    Product,
    Spec,
    checked_name,
    flag,
    text,
    unless,
)
from migratekit.sources.sql import WalkableSQLSource


_DAY: Final = 86_400


def laravel(
    url_or_engine: Where,
    *,
    table: str = "users",
    username: str | None = None,
    soft_deletes: bool = False,
    format: Spec = "laravel",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Laravel application, with its own migrations.

    Laravel has no blocked users.  Source:
    ``0001_01_01_000000_create_users_table.php``, ``MustVerifyEmail``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        table: The table, prefix included.
        username: The column of the username, if there is one.
        soft_deletes: Whether the model uses ``SoftDeletes``; who is deleted is nobody.
        format: What the hashes are.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    product = Product(
        name="Laravel",
        backends=BOTH,
        tables="{users} u",
        where="u.deleted_at IS NULL" if soft_deletes else "1 = 1",
        user_id="u.id",
        email="u.email",
        username=_optional("username", username),
        columns={
            "password_hash": "u.password",
            "email_verified": flag("u.email_verified_at IS NOT NULL"),
            "name": text("u.name"),
            "created_at": "u.created_at",
        },
    )
    names = _names(users=table, username=username)
    return product.source(url_or_engine, names, format)


def rails(
    url_or_engine: Where,
    *,
    table: str = "users",
    email: str = "email",
    username: str | None = None,
    password: str = "password_digest",  # noqa: S107
    format: Spec = "bcrypt",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Rails application with ``has_secure_password``.

    Rails itself knows neither blocked users nor verified e-mails.  Source:
    ``ActiveModel::SecurePassword``, ``bin/rails generate authentication``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        table: The table.
        email: The column of the e-mail; the generator of Rails 8 has ``email_address``.
        username: The column of the username, if there is one.
        password: The column of the hash.
        format: What the hashes are.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    product = Product(
        name="Rails",
        backends=BOTH,
        tables="{users} u",
        user_id="u.id",
        email="u.{email}",
        username=_optional("username", username),
        columns={"password_hash": "u.{password}", "created_at": "u.created_at"},
    )
    names = _names(users=table, email=email, username=username, password=password)
    return product.source(url_or_engine, names, format)


def devise(
    url_or_engine: Where,
    *,
    table: str = "users",
    username: str | None = None,
    pepper: str | bytes | None = None,
    confirmable: bool = False,
    lockable: bool = False,
    unlock_in: dt.timedelta | None = None,
    format: Spec | None = None,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Rails application with Devise.

    Source: ``lib/devise/models`` of heartcombo/devise.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        table: The table.
        username: The column of the username, if there is one.
        pepper: ``config.pepper``.
        confirmable:
            Whether the model is: whoever has not confirmed is blocked, all others are
            verified.

        lockable: Whether the model is: whoever is locked is blocked.
        unlock_in:
            ``config.unlock_in``, if locks end by themselves, which Devise only writes
            down at the next login.

        format: What the hashes are, instead.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    fine = ["1 = 1"]
    columns = {"password_hash": "u.encrypted_password", "created_at": "u.created_at"}
    if confirmable:
        fine.append("u.confirmed_at IS NOT NULL")
        columns["email_verified"] = flag("u.confirmed_at IS NOT NULL")
    if lockable:
        ended = "" if unlock_in is None else " OR u.locked_at <= {then}"
        fine.append(f"(u.locked_at IS NULL{ended})")
    product = Product(
        name="Devise",
        backends=BOTH,
        tables="{users} u",
        user_id="u.id",
        email="u.email",
        username=_optional("username", username),
        columns={**columns, "blocked": unless(" AND ".join(fine))},
        seconds=0 if unlock_in is None else _seconds(unlock_in),
    )
    hashes = presets.devise(pepper=pepper) if format is None else format
    return product.source(url_or_engine, _names(users=table, username=username), hashes)


def django(
    url_or_engine: Where,
    *,
    table: str = "auth_user",
    username: str | None = "username",
    format: Spec = "django",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Django application.

    ``is_active`` false is blocked.  Django neither proves e-mails nor keeps them
    unique.  Staff and superusers become users like all others.  Source:
    ``django/contrib/auth/models.py``, ``ModelBackend``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        table: The table of ``AUTH_USER_MODEL``, if it is derived from ``AbstractUser``.
        username: The column of the username, or None if the model has none.
        format: What the hashes are, if ``PASSWORD_HASHERS`` has others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    product = Product(
        name="Django",
        backends=BOTH,
        tables="{users} u",
        user_id="u.id",
        email="u.email",
        username=_optional("username", username),
        columns={
            "password_hash": "u.password",
            "blocked": unless("u.is_active"),
            "given_name": text("u.first_name"),
            "family_name": text("u.last_name"),
            "created_at": "u.date_joined",
        },
    )
    names = _names(users=table, username=username)
    return product.source(url_or_engine, names, format)


def symfony(
    url_or_engine: Where,
    *,
    table: str = "user",
    email: str | None = "email",
    username: str | None = None,
    password: str = "password",  # noqa: S107
    salt: str | None = None,
    enabled: str | None = None,
    verified: str | None = None,
    format: Spec = "password_hash",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Symfony application, as ``make:user`` and FOSUserBundle do it.

    Source: ``MakeUser.php`` and ``MakeRegistrationForm.php`` of symfony/maker-bundle,
    ``User.orm.xml`` of FOSUserBundle.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        table: The table; ``fos_user`` with FOSUserBundle.
        email: The column of the e-mail, or None if there is none.
        username: The column of the username, if there is one.
        password: The column of the hash.
        salt: The column of the salt, if there is one.
        enabled: The column that is false for blocked users, if there is one.
        verified: The column that is true for proved e-mails, if there is one.
        format:
            What the hashes are; with a salt most likely `presets.symfony_digest()`.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    if email is None and username is None:
        raise ConfigurationError("The table needs an e-mail or a username.")
    columns = {"password_hash": "u.{password}"}
    if salt is not None:
        columns["password_salt"] = "u.{salt}"  # noqa: S105
    if enabled is not None:
        columns["blocked"] = unless("u.{enabled}")
    if verified is not None:
        columns["email_verified"] = flag("u.{verified}")
    product = Product(
        name="Symfony",
        backends=BOTH,
        tables="{users} u",
        user_id="u.id",
        email=_optional("email", email),
        username=_optional("username", username),
        columns=columns,
    )
    names = _names(
        users=table,
        email=email,
        username=username,
        password=password,
        salt=salt,
        enabled=enabled,
        verified=verified,
    )
    return product.source(url_or_engine, names, format)


def flask_security(
    url_or_engine: Where,
    *,
    password_salt: str | bytes,
    table: str = "user",
    username: str | None = None,
    confirmable: bool = False,
    format: Spec | None = None,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Flask application with Flask-Security.

    ``active`` false is blocked.  Source: ``flask_security/models/fsqla_v3.py``,
    ``flask_security/utils.py``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        password_salt: ``SECURITY_PASSWORD_SALT``.
        table: The table.
        username: The column of the username, if there is one.
        confirmable:
            Whether ``SECURITY_CONFIRMABLE`` is set: whoever has not confirmed is
            blocked, all others are verified.

        format: What the hashes are, instead.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    columns = {"password_hash": "u.password", "blocked": unless("u.active")}
    if confirmable:
        confirmed = "u.confirmed_at IS NOT NULL"
        columns["blocked"] = unless(f"u.active AND {confirmed}")
        columns["email_verified"] = flag(confirmed)
    product = Product(
        name="Flask-Security",
        backends=BOTH,
        tables="{users} u",
        user_id="u.id",
        email="u.email",
        username=_optional("username", username),
        columns=columns,
    )
    hashes = format
    if hashes is None:
        hashes = presets.flask_security(password_salt=password_salt)
    return product.source(url_or_engine, _names(users=table, username=username), hashes)


def _optional(key: str, column: str | None) -> str | None:
    return None if column is None else f"u.{{{key}}}"


def _names(**names: str | None) -> dict[str, str]:
    return {key: checked_name(name) for key, name in names.items() if name is not None}


def _seconds(time: dt.timedelta) -> int:
    seconds = time // dt.timedelta(seconds=1)
    if not 0 <= seconds <= 366 * _DAY:
        raise ConfigurationError("A lock ends within a year.")
    return seconds
