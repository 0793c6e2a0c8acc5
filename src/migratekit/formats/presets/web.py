"""
Frameworks and applications in Ruby, JavaScript, Elixir and Go.
"""

from typing import Unpack

from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.digest import Digest
from migratekit.formats.digests import known
from migratekit.formats.format import Format
from migratekit.formats.iterated import Iterated
from migratekit.formats.kdf import Argon2, Pbkdf2
from migratekit.formats.prehash import Prehashed
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.presets.python import PASSLIB_PBKDF2
from migratekit.formats.rows import Discourse, Gitea


def devise(*, pepper: str | bytes | None = None, **options: Unpack[Options]) -> Format:
    """
    Devise, ``has_secure_password``, Mastodon, GitLab: bcrypt(password . pepper).

    Without a pepper plain bcrypt.  GitLab with FIPS writes ``$pbkdf2-sha512$``.
    Source: ``Devise::Encryptor``.
    """
    inner = first_of(Bcrypt(), PASSLIB_PBKDF2)
    if pepper is None:
        return made("devise", inner, options)
    return made("devise", Prehashed("$pass.$pepper", inner, pepper=pepper), options)


def authlogic(
    *,
    algorithm: str = "sha512",
    stretches: int = 20,
    variant: str = "v1",
    **options: Unpack[Options],
) -> Format:
    """
    Authlogic's ``Sha512``, ``Sha256``, ``Sha1``, ``MD5``: H over and over.

    *variant* ``v2`` hands on bytes, ``v1`` hexadecimal digits; Sha1 joins by ``--`` and
    has 10 stretches by default.  Source: ``authlogic/crypto_providers``.
    """
    digest = known(algorithm)
    # Sha1 joins the salt to every round, the others to the first.
    suffix, join = ("_bin" if variant == "v2" else ""), "."
    tail = ""
    if digest == "sha1":
        join, tail = ".'--'.", ".'--'.$salt"
    scheme = Iterated(
        f"{digest}($pass{join}$salt)",
        f"{digest}{suffix}($digest{tail})",
        rounds=stretches,
    )
    return made("authlogic", scheme, options)


def restful_authentication(
    *, site_key: str | bytes = "", stretches: int = 10, **options: Unpack[Options]
) -> Format:
    """
    restful_authentication: sha1(digest--salt--password--SITE_KEY), 10 times.

    Without a site key, as before 2008, sha1(--salt--password--) once.  Source:
    ``authentication/by_password.rb``.
    """
    if not site_key:
        once = Digest("sha1('--'.$salt.'--'.$pass.'--')")
        return made("restful_authentication", once, options)
    rest = "'--'.$salt.'--'.$pass.'--'.$pepper"
    scheme = Iterated(
        f"sha1($pepper.{rest})",
        f"sha1($digest.{rest})",
        rounds=stretches,
        pepper=site_key,
    )
    return made("restful_authentication", scheme, options)


def clearance(**options: Unpack[Options]) -> Format:
    """
    Clearance: sha1(--salt--password--) before 1.0, bcrypt since.

    Source: ``clearance/password_strategies/sha1.rb``.
    """
    scheme = first_of(Digest("sha1('--'.$salt.'--'.$pass.'--')"), Bcrypt())
    return made("clearance", scheme, options)


def redmine(**options: Unpack[Options]) -> Format:
    """
    Redmine since 1.2: sha1(salt . sha1(password)).

    Source: ``app/models/user.rb``.
    """
    return made("redmine", Digest("sha1($salt.sha1($pass))"), options)


def discourse(*, algorithm: str | None = None, **options: Unpack[Options]) -> Format:
    """
    Discourse: PBKDF2-SHA256; the salt is the hexadecimal text.

    *algorithm* is ``password_algorithm``, such as ``$pbkdf2-sha256$i=600000,l=32$``; or
    that column is the second salt of a row.  Source: ``lib/password_hasher.rb``.
    """
    return made("discourse", Discourse(algorithm), options)


def meteor(**options: Unpack[Options]) -> Format:
    """
    Meteor: bcrypt, or argon2 since 3.3, of sha256(password).

    Source: ``packages/accounts-password``.
    """
    scheme = Prehashed("sha256($pass)", first_of(Bcrypt(), Argon2()))
    return made("meteor", scheme, options)


def passport_local_mongoose(
    *,
    digest: str = "sha256",
    iterations: int = 25_000,
    keylen: int = 512,
    **options: Unpack[Options],
) -> Format:
    """
    passport-local-mongoose: PBKDF2; the salt is the hexadecimal text.

    *digest* is ``sha1`` before version 5.  Source: its README and ``index.js``.
    """
    scheme = Pbkdf2("{key:hex}", digest=digest, rounds=iterations, key_lengths={keylen})
    return made("passport_local_mongoose", scheme, options)


def gitea(*, algorithm: str | None = None, **options: Unpack[Options]) -> Format:
    """
    Gitea, Forgejo, Gogs: PBKDF2, argon2, scrypt or bcrypt, named beside the hash.

    *algorithm* is ``passwd_hash_algo``, such as ``pbkdf2$50000$50``; or that column is
    the second salt of a row.  Salts are hexadecimal, but for those of 10 characters.
    Source: ``modules/auth/password/hash``.
    """
    return made("gitea", Gitea(algorithm), options)


def comeonin(**options: Unpack[Options]) -> Format:
    """
    Phoenix with Comeonin: bcrypt, argon2, ``$pbkdf2-sha512$``.

    Source: ``bcrypt_elixir``, ``argon2_elixir`` and ``pbkdf2_elixir``, modular output.
    """
    scheme = first_of(Bcrypt(), Argon2(), PASSLIB_PBKDF2)
    return made("comeonin", scheme, options)
