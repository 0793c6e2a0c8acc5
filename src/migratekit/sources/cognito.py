"""
A source that asks a user pool of Amazon Cognito.

Needs ``pip install "migratekit[cognito]"``.
"""

import base64
import datetime as dt
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, Final, TypeVar

import attrs

from migratekit.errors import (
    ConfigurationError,
    ContractError,
    LegacyUnavailableError,
    MigrateKitError,
)
from migratekit.models import ImportRecord, LegacyUser, RowError
from migratekit.sources._likeness import is_asked
from migratekit.sources._limits import positive
from migratekit.sources._rows import Columns, Row, columns_of, unreadable, user_of
from migratekit.validation import canonical, is_possible_password


try:
    import boto3
except ImportError:
    raise ImportError('boto3 is missing: pip install "migratekit[cognito]"') from None

from botocore.exceptions import ClientError

from migratekit.sources._aws import answered_by, client_of


T = TypeVar("T")

ATTRIBUTES: Final = {
    "email": "email",
    "email_verified": "email_verified",
    "name": "name",
    "given_name": "given_name",
    "family_name": "family_name",
    "nickname": "nickname",
    "picture": "picture",
}

_PAGE: Final = 60
_POOL: Final = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d+)_[0-9A-Za-z]+")
_USERNAME_CHARACTERS: Final = 128
_MUST_CHANGE: Final = frozenset({"FORCE_CHANGE_PASSWORD", "RESET_REQUIRED"})
_SECOND_FACTORS: Final = frozenset(
    {
        "EMAIL_OTP",
        "MFA_SETUP",
        "SELECT_MFA_TYPE",
        "SMS_MFA",
        "SMS_OTP",
        "SOFTWARE_TOKEN_MFA",
    }
)
_NEW_PASSWORD: Final = "NEW_PASSWORD_REQUIRED"  # noqa: S105 -- a name of a challenge
# The password was not right, or not looked at.
_NO: Final = frozenset(
    {
        "NotAuthorizedException",
        "PasswordResetRequiredException",
        "UserNotConfirmedException",
        "UserNotFoundException",
    }
)
# What one user or one name can bring about, while the pool is well.
_ABOUT_ONE: Final = frozenset(
    {
        "InvalidLambdaResponseException",
        "InvalidParameterException",
        "UnexpectedLambdaException",
        "UserLambdaValidationException",
    }
)
# The same exception, when it is not the user who is refused.
_OURS: Final = re.compile(r"secret|client|token|session|credential", re.IGNORECASE)


@attrs.frozen
class _Refused:
    """
    An error that Cognito answered with.
    """

    code: str
    message: str = attrs.field(repr=False)
    status: int


def _pool(_: object, __: "attrs.Attribute[str]", value: object) -> None:
    if type(value) is not str or not _POOL.fullmatch(value):
        raise ConfigurationError("A user pool's id is like eu-central-1_aBcDeFgHi.")


