"""
The engine for bcrypt, in all its spellings.
"""

import hmac
import itertools
import re
from typing import ClassVar, Final

import attrs
import bcrypt

from migratekit.errors import ConfigurationError
from migratekit.formats.armor import from_bcrypt64, to_bcrypt64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.scheme import Check, MalformedError, bounded
from migratekit.models import StoredHash


_SHAPE: Final = re.compile(
    r"\$2([abxy]?)\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})", re.ASCII
)
_KEY_BYTES: Final = 72


@attrs.frozen
class Bcrypt:
    """
    bcrypt: ``$2a$``, ``$2b$``, ``$2y$``, ``$2x$`` and ``$2$``, of 60 characters.

    A password counts as far as its 72nd byte, as in the systems that made the hashes.
    A password with a NUL matches nothing: C and PHP stop there or refuse it.

    Args:
        layers:
            How often bcrypt is done, with one salt (WoltLab 2 did it twice).

        sign_bug:
            Whether ``$2a$`` hashes may have been made by PHP before 5.3.7 or
            crypt_blowfish before 1.1, which garbled characters of 8 bits.  Both ways
            are then tried, always.

    Raises:
        migratekit.errors.ConfigurationError: If *layers* is not positive.
    """

    quick: ClassVar[bool | None] = False

    layers: int = attrs.field(default=1, kw_only=True)
    sign_bug: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.layers < 1:
            raise ConfigurationError("bcrypt needs at least one layer.")

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        match = _SHAPE.fullmatch(stored.text.rstrip(" "))
        if match is None:
            raise MalformedError("it is cut or malformed")
        minor, cost, salt, key = match.groups()
        bounded(int(cost), 4, ceilings.bcrypt_cost, "cost")
        ways = [_WAYS[minor]]
        if minor == "a" and self.sign_bug:
            ways.append(_sign_bug_key)

        def check(password: bytes) -> bool:
            if b"\0" in password:
                return False
            # The last character of salt and key has unused bits, which libraries leave
            # as they are, clear, or refuse.
            canonical = to_bcrypt64(from_bcrypt64(salt))
            setting = f"$2b${cost}${canonical}".encode()
            wanted = from_bcrypt64(key)
            found = [self._made(minor, way(password), setting) for way in ways]
            matches = [hmac.compare_digest(wanted, made) for made in found]
            return any(matches)

        return check

    def _made(self, minor: str, key: bytes, setting: bytes) -> bytes:
        for _ in range(self.layers - 1):
            # The text is hashed as it was spelt.
            text = bcrypt.hashpw(key, setting)
            key = b"$2" + minor.encode() + text[3:]
        return from_bcrypt64(bcrypt.hashpw(key, setting).decode()[-31:])


def _key(password: bytes) -> bytes:
    return password[:_KEY_BYTES]


def _sign_bug_key(password: bytes) -> bytes:
    # The bug (CVE-2011-2483) takes each char as signed: one of 8 bits sets all bits
    # above it in its word.  The words it makes are given to bcrypt as 72 bytes.
    chars = itertools.cycle(password + b"\0")
    words = []
    for _ in range(_KEY_BYTES // 4):
        word = 0
        for char in itertools.islice(chars, 4):
            word = word << 8 & 0xFFFFFFFF
            word |= char | 0xFFFFFF00 if char & 0x80 else char
        words.append(word.to_bytes(4, "big"))
    return b"".join(words)


def _unterminated_key(password: bytes) -> bytes:
    # The first bcrypt repeated the password without its closing NUL.
    if not password:
        return password
    return bytes(itertools.islice(itertools.cycle(password), _KEY_BYTES))


_WAYS: Final = {
    "": _unterminated_key,
    "a": _key,
    "b": _key,
    "y": _key,
    "x": _sign_bug_key,
}
