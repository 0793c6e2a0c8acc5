"""
The audit log: OWASP's words, one line for every authentication, and no secrets.
"""

import datetime as dt
import json
import logging

import pytest
from test_equal_work import ADA, DENSE, KINDS, RACES, migrated, preloaded, stored
from test_events import KINDS as EVENTS
from test_events import example

from migratekit import MigrationPolicy
from migratekit.audit import LEVELS, AuditLog
from migratekit.errors import MigrateKitError, TooManyAttemptsError, Violation
from migratekit.events import (
    LoginRefused,
    LoginSucceeded,
    UserDeleted,
    UserMigrated,
    UserSignedUp,
)
from migratekit.hashing import HashQueue
from migratekit.models import Origin
from migratekit.testing import CHEAPEST
from migratekit.throttles import NoThrottle


# The whole of OWASP's Application Logging Vocabulary, with its levels.
VOCABULARY = {
    "authn_login_success": "INFO",
    "authn_login_successafterfail": "INFO",
    "authn_login_fail": "WARN",
    "authn_login_fail_max": "WARN",
    "authn_login_lock": "WARN",
    "authn_password_change": "INFO",
    "authn_password_change_fail": "CRITICAL",
    "authn_impossible_travel": "CRITICAL",
    "authn_token_created": "INFO",
    "authn_token_revoked": "INFO",
    "authn_token_reuse": "CRITICAL",
    "authn_token_delete": "WARN",
    "authz_fail": "CRITICAL",
    "authz_change": "WARN",
    "authz_admin": "WARN",
    "crypt_decrypt_fail": "WARN",
    "crypt_encrypt_fail": "WARN",
    "excess_rate_limit_exceeded": "WARN",
    "input_validation_fail": "WARN",
    "input_validation_discrete_fail": "WARN",
    "malicious_excess_404": "WARN",
    "malicious_extraneous": "CRITICAL",
    "malicious_attack_tool": "CRITICAL",
    "malicious_cors": "CRITICAL",
    "malicious_direct_reference": "CRITICAL",
    "privilege_permissions_changed": "WARN",
    "sensitive_create": "WARN",
    "sensitive_read": "WARN",
    "sensitive_update": "WARN",
    "sensitive_delete": "WARN",
    "sequence_fail": "CRITICAL",
    "session_created": "INFO",
    "session_renewed": "INFO",
    "session_expired": "INFO",
    "session_use_after_expire": "CRITICAL",
    "sys_startup": "WARN",
    "sys_shutdown": "WARN",
    "sys_restart": "WARN",
    "sys_crash": "WARN",
    "sys_monitor_disabled": "WARN",
    "sys_monitor_enabled": "WARN",
    "user_created": "WARN",
    "user_updated": "WARN",
    "user_archived": "WARN",
    "user_deleted": "WARN",
}
FIELDS = ["datetime", "appid", "event", "level", "description"]


@pytest.fixture(name="lines")
def _lines(caplog):
    """
    A callable that gives the lines so far, read, and forgets them.
    """
    caplog.set_level(logging.INFO, "migratekit.audit")

    def read():
        records = [r for r in caplog.records if r.name == "migratekit.audit"]
        caplog.clear()
        return [json.loads(record.getMessage()) for record in records]

    return read


