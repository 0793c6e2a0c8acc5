"""
The user tables of ASP.NET, from its first membership provider to Core Identity.

Needs ``pip install "migratekit[sql]"`` and a driver.  The tables may be in SQL Server,
and, where others have put them there, in PostgreSQL, MySQL, MariaDB or SQLite.

An identifier with an ``@`` is looked up as an e-mail, one without as a user name.  A
user name with an ``@`` is nobody's username; it is the e-mail of whoever has no other.
"""

import re
from collections.abc import Mapping
from typing import Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats import FormatList, LegacyFormat, presets
from migratekit.sources._comparison import (
    MYSQL_BYTES,
    MYSQL_INDEXED,
    backend_of,
    in_any_case,
)
from migratekit.sources._database import LegacyDatabase, Where, opened
from migratekit.sources.sql import SQLSource


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
# As it stands between quotes in a query: no quote, no backslash, no colon.
_APPLICATION: Final = re.compile(r"[\w /.,()&+-]{1,256}", re.ASCII)


@attrs.frozen
class _Dialect:
    """
    What databases do not agree on; *stored* is how a column is found that is stored in
    one letter case.
    """

    true: str
    now: str
    instant: str
    stored: str


_IN: Final = "{0} IN ({1}(:canonical), {1}(:identifier))"
_DIALECTS: Final = {
    "mssql": _Dialect("1", "SYSUTCDATETIME()", "SYSDATETIMEOFFSET()", _IN),
    "mysql": _Dialect(
        "1",
        "UTC_TIMESTAMP()",
        "UTC_TIMESTAMP()",
        f"({MYSQL_INDEXED} AND {_IN.replace('{0}', MYSQL_BYTES)})",
    ),
    "postgresql": _Dialect(
        "true", "(now() AT TIME ZONE 'UTC')", "CURRENT_TIMESTAMP", _IN
    ),
    "sqlite": _Dialect("1", "datetime('now')", "datetime('now')", _IN),
}


def membership(
    where: Where,
    *,
    application: str = "/",
    algorithm: str = "sha1",
    clear_text: bool = False,
    schema: str | None = None,
) -> SQLSource:
    """
    Return the users of the SQL membership provider (``aspnet_Membership``).

    Whoever is not approved or is locked out arrives as blocked.

    Args:
        where: The database's URL, or an engine made with ``hide_parameters=True``.
        application: The ``applicationName`` of ``Web.config``.

        algorithm:
            ``sha1``, ``sha256``, ``sha512`` or ``hmac_sha256``: what ``Web.config`` has
            as ``hashAlgorithmType``, or as ``validation`` of its ``machineKey``.

        clear_text:
            Whether passwords of ``PasswordFormat`` 0, which are no hashes, are taken.
            Those of format 2, encrypted with the machine key, never are.

        schema: The tables' schema, if not the account's own.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """
    return _Tables(
        tables=(
            "{aspnet_Membership} m"
            " JOIN {aspnet_Users} u ON u.{UserId} = m.{UserId}"
            " JOIN {aspnet_Applications} a ON a.{ApplicationId} = m.{ApplicationId}"
        ),
        where=f"a.{{LoweredApplicationName}} = {_literal(application)}",
        user_id="m.{UserId}",
        email="m.{Email}",
        username="u.{UserName}",
        stored_email=("m.{LoweredEmail}", "lower"),
        stored_username=("u.{LoweredUserName}", "lower"),
        columns={**_MEMBERSHIP, "password_format": _STORED_AS},
    ).source(where, _hashes(algorithm, clear_text=clear_text), schema=schema)


def universal_providers(
    where: Where,
    *,
    application: str = "/",
    algorithm: str = "hmac_sha256",
    clear_text: bool = False,
    schema: str | None = None,
) -> SQLSource:
    """
    Return the users of the Universal Providers of MVC 3 and 4 (``Memberships``).

    Arguments, what is raised, and what becomes of whom are as in `membership()`.
    """
    return _Tables(
        tables=(
            "{Memberships} m"
            " JOIN {Users} u ON u.{UserId} = m.{UserId}"
            " JOIN {Applications} a ON a.{ApplicationId} = m.{ApplicationId}"
        ),
        where=f"lower(a.{{ApplicationName}}) = {_literal(application)}",
        user_id="m.{UserId}",
        email="m.{Email}",
        username="u.{UserName}",
        columns={**_MEMBERSHIP, "password_format": _STORED_AS},
    ).source(where, _hashes(algorithm, clear_text=clear_text), schema=schema)


