"""
Connections that follow settings: one version of them for an operation, and no half ones.
"""

import asyncio
import itertools
import threading
from contextlib import nullcontext

import attrs
import pytest
from forks import forked, needs_fork
from world import AsyncLegacySite

from migratekit import MigrationPolicy
from migratekit._steps import Step
from migratekit.errors import (
    AccessDeniedError,
    ConfigurationError,
    InvalidCredentialsError,
    InvalidTokenError,
    LegacyUnavailableError,
    PasswordRejectedError,
    Violation,
)
from migratekit.events import (
    CutOver,
    LoginRefused,
    SettingsChanged,
    SettingsRefused,
    SourceSuspended,
)
from migratekit.models import ImportRecord
from migratekit.settings import Settings
from migratekit.sources import NoopSource


ADA = "ada@example.com"
BOB = "bob@example.com"


class Told:
    """
    Settings that are what a test says.
    """

    def __init__(self, *, cut_over=False, **options):
        self.asked = 0
        self.version = 0
        self.say(cut_over=cut_over, **options)

    def say(self, *, cut_over=False, **options):
        self.version += 1
        self.settings = Settings(
            connection_id="con_shop",
            version=self.version,
            options=options,
            cut_over=cut_over,
        )

    def current(self):
        self.asked += 1
        return self.settings


@pytest.fixture(name="scene", params=["sync", "async"])
def _scene(memory, request):
    """
    A `Scene` in memory behind each kind of door.
    """
    if request.param == "async":
        memory.runner = request.getfixturevalue("runner")
    memory.site.add("1", ADA, "pw")
    memory.site.add("2", BOB, "bobs")
    return memory


def weak(password):
    return [Violation("weak", "password", "Too weak.")]


# --- What is followed ------------------------------------------------------------------


def test_policy(scene):
    """
    Settings go before the policy, and are followed by the next operation.
    """
    settings = Told(allow_sign_up=False)
    policy = MigrationPolicy(allow_sign_up=True)
    connection = scene.connect(policy=policy, settings=settings)

    with scene.refused(AccessDeniedError):
        connection.sign_up("eve@example.com", "a passphrase")
    settings.say(allow_sign_up=True)

    assert "eve@example.com" == connection.sign_up("eve@example.com", "pw").email


