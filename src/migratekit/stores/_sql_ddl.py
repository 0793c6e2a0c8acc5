"""
The schema of the SQL stores as a script, for those who make tables by themselves.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import URL, Dialect, Insert, insert, null
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from migratekit.stores._sql_schema import SCHEMA_VERSION, metadata, schema


def script(dialect_name: str) -> str:
    """
    Return the SQL that makes what `migratekit.stores.sql.SQLStore.create_schema()`
    makes; no driver is needed.

    Args:
        dialect_name: What SQLAlchemy calls the database, such as ``mssql``.
    """
    dialect = URL.create(dialect_name).get_dialect()()
    statements = [_text(statement, dialect) for statement in _statements()]
    if dialect.name == "oracle":
        # It commits nothing but DDL by itself.
        statements.append("COMMIT")
    return "".join(f"{statement};\n\n" for statement in statements)


def _statements() -> Iterator[ExecutableDDLElement | Insert]:
    for table in metadata.sorted_tables:
        yield CreateTable(table)
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield CreateIndex(index)
    yield insert(schema).values(id=1, version=SCHEMA_VERSION, source_name=null())


def _text(statement: ExecutableDDLElement | Insert, dialect: Dialect) -> str:
    options = {} if isinstance(statement, ExecutableDDLElement) else _LITERAL
    compiled = statement.compile(dialect=dialect, compile_kwargs=options)
    lines = str(compiled).strip().replace("\t", "    ").splitlines()
    return "\n".join(line.rstrip() for line in lines)


_LITERAL: Final = {"literal_binds": True}
