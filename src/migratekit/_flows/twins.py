"""
Users of the source who want the same: compared by what they want, not by fingerprints.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import attrs

from migratekit._findings import OF_SHARED, REPEATED_ID, Finding
from migratekit._flows.cases import Case, about
from migratekit.imports import codes
from migratekit.models import KeyKind, LedgerKey


@attrs.define(eq=False)
class _Holder:
    """
    A user who wants a key, without what takes memory.
    """

    line: int
    user_id: str
    may_log_in: bool
    # What they need not be told any more.
    told: set[KeyKind]


@attrs.define(eq=False)
class Twins:
    """
    The keys that are wanted more than once, and by whom.

    Args:
        figures: What that changes in the figures of each user alone.
    """

    figures: Counter[str] = attrs.field(factory=Counter)
    # On which line the user is listed whom an import would give the key to.
    _claims: dict[LedgerKey, int] = attrs.field(factory=dict)
    # The first who wants it at all.
    _holders: dict[LedgerKey, _Holder] = attrs.field(factory=dict)

    def add(
        self, case: Case, keys: Sequence[LedgerKey], *, may_log_in: bool
    ) -> Iterator[Finding]:
        """
        Take note that *case* wants *keys*, and yield what is wrong with that.

        They come in the order in which an import would store them.
        """
        # Whoever has moved is looked for in the store, and gets in nobody's way there.
        told = (
            {*KeyKind}
            if case.moved
            else {KeyKind(str(finding.field)) for finding in case.conflicts}
        )
        me = _Holder(case.line, case.record.user_id, may_log_in, told)
        own_id = LedgerKey(KeyKind.LEGACY_ID, str(case.user.legacy_id))
        if case.is_valid and own_id in self._claims:
            self.figures.update({case.outcome: -1, "repeated": 1})
            self._shut_out(me)
            text = f"Row {self._claims[own_id]} has it, too."
            yield case.finding(REPEATED_ID, "user_id", text)
            return
        if case.outcome == "movable_by_import":
            taken = [key for key in keys if key in self._claims]
            if taken:
                self.figures.update({case.outcome: -1, "conflicts": 1})
            else:
                self._claims.update(dict.fromkeys(keys, case.line))
            for key in taken:
                code = codes.OF_FIELD[key.kind.value]
                text = about(code, f"row {self._claims[key]}")
                me.told.add(key.kind)
                yield case.finding(code, key.kind.value, text)
        yield from self._shared(me, keys)

    def _shared(self, me: _Holder, keys: Sequence[LedgerKey]) -> Iterator[Finding]:
        """
        Yield who wants the same: the source cannot tell them apart at a login.
        """
        for key in keys:
            first = self._holders.setdefault(key, me)
            if key.kind is KeyKind.LEGACY_ID or first.user_id == me.user_id:
                continue
            for holder, other in ((first, me), (me, first)):
                self._shut_out(holder)
                if key.kind not in holder.told:
                    holder.told.add(key.kind)
                    yield Finding(
                        line=holder.line,
                        user_id=holder.user_id,
                        code=OF_SHARED[key.kind.value],
                        field=key.kind.value,
                        message=f"Row {other.line} has it, too.",
                    )

    def _shut_out(self, holder: _Holder) -> None:
        if holder.may_log_in:
            holder.may_log_in = False
            self.figures["movable_by_login"] -= 1
