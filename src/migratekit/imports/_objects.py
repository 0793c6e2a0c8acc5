"""
JSON as the readers take it: no number that is none, and no name twice.
"""

import json
from typing import Any, Final

from migratekit.imports import codes
from migratekit.imports._lines import UnreadableError


BLANKS: Final = " \t\r\n"


class Decoder:
    """
    Decodes JSON, and takes note of what is there twice.
    """

    def __init__(self) -> None:
        self._has_duplicates = False
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=_refuse
        )

    def decode(self, text: str, start: int = 0) -> tuple[Any, int]:
        """
        Return the value that begins at *start*, and where it ends.

        Raises:
            ValueError: If there is none.
            RecursionError: If it is nested too deeply.
        """
        self._has_duplicates = False
        return self._decoder.raw_decode(text, start)

    def fields(self, value: object) -> dict[str, Any]:
        """
        Return what was decoded last, if it is one whole object.

        Raises:
            UnreadableError: If it is something else, or has a name twice.
        """
        if not isinstance(value, dict):
            raise UnreadableError(codes.INVALID_TYPE)
        if self._has_duplicates:
            raise UnreadableError(codes.DUPLICATED_FIELD)
        return value

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self._has_duplicates = True
        return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON.")
