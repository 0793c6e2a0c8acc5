"""
The strings that Ory Kratos and Supabase import.
"""

import re
from functools import partial
from typing import ClassVar, Final

import attrs

from migratekit.formats.ceilings import Ceilings
from migratekit.formats.digests import DIGESTS, SIZES, hmac_digest
from migratekit.formats.firebase import Firebase
from migratekit.formats.kdf import pbkdf2
from migratekit.formats.layout import Layout
from migratekit.formats.scheme import Check, Derivation, MalformedError
from migratekit.models import StoredHash


_TEMPLATED: Final = Layout(
    "${digest:md5|sha1|sha256|sha512}$pf={pf:base64}${salt:base64}${key:base64}"
)
_BARE: Final = Layout("${digest:md5|sha1|sha256|sha512}${key:base64}")
_HMAC: Final = Layout(
    "$hmac-{digest:md4|md5|sha1|sha224|sha256|sha384|sha512}${key:base64}${secret:base64}"
)
_PBKDF2: Final = Layout(
    "$pbkdf2-{digest:sha1|sha224|sha256|sha384|sha512}"
    "$i={rounds:int},l={key_length:int}${salt:base64}${key:base64}"
)
_FIRESCRYPT: Final = Layout(
    "$firescrypt$ln={n:int},r={r:int},p={p:int}"
    "${salt:base64}${key:base64}${ss:base64}${sk:base64}"
)
_FBSCRYPT: Final = Layout(
    "$fbscrypt$v={v:int},n={n:int},r={r:int},p={p:int},ss={ss:base64},sk={sk:base64}"
    "${salt:base64}${key:base64}"
)
# Kratos takes SHA-3 for two of them, and keeps to it.
_KRATOS_DIGESTS: Final = {"sha224": "sha3_224", "sha384": "sha3_384"}
_PLACE: Final = re.compile(rb"\{(SALT|PASSWORD)\}")
_LEAST_KEY: Final = 16


def _bytes(fields: dict[str, bytes | int | str], name: str) -> bytes:
    value = fields[name]
    if not isinstance(value, bytes) or not value:
        raise MalformedError("a part of it is empty")
    return value


@attrs.frozen
class TemplatedDigest:
    """
    ``$sha1$pf=…$salt$digest``: a template with {SALT} and {PASSWORD}, all in base64.

    Also ``$md5$digest``, of the password alone.
    """

    quick: ClassVar[bool | None] = True

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        del ceilings
        layout = _TEMPLATED
        try:
            fields = layout.read(stored.text)
        except MalformedError:
            layout = _BARE
            fields = {"pf": b"{PASSWORD}", "salt": b"-", **layout.read(stored.text)}
        name, key = str(fields["digest"]), _bytes(fields, "key")
        template, salt = _bytes(fields, "pf"), _bytes(fields, "salt")
        if len(key) != SIZES[name]:
            raise MalformedError("its digest is cut")
        if b"{PASSWORD}" not in template:
            raise MalformedError("its template has no password")
        pieces = _PLACE.split(template)

        def derive(password: bytes) -> bytes:
            # Every second piece is the name of a place.
            values = {b"SALT": salt, b"PASSWORD": password}
            text = b"".join(
                values[piece] if i % 2 else piece for i, piece in enumerate(pieces)
            )
            return DIGESTS[name](text)

        return Derivation(key, derive, partial(layout.blank, stored.text, "key"), self)


@attrs.frozen
class KeyedDigest:
    """
    ``$hmac-sha256$digest$key``, where the digest is base64 of hexadecimal digits.
    """

    quick: ClassVar[bool | None] = True

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        del ceilings
        fields = _HMAC.read(stored.text)
        name, secret = str(fields["digest"]), _bytes(fields, "secret")
        key = _bytes(fields, "key").lower()
        if len(key) != 2 * SIZES[name]:
            raise MalformedError("its digest is cut")
        return Derivation(
            key,
            lambda password: hmac_digest(name, secret, password).hex().encode(),
            partial(_HMAC.blank, stored.text, "key"),
            self,
        )


@attrs.frozen
class KratosPbkdf2:
    """
    ``$pbkdf2-sha256$i=100000,l=32$salt$key``.
    """

    quick: ClassVar[bool | None] = None

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        fields = _PBKDF2.read(stored.text)
        name, rounds = str(fields["digest"]), fields["rounds"]
        salt, key = _bytes(fields, "salt"), _bytes(fields, "key")
        assert isinstance(rounds, int)  # noqa: S101 - the layout says so
        if len(key) < _LEAST_KEY:
            raise MalformedError("its key is cut")
        digest = _KRATOS_DIGESTS.get(name, name)
        husk = partial(_PBKDF2.blank, stored.text, "key")
        return pbkdf2(digest, salt, rounds, key, ceilings, husk=husk, scheme=self)


@attrs.frozen
class FirebaseText:
    """
    ``$firescrypt$…`` and ``$fbscrypt$…``: Firebase's scrypt, with the signer key.
    """

    quick: ClassVar[bool | None] = False

    def read(self, stored: StoredHash, ceilings: Ceilings, /) -> Check:
        """
        See `migratekit.formats.scheme.Scheme.read()`.
        """
        try:
            fields = {"v": 1, **_FIRESCRYPT.read(stored.text)}
        except MalformedError:
            fields = {**_FBSCRYPT.read(stored.text)}
        n, r = fields["n"], fields["r"]
        assert isinstance(n, int)  # noqa: S101 - the layouts say so
        assert isinstance(r, int)  # noqa: S101 - the layouts say so
        if fields["v"] != 1 or fields["p"] != 1:
            raise MalformedError("its version or p is out of range")
        signer_key, salt = _bytes(fields, "sk"), _bytes(fields, "salt")
        separator = fields["ss"]
        assert isinstance(separator, bytes)  # noqa: S101 - the layouts say so
        firebase = Firebase(signer_key, separator, r, n)
        return firebase.check(_bytes(fields, "key"), salt, ceilings)
