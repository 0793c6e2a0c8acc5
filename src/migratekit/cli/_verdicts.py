"""
What would come of logins, in plain words, and what to do about it.
"""

from typing import Final, Literal

import attrs

from migratekit.cli._application import EitherConnection
from migratekit.cli._findings import Finding
from migratekit.cli._rehearsal import Verdict
from migratekit.events import one_line
from migratekit.overview import _words as words
from migratekit.validation import message_of


_OUTCOMES: Final = {
    "stored": "is stored already, and gets in",
    "blocked": words.reason("account_blocked"),
    "denied": words.reason("other"),
    "refused": "refused",
}
_MESSAGES: Final = {
    "password_too_short": "The password is shorter than your rules want it.",
    "password_too_common": "Many people have this password.",
}
# All others have the codes of violations, or a rule's own word.
_FOR_A_REASON: Final = frozenset({"refused", "failed"})
_LATER: Final = frozenset({"must_change", "weak_password"})

_WHO_IS_WHO: Final = (
    "Find out who is who: somebody else has it, in the new store or in the old system."
)
_MEND: Final = "Mend it in the old system."
_REACH: Final = "See that it runs and can be reached from here, and try again."
_LOOK: Final = (
    "The source must return the user that it was asked for; the password_check and the "
    "rules of the validator must return violations, and not raise: see which does not."
)
_OF_OUTCOME: Final = {
    "invalid": "Mend the profile in the old system, or relax the policy.",
    "taken": _WHO_IS_WHO,
    "blocked": "If they are to get in, unblock them.",
    "must_change": "Nothing, if they are to choose a new password at their first "
    "login; else say in the source that they need not.",
    "weak_password": "Nothing, if they are to choose a better one at their first "
    "login; else see weak_legacy_password of the policy.",
    "denied": "Look at the rules of the connection.",
    "failed": "See that the store and the source can be asked, and try again.",
}
_OF_VIOLATION: Final = {
    "email_missing": "Give them one in the old system; if all are like this, see "
    "strategy_version of the policy.",
    "email_invalid": _MEND,
    "email_taken": _WHO_IS_WHO,
    "username_missing": "Give them one in the old system, or see requires_username of "
    "the policy.",
    "username_invalid": _MEND,
    "username_is_email": "Mend it in the old system; if all are like this, have the "
    "source leave the username out.",
    "username_length": "Mend it in the old system, or see username_length of the "
    "policy.",
    "username_taken": _WHO_IS_WHO,
}
_OF_REASON: Final = {
    "ambiguous_user": "Find out who is who in the old system, and let only one of them "
    "have it.",
    "bad_input": "Look at what was typed: it is empty, too long, or cannot be typed.",
    "contract": _LOOK,
    "gone": "Try again.",
    "legacy_unavailable": _REACH,
    "no_password": "They have to reset their password.",
    "overloaded": "Try again.",
    "retired": "If they were deleted, and are to move again, readmit them.",
    "stale_record": "Try again.",
    "store_unavailable": _REACH,
    "unknown_or_wrong": "Is it the right password?  If so, look at the format of the "
    "hashes, or at login of the source.",
    "unusable_hash": "Look at the format of the hashes: this one is of another kind.",
    "wrong_password": "Is it the right password?  They are stored, so that one from "
    "before may have been changed since.",
}
_NO_KEY: Final = (
    "Give the connection a secret_key: without one, nobody can change their password."
)


@attrs.frozen
class Judge:
    """
    Says what a verdict means for the users of an application.

    Args:
        refuses_weak: Whether weak legacy passwords are refused.
        may_change: Whether a password can be changed at the first login.
    """

    refuses_weak: bool
    may_change: bool

    @classmethod
    def of(cls, connection: EitherConnection) -> "Judge":
        """
        Return the one for the application of *connection*.
        """
        weak = connection.policy.weak_legacy_password
        return cls(weak == "refuse", connection.has_secret_key)

    def finding(self, who: str, verdict: Verdict) -> Finding:
        """
        Return *verdict* about *who* for people.

        It is wrong if they would not get in, and a note if there is something first.
        """
        outcome = verdict.outcome
        text = f"{who}: {_OUTCOMES.get(outcome) or words.rehearsed(outcome)}"
        if outcome in _FOR_A_REASON and verdict.codes:
            text += f": {', '.join(map(words.reason, verdict.codes))}."
        else:
            text += "".join([".", *map(_spelled, verdict.codes)])
        if verdict.detail:
            text += f"  {one_line(verdict.detail).rstrip('.')}."
        if verdict.drift:
            fields = ", ".join(map(one_line, verdict.drift))
            text += f"  But login and get_user do not say the same: {fields}."
        return Finding(self._level(verdict), outcome, text, self._advice(verdict))

    def _level(self, verdict: Verdict) -> Literal["ok", "note", "wrong"]:
        if verdict.outcome in _LATER:
            is_lost = self._is_refused(verdict) or not self.may_change
            return "wrong" if is_lost else "note"
        if verdict.outcome in {"would_move", "stored"}:
            return "note" if verdict.drift else "ok"
        return "wrong"

    def _is_refused(self, verdict: Verdict) -> bool:
        return self.refuses_weak and verdict.outcome == "weak_password"

    def _advice(self, verdict: Verdict) -> str:
        if verdict.drift:
            return "Have both return the same user."
        if verdict.outcome in _LATER and not self._is_refused(verdict):
            return _OF_OUTCOME[verdict.outcome] if self.may_change else _NO_KEY
        if self._is_refused(verdict):
            return "They have to reset it by mail; or see weak_legacy_password."
        table = _OF_REASON if verdict.outcome in _FOR_A_REASON else _OF_VIOLATION
        known = [table[code] for code in verdict.codes if code in table]
        advice = known or [_OF_OUTCOME.get(verdict.outcome, "")]
        return "  ".join(dict.fromkeys(advice))


def _spelled(code: str) -> str:
    message = message_of(code) or _MESSAGES.get(code)
    if message is None:
        return f"  {words.foreign(code)}."
    return f"  {message.removesuffix('.')} ({code})."
