"""
What can be found out about a source.
"""

import secrets
from collections.abc import Iterator
from math import ceil
from statistics import median
from typing import Final

from migratekit.cli._application import Application, EitherConnection
from migratekit.cli._findings import Finding
from migratekit.cli._passwords import KnownUser
from migratekit.cli._probe import Answer, Probe, nobody
from migratekit.errors import (
    AccountBlockedError,
    InvalidCredentialsError,
    LegacyUnavailableError,
    LookupUnsupportedError,
    MigrateKitError,
    PasswordChangeRequiredError,
    PasswordRejectedError,
    ProfileInvalidError,
)
from migratekit.events import ProfileDrift, one_line
from migratekit.models import LegacyUser
from migratekit.protocols import CountableSource, WalkableSource


_TIMES: Final = 3


def check_source(
    application: Application, test_user: KnownUser | None
) -> Iterator[Finding]:
    """
    Yield what is found out about the application's source.
    """
    connection = application.connection
    if connection.is_cut_over:
        yield Finding(
            "note", "source", "There is no source any more: the connection is cut over."
        )
        return
    probe = Probe(application)
    asked = [probe.get_user(nobody()) for _ in range(_TIMES)]
    yield from _random_users(asked)
    outage = next((a.error for a in asked if _is_outage(a)), None)
    if outage is None:
        yield from _abilities(connection.source)
        refused = [probe.log_in(nobody(), secrets.token_hex()) for _ in range(_TIMES)]
        yield from _random_logins(refused)
        yield from _times(asked, refused, connection)
        if test_user is not None:
            yield from _test_login(application, test_user)


def _is_outage(answer: Answer) -> bool:
    return isinstance(answer.error, LegacyUnavailableError)


def _random_users(asked: list[Answer]) -> Iterator[Finding]:
    about = "source.get_user"
    for answer in asked:
        if _is_outage(answer):
            yield Finding(
                "wrong",
                "source",
                _said(answer.error),
                "See that it runs, can be reached from here, and that the account the "
                "application uses for it may read.",
            )
            return
        if isinstance(answer.error, LookupUnsupportedError):
            yield Finding(
                "note",
                about,
                "The source cannot look users up without a password, so that nobody "
                "can sign up, and nobody reset a password before they moved.",
                "If there is another way to look them up: with_lookup().",
            )
            return
        if answer.error is not None or answer.value is not None:
            detail = "" if answer.error is None else f"  {_said(answer.error)}"
            yield Finding(
                "wrong",
                about,
                "get_user of a random address did not answer None, which means that "
                f"nobody has it.{detail}",
                "Look at how the source finds a user; it must compare the whole "
                "identifier.",
            )
            return
    yield Finding(
        "ok", about, f"The source answers, and knows none of {_TIMES} random addresses."
    )


def _random_logins(refused: list[Answer]) -> Iterator[Finding]:
    about = "source.login"
    for answer in refused:
        if isinstance(answer.error, InvalidCredentialsError):
            continue
        detail = (
            "let one in" if answer.error is None else f"said: {_said(answer.error)}"
        )
        yield Finding(
            "wrong",
            about,
            f"Logins of random addresses must be refused, and the source {detail}",
            "Look at login of the source: for whoever is unknown it must return None.",
        )
        return
    yield Finding("ok", about, f"The source lets none of {_TIMES} random addresses in.")


def _times(
    asked: list[Answer], refused: list[Answer], connection: EitherConnection
) -> Iterator[Finding]:
    policy = connection.policy
    slowest = max(answer.took for answer in asked)
    if slowest > policy.legacy_deadline / 2:
        yield Finding(
            "note",
            "source.time",
            f"The source took {slowest:.2f} s for an answer, and is given up after "
            f"{policy.legacy_deadline:g} s.",
            "Make it faster, or "
            f"{_how_to_set(connection, 'legacy_deadline', ceil(2 * slowest))}.",
        )
    usual = median(answer.took for answer in refused)
    longest = max(answer.took for answer in refused)
    floor = policy.failure_floor
    took = f"A failed login took {usual:.2f} s, at most {longest:.2f} s"
    how = _how_to_set(connection, "failure_floor", _floor(longest))
    advice = f"Measure again at rest; then {how}, or more."
    about = "policy.failure_floor"
    if usual > floor:
        yield Finding(
            "wrong",
            about,
            f"{took}, and failure_floor is {floor:g} s: the time it takes tells "
            "everybody who has moved.",
            advice,
        )
    elif longest > floor * 0.7:
        yield Finding(
            "note",
            about,
            f"{took}; that is close to failure_floor, {floor:g} s.",
            advice,
        )
    else:
        yield Finding(
            "ok", about, f"{took}; failure_floor, {floor:g} s, hides the difference."
        )


