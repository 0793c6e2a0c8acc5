"""
The engine for key derivation functions: PBKDF2, scrypt and argon2.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar, Final, TypeAlias

import attrs
from argon2.low_level import Type, hash_secret_raw

from migratekit.errors import ConfigurationError
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digest import (
    armor,
    as_layout,
    as_secret,
    key_of,
    needs_key,
    salt_bytes,
)
from migratekit.formats.digests import normal_name, pbkdf2_digest
from migratekit.formats.layout import Fields, Layout
from migratekit.formats.scheme import (
    Check,
    CostError,
    Derivation,
    MalformedError,
    Scheme,
    bounded,
)
from migratekit.models import StoredHash


_ARGON2_TYPES: Final = {"argon2d": Type.D, "argon2i": Type.I, "argon2id": Type.ID}
_ARGON2_LEAST_SALT: Final = 8
_ARGON2_LEAST_KEY: Final = 16
# What OWASP's Password Storage Cheat Sheet asks for since 2023; by the size of the
# digest's blocks where it is silent.
_FAIR_ROUNDS: Final = {
    **dict.fromkeys(("md5", "sha1"), 1_300_000),
    **dict.fromkeys(("sha224", "sha256", "sha3_224"), 600_000),
    **dict.fromkeys(("sha384", "sha512", "sha3_384"), 210_000),
}


def is_weak(digest: str, rounds: int) -> bool:
    """
    Return whether OWASP asks for more rounds of PBKDF2.
    """
    return rounds < _FAIR_ROUNDS[pbkdf2_digest(digest)]


def pbkdf2(
    digest: str,
    salt: bytes,
    rounds: int,
    key: bytes,
    ceilings: Ceilings,
    *,
    husk: Callable[[], str],
    scheme: Scheme,
) -> Derivation:
    """
    Return a check of a key made by PBKDF2 (RFC 8018).

    *husk* and *scheme* are as of `migratekit.formats.scheme.Derivation`.

    Raises:
        MalformedError: If the digest or a parameter is out of range.
        CostError: If rounds times blocks, or the key's length, are over a ceiling.
    """
    digest = pbkdf2_digest(digest)
    bounded(len(key), 1, ceilings.key_bytes, "key length")
    blocks = -(-len(key) // hashlib.new(digest, usedforsecurity=False).digest_size)
    bounded(rounds, 1, ceilings.pbkdf2_rounds // blocks, "number of rounds")
    return Derivation(
        key,
        lambda password: hashlib.pbkdf2_hmac(digest, password, salt, rounds, len(key)),
        husk,
        scheme,
        weak=is_weak(digest, rounds),
    )


def scrypt_parameters(n: int, r: int, p: int, ceilings: Ceilings) -> int:
    """
    Check the parameters of scrypt (RFC 7914) and return the bytes it needs.

    Raises:
        MalformedError: If one is out of range.
        CostError: If one is over a ceiling.
    """
    if n < 2 or n & (n - 1):
        raise MalformedError("its N is no power of two")
    if r < 1 or p < 1:
        raise MalformedError("its r or p is out of range")
    scrypt_costs(n, r, p, ceilings)
    # OpenSSL wants to be told how much it may use; it counts B, V and T.
    return 128 * r * (n + p + 2) + 4096


def scrypt_costs(n: int, r: int, p: int, ceilings: Ceilings) -> None:
    """
    Check the costs of scrypt, or of yescrypt.

    Raises:
        CostError: If one, or what they come to together, is over a ceiling.
    """
    bounded(r, 1, ceilings.scrypt_block_size, "r")
    bounded(p, 1, ceilings.scrypt_parallelism, "p")
    # All p blocks are there at once, beside the N of whichever is being mixed.
    bounded(128 * r * (n + p), 1, ceilings.scrypt_memory, "memory")
    bounded(n * r * p, 1, ceilings.scrypt_work, "N times r times p")


def scrypt_key(  # noqa: PLR0917 - the parameters of scrypt, in its order
    password: bytes, salt: bytes, n: int, r: int, p: int, size: int, memory: int
) -> bytes:
    """
    Return *size* bytes derived by scrypt.
    """
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=size)


Costs: TypeAlias = tuple[int, int, int]


def argon2_parameters(
    costs: Costs, salt: bytes, size: int, version: int, ceilings: Ceilings
) -> None:
    """
    Check the parameters of argon2 (RFC 9106); *costs* are m in KiB, t and p.

    Raises:
        MalformedError: If one is out of range.
        CostError: If one is over a ceiling.
    """
    m, t, p = costs
    if len(salt) < _ARGON2_LEAST_SALT or size < _ARGON2_LEAST_KEY:
        raise MalformedError("its salt or key is too short")
    if t < 1 or p < 1 or m < 8 * p or version not in {16, 19}:
        raise MalformedError("its parameters are out of range")
    bounded(m, 1, ceilings.argon2_memory, "memory")
    bounded(m * t, 1, ceilings.argon2_work, "memory times passes")
    bounded(p, 1, ceilings.argon2_lanes, "number of lanes")
    bounded(size, 1, ceilings.key_bytes, "key length")


def argon2_digest(  # noqa: PLR0917 - the parameters of argon2
    kind: str, version: int, costs: Costs, salt: bytes, size: int, password: bytes
) -> bytes:
    """
    Return *size* bytes derived by argon2.
    """
    m, t, p = costs
    type_ = _ARGON2_TYPES[kind]
    return hash_secret_raw(password, salt, t, m, p, size, type_, version)


def argon2(  # noqa: PLR0917 - the parameters of argon2
    kind: str, version: int, costs: Costs, salt: bytes, key: bytes, ceilings: Ceilings
) -> Check:
    """
    Return a check of a key made by argon2; see `argon2_parameters()`.
    """
    argon2_parameters(costs, salt, len(key), version, ceilings)
    made = partial(argon2_digest, kind, version, costs, salt, len(key))
    return lambda password: hmac.compare_digest(key, made(password))


def number(fields: Fields, name: str, default: int | None) -> int:
    """
    Return a parameter of the text, or else of the configuration.
    """
    value = fields.get(name, default)
    assert isinstance(value, int)  # noqa: S101 - checked when the format was made
    return value


def as_lengths(lengths: Iterable[int]) -> frozenset[int]:
    """
    Return the lengths that a key may have.
    """
    return frozenset(lengths)


@attrs.frozen
class Pbkdf2:
    """
    PBKDF2.

    Args:
        layout:
            How the text is laid out; has a field ``key``, and may have ``salt``,
            ``rounds`` and ``digest`` (a choice of words).

        digest:
            The digest, if the text does not say it.

        rounds:
            The rounds, if the text does not say them.

        key_lengths:
            The lengths a key may have, in bytes; None is the size of the digest.  A key
            cut to a shorter one of them matches, so give one where one will do.

        salt_column:
            What a salt column of text holds: ``text``, ``hex`` or ``base64``.

        salt_suffix:
            What the site appends to every salt.

    Raises:
        migratekit.errors.ConfigurationError: If something is missing.
    """

    layout: Layout = attrs.field(converter=as_layout)
    digest: str | None = attrs.field(default=None, kw_only=True)
    rounds: int | None = attrs.field(default=None, kw_only=True)
    key_lengths: frozenset[int] | None = attrs.field(
        default=None,
        converter=attrs.converters.optional(as_lengths),
        kw_only=True,
    )
    salt_column: str = attrs.field(default="text", kw_only=True, validator=armor)
    salt_suffix: bytes = attrs.field(
        default=b"", converter=as_secret, kw_only=True, repr=False
    )

    def __attrs_post_init__(self) -> None:
        needs_key(self.layout)
        _needs(self.layout, digest=self.digest, rounds=self.rounds)
        if self.digest is not None:
            _known_pbkdf2(self.digest)

    @property
    def quick(self) -> bool | None:
        """
        See `migratekit.formats.scheme.quick_of()`.
        """
        if {"digest", "rounds"} & self.layout.names:
            return None
        return is_weak(str(self.digest), number({}, "rounds", self.rounds))

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        fields = self.layout.read(stored.text)
        key = key_of(fields)
        digest = pbkdf2_digest(str(fields.get("digest", self.digest)))
        size = hashlib.new(digest, usedforsecurity=False).digest_size
        if len(key) not in (self.key_lengths or {size}):
            raise MalformedError("its key is cut, or of another format")
        salt = salt_bytes(stored, fields, self.salt_column)
        if salt is None:
            raise MalformedError("its salt is missing")
        rounds = number(fields, "rounds", self.rounds)
        salt += self.salt_suffix
        husk = partial(self.layout.blank, stored.text, "key")
        return pbkdf2(digest, salt, rounds, key, ceilings, husk=husk, scheme=self)


@attrs.frozen
class Scrypt:
    """
    scrypt.

    Args:
        layout:
            How the text is laid out; has a field ``key``, and may have ``salt``, ``n``
            or ``log_n``, ``r`` and ``p``.

        n, r, p:
            What the text does not say.

        key_lengths:
            The lengths a key may have, in bytes.  A key cut to a shorter one of them
            matches, so give one where one will do.

        salt_column:
            What a salt column of text holds: ``text``, ``hex`` or ``base64``.

    Raises:
        migratekit.errors.ConfigurationError: If something is missing.
    """

    quick: ClassVar[bool | None] = False

    layout: Layout = attrs.field(converter=as_layout)
    n: int | None = attrs.field(default=None, kw_only=True)
    r: int | None = attrs.field(default=None, kw_only=True)
    p: int | None = attrs.field(default=None, kw_only=True)
    key_lengths: frozenset[int] = attrs.field(
        default=frozenset({32}), converter=as_lengths, kw_only=True
    )
    salt_column: str = attrs.field(default="text", kw_only=True, validator=armor)

    def __attrs_post_init__(self) -> None:
        needs_key(self.layout)
        _needs(self.layout, r=self.r, p=self.p)
        if "log_n" not in self.layout.names:
            _needs(self.layout, n=self.n)

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        fields = self.layout.read(stored.text)
        key = key_of(fields)
        if len(key) not in self.key_lengths:
            raise MalformedError("its key is cut, or of another format")
        salt = salt_bytes(stored, fields, self.salt_column)
        if salt is None:
            raise MalformedError("its salt is missing")
        log_n = fields.get("log_n")
        n = power(log_n) if isinstance(log_n, int) else number(fields, "n", self.n)
        r, p = number(fields, "r", self.r), number(fields, "p", self.p)
        return scrypt(salt, (n, r, p), key, ceilings)


def power(exponent: int) -> int:
    """
    Return 2 to the *exponent*, unless that is absurd.

    Raises:
        CostError: If it is over any ceiling.
    """
    if exponent > 62:
        raise CostError("its exponent is over the ceiling")
    return 1 << exponent


def scrypt(salt: bytes, costs: Costs, key: bytes, ceilings: Ceilings) -> Check:
    """
    Return a check of a key made by scrypt; *costs* are N, r and p.
    """
    bounded(len(key), 1, ceilings.key_bytes, "key length")
    memory = scrypt_parameters(*costs, ceilings)
    return lambda password: hmac.compare_digest(
        key, scrypt_key(password, salt, *costs, len(key), memory)
    )


@attrs.frozen
class Argon2:
    """
    argon2, all three kinds, versions 16 and 19.

    Args:
        layout:
            How the text is laid out; has the fields ``kind``, ``m``, ``t``, ``p``,
            ``salt`` and ``key``, and may have ``v``.  The default is a PHC string.
    """

    quick: ClassVar[bool | None] = False

    layouts: tuple[Layout, ...] = (
        Layout(
            "${kind:argon2id|argon2i|argon2d}$v={v:int}$m={m:int},t={t:int},p={p:int}"
            "${salt:base64}${key:base64}"
        ),
        Layout(
            "${kind:argon2id|argon2i|argon2d}$m={m:int},t={t:int},p={p:int}"
            "${salt:base64}${key:base64}"
        ),
    )

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        # Without v= it is version 16, which wrote none.
        with_version, without = self.layouts
        try:
            fields = with_version.read(stored.text)
        except MalformedError:
            fields = without.read(stored.text)
        m, t, p = (number(fields, name, None) for name in ("m", "t", "p"))
        salt, key = fields["salt"], key_of(fields)
        assert isinstance(salt, bytes)  # noqa: S101 - the layout says so
        version = number(fields, "v", 16)
        return argon2(str(fields["kind"]), version, (m, t, p), salt, key, ceilings)


def _needs(layout: Layout, **given: object) -> None:
    for name, value in given.items():
        if name not in layout.names and value is None:
            raise ConfigurationError(f"{layout.template!r} says no {name}; give one.")


def _known_pbkdf2(name: str) -> None:
    try:
        pbkdf2_digest(name)
    except MalformedError:
        pass
    else:
        return
    raise ConfigurationError(f"PBKDF2 is not done with {normal_name(name)!r}.")
