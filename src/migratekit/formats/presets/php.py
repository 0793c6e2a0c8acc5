"""
Content management systems, shops and forums in PHP.
"""

from typing import Unpack

from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.crypt import Crypt
from migratekit.formats.digest import Digest
from migratekit.formats.digests import known
from migratekit.formats.format import Format
from migratekit.formats.iterated import Iterated
from migratekit.formats.kdf import Argon2, Pbkdf2
from migratekit.formats.layout import Layout
from migratekit.formats.magento import Magento2
from migratekit.formats.phpass import PHPass
from migratekit.formats.prehash import Prehashed
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.presets._mediawiki import MEDIAWIKI
from migratekit.formats.presets.python import PASSLIB_PBKDF2
from migratekit.formats.scheme import Prefixed, Scheme


# How WordPress' request handling and hashing may have changed a password.
_WORDPRESS: tuple[str, ...] = ("trim", "slashes", "slashes+trim")
_WP_BCRYPT = Prefixed(
    "$wp$",
    Prehashed("b64(hmac_sha384_bin('wp-sha384',$pass))", Bcrypt()),
    put="$",
)
_OLD_BOARD = ("utf-8", "cp1252")


def wordpress(**options: Unpack[Options]) -> Format:
    """
    WordPress, all versions, with bbPress and WooCommerce.

    ``$wp$2y$`` since 6.8, ``$P$`` before; bare MD5 of very old rows, and bcrypt and
    argon2 of plug-ins.  The password is tried as typed, trimmed, and with the slashes
    that ``wp_magic_quotes()`` puts in.  Source: ``pluggable.php`` of 6.8 and 6.1.9.
    """
    scheme = first_of(_WP_BCRYPT, PHPass(), Bcrypt(), Argon2(), Digest("md5($pass)"))
    return made("wordpress", scheme, options, transforms=_WORDPRESS)


def wordpress_bcrypt(**options: Unpack[Options]) -> Format:
    """
    WordPress since 6.8 only: ``$wp$2y$``; see `wordpress()`.
    """
    return made("wordpress_bcrypt", _WP_BCRYPT, options, transforms=_WORDPRESS)


def drupal7(**options: Unpack[Options]) -> Format:
    """
    Drupal 7 to 10.0: ``$S$``, and ``U$S$``, ``U$P$``, ``U$H$`` of an upgrade from 6.

    More than 512 bytes match nothing.  Source: ``password.inc`` and
    ``PhpassHashedPasswordBase.php``.
    """
    both = first_of(PHPass("sha512"), PHPass())
    scheme = first_of(both, Prefixed("U", Prehashed("md5($pass)", both)))
    return made("drupal7", scheme, options, password_bytes=512)


def joomla_md5(**options: Unpack[Options]) -> Format:
    """
    Joomla 1.0 to 2.5: ``md5:salt``, md5(password . salt), or bare md5.

    Source: ``JUserHelper``.
    """
    scheme = first_of(
        Digest("md5($pass.$salt)", layout="{key:hex}:{salt:text}"),
        Digest("md5($pass)"),
    )
    return made("joomla_md5", scheme, options)


def joomla(**options: Unpack[Options]) -> Format:
    """
    Joomla, all versions: bcrypt, argon2, phpass, ``md5:salt``, bare md5.

    Source: ``UserHelper::verifyPassword()``.
    """
    scheme = first_of(
        Bcrypt(),
        Argon2(),
        PHPass(),
        Digest("md5($pass.$salt)", layout="{key:hex}:{salt:text}"),
        Digest("md5($pass)"),
    )
    return made("joomla", scheme, options)


def phpbb3(**options: Unpack[Options]) -> Format:
    """
    Boards of phpBB 3: ``$H$`` of 3.0, bcrypt and argon2 since 3.1.

    The combined hashes of an upgrade (``2y`` behind ``$H``) are not read.

    Source: ``phpbb/passwords/driver``.
    """
    return made("phpbb3", first_of(PHPass(), Bcrypt(), Argon2()), options)


def vbulletin(**options: Unpack[Options]) -> Format:
    """
    Boards of vBulletin 3 and 4: md5(md5(password) . salt), the salt in a column.

    Source: ``class_core.php``; hashcat's modes 2611 and 2711.
    """
    scheme = Digest("md5(md5($pass).$salt)")
    return made("vbulletin", scheme, options, encodings=_OLD_BOARD)


def vbulletin5(**options: Unpack[Options]) -> Format:
    """
    Boards of vBulletin 5, the column ``token``: bcrypt or argon2 of md5(password).

    Source: ``vB_Utility_Password_Algorithm``.
    """
    scheme = Prehashed("md5($pass)", first_of(Bcrypt(), Argon2()))
    return made("vbulletin5", scheme, options)


def mybb(**options: Unpack[Options]) -> Format:
    """
    MyBB 1: md5(md5(salt) . md5(password)), the salt in its own column.

    Source: ``functions_user.php``.
    """
    scheme = Digest("md5(md5($salt).md5($pass))")
    return made("mybb", scheme, options, encodings=_OLD_BOARD)


