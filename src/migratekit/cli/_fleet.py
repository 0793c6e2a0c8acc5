"""
All processes of an application, which follow the settings in its store.
"""

import time
from typing import Final, Self

import attrs

from migratekit.cli._application import Application, EitherConnection, Storage
from migratekit.cli._errors import CommandError
from migratekit.errors import StaleRecordError
from migratekit.management import LiveSettings, Management


_ATTEMPTS: Final = 5
_SLACK: Final = 0.5


@attrs.frozen
class Fleet:
    """
    The processes that follow *live*.
    """

    live: LiveSettings

    @classmethod
    def of(cls, connection: EitherConnection) -> Self | None:
        """
        Return the fleet of an application; None if it follows no settings of ours.
        """
        settings = connection.settings
        return cls(settings) if isinstance(settings, LiveSettings) else None

    @property
    def name(self) -> str:
        """
        The id of the settings.
        """
        return self.live.connection_id

    def tell(self, *, cut_over: bool) -> int:
        """
        Say in the settings whether the source is cut over, and return their version.

        This process follows at once, and the others within seconds.

        Raises:
            migratekit.cli._errors.CommandError: If others change them all the while.
            migratekit.errors.MigrateKitError: If they cannot be read or changed.
        """
        management = Management(self.live.store)
        for _ in range(_ATTEMPTS):
            there = management.get(self.name)
            said = None if there is None else (there.options or {}).get("cut_over")
            if there is None or said is not cut_over:
                try:
                    there = management.update(
                        self.name, {"options": {"cut_over": cut_over}}, partial=True
                    )
                except StaleRecordError:
                    continue
            self.live.refresh()
            return there.version
        raise CommandError(
            f"Somebody else changes the settings {self.name} all the while.", code=1
        )

    def settle(self) -> None:
        """
        Wait until all processes follow.
        """
        time.sleep(2 * self.live.interval + _SLACK)


def keeper_of(storage: Storage) -> object:
    """
    Return the store that keeps the settings of an application.

    Those that it follows may be elsewhere than its users, and a sync store keeps them
    also if that of its users is async.
    """
    if isinstance(storage, Application):
        fleet = Fleet.of(storage.connection)
        if fleet is not None:
            return fleet.live.store
    return storage.store
