"""
Settings that are followed, with a look into the store every few seconds.
"""

import contextlib
import logging
import operator
import threading
import weakref

from migratekit._forking import not_forked_amid, when_forked
from migratekit.errors import (
    ConfigurationError,
    ContractError,
    MigrateKitError,
    StoreUnavailableError,
)
from migratekit.management._asking import ask
from migratekit.management._options import settings_in
from migratekit.protocols import Clock
from migratekit.settings import Settings, SettingsChange, SettingsStore


_MOST_SECONDS = 3600
_LONGEST_LOOK = 5.0
_NO_THREAD = "there is no thread left to follow them in"


class LiveSettings:
    """
    The newest settings of a connection, for `Connection` and `AsyncConnection`.

    They are read when a connection is made, and from its first operation on by a
    daemon thread of this object, in every process.  What cannot be read, or means
    nothing to this version of migratekit, changes nothing: the last settings stay in
    force, and the logger ``migratekit`` is told once.

    `Management.live()` makes them.
    """

    def __init__(
        self,
        store: SettingsStore,
        connection_id: str,
        *,
        interval: float,
        clock: Clock,
    ) -> None:
        number = type(interval) in {int, float}
        if not number or not 0 < interval <= _MOST_SECONDS:
            raise ConfigurationError("The interval must be up to 3600 seconds.")
        self._store = store
        self._connection_id = connection_id
        self._interval = interval
        self._clock = clock
        self._change: SettingsChange | None = None
        self._settings: Settings | None = None
        self._read_at = 0.0
        self._problem = ""
        self._closed = False
        self._begin_anew()
        when_forked(self, LiveSettings._begin_anew)
        not_forked_amid(self, operator.attrgetter("_reading"))

    def __repr__(self) -> str:
        version = "none" if self._settings is None else self._settings.version
        return f"<LiveSettings {self._connection_id}, version {version}>"

    @property
    def store(self) -> SettingsStore:
        """
        Where they are kept.
        """
        return self._store

    @property
    def connection_id(self) -> str:
        """
        Whose settings they are.
        """
        return self._connection_id

    @property
    def interval(self) -> float:
        """
        Seconds between two looks into the store.
        """
        return self._interval

    @property
    def version(self) -> int:
        """
        The version that is in force here.

        Raises:
            migratekit.errors.MigrateKitError: As `current()` does.
        """
        return self.current().version

    def age(self) -> float:
        """
        Return for how many seconds it is not known whether there are newer settings.

        Raises:
            migratekit.errors.MigrateKitError: As `current()` does.
        """
        if self._settings is None:
            self._first()
        return self._clock.monotonic() - self._read_at

    def current(self) -> Settings:
        """
        Return the settings in force here.  Only the first call asks the store.

        Raises:
            migratekit.errors.ConfigurationError:
                If there were none at the first call, or they mean nothing.

            migratekit.errors.StoreUnavailableError:
                If the store did not answer then.
        """
        settings = self._settings
        if settings is None:
            return self._first()
        if self._watched:
            return settings
        self._watch()
        return self._settings or settings

    def refresh(self) -> bool:
        """
        Look into the store now, and return whether that gave settings.

        If not, the last ones stay in force.
        """
        try:
            self._read()
        except StoreUnavailableError as error:
            # One outage, whatever it looks like from one look to the next.
            self._note(str(error), kind="outage")
            return False
        except MigrateKitError as error:
            self._note(str(error))
            return False
        self._note("")
        return True

    def close(self) -> None:
        """
        Look into the store no more; the last settings stay in force.

        Waits for a look that is under way, up to 5 seconds: then the store may be
        closed, too.
        """
        self._closed = self._watched = True
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_LONGEST_LOOK)

    def _begin_anew(self) -> None:
        # Also in a forked process, where nobody has the parent's thread and locks.
        self._watched = self._closed
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._reading = threading.Lock()
        self._starting = threading.Lock()

    def _first(self) -> Settings:
        try:
            return self._read()
        except ConfigurationError as error:
            problem = str(error)
        whose = self._connection_id
        raise ConfigurationError(
            f"The settings {whose}: {problem}  What is missing is made by the store "
            "alone: migratekit --app myshop.auth:store schema create, and then "
            f"settings create {whose} strategy_version=2."
        )

    def _read(self) -> Settings:
        # One at a time, so that nobody puts an older answer in place of a newer one.
        with self._reading:
            change = ask(self._store.settings, self._connection_id)
            if change is not None and not isinstance(change, SettingsChange):
                raise ContractError("The store gave settings that are none.")
            if self._settings is None or change != self._change:
                self._settings = settings_in(change)
                self._change = change
            self._read_at = self._clock.monotonic()
            return self._settings

    def _watch(self) -> None:
        with self._starting:
            started = self._watched or self._start()
        if not started:
            self._note(_NO_THREAD)

    def _start(self) -> bool:
        # Of a process that has been idle, nobody knows what it has missed.
        idle = self._clock.monotonic() - self._read_at > self._interval
        read = threading.Event()
        thread = threading.Thread(
            target=_follow,
            args=(weakref.ref(self), self._stop, read, self._interval),
            name="migratekit-settings",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        try:
            if idle:
                read.wait(self._interval)
        finally:
            self._watched = True
        return True

    def _note(self, problem: str, *, kind: str | None = None) -> None:
        before, self._problem = self._problem, kind or problem
        if before == self._problem:
            return
        logger = logging.getLogger("migratekit")
        # What a handler raises must end neither the thread nor a login.
        with contextlib.suppress(Exception):
            if problem:
                logger.error(
                    "The settings %s stay as they are: %s", self._connection_id, problem
                )
            else:
                logger.warning(
                    "The settings %s are followed again", self._connection_id
                )


def _follow(
    whose: "weakref.ref[LiveSettings]",
    stop: threading.Event,
    read: threading.Event,
    interval: float,
) -> None:
    """
    Look into the store again and again, for as long as somebody has the settings.
    """
    while (live := whose()) is not None:
        live.refresh()
        del live
        read.set()
        if stop.wait(interval):
            return
