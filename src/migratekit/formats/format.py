"""
A format: what an application verifies legacy hashes with.
"""

import re
from typing import Final, Protocol

import attrs

from migratekit.errors import UnusableHashError
from migratekit.formats.candidates import (
    candidates,
    few_forms,
    known_encodings,
    known_transforms,
)
from migratekit.formats.ceilings import DEFAULT, Ceilings
from migratekit.formats.masking import mask
from migratekit.formats.scheme import (
    Check,
    CostError,
    Derivation,
    MalformedError,
    Scheme,
    quick_of,
)
from migratekit.models import StoredHash


_MARKER: Final = re.compile(r"(?:[!*].*|x|NP|:null:|)", re.DOTALL)

OF_ANOTHER: Final = "it is of another format"


class LegacyFormat(Protocol):
    """
    A way of storing passwords that an old system had.

    One that verifies by a loop in Python may also have a method ``holds_gil(stored)``;
    see `migratekit.hashing.GILHoldingHasher`.  Any may have ``quick``; see
    `migratekit.formats.scheme.quick_of()`.
    """

    @property
    def name(self) -> str:
        """
        What it is called in reports.
        """

    def identify(self, stored: StoredHash, /) -> bool:
        """
        Return whether *stored* is a hash of this format, were it only by its shape.

        Computes nothing and raises nothing.
        """

    def verify(self, password: str, stored: StoredHash, /) -> bool:
        """
        Return whether *stored* is a hash of *password*, which comes as it was typed.

        Raises:
            migratekit.errors.UnusableHashError:
                If *stored* is malformed, of another format, or over a ceiling.
        """


