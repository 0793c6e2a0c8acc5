"""
MD5-crypt (Kamp) and Apache's variety, with salts of any characters.
"""

from typing import Final

from migratekit.formats.armor import rearranged
from migratekit.formats.digests import DIGESTS


_ORDER: Final = (12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11)
_ROUNDS: Final = 1000


def md5_crypt(magic: bytes, password: bytes, salt: bytes) -> str:
    """
    Return the 22 characters that MD5-crypt makes; *magic* is ``$1$`` or ``$apr1$``.
    """
    digest = DIGESTS["md5"]
    length = len(password)
    other = digest(password + salt + password)
    mixed = password + magic + salt + (other * (length // 16 + 1))[:length]
    bits = length
    while bits:
        mixed += b"\0" if bits & 1 else password[:1]
        bits >>= 1
    result = digest(mixed)
    for i in range(_ROUNDS):
        middle = (salt if i % 3 else b"") + (password if i % 7 else b"")
        if i & 1:
            result = digest(password + middle + result)
        else:
            result = digest(result + middle + password)
    return rearranged(result, _ORDER)