def simple_membership(
    where: Where,
    *,
    table: str = "UserProfile",
    user_id: str = "UserId",
    user_name: str = "UserName",
    email: str | None = None,
    schema: str | None = None,
) -> SQLSource:
    """
    Return the users of MVC 4's SimpleMembership (``webpages_Membership``).

    The first arguments are those of ``WebSecurity.InitializeDatabaseConnection()``.
    Whoever has not confirmed the account arrives as blocked.

    Args:
        where: The database's URL, or an engine made with ``hide_parameters=True``.
        table: The table of the profiles.
        user_id: Its column of ids.
        user_name: Its column of user names.
        email: Its column of e-mails, if it has one besides.
        schema: The tables' schema, if not the account's own.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """
    given = [table, user_id, user_name, *([] if email is None else [email])]
    if not all(type(name) is str and _NAME.fullmatch(name) for name in given):
        raise ConfigurationError("Tables and columns need names of plain letters.")
    return _Tables(
        tables=(
            f"{{webpages_Membership}} m"
            f" JOIN {{{table}}} u ON u.{{{user_id}}} = m.{{UserId}}"
        ),
        where="1 = 1",
        user_id="m.{UserId}",
        email=None if email is None else f"u.{{{email}}}",
        username=f"u.{{{user_name}}}",
        columns={
            "password_hash": "m.{Password}",
            "blocked": "CASE WHEN m.{IsConfirmed} = <true> THEN 0 ELSE 1 END",
            "created_at": "m.{CreateDate}",
        },
    ).source(where, presets.aspnet_identity(), schema=schema)


def identity(
    where: Where, *, version: str = "core", schema: str | None = None
) -> SQLSource:
    """
    Return the users of ASP.NET Identity or Core Identity (``AspNetUsers``).

    Whoever is locked out at this moment is blocked.  A user without a hash logs in by
    somebody else's account and not here.

    Args:
        where: The database's URL, or an engine made with ``hide_parameters=True``.

        version:
            ``core``, or ``2`` for ASP.NET Identity 2, which has no normalised columns.

        schema: The tables' schema, if not the account's own.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """
    if version not in _LOCKED_OUT:
        raise ConfigurationError("The version of Identity is core or 2.")
    core = version == "core"
    return _Tables(
        tables="{AspNetUsers} u",
        where="1 = 1",
        user_id="u.{Id}",
        email="u.{Email}",
        username="u.{UserName}",
        stored_email=("u.{NormalizedEmail}", "upper") if core else None,
        stored_username=("u.{NormalizedUserName}", "upper") if core else None,
        columns={
            "password_hash": "u.{PasswordHash}",
            "email_verified": "u.{EmailConfirmed}",
            "blocked": _LOCKED_OUT[version],
        },
    ).source(where, presets.aspnet_identity(), schema=schema)


_MEMBERSHIP: Final = {
    "password_hash": "m.{Password}",
    "password_salt": "m.{PasswordSalt}",
    "blocked": (
        "CASE WHEN m.{IsApproved} = <true> AND NOT m.{IsLockedOut} = <true>"
        " THEN 0 ELSE 1 END"
    ),
    "created_at": "m.{CreateDate}",
}
# An encrypted one is of no format that is declared, and so refused.
_STORED_AS: Final = (
    "CASE m.{PasswordFormat} WHEN 0 THEN 'aspnet_membership_clear'"
    " WHEN 1 THEN 'aspnet_membership' ELSE 'aspnet_membership_encrypted' END"
)
_LOCKED_OUT: Final = {
    version: (
        f"CASE WHEN u.{{LockoutEnabled}} = <true> AND u.{{{column}}} > <{moment}>"
        " THEN 1 ELSE 0 END"
    )
    for version, column, moment in (
        ("core", "LockoutEnd", "instant"),
        ("2", "LockoutEndDateUtc", "now"),
    )
}


