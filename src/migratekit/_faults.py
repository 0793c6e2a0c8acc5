"""
What a database's driver may tell of its failure without telling a secret.

The text of its exception may hold what was asked, and so a hash.  A number or a code
cannot, and neither can those words of ours that say what such a text says.
"""

import re
from typing import Final


_SQLSTATE: Final = re.compile(r"[0-9A-Z]{5}", re.ASCII)
_NAMED: Final = re.compile(r"SQLITE_[A-Z_]{1,40}|[A-Z]{3}-[0-9]{4,5}", re.ASCII)
_HIGHEST: Final = 99_999

# A libpq that gets no connection has no code to give.
_WORDS: Final = tuple(
    (re.compile(text, re.ASCII), words)
    for text, words in (
        ("Connection refused", "connection refused"),
        ("resolve host|translate host name", "no such host"),
        ("password authentication failed", "password authentication failed"),
        ('role ".*" does not exist', "no such role"),
        ('database ".*" does not exist', "no such database"),
        (r"no pg_hba\.conf entry", "no pg_hba.conf entry"),
        ("timeout expired|connection timeout", "no connection in time"),
    )
)


def fault_of(error: BaseException) -> str:
    """
    Return the type of *error*, and what its driver says it is, as far as it says so.
    """
    name = type(error).__name__
    # SQLAlchemy puts its own exception around the driver's.
    origin = getattr(error, "orig", None)
    if not isinstance(origin, BaseException):
        return name
    code = _code(origin)
    if code is not None:
        return f"{name} {code}"
    text = str(origin)
    said = (words for pattern, words in _WORDS if pattern.search(text))
    return ", ".join([name, *said][:2])


def _code(error: BaseException) -> str | None:
    """
    Return the number of PyMySQL and pymssql, or the code of psycopg, asyncpg, SQLite
    or Oracle.
    """
    first = error.args[0] if error.args else None
    if type(first) is int and 0 < first <= _HIGHEST:
        return str(first)
    state = getattr(error, "sqlstate", None)
    if type(state) is str and _SQLSTATE.fullmatch(state):
        return state
    for named in (
        getattr(error, "sqlite_errorname", None),
        getattr(first, "full_code", None),
    ):
        if type(named) is str and _NAMED.fullmatch(named):
            return named
    return None
