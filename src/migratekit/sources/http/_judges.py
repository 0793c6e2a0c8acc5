"""
What the errors of OAuth providers mean.

What a provider says before it has looked at the password is a no here: passed on as it
is, it would tell anybody who has an account.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from migratekit.errors import LegacyUnavailableError
from migratekit.sources._lookup import Verdict, Vouched


_CODES: Final = {
    "access_denied",
    "consent_required",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "mfa_required",
    "requires_verification",
    "too_many_attempts",
    "unauthorized",
    "unauthorized_client",
    "unsupported_grant_type",
}


Judge: TypeAlias = Callable[[Mapping[str, Any]], Verdict]
"""Takes the body of an error; raises what it does not know."""


def _unknown(code: object) -> LegacyUnavailableError:
    # Nothing is quoted that could be an echo of what was sent.
    shown = type(code) is str and code in _CODES
    failure = f"it answered {code}" if shown else "it refused"
    return LegacyUnavailableError(failure, answered=True)


def judge(data: Mapping[str, Any]) -> Verdict:
    """
    Judge by the standard: ``invalid_grant`` is a no.

    Raises:
        migratekit.errors.LegacyUnavailableError: If it is another error.
    """
    if data.get("error") == "invalid_grant":
        return None
    raise _unknown(data.get("error"))


def judge_auth0(data: Mapping[str, Any]) -> Verdict:
    """
    Judge as Auth0 means it.

    Besides ``invalid_grant``, a user it blocked and a password it knows to have leaked
    are a no.

    Raises:
        migratekit.errors.LegacyUnavailableError: If it is another error.
    """
    error, detail = data.get("error"), data.get("error_description")
    if error == "password_leaked":
        return None
    if error == "unauthorized" and detail in ("user is blocked", "user is blocked."):
        return None
    return judge(data)


def judge_keycloak(data: Mapping[str, Any]) -> Verdict:
    """
    Judge as Keycloak means it.

    It says that an account is not set up only after the right password, and that one is
    disabled before it has looked at the password.

    Raises:
        migratekit.errors.LegacyUnavailableError: If it is another error.
    """
    detail = data.get("error_description")
    if data.get("error") == "invalid_grant" and detail == _NOT_SET_UP:
        return Vouched(must_change_password=True)
    return judge(data)


_NOT_SET_UP: Final = "Account is not fully set up"

_ENTRA_NO: Final = {
    50034,  # no such user
    50056,  # no password in this directory
    50057,  # disabled: said without a look at the password
    50126,  # wrong user name or password
}
_ENTRA_EXPIRED: Final = {50055, 50144}  # said after the right password
_ENTRA_SHOWN: Final = {
    50053,  # locked, or an address that is kept out
    50076,  # a second factor
    50079,  # the same, to be set up
    50158,  # the same, elsewhere
    53003,  # a policy
    65001,  # nobody has consented to the app
}


def judge_entra(data: Mapping[str, Any]) -> Verdict:
    """
    Judge as Microsoft Entra means it: by its numbers, of which most are no answer.

    Raises:
        migratekit.errors.LegacyUnavailableError:
            If it is another one, such as for a second factor or a locked account.
    """
    codes = data.get("error_codes")
    if data.get("error") == "invalid_grant" and type(codes) is list and codes:
        if all(type(code) is int and code in _ENTRA_NO for code in codes):
            return None
        if all(type(code) is int and code in _ENTRA_EXPIRED for code in codes):
            return Vouched(must_change_password=True)
        if type(codes[0]) is int and codes[0] in _ENTRA_SHOWN:
            failure = f"it answered AADSTS{codes[0]}"
            raise LegacyUnavailableError(failure, answered=True)
    raise _unknown(data.get("error"))
