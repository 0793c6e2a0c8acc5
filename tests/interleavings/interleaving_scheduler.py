"""
Plays several operations at once, a step at a time, in whatever order it is told.

A step that touches neither the store, nor the source, nor the door commutes with all
steps of others: it is performed as soon as it is reached.  Of two orders that differ
only in steps that commute, `schedules()` plays one (sleep sets, after Godefroid).
"""

import itertools
from contextlib import nullcontext

import attrs
from interleaving_operations import Call, ChangeSite, TakeDoor
from interleaving_stage import seen

from migratekit import Authenticated, User
from migratekit._flows.imports import Outcome
from migratekit._run import Refused, _Answer, _checked, _performed, _resume
from migratekit._steps import (
    AskLogin,
    AskUser,
    BindSource,
    CheckRetired,
    CountSource,
    CountUsers,
    CreateMany,
    CreateUser,
    DeleteUser,
    FindUser,
    GetUser,
    ListUsers,
    MakeId,
    Readmit,
    ReplaceUser,
    Step,
    TakeNews,
)
from migratekit._steps.imports import MakeIds
from migratekit.models import LegacyUser, PasswordChange


NOTHING = frozenset()


@attrs.frozen
class Access:
    """
    What a step reads and writes.
    """

    reads: frozenset = NOTHING
    writes: frozenset = NOTHING

    def commutes_with(self, other):
        return not (
            self.writes & (other.reads | other.writes) or other.writes & self.reads
        )


def _reading(thing):
    return Access(reads=frozenset([thing]))


def _writing(thing):
    return Access(writes=frozenset([thing]))


LOCAL = Access()
ACCESSES = {
    AskLogin: _reading("source"),
    AskUser: _reading("source"),
    CountSource: _reading("source"),
    ChangeSite: _writing("source"),
    TakeDoor: _writing("door"),
    # Of one connection to one source: no circuit, and the name that is bound already.
    TakeNews: LOCAL,
    BindSource: LOCAL,
    **dict.fromkeys(
        (FindUser, GetUser, CheckRetired, ListUsers, CountUsers), _reading("store")
    ),
    **dict.fromkeys(
        (CreateUser, ReplaceUser, DeleteUser, CreateMany, Readmit), _writing("store")
    ),
}


def access_of(step):
    """
    Return what *step* touches; the worst of a step that is not known here.
    """
    known = ACCESSES.get(type(step))
    if known is None:
        thing = (step.port or "").partition(".")[0]
        known = _writing(thing) if thing in {"store", "source"} else LOCAL
    return known


class Actor:
    """
    One operation under way; *step* is the one that it waits for.
    """

    def __init__(self, stage, operation, number, target):
        self.stage = stage
        self.operation = operation
        self.number = number
        self.target = target
        self.began = self.ended = None
        self.result = self.step = self.access = None
        self._open()

    def _open(self):
        # Whoever begins later goes through the door that is there then.
        self._door = self.stage.door
        self._ids = itertools.count()
        self.flow = self.operation.flow(Call(self.stage, self._door, self.target))
        self._go_on(_Answer())

    def next_access(self):
        """
        Return what the next turn touches.
        """
        if self.began is not None:
            return self.access
        if self._door is not self.stage.door:
            self.flow.close()
            self._open()
        return attrs.evolve(self.access, reads=self.access.reads | {"door"})

    def turn(self, moment):
        """
        Perform the step, and go on to the next one that touches anything.
        """
        if self.began is None:
            self.next_access()
            self.began = moment
        if self.step is not None:
            self._go_on(self._answered(self.step))
        if self.step is None:
            self.ended = moment

    def _go_on(self, answer):
        while True:
            step = _resume(self.flow, answer)
            if not isinstance(step, Step):
                self.result, self.step, self.access = step, None, LOCAL
                return
            self.access = access_of(step)
            if self.access is not LOCAL:
                self.step = step
                return
            answer = self._answered(step)

    def _answered(self, step):
        if type(step) is MakeId:
            return _Answer(self._fresh_id())
        if type(step) is MakeIds:
            return _Answer(tuple(self._fresh_id() for _ in range(step.number)))
        return _checked(step, _performed(step, self._door._ports))

    def _fresh_id(self):
        # So that who made whom can be told in every order.
        number = next(self._ids)
        return f"new-{self.number}" + (f".{number}" if number else "")


