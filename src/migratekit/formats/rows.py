"""
Products whose rows name the algorithm and its cost beside the hash.
"""

import json
import re
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.formats.armor import blanked, blanked_base64, unbase64, unhex
from migratekit.formats.bcrypt import Bcrypt
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digest import decoded
from migratekit.formats.digests import SIZES
from migratekit.formats.iterated import Iterated
from migratekit.formats.kdf import argon2, pbkdf2, scrypt
from migratekit.formats.scheme import Check, MalformedError, column
from migratekit.models import StoredHash


_NUMBER: Final = "(0|[1-9][0-9]{0,12})"
_GITEA: Final = (
    ("pbkdf2", re.compile(rf"pbkdf2(?:_v[12]|_hi)?\${_NUMBER}\${_NUMBER}")),
    ("argon2", re.compile(rf"argon2\${_NUMBER}\${_NUMBER}\${_NUMBER}\${_NUMBER}")),
    ("scrypt", re.compile(rf"scrypt\${_NUMBER}\${_NUMBER}\${_NUMBER}\${_NUMBER}")),
    ("bcrypt", re.compile(r"bcrypt(?:\$[0-9]{1,2})?")),
)
_GITEA_LENGTHS: Final = frozenset({32, 50, 64})
# Old rows have a salt of 10 characters, which is text.
_GITEA_TEXT_SALT: Final = 10

_DISCOURSE: Final = re.compile(rf"\$pbkdf2-sha256\$i={_NUMBER},l={_NUMBER}\$")
_DISCOURSE_LENGTHS: Final = frozenset({32, 64})

# Keycloak derives 64 bytes; with SHA-256 it did so once, and 32 since.
_KEYCLOAK: Final = {
    "pbkdf2": ("sha1", frozenset({64})),
    "pbkdf2-sha256": ("sha256", frozenset({32, 64})),
    "pbkdf2-sha512": ("sha512", frozenset({64})),
}
_KEYCLOAK_ARGON2: Final = ("type", "version", "memory", "parallelism", "hashLength")
_KEYCLOAK_TYPES: Final = {"d": "argon2d", "i": "argon2i", "id": "argon2id"}
_KEYCLOAK_VERSIONS: Final = {"1.0": 16, "1.3": 19}

_FUSIONAUTH_FACTOR: Final = re.compile(rf"([a-z0-9-]+)(?::{_NUMBER})?")
# Made once: to parse a recipe takes longer than to hash a password with it.
_FUSIONAUTH_DIGESTS: Final = {
    digest: Iterated(
        f"{digest}($pass.$salt)",
        f"{digest}_bin($digest)",
        rounds=1,
        layout="{key:base64}",
        salt_column="base64",
    )
    for digest in ("md5", "sha256", "sha512")
}


@attrs.frozen
class Gitea:
    """
    Gitea, Forgejo and Gogs: hexadecimal digits, and ``pbkdf2$50000$50`` beside them.

    Args:
        algorithm:
            What ``passwd_hash_algo`` holds, if it is the same in all rows.  Otherwise
            the second salt of a row is that column.
    """

    quick: ClassVar[bool | None] = None

    algorithm: str | None = None

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        algorithm = parameters(stored, self.algorithm)
        for name, shape in _GITEA:
            match = shape.fullmatch(algorithm)
            if match is None:
                continue
            if name == "bcrypt":
                return Bcrypt().read(stored, ceilings)
            numbers = [int(number) for number in match.groups()]
            return _gitea(name, numbers, stored, ceilings, self)
        raise MalformedError("its algorithm is unknown")


def _gitea(
    name: str,
    numbers: list[int],
    stored: StoredHash,
    ceilings: Ceilings,
    scheme: Gitea,
) -> Check:
    key, salt = unhex(stored.text.rstrip(" ")), _gitea_salt(stored)
    if len(key) != numbers[-1] or len(key) not in _GITEA_LENGTHS:
        raise MalformedError("its key is cut")
    if name == "pbkdf2":
        husk = blanked(key).hex
        return pbkdf2(
            "sha256", salt, numbers[0], key, ceilings, husk=husk, scheme=scheme
        )
    if name == "scrypt":
        n, r, p, _ = numbers
        return scrypt(salt, (n, r, p), key, ceilings)
    t, m, p, _ = numbers
    return argon2("argon2id", 19, (m, t, p), salt, key, ceilings)


def _gitea_salt(stored: StoredHash) -> bytes:
    salt = stored.salt
    if salt is None:
        raise MalformedError("its salt is missing")
    return decoded(salt, "text" if len(salt) == _GITEA_TEXT_SALT else "hex")


@attrs.frozen
class Discourse:
    """
    PBKDF2-SHA256 with its parameters beside it.

    Args:
        algorithm:
            What ``password_algorithm`` holds, if it is the same in all rows.
            Otherwise the second salt of a row is that column.
    """

    quick: ClassVar[bool | None] = None

    algorithm: str | None = None

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        match = _DISCOURSE.fullmatch(parameters(stored, self.algorithm))
        if match is None:
            raise MalformedError("its algorithm is unknown")
        key = unhex(stored.text.rstrip(" "))
        if int(match[2]) != len(key) or len(key) not in _DISCOURSE_LENGTHS:
            raise MalformedError("its key is cut")
        # The salt is text, though it looks like hexadecimal digits.
        salt = column(stored.salt, "salt")
        husk = blanked(key).hex
        return pbkdf2(
            "sha256", salt, int(match[1]), key, ceilings, husk=husk, scheme=self
        )


