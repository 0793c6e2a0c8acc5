"""
MD4 and the inside of MD5, which `hashlib` does not have everywhere.

OpenSSL 3 leaves MD4 out (RFC 1320); Dovecot's CRAM-MD5 stores the state of MD5 (RFC
1321) in the middle of its work.
"""

import struct
from math import floor, sin
from typing import Final, TypeAlias


State: TypeAlias = tuple[int, int, int, int]

_START: Final = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_ALL: Final = 0xFFFFFFFF

# Of MD4: constant, order of the words and rotations of each of its three rounds.
_MD4_ROUNDS: Final = (
    (0x00000000, tuple(range(16)), (3, 7, 11, 19)),
    (0x5A827999, (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13)),
    (0x6ED9EBA1, (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
     (3, 9, 11, 15)),
)  # fmt: skip

# Of MD5: step and start of the order of the words, and rotations of its four rounds.
_MD5_ROUNDS: Final = (
    (1, 0, (7, 12, 17, 22)),
    (5, 1, (5, 9, 14, 20)),
    (3, 5, (4, 11, 16, 23)),
    (7, 0, (6, 10, 15, 21)),
)
_SINES: Final = tuple(floor(abs(sin(i + 1)) * 2**32) for i in range(64))


def md4(data: bytes) -> bytes:
    """
    Return the 16 bytes of the MD4 digest of *data*.
    """
    padding = b"\x80" + bytes(-(len(data) + 9) % 64)
    padded = data + padding + struct.pack("<Q", len(data) * 8)
    state: State = _START
    for start in range(0, len(padded), 64):
        state = _md4_block(state, padded[start : start + 64])
    return struct.pack("<4I", *state)


def md5_state(block: bytes) -> bytes:
    """
    Return the state of MD5, 16 bytes, after one block of 64 bytes.
    """
    words = struct.unpack("<16I", block)
    a, b, c, d = _START
    for i in range(64):
        step, start, rotations = _MD5_ROUNDS[i // 16]
        mixed = (
            (b & c) | (~b & d),
            (d & b) | (~d & c),
            b ^ c ^ d,
            c ^ (b | (~d & _ALL)),
        )[i // 16]
        total = a + mixed + _SINES[i] + words[(step * i + start) % 16]
        a, b, c, d = d, (b + _rotated(total, rotations[i % 4])) & _ALL, b, c
    return _sum((a, b, c, d), _START)


def _md4_block(state: State, block: bytes) -> State:
    words = struct.unpack("<16I", block)
    a, b, c, d = state
    for number, (constant, order, rotations) in enumerate(_MD4_ROUNDS):
        for i, word in enumerate(order):
            mixed = (
                (b & c) | (~b & d),
                (b & c) | (b & d) | (c & d),
                b ^ c ^ d,
            )[number]
            total = a + mixed + words[word] + constant
            a, b, c, d = d, _rotated(total, rotations[i % 4]), b, c
    one, two, three, four = struct.unpack("<4I", _sum((a, b, c, d), state))
    return one, two, three, four


def _sum(one: State, two: State) -> bytes:
    return struct.pack("<4I", *(x + y & _ALL for x, y in zip(one, two, strict=True)))


def _rotated(value: int, by: int) -> int:
    value &= _ALL
    return (value << by | value >> 32 - by) & _ALL