def _how_to_set(connection: EitherConnection, option: str, value: float) -> str:
    if connection.settings is None:
        return f"set {option} of the policy to {value:g}"
    # They go before the policy.
    whose = connection.settings.current().connection_id
    return f"run migratekit settings update {whose} {option}={value:g}"


def _floor(seconds: float) -> float:
    """
    Return a floor with some room, in quarters of a second.
    """
    return max(0.25, round(seconds * 2 * 4 + 0.5) / 4)


def _abilities(source: object) -> Iterator[Finding]:
    kind = type(source).__name__
    if not isinstance(source, CountableSource):
        yield Finding(
            "note",
            "source.count",
            f"{kind} cannot count its users, so that nobody can tell how many remain.",
            "If it can be made to, as with_count() does for SQL, do.",
        )
    if not isinstance(source, WalkableSource):
        yield Finding(
            "note",
            "source.iter_users",
            f"{kind} cannot list its users, so that those who remain in the end cannot "
            "be exported, imported or reserved from here.",
            "If it can be made to, as with_listing() does for SQL, do.",
        )


# --- The test user ---------------------------------------------------------------


def _test_login(application: Application, test_user: KnownUser) -> Iterator[Finding]:
    about = "source.test_user"
    name = one_line(test_user.identifier)
    probe = Probe(application)
    answer = probe.log_in(test_user.identifier, test_user.password)
    if answer.error is None:
        yield Finding(
            "ok", about, f"The source lets {name} in, who could move; nobody was moved."
        )
    else:
        yield _refusal(name, answer.error)
        if isinstance(answer.error, LegacyUnavailableError | InvalidCredentialsError):
            return
    yield from _drift(application, test_user, probe)


def _refusal(name: str, error: MigrateKitError) -> Finding:
    about = "source.test_user"
    if isinstance(error, InvalidCredentialsError):
        return Finding(
            "wrong",
            about,
            f"The source does not let {name} in ({one_line(error.reason)}).",
            "Is it the right password?  If so, look at the format of the hashes, or at "
            "login of the source.",
        )
    if isinstance(error, AccountBlockedError | PasswordChangeRequiredError):
        return Finding("note", about, f"The password of {name} is right.  {error}")
    if isinstance(error, PasswordRejectedError):
        return Finding(
            "note", about, f"The password of {name} is right, but refused as too weak."
        )
    if isinstance(error, ProfileInvalidError):
        found = " ".join(violation.message for violation in error.violations)
        return Finding(
            "wrong",
            about,
            f"The password of {name} is right, but they cannot move: {one_line(found)}",
            "Mend the profile in the old system, or choose another test user; if all "
            "are like this, see strategy_version and requires_username.",
        )
    return Finding("wrong", about, f"The login of {name} failed.  {_said(error)}")


def _drift(
    application: Application, test_user: KnownUser, probe: Probe
) -> Iterator[Finding]:
    about = "source.drift"
    name = one_line(test_user.identifier)
    drifts = [event for event in probe.events if isinstance(event, ProfileDrift)]
    # Another one: the first has them in its store now.
    typed = Probe(application).get_user(test_user.identifier)
    other = Probe(application).get_user(test_user.identifier.swapcase())
    if isinstance(typed.error, LookupUnsupportedError):
        return
    if drifts or not isinstance(typed.value, LegacyUser):
        fields = ", ".join(drifts[0].fields) if drifts else "user_id"
        yield Finding(
            "wrong",
            about,
            f"login and get_user do not say the same about {name}: {fields}.",
            "Have both return the same user, or whoever resets a password before their "
            "first login moves as somebody else.",
        )
    elif not isinstance(other.value, LegacyUser):
        yield Finding(
            "wrong",
            about,
            f"get_user does not find {name} in another letter case.",
            "Compare identifiers without letter case, or people can sign up with "
            "somebody's address.",
        )
    else:
        yield Finding("ok", about, f"login and get_user agree about {name}.")


def _said(error: MigrateKitError | None) -> str:
    return one_line(error)
