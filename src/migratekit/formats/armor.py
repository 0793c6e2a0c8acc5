"""
Bytes as text: hexadecimal, base64 and the alphabets of crypt(3).
"""

import base64
import binascii
from typing import Final

from migratekit.formats.scheme import MalformedError


CRYPT64: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_BLANK: Final = b"\xff"
_BASE64: Final = str.maketrans("-_.", "+/+")
_BCRYPT64: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FROM_BCRYPT64: Final = str.maketrans(_BCRYPT64, _STANDARD64)
_TO_BCRYPT64: Final = str.maketrans(_STANDARD64, _BCRYPT64)


def unhex(text: str) -> bytes:
    """
    Decode hexadecimal digits of either case, strictly.

    Raises:
        migratekit.formats.scheme.MalformedError: If it is anything else.
    """
    try:
        return binascii.unhexlify(text)
    except ValueError:
        pass
    raise MalformedError("it holds no hexadecimal digits where it should")


def unbase64(text: str) -> bytes:
    """
    Decode base64: standard, URL-safe or passlib's (``.`` for ``+``), padded or not.

    The alphabet and the length are checked; unused bits of the last character are not,
    because real exports have them set.

    Raises:
        migratekit.formats.scheme.MalformedError: If it is anything else.
    """
    bare = text.rstrip("=")
    padding = len(text) - len(bare)
    if padding in {0, -len(bare) % 4}:
        try:
            return base64.b64decode(
                bare.translate(_BASE64) + "=" * (-len(bare) % 4), validate=True
            )
        except ValueError:
            pass
    raise MalformedError("it holds no base64 where it should")


def blanked(data: bytes) -> bytes:
    """
    Return what stands for bytes of this number in a husk.

    They are all ones, because their base64 is no hexadecimal number.
    """
    return _BLANK * len(data)


def blanked_base64(text: str) -> str:
    """
    Return *text*, which is base64, blanked and as long.
    """
    return rebase64(blanked(unbase64(text)), text)


def rebase64(data: bytes, like: str) -> str:
    """
    Encode as base64, with as much padding as *like* has.
    """
    bare = base64.b64encode(data).decode().rstrip("=")
    return bare + "=" * (len(like) - len(like.rstrip("=")))


def from_bcrypt64(text: str) -> bytes:
    """
    Decode the base64 of bcrypt; unused bits of the last character do not count.
    """
    return unbase64(text.translate(_FROM_BCRYPT64))


def to_bcrypt64(data: bytes) -> str:
    """
    Encode as the base64 of bcrypt.
    """
    return base64.b64encode(data).decode().rstrip("=").translate(_TO_BCRYPT64)


def to_crypt64(data: bytes) -> str:
    """
    Encode as phpass does: little-endian groups of three bytes, `CRYPT64`.
    """
    text = []
    for start in range(0, len(data), 3):
        group = data[start : start + 3]
        value = int.from_bytes(group, "little")
        text += [CRYPT64[value >> 6 * i & 63] for i in range(len(group) + 1)]
    return "".join(text)


def blanked_crypt64(text: str, length: int) -> str:
    """
    Return *text* with its last characters, which are of `CRYPT64`, blanked.
    """
    return text[:-length] + CRYPT64[0] * length


def rearranged(data: bytes, order: tuple[int, ...]) -> str:
    """
    Encode the bytes of *data* in *order* as `to_crypt64()` does.
    """
    return to_crypt64(bytes(data[i] for i in order))


def crypt64_value(text: str) -> int:
    """
    Read a little-endian number of `CRYPT64` digits.

    Raises:
        ValueError: If there is another character.
    """
    return sum(CRYPT64.index(digit) << 6 * i for i, digit in enumerate(text))
