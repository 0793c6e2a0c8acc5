"""
What a connection decides by, and whom it asks, where the settings in a store say so.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import attrs

from migratekit._assembly import limits_of, without_source
from migratekit._flows.context import Context, tell
from migratekit._forking import when_forked
from migratekit._run import Flow
from migratekit._steps import Ports
from migratekit.errors import ConfigurationError
from migratekit.events import CutOver, Event, SettingsChanged, SettingsRefused
from migratekit.settings import FollowedSettings, Settings


P = ParamSpec("P")
T = TypeVar("T")


class Following:
    """
    Gives the parts of a connection as its settings want them by now.

    Args:
        context: What the connection was made with.
        ports: The same.
        settings: What is followed.

    Raises:
        migratekit.errors.ConfigurationError:
            If there are no settings, or the connection cannot be as they want it.

        migratekit.errors.StoreUnavailableError: If they cannot be read.
    """

    def __init__(
        self, context: Context, ports: Ports, settings: FollowedSettings
    ) -> None:
        self._own = (context, ports)
        self._settings = settings
        self._news: deque[Event] = deque()
        self._seen = settings.current()
        self._parts = self._wanted_by(self._seen)
        self.forget()
        when_forked(self, Following.forget)

    @property
    def settings(self) -> FollowedSettings:
        """
        What is followed.
        """
        return self._settings

    def forget(self) -> None:
        """
        Begin anew in a forked process, where nobody will release the parent's lock.
        """
        self._lock = threading.Lock()

    def parts(self) -> tuple[Context, Ports]:
        """
        Return what an operation that begins now goes by, from its beginning to its end.
        """
        if self._settings.current() is not self._seen:
            self._follow()
        return self._parts

    def begin(
        self,
        flow: Callable[Concatenate[Context, P], Flow[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> tuple[Flow[T], Ports]:
        """
        Return what an operation does, and whom it asks.

        The first one that goes by other settings tells of them before all else.
        """
        context, ports = self.parts()
        if self._news:
            return _announced(self._news, flow, context, *args, **kwargs), ports
        return flow(context, *args, **kwargs), ports

    def without_source(self) -> "Following":
        """
        Return the same with nobody to ask, whatever the settings say.
        """
        context, ports = self._own
        return Following(context, without_source(ports), self._settings)

    def _follow(self) -> None:
        with self._lock:
            # Asked within the lock, so that nobody puts older ones back.
            settings = self._settings.current()
            if settings is self._seen:
                return
            whose, version = settings.connection_id, settings.version
            news: list[Event] = [SettingsChanged(connection_id=whose, version=version)]
            try:
                self._parts = self._wanted_by(settings)
            except ConfigurationError as error:
                refused = SettingsRefused(
                    connection_id=whose, version=version, detail=str(error)
                )
                news = [refused]
            else:
                if settings.cut_over and not self._seen.cut_over:
                    news.append(CutOver(remaining=None))
            self._news.extend(news)
            self._seen = settings

    def _wanted_by(self, settings: Settings) -> tuple[Context, Ports]:
        context, ports = self._own
        policy = settings.applied_to(context.policy)
        if settings.cut_over:
            # Off, it would keep everybody out whom no source answers for any more.
            policy = attrs.evolve(policy, import_mode=True)
            ports = without_source(ports)
        else:
            guard = ports.guard.under(limits_of(policy))
            ports = attrs.evolve(ports, guard=guard)
        return attrs.evolve(context, policy=policy), ports


async def _announced(
    news: deque[Event],
    flow: Callable[Concatenate[Context, P], Flow[T]],
    ctx: Context,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    while news:
        try:
            event = news.popleft()
        except IndexError:  # pragma: no cover -- another thread was faster
            break
        await tell(ctx, event)
    return await flow(ctx, *args, **kwargs)
