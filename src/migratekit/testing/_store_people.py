"""
People for the contract of stores, and ways to look at what a store knows of them.
"""

import asyncio
import datetime as dt
import inspect
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import attrs
import pytest

from migratekit.models import (
    Identifier,
    KeyKind,
    LedgerKey,
    NewUser,
    Origin,
    Record,
    Retirement,
    User,
    ledger_keys,
)
from migratekit.protocols import AsyncUserStore, UserStore
from migratekit.testing._scenario import settle


T = TypeVar("T")
Store = UserStore | AsyncUserStore

# These come out of the source, with a legacy id.
MOVING = (Origin.LOGIN, Origin.PASSWORD_CHANGE, Origin.IMPORT)
NAMES = (KeyKind.EMAIL, KeyKind.USERNAME)


def somebody(
    origin: Origin = Origin.LOGIN,
    **changes: Any,
) -> NewUser:
    """
    Return a user who shares nothing with anybody, but for *changes*.

    Args:
        origin: With one of the first three, they have a legacy id.
        changes: Fields of the `User`, and ``password_hash``.
    """
    token = uuid.uuid4().hex
    password_hash = changes.pop("password_hash", f"hash of {token}")
    user = User(
        id=str(uuid.uuid4()),
        email=f"{token}@example.com",
        username=token,
        origin=origin,
        legacy_id=f"shop|{token}" if origin in MOVING else None,
        migrated_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )
    return NewUser(attrs.evolve(user, **changes), password_hash)


def changed(
    record: Record,
    **changes: Any,
) -> Record:
    """
    Return *record* with *changes* to its user.
    """
    return attrs.evolve(record, user=attrs.evolve(record.user, **changes))


def key_of(user: User, kind: KeyKind) -> LedgerKey:
    """
    Return the key of *kind* that *user* has.
    """
    return next(key for key in ledger_keys(user) if key.kind is kind)


async def find(store: Store, key: LedgerKey) -> Record | None:
    """
    Return the record that the store finds by an e-mail or a username.
    """
    return await settle(store.find(Identifier(key.kind, key.value)))  # type: ignore[arg-type]


async def seen(store: Store, *people: User) -> list[Record | Retirement | None]:
    """
    Return all that *store* knows of *people*, to compare it later.
    """
    answers: list[Record | Retirement | None] = []
    for user in people:
        answers.append(await settle(store.get(user.id)))
        for key in ledger_keys(user):
            answers.append(await settle(store.retired(key)))
            if key.kind in NAMES:
                answers.append(await find(store, key))
    return answers


async def at_once(
    calls: Sequence[Callable[[], Awaitable[T] | T]],
) -> tuple[list[T], list[BaseException]]:
    """
    Make all *calls* at the same time: sync ones in threads, async ones as tasks.

    Returns:
        What those gave that succeeded, and what those raised that failed.
    """
    outcomes = await asyncio.gather(
        *(
            settle(call())
            if inspect.iscoroutinefunction(call)
            else asyncio.to_thread(call)
            for call in calls
        ),
        return_exceptions=True,
    )
    failures = [item for item in outcomes if isinstance(item, BaseException)]
    successes = [item for item in outcomes if not isinstance(item, BaseException)]
    return successes, failures  # type: ignore[return-value]


def need(store: Store, ability: type) -> Any:
    """
    Return *store*, or skip the test if it does not have *ability*.
    """
    if not isinstance(store, ability):
        pytest.skip(f"{type(store).__name__} is no {ability.__name__}")
    return store
