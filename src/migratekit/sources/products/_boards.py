"""
Boards: phpBB, vBulletin, XenForo, Discourse.
"""

from typing import Final

from migratekit.sources._database import Where
from migratekit.sources.products._board_hashes import VBulletin5Hashes, XenForoHashes
from migratekit.sources.products._product import (
    BOTH,
    MYSQL,
    POSTGRESQL,
    Product,
    Spec,
    flag,
    number,
    prefixed,
    text,
    unless,
)
from migratekit.sources.sql import WalkableSQLSource


# A ban without an end, or with one that has not come.
_BANNED: Final = (
    "EXISTS (SELECT 1 FROM {{{table}}} b WHERE b.{user} = u.{id}"
    " AND (b.{end} = 0 OR b.{end} > {{epoch}}){more})"
)


def phpbb(
    url_or_engine: Where,
    *,
    prefix: str = "phpbb_",
    format: Spec = "phpbb3",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a phpBB 3.

    The anonymous user and robots are nobody (``user_type`` 2).  Inactive users are
    blocked (1), and so is whoever is banned as a user; bans of addresses stay behind.
    Source: ``phpbb/db/migration/data/v30x``, ``session::check_ban()``.

    Args:
        url_or_engine: Where the database is: MySQL, MariaDB, PostgreSQL or SQLite.
        prefix: ``$table_prefix`` of ``config.php``.
        format: What the hashes are, if extensions make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    banned = _BANNED.format(
        table="banlist",
        user="ban_userid",
        id="user_id",
        end="ban_end",
        more=" AND b.ban_exclude = 0",
    )
    product = Product(
        name="phpBB",
        backends=BOTH,
        tables="{users} u",
        where="u.user_type <> 2",
        user_id="u.user_id",
        email="u.user_email",
        username="u.username",
        columns={
            "password_hash": "u.user_password",
            "blocked": unless(f"u.user_type IN (0, 3) AND NOT {banned}"),
            "created_at": "NULLIF(u.user_regdate, 0)",
        },
    )
    return product.source(url_or_engine, prefixed(prefix, "users", "banlist"), format)


def vbulletin(
    url_or_engine: Where,
    *,
    prefix: str = "",
    banned_group: int = 8,
    format: Spec = "vbulletin",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a vBulletin 3 or 4.

    Whoever is in the group of banned users, or has a ban that has not ended, is
    blocked.  Source: ``mysql-schema.php``, ``functions_banning.php``.

    Args:
        url_or_engine: Where the database is: MySQL or MariaDB, or a copy in SQLite.
        prefix: The prefix of ``config.php``.
        banned_group: The ``usergroupid`` of banned users.
        format: What the hashes are, if products make others.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    columns = {"password_hash": "u.password", "password_salt": "u.salt"}
    return _vbulletin(url_or_engine, prefix, banned_group, format, columns)


def vbulletin5(
    url_or_engine: Where,
    *,
    prefix: str = "",
    banned_group: int = 8,
    format: Spec | None = None,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a vBulletin 5 or 6.

    As `vbulletin()`, with the columns ``token`` and ``scheme``.  Source:
    ``vB_Utility_Password_Algorithm``.

    Args:
        url_or_engine: Where the database is: MySQL or MariaDB, or a copy in SQLite.
        prefix: The prefix of ``config.php``.
        banned_group: The ``usergroupid`` of banned users.
        format: What the hashes are, instead.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    columns = {"password_hash": "u.token", "password_salt2": "u.scheme"}
    hashes = VBulletin5Hashes() if format is None else format
    return _vbulletin(url_or_engine, prefix, banned_group, hashes, columns)


def _vbulletin(
    where: Where, prefix: str, group: int, hashes: Spec, columns: dict[str, str]
) -> WalkableSQLSource:
    banned = _BANNED.format(
        table="userban", user="userid", id="userid", end="liftdate", more=""
    )
    product = Product(
        name="vBulletin",
        backends=MYSQL,
        tables="{user} u",
        user_id="u.userid",
        email="u.email",
        username="u.username",
        columns={
            **columns,
            "blocked": unless(f"u.usergroupid <> {number(group)} AND NOT {banned}"),
            "created_at": "NULLIF(u.joindate, 0)",
        },
    )
    return product.source(where, prefixed(prefix, "user", "userban"), hashes)


def xenforo(
    url_or_engine: Where,
    *,
    security_lock: bool = False,
    format: Spec | None = None,  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a XenForo 1 or 2.

    Banned, disabled and rejected users are blocked.  Hashes that a board brought from
    vBulletin, phpBB 3, MyBB, IP.Board or SMF are verified, too.  Source:
    ``src/XF/Entity/User.php``, ``src/XF/Authentication``.

    Args:
        url_or_engine: Where the database is: MySQL or MariaDB, or a copy in SQLite.
        security_lock:
            True for XenForo from 2.1: then a user whom it locked must change the
            password.

        format: What the hashes are, instead.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    columns = {
        "password_hash": "a.data",
        "password_salt2": "a.scheme_class",
        "password_username": "u.username",
        "blocked": unless(
            "u.is_banned = 0 AND u.user_state NOT IN ('disabled', 'rejected')"
        ),
        "created_at": "NULLIF(u.register_date, 0)",
    }
    if security_lock:
        columns["must_change_password"] = unless("u.security_lock = ''")
    product = Product(
        name="XenForo",
        backends=MYSQL,
        tables="{user} u LEFT JOIN {user_authenticate} a ON a.user_id = u.user_id",
        user_id="u.user_id",
        email="u.email",
        username="u.username",
        columns=columns,
    )
    names = prefixed("xf_", "user", "user_authenticate")
    return product.source(
        url_or_engine, names, XenForoHashes() if format is None else format
    )


def discourse(
    url_or_engine: Where,
    *,
    password_table: bool = True,
    format: Spec = "discourse",  # noqa: A002
) -> WalkableSQLSource:
    """
    Return the users of a Discourse.

    System users (up to 0) and staged users, who only ever wrote e-mails, are nobody.
    Whoever is suspended or not active (the e-mail was not confirmed) is blocked; an
    expired password must be changed.  Source: ``app/models/user.rb``,
    ``app/models/user_password.rb``.

    Args:
        url_or_engine: Where the database is: PostgreSQL, or a copy in SQLite.
        password_table:
            False for Discourse before 3.4, whose hashes are in ``users``; there
            ``password_algorithm`` came with 3.1: give the *format* if it is missing.

        format: What the hashes are.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """
    columns = {
        "password_hash": "u.password_hash",
        "password_salt": "u.salt",
        "password_salt2": "u.password_algorithm",
    }
    tables = '{users} u LEFT JOIN {user_emails} e ON e.user_id = u.id AND e."primary"'
    if password_table:
        tables += " LEFT JOIN {user_passwords} p ON p.user_id = u.id"
        columns = {
            "password_hash": "p.password_hash",
            "password_salt": "p.password_salt",
            "password_salt2": "p.password_algorithm",
            "must_change_password": flag("p.password_expired_at <= {now}"),
        }
    product = Product(
        name="Discourse",
        backends=POSTGRESQL,
        tables=tables,
        where="u.id > 0 AND NOT u.staged",
        user_id="u.id",
        email="e.email",
        username="u.username",
        columns={
            **columns,
            "blocked": unless(
                "u.active AND (u.suspended_till IS NULL OR u.suspended_till <= {now})"
            ),
            "name": text("u.name"),
            "created_at": "u.created_at",
        },
    )
    names = prefixed("", "users", "user_emails", "user_passwords")
    return product.source(url_or_engine, names, format)
