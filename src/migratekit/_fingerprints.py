"""
Millions of keys in little memory: whether one of them may be there twice.
"""

import hashlib
import secrets
from array import array
from itertools import pairwise
from typing import Final

from migratekit.models import LedgerKey


_BUCKETS: Final = 16


class Fingerprints:
    """
    Keeps 8 bytes of each key that is added.

    They are a hash with a random key, so that nobody can prepare texts that only seem
    to be the same; of a million keys two seem so by chance once in tens of millions of
    runs.  What is `repeated()` is therefore a suspicion, to be confirmed by the texts.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        # In parts, because sorting one takes five times its memory.
        self._buckets = [array("Q") for _ in range(_BUCKETS)]

    def of(self, key: LedgerKey) -> int:
        """
        Return the number that stands for *key*.
        """
        text = f"{key.kind.value}:{key.value}".encode()
        digest = hashlib.blake2b(text, digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "big")

    def add(self, key: LedgerKey) -> None:
        """
        Take note of *key*.
        """
        number = self.of(key)
        self._buckets[number % _BUCKETS].append(number)

    def repeated(self) -> frozenset[int]:
        """
        Return the numbers that were added more than once.
        """
        return frozenset(
            number
            for bucket in self._buckets
            for number, following in pairwise(sorted(bucket))
            if number == following
        )
