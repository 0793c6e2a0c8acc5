"""
Exports of identity providers.
"""

from typing import Unpack

from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.crypt import Crypt
from migratekit.formats.firebase import Firebase
from migratekit.formats.format import Format
from migratekit.formats.kdf import Argon2, Scrypt
from migratekit.formats.phc import (
    FirebaseText,
    KeyedDigest,
    KratosPbkdf2,
    TemplatedDigest,
)
from migratekit.formats.presets._make import Options, first_of, made
from migratekit.formats.presets.directories import LDAP_DIGESTS
from migratekit.formats.rows import FusionAuth, Keycloak
from migratekit.formats.scheme import Prefixed


def firebase(
    *,
    signer_key: str,
    salt_separator: str = "Bw==",
    rounds: int = 8,
    mem_cost: int = 14,
    **options: Unpack[Options],
) -> Format:
    """
    Firebase Authentication, ``firebase auth:export``: hash and salt in base64.

    The parameters are the project's, as its console shows them; with a wrong one every
    login fails.  Source: firebase-scrypt.
    """
    scheme = Firebase.of_console(signer_key, salt_separator, rounds, mem_cost)
    return made("firebase", scheme, options)


def keycloak(
    *,
    algorithm: str | None = None,
    iterations: int | None = None,
    additional: dict[str, list[str]] | None = None,
    **options: Unpack[Options],
) -> Format:
    """
    Keycloak: PBKDF2 with SHA-1, SHA-256 or SHA-512, and argon2 since 25.

    The text is ``credential.secret_data`` and the second salt
    ``credential.credential_data``, or see `migratekit.formats.rows.Keycloak`.  Source:
    ``Pbkdf2PasswordHashProvider.java`` and ``Argon2PasswordHashProvider.java``.
    """
    scheme = Keycloak(algorithm=algorithm, iterations=iterations, additional=additional)
    return made("keycloak", scheme, options)


def fusionauth(
    *, scheme: str | None = None, factor: int = 1, **options: Unpack[Options]
) -> Format:
    """
    FusionAuth: salted digests, PBKDF2 and bcrypt, named beside the hash.

    See `migratekit.formats.rows.FusionAuth`.  Source: its documentation of password
    encryptors.
    """
    return made("fusionauth", FusionAuth(scheme, factor), options)


def kratos(*, scrypt_key_length: int = 32, **options: Unpack[Options]) -> Format:
    """
    What Ory Kratos and Supabase import: PHC-like strings of many kinds.

    *scrypt_key_length* is how many bytes the system before Kratos derived.  In
    ``$scrypt$ln=16384`` ln is N itself; ``$pbkdf2-sha224$`` and ``-sha384$`` are of
    SHA-3.  Source: ``hash/hash_comparator.go`` of Kratos, ``crypto/password.go`` of
    Supabase's auth.
    """
    scheme = first_of(
        Argon2(),
        Bcrypt(),
        KratosPbkdf2(),
        Scrypt(
            "$scrypt$ln={n:int},r={r:int},p={p:int}${salt:base64}${key:base64}",
            key_lengths={scrypt_key_length},
        ),
        FirebaseText(),
        TemplatedDigest(),
        KeyedDigest(),
        Prefixed("$md5-crypt$", Crypt("md5_crypt"), put="$1$"),
        Prefixed("$sha256-crypt$", Crypt("sha256_crypt"), put="$5$"),
        Prefixed("$sha512-crypt$", Crypt("sha512_crypt"), put="$6$"),
        LDAP_DIGESTS,
    )
    return made("kratos", scheme, options)


def supabase(**options: Unpack[Options]) -> Format:
    """
    Supabase, ``auth.users.encrypted_password``: bcrypt, argon2, ``$fbscrypt$``.

    Source: ``crypto/password.go`` of Supabase's auth.
    """
    return made("supabase", first_of(Bcrypt(), Argon2(), FirebaseText()), options)
