"""
From what is known of a product's tables to a source that asks them.

A description is SQL with names in braces.  ``{users}`` is a table or a column that the
product's function hands over, quoted.  ``{now}`` is the present time in UTC without a
zone, ``{instant}`` with one where there are any, ``{epoch}`` in seconds since 1970;
``{then}`` is `Product.seconds` before ``{now}``, and ``{stamp}`` is `Product.digits`,
such as 20260131235959, with a T in the middle.

An identifier with an ``@`` is looked up as an e-mail and as nothing else.  A username
with an ``@`` is nobody's: it may look like the e-mail of somebody else.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, cast

import attrs

from migratekit import formats
from migratekit.errors import ConfigurationError
from migratekit.formats import LegacyFormat
from migratekit.sources._comparison import MYSQL_INDEXED
from migratekit.sources._database import LegacyDatabase, Where, opened
from migratekit.sources.sql import SQLSource, WalkableSQLSource


Spec: TypeAlias = str | LegacyFormat | Sequence[str | LegacyFormat]

MYSQL: Final = frozenset({"mysql"})
POSTGRESQL: Final = frozenset({"postgresql"})
BOTH: Final = MYSQL | POSTGRESQL

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_PREFIX: Final = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]{0,39})?", re.ASCII)


@attrs.frozen
class _Dialect:
    exactly: str
    now: str
    instant: str
    epoch: str
    then: str
    stamp: str


# The default collations of MySQL take á for a, and its columns are in any encoding.
_DIALECTS: Final = {
    "mysql": _Dialect(
        "lower(CONVERT({0} USING utf8mb4)) COLLATE utf8mb4_bin",
        "UTC_TIMESTAMP()",
        # A column of the type TIMESTAMP is shown in the time zone of the session.
        "CURRENT_TIMESTAMP()",
        "UNIX_TIMESTAMP()",
        "UTC_TIMESTAMP() - INTERVAL {0} SECOND",
        "CONCAT(substr({0}, 1, 8), 'T', substr({0}, 9))",
    ),
    "postgresql": _Dialect(
        "lower({0})",
        "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')",
        "CURRENT_TIMESTAMP",
        "EXTRACT(EPOCH FROM CURRENT_TIMESTAMP)",
        "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC') - INTERVAL '{0} seconds'",
        "substr({0}, 1, 8) || 'T' || substr({0}, 9)",
    ),
    "sqlite": _Dialect(
        "lower({0})",
        "datetime('now')",
        "datetime('now')",
        "CAST(strftime('%s', 'now') AS INTEGER)",
        "datetime('now', '-{0} seconds')",
        "substr({0}, 1, 8) || 'T' || substr({0}, 9)",
    ),
}


@attrs.frozen(kw_only=True)
class Product:
    """
    What is known of the tables of a product.

    Args:
        name: What it is called.
        backends: The databases it runs on; a copy in a SQLite file will do always.
        tables: What stands behind FROM.
        where: Who is somebody at all: not guests, robots and deleted users.
        user_id: The expression that gives the stable id.
        email: The one that gives the e-mail, or None if there is none.
        username: The one that gives the username, or None if there is none.
        columns: Further expressions, by what they mean.
        folds:
            Whether the product's own schema compares both without regard to letter
            case in MySQL, so that its indexes find candidates.

        upper: Whether its tables have upper-case names in MySQL.
        seconds: How long before the present ``{then}`` is.
        digits: What ``{stamp}`` is made of.
    """

    name: str
    backends: frozenset[str]
    tables: str
    where: str = "1 = 1"
    user_id: str
    email: str | None
    username: str | None
    columns: Mapping[str, str]
    folds: bool = False
    upper: bool = False
    seconds: int = 0
    digits: str = ""

    def source(
        self, where: Where, names: Mapping[str, str], hashes: Spec
    ) -> WalkableSQLSource:
        """
        Return the source of this product at *where*.

        Args:
            where: Where the database is.
            names: Tables and columns by the names in braces.
            hashes: The format of the hashes.

        Raises:
            migratekit.errors.ConfigurationError:
                If the product does not run on such a database, or something cannot be
                used.
        """
        database = opened(where)
        terms = self._terms(database, names)
        tables, who = self.tables.format(**terms), self.where.format(**terms)
        chosen = ", ".join(
            f"{expression} AS {target}" for target, expression in self._chosen()
        ).format(**terms)
        asked = self._asked(_backend(database)).format(**terms)
        # Nothing of an identifier is in here; names are checked and quoted.
        everybody = f"SELECT {chosen} FROM {tables} WHERE ({who})"  # noqa: S608
        count = f"SELECT count(*) FROM {tables} WHERE ({who})"  # noqa: S608
        found = SQLSource(
            database, f"{everybody} AND ({asked})", format=formats.resolve(hashes)
        )
        walkable = found.with_count(count).with_listing(everybody)
        return cast("WalkableSQLSource", walkable)

    def _terms(
        self, database: LegacyDatabase, names: Mapping[str, str]
    ) -> dict[str, str]:
        backend = _backend(database)
        if backend not in self.backends | {"sqlite"}:
            raise ConfigurationError(
                f"{self.name} does not run on {backend}, or it was never tried there.  "
                "Write a SELECT of your own for migratekit.sources.sql.SQLSource."
            )
        quote = database.engine.dialect.identifier_preparer.quote_identifier
        upper = self.upper and backend == "mysql"
        dialect = _DIALECTS[backend]
        terms = {
            "now": dialect.now,
            "instant": dialect.instant,
            "epoch": dialect.epoch,
            "then": dialect.then.format(self.seconds),
            "stamp": dialect.stamp.format(self.digits),
        }
        for key, name in names.items():
            parts = (name.upper() if upper else name).split(".")
            terms[key] = ".".join(map(quote, parts))
        return terms

    def _chosen(self) -> list[tuple[str, str]]:
        chosen = [("user_id", self.user_id)]
        if self.email is not None:
            chosen.append(("email", f"NULLIF({self.email}, '')"))
        if self.username is not None:
            name = self.username
            plain = f"CASE WHEN {name} LIKE '%@%' THEN NULL ELSE NULLIF({name}, '') END"
            chosen.append(("username", plain))
        return [*chosen, *self.columns.items()]

    def _asked(self, backend: str) -> str:
        asked = []
        for expression, shape in ((self.email, "LIKE"), (self.username, "NOT LIKE")):
            if expression is None:
                continue
            # The database's lower() may know less letters than ours: what was typed is
            # compared, too, as the database would fold it.
            exact = _DIALECTS[backend].exactly.format(expression)
            terms = [
                f"{expression} {shape} '%@%'",
                f"{exact} IN (:canonical, lower(:identifier))",
            ]
            if self.folds and backend == "mysql":
                terms.append(MYSQL_INDEXED.format(expression, ""))
            asked.append(f"({' AND '.join(terms)})")
        return " OR ".join(asked)


def _backend(database: LegacyDatabase) -> str:
    name = database.engine.dialect.name
    return "mysql" if name == "mariadb" else name


def checked_name(text: str) -> str:
    """
    Return *text* if it can be the name of a table or column, with a schema or not.

    Raises:
        migratekit.errors.ConfigurationError: If it cannot.
    """
    parts = text.split(".") if isinstance(text, str) else []
    if 0 < len(parts) <= 2 and all(map(_NAME.fullmatch, parts)):
        return text
    raise ConfigurationError(
        "The name of a table or column has letters, digits and underscores only."
    )


def prefixed(prefix: str, *tables: str) -> dict[str, str]:
    """
    Return the names of *tables* with their *prefix*, by their names without it.

    Raises:
        migratekit.errors.ConfigurationError: If the prefix cannot be one.
    """
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            "A table prefix has letters, digits and underscores only."
        )
    return {table: prefix + table for table in tables}


def number(value: int) -> int:
    """
    Return *value* if it is a number that may stand in a query.

    Raises:
        migratekit.errors.ConfigurationError: If it is not.
    """
    if type(value) is not int or value < 0:
        raise ConfigurationError("An id is an int, and not negative.")
    return value


def flag(condition: str) -> str:
    """
    Return the expression that is 1 where *condition* holds, and 0 elsewhere.
    """
    # A condition over NULL does not hold; ask so that this is the safe answer.
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


def unless(condition: str) -> str:
    """
    Return the expression that is 0 where *condition* holds, and 1 elsewhere.
    """
    return f"CASE WHEN {condition} THEN 0 ELSE 1 END"


def text(expression: str) -> str:
    """
    Return the expression that is NULL where *expression* is empty.
    """
    return f"NULLIF({expression}, '')"
