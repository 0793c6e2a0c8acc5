"""
What is told of what happened, and the listener that logs.
"""

import ast
import logging

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migratekit import events
from migratekit._steps.world import log_listener_failure
from migratekit.errors import InvalidCredentialsError
from migratekit.events import (
    Event,
    FloorExceeded,
    LoginRefused,
    LoginSucceeded,
    ProfileDrift,
    RehashFailed,
    RuleFailed,
    UserMigrated,
    log_event,
    printable,
)
from migratekit.models import Origin


ADA = "ada@example.com"
KINDS = sorted(Event.__subclasses__(), key=lambda kind: kind.__name__)
LOUD = {
    "LoginRefused": logging.WARNING,
    "FloorExceeded": logging.WARNING,
    "UserReadmitted": logging.WARNING,
    "ProfileDrift": logging.WARNING,
    "CutOver": logging.WARNING,
    "LeftoversKept": logging.WARNING,
    "ReservationsLifted": logging.WARNING,
    "StrategySwitched": logging.WARNING,
    "SourceSuspended": logging.ERROR,
    "SourceResumed": logging.WARNING,
    "AttemptsThrottled": logging.WARNING,
    "ThrottleFailed": logging.ERROR,
    "RehashFailed": logging.ERROR,
    "SettingsChanged": logging.WARNING,
    "SettingsRefused": logging.ERROR,
    "RuleFailed": logging.ERROR,
}


def example(kind):
    """
    Return an event of *kind* with something in every field.
    """
    values = {
        "migrated": True,
        "took": 0.5,
        "floor": 0.25,
        "origin": Origin.LOGIN,
        "fields": ("email", "profile"),
        "within": (3, 0, 1),
        "codes": ("email_invalid",),
        "remaining": None,
    }
    names = [field.name for field in attrs.fields(kind)]
    return kind(**{name: values.get(name, f"a {name}") for name in names})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_log(kind, caplog):
    """
    An event is logged with its name and fields, as words and as data, at its level.
    """
    caplog.set_level(logging.DEBUG, "migratekit")
    event = example(kind)

    log_event(event)

    (record,) = caplog.records
    fields = attrs.asdict(event)
    assert "migratekit" == record.name
    assert {"event": kind.__name__, **fields} == record.migratekit
    assert record.getMessage().startswith(kind.__name__)
    for name, value in fields.items():
        assert f"{name}={value}" in record.getMessage()
    assert LOUD.get(kind.__name__, logging.INFO) == record.levelno == event.level


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_value(kind):
    """
    An event is a value that does not change, made by the names of its fields.
    """
    event = example(kind)

    assert event == example(kind)
    assert kind.__doc__
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        event.level = 0
    with pytest.raises(TypeError):
        kind("positional")


def test_quiet(caplog):
    """
    Nothing of an event is put together if nobody logs at its level.
    """
    caplog.set_level(logging.ERROR, "migratekit")

    log_event(example(LoginSucceeded))

    assert [] == caplog.records


def test_one_line(caplog):
    """
    What a rule or the source said begins no line of its own in a log; as data it stays.
    """
    caplog.set_level(logging.INFO, "migratekit")
    reason = "é\r\nLoginSucceeded \x1b[2J\u202e"

    log_event(LoginRefused(identifier="ada", reason=reason))
    log_event(LoginRefused(identifier="ada", reason="nó"))

    assert [
        r"LoginRefused identifier=ada reason=\xe9\r\nLoginSucceeded \x1b[2J\u202e",
        "LoginRefused identifier=ada reason=nó",
    ] == [record.getMessage() for record in caplog.records]
    assert reason == caplog.records[0].migratekit["reason"]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("ada@example.com", "ada@example.com"),
        ("it's", "it's"),
        ('say "hi"', 'say "hi"'),
        ("'\"", "\\'\""),
        ("a\nb\r", "a\\nb\\r"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\0", "a\\x00"),
        ("é", "\\xe9"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("\U0001f600", "\\U0001f600"),
        ("back\\slash", "back\\\\slash"),
        ("x" * 65, "x" * 64),
        ("", ""),
        (None, "<NoneType>"),
        (5, "<int>"),
        (b"ada", "<bytes>"),
        ({"$ne": None}, "<dict>"),
    ],
)
def test_printable(typed, shown):
    """
    What was typed is escaped and cut, and anything but text shows its type alone.
    """
    assert shown == printable(typed)
    assert shown == LoginRefused(identifier=typed, reason="x").identifier