def test_own(scene):
    """
    What the settings do not say, the password check above all, is the policy's.
    """
    policy = MigrationPolicy(
        password_check=weak, weak_legacy_password="refuse", failure_floor=0.5
    )
    settings = Told(allow_sign_up=True)
    connection = scene.connect(policy=policy, settings=settings)
    settings.say(allow_sign_up=False)

    with scene.refused(PasswordRejectedError):
        connection.authenticate(ADA, "pw")
    before = scene.clock.monotonic()
    with scene.refused(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")

    assert scene.clock.monotonic() - before >= 0.5


def test_cut_over(scene):
    """
    As long as the settings say so, the source is not asked; then it is again.
    """
    settings = Told()
    connection = scene.connect(settings=settings)

    settings.say(cut_over=True)
    with scene.refused(InvalidCredentialsError):
        connection.authenticate(ADA, "pw")
    signed_up = connection.sign_up(BOB, "somebody else")
    assert [] == scene.site.calls
    (refused,) = scene.told(LoginRefused)
    assert "cut_over" == refused.reason
    assert [CutOver(remaining=None)] == scene.told(CutOver)

    settings.say(cut_over=True)
    assert connection.get_user(ADA) is None
    settings.say()
    assert connection.authenticate(ADA, "pw").migrated
    assert ("login", ADA) in scene.site.calls
    assert signed_up.id == connection.get_user(BOB).id
    assert 1 == len(scene.told(CutOver))


def test_cut_over_with_import_mode_off(scene):
    """
    Once it is cut over there is nobody left whom the source could answer for, and people
    may sign up; before, and after it is undone, they may not.
    """
    settings = Told(import_mode=False)
    connection = scene.connect(settings=settings)
    with scene.refused(ConfigurationError):
        connection.sign_up("eve@example.com", "pw")

    settings.say(import_mode=False, cut_over=True)
    assert connection.sign_up("eve@example.com", "pw")
    settings.say(import_mode=False)

    with scene.refused(ConfigurationError):
        connection.sign_up("fay@example.com", "pw")


def test_cut_over_in_code(scene):
    """
    What ``cut_over()`` gives has no source, whatever the settings say, and follows the
    rest.
    """
    settings = Told(allow_sign_up=False)
    after = scene.connect(settings=settings).cut_over(force=True)
    scene.site.calls.clear()

    with scene.refused(InvalidCredentialsError):
        after.authenticate(ADA, "pw")
    settings.say(allow_sign_up=True)

    assert after.sign_up(ADA, "somebody else").email == ADA
    assert [] == scene.site.calls


def test_properties(memory):
    """
    A connection shows the policy in force and whether it is cut over; its source is
    what it was given.
    """
    settings = Told(failure_floor=0.1)
    connection = memory.connect(settings=settings)

    assert (0.1, False) == (connection.policy.failure_floor, connection.is_cut_over)
    settings.say(failure_floor=0.2, import_mode=False, cut_over=True)

    assert connection.policy.import_mode
    assert (0.2, True) == (connection.policy.failure_floor, connection.is_cut_over)
    assert memory.site is connection.source
    assert settings is connection.settings
    assert memory.connect().settings is None
    assert not memory.connect().is_cut_over
    assert memory.connect(source=NoopSource()).is_cut_over


def test_import_mode(scene):
    """
    An import ends where the settings switch ``import_mode`` off.
    """
    settings = Told()
    connection = scene.connect(settings=settings)
    records = [
        ImportRecord(user_id=str(number), email=f"{number}@example.com")
        for number in range(3)
    ]

    def say(report):
        settings.say(import_mode=False)

    with pytest.raises(ConfigurationError, match="import_mode"):
        connection.import_users(records, chunk_size=1, progress=say)

    assert scene.find("0@example.com") is not None
    assert scene.find("1@example.com") is None


# --- The guard -------------------------------------------------------------------------


def test_limits(scene):
    """
    The guard's limits are the newest; what it knows of the source stays.
    """
    settings = Told(legacy_failures=5)
    connection = scene.connect(settings=settings)
    scene.site.down = True
    for _ in range(2):
        with pytest.raises(LegacyUnavailableError):
            connection.authenticate(ADA, "pw")

    settings.say(legacy_failures=3, legacy_pause=7)
    with pytest.raises(LegacyUnavailableError):
        connection.authenticate(ADA, "pw")

    (suspended,) = scene.told(SourceSuspended)
    assert (3, 7) == (suspended.failures, suspended.pause)
    (health,) = connection.health()
    assert "open" == health.circuit


def test_health(scene):
    """
    After a cut-over by settings there is nothing to tell of the source, and after its
    return it is what it was.
    """
    settings = Told()
    connection = scene.connect(settings=settings)
    connection.authenticate(ADA, "pw")
    before = connection.health()

    settings.say(cut_over=True)
    assert () == connection.health()
    settings.say()

    assert before == connection.health()
    assert 1 == len(before)


def test_calls_under_way(memory, runner):
    """
    A call that is under way counts for the limits that come meanwhile.
    """
    settings = Told(legacy_calls=2)
    began, goes_on = asyncio.Event(), asyncio.Event()

    class Site(AsyncLegacySite):
        async def login(self, identifier, password, /):
            if identifier == ADA:
                began.set()
                await goes_on.wait()
            return await super().login(identifier, password)

    memory.site.add("1", ADA, "pw")
    memory.site.add("2", BOB, "bobs")
    memory.runner = runner
    door = memory.connect(source=Site(memory.site), settings=settings)
    connection = door._connection

    async def scenario():
        slow = asyncio.ensure_future(connection.authenticate(ADA, "pw"))
        await began.wait()
        settings.say(legacy_calls=1, legacy_deadline=0.01)
        with pytest.raises(LegacyUnavailableError, match="too many calls"):
            await connection.authenticate(BOB, "bobs")
        # It may take as long as it might when it began.
        await asyncio.sleep(0.02)
        goes_on.set()
        return await slow

    assert runner.run(scenario()).migrated


# --- What is told ----------------------------------------------------------------------


def test_changed(scene):
    """
    The first operation under a new version tells of it, before all else, and once.
    """
    settings = Told()
    connection = scene.connect(settings=settings)
    connection.authenticate(ADA, "pw")
    scene.events.clear()

    settings.say()
    settings.say(allow_sign_up=False)
    connection.health()
    connection.authenticate(ADA, "pw")
    connection.authenticate(ADA, "pw")

    first, *others = scene.events
    assert SettingsChanged(connection_id="con_shop", version=3) == first
    assert 2 == len(others)
    assert 1 == len(scene.told(SettingsChanged))


def test_impossible(scene):
    """
    Settings that a connection cannot have change nothing, and are told of once.
    """
    settings = Told(failure_floor=0.1)
    connection = scene.connect(settings=settings)

    settings.say(failure_floor=-1, allow_sign_up=False)
    connection.authenticate(ADA, "pw")
    assert connection.sign_up("eve@example.com", "pw")

    (refused,) = scene.told(SettingsRefused)
    assert ("con_shop", 2) == (refused.connection_id, refused.version)
    assert "failure_floor must be 0 to 60." == refused.detail
    assert [] == scene.told(SettingsChanged)
    settings.say(allow_sign_up=False)
    with scene.refused(AccessDeniedError):
        connection.sign_up("fay@example.com", "pw")


@pytest.mark.parametrize("settings", [object(), Told, {"current": None}])
def test_no_settings(memory, settings):
    """
    What cannot be followed is refused when the connection is made.
    """
    with pytest.raises(ConfigurationError, match="live"):
        memory.connect(settings=settings)


def test_impossible_at_first(memory):
    """
    So are settings that the connection cannot have.
    """
    with pytest.raises(ConfigurationError, match="failure_floor"):
        memory.connect(settings=Told(failure_floor=-1))


# --- One version for one operation -----------------------------------------------------


def _users(door):
    return list(door.users())


OPERATIONS = {
    "authenticate": lambda door: door.authenticate(ADA, "pw"),
    "sign_up": lambda door: door.sign_up("eve@example.com", "pw"),
    "create_user": lambda door: door.create_user("eve@example.com"),
    "start": lambda door: door.start_password_change(ADA),
    "finish": lambda door: door.finish_password_change("token", "new"),
    "change_password": lambda door: door.change_password(ADA, "pw", "new"),
    "set_password": lambda door: door.set_password("stored-2", "new"),
    "get_user": lambda door: door.get_user(ADA),
    "change_email": lambda door: door.change_email("stored-2", "eve@example.com"),
    "change_username": lambda door: door.change_username("stored-2", "eve"),
    "block": lambda door: door.block("stored-2"),
    "unblock": lambda door: door.unblock("stored-2"),
    "delete_user": lambda door: door.delete_user("stored-2"),
    "readmit": lambda door: door.readmit("shop|7"),
    "users": _users,
    "progress": lambda door: door.progress(),
    "health": lambda door: door.health(),
    "gate": lambda door: door.gate(),
    "lift_reservations": lambda door: door.lift_reservations(),
    "cut_over": lambda door: door.cut_over(force=True),
}
# When it has decided, it looks again, and so does the connection that is made.
LOOKS = {"cut_over": 3}


@pytest.mark.parametrize("name", OPERATIONS)
def test_once(scene, name):
    """
    Every operation looks at the settings once, at its beginning.
    """
    settings = Told()
    connection = scene.connect(settings=settings)
    scene.preload("2", BOB)
    settings.asked = 0

    fails = name == "finish"
    with pytest.raises(InvalidTokenError) if fails else nullcontext():
        OPERATIONS[name](connection)

    assert LOOKS.get(name, 1) == settings.asked


def test_all_operations(memory):
    """
    No operation is missing above but those of which each chunk is one.
    """
    public = {
        name
        for name in dir(memory.connect())
        if not name.startswith("_") and callable(getattr(type(memory.connect()), name))
    }
    names = {"start": "start_password_change", "finish": "finish_password_change"}

    operations = {names.get(name, name) for name in OPERATIONS}
    assert public == operations | {"import_users", "keep_leftovers"}


@attrs.frozen(eq=False, repr=False)
class Look(Step):
    """
    What the ports are like.
    """

    def perform(self, ports):
        return isinstance(ports.source, NoopSource), ports.guard


class Restless(Told):
    """
    Settings that are others whenever they are asked for; all numbers are their version.
    """

    numbers = itertools.count(1)

    def current(self):
        number = next(self.numbers)
        return Settings(
            connection_id="con_shop",
            version=number,
            options={"legacy_deadline": 1 + number % 500, "failure_floor": number % 60},
            cut_over=number % 3 == 0,
        )


def test_no_half(memory):
    """
    However fast settings change under many operations, each sees one version of them
    from its beginning to its end.
    """
    connection = memory.connect(settings=Restless(), listeners=())
    mixed = []

    async def flow(ctx):
        deadline, floor = ctx.policy.legacy_deadline, ctx.policy.failure_floor
        number = next(n for n in range(deadline - 1, 30_000, 500) if n % 60 == floor)
        for _ in range(5):
            is_cut, guard = await Look()
            if is_cut is not (number % 3 == 0):
                mixed.append(number)
            if not is_cut and guard._deadline != deadline:
                mixed.append(number)

    def work():
        for _ in range(200):
            connection._run(flow)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == mixed


def test_midway(scene):
    """
    A cut-over in the midst of a first login is for the next one.
    """
    settings = Told()
    connection = scene.connect(settings=settings)
    scene.store.before("create", lambda: settings.say(cut_over=True))

    assert connection.authenticate(ADA, "pw").migrated
    with scene.refused(InvalidCredentialsError):
        connection.authenticate(BOB, "bobs")


def test_never_back(memory):
    """
    Whoever comes late with older settings does not put them back.
    """
    settings = Told()
    connection = memory.connect(settings=settings)
    following = connection._following
    settings.say(failure_floor=0.1)
    newest = settings.settings

    def current():
        # Newer ones arrive while this one waits for its turn.
        settings.current = lambda: newest
        return Told().settings

    settings.current = current

    assert 0.1 == following.parts()[0].policy.failure_floor


def test_taken_meanwhile(memory):
    """
    Who finds that somebody else was faster has nothing to do.
    """
    settings = Told()
    following = memory.connect(settings=settings)._following
    seen, parts = settings.settings, following.parts()

    def current():
        settings.current = lambda: seen
        return Told().settings

    settings.current = current

    assert parts is following.parts()


@needs_fork
def test_fork(memory):
    """
    In a forked process nobody waits for a thread of the parent.
    """
    settings = Told()
    following = memory.connect(settings=settings)._following
    following._lock.acquire()
    settings.say(failure_floor=0.1)

    assert forked(lambda: following.parts()[0].policy.failure_floor == 0.1)


def test_unfollowed(memory):
    """
    A connection without settings has the same parts for good.
    """
    connection = memory.connect()

    assert connection._following is None
    assert (connection._context, connection._ports) == connection._now()
