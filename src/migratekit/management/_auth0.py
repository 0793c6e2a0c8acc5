"""
An Auth0 connection, as its Management API exports it.
"""

from collections.abc import Mapping

import attrs

from migratekit.errors import ConfigurationError
from migratekit.events import one_line
from migratekit.management._names import Named, named
from migratekit.settings import SettingsChange


_UNDERSTOOD = ("id", "strategy", "options")


@attrs.frozen
class Auth0Import:
    """
    What became of an Auth0 connection.

    Args:
        change: What was stored.

        unknown:
            The names of what the document has and no option stands for, escaped; such
            as ``options.customScripts``.

        kept:
            Our names of the options that the document says nothing of.  They are as
            they were, or have their defaults.
    """

    change: SettingsChange
    unknown: tuple[str, ...]
    kept: tuple[str, ...]


@attrs.frozen
class Document:
    """
    What is in the JSON of a connection.
    """

    connection_id: object
    named: Named
    unknown: tuple[str, ...]


def read_document(document: object) -> Document:
    """
    Return what *document* says.

    Raises:
        migratekit.errors.ConfigurationError: If it is no database connection of Auth0.
    """
    if not isinstance(document, Mapping) or "options" not in document:
        raise ConfigurationError(
            "An Auth0 connection is an object with options: export one connection, "
            "with the scope read:connections_options."
        )
    if document.get("strategy", "auth0") != "auth0":
        raise ConfigurationError(
            "The strategy of the connection must be auth0: others have no users of "
            "their own."
        )
    options = named(document["options"])
    beside = [key for key in document if key not in _UNDERSTOOD]
    unknown = (*beside, *(f"options.{name}" for name in options.unknown))
    return Document(document.get("id"), options, tuple(map(one_line, unknown)))
