"""
The families of crypt(3): what ``/etc/shadow``, LDAP's {CRYPT} and htpasswd hold.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats import _passlib
from migratekit.formats.armor import blanked_crypt64, crypt64_value
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.md5_crypt import md5_crypt
from migratekit.formats.scheme import (
    Derivation,
    Derive,
    MalformedError,
    Scheme,
    bounded,
)
from migratekit.formats.sha_crypt import sha_crypt
from migratekit.models import StoredHash


Reader = Callable[[str, Ceilings, Scheme], Derivation]

_DIGIT: Final = "[./0-9A-Za-z]"
_MD5: Final = re.compile(rf"(\$1\$|\$apr1\$)([^$:\n]{{0,8}})\$({_DIGIT}{{22}})")
_SHA: Final = re.compile(
    rf"\$([56])\$(?:rounds=([1-9][0-9]{{0,9}})\$)?([^$:\n]{{0,16}})\$({_DIGIT}{{43,86}})"
)
_SHA_NAMES: Final = {"5": ("sha256", 43), "6": ("sha512", 86)}
_SHA1: Final = re.compile(
    rf"\$sha1\$(0|[1-9][0-9]{{0,9}})\${_DIGIT}{{0,64}}\${_DIGIT}{{28}}"
)
_DES: Final = re.compile(rf"{_DIGIT}{{13}}")
_BSDI: Final = re.compile(rf"_({_DIGIT}{{4}}){_DIGIT}{{15}}")
_SUN: Final = re.compile(
    rf"(\$md5(?:[,$]rounds=([1-9][0-9]{{0,9}}))?\${_DIGIT}{{0,16}}\$?)"
    rf"\$({_DIGIT}{{22}})"
)
_SUN_BASIC_ROUNDS: Final = 4096


@attrs.frozen
class Crypt:
    """
    One family of crypt(3).

    A password with a NUL matches nothing: C stops there.

    Args:
        family:
            ``md5_crypt``, ``apr_md5_crypt``, ``sha256_crypt``, ``sha512_crypt``,
            ``sha1_crypt``, ``des_crypt``, ``bsdi_crypt`` or ``sun_md5_crypt``.  The
            last four need passlib.

        required:
            Whether a missing passlib is refused at once.

    Raises:
        migratekit.errors.ConfigurationError:
            If the family is unknown, or needs a passlib that is not there.
    """

    family: str = attrs.field()
    required: bool = attrs.field(default=True, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.family not in _READERS:
            raise ConfigurationError(
                f"There is no family {self.family!r}; there are {', '.join(_READERS)}."
            )
        if self.required and self.family in _OF_PASSLIB:
            _passlib.require(self.family)

    @property
    def quick(self) -> bool:
        """
        See `migratekit.formats.scheme.quick_of()`.
        """
        return self.family not in _SLOW

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        check = _READERS[self.family](stored.text.rstrip(" "), ceilings, self)
        if self.family in _OF_PASSLIB and not _passlib.available():
            raise MalformedError(_passlib.MISSING)
        return check


def _made(text: str, length: int, derive: Derive, scheme: Scheme) -> Derivation:
    """
    Return a check of a digest that is the last *length* characters of *text*.
    """
    return Derivation(
        text[-length:].encode(),
        lambda password: None if b"\0" in password else derive(password),
        partial(blanked_crypt64, text, length),
        scheme,
        holds_gil=True,
    )


def _md5_crypt(magic: str, text: str, ceilings: Ceilings, scheme: Scheme) -> Derivation:
    del ceilings
    match = _MD5.fullmatch(text)
    if match is None or match[1] != magic:
        raise MalformedError("it is cut or malformed")
    salt = match[2].encode()

    def derive(password: bytes) -> bytes:
        return md5_crypt(magic.encode(), password, salt).encode()

    return _made(text, len(match[3]), derive, scheme)


def _sha_crypt(code: str, text: str, ceilings: Ceilings, scheme: Scheme) -> Derivation:
    match = _SHA.fullmatch(text)
    name, length = _SHA_NAMES[code]
    if match is None or match[1] != code or len(match[4]) != length:
        raise MalformedError("it is cut or malformed")
    rounds, salt = int(match[2] or 5000), match[3].encode()
    bounded(rounds, 1000, ceilings.sha_crypt_rounds, "number of rounds")

    def derive(password: bytes) -> bytes:
        return sha_crypt(name, password, salt, rounds).encode()

    return _made(text, length, derive, scheme)


def _sha1_crypt(text: str, ceilings: Ceilings, scheme: Scheme) -> Derivation:
    match = _SHA1.fullmatch(text)
    if match is None:
        raise MalformedError("it is cut or malformed")
    bounded(int(match[1]), 1, ceilings.sha1_crypt_rounds, "number of rounds")
    return _made(text, 28, partial(_passlib.computed, "sha1_crypt", text, {}), scheme)


def _des_crypt(text: str, ceilings: Ceilings, scheme: Scheme) -> Derivation:
    del ceilings
    if _DES.fullmatch(text) is None:
        raise MalformedError("it is cut or malformed")
    return _made(text, 11, partial(_passlib.computed, "des_crypt", text, {}), scheme)


def _bsdi_crypt(text: str, ceilings: Ceilings, scheme: Scheme) -> Derivation:
    match = _BSDI.fullmatch(text)
    if match is None:
        raise MalformedError("it is cut or malformed")
    bounded(crypt64_value(match[1]), 1, ceilings.des_rounds, "number of rounds")
    return _made(text, 11, partial(_passlib.computed, "bsdi_crypt", text, {}), scheme)


def _sun_md5_crypt(text: str, ceilings: Ceilings, scheme: Scheme) -> Derivation:
    match = _SUN.fullmatch(text)
    if match is None:
        raise MalformedError("it is cut or malformed")
    setting, extra, wanted = match.groups()
    rounds = int(extra or 0)
    most = ceilings.sun_md5_rounds - _SUN_BASIC_ROUNDS
    bounded(rounds, 0, most, "number of rounds")

    def derive(password: bytes) -> bytes:
        # The handler of passlib adds the basic rounds itself.
        return _passlib.sun_md5(password, rounds, setting.encode())

    return _made(text, len(wanted), derive, scheme)


_READERS: Final[dict[str, Reader]] = {
    "md5_crypt": partial(_md5_crypt, "$1$"),
    "apr_md5_crypt": partial(_md5_crypt, "$apr1$"),
    "sha256_crypt": partial(_sha_crypt, "5"),
    "sha512_crypt": partial(_sha_crypt, "6"),
    "sha1_crypt": _sha1_crypt,
    "des_crypt": _des_crypt,
    "bsdi_crypt": _bsdi_crypt,
    "sun_md5_crypt": _sun_md5_crypt,
}
_SLOW: Final = frozenset({"sha256_crypt", "sha512_crypt"})
_OF_PASSLIB: Final = frozenset(
    {"sha1_crypt", "des_crypt", "bsdi_crypt", "sun_md5_crypt"}
)
