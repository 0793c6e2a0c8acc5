"""
A source that asks a SQL database with the user's own SELECT.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self, TypeVar

import attrs

from migratekit import formats
from migratekit.errors import AmbiguousUserError, ConfigurationError, ContractError
from migratekit.models import ImportRecord, LegacyUser, RowError
from migratekit.sources._database import LegacyDatabase, opened
from migratekit.sources._likeness import is_asked, is_lookalike
from migratekit.sources._rows import (
    Columns,
    Row,
    columns_of,
    hash_of,
    person_of,
    record_of,
    row_of,
    user_of,
)
from migratekit.validation import canonical, is_possible_password


try:
    import sqlalchemy as sa
except ImportError:
    raise ImportError('SQLAlchemy is missing: pip install "migratekit[sql]"') from None


S = TypeVar("S", bound="SQLSource")

# Which version of the canonical form a parameter is; version 1 is "as typed, trimmed".
_FORMS: Final = {"identifier": 1, "canonical": 2}


@attrs.frozen
class _Query:
    statement: sa.TextClause = attrs.field(repr=False)
    names: frozenset[str]


def _parsed(text: str) -> _Query:
    if type(text) is not str:
        raise ConfigurationError("A query must be text.")
    statement = sa.text(text)
    return _Query(statement, frozenset(statement.compile().params))


def _finding(query: str | _Query) -> _Query:
    if isinstance(query, _Query):
        return query
    parsed = _parsed(query)
    if not parsed.names or not parsed.names <= _FORMS.keys():
        raise ConfigurationError(
            "The query needs :identifier or :canonical, and no other parameter."
        )
    return parsed


def _unasked(query: str, what: str) -> _Query:
    parsed = _parsed(query)
    if parsed.names:
        raise ConfigurationError(f"The {what} query must have no parameters.")
    return parsed


@attrs.frozen
class _More:
    """
    What a source can do besides, and by which query.
    """

    count: _Query | None = None
    listing: _Query | None = None


@attrs.frozen(repr=False, eq=False)
class SQLSource:
    """
    Asks a database with a SELECT of your own.  Only reads.

    A database that is given by its URL is opened read-only where it can be (SQLite),
    and asked in read-only transactions where there are any (PostgreSQL, MySQL,
    MariaDB).  All the same, give it an account that may do no more than SELECT.

    Where the URL names PyMySQL, psycopg, oracledb or pymssql, and no other limits, the
    driver waits two seconds for a connection and five for an answer; pymssql encrypts.

    Args:
        url_or_engine:
            Where the database is, as SQLAlchemy spells it; or an engine, made with
            ``hide_parameters=True``, which stays yours to dispose of.

        query:
            A SELECT that gives at most one row.  ``:identifier`` is what was typed,
            trimmed; ``:canonical`` is its form of `migratekit.validation.canonical()`:
            trimmed, NFC, lower case.  The values are bound, never put in the text.

        format:
            What the hashes are; see `migratekit.formats.resolve()`.

        columns:
            What a column means, by its name in any letter case.  A field of
            `migratekit.models.LegacyUser`, ``profile.KEY`` for any key (the well-known
            ones without the prefix too), or one of ``password_hash``,
            ``password_salt``, ``password_salt2``, ``password_username`` and
            ``password_format``.  A column that is not mentioned means what it is
            called; one that is called otherwise is ignored.

    Values are converted strictly.  Ids are text, integers or UUIDs; flags are 0 and 1,
    t and f, y and n, true and false or yes and no; metadata is a JSON object; times
    are dates, ISO 8601 or seconds since 1970, and UTC if they have no zone; bytes are
    UTF-8, but for salts.  NULL is as good as no column.

    Raises:
        migratekit.errors.ConfigurationError:
            If the URL, the engine, the query's parameters, the format or the columns
            cannot be used.
    """

    _database: LegacyDatabase = attrs.field(converter=opened, alias="url_or_engine")
    _query: _Query = attrs.field(converter=_finding, alias="query")
    format: formats.LegacyFormat = attrs.field(converter=formats.resolve, kw_only=True)
    _columns: Columns = attrs.field(
        default=None, converter=columns_of, alias="columns", kw_only=True
    )
    _more: _More = attrs.field(default=_More(), alias="more", kw_only=True)

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, else None.

        A row without a hash is nobody's who could log in.  One whose e-mail or username
        only looks like *identifier*, as á does to some databases, is somebody else's.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
            migratekit.errors.UnusableHashError: If the hash can never be verified.
            migratekit.errors.ContractError:
                If the row is not what it should be, or somebody else's altogether.
        """
        if not is_possible_password(password):
            return None
        row = self._find(identifier)
        stored = None if row is None else hash_of(row)
        if row is None or stored is None:
            return None
        # Before the password: the error would tell whoever guesses that it is right,
        # by as many spellings as a collation knows.
        if not is_asked(person_of(row), identifier):
            return None
        if formats.verify(self.format, password, stored) is not True:
            return None
        return user_of(row)

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user, or None if there is no row, or one that only looks like theirs.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
            migratekit.errors.ContractError: If the row is not what it should be.
        """
        row = self._find(identifier)
        user = None if row is None else user_of(row)
        if user is None or is_lookalike(user, identifier):
            return None
        # Who is somebody else altogether is the connection's to notice.
        return user

    def with_count(self, query: str, /) -> "CountingSQLSource":
        """
        Return this source as one that can also count its users.

        Args:
            query: A SELECT without parameters that gives one number.

        Raises:
            migratekit.errors.ConfigurationError: If it has parameters.
        """
        more = attrs.evolve(self._more, count=_unasked(query, "counting"))
        kind = CountingSQLSource if more.listing is None else WalkableSQLSource
        return self._as(kind, more)

    def with_listing(self, query: str, /) -> "ListingSQLSource":
        """
        Return this source as one that can also list its users, with their hashes.

        Args:
            query:
                A SELECT without parameters that gives all users, with columns that mean
                what those of the other query do.  Without ``password_hash`` they are
                listed without hashes.

        Raises:
            migratekit.errors.ConfigurationError: If it has parameters.
        """
        more = attrs.evolve(self._more, listing=_unasked(query, "listing"))
        kind = ListingSQLSource if more.count is None else WalkableSQLSource
        return self._as(kind, more)

    def close(self) -> None:
        """
        Close idle connections, unless the engine is not ours.
        """
        if self._database.owned:
            self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        # A password may hide in the parameters of a URL, where nothing masks it.
        url = self._database.engine.url.set(query={})
        return f"{type(self).__name__}({url.render_as_string()!r})"

    def _as(self, kind: type[S], more: _More) -> S:
        return kind(
            self._database,
            self._query,
            format=self.format,
            columns=self._columns,
            more=more,
        )

    def _find(self, identifier: str) -> Row | None:
        try:
            parameters = {
                name: canonical(identifier, strategy_version=_FORMS[name]).value
                for name in self._query.names
            }
        except ValueError:
            # Nobody can be known by what is no identifier.
            return None
        found = self._database.read(self._query.statement, parameters)
        targets = self._columns.targets(found.names)
        if len(found.rows) > 1:
            raise AmbiguousUserError("The query found more than one row.")
        return row_of(targets, found.rows[0]) if found.rows else None


@attrs.frozen(repr=False, eq=False)
class CountingSQLSource(SQLSource):
    """
    A `SQLSource` that can count; made by `SQLSource.with_count()`.
    """

    def count(self) -> int:
        """
        Return the number of users.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
            migratekit.errors.ContractError: If the query did not give one number.
        """
        found = self._database.read(_given(self._more.count).statement, {})
        if len(found.rows) != 1 or len(found.names) != 1:
            raise ContractError("The counting query must give one number.")
        number = found.rows[0][0]
        if type(number) is not int or number < 0:
            raise ContractError("The counting query must give one number.")
        return number


@attrs.frozen(repr=False, eq=False)
class ListingSQLSource(SQLSource):
    """
    A `SQLSource` that can list; made by `SQLSource.with_listing()`.
    """

    def iter_users(self) -> Iterator[ImportRecord | RowError]:
        """
        Yield all users with their hashes, in one read-only transaction.

        They are read as they are asked for, where the driver can.  A row that cannot be
        read is a `migratekit.models.RowError` with its number, counted from 1.

        Raises:
            migratekit.errors.LegacyUnavailableError: If the database did not answer.
            migratekit.errors.ContractError:
                If the query gives no ids, or two columns that mean the same.
        """
        number = 0
        for found in self._database.walk(_given(self._more.listing).statement):
            targets = self._columns.targets(found.names)
            for values in found.rows:
                number += 1
                yield record_of(row_of(targets, values), number)


@attrs.frozen(repr=False, eq=False)
class WalkableSQLSource(CountingSQLSource, ListingSQLSource):
    """
    A `SQLSource` that can count and list.
    """


def _given(query: _Query | None) -> _Query:
    if query is None:
        raise ConfigurationError("Use with_count() and with_listing().")
    return query
