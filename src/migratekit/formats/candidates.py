"""
What a typed password may have been when its hash was made.
"""

import html
import unicodedata
from collections.abc import Callable
from typing import Final

from migratekit.errors import ConfigurationError


MOST_ENCODINGS: Final = 3
MOST_FORMS: Final = 16  # of a password; each costs a whole hash where one is wrapped

_PHP_BLANKS: Final = " \t\n\r\0\x0b"
# PHP's addslashes().
_SLASHED: Final = {ord(c): f"\\{c}" for c in "'\"\\"} | {0: "\\0"}
_IPB: Final = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    ord("!"): "&#33;",
    ord("$"): "&#036;",
    ord("'"): "&#39;",
    ord("\\"): "&#092;",
}


def _numeric_entities(text: str) -> str:
    return "".join(c if ord(c) < 256 else f"&#{ord(c)};" for c in text)


TRANSFORMS: Final[dict[str, Callable[[str], str]]] = {
    "trim": lambda text: text.strip(_PHP_BLANKS),
    "slashes": lambda text: text.translate(_SLASHED),
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfd": lambda text: unicodedata.normalize("NFD", text),
    "html": lambda text: html.escape(text, quote=True).replace("&#x27;", "&#039;"),
    "ipb_entities": lambda text: text.translate(_IPB),
    "numeric_entities": _numeric_entities,
}


def known_encodings(encodings: tuple[str, ...]) -> None:
    """
    Refuse encodings that there are not, none at all, or too many.

    Raises:
        migratekit.errors.ConfigurationError: If they are not to be used.
    """
    if not 1 <= len(encodings) <= MOST_ENCODINGS:
        raise ConfigurationError(f"Give one to {MOST_ENCODINGS} encodings.")
    for encoding in encodings:
        if not _encodes(encoding):
            raise ConfigurationError(f"There is no encoding of text {encoding!r}.")


def _encodes(encoding: str) -> bool:
    # Those of names on the net raise for empty labels, and fold letters together.
    try:
        return "..A".encode(encoding) != "..a".encode(encoding)
    except (LookupError, ValueError):
        return False


def known_transforms(transforms: tuple[str, ...]) -> None:
    """
    Refuse transforms that there are not.

    Raises:
        migratekit.errors.ConfigurationError: If one is unknown.
    """
    for name in (name for chain in transforms for name in chain.split("+")):
        if name not in TRANSFORMS:
            raise ConfigurationError(
                f"There is no transform {name!r}; there are {', '.join(TRANSFORMS)}."
            )


def few_forms(encodings: tuple[str, ...], transforms: tuple[str, ...]) -> None:
    """
    Refuse more forms of a password than may be tried at one login.

    Raises:
        migratekit.errors.ConfigurationError: If there could be more than `MOST_FORMS`.
    """
    if len(encodings) * (1 + len(transforms)) > MOST_FORMS:
        raise ConfigurationError(
            f"These encodings and transforms make more than {MOST_FORMS} forms of a "
            "password."
        )


def candidates(
    password: str, encodings: tuple[str, ...], transforms: tuple[str, ...]
) -> list[bytes]:
    """
    Return the bytes that *password* may stand for, each once.

    They depend on what was typed and on the configuration, not on what is stored.  A
    form that an encoding cannot express is left out.
    """
    texts = [password]
    for chain in transforms:
        text = password
        for name in chain.split("+"):
            text = TRANSFORMS[name](text)
        texts.append(text)
    found: dict[bytes, None] = {}
    for encoding in encodings:
        for text in texts:
            try:
                found[text.encode(encoding)] = None
            except UnicodeError:
                continue
    return list(found)
