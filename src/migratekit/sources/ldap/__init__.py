"""
LDAP directories: OpenLDAP, Active Directory and others that speak LDAP version 3.

Needs ``pip install "migratekit[ldap]"``.
"""

try:
    import sansldap  # noqa: F401 -- before the modules that cannot do without
except ImportError:
    raise ImportError('sansldap is missing: pip install "migratekit[ldap]"') from None

from migratekit.sources.ldap._sources import (
    BindPatternSource,
    LDAPSource,
    active_directory,
)


__all__ = ["BindPatternSource", "LDAPSource", "active_directory"]
