"""
Questions to a store, outside of any flow.
"""

import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from migratekit._steps.step import whereabouts
from migratekit.errors import (
    ConfigurationError,
    MigrateKitError,
    StoreUnavailableError,
)
from migratekit.settings import SettingsStore


P = ParamSpec("P")
T = TypeVar("T")


def checked_store(store: object) -> SettingsStore:
    """
    Return *store* if it can keep settings, and is sync.

    Raises:
        migratekit.errors.ConfigurationError: If it cannot, or is not.
    """
    name = type(store).__name__
    if isinstance(store, type) or not isinstance(store, SettingsStore):
        raise ConfigurationError(
            f"{name} keeps no settings: give Management a MemoryStore or SQLStore."
        )
    if inspect.iscoroutinefunction(store.settings):
        raise ConfigurationError(
            f"{name} is async, and Management needs a sync store: give it an SQLStore "
            "of the same database."
        )
    return store


def ask(question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """
    Return what a method of a store answers.

    Raises:
        migratekit.errors.StoreUnavailableError: If it raises what is no error of ours.
    """
    try:
        return question(*args, **kwargs)
    except MigrateKitError:
        raise
    except Exception as exc:  # noqa: BLE001 -- whatever a store raises
        failure = whereabouts(exc)
    raise StoreUnavailableError(failure)