@attrs.frozen(repr=False, eq=False)
class CognitoSource:
    """
    Asks a user pool as an administrator: ``AdminGetUser``, then ``AdminInitiateAuth``
    with the password.

    Args:
        user_pool_id:
            Such as ``eu-central-1_aBcDeFgHi``; the region is in it.

        client_id:
            An app client of the pool that allows ``ALLOW_ADMIN_USER_PASSWORD_AUTH``.

        client_secret:
            Its secret, if it has one.

        attributes:
            What the attributes of a user mean: a field of
            `migratekit.models.LegacyUser`, or ``profile.KEY``.  ``sub`` is always the
            ``user_id``.

        accept_password_alone:
            Whether users who have a second factor are let in without it.  Without that
            they are an outage: it cannot be asked for here.

        session:
            A ``boto3.Session`` with the credentials of whoever may ask; without one,
            boto3 looks for them where it always does.

        endpoint_url:
            Another endpoint, such as that of a VPC.

        deadline:
            Seconds for one question.  The time to get credentials is not counted.

    Raises:
        migratekit.errors.ConfigurationError: If an argument cannot be used.
    """

    user_pool_id: str = attrs.field(validator=_pool)
    _client_id: str = attrs.field(alias="client_id")
    _secret: str | None = attrs.field(default=None, alias="client_secret", kw_only=True)
    _columns: Columns = attrs.field(
        default=columns_of(ATTRIBUTES),
        converter=columns_of,
        alias="attributes",
        kw_only=True,
    )
    _password_alone: bool = attrs.field(
        default=False, alias="accept_password_alone", kw_only=True
    )
    _session: "boto3.Session | None" = attrs.field(
        default=None, alias="session", kw_only=True
    )
    _endpoint_url: str | None = attrs.field(
        default=None, alias="endpoint_url", kw_only=True
    )
    _deadline: float = attrs.field(
        default=5.0, validator=positive, alias="deadline", kw_only=True
    )
    _client: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if "user_id" in self._columns.mapping.values():
            raise ConfigurationError("The user_id is always the sub of a user.")
        region = self.user_pool_id.partition("_")[0]
        client = client_of("cognito-idp", self._session, region, self._endpoint_url)
        object.__setattr__(self, "_client", client)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.user_pool_id!r})"

    def login(self, identifier: str, password: str, /) -> LegacyUser | None:
        """
        Return the user if *password* is theirs, else None.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If Cognito did not answer, was asked too often, or wants a second
                factor.

            migratekit.errors.ContractError: If the user is not what it should be.
        """
        names = _names(identifier)
        if not names or not is_possible_password(password):
            return None
        return self._asked(lambda: self._log_in(identifier, names, password))

    def get_user(self, identifier: str, /) -> LegacyUser | None:
        """
        Return the user, or None if the pool has none of that name.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If Cognito did not answer, or was asked too often.

            migratekit.errors.ContractError: If the user is not what it should be.
        """
        names = _names(identifier)
        if not names:
            return None
        return self._asked(lambda: self._known(identifier, self._found(names)))

    def iter_users(self) -> Iterator[ImportRecord | RowError]:
        """
        Yield all users, without their hashes, which Cognito shows to nobody.

        A user who cannot be read is a `migratekit.models.RowError` with their number,
        counted from 1.

        Raises:
            migratekit.errors.LegacyUnavailableError:
                If Cognito did not answer, or was asked too often.
        """
        token, numbers = "", count(1)
        while True:
            page = self._asked(partial(self._page, token))
            for data in page.get("Users", ()):
                yield self._record(data, next(numbers))
            token = page.get("PaginationToken", "")
            if not token:
                return

    def _record(self, data: Mapping[str, Any], number: int) -> ImportRecord | RowError:
        try:
            user = self._user(data, data.get("Attributes"))
        except ContractError as error:
            return unreadable(error, number)
        return ImportRecord(**attrs.asdict(user, recurse=False), line=number)

    def _page(self, token: str) -> Mapping[str, Any]:
        page = self._call(
            self._client.list_users,
            UserPoolId=self.user_pool_id,
            Limit=_PAGE,
            **({"PaginationToken": token} if token else {}),
        )
        if isinstance(page, _Refused):
            raise _outage(page)
        return page

    def _log_in(
        self, identifier: str, names: tuple[str, ...], password: str
    ) -> LegacyUser | None:
        data = self._found(names)
        user = self._known(identifier, data)
        if user is None or data is None:
            return None
        parameters = {"USERNAME": data["Username"], "PASSWORD": password}
        if self._secret is not None:
            parameters["SECRET_HASH"] = self._secret_hash(data["Username"])
        answer = self._call(
            self._client.admin_initiate_auth,
            UserPoolId=self.user_pool_id,
            ClientId=self._client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters=parameters,
        )
        if isinstance(answer, _Refused):
            if _is_no(answer):
                return None
            raise _outage(answer)
        return self._challenged(user, answer)

    def _challenged(
        self, user: LegacyUser, answer: Mapping[str, Any]
    ) -> LegacyUser | None:
        # The tokens are dropped: nobody logs in to Cognito here.
        challenge = answer.get("ChallengeName")
        result = answer.get("AuthenticationResult") or {}
        if challenge is None and result.get("AccessToken"):
            return user
        if challenge == _NEW_PASSWORD:
            return attrs.evolve(user, must_change_password=True)
        if challenge in _SECOND_FACTORS and self._password_alone is True:
            return user
        if challenge in _SECOND_FACTORS:
            failure = "the user has a second factor"
        else:
            failure = "the answer to a login is neither yes nor no"
        raise LegacyUnavailableError(failure, answered=True)

    def _secret_hash(self, username: str) -> str:
        key = (self._secret or "").encode()
        text = (username + self._client_id).encode()
        return base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()

    def _found(self, names: tuple[str, ...]) -> Mapping[str, Any] | None:
        for name in names:
            answer = self._call(
                self._client.admin_get_user,
                UserPoolId=self.user_pool_id,
                Username=name,
            )
            if not isinstance(answer, _Refused):
                return answer
            if answer.code != "UserNotFoundException" or answer.status != 400:
                raise _outage(answer)
        return None

    def _known(
        self, identifier: str, data: Mapping[str, Any] | None
    ) -> LegacyUser | None:
        if data is None:
            return None
        pairs = data.get("UserAttributes")
        user = self._user(data, pairs)
        values = _values(pairs)
        # Cognito finds users by these, too, and here they are nobody's name.
        if identifier.strip() in {values.get("sub"), values.get("phone_number")}:
            return None
        return user if is_asked(user, identifier) else None

    def _user(self, data: Mapping[str, Any], pairs: object) -> LegacyUser:
        values = _values(pairs)
        name, sub = data.get("Username"), values.get("sub")
        if type(name) is not str or type(sub) is not str or not name or not sub:
            raise ContractError("A user of the pool has no name or no sub.")
        fields: dict[str, Any] = {
            "user_id": sub,
            # Where people log in by e-mail, the name is one that nobody knows.
            "username": None if name == sub or "@" in name else name,
            "blocked": data.get("Enabled") is not True,
            "must_change_password": data.get("UserStatus") in _MUST_CHANGE,
            "created_at": _utc(data.get("UserCreateDate")),
        }
        for attribute, target in self._columns.mapping.items():
            fields[target] = values.get(attribute)
        return user_of(Row(fields, {}))

    def _call(
        self, method: Callable[..., Mapping[str, Any]], **arguments: Any
    ) -> Mapping[str, Any] | _Refused:
        try:
            return method(**arguments)
        except ClientError as exc:
            error = exc.response.get("Error", {})
            metadata = exc.response.get("ResponseMetadata", {})
        return _Refused(
            str(error.get("Code", "")),
            str(error.get("Message", "")),
            metadata.get("HTTPStatusCode", 0),
        )

    def _asked(self, question: Callable[[], T]) -> T:
        """
        Return the answer to *question*; whatever goes wrong is an outage.
        """
        try:
            with answered_by(time.monotonic() + self._deadline):
                return question()
        except MigrateKitError as exc:
            error = exc
        except Exception as exc:  # noqa: BLE001 -- botocore raises what it likes
            error = LegacyUnavailableError(type(exc).__name__)
        # No frame that has seen a password or a token is in the traceback of this one.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        raise error