@attrs.frozen
class Keycloak:
    """
    Keycloak's ``credential`` rows.

    Either the text is ``secret_data`` and the second salt ``credential_data``, both as
    Keycloak has them, in JSON; or the text is the value and the salt its salt, in
    base64, and the parameters are given here.

    Args:
        algorithm: ``pbkdf2``, ``pbkdf2-sha256``, ``pbkdf2-sha512`` or ``argon2``.
        iterations: ``hashIterations``.
        additional: ``additionalParameters``, of argon2.
    """

    quick: ClassVar[bool | None] = None

    algorithm: str | None = attrs.field(default=None, kw_only=True)
    iterations: int | None = attrs.field(default=None, kw_only=True)
    additional: dict[str, list[str]] | None = attrs.field(
        default=None, kw_only=True, hash=False
    )

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        algorithm: object = self.algorithm
        rounds: object = self.iterations
        more: object = self.additional
        value: object = stored.text
        salt: object = stored.salt
        if stored.salt2 is not None:
            secret, public = _json(stored.text), _json(_text(stored.salt2))
            value, salt = secret.get("value"), secret.get("salt")
            algorithm, rounds = public.get("algorithm"), public.get("hashIterations")
            more = public.get("additionalParameters")
        if not isinstance(value, str) or not isinstance(salt, str | bytes):
            raise MalformedError("its value or salt is missing")
        value = value.rstrip(" ")
        key, salt_bytes = unbase64(value), decoded(salt, "base64")
        if type(rounds) is not int:
            raise MalformedError("its number of rounds is missing")
        if algorithm == "argon2":
            return _keycloak_argon2(rounds, more, salt_bytes, key, ceilings)
        known = _KEYCLOAK.get(algorithm) if isinstance(algorithm, str) else None
        if known is None or len(key) not in known[1]:
            raise MalformedError("its algorithm is unknown, or its key cut")
        digest, _ = known
        husk = partial(_keycloak_husk, value, salt)
        if stored.salt2 is None:
            husk = partial(blanked_base64, value)
        return pbkdf2(digest, salt_bytes, rounds, key, ceilings, husk=husk, scheme=self)


def _keycloak_husk(value: str, salt: object) -> str:
    return json.dumps({"value": blanked_base64(value), "salt": salt})


def _keycloak_argon2(
    passes: int, more: object, salt: bytes, key: bytes, ceilings: Ceilings
) -> Check:
    if not isinstance(more, dict):
        raise MalformedError("its parameters are missing")
    given = {"hashLength": [len(key)], **more}
    type_, version, *numbers = (_first(given, name) for name in _KEYCLOAK_ARGON2)
    kind, number = _KEYCLOAK_TYPES.get(type_), _KEYCLOAK_VERSIONS.get(version)
    if kind is None or number is None or not all(map(_is_number, numbers)):
        raise MalformedError("its parameters are malformed")
    m, p, length = map(int, numbers)
    if length != len(key):
        raise MalformedError("its key is cut")
    return argon2(kind, number, (m, passes, p), salt, key, ceilings)


def _first(lists: dict[str, object], name: str) -> str:
    values = lists.get(name)
    if not isinstance(values, list) or not values:
        raise MalformedError(f"its {name} is missing")
    return str(values[0])


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


@attrs.frozen
class FusionAuth:
    """
    FusionAuth: base64, a salt in base64, and scheme and factor beside them.

    Args:
        scheme:
            ``salted-md5``, ``salted-sha256``, ``salted-sha512`` (of a plug-in),
            ``salted-pbkdf2-hmac-sha256``, ``salted-pbkdf2-hmac-sha512`` or ``bcrypt``,
            if it is the same in all rows.  Otherwise the second salt of a row is
            ``scheme:factor``.  ``salted-hmac-sha256`` is refused: nobody has published
            how it is computed.

        factor:
            Of that scheme.
    """

    quick: ClassVar[bool | None] = None

    scheme: str | None = None
    factor: int = 1

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        given = None if self.scheme is None else f"{self.scheme}:{self.factor}"
        match = _FUSIONAUTH_FACTOR.fullmatch(parameters(stored, given))
        if match is None or stored.salt is None:
            raise MalformedError("its scheme or salt is missing")
        scheme, factor = match[1], int(match[2] or 1)
        if scheme == "bcrypt":
            text = f"$2a${factor:02}${_text(stored.salt)}{stored.text}"
            return Bcrypt().read(attrs.evolve(stored, text=text), ceilings)
        digest = scheme.rpartition("-")[2]
        if scheme == f"salted-{digest}" and digest in _FUSIONAUTH_DIGESTS:
            iterated = _FUSIONAUTH_DIGESTS[digest]
            return iterated.read_rounds(stored, ceilings, factor)
        if scheme == f"salted-pbkdf2-hmac-{digest}":
            value = stored.text.rstrip(" ")
            key, salt = unbase64(value), decoded(stored.salt, "base64")
            if len(key) != SIZES.get(digest):
                raise MalformedError("its key is cut")
            husk = partial(blanked_base64, value)
            return pbkdf2(digest, salt, factor, key, ceilings, husk=husk, scheme=self)
        raise MalformedError("its scheme is unknown")


def parameters(stored: StoredHash, given: str | None) -> str:
    """
    Return the parameters of a row: its second salt, or what the site's are.

    Raises:
        MalformedError: If there are none.
    """
    if stored.salt2 is not None:
        return _text(stored.salt2)
    if given is None:
        raise MalformedError("its algorithm is missing")
    return given


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode()


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        if isinstance(found, dict):
            return found
    raise MalformedError("it is no JSON object")
