"""
How databases find text in any letter case.
"""

from typing import Final


_LOWERED: Final = "lower({0}) IN (:canonical, lower(:identifier))"
# SQL Server and MySQL compare in any letter case, and use an index for it.
_ANY_CASE: Final = "{0} IN (:canonical, :identifier)"
# To MySQL á is a, too.
MYSQL_BYTES: Final = "CONVERT({0} USING utf8mb4) COLLATE utf8mb4_bin"
# Finds candidates by MySQL's index on a column in any encoding; {1} is a function or
# nothing.  All encodings have ASCII; what a column cannot hold would be an error, so
# that the rest is looked for without an index.
MYSQL_INDEXED: Final = (
    "({0} IN (CONVERT({1}(:canonical) USING ascii),"
    " CONVERT({1}(:identifier) USING ascii))"
    " OR CONVERT(:identifier USING ascii) <> CONVERT(:identifier USING utf8mb4)"
    # Nor does an index help that tells letter case apart.
    " OR RIGHT(COLLATION({0}), 3) <> '_ci')"
)
_CONDITIONS: Final = {
    "mssql": _ANY_CASE,
    "mysql": (
        f"({MYSQL_INDEXED.replace('{1}', '')}"
        f" AND {_LOWERED.replace('{0}', MYSQL_BYTES)})"
    ),
}


def backend_of(dialect: str) -> str:
    """
    Return which database the dialect of that name speaks to.
    """
    return "mysql" if dialect == "mariadb" else dialect


def in_any_case(column: str, backend: str) -> str:
    """
    Return the condition that *column* is the asked identifier, in any letter case.
    """
    return _CONDITIONS.get(backend, _LOWERED).replace("{0}", column)
