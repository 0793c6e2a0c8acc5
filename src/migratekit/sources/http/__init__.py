"""
Sources that speak HTTP.

Each source has ``login()``, ``get_user()`` and ``with_lookup(other)``, which gives a
source that checks passwords here and looks users up in the other one.

Redirects are never followed, certificates always verified, answers read up to a length
and a deadline, and whatever was not declared to be a yes or a no is an outage.
"""

from migratekit.sources.http._basic import AsyncBasicAuthSource, BasicAuthSource
from migratekit.sources.http._hooks import (
    AsyncFusionAuthSource,
    AsyncKeycloakSource,
    AsyncKratosSource,
    AsyncOktaSource,
    FusionAuthSource,
    KeycloakSource,
    KratosSource,
    OktaSource,
)
from migratekit.sources.http._options import HTTPOptions
from migratekit.sources.http._service import AsyncJSONSource, JSONSource


__all__ = [
    "AsyncBasicAuthSource",
    "AsyncFusionAuthSource",
    "AsyncJSONSource",
    "AsyncKeycloakSource",
    "AsyncKratosSource",
    "AsyncOktaSource",
    "BasicAuthSource",
    "FusionAuthSource",
    "HTTPOptions",
    "JSONSource",
    "KeycloakSource",
    "KratosSource",
    "OktaSource",
]
