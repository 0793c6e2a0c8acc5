"""
What does not fit together is told when a connection is built, or when it is met.
"""

import datetime as dt
import functools
import traceback

import pytest
from limits.aio.storage import MemoryStorage as AsyncMemoryStorage
from world import KEY, AsyncLegacySite, LegacySite, connect

from migratekit import AsyncConnection, Connection, MigrationPolicy, Validator
from migratekit._assembly import AsyncSystemClock, SystemClock
from migratekit.errors import ConfigurationError, ContractError, MigrateKitError
from migratekit.sources import NoopSource
from migratekit.stores.async_sql import AsyncSQLStore
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST, VirtualClock
from migratekit.throttles.limits import AsyncLimitsThrottle
from migratekit.throttles.memory import MemoryThrottle


ADA = "ada@example.com"


def build(**parts):
    """
    Build a sync connection with *parts*.
    """
    store = parts.pop("store", MemoryStore())
    return connect(store, parts.pop("source", LegacySite()), **parts)


async def coroutine_function(*args):
    raise AssertionError


def hidden(*args):
    return coroutine_function()


class Without:
    """
    Another object without one of its methods.
    """

    def __init__(self, part, name):
        self._part = part
        self._name = name

    def __getattr__(self, name):
        if name == self._name:
            raise AttributeError(name)
        return getattr(self._part, name)


PARTS = {
    "store": (MemoryStore(), ["find", "get", "create", "replace", "delete", "retired"]),
    "source": (LegacySite(), ["login", "get_user"]),
    "hasher": (CHEAPEST, ["hash", "verify", "needs_rehash"]),
    "clock": (VirtualClock(), ["now", "monotonic", "sleep"]),
    "throttle": (MemoryThrottle(), ["reserve", "release", "reset"]),
}
METHODS = [(role, name) for role, (_, names) in PARTS.items() for name in names]


@pytest.mark.parametrize(("role", "name"), METHODS)
@pytest.mark.parametrize("door", [Connection, AsyncConnection])
def test_missing_method(role, name, door):
    """
    A part without one of its methods is refused, and the method named.
    """
    parts = {"store": MemoryStore(), "source": LegacySite()}
    parts[role] = Without(PARTS[role][0], name)

    with pytest.raises(ConfigurationError) as caught:
        door(**parts)

    assert f"The {role} has no method {name}()." == str(caught.value)


@pytest.mark.parametrize("role", PARTS)
def test_class(role):
    """
    A class in place of an instance is refused.
    """
    with pytest.raises(ConfigurationError):
        build(**{role: type(PARTS[role][0])})


@pytest.mark.parametrize("role", [role for role in PARTS if role != "throttle"])
def test_nothing(role):
    """
    So is None, but for the throttle, of which there is a default.
    """
    with pytest.raises(ConfigurationError):
        build(**{role: None})


class Changed:
    """
    Another object with one method of its own.
    """

    def __init__(self, part, name, method):
        self._part = part
        setattr(self, name, method)

    def __getattr__(self, name):
        return getattr(self._part, name)


@pytest.mark.parametrize(("role", "name"), METHODS)
def test_coroutine_function(role, name):
    """
    A coroutine function behind a sync connection is refused when it is built.
    """
    part = Changed(PARTS[role][0], name, coroutine_function)

    with pytest.raises(ConfigurationError) as caught:
        build(**{role: part})

    assert f"{name}()" in str(caught.value)
    assert role == "hasher" or "AsyncConnection" in str(caught.value)


@pytest.mark.parametrize("name", ["hash", "verify", "needs_rehash"])
def test_async_hasher(name, runner):
    """
    A hasher is sync, also behind an async connection.
    """
    with pytest.raises(ConfigurationError):
        connect(
            MemoryStore(),
            LegacySite(),
            runner=runner,
            hasher=Changed(CHEAPEST, name, coroutine_function),
        )


def test_async_adapters():
    """
    Our own async adapters are refused behind a sync connection.
    """
    with pytest.raises(ConfigurationError):
        build(store=AsyncSQLStore("sqlite+aiosqlite://"))
    with pytest.raises(ConfigurationError):
        build(source=AsyncLegacySite(LegacySite()))
    with pytest.raises(ConfigurationError):
        build(clock=AsyncSystemClock())
    with pytest.raises(ConfigurationError):
        build(throttle=AsyncLimitsThrottle(AsyncMemoryStorage()))


class Callable:
    """
    A listener or rule whose call is a coroutine.
    """

    async def __call__(self, *args):
        raise AssertionError


