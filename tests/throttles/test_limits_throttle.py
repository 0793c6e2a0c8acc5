"""
Throttles over the storages of limits: what these see, and what they may not be.
"""

import hashlib
import subprocess
import sys

import pytest
from limits.aio.storage import MemoryStorage as AsyncMemoryStorage
from limits.storage import MemoryStorage

from migratekit.errors import ConfigurationError
from migratekit.throttle import AttemptKey, AttemptKind, ThrottleRules
from migratekit.throttles.limits import AsyncLimitsThrottle, LimitsThrottle


ADA = AttemptKey(AttemptKind.IDENTIFIER, "ada@example.com")
SECRETS = [
    None,
    "a secret of 16 bytes",
    ["another secret of ours", "an old one of them"],
]


class Storage(MemoryStorage):
    """
    A storage that notes what it is asked.
    """

    STORAGE_SCHEME = None

    def __init__(self):
        super().__init__()
        self.seen = []

    def incr(self, key, *args):
        self.seen.append(key)
        return super().incr(key, *args)


@pytest.fixture(name="storage")
def _storage():
    storage = Storage()
    yield storage
    storage.timer.join()


def names(storage, **options):
    storage.seen.clear()
    LimitsThrottle(storage, **options).reserve(ADA)
    return tuple(storage.seen)


def test_digests(storage):
    """
    The storage sees digests, which depend on the newest secret, if there is one.
    """
    seen = {names(storage, secret_key=secret) for secret in SECRETS}
    seen.add(names(storage, secret_key=["another secret of ours"]))

    assert 3 == len(seen)
    assert "ada" not in str(seen)
    plain = hashlib.sha256(b"identifier:ada@example.com").hexdigest()
    assert (f"migratekit:identifier:{plain}:first",) == names(storage)


def test_shared(storage):
    """
    Throttles over one storage count together, if their secret is the same.
    """
    rules = ThrottleRules(free=2)
    first, second = (LimitsThrottle(storage, rules) for _ in range(2))
    other = LimitsThrottle(storage, rules, secret_key="a secret of 16 bytes")

    assert [None, None] == [first.reserve(ADA), second.reserve(ADA)]
    assert 29 <= first.reserve(ADA) <= 30
    assert other.reserve(ADA) is None


def test_died(storage):
    """
    If whoever took the last free attempt died before they closed the gate, the next does.
    """
    throttle = LimitsThrottle(storage, ThrottleRules(free=2))
    throttle.reserve(ADA)
    (first,) = set(storage.seen)
    storage.incr(first, 60)

    assert 29 <= throttle.reserve(ADA) <= 30
    assert 29 <= throttle.reserve(ADA) <= 30
    assert 2 == storage.get(first)


def test_at_once_over_the_limit(storage):
    """
    Of several who come at once, the last free attempt closes the gate, and all others
    wait.
    """
    throttle = LimitsThrottle(storage, rules=ThrottleRules(free=1))
    talks = [throttle._book.reserve(ADA) for _ in range(3)]
    for talk in talks:
        # None of them has seen anything of the others yet.
        assert "get" == talk.send(None)[0]
    questions = [talk.send(0) for talk in talks]
    attempts = [getattr(storage, name)(*asked) for name, asked in questions]

    waits = [
        finish(storage, talk, answer)
        for talk, answer in zip(talks, attempts, strict=True)
    ]

    assert [1, 2, 3] == attempts
    assert None is waits[0]
    assert all(0 < wait <= 30 for wait in waits[1:])


def finish(storage, talk, answer):
    while True:
        try:
            name, asked = talk.send(answer)
        except StopIteration as stop:
            return stop.value
        answer = getattr(storage, name)(*asked)


def test_repr(storage):
    """
    A throttle shows the kind of its storage alone.
    """
    throttle = LimitsThrottle(storage, secret_key="a secret of 16 bytes")

    assert "<LimitsThrottle over Storage>" == repr(throttle)
    assert "<AsyncLimitsThrottle over MemoryStorage>" == repr(
        AsyncLimitsThrottle(AsyncMemoryStorage())
    )


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (LimitsThrottle, MemoryStorage, AsyncMemoryStorage),
        (AsyncLimitsThrottle, AsyncMemoryStorage, MemoryStorage),
    ],
)
def test_impossible(kind, right, wrong):
    """
    A storage of the other kind, rules that are none and short secrets are refused.
    """
    for part in (wrong(), right, None, "redis://localhost"):
        with pytest.raises(ConfigurationError):
            kind(part)
    with pytest.raises(ConfigurationError):
        kind(right(), None)
    with pytest.raises(ConfigurationError) as caught:
        kind(right(), secret_key="short canary")

    assert "canary" not in str(caught.value)


def test_missing():
    """
    Without limits, the import says what to install.
    """
    script = (
        "import sys; sys.modules['limits'] = None; import migratekit.throttles.limits"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert 'pip install "migratekit[limits]"' in done.stderr
