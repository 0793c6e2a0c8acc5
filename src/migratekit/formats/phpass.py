"""
The portable hashes of phpass, and Drupal 7's of the same make.
"""

import re
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.armor import CRYPT64, blanked_crypt64, to_crypt64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digests import CONSTRUCTORS
from migratekit.formats.scheme import Derivation, MalformedError, bounded
from migratekit.models import StoredHash


_SHAPES: Final = {
    "md5": re.compile(
        r"(\$[PH]\$)([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})", re.ASCII
    ),
    # Drupal cuts its text to 55 characters in all.
    "sha512": re.compile(
        r"(\$S\$)([./0-9A-Za-z])(.{8})([./0-9A-Za-z]{43})", re.ASCII | re.DOTALL
    ),
}


@attrs.frozen
class PHPass:
    """
    phpass with MD5 (``$P$``, ``$H$``) or, as Drupal 7, with SHA-512 (``$S$``).

    d = H(salt . password), then 2^n times d = H(d . password), with n from 7 to 30 in
    the fourth character.

    Args:
        digest: ``md5`` or ``sha512``.

    Raises:
        migratekit.errors.ConfigurationError: If it is another digest.
    """

    quick: ClassVar[bool | None] = True

    digest: str = attrs.field(default="md5")

    @digest.validator
    def _known(self, _: object, value: str) -> None:
        if value not in _SHAPES:
            raise ConfigurationError("phpass is done with md5 or sha512.")

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        text = stored.text.rstrip(" ")
        match = _SHAPES[self.digest].fullmatch(text)
        if match is None:
            raise MalformedError("it is cut or malformed")
        _, code, salt, wanted = match.groups()
        exponent = CRYPT64.index(code)
        if exponent > 30:
            raise MalformedError("its number of rounds is out of range")
        bounded(exponent, 7, ceilings.phpass_exponent, "number of rounds")
        made = partial(self._text, salt.encode(), 1 << exponent, len(wanted))
        return Derivation(
            wanted.encode(),
            made,
            partial(blanked_crypt64, text, len(wanted)),
            self,
            holds_gil=True,
        )

    def _text(self, salt: bytes, rounds: int, length: int, password: bytes) -> bytes:
        make = CONSTRUCTORS[self.digest]
        result = make(salt + password).digest()
        for _ in range(rounds):
            result = make(result + password).digest()
        return to_crypt64(result)[:length].encode()
