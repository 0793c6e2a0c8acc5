"""
The settings in a store, and a change of them before it is written.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Self, TypeVar

from migratekit.cli._application import Storage
from migratekit.cli._command import Call
from migratekit.cli._errors import CommandError, sentence
from migratekit.cli._fleet import keeper_of
from migratekit.cli.schema import MEND_TABLES
from migratekit.errors import (
    ConfigurationError,
    StaleRecordError,
    StoreUnavailableError,
)
from migratekit.events import one_line
from migratekit.management import Management
from migratekit.management._asking import ask
from migratekit.settings import SettingsChange, SettingsStore


T = TypeVar("T")


class Draft:
    """
    A sync store of settings for `Management`, which may stand before an async one.

    The newest settings are read once, and *change* is what was decided by them.
    `write()` stores just that, or nothing.
    """

    change: SettingsChange

    def __init__(self, storage: Storage) -> None:
        store = keeper_of(storage)
        if not isinstance(store, SettingsStore):
            raise CommandError(
                f"The store, {type(store).__name__}, keeps no settings: name one that "
                "does, such as a SQLStore."
            )
        self._store = store
        self._storage = storage
        self._read: dict[str, SettingsChange | None] = {}

    @classmethod
    def of(cls, call: Call) -> Self:
        """
        Return a draft of what the application of *call* keeps.

        Raises:
            migratekit.cli._errors.CommandError: If it keeps no settings.
        """
        return cls(call.storage)

    def existing(self, connection_id: str) -> SettingsChange:
        """
        Return the settings of a connection.

        Raises:
            migratekit.errors.MigrateKitError: If there are none, or nobody can tell.
        """
        found = Management(self).get(connection_id)
        if found is None:
            raise ConfigurationError(
                f"There are no settings {connection_id}: migratekit settings list "
                "names those that there are."
            )
        return found

    def settings(self, connection_id: str, /) -> SettingsChange | None:
        """
        See `migratekit.settings.SettingsStore.settings()`.
        """
        if connection_id not in self._read:
            self._read[connection_id] = self._asked(self._store.settings, connection_id)
        return self._read[connection_id]

    def all_settings(self) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.all_settings()`.
        """
        return self._asked(self._store.all_settings)

    def settings_history(self, connection_id: str, /) -> Sequence[SettingsChange]:
        """
        See `migratekit.settings.SettingsStore.settings_history()`.
        """
        return self._asked(self._store.settings_history, connection_id)

    def change_settings(self, change: SettingsChange, /) -> None:
        """
        Take note of *change*.
        """
        self.change = change

    def write(self) -> None:
        """
        Store the change.

        Raises:
            migratekit.cli._errors.CommandError:
                If somebody else was first, or it is not known whether it was stored.

            migratekit.errors.MigrateKitError: If it cannot be.
        """
        whose = self.change.connection_id
        unsure = f"Whether it was stored, migratekit settings history {whose} tells."
        try:
            ask(self._asked, self._store.change_settings, self.change)
        except StaleRecordError:
            del self._read[whose]
            raise self.stale(whose) from None
        except StoreUnavailableError as error:
            raise CommandError(f"{sentence(error)}  {unsure}", code=1) from error
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted.  {unsure}", code=130) from None

    def stale(self, connection_id: str) -> CommandError:
        """
        Return the error for who decided by another version than the newest.
        """
        newest = Management(self).history(connection_id)[-1]
        return CommandError(
            f"The settings {connection_id} have version {newest.version} by now, of "
            f"{one_line(newest.actor)}, so that nothing was changed: look at them, "
            "and decide again.",
            code=1,
        )

    def _asked(self, question: Callable[..., T | Awaitable[T]], *about: object) -> T:
        try:
            return self._storage.wait(question(*about))
        except ConfigurationError as error:
            raise ConfigurationError(f"{one_line(error)}  {MEND_TABLES}") from None
