"""
Spellings of scrypt that pack its parameters.
"""

import hmac
import re
from typing import ClassVar, Final

import attrs

from migratekit.formats.armor import CRYPT64, crypt64_value, to_crypt64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.kdf import power, scrypt, scrypt_key, scrypt_parameters
from migratekit.formats.layout import Layout
from migratekit.formats.scheme import Check, MalformedError
from migratekit.models import StoredHash


_SCRYPT7: Final = re.compile(
    r"\$7\$([./0-9A-Za-z])([./0-9A-Za-z]{5})([./0-9A-Za-z]{5})([^$]*)\$"
    r"([./0-9A-Za-z]{43})",
    re.DOTALL,
)
_SPRING: Final = Layout("${costs:hexint}${salt:base64}${key:base64}")
_SPRING_BYTES: Final = 32


@attrs.frozen
class CryptScrypt:
    """
    ``$7$`` of crypt(3): digits of `CRYPT64` for log2 N, r and p, and salt as text.
    """

    quick: ClassVar[bool | None] = False

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        match = _SCRYPT7.fullmatch(stored.text.rstrip(" "))
        if match is None:
            raise MalformedError("it is cut or malformed")
        n = power(CRYPT64.index(match[1]))
        r, p = crypt64_value(match[2]), crypt64_value(match[3])
        memory = scrypt_parameters(n, r, p, ceilings)
        salt, wanted = match[4].encode(), match[5]
        return lambda password: hmac.compare_digest(
            wanted, to_crypt64(scrypt_key(password, salt, n, r, p, 32, memory))
        )


@attrs.frozen
class SpringScrypt:
    """
    ``$e0801$salt$key``: log2 N, r and p as bytes of one hexadecimal number.
    """

    quick: ClassVar[bool | None] = False

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        fields = _SPRING.read(stored.text)
        costs, salt, key = fields["costs"], fields["salt"], fields["key"]
        assert isinstance(costs, int)  # noqa: S101 - the layout says so
        assert isinstance(salt, bytes)  # noqa: S101 - the layout says so
        assert isinstance(key, bytes)  # noqa: S101 - the layout says so
        if len(key) != _SPRING_BYTES:
            raise MalformedError("its key is cut")
        n, r, p = power(costs >> 16), costs >> 8 & 255, costs & 255
        return scrypt(salt, (n, r, p), key, ceilings)
