"""
Whether one person's calls can be put in an order in which each answer was right.

The search of Wing and Gong: whichever call had begun before any other one was over may
come first; what was tried is remembered by the calls done and the state they led to.
"""

import attrs
from storm_calls import LEGACY, Person


@attrs.frozen
class State:
    """
    Where a person is, and all that decides the answers to come.

    *place* is ``source``, ``stored``, ``preloaded`` or ``gone``.  *user_id* is None as
    long as no call has shown it.  *changes* counts, for the tokens, the changes of the
    password so far.
    """

    email: str
    place: str = "source"
    password: str = LEGACY
    user_id: str | None = None
    blocked: bool = False
    changes: int = 0
    tokens: frozenset = frozenset()

    @property
    def is_stored(self):
        return self.place in {"stored", "preloaded"}


def order_of(number, calls):
    """
    Return *calls* in an order that explains them, or None if there is none.
    """
    person = Person(number)
    calls = sorted(calls, key=lambda call: call.begin)
    everything = (1 << len(calls)) - 1
    tried = set()
    stack = [(0, State(person.email), ())]
    while stack:
        done, state, order = stack.pop()
        if done == everything:
            return [calls[index] for index in order]
        if (done, state) in tried:
            continue
        tried.add((done, state))
        waiting = [i for i in range(len(calls)) if not done >> i & 1]
        first_end = min(calls[i].end for i in waiting)
        for i in reversed(waiting):
            if calls[i].begin > first_end:
                continue
            stack += [
                (done | 1 << i, after, (*order, i))
                for after in outcomes(person, state, calls[i])
            ]
    return None


def outcomes(person, state, call):
    """
    Return the states that *call*, with its answer, may lead to from *state*.
    """
    return [*_CALLS[call.name](person, state, call, *call.args)]


def _bound(state, user_id):
    """
    Return *state* with the id that was shown, or nothing if it is another one's.
    """
    if state.user_id not in {None, user_id}:
        return []
    return [attrs.evolve(state, user_id=user_id)]


def _proof(person, state, identifier, password):
    """
    Return the error that a login must end with, or None.
    """
    if state.place == "gone" or identifier not in {person.username, state.email}:
        return "InvalidCredentialsError"
    if password != (state.password if state.place == "stored" else LEGACY):
        return "InvalidCredentialsError"
    return "AccountBlockedError" if state.blocked else None


def _login(person, state, call, identifier, password):
    error = _proof(person, state, identifier, password)
    if error != call.error:
        return []
    if error is not None:
        return [state]
    if call.answer.migrated is not (state.place != "stored"):
        return []
    # The password that the source vouched for is the stored one from now on.
    kept = state.password if state.place == "stored" else LEGACY
    after = attrs.evolve(state, place="stored", password=kept)
    return _bound(after, call.answer.user_id)


def _changed(state, password):
    return attrs.evolve(
        state, place="stored", password=password, changes=state.changes + 1
    )


def _change_password(person, state, call, identifier, old, new):
    if call.error == "StaleRecordError":
        return [state]
    error = _proof(person, state, identifier, old)
    if error != call.error:
        return []
    if error is not None:
        return [state]
    return _bound(_changed(state, new), call.answer.user_id)


def _by_id(edit):
    """
    Return the rule of a call that edits whoever has the id it is given.
    """

    def rule(person, state, call, user_id, *args):
        if call.error == "StaleRecordError":
            return [state]
        here = state.is_stored and state.user_id in {None, user_id}
        if call.error == "UserNotFoundError":
            return [] if here and state.user_id is not None else [state]
        if not here:
            return []
        if call.error is not None:
            prize = call.name == "change_email" and args[0] == person.prize
            return [state] if prize and call.error == "UserExistsError" else []
        return [edit(attrs.evolve(state, user_id=user_id), *args)]

    return rule


def _readmit(person, state, call):
    if state.is_stored:
        return [state] if call.error == "UserExistsError" else []
    if call.error is not None:
        return []
    if state.place == "source":
        return [state]
    return [State(person.email, changes=state.changes, tokens=state.tokens)]


def _import(person, state, call, with_hash):
    if call.error is not None:
        return []
    if state.place != "source":
        return [state]
    return [attrs.evolve(state, place="stored" if with_hash else "preloaded")]


def _start(person, state, call, identifier):
    if call.error is not None:
        return []
    # Whoever moves meanwhile may be told to ask again.
    if call.answer is None:
        return [state]
    if state.place == "gone":
        return []
    token = (call.answer, state.changes, state.place == "source")
    return [attrs.evolve(state, tokens=state.tokens | {token})]


def _finish(person, state, call, token, new):
    if call.error == "InvalidTokenError":
        return [state]
    if call.error is not None or state.place == "gone":
        return []
    good = any(
        token == other and changes == state.changes
        for other, changes, _ in state.tokens
    )
    # One from before they moved is good again when they were readmitted.
    again = state.place == "source" and any(
        token == other and in_source for other, _, in_source in state.tokens
    )
    if not good and not again:
        return []
    return _bound(_changed(state, new), call.answer.user_id)


def _sign_up(person, state, call):
    return [state] if call.error == "UserExistsError" else []


def _get(person, state, call, identifier):
    if call.error is not None:
        return []
    if call.answer is None:
        return [] if state.is_stored else [state]
    return _bound(state, call.answer.user_id) if state.is_stored else []


def _observe(person, state, call):
    """
    Compare with what is stored when all is over.
    """
    found = call.answer
    if found is None:
        return [] if state.is_stored else [state]
    passwords = (state.password,) if state.place == "stored" else ()
    seen = (found.email, found.blocked, found.passwords)
    if not state.is_stored or seen != (state.email, state.blocked, passwords):
        return []
    return _bound(state, found.user_id)


_CALLS = {
    "login": _login,
    "change_password": _change_password,
    "set_password": _by_id(_changed),
    "block": _by_id(lambda state: attrs.evolve(state, blocked=True)),
    "unblock": _by_id(lambda state: attrs.evolve(state, blocked=False)),
    "change_email": _by_id(lambda state, email: attrs.evolve(state, email=email)),
    "delete": _by_id(
        lambda state: attrs.evolve(state, place="gone", user_id=None, blocked=False)
    ),
    "readmit": _readmit,
    "import": _import,
    "start": _start,
    "finish": _finish,
    "sign_up": _sign_up,
    "get": _get,
    "observe": _observe,
}
