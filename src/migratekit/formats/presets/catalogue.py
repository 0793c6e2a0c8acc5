"""
The table of systems that the documentation shows.
"""

# A table reads best with a row on a line.
# ruff: noqa: E501

from typing import Final

import attrs

from migratekit.formats.presets.guessing import EITHER, QUICK


@attrs.frozen
class Entry:
    """
    A system and its preset.

    Args:
        system: What people call it.
        versions: Of which versions.
        preset: A call of `migratekit.formats.presets`.
        example: How a stored text begins, or the whole of a short one.
        vectors: The name of the format in the test vectors; empty if there are none.
        beside: What else a row must give.
    """

    system: str
    versions: str
    preset: str
    example: str
    vectors: str
    beside: str = ""


def table() -> str:
    """
    Return all entries as a table in Markdown.
    """
    lines = [
        "| System | Versions | Preset | A stored text begins | Beside it | Wrapped | Vectors |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in sorted(CATALOGUE, key=lambda entry: entry.system.lower()):
        cells = (
            entry.system,
            entry.versions,
            f"`{entry.preset}`",
            f"`{entry.example}`",
            entry.beside or "–",
            wrapped(entry.preset.partition("(")[0]),
            f"`{entry.vectors}`" if entry.vectors else "none",
        )
        lines.append(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        )
    return "\n".join(lines) + "\n"


def wrapped(preset: str) -> str:
    """
    Return which hashes of a preset an import can wrap: ``yes``, ``no``, or those that
    are weak.
    """
    if preset in QUICK:
        return "yes"
    return "weak ones" if preset in EITHER else "no"


_SALT: Final = "salt"
_USER: Final = "user name"

# fmt: off
CATALOGUE: Final = (
    # In PHP.
    Entry("any `password_hash()`", "PHP 5.5 on", "password_hash()", "$2y$10$", "bcrypt"),
    Entry("CakePHP", "1, 2", "cakephp2(security_salt=…)", "4f2a9862", ""),
    Entry("DokuWiki", "all", "dokuwiki()", "$1$", "md5_crypt"),
    Entry("Drupal", "7 to 10.0", "drupal7()", "$S$", "drupal7"),
    Entry("Drupal", "10.1 on", "password_hash()", "$2y$10$", "bcrypt"),
    Entry("Invision Power Board", "2, 3", "ipb()", "022f7e02", "mybb_ipb_md5", _SALT),
    Entry("Joomla", "1.0 to 2.5", "joomla_md5()", "f04ba934", "joomla_md5"),
    Entry("Joomla", "all", "joomla()", "$P$", "phpass"),
    Entry("Laravel", "4 on", "password_hash()", "$2y$10$", "bcrypt"),
    Entry("Magento", "1", "magento1()", "67a1e09b", "magento1_md5"),
    Entry("Magento", "2", "magento2()", "a1c7fc88", "magento2"),
    Entry("MediaWiki", "all", "mediawiki()", ":B:", "mediawiki"),
    Entry("Moodle", "all", "moodle(pepper=…)", "$6$", "sha512_crypt"),
    Entry("MyBB", "1", "mybb()", "022f7e02", "mybb_ipb_md5", _SALT),
    Entry("Nextcloud, ownCloud", "all", "nextcloud(passwordsalt=…)", "1|$2a$", "nextcloud"),
    Entry("OpenCart", "1.5 on", "opencart()", "5b5ff548", "opencart_sha1", _SALT),
    Entry("osCommerce, Zen Cart", "2.2; 1", "oscommerce()", "c02e8eef", "oscommerce_md5"),
    Entry("phpBB", "3", "phpbb3()", "$H$", "phpass_phpbb3"),
    Entry("phpass", "all", "phpass()", "$P$", "phpass"),
    Entry("PrestaShop", "up to 1.6", "prestashop(cookie_key=…)", "443ab33c", "prestashop_md5"),
    Entry("PunBB, FluxBB", "1.3, 1.4; 1.4", "punbb()", "d1e8e70b", "punbb_sha1", _SALT),
    Entry("SMF", "1.1, 2.0", "smf()", "fb10111f", "smf_sha1", _USER),
    Entry("SMF", "2.1", "smf21()", "$2y$", "smf21_bcrypt", _USER),
    Entry("Symfony", "2 on, message digest", "symfony_digest()", "nAui3zK", "symfony_digest", _SALT),
    Entry("Symfony", "2 on, PBKDF2", "symfony_pbkdf2()", "+MUAgYq", "symfony_pbkdf2", _SALT),
    Entry("TYPO3", "4.3 on", "typo3()", "$pbkdf2-sha256$", "passlib_pbkdf2"),
    Entry("vBulletin", "3, 4", "vbulletin()", "f23a8241", "vbulletin_md5", _SALT),
    Entry("vBulletin", "5", "vbulletin5()", "$2y$", "bcrypt_of_md5"),
    Entry("WoltLab, Burning Board", "1; 3", "woltlab1()", "7f8d1951", "wcf1_sha1", _SALT),
    Entry("WoltLab, Burning Board", "2 on; 4 on", "woltlab2()", "$2a$08$", "wcf2_bcrypt"),
    Entry("WordPress", "all", "wordpress()", "$P$B", "phpass"),
    Entry("WordPress", "6.8 on", "wordpress_bcrypt()", "$wp$2y$10$", "wordpress_bcrypt"),
    Entry("XenForo", "1.0, 1.1", "xenforo1()", "7f65d2fa", "xenforo1", _SALT),
    Entry("XenForo", "1.2 on", "password_hash()", "$2y$10$", "bcrypt"),
    # In Python.
    Entry("Django", "all", "django()", "pbkdf2_sha256$", "django"),
    Entry("Flask, Werkzeug", "all", "werkzeug()", "scrypt:32768:8:1$", "werkzeug"),
    Entry("Flask-Security", "all", "flask_security(password_salt=…)", "$2b$", "flask_security"),
    Entry("passlib's bcrypt_sha256", "1, 2", "passlib_bcrypt_sha256()", "$bcrypt-sha256$", "passlib_bcrypt_sha256"),
    Entry("passlib's CryptContext", "all", "passlib_context()", "$pbkdf2-sha512$", "passlib_pbkdf2"),
    Entry("passlib's PBKDF2", "all", "passlib_pbkdf2()", "$pbkdf2-sha256$", "passlib_pbkdf2"),
    Entry("passlib's scrypt", "all", "phc_scrypt()", "$scrypt$ln=", "phc_scrypt"),
    Entry("web2py, py4web", "all", "web2py()", "pbkdf2(1000,20,sha512)$", "web2py"),
    # In Ruby, JavaScript, Elixir and Go.
    Entry("Authlogic", "1 on", "authlogic()", "c4f54602", "authlogic", _SALT),
    Entry("Clearance", "before 1.0", "clearance()", "0f40bbae", "clearance_sha1", _SALT),
    Entry("Devise, Rails, Mastodon, GitLab", "all", "devise(pepper=…)", "$2a$08$", "bcrypt_pepper"),
    Entry("Discourse", "all", "discourse(algorithm=…)", "53dc7d47", "discourse_pbkdf2", _SALT),
    Entry("Gitea, Forgejo, Gogs", "all", "gitea(algorithm=…)", "ab48d547", "gitea", _SALT),
    Entry("Go's x/crypto/bcrypt", "all", "bcrypt()", "$2a$10$", "bcrypt"),
    Entry("Meteor", "all", "meteor()", "$2b$", "bcrypt_of_sha256"),
    Entry("Node's bcrypt, bcryptjs", "all", "bcrypt()", "$2b$", "bcrypt"),
    Entry("passport-local-mongoose", "5 on", "passport_local_mongoose()", "9e", "passport_local_mongoose", _SALT),
    Entry("Phoenix with Comeonin", "all", "comeonin()", "$pbkdf2-sha512$", "passlib_pbkdf2"),
    Entry("Redmine", "1.2 on", "redmine()", "b5b6ff95", "redmine_sha1", _SALT),
    Entry("restful_authentication", "all", "restful_authentication(site_key=…)", "93110f71", "restful_authentication", _SALT),
    # On Java and .NET.
    Entry("ASP.NET Core Identity", "2, 3", "aspnet_identity()", "AQAAAA", "aspnet_identity"),
    Entry("ASP.NET Membership", "format 1", "aspnet_membership()", "UQgnz/vP", "aspnet_membership", _SALT),
    Entry("ColdFusion", "10 on", "coldfusion10()", "DA56DD91", "coldfusion10", _SALT),
    Entry("Jenkins", "all", "jenkins()", "#jbcrypt:", "jenkins"),
    Entry("Jira, Confluence, Crowd", "all", "atlassian()", "{PKCS5S2}", "atlassian_pkcs5s2"),
    Entry("PeopleSoft", "all", "peoplesoft()", "zI+gYK7", "peoplesoft"),
    Entry("Shiro", "1, 2", "shiro(private_salt=…)", "$shiro1$", "shiro"),
    Entry("Spring Security", "5 on", "spring()", "{pbkdf2@", "spring_delegating"),
    Entry("Spring Security", "message digest", "spring_digest()", "{THIS_IS_A_SALT}a6", "spring_digest"),
    Entry("Spring Security", "PBKDF2", "spring_pbkdf2(secret=…)", "ab1146a8", "spring_pbkdf2"),
    Entry("Spring Security", "standard encoder", "spring_standard(secret=…)", "00000000000000001cf3fbda", ""),
    Entry("Umbraco", "up to 7", "umbraco7()", "lQoiuGyD", ""),
    # Identity providers.
    Entry("Firebase Authentication", "all", "firebase(signer_key=…)", "zKVTMvnW", "firebase_scrypt", _SALT),
    Entry("FusionAuth", "all", "fusionauth(scheme=…)", "GohyH5x4", "fusionauth", _SALT),
    Entry("Keycloak", "all", "keycloak(algorithm=…, iterations=…)", "lPqkCdht", "keycloak", _SALT),
    Entry("Ory Kratos, imports", "all", "kratos()", "$pbkdf2-sha256$i=", "phc_envelope"),
    Entry("Supabase", "all", "supabase()", "$2a$", "bcrypt"),
    # Directories and mail.
    Entry("Active Directory, Samba", "all", "nthash()", "8bd6e4fb", "nthash"),
    Entry("Dovecot", "2", "dovecot()", "{CRAM-MD5}", "dovecot"),
    Entry("LDAP, all schemes", "all", "ldap()", "{SSHA}", "ldap_digest"),
    Entry("LDAP, {BCRYPT}", "all", "ldap_bcrypt()", "{BCRYPT}", "ldap_bcrypt"),
    Entry("LDAP, {CRYPT}", "all", "ldap_crypt()", "{CRYPT}$6$", "ldap_crypt"),
    Entry("LDAP, {PBKDF2}", "all", "ldap_pbkdf2()", "{PBKDF2-SHA256}", "ldap_pbkdf2"),
    Entry("LDAP, {SSHA}", "all", "ldap_digest()", "{SSHA}", "ldap_digest"),
    Entry("SAP", "codvn H", "sap_h()", "{x-issha, 1024}", "sap_h"),
    # Unix.
    Entry("AIX", "all", "aix()", "{ssha256}06$", "aix"),
    Entry("Apache htdigest", "all", "htdigest(realm=…)", "c5b134cd", "htdigest", _USER),
    Entry("Apache htpasswd", "all", "htpasswd()", "$apr1$", "apr_md5_crypt"),
    Entry("crypt(3), all families", "all", "crypt()", "$6$", "sha512_crypt"),
    Entry("crypt(3), BSDi", "all", "bsdi_crypt()", "_J9..", "bsdi_crypt"),
    Entry("crypt(3), DES", "all", "des_crypt()", "CCX.K.MFy4Ois", "des_crypt"),
    Entry("crypt(3), GOST yescrypt", "all", "gost_yescrypt()", "$gy$", "gost_yescrypt"),
    Entry("crypt(3), MD5", "all", "md5_crypt()", "$1$", "md5_crypt"),
    Entry("crypt(3), MD5 of Apache", "all", "apr_md5_crypt()", "$apr1$", "apr_md5_crypt"),
    Entry("crypt(3), MD5 of Sun", "all", "sun_md5_crypt()", "$md5,rounds=", "sun_md5_crypt"),
    Entry("crypt(3), scrypt", "all", "crypt_scrypt7()", "$7$", "crypt_scrypt7"),
    Entry("crypt(3), SHA-1 of NetBSD", "all", "sha1_crypt()", "$sha1$", "sha1_crypt"),
    Entry("crypt(3), SHA-256", "all", "sha256_crypt()", "$5$", "sha256_crypt"),
    Entry("crypt(3), SHA-512", "all", "sha512_crypt()", "$6$", "sha512_crypt"),
    Entry("crypt(3), yescrypt", "all", "yescrypt()", "$y$", "yescrypt"),
    Entry("Cryptacular", "all", "cta_pbkdf2_sha1()", "$p5k2$", "cta_pbkdf2_sha1"),
    Entry("FSHP", "0 to 3", "fshp()", "{FSHP1|8|4096}", "fshp"),
    Entry("GRUB", "2", "grub_pbkdf2()", "grub.pbkdf2.sha512.", "grub_pbkdf2"),
    Entry("macOS", "10.4 to 10.7", "macos_salted()", "86586886", "macos_salted"),
    Entry("macOS", "10.8 on", "macos_pbkdf2()", "$ml$", "macos_pbkdf2"),
    # Databases.
    Entry("MongoDB", "2", "mongodb_cr()", "bf99d55d", "mongodb_cr", _USER),
    Entry("MongoDB", "3 on", "mongodb_scram(algorithm=…)", "H6A5RF0q", "mongodb_scram", "salt, user name"),
    Entry("MySQL", "before 4.1", "mysql323()", "6f8c114b", "mysql323"),
    Entry("MySQL, MariaDB", "4.1 on", "mysql41()", "*F9F14700", "mysql41"),
    Entry("MySQL", "8", "mysql_caching_sha2()", "2ctmibqB", "mysql_caching_sha2", _SALT),
    Entry("Oracle", "up to 10g", "oracle10()", "F894844C", "oracle10", _USER),
    Entry("Oracle", "11g", "oracle11()", "S:5FDAB69F", "oracle11"),
    Entry("Oracle", "12c", "oracle12()", "T:EDA9535A", "oracle12"),
    Entry("PostgreSQL", "up to 13", "postgres_md5()", "md540c31989", "postgres_md5", _USER),
    Entry("PostgreSQL", "10 on", "postgres_scram()", "SCRAM-SHA-256$4096:", "postgres_scram"),
    Entry("SQL Server", "7, 2000", "mssql2000()", "0x0100", "mssql2000"),
    Entry("SQL Server", "2005, 2008", "mssql2005()", "0x0100", "mssql2005"),
    Entry("SQL Server", "2012 on", "mssql2012()", "0x0200", "mssql2012"),
    # Home-made.
    Entry("home-made, any digest", "", "recipe('sha1($salt.$pass)')", "a428863972", "generic_digest", _SALT),
    Entry("home-made, argon2", "", "argon2()", "$argon2id$", "argon2"),
    Entry("home-made, bcrypt and a pepper", "", "bcrypt_pepper(pepper=…)", "$2a$08$", "bcrypt_pepper"),
    Entry("home-made, bcrypt of MD5", "", "bcrypt_of_md5()", "$2y$", "bcrypt_of_md5"),
    Entry("home-made, bcrypt of SHA-1", "", "bcrypt_of_sha1()", "$2b$", "bcrypt_of_sha1"),
    Entry("home-made, bcrypt of SHA-256", "", "bcrypt_of_sha256()", "$2b$", "bcrypt_of_sha256"),
    Entry("home-made, bcrypt of SHA-512", "", "bcrypt_of_sha512()", "$2b$", "bcrypt_of_sha512"),
    Entry("home-made, MD5", "", "raw_md5()", "098f6bcd", "raw_md5"),
    Entry("home-made, PBKDF2", "", "generic_pbkdf2()", "sha256:1000:", "generic_pbkdf2"),
    Entry("home-made, scrypt", "", "generic_scrypt()", "SCRYPT:16384:8:1:", "generic_scrypt"),
    Entry("home-made, SHA-1", "", "raw_sha1()", "c3e337f0", "raw_sha1"),
    Entry("home-made, SHA-256", "", "raw_sha256()", "a49c2c9d", "raw_sha256"),
    Entry("home-made, SHA-384", "", "raw_sha384()", "47f05d36", "raw_sha384"),
    Entry("home-made, SHA-512", "", "raw_sha512()", "82a9dda8", "raw_sha512"),
)