@pytest.mark.parametrize(
    "part", [coroutine_function, functools.partial(coroutine_function, 5)]
)
@pytest.mark.parametrize("role", ["rules", "listeners"])
def test_coroutine_functions(role, part):
    """
    So are rules and listeners that are coroutine functions.
    """
    with pytest.raises(ConfigurationError) as caught:
        build(**{role: [part]})

    assert "AsyncConnection" in str(caught.value)


def test_coroutine_password_check():
    """
    So is a check of passwords.
    """
    policy = MigrationPolicy(password_check=coroutine_function)

    with pytest.raises(ConfigurationError):
        build(policy=policy)


def test_hidden_coroutines():
    """
    What cannot be seen when it is built is told when it is called, without a warning.
    """
    site = LegacySite()
    site.login = site.get_user = site.count = hidden
    store = MemoryStore()
    connection = connect(store, site)

    for call in (
        lambda: connection.authenticate(ADA, "pw"),
        lambda: connection.get_user(ADA),
        lambda: connection.start_password_change(ADA),
        lambda: connection.sign_up(ADA, "pw"),
        connection.progress,
        connection.cut_over,
    ):
        with pytest.raises(ContractError) as caught:
            call()
        assert "async" in str(caught.value)


@pytest.mark.parametrize("name", ["find", "retired", "create"])
def test_hidden_coroutines_of_a_store(name):
    """
    The same for a store.
    """
    site = LegacySite()
    site.add("1", ADA, "pw")
    part = Changed(MemoryStore(), name, hidden)

    with pytest.raises(ContractError):
        connect(part, site).authenticate(ADA, "pw")


def test_hidden_coroutine_of_a_listener(caplog):
    """
    The same for a listener, which changes nothing.
    """
    site = LegacySite()
    site.add("1", ADA, "pw")

    assert connect(MemoryStore(), site, listeners=[Callable()]).authenticate(ADA, "pw")

    assert 2 == len(caplog.records)


def test_hidden_coroutine_of_a_password_check():
    """
    The same for a check of passwords.
    """
    site = LegacySite()
    site.add("1", ADA, "pw")
    policy = MigrationPolicy(password_check=Callable())

    with pytest.raises(ContractError):
        connect(MemoryStore(), site, policy=policy).authenticate(ADA, "pw")


def test_coroutine_password_check_behind_an_async_door(memory, runner):
    """
    An async connection awaits it.
    """
    memory.runner = runner

    async def check(password):
        return []

    connection = memory.connect(policy=MigrationPolicy(password_check=check))

    assert connection.sign_up(ADA, "pw")


@pytest.mark.parametrize(
    "source_name",
    ["", "a|b", "a b", "é", "x" * 65, "shop\n", None, 5, b"shop"],
)
def test_source_name(source_name):
    """
    A source's name is short, and never needs quoting.
    """
    with pytest.raises(ConfigurationError):
        build(source_name=source_name)


@pytest.mark.parametrize("source_name", ["a", "x" * 64, "Shop.2-a_b"])
def test_possible_source_name(source_name):
    """
    Letters, digits, dots, dashes and underscores will do.
    """
    assert source_name == build(source_name=source_name)._context.source_name


def test_other_source_name(scene):
    """
    A store that knows another name refuses to take anybody in.
    """
    scene.site.add("1", ADA, "pw")

    with scene.refused(ConfigurationError) as caught:
        scene.connect(source_name="other").authenticate(ADA, "pw")

    assert "shop" in str(caught.value)


@pytest.mark.parametrize(
    "secret_key",
    ["", "short", b"fifteen bytes!!", [], [KEY, "short"], 5, [5], {KEY: 1}, ["é" * 7]],
)
def test_secret_key(secret_key):
    """
    A secret key has at least 16 bytes, and so has each of several.
    """
    with pytest.raises(ConfigurationError):
        build(secret_key=secret_key)


@pytest.mark.parametrize(
    "secret_key", ["é" * 8, b"sixteen bytes!!!", [KEY], (KEY, b"another key of ours")]
)
def test_possible_secret_key(secret_key):
    """
    Text, bytes or several will do.
    """
    assert build(secret_key=secret_key)._context.signer is not None


def failing_builds():
    canary = "canary of the secret key"
    return [
        lambda: build(secret_key=canary, store=None),
        lambda: build(secret_key=canary, rules=[coroutine_function]),
        lambda: build(secret_key=[canary, "short"]),
        lambda: build(secret_key=canary, clock=AsyncSystemClock()),
    ]


