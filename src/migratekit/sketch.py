"""
About how many different people there were, without keeping who.
"""

import base64
import hashlib
import math
import zlib
from collections import Counter
from typing import Final


# With 2**12 registers, two estimates of three are wrong by less than 1.6 %.
_INDEX_BITS: Final = 12
_REGISTERS: Final = 1 << _INDEX_BITS
_REST_BITS: Final = 64 - _INDEX_BITS
_MOST: Final = _REST_BITS + 1
# It names the form of the text, too: another form will have another one.
_PREFIX: Final = "hll12:"
_LONGEST: Final = 8192
_PERSON: Final = b"migratekit.hll12"


class Sketch:
    """
    A short note of many texts that can tell about how many different ones there were.

    This is a HyperLogLog: it takes 4 kB for a dozen people and for a billion, and is
    wrong by more than 5 % about once in 500 times.  To note a text again changes
    nothing, and sketches of several processes or days merge into one of all.

    No name can be read from a sketch.  But whoever has one can guess a name, and see
    whether it would change anything: if so, it was not noted; if not, and few were, it
    most likely was.  So keep a sketch as you keep the log of who logged in.

    Not for two threads at a time.
    """

    __slots__ = ("_registers",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self._registers = bytearray(_REGISTERS)

    def __repr__(self) -> str:
        return f"<Sketch of about {self.estimate()}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sketch):
            return NotImplemented
        return self._registers == other._registers

    def add(self, text: str) -> None:
        """
        Note *text*.
        """
        digest = hashlib.blake2b(
            text.encode(errors="surrogatepass"), digest_size=8, person=_PERSON
        ).digest()
        number = int.from_bytes(digest)
        rest = number & ((1 << _REST_BITS) - 1)
        index, rank = number >> _REST_BITS, _MOST - rest.bit_length()
        self._registers[index] = max(rank, self._registers[index])

    def merge(self, other: "Sketch") -> None:
        """
        Note all that *other* has noted.
        """
        self._registers = bytearray(map(max, self._registers, other._registers))  # noqa: SLF001

    def estimate(self) -> int:
        """
        Return about how many different texts were noted; of a dozen exactly how many,
        nearly always.
        """
        # Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
        # (2017), algorithm 6: it needs no corrections by table where others are biased.
        # What it does about registers that can count no further is left out: that is
        # beyond 10**18 texts.
        counts = Counter(self._registers)
        empty = counts.pop(0, 0)
        if empty == _REGISTERS:
            return 0
        total = math.fsum(number * 2.0**-rank for rank, number in counts.items())
        total += _REGISTERS * _sigma(empty / _REGISTERS)
        return round(_REGISTERS**2 / (2 * math.log(2) * total))

    def to_text(self) -> str:
        """
        Return it as a short ASCII text: about 50 characters for one text, and about
        2,500 for any number.
        """
        packed = zlib.compress(self._registers, 9)
        return _PREFIX + base64.b64encode(packed).decode()

    @classmethod
    def from_text(cls, text: str) -> "Sketch":
        """
        Return what `to_text()` was called on.

        Raises:
            ValueError: If *text* is no such text.
        """
        registers = _registers_of(text)
        if len(registers) != _REGISTERS or max(registers) > _MOST:
            raise ValueError("This is no sketch.")
        sketch = cls()
        sketch._registers = bytearray(registers)
        return sketch


def _registers_of(text: str) -> bytes:
    """
    Return what is packed in *text*; nothing if it is not well packed.
    """
    if not text.startswith(_PREFIX) or len(text) > _LONGEST:
        return b""
    unpacking = zlib.decompressobj()
    try:
        packed = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        # Never more than what is wanted, however much there is of it.
        registers = unpacking.decompress(packed, _REGISTERS + 1)
    except (ValueError, zlib.error):
        return b""
    return registers if unpacking.eof and not unpacking.unused_data else b""


def _sigma(share: float) -> float:
    """
    Return *share* plus the sum of ``share ** 2**k * 2**(k - 1)`` over all k from 1.
    """
    total, weight = share, 1.0
    while True:
        share *= share
        before, total = total, total + share * weight
        weight += weight
        if before == total:
            return total
