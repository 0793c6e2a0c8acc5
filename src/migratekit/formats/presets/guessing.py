"""
Which hashes are quick to guess, for those who know no more than a name.

Schemes say it themselves, see `migratekit.formats.scheme.quick_of()`; here it stands by
the names of the presets that are made of them, whatever their arguments.
"""

# ruff: noqa: SIM905

import re
from typing import Final


# Digests, also iterated ones, and other hashes all of which are quick to guess.
QUICK: Final = frozenset(
    """
    apr_md5_crypt aspnet_membership atlassian authlogic bsdi_crypt cakephp2 cleartext
    coldfusion10 des_crypt drupal7 fshp htdigest ipb joomla_md5 ldap_digest macos_salted
    magento1 md5_crypt mongodb_cr mssql2000 mssql2005 mssql2012 mybb mysql323 mysql41
    nthash oracle10 oracle11 oracle12 oscommerce peoplesoft phpass postgres_md5 punbb
    raw raw_md5 raw_sha1 raw_sha256 raw_sha384 raw_sha512 recipe redmine
    restful_authentication sap_h sha1_crypt smf spring_digest spring_standard
    sun_md5_crypt symfony_digest umbraco7 vbulletin woltlab1 xenforo1
    """.split()
)
# Products that store several kinds, and PBKDF2, which is quick below so many rounds.
EITHER: Final = frozenset(
    """
    aix aspnet_identity clearance comeonin crypt cta_pbkdf2_sha1 devise discourse django
    dokuwiki dovecot flask_security fusionauth generic_pbkdf2 gitea grub_pbkdf2 htpasswd
    jenkins joomla keycloak kratos ldap ldap_crypt ldap_pbkdf2 macos_pbkdf2 magento2
    mediawiki mongodb_scram moodle nextcloud opencart passlib_context passlib_pbkdf2
    passport_local_mongoose phpbb3 postgres_scram prestashop shiro spring spring_pbkdf2
    symfony_pbkdf2 typo3 web2py werkzeug wordpress
    """.split()
)
# Those whose makers meant all their hashes to be slow.
SLOW: Final = frozenset(
    """
    argon2 bcrypt bcrypt_of bcrypt_of_md5 bcrypt_of_sha1 bcrypt_of_sha256
    bcrypt_of_sha512 bcrypt_pepper crypt_scrypt7 firebase generic_scrypt gost_yescrypt
    ldap_bcrypt meteor mysql_caching_sha2 passlib_bcrypt_sha256 password_hash phc_scrypt
    sha256_crypt sha512_crypt smf21 supabase vbulletin5 woltlab2 wordpress_bcrypt
    yescrypt
    """.split()
)
# What sources call so may have old MD5 hashes among them.
_SHARED: Final = frozenset({"vbulletin5"})

# As `migratekit.passwords.format_of()` writes it, with costs or with what is wrapped,
# or of a slow hash that is sealed.
_KNOWN: Final = re.compile(
    r"argon2(?:id|i|d)(?: .*|\(.*\))|.+\((?:bcrypt|argon2|scrypt|pbkdf2)\)", re.DOTALL
)


def is_slow(label: str) -> bool:
    """
    Return whether a store's hashes that it counts as *label* are known to be slow to
    guess, all of them.
    """
    return label in SLOW - _SHARED or _KNOWN.fullmatch(label) is not None