def cast(stage, operations):
    """
    Return the actors of *operations* in a stage that is put back.

    Where nobody is stored whom an operation could be about, it is about whom the next
    one stores.
    """
    stage.reset()
    number = len(operations)
    return [
        Actor(stage, operation, i, stage.target or f"new-{(i + 1) % number}")
        for i, operation in enumerate(operations)
    ]


def play(stage, operations, choose):
    """
    Play *operations* to their end; *choose* returns whose turn it is of those who are
    not done.
    """
    actors = cast(stage, operations)
    order = []
    while live := [actor.number for actor in actors if actor.ended is None]:
        number = choose(live)
        actors[number].turn(len(order))
        order.append(number)
    return Played(actors, tuple(order), outcome_of(stage, actors))


@attrs.frozen
class Played:
    """
    What came of a schedule.
    """

    actors: list
    order: tuple
    outcome: object


# Also what stands for whoever is left out.
UNAVAILABLE = ("LegacyUnavailableError", (), None)


def outcome_of(stage, actors):
    """
    Return the results and the state, as far as they can be compared.
    """
    results = tuple(
        UNAVAILABLE if actor.ended is None else result_of(actor.result, stage.connected)
        for actor in actors
    )
    return results, stage.state()


def result_of(result, door):
    """
    Return what can be compared of what an operation gave.
    """
    if isinstance(result, Refused):
        error = result.error
        violations = getattr(error, "violations", ())
        codes = tuple((violation.field, violation.code) for violation in violations)
        token = getattr(error, "token", None)
        # Not the field of a UserExistsError: of two that are taken, it names one.
        return type(error).__name__, codes, _claims_of(token, door)
    if isinstance(result, Authenticated):
        return "in", result.migrated, result_of(result.user, door)
    if isinstance(result, User):
        return seen(result)
    if isinstance(result, LegacyUser):
        return "legacy", result.user_id, result.email, result.blocked
    if isinstance(result, PasswordChange):
        return result.email, _claims_of(result.token, door)
    if isinstance(result, Outcome):
        report = result.report
        return (
            (report.inserted, report.already_migrated),
            (report.conflicts, report.invalid),
            tuple(sorted(report.codes.items())),
        )
    assert result is None
    return None


def _claims_of(token, door):
    if token is None:
        return None
    claims = door._context.tokens().read(token)
    return claims.purpose, claims.user_id, claims.legacy_id, claims.identifier


