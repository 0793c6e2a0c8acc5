"""
passlib's bcrypt of SHA-256.
"""

import re
from typing import ClassVar, Final

import attrs

from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.prehash import Prehashed
from migratekit.formats.scheme import Check, MalformedError
from migratekit.models import StoredHash


_V1: Final = re.compile(
    r"\$bcrypt-sha256\$(2[aby]),([0-9]{1,2})\$([^$]{22})\$([^$]{31})"
)
_V2: Final = re.compile(
    r"\$bcrypt-sha256\$v=2,t=(2b),r=([0-9]{1,2})\$([^$]{22})\$([^$]{31})"
)


@attrs.frozen
class BcryptSha256:
    """
    bcrypt of base64(sha256(password)), or, since version 2, of an HMAC keyed with the
    salt as it is spelt.
    """

    quick: ClassVar[bool | None] = False

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        match, recipe = _V2.fullmatch(stored.text), "b64(hmac_sha256_bin($salt,$pass))"
        if match is None:
            match, recipe = _V1.fullmatch(stored.text), "b64(sha256_bin($pass))"
        if match is None:
            raise MalformedError("it is cut or malformed")
        minor, cost, salt, key = match.groups()
        text = f"${minor}${cost:0>2}${salt}{key}"
        row = attrs.evolve(stored, text=text, salt=salt)
        return Prehashed(recipe, Bcrypt()).read(row, ceilings)
