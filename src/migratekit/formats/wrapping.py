"""
A strong hash around a weak one: the digest of an old system, hashed again.
"""

import attrs

from migratekit.errors import UnusableHashError
from migratekit.formats import envelope
from migratekit.formats.format import Format, LegacyFormat
from migratekit.formats.format_list import FormatList
from migratekit.formats.masking import mask
from migratekit.formats.scheme import Derivation
from migratekit.models import StoredHash
from migratekit.protocols import ImportingHasher, PasswordHasher


@attrs.frozen
class Wrapping:
    """
    Computes a wrapped envelope when it is called, in whatever process.

    It can be pickled, and holds the digest until then.

    Args:
        hasher: What hashes the digest.
        husk: The stored hash without its digest.
        format_name: The name of its format.
        digest: What is hashed.
    """

    hasher: PasswordHasher
    husk: StoredHash = attrs.field(repr=False)
    format_name: str
    digest: bytes = attrs.field(repr=False)

    def __call__(self) -> str:
        """
        Return the text to store.
        """
        encoded = self.hasher.hash(_input_of(self.digest))
        return envelope.wrap(self.husk, self.format_name, encoded)


def wrapping(
    hasher: PasswordHasher, format_: LegacyFormat, stored: StoredHash
) -> Wrapping | None:
    """
    Return what wraps *stored*, or None if it is strong or its format cannot say how
    digests are made.

    Args:
        hasher: What hashes the digest.
        format_: The one format that identifies *stored*; no list.
        stored: A hash that its format has nothing against.

    Raises:
        migratekit.errors.UnusableHashError:
            If the husk would not be read as the hash is.
    """
    if not isinstance(format_, Format):
        return None
    derivation = format_.derivation(stored)
    if derivation is None or not derivation.weak:
        return None
    husk = attrs.evolve(stored, text=derivation.husk())
    if _is_husk(format_, husk, derivation):
        return Wrapping(hasher, husk, format_.name, derivation.key)
    masked = mask(stored.text)
    # Nothing secret stays in the frame of the traceback.
    del stored, husk, derivation
    raise UnusableHashError(masked, "without its digest it would be of another format")


def inspect(hasher: PasswordHasher, format_: LegacyFormat, encoded: str) -> None:
    """
    Judge a wrapped envelope without a password; computes nothing.

    Raises:
        migratekit.errors.UnusableHashError: If it can never be verified.
    """
    refusal = _read(hasher, format_, encoded)
    if isinstance(refusal, _Readable):
        return
    masked = mask(encoded)
    del encoded
    raise UnusableHashError(masked, refusal)


def verify(
    hasher: PasswordHasher, format_: LegacyFormat, password: str, encoded: str
) -> bool:
    """
    Return whether a wrapped envelope is of *password*.

    All candidates are tried, and each costs a hash.

    Raises:
        migratekit.errors.UnusableHashError:
            If *encoded* is malformed, of no declared format, or over a cost ceiling.
    """
    answer = _answer(hasher, format_, password, encoded)
    if isinstance(answer, bool):
        return answer
    masked = mask(encoded)
    # Nothing secret stays in the frame of the traceback.
    del password, encoded
    raise UnusableHashError(masked, answer)


def _answer(
    hasher: PasswordHasher, format_: LegacyFormat, password: str, encoded: str
) -> bool | str:
    found = _read(hasher, format_, encoded)
    if isinstance(found, str):
        return found
    digests = found.format.digests(password, found.derivation)
    if digests is None:
        return "it could not be computed"
    try:
        answers = [
            hasher.verify(_input_of(digest), found.encoded) is True
            for digest in digests
        ]
    except UnusableHashError as error:
        return error.detail
    return any(answers)


@attrs.frozen
class _Readable:
    """
    A wrapped envelope that can be verified.
    """

    format: Format
    derivation: Derivation
    encoded: str = attrs.field(repr=False)


def _read(
    hasher: PasswordHasher, format_: LegacyFormat, encoded: str
) -> "_Readable | str":
    """
    Return what is in a wrapped envelope, or why it cannot be used.
    """
    try:
        husk, inner = envelope.unwrap(encoded)
        chosen = format_.chosen(husk) if isinstance(format_, FormatList) else format_
        if not isinstance(chosen, Format):
            return "it is malformed or of no declared format"
        derivation = chosen.derivation(husk)
        if isinstance(hasher, ImportingHasher):
            hasher.admit(StoredHash(inner))
    except UnusableHashError as error:
        return error.detail
    if derivation is None or derivation.husk() != husk.text:
        return "it is wrapped, and holds no husk"
    return _Readable(chosen, derivation, inner)


def _is_husk(format_: Format, husk: StoredHash, derivation: Derivation) -> bool:
    try:
        again = format_.derivation(husk)
    except UnusableHashError:
        return False
    return (
        again is not None
        and again.scheme == derivation.scheme
        and again.husk() == husk.text
    )


def _input_of(digest: bytes) -> str:
    # No password is hashed so; and hexadecimal digits have but one form.
    return f"migratekit-wrapped:{digest.hex()}"