class SerialOrders:
    """
    What *operations* give and leave, one after the other, in every order.
    """

    def __init__(self, stage, operations):
        self._stage = stage
        self._operations = operations
        self._outcomes = {}
        for order in itertools.permutations(range(len(operations))):
            self._outcome(order, frozenset())

    @property
    def outcomes(self):
        """
        Return those of all orders that were needed so far.
        """
        return dict(self._outcomes)

    def explain(self, played, *, lenient=False):
        """
        Return whether a serial order gives the same, in which whoever had ended before
        another began also comes first.

        No transaction spans two databases.  So, if *lenient*, for whoever was under way
        when the source changed or the application cut over that may have been before or
        after; whoever was under way when an operator changed the ledger may not have
        seen it; and whoever could not ask the source has done nothing, and may be left
        out.
        """
        orders = itertools.permutations(range(len(self._operations)))
        if self._is_among(played, orders, _strictly):
            return True
        return lenient and self._is_among(played, _orders(played), self._confusions)

    def _is_among(self, played, orders, confusions):
        actors = played.actors
        return any(
            self._outcome(order, confused) == played.outcome
            for order in orders
            if _respects_time(order, actors)
            for confused in confusions(order, actors)
        )

    def _confusions(self, order, actors):
        """
        Yield who may have seen, of the changes outside or in the ledger that happened
        meanwhile, another state than that of their place in the order.
        """
        pairs = [
            (number, other)
            for number, other in itertools.permutations(order, 2)
            if self._may_be_missed(number, other, order)
            and not isinstance(actors[other].result, Refused)
            and actors[number].began <= actors[other].ended
            and actors[other].began <= actors[number].ended
        ]
        for size in range(len(pairs) + 1):
            yield from map(frozenset, itertools.combinations(pairs, size))

    def _may_be_missed(self, number, other, order):
        operation = self._operations[other]
        if operation.of_ledger:
            return order.index(other) < order.index(number)
        return operation.outside is not None

    def _outcome(self, order, confused):
        key = (order, confused)
        if key not in self._outcomes:
            self._outcomes[key] = self._play(order, confused)
        return self._outcomes[key]

    def _play(self, order, confused):
        actors = cast(self._stage, self._operations)
        changed, ledgers = [], {}
        for number in order:
            others = {other for one, other in confused if one == number}
            self._change(
                other
                for other in order
                if (other in changed) != (other in others - ledgers.keys())
            )
            unseen = [ledgers[other] for other in others & ledgers.keys()]
            before = self._stage.home.save() if confused else None
            with self._stage.home.without(unseen) if unseen else nullcontext():
                while actors[number].ended is None:
                    actors[number].turn(0)
            if confused and self._operations[number].of_ledger:
                ledgers[number] = (before, self._stage.home.save())
            is_outside = self._operations[number].outside is not None
            if is_outside and not isinstance(actors[number].result, Refused):
                changed.append(number)
        self._change(changed)
        return outcome_of(self._stage, actors)

    def _change(self, numbers):
        self._stage.reset_outside()
        for number in numbers:
            self._operations[number].outside(self._stage)


def _strictly(order, actors):
    return (frozenset(),)


def _orders(played):
    """
    Yield the orders of all, and then of those who could ask the source.
    """
    results, _ = played.outcome
    numbers = range(len(results))
    silent = [number for number in numbers if results[number] == UNAVAILABLE]
    for size in range(len(silent) + 1):
        for left_out in itertools.combinations(silent, size):
            rest = (number for number in numbers if number not in left_out)
            yield from itertools.permutations(rest)


def _respects_time(order, actors):
    return all(
        actors[first].began <= actors[later].ended
        for first, later in itertools.combinations(order, 2)
    )


def schedules(stage, operations, *, prune=True):
    """
    Play every schedule, and yield what came of each.

    With *prune*, of the orders that differ in steps that commute only one.
    """
    waiting = [((), frozenset())]
    while waiting:
        prefix, asleep = waiting.pop()
        actors = cast(stage, operations)
        for moment, number in enumerate(prefix):
            actors[number].turn(moment)
        order = list(prefix)
        while True:
            live = [actor.number for actor in actors if actor.ended is None]
            if not live:
                yield Played(actors, tuple(order), outcome_of(stage, actors))
                break
            accesses = {number: actors[number].next_access() for number in live}
            ready = [number for number in live if number not in asleep]
            if not ready:
                # What follows was played in another order.
                break
            tried = set(asleep) if prune else set()
            branches = []
            for number in ready:
                still = frozenset(
                    other
                    for other in tried
                    if accesses[other].commutes_with(accesses[number])
                )
                branches.append((number, still))
                if prune:
                    tried.add(number)
            (first, asleep), *others = branches
            waiting += [((*order, number), still) for number, still in others]
            actors[first].turn(len(order))
            order.append(first)
        for actor in actors:
            actor.flow.close()
