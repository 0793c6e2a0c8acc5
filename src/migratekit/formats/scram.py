"""
The verifiers of SCRAM (RFC 5802).
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.errors import ConfigurationError
from migratekit.formats.armor import blanked_base64, unbase64
from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digest import as_layout, decoded
from migratekit.formats.digests import DIGESTS, SIZES
from migratekit.formats.kdf import is_weak
from migratekit.formats.layout import Fields, Layout
from migratekit.formats.saslprep import saslprep
from migratekit.formats.scheme import (
    Derivation,
    MalformedError,
    Scheme,
    bounded,
    column,
)
from migratekit.models import StoredHash


_MECHANISMS: Final = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}


@attrs.frozen
class Scram:
    """
    StoredKey, and ServerKey where it is there.

    Args:
        digest: ``sha1`` or ``sha256``.

        layout:
            How the text is laid out; has ``key`` (StoredKey), and may have ``server``,
            ``rounds`` and ``salt``.

        rounds:
            The rounds, if the text does not say them.

        mongodb:
            Whether the password is first put through ``md5(user:mongo:password)``.

    Raises:
        migratekit.errors.ConfigurationError: If something is missing.
    """

    quick: ClassVar[bool | None] = None

    digest: str = attrs.field()
    layout: Layout = attrs.field(converter=as_layout)
    rounds: int | None = attrs.field(default=None, kw_only=True)
    mongodb: bool = attrs.field(default=False, kw_only=True)

    @digest.validator
    def _known(self, _: object, value: str) -> None:
        if value not in _MECHANISMS.values():
            raise ConfigurationError("SCRAM is done with sha1 or sha256.")

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        fields = self.layout.read(stored.text)
        if "salt" not in fields:
            salt = stored.salt
            if salt is None:
                raise MalformedError("its salt is missing")
            fields["salt"] = decoded(salt, "base64")
        fields.setdefault("rounds", self.rounds or 0)
        user = stored.username if self.mongodb else None
        if self.mongodb and user is None:
            raise MalformedError("its username is missing")
        husk = partial(self.layout.blank, stored.text, "key", "server")
        return check_of(self.digest, fields, user, ceilings, husk=husk, scheme=self)


@attrs.frozen
class MongoCredentials:
    """
    The ``credentials`` of a row of MongoDB's ``system.users``, as JSON.
    """

    quick: ClassVar[bool | None] = None

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Derivation:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        try:
            credentials = json.loads(stored.text)
        except (ValueError, RecursionError):
            credentials = None
        if not isinstance(credentials, dict):
            raise MalformedError("it is no JSON object")
        for mechanism, digest in reversed(_MECHANISMS.items()):
            found = credentials.get(mechanism)
            if isinstance(found, dict):
                fields = _fields(found)
                user = None
                if digest == "sha1":
                    user = column(stored.username, "username").decode()
                husk = partial(_husk, mechanism, found)
                return check_of(digest, fields, user, ceilings, husk=husk, scheme=self)
        raise MalformedError("it holds no SCRAM credentials")


def _fields(found: dict[str, object]) -> Fields:
    rounds = found.get("iterationCount")
    fields: Fields = {"rounds": rounds if type(rounds) is int else 0}
    for ours, theirs in (
        ("salt", "salt"),
        ("key", "storedKey"),
        ("server", "serverKey"),
    ):
        value = found.get(theirs)
        if not isinstance(value, str):
            raise MalformedError("its credentials are incomplete")
        fields[ours] = unbase64(value)
    return fields


def _husk(mechanism: str, found: dict[str, str]) -> str:
    # Of the other mechanism nothing is kept.
    keys = {name: blanked_base64(found[name]) for name in ("storedKey", "serverKey")}
    kept = {name: found[name] for name in ("iterationCount", "salt")}
    return json.dumps({mechanism: {**kept, **keys}})


def check_of(
    digest: str,
    fields: Fields,
    mongodb_user: str | None,
    ceilings: Ceilings,
    *,
    husk: Callable[[], str],
    scheme: Scheme,
) -> Derivation:
    """
    Return a check of StoredKey and ServerKey.

    Raises:
        MalformedError: If a key has not the size of the digest.
        CostError: If the rounds are over the ceiling.
    """
    salt, rounds = fields["salt"], fields["rounds"]
    assert isinstance(salt, bytes)  # noqa: S101 - the layouts say so
    assert isinstance(rounds, int)  # noqa: S101 - the layouts say so
    bounded(rounds, 1, ceilings.pbkdf2_rounds, "number of rounds")
    keys = [fields[name] for name in ("key", "server") if name in fields]
    wanted = b"".join(key for key in keys if isinstance(key, bytes))
    if any(len(key) != SIZES[digest] for key in keys if isinstance(key, bytes)):
        raise MalformedError("a key is cut, or of another digest")
    with_server = "server" in fields

    def derive(password: bytes) -> bytes:
        if mongodb_user is None:
            password = saslprep(password)
        else:
            text = f"{mongodb_user}:mongo:".encode() + password
            password = DIGESTS["md5"](text).hex().encode()
        salted = hashlib.pbkdf2_hmac(digest, password, salt, rounds)
        made = DIGESTS[digest](hmac.digest(salted, b"Client Key", digest))
        if with_server:
            made += hmac.digest(salted, b"Server Key", digest)
        return made

    return Derivation(wanted, derive, husk, scheme, weak=is_weak(digest, rounds))