@given(st.text())
def test_printable_text(text):
    """
    Whatever is typed becomes a short line of ASCII, and short text can be read back.
    """
    shown = printable(text)

    assert shown.isascii()
    assert len(shown) <= 64
    assert not shown or shown.isprintable()
    if len(ascii(text)) <= 66:
        assert text == ast.literal_eval(ascii(text))


def test_subclass_of_text():
    """
    A subclass of str, which may say anything of itself, shows its type alone.
    """

    class Text(str):
        __slots__ = ()

        def __getitem__(self, key):
            raise AssertionError

    assert "<Text>" == printable(Text("ada"))


def test_refused_by_a_listener(scene, caplog):
    """
    All listeners are told everything, whichever of them fails.
    """
    told = []

    def broken(event):
        raise RuntimeError("canary")

    scene.site.add("1", ADA, "pw")
    connection = scene.connect(listeners=[broken, told.append, broken])

    connection.authenticate(ADA, "pw")
    with scene.refused(InvalidCredentialsError):
        connection.authenticate(ADA, "wrong")

    assert [UserMigrated, LoginSucceeded, LoginRefused] == [type(e) for e in told]
    assert 6 == len(caplog.records)
    assert "canary" not in caplog.text
    assert "RuntimeError at test_events:" in caplog.text
    assert "UserMigrated" in caplog.records[0].getMessage()
    assert all(record.exc_info is None for record in caplog.records)


def test_answer_of_a_listener(scene):
    """
    Whatever a listener returns means nothing.
    """
    scene.site.add("1", ADA, "pw")

    assert scene.connect(listeners=[lambda event: False]).authenticate(ADA, "pw")


def test_coroutine_listener(memory, runner):
    """
    Behind an async connection a listener may be a coroutine function, and may fail.
    """
    told = []
    memory.runner = runner
    memory.site.add("1", ADA, "pw")

    async def listener(event):
        told.append(event)
        raise ValueError

    assert memory.connect(listeners=[listener]).authenticate(ADA, "pw")
    assert 2 == len(told)


def test_default_listener(memory, caplog):
    """
    By default events are logged.
    """
    from migratekit import Connection
    from migratekit.testing import CHEAPEST, VirtualClock

    caplog.set_level(logging.INFO, "migratekit")
    connection = Connection(
        memory.store, memory.site, hasher=CHEAPEST, clock=VirtualClock()
    )

    with pytest.raises(InvalidCredentialsError):
        connection.authenticate("ada\n", "pw")

    assert ["LoginRefused identifier=ada\\n reason=bad_input"] == [
        record.getMessage() for record in caplog.records
    ]


def test_listener_failure(caplog):
    """
    A listener's failure is logged as an error, with the event's name and the place.
    """
    log_listener_failure(example(RehashFailed), "ValueError at app:3")

    assert [
        (
            "migratekit",
            logging.ERROR,
            "A listener failed to take RehashFailed: ValueError at app:3",
        )
    ] == caplog.record_tuples


def test_all_kinds():
    """
    Every event of the module is a subclass of `Event`, without one of its own.
    """
    named = {
        value
        for value in vars(events).values()
        if isinstance(value, type) and issubclass(value, Event)
    }

    assert named == {Event, *KINDS}
    assert {FloorExceeded, ProfileDrift, RuleFailed} <= named
    assert not [sub for kind in KINDS for sub in kind.__subclasses__()]


def test_alike():
    """
    Events are compared by what they are of and say.
    """
    blocked = events.UserBlocked(user_id="1")

    assert events.UserBlocked(user_id="1") == blocked
    assert hash(events.UserBlocked(user_id="1")) == hash(blocked)
    assert events.UserBlocked(user_id="2") != blocked
    assert events.UserUnblocked(user_id="1") != blocked
    assert "UserBlocked(user_id='1')" == repr(blocked)
