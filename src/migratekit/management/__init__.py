"""
Settings of connections that are kept in the store, for a whole fleet to follow.
"""

from migratekit.management._auth0 import Auth0Import
from migratekit.management._live import LiveSettings
from migratekit.management._management import Management


__all__ = ["Auth0Import", "LiveSettings", "Management"]
