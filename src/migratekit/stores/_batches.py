"""
What becomes of each of many new users; the same for every store of ours.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

import attrs

from migratekit.errors import AlreadyMigratedError, ContractError, UserExistsError
from migratekit.models import LedgerKey, NewUser, Retirement
from migratekit.stores._rules import check_create, check_new


Outcome: TypeAlias = AlreadyMigratedError | UserExistsError | None


@attrs.frozen(eq=False)
class Candidate:
    """
    A user about to be stored with others.

    Args:
        new: The user.
        keys: The user's keys in the ledger.
        same: For each of them, the key that the store takes for the same.
    """

    new: NewUser
    keys: tuple[LedgerKey, ...]
    same: tuple[LedgerKey, ...]


@attrs.frozen(eq=False)
class Known:
    """
    What a store has of the keys and ids of some candidates.

    Args:
        stored: The keys that a stored user has.
        retired: The rows of the ledger.
        ids: The ids that are taken.
    """

    stored: AbstractSet[LedgerKey] = frozenset()
    retired: Mapping[LedgerKey, Retirement] = attrs.field(factory=dict)
    ids: AbstractSet[str] = frozenset()


def itself(key: LedgerKey) -> LedgerKey:
    """
    Return *key*.
    """
    return key


def candidates(
    new: Iterable[NewUser], same: Callable[[LedgerKey], LedgerKey] = itself
) -> tuple[Candidate, ...]:
    """
    Return the users as candidates, if all of them can be stored.

    Args:
        new: The users.
        same: Gives one key for all that the store takes for the same.

    Raises:
        migratekit.errors.ContractError: If one cannot be stored.
    """
    return tuple(_candidate(one, same) for one in new)


def _candidate(new: NewUser, same: Callable[[LedgerKey], LedgerKey]) -> Candidate:
    keys = check_new(new)
    return Candidate(new, keys, keys if same is itself else tuple(map(same, keys)))


def judged(batch: Sequence[Candidate], known: Known) -> list[Outcome]:
    """
    Return what `UserStore.create()` would make of one after the other.

    Raises:
        migratekit.errors.ContractError: If the id of one is taken.
    """
    if _share_nothing(batch, known):
        return [None] * len(batch)
    return list(_judge_in_turn(batch, known))


def _share_nothing(batch: Sequence[Candidate], known: Known) -> bool:
    if known.stored or known.retired or known.ids:
        return False
    keys = [key for candidate in batch for key in candidate.same]
    ids = {candidate.new.user.id for candidate in batch}
    return len(set(keys)) == len(keys) and len(ids) == len(batch)


def _judge_in_turn(batch: Sequence[Candidate], known: Known) -> Iterator[Outcome]:
    stored, retired, ids = set(known.stored), dict(known.retired), set(known.ids)
    for candidate in batch:
        user = candidate.new.user
        keys = candidate.same
        try:
            check_create(
                user,
                {key.kind for key in keys if key in stored},
                {key.kind: retired[key] for key in keys if key in retired},
            )
        except (AlreadyMigratedError, UserExistsError) as error:
            # Without the frames, which have seen hashes.
            yield error.with_traceback(None)
            continue
        if user.id in ids:
            raise ContractError("The id of the new user is taken.")
        ids.add(user.id)
        for key in keys:
            stored.add(key)
            if key not in retired or retired[key].reason == "reserved":
                retired[key] = Retirement(key, "used", user.legacy_id)
        yield None
