"""
Single families of crypt(3), and systems that have their own.
"""

from typing import Unpack

from migratekit.formats.aix import Aix
from migratekit.formats.crypt import Crypt
from migratekit.formats.digest import Digest
from migratekit.formats.format import Format
from migratekit.formats.iterated import Iterated
from migratekit.formats.kdf import Pbkdf2
from migratekit.formats.libcrypt import Yescrypt
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.scrypts import CryptScrypt


def md5_crypt(**options: Unpack[Options]) -> Format:
    """
    ``$1$``: Linux, BSD, Cisco IOS, old DokuWiki; salts of any characters.

    Source: Kamp's ``crypt-md5.c``.
    """
    return made("md5_crypt", Crypt("md5_crypt"), options)


def apr_md5_crypt(**options: Unpack[Options]) -> Format:
    """
    ``$apr1$``: Apache's htpasswd.

    Source: ``apr_md5.c``.
    """
    return made("apr_md5_crypt", Crypt("apr_md5_crypt"), options)


def sha256_crypt(**options: Unpack[Options]) -> Format:
    """
    ``$5$``.

    Source: Drepper's SHA-crypt.txt.
    """
    return made("sha256_crypt", Crypt("sha256_crypt"), options)


def sha512_crypt(**options: Unpack[Options]) -> Format:
    """
    ``$6$``: Linux until about 2021, Moodle since 4.3.

    Source: Drepper's SHA-crypt.txt.
    """
    return made("sha512_crypt", Crypt("sha512_crypt"), options)


def sha1_crypt(**options: Unpack[Options]) -> Format:
    """
    ``$sha1$``: NetBSD, Juniper.  Needs passlib.

    Source: NetBSD's ``crypt-sha1.c``.
    """
    return made("sha1_crypt", Crypt("sha1_crypt"), options)


def des_crypt(**options: Unpack[Options]) -> Format:
    """
    The 13 characters of traditional crypt(3).  Needs passlib.

    Only the first 8 characters of a password count.
    """
    return made("des_crypt", Crypt("des_crypt"), options)


def bsdi_crypt(**options: Unpack[Options]) -> Format:
    """
    ``_``: BSDi's extended DES.  Needs passlib.

    Source: FreeSec.
    """
    return made("bsdi_crypt", Crypt("bsdi_crypt"), options)


def sun_md5_crypt(**options: Unpack[Options]) -> Format:
    """
    ``$md5$`` and ``$md5,rounds=``: Solaris.  Needs passlib.

    Source: Muffett's description.
    """
    return made("sun_md5_crypt", Crypt("sun_md5_crypt"), options)


def yescrypt(**options: Unpack[Options]) -> Format:
    """
    ``$y$``: Debian 11, Ubuntu 22.04, Fedora 35 and later.  Needs libxcrypt.

    Source: libxcrypt.
    """
    return made("yescrypt", Yescrypt("$y$"), options)


def gost_yescrypt(**options: Unpack[Options]) -> Format:
    """
    ``$gy$``: ALT Linux.  Needs libxcrypt.

    Source: libxcrypt.
    """
    return made("gost_yescrypt", Yescrypt("$gy$"), options)


def crypt_scrypt7(**options: Unpack[Options]) -> Format:
    """
    ``$7$``: scrypt in crypt(3).

    Source: libxcrypt.
    """
    return made("crypt_scrypt7", CryptScrypt(), options)


def aix(**options: Unpack[Options]) -> Format:
    """
    AIX: ``{smd5}``, ``{ssha1}``, ``{ssha256}``, ``{ssha512}``.

    Source: hashcat's modes 6300 to 6700.
    """
    return made("aix", Aix(), options)


def macos_salted(**options: Unpack[Options]) -> Format:
    """
    Mac OS X 10.4 to 10.6, SHA-1, and 10.7, SHA-512: salt and digest in one.

    Source: hashcat's modes 122 and 1722.
    """
    scheme = first_of(
        Digest("sha1($salt.$pass)", layout="{salt[4]+key[20]:hex}"),
        Digest("sha512($salt.$pass)", layout="{salt[4]+key[64]:hex}"),
    )
    return made("macos_salted", scheme, options)


def macos_pbkdf2(**options: Unpack[Options]) -> Format:
    """
    Since OS X 10.8: ``$ml$rounds$salt$key``.

    The key has 128 bytes; tools that export it for hashcat leave 64, enough to tell.
    Source: hashcat's mode 7100.
    """
    scheme = Pbkdf2(
        "$ml${rounds:int}${salt:hex}${key:hex}", digest="sha512", key_lengths={64, 128}
    )
    return made("macos_pbkdf2", scheme, options)


def grub_pbkdf2(**options: Unpack[Options]) -> Format:
    """
    GRUB 2: ``grub.pbkdf2.sha512.rounds.salt.key``.

    Source: ``grub-mkpasswd-pbkdf2``.
    """
    scheme = Pbkdf2(
        "grub.pbkdf2.sha512.{rounds:int}.{salt:hex}.{key:hex}", digest="sha512"
    )
    return made("grub_pbkdf2", scheme, options)


def cta_pbkdf2_sha1(**options: Unpack[Options]) -> Format:
    """
    ``$p5k2$rounds$salt$key`` with hexadecimal rounds: Cryptacular.

    Source: ``passlib.hash.cta_pbkdf2_sha1``.
    """
    scheme = Pbkdf2("$p5k2${rounds:hexint}${salt:base64}${key:base64}", digest="sha1")
    return made("cta_pbkdf2_sha1", scheme, options)


def fshp(**options: Unpack[Options]) -> Format:
    """
    ``{FSHP1|salt size|rounds}``: PBKDF1 with salt and password changed over.

    Source: ``passlib.hash.fshp``.
    """
    digests = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
    schemes = (
        Iterated(
            f"{digest}($salt.$pass)",
            f"{digest}_bin($digest)",
            layout=(
                f"{{{{FSHP{number}|{{salt_length:int}}|{{rounds:int}}}}}}"
                f"{{salt+key[{size}]:base64}}"
            ),
        )
        for number, (digest, size) in enumerate(digests.items())
    )
    return made("fshp", first_of(*schemes), options)
