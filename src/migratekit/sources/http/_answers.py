"""
What an answer says, taken literally.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NoReturn

from migratekit.errors import ConfigurationError, LegacyUnavailableError
from migratekit.sources.http._questions import Answer


NO_ANSWER: Final = frozenset({407, 408, 429})


def statuses_of(statuses: Iterable[int]) -> frozenset[int]:
    """
    Return the statuses that mean "no".

    Raises:
        migratekit.errors.ConfigurationError:
            If one cannot: only 4xx can, and of those not 408 and 429, nor 407, which
            is a proxy's.
    """
    found = tuple(statuses)
    for status in found:
        if type(status) is not int or not 400 <= status <= 499:
            raise ConfigurationError("Only a status of 400 to 499 can be a no.")
        if status in NO_ANSWER:
            raise ConfigurationError(f"{status} says nothing about a password.")
    return frozenset(found)


def object_of(answer: Answer) -> dict[str, Any]:
    """
    Return the JSON object that is the body.

    Raises:
        migratekit.errors.LegacyUnavailableError: If it is anything else.
    """
    data = json_of(answer)
    if type(data) is not dict:
        raise LegacyUnavailableError("it did not answer with a JSON object")
    return data


def json_of(answer: Answer) -> Any:
    """
    Return the JSON value that is the body.

    Raises:
        migratekit.errors.LegacyUnavailableError: If it is none.
    """
    try:
        return _parsed(answer)
    except (ValueError, RecursionError):
        pass
    raise LegacyUnavailableError("it did not answer with JSON in UTF-8")


def unexpected(answer: Answer) -> NoReturn:
    """
    Refuse an answer that nobody declared.

    Raises:
        migratekit.errors.LegacyUnavailableError: Always.
    """
    # A service that finds fault with a request is there, and the next one may be fine.
    answered = 400 <= answer.status <= 499 and answer.status not in NO_ANSWER
    failure = f"it answered with status {answer.status}"
    raise LegacyUnavailableError(failure, answered=answered)


_UTF8: Final = {None, "utf-8", "utf8", "us-ascii", "ascii"}


def _parsed(answer: Answer) -> Any:
    text = answer.body.decode("utf-8-sig")
    if answer.charset not in _UTF8 and not text.isascii():
        raise ValueError
    data = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    # A lone surrogate would break whoever encodes it next.
    json.dumps(data, ensure_ascii=False).encode()
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_: str) -> NoReturn:
    raise ValueError


Path = tuple[str, ...]
_MISSING: Final = object()


def path_of(dotted: str) -> Path:
    """
    Return the keys of a dotted path.

    Raises:
        migratekit.errors.ConfigurationError: If it is none.
    """
    keys = tuple(dotted.split(".")) if type(dotted) is str else ("",)
    if not all(keys):
        raise ConfigurationError("A path must be keys with dots between them.")
    return keys


def at(data: Any, path: Path, default: Any = None) -> Any:
    """
    Return what stands at *path*, or *default* if nothing does.
    """
    for key in path:
        if type(data) is not dict or key not in data:
            return default
        data = data[key]
    return data


def conditions_of(
    conditions: Mapping[str, Any] | None,
) -> tuple[tuple[Path, Any], ...]:
    """
    Return values by their paths, to be used with `holds()`.

    Raises:
        migratekit.errors.ConfigurationError: If one is no text, number, flag or None.
    """
    found = tuple((path_of(path), it) for path, it in (conditions or {}).items())
    if any(type(value) not in {str, int, bool, type(None)} for _, value in found):
        raise ConfigurationError("A condition must be text, an int, a bool or None.")
    return found


def holds(data: Any, conditions: Collection[tuple[Path, Any]]) -> bool:
    """
    Return whether there are *conditions*, and every one of them is met to the letter.
    """
    return bool(conditions) and all(
        type(found := at(data, path, _MISSING)) is type(value) and found == value
        for path, value in conditions
    )
