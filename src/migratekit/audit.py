"""
An audit log in the words of OWASP's logging vocabulary.

Every event has a name of the vocabulary, so that whatever watches the logs of your
other applications knows what it means.  No line holds a password, a hash or a token.
"""

import datetime as dt
import json
import logging
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from migratekit import events
from migratekit.events import Event, one_line
from migratekit.models import Origin


# The names that are used here, and the vocabulary's level for each of them.
LEVELS: Final[Mapping[str, str]] = {
    "authn_login_success": "INFO",
    "authn_login_fail": "WARN",
    "authn_login_fail_max": "WARN",
    "authn_login_lock": "WARN",
    "authn_password_change": "INFO",
    "authn_token_created": "INFO",
    "authz_admin": "WARN",
    "authz_fail": "CRITICAL",
    "crypt_encrypt_fail": "WARN",
    "excess_rate_limit_exceeded": "WARN",
    "input_validation_fail": "WARN",
    "sys_monitor_disabled": "WARN",
    "sys_monitor_enabled": "WARN",
    "user_created": "WARN",
    "user_deleted": "WARN",
    "user_updated": "WARN",
}

# What an event is called, and what it means in words.  Where the vocabulary wants who
# did something, and only the application knows, there is nothing before the comma.
_PHRASES: Final[Mapping[type[Event], tuple[str, str]]] = {
    events.LoginSucceeded: (
        "authn_login_success:{user_id}",
        "User {user_id} logged in; moved by this login: {migrated}",
    ),
    events.LoginRefused: (
        "authn_login_fail:{identifier}",
        "{identifier} was not let in: {reason}",
    ),
    events.UserMigrated: (
        "user_created:{user_id},{user_id},{origin}",
        "User {legacy_id} moved into the store as {user_id}",
    ),
    events.MigrationRehearsed: (
        "sys_monitor_enabled:,rehearsal",
        "User {legacy_id} would have moved, or not, in a rehearsal: {outcome} {codes}",
    ),
    events.UsersImported: (
        "user_created:,,import",
        "An import stored {inserted}, refused {conflicts} and {invalid} users",
    ),
    events.PasswordRehashed: (
        "user_updated:,{user_id},password_hash",
        "The hash of user {user_id} was renewed at a login",
    ),
    events.RehashFailed: (
        "crypt_encrypt_fail:{user_id}",
        "The hash of user {user_id} could not be renewed",
    ),
    events.FloorExceeded: (
        "sys_monitor_disabled:,failure_floor",
        "A failure took {took} seconds, the floor is {floor}",
    ),
    events.SourceSuspended: (
        "sys_monitor_disabled:,legacy_source",
        "The source {part} failed {failures} times; left alone for {pause} seconds",
    ),
    events.SourceResumed: (
        "sys_monitor_enabled:,legacy_source",
        "The source {part} answers again",
    ),
    events.SourceAsked: (
        "sys_monitor_enabled:,source_figures",
        "The source {part} was asked {calls} times, {failures} of them in vain",
    ),
    events.SourceMissed: (
        "sys_monitor_enabled:,source_missed",
        "{operation} would have asked the old source about {identifier}",
    ),
    events.AttemptsThrottled: (
        "excess_rate_limit_exceeded:,{kind}",
        "Too many attempts by one {kind}; seconds to wait: {retry_after}",
    ),
    events.ThrottleFailed: (
        "sys_monitor_disabled:,throttle",
        "An attempt that was no failure still counts as one: {detail}",
    ),
    events.UserSignedUp: (
        "user_created:{user_id},{user_id},{origin}",
        "User {user_id} signed up",
    ),
    events.PasswordChangeStarted: (
        "authn_token_created:{user_id},password_change",
        "A link to change the password of user {user_id} was made",
    ),
    events.PasswordChanged: (
        "authn_password_change:{user_id}",
        "User {user_id} has a new password",
    ),
    events.IdentifierChanged: (
        "user_updated:,{user_id},{field}",
        "User {user_id} has another {field}",
    ),
    events.UserBlocked: (
        "authn_login_lock:{user_id},other",
        "User {user_id} was blocked",
    ),
    events.UserUnblocked: (
        "user_updated:,{user_id},unblocked",
        "User {user_id} was unblocked",
    ),
    events.UserDeleted: (
        "user_deleted:,{user_id}",
        "User {user_id} was deleted",
    ),
    events.UserReadmitted: (
        "user_updated:,{legacy_id},readmitted",
        "User {legacy_id} may move again",
    ),
    events.ProfileDrift: (
        "input_validation_fail:{fields},{user_id}",
        "The source's two answers about user {user_id} differ in {fields}",
    ),
    events.RuleFailed: (
        "authz_fail:,rule",
        "A rule failed, and the login was denied: {detail}",
    ),
    events.StrategySwitched: (
        "user_updated:,,strategy_version",
        "Users were rewritten for strategy version 2: {rewritten}, all but {left}",
    ),
    events.CutOver: (
        "authz_admin:,cut_over",
        "The source was cut off; users who had not moved: {remaining}",
    ),
    events.LeftoversKept: (
        "authz_admin:,leftovers_kept",
        "Of those left, {loaded} were stored, {reserved} reserved, {unreadable} not",
    ),
    events.ReservationsLifted: (
        "authz_admin:,reservations_lifted",
        "{count} reserved keys are free again",
    ),
    events.SettingsChanged: (
        "authz_admin:,settings_changed",
        "Version {version} of the settings {connection_id} is followed",
    ),
    events.SettingsRefused: (
        "sys_monitor_disabled:,settings",
        "Version {version} of the settings {connection_id} is not followed: {detail}",
    ),
}
_LIMITED: Final = (
    "authn_login_fail_max:{identifier}",
    "{identifier} was not let in: {reason}",
)
_LOADED: Final = (
    "user_updated:,{user_id},password_hash",
    "The imported user {user_id}, once {legacy_id}, has got a hash",
)
_REGISTERED: Final = (
    "user_created:,{user_id},{origin}",
    "User {user_id} was registered by an administrator",
)