def ipb(**options: Unpack[Options]) -> Format:
    """
    Invision Power Board 2 and 3: as `mybb()`, after HTML entities were put in.

    Source: ``IPSMember::generateCompiledPasshash()``; the entities from general
    knowledge.
    """
    scheme = Digest("md5(md5($salt).md5($pass))")
    return made(
        "ipb", scheme, options, encodings=_OLD_BOARD, transforms=("ipb_entities",)
    )


def smf(**options: Unpack[Options]) -> Format:
    """
    SMF 1.1 and 2.0: sha1(lower(user) . password), in the encoding of the site.

    Source: ``LogInOut.php``.
    """
    scheme = Digest("sha1(lower($username).$pass)")
    return made("smf", scheme, options, encodings=_OLD_BOARD)


def smf21(**options: Unpack[Options]) -> Format:
    """
    SMF 2.1: bcrypt(lower(user) . password).

    Source: ``hash_password()`` of ``Subs-Auth.php``.
    """
    scheme = Prehashed("lower($username).$pass", Bcrypt())
    return made("smf21", scheme, options)


def xenforo1(**options: Unpack[Options]) -> Format:
    """
    XenForo 1.0 and 1.1: sha256(sha256(password) . salt), or sha1 throughout.

    Hash and salt out of the serialised row.  Source:
    ``XenForo_Authentication_Core``.
    """
    scheme = first_of(
        Digest("sha256(sha256($pass).$salt)"), Digest("sha1(sha1($pass).$salt)")
    )
    return made("xenforo1", scheme, options)


def woltlab1(**options: Unpack[Options]) -> Format:
    """
    WoltLab Community Framework 1, Burning Board 3: sha1(salt . sha1(salt . sha1(pw))).

    Source: ``StringUtil::getDoubleSaltedHash()``.
    """
    return made("woltlab1", Digest("sha1($salt.sha1($salt.sha1($pass)))"), options)


def woltlab2(**options: Unpack[Options]) -> Format:
    """
    WoltLab Suite, Burning Board 4 and 5: bcrypt twice with one salt; ``Bcrypt:`` once.

    Source: ``PasswordUtil::getDoubleSaltedHash()``.
    """
    scheme = first_of(Bcrypt(layers=2), Prefixed("Bcrypt:", Bcrypt()))
    return made("woltlab2", scheme, options)


def punbb(**options: Unpack[Options]) -> Format:
    """
    PunBB 1.3 and 1.4, FluxBB 1.4: sha1(salt . sha1(password)).

    Source: ``forum_hash()``.
    """
    scheme = Digest("sha1($salt.sha1($pass))")
    return made("punbb", scheme, options, encodings=_OLD_BOARD)


def magento1(**options: Unpack[Options]) -> Format:
    """
    Magento 1: ``md5:salt``, md5(salt . password), or bare md5.

    Source: ``Mage_Core_Model_Encryption``.
    """
    scheme = first_of(
        Digest("md5($salt.$pass)", layout="{key:hex}:{salt:text}"),
        Digest("md5($pass)"),
    )
    return made("magento1", scheme, options)


def magento2(**options: Unpack[Options]) -> Format:
    """
    Magento 2: ``hash:salt:version``, chained over md5, sha256 and argon2id.

    Source: ``Encryptor.php`` of Magento's framework.
    """
    return made("magento2", Magento2(), options)


def prestashop(*, cookie_key: str | bytes, **options: Unpack[Options]) -> Format:
    """
    PrestaShop up to 1.6: md5(_COOKIE_KEY_ . password); bcrypt since 1.7.

    Source: ``Tools::encrypt()``.
    """
    scheme = first_of(Digest("md5($pepper.$pass)", pepper=cookie_key), Bcrypt())
    return made("prestashop", scheme, options)


def opencart(**options: Unpack[Options]) -> Format:
    """
    OpenCart 1.5 to 3: sha1(salt . sha1(salt . sha1(password))); bcrypt since 4.

    Source: ``system/library/cart/customer.php``.
    """
    scheme = first_of(Digest("sha1($salt.sha1($salt.sha1($pass)))"), Bcrypt())
    return made("opencart", scheme, options, transforms=("html",))


def oscommerce(**options: Unpack[Options]) -> Format:
    """
    Shops of osCommerce 2.2 and Zen Cart: ``md5:salt``, md5(salt . password).

    Source: ``tep_validate_password()``.
    """
    scheme = Digest("md5($salt.$pass)", layout="{key:hex}:{salt:text}")
    return made("oscommerce", scheme, options)


def mediawiki(**options: Unpack[Options]) -> Format:
    """
    MediaWiki: ``:A:``, ``:B:``, ``:pbkdf2:``, ``:bcrypt:``, ``:argon2:``, bare md5.

    Source: ``includes/password``.
    """
    return made("mediawiki", MEDIAWIKI, options)


