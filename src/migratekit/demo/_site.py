"""
What the steps of the demo share: the connection, and a look at the rows behind it.
"""

import sqlite3
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias, TypeVar

import attrs
import sqlalchemy as sa

from migratekit import Connection
from migratekit.demo._legacy import People, Person
from migratekit.errors import MigrateKitError
from migratekit.formats import presets
from migratekit.sources.sql import SQLSource
from migratekit.stores.sql import SQLStore


E = TypeVar("E", bound=MigrateKitError)
Rows: TypeAlias = dict[str, list[dict[str, Any]]]

_QUERY: Final = """
    SELECT ID, user_login, user_pass, user_email, user_registered, display_name,
        EXISTS (
            SELECT 1 FROM wp_usermeta
            WHERE user_id = ID AND meta_key = 'account_blocked' AND meta_value = '1'
        ) AS blocked
    FROM wp_users
    WHERE lower(user_email) = :canonical OR lower(user_login) = :canonical
"""
_COLUMNS: Final = {
    "ID": "user_id",
    "user_login": "username",
    "user_pass": "password_hash",
    "user_email": "email",
    "user_registered": "created_at",
    "display_name": "name",
}


class MisbehavedError(Exception):
    """
    Something in the demo is not as it was said to be.
    """


@attrs.define
class Site:
    """
    A site in the middle of its migration.

    Args:
        people: Who was in the legacy database.
        legacy: The file of the legacy database.
        store: The file of the new one.
        log: The file that the library logs to.
        connection: What the application would use.
        out: Where the demo talks to.
    """

    people: People
    legacy: Path
    store: Path
    log: Path
    connection: Connection
    out: TextIO

    def say(self, text: str) -> None:
        """
        Tell what happens, in plain words.
        """
        text = " ".join(text.split())
        lines = textwrap.wrap(text, 76, initial_indent="  ", subsequent_indent="  ")
        print("\n".join(lines), file=self.out)

    def check(self, holds: bool, claim: str) -> None:
        """
        Tell a *claim* that holds.

        Raises:
            MisbehavedError: If it does not.
        """
        if holds is not True:
            raise MisbehavedError(f"This does not hold: {claim}")
        lines = textwrap.wrap(
            claim, 76, initial_indent="  ok   ", subsequent_indent="       "
        )
        print("\n".join(lines), file=self.out)

    def log_in(self, person: Person) -> bool:
        """
        Log somebody in by their e-mail; return whether that moved them.
        """
        return self.connection.authenticate(person.email, person.password).migrated

    def stored(self, person: Person) -> dict[str, Any]:
        """
        Return the row of *person* in the new database, or an empty dict.
        """
        rows = rows_of(self.store)["migratekit_users"]
        legacy_id = f"blog|{person.number}"
        return next((row for row in rows if row["legacy_id"] == legacy_id), {})

    def ledger(self, person: Person) -> set[tuple[str, str]]:
        """
        Return the kind and value of the ledger's rows that belong to *person*.
        """
        rows = rows_of(self.store)["migratekit_ledger"]
        legacy_id = f"blog|{person.number}"
        return {(r["kind"], r["value"]) for r in rows if r["legacy_id"] == legacy_id}

    @contextmanager
    def unwritten(self) -> Iterator[None]:
        """
        Check that what happens meanwhile writes nothing, on either side.
        """
        rows, file = rows_of(self.store), self.legacy.read_bytes()
        yield
        same = rows == rows_of(self.store) and file == self.legacy.read_bytes()
        self.check(same, "Nothing was written, neither here nor there.")

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        """
        Move the legacy database away meanwhile.
        """
        away = self.legacy.with_suffix(".away")
        self.legacy.rename(away)
        try:
            yield
        finally:
            away.rename(self.legacy)

    @contextmanager
    def legacy_queries(self) -> Iterator[list[str]]:
        """
        Collect the statements that the legacy database gets meanwhile.
        """
        statements: list[str] = []

        def note(
            connection: sa.Connection, _cursor: object, statement: str, *_rest: object
        ) -> None:
            if str(connection.engine.url.database).endswith(self.legacy.name):
                statements.append(statement)

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)


def rows_of(path: Path) -> Rows:
    """
    Return all rows of a SQLite file, by table, as plain `sqlite3` reads them.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        names = [name for (name,) in connection.execute(query)]
        return {
            name: [
                dict(row)
                for row in connection.execute(f"SELECT * FROM {name}")  # noqa: S608
            ]
            for name in names
        }


def refusal(kind: type[E], ask: Callable[[], object]) -> E:
    """
    Return the error of that kind that *ask* raises.

    Raises:
        MisbehavedError: If it raises none, or one of another kind.
    """
    try:
        ask()
    except kind as error:
        return error
    except MigrateKitError as error:
        other = f"{type(error).__name__}: {error}"
    else:
        other = "nothing"
    raise MisbehavedError(f"{kind.__name__} should have been raised, not {other}")


@contextmanager
def open_connection(legacy: Path, store: Path, key: str) -> Iterator[Connection]:
    """
    Open the connection that an application would make, with default parameters.
    """
    source = SQLSource(
        sa.URL.create("sqlite", database=str(legacy)),
        _QUERY,
        format=presets.wordpress(),
        columns=_COLUMNS,
    )
    with source, SQLStore(sa.URL.create("sqlite", database=str(store))) as users:
        users.create_schema()
        yield Connection(
            users,
            source.with_count("SELECT count(*) FROM wp_users"),
            source_name="blog",
            secret_key=key,
        )
