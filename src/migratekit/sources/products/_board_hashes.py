"""
Formats of boards that name the algorithm beside the hash, in ways of their own.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from migratekit.errors import UnusableHashError
from migratekit.formats import LegacyFormat, presets
from migratekit.formats.format_list import holds_gil
from migratekit.models import StoredHash
from migratekit.sources.products._php_array import PHP_ARRAY_BYTES, php_array


_LEGACY: Final = "legacy"
_NO_PASSWORD: Final = "nopassword"  # noqa: S105
# The names since XenForo 2, in lower case and without what stands before them.
_XENFORO: Final[Mapping[str, Callable[[], LegacyFormat]]] = {
    "core": presets.xenforo1,
    "default": presets.xenforo1,
    "core12": presets.phpbb3,
    "vbulletin": presets.vbulletin,
    "phpbb3": presets.phpbb3,
    "mybb": presets.mybb,
    "ipboard": presets.ipb,
    "smf": presets.smf,
}


@attrs.frozen
class VBulletin5Hashes:
    """
    vBulletin 5: the text is ``token``, and the second salt ``scheme``.

    ``legacy`` is the hash of vBulletin 3 and 4, a space and its salt.
    """

    name: str = "vbulletin5"

    def identify(self, stored: StoredHash, /) -> bool:
        """
        See `migratekit.formats.LegacyFormat.identify()`.
        """
        old, inner = _of_vbulletin(stored)
        return (presets.vbulletin() if old else presets.vbulletin5()).identify(inner)

    def verify(self, password: str, stored: StoredHash, /) -> bool:
        """
        See `migratekit.formats.LegacyFormat.verify()`.
        """
        old, inner = _of_vbulletin(stored)
        format_ = presets.vbulletin() if old else presets.vbulletin5()
        return format_.verify(password, inner)


def _of_vbulletin(stored: StoredHash) -> tuple[bool, StoredHash]:
    if _scheme(stored) != _LEGACY:
        return False, attrs.evolve(stored, salt2=None, format=None)
    text, _, salt = stored.text.partition(" ")
    return True, attrs.evolve(stored, text=text, salt=salt, salt2=None, format=None)


@attrs.frozen
class XenForoHashes:
    """
    XenForo: the text is ``data``, and the second salt ``scheme_class``.

    ``data`` is an array of ``hash`` and ``salt``, serialised by PHP or in JSON.
    """

    name: str = "xenforo"

    def identify(self, stored: StoredHash, /) -> bool:
        """
        See `migratekit.formats.LegacyFormat.identify()`.
        """
        try:
            format_, inner = _of_xenforo(stored)
        except UnusableHashError:
            return False
        return format_ is not None and format_.identify(inner)

    def holds_gil(self, stored: StoredHash, /) -> bool:
        """
        See `migratekit.formats.LegacyFormat`.
        """
        format_, inner = _of_xenforo(stored)
        return format_ is not None and holds_gil(format_, inner)

    def verify(self, password: str, stored: StoredHash, /) -> bool:
        """
        See `migratekit.formats.LegacyFormat.verify()`.
        """
        format_, inner = _of_xenforo(stored)
        return format_ is not None and format_.verify(password, inner) is True


def _of_xenforo(stored: StoredHash) -> tuple[LegacyFormat | None, StoredHash]:
    scheme = _scheme(stored).rpartition("_")[2].rpartition(":")[2].lower()
    if scheme == _NO_PASSWORD:
        return None, stored
    make = _XENFORO.get(scheme)
    fields = _fields(stored.text)
    text, salt = fields.get("hash"), fields.get("salt")
    if make is None or not isinstance(text, str) or not text:
        raise UnusableHashError("…", "its scheme is unknown, or its data malformed")
    inner = attrs.evolve(
        stored,
        text=text,
        salt=salt if isinstance(salt, str) else None,
        salt2=None,
        format=None,
    )
    return make(), inner


def _scheme(stored: StoredHash) -> str:
    # MySQL gives bytes for what is in a binary column.
    scheme = stored.salt2 or ""
    return scheme if isinstance(scheme, str) else scheme.decode("latin-1")


def _fields(text: str) -> Mapping[str, Any]:
    if len(text) > PHP_ARRAY_BYTES:
        return {}
    try:
        if text.startswith("{"):
            return dict(json.loads(text))
        return php_array(text.encode())
    except (ValueError, TypeError, RecursionError):
        return {}
