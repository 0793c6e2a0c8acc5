"""
The chains of Magento 2.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.formats.armor import blanked, unhex
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digests import DIGESTS
from migratekit.formats.kdf import argon2_digest, argon2_parameters
from migratekit.formats.scheme import Derivation, MalformedError, bounded
from migratekit.models import StoredHash


_SHAPE: Final = re.compile(
    r"([0-9A-Fa-f]{32}|[0-9A-Fa-f]{64}):([^:]*)((?::[0-2]|:3_[0-9]{1,4}_[0-9]{1,9}_[0-9]{1,12})*)",
    re.ASCII,
)
_SALT_BYTES: Final = 16
# There are four versions, each of which comes after older ones.
_LONGEST: Final = 8
# crypto_pwhash with libsodium's interactive limits, which version 2 uses.
_VERSION_2: Final = (32, 2, 67108864)


@attrs.frozen
class Magento2:
    """
    ``hash:salt:version[:version…]``; every version hashes the hex of the one before.

    0 is md5(salt . x), 1 sha256(salt . x), 2 and ``3_size_passes_bytes`` argon2id of x
    with the first 16 characters of the salt (Magento's ``Encryptor.php``).
    """

    quick: ClassVar[bool | None] = None

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        text = stored.text.rstrip(" ")
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise MalformedError("it is malformed or of another format")
        wanted, salt = unhex(match[1]), match[2].encode()
        versions = match[3].split(":")[1:] or ["0"]
        bounded(len(versions), 1, _LONGEST, "number of versions")
        steps = [_step(version, salt, ceilings) for version in versions]
        work = sum(step.work for step in steps)
        bounded(work, 0, ceilings.argon2_work, "memory times passes")
        if len(wanted) != steps[-1].size:
            raise MalformedError("its digest is cut, or of another version")

        def derive(password: bytes) -> bytes:
            value = password
            for step in steps[:-1]:
                value = step.digest(value).hex().encode()
            return steps[-1].digest(value)

        husk = blanked(wanted).hex() + text[match.end(1) :]
        weak = {"0", "1"}.issuperset(versions)
        return Derivation(wanted, derive, lambda: husk, self, weak=weak)


@attrs.frozen
class _Step:
    """
    One link: its digest, how many bytes that gives, and its memory times passes.
    """

    size: int
    digest: Callable[[bytes], bytes]
    work: int = 0


def _step(version: str, salt: bytes, ceilings: Ceilings) -> _Step:
    if version in {"0", "1"}:
        digest = DIGESTS["md5" if version == "0" else "sha256"]
        return _Step(len(digest(b"")), lambda value: digest(salt + value))
    size, passes, memory = _VERSION_2
    if version != "2":
        size, passes, memory = (int(number) for number in version.split("_")[1:])
    costs = memory // 1024, passes, 1
    # A shorter salt is repeated until it is long enough.
    short = (salt * _SALT_BYTES)[:_SALT_BYTES]
    argon2_parameters(costs, short, size, 19, ceilings)
    derive = partial(argon2_digest, "argon2id", 19, costs, short, size)
    return _Step(size, derive, memory // 1024 * passes)