@attrs.frozen(kw_only=True)
class _Tables:
    """
    Where users are.  Names in braces are tables and columns, to be quoted; what stands
    between angle brackets is spelt as the database does.

    *stored_email* and *stored_username* are columns that have both in one letter case,
    and the function that gives it.
    """

    tables: str
    where: str
    user_id: str
    email: str | None
    username: str
    stored_email: tuple[str, str] | None = None
    stored_username: tuple[str, str] | None = None
    columns: Mapping[str, str]

    def source(
        self, where: Where, hashes: LegacyFormat, *, schema: str | None
    ) -> SQLSource:
        """
        Return the source that asks these tables, and can count and list.
        """
        if schema is not None and not _NAME.fullmatch(schema):
            raise ConfigurationError("A schema needs a name of plain letters.")
        database = opened(where)
        backend = backend_of(database.engine.dialect.name)
        dialect = _DIALECTS.get(backend)
        if dialect is None:
            raise ConfigurationError(
                f"The tables of ASP.NET were never seen in {backend}.  Write a SELECT "
                "of your own for migratekit.sources.sql.SQLSource."
            )
        name = _found(self.username, self.stored_username, backend)
        address = f"CASE WHEN {self.username} LIKE '%@%' THEN {self.username} END"
        asked = _found(self.username, None, backend)
        if self.email is not None:
            address = f"COALESCE(NULLIF({self.email}, ''), {address})"
            email = _found(self.email, self.stored_email, backend)
            asked = (
                f"(:canonical LIKE '%@%' AND ({email}"
                f" OR (COALESCE({self.email}, '') = '' AND {asked})))"
                f" OR (:canonical NOT LIKE '%@%' AND {name})"
            )
        chosen = {
            "user_id": self.user_id,
            "email": address,
            "username": f"CASE WHEN {self.username} LIKE '%@%' THEN NULL"
            f" ELSE {self.username} END",
            **self.columns,
        }
        columns = ", ".join(f"{value} AS {name}" for name, value in chosen.items())
        # Nothing of an identifier is in here: names and the application are checked.
        listing = f"SELECT {columns} FROM {self.tables} WHERE {self.where}"  # noqa: S608
        count = f"SELECT count(*) FROM {self.tables} WHERE {self.where}"  # noqa: S608
        spelt = _Spelling(database, dialect, schema)
        source = SQLSource(
            database, spelt.of(f"{listing} AND ({asked})"), format=hashes
        )
        return source.with_count(spelt.of(count)).with_listing(spelt.of(listing))


@attrs.frozen
class _Spelling:
    database: LegacyDatabase
    dialect: _Dialect
    schema: str | None

    def of(self, query: str) -> str:
        """
        Return *query* as the database spells it.
        """
        for name in ("true", "now", "instant"):
            query = query.replace(f"<{name}>", getattr(self.dialect, name))
        return re.sub(r"(\.)?\{(\w+)\}", self._quoted, query)

    def _quoted(self, match: re.Match[str]) -> str:
        quote = self.database.engine.dialect.identifier_preparer.quote_identifier
        if match[1] is not None:
            return f".{quote(match[2])}"
        schema = "" if self.schema is None else f"{quote(self.schema)}."
        return f"{schema}{quote(match[2])}"


def _found(column: str, stored: tuple[str, str] | None, backend: str) -> str:
    if stored is None:
        return in_any_case(column, backend)
    name, function = stored
    return _DIALECTS[backend].stored.replace("{0}", name).replace("{1}", function)


def _literal(application: str) -> str:
    if type(application) is not str or not _APPLICATION.fullmatch(application):
        raise ConfigurationError("An application has a name of plain characters.")
    return f"'{application.lower()}'"


def _hashes(algorithm: str, *, clear_text: bool) -> LegacyFormat:
    formats = [presets.aspnet_membership(algorithm=algorithm)]
    if clear_text is True:
        name = "aspnet_membership_clear"
        formats.append(
            presets.cleartext(i_know_that_this_is_clear_text=True, name=name)
        )
    return FormatList(formats)