def test_levels():
    """
    The levels are the vocabulary's.
    """
    assert VOCABULARY.items() >= LEVELS.items()


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_name(kind, lines, caplog):
    """
    Every event has a name of the vocabulary, and its level, and is one line of ASCII.
    """
    AuditLog()(example(kind))

    (record,) = caplog.records
    assert record.getMessage().isascii()
    assert record.getMessage().isprintable()
    (line,) = lines()
    assert FIELDS == list(line)
    assert VOCABULARY[line["event"].partition(":")[0]] == line["level"]
    assert logging.getLevelNamesMapping()[line["level"]] == record.levelno
    assert "{" not in line["event"] + line["description"]


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (LoginSucceeded(user_id="7", migrated=True), "authn_login_success:7"),
        (LoginRefused(identifier=ADA, reason="retired"), f"authn_login_fail:{ADA}"),
        (LoginRefused(identifier="a\nb", reason="x"), "authn_login_fail:a\\nb"),
        (LoginRefused(identifier="x" * 99, reason="x"), f"authn_login_fail:{'x' * 64}"),
        (LoginRefused(identifier=None, reason="x"), "authn_login_fail:<NoneType>"),
        (
            LoginRefused(identifier=ADA, reason="too_many_attempts"),
            f"authn_login_fail_max:{ADA}",
        ),
        (
            UserMigrated(user_id="7", legacy_id="shop|1", origin=Origin.LOGIN),
            "user_created:7,7,login",
        ),
        (
            UserMigrated(user_id="7", legacy_id="shop|1", origin=Origin.IMPORT),
            "user_updated:,7,password_hash",
        ),
        (
            UserSignedUp(user_id="7", origin=Origin.SIGN_UP),
            "user_created:7,7,sign_up",
        ),
        (UserSignedUp(user_id="7", origin=Origin.ADMIN), "user_created:,7,admin"),
        (UserDeleted(user_id="7"), "user_deleted:,7"),
        (LoginSucceeded(user_id="7\n8", migrated=False), "authn_login_success:7\\n8"),
    ],
)
def test_whom(event, name, lines):
    """
    Behind the name stands whom it is about, escaped, and who did it where that is known.
    """
    AuditLog()(event)

    assert [name] == [line["event"] for line in lines()]


def test_reason(lines):
    """
    Why somebody was not let in is part of the line, on one line.
    """
    AuditLog()(LoginRefused(identifier=ADA, reason="not\r\non Sundays"))

    (line,) = lines()
    assert f"{ADA} was not let in: not\\r\\non Sundays" == line["description"]


def test_moment(lines):
    """
    The time is now, in ISO 8601 and UTC.
    """
    before = dt.datetime.now(dt.UTC) - dt.timedelta(milliseconds=1)

    AuditLog()(UserDeleted(user_id="7"))

    (line,) = lines()
    moment = dt.datetime.fromisoformat(line["datetime"])
    assert before <= moment <= dt.datetime.now(dt.UTC)
    assert line["datetime"].endswith("+00:00")


def test_request(lines):
    """
    The application adds what it knows of the request, and replaces nothing.
    """
    request = {"source_ip": "203.0.113.9", "port": 443, "event": "user_deleted:,8"}

    AuditLog(appid="shop.login", request=lambda: request)(UserDeleted(user_id="7"))

    (line,) = lines()
    assert [*FIELDS, "source_ip", "port"] == list(line)
    assert ("shop.login", "203.0.113.9", "443", "user_deleted:,7") == (
        line["appid"],
        line["source_ip"],
        line["port"],
        line["event"],
    )


def test_request_fails(memory, lines, caplog):
    """
    Whatever is not known of the request, the line is written.
    """

    def request():
        raise LookupError("canary")

    connection = memory.connect(listeners=[AuditLog(request=request)])

    with pytest.raises(MigrateKitError):
        connection.authenticate(ADA, "wrong")

    assert "A listener failed to take LoginRefused: LookupError" in caplog.text
    assert "canary" not in caplog.text
    assert [f"authn_login_fail:{ADA}"] == [line["event"] for line in lines()]


def first_login(scene):
    scene.site.add("1", ADA, "pw")


def other_cost(scene):
    scene.store_user(ADA, DENSE.hash("pw"))


def blocked(scene):
    scene.store_user(ADA, CHEAPEST.hash("pw"), blocked=True)


def must_change(scene):
    scene.store_user(ADA, CHEAPEST.hash("pw"), must_change_password=True)


def blocked_in_source(scene):
    scene.site.add("1", ADA, "pw", blocked=True)


