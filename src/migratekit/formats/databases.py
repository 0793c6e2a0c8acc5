"""
What database servers store for their own users, where no engine fits.
"""

import hashlib
import hmac
import re
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats import _passlib
from migratekit.formats.armor import unhex
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digests import DIGESTS
from migratekit.formats.layout import Layout
from migratekit.formats.scheme import Check, Derivation, MalformedError, bounded, column
from migratekit.formats.sha_crypt import sha_crypt
from migratekit.models import StoredHash


_HANDLERS: Final = {
    "mysql323": re.compile(r"[0-9A-Fa-f]{16}"),
    "mssql2000": re.compile(r"0x0100[0-9A-Fa-f]{88}"),
    "oracle10": re.compile(r"[0-9A-Fa-f]{16}"),
}


@attrs.frozen
class Database:
    """
    A hash of a database that passlib verifies.

    Args:
        handler: ``mysql323``, ``mssql2000`` or ``oracle10``.

    Raises:
        migratekit.errors.ConfigurationError: If there is no passlib.
    """

    quick: ClassVar[bool | None] = True

    handler: str = attrs.field()

    @handler.validator
    def _known(self, _: object, value: str) -> None:
        if value not in _HANDLERS:
            raise ConfigurationError(f"There is no database handler {value!r}.")
        _passlib.require(value)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        del ceilings
        text = stored.text.rstrip(" ")
        if _HANDLERS[self.handler].fullmatch(text) is None:
            raise MalformedError("it is cut or malformed")
        context = {}
        if self.handler == "oracle10":
            context = {"user": column(stored.username, "username").decode()}
        if self.handler == "mssql2000":
            return _mssql2000(text, self)
        computed = partial(_passlib.computed, self.handler, text, context)
        return Derivation(
            text.lower().encode(),
            lambda password: computed(password).lower(),
            lambda: _BLANK * len(text),
            self,
            holds_gil=True,
        )


_BLANK: Final = "f"
_MSSQL2000_HEAD: Final = 14  # characters before the digests
_MSSQL2000_KEY: Final = 40


def _mssql2000(text: str, scheme: Database) -> Derivation:
    # The first digest is of the password as it was typed, the second of it in capitals;
    # a log-in is judged by the second.
    head = text[:_MSSQL2000_HEAD]
    salt = unhex(head[-8:])
    return Derivation(
        unhex(text[-_MSSQL2000_KEY:]),
        lambda password: DIGESTS["sha1"](
            password.decode().upper().encode("utf-16-le") + salt
        ),
        lambda: head + _BLANK * 2 * _MSSQL2000_KEY,
        scheme,
    )


@attrs.frozen
class Oracle12:
    """
    ``T:`` and 160 hexadecimal digits: sha512(pbkdf2-sha512(password) . salt).
    """

    quick: ClassVar[bool | None] = True

    _layout = Layout("T:{key[64]+salt[16]:hex}")

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        fields = self._layout.read(stored.text)
        key, salt = fields["key"], fields["salt"]
        assert isinstance(key, bytes)  # noqa: S101 - the layout says so
        assert isinstance(salt, bytes)  # noqa: S101 - the layout says so
        bounded(_ORACLE12_ROUNDS, 1, ceilings.pbkdf2_rounds, "number of rounds")
        long_salt = salt + b"AUTH_PBKDF2_SPEEDY_KEY"

        def derive(password: bytes) -> bytes:
            made = hashlib.pbkdf2_hmac("sha512", password, long_salt, _ORACLE12_ROUNDS)
            return DIGESTS["sha512"](made + salt)

        return Derivation(
            key, derive, partial(self._layout.blank, stored.text, "key"), self
        )


_ORACLE12_ROUNDS: Final = 4096


@attrs.frozen
class MySQLCachingSha2:
    """
    MySQL 8's ``caching_sha2_password``: SHA-256-crypt with a salt of 20 raw bytes.

    The text is ``$A$005$``, the salt and 43 characters, as ``authentication_string`` is
    if it is read as Latin-1; or it is the 43 characters, and the salt has a column.

    Args:
        rounds: The rounds, if the text does not say them in thousands.
    """

    quick: ClassVar[bool | None] = False

    rounds: int = attrs.field(default=5000, kw_only=True)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        text, rounds = stored.text, self.rounds
        match = _MYSQL8.fullmatch(text)
        if match is not None:
            rounds = int(match[1], 16) * 1000
            salt, text = match[2].encode("latin-1"), match[3]
        else:
            salt = column(stored.salt, "salt")
        if len(salt) != 20 or _MYSQL8_KEY.fullmatch(text) is None:
            raise MalformedError("it is cut or malformed")
        bounded(rounds, 1000, ceilings.sha_crypt_rounds, "number of rounds")
        return _Sha256Crypt(text, salt, rounds)


@attrs.frozen
class _Sha256Crypt:
    """
    A check that keeps the interpreter's lock, as a `Derivation` may.
    """

    holds_gil: ClassVar[bool] = True

    text: str = attrs.field(repr=False)
    salt: bytes = attrs.field(repr=False)
    rounds: int

    def __call__(self, password: bytes) -> bool:
        made = sha_crypt("sha256", password, self.salt, self.rounds)
        return hmac.compare_digest(self.text, made)


_MYSQL8: Final = re.compile(
    r"\$A\$([0-9A-F]{3})\$([\x01-\xff]{20})([./0-9A-Za-z]{43})", re.DOTALL
)
_MYSQL8_KEY: Final = re.compile(r"[./0-9A-Za-z]{43}")
