"""
What a connection was made of, to read.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

import attrs

from migratekit._assembly import described, without_source
from migratekit._flows.context import Context
from migratekit._run import Flow
from migratekit._steps import Ports
from migratekit.errors import ConfigurationError
from migratekit.policy import MigrationPolicy
from migratekit.protocols import (
    AsyncLegacySource,
    AsyncUserStore,
    EventSink,
    LegacySource,
    PasswordHasher,
    Rule,
    UserStore,
)
from migratekit.sources import NoopSource
from migratekit.validation import Validator


if TYPE_CHECKING:
    from migratekit._following import Following
    from migratekit.settings import FollowedSettings

P = ParamSpec("P")
T = TypeVar("T")


@attrs.frozen(repr=False)
class Parts:
    """
    The part of a connection that tells what it was made of.
    """

    _context: Context
    _ports: Ports
    # What knows better, if there are settings to follow.
    _following: "Following | None" = None

    def __repr__(self) -> str:
        return described(self)

    @property
    def store(self) -> UserStore | AsyncUserStore:
        """
        The store, as it was given.
        """
        return self._ports.store

    @property
    def source(self) -> LegacySource | AsyncLegacySource:
        """
        The source, as it was given; a `migratekit.sources.NoopSource` after
        ``cut_over()``.

        Whoever asks it directly has no deadline and no guard, and is not kept from it
        by settings that say that it is cut over: see `is_cut_over`.
        """
        return self._ports.source

    @property
    def is_cut_over(self) -> bool:
        """
        Whether the source is left alone for good: by ``cut_over()``, or because the
        settings that are followed say so.
        """
        return isinstance(self._now()[1].source, NoopSource)

    @property
    def settings(self) -> "FollowedSettings | None":
        """
        The settings that are followed, as they were given; None without any.
        """
        return None if self._following is None else self._following.settings

    @property
    def source_name(self) -> str:
        """
        What stands in front of every legacy id.
        """
        return self._context.source_name

    @property
    def policy(self) -> MigrationPolicy:
        """
        The policy; with settings that are followed, as they want it by now.
        """
        return self._now()[0].policy

    @property
    def validator(self) -> Validator:
        """
        What checks users before they are stored.
        """
        return self._ports.validator

    @property
    def hasher(self) -> PasswordHasher:
        """
        What makes and checks the hashes of the store.
        """
        return self._ports.hasher

    @property
    def rules(self) -> Sequence[Rule]:
        """
        What may deny a login after the right password.
        """
        return self._context.rules

    @property
    def listeners(self) -> Sequence[EventSink]:
        """
        What is told every event.
        """
        return self._context.listeners

    @property
    def has_secret_key(self) -> bool:
        """
        Whether password-change tokens can be made.
        """
        return self._context.signer is not None

    def _now(self) -> tuple[Context, Ports]:
        """
        Return what an operation goes by that begins now.
        """
        if self._following is None:
            return self._context, self._ports
        return self._following.parts()

    def _begin(
        self,
        flow: Callable[Concatenate[Context, P], Flow[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> tuple[Flow[T], Ports]:
        """
        Return what an operation does, and whom it asks.
        """
        if self._following is None:
            return flow(self._context, *args, **kwargs), self._ports
        return self._following.begin(flow, *args, **kwargs)

    def _without_source(self) -> Self:
        """
        Return the same connection with nobody to ask.
        """
        following = self._following
        if following is not None:
            following = following.without_source()
        after = object.__new__(type(self))
        Parts.__init__(after, self._context, without_source(self._ports), following)
        return after


def followed(
    settings: "FollowedSettings | None", context: Context, ports: Ports
) -> "Following | None":
    """
    Return what gives a connection its parts, if it has *settings*.

    Raises:
        migratekit.errors.ConfigurationError: If they are none, or do not fit.
        migratekit.errors.StoreUnavailableError: If they cannot be read.
    """
    if settings is None:
        return None
    if not callable(getattr(settings, "current", None)) or isinstance(settings, type):
        raise ConfigurationError(
            "The settings must be some that can be followed: Management.live() of "
            "migratekit.management gives them."
        )
    # Many connections follow none.
    from migratekit._following import Following  # noqa: PLC0415

    return Following(context, ports, settings)
