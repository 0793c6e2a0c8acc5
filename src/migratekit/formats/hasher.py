"""
A hasher for a store that also holds imported legacy hashes.
"""

from collections.abc import Callable

import attrs

from migratekit.errors import UnusableHashError
from migratekit.formats import envelope, wrapping
from migratekit.formats.format import LegacyFormat
from migratekit.formats.format_list import (
    FormatList,
    accepting,
    holds_gil,
    is_of,
    refuse,
    verify,
)
from migratekit.formats.masking import mask
from migratekit.formats.resolve import resolve
from migratekit.hashing import GILHoldingHasher
from migratekit.models import StoredHash
from migratekit.protocols import ImportingHasher, PasswordHasher, RankingHasher


@attrs.frozen
class LegacyHasher:
    """
    A `migratekit.protocols.PasswordHasher` that hashes with *hasher* and verifies with
    either.

    An envelope (`migratekit.formats.envelope`) is left to *format*.  So is any other
    text that *hasher* does not count as its own current hash and that *format*
    identifies; should it not match there, *hasher* is asked too, as the text may be one
    of its own of an older cost.  The rest is *hasher*'s.

    A legacy text that looks like a current hash and is made otherwise (argon2 over a
    prehash, at the very same cost) must be sealed, as `admit()` does it.

    Args:
        hasher: The one for new hashes.
        format: What the imported ones are; see `migratekit.formats.resolve()`.

    Raises:
        migratekit.errors.ConfigurationError: If *format* cannot be used.
    """

    hasher: PasswordHasher
    format: LegacyFormat = attrs.field(converter=resolve)

    def hash(self, password: str, /) -> str:
        """
        Return a fresh hash of *password* by the inner hasher.
        """
        return self.hasher.hash(password)

    def verify(self, password: str, encoded: str, /) -> bool:
        """
        Return whether *encoded* is a hash of *password*.

        Raises:
            migratekit.errors.UnusableHashError:
                If *encoded* is malformed, unknown or over a cost ceiling.
        """
        try:
            return self._verify(password, encoded)
        except UnusableHashError as error:
            refusal = error.with_traceback(None)
        # Nothing secret stays in the frame of the traceback.
        del password, encoded
        raise refusal

    def needs_rehash(self, encoded: str, /) -> bool:
        """
        Return whether *encoded* is not a current hash of the inner hasher.
        """
        return not self._current(encoded)

    def is_upgrade(self, encoded: str, /) -> bool:
        """
        Return whether a hash of the inner hasher is stronger than *encoded*; whatever
        is sealed counts as weaker.
        """
        if envelope.is_sealed(encoded) or not isinstance(self.hasher, RankingHasher):
            return True
        return self.hasher.is_upgrade(encoded)

    def holds_gil(self, encoded: str, /) -> bool:
        """
        Return whether `verify()` keeps the interpreter's lock while it computes; see
        `migratekit.hashing.GILHoldingHasher.holds_gil()`.
        """
        if not envelope.is_sealed(encoded):
            legacy = not self._current(encoded)
            if legacy and holds_gil(self.format, StoredHash(encoded)):
                return True
            inner = self.hasher
            return isinstance(inner, GILHoldingHasher) and inner.holds_gil(encoded)
        try:
            if envelope.is_wrapped(encoded):
                return holds_gil(self.format, envelope.unwrap(encoded)[0])
            return holds_gil(self.format, envelope.open(encoded))
        except UnusableHashError:
            return False

    def admit(self, stored: StoredHash, /) -> str:
        """
        Return the text that is stored for *stored*; see
        `migratekit.protocols.ImportingHasher.admit()`.

        What *format* identifies is sealed, with its name, whatever it looks like: the
        declaration of a site says how its hashes were made.  Of the rest, what the
        inner hasher admits stays as it is.  An envelope is opened and sealed again; a
        wrapped one stays as it is.

        Raises:
            migratekit.errors.UnusableHashError:
                If *stored* could never be verified.  The mark of a locked or disabled
                account is such.
        """
        if envelope.is_wrapped(stored.text):
            return self._admitted_wrapped(stored)
        stored = _opened(stored)
        chosen = accepting(self.format, stored)
        if chosen is None:
            own = self._own(stored)
            if own is not None:
                return own
            refuse(self.format, stored)
        return _sealed(chosen, stored)

    def wrapping(self, stored: StoredHash, /) -> Callable[[], str] | None:
        """
        Return what computes the text to store for a weak hash; see
        `migratekit.protocols.WrappingHasher.wrapping()`.

        Weak is whatever is quick to guess: digests, also iterated ones, MD5-crypt, DES,
        clear text, and PBKDF2 of fewer rounds than OWASP asks for.  None is given for
        the rest, and for hashes of a `migratekit.formats.LegacyFormat` of another make,
        which cannot say.

        Raises:
            migratekit.errors.UnusableHashError: As `admit()` does.
        """
        self.admit(stored)
        if envelope.is_wrapped(stored.text):
            return None
        stored = _opened(stored)
        chosen = self._chosen(stored)
        if chosen is None:
            return None
        return wrapping.wrapping(self.hasher, chosen, stored)

    def _verify(self, password: str, encoded: str) -> bool:
        if envelope.is_wrapped(encoded):
            return wrapping.verify(self.hasher, self.format, password, encoded)
        if envelope.is_sealed(encoded):
            return verify(self.format, password, envelope.open(encoded))
        stored = StoredHash(encoded)
        if self._current(encoded) or self.format.identify(stored) is not True:
            return self.hasher.verify(password, encoded) is True
        legacy = self.format.verify(password, stored) is True
        try:
            return self.hasher.verify(password, encoded) is True or legacy
        except UnusableHashError:
            return legacy

    def _current(self, encoded: str) -> bool:
        if envelope.is_sealed(encoded):
            return False
        return self.hasher.needs_rehash(encoded) is False

    def _chosen(self, stored: StoredHash) -> LegacyFormat | None:
        if isinstance(self.format, FormatList):
            return self.format.chosen(stored)
        return self.format if is_of(self.format, stored) else None

    def _own(self, stored: StoredHash) -> str | None:
        if not isinstance(self.hasher, ImportingHasher):
            return None
        try:
            return self.hasher.admit(stored)
        except UnusableHashError:
            return None

    def _admitted_wrapped(self, stored: StoredHash) -> str:
        refusal = _beside(stored)
        if refusal is None:
            wrapping.inspect(self.hasher, self.format, stored.text)
            return stored.text
        del stored
        raise refusal


def _sealed(format_: LegacyFormat, stored: StoredHash) -> str:
    """
    Return what *format_* has nothing against as an envelope.
    """
    try:
        return envelope.seal(stored, format_.name)
    except UnicodeEncodeError:
        masked = mask(stored.text)
    # Nothing secret stays in the frame of the traceback, nor in the error's context.
    del stored
    raise UnusableHashError(masked, "it, its salt or user name is no text")


def _opened(stored: StoredHash) -> StoredHash:
    """
    Return what is in an envelope; any other hash as it is.
    """
    if not envelope.is_sealed(stored.text):
        return stored
    refusal = _beside(stored)
    if refusal is None:
        return envelope.open(stored.text)
    del stored
    raise refusal


def _beside(stored: StoredHash) -> UnusableHashError | None:
    columns = (stored.salt, stored.salt2, stored.username, stored.format)
    if columns == (None, None, None, None):
        return None
    return UnusableHashError(mask(stored.text), "an envelope has nothing beside it")
