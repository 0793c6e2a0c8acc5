"""
Sources for well-known products: their tables, flags and hashes in one call each.
"""

from migratekit.sources.products._board_hashes import (
    VBulletin5Hashes,
    XenForoHashes,
)
from migratekit.sources.products._boards import (
    discourse,
    phpbb,
    vbulletin,
    vbulletin5,
    xenforo,
)
from migratekit.sources.products._cms import (
    drupal,
    drupal7,
    joomla,
    mediawiki,
    moodle,
    wordpress,
)
from migratekit.sources.products._frameworks import (
    devise,
    django,
    flask_security,
    laravel,
    rails,
    symfony,
)
from migratekit.sources.products._identity import keycloak, nextcloud, supabase
from migratekit.sources.products._shops import magento1, magento2


__all__ = [
    "VBulletin5Hashes",
    "XenForoHashes",
    "devise",
    "discourse",
    "django",
    "drupal",
    "drupal7",
    "flask_security",
    "joomla",
    "keycloak",
    "laravel",
    "magento1",
    "magento2",
    "mediawiki",
    "moodle",
    "nextcloud",
    "phpbb",
    "rails",
    "supabase",
    "symfony",
    "vbulletin",
    "vbulletin5",
    "wordpress",
    "xenforo",
]
