"""
Firebase Authentication: its web service, and its export.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from migratekit.errors import (
    ContractError,
    LegacyUnavailableError,
    MigrateKitError,
)
from migratekit.models import ImportRecord, LegacyUser, StoredHash
from migratekit.sources._lookup import Verdict
from migratekit.sources.http._answers import at, object_of, unexpected
from migratekit.sources.http._doors import AsyncDoor, Door, Inquiry
from migratekit.sources.http._fields import fields_of
from migratekit.sources.http._options import optional_text, text
from migratekit.sources.http._questions import Dialogue, Place, place_of, post_json


_SERVICE: Final = "https://identitytoolkit.googleapis.com"

# A user who is disabled is told so before anybody has looked at the password.
_NO: Final = {
    "EMAIL_NOT_FOUND",
    "INVALID_EMAIL",
    "INVALID_LOGIN_CREDENTIALS",
    "INVALID_PASSWORD",
    "USER_DISABLED",
}
_CODES: Final = {
    "ADMIN_ONLY_OPERATION",
    "API key not valid. Please pass a valid API key.",
    "CONFIGURATION_NOT_FOUND",
    "OPERATION_NOT_ALLOWED",
    "PASSWORD_LOGIN_DISABLED",
    "PROJECT_NOT_FOUND",
    "QUOTA_EXCEEDED",
    "TENANT_NOT_FOUND",
    "TOO_MANY_ATTEMPTS_TRY_LATER",
}
_USER: Final = fields_of(
    {
        "localId": "user_id",
        "email": "email",
        "emailVerified": "email_verified",
        "disabled": "blocked",
        "displayName": "name",
        "photoUrl": "picture",
        "customAttributes": "app_metadata",
    }
)


@attrs.frozen(repr=False, eq=False)
class _Firebase(Inquiry):
    _web_key: str = attrs.field(validator=text, alias="web_api_key")
    _base_url: Place = attrs.field(
        default=place_of(_SERVICE), converter=place_of, kw_only=True
    )
    _tenant: str | None = attrs.field(
        default=None, validator=optional_text, kw_only=True
    )

    def _login(self, identifier: str, password: str) -> Dialogue[Verdict]:
        if "@" not in identifier:
            return None
        body: dict[str, Any] = {
            "email": identifier,
            "password": password,
            "returnSecureToken": True,
        }
        if self._tenant is not None:
            body["tenantId"] = self._tenant
        answer = yield post_json(self._at("signInWithPassword"), body)
        if answer.status == 400:
            _no(object_of(answer))
            return None
        if answer.status != 200:
            unexpected(answer)
        data = object_of(answer)
        token, own = data.get("idToken"), data.get("localId")
        if type(token) is not str or not token:
            # Right so far, and a second factor to come.
            raise LegacyUnavailableError("it answered with no token", answered=True)
        answer = yield post_json(self._at("lookup"), {"idToken": token})
        if answer.status != 200:
            unexpected(answer)
        user = _one_of(object_of(answer))
        if user.get("localId") != own:
            raise ContractError("It looked up somebody else.")
        return _user(user)

    def _at(self, method: str) -> Place:
        path = f"{self._base_url.target.rstrip('/')}/v1/accounts:{method}"
        return attrs.evolve(self._base_url, target=path)

    def _credentials(self) -> Iterator[tuple[str, str]]:
        yield from super()._credentials()
        yield "X-Goog-Api-Key", self._web_key

    def _places(self) -> Iterator[Place]:
        yield self._base_url


def _no(data: Mapping[str, Any]) -> None:
    """
    Refuse an error that is no no.
    """
    message = at(data, ("error", "message"))
    # What follows a colon is for people.
    code = message.partition(":")[0].strip() if type(message) is str else ""
    if code in _NO:
        return
    # Nothing is quoted that could be an echo of what was sent.
    shown = code in _CODES
    failure = f"it answered {code}" if shown else "it refused"
    raise LegacyUnavailableError(failure, answered=True)


def _one_of(data: Mapping[str, Any]) -> dict[str, Any]:
    match data.get("users"):
        case [dict() as user]:
            return user
    raise ContractError("It did not look up one user.")


def _user(data: Mapping[str, Any]) -> LegacyUser:
    """
    Return the user of an answer or an export.

    Raises:
        migratekit.errors.ContractError: If a value cannot be what it should.
    """
    user, created = _USER.user(data), data.get("createdAt")
    return user if created is None else attrs.evolve(user, created_at=_moment(created))


def _moment(milliseconds: object) -> dt.datetime:
    if type(milliseconds) in {str, int}:
        try:
            return dt.datetime.fromtimestamp(int(milliseconds) / 1000, dt.UTC)  # type: ignore[call-overload]
        except (ValueError, OverflowError, OSError):
            pass
    raise ContractError("The time of creation of a user is none.")


class FirebaseSource(_Firebase, Door):
    """
    Asks Firebase Authentication, over its REST interface.

    A login is ``accounts:signInWithPassword``, and then ``accounts:lookup`` with the
    token of the user for the profile; the token is forgotten at once.  Users with a
    second factor cannot be asked for it here, and are refused with an outage.  Nobody
    can be looked up.

    Args:
        web_api_key:
            The "Web API key" of the project.

        base_url:
            Where the service is; another place for the emulator.

        tenant:
            The id of a tenant of Identity Platform.

    And the options of `migratekit.sources.http.HTTPOptions`.

    Raises:
        migratekit.errors.ConfigurationError: If something cannot be used.
    """

    __slots__ = ()


class AsyncFirebaseSource(_Firebase, AsyncDoor):
    """
    `FirebaseSource` with coroutines.
    """

    __slots__ = ()


def read_export(path: str | Path, /) -> Iterator[ImportRecord]:
    """
    Yield the users of a file that ``firebase auth:export users.json`` wrote.

    The hashes are verified by `migratekit.formats.presets.firebase` with the parameters
    of the project.  The file is read as a whole.  A record's *line* is its place in the
    list, counted from 1.

    Raises:
        migratekit.errors.ContractError: If it is no such file, or a user is none.
    """
    try:
        data = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError):
        data = None
    users = data.get("users") if type(data) is dict else None
    if type(users) is not list:
        raise ContractError("The file is no export of Firebase in JSON.")
    for line, user in enumerate(users, 1):
        record = _record(user, line)
        if isinstance(record, str):
            raise ContractError(f"User {line} of the file: {record}")
        yield record


def _record(data: Any, line: int) -> ImportRecord | str:
    if type(data) is not dict:
        return "no JSON object."
    try:
        user, password = _user(data), _hash(data)
    except MigrateKitError as error:
        return str(error)
    fields = attrs.asdict(user, recurse=False)
    return ImportRecord(**fields, password=password, line=line)


def _hash(data: Mapping[str, Any]) -> StoredHash | None:
    text, salt = data.get("passwordHash"), data.get("salt")
    # Who signs in with Google only has none.
    if text is None or text == "":
        return None
    if type(text) is not str or not isinstance(salt, str | None):
        raise ContractError("A hash or a salt is not text.")
    return StoredHash(text, salt=salt, format="firebase")
