"""
Creates, changes and deletes the settings of connections.
"""

import getpass
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from migratekit._assembly import SystemClock
from migratekit.errors import ConfigurationError, StaleRecordError
from migratekit.events import printable
from migratekit.management._asking import ask, checked_store
from migratekit.management._auth0 import Auth0Import, read_document
from migratekit.management._live import LiveSettings
from migratekit.management._names import named
from migratekit.management._options import (
    DEFAULTS,
    STRATEGY,
    check_names,
    settings_of,
)
from migratekit.models import JSON
from migratekit.protocols import Clock
from migratekit.settings import SettingsChange, SettingsStore


_ACTOR_CHARACTERS = 255
_CLOCK = SystemClock()


class Management:
    """
    Keeps settings of connections in *store*, each with all that it ever was.

    Options have the names of `migratekit.MigrationPolicy`, ``token_lifetime`` is in
    seconds, and ``cut_over`` says whether the source is left alone for good.  Also
    understood is what an Auth0 connection calls them: ``disable_signup``,
    ``enabledDatabaseCustomization`` and ``validation.username`` with ``min`` and
    ``max``.  A ``password_check`` is code, and stays with the connection.

    Args:
        store: Where they are kept; a sync one, also for an `AsyncConnection`.

        actor:
            Who changes them, for the history; by default the user of this process and
            the machine.

        clock: Tells when.

    Raises:
        migratekit.errors.ConfigurationError: If the store cannot keep settings.
    """

    def __init__(
        self, store: SettingsStore, *, actor: str | None = None, clock: Clock = _CLOCK
    ) -> None:
        self._store = checked_store(store)
        self._actor = _checked_actor(_whoami() if actor is None else actor)
        self._clock = clock

    def list(self) -> tuple[SettingsChange, ...]:
        """
        Return the settings of all connections, in the order of their ids.

        Raises:
            migratekit.errors.StoreUnavailableError: If the store did not answer.
        """
        changes = ask(self._store.all_settings)
        return tuple(change for change in changes if change.options is not None)

    def get(self, connection_id: str) -> SettingsChange | None:
        """
        Return the settings of a connection; None if there are none.

        Raises:
            migratekit.errors.StoreUnavailableError: If the store did not answer.
        """
        newest = self._newest(connection_id)
        return None if newest is None or newest.options is None else newest

    def history(self, connection_id: str) -> tuple[SettingsChange, ...]:
        """
        Return all that was ever done to the settings of a connection, the first first.

        Raises:
            migratekit.errors.StoreUnavailableError: If the store did not answer.
        """
        _check_id(connection_id)
        return tuple(ask(self._store.settings_history, connection_id))

    def create(self, connection_id: str, settings: Mapping[str, Any]) -> SettingsChange:
        """
        Store settings for a connection that has none, and return them.

        Args:
            connection_id: 1 to 64 letters, digits, dots, dashes or underscores.

            settings:
                ``{"options": {…}}``.  Options that are left out have their defaults,
                but for ``strategy_version``: settings go before the connection's own
                policy, and a wrong one does not find the users who are stored.

        Raises:
            migratekit.errors.ConfigurationError:
                If there are settings already, or an option is unknown or has no such
                value.

            migratekit.errors.StaleRecordError: If somebody else was first.
            migratekit.errors.StoreUnavailableError: If the store did not answer.
        """
        newest = self._newest(connection_id)
        if newest is not None and newest.options is not None:
            raise ConfigurationError(
                f"There are settings {connection_id} already: update them."
            )
        given = named(_only_options(settings))
        check_names(dict.fromkeys(given.unknown))
        return self._create(
            connection_id, newest, given.over(DEFAULTS), given.missing()
        )

    def update(
        self,
        connection_id: str,
        changes: Mapping[str, Any],
        *,
        partial: bool = False,
        version: int | None = None,
        switched: bool = False,
    ) -> SettingsChange:
        """
        Replace the options of a connection, and return its settings.

        Args:
            connection_id: Whose.

            changes:
                ``{"options": {…}}``, with all options: they are replaced as a whole, as
                by Auth0's "Update a connection".

            partial: Keep the options that are left out.
            version: Only if this is the newest.

            switched:
                That all who are stored are in the form of the ``strategy_version`` that
                is given.  It is for the pass that has seen to it, and nobody else.

        Raises:
            migratekit.errors.ConfigurationError:
                If there are no settings; if an option is left out, unknown or has no
                such value; or if ``strategy_version`` is another.

            migratekit.errors.StaleRecordError:
                If somebody else was first, or *version* is not the newest.

            migratekit.errors.StoreUnavailableError: If the store did not answer.
        """
        old, before = self._existing(connection_id, version)
        given = named(_only_options(changes))
        check_names(dict.fromkeys(given.unknown))
        missing = given.missing()
        if missing and not partial:
            raise ConfigurationError(
                "Options are replaced as a whole, and these are left out: "
                f"{', '.join(missing)}.  Give them, too, or change only some: "
                "partial=True, or migratekit settings update."
            )
        options = given.over(before if partial else {})
        if not switched:
            _check_strategy(before.get(STRATEGY), options)
        return self._change("update", connection_id, old, options)

    def delete(self, connection_id: str, *, version: int | None = None) -> None:
        """
        Remove the settings of a connection; their history stays.

        Who follows them goes on with the last ones.

        Args:
            connection_id: Whose.
            version: Only if this is the newest.

        Raises:
            migratekit.errors.MigrateKitError: As `update()` does.
        """
        newest = self._newest(connection_id)
        _check_version(version, newest)
        if newest is None or newest.options is None:
            raise _no_settings(connection_id)
        self._change("delete", connection_id, newest, None)

    def import_auth0(
        self, document: Mapping[str, Any], *, connection_id: str | None = None
    ) -> Auth0Import:
        """
        Create or update settings by an Auth0 connection, as its API exports it.

        ``enabledDatabaseCustomization`` that is false means: cut over.  What no option
        stands for is not stored; it is named in what is returned.

        Args:
            document: ``{"id": …, "strategy": "auth0", "options": {…}}``.
            connection_id: Whose settings they become; by default that of *document*.

        Raises:
            migratekit.errors.ConfigurationError:
                If it is no such document, contradicts itself, or says a value that an
                option cannot have, or nothing or something new of ``strategy_version``.

            migratekit.errors.StaleRecordError: If somebody else was first.
            migratekit.errors.StoreUnavailableError: If the store did not answer.
        """
        found = read_document(document)
        given, missing = found.named, found.named.missing()
        whose: Any = found.connection_id if connection_id is None else connection_id
        newest = self._newest(whose)
        if newest is None or newest.options is None:
            options = given.over(DEFAULTS)
            change = self._create(whose, newest, options, missing)
        else:
            options = given.over({**DEFAULTS, **newest.options})
            _check_strategy(newest.options.get(STRATEGY), options)
            change = self._change("update", whose, newest, options)
        return Auth0Import(change, found.unknown, tuple(missing))

    def live(self, connection_id: str, *, interval: float = 2.0) -> LiveSettings:
        """
        Return what a connection follows that is given it as its *settings*.

        Args:
            connection_id: Whose settings.
            interval: Seconds between two looks into the store; up to an hour.

        Raises:
            migratekit.errors.ConfigurationError: If an argument cannot be used.
        """
        _check_id(connection_id)
        return LiveSettings(
            self._store, connection_id, interval=interval, clock=self._clock
        )

    def _newest(self, connection_id: str) -> SettingsChange | None:
        _check_id(connection_id)
        return ask(self._store.settings, connection_id)

    def _existing(
        self, connection_id: str, version: int | None
    ) -> tuple[SettingsChange, Mapping[str, JSON]]:
        newest = self._newest(connection_id)
        _check_version(version, newest)
        if newest is None or newest.options is None:
            raise _no_settings(connection_id)
        # An update would lose what a newer migratekit has stored.
        check_names(newest.options)
        return newest, newest.options

    def _create(
        self,
        connection_id: str,
        newest: SettingsChange | None,
        options: dict[str, JSON],
        missing: Sequence[str],
    ) -> SettingsChange:
        if STRATEGY in missing:
            raise ConfigurationError(
                f"Say which {STRATEGY} the stored users have, 1 or 2: settings go "
                "before the policy of the connection."
            )
        if newest is not None:
            _check_strategy(self._last_strategy(connection_id), options)
        return self._change("create", connection_id, newest, options)

    def _last_strategy(self, connection_id: str) -> JSON:
        last = None
        for change in self.history(connection_id):
            if change.options is not None:
                last = change.options.get(STRATEGY)
        return last

    def _change(
        self,
        action: Literal["create", "update", "delete"],
        connection_id: str,
        old: SettingsChange | None,
        options: dict[str, JSON] | None,
    ) -> SettingsChange:
        version = 1 if old is None else old.version + 1
        if options is not None:
            settings_of(connection_id, version, options)
        change = SettingsChange(
            connection_id=connection_id,
            version=version,
            action=action,
            actor=self._actor,
            options=options,
            changed_at=self._clock.now(),
        )
        ask(self._store.change_settings, change)
        return change


