"""
The types of MediaWiki's password table.
"""

import re
from typing import ClassVar, Final

import attrs

from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digest import Digest
from migratekit.formats.kdf import Argon2, Pbkdf2
from migratekit.formats.scheme import Check, FirstOf, MalformedError, Prefixed
from migratekit.models import StoredHash


_BCRYPT: Final = re.compile(r":bcrypt:([0-9]{1,2})\$([^$]*)\$(.*)", re.DOTALL)


@attrs.frozen
class _SplitBcrypt:
    """
    ``:bcrypt:NN$salt$digest``.
    """

    quick: ClassVar[bool | None] = False

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        match = _BCRYPT.fullmatch(stored.text)
        if match is None:
            raise MalformedError("it is malformed or of another format")
        cost, salt, key = match.groups()
        text = f"$2b${cost:0>2}${salt}{key}"
        return Bcrypt().read(attrs.evolve(stored, text=text), ceilings)


MEDIAWIKI: Final = FirstOf(
    (
        Digest("md5($pass)", layout=":A:{key:hex}"),
        # What wrapped an unsalted row once, and had a salt of no use.
        Digest("md5($salt.'-'.md5($pass))", layout=":A:{salt:text}:{key:hex}"),
        Digest("md5($salt.'-'.md5($pass))", layout=":B:{salt:text}:{key:hex}"),
        Pbkdf2(
            ":pbkdf2:{digest:sha1|sha256|sha512}:{rounds:int}:{key_length:int}"
            ":{salt:base64}:{key:base64}",
            key_lengths={20, 32, 64},
        ),
        _SplitBcrypt(),
        Prefixed(":argon2:", Argon2()),
        Digest("md5($pass)"),
    )
)