def moodle(*, pepper: str | bytes | None = None, **options: Unpack[Options]) -> Format:
    """
    Moodle: md5(password . salt) up to 2.4, bcrypt, ``$6$`` since 4.3.

    *pepper* is ``passwordsaltmain`` of the old ones or the pepper of the new ones.
    Source: ``moodlelib.php``; from general knowledge for the pepper.
    """
    new = first_of(Bcrypt(), Crypt("sha512_crypt"))
    if pepper is None:
        return made("moodle", first_of(new, Digest("md5($pass)")), options)
    scheme = first_of(
        Prehashed("$pass.$pepper", new, pepper=pepper),
        Digest("md5($pass.$pepper)", pepper=pepper),
    )
    return made("moodle", scheme, options)


def typo3(**options: Unpack[Options]) -> Format:
    """
    TYPO3: argon2, bcrypt, ``$pbkdf2-sha256$``, phpass, ``$1$``; ``M``, ``C`` in front.

    With ``M`` the hash is of md5(password).  Source: ``PasswordHashing`` of TYPO3; the
    prefixes from general knowledge.
    """
    plain = first_of(Argon2(), Bcrypt(), PASSLIB_PBKDF2, PHPass(), Crypt("md5_crypt"))
    old = Prehashed("md5($pass)", plain)
    scheme = first_of(plain, Prefixed("M", old), Prefixed("C", plain))
    return made("typo3", scheme, options)


def nextcloud(
    *, passwordsalt: str | bytes | None = None, **options: Unpack[Options]
) -> Format:
    """
    Nextcloud and ownCloud: ``1|`` bcrypt, ``2|`` argon2i, ``3|`` argon2id; older ones.

    The old ones are bcrypt(password . passwordsalt), of config.php, and sha1(password).
    Source: ``lib/private/Security/Hasher.php``.
    """
    schemes: list[Scheme] = [
        Prefixed("1|", Bcrypt()),
        Prefixed("2|", Argon2()),
        Prefixed("3|", Argon2()),
        Digest("sha1($pass)"),
    ]
    if passwordsalt is not None:
        old = Prehashed("$pass.$pepper", Bcrypt(), pepper=passwordsalt)
        schemes.append(old)
    return made("nextcloud", first_of(*schemes), options)


def symfony_digest(
    *,
    algorithm: str = "sha512",
    iterations: int = 5000,
    base64: bool = True,
    **options: Unpack[Options],
) -> Format:
    """
    Symfony's MessageDigestPasswordHasher, FOSUserBundle: H(password{salt}), iterated.

    The salt, in its own column, must hold no braces.  Source:
    ``MessageDigestPasswordHasher.php``.
    """
    digest = known(algorithm)
    merged = "$pass.'{'.$salt.'}'"
    scheme = Iterated(
        f"{digest}({merged})",
        f"{digest}_bin($digest.{merged})",
        rounds=iterations,
        layout="{key:base64}" if base64 else "{key:hex}",
    )
    return made("symfony_digest", scheme, options)


def symfony_pbkdf2(
    *,
    algorithm: str = "sha512",
    iterations: int = 1000,
    length: int = 40,
    base64: bool = True,
    **options: Unpack[Options],
) -> Format:
    """
    Symfony's Pbkdf2PasswordHasher; the salt, as text, in its own column.

    Source: ``Pbkdf2PasswordHasher.php``.
    """
    scheme = Pbkdf2(
        "{key:base64}" if base64 else "{key:hex}",
        digest=algorithm,
        rounds=iterations,
        key_lengths={length},
    )
    return made("symfony_pbkdf2", scheme, options)


def cakephp2(
    *, security_salt: str | bytes, algorithm: str = "sha1", **options: Unpack[Options]
) -> Format:
    """
    CakePHP 1 and 2: sha1(Security.salt . password).

    Source: ``Security::hash()``, from general knowledge.
    """
    recipe = f"{known(algorithm)}($pepper.$pass)"
    return made("cakephp2", Digest(recipe, pepper=security_salt), options)


def dokuwiki(**options: Unpack[Options]) -> Format:
    """
    DokuWiki: bcrypt, argon2, ``$6$``, ``$1$``, ``$apr1$``, phpass, SSHA, md5, sha1.

    Source: ``inc/PassHash.php``.
    """
    scheme = first_of(
        Bcrypt(),
        Argon2(),
        PHPass(),
        *(Crypt(f) for f in ("sha512_crypt", "md5_crypt", "apr_md5_crypt")),
        Digest("sha1($pass.$salt)", layout=_SSHA),
        Digest("md5($pass)"),
        Digest("sha1($pass)"),
        Digest("sha1(sha1_bin($pass))", layout="*{key:hex}"),
    )
    return made("dokuwiki", scheme, options)


_SSHA = Layout("{{SSHA}}{key[20]+salt[1-64]:base64}")
