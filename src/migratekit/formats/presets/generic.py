"""
Formats that many products and home-made tables share.
"""

from typing import Final, Unpack

from migratekit.errors import ConfigurationError
from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.cleartext import ClearText
from migratekit.formats.digest import Digest
from migratekit.formats.digests import known
from migratekit.formats.format import Format
from migratekit.formats.kdf import Argon2, Pbkdf2, Scrypt
from migratekit.formats.layout import Layout
from migratekit.formats.phpass import PHPass
from migratekit.formats.prehash import Prehashed
from migratekit.formats.presets._make import Options, first_of, made


def bcrypt(*, sign_bug: bool = False, **options: Unpack[Options]) -> Format:
    """
    bcrypt, ``$2a$``, ``$2b$``, ``$2y$``, ``$2x$``, ``$2$``: most products since 2012.

    Laravel, Drupal since 10.1, Joomla since 3.2, phpBB since 3.1, Rails, Node, Go,
    Supabase, Auth0's export; cut at 72 bytes.  *sign_bug* adds the way of PHP before
    5.3.7 for ``$2a$``.  Source: crypt_blowfish.
    """
    return made("bcrypt", Bcrypt(sign_bug=sign_bug), options)


def bcrypt_pepper(
    *, pepper: str | bytes, prepend: bool = False, **options: Unpack[Options]
) -> Format:
    """
    bcrypt(password . pepper), or pepper . password: Devise, ownCloud, Moodle.

    Appended, as Devise does it, a pepper behind a password of 72 bytes does not count.
    Source: Devise's ``Devise::Encryptor``.
    """
    recipe = "$pepper.$pass" if prepend else "$pass.$pepper"
    return made("bcrypt_pepper", Prehashed(recipe, Bcrypt(), pepper=pepper), options)


def bcrypt_of(digest: str, **options: Unpack[Options]) -> Format:
    """
    An onion: bcrypt over the hexadecimal digits of another digest.

    How sites wrapped ``md5``, ``sha1``, ``sha256`` or ``sha512`` tables without asking
    anybody for a password.  Of the 128 digits of SHA-512 bcrypt takes 72.
    """
    digest = known(digest)
    scheme = Prehashed(f"{digest}($pass)", Bcrypt())
    return made(f"bcrypt_of_{digest}", scheme, options)


def bcrypt_of_md5(**options: Unpack[Options]) -> Format:
    """
    See `bcrypt_of()`; vBulletin 5 too.
    """
    return bcrypt_of("md5", **options)


def bcrypt_of_sha1(**options: Unpack[Options]) -> Format:
    """
    See `bcrypt_of()`.
    """
    return bcrypt_of("sha1", **options)


def bcrypt_of_sha256(**options: Unpack[Options]) -> Format:
    """
    See `bcrypt_of()`; Meteor too.
    """
    return bcrypt_of("sha256", **options)


def bcrypt_of_sha512(**options: Unpack[Options]) -> Format:
    """
    See `bcrypt_of()`.
    """
    return bcrypt_of("sha512", **options)


def argon2(**options: Unpack[Options]) -> Format:
    """
    ``$argon2id$``, ``$argon2i$``, ``$argon2d$``, versions 16 and 19.

    Source: the PHC string format and the reference implementation.
    """
    return made("argon2", Argon2(), options)


def password_hash(**options: Unpack[Options]) -> Format:
    """
    PHP's ``password_hash()``: bcrypt, argon2i or argon2id.

    Laravel, Symfony's native hasher, Drupal since 10.1, Joomla since 3.2, CakePHP since
    3, Yii 2, IPS 4, XenForo 2, PrestaShop since 1.7.  Source: the manual of PHP.
    """
    return made("password_hash", first_of(Bcrypt(), Argon2()), options)


def phpass(**options: Unpack[Options]) -> Format:
    """
    Portable hashes of phpass, ``$P$`` and ``$H$``: WordPress, phpBB 3.0, Joomla 2.5.

    Source: ``PasswordHash.php`` of phpass 0.5.
    """
    return made("phpass", PHPass(), options)


def recipe(
    text: str,
    *,
    layout: str | Layout = "{key:hex}",
    pepper: str | bytes | None = None,
    salt_column: str = "text",
    **options: Unpack[Options],
) -> Format:
    """
    A digest by its formula, such as ``"md5(md5($pass).$salt)"``.

    See `migratekit.formats.digest.Digest` for the arguments.
    """
    scheme = Digest(text, layout=layout, pepper=pepper, salt_column=salt_column)
    return made(text, scheme, options)


def raw(digest: str, **options: Unpack[Options]) -> Format:
    """
    A digest of the password alone, in hexadecimal digits of either case.
    """
    digest = known(digest)
    return made(f"raw_{digest}", Digest(f"{digest}($pass)"), options)


def raw_md5(**options: Unpack[Options]) -> Format:
    """
    See `raw()`.
    """
    return raw("md5", **options)


def raw_sha1(**options: Unpack[Options]) -> Format:
    """
    See `raw()`.
    """
    return raw("sha1", **options)


def raw_sha256(**options: Unpack[Options]) -> Format:
    """
    See `raw()`.
    """
    return raw("sha256", **options)


def raw_sha384(**options: Unpack[Options]) -> Format:
    """
    See `raw()`.
    """
    return raw("sha384", **options)


def raw_sha512(**options: Unpack[Options]) -> Format:
    """
    See `raw()`.
    """
    return raw("sha512", **options)


def cleartext(
    *, i_know_that_this_is_clear_text: bool, **options: Unpack[Options]
) -> Format:
    """
    Passwords that are stored as they are.

    Raises:
        migratekit.errors.ConfigurationError: If the argument is not True.
    """
    if i_know_that_this_is_clear_text is not True:
        raise ConfigurationError("Clear text is off unless it is switched on by name.")
    return made("cleartext", ClearText(), options)


# As long as the digest, or as PHP's defuse/password-hashing and hashcat's examples.
_GENERIC_PBKDF2: Final = {
    "md5": {16, 32},
    "sha1": {16, 20},
    "sha256": {24, 32},
    "sha512": {16, 64},
}


def generic_pbkdf2(
    *, key_length: int | None = None, **options: Unpack[Options]
) -> Format:
    """
    ``sha256:rounds:salt:key`` with salt and key in base64.

    *key_length* is how many bytes the site derives.  Unless it is said, the size of the
    digest and one more are taken, and a key cut from the one to the other matches.
    Source: hashcat's modes 10900, 11900, 12000 and 12100.
    """
    schemes = (
        Pbkdf2(
            f"{digest}:{{rounds:int}}:{{salt:base64}}:{{key:base64}}",
            digest=digest,
            key_lengths=lengths if key_length is None else {key_length},
        )
        for digest, lengths in _GENERIC_PBKDF2.items()
    )
    return made("generic_pbkdf2", first_of(*schemes), options)


def generic_scrypt(*, key_length: int = 32, **options: Unpack[Options]) -> Format:
    """
    ``SCRYPT:N:r:p:salt:key`` with salt and key in base64.

    *key_length* is how many bytes the site derives.  Source: hashcat's mode 8900.
    """
    scheme = Scrypt(
        "SCRYPT:{n:int}:{r:int}:{p:int}:{salt:base64}:{key:base64}",
        key_lengths={key_length},
    )
    return made("generic_scrypt", scheme, options)
