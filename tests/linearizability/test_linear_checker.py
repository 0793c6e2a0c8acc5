"""
The checker against one that tries everything, on histories out of the model.
"""

import itertools

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_account import PASSWORDS, START, WRONG, Shown, outcomes
from linear_checker import (
    Operation,
    by_account,
    linearize,
    minimal,
    most_at_once,
    told,
)


MOST = 5  # operations; ten times as many orders for one more
LONGEST = 20  # that one takes to begin or to end; the next follows after ten

_keys = st.sampled_from([f"{number}" for number in range(MOST)])
_names = st.sampled_from(("email", "username", "second"))
_emails = st.sampled_from(("email", "second"))
_passwords = st.sampled_from(PASSWORDS[:2])
_stretches = st.integers(0, LONGEST)
calls = st.one_of(
    st.tuples(st.just("login"), _names, _passwords),
    st.tuples(st.just("change_password"), _names, _passwords, _passwords),
    st.tuples(st.just("set_password"), _keys, _passwords),
    st.tuples(st.just("start"), _names),
    st.tuples(st.just("finish"), _keys, _passwords),
    st.tuples(st.just("get"), _names),
    st.tuples(st.sampled_from(("block", "unblock", "delete")), _keys),
    st.tuples(st.just("change_email"), _keys, _emails),
    st.tuples(st.just("sign_up"), _emails, _passwords),
    st.tuples(st.just("import"), st.booleans()),
    st.tuples(st.sampled_from(("readmit", "observe"))),
)


@st.composite
def histories(draw, most):
    """
    Play some calls one after another, and stretch the time that each takes.
    """
    state, history = START, []
    for number, (name, *args) in enumerate(draw(st.lists(calls, max_size=most))):
        begun, ended = (10 * number + sign * draw(_stretches) for sign in (-1, 1))
        one = Operation(f"{number}", name, tuple(args), begun)
        if not draw(st.integers(0, 4)):
            history.append(one)
            if draw(st.booleans()):
                continue
        result, state = draw(st.sampled_from(outcomes(state, one)))
        if one not in history:
            history.append(attrs.evolve(one, ended=ended, result=result))
    return history


# What a call might give, right or wrong.
results = st.one_of(
    st.sampled_from((None, WRONG, "AccountBlockedError", "UserNotFoundError")),
    st.sampled_from(("UserExistsError", "InvalidTokenError", "inserted", "email")),
    st.builds(
        Shown, _keys, _emails, st.booleans(), st.sampled_from((None, True, False))
    ),
)


@st.composite
def corrupted(draw):
    """
    Give one operation of a history another result.
    """
    history = draw(histories(MOST).filter(lambda some: any(o.is_known for o in some)))
    one = draw(st.sampled_from([one for one in history if one.is_known]))
    wrong = attrs.evolve(one, result=draw(results))
    return [wrong if each is one else each for each in history]


def is_in_time(order):
    """
    Return whether nothing comes behind what began after it had ended.
    """
    return not any(
        later.is_known and later.ended < earlier.begun
        for earlier, later in itertools.combinations(order, 2)
    )


def leads_somewhere(order):
    """
    Return whether each result in *order* is right behind those before it.
    """
    states = {START}
    for one in order:
        states = {
            after
            for state in states
            for result, after in outcomes(state, one)
            if not one.is_known or result == one.result
        }
    return bool(states)


def is_explained(history):
    """
    Return whether any order of all that is known, and some of the rest, is right.
    """
    known = [one for one in history if one.is_known]
    unknown = [one for one in history if not one.is_known]
    return any(
        is_in_time(order) and leads_somewhere(order)
        for count in range(len(unknown) + 1)
        for some in itertools.combinations(unknown, count)
        for order in itertools.permutations([*known, *some])
    )


@given(histories(8))
def test_stretched(history):
    """
    What has happened one after another has an order, however long it took.
    """
    order = linearize(history, START, outcomes)

    assert is_in_time(order)
    assert leads_somewhere(order)
    assert {one for one in history if one.is_known} <= {*order} <= {*history}


@settings(max_examples=50)
@given(corrupted())
def test_corrupted(history):
    """
    Whoever tries everything comes to the same.
    """
    expected = is_explained(history)

    assert expected == (linearize(history, START, outcomes) is not None)


@settings(max_examples=50)
@given(corrupted())
def test_minimal(history):
    """
    What is shown of a violation is one, and would be none without any of it.
    """
    if linearize(history, START, outcomes) is not None:
        with pytest.raises(ValueError, match="explains"):
            minimal(history, START, outcomes)
        return

    least = minimal(history, START, outcomes)

    assert least
    assert {*least} <= {*history}
    assert not is_explained(least)
    for one in least:
        others = [each for each in history if each.key != one.key]
        # Of those that began later, nobody has to know.
        before = [each.forgotten() for each in others if each not in least]
        rest = [each for each in least if each is not one]
        assert is_explained([*rest, *before, one.forgotten()])


def chain(key, begun, ended=None, **more):
    return Operation(key, "get", ("email",), begun, ended, "in the source", **more)


def test_by_account():
    """
    Accounts have nothing to do with each other.
    """
    a, b, c = (chain(key, 9 - n, account=key > "b") for n, key in enumerate("abc"))

    assert {False: [b, a], True: [c]} == by_account([a, b, c])


@pytest.mark.parametrize(
    ("spans", "most"),
    [
        ([], 0),
        ([(0, 1), (2, 3)], 1),
        ([(0, 1), (1, 2)], 1),
        ([(0, 9), (1, 2), (3, 4)], 2),
        ([(0, None), (5, 6), (5, 7)], 3),
    ],
)
def test_most_at_once(spans, most):
    """
    Of those that are under way at once the most are told; who is killed is for ever.
    """
    assert most == most_at_once([chain(f"{span}", *span) for span in spans])


def test_told():
    """
    A history is printed in the order of its beginnings, in microseconds from the first.
    """
    one, other = chain("late", 5_000, 7_500), attrs.evolve(chain("dead", 2_000))

    lines = told([one, other]).splitlines()

    assert ["0", "–", "?", "dead", "get('email',)", "→", "unknown"] == lines[0].split()
    assert ["3", "–", "6", "late", "get('email',)", "→"] == lines[1].split()[:6]
    assert "" == told([])


def test_many_unknown():
    """
    Many that may have happened, or not, are no reason to try all their subsets.
    """
    first = Operation(
        "f", "login", ("email", "p0"), 0, 1, Shown("f", "email", False, True)
    )
    dead = [
        Operation(f"d{n}", "set_password", ("f", PASSWORDS[n % 2]), 2)
        for n in range(24)
    ]
    last = Operation(
        "l", "login", ("email", "p3"), 3, 4, Shown("f", "email", False, False)
    )

    assert linearize([first, *dead, last], START, outcomes) is None
