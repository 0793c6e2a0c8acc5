"""
Whether the operations of a history can be put in an order that explains them.

The search of Wing and Gong (1993): whichever operation had begun before any other one
had ended may come next.  As Lowe (2017) has it, what was tried is remembered by the
operations done and the state they led to.  What an operation of which nobody knows
whether it happened can do is done at any time after its beginning, or never.
"""

from collections import defaultdict

import attrs


@attrs.frozen
class Operation:
    """
    One call of a connection, about one account.

    Args:
        key: Tells it from all others.
        name: What was done.
        args: To whom and with what; all hashable.
        begun: When it was called, in nanoseconds of CLOCK_MONOTONIC.
        ended: When it returned; None if nobody knows whether it happened.
        result: What it gave, or the name of its error.
        account: Which account it was about; others have nothing to do with it.
    """

    key: str
    name: str
    args: tuple
    begun: int
    ended: int | None = None
    result: object = None
    account: object = None

    @property
    def is_known(self):
        return self.ended is not None

    def forgotten(self):
        """
        Return the same operation without knowledge of what came of it.
        """
        return attrs.evolve(self, ended=None, result=None)


def by_account(operations):
    """
    Return the histories of single accounts, each in the order of the beginnings.
    """
    histories = defaultdict(list)
    for operation in sorted(operations, key=lambda one: one.begun):
        histories[operation.account].append(operation)
    return dict(histories)


def linearize(operations, start, outcomes):
    """
    Return operations in an order that explains every result, or None if none does.

    In it are all that are known to have ended, and of the others those that help.

    Args:
        operations: The history.
        start: The state before it; hashable, like all states.
        outcomes:
            ``outcomes(state, operation)`` gives the pairs of a result and the state
            behind it that are right for the operation in *state*, without regard to
            the result that it has.
    """
    search = _Search(sorted(operations, key=lambda one: one.begun))
    stack = [(0, start, None)]
    while stack:
        done, state, path = stack.pop()
        if done & search.known == search.known:
            return search.order(path)
        for index in search.next(done):
            for after in _after(state, search.operations[index], outcomes):
                reached = done | 1 << index
                if search.is_new(reached, after):
                    stack.append((reached, after, (path, index)))
    return None


def _after(state, operation, outcomes):
    """
    Yield the states that *operation* may lead to, with the result that it has.
    """
    for result, after in outcomes(state, operation):
        # One of which nobody knows, and that changes nothing, may as well be left out.
        if result == operation.result if operation.is_known else after != state:
            yield after


class _Search:
    """
    What was tried; sets of operations are the bits of an int.
    """

    def __init__(self, operations):
        self.operations = operations
        self.known = sum(1 << i for i, one in enumerate(operations) if one.is_known)
        self._tried = defaultdict(list)

    def next(self, done):
        """
        Yield whichever may follow when *done* are done; the latest first.
        """
        waiting = [i for i in range(len(self.operations)) if not done >> i & 1]
        over = min(
            self.operations[i].ended for i in waiting if self.operations[i].is_known
        )
        for i in reversed(waiting):
            if self.operations[i].begun <= over:
                yield i

    def is_new(self, done, state):
        """
        Return whether nothing tried before permits all that *done* in *state* does.

        With fewer of the unknown operations done, more is open.
        """
        unknown = done & ~self.known
        tried = self._tried[done & self.known, state]
        if any(other & unknown == other for other in tried):
            return False
        tried.append(unknown)
        return True

    def order(self, path):
        found = []
        while path is not None:
            path, index = path
            found.append(self.operations[index])
        return found[::-1]


def minimal(operations, start, outcomes):
    """
    Return the least of a history without an order that has none, either.

    What is left out does not matter: whether and when it happened, or what came of it,
    no order explains the rest.
    """

    def is_broken(some):
        return linearize(some, start, outcomes) is None

    kept = _shortest(operations, is_broken)
    for one in sorted(kept, key=lambda one: one.begun):
        fewer = [each.forgotten() if each is one else each for each in kept]
        if one.is_known and is_broken(fewer):
            kept = fewer
    return [one for one in kept if one.is_known]


def _shortest(operations, is_broken):
    """
    Return the history up to the first end that nothing explains.
    """
    for moment in sorted(one.ended for one in operations if one.is_known):
        so_far = [
            one if one.is_known and one.ended <= moment else one.forgotten()
            for one in operations
            if one.begun <= moment
        ]
        if is_broken(so_far):
            return so_far
    raise ValueError("An order explains the history.")


def most_at_once(operations):
    """
    Return how many operations were under way at one moment.
    """
    moments = [(one.begun, 1) for one in operations]
    moments += [(one.ended, -1) for one in operations if one.is_known]
    most = now = 0
    for _, step in sorted(moments):
        now += step
        most = max(most, now)
    return most


def told(operations):
    """
    Return a history as text, one line for each operation, in microseconds.
    """
    operations = sorted(operations, key=lambda one: one.begun)
    zero = operations[0].begun if operations else 0

    def moment(when):
        return "?" if when is None else f"{(when - zero) / 1000:.0f}"

    return "\n".join(
        f"  {moment(one.begun):>8} – {moment(one.ended):<8} {one.key:<12} "
        f"{one.name}{one.args!r} → {one.result if one.is_known else 'unknown'}"
        for one in operations
    )
