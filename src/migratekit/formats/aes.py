"""
AES-256 in counter mode, which Firebase encrypts its signer key with.

For a few blocks at a time; the standard library has no AES.  FIPS 197.
"""

from typing import Final


def _times_two(value: int) -> int:
    value <<= 1
    return value ^ 0x11B if value & 0x100 else value


def _make_sbox() -> bytes:
    # Walk the field by the generator 3 and by its inverse side by side.
    box = bytearray(256)
    p = q = 1
    while True:
        p ^= _times_two(p)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        q ^= 0x09 if q & 0x80 else 0
        rotated = q * 0x101
        mixed = q ^ rotated >> 7 ^ rotated >> 6 ^ rotated >> 5 ^ rotated >> 4
        box[p] = (mixed ^ 0x63) & 0xFF
        if p == 1:
            break
    box[0] = 0x63
    return bytes(box)


_SBOX: Final = _make_sbox()
_ROUNDS: Final = 14


def ctr(key: bytes, data: bytes) -> bytes:
    """
    Encrypt *data* with a key of 32 bytes, counting blocks from zero.
    """
    words = _expanded(key)
    stream = b"".join(
        _encrypted(words, block.to_bytes(16, "big"))
        for block in range(-(-len(data) // 16))
    )
    return bytes(x ^ y for x, y in zip(data, stream, strict=False))


def _expanded(key: bytes) -> list[bytes]:
    words = [key[i : i + 4] for i in range(0, 32, 4)]
    constant = 1
    for i in range(8, 4 * (_ROUNDS + 1)):
        word = words[-1]
        if i % 8 == 0:
            word = (word[1:] + word[:1]).translate(_SBOX)
            word = bytes((word[0] ^ constant, *word[1:]))
            constant = _times_two(constant)
        elif i % 8 == 4:
            word = word.translate(_SBOX)
        words.append(_xor(words[-8], word))
    return [b"".join(words[i : i + 4]) for i in range(0, len(words), 4)]


def _encrypted(keys: list[bytes], block: bytes) -> bytes:
    block = _xor(block, keys[0])
    for key in keys[1:]:
        block = block.translate(_SBOX)
        block = bytes(block[5 * i % 16] for i in range(16))
        if key is not keys[-1]:
            block = b"".join(_mixed(block[i : i + 4]) for i in range(0, 16, 4))
        block = _xor(block, key)
    return block


def _mixed(column: bytes) -> bytes:
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(
        column[i] ^ every ^ _times_two(column[i] ^ column[(i + 1) % 4])
        for i in range(4)
    )


def _xor(one: bytes, two: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(one, two, strict=True))
