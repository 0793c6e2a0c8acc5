"""
yescrypt and its variety with GOST's digest, through libxcrypt.

They are the default of Debian 11, Ubuntu 22.04 and Fedora 35 and later, and exist in C
only; the system's own ``libcrypt.so.1`` computes them.
"""

import ctypes
import hmac
import re
from functools import cache, partial
from typing import Any, ClassVar, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.armor import CRYPT64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.kdf import power, scrypt_costs
from migratekit.formats.scheme import Check, MalformedError
from migratekit.models import StoredHash


MISSING: Final = "it needs libxcrypt 4.3 or later, as libcrypt.so.1 of the system"

_SHAPE: Final = re.compile(
    r"\$(?:y|gy)\$([./0-9A-Za-z]{3,16})\$([./0-9A-Za-z]{0,86})\$([./0-9A-Za-z]{43})",
    re.ASCII,
)
_SIZE: Final = 32768  # of libxcrypt's struct crypt_data
_LIBRARIES: Final = ("libcrypt.so.1", "libcrypt.so.2")


@attrs.frozen
class Yescrypt:
    """
    ``$y$`` or ``$gy$`` of crypt(3).

    Args:
        prefix: Which of them.
        required: Whether a system without libxcrypt is refused at once.

    Raises:
        migratekit.errors.ConfigurationError:
            If it is required and the system has none.
    """

    quick: ClassVar[bool | None] = False

    prefix: str = "$y$"
    required: bool = attrs.field(default=True, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.required and library() is None:
            raise ConfigurationError(f"yescrypt cannot be used: {MISSING}.")

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        text = stored.text.rstrip(" ")
        match = _SHAPE.fullmatch(text)
        if match is None or not text.startswith(self.prefix):
            raise MalformedError("it is cut or malformed")
        log_n, r, p = _parameters(match[1])
        scrypt_costs(power(log_n), r, p, ceilings)
        found = library()
        if found is None:
            raise MalformedError(MISSING)
        return partial(_matches, found, text.encode())


@cache
def library() -> Any:
    """
    Return the system's libxcrypt, or None.
    """
    for name in _LIBRARIES:
        try:
            function = ctypes.CDLL(name).crypt_rn
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = (
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_char_p,
            ctypes.c_int,
        )
        return function
    return None


def _matches(crypt_rn: Any, text: bytes, password: bytes) -> bool:
    if b"\0" in password:
        return False
    room = ctypes.create_string_buffer(_SIZE)
    made: bytes | None = crypt_rn(password, text, room, _SIZE)
    return made is not None and hmac.compare_digest(made, text)


def _parameters(text: str) -> tuple[int, int, int]:
    """
    Read log2 N, r and p of yescrypt's setting.

    Numbers are of one or more digits; the first tells how many, and their range.
    """
    _, at = _number(text, 0, 0)
    log_n, at = _number(text, at, 1)
    r, at = _number(text, at, 1)
    p = 1
    if at < len(text):
        have, at = _number(text, at, 1)
        # Of the optional parameters only p is known to be in use.
        if have != 1:
            raise MalformedError("its parameters are unusual")
        p, at = _number(text, at, 2)
    if at != len(text):
        raise MalformedError("its parameters are unusual")
    return log_n, r, p


def _number(text: str, at: int, least: int) -> tuple[int, int]:
    # As decode64_uint32() of yescrypt-common.c: 48 first digits stand alone, then each
    # further range of first digits takes one more digit.
    if at >= len(text):
        raise MalformedError("its parameters are cut")
    start, end, digits, bits = 0, 47, 1, 0
    code = CRYPT64.index(text[at])
    value = least
    while code > end:
        value += end + 1 - start << bits
        start = end + 1
        end = start + (62 - end) // 2
        digits += 1
        bits += 6
    value += code - start << bits
    rest = text[at + 1 : at + digits]
    if len(rest) < digits - 1:
        raise MalformedError("its parameters are cut")
    for digit in rest:
        bits -= 6
        value += CRYPT64.index(digit) << bits
    return value, at + digits
