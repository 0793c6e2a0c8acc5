"""
Signs tokens for password changes.  Imported only for connections with a secret key.
"""

import hashlib
import hmac
from typing import Any, Final

import attrs
from itsdangerous import BadData, URLSafeSerializer

from migratekit._tokens import Claims, Sealed
from migratekit.errors import ConfigurationError
from migratekit.models import Record


_SALT: Final = "migratekit.password-change"
_LEAST_KEY_BYTES: Final = 16
_LONGEST: Final = 4096


class TokenSigner:
    """
    Signs claims with the newest of its keys and accepts them from any.

    Raises:
        migratekit.errors.ConfigurationError:
            If there is no key, or one of less than 16 bytes.
    """

    def __init__(self, secret_key: Sealed) -> None:
        self._keys = usable_keys(secret_key)
        if not self._keys:
            raise ConfigurationError(
                "A secret_key is a str or bytes of at least 16 bytes, or several such."
            )
        self._serializer = URLSafeSerializer(
            self._keys[::-1],  # itsdangerous wants the newest last.
            salt=_SALT,
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )

    def sign(self, claims: Claims) -> str:
        """
        Return *claims* as a token that fits into a URL.
        """
        values = attrs.asdict(claims, filter=lambda _, value: value is not None)
        token = self._serializer.dumps(values)
        return token if isinstance(token, str) else token.decode("ascii")

    def read(self, token: object) -> Claims | None:
        """
        Return the claims of *token*, or None if we never signed such.
        """
        if type(token) is not str or len(token) > _LONGEST or not token.isascii():
            return None
        try:
            values: dict[str, Any] = self._serializer.loads(token)
            return Claims(**values)
        except (BadData, TypeError):
            return None

    def state_of(self, record: Record) -> str:
        """
        Return what stands for the version and hash of *record* in a token.
        """
        return self._states(record)[0]

    def is_state_of(self, record: Record, state: str) -> bool:
        """
        Return whether *record* is as it was when a token got *state*.
        """
        # No early exit: all keys are always compared.
        matches = [hmac.compare_digest(own, state) for own in self._states(record)]
        return True in matches

    def _states(self, record: Record) -> list[str]:
        text = f"{record.user.id}|{record.version}|{record.password_hash}".encode()
        return [hmac.new(key, text, hashlib.sha256).hexdigest() for key in self._keys]


def usable_keys(sealed: Sealed) -> list[bytes]:
    """
    Return the keys as bytes; none at all if one is not good enough.
    """
    given = sealed.keys
    if isinstance(given, str | bytes):
        given = [given]
    if not isinstance(given, list | tuple):
        return []
    keys = [_octets(key) if isinstance(key, str) else key for key in given]
    fit = all(isinstance(key, bytes) and len(key) >= _LEAST_KEY_BYTES for key in keys)
    return keys if fit else []


def _octets(key: str) -> bytes:
    try:
        return key.encode()
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8, and the error would have the key in it.
        return b""