def must_change_in_source(scene):
    scene.site.add("1", ADA, "pw", must_change_password=True)


def invalid_in_source(scene):
    scene.site.add("1", ADA, "pw", username="ada@example.org")


def outage(scene):
    scene.site.down = True


def contract_error(scene):
    scene.site.login = lambda identifier, password, /: True


def store_down(scene):
    def down():
        raise OSError

    scene.store.before("find", down)


def store_cannot_write(scene):
    def down():
        raise OSError

    first_login(scene)
    scene.store.before("create", down)


class Waiting(NoThrottle):
    """
    A throttle that lets nobody try.
    """

    def reserve(self, key, /):
        return 30.0


class Lost(NoThrottle):
    """
    A throttle that nobody can ask.
    """

    def reserve(self, key, /):
        raise OSError


def full():
    """
    Return a queue with no place left.
    """
    queue = HashQueue(at_once=1, places=1)
    queue.place().take()
    return queue


def deny(login):
    return "not on Sundays"


def fail(login):
    raise RuntimeError


def weak(password):
    return [Violation("weak", "password", "Too weak.")]


REFUSE = MigrationPolicy(password_check=weak, weak_legacy_password="refuse")
MUST_CHANGE = MigrationPolicy(password_check=weak)
OFF = MigrationPolicy(import_mode=False)
REHEARSE = MigrationPolicy(rehearse=True)
SLOW = MigrationPolicy(failure_floor=0.001)
# What is there, what the connection is made with, and the password that is typed.
OUTCOMES = [
    *((kind, {}, "wrong") for kind in [*KINDS, *RACES]),
    (first_login, {}, "pw"),
    (first_login, {"policy": OFF}, "pw"),
    (first_login, {"policy": OFF}, "wrong"),
    (first_login, {"policy": REHEARSE}, "pw"),
    (first_login, {"policy": REHEARSE}, "wrong"),
    (first_login, {"policy": REFUSE}, "pw"),
    (first_login, {"policy": MUST_CHANGE}, "pw"),
    (first_login, {"rules": [deny]}, "pw"),
    (first_login, {"rules": [fail]}, "pw"),
    (first_login, {}, ""),
    (first_login, {}, None),
    (migrated, {}, "pw"),
    (migrated, {"rules": [deny]}, "pw"),
    (preloaded, {}, "pw"),
    (stored, {}, "pw"),
    (other_cost, {}, "pw"),
    (blocked, {}, "pw"),
    (must_change, {}, "pw"),
    (blocked_in_source, {}, "pw"),
    (must_change_in_source, {}, "pw"),
    (invalid_in_source, {}, "pw"),
    (stored, {"throttle": Waiting()}, "pw"),
    (stored, {"throttle": Lost()}, "pw"),
    (stored, {"hash_queue": full()}, "pw"),
    (outage, {}, "pw"),
    (outage, {"policy": SLOW}, "pw"),
    (contract_error, {}, "pw"),
    (store_down, {}, "pw"),
    (store_cannot_write, {}, "pw"),
]


@pytest.mark.parametrize(
    ("kind", "options", "password"),
    OUTCOMES,
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.parametrize(
    ("call", "success"),
    [
        ("authenticate", "authn_login_success"),
        ("change_password", "authn_password_change"),
    ],
)
def test_complete(scene, lines, kind, options, password, call, success):
    """
    Every authentication, whatever comes of it, has exactly one event that says so.
    """
    identifier = kind(scene) or ADA
    connection = scene.connect(listeners=[AuditLog()], **options)
    lines()

    try:
        more = ["new"] if call == "change_password" else []
        getattr(connection, call)(identifier, password, *more)
        expected = success
    except TooManyAttemptsError:
        expected = "authn_login_fail_max"
    except MigrateKitError:
        expected = "authn_login_fail"

    names = [line["event"].partition(":")[0] for line in lines()]
    assert [expected] == [name for name in names if name.startswith("authn_")]
