"""
A legacy hash and what stands beside it, in one text: ``$mk$v=1$f=vbulletin,s=…$…``.

The form is that of a PHC string, and stays as it is:

.. code-block:: text

    $mk$v=1$<parameters>$<text>

    f   the name of the format          fb  the same, in base64
    s   the salt, text, in base64       sb  the salt, bytes, in base64
    x   the second salt, text           xb  the second salt, bytes
    u   the user name, in base64
    w   a hash over the digest, in base64

Parameters are joined by commas, stand in this order, and are left out where there is
none.  Text is UTF-8, base64 is URL-safe and without padding, and ``<text>`` is the
stored hash in base64.  Secrets of a site (a pepper, a signer key) never go into it: a
format has them.

An envelope with ``w`` is *wrapped*: the digest is not in it.  ``<text>`` is then the
husk of the stored hash, in which the digest is blanked, and ``w`` a hash of the new
store, over the text ``migratekit-wrapped:`` and the digest in hexadecimal digits.
"""

import base64
import re
from typing import Final

from migratekit.errors import UnusableHashError
from migratekit.formats.masking import mask
from migratekit.models import StoredHash


PREFIX: Final = "$mk$"

_SHAPE: Final = re.compile(
    r"\$mk\$v=1\$((?:[a-z]{1,2}=[A-Za-z0-9_.-]*)(?:,[a-z]{1,2}=[A-Za-z0-9_.-]*)*)?"
    r"\$([A-Za-z0-9_-]*)"
)
_WRAPPED: Final = re.compile(r"\$mk\$v=1\$(?:[^$]*,)?w=")
_NAME: Final = re.compile(r"[a-z0-9_.-]{1,64}")
_KEYS: Final = ("f", "fb", "s", "sb", "x", "xb", "u", "w")


def is_sealed(text: str) -> bool:
    """
    Return whether *text* is an envelope, of whatever version.
    """
    return text.startswith(PREFIX)


def is_wrapped(text: str) -> bool:
    """
    Return whether *text* begins as a wrapped envelope does.
    """
    return _WRAPPED.match(text) is not None


def seal(stored: StoredHash, format_name: str | None = None) -> str:
    """
    Return *stored* as one text.

    Args:
        stored: The hash, with the salts and the user name of its row.
        format_name: The name of its format; without one, that of *stored*, if any.
    """
    return _sealed(stored, format_name, None)


def wrap(husk: StoredHash, format_name: str, encoded: str) -> str:
    """
    Return a wrapped hash as one text.

    Args:
        husk: The hash without its digest, with the salts and the user name of its row.
        format_name: The name of its format.
        encoded: The hash over its digest.
    """
    return _sealed(husk, format_name, encoded)


def _sealed(stored: StoredHash, format_name: str | None, encoded: str | None) -> str:
    parameters: list[str] = []
    name = stored.format if format_name is None else format_name
    if name is not None:
        plain = _NAME.fullmatch(name) is not None
        parameters.append(f"f={name}" if plain else f"fb={_encode(name.encode())}")
    for key, value in (("s", stored.salt), ("x", stored.salt2), ("u", stored.username)):
        if isinstance(value, bytes):
            parameters.append(f"{key}b={_encode(value)}")
        elif value is not None:
            parameters.append(f"{key}={_encode(value.encode())}")
    if encoded is not None:
        parameters.append(f"w={_encode(encoded.encode())}")
    return f"{PREFIX}v=1${','.join(parameters)}${_encode(stored.text.encode())}"


def open(text: str) -> StoredHash:  # noqa: A001 - it is called envelope.open().
    """
    Return what was sealed.

    Raises:
        migratekit.errors.UnusableHashError:
            If *text* is no envelope, of an unknown version, malformed, or wrapped.
    """
    found = _opened(text)
    if found is not None and found[1] is None:
        return found[0]
    masked = mask(text)
    # Nothing secret stays in the frame of the traceback.
    del text, found
    raise UnusableHashError(masked, "it is no envelope of version 1")


def unwrap(text: str) -> tuple[StoredHash, str]:
    """
    Return the husk and the hash of a wrapped envelope.

    Raises:
        migratekit.errors.UnusableHashError:
            If *text* is no envelope, of an unknown version, malformed, or not wrapped.
    """
    found = _opened(text)
    if found is not None and found[1] is not None:
        return found[0], found[1]
    masked = mask(text)
    # Nothing secret stays in the frame of the traceback.
    del text, found
    raise UnusableHashError(masked, "it is no wrapped envelope of version 1")


def _opened(text: str) -> tuple[StoredHash, str | None] | None:
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    pairs = [pair.split("=") for pair in (match[1] or "").split(",") if pair]
    keys = [key for key, _ in pairs]
    if keys != [key for key in _KEYS if key in keys]:
        return None
    found = dict(pairs)
    try:
        stored = StoredHash(
            _decode(match[2]).decode(),
            salt=_value(found, "s"),
            salt2=_value(found, "x"),
            username=_text(found, "u"),
            format=_text(found, "fb") if "fb" in found else found.get("f"),
        )
        return stored, _text(found, "w")
    except ValueError:
        return None


def _text(found: dict[str, str], key: str) -> str | None:
    return _decode(found[key]).decode() if key in found else None


def _value(found: dict[str, str], key: str) -> str | bytes | None:
    if f"{key}b" in found:
        return _decode(found[f"{key}b"])
    return _decode(found[key]).decode() if key in found else None


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.b64decode(
        text + "=" * (-len(text) % 4), altchars=b"-_", validate=True
    )
