"""
Keycloak's own database, Supabase, Nextcloud.
"""

import re
from typing import Final

from migratekit.errors import ConfigurationError
from migratekit.formats import presets
from migratekit.sources._database import Where
from migratekit.sources.products._product import (
    BOTH,
    POSTGRESQL,
    Product,
    Spec,
    checked_name,
    flag,
    prefixed,
    text,
    unless,
)
from migratekit.sources.sql import WalkableSQLSource


# What stands in a text between quotes, and cannot end it.
_REALM: Final = re.compile(r"[A-Za-z0-9_. -]{1,255}", re.ASCII)


def keycloak(
    url_or_engine: Where,
    *,
    realm: str,
    schema: str | None = None,
    format: Spec = "keycloak",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a realm, out of the database of a Keycloak from 8.

    Service accounts are nobody.  Disabled users are blocked; whoever has the action
    ``UPDATE_PASSWORD`` before them must change the password.  Users of a federation
    (LDAP) who have no password here are known, and cannot log in.  Source:
    ``UserEntity.java``, ``CredentialEntity.java``, ``jpa-changelog-8.0.0.xml``.

    Args:
        url_or_engine: Where the database is: PostgreSQL, MySQL or MariaDB.
        realm: The name of the realm, as it is in URLs.
        schema: The schema of the tables, if they are in one of their own.
        format: What the hashes are, if providers make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    if not isinstance(realm, str) or not _REALM.fullmatch(realm):
        raise ConfigurationError("The name of a realm has no special characters.")
    forced = (
        "EXISTS (SELECT 1 FROM {user_required_action} q WHERE q.user_id = u.id"
        " AND q.required_action = 'UPDATE_PASSWORD')"
    )
    product = Product(
        name="Keycloak",
        backends=BOTH,
        tables=(
            f"{{user_entity}} u JOIN {{realm}} r ON r.id = u.realm_id"
            f" AND r.name = '{realm}' LEFT JOIN {{credential}} c"
            " ON c.user_id = u.id AND c.type = 'password'"
        ),
        where="u.service_account_client_link IS NULL",
        user_id="u.id",
        email="u.email",
        username="u.username",
        columns={
            "password_hash": "c.secret_data",
            "password_salt2": "c.credential_data",
            "email_verified": flag("u.email_verified"),
            "blocked": unless("u.enabled"),
            "must_change_password": flag(forced),
            "given_name": text("u.first_name"),
            "family_name": text("u.last_name"),
            "created_at": "u.created_timestamp / 1000",
        },
        upper=True,
    )
    tables = ("user_entity", "realm", "credential", "user_required_action")
    names = prefixed("", *tables)
    if schema is not None:
        names = {key: checked_name(f"{schema}.{name}") for key, name in names.items()}
    return product.source(url_or_engine, names, format)


def supabase(
    url_or_engine: Where,
    *,
    schema: str = "auth",
    format: Spec = "supabase",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Supabase project, or of a GoTrue.

    Deleted and anonymous users and those of single sign-on are nobody.  Whoever is
    banned, or has not confirmed the e-mail, is blocked.  ``raw_user_meta_data`` comes
    along; ``raw_app_meta_data`` and roles stay behind.  Source: ``migrations`` and
    ``internal/models/user.go`` of supabase/auth.

    Args:
        url_or_engine: Where the database is: PostgreSQL.
        schema: The schema of the table ``users``.
        format: What the hashes are.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    product = Product(
        name="Supabase",
        backends=POSTGRESQL,
        tables="{users} u",
        where="u.deleted_at IS NULL AND NOT u.is_sso_user AND NOT u.is_anonymous",
        user_id="u.id",
        email="u.email",
        username=None,
        columns={
            "password_hash": text("u.encrypted_password"),
            "email_verified": flag("u.email_confirmed_at IS NOT NULL"),
            "blocked": unless(
                "u.email_confirmed_at IS NOT NULL"
                " AND (u.banned_until IS NULL OR u.banned_until <= {instant})"
            ),
            "user_metadata": "u.raw_user_meta_data",
            "created_at": "u.created_at",
        },
    )
    return product.source(
        url_or_engine, {"users": checked_name(f"{schema}.users")}, format
    )


def nextcloud(
    url_or_engine: Where,
    *,
    prefix: str = "oc_",
    passwordsalt: str | bytes | None = None,
    format: Spec | None = None,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Nextcloud whose passwords it has itself.

    Disabled users are blocked.  E-mails are those of the settings.  Users of a
    directory have no row in this table, and are not known.  Source:
    ``core/Migrations/Version13000Date20170718121200.php``, ``lib/private/User``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        prefix: ``dbtableprefix`` of ``config.php``.
        passwordsalt: That of ``config.php``, see `presets.nextcloud()`.
        format: What the hashes are, instead.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    disabled = (
        "EXISTS (SELECT 1 FROM {preferences} p WHERE p.userid = u.uid"
        " AND p.appid = 'core' AND p.configkey = 'enabled'"
        " AND p.configvalue = 'false')"
    )
    product = Product(
        name="Nextcloud",
        backends=BOTH,
        tables=(
            "{users} u LEFT JOIN {preferences} m ON m.userid = u.uid"
            " AND m.appid = 'settings' AND m.configkey = 'email'"
        ),
        user_id="u.uid",
        email="m.configvalue",
        username="u.uid",
        columns={
            "password_hash": "u.password",
            "blocked": flag(disabled),
            "name": text("u.displayname"),
        },
    )
    names = prefixed(prefix, "users", "preferences")
    hashes = presets.nextcloud(passwordsalt=passwordsalt) if format is None else format
    return product.source(url_or_engine, names, hashes)
