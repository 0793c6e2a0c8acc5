"""
SHA-crypt (Drepper), with salts of any characters and length.

passlib refuses salts that are no text, or of more than 16 characters; MySQL's are 20
raw bytes.
"""

import itertools
from typing import Final

from migratekit.formats.armor import rearranged
from migratekit.formats.digests import CONSTRUCTORS, DIGESTS


_ORDERS: Final = {
    # Offsets into the digest, in the order the text has them: three are a group.
    "sha256": (
        20, 10, 0, 11, 1, 21, 2, 22, 12, 23, 13, 3, 14, 4, 24, 5, 25, 15, 26, 16, 6,
        17, 7, 27, 8, 28, 18, 29, 19, 9, 30, 31,
    ),
    "sha512": (
        42, 21, 0, 1, 43, 22, 23, 2, 44, 45, 24, 3, 4, 46, 25, 26, 5, 47, 48, 27, 6,
        7, 49, 28, 29, 8, 50, 51, 30, 9, 10, 52, 31, 32, 11, 53, 54, 33, 12, 13, 55,
        34, 35, 14, 56, 57, 36, 15, 16, 58, 37, 38, 17, 59, 60, 39, 18, 19, 61, 40,
        41, 20, 62, 63,
    ),
}  # fmt: skip


def sha_crypt(name: str, password: bytes, salt: bytes, rounds: int) -> str:
    """
    Return the 43 or 86 characters that SHA-crypt makes with sha256 or sha512.
    """
    digest, make = DIGESTS[name], CONSTRUCTORS[name]
    length = len(password)

    other = digest(password + salt + password)
    mixed = password + salt + _stretched(other, length)
    bits = length
    while bits:
        mixed += other if bits & 1 else password
        bits >>= 1
    result = digest(mixed)

    p = _stretched(digest(password * length), length)
    s = _stretched(digest(salt * (16 + result[0])), len(salt))

    # What stands before and behind the last digest repeats after 2 * 3 * 7 rounds.
    cycle = []
    for i in range(42):
        middle = (s if i % 3 else b"") + (p if i % 7 else b"")
        cycle.append((p + middle, b"") if i & 1 else (b"", middle + p))
    for before, behind in itertools.islice(itertools.cycle(cycle), rounds):
        result = make(before + result + behind).digest()
    return rearranged(result, _ORDERS[name])


def _stretched(data: bytes, length: int) -> bytes:
    return (data * (length // len(data) + 1))[:length]
