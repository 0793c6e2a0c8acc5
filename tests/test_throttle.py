"""
What a connection counts, when it lets nobody try, and what is forgotten.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from world import AsyncLegacySite, LegacySite, connect, is_floor

from migratekit import MigrationPolicy
from migratekit.errors import (
    AccessDeniedError,
    AccountBlockedError,
    ConfigurationError,
    ContractError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    MigrateKitError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
    StoreUnavailableError,
    TooManyAttemptsError,
    UserExistsError,
    Violation,
)
from migratekit.events import AttemptsThrottled, LoginRefused, ThrottleFailed
from migratekit.stores.memory import MemoryStore
from migratekit.testing import CHEAPEST
from migratekit.throttle import AttemptKey, AttemptKind, ThrottleRules
from migratekit.throttles import NoThrottle
from migratekit.throttles.memory import MemoryThrottle


ADA = "ada@example.com"
RULES = ThrottleRules(free=3, client_free=5)
HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(name="connection")
def _connection(scene):
    throttle = MemoryThrottle(RULES, clock=scene.clock)
    # Here, an outage ends as soon as it is over.
    policy = MigrationPolicy(legacy_failures=1000)
    return scene.connect(throttle=throttle, policy=policy)


def throttled(scene, **parts):
    throttle = MemoryThrottle(RULES, clock=scene.clock)
    return scene.connect(throttle=throttle, **parts)


def fail(connection, identifier=ADA, times=3, **more):
    for _ in range(times):
        with pytest.raises(InvalidCredentialsError):
            connection.authenticate(identifier, "wrong", **more)


def is_denied(connection, identifier=ADA, password="pw", **more):
    try:
        connection.authenticate(identifier, password, **more)
    except TooManyAttemptsError:
        return True
    except InvalidCredentialsError:
        pass
    return False


# --- By default ------------------------------------------------------------------------


def test_default(memory):
    """
    After ten failures nobody may try for 30 s, not even with the right password.
    """
    memory.store_user(ADA, CHEAPEST.hash("pw"))
    connection = memory.connect(policy=MigrationPolicy(failure_floor=0))
    fail(connection, times=10)

    with memory.refused(TooManyAttemptsError) as caught:
        connection.authenticate(ADA, "pw")

    assert (30, 429) == (caught.value.retry_after, caught.value.status_hint)
    memory.clock.advance(30)
    assert connection.authenticate(ADA, "pw")


def test_doubles(memory):
    """
    Every failure after that doubles the wait, up to an hour.
    """
    connection = memory.connect(policy=MigrationPolicy(failure_floor=0))
    fail(connection, times=10)
    waits = []
    for _ in range(9):
        with pytest.raises(TooManyAttemptsError) as caught:
            connection.authenticate(ADA, "wrong")
        waits.append(caught.value.retry_after)
        memory.clock.advance(waits[-1])
        fail(connection, times=1)

    assert [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] == waits


def test_own(memory):
    """
    Each connection has a throttle of its own, which it keeps when it cuts over.
    """
    first = memory.connect()
    fail(first, times=10)

    assert not is_denied(memory.connect())
    assert is_denied(first.cut_over(force=True))


def test_none(memory):
    """
    There may be none at all.
    """
    fail(memory.connect(throttle=NoThrottle()), times=30, client=HERE)


# --- Before anybody is asked -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["stored", "in_source", "unknown", "deleted"])
def test_looks_the_same(scene, connection, kind):
    """
    Known or unknown: the same answer after as many failures, and nobody is asked.
    """
    if kind in {"stored", "deleted"}:
        user = connection.create_user(ADA, password="pw")
    if kind == "deleted":
        connection.delete_user(user.id)
    if kind == "in_source":
        scene.site.add("1", ADA, "pw")
    fail(connection)
    for calls in (scene.site.calls, scene.store.calls, scene.events):
        calls.clear()
    slept = scene.clock.slept

    with scene.refused(TooManyAttemptsError) as caught:
        connection.authenticate(ADA, "pw")

    assert 29 <= caught.value.retry_after <= 30
    assert "Too many attempts.  Try again later." == str(caught.value)
    assert [] == scene.site.calls == scene.store.calls
    assert is_floor(scene.clock.slept - slept)
    assert [
        AttemptsThrottled(kind="identifier", retry_after=caught.value.retry_after),
        LoginRefused(identifier=ADA, reason="too_many_attempts"),
    ] == scene.events


def test_bad_input(memory):
    """
    What nobody may be asked about is nobody's attempt.
    """
    memory.store_user(ADA, CHEAPEST.hash("pw"))
    connection = throttled(memory)
    for _ in range(20):
        with pytest.raises(InvalidCredentialsError):
            connection.authenticate(ADA, "", client=HERE)

    assert connection.authenticate(ADA, "pw", client=HERE)


def test_parallel(memory):
    """
    Of many guesses at the same time only the free ones reach the source.
    """
    connection = throttled(memory, policy=MigrationPolicy(failure_floor=0))
    barrier = threading.Barrier(40)

    def guess(number):
        barrier.wait()
        return is_denied(connection, ADA, f"guess {number}")

    with ThreadPoolExecutor(40) as pool:
        denied = list(pool.map(guess, range(40)))

    assert 37 == sum(denied)
    assert 3 == len(memory.site.calls)


# --- Who is counted --------------------------------------------------------------------


def test_spellings(scene, connection):
    """
    All spellings, the e-mail and the username share the count of a stored user.
    """
    connection.create_user(ADA, password="pw", username="ada")
    for identifier in (ADA, " ADA@Example.com", "Ada"):
        fail(connection, identifier, times=1)

    assert is_denied(connection, "ada")
    assert is_denied(connection, ADA)
    assert {"user"} == {event.kind for event in scene.told(AttemptsThrottled)}


def test_moved_since_the_first_look(scene, connection):
    """
    Whoever turns out to be stored at the second look is counted as that user.
    """

    def move():
        scene.store_user(ADA, CHEAPEST.hash("pw"), username="ada")

    scene.store.before("retired", move)
    for identifier in (ADA, "ada", "ada"):
        fail(connection, identifier, times=1)

    assert is_denied(connection, ADA)


def test_spellings_of_a_stranger(scene, connection):
    """
    Those of an unknown identifier share one, too.
    """
    for identifier in ("ADA@example.com", " ada@example.com", ADA):
        fail(connection, identifier, times=1)

    assert is_denied(connection)
    assert not is_denied(connection, "bob@example.com")


@pytest.mark.parametrize("kind", ["stored", "in_source", "unknown"])
def test_lookalikes(scene, connection, kind):
    """
    What an old system may take for one name is one count, whoever is stored.
    """
    if kind == "stored":
        connection.create_user("bob@example.com", password="pw")
    if kind == "in_source":
        scene.site.add("1", "bob@example.com", "pw")
    for identifier in ("bób@example.com", "bøb@example.com", "b\u200bob@example.com"):
        fail(connection, identifier, times=1)

    assert is_denied(connection, "bob@example.com")
    assert {"identifier"} == {event.kind for event in scene.told(AttemptsThrottled)}
    assert not is_denied(connection, "rob@example.com")


def test_letter_case_of_version_1(scene):
    """
    To most sources, letter case makes no other user.
    """
    policy = MigrationPolicy(strategy_version=1)
    connection = throttled(scene, policy=policy, secret_key="k" * 16)
    scene.site.add("1", ADA, "pw")
    for identifier in ("ADA@example.com", "Ada@example.com", "aDa@example.com"):
        fail(connection, identifier, times=1)
        assert connection.start_password_change(identifier) is not None
    fail(connection, "bob@bücher.example", times=3)

    assert is_denied(connection)
    assert is_denied(connection, "Bob@XN--BCHER-KVA.example")
    with pytest.raises(TooManyAttemptsError):
        connection.start_password_change(ADA)


def test_long_likeness(scene):
    """
    What is counted stays short, although one letter can look like eighteen.
    """
    counted = []

    class Book(NoThrottle):
        def reserve(self, key, /):
            counted.append(key)

    fail(scene.connect(throttle=Book()), "\ufdfa" * 320, times=1)

    assert [320, 320] == [len(key.value) for key in counted]


def test_kinds(memory):
    """
    A login is counted by what was typed, then by the client, then by the user or nobody.
    """
    counted = []

    class Counting(NoThrottle):
        def reserve(self, key, /):
            counted.append(key)

    user = memory.store_user(ADA, CHEAPEST.hash("pw"))
    connection = memory.connect(throttle=Counting())
    fail(connection, "ADA@example.com", times=1, client=HERE)
    fail(connection, "bob", times=1)

    assert [
        AttemptKey(AttemptKind.IDENTIFIER, ADA),
        AttemptKey(AttemptKind.CLIENT, HERE),
        AttemptKey(AttemptKind.USER, user.id),
        AttemptKey(AttemptKind.IDENTIFIER, "bob"),
        AttemptKey(AttemptKind.STRANGER, "bob"),
    ] == counted


def test_change_password(scene, connection):
    """
    A password change is an attempt as well.
    """
    connection.create_user(ADA, password="pw")
    for _ in range(3):
        with pytest.raises(InvalidCredentialsError):
            connection.change_password(ADA, "wrong", "new")

    with scene.refused(TooManyAttemptsError):
        connection.change_password(ADA, "pw", "new")
    assert is_denied(connection)


def test_client(scene, connection):
    """
    A client is counted, whoever it tries to be; others are not.
    """
    for number in range(5):
        fail(connection, f"user{number}", times=1, client=HERE)

    assert is_denied(connection, "another", client=HERE)
    assert "client" == scene.told(AttemptsThrottled)[-1].kind
    assert not is_denied(connection, "another", client=THERE)
    assert not is_denied(connection, "another")


def test_denied_is_given_back(scene, connection):
    """
    What a client was denied does not count against the user.
    """
    for number in range(5):
        fail(connection, f"user{number}", times=1, client=HERE)
    for _ in range(10):
        assert is_denied(connection, client=HERE)

    fail(connection, times=3)


def test_change_password_client(scene, connection):
    """
    The client of a password change is counted as well.
    """
    for number in range(5):
        with pytest.raises(InvalidCredentialsError):
            connection.change_password(f"user{number}", "wrong", "new", client=HERE)

    with pytest.raises(TooManyAttemptsError):
        connection.change_password(ADA, "wrong", "new", client=HERE)


@pytest.mark.parametrize("client", ["", 5, b"192.0.2.1", ["192.0.2.1"], True])
def test_bad_client(scene, connection, client):
    """
    A client is text; anything else is a mistake of the application, and nobody's failure.
    """
    for _ in range(5):
        with scene.refused(ConfigurationError):
            connection.authenticate(ADA, "pw", client=client)
    with scene.refused(ConfigurationError):
        connection.sign_up(ADA, "pw", client=client)
    with scene.refused(ConfigurationError):
        connection.start_password_change(ADA, client=client)

    fail(connection)


def test_long_client(scene, connection):
    """
    However long it is, no more is kept than the beginning.
    """
    for number in range(5):
        fail(connection, f"user{number}", times=1, client="x" * 10**5 + str(number))

    assert is_denied(connection, client="x" * 10**6)


# --- What is no failure ----------------------------------------------------------------


def test_success(scene, connection):
    """
    A success forgets the failures of the user, for a first and a later login alike.
    """
    scene.site.add("1", ADA, "pw")
    for _ in range(4):
        fail(connection, times=2)
        assert connection.authenticate(ADA, "pw")


def test_success_of_a_client(scene, connection):
    """
    It is no failure of the client, but forgets none: the next user may be another.
    """
    scene.site.add("1", ADA, "pw")
    for number in range(4):
        fail(connection, f"user{number}", times=1, client=HERE)
        assert connection.authenticate(ADA, "pw", client=HERE)
    for _ in range(20):
        connection.authenticate(ADA, "pw", client=HERE)

    fail(connection, "user5", times=1, client=HERE)

    assert is_denied(connection, client=HERE)


def test_change_succeeds(scene, connection):
    """
    A changed password, too, and one that an administrator sets.
    """
    user = connection.create_user(ADA, password="pw")
    fail(connection, times=2)
    connection.change_password(ADA, "pw", "new")
    fail(connection)

    connection.set_password(user.id, "newer")

    assert connection.authenticate(ADA, "newer")


def weak(password):
    return [Violation("weak", "password", "Too weak.")]


PROVEN = {
    AccountBlockedError: {"blocked": True},
    PasswordChangeRequiredError: {"must_change_password": True},
    ProfileInvalidError: {"username": "ada@example.com"},
    PasswordRejectedError: {},
    AccessDeniedError: {},
}


@pytest.mark.parametrize("kind", PROVEN, ids=lambda kind: kind.__name__)
def test_proven(scene, kind):
    """
    Whoever proves the password has not failed, whatever else is in the way.
    """
    scene.site.add("1", ADA, "pw", **PROVEN[kind])
    parts = {}
    if kind is PasswordRejectedError:
        policy = MigrationPolicy(password_check=weak, weak_legacy_password="refuse")
        parts = {"policy": policy}
    if kind is AccessDeniedError:
        parts = {"rules": [lambda login: "no"]}
    connection = throttled(scene, **parts)
    fail(connection, times=2, client=HERE)
    for _ in range(10):
        with pytest.raises(kind):
            connection.authenticate(ADA, "pw", client=HERE)

    fail(connection, times=3, client=HERE)

    assert is_denied(connection, "bob@example.com", client=HERE)


FAULTS = {
    LegacyUnavailableError: "down",
    StoreUnavailableError: "store",
    ContractError: "contract",
}


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_faults(scene, connection, kind):
    """
    An outage is no failure, of nobody.
    """

    def gone():
        raise OSError

    fault = FAULTS[kind]
    login = scene.site.login
    for _ in range(10):
        scene.site.down = fault == "down"
        if fault == "store":
            scene.store.before("find", gone)
        if fault == "contract":
            scene.site.login = lambda identifier, password, /: True
        with scene.refused(kind):
            connection.authenticate(ADA, "pw", client=HERE)
    scene.site.down, scene.site.login = False, login

    fail(connection, client=HERE)

    assert is_denied(connection)


# --- Tokens and sign-ups ---------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_start(scene, connection, known):
    """
    Nobody can be flooded with mail; known and unknown look alike.
    """
    if known:
        connection.create_user(ADA, password="pw")
    for _ in range(3):
        assert known == (connection.start_password_change(ADA) is not None)
    slept = scene.clock.slept
    scene.store.calls.clear()

    with scene.refused(TooManyAttemptsError) as caught:
        connection.start_password_change(" ADA@example.com")

    assert 29 <= caught.value.retry_after <= 30
    assert [] == scene.store.calls
    assert is_floor(scene.clock.slept - slept)
    assert "request" == scene.told(AttemptsThrottled)[-1].kind
    assert not is_denied(connection)


def test_start_client(scene, connection):
    """
    A client cannot have a mail sent to everybody.
    """
    for number in range(5):
        connection.start_password_change(f"user{number}@example.com", client=HERE)

    with scene.refused(TooManyAttemptsError):
        connection.start_password_change(ADA, client=HERE)
    assert connection.start_password_change(ADA, client=THERE) is None


def test_start_outage(scene, connection):
    """
    Requests that could not be dealt with do not count.
    """
    scene.site.down = True
    for _ in range(10):
        with scene.refused(LegacyUnavailableError):
            connection.start_password_change(ADA, client=HERE)
    scene.site.down = False

    for _ in range(3):
        assert connection.start_password_change(ADA, client=HERE) is None


def test_finish(scene, connection):
    """
    A completed reset forgets the failures of the user, by every name, and the requests.
    """
    connection.create_user(ADA, password="pw", username="ada")
    for _ in range(3):
        change = connection.start_password_change(ADA)
    fail(connection)
    assert is_denied(connection)

    connection.finish_password_change(change.token, "new")

    assert connection.authenticate("ada", "new")
    assert connection.authenticate(ADA, "new")
    assert connection.start_password_change(ADA)


def test_finish_moves(scene, connection):
    """
    So does one that moves the user.
    """
    scene.site.add("1", ADA, "pw")
    change = connection.start_password_change(ADA)
    fail(connection)

    connection.finish_password_change(change.token, "new")

    assert connection.authenticate(ADA, "new")


def test_finish_of_another_spelling(memory):
    """
    Failures are forgotten by whatever spelling they were, in version 1 as well.
    """
    forgotten = []

    class Forgetting(NoThrottle):
        def reset(self, key, /):
            forgotten.append(key)

    policy = MigrationPolicy(strategy_version=1)
    connection = memory.connect(throttle=Forgetting(), policy=policy)
    memory.site.add("1", ADA, "pw", must_change_password=True)
    with pytest.raises(PasswordChangeRequiredError) as caught:
        connection.authenticate("Ada@example.com", "pw")
    forgotten.clear()

    user = connection.finish_password_change(caught.value.token, "new")

    kinds = (AttemptKind.IDENTIFIER, AttemptKind.REQUEST)
    names = {AttemptKey(kind, ADA) for kind in kinds}
    assert {AttemptKey(AttemptKind.USER, user.id), *names} == {*forgotten}


def test_sign_up(scene, connection):
    """
    Sign-ups are counted by client, the refused ones too; without one they are not.
    """
    for number in range(3):
        connection.sign_up(f"user{number}@example.com", "pw", client=HERE)
    for _ in range(2):
        with scene.refused(UserExistsError):
            connection.sign_up("user0@example.com", "pw", client=HERE)
    slept = scene.clock.slept

    with scene.refused(TooManyAttemptsError):
        connection.sign_up(ADA, "pw", client=HERE)

    assert is_floor(scene.clock.slept - slept)
    assert connection.sign_up(ADA, "pw")


def test_sign_up_outage(scene, connection):
    """
    One that could not be dealt with does not count.
    """
    scene.site.down = True
    for _ in range(10):
        with scene.refused(LegacyUnavailableError):
            connection.sign_up(ADA, "pw", client=HERE)
    scene.site.down = False

    assert connection.sign_up(ADA, "pw", client=HERE)


# --- Disabled --------------------------------------------------------------------------


def test_disabled(scene):
    """
    Where the application wants it, an account is closed until a reset is completed.
    """
    rules = ThrottleRules(free=1, first_delay=1, longest_delay=1, disable_after=3)
    throttle = MemoryThrottle(rules, clock=scene.clock)
    connection = scene.connect(throttle=throttle)
    connection.create_user(ADA, password="pw")
    for _ in range(3):
        fail(connection, times=1)
        scene.clock.advance(1)
    scene.clock.advance(30 * 86400)

    with scene.refused(TooManyAttemptsError) as caught:
        connection.authenticate(ADA, "pw")

    assert caught.value.retry_after is None
    change = connection.start_password_change(ADA)
    connection.finish_password_change(change.token, "new")
    assert connection.authenticate(ADA, "new")


# --- A throttle that fails -------------------------------------------------------------


class Broken(NoThrottle):
    """
    A throttle some of whose methods fail.
    """

    def __init__(self, *names):
        for name in names:
            object.__setattr__(self, name, self.fail)

    def fail(self, key, /):
        raise OSError("canary")


def test_down(scene):
    """
    If nobody knows how often somebody has failed, nobody gets in: a 503, not a 401.
    """
    scene.site.add("1", ADA, "pw")
    connection = scene.connect(throttle=Broken("reserve"))
    for call in (
        lambda: connection.authenticate(ADA, "pw"),
        lambda: connection.change_password(ADA, "pw", "new"),
        lambda: connection.start_password_change(ADA),
        lambda: connection.sign_up("bob@example.com", "pw", client=HERE),
    ):
        with scene.refused(StoreUnavailableError) as caught:
            call()

        assert "the throttle failed, OSError" in str(caught.value)
        assert "canary" not in str(caught.value)


def test_down_afterwards(scene):
    """
    What was decided stands, and an event tells that the throttle did not hear of it.
    """
    scene.site.add("1", ADA, "pw")
    connection = scene.connect(throttle=Broken("release", "reset"))

    assert connection.authenticate(ADA, "pw", client=HERE)

    assert 3 == len(scene.told(ThrottleFailed))
    assert "OSError" in scene.told(ThrottleFailed)[0].detail
    change = connection.start_password_change(ADA)
    assert connection.finish_password_change(change.token, "new")
    scene.site.down = True
    with scene.refused(LegacyUnavailableError):
        connection.authenticate("bob@example.com", "pw")


@pytest.mark.parametrize("error", [ConfigurationError("so"), ContractError("so")])
def test_errors_of_ours(memory, error):
    """
    A throttle that says that it is used wrongly is believed.
    """

    class Throttle(NoThrottle):
        def reserve(self, key, /):
            raise error

    with memory.refused(type(error)):
        memory.connect(throttle=Throttle()).authenticate(ADA, "pw")


@pytest.mark.parametrize(
    "answer", [True, False, "30", -1, float("nan"), [], {}], ids=repr
)
def test_contract(memory, answer):
    """
    Whatever is no time to wait is no permission either.
    """

    class Throttle(NoThrottle):
        def reserve(self, key, /):
            return answer

    memory.site.add("1", ADA, "pw")

    with memory.refused(ContractError):
        memory.connect(throttle=Throttle()).authenticate(ADA, "pw")


@pytest.mark.parametrize(
    ("wait", "shown"), [(0, 1), (0.2, 1), (29.2, 30), (30, 30), (float("inf"), None)]
)
def test_retry_after(memory, wait, shown):
    """
    The time to wait is in whole seconds, as in the header of that name.
    """

    class Throttle(NoThrottle):
        def reserve(self, key, /):
            return wait

    with memory.refused(TooManyAttemptsError) as caught:
        memory.connect(throttle=Throttle()).authenticate(ADA, "pw")

    assert shown == caught.value.retry_after


@pytest.mark.parametrize("in_memory", [False, True])
def test_in_which_thread(runner, in_memory):
    """
    An async connection asks a throttle in a thread, but for one that is in memory.
    """
    threads = set()

    class Throttle(NoThrottle):
        def reserve(self, key, /):
            threads.add(threading.current_thread())

    Throttle.in_memory = in_memory
    connection = connect(
        MemoryStore(), AsyncLegacySite(LegacySite()), runner=runner, throttle=Throttle()
    )

    fail(connection, times=1)

    assert in_memory is (threads == {threading.current_thread()})
    assert MemoryThrottle.in_memory is NoThrottle.in_memory is True


def test_async_throttle(runner):
    """
    Behind an async connection a throttle may have coroutines.
    """
    inner = MemoryThrottle(RULES)

    class Throttle:
        async def reserve(self, key, /):
            return inner.reserve(key)

        async def release(self, key, /):
            inner.release(key)

        async def reset(self, key, /):
            inner.reset(key)

    connection = connect(
        MemoryStore(),
        AsyncLegacySite(LegacySite()),
        runner=runner,
        throttle=Throttle(),
    )
    fail(connection)

    assert is_denied(connection)
    assert issubclass(TooManyAttemptsError, MigrateKitError)
