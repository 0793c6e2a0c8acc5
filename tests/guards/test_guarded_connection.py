"""
What a connection makes of its guard.
"""

import threading

import pytest
from deadlines import LONG
from guard_doors import ADA
from world import AsyncLegacySite, LegacySite, connect

from migratekit import MigrationPolicy
from migratekit.errors import LegacyUnavailableError
from migratekit.events import SourceResumed, SourceSuspended
from migratekit.models import SourceHealth
from migratekit.protocols import PartitionedSource
from migratekit.sources.functions import FunctionSource
from migratekit.sources.routed import AsyncRoutedSource, Route, RoutedSource
from migratekit.stores.memory import MemoryStore


@pytest.mark.parametrize("kind", [RoutedSource, AsyncRoutedSource])
def test_parts(kind, runner):
    """
    One route's outage is no pause for the identifiers of another.
    """
    down, up = LegacySite(), LegacySite()
    down.down = True
    up.add("1", ADA, "pw")
    source = kind(
        [
            Route("down", down, accepts=lambda typed: typed.endswith("@down.example")),
            Route("up", up, accepts=lambda typed: typed.endswith("@example.com")),
        ]
    )
    connection = connect(
        MemoryStore(), source, runner=None if kind is RoutedSource else runner
    )
    for _ in range(6):
        with pytest.raises(LegacyUnavailableError):
            connection.authenticate("ann@down.example", "pw")

    assert connection.authenticate(ADA, "pw").migrated
    states = {health.part: health.circuit for health in connection.health()}
    assert {"down": "open", "up": "closed"} == states
    assert isinstance(source, PartitionedSource)


def test_connection(scene):
    """
    An outage suspends the source, and its end resumes it; both are told, once each.
    """
    scene.site.add("1", ADA, "pw")
    scene.site.down = True
    for _ in range(7):
        with scene.refused(LegacyUnavailableError):
            scene.connection.authenticate(ADA, "pw")
    assert 5 == len(scene.site.calls)

    scene.site.down = False
    scene.clock.advance(30)

    assert scene.connection.authenticate(ADA, "pw").migrated
    assert [SourceSuspended(part="", failures=5, pause=30)] == scene.told(
        SourceSuspended
    )
    assert [SourceResumed(part="")] == scene.told(SourceResumed)
    expected = SourceHealth(
        part="", circuit="closed", calls=0, abandoned=0, failures=0, retry_after=0
    )
    assert (expected,) == scene.connection.health()
    assert () == scene.connection.cut_over().health()


def test_policy(scene):
    """
    The policy says what a source is granted.
    """
    asked = threading.Event()

    def login(identifier, password, /):
        asked.wait(LONG)

    policy = MigrationPolicy(
        legacy_deadline=0.01, legacy_calls=1, legacy_failures=2, legacy_pause=7
    )
    connection = scene.connect(source=FunctionSource(login), policy=policy)

    for _ in range(2):
        with scene.refused(LegacyUnavailableError):
            connection.authenticate(ADA, "pw")
    (health,) = connection.health()
    asked.set()

    assert ("closed", 1) == (health.circuit, health.failures)


def test_stored_users_do_not_notice(scene):
    """
    Whoever has moved logs in while the source is left alone.
    """
    scene.site.add("1", ADA, "pw")
    scene.connection.authenticate(ADA, "pw")
    scene.site.down = True
    for _ in range(9):
        with scene.refused(LegacyUnavailableError):
            scene.connection.authenticate("bob@example.com", "pw")

    assert not scene.connection.authenticate(ADA, "pw").migrated


def test_async_site(runner):
    """
    Async sources are asked in the event loop itself.
    """
    site = LegacySite()
    site.add("1", ADA, "pw")
    threads = []

    class Site(AsyncLegacySite):
        async def login(self, identifier, password, /):
            threads.append(threading.current_thread())
            return await super().login(identifier, password)

    connection = connect(MemoryStore(), Site(site), runner=runner)

    assert connection.authenticate(ADA, "pw").migrated
    assert [threading.current_thread()] == threads
