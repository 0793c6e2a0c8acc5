"""
Content management systems and wikis: WordPress, Drupal, Joomla, MediaWiki, Moodle.
"""

from typing import Final

from migratekit.formats import presets
from migratekit.sources._database import Where
from migratekit.sources.products._product import (
    BOTH,
    MYSQL,
    Product,
    Spec,
    flag,
    number,
    prefixed,
    text,
    unless,
)
from migratekit.sources.sql import WalkableSQLSource


# A Drupal site may have been 7 once, and rehashed whom it saw since.
_DRUPAL: Final = ("drupal7", "password_hash")


def wordpress(
    url_or_engine: Where,
    *,
    prefix: str = "wp_",
    multisite: bool = False,
    format: Spec = "wordpress",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a WordPress, with bbPress and WooCommerce or not.

    WordPress itself has no blocked users and does not prove e-mails, so nobody is
    blocked or verified.  Capabilities stay behind.  Source:
    ``wp-admin/includes/schema.php``, ``wp_authenticate_spam_check()``.

    Args:
        url_or_engine: Where the database is: MySQL or MariaDB, or a copy in SQLite.
        prefix: ``$table_prefix`` of ``wp-config.php``.
        multisite:
            Whether it is a network: only then there are the columns ``spam`` and
            ``deleted``, either of which blocks a user.

        format: What the hashes are, if plug-ins make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    columns = {
        "password_hash": "u.user_pass",
        "name": text("u.display_name"),
        "created_at": "u.user_registered",
    }
    if multisite:
        columns["blocked"] = unless("u.spam = 0 AND u.deleted = 0")
    product = Product(
        name="WordPress",
        backends=MYSQL,
        tables="{users} u",
        user_id="u.ID",
        email="u.user_email",
        username="u.user_login",
        columns=columns,
        folds=True,
    )
    return product.source(url_or_engine, prefixed(prefix, "users"), format)


def drupal7(
    url_or_engine: Where,
    *,
    prefix: str = "",
    format: Spec = _DRUPAL,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Drupal 7.

    Status 0 is blocked; the user 0 is the anonymous visitor.  Source:
    ``modules/user/user.install``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        prefix: The prefix of ``settings.php``.
        format: What the hashes are, if modules make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    return _drupal(url_or_engine, prefixed(prefix, "users"), format, "{users} u", "")


def drupal(
    url_or_engine: Where,
    *,
    prefix: str = "",
    format: Spec = _DRUPAL,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Drupal 8 to 11.

    Status 0 is blocked; the user 0 is the anonymous visitor.  Source:
    ``core/modules/user/src/Entity/User.php``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        prefix: The prefix of ``settings.php``.
        format: What the hashes are, if modules make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    names = prefixed(prefix, "users_field_data")
    # A translated user has a row for every language.
    default = " AND u.default_langcode = 1"
    return _drupal(url_or_engine, names, format, "{users_field_data} u", default)


def _drupal(
    where: Where, names: dict[str, str], hashes: Spec, tables: str, more: str
) -> WalkableSQLSource:
    product = Product(
        name="Drupal",
        backends=BOTH,
        tables=tables,
        where=f"u.uid > 0{more}",
        user_id="u.uid",
        email="u.mail",
        username="u.name",
        columns={
            "password_hash": "u.pass",
            "blocked": unless("u.status = 1"),
            "created_at": "u.created",
        },
    )
    return product.source(where, names, hashes)


def joomla(
    url_or_engine: Where,
    *,
    prefix: str = "jos_",
    require_reset: bool = True,
    format: Spec = "joomla",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Joomla.

    ``block`` is blocked, which includes whoever was not activated yet; ``requireReset``
    is a password that must be changed.  Source: ``installation/sql/mysql/base.sql``,
    ``plg_user_joomla``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        prefix: ``$dbprefix`` of ``configuration.php``; it is made up at installation.
        require_reset: False for Joomla before 3.3, which has no such column.
        format: What the hashes are, if plug-ins make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    columns = {
        "password_hash": "u.password",
        "blocked": unless("u.block = 0"),
        "name": text("u.name"),
        "created_at": "u.{register_date}",
    }
    if require_reset:
        columns["must_change_password"] = unless("u.{require_reset} = 0")
    product = Product(
        name="Joomla",
        backends=BOTH,
        tables="{users} u",
        user_id="u.id",
        email="u.email",
        username="u.username",
        columns=columns,
        folds=True,
    )
    names = {"register_date": "registerDate", "require_reset": "requireReset"}
    return product.source(url_or_engine, prefixed(prefix, "users") | names, format)


def mediawiki(
    url_or_engine: Where,
    *,
    prefix: str = "",
    format: Spec = "mediawiki",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a MediaWiki.

    Somebody without a password is nobody: system users, temporary accounts, and those
    of another wiki or directory.  A block keeps people from editing, not from logging
    in, so nobody is blocked.  Source: ``sql/mysql/tables-generated.sql``,
    ``User::newSystemUser()``.

    Args:
        url_or_engine: Where the database is: MySQL or MariaDB, or a copy in SQLite.
        prefix: ``$wgDBprefix``.
        format: What the hashes are, if extensions make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    product = Product(
        name="MediaWiki",
        backends=MYSQL,
        tables="{user} u",
        where="u.user_password <> '' AND u.user_password <> ':null:'",
        user_id="u.user_id",
        email="u.user_email",
        username="u.user_name",
        columns={
            "password_hash": "u.user_password",
            "email_verified": flag("u.user_email_authenticated IS NOT NULL"),
            "name": text("u.user_real_name"),
            "created_at": "{stamp}",
        },
        digits="u.user_registration",
    )
    return product.source(url_or_engine, prefixed(prefix, "user"), format)


def moodle(
    url_or_engine: Where,
    *,
    prefix: str = "mdl_",
    mnet_host: int = 1,
    pepper: str | bytes | None = None,
    format: Spec | None = None,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Moodle.

    Deleted users, guests and users of other hosts are nobody.  Only the plug-ins
    ``manual`` and ``email`` keep passwords here: users of others (LDAP, OAuth 2) are
    known, and cannot log in.  Suspended and unconfirmed users and those of ``nologin``
    are blocked.  No e-mail counts as verified, because administrators confirm, too.
    Source: ``lib/db/install.xml``, ``authenticate_user_login()``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB or PostgreSQL.
        prefix: ``$CFG->prefix``.
        mnet_host: ``$CFG->mnet_localhost_id``.
        pepper: ``passwordsaltmain`` or the pepper, see `presets.moodle()`.
        format: What the hashes are, instead.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    forced = (
        "EXISTS (SELECT 1 FROM {user_preferences} p WHERE p.userid = u.id"
        " AND p.name = 'auth_forcepasswordchange' AND p.value <> '0'"
        " AND p.value <> '')"
    )
    product = Product(
        name="Moodle",
        backends=BOTH,
        tables="{user} u",
        where=(
            "u.deleted = 0 AND u.username <> 'guest'"
            f" AND u.mnethostid = {number(mnet_host)}"
        ),
        user_id="u.id",
        email="u.email",
        username="u.username",
        columns={
            # A course restored from elsewhere brings users with 'restored'.
            "password_hash": (
                "CASE WHEN u.auth IN ('manual', 'email')"
                " AND u.password NOT IN ('not cached', 'restored')"
                " THEN u.password END"
            ),
            "blocked": unless(
                "u.suspended = 0 AND u.confirmed = 1 AND u.auth <> 'nologin'"
            ),
            "must_change_password": flag(forced),
            "given_name": text("u.firstname"),
            "family_name": text("u.lastname"),
            "created_at": "NULLIF(u.timecreated, 0)",
        },
    )
    names = prefixed(prefix, "user", "user_preferences")
    hashes = presets.moodle(pepper=pepper) if format is None else format
    return product.source(url_or_engine, names, hashes)
