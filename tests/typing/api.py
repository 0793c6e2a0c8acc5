"""
The public face, used as a user would.  Only type-checked, never run.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import limits.aio.storage
import limits.storage

from migratekit import (
    AsyncConnection,
    AsyncLegacySource,
    AsyncUserStore,
    Authenticated,
    Connection,
    LegacySource,
    LegacyUser,
    MigrationPolicy,
    NewUser,
    PasswordHasher,
    User,
    UserStore,
    Validator,
    errors,
    events,
)
from migratekit.errors import Violation
from migratekit.finish import Gate, Leftovers
from migratekit.formats import presets
from migratekit.hashing import HashQueue
from migratekit.management import Management
from migratekit.models import Origin, PasswordChange, Progress
from migratekit.password_rules import PasswordRules, common_passwords
from migratekit.passwords import OWASP_MINIMUM, Argon2Hasher
from migratekit.preflight import Finding, preflight, preflight_stored
from migratekit.protocols import CountableSource, EventSink, Rule
from migratekit.recorder import StatisticsRecorder
from migratekit.settings import SettingsStore
from migratekit.sources import NoopSource
from migratekit.sources.functions import FunctionSource
from migratekit.sources.sql import SQLSource
from migratekit.statistics import StatisticsStore
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.stores.sql import SQLStore
from migratekit.switching import switch_strategy
from migratekit.testing import (
    CHEAPEST,
    KnownUser,
    LegacySourceContract,
    ThrottleContract,
    UserStoreContract,
    VirtualClock,
)
from migratekit.throttle import AsyncThrottle, Throttle, ThrottleRules
from migratekit.throttles import NoThrottle
from migratekit.throttles.limits import AsyncLimitsThrottle, LimitsThrottle
from migratekit.throttles.memory import MemoryThrottle


class Site:
    """
    A source that a user has written.
    """

    def login(self, identifier: str, password: str) -> LegacyUser | None:
        """
        Say yes to everybody.
        """
        return LegacyUser(user_id=password, email=identifier)

    def get_user(self, identifier: str) -> LegacyUser | None:
        """
        Know everybody.
        """
        return LegacyUser(user_id="1", email=identifier, profile={"name": "Ada"})


class AsyncSite:
    """
    An async source that a user has written.
    """

    async def login(self, identifier: str, password: str) -> LegacyUser | None:
        """
        Say no to everybody.
        """

    async def get_user(self, identifier: str) -> LegacyUser | None:
        """
        Know nobody.
        """


def no_guests(login: Authenticated) -> str | None:
    """
    Deny guests.
    """
    return "guest" if login.user.app_metadata.get("guest") else None


async def no_guests_either(login: Authenticated) -> str | None:
    """
    Deny guests, after a question.
    """
    return no_guests(login)


def short(password: str) -> Iterator[Violation]:
    """
    Refuse short passwords.
    """
    if len(password) < 15:
        yield Violation("too_short", "password", "At least 15 characters.")


async def breached(password: str) -> list[Violation]:
    """
    Ask somebody else about a password.
    """
    return list(short(password))


def listener(event: events.Event) -> None:
    """
    Look at an event.
    """
    if isinstance(event, events.UserMigrated):
        event.legacy_id.upper()


async def async_listener(event: events.Event) -> None:
    """
    Look at an event, and wait for somebody.
    """


# What stands on the right fits what is written on the left.
store: UserStore = MemoryStore()
sql_store: UserStore = SQLStore("sqlite:///users.db")
async_store: AsyncUserStore = AsyncSQLStore("sqlite+aiosqlite:///users.db")
keeping: list[SettingsStore] = [MemoryStore(), SQLStore("sqlite:///users.db")]
recording: EventSink = StatisticsRecorder(MemoryStore(), interval=10)
counting: list[StatisticsStore] = [MemoryStore(), SQLStore("sqlite:///users.db")]
source: LegacySource = Site()
none: LegacySource = NoopSource()
async_source: AsyncLegacySource = AsyncSite()
functions: LegacySource = FunctionSource(lambda identifier, password: None)
sql: LegacySource = SQLSource(
    "sqlite:///shop.db",
    "SELECT id AS user_id, email FROM users WHERE email = :canonical",
    format=[presets.wordpress(), "md5($pass)"],
)
countable: CountableSource = SQLSource(
    "sqlite:///shop.db", "SELECT :canonical AS email", format="phpass"
).with_count("SELECT 1")
hasher: PasswordHasher = OWASP_MINIMUM
password_rules: list[PasswordRules] = [
    PasswordRules(minimum_length=15, also=short),
    PasswordRules(common=common_passwords() | {"acme rocket"}),
    PasswordRules(common="common.txt"),
    PasswordRules(common=(word for word in ["acme rocket"])),
]
own_hasher: PasswordHasher = Argon2Hasher(memory_cost=32768, time_cost=3)
rules: list[Rule] = [no_guests, no_guests_either]
sinks: list[EventSink] = [listener, async_listener, events.log_event]

no_throttle: Throttle = NoThrottle()
memory_throttle: Throttle = MemoryThrottle(ThrottleRules(disable_after=100))
redis_throttle: Throttle = LimitsThrottle(
    limits.storage.RedisStorage("redis://localhost"), secret_key=["a key for digests"]
)
async_throttle: AsyncThrottle = AsyncLimitsThrottle(
    limits.aio.storage.RedisStorage("async+redis://localhost")
)

connection = Connection(
    store,
    source,
    source_name="shop",
    policy=MigrationPolicy(
        password_check=short,
        weak_legacy_password="admit",
        token_lifetime=dt.timedelta(hours=1),
    ),
    validator=Validator(internationalized_local_part=True),
    hasher=hasher,
    rules=[no_guests],
    listeners=[listener, events.log_event],
    secret_key=["the newest of the keys", b"the one before it"],
)
Connection(sql_store, functions, hasher=CHEAPEST, clock=VirtualClock())
Connection(sql_store, functions, hash_queue=HashQueue(at_once=2, places=30))


asked: list[Rule] = [*connection.rules]
hearing: list[EventSink] = [*connection.listeners]


def log_in(email: str, password: str) -> str:
    """
    Call what a log-in form calls.
    """
    try:
        result = connection.authenticate(email, password, client="192.0.2.1")
    except errors.TooManyAttemptsError as error:
        seconds: int | None = error.retry_after
        return "" if seconds is None else f"{seconds} s"
    except errors.PasswordChangeRequiredError as error:
        token: str | None = error.token
        if token is not None:
            connection.finish_password_change(token, "another")
        return ""
    except errors.ProfileInvalidError as error:
        return ", ".join(violation.code for violation in error.violations)
    person: User | LegacyUser = result.user
    migrated: bool = result.migrated
    return person.id if isinstance(person, User) and migrated else ""


def manage(user: User) -> None:
    """
    Call what an application does with its users.
    """
    user = connection.set_password(user.id, "another")
    user = connection.change_password("ada@example.com", "another", "a third")
    user = connection.change_email(user.id, "bob@example.com", email_verified=True)
    user = connection.change_username(user.id, None)
    user = connection.block(user.id)
    user = connection.unblock(user.id)
    connection.delete_user(user.id)
    if user.legacy_id is not None:
        connection.readmit(user.legacy_id)
    change: PasswordChange | None = connection.start_password_change(
        "a@example.com", client="192.0.2.1"
    )
    if change is not None and change.expires_at > dt.datetime.now(dt.UTC):
        user = connection.finish_password_change(change.token, "another")
    user = connection.sign_up(
        "a@example.com", "pw", username="a", profile={"tags": ["x"]}, client="192.0.2.1"
    )
    user = connection.create_user("b@example.com", email_verified=True)
    known: User | LegacyUser | None = connection.get_user("a@example.com")
    if known is None:
        store.create(NewUser(user, None))


def finish() -> list[str | None]:
    """
    Call what an operator calls.
    """
    progress: Progress = connection.progress()
    gate: Gate = connection.gate(quiet_days=30)
    print([reason.message for reason in (*gate.reasons, *gate.warnings)])
    if gate.is_met and progress.by_origin[Origin.LOGIN] > 0:
        kept: Leftovers = connection.keep_leftovers("reserve", progress=print)
        connection.keep_leftovers("leave")  # type: ignore[arg-type]
        print(kept.reserved, connection.lift_reservations())
        after: Connection = connection.cut_over(leftovers="leave")
        since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        return [user.email for user in after.users(migrated_since=since)]
    return [user.email for user in connection.users(origin=Origin.SIGN_UP)]


async def use_async() -> None:
    """
    Call some with an event loop, with sync and async parts in any mix.
    """
    AsyncConnection(async_store, source, throttle=memory_throttle)
    AsyncConnection(async_store, source, throttle=async_throttle)
    door = AsyncConnection(
        store, async_source, rules=rules, listeners=sinks, hasher=own_hasher
    )
    MigrationPolicy(password_check=PasswordRules(also=breached))
    result: Authenticated = await door.authenticate("ada@example.com", "pw")
    print(result.migrated)
    async for user in door.users(origin=None):
        blocked: User = await door.block(user.id)
        await door.delete_user(blocked.id)
    progress: Progress = await door.progress()
    kept: Leftovers = await door.keep_leftovers(progress=print)
    print((await door.gate()).is_met, kept.loaded, await door.lift_reservations())
    door = await door.cut_over(force=progress.remaining is None)


def follow() -> float:
    """
    Keep settings in a store, and follow them.
    """
    management = Management(MemoryStore(), actor="ops")
    change = management.create("con_shop", {"options": {"strategy_version": 2}})
    management.update("con_shop", {"options": {"cut_over": True}}, partial=True)
    unknown = management.import_auth0({"id": "con_shop", "options": {}}).unknown
    print(change.version, change.options, unknown, management.list())

    live = management.live("con_shop", interval=5)
    Connection(store, source, settings=live)
    AsyncConnection(store, async_source, settings=live)
    Management(AsyncSQLStore("sqlite+aiosqlite://"))  # type: ignore[arg-type]
    Connection(store, source, settings=management)  # type: ignore[arg-type]
    live.close()
    return live.age()


def survey() -> list[str]:
    """
    Look before anybody moves, and switch the strategy version.
    """
    found: list[str] = []

    def note(finding: Finding) -> None:
        found.append(f"{finding.line} {finding.user_id} {finding.code}")

    report = preflight(connection, on_finding=note, progress=print)
    stored = preflight_stored(connection, on_finding=note)
    switched = switch_strategy(connection, dry_run=True, deploy=lambda: None)
    labels = [kind.format for kind in report.formats if kind.weak]
    return [*found, *labels, *stored.codes, str(switched.left + report.users)]


async def survey_async() -> int:
    """
    The same behind an async connection.
    """
    door = AsyncConnection(async_store, async_source)
    later = await preflight(door, rows=lambda: ())
    stored = await preflight_stored(door)
    switched = await switch_strategy(door, deploy=survey_async)
    print(preflight(door).users)  # type: ignore[attr-defined]
    return later.users + stored.users + switched.rewritten


async def mistake() -> None:
    """
    Make mistakes that must be seen: an ignored error that is none is an error itself.
    """
    door = AsyncConnection(store, source)
    door.authenticate("ada@example.com", "pw")  # type: ignore[unused-coroutine]
    if door.authenticate("ada@example.com", "pw"):  # type: ignore[truthy-bool]
        Connection(async_store, source)  # type: ignore[arg-type]
        Connection(store, async_source)  # type: ignore[arg-type]
        Connection(store, source, "shop")  # type: ignore[call-arg]
        Connection(store, source, throttle=async_throttle)  # type: ignore[arg-type]


class TestMyStore(UserStoreContract):
    """
    A store that a user tests.
    """

    def open_store(self) -> AbstractContextManager[UserStore]:
        """
        Open it.
        """
        return nullcontext(MemoryStore())


class TestMyThrottle(ThrottleContract):
    """
    A throttle that a user tests.
    """

    def open_throttle(self) -> AbstractContextManager[Throttle]:
        """
        Open it.
        """
        return nullcontext(MemoryThrottle(self.rules))


class TestMySource(LegacySourceContract):
    """
    A source that a user tests.
    """

    known = (KnownUser("ada@example.com", "pw"),)

    def open_source(self) -> AbstractContextManager[LegacySource]:
        """
        Open it.
        """
        return nullcontext(Site())
