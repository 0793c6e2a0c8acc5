"""
What came of the logins that the application itself has rehearsed, as it was recorded.
"""

from collections.abc import Iterator
from typing import Any

import attrs

from migratekit.cli._application import EitherConnection
from migratekit.cli._findings import Finding
from migratekit.cli._fleet import Fleet
from migratekit.cli._rehearsal import Verdict
from migratekit.cli._verdicts import Judge
from migratekit.overview import Overview
from migratekit.overview import _words as words


class Rehearsed:
    """
    What an overview tells of rehearsed logins.
    """

    def __init__(self, connection: EitherConnection, overview: Overview) -> None:
        self._connection = connection
        self._overview = overview
        self._statistics = overview.statistics
        self._judge = Judge.of(connection)

    @property
    def headline(self) -> str:
        """
        The whole in a sentence; and if nothing was recorded, what to do about it.
        """
        if self._statistics is None:
            return (
                "This store keeps no statistics, so that nobody can tell what came of "
                "rehearsed logins: look for MigrationRehearsed in the log."
            )
        since = words.day(self._statistics.since)
        if not self._logins:
            return f"No rehearsed login was recorded since {since}.  {self._what_to_do}"
        kept_out = f"{self._kept_out:,}" if self._kept_out else "nobody"
        return (
            f"{words.logins(self._logins)} rehearsed since {since}; {kept_out} would "
            "have been kept out."
        )

    def findings(self) -> Iterator[Finding]:
        """
        Yield what there was, how often, and what to do about it.
        """
        if self._statistics is None:
            return
        codes = self._statistics.rehearsed_codes
        for outcome, number in self._statistics.rehearsed.items():
            why = {
                name.removeprefix(f"{outcome}."): times
                for name, times in codes.items()
                if name.startswith(f"{outcome}.")
            }
            # Codes that add up to it say the same as the outcome, and why.
            adds_up = sum(why.values()) == number
            if not adds_up:
                yield self._finding(words.logins(number), outcome)
            for code, times in why.items():
                who = words.logins(times) if adds_up else f"{times:,} of them"
                yield self._finding(who, outcome, code)

    def as_object(self) -> dict[str, Any]:
        """
        Return all of it for programs; None for what nobody can tell.
        """
        statistics = self._statistics
        is_known = statistics is not None
        return {
            "text": self.headline,
            "rehearse": self._connection.policy.rehearse,
            "since": statistics and statistics.since,
            "first_day": statistics and statistics.first_day,
            "logins": self._logins if is_known else None,
            "kept_out": self._kept_out if is_known else None,
            "outcomes": statistics and statistics.rehearsed,
            "codes": statistics and statistics.rehearsed_codes,
            "findings": [attrs.asdict(finding) for finding in self.findings()],
        }

    def _finding(self, who: str, outcome: str, *codes: str) -> Finding:
        return self._judge.finding(who, Verdict(outcome=outcome, codes=codes))

    @property
    def _counts(self) -> dict[str, int]:
        return {} if self._statistics is None else self._statistics.rehearsed

    @property
    def _logins(self) -> int:
        return sum(self._counts.values())

    @property
    def _kept_out(self) -> int:
        return sum(
            number
            for outcome, number in self._counts.items()
            if self._finding("", outcome).level == "wrong"
        )

    @property
    def _what_to_do(self) -> str:
        if self._overview.is_cut_over:
            return "It is cut over, so that there is nothing to rehearse any more."
        todo = []
        if self._statistics is not None and self._statistics.first_day is None:
            todo.append(words.recorder(self._overview))
        fleet = Fleet.of(self._connection)
        # Without it there is nothing to rehearse, and the policy would be refused.
        moves = self._connection.policy.import_mode
        if self._connection.policy.rehearse:
            todo.append(
                "The shadow mode is on: whoever logs in now and has not moved is "
                "counted as soon as the recorder writes."
            )
        elif fleet is not None:
            todo.append(
                f"Run migratekit settings update {fleet.name} "
                f"{'' if moves else 'import_mode=true '}rehearse=true: then the logins "
                "of all workers are rehearsed."
            )
        else:
            todo.append(
                "Deploy the application with MigrationPolicy("
                f"{'' if moves else 'import_mode=True, '}rehearse=True): then its "
                "logins are rehearsed."
            )
        return "  ".join(todo)
