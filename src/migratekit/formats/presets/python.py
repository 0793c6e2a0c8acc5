"""
Frameworks in Python.
"""

from typing import Final, Unpack

from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.bcrypt_sha256 import BcryptSha256
from migratekit.formats.crypt import Crypt
from migratekit.formats.digest import Digest
from migratekit.formats.format import Format
from migratekit.formats.kdf import Argon2, Pbkdf2, Scrypt
from migratekit.formats.prehash import Prehashed
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.scheme import FirstOf, Prefixed


PASSLIB_PBKDF2: Final = FirstOf(
    (
        Pbkdf2(
            "$pbkdf2-{digest:sha1|sha224|sha256|sha384|sha512}"
            "${rounds:int}${salt:base64}${key:base64}"
        ),
        Pbkdf2("$pbkdf2${rounds:int}${salt:base64}${key:base64}", digest="sha1"),
    )
)
PHC_SCRYPT: Final = Scrypt(
    "$scrypt$ln={log_n:int},r={r:int},p={p:int}${salt:base64}${key:base64}",
    key_lengths={32},
)


def django(**options: Unpack[Options]) -> Format:
    """
    Django, all versions: PBKDF2, argon2, bcrypt, scrypt, salted and bare digests.

    Also ``crypt$$`` and ``sha1$$``; ``!`` marks an unusable password.  Source:
    ``django/contrib/auth/hashers.py``.
    """
    scheme = first_of(
        Pbkdf2("pbkdf2_{digest:sha256|sha1}${rounds:int}${salt:text}${key:base64}"),
        Prefixed("argon2$", Argon2(), put="$"),
        Prefixed("bcrypt_sha256$", Prehashed("sha256($pass)", Bcrypt())),
        Prefixed("bcrypt$", Bcrypt()),
        Scrypt(
            "scrypt${n:int}${salt:text}${r:int}${p:int}${key:base64}", key_lengths={64}
        ),
        Digest("sha1($salt.$pass)", layout="sha1${salt:text}${key:hex}"),
        Digest("md5($salt.$pass)", layout="md5${salt:text}${key:hex}"),
        Prefixed("crypt$$", Crypt("des_crypt", required=False)),
        Digest("md5($pass)"),
    )
    return made("django", scheme, options)


def werkzeug(**options: Unpack[Options]) -> Format:
    """
    Werkzeug and Flask: ``pbkdf2:``, ``scrypt:``; ``sha1$``, ``md5$`` before.

    The salt is text; the digests of old are HMACs keyed with it.  Source:
    ``werkzeug/security.py`` of 0.9 to 3.
    """
    digests = "md5|sha1|sha224|sha256|sha384|sha512"
    scheme = first_of(
        Pbkdf2(f"pbkdf2:{{digest:{digests}}}:{{rounds:int}}${{salt:text}}${{key:hex}}"),
        Scrypt(
            "scrypt:{n:int}:{r:int}:{p:int}${salt:text}${key:hex}", key_lengths={64}
        ),
        *(
            Digest(f"{d}($pass)", layout=f"{d}$${{key:hex}}")
            for d in digests.split("|")
        ),
        *(
            Digest(f"hmac_{d}($salt,$pass)", layout=f"{d}${{salt:text}}${{key:hex}}")
            for d in digests.split("|")
        ),
    )
    return made("werkzeug", scheme, options)


def flask_security(*, password_salt: str | bytes, **options: Unpack[Options]) -> Format:
    """
    Flask-Security: a scheme over an HMAC-SHA512, keyed with SECURITY_PASSWORD_SALT.

    The schemes are argon2, bcrypt, PBKDF2 and SHA-crypt.  bcrypt takes 72 of the 88
    characters.  Source: ``flask_security/utils.py``.
    """
    inner = first_of(Argon2(), Bcrypt(), PASSLIB_PBKDF2, *_sha_crypts())
    recipe = "b64(hmac_sha512_bin($pepper,$pass))"
    scheme = Prehashed(recipe, inner, pepper=password_salt)
    return made("flask_security", scheme, options)


def web2py(
    *, hmac_key: str | bytes | None = None, **options: Unpack[Options]
) -> Format:
    """
    Applications of web2py and py4web: ``pbkdf2(…)$salt$key``, ``sha512$salt$digest``.

    *hmac_key* is that of ``CRYPT``, which PBKDF2 takes no notice of.  Source:
    ``gluon/utils.py``.
    """
    digest = "sha512($pass.$salt)"
    if hmac_key is not None:
        digest = "hmac_sha512($pepper.$salt,$pass)"
    scheme = first_of(
        Pbkdf2(
            "pbkdf2({rounds:int},{key_length:int},{digest:sha1|sha256|sha384|sha512})"
            "${salt:text}${key:hex}",
            key_lengths={16, 20, 32, 48, 64},
        ),
        Digest(digest, layout="sha512${salt:text}${key:hex}", pepper=hmac_key),
    )
    return made("web2py", scheme, options)


def passlib_pbkdf2(**options: Unpack[Options]) -> Format:
    """
    ``$pbkdf2-sha256$rounds$salt$key``: passlib, Comeonin, TYPO3, GitLab with FIPS.

    Source: ``passlib.hash.pbkdf2_sha256``.
    """
    return made("passlib_pbkdf2", PASSLIB_PBKDF2, options)


def passlib_bcrypt_sha256(**options: Unpack[Options]) -> Format:
    """
    ``$bcrypt-sha256$``, both versions.

    Source: ``passlib.hash.bcrypt_sha256``.
    """
    return made("passlib_bcrypt_sha256", BcryptSha256(), options)


def phc_scrypt(**options: Unpack[Options]) -> Format:
    """
    ``$scrypt$ln=16,r=8,p=1$salt$key``, with log2 N.

    Source: ``passlib.hash.scrypt`` and the PHC string format.
    """
    return made("phc_scrypt", PHC_SCRYPT, options)


def passlib_context(**options: Unpack[Options]) -> Format:
    """
    What a ``CryptContext`` of an application held: the usual schemes, all at once.

    argon2, bcrypt, bcrypt_sha256, PBKDF2, scrypt, SHA-crypt, MD5-crypt.
    """
    scheme = first_of(
        Argon2(),
        Bcrypt(),
        BcryptSha256(),
        PASSLIB_PBKDF2,
        PHC_SCRYPT,
        *_sha_crypts(),
        Crypt("md5_crypt"),
    )
    return made("passlib_context", scheme, options)


def _sha_crypts() -> tuple[Crypt, Crypt]:
    return Crypt("sha512_crypt"), Crypt("sha256_crypt")
