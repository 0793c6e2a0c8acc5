"""
All exceptions, in one tree.

No message, argument, attribute or cause ever holds a password, a hash or a token,
except `PasswordChangeRequiredError.token`, which is what the error is for.
"""

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import attrs


@attrs.frozen
class Violation:
    """
    One thing that is wrong with a profile or a password.

    Args:
        code: For programs, such as ``email_missing``; stable.
        field: ``email``, ``username``, ``password`` or a field of your own rule.
        message: For people.
    """

    code: str
    field: str
    message: str


class MigrateKitError(Exception):
    """
    Superclass of all exceptions.  Never raised itself.

    *status_hint* is what an HTTP application should answer.
    """

    status_hint: ClassVar[int] = 500

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled by their arguments, which are not ours to our __init__.
        return _restore, (type(self), self.args, self.__dict__)


class InvalidCredentialsError(MigrateKitError):
    """
    Identifier and password do not belong together.

    The message is the same for every cause; *reason* is for logs only.
    """

    status_hint = 401

    def __init__(self, reason: str) -> None:
        super().__init__("Wrong e-mail, username or password.")
        self.reason = reason


class AccountBlockedError(MigrateKitError):
    """
    The password was right, but the account is blocked.
    """

    status_hint = 403

    def __init__(self) -> None:
        super().__init__("This account is blocked.")


class PasswordChangeRequiredError(MigrateKitError):
    """
    The password was right, but must be changed before anything else.

    *token* is for `finish_password_change()`, or None where no change can be made
    here: no ``secret_key``, ``import_mode`` off, or ``rehearse`` on.
    """

    status_hint = 403

    def __init__(self, token: str | None) -> None:
        super().__init__("The password must be changed first.")
        self.token = token


class AccessDeniedError(MigrateKitError):
    """
    A rule or the policy refused.  *reason* is the rule's own.
    """

    status_hint = 403

    def __init__(self, reason: str) -> None:
        super().__init__("Access was denied.")
        self.reason = reason


class OverloadedError(MigrateKitError):
    """
    Too many passwords are being checked at the moment.

    Raised before anybody is looked up: it says nothing about the identifier or the
    password, and the same is worth trying again in a few seconds.
    """

    status_hint = 503

    def __init__(self) -> None:
        super().__init__("Too many passwords are being checked.  Try again soon.")


class TooManyAttemptsError(MigrateKitError):
    """
    Too many attempts have failed, or too many were made, to make another one now.

    *retry_after* is the number of seconds to wait, as in the HTTP header of that name;
    None if waiting does not help, but only a reset of the password.
    """

    status_hint = 429

    def __init__(self, wait: float) -> None:
        super().__init__("Too many attempts.  Try again later.")
        self.retry_after = None if math.isinf(wait) else max(1, math.ceil(wait))


class PasswordRejectedError(MigrateKitError):
    """
    A new password breaks the rules (or a legacy one, where the policy refuses those).
    """

    status_hint = 422

    def __init__(self, violations: Iterable[Violation]) -> None:
        super().__init__("The password breaks the rules.")
        self.violations = tuple(violations)


class LegacyUnavailableError(MigrateKitError):
    """
    The legacy source could not be asked.  Says nothing about the password.

    Args:
        detail: What went wrong, for logs.

        answered:
            Whether it did answer, but neither yes nor no, as where somebody has a
            second factor, or is locked out.  Then it is not down, and is not left alone
            for it: one person's account must not be in everybody's way.
    """

    status_hint = 503

    def __init__(self, detail: str = "", *, answered: bool = False) -> None:
        super().__init__(_sentence("The legacy source could not be asked", detail))
        self.answered = answered


class StoreUnavailableError(MigrateKitError):
    """
    The store could not be asked, or did not answer.
    """

    status_hint = 503

    def __init__(self, detail: str = "") -> None:
        super().__init__(_sentence("The user store could not be asked", detail))


class ProfileInvalidError(MigrateKitError):
    """
    The profile breaks strategy_version 2.  *violations* lists everything at once.
    """

    status_hint = 422

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        codes = ", ".join(violation.code for violation in self.violations)
        super().__init__(f"The profile is not valid: {codes}.")


class UserExistsError(MigrateKitError):
    """
    Another user has what must be unique.

    *field* is ``email``, ``username`` or ``legacy_id``.
    """

    status_hint = 409

    def __init__(self, field: str) -> None:
        super().__init__(f"Another user has this {field}.")
        self.field = field


class AlreadyMigratedError(MigrateKitError):
    """
    The ledger knows this user already.

    *legacy_id* is whom the key that was met belongs to, if anybody.
    """

    status_hint = 409

    def __init__(self, legacy_id: str | None) -> None:
        super().__init__("This user has moved already.")
        self.legacy_id = legacy_id


class StaleRecordError(MigrateKitError):
    """
    The record was changed or deleted since it was read.
    """

    status_hint = 409

    def __init__(self) -> None:
        super().__init__("The record has changed since it was read.")


class UserNotFoundError(MigrateKitError):
    """
    No user is stored under this id.
    """

    status_hint = 404

    def __init__(self) -> None:
        super().__init__("No such user.")


class InvalidTokenError(MigrateKitError):
    """
    The token is forged, expired, used, or made for a state that is gone.
    """

    status_hint = 400

    def __init__(self) -> None:
        super().__init__("This link is not valid any more.")


class UnusableHashError(MigrateKitError):
    """
    A stored hash is malformed, of no declared format, or over a cost ceiling.

    *masked* shows the kind of hash and nothing of its digest; *detail* says what is
    wrong.  *over_ceiling* is true of one that was judged without a password, and of
    which only the cost is.
    """

    def __init__(self, masked: str, detail: str, *, over_ceiling: bool = False) -> None:
        super().__init__(_sentence(f"The stored hash {masked} cannot be used", detail))
        self.masked = masked
        self.detail = detail
        self.over_ceiling = over_ceiling


class SwitchRefusedError(MigrateKitError):
    """
    Stored users cannot be compared by strategy version 2 as they are.  *findings* is
    how much stands against it; nothing was written.
    """

    status_hint = 409

    def __init__(self, findings: int) -> None:
        super().__init__(
            f"The stored users do not fit strategy version 2: {findings} findings.  "
            "migratekit preflight --stored lists them."
        )
        self.findings = findings


class CutOverRefusedError(MigrateKitError):
    """
    Users remain in the source.  *remaining* is their number.
    """

    status_hint = 409

    def __init__(self, remaining: int) -> None:
        super().__init__(
            f"{remaining} users have not moved yet.  Cutting over locks them out; "
            "force=True does it all the same."
        )
        self.remaining = remaining


class ContractError(MigrateKitError):
    """
    An adapter broke its protocol.
    """


class AmbiguousUserError(ContractError):
    """
    The source knows several users by one identifier, so it is nobody's for certain.
    """


class ConfigurationError(MigrateKitError):
    """
    The connection is put together wrongly, or cannot do what it was asked for.
    """


class LookupUnsupportedError(ConfigurationError):
    """
    The source cannot look a user up without their password.
    """

    def __init__(self) -> None:
        super().__init__(
            "This source cannot look a user up without the password.  Give it a second "
            "one that can."
        )


def _sentence(start: str, detail: str) -> str:
    return f"{start}: {detail}." if detail else f"{start}."


def _restore(
    kind: type[MigrateKitError], args: tuple[str, ...], state: dict[str, Any]
) -> MigrateKitError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