def _names(identifier: object) -> tuple[str, ...]:
    """
    Return the names to look for; none for what can be nobody's.
    """
    try:
        form = canonical(identifier).value
        typed = canonical(identifier, strategy_version=1).value
    except ValueError:
        return ()
    names = dict.fromkeys((form, typed))
    return tuple(name for name in names if _is_possible(name))


def _is_possible(name: str) -> bool:
    # Anything else is an error of Cognito's, and not "nobody".
    return len(name) <= _USERNAME_CHARACTERS and not any(map(str.isspace, name))


def _utc(moment: object) -> object:
    # boto3 gives it in the zone of this machine.
    return moment.astimezone(dt.UTC) if isinstance(moment, dt.datetime) else moment


def _values(pairs: object) -> dict[str, str]:
    if not isinstance(pairs, list):
        raise ContractError("A user of the pool has no attributes.")
    return {pair["Name"].lower(): pair.get("Value", "") for pair in pairs}


def _is_no(refused: _Refused) -> bool:
    if refused.code not in _NO or refused.status != 400:
        return False
    ours = refused.code == "NotAuthorizedException" and _OURS.search(refused.message)
    return not ours


def _outage(refused: _Refused) -> LegacyUnavailableError:
    shown = refused.code if refused.code.isidentifier() else "an error"
    answered = refused.code in _ABOUT_ONE and refused.status == 400
    return LegacyUnavailableError(f"it answered {shown[:60]}", answered=answered)