@pytest.mark.parametrize("call", failing_builds())
def test_secret_key_is_kept(call):
    """
    A connection that cannot be built shows no key, not even in a traceback with locals.
    """
    with pytest.raises(ConfigurationError) as caught:
        call()

    shown = traceback.TracebackException(
        type(caught.value),
        caught.value,
        caught.value.__traceback__.tb_next.tb_next.tb_next.tb_next,
        capture_locals=True,
    )
    assert "canary" not in "".join(shown.format())


def test_repr():
    """
    A connection says from where to where it moves users, and no more.
    """
    connection = build()

    assert repr(connection._ports.store) in repr(connection)
    assert repr(connection._ports.source) in repr(connection)
    assert KEY not in repr(connection)
    assert connection._ports.decoy not in repr(connection)


@pytest.mark.parametrize(
    "parts",
    [
        {"policy": MigrationPolicy},
        {"policy": None},
        {"validator": Validator},
        {"validator": None},
        {"rules": ["x"]},
        {"rules": None},
        {"rules": lambda login: None},
        {"listeners": ["x"]},
        {"listeners": 5},
        {"hasher": Changed(CHEAPEST, "hash", lambda password: None)},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_misfits(parts):
    """
    Whatever else does not fit is told when the connection is built.
    """
    with pytest.raises(ConfigurationError):
        build(**parts)


def test_generators():
    """
    Rules and listeners may come out of a generator: they are kept.
    """
    heard = []
    site = LegacySite()
    site.add("1", ADA, "pw")
    connection = connect(
        MemoryStore(),
        site,
        rules=(rule for rule in [lambda login: None]),
        listeners=(listener for listener in [heard.append]),
    )

    for _ in range(2):
        connection.authenticate(ADA, "pw")

    assert 3 == len(heard)


def test_immutable():
    """
    Nothing of a connection can be replaced.
    """
    connection = build()

    for name in ("_context", "_ports", "anything"):
        with pytest.raises(AttributeError):
            setattr(connection, name, None)


def test_defaults():
    """
    A store and a source make a connection; its hashes are argon2id of RFC 9106.
    """
    connection = Connection(MemoryStore(), LegacySite())

    assert connection._ports.decoy.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "legacy" == connection._context.source_name
    with pytest.raises(ConfigurationError):
        connection.start_password_change(ADA)


def test_building_asks_nobody(memory, runner):
    """
    Building a connection asks neither the store nor the source.
    """
    memory.connect()
    memory.runner = runner
    memory.connect()

    assert [] == memory.store.calls
    assert [] == memory.site.calls


def test_system_clock():
    """
    The system's clock tells UTC, does not go back, and sleeps.
    """
    clock = SystemClock()
    before, began = clock.now(), clock.monotonic()

    assert clock.sleep(0.01) is None

    assert dt.UTC is before.tzinfo
    assert clock.now() > before
    assert clock.monotonic() - began >= 0.009


def test_async_system_clock(runner):
    """
    The one for event loops lets others run meanwhile.
    """
    import asyncio

    seen = []

    async def other():
        seen.append("ran")

    async def main():
        task = asyncio.ensure_future(other())
        await AsyncSystemClock().sleep(0.005)
        assert ["ran"] == seen
        await task

    runner.run(main())


def test_mixed_adapters(memory, runner):
    """
    An async connection takes sync and async adapters in any mix.
    """
    memory.site.add("1", ADA, "pw")
    mixes = [
        (memory.side, AsyncLegacySite(memory.site)),
        (memory.side, memory.site),
    ]

    for store, source in mixes:
        assert connect(store, source, runner=runner).authenticate(ADA, "pw")


def test_any_error_is_ours():
    """
    All of these are errors of the one tree.
    """
    assert issubclass(ConfigurationError, MigrateKitError)
    assert issubclass(ContractError, MigrateKitError)


@pytest.mark.parametrize("door", [Connection, AsyncConnection])
def test_parts(door):
    """
    A connection tells what it was made of, and not the key.
    """
    parts = {
        "store": MemoryStore(),
        "source": LegacySite(),
        "policy": MigrationPolicy(import_mode=False),
        "validator": Validator(),
        "hasher": CHEAPEST,
        "rules": (lambda login: None,),
    }

    connection = door(**parts, source_name="shop", secret_key=KEY)

    assert {**parts, "source_name": "shop", "has_secret_key": True} == {
        name: getattr(connection, name)
        for name in (*parts, "source_name", "has_secret_key")
    }
    assert not door(**parts).has_secret_key


def test_parts_after_cut_over():
    """
    After the cut-over the source is the no-op, and the rest as before.
    """
    before = build()

    after = before.cut_over(force=True)

    assert isinstance(after.source, NoopSource)
    assert before.store is after.store
