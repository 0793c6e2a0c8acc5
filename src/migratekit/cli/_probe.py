"""
Questions to an application's source, by its own rules, that move nobody.
"""

import secrets
import time
from collections.abc import Callable

import attrs

from migratekit import AsyncConnection, Connection
from migratekit.cli._application import Application, EitherConnection
from migratekit.errors import MigrateKitError
from migratekit.events import Event
from migratekit.models import Authenticated, LegacyUser, User
from migratekit.stores.memory import MemoryStore


@attrs.frozen
class Answer:
    """
    What came of a question: a value or an error, and how many seconds it took.
    """

    value: Authenticated | User | LegacyUser | None
    error: MigrateKitError | None
    took: float


class Probe:
    """
    A connection from the application's source to a store in memory.

    It asks through a guard, checks what a real login checks, and moves whoever logs in
    to nowhere.  The application's own listeners, rules and throttle are left alone.

    *events* is what happened.
    """

    def __init__(self, application: Application) -> None:
        self.events: list[Event] = []
        self._application = application
        self._connection = _sibling(application.connection, self.events.append)

    def get_user(self, identifier: str) -> Answer:
        """
        Ask who has *identifier*.
        """
        return self._answer(lambda: self._connection.get_user(identifier))

    def log_in(self, identifier: str, password: str) -> Answer:
        """
        Ask whether this is the password, and see whether the user could move.
        """
        return self._answer(lambda: self._connection.authenticate(identifier, password))

    def _answer(self, ask: Callable[[], object]) -> Answer:
        value, error = None, None
        began = time.perf_counter()
        try:
            value = self._application.wait(ask())
        except MigrateKitError as raised:
            error = raised.with_traceback(None)
        return Answer(value, error, time.perf_counter() - began)  # type: ignore[arg-type]


def _sibling(
    connection: EitherConnection, listener: Callable[[Event], None]
) -> EitherConnection:
    policy = attrs.evolve(
        connection.policy,
        import_mode=True,
        rehearse=False,
        detect_drift=True,
        failure_floor=0,
    )
    kind = AsyncConnection if isinstance(connection, AsyncConnection) else Connection
    return kind(
        MemoryStore(),
        connection.source,  # type: ignore[arg-type]
        source_name=connection.source_name,
        policy=policy,
        validator=connection.validator,
        hasher=connection.hasher,
        listeners=(listener,),
    )


def nobody() -> str:
    """
    Return an e-mail address that nobody has.
    """
    return f"migratekit-check-{secrets.token_hex(12)}@example.com"
