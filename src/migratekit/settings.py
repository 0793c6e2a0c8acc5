"""
Options of connections that are kept in a store, and what a store needs to keep them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol, runtime_checkable

import attrs

from migratekit._fields import aware, json_object, text, whole
from migratekit.models import JSON
from migratekit.policy import MigrationPolicy


_ACTIONS: Final = ("create", "update", "delete")


def _options(value: dict[str, JSON] | None) -> dict[str, JSON] | None:
    if value is None:
        return None
    copied: dict[str, JSON] = json_object(value)
    return copied


@attrs.frozen(kw_only=True)
class SettingsChange:
    """
    One change of a connection's settings.

    The newest is what is in force: settings are kept as their own history.

    Args:
        connection_id:
            Whose settings they are, such as ``con_shop``; 1 to 64 characters, without
            blanks around.

        version: 1 for the first change, and one more for each that follows.
        action: What was done.
        actor: Who did it; 1 to 255 characters.
        options: All options as they are since, JSON values; None once they are deleted.
        changed_at: When; UTC.
    """

    connection_id: str = attrs.field(validator=text)
    version: int = attrs.field(validator=whole)
    action: Literal["create", "update", "delete"] = attrs.field(
        validator=attrs.validators.in_(_ACTIONS)
    )
    actor: str = attrs.field(validator=text)
    options: dict[str, JSON] | None = attrs.field(converter=_options, hash=False)
    changed_at: dt.datetime = attrs.field(validator=aware)


@attrs.frozen(kw_only=True, eq=False)
class Settings:
    """
    What a connection goes by instead of its own policy.

    Args:
        connection_id: Whose settings they are.
        version: Which of them.
        options: Names and values of `migratekit.MigrationPolicy`.
        cut_over: Whether the source is left alone for good.
    """

    connection_id: str
    version: int
    options: Mapping[str, Any]
    cut_over: bool

    def applied_to(self, policy: MigrationPolicy) -> MigrationPolicy:
        """
        Return *policy* with the options that are there in place of its own.

        Raises:
            migratekit.errors.ConfigurationError: If it cannot be so.
        """
        return attrs.evolve(policy, **self.options)


class FollowedSettings(Protocol):
    """
    Settings that may be others at any time, as `migratekit.management.LiveSettings`.
    """

    def current(self) -> Settings:
        """
        Return the newest, the same object until there are others.

        It is asked at the beginning of every operation, and must not block.
        """


@runtime_checkable
class SettingsStore(Protocol):
    """
    A store that can keep the settings of connections.
    """

    def settings(self, connection_id: str, /) -> SettingsChange | None:
        """
        Return the newest change, also if it was the last one; None if there was none.
        """

    def all_settings(self) -> Sequence[SettingsChange]:
        """
        Return the newest change of every connection, in the order of their ids.
        """

    def settings_history(self, connection_id: str, /) -> Sequence[SettingsChange]:
        """
        Return all changes, the oldest first.
        """

    def change_settings(self, change: SettingsChange, /) -> None:
        """
        Add *change* to the history.

        Raises:
            migratekit.errors.StaleRecordError:
                If its version is not the one behind the newest.

            migratekit.errors.ContractError:
                If some database could not hold one of its texts.
        """