@attrs.frozen
class Format:
    """
    A scheme with what a site knows of its passwords.

    Args:
        name:
            What it is called in reports and in envelopes.

        scheme:
            How the hashes were made: `Digest`, `Iterated`, `Pbkdf2`, `Scrypt`,
            `Argon2`, `Bcrypt`, or one of them within `Prefixed`, `Prehashed` or
            `FirstOf`.

        encodings:
            The encodings the passwords may have been in; at most three.

        transforms:
            What the old system may have done to a password first: ``trim``,
            ``slashes``, ``nfc``, ``nfd``, ``html``, ``ipb_entities``,
            ``numeric_entities``, or several joined by ``+``.  The password as it was
            typed is always tried too.

        password_bytes:
            A longer password matches nothing; the ceiling of the same name holds too.

        ceilings:
            What a hash may cost.

        formerly:
            Names that it had before, which hashes in the new store may still have.

    A hash that names another format (`StoredHash.format`) is refused.

    All encodings of all forms are always tried, so that the time an answer takes does
    not tell which one matched.

    Raises:
        migratekit.errors.ConfigurationError:
            If an encoding or transform is unknown, or if together they make more than
            16 forms of a password.
    """

    name: str
    scheme: Scheme
    encodings: tuple[str, ...] = attrs.field(
        default=("utf-8",), converter=tuple, kw_only=True
    )
    transforms: tuple[str, ...] = attrs.field(default=(), converter=tuple, kw_only=True)
    password_bytes: int | None = attrs.field(default=None, kw_only=True)
    ceilings: Ceilings = attrs.field(default=DEFAULT, kw_only=True)
    formerly: tuple[str, ...] = attrs.field(default=(), converter=tuple, kw_only=True)

    def __attrs_post_init__(self) -> None:
        known_encodings(self.encodings)
        known_transforms(self.transforms)
        few_forms(self.encodings, self.transforms)

    def identify(self, stored: StoredHash, /) -> bool:
        """
        See `LegacyFormat.identify()`.
        """
        check = self._read(stored)
        return not isinstance(check, _Refusal) or check.known

    def accepts(self, stored: StoredHash, /) -> bool:
        """
        Return whether the hash is of this format, which has nothing against it.

        Raises:
            migratekit.errors.UnusableHashError:
                If it is of this format, and `inspect()` refuses it.
        """
        check = self._read(stored)
        if not isinstance(check, _Refusal):
            return True
        if check.known:
            self.inspect(stored)
        return False

    def inspect(self, stored: StoredHash, /) -> None:
        """
        Judge a hash without a password, as an import does.

        Raises:
            migratekit.errors.UnusableHashError:
                If `verify()` would refuse it whatever the password is.  A marker of a
                locked or disabled account is one.
        """
        self.derivation(stored)

    @property
    def quick(self) -> bool | None:
        """
        Whether all its hashes are quick to guess, or none is; None if some may be.
        """
        return quick_of(self.scheme)

    def holds_gil(self, stored: StoredHash, /) -> bool:
        """
        Return whether `verify()` keeps the interpreter's lock while it computes.
        """
        return getattr(self._read(stored), "holds_gil", False)

    def derivation(self, stored: StoredHash, /) -> Derivation | None:
        """
        Return how the digest of a hash is made, or None if its scheme cannot say.

        Raises:
            migratekit.errors.UnusableHashError: As `inspect()` does.
        """
        check = self._read(stored)
        if isinstance(check, _Refusal):
            masked, detail = mask(stored.text), check.detail
            # Nothing secret stays in the frame of the traceback.
            del stored
            # Of what costs too much alone the format is known.
            raise UnusableHashError(masked, detail, over_ceiling=check.known)
        return check if isinstance(check, Derivation) else None

    def digests(self, password: str, derivation: Derivation, /) -> list[bytes] | None:
        """
        Return the digests of all candidates of *password*, each once; None if one
        cannot be computed.
        """
        if self._too_long(password):
            return []
        try:
            tried = candidates(password, self.encodings, self.transforms)
            found = [_derived(derivation, candidate) for candidate in tried]
        except Exception:  # noqa: BLE001 - whatever a library raises, it is refused.
            return None
        return list(dict.fromkeys(digest for digest in found if digest is not None))

    def verify(self, password: str, stored: StoredHash, /) -> bool:
        """
        See `LegacyFormat.verify()`.

        A password over the ceiling matches nothing, and so does the marker of a locked
        or disabled account.
        """
        answer = self._answer(password, stored)
        if isinstance(answer, bool):
            return answer
        masked = mask(stored.text)
        # Nothing secret stays in the frame of the traceback.
        del password, stored
        raise UnusableHashError(masked, answer)

    def _answer(self, password: str, stored: StoredHash) -> bool | str:
        check = self._read(stored)
        if isinstance(check, _Refusal):
            return False if is_marker(stored.text) else check.detail
        if self._too_long(password):
            return False
        try:
            tried = candidates(password, self.encodings, self.transforms)
            found = [_matches(check, candidate) for candidate in tried]
        except Exception:  # noqa: BLE001 - whatever a library raises, it is refused.
            return "it could not be computed"
        return any(found)

    def _read(self, stored: StoredHash) -> "Check | _Refusal":
        if not is_left_to(self, stored):
            return _Refusal(OF_ANOTHER, known=False)
        if _longer(stored, self.ceilings.text_characters):
            return _Refusal("it is too long", known=False)
        try:
            return self.scheme.read(stored, self.ceilings)
        except MalformedError as error:
            return _Refusal(str(error), known=isinstance(error, CostError))
        except Exception:  # noqa: BLE001 - whatever a library raises, it is refused.
            return _Refusal("it is malformed", known=False)

    def _too_long(self, password: str) -> bool:
        most = self.ceilings.password_bytes
        if self.password_bytes is not None:
            most = min(most, self.password_bytes)
        if len(password) > most:
            return True
        return len(password.encode("utf-8", "surrogatepass")) > most


def names_of(format_: LegacyFormat) -> tuple[str, ...]:
    """
    Return the name of *format_*, which is no list, and those that it had before.
    """
    former = format_.formerly if isinstance(format_, Format) else ()
    return (format_.name, *former)


def is_left_to(format_: LegacyFormat, stored: StoredHash) -> bool:
    """
    Return whether *stored* names *format_*, which is no list, or none at all.
    """
    return stored.format is None or stored.format in names_of(format_)


def is_marker(text: str) -> bool:
    """
    Return whether *text* marks an account that is locked or has no password.

    Such are the empty text, ``x``, ``NP``, ``:null:``, and whatever begins with ``!``
    or ``*`` and is of no declared format: ``!``, ``*0``, ``!!$6$…``.
    """
    return _MARKER.fullmatch(text) is not None


@attrs.frozen
class _Refusal:
    """
    Why a hash cannot be used; *known* if it is of the format all the same.
    """

    detail: str
    known: bool


def _longer(stored: StoredHash, most: int) -> bool:
    columns = (stored.text, stored.salt, stored.salt2, stored.username)
    return any(len(column) > most for column in columns if column)


def _matches(check: Check, candidate: bytes) -> bool:
    try:
        return check(candidate) is True
    except UnicodeDecodeError:
        # A candidate that is no text has no form in UTF-16.
        return False


def _derived(derivation: Derivation, candidate: bytes) -> bytes | None:
    try:
        return derivation.derive(candidate)
    except UnicodeDecodeError:
        return None
