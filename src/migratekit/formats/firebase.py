"""
Firebase's scrypt.
"""

import hmac
from typing import ClassVar, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.aes import ctr
from migratekit.formats.armor import unbase64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.kdf import power, scrypt_key, scrypt_parameters
from migratekit.formats.scheme import Check, MalformedError
from migratekit.models import StoredHash


_KEY_BYTES: Final = 32


@attrs.frozen
class Firebase:
    """
    The site's signer key, encrypted with a key that scrypt derives of the password.

    The text is base64, and the salt column is.  Source: the documentation of
    ``firebase auth:export`` and of firebase-scrypt.

    Args:
        signer_key: The site's secret.
        salt_separator: What follows every salt.
        rounds: r of scrypt.
        mem_cost: log2 of N of scrypt.
    """

    quick: ClassVar[bool | None] = False

    signer_key: bytes = attrs.field(repr=False)
    salt_separator: bytes
    rounds: int
    mem_cost: int

    @classmethod
    def of_console(
        cls, signer_key: str, salt_separator: str, rounds: int, mem_cost: int
    ) -> "Firebase":
        """
        Return one with the parameters that the Firebase console shows.

        Raises:
            migratekit.errors.ConfigurationError: If the key or separator is no base64.
        """
        try:
            key, separator = unbase64(signer_key), unbase64(salt_separator)
        except MalformedError:
            key = separator = b""
        if not key:
            raise ConfigurationError("The signer key or separator is no base64.")
        return cls(key, separator, rounds, mem_cost)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        if stored.salt is None:
            raise MalformedError("its salt is missing")
        salt = stored.salt if isinstance(stored.salt, bytes) else unbase64(stored.salt)
        wanted = unbase64(stored.text.rstrip(" "))
        return self.check(wanted, salt, ceilings)

    def check(self, wanted: bytes, salt: bytes, ceilings: Ceilings) -> Check:
        """
        Return a check of an encrypted signer key.
        """
        if len(wanted) != len(self.signer_key):
            raise MalformedError("it is cut, or of another signer key")
        n = power(self.mem_cost)
        memory = scrypt_parameters(n, self.rounds, 1, ceilings)
        salt += self.salt_separator

        def check(password: bytes) -> bool:
            key = scrypt_key(password, salt, n, self.rounds, 1, _KEY_BYTES, memory)
            return hmac.compare_digest(wanted, ctr(key, self.signer_key))

        return check
