"""
Frameworks and applications on Java and .NET.
"""

from typing import Final, Unpack

from migratekit.formats.aspnet import AspNetIdentity
from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.cleartext import ClearText
from migratekit.formats.digest import Digest
from migratekit.formats.digests import SIZES, known
from migratekit.formats.format import Format
from migratekit.formats.iterated import Iterated
from migratekit.formats.kdf import Argon2, Pbkdf2
from migratekit.formats.layout import Layout
from migratekit.formats.prehash import Prehashed
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.presets.directories import LDAP_DIGESTS
from migratekit.formats.scheme import Prefixed, Scheme
from migratekit.formats.scrypts import SpringScrypt


_STANDARD: Final = Iterated(
    "sha256($salt.$pass)",
    "sha256_bin($digest)",
    rounds=1024,
    layout="{salt[8]+key[32]:hex}",
)
_SALTED: Final = "{}($salt.utf16le($pass))"
# As long as the key that .NET makes for HMACSHA256 of its own accord.
_KEYED: Final = "hmac_sha256($salt.$salt.$salt.$salt,utf16le($pass))"
_V5_8: Final = "@SpringSecurity_v5_8"
_ATLASSIAN: Final = Pbkdf2(
    Layout("{{PKCS5S2}}{salt[16]+key[32]:base64}", any_case=True),
    digest="sha1",
    rounds=10_000,
    key_lengths={32},
)


def spring(
    *, noop: bool = False, default: str | None = None, **options: Unpack[Options]
) -> Format:
    """
    Spring Security 5 and later, DelegatingPasswordEncoder: ``{bcrypt}…``.

    *noop* switches ``{noop}``, clear text, on.  *default* is the id of hashes without
    one (``setDefaultPasswordEncoderForMatches()``), ``bcrypt`` for instance.  Source:
    ``PasswordEncoderFactories.java``.
    """
    schemes = [Prefixed(f"{{{name}}}", scheme) for name, scheme in _SPRING.items()]
    if noop:
        schemes.append(Prefixed("{noop}", ClearText()))
    if default is None:
        return made("spring", first_of(*schemes), options)
    return made("spring", first_of(*schemes, _SPRING[default]), options)


def spring_standard(*, secret: str | bytes = "", **options: Unpack[Options]) -> Format:
    """
    Spring's StandardPasswordEncoder: 1024 times sha256(salt . secret . password).

    Source: ``StandardPasswordEncoder.java``.
    """
    scheme = Prehashed("$pepper.$pass", _STANDARD, pepper=secret)
    return made("spring_standard", scheme, options)


def spring_digest(
    *,
    algorithm: str = "md5",
    iterations: int = 1,
    base64: bool = False,
    **options: Unpack[Options],
) -> Format:
    """
    Spring's MessageDigestPasswordEncoder: ``{salt}digest``, H(password{salt}).

    The braces are hashed too.  Source: ``MessageDigestPasswordEncoder.java``.
    """
    scheme = _message_digest(
        known(algorithm), iterations, "base64" if base64 else "hex"
    )
    return made("spring_digest", scheme, options)


def spring_pbkdf2(
    *,
    secret: str | bytes = "",
    algorithm: str = "sha1",
    salt_length: int = 8,
    iterations: int = 185_000,
    length: int = 32,
    base64: bool = False,
    **options: Unpack[Options],
) -> Format:
    """
    Spring's Pbkdf2PasswordEncoder with settings of its own.

    *secret* follows the salt.  Source: ``Pbkdf2PasswordEncoder.java``.
    """
    kind = "base64" if base64 else "hex"
    scheme = Pbkdf2(
        f"{{salt[{salt_length}]+key[{length}]:{kind}}}",
        digest=algorithm,
        rounds=iterations,
        key_lengths={length},
        salt_suffix=secret,
    )
    return made("spring_pbkdf2", scheme, options)


def aspnet_identity(**options: Unpack[Options]) -> Format:
    """
    ASP.NET Identity 2 and ASP.NET Core Identity.

    Source: ``PasswordHasher.cs``.
    """
    return made("aspnet_identity", AspNetIdentity(), options)


def aspnet_membership(*, algorithm: str = "sha1", **options: Unpack[Options]) -> Format:
    """
    ASP.NET Membership, PasswordFormat 1: base64(H(salt . utf16le(password))).

    The salt column holds base64.  *algorithm* is ``sha1``, ``sha256``, ``sha512`` or
    ``hmac_sha256``, which the Universal Providers use: keyed with the 16 bytes of the
    salt, four times.  Formats 0, clear, and 2, encrypted with the machine key, are not
    read; other HMACs are not either.  Source: ``SqlMembershipProvider.cs``.
    """
    recipe = _KEYED if algorithm == "hmac_sha256" else _SALTED.format(known(algorithm))
    scheme = Digest(recipe, layout="{key:base64}", salt_column="base64")
    return made("aspnet_membership", scheme, options)


