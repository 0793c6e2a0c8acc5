"""
What servers add to the protocol: how they say no, and how entries say "blocked".
"""

import datetime as dt
import enum
import re
from typing import ClassVar, Final, Protocol

import attrs

from migratekit.errors import LegacyUnavailableError
from migratekit.sources.ldap._entries import Flags
from migratekit.sources.ldap._terms import same_name
from migratekit.sources.ldap._wire import (
    INAPPROPRIATE_AUTHENTICATION,
    INVALID_CREDENTIALS,
    NO_SUCH_OBJECT,
    SUCCESS,
    Entry,
    Outcome,
)


class Verdict(enum.Enum):
    """
    What the answer to a bind says about the password.
    """

    YES = enum.auto()
    NO = enum.auto()
    BLOCKED = enum.auto()  # right, but nobody is let in
    MUST_CHANGE = enum.auto()  # right, but to be changed first


class Flavour(Protocol):
    """
    What differs between servers.
    """

    attributes: ClassVar[tuple[str, ...]]
    """Attributes that are needed besides the mapped ones."""

    def verdict(self, outcome: Outcome) -> Verdict:
        """
        Return what *outcome* of a bind means.

        Raises:
            migratekit.errors.LegacyUnavailableError: If it says nothing.
        """

    def flags(self, entry: Entry) -> Flags:
        """
        Return what *entry* says about its account.
        """

    def is_whom(self, who: str, entry: Entry) -> bool:
        """
        Return whether *who*, in the words of the server, is *entry*.
        """


# Operations error, limits of time and of the administrator, busy, unavailable, other.
_NOT_NOW: Final = frozenset({1, 3, 11, 51, 52, 80})


def _verdict(outcome: Outcome) -> Verdict:
    if outcome.code == SUCCESS:
        return Verdict.YES
    # The entry may be gone since it was found, or have no password at all.
    if outcome.code in {
        INVALID_CREDENTIALS,
        NO_SUCH_OBJECT,
        INAPPROPRIATE_AUTHENTICATION,
    }:
        return Verdict.NO
    failure = f"the server says {outcome.code} to a bind"
    raise LegacyUnavailableError(failure, answered=outcome.code not in _NOT_NOW)


def _is_true(entry: Entry, name: str) -> bool:
    return [one.upper() for one in entry.attributes.get(name, ())] == [b"TRUE"]


@attrs.frozen
class Standard:
    """
    What the standards say, and OpenLDAP's password policy.
    """

    attributes: ClassVar[tuple[str, ...]] = ("pwdReset", "pwdAccountLockedTime")

    _FOR_GOOD: ClassVar[bytes] = b"000001010000Z"

    def verdict(self, outcome: Outcome) -> Verdict:
        return _verdict(outcome)

    def flags(self, entry: Entry) -> Flags:
        # Another time is that of too many wrong guesses, and passes.
        locked = entry.attributes.get("pwdaccountlockedtime", ())
        return Flags(self._FOR_GOOD in locked, _is_true(entry, "pwdreset"))

    def is_whom(self, who: str, entry: Entry) -> bool:
        return who.lower().startswith("dn:") and same_name(who[3:], entry.dn)


_SUB_CODE: Final = re.compile(
    r"80090308: LdapErr: DSID-[0-9A-Fa-f]+, comment: AcceptSecurityContext error, "
    r"data ([0-9A-Fa-f]+), v[0-9A-Fa-f]+\x00?"
)
# All of them are told only after the right password.  775 (locked out) is not among
# them: it is told after a wrong one, too.
_SUB_CODES: Final = {
    "530": Verdict.BLOCKED,  # not at this time
    "531": Verdict.BLOCKED,  # not from this computer
    "532": Verdict.MUST_CHANGE,  # password expired
    "533": Verdict.BLOCKED,  # account disabled
    "701": Verdict.BLOCKED,  # account expired
    "773": Verdict.MUST_CHANGE,  # must change at the next login
}
_DISABLED: Final = 0x2
_PASSWORD_EXPIRED: Final = 0x800000
_NEVER: Final = frozenset({0, 0x7FFFFFFFFFFFFFFF})
_EPOCH: Final = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)


@attrs.frozen
class ActiveDirectory:
    """
    What Active Directory says.
    """

    attributes: ClassVar[tuple[str, ...]] = (
        "sAMAccountName",
        "userAccountControl",
        "msDS-User-Account-Control-Computed",
        "accountExpires",
        "pwdLastSet",
    )

    def verdict(self, outcome: Outcome) -> Verdict:
        if outcome.code == INVALID_CREDENTIALS:
            match = _SUB_CODE.fullmatch(outcome.text)
            code = match[1].lower() if match else ""
            return _SUB_CODES.get(code, Verdict.NO)
        return _verdict(outcome)

    def flags(self, entry: Entry) -> Flags:
        control = _number(entry, "useraccountcontrol") or 0
        computed = _number(entry, "msds-user-account-control-computed") or 0
        must_change = _number(entry, "pwdlastset") == 0
        return Flags(
            blocked=bool(control & _DISABLED) or _is_past(entry, "accountexpires"),
            must_change_password=must_change
            or bool((control | computed) & _PASSWORD_EXPIRED),
        )

    def is_whom(self, who: str, entry: Entry) -> bool:
        # u:DOMAIN\name
        names = entry.attributes.get("samaccountname", ())
        account = who.rpartition("\\")[2].casefold()
        return who.startswith("u:") and account in {
            name.decode(errors="replace").casefold() for name in names
        }


def _number(entry: Entry, name: str) -> int | None:
    values = entry.attributes.get(name, ())
    try:
        return int(values[0]) if values else None
    except ValueError:
        return None


def _is_past(entry: Entry, name: str) -> bool:
    number = _number(entry, name)
    if number is None or number in _NEVER:
        return False
    try:
        moment = _EPOCH + dt.timedelta(microseconds=number // 10)
    except OverflowError:
        return False
    return moment <= dt.datetime.now(dt.UTC)
