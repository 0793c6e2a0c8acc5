"""
Logins on the application's own connection that store nothing.
"""

from typing import Any, NoReturn

import attrs

from migratekit import AsyncConnection, Connection
from migratekit.cli._application import Application
from migratekit.cli._errors import CommandError
from migratekit.cli._passwords import KnownUser
from migratekit.errors import (
    AccessDeniedError,
    AccountBlockedError,
    ContractError,
    InvalidCredentialsError,
    MigrateKitError,
    PasswordChangeRequiredError,
)
from migratekit.events import (
    Event,
    LoginRefused,
    MigrationRehearsed,
    ProfileDrift,
    RuleFailed,
)
from migratekit.throttles import NoThrottle


@attrs.frozen(kw_only=True)
class Verdict:
    """
    What would have come of a login.

    Args:
        outcome:
            That of `migratekit.events.MigrationRehearsed`; or ``stored`` for whoever is
            let in by the store, ``denied`` by a rule, or ``refused``.

        codes: Why, in the words of events.
        legacy_id: Who it is in the source, if they are there and not stored.
        detail: Where it failed.
        drift: What ``login`` and ``get_user`` of the source do not agree on.
    """

    outcome: str
    codes: tuple[str, ...] = ()
    legacy_id: str | None = None
    detail: str = ""
    drift: tuple[str, ...] = ()


class Rehearsal:
    """
    The application's connection as it is now, in a rehearsal whatever its policy says.

    It asks the application's source, store and rules, and tells nothing to its
    listeners and its throttle.  Settings that change meanwhile do not end it.

    Raises:
        migratekit.cli._errors.CommandError: If nobody asks the source any more.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._check_source()
        self._events: list[Event] = []
        self._connection = _rehearsing(application.connection, self._events.append)

    def log_in(self, user: KnownUser) -> Verdict:
        """
        Return what would have come of a login.

        Raises:
            migratekit.cli._errors.CommandError: If nobody asks the source any more.
        """
        self._check_source()
        self._events.clear()
        error = None
        try:
            self._application.wait(
                self._connection.authenticate(user.identifier, user.password)
            )
        except MigrateKitError as raised:
            error = raised.with_traceback(None)
        return _judged(self._events, error)

    def _check_source(self) -> None:
        if self._application.connection.is_cut_over:
            raise CommandError(
                "There is nothing to rehearse any more: it is cut over, and nobody "
                "asks the source.  migratekit cut-over --undo brings it back.",
                code=1,
            )


def _rehearsing(connection: Connection | AsyncConnection, listener: Any) -> Any:
    # Without a pause every login is asked about, however many have failed before.
    policy = attrs.evolve(
        connection.policy,
        rehearse=True,
        import_mode=True,
        failure_floor=0,
        legacy_pause=0,
    )
    kind: Any = (
        AsyncConnection if isinstance(connection, AsyncConnection) else Connection
    )
    return kind(
        ReadOnly(connection.store),
        connection.source,
        source_name=connection.source_name,
        policy=policy,
        validator=connection.validator,
        hasher=connection.hasher,
        rules=connection.rules,
        listeners=(listener,),
        throttle=NoThrottle(),
    )


class ReadOnly:
    """
    What can be read of a store.

    A rehearsal writes nothing; if it did, it would fail here.
    """

    def __init__(self, store: Any) -> None:
        self.find = store.find
        self.get = store.get
        self.retired = store.retired

    def _never(self, *arguments: object) -> NoReturn:
        raise ContractError("A rehearsal stores nothing.")

    create = replace = delete = _never


def _judged(events: list[Event], error: MigrateKitError | None) -> Verdict:
    rehearsed = _last(events, MigrationRehearsed)
    if rehearsed is None:
        return _of_error(events, error)
    if rehearsed.outcome == "would_move" and error is not None:
        return attrs.evolve(_of_error(events, error), legacy_id=rehearsed.legacy_id)
    drift = _last(events, ProfileDrift)
    return Verdict(
        outcome=rehearsed.outcome,
        codes=rehearsed.codes,
        legacy_id=rehearsed.legacy_id,
        drift=() if drift is None else drift.fields,
    )


def _of_error(events: list[Event], error: MigrateKitError | None) -> Verdict:
    refused, failed = _last(events, LoginRefused), _last(events, RuleFailed)
    codes = () if refused is None else (refused.reason,)
    match error:
        case None:
            return Verdict(outcome="stored")
        case AccountBlockedError():
            return Verdict(outcome="blocked")
        case PasswordChangeRequiredError():
            return Verdict(outcome="must_change")
        case InvalidCredentialsError():
            return Verdict(outcome="refused", codes=codes)
        case AccessDeniedError():
            detail = "" if failed is None else failed.detail
            return Verdict(outcome="denied", codes=codes, detail=detail)
    return Verdict(outcome="failed", codes=codes, detail=str(error))


def _last(events: list[Event], kind: type[Any]) -> Any:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)