def _check_id(connection_id: object) -> None:
    named = type(connection_id) is str
    if not named or not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", str(connection_id)):
        raise ConfigurationError(
            "A connection_id is 1 to 64 letters, digits, dots, dashes or underscores."
        )


def _checked_actor(actor: object) -> str:
    if type(actor) is not str or not 1 <= len(actor) <= _ACTOR_CHARACTERS:
        raise ConfigurationError("The actor must be a text of 1 to 255 characters.")
    if not actor.isprintable():
        raise ConfigurationError("The actor must be one line of printable text.")
    return actor


def _whoami() -> str:
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        user = "unknown"
    return f"{printable(user)}@{printable(socket.gethostname())}"


def _only_options(given: object) -> object:
    if not isinstance(given, Mapping) or "options" not in given:
        raise ConfigurationError('Settings are given as {"options": {…}}.')
    others = [printable(key) for key in given if key != "options"]
    if others:
        raise ConfigurationError(
            f"Beside options there is {', '.join(others)}: import_auth0() takes a "
            "whole connection."
        )
    return given["options"]


def _check_version(version: int | None, newest: SettingsChange | None) -> None:
    if version is not None and (newest is None or version != newest.version):
        raise StaleRecordError


def _check_strategy(before: JSON, options: Mapping[str, JSON]) -> None:
    if before is not None and options.get(STRATEGY) != before:
        raise ConfigurationError(
            f"{STRATEGY} is {before} and is not changed like this, because the users "
            "are stored in its form: migratekit switch-strategy, or "
            "migratekit.switching, changes both, from 1 to 2."
        )


def _no_settings(connection_id: str) -> ConfigurationError:
    return ConfigurationError(f"There are no settings {connection_id}: create them.")
