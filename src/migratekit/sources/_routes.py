"""
Which routes have a say in an identifier, and in a user.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs

from migratekit.errors import LegacyUnavailableError
from migratekit.imports import codes
from migratekit.models import ImportRecord, LegacyUser, RowError
from migratekit.validation import canonical


if TYPE_CHECKING:
    from migratekit.sources.routed import Route

CLAIMED: Final = "The user has an e-mail or username that another route decides on."


def rivals(
    routes: Iterable["Route"], decider: "Route", answer: Any, identifier: str | None
) -> Iterator[tuple[str, tuple["Route", ...]]]:
    """
    Yield the other names of the user that *decider* found, and who is asked about them.

    Somebody can register at one site with the e-mail of somebody at another, and come
    by their username, which no other site knows.  A site that comes later decides, too,
    on what *decider* does not know: a directory may find people by username only.
    """
    if not isinstance(answer, LegacyUser):
        return
    for name in (answer.email, answer.username):
        if not name or name == identifier:
            continue
        others = accepting(routes, name)
        if others[-1:] == (decider,):
            # Nobody is left to decide but the decider, who need not be asked.
            others = others[:-1]
        yield name, others


def is_same(one: "Route", found: Any, other: "Route", answer: LegacyUser) -> bool:
    """
    Return whether *found* at *one* route is the *answer* of the *other*.
    """
    return one is other and getattr(found, "user_id", None) == answer.user_id


def accepting(routes: Iterable["Route"], identifier: str) -> tuple["Route", ...]:
    """
    Return which *routes* are asked about *identifier*.

    Raises:
        migratekit.errors.LegacyUnavailableError: If a predicate fails.
    """
    try:
        return tuple(route for route in routes if _accepts(route, identifier))
    except Exception as exc:  # noqa: BLE001 -- whatever an application's code raises
        failure = type(exc).__name__
    # It may have been what somebody typed, and no route was asked.
    raise LegacyUnavailableError(failure, answered=True)


def _accepts(route: "Route", identifier: str) -> bool:
    if route.accepts is None:
        return True
    # Every spelling of an identifier is the same person's in the store.
    with contextlib.suppress(ValueError):
        identifier = canonical(identifier).value
    answer = route.accepts(identifier)
    if not isinstance(answer, bool):
        # Not "no": that would mean that nobody has the identifier.
        raise TypeError
    return answer


def named(route: "Route", answer: Any) -> LegacyUser | None:
    """
    Return *answer* with the route's name before its id, if it is a user.

    Whatever else a source answers is for the connection to refuse.
    """
    named: LegacyUser | None = answer
    if isinstance(answer, LegacyUser):
        named = attrs.evolve(answer, user_id=f"{route.name}:{answer.user_id}")
    return named


def numbered(
    route: "Route", row: ImportRecord | RowError, number: int, *, theirs: bool
) -> ImportRecord | RowError:
    """
    Return a *row* of a listing with its *number*; an error if its names are *theirs*,
    who belong to another route.
    """
    if isinstance(row, RowError):
        return attrs.evolve(row, line=number)
    if theirs:
        return RowError(number, codes.CONFLICT, None, CLAIMED)
    return attrs.evolve(row, user_id=f"{route.name}:{row.user_id}", line=number)
