"""
How much a stored hash may cost before it is refused.
"""

from typing import Final

import attrs


def _positive(_: object, attribute: "attrs.Attribute[int]", value: object) -> None:
    if type(value) is not int or value < 1:
        raise ValueError(f"{attribute.name} must be a positive int.")


@attrs.frozen(kw_only=True)
class Ceilings:
    """
    The greatest cost that a stored hash may ask for.

    A stored hash is data from outside: whoever can write one could otherwise have a
    login take hours or all memory.  Every value is checked before anything is computed.
    Most are what other importers enforce (Ory Kratos: PBKDF2 10,000,000, bcrypt 15,
    argon2 1 GiB, scrypt N 2^17; TYPO3: PBKDF2 10,000,000), or less.

    Args:
        password_bytes:
            Bytes of a password in UTF-8.  A longer one matches nothing.

        text_characters:
            Characters of a stored text or of a salt.

        pbkdf2_rounds:
            Rounds of PBKDF2, times the blocks of its key.

        bcrypt_cost:
            log2 of the rounds of bcrypt.

        phpass_exponent:
            log2 of the rounds of phpass and Drupal 7.

        sha_crypt_rounds:
            Rounds of SHA-crypt.

        iterations:
            Rounds of an iterated digest, and of other hashes that count in rounds.

        des_rounds:
            Rounds of DES in BSDi's crypt, which take some 15 µs each in Python.

        sun_md5_rounds:
            Rounds of Sun's MD5 crypt, which take some 8 µs each in Python.

        sha1_crypt_rounds:
            Rounds of NetBSD's SHA-1 crypt, which take some 1 µs each in Python.

        md4_rounds:
            Rounds of an iterated MD4, which take some 40 µs each in Python.

        argon2_memory:
            KiB of argon2.

        argon2_work:
            KiB of argon2, times its passes.

        argon2_lanes:
            Lanes of argon2.

        scrypt_memory:
            Bytes of scrypt and yescrypt: 128 r (N + p).  A MiB over 256, so that N =
            2^18 with r = 8 is allowed.

        scrypt_work:
            N r p of scrypt and yescrypt, which take some 0.4 µs each.

        scrypt_block_size:
            r of scrypt and yescrypt.

        scrypt_parallelism:
            p of scrypt and yescrypt.

        key_bytes:
            Bytes of a derived key.

    Raises:
        ValueError: If a value is no positive int.
    """

    password_bytes: int = attrs.field(default=4096, validator=_positive)
    text_characters: int = attrs.field(default=16_384, validator=_positive)
    pbkdf2_rounds: int = attrs.field(default=5_000_000, validator=_positive)
    bcrypt_cost: int = attrs.field(default=16, validator=_positive)
    phpass_exponent: int = attrs.field(default=20, validator=_positive)
    sha_crypt_rounds: int = attrs.field(default=2_000_000, validator=_positive)
    iterations: int = attrs.field(default=5_000_000, validator=_positive)
    des_rounds: int = attrs.field(default=125_000, validator=_positive)
    sun_md5_rounds: int = attrs.field(default=250_000, validator=_positive)
    sha1_crypt_rounds: int = attrs.field(default=2_000_000, validator=_positive)
    md4_rounds: int = attrs.field(default=50_000, validator=_positive)
    argon2_memory: int = attrs.field(default=1024 * 1024, validator=_positive)
    argon2_work: int = attrs.field(default=4 * 1024 * 1024, validator=_positive)
    argon2_lanes: int = attrs.field(default=16, validator=_positive)
    scrypt_memory: int = attrs.field(default=257 * 1024 * 1024, validator=_positive)
    scrypt_work: int = attrs.field(default=4 * 1024 * 1024, validator=_positive)
    scrypt_block_size: int = attrs.field(default=64, validator=_positive)
    scrypt_parallelism: int = attrs.field(default=16, validator=_positive)
    key_bytes: int = attrs.field(default=1024, validator=_positive)


DEFAULT: Final = Ceilings()