def umbraco7(**options: Unpack[Options]) -> Format:
    """
    Umbraco up to 7: HMAC-SHA1 of the password keyed with itself, in base64.

    Source: ``MembershipProviderBase.cs``; no vector is known.
    """
    recipe = "hmac_sha1(utf16le($pass),utf16le($pass))"
    return made("umbraco7", Digest(recipe, layout="{key:base64}"), options)


def shiro(*, private_salt: str | bytes = b"", **options: Unpack[Options]) -> Format:
    """
    Apache Shiro: ``$shiro1$SHA-256$rounds$salt$digest``, ``$shiro2$argon2id$…``.

    *private_salt*, the site's secret, stands in front of the salt; the text of a
    configuration is its UTF-8 bytes.  Source: ``DefaultHashService``.
    """
    old = (
        Iterated(
            f"{digest}($pepper.$salt.$pass)",
            f"{digest}_bin($digest)",
            layout=f"$shiro1${name}${{rounds:int}}${{salt:base64}}${{key:base64}}",
            pepper=private_salt,
        )
        for name, digest in _SHIRO.items()
    )
    scheme = first_of(
        *old,
        Prefixed("$shiro2$", Argon2(), put="$"),
        Prefixed("$shiro2$", Bcrypt(), put="$"),
    )
    return made("shiro", scheme, options)


_SHIRO: Final = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}


def atlassian(**options: Unpack[Options]) -> Format:
    """
    Jira, Confluence, Crowd, Bitbucket: ``{PKCS5S2}``, PBKDF2-SHA1 with 10,000 rounds.

    Source: ``atlassian-password-encoder``.
    """
    return made("atlassian", _ATLASSIAN, options)


def jenkins(**options: Unpack[Options]) -> Format:
    """
    Jenkins: ``#jbcrypt:``, and ``$PBKDF2$HMACSHA512:`` of FIPS mode.

    Source: ``HudsonPrivateSecurityRealm.java``.
    """
    scheme = first_of(
        Prefixed("#jbcrypt:", Bcrypt()),
        Pbkdf2(
            "$PBKDF2$HMACSHA512:{rounds:int}:{salt:hex}${key:hex}",
            digest="sha512",
        ),
    )
    return made("jenkins", scheme, options)


def coldfusion10(**options: Unpack[Options]) -> Format:
    """
    ColdFusion 10 and later, administrators: sha256(salt . UPPER(sha1(password))).

    Source: hashcat's mode 12600.
    """
    return made("coldfusion10", Digest("sha256($salt.upper(sha1($pass)))"), options)


def peoplesoft(**options: Unpack[Options]) -> Format:
    """
    PeopleSoft: base64(sha1(utf16le(password))).

    Source: hashcat's mode 133.
    """
    scheme = Digest("sha1(utf16le($pass))", layout="{key:base64}")
    return made("peoplesoft", scheme, options)


def _message_digest(digest: str, rounds: int, kind: str) -> Scheme:
    merged = "$pass.'{'.$salt.'}'"
    salted = Iterated(
        f"{digest}({merged})",
        f"{digest}_bin($digest)",
        rounds=rounds,
        layout=f"{{{{{{salt:text}}}}}}{{key[{SIZES[digest]}]:{kind}}}",
    )
    bare = Iterated(
        f"{digest}($pass)",
        f"{digest}_bin($digest)",
        rounds=rounds,
        layout=f"{{key[{SIZES[digest]}]:{kind}}}",
    )
    return first_of(salted, bare)


def _pbkdf2(digest: str, salt: int, rounds: int) -> Scheme:
    return Pbkdf2(
        f"{{salt[{salt}]+key[32]:hex}}",
        digest=digest,
        rounds=rounds,
        key_lengths={32},
    )


_SPRING: Final[dict[str, Scheme]] = {
    "bcrypt": Bcrypt(),
    "argon2": Argon2(),
    f"argon2{_V5_8}": Argon2(),
    "scrypt": SpringScrypt(),
    f"scrypt{_V5_8}": SpringScrypt(),
    "pbkdf2": _pbkdf2("sha1", 8, 185_000),
    f"pbkdf2{_V5_8}": _pbkdf2("sha256", 16, 310_000),
    "sha256": _STANDARD,
    "ldap": LDAP_DIGESTS,
    "MD4": _message_digest("md4", 1, "hex"),
    "MD5": _message_digest("md5", 1, "hex"),
    "SHA-1": _message_digest("sha1", 1, "hex"),
    "SHA-256": _message_digest("sha256", 1, "hex"),
}
