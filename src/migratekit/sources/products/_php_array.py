"""
Reads what PHP's ``serialize()`` made of a flat array of texts and numbers.

Nothing is ever made of it but a dict: there are no objects, no references and no nested
arrays here, and whatever has them is refused.
"""

import re
from typing import Final


PHP_ARRAY_BYTES: Final = 4096

_ARRAY: Final = re.compile(rb"a:([0-9]{1,2}):\{")
_TEXT: Final = re.compile(rb's:([0-9]{1,4}):"')
_PLAIN: Final = re.compile(rb"(?:i:(-?[0-9]{1,19})|b:([01])|(N));")


def php_array(data: bytes) -> dict[str, str | int | None]:
    """
    Return the array that *data* is.

    Raises:
        ValueError: If it is anything else, malformed or too long.
    """
    match = _ARRAY.match(data)
    if match is None or len(data) > PHP_ARRAY_BYTES:
        raise ValueError
    found: dict[str, str | int | None] = {}
    end = match.end()
    for _ in range(int(match[1])):
        key, end = _value(data, end)
        found[str(key)], end = _value(data, end)
    if data[end:] != b"}" or len(found) != int(match[1]):
        raise ValueError
    return found


def _value(data: bytes, start: int) -> tuple[str | int | None, int]:
    match = _TEXT.match(data, start)
    if match is not None:
        # The length counts, and not the quote: a text may hold quotes.
        end = match.end() + int(match[1])
        if data[end : end + 2] != b'";':
            raise ValueError
        return data[match.end() : end].decode(), end + 2
    match = _PLAIN.match(data, start)
    if match is None:
        raise ValueError
    number = match[1] or match[2]
    return (None if number is None else int(number)), match.end()