@attrs.frozen
class AuditLog:
    """
    A listener that writes each event as a line of JSON to ``migratekit.audit``, a log.

    A line has ``datetime`` (in UTC), ``appid``, ``event``, ``level`` and
    ``description``, as OWASP's Application Logging Vocabulary shows.  After the name of
    an event, and a colon, comes whom it is about: a user's id, or what somebody typed
    as an identifier, escaped and cut.  Every call of ``authenticate()`` has one line
    whose name begins with ``authn_``.

    Args:
        appid: What your application is called in your logs.

        request:
            Gives what only the application knows of the request under way, such as
            ``source_ip`` and ``useragent``; the names above are not for it.  It is
            called in the context of the request, perhaps in another thread.
    """

    appid: str = "migratekit"
    request: Callable[[], Mapping[str, object]] = dict

    def __call__(self, event: Event) -> None:
        """
        Write *event*, whatever becomes of *request*.
        """
        try:
            more = {str(key): str(value) for key, value in self.request().items()}
        except Exception:
            self._write(event, {})
            raise
        self._write(event, more)

    def _write(self, event: Event, more: Mapping[str, str]) -> None:
        name, words = _phrase_of(event)
        fields = {key: _shown(value) for key, value in attrs.asdict(event).items()}
        level = LEVELS[name.partition(":")[0]]
        line = {
            "datetime": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "appid": self.appid,
            "event": name.format_map(fields),
            "level": level,
            "description": words.format_map(fields),
        }
        # What the request has comes last, and takes the place of nothing.
        text = json.dumps({**line, **more, **line})
        number = logging.getLevelNamesMapping()[level]
        logging.getLogger("migratekit.audit").log(number, "%s", text)


def _phrase_of(event: Event) -> tuple[str, str]:
    """
    Return the name and the meaning of *event*, with places for its fields.
    """
    match event:
        case events.LoginRefused(reason="too_many_attempts"):
            return _LIMITED
        case events.UserMigrated(origin=Origin.IMPORT):
            return _LOADED
        case events.UserSignedUp(origin=Origin.ADMIN):
            return _REGISTERED
    return _PHRASES[type(event)]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return f"({','.join(map(one_line, value))})"
    return one_line(value)
